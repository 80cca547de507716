//! One release as its own files have it, at a tag of its repository or in its module: pure readers of text.
//!
//! The shapes, over time: the Makefile holds `GOLANG_VERSION :=` and `ALPINE_VERSION :=`, the Dockerfile makes
//! `golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION}` of them. From 2.1.3 on a Dockerfile-builder-linux makes the generic
//! Linux build, in `golang:${GOLANG_VERSION}` at first, from 2.4.3 on in an image that names its Debian.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::matrix::Release;
use crate::matrix::images::Images;
use crate::matrix::modules::ModuleRow;
use crate::matrix::sums::Sums;
use crate::util::error::{Error, Result};
use crate::util::version::{GatewayVersion, GoVersion};

/// The files that say how a release is built.
#[derive(Debug, Clone)]
pub struct Files {
    /// What `go mod edit -json` prints of its go.mod.
    pub go_mod_json: String,
    pub go_sum: String,
    pub makefile: String,
    pub dockerfile: String,
    pub dockerfile_builder_linux: Option<String>,
}

/// What they say.
#[derive(Debug, Clone)]
pub struct Upstream {
    pub go: GoVersion,
    pub alpine: String,
    pub generic_image: Option<String>,
    pub main_module: String,
    pub main_root: Option<String>,
    pub trimpath: bool,
    pub modules: Vec<ModuleRow>,
    pub sums: Sums,
}

/// Reads them. The release's own version is its tag's: a Makefile's VERSION is not always right.
///
/// # Errors
/// A file that does not have the shape of any release so far: which, and what it lacks.
pub fn read(files: &Files) -> Result<Upstream> {
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

impl Upstream {
    /// The row of this release, and what had to be assumed for it: images newer than plugbuild have no row of theirs.
    ///
    /// # Errors
    /// toolchains/images.toml is empty.
    pub fn row(&self, version: GatewayVersion, images: &Images) -> Result<(Release, Vec<String>)> {
        let mut assumed = Vec::new();
        let (musl, is_assumed) = images.assumed_musl(&self.alpine)?;
        if is_assumed {
            assumed.push(format!(
                "the musl of Alpine {} is not known: assuming {musl}",
                self.alpine
            ));
        }
        let glibc = match images.glibc(self.generic_image.as_deref()) {
            Ok(glibc) => glibc,
            Err(_) => {
                let image = self.generic_image.as_deref().unwrap_or_default();
                let lowest = images.lowest_glibc()?;
                assumed.push(format!(
                    "the glibc of the Debian `{image}` is not known: assuming {lowest}, which is safe"
                ));
                lowest
            }
        };
        let row = Release {
            name: None,
            version,
            edition: None,
            released: None,
            go: self.go.clone(),
            alpine: Some(self.alpine.clone()),
            musl: Some(musl),
            glibc: Some(glibc),
            generic_image: self.generic_image.clone(),
            main_module: Some(self.main_module.clone()),
            libc: None,
            module_cache: String::new(),
            main_root: self.main_root.clone().unwrap_or_default(),
            trimpath: self.trimpath,
            tags: Vec::new(),
            goamd64: None,
            goarm64: None,
            goexperiment: None,
            modules: None,
            from_module: None,
            source: format!("Makefile, Dockerfile, go.mod @ v{version}"),
        };
        Ok((row, assumed))
    }
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
    use serde_json::json;

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

    /// The files of a tag from its lines in tests/fixtures, with what the matrix has of its modules.
    fn files(line: &str) -> Files {
        let cells: Vec<&str> = line.split('\t').collect();
        let [tag, own_version, go, alpine, from, builder, module, go_line] = cells[..] else {
            panic!("{line}");
        };
        let version: GatewayVersion = tag.parse().unwrap();
        let (mut require, mut replace, mut go_sum) = (Vec::new(), Vec::new(), String::new());
        for row in crate::matrix::modules::of(version).unwrap() {
            let (path, at) = row.effective();
            go_sum += &format!("{}\n", crate::matrix::sums::go_sum_lines(path, at).unwrap());
            require.push(json!({ "Path": row.path, "Version": row.version, "Indirect": row.indirect }));
            if let Some((path, at)) = row.replace {
                replace.push(json!({ "Old": { "Path": row.path }, "New": { "Path": path, "Version": at } }));
            }
        }
        let stages: Vec<&str> = from.split(" ; ").collect();
        Files {
            go_mod_json: json!({ "Module": { "Path": module }, "Go": go_line, "Require": require, "Replace": replace })
                .to_string(),
            go_sum,
            makefile: format!(
                ".PHONY: all build test\n\nBIN_NAME :=krakend\nVERSION := {own_version}\nGOLANG_VERSION := {go}\n                 GLIBC_VERSION := $(shell sh find_glibc.sh)\nALPINE_VERSION := {alpine}\nOS_TAG :=\nEXTRA_LDFLAGS :=\n\nbuild:\n\t@go build ./cmd/krakend-ce\n"
            ),
            dockerfile: format!(
                "ARG GOLANG_VERSION\nARG ALPINE_VERSION\n{}\nCOPY . /app\nWORKDIR /app\nRUN make build\n\n{}\nWORKDIR /etc/krakend\n",
                stages[0], stages[1]
            ),
            dockerfile_builder_linux: (builder != "-")
                .then(|| format!("ARG GOLANG_VERSION\n{builder}\nRUN apt-get update\n")),
        }
    }

    #[test]
    fn every_row_of_the_matrix_follows_from_its_tags_lines() {
        let matrix = crate::matrix::Matrix::builtin().unwrap();
        let images = Images::builtin().unwrap();
        let lines = include_str!("../../tests/fixtures/upstream-lines.txt").lines();
        let mut count = 0;
        for line in lines.filter(|line| !line.starts_with('#')) {
            let version: GatewayVersion = line.split('\t').next().unwrap().parse().unwrap();
            let upstream = read(&files(line)).unwrap_or_else(|e| panic!("{version}: {e}"));
            let (row, assumed) = upstream.row(version, &images).unwrap();
            let known = matrix.release(version).unwrap();
            let want = Release {
                released: None,
                module_cache: String::new(),
                ..known.clone()
            };
            assert_eq!(row, want, "{version}");
            assert_eq!(
                (assumed, upstream.modules),
                (Vec::new(), known.requirements().unwrap()),
                "{version}"
            );
            for ((path, at), (zip, go_mod)) in &upstream.sums {
                let sum = crate::matrix::sums::lookup(path, at).unwrap();
                assert_eq!(
                    (sum.zip.unwrap_or("-"), sum.go_mod),
                    (zip.as_str(), go_mod.as_str()),
                    "{version}: {path}"
                );
            }
            count += 1;
        }
        assert_eq!(count, matrix.releases().len());
    }

    #[test]
    fn images_newer_than_plugbuild_are_assumed_and_said() {
        let line = "v2.12.1\t2.12.1\t1.25.6\t3.99\tFROM golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION} as builder ; FROM alpine:3.99\tFROM golang:${GOLANG_VERSION}-trixie\tgithub.com/krakend/krakend-ce/v2\t1.25.3";
        let (row, assumed) = read(&files(line))
            .unwrap()
            .row("2.12.1".parse().unwrap(), &Images::builtin().unwrap())
            .unwrap();
        assert_eq!(row.musl.unwrap().to_string(), "1.2.5");
        assert_eq!(row.glibc.unwrap().to_string(), "2.31");
        assert_eq!(
            assumed,
            [
                "the musl of Alpine 3.99 is not known: assuming 1.2.5",
                "the glibc of the Debian `trixie` is not known: assuming 2.31, which is safe"
            ]
        );
    }
}
