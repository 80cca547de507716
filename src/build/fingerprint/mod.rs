//! Fingerprints: digests of a build's inputs, so that the go command need not run again when nothing has changed.
//!
//! The go command takes a tenth of a second to find that nothing has changed, and as long again to list the modules the
//! plugin selects. If everything that it would read is known, comparing that is enough. Whatever is not known to the
//! last file stays with the go command: C code, whose headers may be anywhere, and flags that name files.

use std::ffi::OsString;
use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, fs};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::binary::notes;
use crate::build::go_command;
use crate::build::unit::{Fingerprint, ReadyUnit, Unit};
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::align::prepare::own_modfile;
use crate::modules::modfile::ModFile;
use crate::plan::Job;
use crate::toolchain::session::Session;
use crate::toolchain::{Toolchain, gc};
use crate::util::file_stamp::FileStamp;
use crate::util::hash::hex;
use crate::util::host::Host;
use crate::util::process::Invocation;
use crate::util::{file_stamp, go_flags};

pub(crate) mod go_files;
pub(crate) mod inputs;
pub(crate) mod path_times;

pub(crate) use crate::build::fingerprint::go_files::GoSeen;
pub(crate) use crate::build::fingerprint::inputs::Inputs;

/// As saved next to the linked file.
#[derive(Debug, Serialize, Deserialize)]
struct SavedFingerprint {
    made_of: String,
    inputs: Inputs,
    digest: String,
    overlay: ModuleOverlay,
    /// Whether the inputs are all that the go command would read; otherwise they only decide which modules it selects.
    complete: bool,
    linked: String,
}

/// The fingerprint of a unit, and its modules if nothing has changed since they were found; `None` if only the go
/// command can tell.
pub(crate) fn load(unit: &Unit, session: &Session, seen: &mut GoSeen) -> Option<(Fingerprint, Option<ModuleOverlay>)> {
    let go = go_command::build(unit, &ModuleOverlay::default(), session);
    let made_of = hash_command(unit, &go, session)?;
    let saved = load_valid(&unit.linked.path, &made_of, seen).filter(|_| !unit.job.force);
    let (unchanged, overlay) = match saved {
        Some(saved) => (saved.complete.then_some(saved.linked), Some(saved.overlay)),
        None => (None, None),
    };
    if let Some(copies) = overlay
        .as_ref()
        .and_then(|overlay| overlay.copy.as_ref()?.dir().parent())
    {
        gc::touch(copies);
    }
    let fingerprint = Fingerprint {
        made_of,
        compiler: compiler(&unit.toolchain, &session.host),
        unchanged,
    };
    Some((fingerprint, overlay))
}

fn load_valid(linked: &Path, made_of: &str, seen: &mut GoSeen) -> Option<SavedFingerprint> {
    let saved: SavedFingerprint = serde_json::from_slice(&fs::read(path_of(linked)).ok()?).ok()?;
    let copy_is_there = saved.overlay.copy.as_ref().is_none_or(ModFile::is_current);
    let valid = saved.made_of == made_of && copy_is_there && saved.inputs.digest(seen).ok()?.text == saved.digest;
    valid.then_some(saved)
}

/// A build in progress: its inputs, as they were found next to it.
pub(crate) struct InputSnapshot {
    inputs: Inputs,
    digest: String,
    complete: bool,
    began: SystemTime,
}

/// Asks the go command what a build reads, with the build's own flags, while it runs.
pub(crate) fn snapshot(unit: &ReadyUnit, host: &Host, began: SystemTime) -> Option<InputSnapshot> {
    let ReadyUnit { job, go, .. } = unit;
    let list = go_command::list(go, &["-deps", "-f", inputs::FORMAT]);
    let said = go_command::only_reading(list).output(host).ok()?;
    if !said.status.success() {
        return None;
    }
    let goroot = go.program.parent()?.parent()?;
    let listing = String::from_utf8_lossy(&said.stdout);
    let (inputs, complete) = Inputs::parse(&listing, job, goroot, &host.store, &module_cache(job)?)?;
    let digest = inputs.digest(&mut GoSeen::default()).ok()?.text;
    Some(InputSnapshot {
        inputs,
        digest,
        complete,
        began,
    })
}

fn module_cache(job: &Job) -> Option<PathBuf> {
    job.env.get("GOMODCACHE").map(PathBuf::from)
}

/// Saves what was linked from what, if nothing changed meanwhile. Best effort: otherwise the go command runs again.
pub(crate) fn save(snapshot: InputSnapshot, unit: &ReadyUnit) {
    let ReadyUnit { job, linked, .. } = unit;
    let (Some(fingerprint), Some(build_id)) = (&unit.fingerprint, notes::build_id_of(&linked.path)) else {
        return;
    };
    let Ok(now) = snapshot.inputs.digest(&mut GoSeen::default()) else {
        return;
    };
    // What was written or moved into place after the build began may or may not have been read in its current state.
    let newest = now.newest.max(snapshot.inputs.newest_place(&now, job));
    let settled = newest.is_none_or(|newest| file_stamp::is_before(newest, snapshot.began));
    if !settled || now.text != snapshot.digest {
        return;
    }
    let saved = SavedFingerprint {
        made_of: fingerprint.made_of.clone(),
        digest: snapshot.digest,
        inputs: snapshot.inputs,
        overlay: unit.overlay.clone(),
        complete: snapshot.complete,
        linked: build_id,
    };
    if let Ok(text) = serde_json::to_vec(&saved) {
        let _ = fs::write(path_of(&linked.path), text);
    }
}

/// Removes the fingerprint before the linked file changes. If the C compiler has changed, the file is linked again: the
/// go command would not notice. Its cache decides on what is compiled already.
pub(crate) fn invalidate(unit: &ReadyUnit) {
    let linked = &unit.linked.path;
    let _ = fs::remove_file(path_of(linked));
    let Some(fingerprint) = &unit.fingerprint else { return };
    let known = linked.with_extension("cc");
    if unit.job.force || fs::read_to_string(&known).ok().as_ref() != Some(&fingerprint.compiler) {
        let _ = fs::remove_file(linked);
        let _ = fs::write(known, &fingerprint.compiler);
    }
}

pub(crate) fn compiler(tools: &Toolchain, host: &Host) -> String {
    let mut hash = HashWriter(Sha256::new());
    hash.add(&FileStamp::of(&tools.cc.program));
    let of_compilers = |name: &&OsString| name.to_str().is_some_and(matters_to_compilers);
    host.env
        .keys()
        .filter(of_compilers)
        .for_each(|name| hash.add(&(name, &host.env[name])));
    hex(&hash.0.finalize())
}

fn path_of(linked: &Path) -> PathBuf {
    linked.with_extension("fingerprint.json")
}

/// The command, the tools, the gateway and this program itself; `None` if a flag names files that are not tracked.
fn hash_command(unit: &Unit, go: &Invocation, session: &Session) -> Option<String> {
    let Unit { job, toolchain, .. } = unit;
    let Session { matrix, host, .. } = session;
    let goflags = job
        .env
        .get("GOFLAGS")
        .and_then(|flags| flags.to_str())
        .unwrap_or_default();
    let mut flags = job
        .user_flags
        .iter()
        .map(String::as_str)
        .chain(go_flags::fields(goflags).flatten());
    if own_modfile(job).is_some() || !flags.all(is_trackable) {
        return None;
    }
    let mut hash = HashWriter(Sha256::new());
    let own_row = matrix.named(&job.gateway.label);
    hash.add(&own_row);
    let modules = own_row.and_then(|row| row.modules.as_deref());
    let program = host.program.as_deref();
    let files = [
        program,
        job.gateway.binary.as_deref(),
        modules,
        Some(&toolchain.go.program()),
        Some(&toolchain.cc.program),
    ]
    .map(|file| file.map(FileStamp::of));
    hash.add(&files);
    hash.add(&(&job.gateway, job.align));
    // Rebuilding everything does not change the inputs.
    let args: Vec<_> = go.args.iter().filter(|arg| *arg != "-a").collect();
    hash.add(&(&go.program, args, &go.cwd, &go.env_removed));
    go.env
        .iter()
        .filter(|(name, _)| affects_build(name))
        .for_each(|pair| hash.add(&pair));
    let ambient = host
        .env
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(affects_build));
    ambient.for_each(|pair| hash.add(&pair));
    Some(hex(&hash.0.finalize()))
}

/// Whether a flag adds no files beyond a listing's, and does not force a rebuild.
fn is_trackable(flag: &str) -> bool {
    let bare = flag.trim_start_matches('-');
    let name = bare.split_once('=').map_or(bare, |(name, _)| name);
    !["a", "n", "x", "work", "overlay"].contains(&name)
}

/// Whether a setting can change what is built, or where the go command checks whether it is up to date.
fn affects_build(name: &str) -> bool {
    const NETWORK: [&str; 11] = [
        "GOPROXY",
        "GONOPROXY",
        "GOPRIVATE",
        "GOSUMDB",
        "GONOSUMDB",
        "GONOSUMCHECK",
        "GOINSECURE",
        "GOVCS",
        "GOAUTH",
        "GOMAXPROCS",
        "GOTMPDIR",
    ];
    const OTHERS: [&str; 9] = [
        "HOME",
        "PATH",
        "XDG_CACHE_HOME",
        "CC",
        "CXX",
        "AR",
        "PKG_CONFIG",
        "PLUGBUILD_FILE_MAP",
        "PWD",
    ];
    let prefixed = ["GO", "CGO_", "PKG_CONFIG_"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    (prefixed || OTHERS.contains(&name) || matters_to_compilers(name)) && !NETWORK.contains(&name)
}

/// Whether a C compiler or linker reads directories or flags from a variable, by the manuals of gcc, binutils, clang,
/// zig.
fn matters_to_compilers(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "COMPILER_PATH",
        "LIBRARY_PATH",
        "CPATH",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "GNUTARGET",
        "LDEMULATION",
        "SDKROOT",
        "SOURCE_DATE_EPOCH",
    ];
    const PREFIXES: [&str; 6] = ["GCC_", "COLLECT_", "LD_", "ZIG_", "CLANG_", "CCC_"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A digest over the debug text of values: it covers everything a type holds.
struct HashWriter(Sha256);

impl HashWriter {
    fn add(&mut self, value: &dyn Debug) {
        // Writing to a digest cannot fail.
        let _ = writeln!(self, "{value:?}");
    }
}

impl fmt::Write for HashWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_settings_do_not_change_the_fingerprint() {
        for name in [
            "GOCACHE",
            "GOFLAGS",
            "GOMODCACHE",
            "GODEBUG",
            "CGO_LDFLAGS",
            "CC",
            "HOME",
            "PATH",
            "GOARM64",
            "GCC_EXEC_PREFIX",
            "COMPILER_PATH",
            "CPATH",
            "C_INCLUDE_PATH",
            "LIBRARY_PATH",
            "LD_LIBRARY_PATH",
            "ZIG_LIB_DIR",
        ] {
            assert!(affects_build(name), "{name}");
        }
        for name in [
            "GOPROXY",
            "GOPRIVATE",
            "GOMAXPROCS",
            "LANG",
            "TERM",
            "PLUGBUILD_HOME",
            "COLUMNS",
        ] {
            assert!(!affects_build(name), "{name}");
        }
    }

    #[test]
    fn flags_that_name_files_or_force_a_rebuild_have_no_fingerprint() {
        for flag in ["-a", "--a", "-overlay=x.json", "-x", "-work=true"] {
            assert!(!is_trackable(flag), "{flag}");
        }
        for flag in ["-ldflags=-a", "-tags=overlay", "-v", "-asmflags=-x"] {
            assert!(is_trackable(flag), "{flag}");
        }
    }
}
