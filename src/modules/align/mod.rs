//! Align: the changes to a copy of the plugin's go.mod and go.sum that build it against the gateway's modules.
//!
//! [`align`] is pure; [`prepare`] applies it to a copy. The user's own files are not changed.

use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;
use crate::matrix::modules::ModuleRow;
use crate::modules::go_line::GoLine;
use crate::modules::modfile::text::Pin;
use crate::modules::{Cause, Conflict, Decision, GatewayModules, PluginModules, PossibleConflict, Source};
use crate::util::edition;
use crate::util::error::{Error, ErrorKind};

pub(crate) mod prepare;
pub(crate) mod split;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod overlay;

/// The changes of the copy, and their meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alignment {
    /// A `replace path => …` for every module that the gateway links. Also for those that the plugin does not have:
    /// moving one module may bring in others, and a `replace` of an absent module does nothing.
    pub pins: Vec<Pin>,
    /// The modules that are compiled into the plugin and change: what a report shows.
    pub moves: Vec<Conflict>,
    /// Modules whose own `replace`, for any version, the pin overrides.
    pub set_aside: Vec<OverriddenReplace>,
    /// Modules whose packages the gateway has from another one: an empty module stands in for each.
    pub emptied: Vec<String>,
    /// What only the gateway's own file could tell.
    pub possible_conflicts: Vec<PossibleConflict>,
    /// Conflicts that remain, as no alignment resolves them.
    pub remaining: Vec<Conflict>,
    /// The `go` line, if it must change.
    pub go_line: Option<GoLine>,
    /// Directives to leave out, which the gateway's Go does not know.
    pub drop: Vec<String>,
}

/// A `replace` of the user's that a gateway's module overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OverriddenReplace {
    pub module: String,
    pub replacement: Source,
    pub pinned: Source,
}

impl Alignment {
    /// Whether the plugin can be built as it is: no change, nothing to leave out.
    pub(crate) fn is_needless(&self) -> bool {
        let stops = self.go_line.as_ref().is_some_and(|line| line.stops);
        self.moves.is_empty() && self.remaining.is_empty() && !stops && self.drop.is_empty()
    }

    /// Adds modules replaced by another of the gateway's; returns whether any was new.
    fn empty(&mut self, mut more: Vec<Conflict>) -> bool {
        more.retain(|conflict| !self.emptied.contains(&conflict.module));
        self.emptied.extend(more.iter().map(|conflict| conflict.module.clone()));
        self.moves
            .retain(|conflict| !more.iter().any(|it| it.module == conflict.module));
        let new = !more.is_empty();
        self.moves.extend(more);
        if new {
            self.remaining.clear();
        }
        new
    }

    /// Lines to add to the copy of go.sum before the go command reads it, so that it does not ask a checksum database.
    /// A pinned module without known checksums has none: the go command will ask for it.
    pub(crate) fn sums(&self, matrix: &Matrix) -> Vec<String> {
        let known = self
            .pins
            .iter()
            .filter_map(|pin| matrix.go_sum_lines(&pin.to, &pin.version));
        known.collect()
    }

    /// Adds to the go command's output which modules were changed under the plugin, those that it names first.
    pub(crate) fn explain_failure(&self, error: Error, said: &str, label: &str) -> Error {
        let (named, others): (Vec<&Conflict>, Vec<&Conflict>) =
            self.moves.iter().partition(|conflict| said.contains(&conflict.module));
        let all: Vec<String> = named
            .into_iter()
            .chain(others)
            .take(8)
            .map(Conflict::to_string)
            .collect();
        // A module that cannot be fetched is not the fault of its version.
        if all.is_empty() || error.kind != ErrorKind::Build {
            return error;
        }
        error
            .help(format!(
                "it was built against the versions of {}, and may need what only another has: {}",
                edition::title(label),
                all.join(", ")
            ))
            .help(format!(
                "what asks for them: `plugbuild check --gateway {label}`; which gateways have them: `plugbuild compat`"
            ))
    }
}

/// The alignment that follows from a decision.
pub(crate) fn from_decision(plugin: &PluginModules, gateway: &GatewayModules, decision: Decision) -> Alignment {
    let (moves, remaining): (Vec<Conflict>, Vec<Conflict>) =
        decision.conflicts.into_iter().partition(Conflict::can_align);
    let rows: Vec<ModuleRow> = gateway
        .linked_modules()
        .filter(|row| matches!(Source::from_row(row), Source::Published { .. }))
        .filter(|row| !plugin.modules.iter().any(|m| m.is_own() && m.path == row.path))
        .cloned()
        .collect();
    let moved = moves.iter().filter(|conflict| conflict.cause == Cause::Moved);
    Alignment {
        possible_conflicts: decision.possible_conflicts,
        emptied: moved.map(|conflict| conflict.module.clone()).collect(),
        set_aside: overridden_replaces(plugin, &rows),
        moves,
        remaining,
        go_line: decision.go_line,
        drop: decision.drop,
        pins: rows.iter().map(pin).collect(),
    }
}

fn pin(row: &ModuleRow) -> Pin {
    let (to, version) = row.effective();
    Pin {
        path: row.path.clone(),
        to: to.to_owned(),
        version: version.to_owned(),
    }
}

/// Also if nothing of the module is compiled in: its `replace` would conflict with the pin anyway.
fn overridden_replaces(plugin: &PluginModules, pinned: &[ModuleRow]) -> Vec<OverriddenReplace> {
    let replaced = plugin.modules.iter().filter(|m| m.replaced);
    replaced
        .filter_map(|module| {
            let row = pinned.iter().find(|row| row.path == module.path)?;
            let pinned = Source::from_row(row);
            (pinned != module.source).then(|| OverriddenReplace {
                module: module.path.clone(),
                replacement: module.source.clone(),
                pinned,
            })
        })
        .collect()
}
