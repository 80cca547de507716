//! What is known of a gateway, from wherever it is known.

use std::path::PathBuf;

use crate::matrix::Release;
use crate::util::target::{Arch, Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion, LibcVersion};

/// Everything of a gateway that a plugin must be compiled like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// What to call it in messages and file names: `2.1.4`, `acme-3.0`.
    pub label: String,
    pub version: Option<GatewayVersion>,
    pub go: GoVersion,
    /// What it was compiled with as far as is known, where `--go` names another.
    pub own_go: Option<GoVersion>,
    /// Known of a binary only.
    pub arch: Option<Arch>,
    /// The libc it runs on, where that is known; releases exist for both.
    pub libc: Option<Libc>,
    /// The newest glibc symbols a plugin for its generic Linux build may need.
    pub glibc_floor: Option<LibcVersion>,
    pub settings: Settings,
    /// Where module sources lay when it was compiled: part of every package's hash.
    pub module_cache: String,
    /// The path of its main module, where that is known.
    pub main_module: Option<String>,
    /// Where its main module lay.
    pub main_root: String,
    /// Where all this was read, for the report.
    pub origin: String,
    /// The gateway itself, when it was given.
    pub binary: Option<PathBuf>,
    /// What was not certain, for the report.
    pub notes: Vec<String>,
}

/// Build settings that go into package hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub trimpath: bool,
    pub tags: Vec<String>,
    pub goamd64: Option<String>,
    pub goarm64: Option<String>,
    pub goexperiment: Option<String>,
    pub gofips140: Option<String>,
    pub race: bool,
}

/// A text as a part of a file name.
pub fn file_label(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-.+".contains(c);
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

impl Gateway {
    /// Whether it is known to be the Community edition, a release or a build of its own module.
    pub fn is_community(&self) -> bool {
        let module = self.main_module.as_deref().unwrap_or_default();
        module.split('/').any(|element| element == "krakend-ce")
    }

    /// Whether it is another in words only.
    pub fn is_same(&self, other: &Gateway) -> bool {
        let told_alike = Gateway {
            origin: self.origin.clone(),
            notes: self.notes.clone(),
            ..other.clone()
        };
        *self == told_alike
    }

    /// Its part of a plugin's file name: a plugin for another Go than its own has that in it.
    pub fn file_label(&self) -> String {
        let label = file_label(&self.label);
        match self.own_go {
            Some(_) => format!("{label}-go{}", self.go),
            None => label,
        }
    }

    /// A release as its row tells it.
    pub fn of_release(row: &Release, flavour: Option<LibcKind>, origin: String) -> Self {
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
            settings: Settings {
                trimpath: row.trimpath,
                tags: row.tags.clone(),
                goamd64: row.goamd64.clone(),
                goarm64: row.goarm64.clone(),
                goexperiment: row.goexperiment.clone(),
                ..Settings::default()
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
