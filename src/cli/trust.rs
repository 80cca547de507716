//! The arguments of `plugbuild trust`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    /// The settings file, or a folder that it is for
    #[arg(default_value = ".", value_name = "FILE")]
    pub file: PathBuf,
    /// Do not trust it any longer
    #[arg(long)]
    pub revoke: bool,
    /// List the files that are trusted
    #[arg(long, conflicts_with_all = ["revoke", "file"])]
    pub list: bool,
}
