//! One line of `plugbuild compat`: whether a plugin fits a gateway as it is, aligned, or not.

use serde::Serialize;

use super::clash::{Clash, clashes};
use super::side::{GatewaySide, Known, PluginSide};
use crate::align::go_line::{self, Asks};
use crate::version::GoVersion;

/// How a plugin fits one gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compat {
    pub gateway: String,
    pub go: GoVersion,
    /// How much the answer rests on.
    pub known: Known,
    #[serde(flatten)]
    pub fit: Fit,
}

/// The answer, from best to worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fit", rename_all = "kebab-case")]
pub enum Fit {
    /// Builds and loads as it is.
    AsItIs,
    /// Builds against the gateway's versions: so many modules move, and perhaps the go line.
    Aligned { moves: usize, go_line: bool },
    /// It, or a module of it that the gateway does not have, says to need a newer Go than the gateway's.
    NewerGo { asks: GoVersion, module: String },
    /// A clash that no alignment cures.
    Remains { clash: Box<Clash> },
}

/// How a plugin fits each of these gateways.
#[must_use]
pub fn compat(plugin: &PluginSide, gateways: &[GatewaySide]) -> Vec<Compat> {
    let one = |gateway: &GatewaySide| Compat {
        gateway: gateway.label.clone(),
        go: gateway.go.clone(),
        known: gateway.known(),
        fit: fit(plugin, gateway),
    };
    gateways.iter().map(one).collect()
}

fn fit(plugin: &PluginSide, gateway: &GatewaySide) -> Fit {
    let real: Vec<Clash> = clashes(plugin, gateway).into_iter().filter(Clash::is_real).collect();
    if let Some(clash) = real.iter().find(|clash| !clash.can_align()) {
        return Fit::Remains {
            clash: Box::new(clash.clone()),
        };
    }
    if let Some(Asks { module, go }) = go_line::asks_more(plugin, gateway) {
        return Fit::NewerGo { asks: go, module };
    }
    let go_line = go_line::change(plugin.go.as_ref(), &gateway.go).is_some();
    match (real.len(), go_line) {
        (0, false) => Fit::AsItIs,
        (moves, go_line) => Fit::Aligned { moves, go_line },
    }
}
