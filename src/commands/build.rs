//! `plugbuild build`: gateway → plan → tools → build → verify → report.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::many::{self, Manner};
use super::planned::{Planned, planned};
use super::sources::Sources;
use super::verify;
use super::{Context, print, print_json};
use crate::align::{self, Means};
use crate::artefact::{self, Artefact};
use crate::bundle::modules;
use crate::cli::{BuildArgs, Format};
use crate::error::{Kind, Result};
use crate::gateway::Gateway;
use crate::gobuild;
use crate::invocation::Invocation;
use crate::plan::Job;
use crate::toolchain::{self, Tools, cache};

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    let cx = Context {
        offline: cx.offline || args.frozen,
        ..cx
    };
    let mut planned = planned(args, cx)?;
    for warning in &planned.plan.warnings {
        cx.ui.warn(warning);
    }
    if args.dry_run {
        dry_run(&planned, cx);
        return Ok(());
    }
    for job in &planned.plan.jobs {
        artefact::check_output(&job.output)?;
    }
    prepare(&mut planned, args, cx)?;
    if planned.plan.jobs.len() > 1 || !planned.refused.is_empty() {
        let manner = manner(args, &planned);
        many::run(&planned, &manner, cx)?;
        return reproduce(args, &planned, cx);
    }
    for (job, tools) in planned.plan.jobs.iter().zip(&planned.tools) {
        introduce(job, tools, cx);
        let go = gobuild::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        cx.ui.detail("running", &go);
        let (artefact, verdict) = build_one(job, &go, &planned, args.verify_with.as_deref(), cx, |line| {
            cx.ui.pass_on(line)
        })?;
        if let Some(verdict) = verdict {
            cx.ui.status("verified", verdict);
        }
        report(job, tools, &artefact, cx);
    }
    reproduce(args, &planned, cx)
}

fn reproduce(args: &BuildArgs, planned: &Planned, cx: Context) -> Result<()> {
    if args.reproduce {
        super::reproduce::run(args, planned, cx)?;
    }
    Ok(())
}

/// Has every tool of the plan at hand, and says what could not be planned.
pub(super) fn prepare(planned: &mut Planned, args: &BuildArgs, cx: Context) -> Result<()> {
    for (title, why) in &planned.refused {
        cx.ui.failed(title, why);
    }
    let Planned {
        plan,
        tools,
        matrix,
        host,
        store,
        ..
    } = planned;
    cache::sweep(store);
    planned.hold = Some(store.hold()?);
    toolchain::ensure(plan, tools, matrix, host, store, cx.offline, cx.ui)?;
    super::lock::check(planned, args, cx)?;
    align(planned, cx)
}

/// Makes each job build against its gateway's modules, where it would not load otherwise.
pub(super) fn align(planned: &mut Planned, cx: Context) -> Result<()> {
    let Planned {
        plan,
        tools,
        matrix,
        host,
        store,
        ..
    } = planned;
    let means = Means { matrix, host, store };
    let jobs = std::mem::take(&mut plan.jobs).into_iter().zip(std::mem::take(tools));
    for (mut job, tool) in jobs {
        modules::without_network(&mut job.env, cx.offline, host, store);
        match align::prepare(&mut job, &tool.go, means, cx.ui) {
            Ok(()) => {}
            Err(why) if planned.keep_going && why.kind != Kind::Interrupted => {
                cx.ui.failed(&many::title(&job), &why);
                planned.refused.push((many::title(&job), why));
                continue;
            }
            Err(why) => return Err(why),
        }
        // Of several targets of one gateway the same would be said.
        let like = |other: &Job| {
            other.plugin == job.plugin && other.gateway == job.gateway && other.alignment == job.alignment
        };
        if !plan.jobs.iter().any(like) {
            align::tell(&job, cx.ui);
        }
        plan.jobs.push(job);
        tools.push(tool);
    }
    Ok(())
}

pub(super) fn manner(args: &BuildArgs, planned: &Planned) -> Manner {
    let sources = Sources {
        args,
        settings: &planned.settings,
        host: &planned.host,
    };
    Manner {
        jobs: sources.jobs().value,
        keep_going: args.keep_going,
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
    say: impl FnMut(&str),
) -> Result<(Artefact, Option<String>)> {
    let Planned {
        matrix, host, store, ..
    } = planned;
    let linked = gobuild::run(job, go, host, store, say)?;
    let verdict = verify::judge_build(&linked.file, job, verify_with, matrix, store, cx)?;
    Ok((artefact::finish(&linked.file, job, host)?, verdict))
}

/// What was chosen, and why.
fn introduce(job: &Job, tools: &Tools, cx: Context) {
    let Gateway { label, origin, .. } = &job.gateway;
    cx.ui.status("gateway", format!("KrakenD {label}: {origin}"));
    cx.ui
        .status("go", format!("{}, as the gateway: {}", tools.go.version, tools.go.why));
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

/// What would be fetched and run.
pub(super) fn dry_run(planned: &Planned, cx: Context) {
    let mut told = Vec::new();
    for (job, tools) in planned.plan.jobs.iter().zip(&planned.tools) {
        let go = gobuild::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        let fetch: Vec<String> = tools.missing().collect();
        if cx.format == Format::Json {
            print_json(&planned_event(job, tools, planned));
            continue;
        }
        for item in fetch
            .into_iter()
            .filter(|item| !told.contains(item))
            .collect::<Vec<_>>()
        {
            print(format_args!("# {item}"));
            told.push(item);
        }
        print(format_args!(
            "# {} for KrakenD {} on {}, then finished as {}",
            job.plugin.module.path,
            job.gateway.label,
            job.target.value,
            job.output.display()
        ));
        print(&go);
    }
}

fn report(job: &Job, tools: &Tools, artefact: &Artefact, cx: Context) {
    cx.ui.status("checked", &artefact.checks);
    let fresh = if artefact.fresh { "up to date" } else { "finished" };
    cx.ui
        .status(fresh, format!("{} (sha256 {})", job.output.display(), artefact.sha256));
    match cx.format {
        Format::Human => print(job.output.display()),
        Format::Json => print_json(&built_event(job, tools, artefact)),
    }
}

/// One job of a plan, with the command that would be run.
pub(super) fn planned_event(job: &Job, tools: &Tools, planned: &Planned) -> Value {
    let go = gobuild::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
    let argv = std::iter::once(go.program.as_os_str()).chain(go.args.iter().map(|arg| arg.as_os_str()));
    json!({
        "reason": "planned",
        "plugin": job.plugin.module.path,
        "name": job.name,
        "gateway": job.gateway.label,
        "target": job.target.value,
        "go": tools.go.version,
        "cc": tools.cc.label,
        "fetch": tools.missing().collect::<Vec<_>>(),
        "output": job.output,
        "command": {
            "cwd": go.cwd,
            "unset": go.unset,
            "env": go.set.iter().map(|(k, v)| (k, v.to_string_lossy())).collect::<BTreeMap<_, _>>(),
            "argv": argv.map(|arg| arg.to_string_lossy()).collect::<Vec<_>>(),
        },
    })
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
