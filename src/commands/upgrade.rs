//! `plugbuild upgrade`: what changes for a plugin from one gateway to another.

use std::path::PathBuf;

use clap::Args;

use crate::commands::args::{TagsArg, parse};
use crate::commands::output::{print, print_json, print_line};
use crate::commands::plugin_context::PluginContext;
use crate::gateway::GatewaySpec;
use crate::modules::{Change, Upgrade, upgrade};
use crate::util::context::Context;
use crate::util::edition;
use crate::util::error::Result;
use crate::util::ui::{Format, counted};

/// What an upgrade of the gateway brings for a plugin.
#[derive(Debug, Clone, Args)]
pub struct UpgradeArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The current gateway
    #[arg(long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub from: GatewaySpec,
    /// The new gateway
    #[arg(long, value_name = "G", value_parser = parse::<GatewaySpec>, default_value = "latest")]
    pub to: GatewaySpec,
    /// Show every module that changes, not only those of the plugin
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub tags: TagsArg,
}

pub(crate) fn upgrade_of(args: &UpgradeArgs, cx: Context) -> Result<()> {
    let mut subject = PluginContext::read(&args.path, None, &args.tags, cx)?;
    let (from, to) = (subject.named(&args.from)?, subject.named(&args.to)?);
    let plugin = if args.all { None } else { Some(subject.selection(&to)?) };
    let change = upgrade(&subject.modules(&from)?, &subject.modules(&to)?, plugin.as_ref());
    if cx.format == Format::Json {
        print_json(&change);
        return Ok(());
    }
    let Upgrade {
        from,
        to,
        go,
        musl,
        glibc,
        modules,
        needs,
    } = &change;
    print_line(format_args!(
        "{} → {}",
        edition::title(from),
        edition::title(to).trim_start_matches("KrakenD ")
    ));
    let line = |what: &str, old: Option<String>, new: Option<String>| match (old, new) {
        (Some(old), Some(new)) if old == new => print_line(format_args!("  {what:<6} {old}, as before")),
        (Some(old), Some(new)) => print_line(format_args!("  {what:<6} {old} → {new}")),
        _ => {}
    };
    line("Go", Some(go.0.to_string()), Some(go.1.to_string()));
    line("musl", musl.0.map(|v| v.to_string()), musl.1.map(|v| v.to_string()));
    line("glibc", glibc.0.map(|v| v.to_string()), glibc.1.map(|v| v.to_string()));
    let wide = modules.iter().map(|m| m.module.len()).max().unwrap_or_default();
    for change in modules {
        print_line(format_args!("  {:<wide$}  {}", change.module, changed(change)));
    }
    needs.iter().take(5).for_each(|need| print(format_args!("  {need}")));
    match modules.len() {
        0 => print("  no module that the plugin compiles in changes: rebuild it"),
        n => print_line(format_args!(
            "  {} to change: rebuild, and `plugbuild build` aligns what must be",
            counted(n, "module")
        )),
    }
    Ok(())
}

pub(crate) fn changed(change: &Change) -> String {
    let of = |source: &Option<_>, none: &str| {
        source.as_ref().map_or_else(
            || none.to_owned(),
            |s: &crate::modules::Source| s.relative_to(&change.module),
        )
    };
    let way = format!(
        "{} → {}",
        of(&change.from, "not shared"),
        of(&change.to, "no longer shared")
    );
    match &change.have {
        Some(have) if Some(have) == change.to.as_ref() => format!("{way} (go.mod has that)"),
        Some(have) => format!("{way} (go.mod has {})", have.relative_to(&change.module)),
        None => way,
    }
}
