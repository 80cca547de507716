//! `plugbuild config`: the settings in force.

use clap::{Args, Subcommand};

use super::BuildArgs;
use super::krakend::{CheckArgs, InjectArgs};

#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print each setting of a build and where it comes from: flag, environment, plugbuild.toml, your own file, default
    Show(Box<ShowArgs>),
    /// Say what is wrong with the plugins of a gateway's configuration, with line and column
    Check(CheckArgs),
    /// Write a plugin into a gateway's configuration (JSON), keeping order and formatting
    Inject(InjectArgs),
    /// Print the JSON schema of plugbuild.toml, for editors
    Schema,
}

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub build: BuildArgs,
}
