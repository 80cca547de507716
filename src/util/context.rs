//! What was typed for all commands: the surroundings, how to speak, whether the network may be used.

use crate::util::host::Host;
use crate::util::ui::{Format, Ui};

/// What every command is given.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub host: &'a Host,
    pub ui: &'a Ui,
    pub format: Format,
    pub offline: bool,
}
