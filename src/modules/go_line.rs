//! The `go` line of the copy: never more than the gateway's Go, never in a form that it cannot read.

use serde::{Deserialize, Serialize};

use crate::util::version::{GoVersion, stops};

/// A go line that must change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GoLine {
    pub have: GoVersion,
    pub want: GoVersion,
    /// The gateway's Go rejects the go.mod because of it; otherwise it is a hint only.
    pub stops: bool,
    /// Go 1.22 gave each loop iteration its own variables: below it, code that relies on that changes its meaning.
    pub loop_variables_change: bool,
}

/// The change that the gateway's Go needs, if any.
pub(crate) fn change(have: Option<&GoVersion>, gateway: &GoVersion) -> Option<GoLine> {
    let have = have?;
    let want = if gateway.at_least(1, 21) {
        // From Go 1.21 on a go line is a requirement: `go.mod requires go >= 1.25.7`.
        have.min(gateway).clone()
    } else {
        // Before, it is a language version of two numbers, and one from the future is accepted.
        let (major, minor) = have.line().min(gateway.line());
        format!("{major}.{minor}").parse().ok()?
    };
    (want != *have).then(|| GoLine {
        stops: stops(have, gateway),
        loop_variables_change: have.at_least(1, 22) && !want.at_least(1, 22),
        have: have.clone(),
        want,
    })
}
