//! What the go command selects for a plugin: its build list, and which of it is compiled in.
//!
//! Uses `go list`, which knows minimal version selection, `replace`, workspaces and vendor directories, on a copy of
//! go.mod and go.sum, so that the user's files are not written.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::matrix::{Matrix, QuirkFacts};
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::align::split;
use crate::modules::modfile::ModFile;
use crate::modules::modfile::text::Edits;
use crate::modules::report::Compiled;
use crate::modules::{BuildList, PluginModules, go_line, modfile};
use crate::plan::Job;
use crate::project::plugin::Plugin;
use crate::project::source::package_dirs::package_dirs_below;
use crate::toolchain::fetch as toolchain_fetch;
use crate::toolchain::go::Go;
use crate::toolchain::go_messages;
use crate::toolchain::installed_go;
use crate::toolchain::session::Session;
use crate::toolchain::state::State;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::host::Host;
use crate::util::process::stall::StallTimeout;
use crate::util::process::{Invocation, quoted};
use crate::util::version::GoVersion;

pub(crate) mod parse;
pub(crate) mod std_imports;
pub(crate) mod package;
pub(crate) mod unfetched;
mod vendor;

/// The go command to run, and the plugin to ask about.
#[derive(Debug, Clone)]
pub(crate) struct GoList {
    pub program: PathBuf,
    /// Flags that decide which files of a package count.
    pub flags: Vec<String>,
    pub env: BTreeMap<String, OsString>,
}

impl GoList {
    /// A Go of some version; for a job's own gateway or, if that cannot read the plugin, another.
    pub(crate) fn new(job: &Job, version: &GoVersion, program: PathBuf, matrix: &Matrix) -> Self {
        let quirks = matrix.quirks(&QuirkFacts::for_go(version));
        let mut flags: Vec<String> = quirks.iter().flat_map(|quirk| quirk.go_flags.iter().cloned()).collect();
        let tags = |flag: &&String| flag.starts_with("-tags=");
        flags.extend(job.flags.iter().chain(&job.user_flags).filter(tags).cloned());
        let mut env = job.env.clone();
        if *version != job.gateway.go {
            // Another Go may not know them; and none of them decides which packages there are.
            env.insert("GOEXPERIMENT".to_owned(), OsString::new());
            env.remove("GOFIPS140");
        }
        GoList { program, flags, env }
    }
}

/// What the plugin selects as it is: listed by the gateway's own Go if it is installed and can read the plugin, else by
/// another on this machine.
///
/// # Errors
/// No Go is installed, or none can load the plugin's packages: the last one's output.
pub(crate) fn plugin_modules(job: &Job, exact: &Go, session: &Session) -> Result<PluginModules> {
    let Session {
        matrix, host, store, ..
    } = session;
    let mut last = None;
    for (program, version) in readers(exact, session) {
        let own = job.plugin.module.go.as_ref();
        let line = own.and_then(|have| go_line::change(Some(have), &version));
        let drop: Vec<String> = matrix
            .quirks(&QuirkFacts::for_go(&version))
            .iter()
            .flat_map(|quirk| quirk.go_mod_drop.iter().cloned())
            .collect();
        let edits = Edits {
            go: line.as_ref().filter(|line| line.stops).map(|line| &line.want),
            drop: &drop,
            ..Edits::default()
        };
        let mut copy = modfile::write(&job.plugin, &format!("as-is-go{version}"), &edits, &[], store)?;
        let reader = GoList::new(job, &version, program, matrix);
        match read(job, &reader, &copy, host) {
            Ok(side) => {
                copy.mark_current(&modfile::question(&(&job.target.value, &side.modules)))?;
                return Ok(side);
            }
            Err(why) if !split::ambiguous(&why.message).is_empty() => {
                return Listings::new(job, &reader, &copy, copy.writing(), host)
                    .ambiguous()?
                    .ok_or(why);
            }
            // Another Go would use the same network.
            Err(why) if [ErrorKind::Interrupted, ErrorKind::Network, ErrorKind::Integrity].contains(&why.kind) => {
                return Err(why);
            }
            Err(why) => last = Some(why),
        }
    }
    Err(last.unwrap_or_else(|| {
        let version = &exact.version;
        Error::tool_missing(format!(
            "no Go on this machine to read the modules of {} with",
            job.plugin.module.path
        ))
        .help(format!(
            "install the gateway's: `plugbuild toolchain install {version}`"
        ))
    }))
}

/// The go commands to try, the gateway's own first.
fn readers(exact: &Go, session: &Session) -> impl Iterator<Item = (PathBuf, GoVersion)> {
    let own = (exact.state == State::Ready).then(|| (exact.program(), exact.version.clone()));
    let other =
        installed_go::bootstrap_go(&session.host, &session.store).filter(|(_, version)| *version != exact.version);
    own.into_iter().chain(other)
}

/// Whether go.mod and go.sum are complete for a build that reads them as they are, as one does if nothing is aligned.
///
/// # Errors
/// What the go command finds missing in them.
pub(crate) fn is_complete(job: &Job, exact: &Go, session: &Session) -> Result<()> {
    let Some((program, version)) = readers(exact, session).next() else {
        return Ok(());
    };
    let list = as_built(
        job,
        &ModuleOverlay::default(),
        GoList::new(job, &version, program, &session.matrix),
        &PACKAGES,
    );
    let said = output_text(&fetching(&list, job, &session.host)?);
    // Other errors are not about these files; the listing reports them.
    match go_messages::OUT_OF_DATE.iter().any(|sign| said.contains(sign)) {
        true => Err(failed(&said, &list, job, &session.host)),
        false => Ok(()),
    }
}

/// Lists the build list and what is compiled in. If the go command has brought the copy up to date, both run at once
/// and only read it; otherwise one after the other, and they may write.
///
/// # Errors
/// The go command's output, if it could not load the plugin's packages.
pub(crate) fn read(job: &Job, reader: &GoList, modfile: &ModFile, host: &Host) -> Result<PluginModules> {
    if !modfile.changed
        && let Some(side) = Listings::new(job, reader, modfile, modfile.flags(), host).at_once()?
    {
        return Ok(side);
    }
    Listings::new(job, reader, modfile, modfile.writing(), host).one_by_one()
}

/// Both listings of a copy.
struct Listings<'a> {
    packages: Invocation,
    /// A vendor directory has what is compiled in, and nothing about the rest.
    modules: Option<Invocation>,
    job: &'a Job,
    host: &'a Host,
}

impl<'a> Listings<'a> {
    fn new(job: &'a Job, reader: &GoList, modfile: &ModFile, mode: Vec<String>, host: &'a Host) -> Self {
        let list = |args: &[&str]| {
            let mut go = Invocation::new(&reader.program, &job.plugin.dir)
                .arg("list")
                .args(&mode)
                .args(args)
                .env("PWD", &job.plugin.dir)
                .env_remove("GOROOT");
            go.env.extend(reader.env.clone());
            go.env.extend(modfile.env());
            go
        };
        let flags: Vec<&str> = reader.flags.iter().map(String::as_str).collect();
        Listings {
            packages: list(&[&["-deps", "-f", parse::PACKAGE], flags.as_slice(), &["."]].concat()),
            modules: (!modfile.is_vendored()).then(|| list(&["-m", "-f", parse::MODULE, "all"])),
            job,
            host,
        }
    }

    /// `None` if the copy lacks something that the go command would have to write.
    fn at_once(&self) -> Result<Option<PluginModules>> {
        let (packages, modules) = std::thread::scope(|scope| {
            let modules = scope.spawn(|| self.modules());
            (fetching(&self.packages, self.job, self.host), modules.join())
        });
        let packages = packages?;
        let modules = modules.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let lacks = |said: &str| !go_messages::NETWORK.iter().any(|sign| said.contains(sign));
        match &modules {
            _ if !packages.status.success() && lacks(&output_text(&packages)) => Ok(None),
            Modules::Unknown(why) if lacks(why) => Ok(None),
            _ => self.side(&packages, modules).map(Some),
        }
    }

    fn one_by_one(&self) -> Result<PluginModules> {
        let packages = fetching(&self.packages, self.job, self.host)?;
        if !packages.status.success() {
            return Err(failed(&output_text(&packages), &self.packages, self.job, self.host));
        }
        self.side(&packages, self.modules()?)
    }

    /// If the only problem is that several modules have a package: the gateway may decide which.
    fn ambiguous(mut self) -> Result<Option<PluginModules>> {
        for arg in &mut self.packages.args {
            if arg == parse::PACKAGE {
                *arg = parse::package_or_error().into();
            }
        }
        self.packages.args.insert(1, "-e".into());
        let packages = fetching(&self.packages, self.job, self.host)?;
        let Some(ambiguous) = parse::ambiguous(&String::from_utf8_lossy(&packages.stdout)) else {
            return Ok(None);
        };
        let side = self.side(&packages, self.modules()?)?;
        Ok(Some(PluginModules { ambiguous, ..side }))
    }

    /// The whole build list needs the go.mod of modules of which nothing is compiled, which may be out of reach.
    fn modules(&self) -> Result<Modules> {
        let Some(list) = &self.modules else {
            return Ok(Modules::Vendored);
        };
        match fetching(list, self.job, self.host) {
            Ok(output) if output.status.success() => {
                Ok(Modules::Listed(String::from_utf8_lossy(&output.stdout).into_owned()))
            }
            Ok(output) => Ok(Modules::Unknown(words(&output_text(&output)).join("; "))),
            Err(why) if why.kind == ErrorKind::Network => Ok(Modules::Unknown(why.message)),
            Err(why) => Err(why),
        }
    }

    fn side(&self, packages: &Output, modules: Modules) -> Result<PluginModules> {
        if !packages.status.success() {
            return Err(failed(&output_text(packages), &self.packages, self.job, self.host));
        }
        let (modules, build_list) = match modules {
            Modules::Listed(modules) => (modules, BuildList::Whole),
            Modules::Vendored => (String::new(), BuildList::Vendored),
            Modules::Unknown(why) => (String::new(), BuildList::Unknown { why }),
        };
        let vendored = build_list == BuildList::Vendored;
        let packages = String::from_utf8_lossy(&packages.stdout);
        let plugin = &self.job.plugin;
        let mut side = parse::side(&modules, &packages, build_list, plugin, &read_source);
        if vendored && let Some(cache) = self.packages.env.get("GOMODCACHE").map(PathBuf::from) {
            let root = plugin
                .work
                .as_deref()
                .and_then(Path::parent)
                .unwrap_or(&plugin.module.root);
            vendor::take_changed(&mut side, &root.join("vendor"), &cache);
        }
        Ok(side)
    }
}

/// The result of listing the build list.
enum Modules {
    Listed(String),
    Vendored,
    /// In the go command's words.
    Unknown(String),
}

fn output_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The lines of the go command's output that say why it failed.
fn words(said: &str) -> Vec<&str> {
    said.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("go: downloading") && !line.starts_with("go: finding"))
        .take(12)
        .collect()
}

/// A file that cannot be read decides nothing: the go command has just read it.
fn read_source(file: &Path) -> Option<String> {
    crate::util::regular_file::read_to_string(file).ok()
}

/// Whether a file of the plugin's module names what go.mod alone does not show: a standard package that this Go lacks, or
/// another module's package.
pub(crate) fn may_need_more(plugin: &Plugin, go: &GoVersion) -> bool {
    let needs_more = |text: String| {
        std_imports::names_a_later_package(&text, go) || std_imports::names_another_module(&text, &plugin.module.path)
    };
    let mut dirs = vec![plugin.module.root.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_source = name.ends_with(".go") && !name.ends_with("_test.go");
            if is_source && read_source(&entry.path()).is_some_and(needs_more) {
                return true;
            }
        }
        dirs.extend(package_dirs_below(&dir));
    }
    false
}

/// Which packages a build compiles.
const PACKAGES: [&str; 3] = ["-deps", "-f", "{{.ImportPath}}"];

/// Makes the go command fetch and unpack everything that a job's build will read, in the same way.
///
/// # Errors
/// The go command's output.
pub(crate) fn fetch(job: &Job, overlay: &ModuleOverlay, go: &Go, session: &Session) -> Result<()> {
    let reader = GoList::new(job, &go.version, go.program(), &session.matrix);
    let list = as_built(job, overlay, reader, &PACKAGES);
    let output = fetching(&list, job, &session.host)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(&output_text(&output), &list, job, &session.host)),
    }
}

/// Whether a Go compiles the plugin, without linking: by this command, if the tools of a build are here, else without a
/// C compiler. `None` if a build would compile other files then.
///
/// # Errors
/// The go command cannot be run, or cannot fetch.
pub(crate) fn compiles(
    job: &Job,
    overlay: &ModuleOverlay,
    go: &Go,
    compile: Option<Invocation>,
    session: &Session,
) -> Result<Option<Compiled>> {
    let host = &session.host;
    let mut reader = GoList::new(job, &go.version, go.program(), &session.matrix);
    let files = "{{if not .Standard}}{{.ImportPath}} {{.GoFiles}} {{.CgoFiles}}{{end}}";
    let list = |reader: &GoList| {
        fetching(
            &as_built(job, overlay, reader.clone(), &["-deps", "-f", files]),
            job,
            host,
        )
    };
    let with_c = list(&reader)?;
    reader.env.insert("CGO_ENABLED".to_owned(), "0".into());
    let without = list(&reader)?;
    if !with_c.status.success() || with_c.stdout != without.stdout {
        return Ok(None);
    }
    let compile = compile.unwrap_or_else(|| as_built(job, overlay, reader, &COMPILED));
    let output = fetching(&compile, job, host)?;
    Ok(Some(match output.status.success() {
        true => Compiled::Yes,
        false => {
            let said = output_text(&output);
            let cure = go_messages::too_low_a_line(&said, job);
            Compiled::No(words(&said).into_iter().map(str::to_owned).chain(cure).collect())
        }
    }))
}

/// What makes `go list` compile.
pub(crate) const COMPILED: [&str; 3] = ["-export", "-f", "{{.ImportPath}}"];

/// Lists the packages of a build with the files and module flags of that build.
fn as_built(job: &Job, overlay: &ModuleOverlay, reader: GoList, question: &[&str]) -> Invocation {
    let files = |flag: &&String| flag.starts_with("-mod=") || flag.starts_with("-modfile=");
    let mut list = Invocation::new(&reader.program, &job.plugin.dir)
        .arg("list")
        .args(question)
        .args(reader.flags)
        .args(overlay.flags().iter().chain(&overlay.user_flags(job)).filter(files))
        .arg(".")
        .env("PWD", &job.plugin.dir)
        .env_remove("GOROOT");
    list.env.extend(reader.env);
    list.env.extend(overlay.env());
    list
}

const STILL_WAITS: &str = "the go command still waits";

/// Whether the go command was given up: asking again would take as long again.
pub(crate) fn was_given_up(why: &Error) -> bool {
    why.kind == ErrorKind::Network && why.message.ends_with(STILL_WAITS)
}

/// Runs a go command that may fetch modules, and gives up if none arrive: it would wait forever.
fn fetching(go: &Invocation, job: &Job, host: &Host) -> Result<Output> {
    // Much more than a download may pause: meanwhile the go command may be busy with what it has.
    let patience = toolchain_fetch::stall_timeout(host)? * 5;
    let cache = go.env.get("GOMODCACHE").map(PathBuf::from).unwrap_or_default();
    let grows = ["cache/download", "cache/vcs"].map(|dir| cache.join(dir));
    let output = go.output_unless_stalled(host, StallTimeout::of(grows.to_vec(), patience))?;
    output.ok_or_else(|| {
        Error::network(format!(
            "the modules of {} cannot be fetched: nothing arrived for {} s, and {STILL_WAITS}",
            job.plugin.module.path,
            patience.as_secs()
        ))
        .help("check GOPROXY and the network; plugbuild waits 5 × PLUGBUILD_TIMEOUT seconds for modules")
    })
}

/// The error of this go command.
fn failed(said: &str, go: &Invocation, job: &Job, host: &Host) -> Error {
    let dir = quoted(job.plugin.dir.as_os_str());
    let lines = words(said);
    let has = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let kind = match unfetched::kind(said, go, host) {
        Err(why) => return why,
        Ok(Some(kind)) => kind,
        Ok(None) if has(&go_messages::NEWER_GO) => ErrorKind::Incompatible,
        Ok(None) => ErrorKind::Build,
    };
    let what = format!(
        "the go command cannot list the modules of {}: {}",
        job.plugin.module.path,
        lines.join("\n  ")
    );
    let error = Error::new(kind, what);
    // The same output means the same whether it comes from listing or from building.
    let help = go_messages::explained(said, job, host)
        // Not the network, but one module: its host or the proxy does not give it to everybody.
        .or_else(|| (kind == ErrorKind::Network).then(|| go_messages::private(said, job, host)))
        .unwrap_or_else(|| format!("see whether `cd {dir} && go list -deps .` works"));
    error.help(help)
}
