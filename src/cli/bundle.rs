//! The arguments of `plugbuild bundle`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::BuildArgs;

#[derive(Debug, Clone, Args)]
pub struct BundleArgs {
    #[command(subcommand)]
    pub command: BundleCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum BundleCommand {
    /// Fetch all that builds need, build from nothing else, and write it to one file
    Create(Box<CreateArgs>),
    /// Put a bundle's toolchains, zig and modules into the store, for builds without a network
    Install(InstallArgs),
    /// List the modules that bundles brought; their tools are in `toolchain list`
    List,
    /// Remove modules that bundles brought
    Remove {
        /// As `list` names them
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub build: BuildArgs,
}

#[derive(Debug, Clone, Args)]
pub struct InstallArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
