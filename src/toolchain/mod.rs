//! The tools of a plan: where each is or comes from, and one step that fetches whatever is missing.

use std::path::PathBuf;

use crate::matrix::Matrix;
use crate::plan::{CcChoice, Job};
use crate::toolchain::cc::Cc;
use crate::toolchain::go::Go;
use crate::toolchain::session::Session;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::wrapper::Wrapper;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::host::Host;

pub mod bundle;
pub mod archive;
pub mod gc;
pub mod cc;
pub mod sha256_cache;
pub mod fetch;
pub mod go;
pub mod installed_go;
pub mod manifest;
pub mod gateway_archive;
pub mod gateway_module;
mod module_download;
pub mod releases;
pub mod provenance;
pub mod store;
pub mod unpacked;
pub mod source;
pub mod wrapper;
pub mod zig;
pub mod go_messages;
pub mod session;
pub mod state;

/// A job with its tools.
#[derive(Debug, Clone)]
pub struct Toolchain {
    pub go: Go,
    pub cc: Cc,
    /// First on PATH of the build: the directory of the wrappers.
    pub wrappers: PathBuf,
}

impl Toolchain {
    /// The scripts this build calls by name.
    pub fn scripts(&self, job: &Job, matrix: &Matrix, store: &Store) -> Vec<Wrapper> {
        let mut scripts = vec![wrapper::toolexec()];
        scripts.extend(self.cc.wrappers(job, matrix, store));
        scripts
    }

    /// Writes the scripts that a build calls by name into the store.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn write_wrappers(&self, job: &Job, session: &Session) -> Result<()> {
        for script in self.scripts(job, &session.matrix, &session.store) {
            script.write(&session.store)?;
        }
        Ok(())
    }

    /// Runs the C compiler to find out what only it knows.
    pub fn asked(mut self, host: &Host) -> Self {
        self.cc.ask(host);
        self
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
/// A tool that was named does not exist.
pub fn resolve(jobs: &[Job], session: &Session) -> Result<Vec<Toolchain>> {
    let Session {
        matrix,
        host,
        store,
        offline,
        ..
    } = session;
    check_place(store)?;
    let mut all: Vec<Toolchain> = Vec::new();
    for job in jobs {
        let known = |same: &dyn Fn(&Job) -> bool| jobs.iter().zip(&all).find(|(job, _)| same(job));
        let go = match known(&|other| other.gateway.go == job.gateway.go) {
            Some((_, toolchain)) => toolchain.go.clone(),
            None => go::resolve(&job.gateway.go, host, store)?,
        };
        let cc = match known(&|other| other.cc == job.cc && other.target.value == job.target.value) {
            Some((_, toolchain)) => toolchain.cc.clone(),
            None => cc::resolve(job, matrix, host, store, *offline)?,
        };
        all.push(Toolchain {
            go,
            cc,
            wrappers: store.wrappers(),
        });
    }
    Ok(all)
}

/// The store's directories go on PATH and into lists that are split at line breaks.
fn check_place(store: &Store) -> Result<()> {
    let place = store.root();
    match place.to_str() {
        Some(text) if !text.contains([':', '\n']) => Ok(()),
        _ => Err(Error::usage(format!(
            "toolchains cannot live in {}: a `:`, a line break or bytes that are not UTF-8 have no place in PATH",
            place.display()
        ))
        .help("set PLUGBUILD_HOME to another directory")),
    }
}

/// Fetches what is missing and writes the wrappers. The only step that uses the network.
///
/// # Errors
/// See [`go::ensure`], [`zig::ensure`].
pub fn ensure(job: &Job, toolchain: Toolchain, session: &Session) -> Result<Toolchain> {
    let Session {
        matrix,
        host,
        store,
        ui,
        offline,
        ..
    } = session;
    go::ensure(&toolchain.go, host, store, *offline, ui)?;
    let zig = toolchain.cc.zig.as_ref();
    let toolchain = match zig.map_or(Ok(()), |zig| zig::ensure(zig, matrix.zig(), store, session.context())) {
        Ok(()) => toolchain,
        Err(why) if job.cc.value == CcChoice::Auto && why.kind != ErrorKind::Interrupted => {
            let Ok(gcc) = cc::gcc(job, "zig could not be fetched", matrix, host) else {
                return Err(why);
            };
            ui.warn(format!("{why}; {} is used instead", gcc.label));
            Toolchain { cc: gcc, ..toolchain }
        }
        Err(why) => return Err(why),
    };
    toolchain.write_wrappers(job, session)?;
    Ok(toolchain)
}
