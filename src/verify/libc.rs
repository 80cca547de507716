//! The dynamic loader's part: libc, symbol versions, libraries. What fails here fails before any Go code runs.

use std::collections::HashSet;

use crate::binary::dynamic::VersionNeed;
use crate::binary::image::Image;
use crate::binary::symbol_versions::newest_glibc;
use crate::binary::symbols::Symbol;
use crate::util::target::{LibcKind, Target};
use crate::util::ui::and_more;
use crate::util::version::LibcVersion;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::{LoadTarget, System, system_has};
use crate::verify::linkage;
use crate::verify::musl_symbols::{Musl, is_own_library};
use crate::verify::plugin::PluginBinary;

/// How many missing symbols are listed; all are counted.
const MOST_NAMED: usize = 1000;

/// The libraries that make up glibc.
const GLIBC: [&str; 12] = [
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
    "libanl.so.1",
    "libmvec.so.1",
    "libnsl.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// Checks that a linked file needs its target's libc, and no newer one; returns the newest glibc it needs.
///
/// # Errors
/// What it needs instead, as the end of a sentence.
pub fn fits_libc(plugin: &PluginBinary<'_>, target: &Target) -> Result<Option<LibcVersion>, String> {
    let image = plugin.image();
    match (target.libc.kind, newest_glibc(image)) {
        (LibcKind::Musl, Some((_, need))) => Err(format!("needs glibc ({} of {})", wanting(image, need), need.version)),
        (LibcKind::Glibc, None) if plugin.libc() == Some(LibcKind::Musl) => Err("needs musl".to_owned()),
        (LibcKind::Glibc, Some((version, need))) => match target.libc.floor {
            Some(floor) if version > floor => Err(format!(
                "needs glibc {version} (for {}), and the gateway's system has {floor}",
                wanting(image, need)
            )),
            _ => Ok(Some(version)),
        },
        (_, None) => Ok(None),
    }
}

/// The first symbols that need a version, for a message.
fn wanting(image: Image<'_>, need: VersionNeed<'_>) -> String {
    let symbols = image
        .imports()
        .filter(|symbol| image.version_index(symbol) == need.index);
    let first: Vec<String> = symbols.take(3).map(|symbol| format!("`{}`", symbol.text())).collect();
    match first.as_slice() {
        [] => "it".to_owned(),
        _ => first.join(", "),
    }
}

/// What the dynamic loader would report.
pub(crate) fn check(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let system = &against.system;
    let mut findings = match (plugin.libc(), system.kind) {
        (Some(LibcKind::Musl), Some(LibcKind::Glibc)) => return vec![musl_on_glibc(plugin, against)],
        (_, Some(LibcKind::Musl)) => on_musl(plugin, against),
        (Some(LibcKind::Glibc), _) | (None, Some(LibcKind::Glibc)) => on_glibc(plugin, against),
        _ => Vec::new(),
    };
    findings.extend(libraries(plugin, against));
    findings.extend(linkage::check(plugin, against));
    // Drop the warning that it loads on musl if something else prevents loading.
    let loads = findings.iter().all(|f| f.severity == Severity::Warning);
    findings.retain(|f| loads || f.id != Id::GlibcOnMusl);
    findings
}

fn rebuild(against: &LoadTarget<'_>) -> String {
    let kind = against
        .system
        .kind
        .map_or_else(String::new, |kind| format!(" --libc {kind}"));
    format!("rebuild it for this gateway: `plugbuild {}{kind}`", against.typed)
}

fn musl_on_glibc(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Diagnostic {
    let library = plugin
        .needed
        .iter()
        .find(|lib| is_own_library(lib))
        .copied()
        .unwrap_or("libc.so");
    Diagnostic::new(
        Id::LibcMismatch,
        Stage::Link,
        format!("it is built for musl and the gateway runs on glibc, where `{library}` does not exist"),
    )
    .about(library)
    .sides("musl", against.system.to_string())
    .help(rebuild(against))
}

/// On glibc each needed version must exist; symbols without a version must be in the gateway.
fn on_glibc(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let image = plugin.image();
    let mut findings: Vec<Diagnostic> = newest_glibc(image)
        .filter(|(_, need)| !system_has(&against.system, need.version))
        .map(|(version, need)| floor(image, version, need, against))
        .into_iter()
        .collect();
    let unversioned = image.imports().filter(|s| !s.weak && image.version_index(s) < 2);
    // Linked without a libc, it gets symbols from the gateway's by name, and those of musl are there.
    let musl = Musl::for_version(None);
    let in_libc = |name: &[u8]| plugin.libc().is_none() && std::str::from_utf8(name).is_ok_and(|name| musl.has(name));
    let gateway_has = gateway_has(against);
    let missing: Vec<Symbol<'_>> = unversioned
        .filter(|symbol| !gateway_has(symbol.name) && !in_libc(symbol.name))
        .collect();
    findings.extend(missing_symbols(
        plugin,
        &missing,
        "neither the gateway nor its glibc has",
        against,
    ));
    findings
}

fn floor(image: Image<'_>, version: LibcVersion, need: VersionNeed<'_>, against: &LoadTarget<'_>) -> Diagnostic {
    let System {
        version: has,
        at_least,
        source,
        ..
    } = &against.system;
    let has = has.map_or_else(String::new, |has| has.to_string());
    let wanting = wanting(image, need);
    let what = match at_least {
        true => format!(
            "{wanting} needs {} of {}; the gateway itself needs only {has}, and its system may not have more",
            need.version, need.library
        ),
        false => format!(
            "{wanting} needs {} of {}, and the gateway's system has glibc {has} ({source})",
            need.version, need.library
        ),
    };
    let severity = if *at_least { Severity::Unsure } else { Severity::Error };
    let help = match at_least {
        true => format!(
            "give the libc of the gateway's system (`--libc glibc=2.36`), or build for its floor: `plugbuild {} --libc glibc={has}`",
            against.typed
        ),
        false => format!(
            "build it for that floor: `plugbuild {} --libc glibc={has}`",
            against.typed
        ),
    };
    Diagnostic::new(Id::LibcFloor, Stage::Link, what)
        .severity(severity)
        .about(need.version)
        .sides(format!("glibc {version}"), format!("glibc {has}"))
        .help(help)
}

/// musl has no symbol versions: each symbol must exist by name.
fn on_musl(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let musl = Musl::for_version(against.system.version);
    let image = plugin.image();
    let gateway_has = gateway_has(against);
    let missing: Vec<Symbol<'_>> = image
        .imports()
        .filter(|symbol| !symbol.weak)
        .filter(|symbol| !std::str::from_utf8(symbol.name).is_ok_and(|name| musl.has(name)))
        .filter(|symbol| !gateway_has(symbol.name))
        .collect();
    match missing_symbols(plugin, &missing, "musl does not have", against) {
        Some(finding) => vec![finding],
        None if plugin.libc() == Some(LibcKind::Glibc) => vec![
            Diagnostic::new(
                Id::GlibcOnMusl,
                Stage::Link,
                "it is built for glibc; the gateway's musl loads it anyway, as it has every symbol it needs",
            )
            .severity(Severity::Warning)
            .sides("glibc", against.system.to_string())
            .help(rebuild(against)),
        ],
        _ => Vec::new(),
    }
}

/// Symbols found nowhere. Another needed library may have them; only then is it uncertain.
fn missing_symbols(
    plugin: &PluginBinary<'_>,
    all: &[Symbol<'_>],
    who: &str,
    against: &LoadTarget<'_>,
) -> Option<Diagnostic> {
    let first = all.first()?.text();
    let names: Vec<String> = all.iter().take(MOST_NAMED).map(Symbol::text).collect();
    let others = and_more(all.len().saturating_sub(1));
    let severity = match only_libc(plugin) {
        true => Severity::Error,
        false => Severity::Unsure,
    };
    let finding = Diagnostic::new(
        Id::MissingSymbol,
        Stage::Link,
        format!("it needs `{first}`{others}, which {who}"),
    );
    Some(
        finding
            .severity(severity)
            .about(first)
            .sides(names.join(" "), against.system.to_string())
            .help(match for_glibc(plugin, against) {
                true => other_library(plugin, against),
                false => rebuild(against),
            }),
    )
}

/// Help for C code that was compiled elsewhere, for glibc.
fn other_library(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> String {
    let tags = plugin.info.as_ref().and_then(|info| info.setting("-tags"));
    let tagged = tags.is_some_and(|tags| tags.split([',', ' ']).any(|tag| tag == "musl"));
    let what = "a C library in it was compiled for glibc: link the one for musl";
    match tagged {
        true => what.to_owned(),
        false => format!(
            "{what}; a Go module that brings both takes it by a tag: `plugbuild {} --libc musl -- -tags musl`",
            against.typed
        ),
    }
}

/// Whether a plugin that was linked for musl contains code that was not.
fn for_glibc(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> bool {
    against.system.kind == Some(LibcKind::Musl) && plugin.libc() != Some(LibcKind::Glibc)
}

/// Whether a symbol is in the gateway's process: the gateway defines it, or needs it and so has it in a library.
fn gateway_has(against: &LoadTarget<'_>) -> impl Fn(&[u8]) -> bool {
    let image = against.file.as_ref().map(|file| file.binary.image());
    let wanted: HashSet<&[u8]> = image
        .iter()
        .flat_map(|image| image.imports())
        .filter(|symbol| !symbol.weak)
        .map(|symbol| symbol.name)
        .collect();
    move |name| image.is_some_and(|image| wanted.contains(name) || image.symbol(name).is_some())
}

fn only_libc(plugin: &PluginBinary<'_>) -> bool {
    plugin
        .needed
        .iter()
        .all(|lib| GLIBC.contains(lib) || is_own_library(lib))
}

/// Libraries other than libc: present if the gateway needs them too, else unknown.
fn libraries(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let of_gateway: Vec<&str> = against
        .file
        .iter()
        .flat_map(|file| file.binary.image().needed())
        .collect();
    let musl = against.system.kind == Some(LibcKind::Musl);
    // If the gateway's libc is unknown, the libraries of the plugin's own libc count as present.
    let there = |lib: &str| match against.system.kind {
        Some(LibcKind::Musl) => is_own_library(lib),
        Some(LibcKind::Glibc) => GLIBC.contains(&lib),
        None => is_own_library(lib) || GLIBC.contains(&lib),
    };
    let others = plugin
        .needed
        .iter()
        .filter(|lib| !there(lib) && !of_gateway.contains(lib));
    others
        .map(|lib| {
            // A musl system certainly lacks the rest of glibc.
            let surely = musl && GLIBC.contains(lib);
            let what = match surely {
                true => format!("it needs `{lib}`, a part of glibc that musl has no counterpart of"),
                false => format!("it needs `{lib}`, which must be installed where the gateway runs"),
            };
            let help = match surely {
                true => rebuild(against),
                false => format!(
                    "install it in the gateway's image, or link it in: `CGO_LDFLAGS=-l:{}.a`",
                    lib.split(".so").next().unwrap_or(lib)
                ),
            };
            Diagnostic::new(Id::MissingLibrary, Stage::Link, what)
                .severity(if surely { Severity::Error } else { Severity::Unsure })
                .about(*lib)
                .help(help)
        })
        .collect()
}
