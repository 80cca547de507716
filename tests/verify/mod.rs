//! What `verify` and `config check` foresee, against what gateways and `plugin.Open` do.

mod adversarial;
mod binary;
mod command;
mod config;
mod config4;
mod go_lines;
mod official;
pub(crate) mod oracle;
