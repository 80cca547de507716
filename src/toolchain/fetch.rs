//! Downloads: to a staged file, hashed as it comes, refused when the hash is not the published one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256, Sha512};

use crate::util::error::{Error, Kind, Result};
use crate::util::hash::{hex, sha256_of};
use crate::util::host::Host;
use crate::util::process::signals::interruptible;

/// A published hash, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    Sha256(String),
    Sha512(String),
}

/// A source that brings nothing for so many seconds is given up.
const PATIENCE: u64 = 60;

/// As is one that brings less than so many bytes a second all that time.
const SLOWEST: u64 = 1 << 10;

/// So much is read, hashed and written at a time, or what came in a second.
const CHUNK: usize = 256 << 10;

/// No toolchain or gateway may be larger: a server that never ends shall not fill the disk.
const LARGEST: u64 = 1 << 30;

/// Nor may what a program that fetches for us brings, packed and unpacked.
pub(crate) const LARGEST_BROUGHT: u64 = 2 * LARGEST;

/// No index or list that is read whole may be larger.
const INDEX_LIMIT: u64 = 16 << 20;

/// Fetches `url` (http, https or file) into `to`, and returns only if its hash is `sum`.
///
/// # Errors
/// `--offline`, the network, a wrong hash, or a file that cannot be written.
pub fn download(url: &str, sum: &Checksum, to: &Path, what: &str, host: &Host) -> Result<()> {
    let (from, length) = open(url, what, host)?;
    let mut file = File::create(to).map_err(|e| Error::io("write", to, e))?;
    let bar = progress(host, what, length);
    let mut came = 0;
    let too_large = || {
        let what = format!("{what} at {url} is larger than {} MiB", LARGEST >> 20);
        Error::integrity(what)
    };
    if length.is_some_and(|length| length > LARGEST) {
        return Err(too_large());
    }
    let (mut sha256, mut sha512) = (Sha256::new(), Sha512::new());
    each_chunk(from, url, what, host, |bytes| {
        match sum {
            Checksum::Sha256(_) => sha256.update(bytes),
            Checksum::Sha512(_) => sha512.update(bytes),
        }
        came += bytes.len() as u64;
        if came > LARGEST {
            return Err(too_large());
        }
        bar.inc(bytes.len() as u64);
        file.write_all(bytes).map_err(|e| Error::io("write", to, e))
    })?;
    bar.finish_and_clear();
    file.sync_all().map_err(|e| Error::io("write", to, e))?;
    let (want, have) = match sum {
        Checksum::Sha256(want) => (want, hex(&sha256.finalize())),
        Checksum::Sha512(want) => (want, hex(&sha512.finalize())),
    };
    if want.eq_ignore_ascii_case(&have) {
        Ok(())
    } else {
        Err(wrong_sum(url, what, want, &have))
    }
}

/// Fetches a small text (an index, a list of sums).
///
/// # Errors
/// The network, more than 16 MiB, or bytes that are not UTF-8.
pub fn text(url: &str, what: &str, host: &Host) -> Result<String> {
    let (from, _) = open(url, what, host)?;
    let mut all = Vec::new();
    let limited: Box<dyn Read + Send> = Box::new(from.take(INDEX_LIMIT));
    each_chunk(limited, url, what, host, |bytes| {
        all.extend_from_slice(bytes);
        Ok(())
    })?;
    if all.len() as u64 == INDEX_LIMIT {
        return Err(Error::network(format!(
            "{what} at {url} is larger than {} MiB",
            INDEX_LIMIT >> 20
        )));
    }
    String::from_utf8(all).map_err(|_| broken(url, what, &"it is not UTF-8 text"))
}

/// Checks a file that came by other means (pip) against its published hash.
///
/// # Errors
/// The file cannot be read, or its hash differs.
pub fn check_file(path: &Path, sha256: &str, what: &str) -> Result<()> {
    let have = sha256_of(path)?;
    if have.eq_ignore_ascii_case(sha256) {
        Ok(())
    } else {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Err(wrong_sum(&name, what, sha256, &have))
    }
}

/// Hands on what a source brings, as long as it brings enough.
fn each_chunk(
    mut from: Box<dyn Read + Send>,
    url: &str,
    what: &str,
    host: &Host,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let patience = patience(host)?;
    let at_once = (patience / 4).min(Duration::from_secs(1));
    let mut buffer = Vec::with_capacity(CHUNK);
    let (mut since, mut came) = (Instant::now(), 0);
    loop {
        let fill = move || (fill(&mut from, &mut buffer, at_once), from, buffer);
        let read;
        (read, from, buffer) = interruptible(patience, fill).map_err(|e| stalled(url, what, e))?;
        if read.map_err(|e| broken(url, what, &e))? == 0 {
            return Ok(());
        }
        take(&buffer)?;
        came += buffer.len() as u64;
        if since.elapsed() >= patience {
            if came < SLOWEST * patience.as_secs() {
                let slow = format!("only {came} bytes came in {} s", patience.as_secs());
                return Err(broken(url, what, &slow));
            }
            (since, came) = (Instant::now(), 0);
        }
    }
}

/// Reads until the buffer is full, nothing more comes, or the time is over.
fn fill(from: &mut impl Read, buffer: &mut Vec<u8>, time: Duration) -> std::io::Result<usize> {
    let begun = Instant::now();
    buffer.resize(CHUNK, 0);
    let mut filled = 0;
    while filled < CHUNK && begun.elapsed() < time {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    buffer.truncate(filled);
    Ok(filled)
}

/// How long a source may bring nothing.
///
/// # Errors
/// `PLUGBUILD_TIMEOUT` is no number.
pub(crate) fn patience(host: &Host) -> Result<Duration> {
    let Some(text) = host.text("PLUGBUILD_TIMEOUT")? else {
        return Ok(Duration::from_secs(PATIENCE));
    };
    match text.parse() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(
            Error::usage(format!("PLUGBUILD_TIMEOUT={text} is no number of seconds from 1 on"))
                .help(format!("unset it, or set it to seconds: PLUGBUILD_TIMEOUT={PATIENCE}")),
        ),
    }
}

type Source = (Box<dyn Read + Send>, Option<u64>);

pub(crate) fn open(url: &str, what: &str, host: &Host) -> Result<Source> {
    if let Some(path) = url.strip_prefix("file://") {
        let file = File::open(path)
            .map_err(|e| Error::network(format!("cannot fetch {what}: cannot read {path} of the mirror: {e}")))?;
        let length = file.metadata().ok().map(|m| m.len());
        return Ok((Box::new(file), length));
    }
    let patience = patience(host)?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(patience.min(Duration::from_secs(20))))
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::PlatformVerifier)
                .build(),
        )
        .build()
        .into();
    let asked = url.to_owned();
    let response = interruptible(patience, move || agent.get(asked).call()).map_err(|e| stalled(url, what, e))?;
    let body = response
        .map_err(|e| match e {
            // Its own words, without the library's `io: ` before them.
            ureq::Error::Io(e) => broken(url, what, &e),
            e => broken(url, what, &e),
        })?
        .into_body();
    let length = body.content_length();
    Ok((Box::new(body.into_reader()), length))
}

/// A signal stays what it is.
fn stalled(url: &str, what: &str, why: Error) -> Error {
    if why.kind == Kind::Interrupted {
        why
    } else {
        broken(url, what, &why)
    }
}

fn broken(url: &str, what: &str, why: &dyn std::fmt::Display) -> Error {
    Error::network(format!("cannot fetch {what} from {url}: {why}"))
}

fn wrong_sum(url: &str, what: &str, want: &str, have: &str) -> Error {
    let what = format!("{what} from {url} is not what was published: its hash is {have}, published is {want}");
    Error::new(Kind::Integrity, what)
        .help("nothing was kept; try again, or another mirror: a proxy on the way may have changed it")
}

/// A bar for a download of known length, a spinner else; nothing without a terminal.
pub fn progress(host: &Host, what: &str, length: Option<u64>) -> ProgressBar {
    if !host.interactive {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::new_spinner(), "{msg} {spinner} {bytes}"),
    };
    // It moves also while nothing comes.
    bar.enable_steady_tick(Duration::from_millis(500));
    bar.set_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
