//! `plugbuild config check`: a gateway's configuration and its plugins.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::binary::Binary;
use crate::commands::args::parse;
use crate::commands::config::reader::known_gateway;
use crate::commands::config::registered_names::plugin;
use crate::commands::output::{print_json, print_line};
use crate::commands::verify::typed;
use crate::gateway::config::document::Position;
use crate::gateway::config::parse::ParsedConfig;
use crate::gateway::config::version::OnLoadError;
use crate::gateway::config::{
    ConfigIssue, ConfigReader, GivenPlugin, IssueSeverity, PluginDir, check, on_load_error, parse,
};
use crate::gateway::facts::Gateway;
use crate::gateway::{GatewaySpec, registerer};
use crate::matrix::Matrix;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::quoted;
use crate::util::ui::Format;
use crate::verify;
use crate::verify::gateway::LoadTarget;
use crate::verify::{LoadOutcome, Verdict, finding};

#[derive(Debug, Clone, Args)]
pub struct ConfigCheckArgs {
    /// The configuration: .json, .yaml, .yml or .toml
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The plugins it uses: .so files, or directories whose source shows the registered names
    #[arg(value_name = "PLUGIN")]
    pub plugins: Vec<PathBuf>,
    /// The gateway that reads it: decides between version 3 and 4, and each .so is verified for it [default: that of
    /// plugbuild.toml]
    #[arg(short, long, value_name = "KRAKEND", value_parser = parse::<GatewaySpec>)]
    pub gateway: Option<GatewaySpec>,
}

pub(crate) fn run(args: &ConfigCheckArgs, cx: Context) -> Result<()> {
    let shown = args.config.display();
    let text = read(&cx.host.absolute(&args.config))?;
    let rows = registerer::all();
    let read = parse::read(&args.config.to_string_lossy(), &text);
    let built = args.plugins.iter().any(|path| cx.host.absolute(path).is_file());
    let known = known_gateway(args.gateway.as_ref(), built, cx)?;
    let reader = known.as_ref().and_then(|(gateway, ..)| ConfigReader::of(gateway));
    let verdicts = match &known {
        Some((gateway, opened, matrix)) if built => will_not_load(args, gateway, opened.as_ref(), matrix, cx)?,
        _ => Vec::new(),
    };
    let plugins: Vec<GivenPlugin> = args
        .plugins
        .iter()
        .map(|path| plugin(path, rows, cx))
        .collect::<Result<_>>()?;
    let unfit: Vec<ConfigIssue> = verdicts
        .into_iter()
        .map(|(path, issue)| with_effect(issue, &path, &read, &plugins))
        .collect();
    let findings = match read {
        ParsedConfig::Document(document) => {
            let path = cx.host.absolute(&args.config);
            let beside = path.parent().unwrap_or(Path::new("/")).to_owned();
            let look = |folder: &str| PluginDir::look(folder, &cx.host.cwd, &beside);
            check(&document, rows, &plugins, &look, reader.as_ref())
        }
        ParsedConfig::Template => {
            cx.ui.status(
                "skipped",
                format!(
                    "{shown} is a template of the flexible configuration: check what the gateway makes of it (FC_OUT=…)"
                ),
            );
            return Ok(());
        }
        ParsedConfig::Unknown => {
            return Err(Error::usage(format!("{shown}: unsupported format")).help("give a .json, .yaml, .yml or .toml"));
        }
        ParsedConfig::Broken(at, why) => vec![ConfigIssue {
            at,
            severity: IssueSeverity::Error,
            what: format!("the gateway cannot parse it: {why}"),
            help: None,
        }],
    };
    let findings: Vec<ConfigIssue> = unfit.into_iter().chain(findings).collect();
    for finding in &findings {
        report(finding, &args.config, cx);
    }
    let errors = findings.iter().filter(|f| f.severity == IssueSeverity::Error).count();
    let warnings = findings.len() - errors;
    let counted = format!("{} and {}", counted(errors, "error"), counted(warnings, "warning"));
    if errors > 0 {
        return Err(Error::incompatible(format!("{shown}: {counted}")));
    }
    cx.ui.status("checked", format!("{shown}: {counted}"));
    Ok(())
}

/// Adds what the gateway then does, where its configuration says it.
fn with_effect(issue: ConfigIssue, path: &str, read: &ParsedConfig, plugins: &[GivenPlugin]) -> ConfigIssue {
    let ParsedConfig::Document(document) = read else {
        return issue;
    };
    let names = plugins
        .iter()
        .find(|plugin| plugin.label == path)
        .and_then(|plugin| plugin.registered.as_ref());
    match on_load_error(document, registerer::all(), names) {
        Some(OnLoadError { effect, value, .. }) => ConfigIssue {
            what: format!("{}; {effect} (`{value}`)", issue.what),
            ..issue
        },
        None => issue,
    }
}

/// The plugins that the gateway will not load, by `verify`'s own decision.
fn will_not_load(
    args: &ConfigCheckArgs,
    gateway: &Gateway,
    opened: Option<&Binary>,
    matrix: &Matrix,
    cx: Context,
) -> Result<Vec<(String, ConfigIssue)>> {
    let built = args.plugins.iter().filter(|path| cx.host.absolute(path).is_file());
    let binaries = built.map(Binary::open).collect::<Result<Vec<_>>>()?;
    let plugins = binaries
        .iter()
        .map(verify::plugin::PluginBinary::read)
        .collect::<Result<Vec<_>>>()?;
    let against = match opened {
        Some(file) => LoadTarget::file(gateway, file, None, typed(gateway))?,
        None => LoadTarget::known(gateway, matrix, None, None, typed(gateway))?,
    };
    let verdicts = verify::judge(&plugins, &against);
    let bad = verdicts
        .iter()
        .filter(|verdict| verdict.answer == LoadOutcome::WillNotLoad);
    let finding = |verdict: &Verdict| {
        let label = verdict.plugin.display();
        let errors = verdict
            .findings
            .iter()
            .filter(|f| f.severity == finding::Severity::Error);
        let why: Vec<&str> = errors.map(|finding| finding.what.as_str()).collect();
        let plugin = quoted(verdict.plugin.as_os_str());
        let issue = ConfigIssue {
            at: Position::START,
            severity: IssueSeverity::Error,
            what: format!("{label} will not load into {}: {}", gateway.title(), why.join("; ")),
            help: Some(format!("`plugbuild verify {plugin} {}` says more", against.typed)),
        };
        (label.to_string(), issue)
    };
    Ok(bad.map(finding).collect())
}

pub(crate) fn read(path: &Path) -> Result<String> {
    crate::util::regular_file::read_to_string(path)
        .map_err(|e| Error::io("read", path, e).help("give the gateway's configuration, such as krakend.json"))
}

fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        _ => crate::util::ui::counted(number, what),
    }
}

pub(crate) fn report(finding: &ConfigIssue, config: &Path, cx: Context) {
    let ConfigIssue {
        at,
        severity,
        what,
        help,
    } = finding;
    let help = help.as_ref().map(|help| named(help, config));
    let level = match severity {
        IssueSeverity::Error => "error",
        IssueSeverity::Warning => "warning",
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

/// The help with the file in the command that it names.
fn named(help: &str, config: &Path) -> String {
    let command = "plugbuild config migrate";
    help.replace(command, &format!("{command} {}", quoted(config.as_os_str())))
}
