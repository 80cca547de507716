//! Ctrl-C and its kind: the processes under way are ended, then the run stops by an ordinary error and cleans up.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::invocation::end_all;

/// From now on, a first signal asks the processes under way to end, a second one makes them.
pub fn end_children() {
    // Without it the system's own way holds: we end at once.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    std::thread::spawn(move || {
        for (count, _) in signals.forever().enumerate() {
            end_all(count > 0);
        }
    });
}
