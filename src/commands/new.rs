//! `plugbuild new` and `plugbuild init`: a plugin's folder, or what is missing in one.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{Context, print};
use crate::cli::GatewayArgs;
use crate::cli::new::{InitArgs, NewArgs};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Asked, GatewaySpec};
use crate::registerer::names::registered;
use crate::registerer::source::Source;
use crate::registerer::{self, Kind};
use crate::scaffold::{File, Project};

pub(super) fn run(args: &NewArgs, cx: Context) -> Result<()> {
    let dir = cx.host.absolute(&args.path);
    let name = name_of(&dir)?;
    let kind = args.kind.ok_or_else(|| {
        Error::usage(format!("of which type is the plugin {name} to be?"))
            .help(format!("plugbuild new {} --type handler", args.path.display()))
            .help("a handler wraps the gateway's server, a client takes the place of a backend's HTTP client, a modifier changes requests or responses")
    })?;
    let taken = fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some());
    if taken || dir.is_file() {
        return Err(Error::usage(format!("{} is there already", args.path.display()))
            .help(format!("add what is missing: `plugbuild init {}`", args.path.display())));
    }
    let project = project(name, kind, args.module.clone(), &args.gateway, &dir, cx)?;
    if kind == Kind::Middleware {
        cx.ui.warn("middleware plugins work in the Enterprise edition only");
    }
    fs::create_dir_all(&dir).map_err(|e| Error::io("make", &dir, e))?;
    let dir = dir.canonicalize().map_err(|e| Error::io("make", &dir, e))?;
    for file in project.files() {
        write(&dir, &file)?;
        cx.ui.detail("made", dir.join(file.path).display());
    }
    cx.ui.status(
        "made",
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
    cx.ui.status(
        "next",
        format!("cd {} && plugbuild (its unit test: go test ./...)", args.path.display()),
    );
    print(dir.display());
    Ok(())
}

pub(super) fn run_init(args: &InitArgs, cx: Context) -> Result<()> {
    let dir = cx.host.absolute(&args.path);
    let dir = dir.canonicalize().map_err(|e| {
        Error::usage(format!("cannot read {}: {e}", args.path.display())).help("plugbuild new NAME --type handler")
    })?;
    let source = Source::read(&dir)?;
    let rows = registerer::all();
    let found = rows.iter().find(|row| source.exports(&row.symbol)).map(|row| row.kind);
    let kind = args.kind.or(found).ok_or_else(|| {
        Error::usage(format!(
            "{} exports no registerer: of which type is the plugin to be?",
            args.path.display()
        ))
        .help("plugbuild init --type handler (client, modifier, middleware)")
    })?;
    // What the plugin registers already is the name that its configuration must have.
    let own = registered(&source, rows).unwrap_or_default();
    let name = match own.into_iter().find(|(of, _)| *of == kind) {
        Some((_, name)) => name,
        None => name_of(&dir)?,
    };
    let project = project(name, kind, args.module.clone(), &args.gateway, &dir, cx)?;
    let mut made = 0;
    for file in project.files() {
        // A module above the folder is its module.
        let above = file.path == "go.mod" && dir.ancestors().any(|above| above.join("go.mod").is_file());
        let settings =
            file.path == "plugbuild.toml" && dir.ancestors().any(|above| above.join("plugbuild.toml").is_file());
        if above || settings || file.source && found.is_some() || dir.join(file.path).exists() {
            continue;
        }
        write(&dir, &file)?;
        cx.ui.status("made", dir.join(file.path).display());
        made += 1;
    }
    if made == 0 {
        cx.ui.status("unchanged", "nothing is missing");
    }
    Ok(())
}

fn name_of(dir: &Path) -> Result<String> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Project::check_name(&name)?;
    Ok(name)
}

fn project(
    name: String,
    kind: Kind,
    module: Option<String>,
    given: &GatewayArgs,
    dir: &Path,
    cx: Context,
) -> Result<Project> {
    let settings = Settings::read(dir, cx.host)?;
    let matrix = settings.matrix()?;
    let latest: GatewaySpec = "latest".parse()?;
    let spec = given.gateway.clone().unwrap_or(latest);
    let asked = Asked {
        gateway: Some(spec.clone()),
        named_in: None,
        go: given.go.clone(),
        libc: None,
    };
    let found = gateway::identify(&asked, &matrix, cx.host)?;
    let gateway = match spec {
        // From another folder the path would lead elsewhere.
        GatewaySpec::File(path) => cx.host.absolute(path).display().to_string(),
        _ => found.label.clone(),
    };
    Ok(Project {
        module: module.unwrap_or_else(|| format!("example.com/{name}")),
        name,
        kind,
        gateway: escaped(&gateway),
        go: found.go,
    })
}

/// Text between the quotes of a TOML string.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Writes a file that is not there; one that is there is never touched.
fn write(dir: &Path, file: &File) -> Result<()> {
    let path = dir.join(file.path);
    let folder = path.parent().unwrap_or(dir);
    fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
    let mut to = fs::File::create_new(&path).map_err(|e| Error::io("make", &path, e))?;
    to.write_all(file.text.as_bytes())
        .map_err(|e| Error::io("write", &path, e))
}
