//! Which job runs when: several at once, but the first of a group goes ahead, and the others find what it compiled in
//! the build cache.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::util::error::{Error, ErrorKind, Result};

/// The waiting, running and finished jobs.
#[derive(Debug)]
struct State<T> {
    waiting: Vec<usize>,
    /// Groups whose first job is running.
    ahead: HashSet<usize>,
    /// Groups whose first job has ended.
    warm: HashSet<usize>,
    results: Vec<Option<Result<T>>>,
    stopped: bool,
}

impl<T> State<T> {
    /// The first job that may start now.
    fn pick(&self, kinds: &[usize]) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let ready = |at: &&usize| {
            let kind = kinds[**at];
            self.warm.contains(&kind) || !self.ahead.contains(&kind)
        };
        self.waiting.iter().find(ready).copied()
    }

    fn start(&mut self, at: usize, kinds: &[usize]) {
        self.waiting.retain(|waiting| *waiting != at);
        self.ahead.insert(kinds[at]);
    }

    fn end(&mut self, at: usize, kinds: &[usize], result: Result<T>, keep_going: bool) {
        let interrupted = matches!(
            &result,
            Err(Error {
                kind: ErrorKind::Interrupted,
                ..
            })
        );
        self.stopped |= result.is_err() && (!keep_going || interrupted);
        self.warm.insert(kinds[at]);
        self.results[at] = Some(result);
    }
}

/// Runs `work` for each job, at most `slots` at once. A job that was not started, because an earlier one failed and
/// `keep_going` was not given, has no result.
pub(crate) fn run<T: Send>(
    kinds: &[usize],
    slots: usize,
    keep_going: bool,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Vec<Option<Result<T>>> {
    let state = Mutex::new(State {
        waiting: (0..kinds.len()).collect(),
        ahead: HashSet::new(),
        warm: HashSet::new(),
        results: kinds.iter().map(|_| None).collect(),
        stopped: false,
    });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let worker = || {
        let mut held = lock();
        loop {
            if let Some(at) = held.pick(kinds) {
                held.start(at, kinds);
                drop(held);
                let result = work(at);
                held = lock();
                held.end(at, kinds, result, keep_going);
                changed.notify_all();
            } else if held.waiting.is_empty() || held.stopped {
                return;
            } else {
                held = changed.wait(held).unwrap_or_else(PoisonError::into_inner);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..slots.clamp(1, kinds.len().max(1)) {
            scope.spawn(worker);
        }
    });
    state.into_inner().unwrap_or_else(PoisonError::into_inner).results
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_of_a_kind_goes_ahead_and_kinds_run_side_by_side() {
        let log = Mutex::new(Vec::new());
        let results = run(&[0, 0, 1, 1], 4, false, |at| {
            log.lock().unwrap().push((at, "starts"));
            std::thread::sleep(Duration::from_millis(if at == 0 { 60 } else { 20 }));
            log.lock().unwrap().push((at, "ends"));
            Ok(at)
        });
        let log = log.into_inner().unwrap();
        let when = |what| log.iter().position(|entry| *entry == what).unwrap();
        assert!(when((0, "ends")) < when((1, "starts")));
        assert!(when((2, "ends")) < when((3, "starts")));
        assert!(
            when((2, "starts")) < when((0, "ends")),
            "the two kinds did not run at once: {log:?}"
        );
        assert_eq!(
            results.into_iter().map(|r| r.unwrap().unwrap()).collect::<Vec<_>>(),
            [0, 1, 2, 3]
        );
    }

    #[test]
    fn no_more_than_the_slots_run_at_once() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let kinds: Vec<usize> = (0..12).collect();
        run(&kinds, 3, false, |_| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_failure_stops_what_was_not_begun_unless_it_goes_on() {
        let fail_first = |at: usize| if at == 0 { Err(Error::build("no")) } else { Ok(at) };
        let results = run(&[0, 1, 2], 1, false, fail_first);
        assert!(results[0].as_ref().is_some_and(Result::is_err) && results[1].is_none() && results[2].is_none());
        let results = run(&[0, 1, 2], 1, true, fail_first);
        assert!(results[0].as_ref().is_some_and(Result::is_err) && results[2].as_ref().is_some_and(Result::is_ok));
        let results = run(&[0, 1], 1, true, |_| Err::<(), _>(Error::interrupted()));
        assert!(results[1].is_none(), "an interrupted run went on");
    }
}
