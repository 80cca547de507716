//! The comparison that `plugin.Open` makes: the hash of each package that both files link.

use crate::binary::pkghash::{Lookup, PackageHash};
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::{File, LoadTarget};
use crate::verify::plugin::PluginBinary;

/// The outcome of comparing one plugin with one other file.
#[derive(Debug, Default)]
pub(crate) struct Comparison<'p> {
    /// Packages in both files.
    pub(crate) shared: usize,
    /// Those whose hash differs.
    pub(crate) differing: Vec<&'p str>,
    /// Those the other file does not have.
    pub(crate) own: Vec<PackageHash<'p>>,
}

pub(crate) fn compare<'p>(packages: &[PackageHash<'p>], other: &mut Lookup<'_>) -> Comparison<'p> {
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

/// The usual help.
pub(crate) fn rebuild(against: &LoadTarget<'_>) -> String {
    format!("rebuild it for this gateway: `plugbuild {}`", against.typed)
}

/// `go1.22.1` of `go1.22.1 X:loopvar`.
pub(crate) fn release(go: &str) -> &str {
    go.split([' ', '-']).next().unwrap_or_default()
}

pub(crate) fn other_go(plugin: &str, gateway: &str, against: &LoadTarget<'_>) -> Diagnostic {
    let line = |go: &str| go.splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let fatal = match line(plugin) == line(gateway) {
        true => "",
        false => "; it can end the whole gateway (`fatal error: runtime: no plugin module data`)",
    };
    let what = format!("it is compiled by {plugin}, the gateway by {gateway}{fatal}");
    Diagnostic::new(Id::GoMismatch, Stage::Open, what)
        .sides(plugin, gateway)
        .help(rebuild(against))
}

/// Equal hashes despite another Go: it loads, for now.
pub(crate) fn go_by_luck(plugin: &PluginBinary<'_>, file: &File<'_>, against: &LoadTarget<'_>) -> Option<Diagnostic> {
    let go = release(plugin.go.as_deref()?);
    let gateway = file.info.go_release();
    (go != gateway).then(|| {
        let what =
            format!("it is compiled by {go}, the gateway by {gateway}, but every package they share is the same");
        Diagnostic::new(Id::GoMismatch, Stage::Open, what)
            .severity(Severity::Warning)
            .sides(go, gateway)
            .help(rebuild(against))
    })
}
