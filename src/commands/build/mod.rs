//! `plugbuild build`: gateway → plan → tools → build → verify → report.

use crate::build::artifact::Artefact;
use crate::build::unit::Fingerprint;
use crate::build::{artifact, go_command};
use crate::commands::args::BuildArgs;
use crate::commands::build::events::built_event;
use crate::commands::build::jobs::{build_one, manner};
use crate::commands::build::plan::{Planned, planned};
use crate::commands::build::prepare::{Seals, align, ensure, prepare};
use crate::commands::output::{print_json, print_path};
use crate::gateway::facts::Gateway;
use crate::plan::Job;
use crate::project::import_path;
use crate::toolchain::{Toolchain, gc};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::ui::Format;

pub mod plan;
pub mod request;
pub mod jobs;
pub mod reproduce;
pub mod dry_run;
pub mod prepare;
pub mod events;
pub mod progress;
pub mod locked;

pub(crate) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    carry_out(&mut planned(args, cx)?, args, cx)
}

/// From a plan to its files.
pub(crate) fn carry_out(planned: &mut Planned, args: &BuildArgs, cx: Context) -> Result<()> {
    if args.dry_run {
        return dry_run::run(planned, cx);
    }
    for job in &planned.plan.jobs {
        artifact::check_output(&job.output)?;
        let linked = go_command::linked_file(job, &planned.store);
        let Some(other) = artifact::holds_other(&linked, &job.output, job) else {
            continue;
        };
        let output = job.output.display();
        if args.to.output.is_none() {
            let path = job.plugin.import_path();
            let what = format!("{output} is the plugin {other}, and {path} would be written over it");
            return Err(Error::usage(what)
                .help("give this one a name of its own: `--output FILE`, or `name` in plugbuild.toml")
                .help("if the other is not needed, remove its file"));
        }
        cx.ui.warn(format!("{output} was the plugin {other}: it is replaced"));
    }
    prepare(planned, args, Seals::Heed, cx)?;
    if planned.plan.jobs.len() > 1 || !planned.refused.is_empty() {
        let manner = manner(args, planned);
        jobs::run(planned, &manner, cx)?;
        return reproduce(args, planned, cx);
    }
    for (job, tools) in planned.jobs() {
        introduce(job, tools, cx);
        let go = go_command::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        if job.seal.as_ref().is_some_and(Fingerprint::is_whole) {
            cx.ui.detail("unchanged", "nothing of what it was linked from");
        } else {
            cx.ui.detail("running", &go);
        }
        let with = args.verify_with.as_deref();
        let built = jobs::alone(job, cx, |say| build_one(job, &go, planned, with, cx, say));
        let (artefact, verdict) = built?;
        if let Some(verdict) = verdict {
            cx.ui.status("verified", verdict);
        }
        report(job, tools, &artefact, cx);
    }
    reproduce(args, planned, cx)
}

fn reproduce(args: &BuildArgs, planned: &Planned, cx: Context) -> Result<()> {
    if args.reproduce {
        crate::commands::build::reproduce::run(args, planned, cx)?;
    }
    Ok(())
}

/// Fetches every tool of the plan, and says what could not be planned. Runs no C compiler.
pub(crate) fn provide(planned: &mut Planned, args: &BuildArgs, seals: Seals, cx: Context) -> Result<()> {
    for (title, why) in &planned.refused {
        cx.ui.failed(title, why);
    }
    gc::sweep(&planned.store);
    planned.hold = Some(planned.store.hold()?);
    ensure(planned, cx)?;
    for (job, tools) in planned.jobs() {
        import_path::check(&job.plugin, |path| tools.go.has_package(path))?;
    }
    crate::commands::build::locked::check(planned, args, cx)?;
    align(planned, seals, cx)
}

/// What was chosen, and why.
fn introduce(job: &Job, tools: &Toolchain, cx: Context) {
    let Gateway {
        label, origin, own_go, ..
    } = &job.gateway;
    cx.ui.status("gateway", format!("KrakenD {label}: {origin}"));
    let whose = own_go.as_ref().map_or_else(
        || "as the gateway".to_owned(),
        |own| format!("not as the gateway, which has {own}"),
    );
    cx.ui
        .status("go", format!("{}, {whose}: {}", tools.go.version, tools.go.why));
    cx.ui
        .status("target", format!("{}: {}", job.target.value, job.target.why));
    cx.ui.status("cc", format!("{}: {}", tools.cc.label, tools.cc.why));
    if let Some(caution) = tools.cc.caution(job) {
        cx.ui.warn(caution);
    }
    cx.ui.status(
        "building",
        format!("{} ({})", job.plugin.module.path, job.plugin.dir.display()),
    );
}

fn report(job: &Job, tools: &Toolchain, artefact: &Artefact, cx: Context) {
    cx.ui.status("checked", &artefact.checks);
    let fresh = if artefact.fresh { "up to date" } else { "finished" };
    cx.ui
        .status(fresh, format!("{} (sha256 {})", job.output.display(), artefact.sha256));
    match cx.format {
        Format::Human => print_path(&job.output),
        Format::Json => print_json(&built_event(job, tools, artefact)),
    }
}
