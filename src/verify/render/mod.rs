//! Verdicts as text for people, as JSON, and as annotations on GitHub.

pub mod github;
pub mod human;
pub mod json;

pub use crate::verify::render::github::github;
pub use crate::verify::render::human::human;
pub use crate::verify::render::json::{SCHEMA_VERSION, json};
