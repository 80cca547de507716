//! The plan: what to build, with which flags, and why. Pure: it starts no process and reads no network.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::gateway::facts::Gateway;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, QuirkFacts};
use crate::plan::chosen::Chosen;
use crate::plan::path_map::PathMap;
use crate::plan::targets::TargetSelection;
use crate::project::config::tables::Mode;
use crate::project::go_env::GoEnv;
use crate::project::plugin::Plugin;
use crate::util::component::Name;
use crate::util::error::{Error, Result};
use crate::util::host::Platform;
use crate::util::target::{Arch, Target};
use crate::util::{go_flags, version};

pub(crate) mod flags;
pub(crate) mod ldflags;
pub(crate) mod path_map;
pub(crate) mod targets;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
pub(crate) mod chosen;

/// The requested C compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CcChoice {
    /// The managed zig, or a cross gcc if zig is not available.
    Auto,
    Zig,
    /// A cross gcc on PATH, by the target's usual names.
    Gcc,
    Program(PathBuf),
}

/// The request, parsed.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The plugin's name, if not derived from its module.
    pub name: Option<Name>,
    pub wanted: TargetSelection,
    pub cc: Chosen<CcChoice>,
    /// The project's file names it.
    pub cc_of_project: bool,
    /// `CC_<triple>` of the environment, by triple in lower case with underscores.
    pub cc_by_target: BTreeMap<String, PathBuf>,
    pub output: Output,
    /// Leave out the symbol table and debug information.
    pub strip: bool,
    pub go_args: Vec<String>,
    /// Whether it may be built against the gateway's modules.
    pub align: Mode,
    /// Build even if the fingerprint says nothing changed.
    pub force: bool,
}

/// The path of the finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    File(PathBuf),
    Dir(PathBuf),
}

/// One plugin for one gateway and one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The plugin's name, the beginning of its file's name.
    pub name: Name,
    pub plugin: Plugin,
    pub gateway: Gateway,
    pub target: Chosen<Target>,
    pub cc: Chosen<CcChoice>,
    /// The project's file names it.
    pub cc_of_project: bool,
    /// Maps source directories to recorded ones.
    pub rules: PathMap,
    /// Flags of `go build` that do not depend on the C compiler.
    pub flags: Vec<String>,
    /// The user's flags, after ours.
    pub user_flags: Vec<String>,
    /// The go command's settings.
    pub env: BTreeMap<String, OsString>,
    pub output: PathBuf,
    /// Whether it may be built against the gateway's modules.
    pub align: Mode,
    /// Build even if the fingerprint says nothing changed.
    pub force: bool,
}

/// All jobs of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub jobs: Vec<Job>,
    /// What was left out or is uncertain; reported once.
    pub warnings: Vec<String>,
}

/// The inputs of a plan that do not depend on gateway and plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub goenv: &'a GoEnv,
    pub matrix: &'a Matrix,
    pub platform: Platform,
}

/// Makes the plan. `linked` are the modules of a gateway built with `-trimpath`: their versions are in its paths.
///
/// # Errors
/// Flags would change package hashes, a go line is newer than the gateway's Go, a path cannot be in a rule, or
/// several targets would have one output file.
pub(crate) fn make(
    request: &Request,
    gateway: &Gateway,
    linked: &[ModuleRow],
    plugin: &Plugin,
    facts: Facts,
) -> Result<Plan> {
    let Facts { goenv, matrix, .. } = facts;
    let mut warnings = gateway.notes.clone();
    if request.align == Mode::Never {
        warnings.extend(check_go_line(plugin, gateway)?);
    }
    check_workspace(plugin, gateway)?;
    let targets = targets_of(request, gateway, facts)?;
    let own_name = || Name::new("the name of a plugin", plugin.name());
    let name = request.name.clone().map_or_else(own_name, Ok)?;
    check_names(&request.output, &name, gateway, &targets)?;
    let user = flags::check_user_flags(&request.go_args)?;
    let goflags = flags::clean_goflags(&goenv.flags, !plugin.vendored.is_empty(), &user);
    warnings.extend(goflags.dropped.into_iter().chain(user.notes.clone()));
    let mut user_flags = user.flags.clone();
    if request.strip {
        ldflags::add(&mut user_flags, &["-s", "-w"]);
    }
    let rules = PathMap::new(plugin, goenv, gateway, linked)?;
    let jobs = targets
        .into_iter()
        .map(|target| {
            let cc_of_target = cc_of_target(request, &target.value);
            let mut job = Job {
                name: name.clone(),
                plugin: plugin.clone(),
                gateway: gateway.clone(),
                cc_of_project: request.cc_of_project && cc_of_target.is_none(),
                cc: cc_of_target.unwrap_or_else(|| request.cc.clone()),
                rules: rules.clone(),
                flags: Vec::new(),
                user_flags: user_flags.clone(),
                env: environment(gateway, plugin, facts, &goflags.kept, &target.value),
                output: output_file(&request.output, &name, gateway, &target.value),
                align: request.align,
                force: request.force,
                target,
            };
            job.flags = job.go_flags(matrix, &user);
            job
        })
        .collect();
    Ok(Plan { jobs, warnings })
}

/// The compiler that `CC_<triple>` names for a target.
fn cc_of_target(request: &Request, target: &Target) -> Option<Chosen<CcChoice>> {
    let triple = target.triple().to_lowercase().replace('-', "_");
    let program = request.cc_by_target.get(&triple)?;
    Some(Chosen::new(CcChoice::Program(program.clone()), format!("CC_{triple}")))
}

/// The targets, each with a floor that can be had and a file of its own.
fn targets_of(request: &Request, gateway: &Gateway, facts: Facts) -> Result<Vec<Chosen<Target>>> {
    let targets = targets::choose(&request.wanted, gateway, facts.platform.arch)?;
    for target in &targets {
        let row = facts.matrix.target(&target.value);
        row.check_floor(target.value.libc.floor)?;
    }
    match (&request.output, targets.as_slice()) {
        (Output::File(file), [_, _, ..]) => {
            Err(
                Error::usage(format!("{} cannot hold {} targets", file.display(), targets.len()))
                    .help("name a folder: `--out-dir DIR`"),
            )
        }
        _ => Ok(targets),
    }
}

/// Rejects a plan in which two jobs write one file.
///
/// # Errors
/// The message names the file and both jobs.
pub(crate) fn check_outputs(jobs: &[Job]) -> Result<()> {
    let mut seen: BTreeMap<&PathBuf, &Job> = BTreeMap::new();
    for job in jobs {
        if let Some(other) = seen.insert(&job.output, job) {
            let label = |job: &Job| format!("{} for {}", job.plugin.dir.display(), job.gateway.label);
            let what = format!("{} would be {} and {}", job.output.display(), label(other), label(job));
            return Err(
                Error::usage(what).help("give the plugins names of their own in plugbuild.toml, or the gateways")
            );
        }
    }
    Ok(())
}

impl Job {
    fn go_flags(&self, matrix: &Matrix, user: &flags::UserFlags) -> Vec<String> {
        let facts = QuirkFacts {
            go: &self.gateway.go,
            arch: Some(self.target.value.arch),
            libc: Some(self.target.value.libc.kind),
            cc: None,
            gold: None,
        };
        let mut flags = vec!["-buildmode=plugin".to_owned()];
        flags.extend(
            matrix
                .quirks(&facts)
                .into_iter()
                .flat_map(|quirk| quirk.go_flags.iter().cloned()),
        );
        if !self.gateway.settings.tags.is_empty() {
            flags.push(format!("-tags={}", self.gateway.settings.tags.join(",")));
        }
        if self.gateway.settings.trimpath {
            // For the standard library, and for files that the go command itself writes.
            flags.push("-trimpath".to_owned());
        }
        flags.extend(self.rules.flags(user));
        flags
    }
}

/// `handler_2.1.4_linux_arm64_musl.so`: contains everything that distinguishes two builds.
fn output_file(output: &Output, name: &str, gateway: &Gateway, target: &Target) -> PathBuf {
    match output {
        Output::File(file) => file.clone(),
        Output::Dir(dir) => {
            let label = gateway.file_label();
            dir.join(format!("{name}_{label}_linux_{}_{}.so", target.arch, target.libc.kind))
        }
    }
}

/// Two glibc floors of one architecture would have the same file name.
fn check_names(output: &Output, name: &str, gateway: &Gateway, targets: &[Chosen<Target>]) -> Result<()> {
    let file = |target: &Target| output_file(output, name, gateway, target);
    for (i, one) in targets.iter().enumerate() {
        if let Some(other) = targets[..i].iter().find(|t| file(&t.value) == file(&one.value)) {
            let name = file(&one.value);
            return Err(Error::usage(format!(
                "{} and {} would both be written to {}",
                other.value,
                one.value,
                name.display()
            ))
            .help("the lower floor loads on both; or build them one by one with `--output FILE`"));
        }
    }
    Ok(())
}

/// The go command's environment for a target: what affects hashes is the gateway's, what finds modules is the user's.
fn environment(
    gateway: &Gateway,
    plugin: &Plugin,
    facts: Facts,
    goflags: &[String],
    target: &Target,
) -> BTreeMap<String, OsString> {
    let Facts { goenv, matrix, .. } = facts;
    let row = matrix.target(target);
    let settings = &gateway.settings;
    let level = |own: &Option<String>, row: &Option<String>| own.clone().or_else(|| row.clone());
    let mut env: BTreeMap<String, OsString> = goenv
        .written
        .iter()
        .map(|(name, value)| (name.clone(), value.into()))
        .collect();
    let mut set = |name: &str, value: &OsStr| env.insert(name.to_owned(), value.to_owned());
    // The user's `go env -w` file is merged in above; reading it again would undo the following.
    set("GOENV", "off".as_ref());
    set("GOTOOLCHAIN", "local".as_ref());
    set("GO111MODULE", "on".as_ref());
    set("GOFLAGS", go_flags::join(goflags).as_ref());
    set("GOMODCACHE", goenv.module_cache.as_os_str());
    let work = plugin.work.as_ref().map_or(OsStr::new("off"), |file| file.as_os_str());
    set("GOWORK", work);
    set("CGO_ENABLED", "1".as_ref());
    set("GOOS", "linux".as_ref());
    set("GOARCH", target.arch.goarch().as_ref());
    set(
        "GOEXPERIMENT",
        settings.goexperiment.as_deref().unwrap_or_default().as_ref(),
    );
    match target.arch {
        Arch::Amd64 => level(&settings.goamd64, &row.goamd64).map(|v| set("GOAMD64", v.as_ref())),
        Arch::Arm64 => level(&settings.goarm64, &row.goarm64).map(|v| set("GOARM64", v.as_ref())),
    };
    if gateway.go.at_least(1, 24) {
        set("GOFIPS140", settings.gofips140.as_deref().unwrap_or("off").as_ref());
    }
    let facts = QuirkFacts::for_go(&gateway.go);
    for (name, value) in matrix.quirks(&facts).into_iter().flat_map(|quirk| &quirk.go_env) {
        // Flags that were kept must not be replaced by an empty GOFLAGS.
        if name != "GOFLAGS" || goflags.is_empty() {
            set(name, value.as_ref());
        }
    }
    env
}

/// Workspaces came with Go 1.18; an older Go would look for the members among published modules.
fn check_workspace(plugin: &Plugin, gateway: &Gateway) -> Result<()> {
    let Some(work) = plugin.work.as_ref().filter(|_| !gateway.go.at_least(1, 18)) else {
        return Ok(());
    };
    let error = Error::incompatible(format!(
        "{} is not known to Go {}, which {} was compiled with",
        work.display(),
        gateway.go,
        gateway.title()
    ));
    let dir = |root: &std::path::Path| crate::util::process::quoted(root.as_os_str());
    let replaces = plugin
        .siblings
        .iter()
        .map(|m| format!("-replace={}={}", m.path, dir(&m.root)));
    Err(error.help(format!(
        "say in go.mod where the other modules are, and build with GOWORK=off: `cd {} && go mod edit {}`",
        dir(&plugin.module.root),
        replaces.collect::<Vec<_>>().join(" ")
    )))
}

/// A go.mod must not require a newer Go than the gateway's.
fn check_go_line(plugin: &Plugin, gateway: &Gateway) -> Result<Option<String>> {
    let Some(line) = plugin.module.go.as_ref().filter(|line| **line > gateway.go) else {
        return Ok(None);
    };
    let message = format!(
        "{}: go.mod asks for Go {line}, {} was compiled with Go {}",
        plugin.module.path,
        gateway.title(),
        gateway.go
    );
    if !version::stops(line, &gateway.go) {
        return Ok(Some(format!("{message}: it builds if it uses nothing newer")));
    }
    Err(Error::incompatible(message)
        .help("let plugbuild lower it in a copy: leave `--align never` out")
        .help(format!(
            "or lower the line: `go mod edit -go={} -toolchain=none` in {}",
            gateway.go.newest_line(),
            plugin.module.root.display()
        ))
        .help("or build for a gateway that has a newer Go: `plugbuild gateway list`"))
}
