//! The facts of toolchains/ as typed rows, and queries on them. Pure: data in, rows out.

use std::path::Path;

use crate::util::edition::Edition;
use crate::util::error::Result;
use crate::util::sort::sort_by_key;
use crate::util::target::Target;
use crate::util::version::GatewayVersion;

pub mod go_sums;
pub mod images;
pub mod kept_release;
pub mod linked;
pub mod module_facts;
pub mod modules;
pub mod official;
pub mod official_sums;
pub mod plugin_loader;
pub mod quirk;
pub mod release;
pub mod rows;
pub mod std_packages;
pub mod sums;
pub mod target_row;
pub mod upstream;
pub mod zig;
#[cfg(test)]
mod tests;

pub use crate::matrix::linked::linked;
pub use crate::matrix::official::Official;
pub use crate::matrix::quirk::{CcKind, Quirk, QuirkFacts};
pub use crate::matrix::release::{Defaults, Release, WithoutPlugins};
pub use crate::matrix::target_row::{CrossGcc, TargetRow};
pub use crate::matrix::zig::{PinnedZig, ZigHost};

/// Releases, targets, the pinned zig and the quirks.
#[derive(Debug, Clone)]
pub struct Matrix {
    releases: release::Releases,
    targets: [TargetRow; 4],
    zig: PinnedZig,
    quirks: Vec<Quirk>,
    official: Official,
}

impl Matrix {
    /// The built-in rows. Parses them each time (well below a millisecond), so call it once.
    pub fn builtin() -> Result<Matrix> {
        Matrix::parse(include_str!("../../toolchains/releases.toml"))
    }

    /// As [`Matrix::builtin`], with another text of releases.toml.
    pub fn parse(releases: &str) -> Result<Matrix> {
        Ok(Matrix {
            releases: release::parse(releases)?,
            targets: target_row::parse(include_str!("../../toolchains/targets.toml"))?,
            zig: zig::parse(include_str!("../../toolchains/zig.toml"))?,
            quirks: quirk::parse(include_str!("../../toolchains/quirks.toml"))?,
            official: official::parse(include_str!("../../toolchains/official.toml"))?,
        })
    }

    /// Adds the rows of a user's file `text`; `origin` is that file, for messages and the rows' source.
    ///
    /// A row with a `name` is a custom gateway; one without replaces the built-in row of its version.
    pub fn with_releases(mut self, own: Vec<toml::Spanned<Release>>, text: &str, origin: &Path) -> Result<Matrix> {
        self.releases.add(own, text, origin)?;
        Ok(self)
    }

    /// Adds the row of a release that is read from its module, unless there is one already.
    pub fn know(&mut self, row: Release) {
        self.releases.know(row);
    }

    /// The go.sum lines of a module version, if any release that is known requires it.
    pub fn go_sum_lines(&self, module: &str, version: &str) -> Option<String> {
        let own = || self.official().filter_map(|row| row.from_module.as_ref());
        sums::go_sum_lines(module, version).or_else(|| own().find_map(|facts| facts.go_sum_lines(module, version)))
    }

    /// All releases, oldest first; custom gateways come last.
    pub fn releases(&self) -> &[Release] {
        &self.releases.rows
    }

    /// Where gateways are compiled by default.
    pub fn defaults(&self) -> &Defaults {
        &self.releases.defaults
    }

    /// The row of exactly this release.
    pub fn release(&self, version: GatewayVersion) -> Option<&Release> {
        self.official().find(|r| r.version == version)
    }

    /// A custom gateway by its label.
    pub fn named(&self, name: &str) -> Option<&Release> {
        self.releases().iter().find(|r| r.is_custom() && r.label() == name)
    }

    /// The newest custom gateway of the Enterprise Edition whose version begins with these numbers.
    pub fn enterprise(&self, prefix: &[u32]) -> Option<&Release> {
        let rows = self.releases().iter();
        rows.filter(|r| r.known_edition() == Some(Edition::Enterprise) && r.version.starts_with(prefix))
            .max_by_key(|r| r.version)
    }

    /// The releases of the Community Edition that load no plugins, oldest first.
    pub fn without_plugins(&self) -> &[WithoutPlugins] {
        &self.releases.without_plugins
    }

    /// Whether all releases of the Community Edition that begin with these numbers load no plugins.
    pub fn drops_plugins(&self, prefix: &[u32]) -> bool {
        let at = |n: usize| prefix.get(n).copied().unwrap_or_default();
        let first = self.releases.first_without_plugins();
        !prefix.is_empty()
            && first.is_some_and(|first| (at(0), at(1), at(2)) >= (first.major, first.minor, first.patch))
    }

    /// The newest release whose version begins with these numbers: `[2, 1]` is 2.1.4, `[]` the latest of all.
    pub fn newest(&self, prefix: &[u32]) -> Option<&Release> {
        self.official()
            .filter(|r| r.version.starts_with(prefix))
            .max_by_key(|r| r.version)
    }

    /// The `n` releases nearest to a version without a row, nearest first: same minor before other minors.
    pub fn nearest(&self, version: GatewayVersion, n: usize) -> Vec<&Release> {
        let mut rows: Vec<&Release> = self.official().collect();
        // The newest release is nearest to anything newer.
        if rows.iter().all(|r| r.version.major < version.major) {
            sort_by_key(&mut rows, |r| std::cmp::Reverse(r.version));
        } else {
            sort_by_key(&mut rows, |r| {
                let v = r.version;
                let lines = (v.major.abs_diff(version.major), v.minor.abs_diff(version.minor));
                let patches = v.patch.abs_diff(version.patch);
                // For another minor, suggest its newest patch.
                (lines, if lines == (0, 0) { patches } else { u32::MAX - v.patch })
            });
        }
        rows.truncate(n);
        rows
    }

    /// The row of a target; its floor is ignored.
    pub fn target(&self, target: &Target) -> &TargetRow {
        &self.targets[target_row::index(target)]
    }

    /// The four targets.
    pub fn targets(&self) -> &[TargetRow] {
        &self.targets
    }

    /// The pinned zig.
    pub fn zig(&self) -> &PinnedZig {
        &self.zig
    }

    /// Where official gateway archives are published.
    pub fn official_archives(&self) -> &Official {
        &self.official
    }

    /// All quirks that apply, in the file's order.
    pub fn quirks(&self, facts: &QuirkFacts) -> Vec<&Quirk> {
        self.quirks.iter().filter(|q| q.holds(facts)).collect()
    }

    /// All quirks, for the documentation.
    pub fn all_quirks(&self) -> &[Quirk] {
        &self.quirks
    }

    /// The releases of the Community Edition, without custom rows.
    pub fn official(&self) -> impl Iterator<Item = &Release> {
        self.releases().iter().filter(|r| !r.is_custom())
    }
}
