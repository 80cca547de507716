//! A process that runs in the background: its lines as they arrive, and its end.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::util::error::Result;
use crate::util::host::Host;
use crate::util::process::{Invocation, children};

/// A running process; dropping it kills the process.
pub struct Background {
    child: Arc<children::Registered<duct::ReaderHandle>>,
    receiver: Receiver<String>,
    /// All lines so far.
    pub lines: Vec<String>,
    ended: bool,
}

/// The result of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOutcome {
    /// `found` returned true.
    Found,
    /// The process closed its output, so it has exited.
    Ended,
    TimedOut,
}

impl Invocation {
    /// Starts the process without waiting for it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn spawn(&self, host: &Host) -> Result<Background> {
        let expression = self.expression(host).stderr_to_stdout();
        let child = children::register(host, || expression.reader(), duct::ReaderHandle::pids)
            .map_err(|e| self.not_started(&e))?;
        let child = Arc::new(child);
        let (send, receiver) = channel();
        let reading = Arc::clone(&child);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(&**reading);
            let mut raw = Vec::new();
            while reader.read_until(b'\n', &mut raw).is_ok_and(|read| read > 0) {
                let line = String::from_utf8_lossy(&raw);
                if send.send(line.trim_end_matches('\n').to_owned()).is_err() {
                    break;
                }
                raw.clear();
            }
        });
        Ok(Background {
            child,
            receiver,
            lines: Vec::new(),
            ended: false,
        })
    }
}

impl Background {
    /// Collects lines until `found` returns true (called several times a second), the process exits, or time is up.
    pub fn wait(&mut self, patience: Duration, mut found: impl FnMut(&[String]) -> bool) -> WaitOutcome {
        let until = Instant::now() + patience;
        loop {
            if found(&self.lines) {
                return WaitOutcome::Found;
            }
            match self.receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => self.lines.push(line),
                Err(RecvTimeoutError::Disconnected) => {
                    self.ended = true;
                    return WaitOutcome::Ended;
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > until || crate::util::process::interrupted() => {
                    return WaitOutcome::TimedOut;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Terminates the process, then kills it.
    pub fn stop(&mut self) {
        for signal in [Signal::TERM, Signal::KILL] {
            if !self.ended {
                self.child.end(signal);
                self.wait(Duration::from_secs(3), |_| false);
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.ended {
            self.child.end(Signal::KILL);
        }
    }
}
