//! The arguments of `plugbuild cache`.

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum CacheCommand {
    /// Say how much of what is in the store
    Size,
    /// Remove what no build has used for 30 days; builds do so themselves, once a day
    Prune {
        /// Also what was used lately: all that builds can make again. Toolchains and bundles stay
        #[arg(long)]
        all: bool,
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}
