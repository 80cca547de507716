//! The one integration test binary: a directory for each subject, and what they share in `support`.

mod support;

mod build;
mod cli;
mod faults;
mod modules;
mod package;
mod repo;
mod toolchain;
mod verify;
