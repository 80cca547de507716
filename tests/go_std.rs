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

#[test]
fn the_rows_are_what_each_go_line_has() {
    let mut derived: BTreeMap<String, String> = BTreeMap::new();
    let mut before: Option<BTreeSet<String>> = None;
    let mut newest = String::new();
    for format in go_format::all() {
        let go = match Go::fetch(&format.proved.to_string()) {
            Ok(go) => go,
            Err(why) => return skipped("the_rows_are_what_each_go_line_has", &why),
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
