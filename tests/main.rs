//! The one integration test binary.

mod support;

mod binary;
mod commands;
mod gateways;
mod bad_input;
mod fetching;
mod interrupts;
mod store;
mod wrappers;
mod properties;
