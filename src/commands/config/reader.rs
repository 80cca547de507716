//! The gateway that will read a configuration.

use crate::binary::Binary;
use crate::commands::args::GatewayArgs;
use crate::commands::gateway_choice;
use crate::commands::gateway_choice::asked;
use crate::gateway::GatewaySpec;
use crate::gateway::config::ConfigReader;
use crate::gateway::facts::Gateway;
use crate::matrix::Matrix;
use crate::project::config::Settings;
use crate::util::context::Context;
use crate::util::error::Result;

/// The gateway that is known, with its file: the one that was typed, else that of the settings. One in the settings that
/// cannot be found here is unknown, unless it is needed.
pub(crate) fn known_gateway(
    typed: Option<&GatewaySpec>,
    needed: bool,
    cx: Context,
) -> Result<Option<(Gateway, Option<Binary>, Matrix)>> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let given = GatewayArgs {
        gateway: typed.cloned(),
        go: None,
    };
    let asked = asked(&given, None, &settings, cx)?;
    if asked.gateway.is_none() {
        return Ok(None);
    }
    let host = settings.with_mirrors(cx.host);
    let cx = Context {
        host: &host,
        // Nothing is looked up for what is not needed.
        dry: cx.dry || typed.is_none() && !needed,
        ..cx
    };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    match gateway_choice::open(&asked, &mut matrix, cx) {
        Ok((gateway, binary)) => Ok(Some((gateway, binary, matrix))),
        Err(_) if typed.is_none() && !needed => Ok(None),
        Err(why) => Err(why),
    }
}

/// The same as far as its configuration goes.
pub(crate) fn known_reader(typed: Option<&GatewaySpec>, cx: Context) -> Result<Option<ConfigReader>> {
    let known = known_gateway(typed, false, cx)?;
    Ok(known.as_ref().and_then(|(gateway, ..)| ConfigReader::of(gateway)))
}
