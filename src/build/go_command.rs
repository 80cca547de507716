//! TODO src/build/go_command.rs

use std::ffi::OsString;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::build::overlay;
use crate::matrix::Matrix;
use crate::plan::{Job, ldflags};
use crate::toolchain::Toolchain;
use crate::toolchain::store::Store;
use crate::toolchain::wrapper::toolexec;
use crate::util::error::Result;
use crate::util::hash::hex;
use crate::util::host::Host;
use crate::util::process::Invocation;

/// The very command that builds a job.
#[must_use]
pub fn invocation(job: &Job, tools: &Toolchain, matrix: &Matrix, host: &Host, store: &Store) -> Invocation {
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
        .args(job.force.then_some("-a"))
        .args(job.prepared.flags())
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
    go.set.extend(job.prepared.env());
    go
}

/// The build's own environment and module flags, for a question to the go command about its package.
pub(crate) fn list(go: &Invocation, question: &[&str]) -> Invocation {
    let kept = |arg: &&OsString| {
        let text = arg.to_string_lossy();
        ["-mod=", "-modfile=", "-tags=", "-overlay="]
            .iter()
            .any(|flag| text.starts_with(flag))
    };
    let mut list = go.clone();
    list.args = std::iter::once("list")
        .chain(question.iter().copied())
        .map(Into::into)
        .collect();
    list.args.extend(go.args.iter().filter(kept).cloned());
    list.args.push(".".into());
    list
}

/// The files that are compiled for this target and with these tags; nothing where the go command does not say, as the build
/// then fails with its words.
pub(crate) fn files(go: &Invocation, host: &Host) -> Result<Option<Vec<String>>> {
    const TEMPLATE: &str = "{{range .GoFiles}}{{println .}}{{end}}{{range .CgoFiles}}{{println .}}{{end}}";
    let mut list = list(go, &["-f", TEMPLATE]);
    // The overlay is what the answer is for: it is not there yet.
    list.args
        .retain(|arg| !arg.to_string_lossy().starts_with(overlay::FLAG));
    let output = list.output(host)?;
    let files = String::from_utf8_lossy(&output.stdout);
    let files = files.lines().map(str::to_owned).collect();
    Ok(output.status.success().then_some(files))
}

/// The user's flags, with what the linker must know of the C compiler joined into one `-ldflags`.
pub(crate) fn linker_flags(job: &Job, tools: &Toolchain, matrix: &Matrix) -> Vec<String> {
    let quirks = tools.cc.quirks(job, matrix);
    let external: Vec<&str> = quirks.iter().flat_map(|q| &q.ext_ldflags).map(String::as_str).collect();
    let mut flags = job.own_flags();
    ldflags::add_external(&mut flags, &external);
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
