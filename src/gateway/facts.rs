//! The facts about a gateway, from any source.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::gateway::registerer::Registerer;
use crate::matrix::Release;
use crate::util::edition;
use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::target::{Arch, Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion, LibcVersion};

/// Everything about a gateway that a plugin must be compiled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its name in messages and file names: `2.1.4`, `acme-3.0`.
    pub label: String,
    pub version: Option<GatewayVersion>,
    /// Unknown for a fork, and for a gateway given by its parts.
    pub edition: Option<Edition>,
    /// Only known for a binary.
    pub no_plugins: Option<NoPlugins>,
    pub go: GoVersion,
    /// The Go it was compiled with, if known and `--go` names a different one.
    pub own_go: Option<GoVersion>,
    /// Only known for a binary.
    pub arch: Option<Arch>,
    /// The libc it runs on, if known; releases exist for both.
    pub libc: Option<Libc>,
    /// The newest glibc whose symbols a plugin for its generic Linux build may need.
    pub glibc_floor: Option<LibcVersion>,
    pub settings: GatewaySettings,
    /// The directory of module sources when it was compiled: part of every package's hash.
    pub module_cache: String,
    /// The path of its main module, if known.
    pub main_module: Option<String>,
    /// The directory of its main module.
    pub main_root: String,
    /// The source of these facts, for the report.
    pub origin: String,
    /// The gateway's file, if one was given.
    pub binary: Option<PathBuf>,
    /// `h1:…` of its own module, if these facts were read from that.
    pub module_sum: Option<String>,
    /// Uncertain facts, for the report.
    pub notes: Vec<String>,
}

/// Build settings that affect package hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewaySettings {
    pub trimpath: bool,
    pub tags: Vec<String>,
    pub goamd64: Option<String>,
    pub goarm64: Option<String>,
    pub goexperiment: Option<String>,
    pub gofips140: Option<String>,
    pub race: bool,
}

/// What a plugin of this gateway is compiled with, as `plugbuild.lock`, the provenance and every JSON output write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFacts {
    go: String,
    #[serde(alias = "module-cache")]
    module_cache: String,
    main_module: Option<String>,
    #[serde(alias = "main-root")]
    main_root: String,
    #[serde(alias = "glibc-floor")]
    glibc_floor: Option<String>,
    #[serde(default)]
    trimpath: bool,
    #[serde(default)]
    tags: Vec<String>,
    goamd64: Option<String>,
    goarm64: Option<String>,
    goexperiment: Option<String>,
    /// The checksum of its file, for the lockfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// `h1:…` of its own module, if these facts were read from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module_sum: Option<String>,
}

/// A gateway in JSON output: which one it is, and its facts.
#[derive(Debug, Serialize)]
pub struct GatewayDescription<'a> {
    name: &'a str,
    version: Option<GatewayVersion>,
    edition: Option<Edition>,
    arch: Option<Arch>,
    libc: Option<Libc>,
    #[serde(flatten)]
    facts: GatewayFacts,
    file: Option<&'a Path>,
    origin: &'a str,
    notes: &'a [String],
}

impl GatewayFacts {
    /// With the SHA-256 of the gateway's file, if there is one; `checksum` computes it.
    ///
    /// # Errors
    /// The gateway's file cannot be read.
    pub fn with_checksum(gateway: &Gateway, checksum: impl Fn(&Path) -> Result<String>) -> Result<Self> {
        Ok(GatewayFacts {
            sha256: gateway.binary.as_deref().map(checksum).transpose()?,
            ..gateway.facts()
        })
    }

    /// How it differs from the locked facts of the gateway `label`: an integrity error if its module does.
    pub fn difference(&self, locked: &GatewayFacts, label: &str) -> Option<Error> {
        if let (Some(have), Some(want)) = (&self.module_sum, &locked.module_sum)
            && have != want
        {
            let what = format!("the module that KrakenD {label} is read from has the sum {have}, locked is {want}");
            return Some(Error::integrity(what).help("a published version never changes: ask who runs your GOPROXY"));
        }
        let locked = GatewayFacts {
            // Nor has it one once the release is in the matrix.
            module_sum: self.module_sum.clone(),
            // Not every lockfile records it.
            main_module: locked.main_module.clone().or_else(|| self.main_module.clone()),
            ..locked.clone()
        };
        if *self == locked {
            None
        } else if self.go != locked.go {
            let (have, want) = (&self.go, &locked.go);
            Some(Error::usage(format!(
                "the gateway {label} has Go {have}, locked is Go {want}"
            )))
        } else if self.sha256 != locked.sha256 {
            Some(Error::usage(format!(
                "the gateway {label} is not given by the locked file"
            )))
        } else {
            Some(Error::usage(format!("the gateway {label} differs from the locked one")))
        }
    }
}

/// Why a gateway loads no plugins, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPlugins {
    /// No build of its release loads any, whoever made it.
    pub dropped: bool,
    /// A full clause: `KrakenD Community 3.0.0 loads no Go plugins`, `it is linked statically`.
    pub why: String,
    pub help: Vec<String>,
}

impl NoPlugins {
    /// As an error; `place` is where the gateway was found, unless it was named by its release.
    pub(crate) fn error(&self, place: Option<&str>) -> Error {
        let message = match place {
            None => self.why.clone(),
            Some(place) if self.dropped => format!("{} ({place})", self.why),
            Some(place) => format!("{place} cannot load plugins: {}", self.why),
        };
        let help = self.help.iter();
        help.fold(Error::incompatible(message), |error, help| error.help(help.as_str()))
    }
}

/// A text as part of a file name.
pub fn file_label(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-.+".contains(c);
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

impl Gateway {
    /// Whether this is the Community Edition, as a release or built from its own module.
    pub fn is_community(&self) -> bool {
        self.edition == Some(Edition::Community)
    }

    /// The release whose row in the matrix it may have: the same number of the Enterprise Edition is another program.
    pub fn release(&self) -> Option<GatewayVersion> {
        self.version.filter(|_| self.edition != Some(Edition::Enterprise))
    }

    /// In a sentence: `KrakenD 2.13.3`, `KrakenD Enterprise 2.13.3`.
    pub fn title(&self) -> String {
        edition::title(&self.label)
    }

    pub fn facts(&self) -> GatewayFacts {
        GatewayFacts {
            go: self.go.to_string(),
            module_cache: self.module_cache.clone(),
            main_module: self.main_module.clone(),
            main_root: self.main_root.clone(),
            glibc_floor: self.glibc_floor.map(|floor| floor.to_string()),
            trimpath: self.settings.trimpath,
            tags: self.settings.tags.clone(),
            goamd64: self.settings.goamd64.clone(),
            goarm64: self.settings.goarm64.clone(),
            goexperiment: self.settings.goexperiment.clone(),
            sha256: None,
            module_sum: self.module_sum.clone(),
        }
    }

    pub fn description(&self) -> GatewayDescription<'_> {
        GatewayDescription {
            name: &self.label,
            version: self.version,
            edition: self.edition,
            arch: self.arch,
            libc: self.libc,
            facts: self.facts(),
            file: self.binary.as_deref(),
            origin: &self.origin,
            notes: &self.notes,
        }
    }

    /// Whether it never looks for a registerer, whatever the plugin exports.
    pub fn ignores(&self, row: &Registerer) -> bool {
        row.is_ignored_by(self.version, self.edition)
    }

    /// Whether both are the same gateway, however they were named.
    pub fn is_same(&self, other: &Gateway) -> bool {
        let same_facts = Gateway {
            origin: self.origin.clone(),
            notes: self.notes.clone(),
            ..other.clone()
        };
        *self == same_facts
    }

    /// Its part of a plugin's file name, which includes the Go if it is not the gateway's own.
    pub fn file_label(&self) -> String {
        let label = file_label(&self.label);
        match self.own_go {
            Some(_) => format!("{label}-go{}", self.go),
            None => label,
        }
    }

    /// A gateway from the row of a release.
    pub fn from_release(row: &Release, flavour: Option<LibcKind>, origin: String) -> Self {
        let floor = |kind| if kind == LibcKind::Glibc { row.glibc } else { None };
        Gateway {
            label: row.label(),
            version: Some(row.version),
            edition: row.known_edition(),
            no_plugins: None,
            go: row.go.clone(),
            own_go: None,
            arch: None,
            libc: flavour
                .map(|kind| Libc {
                    kind,
                    floor: floor(kind),
                })
                .or(row.libc),
            glibc_floor: row.glibc,
            settings: GatewaySettings {
                trimpath: row.trimpath,
                tags: row.tags.clone(),
                goamd64: row.goamd64.clone(),
                goarm64: row.goarm64.clone(),
                goexperiment: row.goexperiment.clone(),
                ..GatewaySettings::default()
            },
            module_cache: row.module_cache.clone(),
            main_module: row.main_module.clone(),
            main_root: row.main_root.clone(),
            origin,
            binary: None,
            module_sum: row.from_module.as_ref().map(|module| module.h1.clone()),
            notes: row.from_module.iter().flat_map(|module| module.notes.clone()).collect(),
        }
    }
}
