//! plugbuild builds Go plugins that a KrakenD gateway really loads.
//!
//! ```text
//! gateway ─► plan ─► tools ─► build ─► verify ─► report
//! (which)   (pure)  (fetch)  (go)    (read ELF) (print)
//! ```
//! The modules below are listed in that order: the list is the tour.

pub mod version;
pub mod target;
pub mod cache_path;
pub mod place;
pub mod component;
pub mod regular;
pub mod near;
pub mod annotation;
pub mod flag_list;
pub mod cli;
pub mod host;
pub mod config;
pub mod matrix;
pub mod gateway;
pub mod plugin;
pub mod workspace;
pub mod check;
pub mod align;
pub mod plan;
pub mod invocation;
pub mod toolchain;
pub mod registerer;
pub mod modfile;
pub mod selection;
pub mod fix;
pub mod seen;
pub mod seal;
pub mod gobuild;
pub mod schedule;
pub mod binary;
pub mod artefact;
pub mod krakend;
pub mod scaffold;
pub mod trial;
pub mod trust;
pub mod verify;
pub mod inspect;
pub mod explain;
pub mod package;
pub mod lock;
pub mod bundle;
pub mod commands;
pub mod signals;

pub mod difference;
pub mod printable;
pub mod owner;
pub mod overwrite;
pub mod ui;
pub mod error;
