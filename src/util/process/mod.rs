//! A command as a value: `--dry-run` prints the very value that a build runs. The only place that starts processes.

pub mod background;
pub mod descendants;
pub mod stall;
pub mod signals;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{ExitStatus, Output};

use crate::util::error::{Error, Result};
use crate::util::host::Host;

/// A process to run: program, arguments, directory, and how its environment differs from ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub cwd: PathBuf,
    /// The variables to set.
    pub env: BTreeMap<String, OsString>,
    /// The variables to remove from ours.
    pub env_removed: Vec<String>,
}

impl Invocation {
    pub fn new(program: impl Into<PathBuf>, cwd: impl Into<PathBuf>) -> Self {
        Invocation {
            program: program.into(),
            args: Vec::new(),
            cwd: cwd.into(),
            env: BTreeMap::new(),
            env_removed: Vec::new(),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    pub fn env_remove(mut self, name: &str) -> Self {
        self.env_removed.push(name.to_owned());
        self
    }

    /// Runs the process without standard input and returns its output; a non-zero exit status is not an error.
    ///
    /// # Errors
    /// The program cannot be started, or the run was interrupted.
    pub fn output(&self, host: &Host) -> Result<Output> {
        let expression = self.expression(host).stdout_capture().stderr_capture();
        let handle =
            children::register(host, || expression.start(), duct::Handle::pids).map_err(|e| self.not_started(&e))?;
        let output = handle.wait().map_err(|e| self.not_started(&e))?.clone();
        handle.finish()?;
        Ok(output)
    }

    /// Runs the process and passes on each line of both streams as it arrives. Returns the exit status and all output.
    ///
    /// # Errors
    /// As [`Invocation::output`].
    pub fn stream(&self, host: &Host, line: impl FnMut(&str)) -> Result<(ExitStatus, String)> {
        self.stream_with(None, host, line)
    }

    /// The same with a locked file as standard input, so that the lock lasts until the process exits, even if we die
    /// first.
    ///
    /// # Errors
    /// As [`Invocation::output`].
    pub fn stream_locked(&self, lock: &File, host: &Host, line: impl FnMut(&str)) -> Result<(ExitStatus, String)> {
        let lock = lock.try_clone().map_err(|e| self.not_started(&e))?;
        self.stream_with(Some(lock), host, line)
    }

    fn stream_with(
        &self,
        input: Option<File>,
        host: &Host,
        mut line: impl FnMut(&str),
    ) -> Result<(ExitStatus, String)> {
        let expression = self.expression_with(input, host).stderr_to_stdout();
        let handle = children::register(host, || expression.reader(), duct::ReaderHandle::pids)
            .map_err(|e| self.not_started(&e))?;
        let (mut output, mut raw) = (String::new(), Vec::new());
        let mut reader = BufReader::new(&*handle);
        while reader.read_until(b'\n', &mut raw).map_err(|e| self.not_started(&e))? > 0 {
            let text = String::from_utf8_lossy(&raw);
            line(text.trim_end_matches('\n'));
            output.push_str(&text);
            raw.clear();
        }
        let status = handle
            .try_wait()
            .map_err(|e| self.not_started(&e))?
            .map(|output| output.status);
        handle.finish()?;
        let status = status.ok_or_else(|| self.not_started(&io::ErrorKind::UnexpectedEof.into()))?;
        Ok((status, output))
    }

    fn expression(&self, host: &Host) -> duct::Expression {
        self.expression_with(None, host)
    }

    fn expression_with(&self, input: Option<File>, host: &Host) -> duct::Expression {
        let group = !host.interactive;
        let command = duct::cmd(&self.program, &self.args);
        let command = match input {
            Some(file) => command.stdin_file(file),
            None => command.stdin_null(),
        };
        command
            .full_env(self.environment(host))
            .dir(&self.cwd)
            .unchecked()
            .before_spawn(move |command| {
                // A process group of its own can be killed as a whole. With a terminal, the process stays in ours:
                // Ctrl-C reaches it from there, and git or ssh can still prompt for a password.
                if group {
                    std::os::unix::process::CommandExt::process_group(command, 0);
                }
                Ok(())
            })
    }

    fn not_started(&self, why: &io::Error) -> Error {
        if interrupted() {
            return Error::interrupted();
        }
        Error::tool_missing(format!("cannot run {}: {why}", self.program.display()))
    }

    fn environment(&self, host: &Host) -> BTreeMap<OsString, OsString> {
        let mut env = host.env.clone();
        env.retain(|name, _| !self.env_removed.iter().any(|u| name == OsStr::new(u)));
        env.extend(self.env.iter().map(|(k, v)| (k.into(), v.clone())));
        env
    }
}

/// One line for a POSIX shell.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cd {} && env", quoted(self.cwd.as_os_str()))?;
        for name in &self.env_removed {
            write!(f, " -u {name}")?;
        }
        for (name, value) in &self.env {
            write!(f, " {name}={}", quoted(value))?;
        }
        write!(f, " {}", quoted(self.program.as_os_str()))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

/// Quotes a word for a POSIX shell.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=./:,@%^".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

pub use children::{Ending, interrupted, signal_all};

/// The running processes, so that a signal to us ends them too.
mod children {
    use std::io;
    use std::ops::Deref;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};

    use crate::util::error::{Error, Result};
    use crate::util::host::Host;
    use crate::util::process::descendants::{Process, descendants};

    struct Child {
        pids: Vec<u32>,
        own_group: bool,
        /// Without a process group: the descendants seen when it was signalled.
        descendants: Vec<Process>,
    }

    static RUNNING: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);

    fn running() -> MutexGuard<'static, Vec<Child>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A running process that stays registered until it is dropped.
    pub(crate) struct Registered<H> {
        handle: H,
        pids: Vec<u32>,
        own_group: bool,
    }

    /// Starts and registers a process under the lock, so that no signal can miss it.
    pub(crate) fn register<H>(
        host: &Host,
        start: impl FnOnce() -> io::Result<H>,
        pids: impl FnOnce(&H) -> Vec<u32>,
    ) -> io::Result<Registered<H>> {
        let mut running = running();
        if interrupted() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let handle = start()?;
        let pids = pids(&handle);
        let own_group = !host.interactive;
        running.push(Child {
            pids: pids.clone(),
            own_group,
            descendants: Vec::new(),
        });
        Ok(Registered {
            handle,
            pids,
            own_group,
        })
    }

    impl<H> Registered<H> {
        /// Signals this process, or its group if it has one. Only before it has been waited for.
        pub(crate) fn end(&self, signal: Signal) {
            for child in running().iter_mut().filter(|child| child.pids == self.pids) {
                child.end(signal);
            }
        }

        /// Marks the process as exited and kills what it left running. An error if it was interrupted.
        pub(crate) fn finish(self) -> Result<()> {
            if !interrupted() {
                return Ok(());
            }
            if self.own_group {
                self.pids.iter().for_each(|pid| send(*pid, true, Signal::KILL));
            }
            for child in running().iter().filter(|child| child.pids == self.pids) {
                child
                    .descendants
                    .iter()
                    .for_each(|relative| relative.send(Signal::KILL));
            }
            Err(Error::interrupted())
        }
    }

    impl<H> Deref for Registered<H> {
        type Target = H;
        fn deref(&self) -> &H {
            &self.handle
        }
    }

    impl<H> Drop for Registered<H> {
        fn drop(&mut self) {
            running().retain(|child| child.pids != self.pids);
        }
    }

    /// Whether a signal has asked us to stop.
    pub fn interrupted() -> bool {
        INTERRUPTED.load(Ordering::SeqCst)
    }

    /// The ways to end a process, gentlest first.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Ending {
        /// As Ctrl-C does: pip and git clean up.
        Interrupt,
        Terminate,
        Kill,
    }

    /// Signals every running process, or its group if it has one, and returns whether there are any. From now on no
    /// process can be started.
    pub fn signal_all(how: Ending) -> bool {
        INTERRUPTED.store(true, Ordering::SeqCst);
        let signal = match how {
            Ending::Interrupt => Signal::INT,
            Ending::Terminate => Signal::TERM,
            Ending::Kill => Signal::KILL,
        };
        let mut running = running();
        running.iter_mut().for_each(|child| child.end(signal));
        !running.is_empty()
    }

    impl Child {
        fn end(&mut self, signal: Signal) {
            if !self.own_group {
                // Stopped processes cannot start others between the look and the kill.
                while self.refresh() && signal == Signal::KILL {
                    self.descendants.iter().for_each(|relative| relative.send(Signal::STOP));
                }
                self.descendants.iter().for_each(|relative| relative.send(signal));
            }
            self.pids.iter().for_each(|pid| send(*pid, self.own_group, signal));
        }

        /// Adds new descendants. Those of an exited process are no longer its descendants, and may start more
        /// themselves.
        fn refresh(&mut self) -> bool {
            let known: Vec<u32> = self
                .pids
                .iter()
                .copied()
                .chain(self.descendants.iter().map(Process::pid))
                .collect();
            let before = self.descendants.len();
            for found in descendants(&known) {
                if !self.descendants.contains(&found) {
                    self.descendants.push(found);
                }
            }
            self.descendants.len() > before
        }
    }

    /// Ignores a process that has just exited.
    fn send(pid: u32, group: bool, signal: Signal) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            let _ = if group {
                kill_process_group(pid, signal)
            } else {
                kill_process(pid, signal)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_a_shell_command() {
        let invocation = Invocation::new("/opt/go/bin/go", "/home/a user/it's")
            .args(["build", "-gcflags=all=-trimpath=/m=>/go;/r=>/app", ""])
            .env("CC", "zig cc")
            .env_remove("GOROOT");
        assert_eq!(
            invocation.to_string(),
            r"cd '/home/a user/it'\''s' && env -u GOROOT CC='zig cc' /opt/go/bin/go build '-gcflags=all=-trimpath=/m=>/go;/r=>/app' ''"
        );
    }
}
