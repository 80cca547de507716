//! What an older gateway's Go lacks: said of the go line, of the tag and of the module that asks for it, and mended by `fix`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::modules::align::run;
use crate::support::gateway::text;
use crate::support::go::Go;
use crate::support::{cache, plugbuild, root, skipped};

/// A release compiled with Go 1.20.
const OLD: &str = "2.4.1";

/// The example's handler with these files beside it, at a place that stays.
fn plugin(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let place = cache().join("lacks").join(name);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).unwrap();
    for file in ["plugin.go", "logger.go"] {
        fs::copy(root().join("examples/handler").join(file), place.join(file)).unwrap();
    }
    for (path, content) in files {
        let path = place.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    place
}

fn said(out: &Output) -> String {
    format!("{}{}", text(&out.stdout), text(&out.stderr))
}

fn check(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let out = run(&[&["check", "--gateway", OLD], more].concat(), folder);
    (out.status.code(), said(&out))
}

#[test]
fn fix_shortens_a_three_part_go_line() {
    let folder = plugin("three", &[("go.mod", "module example.com/three\n\ngo 1.25.6\n")]);
    let (code, before) = check(&folder, &[]);
    assert_eq!(code, Some(1), "{before}");
    assert!(before.contains("go line: 1.25.6, which Go 1.20.4 refuses"), "{before}");
    let out = run(&["fix", "--write", "--gateway", OLD], &folder);
    assert!(out.status.success(), "{}", said(&out));
    let fixed = fs::read_to_string(folder.join("go.mod")).unwrap();
    assert_eq!(fixed, "module example.com/three\n\ngo 1.20\n");
    assert_eq!(check(&folder, &[]).0, Some(0));
}

/// The newer Go that a user has says that nothing is left to tidy.
#[test]
fn fix_leaves_no_tidy_diff() {
    let go = match Go::fetch("1.25.6") {
        Ok(go) => go,
        Err(why) => return skipped("go mod tidy -diff", &why),
    };
    let words = "package main\n\nimport \"github.com/google/uuid\"\n\nvar Words = uuid.NewString()\n";
    for (name, module) in [
        ("plain", "go 1.25.6\n"),
        ("module", "go 1.23\n\nrequire github.com/google/uuid v1.4.0\n"),
    ] {
        let module = format!("module example.com/{name}\n\n{module}");
        let files = [("go.mod", &*module), ("words.go", words)];
        let uses = module.contains("require");
        let folder = plugin(&format!("tidy-{name}"), &files[..1 + usize::from(uses)]);
        for gateway in ["2.12.1", OLD] {
            let out = run(&["fix", "--write", "--gateway", gateway], &folder);
            assert!(out.status.success(), "{name}, {gateway}: {}", said(&out));
            let mut tidy = go.command();
            let out = tidy
                .current_dir(&folder)
                .args(["mod", "tidy", "-diff"])
                .output()
                .unwrap();
            assert!(out.status.success(), "{name}, {gateway}: {}", said(&out));
            assert_eq!(text(&out.stdout), "", "{name}, {gateway}");
        }
    }
}

#[test]
fn check_heeds_tags() {
    let guarded = "//go:build prod\n\npackage main\n\nimport \"slices\"\n\nvar Most = slices.Max([]int{1})\n";
    let folder = plugin(
        "tags",
        &[
            ("go.mod", "module example.com/tags\n\ngo 1.19\n"),
            ("guarded.go", guarded),
        ],
    );
    for (tags, code) in [
        (&[][..], 0),
        (&["--tags", "other"], 0),
        (&["--tags", "prod"], 1),
        (&["--tags", "other,prod"], 1),
    ] {
        let (got, said) = check(&folder, tags);
        assert_eq!(got, Some(code), "{tags:?}: {said}");
        let named = said.contains("example.com/tags needs Go 1.21: it imports slices");
        assert_eq!(named, code == 1, "{tags:?}: {said}");
    }
}

#[test]
fn import_chain_to_a_missing_package() {
    let folder = plugin(
        "chain",
        &[
            (
                "go.mod",
                "module example.com/chain\n\ngo 1.19\n\nrequire (\n\texample.com/a v0.0.0\n\texample.com/b v0.0.0 // indirect\n)\n\nreplace (\n\texample.com/a => ./a\n\texample.com/b => ./b\n)\n",
            ),
            (
                "use.go",
                "package main\n\nimport \"example.com/a\"\n\nvar Words = a.A()\n",
            ),
            (
                "a/go.mod",
                "module example.com/a\n\ngo 1.19\n\nrequire example.com/b v0.0.0\n",
            ),
            (
                "a/a.go",
                "package a\n\nimport \"example.com/b\"\n\nfunc A() int { return b.B() }\n",
            ),
            ("b/go.mod", "module example.com/b\n\ngo 1.19\n"),
            (
                "b/b.go",
                "package b\n\nimport \"slices\"\n\nfunc B() int { return slices.Max([]int{1}) }\n",
            ),
        ],
    );
    let chain = "example.com/b needs Go 1.21: it imports slices (through example.com/a → example.com/b)";
    let (code, told) = check(&folder, &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(chain), "{told}");
    let out = run(&["build", "-g", OLD, "-t", "amd64-glibc", "-o", "x.so"], &folder);
    let told = said(&out);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains(chain), "{told}");
    // Nothing was compiled to find that out.
    assert!(!told.contains("building") && !folder.join("x.so").exists(), "{told}");
}

/// The go line is what asks for the language of a later Go, not some module's version.
#[test]
fn language_error_of_an_old_go_names_the_go_line() {
    let count = "package main\n\nfunc Count() (n int) {\n\tfor i := range 3 {\n\t\tn += i\n\t}\n\treturn\n}\n";
    let folder = plugin(
        "language",
        &[
            ("go.mod", "module example.com/language\n\ngo 1.23\n"),
            ("count.go", count),
        ],
    );
    let go = match Go::fetch("1.20.4") {
        Ok(go) => go,
        Err(why) => return skipped("a language error on an old Go", &why),
    };
    let build = ["build", "-g", OLD, "-t", "amd64-glibc", "-o", "x.so"];
    let out = plugbuild(&build)
        .current_dir(&folder)
        .env("PLUGBUILD_GO", &go.root)
        .output()
        .unwrap();
    let told = said(&out);
    assert!(matches!(out.status.code(), Some(1 | 3)), "{told}");
    assert!(
        told.contains("the go line of example.com/language requires Go 1.23"),
        "{told}"
    );
    assert!(told.contains("compiled with Go 1.20.4"), "{told}");
    let before =
        "before Go 1.22 all rounds of a loop share its variables, and Go 1.20.4 is what KrakenD 2.4.1 is compiled with";
    assert!(told.contains(before), "{told}");
    assert!(!folder.join("x.so").exists());
}

/// A go line that is below the plugin's own language is not a gateway's fault: a newer one would refuse it as well.
#[test]
fn go_line_below_the_language_is_too_low() {
    let one = "package main\n\nfunc one[T any](t T) T { return t }\n\nvar One = one(1)\n";
    let folder = plugin(
        "too-low",
        &[("go.mod", "module example.com/low\n\ngo 1.17\n"), ("one.go", one)],
    );
    let go = match Go::fetch("1.25.6") {
        Ok(go) => go,
        Err(why) => return skipped("a go line below the language", &why),
    };
    let build = || {
        plugbuild(&["build", "-g", "2.12.1", "-t", "amd64-glibc", "-o", "x.so"])
            .current_dir(&folder)
            .env("PLUGBUILD_GO", &go.root)
            .output()
            .unwrap()
    };
    let out = build();
    let (told, at) = (said(&out), folder.display());
    assert_eq!(out.status.code(), Some(3), "{told}");
    let help = format!("but the go line of example.com/low is lower: `cd {at} && go mod edit -go=1.18`");
    assert!(told.contains(&help) && !told.contains("compat"), "{told}");
    // The cure that is named is one.
    let mut edit = go.command();
    let edited = edit.current_dir(&folder).args(["mod", "edit", "-go=1.18"]).output();
    assert!(edited.unwrap().status.success());
    let out = build();
    assert!(out.status.success(), "{}", said(&out));
}

/// What check compiles, to see whether the gateway's Go can, is not compiled again by the build.
#[test]
fn build_finds_what_check_compiled() {
    let go = match Go::fetch("1.20.4") {
        Ok(go) => go,
        Err(why) => return skipped("a build after a check", &why),
    };
    let looped = "package main\n\nimport \"example.com/shared/inner\"\n\nfunc Sum() (n int) {\n\tfor _, i := range inner.Words {\n\t\tn += len(i)\n\t}\n\treturn\n}\n";
    let folder = plugin(
        "shared",
        &[
            ("go.mod", "module example.com/shared\n\ngo 1.22\n"),
            ("looped.go", looped),
        ],
    );
    fs::create_dir(folder.join("inner")).unwrap();
    let asks = |args: &[&str]| {
        // Nobody has compiled this one before.
        let mut ask = plugbuild(args);
        let out = ask.current_dir(&folder).env("PLUGBUILD_GO", &go.root).output().unwrap();
        said(&out)
    };
    let compiles = |check_first: bool| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let words = format!("package inner\n\nvar Words = []string{{\"{}\"}}\n", now.as_nanos());
        fs::write(folder.join("inner/inner.go"), words).unwrap();
        if check_first {
            let told = asks(&["check", "--gateway", OLD]);
            assert!(told.contains("compiling"), "{told}");
        }
        let told = asks(&["build", "-g", OLD, "-o", "x.so", "--", "-x"]);
        assert!(folder.join("x.so").exists(), "{told}");
        told.lines()
            .filter(|line| line.contains("-p example.com/shared/inner "))
            .count()
    };
    assert_eq!(compiles(false), 1);
    assert_eq!(compiles(true), 0);
}
