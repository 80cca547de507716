//! What a plugin needs and a gateway's Go does not have, found before anything is compiled.

use std::fmt;

use serde::Serialize;

use crate::matrix::std_packages;
use crate::modules::build_list::{GatewayModules, PluginModule, PluginModules, StdUse};
use crate::project::build_constraint;
use crate::util::sort::sort_by_key;
use crate::util::version;
use crate::util::version::GoVersion;

/// Something that needs a newer Go than the gateway's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Need {
    /// The module that needs it.
    pub module: String,
    /// The Go that has it.
    pub go: GoVersion,
    pub what: What,
    /// The chain of modules that import it; empty for the plugin's own.
    pub chain: Vec<String>,
    /// Only another version of the module, or another gateway, helps. Otherwise only the compiler can tell.
    pub certain: bool,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// Its go line.
    GoLine,
    /// The language of its sources, beyond its go line.
    Language,
    /// A newer standard package, and the package that imports it.
    Package { package: String, by: String },
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let may = if self.certain { "needs" } else { "may need" };
        match &self.what {
            What::GoLine => write!(f, "{} {may} Go {}: its go line requires it", self.module, self.go)?,
            What::Language => write!(
                f,
                "{} {may} `go {}` in go.mod: it reads like the language of that Go",
                self.module, self.go
            )?,
            What::Package { package, by } => write!(f, "{by} {may} Go {}: it imports {package}", self.go)?,
        }
        match self.chain.as_slice() {
            [] => Ok(()),
            chain => write!(f, " (through {})", chain.join(" → ")),
        }
    }
}

/// Everything that is needed and missing: what is certain first.
pub(crate) fn needs(plugin: &PluginModules, gateway: &GatewayModules) -> Vec<Need> {
    let moves = |module: &PluginModule| {
        let there = gateway.source(&module.path).filter(|_| gateway.links(&module.path));
        !module.is_own() && there.is_some_and(|source| source != module.source)
    };
    let moving: Vec<&str> = plugin
        .modules
        .iter()
        .filter(|m| moves(m))
        .map(|m| m.path.as_str())
        .collect();
    let stays = |chain: &[String]| !chain.iter().any(|module| moving.contains(&module.as_str()));
    let mut all = Vec::new();
    // A module that changes is the gateway's then, and its Go compiles that.
    for module in plugin.modules.iter().filter(|m| !moving.contains(&m.path.as_str())) {
        // A change may select another version, unless go.mod itself requires this one.
        let settled = module.is_own() || module.required || moving.is_empty();
        all.extend(line_need(plugin, module, gateway).map(|mut need| {
            need.certain &= settled && stays(&module.chain);
            need
        }));
        let used = |one: &StdUse| package_need(module, one, &gateway.go);
        all.extend(module.uses.iter().filter_map(used).map(|mut need| {
            need.certain &= settled && stays(&need.chain);
            need
        }));
    }
    all.extend(language_need(plugin));
    sort_by_key(&mut all, |need| (!need.certain, need.what == What::GoLine));
    all
}

fn line_need(plugin: &PluginModules, module: &PluginModule, gateway: &GatewayModules) -> Option<Need> {
    let have = module.go.as_ref()?;
    let newer = have.line() > gateway.go.line();
    let certain = if module.is_own() {
        // A copy replaces the plugin's own go.mod, with a lower go line; workspace members have no copy.
        plugin.work.is_some() && version::stops(have, &gateway.go)
    } else {
        // From Go 1.21 on, modules that are only required are refused, too.
        let counts = gateway.go.at_least(1, 21) && module.required || !module.packages.is_empty();
        counts && std_packages::refuses(&gateway.go, have)
    };
    let compiled = module.is_own() || !module.packages.is_empty();
    (certain || newer && (compiled || gateway.go.at_least(1, 21))).then(|| Need {
        module: module.path.clone(),
        go: have.clone(),
        what: What::GoLine,
        chain: if module.is_own() {
            Vec::new()
        } else {
            module.chain.clone()
        },
        certain,
    })
}

/// Words that its own go line rules out, whatever the gateway's Go is: only the compiler knows for sure.
fn language_need(plugin: &PluginModules) -> Option<Need> {
    let language = plugin.language.as_ref()?;
    let allowed = plugin.go.as_ref().is_some_and(|line| line.line() >= language.line());
    (!allowed).then(|| Need {
        module: plugin.module.clone(),
        go: language.clone(),
        what: What::Language,
        chain: Vec::new(),
        certain: false,
    })
}

fn package_need(module: &PluginModule, used: &StdUse, gateway: &GoVersion) -> Option<Need> {
    let since = std_packages::since(&used.package).filter(|since| since.line() > gateway.line())?;
    // An import in the chain counts if one of the files that have it is compiled.
    let compiled = |files: &Vec<String>| {
        let each: Vec<Option<bool>> = files
            .iter()
            .map(|file| build_constraint::holds(file, gateway))
            .collect();
        match each.contains(&Some(true)) {
            true => Some(true),
            false if each.contains(&None) => None,
            false => Some(false),
        }
    };
    let ways: Vec<Option<bool>> = used.conditions.iter().map(compiled).collect();
    if ways.contains(&Some(false)) {
        return None;
    }
    Some(Need {
        module: module.path.clone(),
        go: since.clone(),
        what: What::Package {
            package: used.package.clone(),
            by: used.by.clone(),
        },
        chain: used.chain.clone(),
        certain: !ways.contains(&None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::build_list::Source;
    use crate::modules::decision::decide;
    use crate::modules::tests::{module, plugin, release};

    /// A standard package that the gateway's Go lacks: certain, perhaps, or not at all.
    #[test]
    fn a_missing_standard_package_comes_with_its_import_chain() {
        let decision = |conditions: &[&[&str]], chain: &[&str], required: bool, moves: bool, version: &str| {
            let path = chain.last().copied().unwrap_or("example.com/plugin");
            let mut user = module(path, "v1.0.0", &[path]);
            if chain.is_empty() {
                user.source = Source::Folder("/src".to_owned());
            }
            user.required = required;
            user.uses = vec![StdUse {
                package: "slices".to_owned(),
                by: format!("{path}/x"),
                chain: chain.iter().map(|m| (*m).to_owned()).collect(),
                conditions: conditions
                    .iter()
                    .map(|any| any.iter().map(|c| (*c).to_owned()).collect())
                    .collect(),
            }];
            let gin = "github.com/gin-gonic/gin";
            let mut modules = vec![user];
            modules.extend(moves.then(|| module(gin, "v0.0.1", &[gin])));
            let decision = decide(
                &plugin(modules),
                &GatewayModules::from_release(&release(version)).unwrap(),
                &[],
            );
            let verdict = decision.verdict();
            format!(
                "{verdict:?}: {}",
                decision
                    .needs
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; ")
            )
        };
        let free = ["example.com/a", "example.com/free"];
        let needs = "DoesNotFit: example.com/free/x needs Go 1.21: it imports slices (through example.com/a → example.com/free)";
        let may =
            "Fits: example.com/free/x may need Go 1.21: it imports slices (through example.com/a → example.com/free)";
        // 2.4.1 is Go 1.20.4, 2.5.0 is Go 1.20.11, 2.12.1 is Go 1.25.6.
        assert_eq!(
            decision(&[], &[], false, false, "2.4.1"),
            "DoesNotFit: example.com/plugin/x needs Go 1.21: it imports slices"
        );
        assert_eq!(decision(&[], &free, true, false, "2.4.1"), needs);
        assert_eq!(decision(&[], &free, false, false, "2.12.1"), "Fits: ");
        assert_eq!(
            decision(&[&["go1.21"]], &free, true, false, "2.4.1"),
            "Fits: ",
            "the file is not compiled there"
        );
        assert_eq!(
            decision(&[&["go1.21", "go1.18"]], &free, true, false, "2.4.1"),
            needs,
            "one of two files is"
        );
        assert_eq!(decision(&[&["go1.18 && linux"]], &free, true, false, "2.4.1"), may);
        // A change may select another version, or need none.
        assert_eq!(decision(&[], &free, true, true, "2.4.1"), needs);
        assert_eq!(
            decision(&[], &free, false, true, "2.4.1"),
            may.replace("Fits:", "FitsAligned:")
        );
        let through = ["github.com/gin-gonic/gin", "example.com/free"];
        assert!(decision(&[], &through, true, true, "2.4.1").starts_with("FitsAligned: example.com/free/x may need"));
    }
}
