//! The modules of a plugin brought to the gateway's versions.

pub(crate) mod align;
mod go_mod_copy;
mod go_std;
mod older_go;
mod properties;
mod sources;
mod trimpath;
mod unfetched;
