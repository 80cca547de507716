//! The user's project: settings, workspace, lockfile, the plugin's go.mod, go env and Go source.

pub mod config;
pub mod plugin;
pub mod workspace;
pub mod scaffold;
pub mod trust;
pub mod lockfile;
pub mod build_constraint;
pub mod go_mod;
pub mod go_env;
pub mod import_path;
pub mod source;
