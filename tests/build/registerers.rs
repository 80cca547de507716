//! Wrong registerers: refused when they are compiled, in the plugin's own terms; a real gateway skips them without a word.

use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::gateway::registerer;
use plugbuild::gateway::registerer::Registerer;

use crate::support::gateway::{Gateway, Release, text};
use crate::support::plugbuild;

/// One way to get it wrong: the declarations of the registerer, and what must be said of them.
struct Wrong {
    name: &'static str,
    source: String,
    told: String,
}

/// A plugin of one type that would be right.
fn right(row: &Registerer) -> String {
    format!(
        "var {} = registerer(\"x\")\n\ntype registerer string\n\nfunc (registerer) {}(f {}) {{}}\n",
        row.symbol, row.method, row.params
    )
}

fn wrongs(row: &Registerer) -> Vec<Wrong> {
    let Registerer {
        symbol, method, params, ..
    } = row;
    let right = right(row);
    let lower = |name: &str| format!("{}{}", name[..1].to_lowercase(), &name[1..]);
    let wrong = |name, source: String, told: &str| Wrong {
        name,
        source,
        told: told.to_owned(),
    };
    let other = format!("its method {method} has other parameters or results");
    let itself = format!("{symbol} is itself a pointer or an interface");
    let declared = format!("var {symbol} = registerer(\"x\")");
    vec![
        wrong(
            "no method",
            right.replace(&format!(") {method}("), ") Setup("),
            &format!("it has no method {method}"),
        ),
        wrong(
            "a method that is not exported",
            right.replace(&format!(") {method}("), &format!(") {}(", lower(method))),
            &format!("it has {} in place of {method}", lower(method)),
        ),
        wrong("another parameter", right.replace("name string", "name []byte"), &other),
        wrong(
            "a parameter too many",
            right.replace(&format!("(f {params})"), &format!("(f {params}, n int)")),
            &other,
        ),
        wrong("a result", right.replace(") {}", ") error { return nil }"), &other),
        wrong(
            "a pointer",
            right.replace(&declared, &format!("var one = registerer(\"x\")\nvar {symbol} = &one")),
            &itself,
        ),
        wrong(
            "nil",
            right.replace(&declared, &format!("var {symbol} *registerer")),
            &itself,
        ),
        wrong(
            "an interface",
            right.replace(
                &declared,
                &format!("var {symbol} interface{{ {method}(f {params}) }} = registerer(\"x\")"),
            ),
            &itself,
        ),
        wrong(
            "a variable that is not exported",
            right.replace(symbol.as_str(), &lower(symbol)),
            &format!("{} is not {symbol}", lower(symbol)),
        ),
        wrong(
            "a variable of another name",
            right.replace(symbol.as_str(), "Plugin"),
            &format!("{method} exists, but the variable {symbol}"),
        ),
        wrong(
            "a function",
            right.replace(&declared, &format!("func {symbol}() registerer {{ return \"x\" }}")),
            &format!("{symbol} is a function"),
        ),
        wrong(
            "a logger of another type",
            format!("{right}\nfunc (registerer) RegisterLogger(l *int) {{}}\n"),
            "its method RegisterLogger has other parameters or results",
        ),
    ]
}

/// Writes the plugin's folder.
fn plugin(dir: &Path, row: &Registerer, source: &str) -> PathBuf {
    let folder = dir.join(row.kind.name());
    fs::create_dir_all(&folder).unwrap();
    let imports: String = row.imports.iter().map(|i| format!("import {i:?}\n")).collect();
    fs::write(
        folder.join("main.go"),
        format!("package main\n\n{imports}\n{source}\nfunc main() {{}}\n"),
    )
    .unwrap();
    fs::write(
        folder.join("go.mod"),
        format!("module example.com/{}\n\ngo 1.17\n", row.kind),
    )
    .unwrap();
    folder
}

fn build(folder: &Path, release: &Release, gateway: &Gateway, extra: &[&str]) -> (bool, String, PathBuf) {
    let spec = release.spec(gateway);
    let output = folder.join("plugin.so");
    let mut build = plugbuild(&["build", "--gateway", &spec, "--target", gateway.target, "--output"]);
    let out = build
        .arg(&output)
        .arg(folder)
        .args(extra)
        .output()
        .expect("plugbuild starts");
    (out.status.success(), text(&out.stderr), output)
}

/// What the go command links for the same build, before it is judged.
fn linked(folder: &Path, release: &Release, gateway: &Gateway, extra: &[&str]) -> PathBuf {
    let spec = release.spec(gateway);
    let mut plan = plugbuild(&["build", "--dry-run", "--message-format", "json", "--gateway", &spec]);
    let plan = plan.args(["--target", gateway.target, "--output"]);
    let out = plan.arg(folder.join("plugin.so")).arg(folder).args(extra).output();
    let out = out.expect("plugbuild starts");
    let planned: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let argv = planned["command"]["argv"].as_array().unwrap();
    let at = argv.iter().position(|arg| arg == "-o").unwrap();
    argv[at + 1].as_str().unwrap().into()
}

fn each_is_told(release: &Release) {
    let gateway = release.gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    for row in registerer::all() {
        let folder = plugin(dir.path(), row, &right(row));
        let (built, said, _) = build(&folder, release, &gateway, &[]);
        assert!(built, "a right {}: {said}", row.kind);
        for Wrong { name, source, told } in wrongs(row) {
            assert_ne!(source, right(row), "{name} of a {} is wrong", row.kind);
            plugin(dir.path(), row, &source);
            let (built, said, _) = build(&folder, release, &gateway, &[]);
            assert!(!built, "{name} of a {} is refused", row.kind);
            assert!(said.contains("error: main.go:"), "{name} of a {}: {said}", row.kind);
            assert!(
                said.contains(&told),
                "{name} of a {}: {told:?} is not in {said}",
                row.kind
            );
            assert!(said.contains(&format!("help: see {}", row.docs)), "{said}");
            assert!(
                !said.contains("/plugbuild/registerers.go"),
                "no file that the user does not have: {said}"
            );
        }
    }
}

#[test]
fn wrong_registerers_are_refused_for_2_1_4() {
    each_is_told(&Release::new("2.1.4", "1.19.5", "1.19.13"));
}

#[test]
fn wrong_registerers_are_refused_for_2_12_1() {
    each_is_told(&Release::new("2.12.1", "1.25.6", "1.25.6"));
}

/// What plugbuild refuses, the gateway opens and has no use for: with the assertions turned off each is built and opened.
#[test]
fn gateway_skips_wrong_registerers() {
    let release = Release::new("2.12.1", "1.25.6", "1.25.6");
    let gateway = release.gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    let off = dir.path().join("overlay.json");
    fs::write(&off, "{\"Replace\": {}}").unwrap();
    let off = format!("-overlay={}", off.display());
    // The Community edition's loaders know three of the types.
    for row in registerer::all().iter().filter(|row| !row.enterprise) {
        let mut files = Vec::new();
        for (number, wrong) in wrongs(row).into_iter().enumerate() {
            // A wrong logger is not called; the plugin works without.
            if wrong.name.contains("logger") {
                continue;
            }
            let folder = plugin(&dir.path().join(number.to_string()), row, &wrong.source);
            let (built, said, file) = build(&folder, &release, &gateway, &["--", &off]);
            // Without the variable there is nothing to look up; the check of the finished file says that too.
            if wrong.name.starts_with("a variable") {
                assert!(said.contains("exports none of"), "{}: {said}", wrong.name);
                continue;
            }
            // With them turned off it compiles, and the finished file is refused instead.
            assert!(
                !built && said.contains("error[wrong-registerer]"),
                "{}: {said}",
                wrong.name
            );
            assert!(!file.exists(), "{}", wrong.name);
            files.push((wrong.name, linked(&folder, &release, &gateway, &["--", &off])));
        }
        let paths: Vec<&Path> = files.iter().map(|(_, file)| file.as_path()).collect();
        for (opened, (name, _)) in gateway.open(&paths).iter().zip(&files) {
            assert!(opened.ok, "{name}: {}", opened.error);
            assert_eq!(opened.usable.get(&row.symbol), Some(&false), "{name} of a {}", row.kind);
        }
    }
}

/// A file that is compiled for this target or with these tags only is held to the same, one that is not to nothing.
#[test]
fn compile_assertions_name_their_place() {
    let release = Release::new("2.12.1", "1.25.6", "1.25.6");
    let gateway = release.gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    let row = registerer::PluginKind::Handler.row();
    let folder = plugin(dir.path(), row, "");
    let imports = "import \"context\"\nimport \"net/http\"\n";
    fs::write(folder.join("main.go"), "package main\n\nfunc main() {}\n").unwrap();
    let wrong = right(row).replace(&format!(") {}(", row.method), ") Setup(");
    let write = |file: &str, constraint: &str, package: &str, source: &str| {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{constraint}package {package}\n\n{imports}\n{source}")).unwrap();
    };
    write("a_windows.go", "", "main", "var HandlerRegisterer int\n");
    write("b_linux_amd64.go", "//go:build !own\n\n", "main", &right(row));
    write("c.go", "//go:build linux && own\n\n", "main", &wrong);
    let (built, said, _) = build(&folder, &release, &gateway, &[]);
    assert!(built, "{said}");
    let (built, said, _) = build(&folder, &release, &gateway, &["--", "-tags=own"]);
    assert!(!built, "{said}");
    assert!(
        said.contains("error: c.go:8: HandlerRegisterer is not what the gateway asserts: it has no method"),
        "{said}"
    );

    fs::remove_file(folder.join("b_linux_amd64.go")).unwrap();
    fs::remove_file(folder.join("c.go")).unwrap();
    write("internal/auth/auth.go", "", "auth", &right(row));
    let (built, said, _) = build(&folder, &release, &gateway, &[]);
    assert!(!built, "{said}");
    let place =
        "error: internal/auth/auth.go:6: HandlerRegisterer is in package auth: the gateway looks it up in package main";
    assert!(said.contains(place), "{said}");
    assert!(
        said.contains("var HandlerRegisterer = auth.HandlerRegisterer"),
        "{said}"
    );
}
