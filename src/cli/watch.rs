//! `plugbuild watch`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::BuildArgs;

/// What is built again and again, and the gateway that runs it.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// The configuration the gateway runs with; else the plugin's krakend.json
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
