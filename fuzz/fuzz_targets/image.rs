//! Any bytes as an ELF file: everything that can be asked of it ends, and without a panic.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::image(bytes));
