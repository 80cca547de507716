//! What an alignment contains, case by case; that it leaves no conflict is tested in `check`.

use super::*;
use crate::matrix::{Matrix, Quirk, QuirkFacts};
use crate::modules::{self, BuildList, GatewayModules, PluginModule, go_line};
use crate::util::version::GoVersion;

/// Decides, and aligns by the decision.
pub(crate) fn align(plugin: &PluginModules, gateway: &GatewayModules, quirks: &[&Quirk]) -> Alignment {
    from_decision(plugin, gateway, modules::decide(plugin, gateway, quirks))
}

fn go(text: &str) -> GoVersion {
    text.parse().unwrap()
}

fn side(release: &str) -> (GatewayModules, Matrix) {
    let matrix = Matrix::builtin().unwrap();
    let row = matrix.release(release.parse().unwrap()).unwrap();
    (GatewayModules::from_release(row).unwrap(), matrix)
}

fn module(path: &str, source: Source) -> PluginModule {
    PluginModule {
        path: path.to_owned(),
        replaced: source != Source::published(path, "v1.0.0"),
        source,
        go: None,
        packages: vec![path.to_owned()],
        chain: vec![path.to_owned()],
        required: false,
        uses: Vec::new(),
    }
}

fn plugin(go: Option<GoVersion>, modules: Vec<PluginModule>) -> PluginModules {
    PluginModules {
        module: "example.com/plugin".to_owned(),
        go,
        work: None,
        directives: Vec::new(),
        modules,
        build_list: BuildList::Whole,
        ambiguous: Vec::new(),
        language: None,
        c_code: false,
    }
}

#[test]
fn go_lines() {
    for (have, gateway, want, loops) in [
        ("1.25.7", "1.25.6", Some("1.25.6"), false),
        ("1.26", "1.25.6", Some("1.25.6"), false),
        ("1.25", "1.25.6", None, false),
        ("1.25.6", "1.25.6", None, false),
        ("1.17", "1.25.6", None, false),
        ("1.23", "1.21.0", Some("1.21.0"), true),
        ("1.21.0", "1.20.4", Some("1.20"), false),
        ("1.22.0", "1.19.5", Some("1.19"), true),
        ("1.20.0", "1.20.4", Some("1.20"), false),
        ("1.18.0", "1.19.5", Some("1.18"), false),
        ("1.18", "1.19.5", None, false),
    ] {
        let change = go_line::change(Some(&go(have)), &go(gateway));
        assert_eq!(
            change.as_ref().map(|c| c.want.to_string()).as_deref(),
            want,
            "{have} on {gateway}"
        );
        assert_eq!(
            change.is_some_and(|c| c.loop_variables_change),
            loops,
            "{have} on {gateway}"
        );
    }
    assert_eq!(go_line::change(None, &go("1.19.5")), None);
}

#[test]
fn every_linked_module_is_pinned_with_its_sums() {
    let (gateway, _) = side("2.1.4");
    let empty = plugin(None, Vec::new());
    let alignment = align(&empty, &gateway, &[]);
    assert_eq!(
        alignment.pins.len(),
        235,
        "also what the plugin does not have: moving one module may bring it in"
    );
    assert!(
        alignment
            .pins
            .iter()
            .all(|pin| pin.path != "github.com/nats-io/nats-server/v2"),
        "not linked"
    );
    let sums: Vec<String> = alignment.sums(&Matrix::builtin().unwrap());
    let lines: usize = sums.iter().map(|text| text.lines().count()).sum();
    assert_eq!((sums.len(), lines), (235, 2 * 235));
    assert!(alignment.is_needless(), "nothing of it moves anything");
    let fork = alignment
        .pins
        .iter()
        .find(|pin| pin.path == "github.com/auth0-community/go-auth0")
        .unwrap();
    assert_eq!(
        (fork.to.as_str(), fork.version.as_str()),
        ("github.com/devopsfaith/go-auth0", "v0.0.0-20220422124632-a1358a81b559"),
        "upstream's own replace is mirrored"
    );
}

/// A proxy that does not serve a version to anybody says nothing about incompatible versions.
#[test]
fn a_module_that_cannot_be_had_is_not_blamed_on_its_version() {
    let (gateway, _) = side("2.12.1");
    let name = "github.com/gin-gonic/gin";
    let newer = plugin(None, vec![module(name, Source::published(name, "v1.10.1"))]);
    let alignment = align(&newer, &gateway, &[]);
    assert_eq!(alignment.moves.len(), 1);
    let helps = |error: fn(String) -> Error| {
        let said = format!("{name}@v1.9.1: words");
        alignment
            .explain_failure(error(said.clone()), &said, "2.12.1")
            .help
            .len()
    };
    assert_eq!(helps(Error::build), 2);
    assert_eq!(helps(Error::network), 0);
}

#[test]
fn a_replace_in_the_way_is_set_aside() {
    let (gateway, _) = side("2.1.4");
    let gin = "github.com/gin-gonic/gin";
    let fork = Source::published("example.com/fork/gin", "v1.8.2");
    for (source, asides) in [
        (fork.clone(), 1),
        (Source::Folder("../gin".to_owned()), 1),
        (gateway.source(gin).unwrap(), 0),
    ] {
        let alignment = align(&plugin(None, vec![module(gin, source.clone())]), &gateway, &[]);
        assert_eq!(alignment.set_aside.len(), asides, "{source}");
        assert_eq!(alignment.moves.len(), asides);
        assert!(
            alignment
                .set_aside
                .iter()
                .all(|a| a.replacement == source && a.pinned.relative_to(gin) == "v1.8.2")
        );
    }
    let free = module("example.com/mine", Source::Folder("../mine".to_owned()));
    let alignment = align(&plugin(None, vec![free]), &gateway, &[]);
    assert!(
        alignment.set_aside.is_empty(),
        "a replace of what the gateway has not stays"
    );
}

#[test]
fn directives_that_the_gateways_go_does_not_know_are_left_out() {
    for (release, want) in [
        ("2.1.4", &["toolchain", "godebug", "tool"][..]),
        ("2.8.0", &["godebug", "tool"]),
        ("2.9.3", &["tool"]),
        ("2.12.1", &[]),
    ] {
        let (gateway, matrix) = side(release);
        let quirks = matrix.quirks(&QuirkFacts::for_go(&gateway.go));
        let used = ["module", "go", "toolchain", "require", "tool", "godebug"];
        let plugin = PluginModules {
            directives: used.map(str::to_owned).to_vec(),
            ..plugin(None, Vec::new())
        };
        let alignment = align(&plugin, &gateway, &quirks);
        assert_eq!(alignment.drop, want, "{release}");
        assert_eq!(alignment.is_needless(), want.is_empty());
    }
}

#[test]
fn the_plugins_own_module_is_never_pinned() {
    let (gateway, _) = side("2.1.4");
    let gin = "github.com/gin-gonic/gin";
    let own = PluginModule {
        replaced: false,
        ..module(gin, Source::Folder("/src".to_owned()))
    };
    let alignment = align(&plugin(Some(go("1.19")), vec![own]), &gateway, &[]);
    assert!(alignment.pins.iter().all(|pin| pin.path != gin));
    assert_eq!(alignment.remaining.len(), 1);
    assert!(!alignment.is_needless());
}
