//! `plugbuild config migrate`: the plugins of a configuration, brought from version 3 to version 4.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::args::parse;
use crate::commands::config::check::{read, report};
use crate::commands::config::reader::known_reader;
use crate::commands::output::{print, print_json};
use crate::gateway::config::migrate::migrate;
use crate::gateway::config::parse::{ConfigFormat, Document, ParsedConfig};
use crate::gateway::config::version::OnLoadError;
use crate::gateway::config::{ConfigIssue, ConfigVersion, IssueSeverity, PluginDir, check, parse};
use crate::gateway::{GatewaySpec, registerer};
use crate::util::context::Context;
use crate::util::diff::unified;
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;
use crate::util::process::quoted;
use crate::util::ui::{Format, counted};

/// Where KrakenD says what else changed.
const UPGRADING: &str = "https://www.krakend.io/docs/enterprise/configuration/migrating/";

#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// The configuration: a .json; of .yaml, .yml and .toml the change is shown as JSON
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// Write the file; without this the change is shown only
    #[arg(long)]
    pub write: bool,
    /// The gateway it is for, which `$schema` will name [default: KrakenD 3.0]
    #[arg(short, long, value_name = "KRAKEND", value_parser = parse::<GatewaySpec>)]
    pub gateway: Option<GatewaySpec>,
}

pub(crate) fn run(args: &MigrateArgs, cx: Context) -> Result<()> {
    let shown = args.config.display().to_string();
    let path = cx.host.absolute(&args.config);
    let text = read(&path)?;
    let document = document(&shown, &text)?;
    let old = match document.format {
        ConfigFormat::Json => text,
        _ if args.write => {
            return Err(
                Error::usage(format!("{shown} is not a .json file, and only those are written")).help(format!(
                    "see the change as JSON: `plugbuild config migrate {}`",
                    quoted(args.config.as_os_str())
                )),
            );
        }
        _ => serde_json::to_string_pretty(&document.root.plain()).unwrap_or_default() + "\n",
    };
    let new = migrate(&old, registerer::all(), &schema(args, cx)?)?;
    let changed = new != old;
    if changed && args.write {
        overwrite(&path, &new)?;
    }
    let diff = unified((shown.clone(), &old), (shown.clone(), &new), 3);
    let left = left(&new, &path, cx);
    match cx.format {
        Format::Json => print_json(&json!({
            "reason": "config-migrated", "file": args.config, "to": ConfigVersion::V4.number(), "changed": changed,
            "written": changed && args.write, "diff": diff,
            "left": left.iter().map(|issue| &issue.what).collect::<Vec<_>>(),
        })),
        Format::Human if changed && !args.write => print(diff.trim_end()),
        Format::Human => {}
    }
    for issue in &left {
        match changed && !args.write {
            // Positions are those of the new text, which is not in the file yet.
            true => {
                cx.ui.warn(format!("left to you: {}", issue.what));
                issue.help.iter().for_each(|help| cx.ui.help(help));
            }
            false => report(issue, &args.config, cx),
        }
    }
    conclude(args, changed, left.len(), cx);
    Ok(())
}

fn document(shown: &str, text: &str) -> Result<Document> {
    Err(match parse::read(shown, text) {
        ParsedConfig::Document(document) => return Ok(document),
        ParsedConfig::Template => Error::usage(format!(
            "{shown} is a template of the flexible configuration: it is left alone"
        ))
        .help("migrate what it renders, `FC_ENABLE=1 FC_OUT=out.json krakend check -c …`, to see what changes"),
        ParsedConfig::Broken(at, why) => Error::usage(format!("{shown}:{at}: the gateway cannot parse it: {why}"))
            .help(format!("mend that place, then `plugbuild config check {shown}`")),
        ParsedConfig::Unknown => {
            Error::usage(format!("{shown}: unsupported format")).help("give a .json, .yaml, .yml or .toml")
        }
    })
}

/// The address of the schema, by the gateway that was typed.
fn schema(args: &MigrateArgs, cx: Context) -> Result<String> {
    // The one in the settings may be the gateway that is left behind.
    let reader = args
        .gateway
        .as_ref()
        .map(|typed| known_reader(Some(typed), cx))
        .transpose()?
        .flatten();
    match reader {
        Some(reader) if reader.version != ConfigVersion::V4 => Err(Error::usage(format!(
            "KrakenD {} reads configurations of version {}, not of version 4",
            reader.label, reader.version
        ))
        .help("give the gateway it is brought to: `--gateway ./krakend`, a KrakenD 3")),
        reader => Ok(ConfigVersion::V4.schema(reader.map(|reader| reader.release))),
    }
}

/// What is left to the user: the errors of the new configuration, wherever its plugins are.
fn left(new: &str, path: &Path, cx: Context) -> Vec<ConfigIssue> {
    let ParsedConfig::Document(document) = parse::read("new.json", new) else {
        return Vec::new();
    };
    let beside = path.parent().unwrap_or(Path::new("/"));
    let look = |folder: &str| PluginDir::look(folder, &cx.host.cwd, beside);
    let issues = check(&document, registerer::all(), &[], &look, None);
    issues
        .into_iter()
        .filter(|issue| issue.severity == IssueSeverity::Error)
        .collect()
}

fn conclude(args: &MigrateArgs, changed: bool, left: usize, cx: Context) {
    let shown = args.config.display();
    match (changed, args.write) {
        (false, _) => cx.ui.status(
            "unchanged",
            format!("{shown}: its plugins have the form of version 4 already"),
        ),
        (true, true) => cx.ui.status("migrated", format!("{shown} to version 4")),
        (true, false) => cx.ui.status("shown", format!("what `--write` changes in {shown}")),
    }
    if left > 0 {
        cx.ui.warn(format!(
            "{} left to you in the new configuration",
            counted(left, "error")
        ));
    }
    if changed {
        let default = OnLoadError::all().first().map_or("", |one| one.effect.as_str());
        cx.ui.status(
            "note",
            format!(
                "from KrakenD 3 on, {default} if a plugin cannot be loaded; `on_load_error` of a plugin says otherwise"
            ),
        );
        cx.ui.status(
            "note",
            format!("only the plugin parts are changed; what else is new in KrakenD 3: {UPGRADING}"),
        );
    }
}
