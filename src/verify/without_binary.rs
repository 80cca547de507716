//! A gateway without its file: what its release or version can still decide.

use crate::binary::pclntab::SourceRoot;
use crate::verify::build_settings;
use crate::verify::compiled_modules::Side;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::package_hashes::{other_go, rebuild};
use crate::verify::plugin::PluginBinary;

/// Problems of the plugin, and what could not be checked.
pub(crate) fn check(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> (Vec<Diagnostic>, Vec<String>) {
    let mut findings = Vec::new();
    let mut unseen =
        vec!["the gateway's package hashes (its file has them: `--gateway ./krakend`, or `--official`)".to_owned()];
    let gateway = format!("go{}", against.gateway.go);
    match plugin.go.as_deref().and_then(|go| go.split([' ', '-']).next()) {
        Some(go) if go != gateway => findings.push(other_go(go, &gateway, against)),
        Some(_) => {}
        None => {
            unseen.push("which Go compiled the plugin (up to Go 1.20 a stripped plugin does not record it)".to_owned())
        }
    }
    let side = Side::new(plugin.binary, plugin.info.as_ref());
    findings.extend(modules(plugin, &side, against));
    findings.extend(path(plugin, &side, against));
    findings.extend(other_settings(plugin, against));
    if against.modules.is_empty() {
        unseen.push("the gateway's modules (no release is known by this name)".to_owned());
    }
    if against.arch.is_none() {
        unseen.push("the gateway's architecture (`--arch amd64`)".to_owned());
    }
    if against.system.kind.is_none() {
        unseen.push("the gateway's libc (`--libc musl` or `--libc glibc=2.31`)".to_owned());
    }
    (findings, unseen)
}

/// The modules that both link, by the release's list.
fn modules(plugin: &PluginBinary<'_>, side: &Side<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let linked = |path: &str| against.linked.as_ref().is_none_or(|linked| linked.contains(path));
    let rows = against.modules.iter().filter(|row| linked(&row.path));
    rows.filter_map(|row| {
        let (path, version) = row.effective();
        let (have_path, have) = match &plugin.info {
            Some(_) => {
                let built = side.module(&row.path)?.effective();
                (built.path.clone(), built.version.clone())
            }
            None => (path.to_owned(), side.dir_of(path)?.0),
        };
        if (have_path.as_str(), have.as_str()) == (path, version) {
            return None;
        }
        let replaced = have_path != row.path || path != row.path;
        let shown = |path: &str, version: &str| match path == row.path {
            true => version.to_owned(),
            false => format!("{path} {version} in its place"),
        };
        let (ours, theirs) = (shown(&have_path, &have), shown(path, version));
        Some(
            Diagnostic::new(
                if replaced {
                    Id::ReplacedModule
                } else {
                    Id::ModuleMismatch
                },
                Stage::Open,
                format!("module {}: it has {ours}, the gateway {theirs}", row.path),
            )
            .about(&row.path)
            .sides(ours, theirs)
            .help(format!(
                "let the gateway's versions be taken: `plugbuild {} --align`",
                against.typed
            )),
        )
    })
    .collect()
}

/// Where its modules were compiled, if it has any that the gateway has too.
fn path(plugin: &PluginBinary<'_>, side: &Side<'_>, against: &LoadTarget<'_>) -> Option<Diagnostic> {
    let linked = |path: &str| against.linked.as_ref().is_none_or(|linked| linked.contains(path));
    let shared = against.modules.iter().find(|row| {
        let has = plugin.info.is_none() || side.module(&row.path).is_some();
        has && linked(&row.path)
    })?;
    let root = side
        .module_cache()
        .or_else(|| Some(side.dir_of(shared.effective().0)?.1))?;
    let trimmed = against.gateway.settings.trimpath;
    let theirs = if trimmed {
        "-trimpath"
    } else {
        against.gateway.module_cache.as_str()
    };
    let (id, ours) = match root {
        SourceRoot::Trimmed if trimmed => return None,
        SourceRoot::At(folder) if !trimmed && folder == theirs => return None,
        SourceRoot::Trimmed => (Id::Trimpath, "-trimpath".to_owned()),
        SourceRoot::At(folder) => (if trimmed { Id::Trimpath } else { Id::BuildPathMismatch }, folder),
    };
    Some(
        Diagnostic::new(
            id,
            Stage::Open,
            format!("its modules were compiled in {ours}, the gateway's in {theirs}"),
        )
        .about(&shared.path)
        .sides(ours, theirs)
        .help(rebuild(against)),
    )
}

/// Settings that the release was certainly not built with.
fn other_settings(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let Some(info) = &plugin.info else { return Vec::new() };
    let theirs = &against.gateway.settings;
    let own = |key: &str| info.setting(key).unwrap_or_default().to_owned();
    let level = |theirs: &Option<String>, usual: &str| theirs.clone().unwrap_or_else(|| usual.to_owned());
    let pairs = [("-race", own("-race") == "true", theirs.race)]
        .map(|(key, ours, theirs)| (key, ours.to_string(), theirs.to_string(), Severity::Error));
    let lists = [
        (
            "GOEXPERIMENT",
            build_settings::sorted(info.experiments()),
            build_settings::sorted(&level(&theirs.goexperiment, "")),
            Severity::Error,
        ),
        (
            "-tags",
            build_settings::sorted(&own("-tags")),
            build_settings::sorted(&theirs.tags.join(",")),
            Severity::Unsure,
        ),
        ("GOAMD64", own("GOAMD64"), level(&theirs.goamd64, "v1"), Severity::Error),
        (
            "GOARM64",
            own("GOARM64"),
            level(&theirs.goarm64, "v8.0"),
            Severity::Warning,
        ),
    ];
    let known = |(key, ours, ..): &(&str, String, String, Severity)| !(key.starts_with("GOA") && ours.is_empty());
    pairs
        .into_iter()
        .chain(lists)
        .filter(known)
        .filter(|(_, ours, theirs, _)| ours != theirs)
        .map(|(key, ours, theirs, severity)| {
            build_settings::finding(&(key, ours, theirs), &rebuild(against)).severity(severity)
        })
        .collect()
}
