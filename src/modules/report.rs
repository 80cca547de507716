//! The report of `plugbuild check` on one plugin and one gateway.

use std::fmt;

use serde::Serialize;

use crate::matrix::{Matrix, QuirkFacts};
use crate::modules::build_list::{Ambiguous, GatewayModules, PluginModules, Precision};
use crate::modules::conflict::{Cause, Conflict, Impact, PossibleConflict};
pub(crate) use crate::modules::decision::Verdict;
use crate::modules::decision::decide;
use crate::modules::go_line::GoLine;
use crate::modules::go_needs::Need;
use crate::util::edition;
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GoVersion, LibcVersion};

/// Everything that keeps a plugin from loading, as far as sources can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub plugin: String,
    pub gateway: String,
    /// The gateway's Go.
    pub go: GoVersion,
    pub known: Precision,
    pub verdict: Verdict,
    /// Modules that both compile in, in different versions.
    pub conflicts: Vec<Conflict>,
    /// Modules that differ, but are not compiled into both: harmless.
    pub harmless: Vec<Conflict>,
    /// What only the gateway's own file could tell.
    pub possible_conflicts: Vec<PossibleConflict>,
    /// The go line, if the gateway's Go would reject it or read it differently.
    pub go_line: Option<GoLine>,
    /// Directives of go.mod that the gateway's Go does not know.
    pub unknown_directives: Vec<String>,
    /// What needs, or may need, a newer Go than the gateway's.
    pub needs: Vec<Need>,
    /// Packages that several of the plugin's modules have, if the gateway does not decide which.
    pub ambiguous: Vec<Ambiguous>,
    /// Whether C code is compiled in, which only a build can check.
    pub c_code: bool,
    /// The gateway's Go's compile errors, if it was asked to compile the sources and failed.
    pub errors: Vec<String>,
    /// The Go that compiles the plugin, if it was given and differs.
    pub other_go: Option<GoVersion>,
    /// The libc that the plugin is compiled for, if it was given and does not fit, and why.
    pub other_libc: Option<String>,
}

/// Whether a Go compiles the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compiled {
    Yes,
    /// With the compiler's output.
    No(Vec<String>),
}

/// How the plugin is compiled, if given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeclaredBuild {
    pub go: Option<GoVersion>,
    pub libc: Option<Libc>,
}

/// The gateway's system, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct System {
    /// The only libc that it is built for.
    pub libc: Option<LibcKind>,
    pub glibc: Option<LibcVersion>,
}

/// Compares the two.
pub(crate) fn report(
    plugin: &PluginModules,
    gateway: &GatewayModules,
    declared: &DeclaredBuild,
    system: &System,
    matrix: &Matrix,
) -> Report {
    let decision = decide(plugin, gateway, &matrix.quirks(&QuirkFacts::for_go(&gateway.go)));
    let other_go = declared.go.clone().filter(|go| *go != gateway.go);
    let other_libc = declared.libc.and_then(|libc| libc_mismatch(libc, system));
    let verdict = match other_go.is_some() || other_libc.is_some() {
        true => Verdict::DoesNotFit,
        false => decision.verdict(),
    };
    let go_line = decision.stopping_line().cloned();
    Report {
        plugin: plugin.module.clone(),
        gateway: gateway.label.clone(),
        go: gateway.go.clone(),
        known: gateway.known(),
        verdict,
        conflicts: decision.conflicts,
        possible_conflicts: decision.possible_conflicts,
        harmless: decision.harmless,
        go_line,
        unknown_directives: decision.drop,
        needs: decision.needs,
        ambiguous: decision.ambiguous,
        c_code: plugin.c_code,
        errors: Vec::new(),
        other_go,
        other_libc,
    }
}

/// Two libcs fit if they are of one kind and the plugin's is not newer: a distribution's patch level does not matter.
fn libc_mismatch(libc: Libc, system: &System) -> Option<String> {
    if let Some(kind) = system.libc.filter(|kind| *kind != libc.kind) {
        return Some(format!("the plugin is for {}, the gateway runs on {kind}", libc.kind));
    }
    match (libc.kind, libc.floor, system.glibc) {
        (LibcKind::Glibc, Some(have), Some(most)) if have > most => Some(format!(
            "the plugin may need glibc {have}, the gateway's system has {most}"
        )),
        _ => None,
    }
}

impl Report {
    pub(crate) fn fits(&self) -> bool {
        self.verdict == Verdict::Fits
    }

    /// Whether a build takes versions of the gateway's in place of the plugin's.
    pub(crate) fn aligns_modules(&self) -> bool {
        self.verdict == Verdict::FitsAligned && !self.conflicts.is_empty()
    }

    /// Whether it may use what the gateway's Go does not have, which only a compiler can tell.
    pub(crate) fn is_for_the_compiler(&self) -> bool {
        self.verdict != Verdict::DoesNotFit && !self.needs.is_empty()
    }

    /// Adds the compiler's result, which decides it.
    pub(crate) fn decided(&mut self, compiled: Compiled) {
        match compiled {
            Compiled::Yes => self.needs.clear(),
            Compiled::No(errors) => {
                self.verdict = Verdict::DoesNotFit;
                self.errors = errors;
            }
        }
    }
}

/// For people: the answer first, then each reason.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            plugin, gateway, go, ..
        } = self;
        let answer = match self.verdict {
            Verdict::Fits => "fits",
            Verdict::FitsAligned => "fits when it is aligned, not as it is",
            Verdict::DoesNotFit => "does not fit",
        };
        write!(f, "{plugin}: {answer} ({}, Go {go})", edition::title(gateway))?;
        if self.is_for_the_compiler() {
            write!(f, ", if that Go compiles it")?;
        }
        if self.c_code && self.verdict != Verdict::DoesNotFit {
            write!(f, "\n  C code is left to the build")?;
        }
        self.write_other_compiler(f)?;
        self.write_language(f)?;
        self.write_needs(f)?;
        self.write_conflicts(f)
    }
}

/// The groups of reasons.
impl Report {
    /// What the Go or the libc that were asked for do not fit.
    fn write_other_compiler(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let go = &self.go;
        for error in &self.errors {
            write!(f, "\n  {error}")?;
        }
        if let Some(other) = &self.other_go {
            write!(
                f,
                "\n  go: compiled with Go {other}, the gateway with Go {go}: it would end the gateway"
            )?;
        }
        if let Some(why) = &self.other_libc {
            write!(f, "\n  libc: {why}")?;
        }
        Ok(())
    }

    /// What go.mod and the sources have that the gateway's Go refuses.
    fn write_language(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let go = &self.go;
        if let Some(line) = &self.go_line {
            write!(f, "\n  go line: {}, which Go {go} refuses", line.have)?;
        }
        for ambiguous in &self.ambiguous {
            write!(f, "\n  ambiguous: {ambiguous}")?;
        }
        for verb in &self.unknown_directives {
            write!(f, "\n  go.mod: Go {go} does not know `{verb}`")?;
        }
        Ok(())
    }

    fn write_needs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for need in self.needs.iter().filter(|need| need.certain) {
            write!(f, "\n  go: {need}")?;
        }
        let may: Vec<&Need> = self.needs.iter().filter(|need| !need.certain).collect();
        for need in may.iter().take(3) {
            write!(f, "\n  go: {need}")?;
        }
        if may.len() > 3 {
            write!(f, "\n  go: {} more that may need a newer Go", may.len() - 3)?;
        }
        Ok(())
    }

    fn write_conflicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.conflicts.iter().map(|c| c.module.len()).max().unwrap_or_default();
        for conflict in &self.conflicts {
            let [have, want] = [&conflict.have, &conflict.want].map(|source| source.relative_to(&conflict.module));
            write!(f, "\n  {:<wide$}  {have}, the gateway has {want}", conflict.module)?;
            if let Some(more) = remark(conflict) {
                write!(f, " ({more})")?;
            }
        }
        for PossibleConflict { module, parent } in &self.possible_conflicts {
            write!(
                f,
                "\n  perhaps: {module} was a part of {parent}, which the gateway has; only its file can tell: `--gateway ./krakend`"
            )?;
        }
        if self.known == Precision::Requirements && !self.conflicts.is_empty() {
            write!(
                f,
                "\n  (what this release really links is not known: all it requires is taken)"
            )?;
        }
        Ok(())
    }
}

fn remark(conflict: &Conflict) -> Option<String> {
    let cause = match conflict.cause {
        Cause::Version => None,
        Cause::Replaced => Some("one side replaces it".to_owned()),
        Cause::Moved => Some("these packages are in another module there".to_owned()),
        Cause::GatewaysOwn => Some("a module of the gateway's own, which no plugin can have".to_owned()),
        Cause::PluginsOwn => Some("a module of your own, which the gateway has as published".to_owned()),
    };
    let through = conflict
        .chain
        .first()
        .filter(|first| **first != conflict.module)
        .map(|first| format!("through {first}"));
    let packages = match &conflict.impact {
        Impact::InBoth { packages } if conflict.cause == Cause::Moved => packages.first().cloned(),
        _ => None,
    };
    let parts: Vec<String> = [cause, packages, through].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
