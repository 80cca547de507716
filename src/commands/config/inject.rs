//! `plugbuild config inject`: adds a plugin to a configuration, or shows the difference.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::args::parse;
use crate::commands::config::check::read;
use crate::commands::config::reader::known_reader;
use crate::commands::config::registered_names::plugin;
use crate::commands::output::print;
use crate::gateway::config::document::Node;
use crate::gateway::config::inject::{Injection, inject};
use crate::gateway::config::parse::{ConfigFormat, ParsedConfig};
use crate::gateway::config::{ConfigReader, ConfigVersion, parse};
use crate::gateway::registerer;
use crate::gateway::registerer::{PluginKind, Registerer};
use crate::util::context::Context;
use crate::util::diff::unified;
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;

pub(crate) fn run(args: &InjectArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let not_json =
        || Error::usage(format!("{shown} is not a .json file")).help("write it by hand, then `plugbuild config check`");
    if ConfigFormat::of(&args.config.to_string_lossy()) != Some(ConfigFormat::Json) {
        return Err(not_json());
    }
    let path = cx.host.absolute(&args.config);
    let text = read(&path)?;
    match parse::read(&args.config.to_string_lossy(), &text) {
        ParsedConfig::Document(document) => warn_of_another_version(&document.root, &args.config, cx)?,
        ParsedConfig::Template => {
            return Err(Error::usage(format!(
                "{shown} is a template of the flexible configuration: it is left alone"
            ))
            .help("write the plugin in by hand: `plugbuild config inject` in a copy without templates shows what"));
        }
        ParsedConfig::Broken(at, why) => {
            return Err(
                Error::usage(format!("{shown}:{at}: the gateway cannot parse it: {why}"))
                    .help(format!("mend that place, then `plugbuild config check {shown}`")),
            );
        }
        ParsedConfig::Unknown => return Err(not_json()),
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
            .status("unchanged", format!("{shown}: the plugin is already configured"));
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

/// Says if the gateway of the settings reads another version than the file has.
fn warn_of_another_version(root: &Node, file: &Path, cx: Context) -> Result<()> {
    let reader = known_reader(None, cx)?;
    let written = ConfigVersion::written_in(root);
    let (Some(reader), Some(written)) = (reader, written) else {
        return Ok(());
    };
    if reader.version != written {
        let ConfigReader { label, version, .. } = reader;
        let file = file.display();
        cx.ui.warn(format!(
            "{file} is of version {written}, and KrakenD {label} reads version {version}"
        ));
        if version == ConfigVersion::V4 {
            cx.ui.help(format!("`plugbuild config migrate {file}`"));
        }
    }
    Ok(())
}

/// The names to write: the given one, or all that a plugin's directory registers.
fn wanted(args: &InjectArgs, rows: &[Registerer], cx: Context) -> Result<Vec<(PluginKind, String)>> {
    let path = Path::new(&args.plugin);
    let on_disk = cx.host.absolute(path).exists() && (args.kind.is_none() || args.plugin.contains('/'));
    if !on_disk {
        let is_path = args.plugin.starts_with(['.', '/']) || args.plugin.ends_with(".so");
        if is_path || args.kind.is_none() && args.plugin.contains('/') {
            return Err(Error::unreadable(format!("{} does not exist", args.plugin))
                .help("give the plugin's directory or its .so, or its name and type: `--plugin NAME --type handler`"));
        }
        let kind = args.kind.ok_or_else(|| {
            Error::usage(format!("of which type is {}?", args.plugin))
                .help("add `--type handler` (client, modifier, middleware), or give the plugin's directory")
        })?;
        return Ok(vec![(kind, args.plugin.clone())]);
    }
    let registered = plugin(path, rows, cx)?.registered.ok_or_else(|| {
        Error::usage(format!("the names that {} registers are not known", args.plugin))
            .help("give the name and its type: `--plugin NAME --type handler`")
    })?;
    let names: Vec<(PluginKind, String)> = registered
        .names
        .into_iter()
        .filter(|(kind, _)| args.kind.is_none_or(|wanted| wanted == *kind))
        .collect();
    if names.is_empty() {
        return Err(Error::usage(format!("{} registers nothing", args.plugin)));
    }
    Ok(names)
}

#[derive(Debug, Clone, Args)]
pub struct InjectArgs {
    /// The configuration, a .json
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The plugin: the name it registers, or its directory
    #[arg(short, long, value_name = "NAME|PATH")]
    pub plugin: String,
    /// The type, if only a name is given: handler, client, modifier, middleware
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<PluginKind>)]
    pub kind: Option<PluginKind>,
    /// The endpoint to add it to, such as /foo (not for handlers)
    #[arg(short, long, value_name = "PATH")]
    pub endpoint: Option<String>,
    /// The endpoint's method, if several endpoints have this path
    #[arg(short, long, value_name = "METHOD")]
    pub method: Option<String>,
    /// The endpoint's backend to add it to, by number or url_pattern
    #[arg(short, long, value_name = "N|PATTERN")]
    pub backend: Option<String>,
    /// Print what would change, without changing it
    #[arg(long)]
    pub dry_run: bool,
}
