//! Tests of the rows and the queries.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::util::target::{Arch, LibcKind};

fn matrix() -> Matrix {
    Matrix::builtin().unwrap()
}

fn v(text: &str) -> GatewayVersion {
    text.parse().unwrap()
}

#[test]
fn releases_are_complete_sorted_and_sourced() {
    let matrix = matrix();
    let rows = matrix.releases();
    assert_eq!(rows.len(), 57);
    assert!(
        rows.is_sorted_by(|a, b| a.version < b.version),
        "oldest first, no doubles"
    );
    for row in rows {
        let at = row.label();
        assert!(row.source.ends_with(&format!("@ v{at}")), "{at}: {}", row.source);
        assert!(row.name.is_none() && row.musl.is_some() && row.alpine.is_some(), "{at}");
        assert!(
            row.main_module
                .as_deref()
                .is_some_and(|m| m.ends_with("/krakend-ce/v2")),
            "{at}"
        );
        assert_eq!(
            (row.module_cache.as_str(), row.main_root.as_str()),
            ("/go/pkg/mod", "/app"),
            "{at}"
        );
        let day = row.released.as_deref().unwrap();
        assert!(
            day.len() == 10 && day.is_ascii() && day.as_bytes()[4] == b'-',
            "{at}: {day}"
        );
        let floor = row.glibc.unwrap().to_string();
        let want = if row.generic_image.as_deref() == Some("bookworm") {
            "2.36"
        } else {
            "2.31"
        };
        assert_eq!(floor, want, "{at}");
    }
    let spot = |version: &str| {
        let row = matrix.release(v(version)).unwrap();
        (
            row.go.to_string(),
            row.musl.unwrap().to_string(),
            row.glibc.unwrap().to_string(),
        )
    };
    assert_eq!(spot("2.0.0"), ("1.17.8".into(), "1.2.2".into(), "2.31".into()));
    assert_eq!(spot("2.1.4"), ("1.19.5".into(), "1.2.3".into(), "2.31".into()));
    assert_eq!(spot("2.12.1"), ("1.25.6".into(), "1.2.5".into(), "2.36".into()));
    assert_eq!(spot("2.13.8"), ("1.25.12".into(), "1.2.5".into(), "2.36".into()));
}

#[test]
fn newest_release_of_a_prefix() {
    let matrix = matrix();
    for (prefix, want) in [
        (&[2, 1, 2][..], Some("2.1.2")),
        (&[2, 1], Some("2.1.4")),
        (&[2, 10], Some("2.10.2")),
        (&[2], Some("2.13.8")),
        (&[], Some("2.13.8")),
        (&[2, 99], None),
        (&[3], None),
        (&[2, 1, 4, 0], None),
    ] {
        assert_eq!(matrix.newest(prefix).map(Release::label).as_deref(), want, "{prefix:?}");
    }
}

#[test]
fn nearest_releases() {
    let matrix = matrix();
    for (asked, want) in [
        ("2.1.9", ["2.1.4", "2.1.3"]),
        ("2.4.7", ["2.4.6", "2.4.5"]),
        ("2.14.0", ["2.13.8", "2.13.7"]),
        ("3.0.0", ["2.13.8", "2.13.7"]),
        ("1.4.1", ["2.4.6", "2.4.5"]),
    ] {
        let near: Vec<_> = matrix.nearest(v(asked), 2).iter().map(|r| r.label()).collect();
        assert_eq!(near, want, "{asked}");
    }
    assert!(matrix.nearest(v("2.1.9"), 0).is_empty());
    assert_eq!(matrix.nearest(v("2.1.9"), 1000).len(), 57);
}

#[test]
fn targets_have_one_row_each() {
    let matrix = matrix();
    for target in Target::all() {
        let row = matrix.target(&target);
        assert_eq!(row.triple, target);
        assert_eq!(row.goarch, target.arch.goarch());
        assert_eq!(row.goamd64.is_some(), target.arch == Arch::Amd64);
        assert_eq!(row.goarm64.is_some(), target.arch == Arch::Arm64);
        assert!(!row.source.is_empty() && row.loader.starts_with("/lib") && !row.qemu.is_empty());
        assert!(row.gccs("darwin/arm64").count() >= 1, "{target}");
    }
    let musl = matrix.target(&"amd64-musl".parse().unwrap());
    assert_eq!(
        musl.gccs("linux/amd64").collect::<Vec<_>>(),
        ["x86_64-linux-musl-gcc", "musl-gcc"]
    );
    assert_eq!(musl.gccs("linux/arm64").collect::<Vec<_>>(), ["x86_64-linux-musl-gcc"]);
    let floor = "2.31".parse().ok();
    assert_eq!(musl.zig_target(floor), "x86_64-linux-musl");
    let glibc = matrix.target(&"arm64-glibc".parse().unwrap());
    assert_eq!(glibc.zig_target(floor), "aarch64-linux-gnu.2.31");
    assert_eq!(glibc.zig_target(None), "aarch64-linux-gnu");
}

#[test]
fn zig_is_pinned_for_every_host() {
    let matrix = matrix();
    let zig = matrix.zig();
    assert!(zig.is_known(&zig.version) && !zig.is_known("0.0.1"));
    for host in ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"] {
        let row = zig.host(host).unwrap();
        assert!(row.wheel.starts_with(&format!("ziglang-{}-", zig.version)), "{host}");
        assert!(
            row.wheel_sha256.len() == 64 && row.wheel_sha256.bytes().all(|b| b.is_ascii_hexdigit()),
            "{host}"
        );
        let url = zig.archive_url(row);
        assert!(
            url.ends_with(&format!("/{0}/zig-{1}-{0}.tar.xz", zig.version, row.key)),
            "{url}"
        );
    }
    assert!(zig.host("windows/amd64").is_none());
}

#[test]
fn quirks_are_sourced_and_unique() {
    let matrix = matrix();
    let names: BTreeSet<_> = matrix.all_quirks().iter().map(|q| &q.name).collect();
    assert_eq!(names.len(), matrix.all_quirks().len());
    for quirk in matrix.all_quirks() {
        assert!(!quirk.why.is_empty() && !quirk.source.is_empty(), "{}", quirk.name);
        let idle = Quirk {
            name: quirk.name.clone(),
            when: quirk.when.clone(),
            why: quirk.why.clone(),
            source: quirk.source.clone(),
            ..Quirk::default()
        };
        assert_ne!(*quirk, idle, "{} does nothing", quirk.name);
    }
}

#[test]
fn quirks_apply_under_their_conditions() {
    let matrix = matrix();
    let names = |go: &str, arch, cc, gold| -> Vec<String> {
        let go = go.parse().unwrap();
        let facts = QuirkFacts {
            go: &go,
            arch: Some(arch),
            libc: Some(LibcKind::Musl),
            cc: Some(cc),
            gold,
        };
        matrix.quirks(&facts).iter().map(|q| q.name.clone()).collect()
    };
    let always = ["goflags-blank"];
    let has = |got: &[String], want: &[&str], not: &[&str]| {
        for name in want.iter().chain(&always) {
            assert!(got.iter().any(|g| g == name), "{name} missing in {got:?}");
        }
        for name in not {
            assert!(got.iter().all(|g| g != name), "{name} in {got:?}");
        }
    };
    has(
        &names("1.17.13", Arch::Arm64, CcKind::Zig, Some(false)),
        &["arm64-gold-zig", "zig-no-ubsan", "no-toolchain-line"],
        &["pgo-off", "buildvcs-off", "toolchain-local", "arm64-gold-gcc"],
    );
    has(
        &names("1.19.5", Arch::Amd64, CcKind::Gcc, None),
        &["buildvcs-off"],
        &["pgo-off", "arm64-gold-gcc", "arm64-gold-zig", "zig-no-ubsan"],
    );
    has(
        &names("1.21rc2", Arch::Arm64, CcKind::Gcc, Some(false)),
        &["pgo-off", "toolchain-local", "arm64-gold-gcc", "no-godebug-line"],
        &["no-toolchain-line", "zig-no-ubsan"],
    );
    has(
        &names("1.25.6", Arch::Arm64, CcKind::Gcc, Some(true)),
        &["pgo-off"],
        &["arm64-gold-gcc", "no-ignore-line"],
    );
    has(
        &names("1.26.0", Arch::Arm64, CcKind::Zig, None),
        &["zig-no-ubsan"],
        &["arm64-gold-zig"],
    );
    let go = "1.25.6".parse().unwrap();
    let bare = matrix.quirks(&QuirkFacts::for_go(&go));
    assert!(
        bare.iter().all(|q| q.when.cc.is_none() && q.when.arch.is_none()),
        "what is unknown matches nothing"
    );
}

#[test]
fn custom_rows_add_and_replace() {
    let text = r#"
[[release]]
name = "acme-3.0"
version = "3.0.2"
go = "1.24.2"
libc = "glibc=2.28"
module_cache = "/build/mod"
main_root = "/src"
tags = ["enterprise"]
goamd64 = "v3"
modules = "acme/modules.txt"

[[release]]
version = "2.13.9"
go = "1.25.13"

[[release]]
version = "2.1.4"
go = "1.19.6"
"#;
    let own = with_rows(text, Path::new("/home/me/rows.toml")).unwrap();
    let acme = own.named("acme-3.0").unwrap();
    assert_eq!(
        (acme.module_cache.as_str(), acme.main_root.as_str()),
        ("/build/mod", "/src")
    );
    assert_eq!(acme.libc.unwrap().to_string(), "glibc=2.28");
    assert_eq!(acme.modules.as_deref(), Some(Path::new("/home/me/acme/modules.txt")));
    assert_eq!(acme.source, "/home/me/rows.toml");
    assert!(
        own.release(v("3.0.2")).is_none(),
        "a named gateway is not the release of its version"
    );
    assert_eq!(own.newest(&[]).unwrap().label(), "2.13.9");
    assert_eq!(own.newest(&[]).unwrap().module_cache, "/go/pkg/mod");
    assert_eq!(own.release(v("2.1.4")).unwrap().go.to_string(), "1.19.6");
    assert_eq!(own.releases().len(), 59);
    assert_eq!(
        own.releases().last().unwrap().label(),
        "acme-3.0",
        "own gateways come last"
    );
}

/// The rows of a file that holds nothing else.
fn with_rows(text: &str, origin: &Path) -> Result<Matrix> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        release: Vec<toml::Spanned<Release>>,
    }
    let file: File = rows::parse(text, origin)?;
    matrix().with_releases(file.release, text, origin)
}

#[test]
fn invalid_custom_rows_name_file_and_line() {
    let row = "[[release]]\nversion = \"2.1.4\"\ngo = \"1.19.5\"\n";
    for (text, want) in [
        (format!("{row}goo = 1\n"), "own.toml:4: unknown field `goo`"),
        (
            "\n[[release]]\nversion = \"2.1.4\"\n".into(),
            "own.toml:2: missing field `go`",
        ),
        (
            row.replace("1.19.5", "undefined"),
            "own.toml:3: `undefined` is not a Go version",
        ),
        (
            row.replace("2.1.4", "2.1"),
            "own.toml:2: `2.1` is not a gateway version",
        ),
        (
            format!("{row}{row}"),
            "own.toml:4: a second row for the gateway `2.1.4`",
        ),
        (
            format!("{row}name = \"2.1\"\n"),
            "own.toml:1: `2.1` cannot be the name of a gateway: it does not begin with a letter",
        ),
        (
            format!("{row}name = \"latest\"\n"),
            "own.toml:1: `latest` has a meaning",
        ),
        (
            format!("{row}main_root = \"app\"\n"),
            "own.toml:1: `main_root = \"app\"` is not an absolute path",
        ),
        (
            format!("{row}libc = \"uclibc\"\n"),
            "own.toml:4: no target has the libc",
        ),
        (
            row.replace("[[release]]", "[[releases]]"),
            "own.toml:1: unknown field `releases`",
        ),
        ("[[release]\n".into(), "own.toml:1: "),
    ] {
        let error = with_rows(&text, Path::new("own.toml")).unwrap_err();
        assert!(error.message.starts_with(want), "want {want}\nhave {}", error.message);
    }
    assert_eq!(with_rows("", Path::new("own.toml")).unwrap().releases().len(), 57);
}
