//! Downloads: to a staging file, hashed while they arrive, refused if the hash is not the published one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256, Sha512};

use crate::util::error::{Error, ErrorKind, Result};
use crate::util::hash::{hex, sha256_of};
use crate::util::host::Host;
use crate::util::process::signals::interruptible;

/// A published hash, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    Sha256(String),
    Sha512(String),
}

/// A source that sends nothing for this long is given up.
const STALL_TIMEOUT: u64 = 60;

/// A source that is slower than this for all that time is given up, too.
const MIN_BYTES_PER_SEC: u64 = 1 << 10;

/// How much is read, hashed and written at once, unless a second passes first.
const CHUNK: usize = 256 << 10;

/// The size limit of a toolchain or gateway: an endless response must not fill the disk.
const LARGEST: u64 = 1 << 30;

/// The size limit of what a program fetches for us, packed and unpacked.
pub(crate) const LARGEST_BROUGHT: u64 = 2 * LARGEST;

/// The size limit of an index or list, which is read whole.
const INDEX_LIMIT: u64 = 16 << 20;

/// Fetches `url` (http, https or file) into `to`, and succeeds only if its hash is `sum`.
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

/// Fetches a small text: an index, a list of checksums.
///
/// # Errors
/// The network, more than 16 MiB, or bytes that are not UTF-8.
pub fn get_text(url: &str, what: &str, host: &Host) -> Result<String> {
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
    String::from_utf8(all).map_err(|_| transfer_error(url, what, &"it is not UTF-8 text"))
}

/// Checks a file that was fetched by other means (pip) against its published hash.
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

/// Passes on what a source sends, as long as it sends enough.
fn each_chunk(
    mut from: Box<dyn Read + Send>,
    url: &str,
    what: &str,
    host: &Host,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let patience = stall_timeout(host)?;
    let at_once = (patience / 4).min(Duration::from_secs(1));
    let mut buffer = Vec::with_capacity(CHUNK);
    let (mut since, mut came) = (Instant::now(), 0);
    loop {
        let fill = move || (fill(&mut from, &mut buffer, at_once), from, buffer);
        let read;
        (read, from, buffer) = interruptible(patience, fill).map_err(|e| stall_error(url, what, e))?;
        if read.map_err(|e| transfer_error(url, what, &e))? == 0 {
            return Ok(());
        }
        take(&buffer)?;
        came += buffer.len() as u64;
        if since.elapsed() >= patience {
            if came < MIN_BYTES_PER_SEC * patience.as_secs() {
                let slow = format!("only {came} bytes came in {} s", patience.as_secs());
                return Err(transfer_error(url, what, &slow));
            }
            (since, came) = (Instant::now(), 0);
        }
    }
}

/// Reads until the buffer is full, the source ends, or the time is over.
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

/// How long a source may send nothing.
///
/// # Errors
/// `PLUGBUILD_TIMEOUT` is not a number.
pub(crate) fn stall_timeout(host: &Host) -> Result<Duration> {
    let Some(text) = host.text("PLUGBUILD_TIMEOUT")? else {
        return Ok(Duration::from_secs(STALL_TIMEOUT));
    };
    match text.parse() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(Error::usage(format!(
            "PLUGBUILD_TIMEOUT={text} is not a number of seconds (at least 1)"
        ))
        .help(format!(
            "unset it, or set it to seconds: PLUGBUILD_TIMEOUT={STALL_TIMEOUT}"
        ))),
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
    let patience = stall_timeout(host)?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(patience.min(Duration::from_secs(20))))
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::PlatformVerifier)
                .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .build(),
        )
        .build()
        .into();
    let asked = url.to_owned();
    let response = interruptible(patience, move || agent.get(asked).call()).map_err(|e| stall_error(url, what, e))?;
    let body = response
        .map_err(|e| match e {
            // The library's message without its `io: ` prefix.
            ureq::Error::Io(e) => transfer_error(url, what, &e),
            e => transfer_error(url, what, &e),
        })?
        .into_body();
    let length = body.content_length();
    Ok((Box::new(body.into_reader()), length))
}

/// A signal stays what it is.
fn stall_error(url: &str, what: &str, why: Error) -> Error {
    if why.kind == ErrorKind::Interrupted {
        why
    } else {
        transfer_error(url, what, &why)
    }
}

fn transfer_error(url: &str, what: &str, why: &dyn std::fmt::Display) -> Error {
    Error::network(format!("cannot fetch {what} from {url}: {why}"))
}

fn wrong_sum(url: &str, what: &str, want: &str, have: &str) -> Error {
    let what = format!("{what} from {url} is not what was published: its hash is {have}, published is {want}");
    Error::new(ErrorKind::Integrity, what)
        .help("nothing was kept; try again, or another mirror: a proxy on the way may have changed it")
}

/// A bar for a download of known length, else a spinner; nothing without a terminal.
pub fn progress(host: &Host, what: &str, length: Option<u64>) -> ProgressBar {
    if !host.interactive {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::new_spinner(), "{msg} {spinner} {bytes}"),
    };
    // It also moves while nothing arrives.
    bar.enable_steady_tick(Duration::from_millis(500));
    bar.set_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
