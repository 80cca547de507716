//! Ctrl-C and similar signals: end the running processes, then stop with an ordinary error and clean up.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::util::error::{Error, Result};
use crate::util::process::{Ending, interrupted, signal_all};

/// How long a process may take to react before the next, harder signal.
const GRACE: Duration = Duration::from_secs(2);

/// How often a waiting loop checks for signals.
const TICK: Duration = Duration::from_millis(50);

/// Installs the handler: the first signal asks running processes to end, then kills them; a second one kills them
/// at once, and soon us too.
pub fn install_handlers() {
    // Without a handler the system's default applies: we exit at once.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    thread::spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 {
                signal_all(Ending::Kill);
                thread::spawn(move || {
                    // A read from a dead network disk does not react to signals.
                    thread::sleep(GRACE);
                    let _ = emulate_default_handler(signal);
                });
                continue;
            }
            let mut under_way = signal_all(Ending::Interrupt);
            thread::spawn(move || {
                for harder in [Ending::Terminate, Ending::Kill] {
                    if under_way {
                        thread::sleep(GRACE);
                        under_way = signal_all(harder);
                    }
                }
                // Nor does a loop or a read that never checks for them.
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

/// Runs blocking work (network, a pipe) in its own thread and waits until a signal arrives or `patience` is over.
///
/// # Errors
/// A signal asked us to stop, or it took too long.
pub fn interruptible<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        // After an interrupt, nobody receives this.
        let _ = sender.send(work());
    });
    let begun = Instant::now();
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Error::interrupted()),
            Err(RecvTimeoutError::Timeout) if begun.elapsed() < patience => {}
            Err(_) => return Err(Error::network(format!("nothing arrived for {} s", patience.as_secs()))),
        }
    }
}
