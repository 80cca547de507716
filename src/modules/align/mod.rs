//! Align: what a copy of the plugin's go.mod and go.sum must say so that it is built against the gateway's modules.
//!
//! [`decide`] is pure; [`prepare`] carries it out in a copy. The user's own files stay as they are.

use serde::{Deserialize, Serialize};

use crate::matrix::modules::ModuleRow;
use crate::matrix::{Quirk, sums};
use crate::modules;
use crate::modules::go_line::GoLine;
use crate::modules::modfile::text::Pin;
use crate::modules::{Cause, Conflict, Decision, GatewayModules, PluginModules, PossibleConflict, Source};
use crate::toolchain::go_messages::PRIVATE;
use crate::util::error::Error;

pub mod prepare;
pub mod split;
#[cfg(test)]
mod tests;
pub mod overlay;

/// What the copy says otherwise than the user's files, and what that means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alignment {
    /// A `replace path => …` for every module that the gateway links. Also for those that the plugin does not have: moving
    /// one module may bring in others, and a `replace` of what is not there does nothing.
    pub pins: Vec<Pin>,
    /// The modules that are compiled into the plugin and move by it: what a report shows.
    pub moves: Vec<Conflict>,
    /// Modules whose `replace` of the user's, for any version, gives way to the pin.
    pub set_aside: Vec<OverriddenReplace>,
    /// Modules whose packages the gateway has in another: an empty module stands in for each, so that they come from there.
    pub emptied: Vec<String>,
    /// What only the gateway's own file could tell.
    pub doubts: Vec<PossibleConflict>,
    /// Clashes that remain, as no alignment cures them.
    pub remaining: Vec<Conflict>,
    /// The `go` line, where it must change.
    pub go_line: Option<GoLine>,
    /// Directives that the gateway's Go does not know, to be left out.
    pub drop: Vec<String>,
}

/// A `replace` of the user's that a gateway's module overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverriddenReplace {
    pub module: String,
    pub replacement: Source,
    pub pinned: Source,
}

impl Alignment {
    /// Whether the plugin can be built as it is: nothing moves, nothing has to be left out.
    pub fn is_needless(&self) -> bool {
        let stops = self.go_line.as_ref().is_some_and(|line| line.stops);
        self.moves.is_empty() && self.remaining.is_empty() && !stops && self.drop.is_empty()
    }

    /// Adds modules that give way to another of the gateway's; whether there was any that is not among them yet.
    fn empty(&mut self, mut more: Vec<Conflict>) -> bool {
        more.retain(|clash| !self.emptied.contains(&clash.module));
        self.emptied.extend(more.iter().map(|clash| clash.module.clone()));
        self.moves
            .retain(|clash| !more.iter().any(|it| it.module == clash.module));
        let new = !more.is_empty();
        self.moves.extend(more);
        if new {
            self.remaining.clear();
        }
        new
    }

    /// Lines to add to the copy of go.sum before the go command sees it, so that it asks no checksum database. A pinned
    /// module whose sums are not known has none: the go command will ask for it.
    pub fn sums(&self) -> Vec<String> {
        let known = self
            .pins
            .iter()
            .filter_map(|pin| sums::go_sum_lines(&pin.to, &pin.version));
        known.collect()
    }

    /// Adds to what the go command `said` which modules were moved under the plugin: those first that it names.
    pub fn blamed(&self, error: Error, said: &str, label: &str) -> Error {
        let (named, others): (Vec<&Conflict>, Vec<&Conflict>) =
            self.moves.iter().partition(|clash| said.contains(&clash.module));
        let all: Vec<String> = named
            .into_iter()
            .chain(others)
            .take(8)
            .map(Conflict::to_string)
            .collect();
        // A module that cannot be had is not to be blamed on a version.
        let absent = PRIVATE.iter().any(|sign| said.contains(sign));
        if all.is_empty() || absent {
            return error;
        }
        error
            .help(format!(
                "it was built against the versions of KrakenD {label}, and may need what only another has: {}",
                all.join(", ")
            ))
            .help(format!(
                "what asks for them: `plugbuild check --gateway {label}`; which gateways have them: `plugbuild compat`"
            ))
    }
}

/// Decides it; `quirks` are those of the gateway's Go.
pub fn decide(plugin: &PluginModules, gateway: &GatewayModules, quirks: &[&Quirk]) -> Alignment {
    of(plugin, gateway, modules::decide(plugin, gateway, quirks))
}

/// The alignment that a decision comes to.
pub fn of(plugin: &PluginModules, gateway: &GatewayModules, decision: Decision) -> Alignment {
    let (moves, remaining): (Vec<Conflict>, Vec<Conflict>) =
        decision.clashes.into_iter().partition(Conflict::can_align);
    let rows: Vec<ModuleRow> = gateway
        .linked_modules()
        .filter(|row| matches!(Source::of_row(row), Source::Published { .. }))
        .filter(|row| !plugin.modules.iter().any(|m| m.is_own() && m.path == row.path))
        .cloned()
        .collect();
    let moved = moves.iter().filter(|clash| clash.cause == Cause::Moved);
    Alignment {
        doubts: decision.doubts,
        emptied: moved.map(|clash| clash.module.clone()).collect(),
        set_aside: set_aside(plugin, &rows),
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

/// Also where nothing of the module is compiled in: its `replace` would stand in the pin's way all the same.
fn set_aside(plugin: &PluginModules, pinned: &[ModuleRow]) -> Vec<OverriddenReplace> {
    let replaced = plugin.modules.iter().filter(|m| m.replaced);
    replaced
        .filter_map(|module| {
            let row = pinned.iter().find(|row| row.path == module.path)?;
            let pinned = Source::of_row(row);
            (pinned != module.source).then(|| OverriddenReplace {
                module: module.path.clone(),
                replacement: module.source.clone(),
                pinned,
            })
        })
        .collect()
}
