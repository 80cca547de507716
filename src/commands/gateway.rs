//! `plugbuild gateway`: those that are known, what is known of one, and keeping one of the user's own.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::commands::args::{GatewayArgs, parse};
use crate::commands::gateway_choice;
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print, print_json, print_line};
use crate::gateway::facts::{Gateway, GatewayDescription};
use crate::gateway::{Asked, GatewaySpec};
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, Release, modules};
use crate::modules::{GatewayModules, Precision, gateway as modules_gateway};
use crate::project::config;
use crate::project::config::{Config, Settings};
use crate::toolchain::releases;
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::fs::{create_dir, overwrite};
use crate::util::regular_file::is_there;
use crate::util::target::LibcKind;
use crate::util::ui::Format;

/// The texts to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// A `[[matrix.release]]` of plugbuild.toml.
    pub row: String,
    /// The module list that it names.
    pub modules: String,
}

/// Renders them; `list` is the path of the module list.
pub fn rows(gateway: &Gateway, side: &GatewayModules, name: &str, list: &str) -> Own {
    let settings = &gateway.settings;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let text = |value: Option<&str>| value.map(quoted);
    let edition = gateway.edition.map(|edition| edition.to_string().to_lowercase());
    let version = gateway.version.map_or_else(|| "0.0.0".to_owned(), |v| v.to_string());
    let libc = gateway.libc.map(|libc| libc.to_string());
    let glibc = gateway.glibc_floor.map(|floor| floor.to_string());
    let go = gateway.go.to_string();
    let tags = (!settings.tags.is_empty()).then(|| toml::Value::from(settings.tags.clone()).to_string());
    let fields = [
        ("name", text(Some(name))),
        ("version", text(Some(&version))),
        ("edition", text(edition.as_deref())),
        ("go", text(Some(&go))),
        ("libc", text(libc.as_deref())),
        ("glibc", text(glibc.as_deref())),
        ("main_module", text(side.main_module.as_deref())),
        ("module_cache", text(Some(&gateway.module_cache))),
        ("main_root", text(Some(&gateway.main_root))),
        ("trimpath", settings.trimpath.then(|| "true".to_owned())),
        ("tags", tags),
        ("goamd64", text(settings.goamd64.as_deref())),
        ("goarm64", text(settings.goarm64.as_deref())),
        ("goexperiment", text(settings.goexperiment.as_deref())),
        ("modules", text(Some(list))),
    ];
    let lines = fields
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)));
    Own {
        row: std::iter::once("[[matrix.release]]\n".to_owned())
            .chain(lines)
            .collect(),
        modules: side.linked_modules().map(|row| format!("{row}\n")).collect(),
    }
}

/// Parses a settings file with such a row.
///
/// # Errors
/// It is invalid.
pub fn check(text: &str, file: &Path) -> Result<Config> {
    config::parse(text, file)
}

#[derive(Debug, Clone, Args)]
pub struct GatewayCommandArgs {
    #[command(subcommand)]
    pub command: GatewayCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum GatewayCommand {
    /// List the known gateway releases
    List,
    /// Show how plugins for a gateway must be compiled
    Show {
        #[command(flatten)]
        gateway: GatewayArgs,
        /// List the modules it links, too
        #[arg(long)]
        modules: bool,
    },
    /// Look up the releases that are newer than this plugbuild, through your GOPROXY
    Update,
    /// Add your own gateway to plugbuild.toml, so that its binary is no longer needed
    Import {
        /// The gateway's binary: Enterprise edition, fork, or your own build
        #[arg(value_name = "KRAKEND", value_parser = parse::<GatewaySpec>)]
        gateway: GatewaySpec,
        /// The name that `--gateway` takes for it, such as acme-3.0
        #[arg(long)]
        name: Option<String>,
        /// Add it to your user settings, not to the project's
        #[arg(long)]
        user: bool,
    },
}

/// The directory that import writes to if there is no settings file yet.
pub(crate) fn fallback(cwd: &std::path::Path) -> PathBuf {
    cwd.join(config::FILE)
}

pub(crate) fn run(command: &GatewayCommand, cx: Context) -> Result<()> {
    match command {
        GatewayCommand::List => list(cx),
        GatewayCommand::Update => update(cx),
        GatewayCommand::Show { gateway, modules } => show(gateway, *modules, cx),
        GatewayCommand::Import { gateway, name, user } => import(gateway, name.as_deref(), *user, cx),
    }
}

/// The releases of the matrix, and gateways of the user's own, newest first.
pub(crate) fn list(cx: Context) -> Result<()> {
    let matrix = gateway_choice::matrix(&Settings::read(&cx.host.cwd, cx.host)?, cx)?;
    if cx.format == Format::Json {
        print_json(&matrix.releases());
        return Ok(());
    }
    print_line(format_args!(
        "{:<12} {:<9} {:<10} {:<22} {}",
        "GATEWAY", "GO", "RELEASED", "MUSL (official image)", "GLIBC (generic Linux)"
    ));
    for row in matrix.releases().iter().rev() {
        let unknown = || "-".to_owned();
        let musl = match (row.libc_version(LibcKind::Musl), &row.alpine) {
            (Some(musl), Some(alpine)) => format!("{musl} (alpine {alpine})"),
            (Some(musl), None) => musl.to_string(),
            (None, _) => unknown(),
        };
        let glibc = row
            .libc_version(LibcKind::Glibc)
            .map_or_else(unknown, |v| format!("floor {v}"));
        let released = row.released.clone().unwrap_or_else(unknown);
        let from = row.from_module.as_ref();
        let from = from.map_or_else(String::new, |module| format!(", from the module, {}", module.h1));
        print_line(format_args!(
            "{:<12} {:<9} {released:<10} {musl:<22} {glibc}{from}",
            row.label(),
            row.go.to_string()
        ));
    }
    Ok(())
}

/// `gateway update` as JSON, for each release.
#[derive(Serialize)]
struct LearnedEvent<'a> {
    reason: &'static str,
    release: &'a Release,
}

/// Every release that is listed and not known; one that cannot be used does not keep others from being learned.
fn update(cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let host = settings.with_mirrors(cx.host);
    let cx = Context { host: &host, ..cx };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    let learned = releases::update(&mut matrix, cx)?;
    if learned.is_empty() {
        cx.ui
            .status("unchanged", "every release that your GOPROXY lists is known");
    }
    let mut refused: Option<Error> = None;
    for (version, learned) in learned {
        match learned {
            Ok(row) if cx.format == Format::Json => print_json(&LearnedEvent {
                reason: "gateway-learned",
                release: &row,
            }),
            Ok(row) => {
                let h1 = row.from_module.as_ref().map_or("", |module| module.h1.as_str());
                print_line(format_args!("{version}  Go {}, from the module, {h1}", row.go));
            }
            // That one loads no plugins is an answer too.
            Err(why) if why.kind == ErrorKind::Incompatible || refused.is_some() => cx.ui.warn(why.message),
            Err(why) => {
                refused = Some(Error {
                    message: format!("KrakenD {version} cannot be looked up: {}", why.message),
                    ..why
                });
            }
        }
    }
    refused.map_or(Ok(()), Err)
}

/// `gateway show` as JSON.
#[derive(Serialize)]
struct ShowEvent<'a> {
    reason: &'static str,
    #[serde(flatten)]
    gateway: GatewayDescription<'a>,
    known: Option<Precision>,
    modules: Vec<&'a ModuleRow>,
}

fn show(given: &GatewayArgs, modules: bool, cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let host = settings.with_mirrors(cx.host);
    let cx = Context { host: &host, ..cx };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    let gateway = gateway_choice::identify(&asked(given, None, &settings, cx)?, &mut matrix, cx)?;
    let side = modules_gateway::modules(&gateway, &matrix)?;
    if cx.format == Format::Json {
        print_json(&ShowEvent {
            reason: "gateway",
            gateway: gateway.description(),
            known: side.as_ref().map(GatewayModules::known),
            modules: side.iter().flat_map(GatewayModules::linked_modules).collect(),
        });
        return Ok(());
    }
    print_line(format_args!("{}: {}", gateway.title(), gateway.origin));
    facts(&gateway)
        .into_iter()
        .for_each(|(what, value)| print_line(format_args!("  {what:<13} {value}")));
    let Some(side) = side else {
        print("  modules       not known");
        return Ok(());
    };
    let count = side.linked_modules().count();
    let known = match side.known() {
        Precision::Packages => format!("{count}, with their packages, from its file"),
        Precision::Modules => format!("{count} that it links"),
        Precision::Requirements => format!("{count} that it requires; which of them it links is not known"),
    };
    print_line(format_args!("  {:<13} {known}", "modules"));
    if modules {
        side.linked_modules()
            .for_each(|row| print_line(format_args!("    {row}")));
    }
    gateway.notes.iter().for_each(|note| cx.ui.warn(note));
    Ok(())
}

fn facts(gateway: &Gateway) -> Vec<(&'static str, String)> {
    let settings = &gateway.settings;
    let mut facts = vec![("Go", gateway.go.to_string())];
    let some = [
        ("architecture", gateway.arch.map(|arch| arch.to_string())),
        ("libc", gateway.libc.map(|libc| libc.to_string())),
        ("glibc floor", gateway.glibc_floor.map(|floor| floor.to_string())),
        ("modules in", Some(gateway.module_cache.clone())),
        ("built in", Some(gateway.main_root.clone())),
        ("-trimpath", settings.trimpath.then(|| "yes".to_owned())),
        ("tags", Some(settings.tags.join(",")).filter(|tags| !tags.is_empty())),
        ("GOAMD64", settings.goamd64.clone()),
        ("GOARM64", settings.goarm64.clone()),
        ("GOEXPERIMENT", settings.goexperiment.clone()),
    ];
    facts.extend(some.into_iter().filter_map(|(what, value)| Some((what, value?))));
    facts
}

fn import(spec: &GatewaySpec, name: Option<&str>, user: bool, cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    // It is always a file: `krakend` needs no `./` before it.
    let spec = match spec {
        GatewaySpec::Named(file) => GatewaySpec::File(file.into()),
        other => other.clone(),
    };
    let asked = Asked {
        gateway: Some(spec),
        ..Asked::default()
    };
    let gateway = gateway_choice::identify(&asked, &mut matrix, cx)?;
    let side = match (&gateway.binary, modules_gateway::modules(&gateway, &matrix)?) {
        (Some(_), Some(side)) => side,
        _ => {
            return Err(Error::usage("only a gateway's own file can be imported")
                .help("give the binary: `plugbuild gateway import ./krakend --name acme-3.0`"));
        }
    };
    let name = name.map_or_else(|| format!("krakend-{}", gateway.label), str::to_owned);
    if matrix.named(&name).is_some() {
        return Err(Error::usage(format!("a gateway called {name} is kept already"))
            .help("give another name with `--name`, or take its `[[matrix.release]]` out of plugbuild.toml first"));
    }
    let file = settings_file(user, cx)?;
    let list = format!("plugbuild-{name}.modules");
    let own = rows(&gateway, &side, &name, &list);
    let before = match crate::util::regular_file::read_to_string(&file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|e| Error::io("read", &file, e))?,
    };
    let text = match before.trim_end() {
        "" => own.row,
        before => format!("{before}\n\n{}", own.row),
    };
    // What cannot be read back is not written, and an invalid name is refused at once.
    let rows = check(&text, &file)?.matrix.release;
    Matrix::builtin()?.with_releases(rows, &text, &file).map_err(|e| {
        let given = format!("{name:?} cannot be the name: {}", e.message);
        Error { message: given, ..e }.help("give another: `--name acme-3.0`")
    })?;
    let rows: Vec<ModuleRow> = side.linked_modules().cloned().collect();
    if modules::parse(&own.modules, Path::new(&list))? != rows {
        return Err(
            Error::usage(format!("the module names in {} are not valid", gateway.label))
                .help("is this a gateway that you trust?"),
        );
    }
    let dir = file.parent().unwrap_or(Path::new("/"));
    create_dir(dir)?;
    for (path, text) in [(dir.join(&list), own.modules), (file.clone(), text)] {
        overwrite(&path, &text)?;
    }
    cx.ui.status(
        "imported",
        format!("{name} in {} and {list}: `plugbuild --gateway {name}`", file.display()),
    );
    Ok(())
}

fn settings_file(user: bool, cx: Context) -> Result<PathBuf> {
    if user {
        let file = cx.host.user_config.clone();
        return file.ok_or_else(|| {
            Error::usage("no directory for your own settings: HOME is not set")
                .help("set HOME, or PLUGBUILD_CONFIG to the file that is to hold them")
        });
    }
    let found = cx.host.cwd.ancestors().map(fallback).find(|file| is_there(file));
    Ok(found.unwrap_or_else(|| fallback(&cx.host.cwd)))
}
