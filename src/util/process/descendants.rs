//! A process's descendants, from /proc; empty on other systems.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process, distinguished from a later one with the same id by its start time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pid: i32,
    parent: i32,
    began: u64,
}

impl Process {
    fn read(pid: i32) -> Option<Process> {
        parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Signals the process if it still exists.
    pub(crate) fn send(&self, signal: Signal) {
        let there = Process::read(self.pid).is_some_and(|now| now.began == self.began);
        if let (true, Some(pid)) = (there, Pid::from_raw(self.pid)) {
            // It may just have exited.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Parses /proc/N/stat: the name in brackets may contain anything, so parsing starts after the last bracket.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some(Process {
        pid,
        parent: fields.nth(1)?.parse().ok()?,
        began: fields.nth(17)?.parse().ok()?,
    })
}

impl PartialEq for Process {
    /// The parent is ignored: it changes when the parent exits.
    fn eq(&self, other: &Process) -> bool {
        (self.pid, self.began) == (other.pid, other.began)
    }
}

/// The descendants of some processes.
pub(crate) fn descendants(pids: &[u32]) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<Process> = entries
        .filter_map(|entry| Process::read(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut found: Vec<Process> = Vec::new();
    let mut parents: Vec<i32> = pids.iter().filter_map(|pid| i32::try_from(*pid).ok()).collect();
    while let Some(parent) = parents.pop() {
        let children = all.iter().filter(|one| one.parent == parent && !found.contains(one));
        let children: Vec<Process> = children.copied().collect();
        parents.extend(children.iter().map(|child| child.pid));
        found.extend(children);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_line_with_any_process_name() {
        let line = "77 (a) b (c)) S 42 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1000 2";
        let read = parse(77, line).unwrap();
        assert_eq!((read.parent, read.began), (42, 98765));
        assert_eq!(parse(1, "1 (cut"), None);
    }
}
