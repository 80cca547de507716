//! A process that fetches, and is given up when nothing comes: the go command itself waits for a proxy without end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Invocation, children};
use crate::error::Result;
use crate::host::Host;

/// How often it is asked whether folders grow.
const LOOK: Duration = Duration::from_millis(200);

/// Folders that grow as long as something is fetched into them.
#[derive(Debug, Clone)]
pub struct Growth {
    folders: Vec<PathBuf>,
    patience: Duration,
    seen: Option<(u64, u64)>,
    since: Instant,
    looked: Instant,
}

impl Growth {
    /// Nothing is looked at in the first quarter of `patience`: most are done by then.
    #[must_use]
    pub fn of(folders: Vec<PathBuf>, patience: Duration) -> Self {
        let now = Instant::now();
        Growth {
            folders,
            patience,
            seen: None,
            since: now,
            looked: now,
        }
    }

    /// Whether nothing has come for so long.
    fn has_stopped(&mut self) -> bool {
        if self.looked.elapsed() < self.patience / 4 {
            return false;
        }
        let seen = self.folders.iter().map(|dir| content(dir));
        let seen = seen.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        self.looked = Instant::now();
        if self.seen.replace(seen) != Some(seen) {
            self.since = self.looked;
        }
        self.since.elapsed() >= self.patience
    }
}

/// How many files, and of how many bytes.
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
    /// As [`Invocation::output`], as long as the folders grow; else it is ended, and there is no output.
    ///
    /// # Errors
    /// As [`Invocation::output`].
    pub fn output_while(&self, host: &Host, mut growth: Growth) -> Result<Option<Output>> {
        let expression = self.expression(host).stdout_capture().stderr_capture();
        let handle =
            children::register(host, || expression.start(), duct::Handle::pids).map_err(|e| self.not_started(&e))?;
        loop {
            // A signal to us ends the process too, and is told by `finish`.
            let ended = handle.wait_timeout(LOOK).map_err(|e| self.not_started(&e))?.cloned();
            if let Some(output) = ended {
                handle.finish()?;
                return Ok(Some(output));
            }
            if growth.has_stopped() {
                handle.end(Signal::KILL);
                handle.wait().map_err(|e| self.not_started(&e))?;
                handle.finish()?;
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_goes_on_and_what_does_not_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(200);
        let mut growth = Growth::of(vec![dir.path().to_owned()], patience);
        let begun = Instant::now();
        for name in 0..20 {
            fs::write(dir.path().join(name.to_string()), "x").unwrap();
            assert!(!growth.has_stopped(), "{:?}", begun.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        let begun = Instant::now();
        while !growth.has_stopped() {
            std::thread::sleep(Duration::from_millis(20));
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        assert!(begun.elapsed() >= patience / 2);
    }
}
