//! Split modules: an older module and one made of a part of it have the same packages, and a build may use only one of
//! them. The gateway decides which; an empty module stands in for the other. Pure.

use std::fmt::Write as _;

use crate::modules::build_list::{Ambiguous, GatewayModules, Source};
use crate::modules::conflict::{Cause, Conflict, Direction, Impact};
use crate::modules::go_line;
use crate::project::go_mod;
use crate::util::version::GoVersion;

/// A module that an empty one stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StandIn {
    pub module: String,
    /// What it still requires; without this, other modules could fall back to older versions.
    pub go_mod: String,
}

impl StandIn {
    /// `own` is the go.mod of the replaced module, if it can be read.
    pub(crate) fn new(module: &str, own: Option<&str>, gateway: &GoVersion) -> Self {
        let mut go_mod = format!("module {module}\n");
        for directive in go_mod::parse(own.unwrap_or_default()) {
            match (directive.verb.as_str(), directive.words.as_slice()) {
                ("go", [line]) => {
                    let have = line.parse().ok();
                    let line = go_line::change(have.as_ref(), gateway).map_or(have, |line| Some(line.want));
                    line.iter().for_each(|line| _ = writeln!(go_mod, "go {line}"));
                }
                ("require", [path, version]) => _ = writeln!(go_mod, "require {path} {version}"),
                _ => {}
            }
        }
        StandIn {
            module: module.to_owned(),
            go_mod,
        }
    }
}

/// The go command's message if several modules have a package: a line for it, then one for each of them.
pub(crate) fn ambiguous(said: &str) -> Vec<Ambiguous> {
    const FOUND: &str = "ambiguous import: found package ";
    let mut found: Vec<Ambiguous> = Vec::new();
    let mut among = false;
    for line in said.lines() {
        if let Some((_, rest)) = line.split_once(FOUND) {
            let package = rest.strip_suffix(" in multiple modules:");
            among = package.is_some();
            found.extend(package.map(|package| Ambiguous {
                package: package.to_owned(),
                modules: Vec::new(),
            }));
            continue;
        }
        let module = line.trim().split_once(" (").filter(|_| among);
        match (module, found.last_mut()) {
            (Some((module, _)), Some(last)) => {
                let mut words = module.split(' ');
                last.modules.extend(
                    words
                        .next()
                        .map(|path| (path.to_owned(), words.next().map(str::to_owned))),
                );
            }
            _ => among = false,
        }
    }
    found
}

/// The modules to empty: the gateway links one of those that have a package and not the others. `None` if that does not
/// decide it.
pub(crate) fn resolved(found: &[Ambiguous], gateway: &GatewayModules) -> Vec<Conflict> {
    let mut moved: Vec<Conflict> = Vec::new();
    for Ambiguous { package, modules } in found {
        let (linked, others): (Vec<_>, Vec<_>) = modules.iter().partition(|(path, _)| gateway.links(path));
        let [(provider, _)] = linked.as_slice() else { continue };
        let Some(want) = gateway.source(provider) else { continue };
        for (module, version) in others {
            // One without a version is a directory of the user's, which stays.
            let Some(version) = version
                .as_deref()
                .filter(|_| !moved.iter().any(|conflict| conflict.module == *module))
            else {
                continue;
            };
            moved.push(Conflict {
                module: module.clone(),
                have: Source::published(module, version),
                want: want.clone(),
                cause: Cause::Moved,
                direction: Direction::Aside,
                impact: Impact::InBoth {
                    packages: vec![package.clone()],
                },
                chain: vec![module.clone()],
            });
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    fn gateway() -> GatewayModules {
        let matrix = Matrix::builtin().unwrap();
        GatewayModules::from_release(matrix.release("2.12.1".parse().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn what_the_gateway_does_not_link_gives_way() {
        let said = "the go command cannot list the modules of example.com/p: /m/x.go:14:2: ambiguous import: found package github.com/ugorji/go/codec in multiple modules:\n  \
            github.com/ugorji/go v0.0.0-2018 (/m/github.com/ugorji/go@v0.0.0-2018/codec)\n  github.com/ugorji/go/codec v1.2.11 (/m/github.com/ugorji/go/codec@v1.2.12)\n  \
            main.go:3:1: ambiguous import: found package a.org/x/y in multiple modules:\n  a.org/x v1.0.0 (/m/a)\n  a.org/x/y v1.0.0 (/m/b)";
        let moved: Vec<String> = resolved(&ambiguous(said), &gateway())
            .iter()
            .map(Conflict::to_string)
            .collect();
        assert_eq!(
            moved,
            ["github.com/ugorji/go v0.0.0-2018 → github.com/ugorji/go/codec@v1.2.12"],
            "of a.org/x the gateway says nothing"
        );
        let own = said.replace("go v0.0.0-2018 (", "go (");
        assert_eq!(resolved(&ambiguous(&own), &gateway()), [], "a folder of the user's");
        assert_eq!(ambiguous("x.go:1:1: expected 'package'"), []);
    }

    #[test]
    fn a_stand_in_requires_what_the_module_did() {
        let own =
            "module a.org/x\n\ngo 1.26.1\n\nrequire (\n\tb.org/y v1.0.0 // indirect\n)\n\nreplace b.org/y => ../y\n";
        let made = |own, go: &str| StandIn::new("a.org/x", own, &go.parse().unwrap()).go_mod;
        assert_eq!(
            made(Some(own), "1.25.6"),
            "module a.org/x\ngo 1.25.6\nrequire b.org/y v1.0.0\n"
        );
        assert_eq!(
            made(Some(own), "1.19.5"),
            "module a.org/x\ngo 1.19\nrequire b.org/y v1.0.0\n"
        );
        assert_eq!(made(None, "1.25.6"), "module a.org/x\n");
    }
}
