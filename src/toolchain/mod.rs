//! The tools of a plan: where each is, or will be had from; then, in one step, whatever is missing is fetched.

pub mod archive;
pub mod cache;
pub mod cc;
pub mod digest;
pub mod fetch;
pub mod go;
pub mod goroot;
pub mod manifest;
pub mod official;
pub mod record;
pub mod store;
pub mod tree;
pub mod way;
pub mod wrapper;
pub mod zig;

use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::matrix::Matrix;
use crate::plan::{CcWish, Job, Plan};
use crate::ui::Ui;
use cc::Cc;
use go::Go;
use store::Store;
use wrapper::Wrapper;

/// Whether a tool is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ready,
    Missing,
}

/// A job with its tools.
#[derive(Debug, Clone)]
pub struct Tools {
    pub go: Go,
    pub cc: Cc,
    /// First on PATH of the build: the folder of the wrappers.
    pub wrappers: PathBuf,
}

impl Tools {
    /// The scripts this build calls by name.
    #[must_use]
    pub fn scripts(&self, job: &Job, matrix: &Matrix, store: &Store) -> Vec<Wrapper> {
        let mut scripts = vec![wrapper::toolexec()];
        scripts.extend(self.cc.wrappers(job, matrix, store));
        scripts
    }

    /// What would be fetched.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        let go = (self.go.state == State::Missing).then(|| format!("Go {}: to be {}", self.go.version, self.go.why));
        let zig = self.cc.zig.as_ref().filter(|zig| zig.state == State::Missing);
        go.into_iter()
            .chain(zig.map(|zig| format!("zig {}: to be {}", zig.version, zig.why)))
    }
}

/// Looks for the tools of every job, in the plan's order; writes nothing.
///
/// # Errors
/// A tool that was named and is not there.
pub fn resolve(plan: &Plan, matrix: &Matrix, host: &Host, store: &Store, offline: bool) -> Result<Vec<Tools>> {
    check_place(store)?;
    let mut all: Vec<Tools> = Vec::new();
    for job in &plan.jobs {
        let known = |same: &dyn Fn(&Job) -> bool| plan.jobs.iter().zip(&all).find(|(job, _)| same(job));
        let go = match known(&|other| other.gateway.go == job.gateway.go) {
            Some((_, tools)) => tools.go.clone(),
            None => go::resolve(&job.gateway.go, host, store)?,
        };
        let cc = match known(&|other| other.cc == job.cc && other.target.value == job.target.value) {
            Some((_, tools)) => tools.cc.clone(),
            None => cc::resolve(job, matrix, host, store, offline)?,
        };
        all.push(Tools {
            go,
            cc,
            wrappers: store.wrappers(),
        });
    }
    Ok(all)
}

/// The store's folders go on PATH and into lists that are split at line breaks.
fn check_place(store: &Store) -> Result<()> {
    let place = store.root();
    match place.to_str() {
        Some(text) if !text.contains([':', '\n']) => Ok(()),
        _ => Err(Error::usage(format!(
            "toolchains cannot live in {}: a `:`, a line break or bytes that are not UTF-8 have no place in PATH",
            place.display()
        ))
        .help("set PLUGBUILD_HOME to another folder")),
    }
}

/// Fetches what is missing and writes the wrappers. The only step that uses the network.
///
/// # Errors
/// See [`go::ensure`], [`zig::ensure`].
pub fn ensure(
    plan: &Plan,
    tools: &mut [Tools],
    matrix: &Matrix,
    host: &Host,
    store: &Store,
    offline: bool,
    ui: &Ui,
) -> Result<()> {
    for (job, tools) in plan.jobs.iter().zip(tools) {
        go::ensure(&tools.go, host, store, offline, ui)?;
        if let Some(zig) = &tools.cc.zig {
            match zig::ensure(zig, matrix.zig(), host, store, offline, ui) {
                Ok(()) => {}
                Err(why) if job.cc.value == CcWish::Auto && why.kind != Kind::Interrupted => {
                    let Ok(gcc) = cc::gcc(job, "zig could not be had", matrix, host) else {
                        return Err(why);
                    };
                    ui.warn(format!("{why}; {} is used instead", gcc.label));
                    tools.cc = gcc;
                }
                Err(why) => return Err(why),
            }
        }
        for script in tools.scripts(job, matrix, store) {
            script.write(store)?;
        }
    }
    Ok(())
}
