//! Toolchains: fetched, kept, shared and pinned.

mod fetch;
mod gateway_module;
mod pins;
mod shared_store;
mod store;
