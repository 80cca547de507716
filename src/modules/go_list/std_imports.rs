//! The standard packages that a plugin imports and a gateway's Go may lack, with the chain of imports. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::matrix::std_packages;
use crate::modules::StdUse;
use crate::modules::go_list::package::{Package, Read};
use crate::project::build_constraint;

/// The shortest chain to a package, as indices: the package before it, if any.
type Before = BTreeMap<usize, Option<usize>>;

/// For each module, by path, its packages' imports. `read` reads a file, to see whether it has a Go version constraint.
pub(crate) fn uses(packages: &[Package], read: Read) -> BTreeMap<String, Vec<StdUse>> {
    let before = ways(packages);
    let mut all: BTreeMap<String, Vec<StdUse>> = BTreeMap::new();
    let mut asked = BTreeMap::new();
    for &at in before.keys() {
        let package = &packages[at];
        let Some(module) = &package.module else { continue };
        for import in package
            .imports
            .iter()
            .filter(|import| std_packages::since(import).is_some())
        {
            let way = way(&before, at);
            let targets = way.iter().skip(1).map(|&next| packages[next].path).chain([*import]);
            let steps: Vec<(usize, &str)> = way.iter().copied().zip(targets).collect();
            let conditions: Vec<Vec<String>> = steps
                .into_iter()
                .filter_map(|(from, to)| {
                    let of = || condition(&packages[from], to, read);
                    asked.entry((from, to.to_owned())).or_insert_with(of).clone()
                })
                .collect();
            let used = StdUse {
                package: (*import).to_owned(),
                by: package.path.to_owned(),
                chain: chain(packages, &way),
                conditions,
            };
            let of_module = all.entry(module.path.to_owned()).or_default();
            match of_module.iter_mut().find(|other| other.package == used.package) {
                // One per kind is enough, best one that no constraint can exclude.
                Some(other) if !other.conditions.is_empty() && used.conditions.is_empty() => *other = used,
                Some(_) => {}
                None => of_module.push(used),
            }
        }
    }
    all
}

fn ways(packages: &[Package]) -> Before {
    let by_path: BTreeMap<&str, usize> = packages.iter().enumerate().map(|(at, p)| (p.path, at)).collect();
    let mut queue: VecDeque<usize> = (0..packages.len()).filter(|&at| !packages[at].dep_only).collect();
    let mut before: Before = queue.iter().map(|&at| (at, None)).collect();
    while let Some(at) = queue.pop_front() {
        for next in packages[at].imports.iter().filter_map(|import| by_path.get(import)) {
            before.entry(*next).or_insert_with(|| {
                queue.push_back(*next);
                Some(at)
            });
        }
    }
    before
}

/// From the plugin's main package to this one.
fn way(before: &Before, to: usize) -> Vec<usize> {
    let mut way: Vec<usize> = std::iter::successors(Some(to), |at| before.get(at).copied().flatten()).collect();
    way.reverse();
    way
}

/// The modules of the chain, without the plugin's own.
fn chain(packages: &[Package], way: &[usize]) -> Vec<String> {
    let mut chain: Vec<String> = Vec::new();
    for module in way.iter().filter_map(|&at| packages[at].module.as_ref()) {
        if !module.main && chain.last().is_none_or(|last| last != module.path) {
            chain.push(module.path.to_owned());
        }
    }
    chain
}

/// The constraints of the files that import a package, if each requires a Go version.
fn condition(package: &Package, import: &str, read: Read) -> Option<Vec<String>> {
    let quoted = format!("\"{import}\"");
    let texts = package
        .files
        .iter()
        .filter_map(|file| read(&Path::new(package.dir).join(file)));
    let having: Vec<Option<String>> = texts
        .filter(|text| text.contains(&quoted))
        .map(|text| build_constraint::on_version(&text))
        .collect();
    let conditions: BTreeSet<String> = having.into_iter().collect::<Option<_>>()?;
    (!conditions.is_empty()).then(|| conditions.into_iter().collect())
}

/// Whether a line of a text may import a package of another module than this one.
pub(crate) fn names_another_module(text: &str, own: &str) -> bool {
    let imported = |line: &str| {
        let line = line.split(" //").next()?.trim().strip_suffix('"')?;
        Some(line.rsplit_once('"')?.1.to_owned())
    };
    text.lines().filter_map(imported).any(|path| {
        let host = path.split('/').next().unwrap_or_default();
        let below = path
            .strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        host.trim_matches('.').contains('.') && !path.contains(' ') && !below
    })
}

/// Whether a text may import a standard package that this Go lacks.
pub(crate) fn names_a_later_package(text: &str, go: &crate::util::version::GoVersion) -> bool {
    let mut later = std_packages::added()
        .iter()
        .filter(|(_, since)| since.line() > go.line());
    later.any(|(package, _)| text.contains(&format!("\"{package}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_module_is_named_by_an_import_alone() {
        let named = |text: &str| names_another_module(text, "example.com/own");
        for text in [
            "import \"a.org/x\"",
            "import (\n\t_ \"a.org/x\" // why\n)",
            "\tx \"example.com/owner\"\n",
        ] {
            assert!(named(text), "{text}");
        }
        for text in [
            "import \"net/http\"",
            "\t\"example.com/own/lib\"\n\t\"example.com/own\"",
            "f(\"a.org/x\")",
            "\t\"../x\"",
        ] {
            assert!(!named(text), "{text}");
        }
    }
}
