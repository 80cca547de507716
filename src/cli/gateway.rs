//! `plugbuild gateway`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{GatewayArgs, parse};
use crate::config;
use crate::gateway::GatewaySpec;

#[derive(Debug, Clone, Args)]
pub struct GatewayCommandArgs {
    #[command(subcommand)]
    pub command: GatewayCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum GatewayCommand {
    /// Show what plugins for a gateway must be compiled like
    Show {
        #[command(flatten)]
        gateway: GatewayArgs,
        /// The modules that it links, too
        #[arg(long)]
        modules: bool,
    },
    /// Keep the facts of a gateway of your own in plugbuild.toml, so that builds and checks need its file no more
    Import {
        /// Its file: an Enterprise edition, a fork, a build of your own
        #[arg(value_name = "KRAKEND", value_parser = parse::<GatewaySpec>)]
        gateway: GatewaySpec,
        /// What to call it: `--gateway acme-3.0` then means it
        #[arg(long)]
        name: Option<String>,
        /// Keep it in your own settings, not in the project's
        #[arg(long)]
        user: bool,
    },
}

/// The folder that import writes to where there is no settings file yet.
pub(crate) fn fallback(cwd: &std::path::Path) -> PathBuf {
    cwd.join(config::FILE)
}
