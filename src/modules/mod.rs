//! The plugin's modules against a gateway's: conflicts, gateways it fits, free modules, the effect of an upgrade.
//!
//! The comparisons are pure: both sides are data, wherever they come from (the go command, the matrix, a build info).

pub(crate) mod go_line;
pub(crate) mod conflict;
pub(crate) mod compat;
pub(crate) mod decision;
pub(crate) mod deps;
pub(crate) mod go_needs;
pub(crate) mod report;
pub(crate) mod build_list;
pub(crate) mod upgrade;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
pub(crate) mod gateway;
pub(crate) mod align;
pub(crate) mod modfile;
pub(crate) mod go_list;
pub(crate) mod fix;

pub(crate) use crate::modules::build_list::{
    Ambiguous, BuildList, GatewayModules, PluginModule, PluginModules, Precision, Source, StdUse, Work, module_rows,
};
pub(crate) use crate::modules::compat::{Compat, Fit, compat};
pub(crate) use crate::modules::conflict::{Cause, Conflict, PossibleConflict, conflicts};
pub(crate) use crate::modules::decision::{Decision, decide};
pub(crate) use crate::modules::deps::{Dep, VersionOwner, deps};
pub(crate) use crate::modules::go_needs::{Need, What};
pub(crate) use crate::modules::upgrade::{Change, Upgrade, upgrade};
