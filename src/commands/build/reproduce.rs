//! `build --reproduce`: builds everything again in another directory with fresh caches, and compares byte for byte.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::args::{BuildArgs, OutputArgs, PlanArgs};
use crate::commands::build::jobs;
use crate::commands::build::jobs::BuildOptions;
use crate::commands::build::plan::plan_build_quietly;
use crate::commands::build::prepare::{ReadyBuild, Reuse, prepare};
use crate::commands::build::request::dir_of;
use crate::project::go_env::GoEnv;
use crate::toolchain::bundle::proxy::file_url;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::fs::{create_dir, remove_tree};
use crate::util::host::Host;
use crate::util::ui::counted;

/// Builds again and compares with the first result.
pub(crate) fn run(args: &BuildArgs, first: &ReadyBuild) -> Result<()> {
    let place = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    let compared = rebuild(args, first, place.path());
    // A module cache may have read-only directories; the system removes what is left.
    let _ = remove_tree(place.path());
    compared
}

fn rebuild(args: &BuildArgs, first: &ReadyBuild, place: &Path) -> Result<()> {
    let root = root(first)?;
    let session = &first.session;
    let copy = place.join("elsewhere");
    let outputs: Vec<&Path> = first.units.iter().map(|unit| unit.job.output.as_path()).collect();
    copy_tree(&root, &copy, &outputs)?;
    let dir = session.host.absolute(&args.plan.path);
    let dir = dir.canonicalize().map_err(|e| Error::io("read", &dir, e))?;
    let inner = dir.strip_prefix(&root).unwrap_or(Path::new(""));
    let args = BuildArgs {
        plan: PlanArgs {
            path: copy.join(inner),
            ..args.plan.clone()
        },
        to: OutputArgs {
            output: None,
            out_dir: Some(place.join("out")),
        },
        ..args.clone()
    };
    let mut host = with_fresh_caches(&session.host, place)?;
    // The first build's source was trusted, and this is its copy.
    host.env
        .insert(crate::project::trust::VARIABLE.into(), copy.clone().into());
    let cx = Context {
        host: &host,
        ..session.context()
    };
    cx.ui
        .status("rebuilding", format!("in {}, with empty caches", copy.display()));
    let plan = plan_build_quietly(&args, cx)?;
    let options = BuildOptions::new(&args, &plan).unlisted();
    let second = prepare(plan, &args, Reuse::Saved)?;
    let built = jobs::run(&second, &options);
    for unit in &second.units {
        // Nobody will build there again; what is left only takes space.
        let _ = remove_tree(&unit.linked.dir);
    }
    built?;
    for (one, other) in first.units.iter().zip(&second.units) {
        ensure_identical(&one.job.output, &other.job.output)?;
        cx.ui.status("reproduced", one.job.output.display());
    }
    Ok(())
}

/// The directory that contains all sources of the build.
fn root(build: &ReadyBuild) -> Result<PathBuf> {
    let plugins = build.members.iter().map(|member| &member.plugin);
    let project = build
        .session
        .settings
        .project()
        .map(|(_, file)| dir_of(file).to_owned());
    let mut folders = plugins.flat_map(|plugin| {
        let modules = std::iter::once(&plugin.module)
            .chain(&plugin.siblings)
            .map(|module| module.root.clone());
        modules.chain(plugin.work.as_deref().map(|file| dir_of(file).to_owned()))
    });
    let mut root = folders.next().unwrap_or_default();
    for folder in folders.chain(project) {
        while !folder.starts_with(&root) {
            root.pop();
        }
    }
    if root.components().count() < 3 {
        return Err(Error::usage(format!(
            "the sources are spread over {}: they cannot be copied",
            root.display()
        ))
        .help("--reproduce copies their common directory: put them in one"));
    }
    Ok(root)
}

/// The environment with fresh caches; modules come from the existing cache, through the same checks.
fn with_fresh_caches(host: &Host, place: &Path) -> Result<Host> {
    let goenv = GoEnv::read(host)?;
    let mut proxy = OsString::from(file_url(&goenv.module_cache.join("cache/download")));
    let usual = host
        .text("GOPROXY")?
        .or_else(|| goenv.written.get("GOPROXY").map(String::as_str));
    if let Some(usual) = usual {
        proxy.push(",");
        proxy.push(usual);
    }
    let mut flags = host.text("GOFLAGS")?.unwrap_or_default().to_owned();
    flags.push_str(" -modcacherw");
    let mut host = host.clone();
    let mut set = |name: &str, value: OsString| host.env.insert(name.into(), value);
    set("GOPROXY", proxy);
    set("GOFLAGS", flags.into());
    set("GOCACHE", place.join("cache").into());
    set("GOMODCACHE", place.join("modules").into());
    Ok(host)
}

/// Copies a tree, without git's own directory and build results.
fn copy_tree(from: &Path, to: &Path, leave: &[&Path]) -> Result<()> {
    create_dir(to)?;
    for entry in fs::read_dir(from).map_err(|e| Error::io("read", from, e))? {
        let entry = entry.map_err(|e| Error::io("read", from, e))?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".git" || leave.contains(&source.as_path()) {
            continue;
        }
        let failed = |e: std::io::Error| Error::io("copy", &source, e);
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            copy_tree(&source, &copy, leave)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source).map_err(failed)?, &copy).map_err(failed)?;
        } else if kind.is_file() {
            fs::copy(&source, &copy).map_err(failed)?;
        }
    }
    Ok(())
}

fn ensure_identical(one: &Path, other: &Path) -> Result<()> {
    let read = |file: &Path| crate::util::regular_file::read_unlimited(file).map_err(|e| Error::io("read", file, e));
    let (a, b) = (read(one)?, read(other)?);
    if a == b {
        return Ok(());
    }
    let differ = a.iter().zip(&b).filter(|(a, b)| a != b).count() + a.len().abs_diff(b.len());
    let at = a
        .iter()
        .zip(&b)
        .position(|(a, b)| a != b)
        .unwrap_or(a.len().min(b.len()));
    Err(Error::build(format!(
        "{} is not reproducible: built in another directory it differs in {}, the first at {at}",
        one.display(),
        counted(differ, "byte")
    ))
    .help("C code may contain a time or a path: look for __DATE__, __TIME__ and absolute paths in its flags"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_counted_and_placed() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).expect("written");
            path
        };
        let one = file("a", b"0123456789");
        assert!(ensure_identical(&one, &file("b", b"0123456789")).is_ok());
        let message = ensure_identical(&one, &file("c", b"01x34567"))
            .expect_err("they differ")
            .message;
        assert!(message.ends_with("it differs in 3 bytes, the first at 2"), "{message}");
    }
}
