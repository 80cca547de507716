//! Path rules: where sources are on this machine, and where the compiler is told they are.
//!
//! A package's hash holds its source path, and gateways are compiled with their modules in one known place. Go's
//! compiler rewrites paths by rules `from=>to`, split by `;`, first match wins (design fact 2).

use std::path::{Path, PathBuf};

use super::flags::{UserFlags, quoted};
use crate::cache_path::escaped;
use crate::error::{Error, Result};
use crate::gateway::Gateway;
use crate::plugin::Plugin;
use crate::plugin::goenv::GoEnv;

/// Ordered rules, longest folder first: a folder inside another is seen before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<(PathBuf, String)>);

impl Rules {
    /// The module cache, vendored modules, workspace members, local replacements and the plugin's own module.
    ///
    /// # Errors
    /// A folder whose name a rule cannot hold.
    pub fn new(plugin: &Plugin, goenv: &GoEnv, gateway: &Gateway) -> Result<Self> {
        let vendor = plugin
            .work
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(&plugin.module.root)
            .join("vendor");
        let mut rules = vec![
            (goenv.module_cache.clone(), gateway.module_cache.clone()),
            (plugin.module.root.clone(), gateway.main_root.clone()),
        ];
        rules.extend(plugin.vendored.iter().map(|module| {
            let place = format!(
                "{}/{}@{}",
                gateway.module_cache,
                escaped(&module.source),
                escaped(&module.version)
            );
            (vendor.join(&module.path), place)
        }));
        // By module path, not by place: two plugins that share such a module must agree on it.
        rules.extend(
            plugin
                .siblings
                .iter()
                .map(|m| (m.root.clone(), format!("{SIBLINGS}/{}", m.path))),
        );
        rules.sort_by_key(|(from, _)| std::cmp::Reverse(from.as_os_str().len()));
        for (from, to) in &rules {
            check(from)?;
            check(Path::new(to))?;
        }
        Ok(Rules(rules))
    }

    /// The folders of this machine that are replaced.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|(from, _)| from.as_path())
    }

    /// Whether a folder is one that a rule puts in a source's place.
    #[must_use]
    pub fn is_told(&self, dir: &str) -> bool {
        self.0.iter().any(|(_, to)| dir.starts_with(to) || to.starts_with(dir))
    }

    /// The rules as the compiler takes them.
    #[must_use]
    pub fn text(&self) -> String {
        let rules: Vec<String> = self
            .0
            .iter()
            .map(|(from, to)| format!("{}=>{to}", from.display()))
            .collect();
        rules.join(";")
    }

    /// The rules for C code, with one for Go's own, a `from=to` a line.
    #[must_use]
    pub fn c_text(&self, goroot: &Path) -> String {
        // The C compiler lets the last match win, Go's the first.
        let rules = self.0.iter().rev().map(|(from, to)| format!("{}={to}", from.display()));
        let goroot = format!("{}={GOROOT_TOLD}", goroot.display());
        std::iter::once(goroot).chain(rules).collect::<Vec<_>>().join("\n")
    }

    /// Flags of `go build` that give the rules to the compiler and the assembler; the standard library keeps its own paths.
    #[must_use]
    pub fn flags(&self, user: &UserFlags) -> Vec<String> {
        let rules = quoted(&format!("-trimpath={}", self.text()));
        ["gc", "asm"]
            .into_iter()
            .flat_map(|tool| {
                let own = user
                    .compiler
                    .get(tool)
                    .map(|words| format!("-{tool}flags={words} {rules}"));
                [
                    Some(format!("-{tool}flags=all={rules}")),
                    Some(format!("-{tool}flags=std=")),
                    own,
                ]
            })
            .flatten()
            .collect()
    }
}

/// Where Go is said to be, as in the official images: a plugin's file names then tell nothing of a home folder.
pub const GOROOT_TOLD: &str = "/usr/local/go";

/// Where modules in folders of the user's, other than the plugin's, are said to be.
const SIBLINGS: &str = "/go/src";

fn check(path: &Path) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::usage(format!(
            "the folder {} {why}, and so cannot be in a rule of Go's compiler",
            path.display()
        ))
        .help("build from a folder without such characters in its path"))
    };
    match path.to_str() {
        None => refuse("is not UTF-8"),
        Some(text) if text.contains([';', '\n', '\r']) => refuse("has a `;` or a line break in its path"),
        Some(text) if text.contains("=>") => refuse("has `=>` in its path"),
        Some(text) if text.contains('"') && text.contains('\'') => refuse("has both kinds of quotes in its path"),
        Some(_) => Ok(()),
    }
}
