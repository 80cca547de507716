//! The base that every room builds on; it knows nothing about gateways or plugins.

pub mod schema;
pub mod version;
pub mod edition;
pub mod target;
pub mod module_path;
pub mod position;
pub mod component;
pub mod regular_file;
pub mod suggest;
pub mod annotation;
pub mod go_flags;
pub mod host;
pub mod process;
pub mod file_stamp;
pub mod diff;
pub mod printable;
pub mod owner;
pub mod fs;
pub mod ui;
pub mod error;
pub mod context;
pub mod hash;
pub(crate) mod packed;
pub(crate) mod sort;
