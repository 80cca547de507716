//! One line of `plugbuild compat`: whether a plugin fits a gateway as it is, aligned, or not.

use serde::Serialize;

use crate::matrix::{Matrix, QuirkFacts};
use crate::modules::build_list::{Ambiguous, GatewayModules, PluginModules, Precision};
use crate::modules::conflict::Conflict;
use crate::modules::decision::{Verdict, decide};
use crate::modules::go_needs::Need;
use crate::util::version::GoVersion;

/// How a plugin fits one gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Compat {
    pub gateway: String,
    pub go: GoVersion,
    /// What the answer is based on.
    pub known: Precision,
    #[serde(flatten)]
    pub fit: Fit,
    /// What may need a newer Go than the gateway's: only a build can tell.
    pub may_need: Vec<Need>,
}

/// The answer, from best to worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fit", rename_all = "kebab-case")]
pub(crate) enum Fit {
    /// Builds and loads as it is.
    AsItIs,
    /// Builds against the gateway's versions: this many modules change, and perhaps the go line.
    Aligned { moves: usize, go_line: bool },
    /// It, or a module of it that stays as it is, needs a newer Go than the gateway's.
    NewerGo { need: Box<Need> },
    /// A conflict that no alignment resolves.
    Remains { conflict: Box<Conflict> },
    /// Several modules have a package, and the gateway does not decide which.
    Ambiguous { ambiguous: Ambiguous },
}

/// How a plugin fits each of these gateways.
pub(crate) fn compat(plugin: &PluginModules, gateways: &[GatewayModules], matrix: &Matrix) -> Vec<Compat> {
    let one = |gateway: &GatewayModules| {
        let decision = decide(plugin, gateway, &matrix.quirks(&QuirkFacts::for_go(&gateway.go)));
        let remaining = decision.remaining().next().map(|conflict| Fit::Remains {
            conflict: Box::new(conflict.clone()),
        });
        let lacking = decision.lacking().next().map(|need| Fit::NewerGo {
            need: Box::new(need.clone()),
        });
        let ambiguous = decision.ambiguous.first().cloned();
        let ambiguous = ambiguous.map(|ambiguous| Fit::Ambiguous { ambiguous });
        Compat {
            gateway: gateway.label.clone(),
            go: gateway.go.clone(),
            known: gateway.known(),
            fit: remaining.or(lacking).or(ambiguous).unwrap_or(match decision.verdict() {
                Verdict::Fits => Fit::AsItIs,
                _ => Fit::Aligned {
                    moves: decision.conflicts.len(),
                    go_line: decision.stopping_line().is_some(),
                },
            }),
            may_need: decision.needs.into_iter().filter(|need| !need.certain).collect(),
        }
    };
    gateways.iter().map(one).collect()
}
