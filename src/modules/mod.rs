//! The plugin's modules against a gateway's: conflicts, gateways it fits, free modules, the effect of an upgrade.
//!
//! The comparisons are pure: both sides are data, wherever they come from (the go command, the matrix, a build info).

pub mod go_line;
pub mod conflict;
pub mod compat;
pub mod decision;
pub mod deps;
pub mod go_needs;
pub mod report;
pub mod build_list;
pub mod upgrade;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
pub mod gateway;
pub mod align;
pub mod modfile;
pub mod go_list;
pub mod fix;

pub use crate::modules::build_list::{
    Ambiguous, BuildList, GatewayModules, PluginModule, PluginModules, Precision, Source, StdUse, Work, module_rows,
};
pub use crate::modules::compat::{Compat, Fit, compat};
pub use crate::modules::conflict::{
    Cause, Conflict, Direction, Impact, PossibleConflict, conflicts, possible_conflicts,
};
pub use crate::modules::decision::{Decision, Verdict, decide};
pub use crate::modules::deps::{Dep, VersionOwner, deps};
pub use crate::modules::go_needs::{Need, What};
pub use crate::modules::upgrade::{Change, Upgrade, upgrade};
