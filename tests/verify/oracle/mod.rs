//! Verdicts against the oracle: every plugin here is put to `verify` and to the real `plugin.Open` of every host.

pub(crate) mod workshop;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use plugbuild::binary::Binary;
use plugbuild::gateway::{Asked, GatewaySpec, identify};
use plugbuild::matrix::Matrix;
use plugbuild::util::host::Host;
use plugbuild::verify::finding::{Id, Stage};
use plugbuild::verify::gateway::LoadTarget;
use plugbuild::verify::plugin::PluginBinary;
use plugbuild::verify::{LoadOutcome, Verdict, judge};

use crate::support::{say, skipped};
use workshop::{After, BASE, Cc, Outcome, Tree, Variant, What, Workshop};

/// Ways to build hosts and plugins alike.
const BOTH: [Variant; 18] = [
    BASE,
    Variant {
        name: "go-patch",
        go: "1.25.3",
        ..BASE
    },
    Variant {
        name: "go-1.26",
        go: "1.26.3",
        ..BASE
    },
    Variant {
        name: "go-1.20",
        go: "1.20.14",
        ..BASE
    },
    Variant {
        name: "go-1.20-patch",
        go: "1.20.4",
        ..BASE
    },
    Variant {
        name: "go-1.19",
        go: "1.19.13",
        ..BASE
    },
    Variant {
        name: "go-1.17",
        go: "1.17.13",
        ..BASE
    },
    Variant {
        name: "leaf-up",
        leaf: "v1.1.0",
        ..BASE
    },
    Variant {
        name: "other-cache",
        tree: Tree::OtherCache,
        ..BASE
    },
    Variant {
        name: "replaced-module",
        tree: Tree::ReplacedByModule,
        ..BASE
    },
    Variant {
        name: "trimpath",
        args: &["-trimpath"],
        ..BASE
    },
    Variant {
        name: "tag-special",
        args: &["-tags=special"],
        ..BASE
    },
    Variant {
        name: "race",
        args: &["-race"],
        ..BASE
    },
    Variant {
        name: "pgo",
        pgo: true,
        ..BASE
    },
    Variant {
        name: "goamd64-v3",
        env: &[("GOAMD64", "v3")],
        ..BASE
    },
    Variant {
        name: "strip",
        after: After::Strip,
        ..BASE
    },
    Variant {
        name: "musl",
        cc: Cc::Musl,
        ..BASE
    },
    Variant {
        name: "arm64",
        cc: Cc::Arm64,
        ..BASE
    },
];

/// Plugins only.
const PLUGINS: [Variant; 21] = [
    Variant {
        name: "leaf-patch",
        leaf: "v1.0.1",
        ..BASE
    },
    Variant {
        name: "leaf-down",
        leaf: "v0.9.0",
        ..BASE
    },
    Variant {
        name: "mid-up",
        leaf: "v1.1.0",
        mid: "v1.1.0",
        ..BASE
    },
    Variant {
        name: "vendor",
        tree: Tree::Vendor,
        ..BASE
    },
    Variant {
        name: "replaced-folder",
        tree: Tree::ReplacedByFolder,
        ..BASE
    },
    Variant {
        name: "rules",
        tree: Tree::Rules,
        ..BASE
    },
    Variant {
        name: "rules-1.19",
        tree: Tree::Rules,
        go: "1.19.13",
        ..BASE
    },
    Variant {
        name: "rules-1.20",
        tree: Tree::Rules,
        go: "1.20.14",
        ..BASE
    },
    Variant {
        name: "tag-idle",
        args: &["-tags=idle"],
        ..BASE
    },
    Variant {
        name: "no-inline",
        args: &["-gcflags=all=-l"],
        ..BASE
    },
    Variant {
        name: "experiment",
        env: &[("GOEXPERIMENT", "synctest")],
        go: "1.25.6",
        ..BASE
    },
    Variant {
        name: "sw",
        args: &["-ldflags=-s -w"],
        ..BASE
    },
    Variant {
        name: "sw-1.19",
        args: &["-ldflags=-s -w"],
        go: "1.19.13",
        ..BASE
    },
    Variant {
        name: "newer-glibc",
        after: After::NewerGlibc,
        ..BASE
    },
    Variant {
        name: "unlinked",
        source: "unlinked.txt",
        leaf: "v1.1.0",
        ..BASE
    },
    Variant {
        name: "c",
        source: "c.txt",
        ..BASE
    },
    Variant {
        name: "c-musl",
        source: "c.txt",
        cc: Cc::Musl,
        ..BASE
    },
    Variant {
        name: "undefined",
        source: "undefined.txt",
        ..BASE
    },
    Variant {
        name: "own-path",
        module: "example.com/another",
        ..BASE
    },
    Variant {
        name: "unlinked-old",
        source: "unlinked.txt",
        module: "example.com/old",
        ..BASE
    },
    Variant {
        name: "trimpath-1.19",
        args: &["-trimpath"],
        go: "1.19.13",
        ..BASE
    },
];

/// Hosts only.
const HOSTS: [Variant; 1] = [Variant {
    name: "vendor-host",
    tree: Tree::Vendor,
    ..BASE
}];

/// What was built, by its name.
type Built = BTreeMap<&'static str, (Variant, PathBuf)>;

fn build<'v>(workshop: &Workshop, variants: impl Iterator<Item = &'v Variant>, what: What) -> Built {
    let mut built = Built::new();
    for variant in variants {
        match workshop.build(variant, what) {
            Ok(path) => _ = built.insert(variant.name, (*variant, path)),
            Err(why) => skipped(&format!("oracle: {what:?} {}", variant.name), &why),
        }
    }
    built
}

/// A host, for other tests.
pub(crate) fn base_host() -> Option<PathBuf> {
    Workshop::open().build(&BASE, What::Host).ok()
}

/// A plugin by the name of its difference, for other tests.
pub(crate) fn plugin(name: &str) -> Option<PathBuf> {
    let variant = BOTH.iter().chain(&PLUGINS).find(|variant| variant.name == name)?;
    Workshop::open().build(variant, What::Plugin).ok()
}

fn host() -> Host {
    let env = [("HOME", "/nonexistent"), ("PATH", "/usr/bin:/bin")];
    let env = env.map(|(k, v)| (OsString::from(k), OsString::from(v))).into();
    Host::new(env, PathBuf::from("/"), false).unwrap()
}

/// What plugbuild says of plugins in a row.
pub(crate) fn verdicts(gateway: &Path, plugins: &[PathBuf]) -> Vec<Verdict> {
    let matrix = Matrix::builtin().unwrap();
    let asked = Asked {
        gateway: Some(GatewaySpec::File(gateway.to_owned())),
        ..Asked::default()
    };
    let known = identify(&asked, &matrix, &host()).unwrap();
    let file = Binary::open(gateway).unwrap();
    let against = LoadTarget::file(&known, &file, None, "--gateway ./host".to_owned()).unwrap();
    let binaries: Vec<_> = plugins.iter().map(|path| Binary::open(path).unwrap()).collect();
    let plugins: Vec<_> = binaries
        .iter()
        .map(|binary| PluginBinary::read(binary).unwrap())
        .collect();
    judge(&plugins, &against)
}

pub(crate) fn agrees(verdict: &Verdict, outcome: &Outcome) -> bool {
    match verdict.opens() {
        LoadOutcome::WillLoad => *outcome == Outcome::Opened,
        LoadOutcome::WillNotLoad => *outcome != Outcome::Opened,
        LoadOutcome::CantTell => false,
    }
}

#[test]
fn verify_and_plugin_open_agree() {
    let workshop = Workshop::open();
    let hosts = build(&workshop, BOTH.iter().chain(&HOSTS), What::Host);
    let plugins = build(&workshop, BOTH.iter().chain(&PLUGINS), What::Plugin);
    let (mut pairs, mut opened, mut wrong) = (0, 0, Vec::new());
    for (host, (how, gateway)) in &hosts {
        for (plugin, (_, path)) in &plugins {
            let path = std::slice::from_ref(path);
            let outcome = workshop.open_all(gateway, how.cc, path).remove(0);
            pairs += 1;
            opened += usize::from(outcome == Outcome::Opened);
            let verdict = verdicts(gateway, path).remove(0);
            if !agrees(&verdict, &outcome) {
                wrong.push(format!(
                    "{plugin} in {host}: {outcome:?}, but {:?} {:?}",
                    verdict.answer, verdict.findings
                ));
            }
        }
    }
    say(&format!(
        "oracle: {pairs} pairs of {} hosts and {} plugins, {opened} opened, {} disagree",
        hosts.len(),
        plugins.len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let whole = hosts.len() + plugins.len() == BOTH.len() * 2 + HOSTS.len() + PLUGINS.len();
    assert!(!whole || pairs >= 200, "{pairs} pairs only");
    assert!(opened > 0);
}

/// What each plugin is told when it meets the base host: every cause, by its name.
const CAUSES: [(&str, &[Id]); 39] = [
    ("base", &[]),
    ("go-patch", &[Id::GoMismatch]),
    ("go-1.26", &[Id::GoMismatch]),
    ("go-1.20", &[Id::GoMismatch]),
    ("go-1.20-patch", &[Id::GoMismatch]),
    ("go-1.19", &[Id::GoMismatch]),
    ("go-1.17", &[Id::GoMismatch]),
    ("leaf-up", &[Id::ModuleMismatch]),
    ("other-cache", &[Id::BuildPathMismatch]),
    ("replaced-module", &[Id::ReplacedModule]),
    ("trimpath", &[Id::Trimpath]),
    ("tag-special", &[Id::SettingMismatch]),
    ("race", &[Id::SettingMismatch]),
    ("pgo", &[Id::SettingMismatch]),
    ("goamd64-v3", &[]),
    ("strip", &[]),
    ("musl", &[Id::LibcMismatch]),
    ("arm64", &[Id::MachineMismatch]),
    ("leaf-patch", &[Id::ModuleMismatch]),
    ("leaf-down", &[Id::ModuleMismatch]),
    ("mid-up", &[Id::ModuleMismatch, Id::ModuleMismatch]),
    ("vendor", &[Id::BuildPathMismatch]),
    ("replaced-folder", &[Id::ReplacedModule]),
    ("rules", &[]),
    ("rules-1.19", &[Id::GoMismatch]),
    ("rules-1.20", &[Id::GoMismatch]),
    ("tag-idle", &[]),
    ("no-inline", &[Id::SettingMismatch]),
    ("experiment", &[Id::SettingMismatch]),
    ("sw", &[]),
    ("sw-1.19", &[Id::GoMismatch]),
    ("newer-glibc", &[Id::LibcFloor]),
    ("unlinked", &[]),
    ("unlinked-old", &[]),
    ("c", &[]),
    ("c-musl", &[Id::LibcMismatch]),
    ("undefined", &[Id::MissingSymbol]),
    ("own-path", &[]),
    ("trimpath-1.19", &[Id::GoMismatch, Id::Trimpath]),
];

#[test]
fn every_difference_is_named() {
    let workshop = Workshop::open();
    let Ok(host) = workshop.build(&BASE, What::Host) else {
        return skipped("naming causes", "the host cannot be built here");
    };
    let plugins = build(&workshop, BOTH.iter().chain(&PLUGINS), What::Plugin);
    for (name, (_, path)) in &plugins {
        let verdict = verdicts(&host, std::slice::from_ref(path)).remove(0);
        let told = verdict.findings.iter().filter(|f| f.stage != Stage::Register);
        let ids: Vec<Id> = told.map(|finding| finding.id).collect();
        let want = CAUSES.iter().find(|(known, _)| known == name).map(|(_, ids)| *ids);
        assert_eq!(Some(ids.as_slice()), want, "{name}: {:#?}", verdict.findings);
        assert!(verdict.findings.iter().all(|finding| !finding.help.is_empty()));
    }
}

/// Plugins in a row: what one leaves in the process decides about the next.
#[test]
fn plugins_of_one_process() {
    let workshop = Workshop::open();
    let Ok(host) = workshop.build(&BASE, What::Host) else {
        return skipped("judging plugins together", "the host cannot be built here");
    };
    let plugins = build(&workshop, BOTH.iter().chain(&PLUGINS), What::Plugin);
    let rows: [&[&str]; 10] = [
        &["base", "own-path"],
        &["base", "rules"],
        &["leaf-up", "base"],
        &["leaf-up", "own-path", "base"],
        &["unlinked", "own-path"],
        &["unlinked-old", "unlinked"],
        &["unlinked", "unlinked-old"],
        &["other-cache", "own-path", "strip"],
        &["newer-glibc", "base"],
        &["musl", "own-path", "tag-idle"],
    ];
    let mut judged = 0;
    for row in rows {
        let Some(paths) = row
            .iter()
            .map(|name| Some(plugins.get(name)?.1.clone()))
            .collect::<Option<Vec<_>>>()
        else {
            skipped("judging plugins together", &format!("{row:?} cannot be built here"));
            continue;
        };
        let outcomes = workshop.open_all(&host, Cc::Gcc, &paths);
        for ((name, verdict), outcome) in row.iter().zip(verdicts(&host, &paths)).zip(&outcomes) {
            assert!(
                agrees(&verdict, outcome),
                "{name} of {row:?}: {outcome:?}, but {verdict:#?}"
            );
            judged += 1;
        }
    }
    say(&format!("oracle: {judged} plugins in {} rows agree", rows.len()));
    assert!(judged > 0);
}

#[test]
fn host_without_cgo_is_not_a_gateway() {
    let workshop = Workshop::open();
    let variant = Variant {
        name: "no-cgo",
        cc: Cc::None,
        ..BASE
    };
    let (host, plugin) = match (
        workshop.build(&variant, What::Host),
        workshop.build(&BASE, What::Plugin),
    ) {
        (Ok(host), Ok(plugin)) => (host, plugin),
        (Err(why), _) | (_, Err(why)) => return skipped("a host without cgo", &why),
    };
    assert_ne!(workshop.open_all(&host, Cc::None, &[plugin])[0], Outcome::Opened);
    let asked = Asked {
        gateway: Some(GatewaySpec::File(host)),
        ..Asked::default()
    };
    let error = identify(&asked, &Matrix::builtin().unwrap(), &self::host()).unwrap_err();
    assert!(error.message.contains("statically"), "{error}");
}
