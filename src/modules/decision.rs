//! Whether a plugin fits a gateway: the one answer that check, compat, fix, upgrade, deps and build use.

use serde::Serialize;

use crate::matrix::Quirk;
use crate::modules::align::split;
use crate::modules::build_list::{Ambiguous, GatewayModules, PluginModules};
use crate::modules::conflict::{Conflict, PossibleConflict, conflicts, possible_conflicts};
use crate::modules::go_line;
use crate::modules::go_line::GoLine;
use crate::modules::go_needs::{Need, needs};

/// Every problem, and the resulting verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Modules that both compile in, in different versions.
    pub conflicts: Vec<Conflict>,
    /// Modules that differ, but are not compiled into both.
    pub harmless: Vec<Conflict>,
    /// What only the gateway's own file could tell.
    pub possible_conflicts: Vec<PossibleConflict>,
    /// The change of the go line, if the gateway's Go would reject it or read it differently.
    pub go_line: Option<GoLine>,
    /// Directives that the gateway's Go does not know.
    pub drop: Vec<String>,
    /// What the gateway's Go does not have.
    pub needs: Vec<Need>,
    /// Packages that several modules have, if the gateway does not decide which.
    pub ambiguous: Vec<Ambiguous>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It fits as it is.
    Fits,
    /// It fits when it is built against the gateway's versions.
    FitsAligned,
    /// No alignment makes it fit.
    DoesNotFit,
}

/// Decides it; `quirks` are those of the gateway's Go.
pub(crate) fn decide(plugin: &PluginModules, gateway: &GatewayModules, quirks: &[&Quirk]) -> Decision {
    let (mut real, harmless): (Vec<Conflict>, Vec<Conflict>) = conflicts(plugin, gateway)
        .into_iter()
        .partition(Conflict::prevents_loading);
    let split = split::resolved(&plugin.ambiguous, gateway);
    let settled = |one: &Ambiguous| {
        one.modules
            .iter()
            .any(|(path, _)| split.iter().any(|c| c.module == *path))
    };
    let ambiguous = plugin.ambiguous.iter().filter(|one| !settled(one)).cloned().collect();
    real.retain(|conflict| !split.iter().any(|it| it.module == conflict.module));
    real.extend(split);
    let unknown = quirks.iter().flat_map(|quirk| &quirk.go_mod_drop);
    // In a workspace, go.work's line counts.
    let line = match &plugin.work {
        Some(work) => work.go.as_ref(),
        None => plugin.go.as_ref(),
    };
    Decision {
        conflicts: real,
        harmless,
        possible_conflicts: possible_conflicts(plugin, gateway),
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
    pub(crate) fn verdict(&self) -> Verdict {
        if self.remaining().next().is_some() || self.lacking().next().is_some() || !self.ambiguous.is_empty() {
            Verdict::DoesNotFit
        } else if self.fits_as_it_is() {
            Verdict::Fits
        } else {
            Verdict::FitsAligned
        }
    }

    fn fits_as_it_is(&self) -> bool {
        self.conflicts.is_empty() && self.stopping_line().is_none() && self.drop.is_empty()
    }

    /// Conflicts that no alignment resolves.
    pub(crate) fn remaining(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|conflict| !conflict.can_align())
    }

    /// What the gateway's Go certainly lacks.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().filter(|need| need.certain)
    }

    /// The go line, if the gateway's Go rejects go.mod because of it.
    pub(crate) fn stopping_line(&self) -> Option<&GoLine> {
        self.go_line.as_ref().filter(|line| line.stops)
    }
}
