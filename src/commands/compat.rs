//! `plugbuild compat`, `upgrade` and `deps`: one plugin against the rows of the matrix.

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::Args;

use crate::commands::args::TagsArg;
use crate::commands::output::{print_as_is, print_json, print_line};
use crate::commands::plugin_context::PluginContext;
use crate::gateway::plugin_support;
use crate::modules::{Compat, Fit, GatewayModules, compat, gateway};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::printable::printable;
use crate::util::ui::Format;
use crate::util::version::GatewayVersion;

pub(crate) fn compat_of(args: &CompatArgs, cx: Context) -> Result<()> {
    let from = match &args.from {
        None => None,
        Some(text) => Some(
            first_release(text)
                .ok_or_else(|| Error::usage(format!("`{text}` is not a release")).help("write `--from 2.6`"))?,
        ),
    };
    let mut subject = PluginContext::read(&args.path, None, &args.tags, cx)?;
    let latest = subject.latest()?;
    let plugin = subject.selection(&latest)?;
    let mut gateways = GatewayModules::all_releases(&subject.session.matrix)?;
    let kept = |label: &str| {
        from.is_none_or(|from| {
            label
                .parse()
                .is_ok_and(|version: crate::util::version::GatewayVersion| version >= from)
        })
    };
    gateways.retain(|gateway| kept(&gateway.label));
    if let (Some(from), true) = (from, gateways.is_empty()) {
        if let Some(none) = plugin_support::of_release(&from.numbers(), &subject.session.matrix) {
            return Err(none.error(None));
        }
        return Err(Error::usage(format!("no release from {from} on is known"))
            .help("`plugbuild gateway list` lists all that are"));
    }
    for row in subject.session.matrix.releases().iter().filter(|row| row.is_custom()) {
        gateways.extend(gateway::from_release(row)?);
    }
    let mut all = compat(&plugin, &gateways, &subject.session.matrix);
    all.reverse();
    show(&all, &plugin.module, cx);
    match all.iter().any(|one| one.fit == Fit::AsItIs) {
        true => subject.is_complete(&latest),
        false => Ok(()),
    }
}

fn show(all: &[Compat], module: &str, cx: Context) {
    if cx.format == Format::Json {
        all.iter().for_each(print_json);
        return;
    }
    let wide = all.iter().map(|c| c.gateway.len()).max().unwrap_or_default().max(7);
    print_line(format_args!("{:<wide$}  {:<8}  {}", "GATEWAY", "GO", module));
    for one in all {
        let (style, words) = render(one);
        let go = one.go.to_string();
        if cx.ui.colors_stdout() {
            print_as_is(format_args!(
                "{:<wide$}  {go:<8}  {style}{}{style:#}",
                printable(&one.gateway),
                printable(&words)
            ));
        } else {
            print_line(format_args!("{:<wide$}  {go:<8}  {words}", one.gateway));
        }
    }
}

fn render(one: &Compat) -> (Style, String) {
    let colour = |colour: AnsiColor| colour.on_default();
    let (style, words) = match &one.fit {
        Fit::AsItIs => (colour(AnsiColor::Green), "fits as it is".to_owned()),
        Fit::Aligned { moves, go_line } => {
            let modules = match moves {
                0 => None,
                1 => Some("1 module changes".to_owned()),
                n => Some(format!("{n} modules change")),
            };
            let line = go_line.then(|| "the go line is lowered".to_owned());
            let parts: Vec<String> = [modules, line].into_iter().flatten().collect();
            let words = match parts.as_slice() {
                [] => "fits aligned: go.mod has directives that this Go does not know".to_owned(),
                parts => format!("fits aligned: {}", parts.join(", ")),
            };
            (colour(AnsiColor::Yellow), words)
        }
        Fit::NewerGo { need } => (colour(AnsiColor::Red), format!("does not fit: {need}")),
        Fit::Ambiguous { ambiguous } => (colour(AnsiColor::Red), format!("does not fit: {ambiguous}")),
        Fit::Remains { conflict } => (colour(AnsiColor::Red), format!("does not fit: {conflict}")),
    };
    match (one.may_need.first(), &one.fit) {
        (Some(need), Fit::AsItIs | Fit::Aligned { .. }) => (style, format!("{words}, if that Go compiles it: {need}")),
        _ => (style, words),
    }
}

/// How a plugin fits each release.
#[derive(Debug, Clone, Args)]
pub struct CompatArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The oldest release to list
    #[arg(long, value_name = "RELEASE")]
    pub from: Option<String>,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// `2.6`, `v2.6.1`: where a list of releases begins.
pub(crate) fn first_release(text: &str) -> Option<GatewayVersion> {
    let missing = 2_usize.checked_sub(text.matches('.').count())?;
    format!("{text}{}", ".0".repeat(missing)).parse().ok()
}
