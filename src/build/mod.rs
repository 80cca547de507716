//! One job as one `go build`, as a value; and running it.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::build::assertions::{Assertions, is_about_assertions};
use crate::build::go_command::{files, linked_file, linked_key};
use crate::plan::Job;
use crate::toolchain::gc;
use crate::toolchain::go_messages::{explained, is_about_newer_go, newer_go};
use crate::toolchain::store::{ExclusiveLock, Store};
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::process::{Invocation, quoted};
use crate::util::version::GoVersion;

pub mod freshness;
pub mod fingerprint;
pub mod job_queue;
pub mod artifact;
pub mod assertions;
pub mod overlay;
pub mod go_command;
pub mod unit;

/// The question of a [list] as one that writes nothing: the build it is asked beside may be writing.
pub(crate) fn only_reading(mut list: Invocation) -> Invocation {
    const WRITING: &str = "-mod=mod";
    let goflags = list
        .set
        .get("GOFLAGS")
        .map(|flags| flags.to_string_lossy().into_owned());
    let in_args = |list: &Invocation| list.args.iter().any(|arg| arg.to_string_lossy().starts_with("-mod="));
    if !in_args(&list) && goflags.is_some_and(|flags| flags.contains(WRITING)) {
        list.args.insert(1, WRITING.into());
    }
    for arg in &mut list.args {
        if arg == WRITING {
            *arg = "-mod=readonly".into();
        }
    }
    list
}

/// Writes the overlay that the command names, and returns what it asserts.
///
/// # Errors
/// A registerer that is none, or a file that cannot be read or written.
pub fn assertions(job: &Job, go: &Invocation, host: &Host, store: &Store) -> Result<Assertions> {
    overlay::write(job, &linked_key(job), store, || files(go, host))
}

/// A linked file, ours until this is dropped: another copy, or another job of ours, may want to link it too.
#[derive(Debug)]
pub struct Linked {
    pub file: PathBuf,
    _lock: ExclusiveLock,
}

/// Runs the go command, which says its lines to `say`; returns the file as it was linked.
///
/// # Errors
/// The go command's own words, whole, and what they mean where that is known.
pub fn run(job: &Job, go: &Invocation, host: &Host, store: &Store, mut say: impl FnMut(&str)) -> Result<Linked> {
    let file = linked_file(job, store);
    let lock = store.lock(&format!("linked-{}", linked_key(job)), || {
        say("     waiting another plugbuild is building the same plugin");
    })?;
    if let Some(dir) = file.parent() {
        gc::stamp(&store.folder(dir)?);
    }
    let assertions = assertions(job, go, host, store)?;
    for warning in &assertions.warnings {
        say(&format!("warning: {warning}"));
    }
    if job.seal.as_ref().is_some_and(|seal| seal.holds(&file)) {
        return Ok(Linked { file, _lock: lock });
    }
    fingerprint::lift(&file, job);
    let began = SystemTime::now();
    let mut translated = false;
    let (built, witness) = std::thread::scope(|scope| {
        let witness = job
            .seal
            .is_some()
            .then(|| scope.spawn(|| fingerprint::witness(job, go, host, began)));
        // An orphan of ours, should we be killed, may still write the linked file: nobody else does until it has ended.
        let built = go.stream_locked(lock.file(), host, |line| {
            translated = is_about_assertions(line) || translated && line.starts_with('\t');
            if !translated {
                say(line);
            }
        });
        (built, witness.and_then(|witness| witness.join().ok().flatten()))
    });
    let (status, said) = built?;
    if status.success() {
        if let Some(witness) = witness {
            fingerprint::put(witness, job, &file);
        }
        return Ok(Linked { file, _lock: lock });
    }
    if let Some(error) = assertions.told(&said, &job.gateway.label) {
        return Err(error);
    }
    let what = format!("go build of {} for {} failed", job.plugin.module.path, job.target.value);
    let error = Error::build(what);
    let help = explained(&said, job, host).or_else(|| too_low_a_line(&said, job));
    Err(match (help, &job.prepared.alignment) {
        (Some(help), _) => error.help(help),
        // What a newer language or library has is not to be blamed on the version of a module.
        (None, _) if is_about_newer_go(&said, job) => error.help(newer_go(job)),
        (None, Some(alignment)) => alignment.blamed(error, &said, &job.gateway.label),
        (None, None) => error,
    })
}

/// Signs that go.mod or go.sum lacks what the sources need.
pub(crate) const OUT_OF_DATE: [&str; 4] = [
    "missing go.sum entry",
    "updates to go.mod needed",
    "updates to go.sum needed",
    "no required module provides",
];

/// Whether a line names a package of the plugin's own module that did not compile; of a main package the go command names
/// the folder's path.
pub(crate) fn is_own_package(line: &str, job: &Job) -> bool {
    let own = &job.plugin.module.path;
    let below = line
        .strip_prefix("# ")
        .and_then(|package| package.strip_prefix(own.as_str()));
    below.is_some_and(|below| below.is_empty() || below.starts_with(['/', ' ']))
}

/// The help for sources of a language that the gateway's Go knows, and that their own module's go line rules out.
fn too_low_a_line(said: &str, job: &Job) -> Option<String> {
    let needs = |line: &str| {
        let (_, rest) = line.split_once(" requires go")?;
        rest.split_once(" or later (-lang was set to ")?
            .0
            .parse::<GoVersion>()
            .ok()
    };
    let needed = said.lines().filter_map(needs).max()?;
    if needed.line() > job.gateway.go.line() {
        return None;
    }
    let module = &job.plugin.module;
    let own = said.lines().any(|line| is_own_package(line, job));
    Some(match own {
        true => format!(
            "it is written in the language of Go {needed}, and the go line of {} says less: `cd {} && go mod edit -go={needed}`",
            module.path,
            quoted(module.root.as_os_str())
        ),
        false => format!("a module is written in the language of Go {needed}, and its go line says less"),
    })
}
