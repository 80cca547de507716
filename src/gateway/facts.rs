//! The facts about a gateway, from any source.

use std::path::PathBuf;

use crate::matrix::Release;
use crate::util::target::{Arch, Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion, LibcVersion};

/// Everything about a gateway that a plugin must be compiled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its name in messages and file names: `2.1.4`, `acme-3.0`.
    pub label: String,
    pub version: Option<GatewayVersion>,
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

/// A text as part of a file name.
pub fn file_label(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-.+".contains(c);
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

impl Gateway {
    /// Whether this is the Community edition, as a release or built from its own module.
    pub fn is_community(&self) -> bool {
        let module = self.main_module.as_deref().unwrap_or_default();
        module.split('/').any(|element| element == "krakend-ce")
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
            notes: Vec::new(),
        }
    }
}
