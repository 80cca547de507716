//! The arguments of `plugbuild bundle`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::build::{BuildArgs, LockArgs, PlanArgs, WorkArgs};
use super::parse;
use crate::config::Count;

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
    pub plan: PlanArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// How many builds of the rehearsal run at once; as many as there are cores if not said
    #[arg(short, long, value_name = "N", value_parser = parse::<Count>)]
    pub jobs: Option<Count>,
    /// Print what would be fetched and run, and do neither
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct InstallArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

impl From<&CreateArgs> for BuildArgs {
    fn from(args: &CreateArgs) -> Self {
        BuildArgs {
            lock: args.lock.clone(),
            // A bundle has all that was asked for, or is none.
            work: WorkArgs {
                jobs: args.jobs,
                keep_going: false,
            },
            dry_run: args.dry_run,
            ..BuildArgs::from(&args.plan)
        }
    }
}
