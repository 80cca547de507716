//! What is wrong with a plugin: one named cause, with help.

use std::fmt;

use serde::Serialize;

/// The stable name of a cause: in JSON, in tests, in docs/verify.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// Built for another processor architecture.
    MachineMismatch,
    /// The gateway cannot load any plugin.
    NoPluginSupport,
    /// Built for the other libc.
    LibcMismatch,
    /// A glibc plugin that a musl gateway happens to load.
    GlibcOnMusl,
    /// Needs a newer glibc than the gateway's system has.
    LibcFloor,
    /// Needs a symbol that no loaded library has.
    MissingSymbol,
    /// Needs a library that the gateway's system may lack.
    MissingLibrary,
    /// Linked in a way that this gateway's loader or Go runtime does not support.
    LinkFlags,
    /// Compiled by another Go version.
    GoMismatch,
    /// Compiled with another setting: tags, race detector, instruction set level, experiments, PGO.
    SettingMismatch,
    /// Standard library packages differ although version and settings agree.
    StdMismatch,
    /// The same module in another version.
    ModuleMismatch,
    /// A module that either of them replaced.
    ReplacedModule,
    /// The same source compiled in another directory.
    BuildPathMismatch,
    /// Either of them was built with `-trimpath`.
    Trimpath,
    /// A package differs and nothing in the files explains it.
    PackageMismatch,
    /// A plugin with the same plugin path was loaded before.
    SamePluginPath,
    /// Two plugins have different versions of a package that the gateway does not have.
    PluginConflict,
    /// A plugin loaded earlier leaves the gateway unable to load more.
    AfterCorruption,
    /// Exports nothing that a gateway looks up.
    NoRegisterer,
    /// Exports a registerer that does not implement the interface the gateway asserts.
    WrongRegisterer,
    /// Exports a registerer that this edition of the gateway does not look up.
    IgnoredRegisterer,
}

impl Id {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Id::MachineMismatch => "machine-mismatch",
            Id::NoPluginSupport => "no-plugin-support",
            Id::LibcMismatch => "libc-mismatch",
            Id::GlibcOnMusl => "glibc-on-musl",
            Id::LibcFloor => "libc-floor",
            Id::MissingSymbol => "missing-symbol",
            Id::MissingLibrary => "missing-library",
            Id::LinkFlags => "link-flags",
            Id::GoMismatch => "go-mismatch",
            Id::SettingMismatch => "setting-mismatch",
            Id::StdMismatch => "std-mismatch",
            Id::ModuleMismatch => "module-mismatch",
            Id::ReplacedModule => "replaced-module",
            Id::BuildPathMismatch => "build-path-mismatch",
            Id::Trimpath => "trimpath",
            Id::PackageMismatch => "package-mismatch",
            Id::SamePluginPath => "same-plugin-path",
            Id::PluginConflict => "plugin-conflict",
            Id::AfterCorruption => "after-corruption",
            Id::NoRegisterer => "no-registerer",
            Id::WrongRegisterer => "wrong-registerer",
            Id::IgnoredRegisterer => "ignored-registerer",
        }
    }

    /// Every cause, in the order of docs/verify.md.
    pub const ALL: [Id; 22] = [
        Id::MachineMismatch,
        Id::NoPluginSupport,
        Id::LibcMismatch,
        Id::GlibcOnMusl,
        Id::LibcFloor,
        Id::MissingSymbol,
        Id::MissingLibrary,
        Id::LinkFlags,
        Id::GoMismatch,
        Id::SettingMismatch,
        Id::StdMismatch,
        Id::ModuleMismatch,
        Id::ReplacedModule,
        Id::BuildPathMismatch,
        Id::Trimpath,
        Id::PackageMismatch,
        Id::SamePluginPath,
        Id::PluginConflict,
        Id::AfterCorruption,
        Id::NoRegisterer,
        Id::WrongRegisterer,
        Id::IgnoredRegisterer,
    ];
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It loads, but not for a reason to rely on.
    Warning,
    /// It may stop the plugin; the files cannot decide.
    Unsure,
    /// It will not load.
    Error,
}

/// When the gateway would notice it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The dynamic loader, before any Go code runs.
    Link,
    /// Go's `plugin.Open`.
    Open,
    /// The gateway's lookup of what the plugin registers.
    Register,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub id: Id,
    pub severity: Severity,
    pub stage: Stage,
    /// What is wrong: lower case, a full clause.
    pub what: String,
    /// What to do or to type.
    pub help: String,
    /// The module, symbol, library or setting concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The plugin's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The gateway's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The packages that differ for this reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn new(id: Id, stage: Stage, what: impl Into<String>) -> Self {
        Diagnostic {
            id,
            severity: Severity::Error,
            stage,
            what: what.into(),
            help: String::new(),
            subject: None,
            plugin: None,
            gateway: None,
            packages: Vec::new(),
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The values of both.
    pub(crate) fn sides(mut self, plugin: impl Into<String>, gateway: impl Into<String>) -> Self {
        self.plugin = Some(plugin.into());
        self.gateway = Some(gateway.into());
        self
    }

    pub(crate) fn packages(mut self, packages: &[&str]) -> Self {
        self.packages = packages.iter().map(|&p| p.to_owned()).collect();
        self.packages.sort();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_listed_by_their_path() {
        let finding = Diagnostic::new(Id::PluginConflict, Stage::Open, "").packages(&["b/a", "a", "b"]);
        assert_eq!(finding.packages, ["a", "b", "b/a"]);
    }

    #[test]
    fn json_has_the_names_of_the_list() {
        for id in Id::ALL {
            assert_eq!(serde_json::to_value(id).unwrap(), id.name());
        }
    }
}
