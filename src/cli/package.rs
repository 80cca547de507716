//! `plugbuild package`: a release folder.

use std::path::PathBuf;

use clap::Args;

use super::BuildArgs;

#[derive(Debug, Clone, Args)]
pub struct PackageArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// The folder to make; dist beside plugbuild.toml if not said
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "out_dir"])]
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
