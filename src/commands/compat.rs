//! `plugbuild compat`, `upgrade` and `deps`: one plugin against the rows of the matrix.

use anstyle::{AnsiColor, Style};

use super::subject::Subject;
use super::{Context, asked, print, print_as_is, print_json, print_line};
use crate::check::{Change, Compat, Dep, Fit, Freedom, GatewaySide, Known, Upgrade, compat, deps, upgrade};
use crate::cli::Format;
use crate::cli::check::{CompatArgs, DepsArgs, UpgradeArgs, first_release};
use crate::error::{Error, Result};
use crate::gateway::modules;
use crate::printable::printable;
use crate::ui::counted;

pub(super) fn compat_of(args: &CompatArgs, cx: Context) -> Result<()> {
    let from =
        match &args.from {
            None => None,
            Some(text) => Some(first_release(text).ok_or_else(|| {
                Error::usage(format!("`{text}` is no release to begin with")).help("write `--from 2.6`")
            })?),
        };
    let subject = Subject::read(&args.path, None, &args.tags, cx)?;
    let latest = subject.latest()?;
    let plugin = subject.selection(&latest)?;
    let mut gateways = GatewaySide::of_all_releases(&subject.matrix)?;
    let kept = |label: &str| {
        from.is_none_or(|from| {
            label
                .parse()
                .is_ok_and(|version: crate::version::GatewayVersion| version >= from)
        })
    };
    gateways.retain(|gateway| kept(&gateway.label));
    if let (Some(from), true) = (from, gateways.is_empty()) {
        return Err(
            Error::usage(format!("no release from {from} on is known")).help("`plugbuild gateways` lists all that are")
        );
    }
    for row in subject.matrix.releases().iter().filter(|row| row.name.is_some()) {
        gateways.extend(modules::of_row(row)?);
    }
    let mut all = compat(&plugin, &gateways, &subject.matrix);
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
        let (style, words) = told(one);
        let go = one.go.to_string();
        if cx.ui.colours_output() {
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

fn told(one: &Compat) -> (Style, String) {
    let colour = |colour: AnsiColor| colour.on_default();
    let (style, words) = match &one.fit {
        Fit::AsItIs => (colour(AnsiColor::Green), "fits as it is".to_owned()),
        Fit::Aligned { moves, go_line } => {
            let modules = match moves {
                0 => None,
                1 => Some("1 module moves".to_owned()),
                n => Some(format!("{n} modules move")),
            };
            let line = go_line.then(|| "the go line is lowered".to_owned());
            let parts: Vec<String> = [modules, line].into_iter().flatten().collect();
            let words = match parts.as_slice() {
                [] => "fits aligned: go.mod says what this Go does not know".to_owned(),
                parts => format!("fits aligned: {}", parts.join(", ")),
            };
            (colour(AnsiColor::Yellow), words)
        }
        Fit::NewerGo { need } => (colour(AnsiColor::Red), format!("does not fit: {need}")),
        Fit::Ambiguous { ambiguous } => (colour(AnsiColor::Red), format!("does not fit: {ambiguous}")),
        Fit::Remains { clash } => (colour(AnsiColor::Red), format!("does not fit: {clash}")),
    };
    match (one.may_need.first(), &one.fit) {
        (Some(need), Fit::AsItIs | Fit::Aligned { .. }) => (style, format!("{words}, if that Go compiles it: {need}")),
        _ => (style, words),
    }
}

pub(super) fn upgrade_of(args: &UpgradeArgs, cx: Context) -> Result<()> {
    let subject = Subject::read(&args.path, None, &args.tags, cx)?;
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
    print_line(format_args!("KrakenD {from} → {to}"));
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

fn changed(change: &Change) -> String {
    let of = |source: &Option<_>, none: &str| {
        source
            .as_ref()
            .map_or_else(|| none.to_owned(), |s: &crate::check::Source| s.of(&change.module))
    };
    let way = format!(
        "{} → {}",
        of(&change.from, "not shared"),
        of(&change.to, "no longer shared")
    );
    match &change.have {
        Some(have) if Some(have) == change.to.as_ref() => format!("{way} (go.mod has that)"),
        Some(have) => format!("{way} (go.mod has {})", have.of(&change.module)),
        None => way,
    }
}

pub(super) fn deps_of(args: &DepsArgs, cx: Context) -> Result<()> {
    let subject = Subject::read(&args.path, None, &args.tags, cx)?;
    let gateway = subject.gateway(&asked(&args.gateway, None, &subject.settings, cx)?)?;
    let modules = subject.modules(&gateway)?;
    let mut all = deps(&subject.selection(&gateway)?, &modules);
    all.sort_by(|a, b| (a.freedom, &a.module).cmp(&(b.freedom, &b.module)));
    if cx.format == Format::Json {
        all.iter().for_each(print_json);
        return Ok(());
    }
    let wide = all.iter().map(|d| d.module.len()).max().unwrap_or_default();
    let groups = [
        (
            Freedom::Shared,
            "shared: the gateway links them, so these must be its versions",
        ),
        (
            Freedom::Unlinked,
            "the gateway has them, but no package of them is in both: free to bump while that stays so",
        ),
        (Freedom::Free, "free to bump: the gateway does not have them"),
    ];
    for (freedom, title) in groups {
        let group: Vec<&Dep> = all.iter().filter(|dep| dep.freedom == freedom).collect();
        if group.is_empty() {
            continue;
        }
        print_line(format_args!("{title} ({})", group.len()));
        for dep in group {
            print(
                format_args!("  {:<wide$}  {}", dep.module, versions(dep))
                    .to_string()
                    .trim_end(),
            );
        }
    }
    if modules.known() == Known::Requirements {
        cx.ui.warn(format!(
            "what KrakenD {} really links is not known: all it requires is taken as shared",
            gateway.label
        ));
    }
    Ok(())
}

fn versions(dep: &Dep) -> String {
    let have = dep.have.of(&dep.module);
    match &dep.gateway {
        Some(gateway) if *gateway == dep.have => format!("{have}, as the gateway"),
        Some(gateway) if dep.clashes => format!("{have}, must be {}", gateway.of(&dep.module)),
        Some(gateway) => format!("{have} (gateway: {})", gateway.of(&dep.module)),
        None => have,
    }
}
