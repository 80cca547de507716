//! Parses the output of `go list`. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use crate::modules::align::split;
use crate::modules::go_list::package::{Module, Package, Read};
use crate::modules::go_list::std_imports::uses;
use crate::modules::{Ambiguous, BuildList, PluginModule, PluginModules, Work};
use crate::project::go_mod;
use crate::project::plugin::Plugin;
use crate::project::source::language;
use crate::util::version::GoVersion;

/// One module per line; the last three fields are those of its replacement.
pub(crate) const MODULE: &str = "{{.Path}}\t{{.Version}}\t{{.Main}}\t{{.Indirect}}\t{{.GoVersion}}\t{{.Dir}}\t{{with .Replace}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{else}}\t\t{{end}}";

/// One package of a module per line.
pub(crate) const PACKAGE: &str = "{{if not .Standard}}{{.ImportPath}}\t{{.DepOnly}}\t{{join .Imports \",\"}}\t{{.Dir}}\t{{join .GoFiles \",\"}},{{join .CgoFiles \",\"}}\t{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Main}}\t{{.Indirect}}\t{{.GoVersion}}\t{{.Dir}}\t{{with .Replace}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{else}}\t\t{{end}}{{end}}{{end}}";

/// The same if the go command continues after an error: the errors are among the lines.
pub(crate) fn package_or_error() -> String {
    format!("{{{{with .Error}}}}{ERROR}{{{{printf \"%q\" .Err}}}}{{{{else}}}}{PACKAGE}{{{{end}}}}")
}

/// The prefix of an error's line.
const ERROR: &str = "error\t";

/// The packages that several modules have, if nothing else is wrong.
pub(crate) fn ambiguous(packages: &str) -> Option<Vec<Ambiguous>> {
    let errors = packages.lines().filter_map(|line| line.strip_prefix(ERROR));
    let mut all = Vec::new();
    for error in errors {
        let found = split::ambiguous(&serde_json::from_str::<String>(error).ok()?);
        if found.is_empty() {
            return None;
        }
        all.extend(found);
    }
    Some(all)
}

/// The plugin's modules from both listings; the first may be empty, if only what is compiled in could be listed.
pub(crate) fn side(modules: &str, packages: &str, build_list: BuildList, plugin: &Plugin, read: Read) -> PluginModules {
    let packages: Vec<Package> = packages.lines().filter_map(Package::parse).collect();
    let directives = |file: &Path| go_mod::parse(&read(file).unwrap_or_default());
    let own = directives(&plugin.module.root.join("go.mod"));
    let required = |module: &Module| {
        own.iter()
            .any(|d| d.verb == "require" && d.words == [module.path, module.version])
    };
    let work = plugin.work.as_deref().map(directives);
    let chains = chains(&packages);
    let mut uses = uses(&packages, read);
    let modules = by_path(modules, &packages)
        .into_values()
        .map(|module| {
            let is_own = module.path == plugin.module.path;
            let of_module = |p: &&Package| p.module.as_ref().is_some_and(|m| m.path == module.path);
            let compiled = packages.iter().filter(|p| p.dep_only).filter(of_module);
            PluginModule {
                packages: compiled.map(|p| p.path.to_owned()).collect(),
                chain: match chains.get(module.path) {
                    Some(chain) => chain.iter().map(|m| (*m).to_owned()).collect(),
                    None => vec![module.path.to_owned()],
                },
                required: required(&module),
                uses: uses.remove(module.path).unwrap_or_default(),
                path: module.path.to_owned(),
                source: module.source(),
                replaced: module.replace.is_some(),
                // A copy may have another go line than the plugin.
                go: if is_own {
                    plugin.module.go.clone()
                } else {
                    module.go.parse().ok()
                },
            }
        })
        .collect();
    PluginModules {
        module: plugin.module.path.clone(),
        go: plugin.module.go.clone(),
        directives: work.as_ref().unwrap_or(&own).iter().map(|d| d.verb.clone()).collect(),
        work: work.as_deref().map(Work::from_directives),
        modules,
        build_list,
        ambiguous: Vec::new(),
        language: language_of(&packages, plugin, read),
        c_code: packages.iter().any(|p| p.imports.contains(&"C")),
    }
}

fn by_path<'a>(modules: &'a str, packages: &[Package<'a>]) -> BTreeMap<&'a str, Module<'a>> {
    let mut all = BTreeMap::new();
    let listed = modules.lines().filter_map(Module::parse);
    for module in listed.chain(packages.iter().filter_map(|p| p.module.clone())) {
        // The build list contains `go` and `toolchain`, too.
        if !matches!(module.path, "go" | "toolchain") {
            all.entry(module.path).or_insert(module);
        }
    }
    all
}

/// The newest language version that the plugin's own files show.
fn language_of(packages: &[Package], plugin: &Plugin, read: Read) -> Option<GoVersion> {
    let own_files = packages
        .iter()
        .filter(|p| p.module.as_ref().is_some_and(|m| m.path == plugin.module.path))
        .flat_map(|p| p.files.iter().map(|file| Path::new(p.dir).join(file)));
    let newest = own_files.filter_map(|file| language::shown(&read(&file)?)).max();
    newest.and_then(|line| line.parse().ok())
}

/// For each module the shortest chain of imports to it: the module that the plugin's own code imports, the one that
/// this imports, …, itself.
fn chains<'a>(packages: &[Package<'a>]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let by_path: BTreeMap<&str, &Package> = packages.iter().map(|p| (p.path, p)).collect();
    let own = |package: &Package| package.module.as_ref().is_none_or(|m| m.main);
    let mut chains: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut seen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut queue: VecDeque<&Package> = packages.iter().filter(|p| !p.dep_only).collect();
    for package in &queue {
        seen.insert(package.path, Vec::new());
    }
    while let Some(package) = queue.pop_front() {
        let chain = seen.get(package.path).cloned().unwrap_or_default();
        for import in &package.imports {
            let Some(next) = by_path.get(import).filter(|p| !seen.contains_key(p.path)) else {
                continue;
            };
            let mut way = chain.clone();
            if let Some(module) = next.module.as_ref().filter(|_| !own(next))
                && way.last() != Some(&module.path)
            {
                way.push(module.path);
            }
            if let Some(last) = way.last() {
                chains.entry(last).or_insert_with(|| way.clone());
            }
            seen.insert(next.path, way);
            queue.push_back(next);
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const MODULES: &str = "example.com/p\t\ttrue\tfalse\t1.24.0\t/src/p\t\t\t\n\
        a.org/a\tv1.0.0\tfalse\tfalse\t1.17\t/m/a\t\t\t\n\
        b.org/b\tv1.0.0\tfalse\ttrue\t\t\tfork.org/b\tv1.0.1\t/m/b\n\
        c.org/c\tv0.0.0\tfalse\ttrue\t\t/src/c\t../c\t\t/src/c\n\
        d.org/d\tv1.2.3\tfalse\ttrue\t1.21.0\t\t\t\t\n\
        go\t1.24.0\tfalse\ttrue\t\t\t\t\t\n";

    #[test]
    fn both_listings_make_one_side() {
        let of = |path: &str| MODULES.lines().find(|line| line.starts_with(path)).unwrap();
        let packages = [
            format!("a.org/a/x\ttrue\tfmt,b.org/b,slices\t/m/a/x\tx.go,\t{}", of("a.org/a")),
            format!("b.org/b\ttrue\tC,slices\t/m/b\tb.go,\t{}", of("b.org/b")),
            format!("c.org/c\ttrue\t\t\t,\t{}", of("c.org/c")),
            format!("example.com/p/inner\ttrue\tc.org/c\t\t,\t{}", of("example.com/p")),
            format!(
                "example.com/p\tfalse\ta.org/a/x,example.com/p/inner\t\t,\t{}",
                of("example.com/p")
            ),
            String::new(),
        ]
        .join("\n");
        let plugin = Plugin {
            dir: PathBuf::from("/src/p"),
            module: crate::project::plugin::LocalModule {
                path: "example.com/p".to_owned(),
                root: PathBuf::from("/src/p"),
                go: "1.24.0".parse().ok(),
            },
            siblings: Vec::new(),
            work: None,
            vendored: Vec::new(),
            directives: Default::default(),
        };
        let read = |file: &Path| match file.to_str()? {
            "/m/a/x/x.go" => {
                Some("//go:build go1.21\n\npackage x\n\nimport (\n\t\"b.org/b\"\n\t\"slices\"\n)".to_owned())
            }
            "/m/b/b.go" => Some("package b\n\nimport \"slices\"\n".to_owned()),
            "/src/p/go.mod" => Some("module example.com/p\n\nrequire d.org/d v1.2.3\n\ntool a.org/a\n".to_owned()),
            _ => None,
        };
        let side = side(MODULES, &packages, BuildList::Whole, &plugin, &read);
        assert_eq!(side.directives, ["module", "require", "tool"]);
        let required: Vec<&str> = side
            .modules
            .iter()
            .filter(|m| m.required)
            .map(|m| m.path.as_str())
            .collect();
        assert_eq!(required, ["d.org/d"]);
        let uses: Vec<String> = side
            .modules
            .iter()
            .flat_map(|m| &m.uses)
            .map(|u| {
                format!(
                    "{} by {} through {} if {:?}",
                    u.package,
                    u.by,
                    u.chain.join(" "),
                    u.conditions
                )
            })
            .collect();
        assert_eq!(
            uses,
            [
                r#"slices by a.org/a/x through a.org/a if [["go1.21"]]"#,
                r#"slices by b.org/b through a.org/a b.org/b if [["go1.21"]]"#,
            ]
        );
        let lines: Vec<String> = side
            .modules
            .iter()
            .map(|m| {
                format!(
                    "{} {} own={} [{}] via {}",
                    m.path,
                    m.source,
                    m.is_own(),
                    m.packages.join(" "),
                    m.chain.join(" ")
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "a.org/a a.org/a@v1.0.0 own=false [a.org/a/x] via a.org/a",
                "b.org/b fork.org/b@v1.0.1 own=false [b.org/b] via a.org/a b.org/b",
                "c.org/c the directory /src/c own=false [c.org/c] via c.org/c",
                "d.org/d d.org/d@v1.2.3 own=false [] via d.org/d",
                "example.com/p the directory /src/p own=true [example.com/p/inner] via example.com/p",
            ]
        );
    }
}
