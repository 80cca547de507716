//! From the command line to one exact gateway.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::binary::Binary;
use crate::gateway::enterprise;
use crate::gateway::facts::{Gateway, GatewaySettings};
use crate::gateway::plugin_support;
use crate::gateway::spec::{Asked, GatewaySpec, forms, suggestion};
use crate::gateway::version_output::VersionText;
use crate::matrix::{Defaults, Matrix, Release};
use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::process::signals::interruptible;
use crate::util::target::LibcKind;
use crate::util::version::{GatewayVersion, dotted};

/// Output of `krakend version` is never larger.
const TEXT_LIMIT: u64 = 64 << 10;

/// Collects all facts about the requested gateway. A binary is read, never run.
///
/// # Errors
/// No gateway named, an unknown release, a file that is neither a gateway nor its version text, an unknown Go
/// version, a file that cannot load plugins.
pub fn identify(asked: &Asked, matrix: &Matrix, host: &Host) -> Result<Gateway> {
    let (gateway, binary) = open(asked, matrix, host)?;
    match (&gateway.no_plugins, binary) {
        (Some(none), Some(file)) => Err(in_named_place(
            none.error(Some(&file.path().display().to_string())),
            asked,
        )),
        _ => Ok(gateway),
    }
}

/// Says where the gateway is named, if not on the command line.
fn in_named_place(why: Error, asked: &Asked) -> Error {
    match &asked.named_in {
        Some(place) => Error {
            message: format!("{} (the gateway is named in {place})", why.message),
            ..why
        },
        None => why,
    }
}

/// The same with the gateway's file, if one was given: mapped and searched once.
///
/// # Errors
/// As [`identify`], but the caller checks whether a file can load plugins ([`Gateway::no_plugins`]).
pub fn open(asked: &Asked, matrix: &Matrix, host: &Host) -> Result<(Gateway, Option<Binary>)> {
    let (mut gateway, binary) = looked_up(asked, matrix, host).map_err(|why| in_named_place(why, asked))?;
    if let Some(place) = &asked.named_in {
        gateway.origin = format!("{} (named in {place})", gateway.origin);
    }
    if let Some(go) = asked.go.as_ref().filter(|go| **go != gateway.go) {
        gateway
            .notes
            .push(format!("--go {go} wins over the gateway's own Go {}", gateway.go));
        gateway.own_go = Some(std::mem::replace(&mut gateway.go, go.clone()));
    }
    Ok((gateway, binary))
}

fn looked_up(asked: &Asked, matrix: &Matrix, host: &Host) -> Result<(Gateway, Option<Binary>)> {
    let gateway = match &asked.gateway {
        None => from_parts(asked, matrix),
        Some(GatewaySpec::Latest { flavour }) => from_prefix(&[], *flavour, matrix),
        Some(GatewaySpec::Release { numbers, flavour } | GatewaySpec::Newest { numbers, flavour }) => {
            from_prefix(numbers, *flavour, matrix)
        }
        Some(GatewaySpec::Enterprise {
            numbers,
            flavour,
            typed,
        }) => enterprise::from_prefix(numbers, *flavour, typed, matrix),
        Some(GatewaySpec::Named(name)) => from_name(name, matrix, host),
        Some(GatewaySpec::Stdin) => {
            let read = || read_text(std::io::stdin(), "standard input");
            let text = interruptible(Duration::MAX, read)??;
            from_version_output(
                &VersionText::parse(&text).map_err(forms)?,
                "standard input",
                asked,
                matrix,
            )
        }
        Some(GatewaySpec::Auto) => {
            let found = host
                .find("krakend")
                .ok_or_else(|| forms(Error::usage("no `krakend` on PATH")))?;
            return from_file(&found, asked, matrix);
        }
        Some(GatewaySpec::File(path)) => return from_file(&host.absolute(path), asked, matrix),
    };
    Ok((gateway?, None))
}

fn from_prefix(numbers: &[u32], flavour: Option<LibcKind>, matrix: &Matrix) -> Result<Gateway> {
    if let Some(none) = plugin_support::of_release(numbers, matrix) {
        return Err(none.error(None));
    }
    let row = matrix.newest(numbers).ok_or_else(|| unknown_release(numbers, matrix))?;
    let typed = dotted(numbers);
    let origin = match (&row.from_module, numbers.len(), matrix.without_plugins().first()) {
        (Some(module), 3, _) => format!("its own module, {}", module.h1),
        (Some(module), 0, _) => format!(
            "the newest Community release that is known, from its own module, {}",
            module.h1
        ),
        (Some(module), ..) => format!(
            "the newest {typed} Community release that is known, from its own module, {}",
            module.h1
        ),
        (None, 3, _) => "the Community Edition's row of this release".to_owned(),
        (None, 0, Some(first)) => format!(
            "the newest Community release that loads plugins: those from {} on load none",
            first.version
        ),
        (None, 0, None) => "the newest Community release in the matrix".to_owned(),
        _ => format!("the newest {typed} Community release in the matrix"),
    };
    Ok(Gateway::from_release(row, flavour, origin))
}

/// The error for a version without a row: what is known instead, and the other ways to give a gateway.
pub(crate) fn unknown_release(numbers: &[u32], matrix: &Matrix) -> Error {
    let at = |n: usize| numbers.get(n).copied().unwrap_or_default();
    let version = GatewayVersion {
        major: at(0),
        minor: at(1),
        patch: at(2),
    };
    let typed = dotted(numbers);
    let known = || matrix.official().map(|release| release.version);
    let known = match (known().min(), known().max()) {
        // A major version without any row has no near releases.
        (Some(first), Some(last)) if known().all(|known| known.major != version.major) => {
            format!("known are {first} to {last}")
        }
        _ => {
            let near = matrix.nearest(version, 3).into_iter().map(Release::label);
            format!("the nearest are {}", near.collect::<Vec<_>>().join(", "))
        }
    };
    Error::usage(format!("no release {typed} of KrakenD is known"))
        .help(format!("{known}; `plugbuild gateway list` lists all"))
        .help("any gateway can be given as it is: `--gateway ./krakend` (its file), or `krakend version 2>&1 | plugbuild --gateway -`")
        .help("or by its parts: `--go 1.26.1 --libc musl`")
}

fn from_name(name: &str, matrix: &Matrix, host: &Host) -> Result<Gateway> {
    if let Some(row) = matrix.named(name) {
        return Ok(Gateway::from_release(
            row,
            None,
            format!("a row of your own: {}", row.source),
        ));
    }
    let error = Error::usage(format!(
        "`{name}` is not a release, and no custom gateway has this name"
    ));
    Err(if host.absolute(name).exists() {
        error.help(format!("for the file of that name type `--gateway ./{name}`"))
    } else {
        with_suggestion(error, name)
    })
}

/// Suggests the release that a name resembles, else all forms.
fn with_suggestion(error: Error, name: &str) -> Error {
    if let Some(tag) = name.strip_prefix("krakend-ee:") {
        return enterprise::ways_to_give(error, tag);
    }
    match suggestion(name) {
        Some(help) => error.help(help),
        None => forms(error),
    }
}

/// From `--go` and `--libc` alone.
fn from_parts(asked: &Asked, matrix: &Matrix) -> Result<Gateway> {
    let Defaults {
        module_cache,
        main_root,
    } = matrix.defaults().clone();
    let Some(go) = &asked.go else {
        return Err(forms(Error::usage("no gateway: which KrakenD must load the plugin?")));
    };
    Ok(Gateway {
        label: format!("go{go}"),
        version: None,
        edition: None,
        no_plugins: None,
        go: go.clone(),
        own_go: None,
        arch: None,
        libc: asked.libc,
        glibc_floor: None,
        settings: GatewaySettings::default(),
        module_cache,
        main_module: None,
        main_root,
        origin: "given by its parts".to_owned(),
        binary: None,
        module_sum: None,
        notes: vec!["assuming the paths and settings of the official builds".to_owned()],
    })
}

/// From the output of `krakend version`.
fn from_version_output(text: &VersionText, place: &str, asked: &Asked, matrix: &Matrix) -> Result<Gateway> {
    let (edition, version) = text.release().unzip();
    let community = version.filter(|_| edition == Some(Edition::Community));
    if let Some(none) = community.and_then(|version| plugin_support::of_release(&version.numbers(), matrix)) {
        return Err(none.error(Some(&format!("the output of `krakend version` on {place}"))));
    }
    let row = community.and_then(|version| matrix.release(version));
    let go = text.go.clone().or_else(|| asked.go.clone()).or_else(|| row.map(|r| r.go.clone())).ok_or_else(|| {
        Error::usage(format!("the version text on {place} does not contain the gateway's Go version"))
            .help("give it: `--go 1.25.6` (in the container: `docker inspect`, or read the binary with `--gateway ./krakend`)")
    })?;
    let origin = format!("the output of `krakend version` on {place}");
    let mut gateway = match row {
        Some(row) => Gateway::from_release(row, None, origin),
        None => Gateway {
            label: match (text.release(), &text.krakend) {
                (Some((edition, version)), _) => edition.label(version),
                (None, Some(reported)) => reported.clone(),
                (None, None) => format!("go{go}"),
            },
            version,
            edition,
            origin,
            ..from_parts(&asked.with_go(&go), matrix)?
        },
    };
    if let Some(row) = row.filter(|row| row.go != go) {
        gateway.notes.push(format!(
            "it reports Go {go}, the release {} has Go {}: using what it reports",
            row.version, row.go
        ));
    }
    if text.go.is_none() {
        gateway
            .notes
            .push(format!("it does not report its Go version: assuming Go {go}"));
    }
    match (&text.libc, &text.libc_text) {
        (Some(libc), _) => gateway.libc = Some(*libc),
        (None, Some(words)) => gateway
            .notes
            .push(format!("its libc `{words}` is neither musl nor glibc as far as known")),
        (None, None) => {}
    }
    gateway.go = go;
    Ok(gateway)
}

/// From a file: a krakend binary, or the output of `krakend version`.
fn from_file(path: &Path, asked: &Asked, matrix: &Matrix) -> Result<(Gateway, Option<Binary>)> {
    let place = path.display().to_string();
    if path.is_dir() {
        return Err(forms(Error::usage(format!("{place} is a directory, not a gateway"))));
    }
    let file = path.to_owned();
    // A pipe, as in `--gateway <(krakend version)`, may block forever, and can be read only once.
    let read = interruptible(Duration::MAX, move || beginning(&file))?;
    let bytes = read.map_err(|e| {
        let error = Error::unreadable(format!("cannot read the gateway {place}: {e}"));
        with_suggestion(error, &path.file_name().unwrap_or_default().to_string_lossy())
    })?;
    if bytes.starts_with(b"\x7fELF") {
        return crate::gateway::from_binary::from_binary(path, asked, matrix)
            .map(|(gateway, binary)| (gateway, Some(binary)));
    }
    let not_a_gateway = |why: &str| Error::usage(format!("{place} is not a gateway: {why}"));
    let wanted = "give a KrakenD binary for Linux, or a file with what `krakend version` prints";
    if bytes.starts_with(b"#!") {
        return Err(not_a_gateway("it is a script, which is not run").help("give the binary that the script starts"));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(not_a_gateway("neither an ELF file nor text").help(wanted));
    };
    match VersionText::parse(&text) {
        Ok(text) => Ok((from_version_output(&text, &place, asked, matrix)?, None)),
        Err(e) => Err(not_a_gateway(&e.message).help(wanted)),
    }
}

/// The magic number of a binary; the whole of any other file, up to the limit of a version text.
fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = crate::util::regular_file::open_or_pipe(path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(4).read_to_end(&mut bytes)?;
    if bytes != b"\x7fELF" {
        file.take(TEXT_LIMIT).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn read_text(from: impl Read, place: &str) -> Result<String> {
    let mut text = String::new();
    from.take(TEXT_LIMIT)
        .read_to_string(&mut text)
        .map_err(|e| Error::io("read", place, e))?;
    Ok(text)
}
