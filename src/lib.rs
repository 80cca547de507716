//! plugbuild builds Go plugins that a KrakenD gateway really loads.
//!
//! ```text
//! gateway ─► plan ─► toolchain ─► build ─► verify ─► report
//! (which)   (pure)   (fetch)      (go)    (read ELF) (print)
//! ```
//! The rooms are listed from the front to the ground: none imports one that is listed above it (tests/repo/rooms.rs).

pub mod commands;
pub(crate) mod package;
pub(crate) mod build;
pub(crate) mod modules;
pub mod verify;
pub mod toolchain;
pub(crate) mod plan;
pub mod project;
pub mod gateway;
pub mod matrix;
pub mod binary;
pub mod util;
