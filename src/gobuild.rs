//! One job as one `go build`, as a value; and running it.

use std::ffi::OsString;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::invocation::{Invocation, quoted};
use crate::matrix::Matrix;
use crate::plan::Job;
use crate::plan::flags::join_ldflags;
use crate::registerer::assertion::is_about_assertions;
use crate::registerer::overlay;
use crate::toolchain::Tools;
use crate::toolchain::cache;
use crate::toolchain::fetch::hex;
use crate::toolchain::store::{Lock, Store};
use crate::toolchain::wrapper::toolexec;

/// The very command that builds a job.
#[must_use]
pub fn invocation(job: &Job, tools: &Tools, matrix: &Matrix, host: &Host, store: &Store) -> Invocation {
    let [cc, cxx] = tools.cc.wrappers(job, matrix, store);
    let mut path = OsString::from(&tools.wrappers);
    path.push(":");
    path.push(tools.go.root.join("bin"));
    if let Some(rest) = host.var("PATH") {
        path.push(":");
        path.push(rest);
    }
    let mut go = Invocation::new(tools.go.program(), &job.plugin.dir)
        .arg("build")
        .args(&job.flags)
        .arg(format!("-toolexec={}", toolexec().name))
        .args(linker_flags(job, tools, matrix))
        .args(overlay::flag(job, &linked_key(job), store))
        .arg("-o")
        .arg(linked_file(job, store))
        .arg(".")
        .env("CC", cc.name)
        .env("CXX", cxx.name)
        .env("PATH", path)
        // The go command believes PWD; through a link it would find other folders than the rules have.
        .env("PWD", &job.plugin.dir)
        .env("PLUGBUILD_FILE_MAP", job.rules.c_text(&tools.go.root))
        .without("GOROOT")
        .without("GOTOOLDIR");
    go.set.extend(job.env.clone());
    go
}

/// The user's flags, with what the linker must know of the C compiler joined into one `-ldflags`.
fn linker_flags(job: &Job, tools: &Tools, matrix: &Matrix) -> Vec<String> {
    let quirks = tools.cc.quirks(job, matrix);
    let external: Vec<&str> = quirks.iter().flat_map(|q| &q.ext_ldflags).map(String::as_str).collect();
    let mut flags = job.user_flags.clone();
    if external.is_empty() {
        return flags;
    }
    join_ldflags(&mut flags, &format!("'-extldflags={}'", external.join(" ")));
    flags
}

/// Where the go command links to. It stays there as it was linked: the next run's up-to-date check reads its build ID,
/// which the finished file no longer has.
#[must_use]
pub fn linked_file(job: &Job, store: &Store) -> PathBuf {
    store.linked(&linked_key(job)).join(format!("{}.so", job.name))
}

/// What a linked file is of: two jobs with the same key share one, in turn.
pub(crate) fn linked_key(job: &Job) -> String {
    let gateway = &job.gateway;
    let mut hash = Sha256::new();
    let go = gateway.go.to_string();
    let target = job.target.value.to_string();
    for part in [&gateway.label, &go, &target, &gateway.module_cache, &gateway.main_root] {
        hash.update(part);
        hash.update([0]);
    }
    // Other flags make another file; both stay, so that neither is linked again at each turn.
    for flag in &job.user_flags {
        hash.update(flag);
        hash.update([0]);
    }
    hash.update(job.plugin.dir.as_os_str().as_encoded_bytes());
    hex(&hash.finalize()[..8])
}

/// A linked file, ours until this is dropped: another copy, or another job of ours, may want to link it too.
#[derive(Debug)]
pub struct Linked {
    pub file: PathBuf,
    _lock: Lock,
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
        cache::stamp(&store.folder(dir)?);
    }
    let assertions = overlay::write(job, &linked_key(job), store)?;
    for warning in &assertions.warnings {
        say(&format!("warning: {warning}"));
    }
    let mut translated = false;
    let (status, said) = go.stream(host, |line| {
        translated = is_about_assertions(line) || translated && line.starts_with('\t');
        if !translated {
            say(line);
        }
    })?;
    if status.success() {
        return Ok(Linked { file, _lock: lock });
    }
    if let Some(error) = assertions.told(&said, &job.gateway.label) {
        return Err(error);
    }
    let what = format!("go build of {} for {} failed", job.plugin.module.path, job.target.value);
    let error = Error::build(what);
    Err(match (explained(&said, job), &job.alignment) {
        (Some(help), _) => error.help(help),
        (None, Some(alignment)) => alignment.blamed(error, &said, &job.gateway.label),
        (None, None) => error,
    })
}

/// What the go command's words mean to somebody who builds a plugin: adds the help, where it is known.
pub(crate) fn explained(said: &str, job: &Job) -> Option<String> {
    let dir = quoted(job.plugin.dir.as_os_str());
    let known: [(&[&str], String); 7] = [
        (
            &[
                "requires exactly one main package",
                "no Go files in",
                "no non-test Go files in",
            ],
            format!("give the folder with `package main`: {dir} has none; `plugbuild PATH --gateway …`"),
        ),
        (
            &[
                "missing go.sum entry",
                "updates to go.mod needed",
                "updates to go.sum needed",
                "no required module provides",
            ],
            format!("bring go.mod and go.sum up to date: `cd {dir} && go mod tidy`"),
        ),
        (
            &["inconsistent vendoring"],
            format!("bring vendor/ up to date: `cd {dir} && go mod vendor`"),
        ),
        (
            &[
                "terminal prompts disabled",
                "could not read Username",
                "Permission denied (publickey",
            ],
            "a private module: GOPRIVATE, ~/.netrc and git's own credentials work as with the go command".to_owned(),
        ),
        (
            &[
                "dial tcp",
                "no such host",
                "i/o timeout",
                "connection refused",
                "connection reset",
                "unexpected EOF",
                "TLS handshake",
                ": 502 ",
                ": 503 ",
                ": 504 ",
                "module lookup disabled",
            ],
            "modules that are missing could not be fetched: check GOPROXY and the network, or bring them: `plugbuild bundle create FILE`".to_owned(),
        ),
        (
            &["no space left on device"],
            "the disk is full: GOCACHE, GOTMPDIR and the store need room".to_owned(),
        ),
        (
            &["runtime/cgo"],
            "Go's own C code comes first and did not compile: leave `--cc` and CC_… out, and zig compiles for every target".to_owned(),
        ),
    ];
    known
        .into_iter()
        .find(|(signs, _)| signs.iter().any(|sign| said.contains(sign)))
        .map(|(_, help)| help)
}
