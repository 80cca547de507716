//! A gateway's configuration (krakend.json): read with positions, checked for plugins, and given new ones.
//!
//! All pure: the text and what there is on disk come in as values, findings or a new text go out.

pub mod check;
pub mod decode;
pub mod document;
pub mod folder;
pub mod inject;
pub mod wanted;

mod json;
mod toml;
mod walk;
mod yaml;

pub use check::{Finding, Plugin, Registered, Severity, check};
pub use document::{Document, Place, Read};
pub use folder::Folder;

#[cfg(test)]
mod tests;
