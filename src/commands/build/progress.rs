//! TODO src/commands/build/progress.rs

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::commands::build::events::{Built, title};
use crate::commands::build::jobs::spinner;
use crate::commands::output::print_json;
use crate::plan::Job;
use crate::util::context::Context;
use crate::util::error::{Kind, Result};
use crate::util::ui::Format;

/// The live display: a line for each job that runs, one for all; plain lines where nothing can be drawn.
pub(crate) struct Progress<'a> {
    pub(crate) cx: Context<'a>,
    pub(crate) live: Option<(MultiProgress, ProgressBar)>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(total: usize, cx: Context<'a>) -> Self {
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
        Progress { cx, live }
    }

    pub(crate) fn begin(&self, job: &Job) -> Option<ProgressBar> {
        let Some((all, bar)) = &self.live else {
            self.cx.ui.status("building", title(job));
            return None;
        };
        let row = all.insert_before(bar, ProgressBar::new_spinner());
        Some(spinner(row, &title(job)))
    }

    /// Says what came of a job, with all that was said meanwhile, in one piece and above the rows that go on.
    pub(crate) fn end(
        &self,
        row: &Option<ProgressBar>,
        job: &Job,
        said: &[String],
        result: &Result<Built>,
        event: &Value,
    ) {
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

    pub(crate) fn close(&self) {
        if let Some((_, bar)) = &self.live {
            bar.finish_and_clear();
        }
    }
}
