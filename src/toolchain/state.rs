//! Whether a tool is on this machine.

/// Whether a tool is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ready,
    Missing,
}
