//! zig, the managed cross C compiler: on PATH, in the store, or fetched as a Python wheel or an official archive.

use std::path::{Path, PathBuf};

use crate::matrix::{PinnedZig, ZigHost};
use crate::toolchain::fetch::Checksum;
use crate::toolchain::provenance::{Record, Word};
use crate::toolchain::source::Mirror;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::{archive, fetch, unpacked};
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::host::Host;
use crate::util::process::Invocation;
use crate::util::process::stall::StallTimeout;

/// The variable that names a mirror.
const MIRROR: &str = "PLUGBUILD_ZIG_MIRROR";

/// A zig: installed, or to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zig {
    pub version: String,
    pub program: PathBuf,
    pub state: State,
    /// As [`crate::toolchain::go::Go::why`].
    pub why: String,
}

/// Looks for a zig that is known to work: `PLUGBUILD_ZIG`, the store, PATH. Writes nothing.
///
/// # Errors
/// `PLUGBUILD_ZIG` is not a zig.
pub fn resolve(row: &PinnedZig, host: &Host, store: &Store) -> Result<Zig> {
    let found = |version, program, why: &str| Zig {
        version,
        program,
        state: State::Ready,
        why: why.to_owned(),
    };
    if let Some(given) = host.var("PLUGBUILD_ZIG") {
        let program = host.find(given).unwrap_or_else(|| host.absolute(given));
        let version = version_of(&program, host).ok_or_else(|| {
            Error::tool_missing(format!("PLUGBUILD_ZIG={} is not a zig executable", program.display()))
                .help("unset PLUGBUILD_ZIG: a zig that is known to work is found or fetched")
        })?;
        return Ok(found(version, program, "PLUGBUILD_ZIG"));
    }
    let place = store.zig(&row.version, host).join("zig");
    if place.is_file() {
        return Ok(found(row.version.clone(), place, "in the store"));
    }
    if let Some(program) = host.find("zig")
        && let Some(version) = version_of(&program, host).filter(|v| row.is_known(v))
    {
        return Ok(found(version, program, "on PATH"));
    }
    let why = match python(host) {
        Some(_) if host.var(MIRROR).is_none() => "fetched by pip, the package ziglang",
        _ => "fetched from the official archives",
    };
    Ok(Zig {
        version: row.version.clone(),
        program: place,
        state: State::Missing,
        why: why.to_owned(),
    })
}

/// Fetches it if it is missing. Concurrent processes fetch once.
///
/// # Errors
/// `--offline`, no source that has it, or a file that is not the published one.
pub fn ensure(zig: &Zig, row: &PinnedZig, store: &Store, cx: Context) -> Result<()> {
    let Context { host, ui, offline, .. } = cx;
    if zig.state == State::Ready {
        return Ok(());
    }
    let what = format!("zig {}", zig.version);
    let _lock = store.lock(&format!("zig-{}", zig.version), || {
        ui.status("waiting", format!("another plugbuild is fetching {what}"))
    })?;
    if zig.program.is_file() {
        return Ok(());
    }
    if offline {
        return Err(Error::tool_missing(format!(
            "{what} is not on this machine, and --offline allows no download"
        ))
        .help("with a network: `plugbuild toolchain install zig`")
        .help("or use a cross gcc: `--cc gcc`"));
    }
    let published = published_for(row, host)?;
    let mirror = Mirror::of(MIRROR, host)?;
    let from = mirror
        .as_ref()
        .map_or_else(|| row.index.clone(), |mirror| mirror.url.clone());
    let Some(python) = python(host).filter(|_| mirror.is_none()) else {
        ui.status("fetching", format!("{what} from {from}"));
        return from_archive(zig, row, mirror.as_ref(), host, store).map_err(with_install_help);
    };
    ui.status("fetching", format!("{what}, by pip, the package ziglang"));
    match from_wheel(zig, published, &python, host, store) {
        // Bytes that differ from the published ones are not a reason to try another source.
        Err(first) if !matches!(first.kind, ErrorKind::Interrupted | ErrorKind::Integrity) => {
            ui.status("fetching", format!("{what} from {from} ({first})"));
            from_archive(zig, row, None, host, store).map_err(with_install_help)
        }
        other => other,
    }
}

fn published_for<'a>(row: &'a PinnedZig, host: &Host) -> Result<&'a ZigHost> {
    let platform = host.platform.to_string();
    row.host(&platform)
        .ok_or_else(|| Error::tool_missing(format!("no zig is published for {platform}")))
}

/// Adds what to do if no source has it.
fn with_install_help(why: Error) -> Error {
    why.help_if_none("let pip have it (`python3 -m pip download ziglang` must work), or put that zig on PATH")
        .help("or name a mirror: PLUGBUILD_ZIG_MIRROR=https://… (file:// too); or use a cross gcc: `--cc gcc`")
}

/// The zig of the store, with its directory.
pub fn installed(row: &PinnedZig, host: &Host, store: &Store) -> Option<(String, PathBuf)> {
    let place = store.zig(&row.version, host);
    place.join("zig").is_file().then(|| (row.version.clone(), place))
}

fn version_of(program: &Path, host: &Host) -> Option<String> {
    let output = Invocation::new(program, &host.cwd).arg("version").output(host).ok()?;
    let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let plain = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(char::is_whitespace);
    (output.status.success() && plain).then_some(version)
}

fn python(host: &Host) -> Option<PathBuf> {
    host.find("python3").or_else(|| host.find("python"))
}

/// pip fetches through the user's own index and proxy; the result is checked against the digest in toolchains/zig.toml.
fn from_wheel(zig: &Zig, published: &ZigHost, python: &Path, host: &Host, store: &Store) -> Result<()> {
    let stage = store.stage()?;
    let download = Invocation::new(python, stage.path())
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--no-cache-dir",
        ])
        .args(["--no-deps", "--only-binary=:all:", "--dest", "wheel"])
        .arg(format!("ziglang=={}", zig.version))
        // Where the size of the download is visible.
        .env("TMPDIR", stage.path());
    let bar = fetch::progress(host, &format!("zig {}", zig.version), None);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let patience = fetch::stall_timeout(host)?;
    let growth = StallTimeout::of(vec![stage.path().to_owned()], patience)
        .at_most(fetch::LARGEST_BROUGHT, &format!("zig {}", zig.version));
    let output = download.output_unless_stalled(host, growth);
    bar.finish_and_clear();
    let failed = format!("pip could not fetch ziglang {}", zig.version);
    let output =
        output?.ok_or_else(|| Error::network(format!("{failed}: nothing arrived for {} s", patience.as_secs())))?;
    let wheel = stage.path().join("wheel").join(&published.wheel);
    if !wheel.is_file() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("it brought another file");
        return Err(Error::network(format!("{failed}: {}", last.trim())));
    }
    fetch::check_file(&wheel, &published.wheel_sha256, &format!("zig {}", zig.version))?;
    let unpacked = stage.path().join("zig");
    archive::unpack_zip(&wheel, "ziglang", &unpacked)?;
    let record = Record {
        from: format!("{} by pip", published.wheel),
        sum: format!("sha256:{}", published.wheel_sha256),
        word: Word::Pinned,
    };
    publish(zig, &unpacked, &record, store)
}

/// Fetches the archive by the pinned SHA-256, or by the one in the published index of the official source or of a
/// mirror that the user named.
fn from_archive(zig: &Zig, row: &PinnedZig, mirror: Option<&Mirror>, host: &Host, store: &Store) -> Result<()> {
    let published = published_for(row, host)?;
    let name = row.archive(published);
    let from = mirror.map_or_else(|| row.archive_url(published), |mirror| format!("{}/{name}", mirror.url));
    let (sum, word) = match &published.archive_sha256 {
        Some(sum) => (sum.clone(), Word::Pinned),
        None => {
            let own = mirror.filter(|mirror| !mirror.of_repository);
            let index = own.map_or_else(|| row.index.clone(), |mirror| format!("{}/index.json", mirror.url));
            (listed(&index, zig, published, host)?, Word::Published)
        }
    };
    let stage = store.stage()?;
    let archive = stage.path().join(&name);
    let what = format!("zig {}", zig.version);
    fetch::download(&from, &Checksum::Sha256(sum.clone()), &archive, &what, host)?;
    let unpacked = stage.path().join("unpacked");
    archive::unpack_tar_xz(&archive, &unpacked)?;
    let sum = format!("sha256:{sum}");
    let folder = unpacked.join(name.trim_end_matches(".tar.xz"));
    publish(zig, &folder, &Record { from, sum, word }, store)
}

/// The SHA-256 of the archive in an index.
fn listed(index: &str, zig: &Zig, published: &ZigHost, host: &Host) -> Result<String> {
    let text = fetch::get_text(index, "the list of zig archives", host)?;
    let list: serde_json::Value = serde_json::from_str(&text)
        .map_err(|e| Error::network(format!("the list of zig archives at {index} cannot be understood: {e}")))?;
    let sum = list[&zig.version][&published.key]["shasum"].as_str();
    sum.map(str::to_owned).ok_or_else(|| {
        Error::network(format!(
            "the list of zig archives at {index} has no {} for {}",
            zig.version, published.key
        ))
    })
}

fn publish(zig: &Zig, staged: &Path, record: &Record, store: &Store) -> Result<()> {
    check_unpacked(staged, &zig.version)?;
    record.write(staged)?;
    let place = zig.program.parent().unwrap_or(&zig.program);
    store.publish(staged, place)
}

/// Makes sure that the unpacked directory has a zig that can be run; a wheel may lack the run bit.
///
/// # Errors
/// It has none.
pub(crate) fn check_unpacked(staged: &Path, version: &str) -> Result<()> {
    let program = staged.join("zig");
    let is_folder = staged.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    if is_folder && unpacked::set_run_bit(&program).is_ok() && unpacked::is_program(&program) {
        return Ok(());
    }
    Err(Error::integrity(format!("what came as zig {version} has no zig in it")))
}
