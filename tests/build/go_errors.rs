//! What real Go versions say of plugins that cannot be built: shown whole, and each understood.

use crate::support::case::{Case, MAIN_GO, Ran};
use crate::support::go::Go;
use crate::support::{cache, skipped};

/// Fails before anything is compiled, so that it is quick.
fn refused(go: &Go, files: &[(&str, &str)], env: &[(&str, &str)]) -> Ran {
    let case = files.iter().fold(Case::empty().zig(), |case, (name, text)| {
        case.file(&format!("work/{name}"), text)
    });
    let case = env.iter().fold(case, |case, (name, value)| case.env(name, *value));
    let case = case
        .env("PLUGBUILD_GO", &go.root)
        .env("GOCACHE", cache().join("gocache"))
        .env("GOPROXY", "off");
    case.run_args([
        "--go",
        &go.version,
        "-a",
        "amd64",
        "-l",
        "musl",
        "-q",
        "--align",
        "never",
    ])
}

/// `words` are the go command's, when it lists the modules or when it builds; `help` is plugbuild's.
#[track_caller]
fn told(ran: &Ran, words: &str, help: &str) {
    ran.exits(3);
    assert!(ran.stdout.is_empty(), "{}", ran.text());
    assert!(ran.stderr.contains("error: "), "{}", ran.text());
    assert!(ran.stderr.contains(words), "{words:?} in {}", ran.text());
    assert!(ran.stderr.contains(help), "{help:?} in {}", ran.text());
}

#[test]
fn go_errors_are_explained() {
    for version in ["1.19.13", "1.25.6"] {
        let go = match Go::fetch(version) {
            Ok(go) => go,
            Err(why) => {
                skipped(&format!("go_errors_are_explained with Go {version}"), &why);
                continue;
            }
        };
        let module = ("go.mod", "module example.com/handler\n\ngo 1.19\n");
        let ran = refused(&go, &[module, ("x.go", "package handler\n")], &[]);
        told(
            &ran,
            "requires exactly one main package",
            "help: give the directory with `package main`: [CWD] has none",
        );
        let ran = refused(&go, &[module, ("cmd/x.go", "package main\n")], &[]);
        told(
            &ran,
            "no Go files in [CWD]",
            "help: `package main` is in a directory below: `plugbuild [CWD]/cmd`",
        );
        let ran = refused(
            &go,
            &[
                module,
                (
                    "main.go",
                    "package main\n\nimport \"example.org/dep\"\n\nfunc main() {}\n",
                ),
            ],
            &[],
        );
        told(
            &ran,
            "cannot find module providing package example.org/dep",
            "help: go.mod requires no module that has it: `cd [CWD] && go mod tidy`",
        );
        let needs = (
            "go.mod",
            "module example.com/handler\n\ngo 1.19\n\nrequire example.org/dep v1.0.0\n",
        );
        let imports = (
            "main.go",
            "package main\n\nimport _ \"example.org/dep\"\n\nfunc main() {}\n",
        );
        let ran = refused(&go, &[needs, imports], &[]);
        told(
            &ran,
            "module lookup disabled by GOPROXY=off",
            "help: modules that are missing could not be fetched: check GOPROXY and the network",
        );
        let sums = (
            "go.sum",
            "example.org/dep v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nexample.org/dep v1.0.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        );
        let ran = refused(&go, &[needs, imports, sums], &[]);
        told(
            &ran,
            "module lookup disabled by GOPROXY=off",
            "help: modules that are missing could not be fetched: check GOPROXY and the network",
        );
        let ran = refused(&go, &[module, ("main.go", "package main\n\nimport \"fmt\n")], &[]);
        told(&ran, "main.go:3:8: ", "error: ");
        let ran = refused(
            &go,
            &[
                ("go.mod", "module example.com/handler\n\ngo 1.19\nrequire\n"),
                ("main.go", MAIN_GO),
            ],
            &[],
        );
        told(&ran, "go.mod:4: ", "error: ");
    }
}
