//! `plugbuild metadata`, `plugbuild matrix`: the plan as data.

use clap::{Args, ValueEnum};

use super::build::{BuildArgs, OutputArgs, PlanArgs};

#[derive(Debug, Clone, Args)]
pub struct MetadataArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub to: OutputArgs,
    /// The format of the document: 1 is the only one there is
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1), required = true)]
    pub format_version: u32,
}

#[derive(Debug, Clone, Args)]
pub struct MatrixArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// In the shape a CI reads: github (`fromJSON`), gitlab (`parallel: matrix:`, to be included); a plain JSON array
    /// if not said
    #[arg(long, value_name = "CI", hide_possible_values = true)]
    pub ci: Option<Ci>,
}

impl From<&MetadataArgs> for BuildArgs {
    fn from(args: &MetadataArgs) -> Self {
        BuildArgs {
            to: args.to.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ci {
    /// `strategy: { matrix: ${{ fromJSON(…) }} }`
    Github,
    /// `parallel: matrix:`, to be included
    Gitlab,
}
