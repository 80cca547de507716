//! `plugbuild watch`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::build::{BuildArgs, LockArgs, OutputArgs, PlanArgs};

/// What is built again and again, and the gateway that runs it.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub to: OutputArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// The configuration the gateway runs with; else the plugin's krakend.json
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl From<&WatchArgs> for BuildArgs {
    fn from(args: &WatchArgs) -> Self {
        BuildArgs {
            to: args.to.clone(),
            lock: args.lock.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}
