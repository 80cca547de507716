//! The path map: where sources are on this machine, and the paths the compiler records.
//!
//! A package's hash includes its source path, and gateways are compiled with their modules in a known directory. Go's
//! compiler rewrites paths by rules `from=>to`, separated by `;`, first match wins (design fact 2).

use std::path::{Path, PathBuf};

use crate::gateway::facts::Gateway;
use crate::matrix::modules::ModuleRow;
use crate::plan::flags::UserFlags;
use crate::project::go_env::GoEnv;
use crate::project::plugin::Plugin;
use crate::util::error::{Error, Result};
use crate::util::go_flags::quoted;
use crate::util::module_path::escaped;
use crate::util::sort::sort_by_key;

/// Ordered rules, longest directory first: nested directories match before their parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMap {
    rules: Vec<Mapping>,
    /// The plugin's own module.
    own: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    from: PathBuf,
    to: String,
    /// The only module whose packages need the rule: rules are part of Go's cache key, and packages that plugins share
    /// should be compiled once for all of them.
    module: Option<String>,
}

impl Mapping {
    fn check(&self) -> Result<()> {
        check(&self.from)?;
        check(Path::new(&self.to))
    }
}

impl PathMap {
    /// Covers the module cache, vendored modules, workspace members, local replacements and the plugin's own module.
    ///
    /// Local modules are recorded under their module path, not their directory, so that two plugins that share one
    /// agree on it.
    ///
    /// A gateway built with `-trimpath` has no directories: a module is recorded as it was required, whatever replaced
    /// it. Go's own flag would record the plugin's requirement for a module that alignment moved. `linked` is what the
    /// gateway links.
    ///
    /// # Errors
    /// The name of a directory cannot be in a rule.
    pub fn new(plugin: &Plugin, goenv: &GoEnv, gateway: &Gateway, linked: &[ModuleRow]) -> Result<Self> {
        let trimmed = gateway.settings.trimpath;
        let above = plugin.work.as_deref().and_then(Path::parent);
        let vendor = above.unwrap_or(&plugin.module.root).join("vendor");
        let rule = |from: PathBuf, to: String, module: Option<&String>| Mapping {
            from,
            to,
            module: module.cloned(),
        };
        let recorded = |path: &str| match &gateway.main_module {
            _ if trimmed => path.to_owned(),
            Some(main) if main == path => gateway.main_root.clone(),
            _ => format!("{LOCAL_MODULES_DIR}/{path}"),
        };
        let published = |source: &str, version: &str| {
            let row = linked.iter().find(|row| row.effective() == (source, version));
            match row.filter(|_| trimmed) {
                Some(row) => format!("{}@{}", row.path, row.version),
                None if trimmed => format!("{source}@{version}"),
                None => format!("{}/{}", gateway.module_cache, in_cache(source, version)),
            }
        };
        let cache = if trimmed { "" } else { &gateway.module_cache };
        let mut rules = vec![rule(goenv.module_cache.clone(), cache.to_owned(), None)];
        for row in linked.iter().filter(|_| trimmed) {
            let (source, version) = row.effective();
            let (from, to) = (in_cache(source, version), published(source, version));
            if from != to && version.starts_with('v') {
                rules.push(rule(goenv.module_cache.join(from), to, None));
            }
        }
        rules.extend(plugin.vendored.iter().map(|module| {
            let from = vendor.join(&module.path);
            match &module.source {
                Some((source, version)) => rule(from, published(source, version), None),
                None => rule(from, recorded(&module.path), Some(&module.path)),
            }
        }));
        let local = std::iter::once(&plugin.module).chain(&plugin.siblings);
        rules.extend(local.map(|module| rule(module.root.clone(), recorded(&module.path), Some(&module.path))));
        sort_by_key(&mut rules, |rule: &Mapping| {
            std::cmp::Reverse(rule.from.as_os_str().len())
        });
        rules.iter().try_for_each(Mapping::check)?;
        Ok(PathMap {
            rules,
            own: plugin.module.path.clone(),
        })
    }

    /// The directories of this machine that are replaced.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        self.rules.iter().map(|rule| rule.from.as_path())
    }

    /// Whether a directory is one that a rule maps to.
    pub fn is_mapped(&self, dir: &str) -> bool {
        self.rules
            .iter()
            .filter(|rule| !rule.to.is_empty())
            .any(|rule| dir.starts_with(&rule.to) || rule.to.starts_with(dir))
    }

    /// The rules as the compiler takes them: for the packages of a local module, or for all others.
    pub fn trimpath_arg(&self, module: Option<&str>) -> String {
        let rules = self
            .rules
            .iter()
            .filter(|rule| rule.module.is_none() || rule.module.as_deref() == module);
        let rules: Vec<String> = rules
            .map(|rule| format!("{}=>{}", rule.from.display(), rule.to))
            .collect();
        rules.join(";")
    }

    /// The rules for C code, including one for Go's own, as `from=to` lines.
    pub fn prefix_map(&self, goroot: &Path) -> String {
        // The C compiler's last match wins, Go's first.
        let rules = self.rules.iter().rev();
        let rules = rules.map(|rule| format!("{}={}", rule.from.display(), rule.to));
        let goroot = format!("{}={RECORDED_GOROOT}", goroot.display());
        std::iter::once(goroot).chain(rules).collect::<Vec<_>>().join("\n")
    }

    /// Flags of `go build` that pass the rules to the compiler and the assembler. The last that matches a package wins:
    /// a nested module takes the inner one's, and the standard library keeps its own paths, even if a module is named
    /// like one of its packages.
    pub fn flags(&self, user: &UserFlags) -> Vec<String> {
        let mut modules: Vec<&str> = self.rules.iter().filter_map(|rule| rule.module.as_deref()).collect();
        modules.sort_unstable();
        modules.dedup();
        let words = |module| quoted(&format!("-trimpath={}", self.trimpath_arg(module)));
        ["gc", "asm"]
            .into_iter()
            .flat_map(|tool| {
                let shared = std::iter::once(format!("-{tool}flags=all={}", words(None)));
                let modules = modules
                    .iter()
                    .map(|module| format!("-{tool}flags={module}/...={}", words(Some(module))));
                let standard = std::iter::once(format!("-{tool}flags=std="));
                let own = user.compiler.get(tool);
                let own = own.map(|flags| format!("-{tool}flags={flags} {}", words(Some(&self.own))));
                shared.chain(modules).chain(standard).chain(own).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The path of a module's files below the module cache.
fn in_cache(path: &str, version: &str) -> String {
    format!("{}@{}", escaped(path), escaped(version))
}

/// The recorded GOROOT, as in the official images, so that a plugin's file names do not reveal a home directory.
pub(crate) const RECORDED_GOROOT: &str = "/usr/local/go";

/// The recorded parent of local modules, by module path.
const LOCAL_MODULES_DIR: &str = "/go/src";

fn check(path: &Path) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::usage(format!(
            "the directory {} {why}, and so cannot be in a rule of Go's compiler",
            path.display()
        ))
        .help("build from a directory without such characters in its path"))
    };
    match path.to_str() {
        None => refuse("is not UTF-8"),
        Some(text) if text.contains([';', '\n', '\r']) => refuse("has a `;` or a line break in its path"),
        Some(text) if text.contains("=>") => refuse("has `=>` in its path"),
        Some(text) if text.contains('"') && text.contains('\'') => refuse("has both kinds of quotes in its path"),
        Some(_) => Ok(()),
    }
}
