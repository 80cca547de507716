//! One release as its own repository tells it: pure readers of the files at a tag.
//!
//! The shapes, over time: the Makefile holds `GOLANG_VERSION :=` and `ALPINE_VERSION :=`, the Dockerfile makes
//! `golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION}` of them. From 2.1.3 on a Dockerfile-builder-linux makes the generic
//! Linux build, in `golang:${GOLANG_VERSION}` at first, from 2.4.3 on in an image that names its Debian.

use std::collections::BTreeMap;

use plugbuild::matrix::modules::ModuleRow;
use plugbuild::util::error::{Error, Result};
use plugbuild::util::version::GoVersion;
use serde::Deserialize;

use super::tables::Sums;

/// The texts of a tag.
pub(super) struct Files {
    pub(super) go_mod_json: String,
    pub(super) go_sum: String,
    pub(super) makefile: String,
    pub(super) dockerfile: String,
    pub(super) dockerfile_builder_linux: Option<String>,
}

/// What they say.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) go: GoVersion,
    pub(super) alpine: String,
    pub(super) generic_image: Option<String>,
    pub(super) main_module: String,
    pub(super) main_root: Option<String>,
    pub(super) trimpath: bool,
    pub(super) modules: Vec<ModuleRow>,
    pub(super) sums: Sums,
}

pub(super) fn read(files: &Files) -> Result<Upstream> {
    let variables = Variables::of_makefile(&files.makefile);
    let stage = build_stage(&files.dockerfile, &variables);
    let image = stage.as_ref().and_then(|stage| stage.image.split_once("-alpine"));
    let named = |image: Option<&str>, variable: &str| {
        let value = image.map(str::to_owned).or_else(|| variables.0.get(variable).cloned());
        value.ok_or_else(|| Error::usage(format!("neither the Dockerfile nor the Makefile gives {variable}")))
    };
    let go = named(image.map(|(go, _)| go), "GOLANG_VERSION")?.parse()?;
    let alpine = named(image.map(|(_, alpine)| alpine), "ALPINE_VERSION")?;
    let generic_image = files
        .dockerfile_builder_linux
        .as_ref()
        .map(|text| debian(text, &variables));
    let GoMod {
        module,
        require,
        replace,
    } = serde_json::from_str(&files.go_mod_json).map_err(|e| Error::usage(format!("`go mod edit -json`: {e}")))?;
    let modules = modules(require.unwrap_or_default(), &replace.unwrap_or_default())?;
    let sums = sums(&files.go_sum, &modules)?;
    Ok(Upstream {
        go,
        alpine,
        generic_image: generic_image.transpose()?,
        main_module: module.path,
        main_root: stage.and_then(|stage| stage.workdir),
        trimpath: files.makefile.contains("-trimpath"),
        modules,
        sums,
    })
}

/// `NAME := value` of a Makefile; of a name given twice the first counts, as upstream's own release job has it.
struct Variables(BTreeMap<String, String>);

impl Variables {
    fn of_makefile(text: &str) -> Self {
        let mut variables = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, value)) = line.split_once('=')
                && let name = name.trim_end_matches([':', '?']).trim_end()
                && !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            {
                variables
                    .entry(name.to_owned())
                    .or_insert_with(|| value.trim().to_owned());
            }
        }
        Variables(variables)
    }

    /// `${NAME}` and `$NAME` filled in; a `ARG NAME=value` of the Dockerfile counts where the Makefile has none.
    fn fill(&self, text: &str, dockerfile: &str) -> String {
        let defaults = dockerfile
            .lines()
            .filter_map(|line| line.trim().strip_prefix("ARG ")?.trim().split_once('='));
        let own = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain(defaults).fold(text.to_owned(), |text, (name, value)| {
            let value = value.trim_matches('"');
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        })
    }
}

/// The stage of a Dockerfile that compiles.
struct Stage {
    /// The tag of its golang image, `1.19.5-alpine3.17`.
    image: String,
    workdir: Option<String>,
}

fn build_stage(dockerfile: &str, variables: &Variables) -> Option<Stage> {
    let mut lines = dockerfile.lines().map(str::trim);
    let from = lines.find_map(|line| {
        let words = line.strip_prefix("FROM ")?.split_whitespace();
        words
            .filter(|word| !word.starts_with("--"))
            .find_map(|word| word.strip_prefix("golang:"))
    })?;
    let workdir = lines
        .take_while(|line| !line.starts_with("FROM "))
        .find_map(|line| line.strip_prefix("WORKDIR "));
    Some(Stage {
        image: variables.fill(from, dockerfile),
        workdir: workdir.map(|dir| dir.trim().to_owned()),
    })
}

/// The Debian of the generic build's image: what follows the Go version in its tag.
fn debian(dockerfile: &str, variables: &Variables) -> Result<String> {
    let stage = build_stage(dockerfile, variables)
        .ok_or_else(|| Error::usage("Dockerfile-builder-linux is not made from a golang image"))?;
    Ok(match stage.image.split_once('-') {
        Some((_, debian)) => debian.to_owned(),
        None => "default".to_owned(),
    })
}

/// As `go mod edit -json` prints it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoMod {
    module: Named,
    require: Option<Vec<Require>>,
    replace: Option<Vec<Replace>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    path: String,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Require {
    path: String,
    version: String,
    #[serde(default)]
    indirect: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Replace {
    old: Named,
    new: Named,
}

fn modules(require: Vec<Require>, replace: &[Replace]) -> Result<Vec<ModuleRow>> {
    let mut rows = Vec::with_capacity(require.len());
    for module in require {
        let applies = |r: &&Replace| {
            let same = r.old.version.as_ref().is_none_or(|version| *version == module.version);
            r.old.path == module.path && same
        };
        let replace = match replace.iter().find(applies).map(|r| &r.new) {
            None => None,
            Some(Named {
                path,
                version: Some(version),
            }) => Some((path.clone(), version.clone())),
            Some(Named { path, version: None }) => {
                let what = format!(
                    "{} is replaced by the folder {path}, which no plugin can have",
                    module.path
                );
                return Err(Error::usage(what));
            }
        };
        rows.push(ModuleRow {
            path: module.path,
            version: module.version,
            indirect: module.indirect,
            replace,
        });
    }
    rows.sort();
    Ok(rows)
}

/// The lines of go.sum for these modules.
fn sums(go_sum: &str, modules: &[ModuleRow]) -> Result<Sums> {
    let mut lines = BTreeMap::new();
    for line in go_sum.lines() {
        let mut words = line.split_whitespace();
        if let (Some(module), Some(version), Some(sum)) = (words.next(), words.next(), words.next()) {
            lines.insert((module, version), sum);
        }
    }
    let mut sums = Sums::new();
    for row in modules {
        let (path, version) = row.effective();
        let go_mod = format!("{version}/go.mod");
        let go_mod = lines.get(&(path, go_mod.as_str()));
        let go_mod = go_mod.ok_or_else(|| Error::usage(format!("go.sum has no line for {path} {version}/go.mod")))?;
        // A module that none of whose packages are compiled has no line for its zip.
        let zip = lines.get(&(path, version)).copied().unwrap_or("-");
        sums.insert(
            (path.to_owned(), version.to_owned()),
            (zip.to_owned(), (*go_mod).to_owned()),
        );
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables::of_makefile(
            "ARCH := amd64\nGOLANG_VERSION := 1.19.5\nALPINE_VERSION ?= 3.17\n\tX=1\nGOLANG_VERSION := 1.2\n",
        )
    }

    #[test]
    fn the_build_stage_in_every_shape() {
        for (dockerfile, image, workdir) in [
            (
                "ARG GOLANG_VERSION\nFROM golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION} as builder\nCOPY . /app\nWORKDIR /app\n",
                "1.19.5-alpine3.17",
                Some("/app"),
            ),
            (
                "FROM --platform=$BUILDPLATFORM golang:$GOLANG_VERSION-alpine3.23 AS builder\nFROM alpine\nWORKDIR /etc\n",
                "1.19.5-alpine3.23",
                None,
            ),
            (
                "ARG TAG=\"1.25.6-alpine3.21\"\nFROM golang:${TAG}\n",
                "1.25.6-alpine3.21",
                None,
            ),
            ("FROM golang:${GOLANG_VERSION}-bullseye\n", "1.19.5-bullseye", None),
        ] {
            let stage = build_stage(dockerfile, &variables()).unwrap();
            assert_eq!((stage.image.as_str(), stage.workdir.as_deref()), (image, workdir));
        }
        assert!(build_stage("FROM alpine:3.15\n", &variables()).is_none());
    }

    #[test]
    fn the_debian_of_the_generic_build() {
        for (dockerfile, want) in [
            ("FROM golang:${GOLANG_VERSION}\n", "default"),
            ("FROM golang:${GOLANG_VERSION}-bullseye\n", "bullseye"),
            ("FROM golang:1.25.6-bookworm\n", "bookworm"),
        ] {
            assert_eq!(debian(dockerfile, &variables()).unwrap(), want);
        }
        assert!(debian("FROM debian:12\n", &variables()).is_err());
    }

    #[test]
    fn replaces_hold_for_their_version_only() {
        let json = r#"{"Module":{"Path":"m"},
            "Require":[{"Path":"b","Version":"v1.0.0","Indirect":true},{"Path":"a","Version":"v1.0.0"}],
            "Replace":[{"Old":{"Path":"a","Version":"v2.0.0"},"New":{"Path":"x","Version":"v0.1.0"}},
                       {"Old":{"Path":"b"},"New":{"Path":"y","Version":"v0.2.0"}}]}"#;
        let GoMod { require, replace, .. } = serde_json::from_str(json).unwrap();
        let rows = modules(require.unwrap(), &replace.unwrap()).unwrap();
        let text: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["a v1.0.0", "b v1.0.0 indirect => y@v0.2.0"]);
        let sum = sums("a v1.0.0/go.mod h1:1=\ny v0.2.0 h1:2=\ny v0.2.0/go.mod h1:3=\n", &rows).unwrap();
        assert_eq!(sum[&("a".into(), "v1.0.0".into())], ("-".into(), "h1:1=".into()));
        assert_eq!(sum[&("y".into(), "v0.2.0".into())], ("h1:2=".into(), "h1:3=".into()));
        assert!(sums("", &rows).is_err());
    }
}
