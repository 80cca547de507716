//! plugbuild builds Go plugins that a KrakenD gateway really loads.
//!
//! ```text
//! gateway ─► plan ─► tools ─► build ─► verify ─► report
//! (which)   (pure)  (fetch)  (go)    (read ELF) (print)
//! ```
//! The modules below are listed in that order: the list is the tour.

pub mod version;
pub mod target;
pub mod matrix;
pub mod host;
pub mod invocation;
pub mod plugin;

pub mod error;
