//! The one integration test binary.

mod support;

mod architecture;
mod binary;
mod plugin_life;
mod registerers;
mod loads;
mod oracle;
mod readme;
mod commands;
mod gateways;
mod bad_input;
mod fetching;
mod interrupts;
mod store;
