//! The live display of builds: a line for each running one, one for all; plain lines without a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::build::unit::ReadyUnit;
use crate::commands::build::events::Built;
use crate::commands::build::events::title;
use crate::commands::build::summary;
use crate::commands::output::print_json;
use crate::toolchain::session::Session;
use crate::util::error::{ErrorKind, Result};
use crate::util::ui::Format;

pub(crate) struct Progress<'a> {
    session: &'a Session,
    /// One build by itself: its output is printed as it comes.
    alone: bool,
    all: Option<(MultiProgress, ProgressBar)>,
}

/// A running build.
pub(crate) struct Row {
    spinner: Option<ProgressBar>,
    /// Its output, to be printed in one piece.
    lines: Vec<String>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(total: usize, alone: bool, session: &'a Session) -> Self {
        let live = !alone && session.host.interactive && !session.ui.is_quiet();
        let all = live.then(|| {
            let all = MultiProgress::new();
            let bar = all.add(ProgressBar::new(total as u64));
            if let Ok(style) = ProgressStyle::with_template("{msg:>12} [{bar:30}] {pos}/{len} {elapsed}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message("building");
            // The clock runs on while no build ends.
            bar.enable_steady_tick(Duration::from_secs(1));
            (all, bar)
        });
        Progress { session, alone, all }
    }

    pub(crate) fn start(&self, unit: &ReadyUnit) -> Row {
        let ui = &self.session.ui;
        let title = title(&unit.job);
        let spinner = match &self.all {
            Some((all, bar)) => Some(spinner(all.insert_before(bar, ProgressBar::new_spinner()), &title)),
            None if self.alone && self.session.host.interactive && !ui.is_quiet() => {
                Some(spinner(ProgressBar::new_spinner(), &title))
            }
            None if self.alone => None,
            None => {
                ui.status("building", title);
                None
            }
        };
        Row {
            spinner,
            lines: Vec::new(),
        }
    }

    /// A line of a build's output.
    pub(crate) fn line(&self, row: &mut Row, unit: &ReadyUnit, line: &str) {
        if !self.alone {
            row.lines.push(line.to_owned());
            return;
        }
        let print = || self.session.ui.go_output(line, &unit.job.plugin.dir);
        match &row.spinner {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        }
    }

    /// Prints a build's result with all its output in one piece, above the rows of running builds. The failure of a
    /// single build is the command's own error.
    pub(crate) fn end(&self, row: Row, unit: &ReadyUnit, result: &Result<Built>, event: &Value) {
        if let Some(spinner) = &row.spinner {
            spinner.finish_and_clear();
        }
        let print = || {
            let ui = &self.session.ui;
            for line in &row.lines {
                ui.go_output(line, &unit.job.plugin.dir);
            }
            match result {
                Ok(built) if self.alone => summary::report(unit, built, self.session),
                Ok(built) => summary::report_one_of_many(unit, built, ui),
                // The user knows.
                Err(why) if why.kind == ErrorKind::Interrupted => {}
                Err(_) if self.alone => {}
                Err(why) => ui.failed(&title(&unit.job), why),
            }
            if self.session.format == Format::Json && !(self.alone && result.is_err()) {
                print_json(event);
            }
        };
        match &self.all {
            Some((all, bar)) => {
                all.suspend(print);
                bar.inc(1);
            }
            None => print(),
        }
    }

    pub(crate) fn close(&self) {
        if let Some((_, bar)) = &self.all {
            bar.finish_and_clear();
        }
    }
}

/// A spinner with a clock; cut at the terminal's width.
fn spinner(row: ProgressBar, title: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("{spinner:>12} {wide_msg} {elapsed}") {
        row.set_style(style);
    }
    row.set_message(title.to_owned());
    row.enable_steady_tick(Duration::from_millis(120));
    row
}
