//! The `go` line of the copy: never more than the gateway's Go, never in a form that it cannot read.

use serde::{Deserialize, Serialize};

use crate::check::{GatewaySide, PluginSide};
use crate::version::GoVersion;

/// A go line that must change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoLine {
    pub have: GoVersion,
    pub want: GoVersion,
    /// The gateway's Go refuses the go.mod for it; else it is a hint only.
    pub stops: bool,
    /// Go 1.22 gave each round of a loop variables of its own: below it, code that relies on that means something else.
    pub loop_variables_change: bool,
}

/// The change that the gateway's Go needs, if any.
#[must_use]
pub fn change(have: Option<&GoVersion>, gateway: &GoVersion) -> Option<GoLine> {
    let have = have?;
    let want = if gateway.at_least(1, 21) {
        // From Go 1.21 on a go line is a demand: `go.mod requires go >= 1.25.7`.
        have.min(gateway).clone()
    } else {
        // Before, it is a language version, of two numbers, and one from the future is let pass.
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

/// Whether a Go refuses a go.mod for its go line alone. Before 1.21 the line was a hint, but three numbers in it were a
/// syntax error.
#[must_use]
pub fn stops(have: &GoVersion, go: &GoVersion) -> bool {
    if go.at_least(1, 21) {
        have > go
    } else {
        have.to_string().matches('.').count() > 1
    }
}

/// What asks for a newer Go than the gateway's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asks {
    pub module: String,
    pub go: GoVersion,
}

/// A workspace member that the gateway's Go refuses for its go line.
#[must_use]
pub fn member_asks_more(plugin: &PluginSide, gateway: &GatewaySide) -> Option<Asks> {
    let members = plugin.modules.iter().filter(|m| m.is_own() && m.path != plugin.module);
    members
        .filter_map(|m| Some((m, m.go.as_ref()?)))
        .find(|(_, go)| stops(go, &gateway.go))
        .map(|(m, go)| Asks {
            module: m.path.clone(),
            go: go.clone(),
        })
}

/// The first thing that asks for a newer Go, and may need it: a workspace member, whose go.mod no copy stands in for; the plugin, by a newer language than a mere patch release;
/// a module that the gateway does not link, whose go line cannot be changed and which Go 1.21 and later hold to the letter.
#[must_use]
pub fn asks_more(plugin: &PluginSide, gateway: &GatewaySide) -> Option<Asks> {
    if let Some(member) = member_asks_more(plugin, gateway) {
        return Some(member);
    }
    let own = plugin.go.as_ref().filter(|go| go.line() > gateway.go.line());
    if let Some(go) = own {
        return Some(Asks {
            module: plugin.module.clone(),
            go: go.clone(),
        });
    }
    let strict = gateway.go.at_least(1, 21);
    let too_new = |go: &&GoVersion| {
        if strict {
            **go > gateway.go
        } else {
            go.line() > gateway.go.line()
        }
    };
    let free = plugin.modules.iter().filter(|m| !m.is_own() && !gateway.links(&m.path));
    free.filter(|m| strict || !m.packages.is_empty())
        .find_map(|m| m.go.as_ref().filter(too_new).map(|go| (m, go)))
        .map(|(m, go)| Asks {
            module: m.path.clone(),
            go: go.clone(),
        })
}
