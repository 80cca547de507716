//! `plugbuild package`: builds everything, describes it, and writes it to one directory.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::binary::Binary;
use crate::build::unit::ReadyUnit;
use crate::commands::args::{BuildArgs, LockArgs, PlanArgs, WorkArgs};
use crate::commands::build::events::Built;
use crate::commands::build::jobs::BuildOptions;
use crate::commands::build::plan::plan_build;
use crate::commands::build::prepare::{ReadyBuild, Reuse, prepare};
use crate::commands::build::request::dir_of;
use crate::commands::build::{dry_run, jobs};
use crate::commands::output::{print_json, print_path};
use crate::package;
use crate::package::provenance::{ToolSums, statement};
use crate::package::staging::ReleaseDir;
use crate::package::vcs::VcsInfo;
use crate::package::{ArtifactEntry, LIST, Manifest, PROVENANCE, SCHEMA_VERSION, SUMS, check, modules, sbom};
use crate::project::config::Settings;
use crate::project::trust::program_of;
use crate::project::{config, trust};
use crate::toolchain::session::Session;
use crate::util::component;
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::hash::hex;
use crate::util::process::Invocation;
use crate::util::ui::{Format, counted};

#[derive(Debug, Clone, Args)]
pub struct PackageArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// Check afterwards that this krakend binary would load the plugins
    #[arg(long, value_name = "KRAKEND")]
    pub verify_with: Option<PathBuf>,
    /// Rebuild everything, even what has not changed
    #[arg(long)]
    pub force: bool,
    /// Print what would be fetched and run, without doing it
    #[arg(long)]
    pub dry_run: bool,
    /// The directory to create [default: dist beside plugbuild.toml]
    #[arg(long, value_name = "DIR", visible_alias = "out-dir")]
    pub dist: Option<PathBuf>,
    /// The plugins' version, in file names and documents [default: from git]
    #[arg(long, value_name = "VERSION")]
    pub plugin_version: Option<String>,
    /// Put each plugin into an archive
    #[arg(long)]
    pub archive: bool,
    /// Check an existing release directory (PATH) instead of building
    #[arg(long)]
    pub check: bool,
}

impl From<&PackageArgs> for BuildArgs {
    fn from(args: &PackageArgs) -> Self {
        BuildArgs {
            plan: PlanArgs {
                release: true,
                ..args.plan.clone()
            },
            work: args.work.clone(),
            lock: args.lock.clone(),
            verify_with: args.verify_with.clone(),
            force: args.force,
            dry_run: args.dry_run,
            ..BuildArgs::default()
        }
    }
}

pub(crate) fn run(args: &PackageArgs, cx: Context) -> Result<()> {
    if args.check {
        return check_writable(args, cx);
    }
    let build = args.into();
    let plan = plan_build(&build, cx)?;
    let Session {
        settings, matrix, host, ..
    } = &plan.session;
    let dist = dist(args, settings, cx);
    let given = given_version(args, settings)?;
    if args.dry_run {
        return dry_run::run(plan.with_outputs(|unit, session| {
            let version = given.clone();
            let version =
                version.unwrap_or_else(|| VcsInfo::read(&unit.job.plugin.module.root, &session.host).version());
            dist.join(format!("{}.so", package::stem(&unit.job, &version)))
        }));
    }
    let time = archive_time(args, &plan.session)?;
    let project = settings.project().map(|(_, file)| file);
    if signing(settings).is_some_and(|(_, file)| Some(file) == project) {
        trust::require(settings, trust::SIGN, matrix, host)?;
    }
    // Created before anything is built: a directory that cannot be written is reported at once.
    let folder = ReleaseDir::create(&dist, &plan.session.store, || {
        cx.ui
            .status("waiting", format!("another plugbuild is making {}", dist.display()))
    })?;
    // Each is finished next to its linked file, so that a second release of the same finds it up to date.
    let plan = plan.with_outputs(|unit, _| unit.linked.path.with_extension("release.so"));
    let options = BuildOptions::new(&build, &plan).unlisted();
    let ready = prepare(plan, &build, Reuse::Saved)?;
    let done = jobs::run(&ready, &options)?;
    let files = fill(&folder, args, time, &ready, &done)?;
    sign(&folder, &ready.session)?;
    folder.publish()?;
    cx.ui.status(
        "packaged",
        format!("{} in {}", counted(done.len(), "artifact"), dist.display()),
    );
    match cx.format {
        Format::Human => print_path(&dist),
        Format::Json => print_json(&json!({
            "reason": "packaged", "folder": dist, "artifacts": done.len(), "files": files,
        })),
    }
    Ok(())
}

fn dist(args: &PackageArgs, settings: &Settings, cx: Context) -> PathBuf {
    let configured = settings.first(|config| config.package.out_dir.as_deref());
    let beside = settings.project().map(|(_, file)| dir_of(file));
    match (&args.dist, configured) {
        (Some(dir), _) => cx.host.absolute(dir),
        (None, Some((dir, file))) => cx.host.absolute(dir_of(file)).join(dir),
        (None, None) => cx.host.absolute(beside.unwrap_or(&cx.host.cwd)).join("dist"),
    }
}

/// The time of the files in archives, in seconds since 1970; `None` if no archives are made.
fn archive_time(args: &PackageArgs, session: &Session) -> Result<Option<u64>> {
    let configured = session.settings.first(|config| config.package.archive);
    if !args.archive && !configured.is_some_and(|(archive, _)| archive) {
        return Ok(None);
    }
    let Some(text) = session.host.text("SOURCE_DATE_EPOCH")? else {
        return Ok(Some(0));
    };
    text.parse().map(Some).map_err(|_| {
        Error::usage(format!(
            "SOURCE_DATE_EPOCH={text} is not a number of seconds since 1970"
        ))
        .help("unset it, or set it to seconds: `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`")
    })
}

fn given_version(args: &PackageArgs, settings: &Settings) -> Result<Option<String>> {
    let configured = || settings.first(|c| c.package.version.clone());
    let given = args
        .plugin_version
        .clone()
        .or_else(|| configured().map(|(version, _)| version));
    if let Some(version) = &given {
        component::checked_line("the version of a plugin", version)?;
    }
    Ok(given)
}

/// Writes the artifacts and their documents into the directory; or into archives, in which files have a time. Returns
/// the artifacts' files, in the order of the plan.
fn fill(
    folder: &ReleaseDir,
    args: &PackageArgs,
    time: Option<u64>,
    ready: &ReadyBuild,
    done: &[Built],
) -> Result<Vec<String>> {
    let Session { settings, host, .. } = &ready.session;
    let given = given_version(args, settings)?;
    let mut sums = ToolSums::default();
    let mut sources: Vec<(PathBuf, VcsInfo)> = Vec::new();
    let (mut entries, mut statements) = (Vec::new(), String::new());
    for (unit, done) in ready.units.iter().zip(done) {
        let ReadyUnit { job, toolchain, .. } = unit;
        let root = &job.plugin.module.root;
        if !sources.iter().any(|(known, _)| known == root) {
            sources.push((root.clone(), VcsInfo::read(root, host)));
        }
        let source = sources
            .iter()
            .find(|(known, _)| known == root)
            .map(|(_, source)| source.clone());
        let source = source.unwrap_or_default();
        let version = given.clone().unwrap_or_else(|| source.version());
        // The shipped copy is described, which nobody else knows of.
        let file = format!("{}.so", package::stem(job, &version));
        folder.copy(&job.output, &file)?;
        let plugin = folder.path().join(file);
        let binary = Binary::open(&plugin)?;
        is_as_checked(&binary, done, &job.output)?;
        let mut entry = package::entry(job, toolchain, &done.artifact, &version, binary.bytes().len() as u64);
        let (info, origin) = modules::read(&binary, unit, host)?;
        let document = sbom::cyclonedx(&entry, &info, origin);
        folder.write_json(&entry.sbom, &document)?;
        if let Some(time) = time {
            put_archive(folder, &mut entry, &plugin, time)?;
            std::fs::remove_file(&plugin).map_err(|e| Error::io("remove", &plugin, e))?;
        }
        statements += &format!("{}\n", statement(&entry, unit, &source, &mut sums)?);
        entries.push(entry);
    }
    folder.write(PROVENANCE, &statements)?;
    let files = entries.iter().map(|entry| entry.file.clone()).collect();
    write_list(folder, entries)?;
    folder.write_checksums()?;
    Ok(files)
}

fn write_list(folder: &ReleaseDir, entries: Vec<ArtifactEntry>) -> Result<()> {
    let list = Manifest {
        schema_version: SCHEMA_VERSION,
        artifacts: entries,
    };
    let list = serde_json::to_value(&list).map_err(|e| Error::io("write", LIST, e))?;
    folder.write_json(LIST, &list)
}

/// Whether a copy is what was built and checked.
fn is_as_checked(copy: &Binary, done: &Built, built: &Path) -> Result<()> {
    let (have, want) = (hex(&Sha256::digest(copy.bytes())), &done.artifact.sha256);
    if have == *want {
        return Ok(());
    }
    // It can be removed: it would be finished again from the linked file.
    let _ = std::fs::remove_file(built);
    let what = format!(
        "{} was changed after it was checked: its SHA-256 is {have}, not {want}",
        built.display()
    );
    Err(Error::new(ErrorKind::Integrity, what).help("run it again: the plugin is finished again"))
}

/// The plugin and its bill of materials in one archive.
fn put_archive(folder: &ReleaseDir, entry: &mut ArtifactEntry, file: &Path, time: u64) -> Result<()> {
    let plugin = std::mem::take(&mut entry.file);
    entry.file = format!("{}.tar.gz", plugin.trim_end_matches(".so"));
    let document = folder.path().join(&entry.sbom);
    folder.archive(&entry.file, &[(&plugin, file), (&entry.sbom, &document)], time)?;
    let file = folder.path().join(&entry.file);
    entry.size = std::fs::metadata(&file).map_err(|e| Error::io("read", &file, e))?.len();
    let whole = crate::util::hash::sha256_of(&file)?;
    entry.member = Some(package::Member {
        file: plugin,
        sha256: std::mem::replace(&mut entry.sha256, whole),
    });
    Ok(())
}

/// The command that signs, and the file that names it.
fn signing(settings: &Settings) -> Option<(&[String], &Path)> {
    settings.first(|c| {
        let words = c.package.sign.as_ref()?.get_ref().as_slice();
        (!words.is_empty()).then_some(words)
    })
}

/// Runs the configured command on the checksums, which cover everything else.
fn sign(folder: &ReleaseDir, session: &Session) -> Result<()> {
    let Some((words, file)) = signing(&session.settings) else {
        return Ok(());
    };
    let program = session.host.find(program_of(&words[0], file)).ok_or_else(|| {
        Error::tool_missing(format!("{} (sign of {}) is not on PATH", words[0], file.display()))
            .help("install it, or take `sign` out of `[package]`")
    })?;
    let mut args: Vec<String> = words[1..].iter().map(|word| word.replace("{file}", SUMS)).collect();
    if !words.iter().any(|word| word.contains("{file}")) {
        args.push(SUMS.to_owned());
    }
    let command = Invocation::new(program, folder.path()).args(args);
    session.ui.status("signing", format!("{SUMS} by {}", words[0]));
    let (status, _) = command.stream(&session.host, |line| session.ui.raw(line))?;
    if !status.success() {
        return Err(
            Error::build(format!("{} (sign of {}) failed", words[0], file.display()))
                .help("nothing was written; the command runs in the release directory"),
        );
    }
    Ok(())
}

fn check_writable(args: &PackageArgs, cx: Context) -> Result<()> {
    let dist = dir_to_check(args, cx)?;
    let entries = check::check(&dist)?;
    for entry in &entries {
        match cx.format {
            Format::Human => cx.ui.status("checked", &entry.file),
            Format::Json => {
                print_json(&json!({ "reason": "artifact-checked", "file": entry.file, "sha256": entry.sha256 }))
            }
        }
    }
    cx.ui.status(
        "verified",
        format!("{} in {}", counted(entries.len(), "artifact"), dist.display()),
    );
    Ok(())
}

/// The named directory; else the one that the plugin's directory is packaged to.
fn dir_to_check(args: &PackageArgs, cx: Context) -> Result<PathBuf> {
    let path = cx.host.absolute(&args.plan.path);
    let holds = |is: &dyn Fn(&str) -> bool| {
        let mut entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
        entries.any(|entry| entry.file_name().to_str().is_some_and(is))
    };
    if args.dist.is_none() && holds(&|name| [SUMS, LIST].contains(&name)) {
        return Ok(path);
    }
    // The named directory is used, or an error: nothing else is checked in its place.
    let ours = |name: &str| ["go.mod", config::FILE].contains(&name) || name.ends_with(".go");
    if path != cx.host.cwd && !holds(&ours) {
        let what = format!(
            "{} is not a release directory: it has neither {SUMS} nor {LIST}",
            path.display()
        );
        let error = match path.exists() {
            true => Error::usage(what),
            false => Error::unreadable(format!("the release directory {} does not exist", path.display())),
        };
        return Err(error.help("give a directory that `plugbuild package` made"));
    }
    Ok(dist(args, &Settings::read(&path, cx.host)?, cx))
}
