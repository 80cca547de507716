//! A process that downloads, and is killed when nothing arrives: the go command itself waits for a proxy forever.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::process::{Invocation, children};

/// How often the directories are checked for growth.
const LOOK: Duration = Duration::from_millis(200);

/// How often when the size is limited.
const OFTEN: Duration = Duration::from_secs(1);

/// Directories that grow as long as a download makes progress.
#[derive(Debug, Clone)]
pub struct StallTimeout {
    dirs: Vec<PathBuf>,
    patience: Duration,
    at_most: Option<(u64, String)>,
    seen: Option<(u64, u64)>,
    since: Instant,
    looked: Instant,
}

impl StallTimeout {
    /// The first check is after a quarter of `patience`: most downloads are done by then.
    pub fn of(dirs: Vec<PathBuf>, patience: Duration) -> Self {
        let now = Instant::now();
        StallTimeout {
            dirs,
            patience,
            at_most: None,
            seen: None,
            since: now,
            looked: now,
        }
    }

    /// Limits the size of what arrives, named `what` in the error: an endless response must not fill the disk.
    pub fn at_most(mut self, bytes: u64, what: &str) -> Self {
        self.at_most = Some((bytes, what.to_owned()));
        self
    }

    /// Whether nothing has arrived for `patience`.
    ///
    /// # Errors
    /// More has arrived than the limit.
    fn has_stopped(&mut self) -> Result<bool> {
        let quarter = self.patience / 4;
        let pause = self.at_most.as_ref().map_or(quarter, |_| quarter.min(OFTEN));
        if self.looked.elapsed() < pause {
            return Ok(false);
        }
        let seen = self.dirs.iter().map(|dir| content(dir));
        let seen = seen.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        self.looked = Instant::now();
        if let Some((most, what)) = self.at_most.as_ref().filter(|(most, _)| seen.1 > *most) {
            return Err(
                Error::integrity(format!("more than {} MiB arrived as {what}", most >> 20))
                    .help("nothing was kept; ask the operator of the server it came from"),
            );
        }
        if self.seen.replace(seen) != Some(seen) {
            self.since = self.looked;
        }
        Ok(self.since.elapsed() >= self.patience)
    }
}

/// The number of files and their total size.
fn content(path: &Path) -> (u64, u64) {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries
                .map(|entry| content(&entry.path()))
                .fold((1, 0), |all, one| (all.0 + one.0, all.1 + one.1))
        }
        Ok(meta) => (1, meta.len()),
        Err(_) => (0, 0),
    }
}

impl Invocation {
    /// As [`Invocation::output`] while the directories grow; otherwise kills the process and returns `None`.
    ///
    /// # Errors
    /// As [`Invocation::output`], or more has arrived than the limit.
    pub fn output_unless_stalled(&self, host: &Host, mut growth: StallTimeout) -> Result<Option<Output>> {
        let expression = self.expression(host).stdout_capture().stderr_capture();
        let handle =
            children::register(host, || expression.start(), duct::Handle::pids).map_err(|e| self.not_started(&e))?;
        loop {
            // A signal to us ends the process too; `finish` reports it.
            let ended = handle.wait_timeout(LOOK).map_err(|e| self.not_started(&e))?.cloned();
            if let Some(output) = ended {
                handle.finish()?;
                return Ok(Some(output));
            }
            let stopped = growth.has_stopped();
            if !matches!(stopped, Ok(false)) {
                handle.end(Signal::KILL);
                handle.wait().map_err(|e| self.not_started(&e))?;
                handle.finish()?;
                return stopped.map(|_| None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_without_growth() {
        let dir = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(200);
        let mut growth = StallTimeout::of(vec![dir.path().to_owned()], patience);
        let begun = Instant::now();
        for name in 0..20 {
            fs::write(dir.path().join(name.to_string()), "x").unwrap();
            assert!(!growth.has_stopped().unwrap(), "{:?}", begun.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        let begun = Instant::now();
        while !growth.has_stopped().unwrap() {
            std::thread::sleep(Duration::from_millis(20));
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        assert!(begun.elapsed() >= patience / 2);
        let mut growth = StallTimeout::of(vec![dir.path().to_owned()], patience).at_most(19, "x");
        std::thread::sleep(patience);
        assert!(
            growth
                .has_stopped()
                .unwrap_err()
                .message
                .contains("more than 0 MiB arrived as x")
        );
    }
}
