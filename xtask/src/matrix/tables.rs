//! The rows of toolchains/ that come from the gateway's repository: read, merged with what a clone says, written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plugbuild::matrix::images::Images;
use plugbuild::matrix::modules::ModuleRow;
use plugbuild::matrix::sums::Sums;
use plugbuild::matrix::upstream::Upstream;
use plugbuild::matrix::{WithoutPlugins, modules, sums};
use plugbuild::util::error::{Error, Result};
use plugbuild::util::version::{GatewayVersion, GoVersion, LibcVersion};
use serde::{Deserialize, Serialize};

/// releases.toml, modules.txt and sums.txt.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Tables {
    pub(super) releases: BTreeMap<GatewayVersion, ReleaseRow>,
    pub(super) without_plugins: BTreeMap<GatewayVersion, WithoutPlugins>,
    pub(super) modules: BTreeMap<GatewayVersion, Vec<ModuleRow>>,
    pub(super) sums: Sums,
}

/// A row of releases.toml, its keys in the order they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseRow {
    pub(super) version: GatewayVersion,
    released: String,
    pub(super) go: GoVersion,
    alpine: String,
    musl: LibcVersion,
    glibc: LibcVersion,
    #[serde(skip_serializing_if = "Option::is_none")]
    generic_image: Option<String>,
    main_module: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_root: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    trimpath: bool,
    source: String,
}

impl ReleaseRow {
    /// The lines of this row that the other one lacks.
    fn changes(&self, other: &ReleaseRow) -> Result<Vec<String>> {
        let (new, old) = (to_toml(self)?, to_toml(other)?);
        Ok(new
            .lines()
            .filter(|line| !old.lines().any(|old| old == *line))
            .map(str::to_owned)
            .collect())
    }
}

impl Tables {
    pub(super) fn read(root: &Path) -> Result<Tables> {
        #[derive(Deserialize)]
        struct File {
            release: Vec<ReleaseRow>,
            #[serde(default)]
            without_plugins: Vec<WithoutPlugins>,
        }
        let file: File = from_toml(&root.join("toolchains/releases.toml"))?;
        let sum = |(module, version, sum): (&str, &str, sums::Checksums)| {
            let zip = sum.zip.unwrap_or("-");
            (
                (module.to_owned(), version.to_owned()),
                (zip.to_owned(), sum.go_mod.to_owned()),
            )
        };
        Ok(Tables {
            releases: file.release.into_iter().map(|row| (row.version, row)).collect(),
            without_plugins: file.without_plugins.into_iter().map(|row| (row.version, row)).collect(),
            modules: modules::all()?.into_iter().collect(),
            sums: sums::all().map(sum).collect(),
        })
    }

    /// Takes over what a clone says of one release, and returns what that changed.
    pub(super) fn merge(
        &mut self,
        version: GatewayVersion,
        day: &str,
        theirs: Upstream,
        images: &Images,
    ) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let old = self.releases.get(&version);
        let row = ReleaseRow {
            version,
            // A tag may be moved; the day of the release is not.
            released: old.map_or_else(|| day.to_owned(), |old| old.released.clone()),
            musl: images.musl(&theirs.alpine)?,
            glibc: images.glibc(theirs.generic_image.as_deref())?,
            go: theirs.go,
            alpine: theirs.alpine,
            generic_image: theirs.generic_image,
            main_module: theirs.main_module,
            main_root: theirs.main_root.filter(|dir| dir != "/app"),
            trimpath: theirs.trimpath,
            source: format!("Makefile, Dockerfile, go.mod @ v{version}"),
        };
        match old {
            None => notes.push(format!("{version}: new, Go {}", row.go)),
            Some(old) => notes.extend(row.changes(old)?.iter().map(|line| format!("{version}: now {line}"))),
        }
        if let Some(old) = self.modules.get(&version) {
            let moved = difference(old, &theirs.modules);
            notes.extend(moved.iter().map(|line| format!("{version}: {line}")));
        }
        self.releases.insert(version, row);
        self.modules.insert(version, theirs.modules);
        for (module, sum) in theirs.sums {
            // Another release may not need the zip.
            let known = self.sums.entry(module.clone()).or_insert_with(|| sum.clone());
            if sums::contradict((&known.0, &known.1), (&sum.0, &sum.1)) {
                let (path, module_version) = module;
                let what = format!("go.sum @ v{version} has other sums of {path} {module_version} than are known");
                return Err(
                    Error::incompatible(what).help("a published version never changes: do not trust this clone")
                );
            }
            if known.0 == "-" {
                known.0 = sum.0;
            }
        }
        Ok(notes)
    }

    /// Takes over a release that no plugin can be built for; returns what that changed.
    pub(super) fn merge_without_plugins(
        &mut self,
        version: GatewayVersion,
        day: &str,
        main_module: Option<String>,
    ) -> Vec<String> {
        let old = self.without_plugins.get(&version);
        let row = WithoutPlugins {
            version,
            released: old.and_then(|old| old.released.clone()).or(Some(day.to_owned())),
            main_module,
            source: format!("no Go file imports a plugin loader @ v{version}"),
        };
        let notes = match old {
            Some(old) if *old == row => Vec::new(),
            _ => vec![format!("{version}: loads no plugins")],
        };
        self.without_plugins.insert(version, row);
        notes
    }

    /// The texts of releases.toml, modules.txt and sums.txt, below the heads that the files have.
    pub(super) fn render(&self, root: &Path) -> Result<Vec<(&'static str, String)>> {
        let head = |name: &str, until: &str| -> Result<String> {
            let path = root.join(name);
            let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
            Ok(text.split(until).next().unwrap_or_default().to_owned())
        };
        let mut releases = head("toolchains/releases.toml", "[[release]]")?;
        releases.push_str(&self.releases_toml()?);
        let mut modules = head("toolchains/modules.txt", "\n[")?;
        modules.push_str(&self.modules_txt());
        Ok(vec![
            ("toolchains/releases.toml", releases),
            ("toolchains/modules.txt", modules),
            ("toolchains/sums.txt", sums::text_of(&self.sums)),
        ])
    }

    fn releases_toml(&self) -> Result<String> {
        #[derive(Serialize)]
        struct File<'a> {
            release: Vec<&'a ReleaseRow>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            without_plugins: Vec<&'a WithoutPlugins>,
        }
        to_toml(&File {
            release: self.releases.values().collect(),
            without_plugins: self.without_plugins.values().collect(),
        })
    }

    fn modules_txt(&self) -> String {
        let mut out = String::new();
        let mut before: &[ModuleRow] = &[];
        for (version, rows) in &self.modules {
            out.push_str(&format!("\n[{version}]\n"));
            for line in difference(before, rows) {
                out.push_str(&line);
                out.push('\n');
            }
            before = rows;
        }
        out
    }
}

/// The lines of modules.txt that lead from one list to another, sorted by path.
pub(super) fn difference(before: &[ModuleRow], after: &[ModuleRow]) -> Vec<String> {
    let index = |rows| -> BTreeMap<String, ModuleRow> {
        let rows: &[ModuleRow] = rows;
        rows.iter().map(|row| (row.path.clone(), row.clone())).collect()
    };
    let (before, after) = (index(before), index(after));
    let mut lines: BTreeMap<&String, String> = BTreeMap::new();
    for (path, old) in &before {
        match after.get(path) {
            None => lines.insert(path, format!("- {path}")),
            Some(new) if new != old => {
                let state = new.to_string();
                let state = state.split_once(' ').map_or(state.as_str(), |(_, state)| state);
                lines.insert(path, format!("~ {path} {} -> {state}", old.version))
            }
            Some(_) => None,
        };
    }
    for (path, new) in after.iter().filter(|(path, _)| !before.contains_key(*path)) {
        lines.insert(path, format!("+ {new}"));
    }
    lines.into_values().collect()
}

fn from_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    toml::from_str(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())))
}

fn to_toml<T: Serialize>(value: &T) -> Result<String> {
    toml::to_string(value).map_err(|e| Error::usage(format!("cannot be written as TOML: {e}")))
}
