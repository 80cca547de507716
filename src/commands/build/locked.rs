//! `--locked`: checks the gateways and every file of the tools against plugbuild.lock.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::build::unit::Unit;
use crate::commands::args::BuildArgs;
use crate::commands::build::plan::BuildPlan;
use crate::commands::build::request::dir_of;
use crate::gateway::facts::GatewayFacts;
use crate::project::config::Settings;
use crate::project::lockfile;
use crate::project::lockfile::{Lock, PinCheck};
use crate::toolchain::gateway_archive::Wanted;
use crate::toolchain::manifest::Parts;
use crate::toolchain::session::Session;
use crate::toolchain::sha256_cache::known_sha256_of;
use crate::toolchain::store::Store;
use crate::toolchain::{Toolchain, sha256_cache};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::hash::sha256_of;
use crate::util::host::Host;
use crate::util::regular_file::is_there;
use crate::util::sort::sort_by_key;

/// Checks the installed tools and the gateways against the lock: with `--locked` a difference fails the build,
/// otherwise
pub(crate) fn check(plan: &BuildPlan, args: &BuildArgs) -> Result<()> {
    let file = lockfile_path(plan);
    let strict = args.lock.locked || args.lock.frozen;
    if !is_there(&file) {
        return if strict {
            Err(Error::usage(format!("{} does not exist", file.display()))
                .help("make it, and commit it: `plugbuild lock`"))
        } else {
            Ok(())
        };
    }
    let mut lock = Lock::read(&file)?;
    if lock.is_outdated() {
        let what = format!(
            "{} pins one program of each toolchain: an older plugbuild wrote it",
            file.display()
        );
        let outdated = Error::usage(what).help("pin every file of them: `plugbuild lock`, and commit it");
        if strict {
            return Err(outdated);
        }
        plan.session.ui.warn(outdated.in_one_line());
    }
    let depth = if strict { Depth::Content } else { Depth::Looks };
    let mut differences = compare(&mut lock, plan, depth)?;
    // Changed files are reported before a changed plan.
    sort_by_key(&mut differences, |difference| difference.kind != ErrorKind::Integrity);
    if strict {
        return differences.into_iter().next().map_or(Ok(()), Err);
    }
    for difference in differences {
        plan.session.ui.warn(difference);
    }
    Ok(())
}

pub(crate) fn lockfile_path(plan: &BuildPlan) -> PathBuf {
    let project = plan.session.settings.project().map(|(_, file)| dir_of(file).to_owned());
    let module = plan.members.first().map(|member| member.plugin.module.root.clone());
    project
        .or(module)
        .unwrap_or_else(|| plan.session.host.cwd.clone())
        .join(lockfile::FILE)
}

/// The lock of the project in whose directory the command runs.
pub(crate) fn project_lock(settings: &Settings, host: &Host) -> Result<Lock> {
    let project = settings.project().map(|(_, file)| dir_of(file));
    Lock::read(&project.unwrap_or(&host.cwd).join(lockfile::FILE))
}

/// How thoroughly a plan is compared with the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every pinned file.
    Content,
    /// What is free to compare: the gateways and tool versions.
    Looks,
}

/// Compares everything of a plan, and records each difference.
pub(crate) fn compare(lock: &mut Lock, plan: &BuildPlan, depth: Depth) -> Result<Vec<Error>> {
    let Session { host, store, .. } = &plan.session;
    let asked = |what: String| {
        Error::usage(format!("{} does not fit: {what}", lockfile_path(plan).display()))
            .help("if that is intended: `plugbuild lock`, and commit it")
    };
    let sum = |file: &Path| match depth {
        Depth::Content => sha256_of(file),
        Depth::Looks => known_sha256_of(file, store),
    };
    let mut differences = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for Unit { job, .. } in &plan.units {
        if !seen.contains(&job.gateway.label.as_str()) {
            seen.push(&job.gateway.label);
            let facts = GatewayFacts::with_checksum(&job.gateway, sum)?;
            let changed = lock.gateway(&job.gateway.label, facts);
            differences.extend(changed.map(|why| of_gateway(why, asked)));
        }
        if let Some(version) = job.gateway.release() {
            let wanted = Wanted::new(version, &job.target.value);
            let had = wanted.in_store(store);
            let changed = had.and_then(|had| lock.archive(&wanted.key(), &had.record.sum));
            differences.extend(changed.map(asked));
        }
    }
    let platform = host.platform.to_string();
    for tool in pinned(plan) {
        let name = tool.to_string();
        let pin = match depth {
            Depth::Looks if lock.is_outdated() || lock.has_tool(&name, &platform) => PinCheck::Same,
            Depth::Looks => PinCheck::New,
            Depth::Content => {
                let found = sha256_cache::toolchain_manifest(&tool.parts, store)?;
                match lock.tool(&name, &platform, &found) {
                    PinCheck::Other(locked) => {
                        differences.push(tool.changed(&locked, &found, store));
                        PinCheck::Same
                    }
                    pin => pin,
                }
            }
        };
        if pin == PinCheck::New {
            differences.push(asked(format!("{name} for {platform} is not locked")));
        }
    }
    Ok(differences)
}

/// A gateway that changed may be intended; a module that changed is not.
fn of_gateway(why: Error, asked: impl Fn(String) -> Error) -> Error {
    match why.kind {
        ErrorKind::Usage => asked(why.message),
        _ => why,
    }
}

/// A tool that a lock pins: Go, or zig. A gcc belongs to the system.
pub(crate) struct Pinned {
    pub(crate) tool: &'static str,
    pub(crate) version: String,
    pub(crate) parts: Parts,
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tool, self.version)
    }
}

/// The tools of a plan that a lock pins, without duplicates.
pub(crate) fn pinned(plan: &BuildPlan) -> Vec<Pinned> {
    let host = &plan.session.host;
    let library = host.var("ZIG_LIB_DIR").map(|dir| host.absolute(dir));
    let mut all: Vec<Pinned> = Vec::new();
    let mut add = |tool, version: &str, parts: &dyn Fn() -> Parts| {
        if !all.iter().any(|known| known.tool == tool && known.version == version) {
            all.push(Pinned {
                tool,
                version: version.to_owned(),
                parts: parts(),
            });
        }
    };
    for Unit {
        toolchain: Toolchain { go, cc, .. },
        ..
    } in &plan.units
    {
        add("go", &go.version.to_string(), &|| Parts::for_go(&go.root));
        if let Some(zig) = &cc.zig {
            add("zig", &zig.version, &|| {
                Parts::for_zig(&zig.program, library.as_deref())
            });
        }
    }
    all
}

impl Pinned {
    /// Names the files that differ from the locked ones, if that is known.
    pub(crate) fn changed(&self, locked: &str, found: &str, store: &Store) -> Error {
        /// More names do not help.
        const NAMED: usize = 3;
        let root = self.parts.root();
        let changes = sha256_cache::changes(locked, found, store);
        let why = match changes.len() {
            0 => format!("its files have the SHA-256 {found}, locked is {locked}"),
            all if all > NAMED => format!("{}, and {} more", changes[..NAMED].join(", "), all - NAMED),
            _ => changes.join(", "),
        };
        let name = if self.tool == "go" { &self.version } else { self.tool };
        let again = match root.starts_with(store.root()) {
            true => format!("fetch it again: `plugbuild toolchain remove {name}`, then the same command"),
            false => format!("install it again, or remove {} to have it fetched", root.display()),
        };
        let what = format!(
            "{self} in {} is not what {} pins: {why}",
            root.display(),
            lockfile::FILE
        );
        Error::integrity(what)
            .help(again)
            .help("if the change is intended: `plugbuild lock`, and commit it")
    }
}
