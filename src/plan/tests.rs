//! Tests of the whole plan.

use std::sync::LazyLock;

use super::*;
use crate::plan::targets::{TargetSelection, choose};
use crate::project::plugin::LocalModule;
use crate::util::host::Os;
use crate::util::target::{Libc, LibcKind};

/// Parsed once: that is slow in a test build.
static MATRIX: LazyLock<Matrix> = LazyLock::new(|| Matrix::builtin().unwrap());

pub(crate) fn gateway(label: &str) -> Gateway {
    Gateway::from_release(MATRIX.release(label.parse().unwrap()).unwrap(), None, "test".to_owned())
}

pub(crate) fn plugin() -> Plugin {
    Plugin {
        dir: "/src/plugin".into(),
        module: module("example.com/plugin", "/src/plugin"),
        siblings: vec![],
        work: None,
        vendored: vec![],
        directives: Default::default(),
    }
}

pub(crate) fn module(path: &str, root: &str) -> LocalModule {
    LocalModule {
        path: path.to_owned(),
        root: root.into(),
        go: None,
    }
}

pub(crate) fn goenv() -> GoEnv {
    GoEnv {
        module_cache: "/home/me/go/pkg/mod".into(),
        flags: vec![],
        written: BTreeMap::new(),
        work: None,
    }
}

fn request() -> Request {
    Request {
        name: None,
        strip: false,
        force: false,
        align: Mode::Never,
        wanted: TargetSelection::default(),
        cc: Chosen::new(CcChoice::Auto, "default"),
        cc_of_project: false,
        cc_by_target: BTreeMap::new(),
        output: Output::Dir("/out".into()),
        go_args: vec![],
    }
}

fn plan(request: &Request, gateway: &Gateway, plugin: &Plugin, goenv: &GoEnv) -> Result<Plan> {
    let platform = Platform {
        os: Os::Linux,
        arch: Arch::Arm64,
    };
    let facts = Facts {
        goenv,
        matrix: &MATRIX,
        platform,
    };
    let linked = crate::modules::gateway::linked_modules(gateway, &MATRIX)?;
    make(request, gateway, &linked, plugin, facts)
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn targets_are_ordered_and_unique() {
    let libc = |text: &str| text.parse::<Libc>().unwrap();
    let shown = |wanted: &TargetSelection, gateway: &Gateway| -> Vec<String> {
        choose(wanted, gateway, Arch::Arm64)
            .unwrap()
            .into_iter()
            .map(|c| format!("{}: {}", c.value, c.why))
            .collect()
    };
    let release = gateway("2.12.1");
    assert_eq!(
        shown(&TargetSelection::default(), &release),
        ["aarch64-unknown-linux-musl: arm64 as this machine; musl as in the official image"]
    );
    let parts = TargetSelection {
        archs: vec![Arch::Amd64, Arch::Arm64, Arch::Amd64],
        libcs: vec![libc("glibc"), libc("glibc=2.36"), libc("musl")],
        ..TargetSelection::default()
    };
    assert_eq!(
        shown(&parts, &release)
            .iter()
            .map(|t| t.split(": ").next().unwrap())
            .collect::<Vec<_>>(),
        [
            "x86_64-unknown-linux-gnu.2.36",
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-gnu.2.36",
            "aarch64-unknown-linux-musl"
        ]
    );
    let all = TargetSelection {
        all: true,
        ..TargetSelection::default()
    };
    assert_eq!(shown(&all, &gateway("2.1.4")).len(), 4);
    let configured = TargetSelection {
        configured: Some((vec!["amd64-glibc".parse().unwrap()], "plugbuild.toml".to_owned())),
        ..TargetSelection::default()
    };
    assert_eq!(
        shown(&configured, &release),
        ["x86_64-unknown-linux-gnu.2.36: targets of plugbuild.toml"]
    );
    let typed = TargetSelection {
        archs: vec![Arch::Arm64],
        ..configured
    };
    assert_eq!(
        shown(&typed, &release),
        ["aarch64-unknown-linux-musl: --arch; musl as in the official image"]
    );
}

#[test]
fn known_gateway_decides_targets() {
    let glibc = Gateway {
        arch: Some(Arch::Amd64),
        libc: Some("glibc=2.28".parse().unwrap()),
        ..gateway("2.12.1")
    };
    let chosen = choose(&TargetSelection::default(), &glibc, Arch::Arm64).unwrap();
    assert_eq!(chosen[0].value.to_string(), "x86_64-unknown-linux-gnu.2.28");
    let other = TargetSelection {
        archs: vec![Arch::Arm64],
        ..TargetSelection::default()
    };
    assert_eq!(
        choose(&other, &glibc, Arch::Arm64).unwrap_err().kind,
        crate::util::error::ErrorKind::Usage
    );
}

#[test]
fn plan_for_every_release_and_target() {
    for row in MATRIX.releases() {
        let gateway = Gateway::from_release(row, None, "test".to_owned());
        let all = Request {
            wanted: TargetSelection {
                all: true,
                ..TargetSelection::default()
            },
            ..request()
        };
        let plan = plan(&all, &gateway, &plugin(), &goenv()).unwrap();
        assert_eq!(plan.jobs.len(), 4);
        for job in &plan.jobs {
            let (go, target) = (&gateway.go, &job.target.value);
            assert_eq!(job.flags.contains(&"-pgo=off".to_owned()), go.at_least(1, 21), "{go}");
            assert_eq!(
                job.flags.contains(&"-buildvcs=false".to_owned()),
                go.at_least(1, 18),
                "{go}"
            );
            assert!(!job.flags.iter().any(|flag| flag == "-trimpath"));
            assert_eq!(job.env["GOARCH"], target.arch.goarch());
            assert_eq!(
                (&job.env["CGO_ENABLED"], &job.env["GOENV"], &job.env["GOTOOLCHAIN"]),
                (&"1".into(), &"off".into(), &"local".into())
            );
            assert_eq!(
                target.libc.floor.is_some(),
                target.libc.kind == LibcKind::Glibc,
                "{target}"
            );
            assert!(job.output.starts_with("/out") && job.output.to_str().unwrap().contains(&gateway.label));
        }
    }
}

#[test]
fn plugin_for_a_trimmed_gateway_is_trimmed() {
    let mut trimmed = gateway("2.12.1");
    trimmed.settings = crate::gateway::facts::GatewaySettings {
        trimpath: true,
        tags: vec!["a".into(), "b".into()],
        goamd64: Some("v3".into()),
        ..Default::default()
    };
    let request = Request {
        wanted: TargetSelection {
            archs: vec![Arch::Amd64],
            ..TargetSelection::default()
        },
        go_args: vec!["-gcflags=-N".to_owned()],
        ..request()
    };
    let job = plan(&request, &trimmed, &plugin(), &goenv()).unwrap().jobs.remove(0);
    let own = ";/home/me/go/pkg/mod=>;/src/plugin=>example.com/plugin";
    let is_own = |flag: &String| flag.starts_with("-gcflags=-N -trimpath=") && flag.ends_with(own);
    assert!(job.flags.iter().any(is_own), "{:?}", job.flags);
    assert!(job.flags.contains(&"-trimpath".to_owned()) && job.flags.contains(&"-gcflags=std=".to_owned()));
    assert!(!job.rules.is_mapped("/home/me/"), "a directory is recorded");
    assert_eq!(job.env["GOAMD64"], "v3");
}

#[test]
fn go_line_compares_like_the_go_command() {
    // The line, the gateway, and the result: builds, builds with a warning, rejected.
    for (line, release, want) in [
        ("1.19", "2.1.4", Some(0)),
        ("1.20", "2.1.4", Some(1)),
        ("1.21", "2.1.4", Some(1)),
        ("1.21.0", "2.1.4", None),
        ("1.25.6", "2.12.1", Some(0)),
        ("1.25", "2.12.1", Some(0)),
        ("1.25.7", "2.12.1", None),
        ("1.26", "2.12.1", None),
        ("1.26rc1", "2.12.1", None),
    ] {
        let mut plugin = plugin();
        plugin.module.go = Some(line.parse().unwrap());
        let made = plan(&request(), &gateway(release), &plugin, &goenv());
        assert_eq!(
            made.as_ref().ok().map(|plan| plan.warnings.len()),
            want,
            "{line} {release}: {made:?}"
        );
    }
}

#[test]
fn compiler_for_one_target() {
    let request = Request {
        wanted: TargetSelection {
            all: true,
            ..TargetSelection::default()
        },
        cc_by_target: BTreeMap::from([("aarch64_unknown_linux_gnu".to_owned(), "my-gcc".into())]),
        ..request()
    };
    let plan = plan(&request, &gateway("2.12.1"), &plugin(), &goenv()).unwrap();
    let named: Vec<String> = plan
        .jobs
        .iter()
        .filter(|job| job.cc.value == CcChoice::Program("my-gcc".into()))
        .map(|job| job.target.value.short())
        .collect();
    assert_eq!(named, ["arm64-glibc"]);
}
