//! Tables of single cases.

use super::*;
use crate::binary::buildinfo;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, Release, modules};
use crate::modules::conflict::Impact;

pub(crate) fn row(text: &str) -> ModuleRow {
    modules::parse(text, "test".as_ref()).unwrap().remove(0)
}

pub(crate) fn module(path: &str, version: &str, packages: &[&str]) -> PluginModule {
    PluginModule {
        path: path.to_owned(),
        source: Source::published(path, version),
        replaced: false,
        go: None,
        packages: packages.iter().map(|p| (*p).to_owned()).collect(),
        chain: vec!["example.com/direct".to_owned(), path.to_owned()],
        required: false,
        uses: Vec::new(),
    }
}

pub(crate) fn plugin(modules: Vec<PluginModule>) -> PluginModules {
    PluginModules {
        module: "example.com/plugin".to_owned(),
        go: "1.20".parse().ok(),
        work: None,
        directives: Vec::new(),
        modules,
        build_list: BuildList::Whole,
        ambiguous: Vec::new(),
        language: None,
        c_code: false,
    }
}

pub(crate) fn binary(modules: &[&str], packages: &[&str]) -> GatewayModules {
    GatewayModules::from_binary(
        "gw".to_owned(),
        "1.25.6".parse().unwrap(),
        Some("example.com/gw/v2".to_owned()),
        modules.iter().map(|m| row(m)).collect(),
        packages.iter().map(|p| (*p).to_owned()).collect(),
    )
}

pub(crate) fn release(version: &str) -> Release {
    let matrix = Matrix::builtin().unwrap();
    matrix.release(version.parse().unwrap()).unwrap().clone()
}

/// `a: v1.1.0 -> v1.0.0 Version Down [a/x]`.
fn lines(conflicts: &[Conflict]) -> Vec<String> {
    let one = |c: &Conflict| {
        let impact = match &c.impact {
            Impact::InBoth { packages } => packages.join(" "),
            other => format!("{other:?}"),
        };
        let (have, want) = (c.have.relative_to(&c.module), c.want.relative_to(&c.module));
        format!(
            "{}: {have} -> {want} {:?} {:?} [{impact}]",
            c.module, c.cause, c.direction
        )
    };
    conflicts.iter().map(one).collect()
}

#[test]
fn each_cause_and_bearing() {
    let gateway = binary(
        &[
            "a v1.0.0",
            "b v1.0.0 => fork/b@v1.0.1",
            "c v0.0.0-20220427121238-a1358a81b559",
            "e v1.0.0",
            "i v2.0.0+incompatible",
            "example.com/plugin v0.1.0",
        ],
        &[
            "a",
            "a/x",
            "b",
            "c",
            "e/split",
            "i",
            "example.com/gw/v2",
            "example.com/plugin/shared",
        ],
    );
    let replaced = |path: &str, source: Source| PluginModule {
        source,
        replaced: true,
        ..module(path, "", &[path])
    };
    let folder = || Source::Folder("../x".to_owned());
    for (have, want) in [
        (module("a", "v1.0.0", &["a", "a/x"]), None),
        (
            module("a", "v1.1.0", &["a/x", "a/y"]),
            Some("a: v1.1.0 -> v1.0.0 Version Down [a/x]"),
        ),
        (
            module("a", "v0.9.0", &["a"]),
            Some("a: v0.9.0 -> v1.0.0 Version Up [a]"),
        ),
        (
            module("a", "v1.0.0-rc.1", &["a"]),
            Some("a: v1.0.0-rc.1 -> v1.0.0 Version Up [a]"),
        ),
        (
            module("a", "v1.1.0", &["a/y"]),
            Some("a: v1.1.0 -> v1.0.0 Version Down [NotInGateway]"),
        ),
        (
            module("a", "v1.1.0", &[]),
            Some("a: v1.1.0 -> v1.0.0 Version Down [NotInPlugin]"),
        ),
        (
            replaced("a", folder()),
            Some("a: the directory ../x -> v1.0.0 Replaced Aside [a]"),
        ),
        (replaced("a", Source::published("a", "v1.0.0")), None),
        (
            replaced("a", Source::published("z/a", "v1.0.0")),
            Some("a: z/a@v1.0.0 -> v1.0.0 Replaced Aside [a]"),
        ),
        (
            module("b", "v1.0.0", &["b"]),
            Some("b: v1.0.0 -> fork/b@v1.0.1 Replaced Aside [b]"),
        ),
        (replaced("b", Source::published("fork/b", "v1.0.1")), None),
        (
            module("c", "v0.0.0-20210101000000-0123456789ab", &["c"]),
            Some("c: v0.0.0-20210101000000-0123456789ab -> v0.0.0-20220427121238-a1358a81b559 Version Up [c]"),
        ),
        (
            module("i", "v2.1.0+incompatible", &["i"]),
            Some("i: v2.1.0+incompatible -> v2.0.0+incompatible Version Down [i]"),
        ),
        (
            module("e/split", "v1.0.0", &["e/split"]),
            Some("e/split: v1.0.0 -> e@v1.0.0 Moved Aside [e/split]"),
        ),
        (module("e/other", "v1.0.0", &["e/other"]), None),
        (module("free", "v1.0.0", &["free"]), None),
        (
            module("example.com/gw/v2", "v2.12.1", &["example.com/gw/v2"]),
            Some(
                "example.com/gw/v2: v2.12.1 -> the directory that the gateway was built in GatewaysOwn Aside [example.com/gw/v2]",
            ),
        ),
        (
            PluginModule {
                source: folder(),
                ..module(
                    "example.com/plugin",
                    "",
                    &["example.com/plugin/shared", "example.com/plugin/own"],
                )
            },
            Some("example.com/plugin: the directory ../x -> v0.1.0 PluginsOwn Aside [example.com/plugin/shared]"),
        ),
    ] {
        let found = conflicts(&plugin(vec![have.clone()]), &gateway);
        assert_eq!(lines(&found), want.into_iter().collect::<Vec<_>>(), "{have:?}");
        assert!(found.iter().all(|c| c.chain == have.chain));
    }
}

#[test]
fn folders_of_the_gateways_own_cannot_be_had() {
    let module_of = |path: &str, version: &str, replace: Option<(&str, &str)>| buildinfo::BuildModule {
        path: path.to_owned(),
        version: version.to_owned(),
        checksum: String::new(),
        replace: replace.map(|(path, version)| {
            Box::new(buildinfo::BuildModule {
                path: path.to_owned(),
                version: version.to_owned(),
                ..Default::default()
            })
        }),
    };
    let info = buildinfo::BuildInfo {
        deps: vec![
            module_of("a", "v1.0.0", Some(("./patched/a", ""))),
            module_of("b", "(devel)", None),
            module_of("c", "v1.0.0", Some(("fork/c", "v1.0.1"))),
        ],
        ..Default::default()
    };
    let go = "1.25.6".parse().unwrap();
    let packages = ["a", "b", "c"].map(str::to_owned).into();
    let gateway = GatewayModules::from_binary("gw".to_owned(), go, None, module_rows(&info), packages);
    let side = plugin(["a", "b", "c"].map(|path| module(path, "v1.0.0", &[path])).into());
    assert_eq!(
        lines(&conflicts(&side, &gateway)),
        [
            "a: v1.0.0 -> the directory ./patched/a GatewaysOwn Aside [a]",
            "b: v1.0.0 -> the directory b GatewaysOwn Aside [b]",
            "c: v1.0.0 -> fork/c@v1.0.1 Replaced Aside [c]",
        ]
    );
    let alignment = crate::modules::align::tests::align(&side, &gateway, &[]);
    assert_eq!(
        alignment.pins.iter().map(|pin| pin.path.as_str()).collect::<Vec<_>>(),
        ["c"]
    );
    assert_eq!(alignment.remaining.len(), 2);
}

#[test]
fn without_packages_a_linked_module_is_a_conflict() {
    let side = plugin(vec![
        module("github.com/gin-gonic/gin", "v1.9.0", &["github.com/gin-gonic/gin"]),
        module(
            "github.com/nats-io/nats-server/v2",
            "v2.0.0",
            &["github.com/nats-io/nats-server/v2"],
        ),
        module(
            "go.opentelemetry.io/otel/exporters/zipkin",
            "v1.0.0",
            &["go.opentelemetry.io/otel/exporters/zipkin"],
        ),
    ]);
    let linked_known = GatewayModules::from_release(&release("2.1.4")).unwrap();
    assert_eq!(linked_known.known(), Precision::Modules);
    let found = conflicts(&side, &linked_known);
    let real: Vec<_> = found
        .iter()
        .filter(|c| c.prevents_loading())
        .map(|c| c.module.as_str())
        .collect();
    assert_eq!(real, ["github.com/gin-gonic/gin"]);
    assert_eq!(
        found.len(),
        2,
        "nats-server differs, but the gateway links nothing of it"
    );

    let unknown = GatewayModules::from_release(&release("2.1.3")).unwrap();
    assert_eq!(unknown.known(), Precision::Requirements);
    assert_eq!(
        conflicts(&side, &unknown)
            .iter()
            .filter(|c| c.prevents_loading())
            .count(),
        2
    );
}

#[test]
fn a_plugin_with_a_releases_modules_fits_that_release() {
    let matrix = Matrix::builtin().unwrap();
    let gateways = GatewayModules::all_releases(&matrix).unwrap();
    assert_eq!(gateways.len(), 57);
    let of = |version: &str| {
        let gateway = gateways.iter().find(|g| g.label == version).unwrap();
        let module = |row: &ModuleRow| PluginModule {
            source: gateway.source(&row.path).unwrap(),
            replaced: row.replace.is_some(),
            ..module(&row.path, "", &[&row.path])
        };
        PluginModules {
            go: Some("1.17".parse().unwrap()),
            ..plugin(gateway.modules().map(module).collect())
        }
    };
    for version in ["2.0.0", "2.1.4", "2.12.1", "2.13.8"] {
        let table = compat(&of(version), &gateways, &Matrix::builtin().unwrap());
        assert_eq!(
            table.iter().map(|line| &line.gateway).collect::<Vec<_>>(),
            gateways.iter().map(|g| &g.label).collect::<Vec<_>>()
        );
        for line in table {
            let fits = line.fit == Fit::AsItIs;
            assert_eq!(
                fits,
                line.gateway == version,
                "{version} on {}: {:?}",
                line.gateway,
                line.fit
            );
        }
    }
    let moves = |fit: &Fit| match fit {
        Fit::Aligned { moves, go_line: false } => *moves,
        other => panic!("{other:?}"),
    };
    let table = compat(&of("2.13.7"), &gateways, &Matrix::builtin().unwrap());
    assert_eq!(table[55].fit, Fit::AsItIs, "2.13.7 has the modules of 2.13.6");
    assert_eq!(moves(&table[56].fit), 1, "2.13.8 moved one");
}

#[test]
fn a_newer_go_is_reported() {
    let gateway = |version: &str| GatewayModules::from_release(&release(version)).unwrap();
    let fit = |go: &str, module_go: Option<&str>, version: &str| {
        let mut free = module("example.com/free", "v1.0.0", &["example.com/free"]);
        free.go = module_go.map(|go| go.parse().unwrap());
        let side = PluginModules {
            go: go.parse().ok(),
            ..plugin(vec![free])
        };
        match compat(&side, &[gateway(version)], &Matrix::builtin().unwrap())
            .remove(0)
            .fit
        {
            Fit::NewerGo { need } => format!("{need}"),
            other => format!("{other:?}"),
        }
    };
    let direct = "through example.com/direct → example.com/free";
    let lacks = |go: &str| format!("example.com/free needs Go {go}: its go line requires it ({direct})");
    let lowered = "Aligned { moves: 0, go_line: true }".to_owned();
    let as_it_is = || "AsItIs".to_owned();
    // 2.12.1 is Go 1.25.6, 2.1.4 is Go 1.19.5.
    for (go, module_go, version, want) in [
        ("1.25.6", None, "2.12.1", as_it_is()),
        ("1.25.7", None, "2.12.1", lowered.clone()),
        // The go line is the plugin's own, and lowered in the copy: only the compiler can tell more.
        ("1.26", None, "2.12.1", lowered.clone()),
        ("1.25", Some("1.25.7"), "2.12.1", lacks("1.25.7")),
        ("1.25", Some("1.25.0"), "2.12.1", as_it_is()),
        ("1.19", Some("1.19"), "2.1.4", as_it_is()),
        // Before Go 1.21 a go line of two numbers was a hint.
        ("1.19", Some("1.21.0"), "2.1.4", as_it_is()),
        ("1.20", None, "2.1.4", as_it_is()),
        ("1.25.6", None, "2.1.4", lowered),
    ] {
        assert_eq!(fit(go, module_go, version), want, "{go} {module_go:?} {version}");
    }
}

#[test]
fn deps_say_who_decides() {
    let gateway = binary(&["a v1.0.0", "b v1.0.0", "e v1.0.0"], &["a", "b/x", "e/split"]);
    let side = plugin(vec![
        module("a", "v1.0.0", &["a"]),
        module("b", "v1.2.0", &["b/y"]),
        module("e/split", "v1.0.0", &["e/split"]),
        module("free", "v1.0.0", &["free"]),
        PluginModule {
            source: Source::Folder("/src".to_owned()),
            ..module("example.com/plugin", "", &[])
        },
    ]);
    let lines: Vec<String> = deps(&side, &gateway)
        .iter()
        .map(|d| format!("{} {:?} {}", d.module, d.owner, d.conflicts))
        .collect();
    assert_eq!(
        lines,
        [
            "a Shared false",
            "b Unlinked false",
            "e/split Shared true",
            "free Free false"
        ],
        "and the plugin itself is not a dependency"
    );
}

#[test]
fn an_upgrade_reports_what_moves() {
    let gateway = |version: &str| GatewayModules::from_release(&release(version)).unwrap();
    let all = upgrade(&gateway("2.13.7"), &gateway("2.13.8"), None);
    assert_eq!(
        (all.go.0.to_string(), all.go.1.to_string()),
        ("1.25.11".into(), "1.25.12".into())
    );
    assert_eq!(all.modules.len(), 1, "{all:?}");
    // 2.12.1 is known better than 2.13.0: modules that it does not link must not seem to become shared.
    let all = upgrade(&gateway("2.12.1"), &gateway("2.13.0"), None);
    assert_eq!(all.modules.len(), 12);
    let lura = "github.com/luraproject/lura/v2";
    let side = plugin(vec![
        module(lura, "v2.12.1", &[lura]),
        module("gopkg.in/yaml.v3", "v3.0.0", &[]),
    ]);
    let own = upgrade(&gateway("2.1.4"), &gateway("2.12.1"), Some(&side));
    let [change] = own.modules.as_slice() else {
        panic!("{own:?}")
    };
    let version = |s: &Option<Source>| s.as_ref().map(|s| s.relative_to(lura));
    assert_eq!(
        [version(&change.from), version(&change.to), version(&change.have)],
        [Some("v2.2.3".into()), Some("v2.12.1".into()), Some("v2.12.1".into())]
    );
    assert!(upgrade(&gateway("2.1.4"), &gateway("2.1.4"), None).modules.is_empty());
}

#[test]
fn compat_over_all_releases_is_quick() {
    let started = std::time::Instant::now();
    let matrix = Matrix::builtin().unwrap();
    let gateways = GatewayModules::all_releases(&matrix).unwrap();
    let modules = gateways[56]
        .modules()
        .map(|row| module(&row.path, "v0.0.1", &[&row.path]));
    let table = compat(&plugin(modules.collect()), &gateways, &Matrix::builtin().unwrap());
    assert_eq!(table.len(), 57);
    // The goal is 50 ms in a release build; this catches a change of its order of growth.
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

/// A release does not tell which packages a gateway links; but a module of it inside another has the packages there.
#[test]
fn a_module_that_was_split_is_known_by_release_too() {
    let matrix = Matrix::builtin().unwrap();
    let gateway = GatewayModules::from_release(matrix.release("2.12.1".parse().unwrap()).unwrap()).unwrap();
    let found = |packages: &[&str]| {
        let old = module("github.com/ugorji/go", "v1.1.4", packages);
        let conflicts = conflicts(&plugin(vec![old]), &gateway);
        conflicts
            .iter()
            .map(|conflict| format!("{conflict} {:?}", conflict.impact))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(&["github.com/ugorji/go/codec", "github.com/ugorji/go/msgpack"]),
        [
            "github.com/ugorji/go v1.1.4 → github.com/ugorji/go/codec@v1.2.12 InBoth { packages: [\"github.com/ugorji/go/codec\"] }"
        ]
    );
    assert!(found(&["github.com/ugorji/go/msgpack"]).is_empty());
}
