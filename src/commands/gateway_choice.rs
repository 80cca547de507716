//! The gateway that a command is about: from a flag, the environment or a settings file.

use crate::binary::Binary;
use std::path::Path;

use crate::commands::args::GatewayArgs;
use crate::commands::build::request::GatewayChoice;
use crate::gateway;
use crate::gateway::Asked;
use crate::gateway::facts::Gateway;
use crate::matrix::Matrix;
use crate::project::config::Settings;
use crate::toolchain::releases;
use crate::toolchain::store::Store;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::target::Libc;

/// The requested gateway: from a flag, else the environment, else a settings file. `libc` is the given one, for a
/// gateway of which nothing else is known.
pub(crate) fn asked(given: &GatewayArgs, libc: Option<Libc>, settings: &Settings, cx: Context) -> Result<Asked> {
    let asked = Asked {
        gateway: given.gateway.clone(),
        named_in: None,
        go: given.go.clone(),
        libc,
    };
    if asked.gateway.is_some() || asked.go.is_some() {
        return Ok(asked);
    }
    let named = GatewayChoice::from_settings(&[], settings, cx.host)?;
    let first = named.gateways.into_iter().next();
    Ok(Asked {
        named_in: first.as_ref().map(|gateway| gateway.why.clone()),
        gateway: first.map(|gateway| gateway.value),
        go: named.go.map(|go| go.value),
        ..asked
    })
}

/// The matrix of a directory's settings, with the releases that the store keeps.
///
/// # Errors
/// A row makes no sense.
pub(crate) fn matrix(settings: &Settings, cx: Context) -> Result<Matrix> {
    let matrix = settings.matrix()?;
    // A store that is not safe to use knows nothing; a build says why.
    Ok(match Store::open(cx.host) {
        Ok(store) => releases::with_kept(matrix, &store),
        Err(_) => matrix,
    })
}

/// The requested gateway: the only place where a command gets one, so that what is newer than the matrix is looked up
/// for each.
///
/// # Errors
/// As [`gateway::identify`] and [`releases::know`].
pub(crate) fn identify(asked: &Asked, matrix: &mut Matrix, cx: Context) -> Result<Gateway> {
    releases::know(asked, matrix, cx)?;
    gateway::identify(asked, matrix, cx.host)
}

/// The same, as [`gateway::open`].
///
/// # Errors
/// As [`identify`].
pub(crate) fn open(asked: &Asked, matrix: &mut Matrix, cx: Context) -> Result<(Gateway, Option<Binary>)> {
    releases::know(asked, matrix, cx)?;
    gateway::open(asked, matrix, cx.host)
}

/// A gateway's own file, about which nothing has to be looked up.
///
/// # Errors
/// As [`gateway::open`].
pub(crate) fn open_file(file: &Path, matrix: &Matrix, cx: Context) -> Result<(Gateway, Option<Binary>)> {
    gateway::open(&Asked::file(file.to_owned()), matrix, cx.host)
}
