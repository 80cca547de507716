//! The repository's own rules: rooms, documents, dependencies and CI files.

pub(crate) mod architecture;
mod book;
mod ci;
mod dependencies;
mod docs;
mod functions;
mod readme;
pub(crate) mod rooms;
