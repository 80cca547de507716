//! `plugbuild config`: the settings in force.

use clap::{Args, Subcommand};

use super::BuildArgs;

#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print each setting of a build and where it comes from: flag, environment, plugbuild.toml, your own file, default
    Show(Box<ShowArgs>),
    /// Print the JSON schema of plugbuild.toml, for editors
    Schema,
}

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub build: BuildArgs,
}
