//! `plugbuild build`: gateway → plan → tools → build → verify → report.

use crate::build::artifact;
use crate::build::unit::Unit;
use crate::commands::args::BuildArgs;
use crate::commands::build::jobs::BuildOptions;
use crate::commands::build::plan::BuildPlan;
use crate::commands::build::plan::plan_build;
use crate::commands::build::prepare::Reuse;
use crate::commands::build::prepare::prepare;
use crate::util::context::Context;
use crate::util::error::{Error, Result};

pub mod plan;
pub mod request;
pub mod jobs;
pub mod reproduce;
pub mod dry_run;
pub mod prepare;
pub mod events;
pub mod progress;
pub mod summary;
pub mod locked;

pub(crate) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    execute(plan_build(args, cx)?, args)
}

/// From a plan to its files.
pub(crate) fn execute(plan: BuildPlan, args: &BuildArgs) -> Result<()> {
    if args.dry_run {
        return dry_run::run(plan);
    }
    for unit in &plan.units {
        check_output(unit, args, &plan)?;
    }
    let options = BuildOptions::new(args, &plan);
    let ready = prepare(plan, args, Reuse::Saved)?;
    jobs::run(&ready, &options)?;
    if args.reproduce {
        reproduce::run(args, &ready)?;
    }
    Ok(())
}

/// Refuses an output that cannot be written, or that another plugin's build has made.
fn check_output(unit: &Unit, args: &BuildArgs, plan: &BuildPlan) -> Result<()> {
    let job = &unit.job;
    artifact::check_output(&job.output)?;
    let Some(other) = artifact::foreign_plugin(unit) else {
        return Ok(());
    };
    let output = job.output.display();
    if args.to.output.is_none() {
        let path = job.plugin.import_path();
        let what = format!("{output} is the plugin {other}, and {path} would be written over it");
        return Err(Error::usage(what)
            .help("give this one a name of its own: `--output FILE`, or `name` in plugbuild.toml")
            .help("if the other is not needed, remove its file"));
    }
    plan.session
        .ui
        .warn(format!("{output} was the plugin {other}: it is replaced"));
    Ok(())
}
