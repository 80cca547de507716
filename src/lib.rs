//! plugbuild builds Go plugins that a KrakenD gateway really loads.
//!
//! ```text
//! gateway ─► plan ─► toolchain ─► build ─► verify ─► report
//! (which)   (pure)   (fetch)      (go)    (read ELF) (print)
//! ```
//! The rooms are listed from the front to the ground: none imports one that is listed above it (tests/repo/rooms.rs).

pub mod commands;
pub mod package;
pub mod build;
pub mod modules;
pub mod verify;
pub mod toolchain;
pub mod plan;
pub mod project;
pub mod gateway;
pub mod matrix;
pub mod binary;
pub mod util;
