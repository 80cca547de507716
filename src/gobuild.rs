//! One job as one `go build`, as a value; and running it.

use std::ffi::OsString;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::invocation::{Invocation, quoted};
use crate::matrix::Matrix;
use crate::plan::Job;
use crate::toolchain::Tools;
use crate::toolchain::fetch::hex;
use crate::toolchain::store::{Lock, Store};
use crate::toolchain::wrapper::toolexec;
use crate::ui::Ui;

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
    let own = format!("'-extldflags={}'", external.join(" "));
    match flags.iter_mut().rfind(|flag| flag.starts_with("-ldflags=")) {
        Some(ldflags) => {
            ldflags.push(' ');
            ldflags.push_str(&own);
        }
        None => flags.push(format!("-ldflags={own}")),
    }
    flags
}

/// Held while one copy of plugbuild builds this plugin for this target: two would write the same file.
///
/// # Errors
/// The store cannot be written.
pub fn lock(job: &Job, store: &Store, ui: &Ui) -> Result<Lock> {
    store.lock(&format!("linked-{}", key(job)), || {
        ui.status("waiting", "another plugbuild is building the same plugin");
    })
}

/// Where the go command links to. It stays there as it was linked: the next run's up-to-date check reads its build ID,
/// which the finished file no longer has.
#[must_use]
pub fn linked_file(job: &Job, store: &Store) -> PathBuf {
    store.linked(&key(job)).join(format!("{}.so", job.plugin.name()))
}

/// What tells one linked file from another.
fn key(job: &Job) -> String {
    let gateway = &job.gateway;
    let mut hash = Sha256::new();
    let go = gateway.go.to_string();
    let target = job.target.value.to_string();
    for part in [&gateway.label, &go, &target, &gateway.module_cache, &gateway.main_root] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(job.plugin.dir.as_os_str().as_encoded_bytes());
    hex(&hash.finalize()[..8])
}

/// Runs the go command; returns the file as it was linked.
///
/// # Errors
/// The go command's own words, whole, and what they mean where that is known.
pub fn run(job: &Job, go: &Invocation, host: &Host, store: &Store, ui: &Ui) -> Result<PathBuf> {
    let linked = linked_file(job, store);
    if let Some(dir) = linked.parent() {
        store.folder(dir)?;
    }
    let (status, said) = go.stream(host, |line| ui.pass_on(line))?;
    if status.success() {
        return Ok(linked);
    }
    let what = format!("go build of {} for {} failed", job.plugin.module.path, job.target.value);
    let error = Error::build(what);
    let error = match &job.alignment {
        Some(alignment) => alignment.blamed(error, &said, &job.gateway.label),
        None => error,
    };
    Err(explain(error, &said, job))
}

/// What the go command's words mean to somebody who builds a plugin.
fn explain(error: Error, said: &str, job: &Job) -> Error {
    let dir = quoted(job.plugin.dir.as_os_str());
    let known: [(&[&str], String); 6] = [
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
                "module lookup disabled",
            ],
            "modules that are missing could not be fetched: check GOPROXY and the network".to_owned(),
        ),
        (
            &["no space left on device"],
            "the disk is full: GOCACHE, GOTMPDIR and the store need room".to_owned(),
        ),
    ];
    known
        .into_iter()
        .find(|(signs, _)| signs.iter().any(|sign| said.contains(sign)))
        .map_or(error.clone(), |(_, help)| error.help(help))
}
