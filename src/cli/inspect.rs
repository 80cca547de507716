//! `plugbuild inspect`, as typed.

use std::path::PathBuf;

use clap::Args;

/// Which files.
#[derive(Debug, Clone, Args)]
pub struct InspectArgs {
    /// Plugins or gateways
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// List every module too
    #[arg(long)]
    pub modules: bool,
}
