//! The standard packages of each Go line, asked of the Go lines themselves: the rows of toolchains/std.toml.

use std::collections::{BTreeMap, BTreeSet};

use plugbuild::binary::go_format;
use plugbuild::matrix::std_packages;

use crate::support::go::Go;
use crate::support::{say, skipped};

/// What a Go has that can be imported.
fn packages(go: &Go) -> BTreeSet<String> {
    let mut list = go.command();
    let settings = [
        ("GOENV", "off"),
        ("GOFLAGS", ""),
        ("GOOS", "linux"),
        ("GOARCH", "amd64"),
        ("CGO_ENABLED", "1"),
    ];
    let out = list.args(["list", "std"]).envs(settings).output().expect("go starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let all = String::from_utf8(out.stdout).unwrap();
    let internal = |path: &str| path.starts_with("vendor/") || path.split('/').any(|part| part == "internal");
    all.lines().filter(|path| !internal(path)).map(str::to_owned).collect()
}

/// What a Go makes of a plain dependency whose go line is newer than itself.
#[test]
fn newer_dependency_is_refused_by_the_rows() {
    let folder = crate::support::cache().join("newer-dependency");
    std::fs::create_dir_all(folder.join("lib")).unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
    write(
        "go.mod",
        "module example.com/p\n\ngo 1.17\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
    );
    write(
        "p.go",
        "package main\n\nimport _ \"example.com/lib\"\n\nfunc main() {}\n",
    );
    write("lib/lib.go", "package lib\n");
    let mut count = 0;
    for (version, arch) in [
        ("1.17.13", "amd64"),
        ("1.18.10", "amd64"),
        ("1.19.11", "amd64"),
        ("1.19.13", "amd64"),
        ("1.20.4", "amd64"),
        // Several releases have this one, and the proxies do not have it for amd64.
        ("1.20.10", "arm64"),
        ("1.20.14", "amd64"),
        ("1.21.13", "amd64"),
        ("1.24.9", "amd64"),
    ] {
        let go = match Go::fetch_for(version, arch) {
            Ok(go) => go,
            Err(why) => return skipped("newer_dependency_is_refused_by_the_rows", &why),
        };
        for line in [
            "1.17", "1.20", "1.21", "1.21.0", "1.21.14", "1.22", "1.22.3", "1.24.10", "1.25",
        ] {
            write("lib/go.mod", &format!("module example.com/lib\n\ngo {line}\n"));
            let mut build = if arch == "arm64" { go.emulated() } else { go.command() };
            let out = build
                .args(["build", "-mod=mod", "-o", "/dev/null", "example.com/lib"])
                .current_dir(&folder)
                .output()
                .expect("go starts");
            write(
                "go.mod",
                "module example.com/p\n\ngo 1.17\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
            );
            let refused = std_packages::refuses(&version.parse().unwrap(), &line.parse().unwrap());
            let said = String::from_utf8_lossy(&out.stderr);
            assert_eq!(!out.status.success(), refused, "Go {version}, go {line}: {said}");
            count += 1;
        }
    }
    say(&format!(
        "{count} pairs of a Go and a dependency's go line: the rows say which are refused"
    ));
}

#[test]
fn rows_match_each_go_line() {
    let mut derived: BTreeMap<String, String> = BTreeMap::new();
    let mut before: Option<BTreeSet<String>> = None;
    let mut newest = String::new();
    for format in go_format::all() {
        let go = match Go::fetch(&format.proved.to_string()) {
            Ok(go) => go,
            Err(why) => return skipped("rows_match_each_go_line", &why),
        };
        let now = packages(&go);
        if let Some(before) = &before {
            let gone: Vec<&String> = before.difference(&now).collect();
            assert!(
                gone.is_empty(),
                "Go {} lost {gone:?}: a table of what came does not tell",
                format.go
            );
            derived.extend(
                now.difference(before)
                    .map(|package| (package.clone(), format.go.to_string())),
            );
        }
        before = Some(now);
        newest = format.go.to_string();
    }
    let rows: BTreeMap<String, String> = std_packages::added()
        .iter()
        .map(|(package, since)| (package.clone(), since.to_string()))
        .collect();
    assert_eq!(rows, derived);
    say(&format!(
        "standard packages: {} came up to Go {newest}, as the rows say",
        rows.len()
    ));
}
