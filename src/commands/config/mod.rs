//! `plugbuild config`: the effective settings, each with its source.

use std::fmt::Display;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::args::{BuildArgs, OutputArgs, PlanArgs, WorkArgs};
use crate::commands::build::request::{GatewayChoice, OptionResolver, dir_of};
use crate::commands::config::check::ConfigCheckArgs;
use crate::commands::config::inject::InjectArgs;
use crate::commands::config::migrate::MigrateArgs;
use crate::commands::output::{print, print_json, print_line};
use crate::plan::{CcChoice, Output};
use crate::project::config;
use crate::project::config::{MIRRORS, PluginConfig, Settings};
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::Format;

pub mod check;
pub mod inject;
pub mod migrate;
pub mod reader;
pub mod registered_names;

#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Show each setting of a build and where it comes from
    Show(Box<ShowArgs>),
    /// Check the plugins in a gateway's configuration
    Check(ConfigCheckArgs),
    /// Add a plugin to a gateway's configuration (JSON), keeping its formatting
    Inject(InjectArgs),
    /// Bring the plugins of a gateway's configuration from version 3 to version 4
    Migrate(MigrateArgs),
    /// Print the JSON schema of plugbuild.toml, for editors
    Schema,
}

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    #[command(flatten)]
    pub to: OutputArgs,
}

impl From<&ShowArgs> for BuildArgs {
    fn from(args: &ShowArgs) -> Self {
        BuildArgs {
            work: args.work.clone(),
            to: args.to.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}

pub(crate) fn run(command: &ConfigCommand, cx: Context) -> Result<()> {
    match command {
        ConfigCommand::Show(args) => show(args, cx),
        ConfigCommand::Check(args) => crate::commands::config::check::run(args, cx),
        ConfigCommand::Inject(args) => crate::commands::config::inject::run(args, cx),
        ConfigCommand::Migrate(args) => crate::commands::config::migrate::run(args, cx),
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&config::schema());
            print(text.unwrap_or_default());
            Ok(())
        }
    }
}

/// One effective setting.
struct Row {
    key: &'static str,
    value: String,
    why: String,
}

fn row(key: &'static str, value: impl Display, why: impl Display) -> Row {
    Row {
        key,
        value: value.to_string(),
        why: why.to_string(),
    }
}

fn show(args: &ShowArgs, cx: Context) -> Result<()> {
    let dir = cx.host.absolute(&args.plan.path);
    let settings = Settings::read(&dir.canonicalize().unwrap_or(dir), cx.host)?;
    for warning in settings.warnings() {
        cx.ui.warn(warning);
    }
    for row in rows(args, &settings, cx)? {
        match cx.format {
            Format::Json => print_json(&json!({ "key": row.key, "value": row.value, "source": row.why })),
            Format::Human => print_line(format_args!("{:<22} {:<40} # {}", row.key, row.value, row.why)),
        }
    }
    Ok(())
}

fn rows(args: &ShowArgs, settings: &Settings, cx: Context) -> Result<Vec<Row>> {
    let sources = OptionResolver {
        args: &args.into(),
        settings,
        host: cx.host,
    };
    let mut rows = gateway_rows(&sources)?;
    rows.extend(build_rows(&sources));
    rows.extend(MIRRORS.iter().map(
        |mirror| match (cx.host.var(mirror.variable), settings.first(mirror.get)) {
            (Some(url), _) => row(mirror.key, url.to_string_lossy(), mirror.variable),
            (None, Some((url, file))) => row(mirror.key, url, file.display()),
            (None, None) => row(mirror.key, "-", "default: upstream"),
        },
    ));
    rows.extend(workspace_rows(settings));
    let offline = if cx.host.switch("PLUGBUILD_OFFLINE") {
        "PLUGBUILD_OFFLINE"
    } else {
        "--offline"
    };
    rows.push(row("offline", cx.offline, if cx.offline { offline } else { "default" }));
    let store = if cx.host.var("PLUGBUILD_HOME").is_some() {
        "PLUGBUILD_HOME"
    } else {
        "default"
    };
    rows.push(row("store", cx.host.store.display(), store));
    Ok(rows)
}

fn gateway_rows(sources: &OptionResolver) -> Result<Vec<Row>> {
    let all = PluginConfig::default();
    let mut rows = Vec::new();
    let GatewayChoice { gateways, go } = sources.named(&all)?;
    if gateways.is_empty() {
        rows.push(row("gateway.version", "-", "not set"));
    }
    rows.extend(gateways.iter().map(|g| row("gateway.version", &g.value, &g.why)));
    rows.extend(go.map(|go| row("gateway.go", go.value, go.why)));
    rows.push(targets(sources, &all));
    Ok(rows)
}

fn build_rows(sources: &OptionResolver) -> Vec<Row> {
    let output = sources.output();
    let (Output::File(path) | Output::Dir(path)) = &output.value;
    let cc = sources.cc();
    let wish = match &cc.value {
        CcChoice::Auto => "auto".to_owned(),
        CcChoice::Zig => "zig".to_owned(),
        CcChoice::Gcc => "gcc".to_owned(),
        CcChoice::Program(program) => program.display().to_string(),
    };
    let align = sources.align();
    let mode = clap::ValueEnum::to_possible_value(&align.value).map(|v| v.get_name().to_owned());
    let (jobs, strip) = (sources.jobs(), sources.strip());
    vec![
        row("build.out-dir", path.display(), &output.why),
        row("build.cc", wish, &cc.why),
        row("build.align", mode.unwrap_or_default(), &align.why),
        row("build.jobs", jobs.value, &jobs.why),
        row("profile.release.strip", strip.value, &strip.why),
    ]
}

fn workspace_rows(settings: &Settings) -> Vec<Row> {
    let Some((config, file)) = settings.project() else {
        return Vec::new();
    };
    let root = dir_of(file);
    let members = config.workspace.members.iter();
    let members = members.map(|member| row("workspace.members", member, file.display()));
    let plugins = config.plugin.iter();
    let plugins = plugins.map(|p| row("plugin.path", root.join(&p.path).display(), file.display()));
    members.chain(plugins).collect()
}

fn targets(sources: &OptionResolver, all: &PluginConfig) -> Row {
    let given = &sources.args.plan.targets;
    let list =
        |targets: &[crate::util::target::Target]| targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if given.all_targets {
        return row(
            "build.targets",
            list(&crate::util::target::Target::all().collect::<Vec<_>>()),
            "--all-targets",
        );
    }
    if !given.target.is_empty() {
        return row("build.targets", list(&given.target), "--target");
    }
    if !given.arch.is_empty() || !given.libc.is_empty() {
        let words = given
            .arch
            .iter()
            .map(ToString::to_string)
            .chain(given.libc.iter().map(ToString::to_string));
        return row("build.targets", words.collect::<Vec<_>>().join(" "), "--arch, --libc");
    }
    match sources.configured_targets(all) {
        Some((targets, file)) => row("build.targets", list(&targets), file),
        None => row(
            "build.targets",
            "-",
            "default: as the gateway, this machine's architecture, musl",
        ),
    }
}
