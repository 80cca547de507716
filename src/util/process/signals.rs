//! Ctrl-C and its kind: the processes under way are ended, then the run stops by an ordinary error and cleans up.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::util::error::{Error, Result};
use crate::util::process::{Ending, end_all, interrupted};

/// How long a process may take to heed one way of ending it, before the next and harder one.
const GRACE: Duration = Duration::from_secs(2);

/// How soon a signal is heeded by what waits.
const TICK: Duration = Duration::from_millis(50);

/// From now on, a first signal asks the processes under way to end, and makes them when they do not; a second one
/// makes them at once, and soon us too.
pub fn end_children() {
    // Without it the system's own way holds: we end at once.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    thread::spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 {
                end_all(Ending::Kill);
                thread::spawn(move || {
                    // Whatever does not heed a signal, such as a read of a dead network disk, holds nobody for ever.
                    thread::sleep(GRACE);
                    let _ = emulate_default_handler(signal);
                });
                continue;
            }
            let mut under_way = end_all(Ending::Interrupt);
            thread::spawn(move || {
                for harder in [Ending::Terminate, Ending::Kill] {
                    if under_way {
                        thread::sleep(GRACE);
                        under_way = end_all(harder);
                    }
                }
                // A loop or a read that does not look for signals holds nobody either.
                thread::sleep(GRACE);
                let _ = emulate_default_handler(signal);
            });
        }
    });
}

/// Sleeps for a moment.
///
/// # Errors
/// A signal asked us to stop.
pub fn sleep() -> Result<()> {
    if interrupted() {
        return Err(Error::interrupted());
    }
    thread::sleep(TICK);
    Ok(())
}

/// Does what may block (the network, a pipe) in a thread of its own, and waits for it no longer than for a signal or
/// for as long as `patience` lasts.
///
/// # Errors
/// A signal asked us to stop, or it took too long.
pub fn interruptible<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (tell, told) = sync_channel(1);
    thread::spawn(move || {
        // Nobody waits any more: the run has been stopped.
        let _ = tell.send(work());
    });
    let begun = Instant::now();
    loop {
        match told.recv_timeout(TICK) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Error::interrupted()),
            Err(RecvTimeoutError::Timeout) if begun.elapsed() < patience => {}
            Err(_) => return Err(Error::network(format!("nothing came for {} s", patience.as_secs()))),
        }
    }
}
