//! `plugbuild config check`: a gateway's configuration and its plugins.

use std::path::Path;

use serde_json::json;

use super::{Context, print, print_json};
use crate::cli::Format;
use crate::cli::krakend::CheckArgs;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::krakend::document::{self, Read};
use crate::krakend::{Finding, Folder, Plugin, Registered, Severity, check};
use crate::registerer::source::Source;
use crate::registerer::{self, Registerer, names};

pub(super) fn run(args: &CheckArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let text = read(&cx.host.absolute(&args.config))?;
    let rows = registerer::all();
    let plugins: Vec<Plugin> = args
        .plugins
        .iter()
        .map(|path| plugin(path, rows, cx))
        .collect::<Result<_>>()?;
    let findings = match document::read(&args.config.to_string_lossy(), &text) {
        Read::Document(document) => {
            let path = cx.host.absolute(&args.config);
            let beside = path.parent().unwrap_or(Path::new("/")).to_owned();
            check(&document, rows, &plugins, &|folder| {
                Folder::look(folder, &cx.host.cwd, &beside)
            })
        }
        Read::Template => {
            cx.ui.status(
                "left alone",
                format!(
                    "{shown} is a template of the flexible configuration: check what the gateway makes of it (FC_OUT=…)"
                ),
            );
            return Ok(());
        }
        Read::Unknown => {
            return Err(Error::usage(format!("{shown}: not a format that is read here"))
                .help("give a .json, .yaml, .yml or .toml"));
        }
        Read::Broken(at, why) => vec![Finding {
            at,
            severity: Severity::Error,
            what: format!("the gateway cannot parse it: {why}"),
            help: None,
        }],
    };
    for finding in &findings {
        tell(finding, &args.config, cx);
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let counted = format!("{} and {}", counted(errors, "error"), counted(warnings, "warning"));
    if errors > 0 {
        return Err(Error::incompatible(format!("{shown}: {counted}")));
    }
    cx.ui.status("checked", format!("{shown}: {counted}"));
    Ok(())
}

pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))
}

fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

fn tell(finding: &Finding, config: &Path, cx: Context) {
    let Finding {
        at,
        severity,
        what,
        help,
    } = finding;
    let level = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    match cx.format {
        Format::Human => {
            print(format_args!("{}:{at}: {level}: {what}", config.display()));
            if let Some(help) = help {
                print(format_args!("  help: {help}"));
            }
        }
        Format::Json => print_json(&json!({
            "reason": "config-finding",
            "file": config,
            "line": at.line,
            "column": at.column,
            "level": level,
            "message": what,
            "help": help,
        })),
    }
}

/// A plugin as it was given, with the names it registers where they can be known.
pub(super) fn plugin(path: &Path, rows: &[Registerer], cx: Context) -> Result<Plugin> {
    let full = cx.host.absolute(path);
    let label = path.display().to_string();
    let meta = full.metadata().map_err(|e| {
        Error::usage(format!("cannot read the plugin {label}: {e}"))
            .help("give a plugin's folder, or the .so built of it")
    })?;
    let (dir, file) = if meta.is_dir() {
        (full.clone(), None)
    } else {
        let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (full.parent().unwrap_or(Path::new("/")).to_owned(), Some(name))
    };
    let registered = match written(&dir, cx)? {
        Some(registered) => Some(registered),
        None if file.is_none() => from_source(&dir, rows)?,
        None => None,
    };
    match &registered {
        Some(Registered { names, origin }) => {
            let names: Vec<String> = names.iter().map(|(kind, name)| format!("{name} ({kind})")).collect();
            cx.ui.status("plugin", format!("{label}: {}: {origin}", names.join(", ")));
        }
        None => cx.ui.warn(format!(
            "{label}: the names it registers are not known, so none is called unknown; give its folder, or say them in plugbuild.toml: `registers` and `type` of its [[plugin]]"
        )),
    }
    Ok(Plugin {
        label,
        file,
        registered,
    })
}

/// What the project's plugbuild.toml says of the plugin in this folder.
fn written(dir: &Path, cx: Context) -> Result<Option<Registered>> {
    let settings = Settings::read(dir, cx.host)?;
    let Some((config, file)) = settings.project() else {
        return Ok(None);
    };
    let here = |path: &Path| file.with_file_name("").join(path).canonicalize().ok();
    let own = config
        .plugin
        .iter()
        .find(|plugin| !plugin.registers.is_empty() && here(&plugin.path) == dir.canonicalize().ok());
    let Some((own, kind)) = own.and_then(|own| Some((own, own.r#type?))) else {
        return Ok(None);
    };
    Ok(Some(Registered {
        names: own.registers.iter().map(|name| (kind, name.clone())).collect(),
        origin: format!("as {} says", file.display()),
    }))
}

fn from_source(dir: &Path, rows: &[Registerer]) -> Result<Option<Registered>> {
    let names = names::registered(&Source::read(dir)?, rows);
    Ok(names.map(|names| Registered {
        names,
        origin: format!("read from the source in {}", dir.display()),
    }))
}
