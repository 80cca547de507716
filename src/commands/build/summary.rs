//! What is printed before and after builds: choices with their reasons, results, the table.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::binary::Binary;
use crate::build::unit::ReadyUnit;
use crate::commands::build::events::Built;
use crate::commands::build::prepare::ReadyBuild;
use crate::commands::output::{print_json, print_path};
use crate::gateway::facts::Gateway;
use crate::plan::Job;
use crate::toolchain::session::Session;
use crate::util::edition;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::target::Target;
use crate::util::ui::{Format, Ui, and_more, counted};
use crate::verify::plugin_conflicts::conflicts;

/// The choices for one build, with their reasons.
pub(crate) fn print_header(unit: &ReadyUnit, ui: &Ui) {
    let ReadyUnit { job, toolchain, go, .. } = unit;
    let Gateway { origin, own_go, .. } = &job.gateway;
    ui.status("gateway", format!("{}: {origin}", job.gateway.title()));
    let whose = own_go.as_ref().map_or_else(
        || "as the gateway".to_owned(),
        |own| format!("not as the gateway, which has {own}"),
    );
    let version = &toolchain.go.version;
    ui.status("go", format!("{version}, {whose}: {}", toolchain.go.why));
    ui.status("target", format!("{}: {}", job.target.value, job.target.why));
    ui.status("cc", format!("{}: {}", toolchain.cc.label, toolchain.cc.why));
    if let Some(caution) = toolchain.cc.warning(job) {
        ui.warn(caution);
    }
    let plugin = &job.plugin;
    ui.status("building", format!("{} ({})", plugin.module.path, plugin.dir.display()));
    match unit.is_fresh() {
        true => ui.verbose("unchanged", "nothing of what it was linked from"),
        false => ui.verbose("running", go),
    }
}

/// The same for many builds: each gateway once, and how many there are of everything.
pub(crate) fn print_headers(ready: &ReadyBuild, slots: usize) {
    let ReadyBuild {
        session,
        members,
        units,
        ..
    } = ready;
    let ui = &session.ui;
    let mut gateways: Vec<String> = Vec::new();
    for ReadyUnit { job, toolchain, .. } in units {
        let line = format!(
            "{}: {}; go {} ({})",
            job.gateway.title(),
            job.gateway.origin,
            toolchain.go.version,
            toolchain.go.why
        );
        if !gateways.contains(&line) {
            ui.status("gateway", &line);
            gateways.push(line);
        }
    }
    // A floor follows from the gateway, and does not make another target.
    let targets: BTreeSet<_> = units.iter().map(|unit| unit.job.target.value.short()).collect();
    ui.status(
        "planned",
        format!(
            "{}: {}, {}, {}; {slots} at a time",
            counted(units.len(), "build"),
            counted(members.len(), "plugin"),
            counted(gateways.len(), "gateway"),
            counted(targets.len(), "target"),
        ),
    );
    for ReadyUnit { job, toolchain, .. } in units {
        if let Some(caution) = toolchain.cc.warning(job) {
            ui.warn(format!("{}: {caution}", job.target.value));
        }
    }
}

/// The result of one build by itself.
pub(crate) fn report(unit: &ReadyUnit, built: &Built, session: &Session) {
    let Built { artifact, verdict, .. } = built;
    let (ui, output) = (&session.ui, &unit.job.output);
    if let Some(verdict) = verdict {
        ui.status("verified", verdict);
    }
    ui.status("checked", &artifact.checks);
    let fresh = if artifact.fresh { "up to date" } else { "finished" };
    ui.status(fresh, format!("{} (sha256 {})", output.display(), artifact.sha256));
    if session.format == Format::Human {
        print_path(output);
    }
}

/// The result of one build among others.
pub(crate) fn report_one_of_many(unit: &ReadyUnit, built: &Built, ui: &Ui) {
    let Built {
        artifact,
        verdict,
        took,
    } = built;
    let word = if artifact.fresh { "up to date" } else { "finished" };
    let title = super::events::title(&unit.job);
    ui.status(word, format!("{title} in {:.1} s", took.as_secs_f64()));
    ui.verbose("checked", &artifact.checks);
    if let Some(verdict) = verdict {
        ui.status("verified", verdict);
    }
    for dir in &artifact.checks.local_paths {
        ui.verbose("names", dir);
    }
}

/// Warns of plugins that cannot be in one gateway, once for all gateways and targets. Not a failure: they may be
/// for two.
pub(crate) fn warn_of_conflicts(units: &[ReadyUnit], results: &[Option<Result<Built>>], session: &Session) {
    let built: Vec<&Job> = units
        .iter()
        .zip(results)
        .filter_map(|(unit, result)| matches!(result, Some(Ok(_))).then_some(&unit.job))
        .collect();
    let place = |job: &Job| (job.gateway.label.clone(), job.target.value);
    let mut places: Vec<(String, Target)> = Vec::new();
    for job in &built {
        if !places.contains(&place(job)) {
            places.push(place(job));
        }
    }
    let mut warned: Vec<(&str, &str)> = Vec::new();
    for here in &places {
        let there = built.iter().filter(|job| place(job) == *here);
        let (there, files): (Vec<&Job>, Vec<Binary>) = there
            .filter_map(|job| Some((*job, Binary::open(&job.output).ok()?)))
            .unzip();
        for conflict in conflicts(&files) {
            let pair = (&*there[conflict.earlier].name, &*there[conflict.later].name);
            if session.format == Format::Json {
                print_json(&json!({
                    "reason": "plugin-conflict", "gateway": here.0, "target": here.1, "plugins": pair,
                    "packages": conflict.packages,
                }));
            }
            if warned.contains(&pair) {
                continue;
            }
            warned.push(pair);
            session.ui.warn(format!(
                "{} and {} cannot be in one gateway: each has its own {}{} ({} on {})",
                pair.0,
                pair.1,
                conflict.packages.first().map_or("", String::as_str),
                and_more(conflict.packages.len().saturating_sub(1)),
                edition::title(&here.0),
                here.1.short()
            ));
            session
                .ui
                .help("give both the same version of the module that it is in, from the same source");
        }
    }
}

/// How many builds succeeded, failed, ….
struct Counts {
    built: usize,
    fresh: usize,
    failed: usize,
    stopped: usize,
    not_begun: usize,
}

impl Counts {
    fn new(results: &[Option<Result<Built>>], refused: usize) -> Self {
        let begun = || results.iter().flatten();
        let good = begun().flatten().count();
        let fresh = begun().flatten().filter(|built| built.artifact.fresh).count();
        let stopped = begun().filter(|result| is_stopped(result)).count();
        Counts {
            built: good - fresh,
            fresh,
            failed: begun().count() - good - stopped + refused,
            stopped,
            not_begun: results.iter().filter(|result| result.is_none()).count(),
        }
    }

    /// The last line of many builds.
    fn report(&self, took: Duration, session: &Session) {
        let Counts {
            built,
            fresh,
            failed,
            stopped,
            not_begun,
        } = self;
        if session.format == Format::Json {
            print_json(&json!({
                "reason": "build-finished", "success": failed + not_begun + stopped == 0,
                "built": built, "fresh": fresh, "failed": failed, "stopped": stopped, "not_begun": not_begun,
                "seconds": took.as_millis() as f64 / 1e3,
            }));
        }
        let stopped = match stopped {
            0 => String::new(),
            _ => format!(" {stopped} stopped,"),
        };
        let seconds = took.as_secs_f64();
        session.ui.status(
            "total",
            format!(
                "{built} built, {fresh} up to date, {failed} failed,{stopped} {not_begun} not begun, in {seconds:.1} s"
            ),
        );
    }
}

/// Prints the table; returns all results, or one error for all failures.
pub(crate) fn summarize(
    ready: &ReadyBuild,
    results: Vec<Option<Result<Built>>>,
    took: Duration,
    list_files: bool,
) -> Result<Vec<Built>> {
    let ReadyBuild {
        session,
        units,
        refused,
        ..
    } = ready;
    if session.format == Format::Human {
        table(units, &results, &session.ui);
        for (unit, result) in units.iter().zip(&results) {
            if list_files && matches!(result, Some(Ok(_))) {
                print_path(&unit.job.output);
            }
        }
    }
    let counts = Counts::new(&results, refused.len());
    counts.report(took, session);
    let failed = counts.failed;
    let mut errors: Vec<Error> = refused.iter().map(|(_, why)| why.clone()).collect();
    let mut all = Vec::new();
    for result in results.into_iter().flatten() {
        match result {
            Ok(built) => all.push(built),
            Err(why) => errors.push(why),
        }
    }
    // An interrupted build is not a failure of its own; each of the others was printed when it happened.
    if let Some(stopped) = errors.iter().find(|why| why.kind == ErrorKind::Interrupted) {
        return Err(stopped.clone());
    }
    match errors.into_iter().next() {
        None => Ok(all),
        Some(first) if failed == 1 => Err(first),
        Some(first) => Err(Error {
            message: format!(
                "{failed} of {} builds failed; the first: {}",
                units.len() + refused.len(),
                first.message
            ),
            ..first
        }),
    }
}

fn is_stopped(result: &Result<Built>) -> bool {
    matches!(result, Err(why) if why.kind == ErrorKind::Interrupted)
}

fn table(units: &[ReadyUnit], results: &[Option<Result<Built>>], ui: &Ui) {
    let width =
        |of: &dyn Fn(&Job) -> usize, least: usize| units.iter().map(|unit| of(&unit.job)).max().unwrap_or(0).max(least);
    let name = width(&|job| job.name.len(), 6);
    let gateway = width(&|job| job.gateway.label.len(), 7);
    // A narrow terminal leaves out the last columns.
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
        ui.line(row.trim_end());
    };
    row(["PLUGIN", "GATEWAY", "TARGET", "RESULT", "TIME", "SIZE", "SHA-256"]);
    for (ReadyUnit { job, .. }, result) in units.iter().zip(results) {
        let (word, time, size, sum) = match result {
            Some(Ok(built)) => {
                let size = std::fs::metadata(&job.output).map_or(0, |meta| meta.len());
                (
                    if built.artifact.fresh { "up to date" } else { "built" },
                    format!("{:.1} s", built.took.as_secs_f64()),
                    format!("{:.1} MB", size as f64 / 1e6),
                    built.artifact.sha256.get(..16).unwrap_or_default().to_owned(),
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
