//! `plugbuild config`: the settings in force.

use clap::{Args, Subcommand};

use super::build::{BuildArgs, OutputArgs, PlanArgs, WorkArgs};
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
    pub plan: PlanArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    #[command(flatten)]
    pub to: OutputArgs,
}

impl From<&ShowArgs> for BuildArgs {
    fn from(args: &ShowArgs) -> Self {
        BuildArgs {
            work: args.work.clone(),
            to: args.to.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}
