//! What `plugin.Open` compares: the hash of each package that both sides link.

use crate::binary::pkghash::{Lookup, PackageHash};
use crate::verify::against::{Against, File};
use crate::verify::finding::{Finding, Id, Severity, Stage};
use crate::verify::plugin::Plugin;

/// The outcome of comparing one plugin with one other file.
#[derive(Debug, Default)]
pub(super) struct Comparison<'p> {
    /// Packages in both.
    pub(super) shared: usize,
    /// Those whose hash differs.
    pub(super) differing: Vec<&'p str>,
    /// Those the other does not have.
    pub(super) own: Vec<PackageHash<'p>>,
}

pub(super) fn compare<'p>(packages: &[PackageHash<'p>], other: &mut Lookup<'_>) -> Comparison<'p> {
    let mut comparison = Comparison::default();
    for package in packages {
        match other.get(package.path) {
            None => comparison.own.push(*package),
            Some(hash) => {
                comparison.shared += 1;
                if hash != package.hash {
                    comparison.differing.push(package.path);
                }
            }
        }
    }
    comparison
}

/// The usual cure.
pub(super) fn rebuild(against: &Against<'_>) -> String {
    format!("rebuild it for this gateway: `plugbuild {}`", against.typed)
}

/// `go1.22.1` of `go1.22.1 X:loopvar`.
pub(super) fn release(go: &str) -> &str {
    go.split([' ', '-']).next().unwrap_or_default()
}

pub(super) fn other_go(plugin: &str, gateway: &str, against: &Against<'_>) -> Finding {
    let line = |go: &str| go.splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let fatal = match line(plugin) == line(gateway) {
        true => "",
        false => "; it can end the whole gateway (`fatal error: runtime: no plugin module data`)",
    };
    let what = format!("it is compiled by {plugin}, the gateway by {gateway}{fatal}");
    Finding::new(Id::OtherGo, Stage::Open, what)
        .sides(plugin, gateway)
        .help(rebuild(against))
}

/// Same hashes by another Go: it loads, for now.
pub(super) fn go_by_luck(plugin: &Plugin<'_>, file: &File<'_>, against: &Against<'_>) -> Option<Finding> {
    let go = release(plugin.go.as_deref()?);
    let gateway = file.info.go_release();
    (go != gateway).then(|| {
        let what =
            format!("it is compiled by {go}, the gateway by {gateway}, but every package they share is the same");
        Finding::new(Id::OtherGo, Stage::Open, what)
            .severity(Severity::Warning)
            .sides(go, gateway)
            .help(rebuild(against))
    })
}
