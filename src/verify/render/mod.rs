//! Verdicts as text for people, as JSON, and as annotations beside a change on GitHub.

mod github;
mod human;
mod json;

pub use github::github;
pub use human::human;
pub use json::{SCHEMA_VERSION, json};
