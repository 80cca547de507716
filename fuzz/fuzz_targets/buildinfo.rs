//! Any bytes as a Go binary's build information.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::buildinfo(bytes));
