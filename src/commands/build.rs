//! `plugbuild build`: gateway → plan → tools → build → verify → report.

use std::path::Path;

use serde_json::{Value, json};

use super::dry_run;
use super::many::{self, Manner};
use super::planned::{Planned, planned};
use super::sources::Sources;
use super::verify::Judge;
use super::{Context, print_json, print_path};
use crate::align::{self, Means, Prepared};
use crate::artefact::{self, Artefact};
use crate::cli::Format;
use crate::cli::build::BuildArgs;
use crate::error::{Error, Kind, Result};
use crate::gateway::Gateway;
use crate::gateway::modules::Sides;
use crate::gobuild;
use crate::invocation::Invocation;
use crate::plan::Job;
use crate::plugin::import_path;
use crate::seal::{self, GoSeen, Sealing};
use crate::toolchain::{self, Tools, cache};
use crate::trust;

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    carry_out(&mut planned(args, cx)?, args, cx)
}

/// From a plan to its files.
pub(super) fn carry_out(planned: &mut Planned, args: &BuildArgs, cx: Context) -> Result<()> {
    if args.dry_run {
        return dry_run::run(planned, cx);
    }
    for job in &planned.plan.jobs {
        artefact::check_output(&job.output)?;
        let linked = gobuild::linked_file(job, &planned.store);
        let Some(other) = artefact::holds_other(&linked, &job.output, job) else {
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
        many::run(planned, &manner, cx)?;
        return reproduce(args, planned, cx);
    }
    for (job, tools) in planned.jobs() {
        introduce(job, tools, cx);
        let go = gobuild::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        if job.seal.as_ref().is_some_and(Sealing::is_whole) {
            cx.ui.detail("unchanged", "nothing of what it was linked from");
        } else {
            cx.ui.detail("running", &go);
        }
        let with = args.verify_with.as_deref();
        let built = many::alone(job, cx, |say| build_one(job, &go, planned, with, cx, say));
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
        super::reproduce::run(args, planned, cx)?;
    }
    Ok(())
}

/// Whether what a build was made of last time may stand for asking the go command again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seals {
    Heed,
    /// All that a build reads is to be had, whether or not one is needed.
    Ignore,
}

/// Has every tool of the plan at hand to be run.
pub(super) fn prepare(planned: &mut Planned, args: &BuildArgs, seals: Seals, cx: Context) -> Result<()> {
    if let Some(job) = planned
        .plan
        .jobs
        .iter()
        .find(|job| trust::concerns(job, &planned.matrix, &planned.host))
    {
        trust::require(&planned.settings, trust::CC, &planned.matrix, &planned.host)
            .map_err(|why| why.help(format!("or build {} with another compiler: `--cc zig`", job.name)))?;
    }
    for tools in &mut planned.tools {
        tools.cc.ask(&planned.host);
    }
    provide(planned, args, seals, cx)
}

/// Fetches every tool of the plan, and says what could not be planned. Runs no C compiler.
pub(super) fn provide(planned: &mut Planned, args: &BuildArgs, seals: Seals, cx: Context) -> Result<()> {
    for (title, why) in &planned.refused {
        cx.ui.failed(title, why);
    }
    cache::sweep(&planned.store);
    planned.hold = Some(planned.store.hold()?);
    ensure(planned, cx)?;
    for (job, tools) in planned.jobs() {
        import_path::check(&job.plugin, |path| tools.go.has_package(path))?;
    }
    super::lock::check(planned, args, cx)?;
    align(planned, seals, cx)
}

/// Has every tool of the plan at hand.
pub(super) fn ensure(planned: &mut Planned, cx: Context) -> Result<()> {
    let Planned {
        plan,
        tools,
        matrix,
        host,
        store,
        offline,
        ..
    } = planned;
    toolchain::ensure(plan, tools, matrix, host, store, *offline, cx.ui)
}

/// Makes each job build against its gateway's modules, where it would not load otherwise.
pub(super) fn align(planned: &mut Planned, seals: Seals, cx: Context) -> Result<()> {
    let (mut sides, mut seen) = (Sides::default(), GoSeen::default());
    let jobs = std::mem::take(&mut planned.plan.jobs);
    for (mut job, tools) in jobs.into_iter().zip(std::mem::take(&mut planned.tools)) {
        match prepared(&mut job, &tools, seals, (&mut sides, &mut seen), planned.means(), cx) {
            Ok(prepared) => job.prepared = prepared,
            Err(why) if planned.keep_going && why.kind != Kind::Interrupted => {
                cx.ui.failed(&many::title(&job), &why);
                planned.refused.push((many::title(&job), why));
                continue;
            }
            Err(why) => return Err(why),
        }
        // Of several targets of one gateway the same would be said.
        let like =
            |other: &Job| other.plugin == job.plugin && other.gateway == job.gateway && other.prepared == job.prepared;
        if !planned.plan.jobs.iter().any(like) {
            align::tell(&job, cx.ui);
        }
        planned.plan.jobs.push(job);
        planned.tools.push(tools);
    }
    Ok(())
}

/// How a job is made to build against its gateway's modules: as its seal says if nothing has changed since it was last
/// built, else as the go command does.
pub(super) fn prepared(
    job: &mut Job,
    tools: &Tools,
    seals: Seals,
    (sides, seen): (&mut Sides, &mut GoSeen),
    means: Means,
    cx: Context,
) -> Result<Prepared> {
    if seals == Seals::Heed
        && let Some(prepared) = sealed(job, tools, seen, means)
    {
        return Ok(prepared);
    }
    let side = sides.of(&job.gateway, means.matrix)?;
    align::prepare(job, side, &tools.go, means, cx.ui)
}

fn sealed(job: &mut Job, tools: &Tools, seen: &mut GoSeen, means: Means) -> Option<Prepared> {
    let Means { matrix, host, store } = means;
    let go = gobuild::invocation(job, tools, matrix, host, store);
    let linked = gobuild::linked_file(job, store);
    let (sealing, prepared) = seal::look(job, tools, &go, &linked, matrix, host, seen)?;
    job.seal = Some(sealing);
    prepared
}

pub(super) fn manner(args: &BuildArgs, planned: &Planned) -> Manner {
    let sources = Sources {
        args,
        settings: &planned.settings,
        host: &planned.host,
    };
    Manner {
        jobs: sources.jobs().value,
        keep_going: args.work.keep_going,
        list_files: true,
        verify_with: args.verify_with.clone(),
    }
}

/// From a job to its finished file, and what its gateway would say of it where that is known.
pub(super) fn build_one(
    job: &Job,
    go: &Invocation,
    planned: &Planned,
    verify_with: Option<&Path>,
    cx: Context,
    mut say: impl FnMut(&str),
) -> Result<(Artefact, Option<String>)> {
    let Planned {
        matrix, host, store, ..
    } = planned;
    let linked = gobuild::run(job, go, host, store, &mut say)?;
    let judge = Judge {
        with: verify_with,
        matrix,
        store,
        cx,
    };
    artefact::finish(&linked.file, job, host, |file, known| {
        judge.of(file, job, known, &mut say)
    })
}

/// What was chosen, and why.
fn introduce(job: &Job, tools: &Tools, cx: Context) {
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

fn report(job: &Job, tools: &Tools, artefact: &Artefact, cx: Context) {
    cx.ui.status("checked", &artefact.checks);
    let fresh = if artefact.fresh { "up to date" } else { "finished" };
    cx.ui
        .status(fresh, format!("{} (sha256 {})", job.output.display(), artefact.sha256));
    match cx.format {
        Format::Human => print_path(&job.output),
        Format::Json => print_json(&built_event(job, tools, artefact)),
    }
}

/// The event that tells of a finished plugin.
pub(super) fn built_event(job: &Job, tools: &Tools, artefact: &Artefact) -> Value {
    json!({
        "reason": "plugin-built",
        "plugin": job.plugin.module.path,
        "name": job.name,
        "gateway": job.gateway.label,
        "target": job.target.value,
        "go": tools.go.version,
        "cc": tools.cc.label,
        "file": job.output,
        "sha256": artefact.sha256,
        "fresh": artefact.fresh,
        "checks": artefact.checks,
    })
}
