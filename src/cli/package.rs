//! `plugbuild package`: a release folder.

use std::path::PathBuf;

use clap::Args;

use super::build::{BuildArgs, LockArgs, PlanArgs, WorkArgs};

#[derive(Debug, Clone, Args)]
pub struct PackageArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// Foretell at the end whether this krakend binary loads the artefacts, and fail if not
    #[arg(long, value_name = "KRAKEND")]
    pub verify_with: Option<PathBuf>,
    /// Build again all that goes into the plugins, also what has not changed
    #[arg(long)]
    pub force: bool,
    /// Print what would be fetched and run, and do neither
    #[arg(long)]
    pub dry_run: bool,
    /// The folder to make; dist beside plugbuild.toml if not said
    #[arg(long, value_name = "DIR", visible_alias = "out-dir")]
    pub dist: Option<PathBuf>,
    /// The plugins' version in names and documents; git's description of the source if not said
    #[arg(long, value_name = "VERSION")]
    pub plugin_version: Option<String>,
    /// Each plugin in an archive of its own
    #[arg(long)]
    pub archive: bool,
    /// Build nothing: check that a folder is whole and says what its files are; PATH may be that folder
    #[arg(long)]
    pub check: bool,
}

impl From<&PackageArgs> for BuildArgs {
    fn from(args: &PackageArgs) -> Self {
        BuildArgs {
            plan: PlanArgs {
                release: true,
                ..args.plan.clone()
            },
            work: args.work.clone(),
            lock: args.lock.clone(),
            verify_with: args.verify_with.clone(),
            force: args.force,
            dry_run: args.dry_run,
            ..BuildArgs::default()
        }
    }
}
