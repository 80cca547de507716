//! What is given to others: release folders and bundles.

pub(crate) mod bundle;
pub(crate) mod release_dir;
