//! What is built, and that a gateway loads it.

mod early_checks;
mod fingerprint;
mod go_errors;
pub(crate) mod lifecycle;
pub(crate) mod load;
mod monorepo;
mod registerers;
mod shapes;
mod wrappers;
