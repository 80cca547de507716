//! Toolchains: fetched, kept, shared and pinned.

mod fetch;
mod pins;
mod shared_store;
mod store;
