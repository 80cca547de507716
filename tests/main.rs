//! The one integration test binary.

mod support;

mod architecture;
mod binary;
mod loads;
mod oracle;
mod readme;
mod commands;
mod gateways;
mod bad_input;
mod go_flags;
mod go_words;
mod fetching;
mod interrupts;
mod store;
mod wrappers;
mod properties;
