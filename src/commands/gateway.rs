//! `plugbuild gateway`: what is known of one, and keeping one of the user's own.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Context, asked, print, print_json, print_line};
use crate::check::{GatewaySide, Known};
use crate::cli::gateway::{GatewayCommand, fallback};
use crate::cli::{Format, GatewayArgs};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Asked, Gateway, GatewaySpec, own};
use crate::matrix::Matrix;
use crate::matrix::modules::{self, ModuleRow};
use crate::overwrite::overwrite;
use crate::regular::is_there;
use crate::toolchain::store::create_dir;

pub(super) fn run(command: &GatewayCommand, cx: Context) -> Result<()> {
    match command {
        GatewayCommand::Show { gateway, modules } => show(gateway, *modules, cx),
        GatewayCommand::Import { gateway, name, user } => import(gateway, name.as_deref(), *user, cx),
    }
}

fn show(given: &GatewayArgs, modules: bool, cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let matrix = settings.matrix()?;
    let gateway = gateway::identify(&asked(given, None, &settings, cx)?, &matrix, cx.host)?;
    let side = gateway::modules::side(&gateway, &matrix)?;
    if cx.format == Format::Json {
        print_json(&json!({
            "reason": "gateway",
            "gateway": gateway.label,
            "version": gateway.version,
            "go": gateway.go,
            "arch": gateway.arch,
            "libc": gateway.libc,
            "glibc_floor": gateway.glibc_floor,
            "module_cache": gateway.module_cache,
            "main_root": gateway.main_root,
            "trimpath": gateway.settings.trimpath,
            "tags": gateway.settings.tags,
            "origin": gateway.origin,
            "notes": gateway.notes,
            "known": side.as_ref().map(GatewaySide::known),
            "modules": side.iter().flat_map(GatewaySide::linked_modules).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    print_line(format_args!("KrakenD {}: {}", gateway.label, gateway.origin));
    facts(&gateway)
        .into_iter()
        .for_each(|(what, value)| print_line(format_args!("  {what:<13} {value}")));
    let Some(side) = side else {
        print("  modules       not known");
        return Ok(());
    };
    let count = side.linked_modules().count();
    let known = match side.known() {
        Known::Packages => format!("{count}, with their packages, from its file"),
        Known::Modules => format!("{count} that it links"),
        Known::Requirements => format!("{count} that it requires; which of them it links is not known"),
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
    let matrix = settings.matrix()?;
    // It is always a file: `krakend` needs no `./` before it.
    let spec = match spec {
        GatewaySpec::Named(file) => GatewaySpec::File(file.into()),
        other => other.clone(),
    };
    let asked = Asked {
        gateway: Some(spec),
        ..Asked::default()
    };
    let gateway = gateway::identify(&asked, &matrix, cx.host)?;
    let side = match (&gateway.binary, gateway::modules::side(&gateway, &matrix)?) {
        (Some(_), Some(side)) => side,
        _ => {
            return Err(Error::usage("only a gateway's own file tells enough to be kept")
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
    let own = own::rows(&gateway, &side, &name, &list);
    let before = match crate::regular::read_to_string(&file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|e| Error::io("read", &file, e))?,
    };
    let text = match before.trim_end() {
        "" => own.row,
        before => format!("{before}\n\n{}", own.row),
    };
    // What cannot be read back is not written, and a name that is refused then is refused now.
    let rows = own::check(&text, &file)?.matrix.release;
    Matrix::builtin()?.with_releases(rows, &text, &file).map_err(|e| {
        let given = format!("{name:?} cannot be the name: {}", e.what);
        Error { what: given, ..e }.help("give another: `--name acme-3.0`")
    })?;
    let rows: Vec<ModuleRow> = side.linked_modules().cloned().collect();
    if modules::parse(&own.modules, Path::new(&list))? != rows {
        return Err(Error::usage(format!(
            "the modules that {} says it links cannot be kept",
            gateway.label
        ))
        .help("their names are not those of Go modules: is this a gateway that you trust?"));
    }
    let dir = file.parent().unwrap_or(Path::new("/"));
    create_dir(dir)?;
    for (path, text) in [(dir.join(&list), own.modules), (file.clone(), text)] {
        overwrite(&path, &text)?;
    }
    cx.ui.status(
        "kept",
        format!("{name} in {} and {list}: `plugbuild --gateway {name}`", file.display()),
    );
    Ok(())
}

fn settings_file(user: bool, cx: Context) -> Result<PathBuf> {
    if user {
        let file = cx.host.user_config.clone();
        return file.ok_or_else(|| {
            Error::usage("no folder for settings of your own: HOME is not set")
                .help("set HOME, or PLUGBUILD_CONFIG to the file that is to hold them")
        });
    }
    let found = cx.host.cwd.ancestors().map(fallback).find(|file| is_there(file));
    Ok(found.unwrap_or_else(|| fallback(&cx.host.cwd)))
}
