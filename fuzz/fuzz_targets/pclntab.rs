//! Any bytes as a Go line table, in a file and by themselves.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::pclntab(bytes));
