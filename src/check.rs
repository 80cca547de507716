//! The plugin's modules against a gateway's: what clashes, where it would fit, what may be bumped, what an upgrade brings.
//!
//! All pure: the two sides come as data, whoever asked for them (the go command, the matrix, a binary's build info).

mod clash;
mod compat;
mod decision;
mod deps;
mod needs;
pub mod report;
mod side;
mod upgrade;

pub use clash::{Bearing, Cause, Clash, Direction, Doubt, clashes, doubts};
pub use compat::{Compat, Fit, compat};
pub use decision::{Decision, Verdict, decide};
pub use deps::{Dep, Freedom, deps};
pub use needs::{Need, What};
pub use side::{Ambiguous, BuildList, GatewaySide, Known, PluginModule, PluginSide, Source, StdUse, Work, module_rows};
pub use upgrade::{Change, Upgrade, upgrade};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
