//! `plugbuild new` and `plugbuild init`: creates a plugin's directory, or adds what is missing in one.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::commands::args::{GatewayArgs, parse};
use crate::commands::gateway_choice;
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print_json, print_path};
use crate::gateway::config::{ConfigReader, ConfigVersion};
use crate::gateway::facts::Gateway;
use crate::gateway::registerer::PluginKind;
use crate::gateway::{GatewaySpec, registerer};
use crate::project::config;
use crate::project::config::Settings;
use crate::project::scaffold::{Project, ScaffoldFile, WORKFLOW};
use crate::project::source::PluginSource;
use crate::project::source::registered_names::registered;
use crate::project::trust::Programs;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::quoted;
use crate::util::target::LibcKind;
use crate::util::ui::Format;

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The directory to create; its last part is the plugin's name
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
    /// handler (http-server), client (http-client), modifier (req-resp-modifier), or middleware (Enterprise edition)
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<PluginKind>)]
    pub kind: Option<PluginKind>,
    /// The Go module's path [default: example.com/NAME]
    #[arg(long, value_name = "PATH")]
    pub module: Option<String>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The type, as for `plugbuild new`, if the source does not show it
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<PluginKind>)]
    pub kind: Option<PluginKind>,
    /// The Go module's path, if there is no go.mod [default: example.com/NAME]
    #[arg(long, value_name = "PATH")]
    pub module: Option<String>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

pub(crate) fn run(args: &NewArgs, cx: Context) -> Result<()> {
    let dir = cx.host.absolute(&args.path);
    let name = name_of(&dir)?;
    let kind = args.kind.ok_or_else(|| {
        Error::usage(format!("of which type is the plugin {name} to be?"))
            .help(format!("plugbuild new {} --type handler", args.path.display()))
            .help("a handler wraps the gateway's server, a client takes the place of a backend's HTTP client, a modifier changes requests or responses")
    })?;
    let taken = fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some());
    if taken || dir.is_file() {
        return Err(Error::usage(format!("{} already exists", args.path.display()))
            .help(format!("add what is missing: `plugbuild init {}`", args.path.display())));
    }
    let project = project(name, kind, (args.module.as_deref(), &args.gateway), &dir, cx)?;
    if kind == PluginKind::Middleware {
        cx.ui.warn("middleware plugins work in the Enterprise edition only");
    }
    fs::create_dir_all(&dir).map_err(|e| Error::io("make", &dir, e))?;
    let dir = dir.canonicalize().map_err(|e| Error::io("make", &dir, e))?;
    // In a directory that has settings, a file nearer to the plugin would replace them.
    let settled = args.gateway.gateway.is_none() && has_settings(&dir);
    let misplaced = repository_above(&dir);
    let mut made = Vec::new();
    for file in project.files() {
        if settled && file.path == config::FILE || misplaced.is_some() && file.path == WORKFLOW {
            continue;
        }
        write(&dir, &file)?;
        made.push(file.path);
        cx.ui.verbose("created", dir.join(file.path).display());
    }
    cx.ui.status(
        "created",
        format!(
            "a {} plugin for {} (Go {}) in {}",
            project.kind,
            match project.gateway.contains('/') {
                true => format!("the gateway {}", project.gateway),
                false => format!("KrakenD {}", project.gateway),
            },
            project.go,
            dir.display()
        ),
    );
    trust_what_was_written(&dir, &made, cx);
    warn_of_file_elsewhere(&project, &dir, cx);
    misplaced.inspect(|root| say_where_ci_is(root, cx));
    cx.ui.status(
        "next",
        format!(
            "cd {} && plugbuild (its unit test: go test ./...)",
            quoted(args.path.as_os_str())
        ),
    );
    match cx.format {
        Format::Human => print_path(&dir),
        Format::Json => print_json(&created_event(&project, &dir, &made)),
    }
    Ok(())
}

pub(crate) fn run_init(args: &InitArgs, cx: Context) -> Result<()> {
    let dir = cx.host.absolute(&args.path);
    let dir = dir.canonicalize().map_err(|e| {
        Error::unreadable(format!("cannot read {}: {e}", args.path.display())).help("plugbuild new NAME --type handler")
    })?;
    let source = PluginSource::read(&dir)?;
    let rows = registerer::all();
    let found = rows.iter().find(|row| source.exports(&row.symbol)).map(|row| row.kind);
    let kind = args.kind.or(found).ok_or_else(|| {
        Error::usage(format!(
            "{} exports no registerer: of which type is the plugin to be?",
            args.path.display()
        ))
        .help("plugbuild init --type handler (client, modifier, middleware)")
    })?;
    // A name that the plugin registers already must be the one in its configuration.
    let own = registered(&source, rows).unwrap_or_default();
    let name = match own.into_iter().find(|(of, _)| *of == kind) {
        Some((_, name)) => name,
        None => name_of(&dir)?,
    };
    let project = project(name, kind, (args.module.as_deref(), &args.gateway), &dir, cx)?;
    let misplaced = repository_above(&dir);
    let mut made = Vec::new();
    for file in project.files() {
        // A module above the directory is its module.
        let above = file.path == "go.mod" && dir.ancestors().any(|above| above.join("go.mod").is_file());
        let settings = file.path == config::FILE && has_settings(&dir);
        let ci = file.path == WORKFLOW && misplaced.is_some();
        if above || settings || ci || file.source && found.is_some() || dir.join(file.path).exists() {
            continue;
        }
        write(&dir, &file)?;
        cx.ui.status("created", dir.join(file.path).display());
        made.push(file.path);
    }
    misplaced
        .filter(|_| !dir.join(WORKFLOW).exists())
        .inspect(|root| say_where_ci_is(root, cx));
    if made.is_empty() {
        cx.ui.status("unchanged", "nothing is missing");
    }
    trust_what_was_written(&dir, &made, cx);
    if cx.format == Format::Json {
        print_json(&created_event(&project, &dir, &made));
    }
    Ok(())
}

/// A settings file that was written here names no program except the gateway that the user has just named.
fn trust_what_was_written(dir: &Path, made: &[&str], cx: Context) {
    if !made.contains(&config::FILE) {
        return;
    }
    let trusted = Settings::read(dir, cx.host).and_then(|settings| {
        let programs = Programs::from_project(&settings, &settings.matrix()?, cx.host);
        match programs.filter(|programs| !programs.all.is_empty()) {
            Some(programs) => programs.trust(cx.host),
            None => Ok(()),
        }
    });
    if let Err(why) = trusted {
        cx.ui.warn(format!("{} is not trusted yet: {why}", config::FILE));
    }
}

/// A gateway's file outside of the repository is not in a clone of it, such as on a CI's machine.
fn warn_of_file_elsewhere(project: &Project, dir: &Path, cx: Context) {
    let file = Path::new(&project.gateway);
    let root = repository_above(dir).unwrap_or_else(|| dir.to_owned());
    let inside = real(&dir.join(file)).is_some_and(|file| file.starts_with(&root));
    if !project.gateway.contains('/') || inside {
        return;
    }
    cx.ui.warn(format!(
        "{} names the gateway's file {}, which is outside of {}: a clone does not have it",
        config::FILE,
        project.gateway,
        root.display()
    ));
    cx.ui.help(format!(
        "where the file is not, name the gateway: `PLUGBUILD_GATEWAY={}`",
        project.release
    ));
}

/// Whether settings apply to the directory, its own or those of a parent.
fn has_settings(dir: &Path) -> bool {
    dir.ancestors().any(|above| above.join(config::FILE).is_file())
}

/// The event for a plugin's directory, with the files that were created.
fn created_event(project: &Project, dir: &Path, files: &[&str]) -> Value {
    json!({
        "reason": "plugin-made", "name": project.name, "type": project.kind.to_string(), "gateway": project.gateway,
        "go": project.go, "folder": dir, "files": files,
    })
}

/// The root of the repository that contains the directory, unless it is the directory itself.
fn repository_above(dir: &Path) -> Option<PathBuf> {
    // A file in a worktree and in a submodule.
    let root = dir.ancestors().find(|above| above.join(".git").exists())?;
    (root != dir).then(|| root.to_owned())
}

fn say_where_ci_is(root: &Path, cx: Context) {
    cx.ui.status(
        "left out",
        format!(
            "{WORKFLOW}: CI files belong to the root of the repository, {}; `plugbuild matrix --ci github` prints the jobs for one there (docs/ci.md)",
            root.display()
        ),
    );
}

fn name_of(dir: &Path) -> Result<String> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Project::check_name(&name)?;
    Ok(name)
}

/// `given` are the options: the module's path, and the gateway's.
fn project(
    name: String,
    kind: PluginKind,
    given: (Option<&str>, &GatewayArgs),
    dir: &Path,
    cx: Context,
) -> Result<Project> {
    let (module, given) = given;
    module.map_or(Ok(()), Project::check_module)?;
    let settings = Settings::read(dir, cx.host)?;
    let host = settings.with_mirrors(cx.host);
    let cx = Context { host: &host, ..cx };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    let latest: GatewaySpec = "latest".parse()?;
    let mut asked = asked(given, None, &settings, cx)?;
    let spec = asked.gateway.get_or_insert(latest).clone();
    let found = gateway_choice::identify(&asked, &mut matrix, cx)?;
    let from_file = found.binary.is_some();
    let release = flavoured(&found);
    let reader = ConfigReader::of(&found);
    let config = reader.as_ref().map_or(ConfigVersion::V3, |reader| reader.version);
    let gateway = match spec {
        GatewaySpec::File(path) => relative_path(dir, &path, cx).display().to_string(),
        GatewaySpec::Auto | GatewaySpec::Named(_) => spec.to_string(),
        // Its libc is part of the request: without it, a build is for the official image's.
        _ => release.clone(),
    };
    Ok(Project {
        module: module.map_or_else(|| format!("example.com/{name}"), str::to_owned),
        name,
        kind,
        gateway,
        release,
        gateway_go: given.go.clone(),
        from_file,
        go: found.go,
        config,
        schema: config.schema(reader.map(|reader| reader.release)),
    })
}

/// A release as `--gateway` takes it, with its libc if known.
fn flavoured(found: &Gateway) -> String {
    let suffix = match found.libc.map(|libc| libc.kind) {
        Some(LibcKind::Musl) => "-alpine",
        Some(LibcKind::Glibc) => "-linux-generic",
        None => "",
    };
    format!("{}{suffix}", found.label)
}

/// The path of a gateway's file for a settings file in `dir`: relative if it was given relative, so that both
/// directories can move together.
fn relative_path(dir: &Path, file: &Path, cx: Context) -> PathBuf {
    let absolute = cx.host.absolute(file);
    let repository = repository_above(dir).unwrap_or_else(|| dir.to_owned());
    if file.is_absolute() && !file.starts_with(&repository) {
        return absolute;
    }
    // A `..` after a symbolic link leads elsewhere than the text says.
    let (Some(file), Some(dir)) = (real(&absolute), real(dir)) else {
        return absolute;
    };
    let shared = file
        .components()
        .zip(dir.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = dir.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(file.components().skip(shared)).collect();
    match path.starts_with("..") {
        true => path,
        false => Path::new(".").join(path),
    }
}

/// The path without symbolic links above its last part; directories may not exist yet.
fn real(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    let above = path.parent()?;
    Some(above.canonicalize().ok().or_else(|| real(above))?.join(name))
}

/// Writes a new file; never touches an existing one.
fn write(dir: &Path, file: &ScaffoldFile) -> Result<()> {
    let path = dir.join(file.path);
    let folder = path.parent().unwrap_or(dir);
    fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
    let mut to = fs::File::create_new(&path).map_err(|e| Error::io("make", &path, e))?;
    to.write_all(file.text.as_bytes())
        .map_err(|e| Error::io("write", &path, e))
}
