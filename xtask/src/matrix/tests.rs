//! The committed rows are what the chore writes, and a real git repository is read right.

use plugbuild::util::error::ErrorKind;

use super::*;

#[test]
fn rows_and_docs_are_as_they_would_be_written() {
    let args = Args {
        from: None,
        check: true,
    };
    run(&args, crate::root()).unwrap();
}

#[test]
fn the_libc_of_every_release_is_that_of_its_images() {
    let images = Images::builtin().unwrap();
    for row in Matrix::builtin().unwrap().releases() {
        let at = row.label();
        assert_eq!(row.musl, images.musl(row.alpine.as_deref().unwrap()).ok(), "{at}");
        assert_eq!(row.glibc, images.glibc(row.generic_image.as_deref()).ok(), "{at}");
    }
}

/// A repository of the gateway's shape, with one commit and tag a release.
struct Repository(tempfile::TempDir);

struct Era<'a> {
    tag: &'a str,
    go: &'a str,
    alpine: &'a str,
    builder_linux: Option<&'a str>,
    go_mod: &'a str,
    go_sum: &'a str,
}

impl Repository {
    /// `None` where git or go is missing.
    fn new() -> Option<Self> {
        for program in ["git", "go"] {
            if duct::cmd!(program, "version").stdout_null().run().is_err() {
                eprintln!("SKIPPED: no {program} here");
                return None;
            }
        }
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "master"]);
        Some(repository)
    }

    fn git(&self, args: &[&str]) {
        let who = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        ];
        duct::cmd("git", who.iter().chain(args))
            .dir(self.0.path())
            .env("GIT_COMMITTER_DATE", "2026-11-02T12:00:00Z")
            .env("GIT_AUTHOR_DATE", "2026-11-01T12:00:00Z")
            .stdout_null()
            .run()
            .unwrap();
    }

    fn release(&self, era: &Era) {
        let write = |name: &str, text: &str| fs::write(self.0.path().join(name), text).unwrap();
        write(
            "Makefile",
            &format!(
                "MODULE := example.com/gw/v2\nGOLANG_VERSION := {}\nGLIBC_VERSION := $(shell sh find_glibc.sh)\n\
                 ALPINE_VERSION := {}\nOS_TAG :=\nEXTRA_LDFLAGS :=\n\nbuild:\n\t@go build -o ${{BIN_NAME}} ./cmd/gw\n",
                era.go, era.alpine
            ),
        );
        write(
            "Dockerfile",
            "ARG GOLANG_VERSION\nARG ALPINE_VERSION\nFROM golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION} as builder\n\
             COPY . /app\nWORKDIR /app\nRUN make build\n\nFROM alpine:${ALPINE_VERSION}\nWORKDIR /etc/gw\n",
        );
        if let Some(from) = era.builder_linux {
            write(
                "Dockerfile-builder-linux",
                &format!("ARG GOLANG_VERSION\nFROM {from}\nRUN apt-get update\n"),
            );
        }
        write("go.mod", era.go_mod);
        write("go.sum", era.go_sum);
        write(
            "main.go",
            "package gw\n\nimport \"github.com/luraproject/lura/v2/proxy\"\n",
        );
        let loader = "package gw\n\nimport \"github.com/luraproject/lura/v2/transport/http/server/plugin\"\n";
        write("plugin_test.go", loader);
        write(
            "plugin.go",
            if era.tag.starts_with("v3") {
                "package gw\n"
            } else {
                loader
            },
        );
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", era.tag]);
        self.git(&["tag", "-m", era.tag, era.tag]);
    }
}

const SUM_A: &str = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const SUM_B: &str = "h1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=";

fn lines(of: &[&str]) -> String {
    let both = |m: &&str| format!("{m} {SUM_A}\n{m}/go.mod {SUM_B}\n");
    of.iter().map(both).collect()
}

fn four_eras() -> Option<Repository> {
    let repository = Repository::new()?;
    let old = "module example.com/gw/v2\n\ngo 1.17\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v0.3.0 // indirect\n)\n\n\
               replace example.com/b v0.3.0 => example.com/fork/b v0.3.1\n";
    let new = "module example.com/gw2/v2\n\ngo 1.24.0\n\ntoolchain go1.25.6\n\nrequire example.com/a v1.2.0\n\n\
               require example.com/c/v3 v3.0.0-20220427121238-a1358a81b559 // indirect\n\ntool example.com/a/cmd\n";
    let old_sum = lines(&[
        "example.com/a v1.0.0",
        "example.com/fork/b v0.3.1",
        "example.com/b v0.3.0",
    ]);
    let new_sum = lines(&[
        "example.com/a v1.2.0",
        "example.com/c/v3 v3.0.0-20220427121238-a1358a81b559",
    ]);
    let default = Some("golang:${GOLANG_VERSION}");
    let bullseye = Some("golang:${GOLANG_VERSION}-bullseye");
    let bookworm = Some("golang:${GOLANG_VERSION}-bookworm");
    for (tag, go, alpine, builder_linux, go_mod, go_sum) in [
        ("v1.4.1", "1.16.4", "3.13", None, "module gw\n", ""),
        ("v2.0.0-rc1", "1.17.8", "3.15", None, old, ""),
        ("v2.0.6", "1.17.13", "3.15", None, old, old_sum.as_str()),
        ("v2.1.4", "1.19.5", "3.17", default, old, &old_sum),
        ("v2.4.6", "1.20.10", "3.18", bullseye, old, &old_sum),
        ("v2.12.1", "1.25.6", "3.23", bookworm, new, &new_sum),
        ("nightly", "1.26", "3.99", bookworm, new, ""),
    ] {
        repository.release(&Era {
            tag,
            go,
            alpine,
            builder_linux,
            go_mod,
            go_sum,
        });
    }
    Some(repository)
}

#[test]
fn every_era_of_the_repository_is_read() {
    let Some(repository) = four_eras() else { return };
    let images = Images::builtin().unwrap();
    let mut tables = Tables::default();
    let notes = follow(&mut tables, &Clone(repository.0.path()), &images).unwrap();
    assert_eq!(
        notes,
        [
            "2.0.6: new, Go 1.17.13",
            "2.1.4: new, Go 1.19.5",
            "2.4.6: new, Go 1.20.10",
            "2.12.1: new, Go 1.25.6"
        ],
        "no other tag is a release"
    );
    let rendered = tables.render(crate::root()).unwrap();
    let after = |name: &str, mark: &str| {
        let text = &rendered.iter().find(|(n, _)| *n == name).unwrap().1;
        text[text.find(mark).unwrap()..].to_owned()
    };
    let row = |version, go, alpine, musl, glibc, image: &str, module| {
        let image = if image.is_empty() {
            String::new()
        } else {
            format!("generic_image = \"{image}\"\n")
        };
        format!(
            "[[release]]\nversion = \"{version}\"\nreleased = \"2026-11-02\"\ngo = \"{go}\"\nalpine = \"{alpine}\"\nmusl = \"{musl}\"\n\
             glibc = \"{glibc}\"\n{image}main_module = \"example.com/{module}/v2\"\nsource = \"Makefile, Dockerfile, go.mod @ v{version}\"\n"
        )
    };
    let want = [
        row("2.0.6", "1.17.13", "3.15", "1.2.2", "2.31", "", "gw"),
        row("2.1.4", "1.19.5", "3.17", "1.2.3", "2.31", "default", "gw"),
        row("2.4.6", "1.20.10", "3.18", "1.2.4", "2.31", "bullseye", "gw"),
        row("2.12.1", "1.25.6", "3.23", "1.2.5", "2.36", "bookworm", "gw2"),
    ];
    assert_eq!(after("toolchains/releases.toml", "[[release]]"), want.join("\n"));
    assert_eq!(
        after("toolchains/modules.txt", "[2."),
        "[2.0.6]\n+ example.com/a v1.0.0\n+ example.com/b v0.3.0 indirect => example.com/fork/b@v0.3.1\n\n[2.1.4]\n\n[2.4.6]\n\n\
         [2.12.1]\n~ example.com/a v1.0.0 -> v1.2.0\n- example.com/b\n\
         + example.com/c/v3 v3.0.0-20220427121238-a1358a81b559 indirect\n"
    );
    let sums = after("toolchains/sums.txt", "example.com/");
    assert_eq!(sums.lines().count(), 4, "what is replaced needs no sums: {sums}");
    assert!(sums.contains(&format!("example.com/fork/b v0.3.1 {SUM_A} {SUM_B}\n")));

    let before = tables.clone();
    assert_eq!(
        follow(&mut tables, &Clone(repository.0.path()), &images).unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(tables, before, "a second time changes nothing");
}

#[test]
fn release_without_a_plugin_loader_is_a_row_that_says_so() {
    let Some(repository) = Repository::new() else { return };
    for tag in ["v3.0.0", "v3.0.1", "v3.1.0-rc1"] {
        repository.release(&Era {
            tag,
            go: "1.26.5",
            alpine: "3.99",
            builder_linux: None,
            go_mod: "module github.com/krakend/krakend-ce/v3\n\ngo 1.26\n",
            go_sum: "",
        });
    }
    let tables = Tables::read(crate::root()).unwrap();
    let mut after = tables.clone();
    let images = Images::builtin().unwrap();
    let clone = Clone(repository.0.path());
    assert_eq!(
        follow(&mut after, &clone, &images).unwrap(),
        ["3.0.0: loads no plugins", "3.0.1: loads no plugins"]
    );
    assert_eq!((&after.releases, &after.modules), (&tables.releases, &tables.modules));
    let rendered = after.render(crate::root()).unwrap();
    let row = "[[without_plugins]]\nversion = \"3.0.1\"\nreleased = \"2026-11-02\"\nmain_module = \"github.com/krakend/krakend-ce/v3\"\n\
               source = \"no Go file imports a plugin loader @ v3.0.1\"\n";
    assert!(rendered[0].1.ends_with(row), "{}", rendered[0].1);
    let matrix = Matrix::parse(&rendered[0].1).unwrap();
    assert_eq!(matrix.newest(&[]).unwrap().version.major, 2);
    assert_eq!(matrix.without_plugins().len(), 2);
    assert!(matrix.drops_plugins(&[3]) && !matrix.drops_plugins(&[2]));
    assert_eq!(follow(&mut after, &clone, &images).unwrap(), Vec::<String>::new());
}

#[test]
fn a_new_release_is_added_to_the_real_rows() {
    let Some(repository) = Repository::new() else { return };
    let tables = Tables::read(crate::root()).unwrap();
    let mut rows = tables.modules.last_key_value().unwrap().1.clone();
    let moved = rows
        .iter_mut()
        .find(|row| row.path == "github.com/gin-gonic/gin")
        .unwrap();
    moved.version = "v1.99.9".to_owned();
    let require: String = rows
        .iter()
        .map(|row| {
            let comment = if row.indirect { " // indirect" } else { "" };
            format!("require {} {}{comment}\n", row.path, row.version)
        })
        .collect();
    let replace: String = rows
        .iter()
        .filter_map(|row| row.replace.as_ref().map(|(path, version)| (row, path, version)))
        .map(|(row, path, version)| format!("replace {} => {path} {version}\n", row.path))
        .collect();
    let mut go_sum: String = tables
        .sums
        .iter()
        .map(|((m, v), (zip, go_mod))| format!("{m} {v} {zip}\n{m} {v}/go.mod {go_mod}\n"))
        .collect();
    go_sum.push_str(&lines(&["github.com/gin-gonic/gin v1.99.9"]));
    repository.release(&Era {
        tag: "v2.99.0",
        go: "1.26.1",
        alpine: "3.23",
        builder_linux: Some("golang:${GOLANG_VERSION}-bookworm"),
        go_mod: &format!("module github.com/krakend/krakend-ce/v2\n\ngo 1.26\n\n{require}{replace}"),
        go_sum: &go_sum,
    });

    let images = Images::builtin().unwrap();
    let mut after = tables.clone();
    let notes = follow(&mut after, &Clone(repository.0.path()), &images).unwrap();
    assert_eq!(notes, ["2.99.0: new, Go 1.26.1"]);
    assert_eq!(after.sums.len(), tables.sums.len() + 1);
    let (old, new) = (
        tables.render(crate::root()).unwrap(),
        after.render(crate::root()).unwrap(),
    );
    // The releases that load no plugins come last.
    let before = |text: &str| text.split("\n[[without_plugins]]").next().unwrap().to_owned();
    let added = |at: usize| {
        before(&new[at].1)
            .strip_prefix(before(&old[at].1).as_str())
            .unwrap_or_else(|| panic!("{}", new[at].0))
            .to_owned()
    };
    assert!(
        added(0).starts_with("\n[[release]]\nversion = \"2.99.0\"\n"),
        "{}",
        added(0)
    );
    assert_eq!(added(1), "\n[2.99.0]\n~ github.com/gin-gonic/gin v1.12.0 -> v1.99.9\n");
    assert_eq!(Matrix::parse(&new[0].1).unwrap().newest(&[]).unwrap().label(), "2.99.0");
}

#[test]
fn what_cannot_be_read_names_the_tag() {
    let Some(repository) = Repository::new() else { return };
    let good = Era {
        tag: "v2.20.0",
        go: "1.25.6",
        alpine: "3.23",
        builder_linux: None,
        go_mod: "module m\n\ngo 1.21\n\nrequire example.com/a v1.0.0\n",
        go_sum: &lines(&["example.com/a v1.0.0"]),
    };
    let bad_sum = good.go_sum.replace('A', "C");
    repository.release(&good);
    let images = Images::builtin().unwrap();
    for (tag, era, kind, want) in [
        (
            "v2.20.1",
            Era {
                tag: "v2.20.1",
                alpine: "3.99",
                ..good
            },
            ErrorKind::Usage,
            "no alpine row of `3.99`",
        ),
        (
            "v2.20.2",
            Era {
                tag: "v2.20.2",
                builder_linux: Some("golang:1-sid"),
                ..good
            },
            ErrorKind::Usage,
            "no debian row of `sid`",
        ),
        (
            "v2.20.3",
            Era {
                tag: "v2.20.3",
                go: "latest",
                ..good
            },
            ErrorKind::Usage,
            "`latest` is not a Go version",
        ),
        (
            "v2.20.4",
            Era {
                tag: "v2.20.4",
                go_sum: "",
                ..good
            },
            ErrorKind::Usage,
            "no line for example.com/a v1.0.0/go.mod",
        ),
        (
            "v2.20.5",
            Era {
                tag: "v2.20.5",
                go_sum: &bad_sum,
                ..good
            },
            ErrorKind::Incompatible,
            "other sums of example.com/a v1.0.0",
        ),
        (
            "v2.20.6",
            Era {
                tag: "v2.20.6",
                go_mod: "modul m\n",
                ..good
            },
            ErrorKind::Build,
            "go failed",
        ),
        (
            "v2.20.7",
            Era {
                tag: "v2.20.7",
                go_mod: "module m\n\nrequire example.com/a v1.0.0\n\nreplace example.com/a => ../a\n",
                ..good
            },
            ErrorKind::Usage,
            "replaced by the folder ../a",
        ),
    ] {
        repository.release(&era);
        let error = follow(&mut Tables::default(), &Clone(repository.0.path()), &images).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.message.starts_with(tag) && error.message.contains(want),
            "{error}"
        );
        repository.git(&["tag", "-d", tag]);
        repository.git(&["rm", "-q", "--cached", "--ignore-unmatch", "Dockerfile-builder-linux"]);
        let _ = fs::remove_file(repository.0.path().join("Dockerfile-builder-linux"));
    }
    let nowhere = repository.0.path().join("nowhere");
    let error = follow(&mut Tables::default(), &Clone(&nowhere), &images).unwrap_err();
    assert!(error.message.starts_with("git failed: "), "{error}");
}
