//! `plugbuild config check`: a gateway's configuration and its plugins.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::registered::{Asking, plugin};
use super::running::Runnable;
use super::{Context, print, print_json};
use crate::cli::Format;
use crate::cli::krakend::CheckArgs;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Asked, Gateway};
use crate::krakend::document::{self, Read};
use crate::krakend::wanted::wanted;
use crate::krakend::{Finding, Folder, Plugin, Severity, check};
use crate::matrix::Matrix;
use crate::registerer;

pub(super) fn run(args: &CheckArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let text = read(&cx.host.absolute(&args.config))?;
    let rows = registerer::all();
    let read = document::read(&args.config.to_string_lossy(), &text);
    let gateway = gateway(args, cx)?;
    let runnable = gateway
        .as_ref()
        .map(|(gateway, matrix)| Runnable::new(gateway, None, matrix, cx))
        .transpose()?
        .map(|runnable| runnable.within(Duration::from_secs(args.timeout)));
    let wanted = match &read {
        Read::Document(document) => wanted(document, rows),
        _ => Vec::new(),
    };
    let asking = runnable.as_ref().map(|runnable| Asking {
        runnable,
        wanted: &wanted,
    });
    let plugins: Vec<Plugin> = args
        .plugins
        .iter()
        .map(|path| plugin(path, rows, asking.as_ref(), cx))
        .collect::<Result<_>>()?;
    let findings = match read {
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

/// The gateway that is to be asked: only one that was typed is ever run.
fn gateway(args: &CheckArgs, cx: Context) -> Result<Option<(Gateway, Matrix)>> {
    let Some(spec) = &args.gateway else {
        return Ok(None);
    };
    let matrix = Settings::read(&cx.host.cwd, cx.host)?.matrix()?;
    let asked = Asked {
        gateway: Some(spec.clone()),
        ..Asked::default()
    };
    let gateway = gateway::identify(&asked, &matrix, cx.host)?;
    Ok(Some((gateway, matrix)))
}

pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|e| Error::io("read", path, e).help("give the gateway's configuration, such as krakend.json"))
}

fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        _ => crate::ui::counted(number, what),
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
