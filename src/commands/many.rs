//! Many jobs at once: a line a job, a live display where there is a terminal, one table at the end.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::build::{build_one, built_event};
use super::planned::Planned;
use super::{Context, print_json, print_path, together};
use crate::artefact::Artefact;
use crate::cli::Format;
use crate::error::{Error, Kind, Result};
use crate::gobuild;
use crate::plan::Job;
use crate::schedule;
use crate::ui::{Ui, counted};

/// What came of a job.
pub(super) struct Done {
    pub(super) artefact: Artefact,
    /// What its gateway would say of it, where the gateway's file is known.
    verdict: Option<String>,
    pub(super) took: Duration,
}

/// How many at once, and whether a failure stops the rest.
#[derive(Clone)]
pub(super) struct Manner {
    pub(super) jobs: usize,
    pub(super) keep_going: bool,
    /// The files are the result: they are named on standard output.
    pub(super) list_files: bool,
    /// A krakend binary that must load them all.
    pub(super) verify_with: Option<PathBuf>,
}

/// Builds every job of a plan whose tools are there. All results in the plan's order; a failed one is among them.
pub(super) fn run(planned: &Planned, manner: &Manner, cx: Context) -> Result<Vec<Done>> {
    let begun = Instant::now();
    let jobs = &planned.plan.jobs;
    introduce(planned, manner, cx);
    let board = Board::new(jobs.len(), cx);
    let kinds = kinds(jobs);
    let slots = manner.jobs.min(jobs.len());
    let results = schedule::run(&kinds, slots, manner.keep_going, |at| {
        let (job, tools) = (&jobs[at], &planned.tools[at]);
        let row = board.begin(job);
        let started = Instant::now();
        let mut go = gobuild::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        if slots > 1 {
            go = go.env("GOMAXPROCS", share(planned.host.cores, slots).to_string());
        }
        let mut said = Vec::new();
        let with = manner.verify_with.as_deref();
        let result = build_one(job, &go, planned, with, cx, |line| said.push(line.to_owned()));
        let result = result.map(|(artefact, verdict)| Done {
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
    together::tell(jobs, &results, cx);
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

fn introduce(planned: &Planned, manner: &Manner, cx: Context) {
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

/// `auth for 2.12.1 on arm64-musl`: one job in messages.
pub(super) fn title(job: &Job) -> String {
    format!("{} for {} on {}", job.name, job.gateway.label, job.target.value.short())
}

/// The event of a file that is only on its way to where the command puts it, and tells of it.
fn unnamed(mut event: Value) -> Value {
    if let Value::Object(fields) = &mut event {
        fields.remove("file");
    }
    event
}

/// The event that tells of a job that came to nothing.
fn failed_event(job: &Job, why: &Error) -> Value {
    json!({
        "reason": "plugin-failed", "plugin": job.plugin.module.path, "name": job.name, "gateway": job.gateway.label,
        "target": job.target.value, "error": why.what, "help": why.help, "exit-code": why.kind.exit_code(),
    })
}

/// Prints the table; all results, or one error for what failed.
fn conclude(
    planned: &Planned,
    results: Vec<Option<Result<Done>>>,
    took: Duration,
    manner: &Manner,
    cx: Context,
) -> Result<Vec<Done>> {
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

fn is_stopped(result: &Result<Done>) -> bool {
    matches!(result, Err(why) if why.kind == Kind::Interrupted)
}

fn table(jobs: &[Job], results: &[Option<Result<Done>>], ui: &Ui) {
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
pub(super) fn alone<T>(job: &Job, cx: Context, work: impl FnOnce(&dyn Fn(&str)) -> T) -> T {
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
fn spinner(row: ProgressBar, title: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("{spinner:>12} {wide_msg} {elapsed}") {
        row.set_style(style);
    }
    row.set_message(title.to_owned());
    row.enable_steady_tick(Duration::from_millis(120));
    row
}

/// The live display: a line for each job that runs, one for all; plain lines where nothing can be drawn.
struct Board<'a> {
    cx: Context<'a>,
    live: Option<(MultiProgress, ProgressBar)>,
}

impl<'a> Board<'a> {
    fn new(total: usize, cx: Context<'a>) -> Self {
        let live = (cx.host.interactive && !cx.ui.is_quiet()).then(|| {
            let all = MultiProgress::new();
            let bar = all.add(ProgressBar::new(total as u64));
            if let Ok(style) = ProgressStyle::with_template("{msg:>12} [{bar:30}] {pos}/{len} {elapsed}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message("building");
            // The clock goes on while nothing ends.
            bar.enable_steady_tick(Duration::from_secs(1));
            (all, bar)
        });
        Board { cx, live }
    }

    fn begin(&self, job: &Job) -> Option<ProgressBar> {
        let Some((all, bar)) = &self.live else {
            self.cx.ui.status("building", title(job));
            return None;
        };
        let row = all.insert_before(bar, ProgressBar::new_spinner());
        Some(spinner(row, &title(job)))
    }

    /// Says what came of a job, with all that was said meanwhile, in one piece and above the rows that go on.
    fn end(&self, row: &Option<ProgressBar>, job: &Job, said: &[String], result: &Result<Done>, event: &Value) {
        if let Some(row) = row {
            row.finish_and_clear();
        }
        let say = || {
            let ui = self.cx.ui;
            for line in said {
                ui.go_said(line, &job.plugin.dir);
            }
            match result {
                Ok(done) => {
                    let word = if done.artefact.fresh { "up to date" } else { "finished" };
                    ui.status(word, format!("{} in {:.1} s", title(job), done.took.as_secs_f64()));
                    ui.detail("checked", &done.artefact.checks);
                    if let Some(verdict) = &done.verdict {
                        ui.status("verified", verdict);
                    }
                    for dir in &done.artefact.checks.local_paths {
                        ui.detail("names", dir);
                    }
                }
                // The user knows.
                Err(why) if why.kind == Kind::Interrupted => {}
                Err(why) => ui.failed(&title(job), why),
            }
            if self.cx.format == Format::Json {
                print_json(event);
            }
        };
        match &self.live {
            Some((all, bar)) => {
                all.suspend(say);
                bar.inc(1);
            }
            None => say(),
        }
    }

    fn close(&self) {
        if let Some((_, bar)) = &self.live {
            bar.finish_and_clear();
        }
    }
}
