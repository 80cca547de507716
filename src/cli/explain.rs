//! `plugbuild explain`, as typed.

use std::path::PathBuf;

use clap::Args;

/// Which log.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A gateway's log, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub log: PathBuf,
}
