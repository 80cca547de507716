//! `plugbuild config check`: a gateway's configuration and its plugins.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::registered::{Asking, plugin};
use super::running::Runnable;
use super::verify::typed;
use super::{Context, asked, print_json, print_line};
use crate::binary::Binary;
use crate::cli::krakend::CheckArgs;
use crate::cli::{Format, GatewayArgs};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Gateway};
use crate::invocation::quoted;
use crate::krakend::document::{self, Place, Read};
use crate::krakend::wanted::wanted;
use crate::krakend::{Finding, Folder, Plugin, Severity, check};
use crate::matrix::Matrix;
use crate::registerer;
use crate::verify::against::Against;
use crate::verify::{self, Answer, Verdict};

pub(super) fn run(args: &CheckArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let text = read(&cx.host.absolute(&args.config))?;
    let rows = registerer::all();
    let read = document::read(&args.config.to_string_lossy(), &text);
    let known = gateway(args, cx)?;
    // Only one that was typed is ever run.
    let runnable = known
        .as_ref()
        .filter(|(gateway, ..)| args.gateway.is_some() && gateway.binary.is_some())
        .map(|(gateway, _, matrix)| Runnable::new(gateway, None, matrix, cx))
        .transpose()?
        .map(|runnable| runnable.within(Duration::from_secs(args.timeout)));
    let wanted = match &read {
        Read::Document(document) => wanted(document, rows),
        _ => Vec::new(),
    };
    let unfit = match &known {
        Some((gateway, opened, matrix)) => unfit(args, gateway, opened.as_ref(), matrix, cx)?,
        None => Vec::new(),
    };
    let asking = runnable.as_ref().map(|runnable| Asking {
        runnable,
        wanted: &wanted,
    });
    let plugins: Vec<Plugin> = args
        .plugins
        .iter()
        .map(|path| {
            // What does not load could take the gateway with it.
            let loads = unfit.iter().all(|(other, _)| other != path);
            plugin(path, rows, asking.as_ref().filter(|_| loads), cx)
        })
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
    let findings: Vec<Finding> = unfit.into_iter().map(|(_, finding)| finding).chain(findings).collect();
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

/// The gateway that is known: the one that was typed, else that of the settings where a plugin is there to verify.
fn gateway(args: &CheckArgs, cx: Context) -> Result<Option<(Gateway, Option<Binary>, Matrix)>> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let given = GatewayArgs {
        gateway: args.gateway.clone(),
        go: None,
    };
    let asked = asked(&given, None, &settings, cx)?;
    let built = args.plugins.iter().any(|path| cx.host.absolute(path).is_file());
    if asked.gateway.is_none() || !built {
        return Ok(None);
    }
    let matrix = settings.matrix()?;
    let (gateway, binary) = gateway::open(&asked, &matrix, cx.host)?;
    Ok(Some((gateway, binary, matrix)))
}

/// The plugins that the gateway will not load, by `verify`'s own decision.
fn unfit(
    args: &CheckArgs,
    gateway: &Gateway,
    opened: Option<&Binary>,
    matrix: &Matrix,
    cx: Context,
) -> Result<Vec<(PathBuf, Finding)>> {
    let built = args.plugins.iter().filter(|path| cx.host.absolute(path).is_file());
    let binaries = built.map(Binary::open).collect::<Result<Vec<_>>>()?;
    let plugins = binaries
        .iter()
        .map(verify::plugin::Plugin::read)
        .collect::<Result<Vec<_>>>()?;
    let against = match opened {
        Some(file) => Against::file(gateway, file, None, typed(gateway))?,
        None => Against::known(gateway, matrix, None, None, typed(gateway))?,
    };
    let verdicts = verify::judge(&plugins, &against);
    let bad = verdicts.iter().filter(|verdict| verdict.answer == Answer::WillNotLoad);
    let finding = |verdict: &Verdict| {
        let label = verdict.plugin.display();
        let errors = verdict
            .findings
            .iter()
            .filter(|f| f.severity == verify::finding::Severity::Error);
        let why: Vec<&str> = errors.map(|finding| finding.what.as_str()).collect();
        let plugin = quoted(verdict.plugin.as_os_str());
        let finding = Finding {
            at: Place::START,
            severity: Severity::Error,
            what: format!(
                "{label} will not load into KrakenD {}: {}",
                gateway.label,
                why.join("; ")
            ),
            help: Some(format!("`plugbuild verify {plugin} {}` says more", against.typed)),
        };
        (verdict.plugin.clone(), finding)
    };
    Ok(bad.map(finding).collect())
}

pub(super) fn read(path: &Path) -> Result<String> {
    crate::regular::read_to_string(path)
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
            print_line(format_args!("{}:{at}: {level}: {what}", config.display()));
            if let Some(help) = help {
                print_line(format_args!("  help: {help}"));
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
