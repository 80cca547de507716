//! Many jobs at once: a line a job, a live display where there is a terminal, one table at the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::binary::Binary;
use crate::build;
use crate::build::artifact::Artefact;
use crate::build::{artifact, go_command, job_queue};
use crate::commands::args::BuildArgs;
use crate::commands::build::events::{Built, built_event, failed_event, title, unnamed};
use crate::commands::build::plan::Planned;
use crate::commands::build::progress::Progress;
use crate::commands::build::request::OptionResolver;
use crate::commands::output::{print_json, print_path};
use crate::commands::verify::Judge;
use crate::plan::Job;
use crate::util::context::Context;
use crate::util::error::{Error, Kind, Result};
use crate::util::process::Invocation;
use crate::util::target::Target;
use crate::util::ui::{Format, Ui, and_more, counted};
use crate::verify::plugin_conflicts::clashes;

/// Says it, once for all gateways and targets. No failure: they may be meant for two gateways.
pub(crate) fn tell(jobs: &[Job], results: &[Option<Result<Built>>], cx: Context) {
    let built: Vec<&Job> = jobs
        .iter()
        .zip(results)
        .filter_map(|(job, result)| matches!(result, Some(Ok(_))).then_some(job))
        .collect();
    let place = |job: &Job| (job.gateway.label.clone(), job.target.value);
    let mut places: Vec<(String, Target)> = Vec::new();
    for job in &built {
        if !places.contains(&place(job)) {
            places.push(place(job));
        }
    }
    let mut told: Vec<(&str, &str)> = Vec::new();
    for here in &places {
        let there: Vec<&&Job> = built.iter().filter(|job| place(job) == *here).collect();
        let (there, files): (Vec<&Job>, Vec<Binary>) = there
            .into_iter()
            .filter_map(|job| Some((*job, Binary::open(&job.output).ok()?)))
            .unzip();
        for clash in clashes(&files) {
            let pair = (&*there[clash.earlier].name, &*there[clash.later].name);
            if cx.format == Format::Json {
                print_json(&json!({
                    "reason": "plugins-clash", "gateway": here.0, "target": here.1, "plugins": pair,
                    "packages": clash.packages,
                }));
            }
            if told.contains(&pair) {
                continue;
            }
            told.push(pair);
            cx.ui.warn(format!(
                "{} and {} cannot be in one gateway: each has its own {}{} (KrakenD {} on {})",
                pair.0,
                pair.1,
                clash.packages.first().map_or("", String::as_str),
                and_more(clash.packages.len().saturating_sub(1)),
                here.0,
                here.1.short()
            ));
            cx.ui
                .help("give both the same version of the module that it is in, from the same source");
        }
    }
}

/// How many at once, and whether a failure stops the rest.
#[derive(Clone)]
pub(crate) struct BuildOptions {
    pub(crate) jobs: usize,
    pub(crate) keep_going: bool,
    /// The files are the result: they are named on standard output.
    pub(crate) list_files: bool,
    /// A krakend binary that must load them all.
    pub(crate) verify_with: Option<PathBuf>,
}

/// Builds every job of a plan whose tools are there. All results in the plan's order; a failed one is among them.
pub(crate) fn run(planned: &Planned, manner: &BuildOptions, cx: Context) -> Result<Vec<Built>> {
    let begun = Instant::now();
    let jobs = &planned.plan.jobs;
    introduce(planned, manner, cx);
    let board = Progress::new(jobs.len(), cx);
    let kinds = kinds(jobs);
    let slots = manner.jobs.min(jobs.len());
    let results = job_queue::run(&kinds, slots, manner.keep_going, |at| {
        let (job, tools) = (&jobs[at], &planned.tools[at]);
        let row = board.begin(job);
        let started = Instant::now();
        let mut go = go_command::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        if slots > 1 {
            go = go.env("GOMAXPROCS", share(planned.host.cores, slots).to_string());
        }
        let mut said = Vec::new();
        let with = manner.verify_with.as_deref();
        let result = build_one(job, &go, planned, with, cx, |line| said.push(line.to_owned()));
        let result = result.map(|(artefact, verdict)| Built {
            artefact,
            verdict,
            took: started.elapsed(),
        });
        let event = result.as_ref().map_or_else(
            |why| failed_event(job, why),
            |done| built_event(job, tools, &done.artefact),
        );
        let event = if manner.list_files { event } else { unnamed(event) };
        board.end(&row, job, &said, &result, &event);
        result
    });
    board.close();
    tell(jobs, &results, cx);
    conclude(planned, results, begun.elapsed(), manner, cx)
}

/// Jobs are of one kind when they compile the same packages of the standard library but for those with C in them.
fn kinds(jobs: &[Job]) -> Vec<usize> {
    let mut seen = Vec::new();
    jobs.iter()
        .map(|job| {
            let kind = (&job.gateway.go, job.target.value.arch, &job.gateway.settings);
            seen.iter().position(|known| *known == kind).unwrap_or_else(|| {
                seen.push(kind);
                seen.len() - 1
            })
        })
        .collect()
}

/// The cores that one of several builds uses. A build is at times one compile or link on one core, so what they may
/// use together is more than there is.
fn share(cores: usize, slots: usize) -> usize {
    (cores * 3).div_ceil(slots * 2).clamp(1, cores)
}

fn introduce(planned: &Planned, manner: &BuildOptions, cx: Context) {
    let jobs = &planned.plan.jobs;
    let mut gateways: Vec<String> = Vec::new();
    for (job, tools) in jobs.iter().zip(&planned.tools) {
        let line = format!(
            "KrakenD {}: {}; go {} ({})",
            job.gateway.label, job.gateway.origin, tools.go.version, tools.go.why
        );
        if !gateways.contains(&line) {
            cx.ui.status("gateway", &line);
            gateways.push(line);
        }
    }
    // A floor follows from the gateway, and makes no target of its own.
    let targets: std::collections::BTreeSet<_> = jobs.iter().map(|job| job.target.value.short()).collect();
    cx.ui.status(
        "planned",
        format!(
            "{}: {}, {}, {}; {} at a time",
            counted(jobs.len(), "build"),
            counted(planned.members.len(), "plugin"),
            counted(gateways.len(), "gateway"),
            counted(targets.len(), "target"),
            manner.jobs.min(jobs.len())
        ),
    );
    for (job, tools) in jobs.iter().zip(&planned.tools) {
        if let Some(caution) = tools.cc.caution(job) {
            cx.ui.warn(format!("{}: {caution}", job.target.value));
        }
    }
}

/// Prints the table; all results, or one error for what failed.
fn conclude(
    planned: &Planned,
    results: Vec<Option<Result<Built>>>,
    took: Duration,
    manner: &BuildOptions,
    cx: Context,
) -> Result<Vec<Built>> {
    let jobs = &planned.plan.jobs;
    if cx.format == Format::Human {
        table(jobs, &results, cx.ui);
        for (job, result) in jobs.iter().zip(&results) {
            if manner.list_files && matches!(result, Some(Ok(_))) {
                print_path(&job.output);
            }
        }
    }
    let fresh = results
        .iter()
        .flatten()
        .flatten()
        .filter(|done| done.artefact.fresh)
        .count();
    let good = results.iter().flatten().flatten().count();
    let begun = results.iter().flatten().count();
    let stopped = results.iter().flatten().filter(|result| is_stopped(result)).count();
    let failed = begun - good - stopped + planned.refused.len();
    if cx.format == Format::Json {
        print_json(&json!({
            "reason": "build-finished", "success": failed == 0 && begun == jobs.len() && stopped == 0,
            "built": good - fresh, "fresh": fresh, "failed": failed,
            "stopped": stopped, "not-begun": jobs.len() - begun,
            "seconds": took.as_millis() as f64 / 1e3,
        }));
    }
    cx.ui.status(
        "total",
        format!(
            "{} built, {fresh} up to date, {failed} failed,{} {} not begun, in {:.1} s",
            good - fresh,
            if stopped > 0 {
                format!(" {stopped} stopped,")
            } else {
                String::new()
            },
            jobs.len() - begun,
            took.as_secs_f64()
        ),
    );
    let mut errors: Vec<Error> = planned.refused.iter().map(|(_, why)| why.clone()).collect();
    let mut all = Vec::new();
    for result in results.into_iter().flatten() {
        match result {
            Ok(done) => all.push(done),
            Err(why) => errors.push(why),
        }
    }
    // One that was interrupted is no failure of its own; each of the others has been told where it happened.
    if let Some(stopped) = errors.iter().find(|why| why.kind == Kind::Interrupted) {
        return Err(stopped.clone());
    }
    match errors.into_iter().next() {
        None => Ok(all),
        Some(first) if failed == 1 => Err(first),
        Some(first) => Err(Error {
            what: format!(
                "{failed} of {} builds failed; the first: {}",
                jobs.len() + planned.refused.len(),
                first.what
            ),
            ..first
        }),
    }
}

fn is_stopped(result: &Result<Built>) -> bool {
    matches!(result, Err(why) if why.kind == Kind::Interrupted)
}

fn table(jobs: &[Job], results: &[Option<Result<Built>>], ui: &Ui) {
    let width = |of: &dyn Fn(&Job) -> usize, least: usize| jobs.iter().map(of).max().unwrap_or(0).max(least);
    let name = width(&|job| job.name.len(), 6);
    let gateway = width(&|job| job.gateway.label.len(), 7);
    // In a narrow terminal the last columns are left out.
    let narrow = name + gateway + 28;
    let (with_size, with_sum) = (ui.fits(narrow + 20), ui.fits(narrow + 38));
    let row = |[plugin, of, target, word, time, size, sum]: [&str; 7]| {
        let mut row = format!("{plugin:<name$}  {of:<gateway$}  {target:<12}  {word:<10}");
        if with_size {
            row += &format!("  {time:>7}  {size:>9}");
        }
        if with_sum {
            row += &format!("  {sum}");
        }
        ui.plain(row.trim_end());
    };
    row(["PLUGIN", "GATEWAY", "TARGET", "RESULT", "TIME", "SIZE", "SHA-256"]);
    for (job, result) in jobs.iter().zip(results) {
        let (word, time, size, sum) = match result {
            Some(Ok(done)) => {
                let size = std::fs::metadata(&job.output).map_or(0, |meta| meta.len());
                let word = if done.artefact.fresh { "up to date" } else { "built" };
                (
                    word,
                    format!("{:.1} s", done.took.as_secs_f64()),
                    format!("{:.1} MB", size as f64 / 1e6),
                    done.artefact.sha256.get(..16).unwrap_or_default().to_owned(),
                )
            }
            Some(result) if is_stopped(result) => ("stopped", String::new(), String::new(), String::new()),
            Some(Err(_)) => ("failed", String::new(), String::new(), String::new()),
            None => ("not begun", String::new(), String::new(), String::new()),
        };
        let target = job.target.value.short();
        row([&job.name, &job.gateway.label, &target, word, &time, &size, &sum]);
    }
}

/// What moves while the only build runs, and what is written above it meanwhile.
pub(crate) fn alone<T>(job: &Job, cx: Context, work: impl FnOnce(&dyn Fn(&str)) -> T) -> T {
    let row = (cx.host.interactive && !cx.ui.is_quiet()).then(|| spinner(ProgressBar::new_spinner(), &title(job)));
    let done = work(&|line| {
        let say = || cx.ui.go_said(line, &job.plugin.dir);
        row.as_ref().map_or_else(say, |row| row.suspend(say));
    });
    if let Some(row) = row {
        row.finish_and_clear();
    }
    done
}

/// A line that turns, with a clock; cut where the terminal ends.
pub(crate) fn spinner(row: ProgressBar, title: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("{spinner:>12} {wide_msg} {elapsed}") {
        row.set_style(style);
    }
    row.set_message(title.to_owned());
    row.enable_steady_tick(Duration::from_millis(120));
    row
}

pub(crate) fn manner(args: &BuildArgs, planned: &Planned) -> BuildOptions {
    let sources = OptionResolver {
        args,
        settings: &planned.settings,
        host: &planned.host,
    };
    BuildOptions {
        jobs: sources.jobs().value,
        keep_going: args.work.keep_going,
        list_files: true,
        verify_with: args.verify_with.clone(),
    }
}

/// From a job to its finished file, and what its gateway would say of it where that is known.
pub(crate) fn build_one(
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
    let linked = build::run(job, go, host, store, &mut say)?;
    let judge = Judge {
        with: verify_with,
        matrix,
        store,
        cx,
    };
    artifact::finish(&linked.file, job, host, |file, known| {
        judge.of(file, job, known, &mut say)
    })
}
