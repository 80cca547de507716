//! What goes wrong from outside: kills, Ctrl-C, hostile files, downloads and settings.

mod hostile_downloads;
mod hostile_files;
mod hostile_settings;
mod interrupt;
pub(crate) mod kill;
mod stale_results;
