//! plugbuild builds Go plugins that a KrakenD gateway really loads.
//!
//! ```text
//! gateway ─► plan ─► tools ─► build ─► verify ─► report
//! (which)   (pure)  (fetch)  (go)    (read ELF) (print)
//! ```
//! The modules below are listed in that order: the list is the tour.

pub mod matrix;
pub mod gateway;
pub mod modules;
pub mod plan;
pub mod toolchain;
pub mod build;
pub mod binary;
pub mod verify;
pub mod package;
pub mod commands;
pub mod util;
pub mod project;
