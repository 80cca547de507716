//! Any bytes as a plugin and as its gateway: a verdict or an error.
//!
//! The input is cut in two at the second ELF magic; a corpus of real pairs is made by fuzz/corpus.sh.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::verdict(bytes));
