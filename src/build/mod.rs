//! Links a unit: by one `go build`, or not at all if its fingerprint says that nothing has changed.

use std::time::SystemTime;

use crate::build::assertions::{Assertions, is_about_assertions};
use crate::build::unit::{Fingerprint, ReadyUnit, Unit};
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::go_list::unfetched;
use crate::toolchain::gc;
use crate::toolchain::go_messages::{explained, is_about_newer_go, newer_go, too_low_a_line};
use crate::toolchain::session::Session;
use crate::toolchain::store::ExclusiveLock;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::host::Host;

pub(crate) mod freshness;
pub(crate) mod fingerprint;
pub(crate) mod job_queue;
pub(crate) mod artifact;
pub(crate) mod assertions;
pub(crate) mod overlay;
pub(crate) mod go_command;
pub(crate) mod unit;

/// Adds the modules to a unit: the command that builds it is known now.
pub(crate) fn ready(
    unit: Unit,
    overlay: ModuleOverlay,
    fingerprint: Option<Fingerprint>,
    session: &Session,
) -> ReadyUnit {
    let go = go_command::build(&unit, &overlay, session);
    let Unit { job, toolchain, linked } = unit;
    ReadyUnit {
        job,
        toolchain,
        linked,
        overlay,
        go,
        fingerprint,
    }
}

/// Writes the overlay that the command names, and returns its assertions.
///
/// # Errors
/// An invalid registerer, or a file that cannot be read or written.
pub(crate) fn assertions(unit: &ReadyUnit, session: &Session) -> Result<Assertions> {
    overlay::write(&unit.job, &unit.linked, &session.store, || {
        go_command::files(&unit.go, &session.host)
    })
}

/// A linked file, locked until this is dropped: another process, or another job of ours, may want to link it too.
#[derive(Debug)]
pub(crate) struct Linked {
    _lock: ExclusiveLock,
}

/// Runs the go command, whose lines go to `say`; it uses this many `cores` if other builds run at the same time.
///
/// # Errors
/// The go command's full output, with help if the error is known.
pub(crate) fn link(
    unit: &ReadyUnit,
    session: &Session,
    cores: Option<usize>,
    mut say: impl FnMut(&str),
) -> Result<Linked> {
    let Session { host, store, .. } = session;
    let lock = store.lock(&format!("linked-{}", unit.linked.key), || {
        say("     waiting another plugbuild is building the same plugin");
    })?;
    gc::touch(&store.ensure_dir(&unit.linked.dir)?);
    let assertions = assertions(unit, session)?;
    for warning in &assertions.warnings {
        say(&format!("warning: {warning}"));
    }
    let fingerprint = unit.fingerprint.as_ref();
    if fingerprint.is_some_and(|fingerprint| fingerprint.matches(&unit.linked.path)) {
        return Ok(Linked { _lock: lock });
    }
    fingerprint::invalidate(unit);
    let began = SystemTime::now();
    let mut translated = false;
    let (built, inputs) = std::thread::scope(|scope| {
        let inputs = fingerprint.map(|_| scope.spawn(|| fingerprint::snapshot(unit, host, began)));
        // An orphan of ours, should we be killed, may still write the linked file: nobody else does until it has ended.
        let go = match cores {
            Some(cores) => unit.go.clone().env("GOMAXPROCS", cores.to_string()),
            None => unit.go.clone(),
        };
        let built = go.stream_locked(lock.file(), host, |line| {
            translated = is_about_assertions(line) || translated && line.starts_with('\t');
            if !translated {
                say(line);
            }
        });
        (built, inputs.and_then(|inputs| inputs.join().ok().flatten()))
    });
    let (status, output) = built?;
    if status.success() {
        if let Some(inputs) = inputs {
            fingerprint::save(inputs, unit);
        }
        return Ok(Linked { _lock: lock });
    }
    Err(failure(unit, &output, &assertions, host))
}

/// Explains the go command's failure.
fn failure(unit: &ReadyUnit, output: &str, assertions: &Assertions, host: &Host) -> Error {
    let job = &unit.job;
    if let Some(error) = assertions.explain(output, &job.gateway.title()) {
        return error;
    }
    let what = format!("go build of {} for {} failed", job.plugin.module.path, job.target.value);
    let error = match unfetched::kind(output, &unit.go, host) {
        Ok(kind) => Error::new(kind.unwrap_or(ErrorKind::Build), what),
        Err(why) => return why,
    };
    let help = explained(output, job, host).or_else(|| too_low_a_line(output, job));
    match (help, &unit.overlay.alignment) {
        (Some(help), _) => error.help(help),
        // What a newer language or library has is not the fault of a module's version.
        (None, _) if is_about_newer_go(output, job) => error.help(newer_go(job)),
        (None, Some(alignment)) => alignment.explain_failure(error, output, &job.gateway.label),
        (None, None) => error,
    }
}
