//! A gateway from its own file, which is read and never run: releases, Enterprise editions, forks, self-built ones.

use std::path::Path;

use crate::binary::Binary;
use crate::binary::buildinfo::BuildInfo;
use crate::binary::linkage::Form;
use crate::binary::pclntab::SourceRoot;
use crate::gateway::facts::{Gateway, GatewaySettings};
use crate::gateway::plugin_support;
use crate::gateway::spec::Asked;
use crate::gateway::version_output::parse_libc;
use crate::matrix::{Defaults, Matrix};
use crate::util::component;
use crate::util::edition;
use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::printable::printable_line;
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion};

/// Reads Go's build information and line table; also returns the opened file for further questions.
///
/// # Errors
/// Not an ELF file of a known architecture, not built by Go, not dynamically linked, an unreleased Go.
pub(crate) fn from_binary(path: &Path, asked: &Asked, matrix: &Matrix) -> Result<(Gateway, Binary)> {
    let binary = Binary::open(path)?;
    let image = binary.image();
    let path_shown = path.display();
    check_form(&binary)?;
    let info = binary.build_info()?;
    // `identify` lets `--go` override a release (with a warning); here it only replaces an unreleased Go.
    let own = info.go_release().parse::<GoVersion>().ok();
    let go = own.or_else(|| asked.go.clone()).ok_or_else(|| {
        Error::usage(format!(
            "{path_shown} was compiled by `{}`, which is not a released Go",
            info.go
        ))
        .help("a plugin needs the very same Go: install it and name it: `PLUGBUILD_GO=… plugbuild --go VERSION`")
    })?;
    let main_module = info.main.as_ref().map(|main| main.path.clone());
    let Named {
        label,
        version,
        edition,
    } = Named::of(&info, path);
    let community = version.filter(|_| edition == Some(Edition::Community));
    let row = community.and_then(|v| matrix.release(v));
    let mut notes = Vec::new();
    let (module_cache, main_root, trimmed) = roots(&binary, &info, matrix.defaults(), &mut notes);
    let glibc_floor = row.and_then(|row| row.glibc);
    let mut gateway = Gateway {
        label,
        version,
        edition,
        no_plugins: None,
        go,
        own_go: None,
        arch: Some(image.arch()),
        libc: libc(&binary, &info, glibc_floor),
        glibc_floor,
        settings: settings(&info, trimmed),
        module_cache,
        main_module,
        main_root,
        origin: format!("read from {path_shown}"),
        module_sum: None,
        binary: Some(path.to_owned()),
        notes,
    };
    gateway.no_plugins = plugin_support::of_file(&gateway, &binary, matrix);
    Ok((gateway, binary))
}

/// What a gateway's file calls itself.
struct Named {
    label: String,
    version: Option<GatewayVersion>,
    edition: Option<Edition>,
}

impl Named {
    fn of(info: &BuildInfo, path: &Path) -> Named {
        let is_line = |version: &&str| component::checked_line("a version", version).is_ok();
        let reported = info.x_value("KrakendVersion").filter(is_line);
        let release = reported.and_then(edition::release);
        let of_module = info.main.as_ref().and_then(|main| Edition::of_module(&main.path));
        // Of a fork's version that looks like a release, nothing follows.
        let edition = match release {
            Some((Edition::Enterprise, _)) => Some(Edition::Enterprise),
            _ => of_module,
        };
        let file = || {
            path.file_name().map_or_else(
                || "gateway".to_owned(),
                |n| printable_line(&n.to_string_lossy()).into_owned(),
            )
        };
        Named {
            label: match (release, reported) {
                (Some((_, version)), _) => edition.unwrap_or(Edition::Community).label(version),
                (None, reported) => reported.map_or_else(file, str::to_owned),
            },
            version: release.map(|(_, version)| version),
            edition,
        }
    }
}

/// A gateway is a program that something can be loaded into.
fn check_form(binary: &Binary) -> Result<()> {
    let path_shown = binary.path().display();
    let not_a_gateway = |what: &str| {
        Error::usage(format!("{path_shown} is {what}, not a gateway"))
            .help("give the program that loads the plugins: `--gateway ./krakend`")
    };
    match binary.image().form() {
        // Which gateway it is decides what to do about it.
        Form::StaticProgram if binary.build_info().is_ok() => Ok(()),
        Form::Program => Ok(()),
        Form::StaticProgram => Err(Error::usage(format!(
            "{path_shown} is linked statically: no such program can load plugins"
        ))
        .help("a gateway that loads plugins is built with CGO_ENABLED=1")),
        Form::Library if binary.package_hashes().next().is_some() => Err(not_a_gateway("a Go plugin")),
        other => Err(not_a_gateway(&other.to_string())),
    }
}

/// The source directories: the module cache and the main module, and whether `-trimpath` removed them.
fn roots(binary: &Binary, info: &BuildInfo, usual: &Defaults, notes: &mut Vec<String>) -> (String, String, bool) {
    let table = binary.line_table();
    let mut root = |found: Option<SourceRoot>, what: &str, usual: &str| match found {
        Some(SourceRoot::At(dir)) => (dir, false),
        Some(SourceRoot::Trimmed) => (usual.to_owned(), true),
        None => {
            notes.push(format!(
                "the gateway's file does not say where its {what} was: assuming {usual}"
            ));
            (usual.to_owned(), false)
        }
    };
    let (cache, trimmed) = root(
        table.and_then(|t| t.module_cache(info)),
        "module cache",
        &usual.module_cache,
    );
    let (main, main_trimmed) = root(table.and_then(|t| t.main_module(info)), "main module", &usual.main_root);
    let recorded = info.setting("-trimpath") == Some("true");
    (cache, main, recorded || trimmed && main_trimmed)
}

/// The libc: from the linker flags, else from the interpreter.
fn libc(binary: &Binary, info: &BuildInfo, row_floor: Option<crate::util::version::LibcVersion>) -> Option<Libc> {
    if let Some(libc) = info.x_value("GlibcVersion").and_then(parse_libc) {
        return Some(libc);
    }
    let loader = binary.image().interpreter()?;
    let kind = if loader.contains("ld-musl") {
        LibcKind::Musl
    } else {
        LibcKind::Glibc
    };
    Some(Libc {
        kind,
        floor: row_floor.filter(|_| kind == LibcKind::Glibc),
    })
}

fn settings(info: &BuildInfo, trimpath: bool) -> GatewaySettings {
    let own = |key: &str| info.setting(key).filter(|v| !v.is_empty()).map(str::to_owned);
    let tags = own("-tags").map(|tags| {
        tags.split([',', ' '])
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect()
    });
    GatewaySettings {
        trimpath,
        tags: tags.unwrap_or_default(),
        goamd64: own("GOAMD64"),
        goarm64: own("GOARM64"),
        goexperiment: Some(info.experiments().to_owned()).filter(|e| !e.is_empty()),
        gofips140: own("GOFIPS140"),
        race: own("-race").is_some_and(|v| v == "true"),
    }
}
