//! Runs builds: one by itself, or many at once with a line for each and a table at the end.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::build;
use crate::build::artifact::Artifact;
use crate::build::unit::ReadyUnit;
use crate::build::{artifact, job_queue};
use crate::commands::args::BuildArgs;
use crate::commands::build::events::{Built, built_event, failed_event, without_file};
use crate::commands::build::plan::BuildPlan;
use crate::commands::build::prepare::ReadyBuild;
use crate::commands::build::progress::Progress;
use crate::commands::build::request::OptionResolver;
use crate::commands::build::summary;
use crate::commands::verify::Judge;
use crate::toolchain::session::Session;
use crate::util::error::Result;

/// How many at once, and whether a failure stops the rest.
#[derive(Debug, Clone)]
pub(crate) struct BuildOptions {
    pub(crate) jobs: usize,
    pub(crate) keep_going: bool,
    /// Whether the files are the result, and so printed on standard output.
    pub(crate) list_files: bool,
    /// A krakend binary that must load them all.
    pub(crate) verify_with: Option<PathBuf>,
}

impl BuildOptions {
    pub(crate) fn new(args: &BuildArgs, plan: &BuildPlan) -> Self {
        BuildOptions {
            jobs: OptionResolver::new(args, &plan.session).jobs().value,
            keep_going: args.work.keep_going,
            list_files: true,
            verify_with: args.verify_with.clone(),
        }
    }

    /// For intermediate files, which are not printed.
    pub(crate) fn unlisted(self) -> Self {
        BuildOptions {
            list_files: false,
            ..self
        }
    }
}

/// Builds every unit. Returns all results, failures among them, in the plan's order.
pub(crate) fn run(ready: &ReadyBuild, options: &BuildOptions) -> Result<Vec<Built>> {
    let begun = Instant::now();
    let ReadyBuild { session, units, .. } = ready;
    let alone = options.list_files && units.len() == 1 && ready.refused.is_empty();
    let slots = options.jobs.min(units.len());
    if alone {
        units.iter().for_each(|unit| summary::print_header(unit, &session.ui));
    } else {
        summary::print_headers(ready, slots);
    }
    let progress = Progress::new(units.len(), alone, session);
    let cores = (slots > 1).then(|| share(session.host.cores, slots));
    let results = job_queue::run(&groups(units), slots, options.keep_going, |at| {
        let unit = &units[at];
        let mut row = progress.start(unit);
        let started = Instant::now();
        let with = options.verify_with.as_deref();
        let result = build_one(unit, session, cores, with, |line| progress.line(&mut row, unit, line));
        let result = result.map(|(artifact, verdict)| Built {
            artifact,
            verdict,
            took: started.elapsed(),
        });
        let event = result.as_ref().map_or_else(
            |why| failed_event(&unit.job, why),
            |built| built_event(unit, &built.artifact),
        );
        let event = if options.list_files { event } else { without_file(event) };
        progress.end(row, unit, &result, &event);
        result
    });
    progress.close();
    if alone {
        return results.into_iter().flatten().collect();
    }
    summary::warn_of_conflicts(units, &results, session);
    summary::summarize(ready, results, begun.elapsed(), options.list_files)
}

/// From a unit to its finished file, with its gateway's verdict if that is known.
fn build_one(
    unit: &ReadyUnit,
    session: &Session,
    cores: Option<usize>,
    verify_with: Option<&Path>,
    mut say: impl FnMut(&str),
) -> Result<(Artifact, Option<String>)> {
    let _linked = build::link(unit, session, cores, &mut say)?;
    let judge = Judge {
        with: verify_with,
        session,
    };
    artifact::finish(unit, &session.host, |file, known| {
        judge.judge(file, &unit.job, known, &mut say)
    })
}

/// Units are in one group if they compile the same packages of the standard library, except those with C in them.
fn groups(units: &[ReadyUnit]) -> Vec<usize> {
    let mut known = Vec::new();
    let group = |unit: &ReadyUnit| {
        let job = &unit.job;
        (
            job.gateway.go.clone(),
            job.target.value.arch,
            job.gateway.settings.clone(),
        )
    };
    let position = |unit: &ReadyUnit| {
        let group = group(unit);
        known.iter().position(|other| *other == group).unwrap_or_else(|| {
            known.push(group);
            known.len() - 1
        })
    };
    units.iter().map(position).collect()
}

/// The cores for one of several builds. At times a build is one compile or link on one core, so together they may use
/// more than there are.
fn share(cores: usize, slots: usize) -> usize {
    (cores * 3).div_ceil(slots * 2).clamp(1, cores)
}
