//! Downloads: to a staged file, hashed as it comes, refused when the hash is not the published one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256, Sha512};

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::signals::heedful;

/// A published hash, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sum {
    Sha256(String),
    Sha512(String),
}

/// A source that brings nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// So much is read, hashed and written at a time.
const CHUNK: usize = 256 << 10;

/// No index or list that is read whole may be larger.
const INDEX_LIMIT: u64 = 16 << 20;

/// Fetches `url` (http, https or file) into `to`, and returns only if its hash is `sum`.
///
/// # Errors
/// `--offline`, the network, a wrong hash, or a file that cannot be written.
pub fn download(url: &str, sum: &Sum, to: &Path, what: &str, host: &Host) -> Result<()> {
    let (mut from, length) = open(url, what)?;
    let mut file = File::create(to).map_err(|e| Error::io("write", to, e))?;
    let bar = progress(host, what, length);
    let (mut sha256, mut sha512) = (Sha256::new(), Sha512::new());
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        let fill = move || {
            buffer.clear();
            let read = from.by_ref().take(CHUNK as u64).read_to_end(&mut buffer);
            (read, from, buffer)
        };
        let read: std::io::Result<usize>;
        (read, from, buffer) = heedful(PATIENCE, fill).map_err(|e| stalled(url, what, e))?;
        if read.map_err(|e| broken(url, what, &e))? == 0 {
            break;
        }
        match sum {
            Sum::Sha256(_) => sha256.update(&buffer),
            Sum::Sha512(_) => sha512.update(&buffer),
        }
        file.write_all(&buffer).map_err(|e| Error::io("write", to, e))?;
        bar.inc(buffer.len() as u64);
    }
    bar.finish_and_clear();
    file.sync_all().map_err(|e| Error::io("write", to, e))?;
    let (want, have) = match sum {
        Sum::Sha256(want) => (want, hex(&sha256.finalize())),
        Sum::Sha512(want) => (want, hex(&sha512.finalize())),
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
pub fn text(url: &str, what: &str) -> Result<String> {
    let (from, _) = open(url, what)?;
    let read = move || {
        let mut text = String::new();
        from.take(INDEX_LIMIT).read_to_string(&mut text).map(|_| text)
    };
    let text = heedful(PATIENCE, read).map_err(|e| stalled(url, what, e))?;
    let text = text.map_err(|e| broken(url, what, &e))?;
    if text.len() as u64 == INDEX_LIMIT {
        return Err(Error::network(format!(
            "{what} at {url} is larger than {} MiB",
            INDEX_LIMIT >> 20
        )));
    }
    Ok(text)
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

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer).map_err(|e| Error::io("read", path, e))? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

type Source = (Box<dyn Read + Send>, Option<u64>);

fn open(url: &str, what: &str) -> Result<Source> {
    if let Some(path) = url.strip_prefix("file://") {
        let file = File::open(path)
            .map_err(|e| Error::network(format!("cannot fetch {what}: cannot read {path} of the mirror: {e}")))?;
        let length = file.metadata().ok().map(|m| m.len());
        return Ok((Box::new(file), length));
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::PlatformVerifier)
                .build(),
        )
        .build()
        .into();
    let asked = url.to_owned();
    let response = heedful(PATIENCE, move || agent.get(asked).call()).map_err(|e| stalled(url, what, e))?;
    let body = response.map_err(|e| broken(url, what, &e))?.into_body();
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
#[must_use]
pub fn progress(host: &Host, what: &str, length: Option<u64>) -> ProgressBar {
    if !host.interactive {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::new_spinner(), "{msg} {spinner} {bytes}"),
    };
    bar.set_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
