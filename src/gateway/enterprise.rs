//! Releases of the Enterprise Edition: their facts are not published, so they come from the user.

use crate::gateway::facts::Gateway;
use crate::matrix::Matrix;
use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::target::LibcKind;
use crate::util::version::dotted;

/// The newest one of the user's own rows that begins with these numbers.
///
/// # Errors
/// There is none: the gateway's file or its version text is asked for.
pub(crate) fn from_prefix(numbers: &[u32], flavour: Option<LibcKind>, typed: &str, matrix: &Matrix) -> Result<Gateway> {
    if let Some(row) = matrix.enterprise(numbers) {
        let origin = format!("a row of your own: {}", row.source);
        return Ok(Gateway::from_release(row, flavour, origin));
    }
    let release = dotted(numbers);
    let enterprise = Edition::Enterprise;
    let error = match release.as_str() {
        "" => Error::usage(format!("what {typed} was compiled with is not known")),
        _ => Error::usage(format!(
            "what KrakenD {enterprise} {release} was compiled with is not known"
        )),
    };
    let tag = if release.is_empty() { "latest" } else { &release };
    let error = ways_to_give(error, tag);
    Err(match matrix.newest(numbers).filter(|_| !numbers.is_empty()) {
        Some(row) => error.help(format!(
            "`--gateway {release}` is the {} Edition's {}, another program, mostly of another Go",
            Edition::Community,
            row.version
        )),
        None => error,
    })
}

/// How to give the gateway in an image of the Enterprise Edition.
pub(crate) fn ways_to_give(error: Error, tag: &str) -> Error {
    error
        .help(format!(
            "give its file: `docker cp $(docker create krakend/krakend-ee:{tag}):/usr/bin/krakend .`, then `--gateway ./krakend`; \
             `plugbuild gateway import ./krakend` keeps what it says"
        ))
        .help(format!(
            "or what it says of itself: `docker run --rm krakend/krakend-ee:{tag} version 2>&1 | plugbuild --gateway -`"
        ))
}
