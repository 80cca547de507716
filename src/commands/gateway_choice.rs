//! The gateway that a command is about: from a flag, the environment or a settings file.

use crate::commands::args::GatewayArgs;
use crate::commands::build::request::GatewayChoice;
use crate::gateway::Asked;
use crate::project::config::Settings;
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
