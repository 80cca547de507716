//! `plugbuild lock`, and what `--locked` holds a build to.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::build::{Seals, provide};
use super::planned::{Planned, planned};
use super::sources::folder_of;
use super::{Context, print_json, print_path};
use crate::cli::Format;
use crate::cli::build::{BuildArgs, PlanArgs};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::lock::{self, GatewayFacts, Lock};
use crate::regular::is_there;
use crate::toolchain::Tools;
use crate::toolchain::digest::known_sha256_of;
use crate::toolchain::fetch::sha256_of;
use crate::toolchain::official::Wanted;

pub(super) fn run(args: &PlanArgs, cx: Context) -> Result<()> {
    let args = BuildArgs::from(args);
    let mut planned = planned(&args, cx)?;
    provide(&mut planned, &args, Seals::Heed, cx)?;
    let file = place(&planned);
    let mut lock = Lock::read(&file)?;
    for change in compare(&mut lock, &planned, &sha256_of)? {
        cx.ui.detail("locking", change);
    }
    let labels: Vec<&str> = planned.plan.jobs.iter().map(|job| job.gateway.label.as_str()).collect();
    let tools: Vec<String> = planned.tools.iter().flat_map(names).collect();
    lock.keep(&labels, &tools, &planned.host.platform.to_string());
    let changed = lock.write(&file)?;
    cx.ui
        .status(if changed { "locked" } else { "unchanged" }, file.display());
    match cx.format {
        Format::Human => print_path(&file),
        Format::Json => print_json(&json!({ "reason": "locked", "file": file, "changed": changed })),
    }
    Ok(())
}

/// Holds the tools at hand and the gateways to the lock: with `--locked` a difference ends the build, else it is told.
pub(super) fn check(planned: &Planned, args: &BuildArgs, cx: Context) -> Result<()> {
    let file = place(planned);
    let strict = args.lock.locked || args.lock.frozen;
    if !is_there(&file) {
        return if strict {
            Err(Error::usage(format!("there is no {}", file.display()))
                .help("make it, and commit it: `plugbuild lock`"))
        } else {
            Ok(())
        };
    }
    let mut lock = Lock::read(&file)?;
    // Who asks for the very tools is not content with their looks.
    let drift = match strict {
        true => compare(&mut lock, planned, &sha256_of)?,
        false => compare(&mut lock, planned, &|file| known_sha256_of(file, &planned.store))?,
    };
    match drift.first() {
        Some(first) if strict => Err(Error::usage(format!("{} does not fit: {first}", file.display()))
            .help("if that is meant: `plugbuild lock`, and commit it")),
        _ => {
            for difference in drift {
                cx.ui.warn(format!("{}: {difference}", file.display()));
            }
            Ok(())
        }
    }
}

fn place(planned: &Planned) -> PathBuf {
    let project = planned.settings.project().map(|(_, file)| folder_of(file).to_owned());
    let module = planned.members.first().map(|member| member.plugin.module.root.clone());
    project
        .or(module)
        .unwrap_or_else(|| planned.host.cwd.clone())
        .join(lock::FILE)
}

/// The lock of the project in whose folder the command runs.
pub(super) fn of_project(settings: &Settings, host: &Host) -> Result<Lock> {
    let project = settings.project().map(|(_, file)| folder_of(file));
    Lock::read(&project.unwrap_or(&host.cwd).join(lock::FILE))
}

/// Notes everything of a plan, with the SHA-256 that `sum` tells of files; each difference in words.
fn compare(lock: &mut Lock, planned: &Planned, sum: &dyn Fn(&Path) -> Result<String>) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for job in &planned.plan.jobs {
        if !seen.contains(&job.gateway.label.as_str()) {
            seen.push(&job.gateway.label);
            differences.extend(lock.gateway(&job.gateway.label, GatewayFacts::of(&job.gateway, sum)?));
        }
        if let Some(version) = job.gateway.version {
            let wanted = Wanted {
                version,
                target: &job.target.value,
                locked: None,
            };
            let had = wanted.in_store(&planned.store);
            differences.extend(had.and_then(|had| lock.archive(&wanted.key(), &had.record.sum)));
        }
    }
    let host = planned.host.platform.to_string();
    let mut known: Vec<String> = Vec::new();
    for tools in &planned.tools {
        for name in names(tools) {
            if !known.contains(&name) {
                differences.extend(lock.tool(&name, &host, &sum(&program(&name, tools))?));
                known.push(name);
            }
        }
    }
    Ok(differences)
}

/// The tools of a job that a lock holds: Go, and zig. A gcc is the system's.
fn names(tools: &Tools) -> Vec<String> {
    let zig = tools.cc.zig.as_ref().map(|zig| format!("zig {}", zig.version));
    std::iter::once(format!("go {}", tools.go.version)).chain(zig).collect()
}

/// Of Go the compiler is what matters most: two that differ make different packages.
fn program(name: &str, tools: &Tools) -> PathBuf {
    match &tools.cc.zig {
        Some(zig) if name.starts_with("zig ") => zig.program.clone(),
        _ => tools.go.tool("compile"),
    }
}
