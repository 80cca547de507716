//! Whether a plugin fits a gateway: the one answer that check, compat, fix, upgrade, deps and build rest on.

use serde::Serialize;

use crate::matrix::Quirk;
use crate::modules::align::split;
use crate::modules::build_list::{Ambiguous, GatewayModules, PluginModules};
use crate::modules::conflict::{Conflict, PossibleConflict, clashes, doubts};
use crate::modules::go_line;
use crate::modules::go_line::GoLine;
use crate::modules::go_needs::{Need, needs};

/// All that speaks against it, and what that comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Modules that both compile in, at different versions.
    pub clashes: Vec<Conflict>,
    /// Modules that differ, but are not compiled into both.
    pub harmless: Vec<Conflict>,
    /// What only the gateway's own file could tell.
    pub doubts: Vec<PossibleConflict>,
    /// The change of the go line, where the gateway's Go would stop at it or read it differently.
    pub go_line: Option<GoLine>,
    /// Directives that the gateway's Go does not know.
    pub drop: Vec<String>,
    /// What the gateway's Go does not have.
    pub needs: Vec<Need>,
    /// Packages that several modules hold, and the gateway does not say which.
    pub ambiguous: Vec<Ambiguous>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It fits as it is.
    Fits,
    /// It fits when it is built against the gateway's versions.
    FitsAligned,
    /// No alignment makes it fit.
    DoesNotFit,
}

/// Decides it; `quirks` are those of the gateway's Go.
pub fn decide(plugin: &PluginModules, gateway: &GatewayModules, quirks: &[&Quirk]) -> Decision {
    let (mut real, harmless): (Vec<Conflict>, Vec<Conflict>) =
        clashes(plugin, gateway).into_iter().partition(Conflict::is_real);
    let split = split::resolved(&plugin.ambiguous, gateway);
    let settled = |one: &Ambiguous| {
        one.modules
            .iter()
            .any(|(path, _)| split.iter().any(|c| c.module == *path))
    };
    let ambiguous = plugin.ambiguous.iter().filter(|one| !settled(one)).cloned().collect();
    real.retain(|clash| !split.iter().any(|it| it.module == clash.module));
    real.extend(split);
    let unknown = quirks.iter().flat_map(|quirk| &quirk.go_mod_drop);
    // In a workspace it is go.work's line that counts.
    let line = match &plugin.work {
        Some(work) => work.go.as_ref(),
        None => plugin.go.as_ref(),
    };
    Decision {
        clashes: real,
        harmless,
        doubts: doubts(plugin, gateway),
        go_line: go_line::change(line, &gateway.go),
        drop: unknown
            .filter(|verb| plugin.directives.contains(verb))
            .cloned()
            .collect(),
        needs: needs(plugin, gateway),
        ambiguous,
    }
}

impl Decision {
    pub fn verdict(&self) -> Verdict {
        if self.remaining().next().is_some() || self.lacking().next().is_some() || !self.ambiguous.is_empty() {
            Verdict::DoesNotFit
        } else if self.fits_as_it_is() {
            Verdict::Fits
        } else {
            Verdict::FitsAligned
        }
    }

    fn fits_as_it_is(&self) -> bool {
        self.clashes.is_empty() && self.stopping_line().is_none() && self.drop.is_empty()
    }

    /// Clashes that no alignment cures.
    pub fn remaining(&self) -> impl Iterator<Item = &Conflict> {
        self.clashes.iter().filter(|clash| !clash.can_align())
    }

    /// What the gateway's Go certainly lacks.
    pub fn lacking(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().filter(|need| need.certain)
    }

    /// The go line, where the gateway's Go refuses go.mod for it.
    pub fn stopping_line(&self) -> Option<&GoLine> {
        self.go_line.as_ref().filter(|line| line.stops)
    }
}
