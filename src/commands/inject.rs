//! `plugbuild config inject`: a plugin into a configuration, or the difference that it would make.

use std::path::Path;

use super::krakend::read;
use super::registered::plugin;
use super::{Context, print};
use crate::cli::krakend::InjectArgs;
use crate::difference::unified;
use crate::error::{Error, Result};
use crate::krakend::document::{self, Format, Read};
use crate::krakend::inject::{Injection, inject};
use crate::overwrite::overwrite;
use crate::registerer::{self, Kind, Registerer};

pub(super) fn run(args: &InjectArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let not_json = || {
        Error::usage(format!("{shown} is no .json: nothing else is written"))
            .help("write it by hand, then `plugbuild config check`")
    };
    if Format::of(&args.config.to_string_lossy()) != Some(Format::Json) {
        return Err(not_json());
    }
    let path = cx.host.absolute(&args.config);
    let text = read(&path)?;
    match document::read(&args.config.to_string_lossy(), &text) {
        Read::Document(_) => {}
        Read::Template => {
            return Err(Error::usage(format!(
                "{shown} is a template of the flexible configuration: it is left alone"
            ))
            .help("write the plugin in by hand: `plugbuild config inject` in a copy without templates shows what"));
        }
        Read::Broken(at, why) => {
            return Err(
                Error::usage(format!("{shown}:{at}: the gateway cannot parse it: {why}"))
                    .help(format!("mend that place, then `plugbuild config check {shown}`")),
            );
        }
        Read::Unknown => return Err(not_json()),
    }
    let rows = registerer::all();
    let mut new = text.clone();
    let wanted = wanted(args, rows, cx)?;
    let names: Vec<String> = wanted.iter().map(|(kind, name)| format!("{name} ({kind})")).collect();
    for (kind, name) in wanted {
        let row = rows
            .iter()
            .find(|row| row.kind == kind)
            .ok_or_else(|| Error::usage(format!("{kind} is not a type of plugin")))?;
        let injection = Injection {
            name,
            endpoint: args.endpoint.clone(),
            method: args.method.clone(),
            backend: args.backend.clone(),
        };
        new = inject(&new, row, &injection)?;
    }
    if new == text {
        cx.ui
            .status("unchanged", format!("{shown}: the plugin is there already"));
        return Ok(());
    }
    if args.dry_run {
        let name = shown.to_string();
        print(unified((name.clone(), &text), (name, &new), 3).trim_end());
        return Ok(());
    }
    overwrite(&path, &new)?;
    cx.ui.status("injected", format!("{} in {shown}", names.join(", ")));
    Ok(())
}

/// The names to write: the one that was typed, or all that a plugin's folder registers.
fn wanted(args: &InjectArgs, rows: &[Registerer], cx: Context) -> Result<Vec<(Kind, String)>> {
    let path = Path::new(&args.plugin);
    let on_disk = cx.host.absolute(path).exists() && (args.kind.is_none() || args.plugin.contains('/'));
    if !on_disk {
        let is_path = args.plugin.starts_with(['.', '/']) || args.plugin.ends_with(".so");
        if is_path || args.kind.is_none() && args.plugin.contains('/') {
            return Err(Error::unreadable(format!("there is no folder or file {}", args.plugin))
                .help("give the plugin's folder or its .so, or its name and type: `--plugin NAME --type handler`"));
        }
        let kind = args.kind.ok_or_else(|| {
            Error::usage(format!("of which type is {}?", args.plugin))
                .help("say `--type handler` (client, modifier, middleware), or give the plugin's folder")
        })?;
        return Ok(vec![(kind, args.plugin.clone())]);
    }
    let registered = plugin(path, rows, None, cx)?.registered.ok_or_else(|| {
        Error::usage(format!("the names that {} registers are not known", args.plugin))
            .help("give the name and its type: `--plugin NAME --type handler`")
    })?;
    let names: Vec<(Kind, String)> = registered
        .names
        .into_iter()
        .filter(|(kind, _)| args.kind.is_none_or(|wanted| wanted == *kind))
        .collect();
    if names.is_empty() {
        return Err(Error::usage(format!("{} registers nothing", args.plugin)));
    }
    Ok(names)
}
