//! What all commands share: the host, the output, and whether the network may be used.

use crate::util::host::Host;
use crate::util::ui::{Format, Ui};

/// The context of a command.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub host: &'a Host,
    pub ui: &'a Ui,
    pub format: Format,
    pub offline: bool,
    /// Whether the command only says what it would do, so that nothing is fetched for it.
    pub dry: bool,
}
