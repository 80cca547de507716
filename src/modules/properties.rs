//! Random modules checked against a simple oracle: package by package, as the gateway compares.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::matrix::Matrix;
use crate::modules::align;
use crate::modules::tests::{binary, module, plugin, row};

/// A small world of modules in which packages move from one module to another, as they really do.
struct World(fastrand::Rng);

const MODULES: [&str; 6] = ["m/a", "m/a/split", "m/b", "m/c", "m/d", "example.com/gw/v2"];
const VERSIONS: [&str; 4] = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"];

/// The packages of a module's source: the directory `split` of `m/a` became a module of its own with v1.2.0.
fn contents(module: &str, source: &Source) -> Vec<String> {
    let split_off = matches!(source, Source::Published { version, .. } if version.as_str() >= "v1.2.0");
    let mut packages = vec![module.to_owned(), format!("{module}/x")];
    if module == "m/a" && !split_off {
        packages.push("m/a/split".to_owned());
    }
    packages
}

impl World {
    fn source(&mut self, module: &str) -> Source {
        let version = VERSIONS[self.0.usize(..VERSIONS.len())];
        match self.0.u8(..8) {
            0 => Source::published(&format!("fork/{module}"), version),
            _ => Source::published(module, version),
        }
    }

    /// Modules, their sources and their linked packages; no package is in two of them.
    fn side(&mut self) -> BTreeMap<String, (Source, Vec<String>)> {
        let mut side = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for module in MODULES {
            if self.0.bool() {
                let source = self.source(module);
                let all = contents(module, &source);
                if all.iter().all(|package| taken.insert(package.clone())) {
                    let linked = all.into_iter().filter(|_| self.0.bool()).collect();
                    side.insert(module.to_owned(), (source, linked));
                }
            }
        }
        side
    }

    fn gateway(&mut self) -> GatewayModules {
        let mut side = self.side();
        side.remove("example.com/gw/v2");
        let packages: BTreeSet<String> = side.values().flat_map(|(_, packages)| packages.clone()).collect();
        let rows = side.iter().map(|(path, (source, _))| match source {
            Source::Published { path: to, version } if to == path => row(&format!("{path} {version}")),
            Source::Published { path: to, version } => row(&format!("{path} v1.0.0 => {to}@{version}")),
            Source::Folder(_) => unreachable!("no gateway has one"),
        });
        let mut gateway = binary(&[], &[]);
        let own = self.0.bool().then(|| "example.com/gw/v2".to_owned());
        let packages = packages.into_iter().chain(own).collect();
        gateway = GatewayModules::from_binary(gateway.label, gateway.go, gateway.main_module, rows.collect(), packages);
        gateway
    }

    fn plugin(&mut self) -> PluginModules {
        let modules = self.side().into_iter().map(|(path, (source, packages))| {
            let folder = self.0.u8(..8) == 0;
            let source = if folder {
                Source::Folder(format!("../{path}"))
            } else {
                source
            };
            PluginModule {
                replaced: source != Source::published(&path, "v1.0.0")
                    && !matches!(&source, Source::Published { path: p, .. } if *p == path),
                source,
                packages,
                ..module(&path, "", &[])
            }
        });
        plugin(modules.collect())
    }
}

/// Whether the gateway links this package from another source than the plugin.
fn refused(package: &str, module: &PluginModule, gateway: &GatewayModules) -> bool {
    let links = gateway.packages().unwrap().contains(package);
    let provider = MODULES
        .iter()
        .filter_map(|path| Some((*path, gateway.source(path)?)))
        .find(|(path, source)| contents(path, source).iter().any(|p| p == package));
    links && provider.is_none_or(|(_, source)| source != module.source)
}

#[test]
fn conflicts_are_what_a_gateway_would_refuse() {
    let mut world = World(fastrand::Rng::with_seed(21));
    let matrix = Matrix::builtin().unwrap();
    let mut seen = [0; 2];
    for round in 0..20_000 {
        let (plugin, gateway) = (world.plugin(), world.gateway());
        let real: BTreeSet<String> = conflicts(&plugin, &gateway)
            .into_iter()
            .filter(Conflict::prevents_loading)
            .map(|c| c.module)
            .collect();
        let oracle = plugin
            .modules
            .iter()
            .filter(|m| m.packages.iter().any(|p| refused(p, m, &gateway)))
            .map(|m| m.path.clone())
            .collect();
        assert_eq!(real, oracle, "round {round}: {plugin:#?} {gateway:#?}");
        seen[usize::from(real.is_empty())] += 1;
        for dep in deps(&plugin, &gateway) {
            assert_eq!(dep.conflicts, real.contains(&dep.module), "round {round}");
            assert!(!dep.conflicts || dep.owner == VersionOwner::Shared);
        }
        let fits = matches!(
            compat(&plugin, std::slice::from_ref(&gateway), &matrix)[0].fit,
            Fit::AsItIs
        );
        assert_eq!(fits, real.is_empty(), "round {round}");
    }
    assert!(seen.iter().all(|&n| n > 2_000), "both outcomes are tried: {seen:?}");
}

/// What the go command does with an empty stand-in: the packages come from the module that has them.
fn emptied_into_their_providers(plugin: &mut PluginModules, emptied: &str, gateway: &GatewayModules) {
    let module = plugin.modules.iter_mut().find(|m| m.path == emptied).unwrap();
    module.source = Source::Folder("empty".to_owned());
    for package in std::mem::take(&mut module.packages) {
        let Some(row) = gateway.provider(&package) else {
            continue;
        };
        let (path, source) = (row.path.clone(), Source::from_row(row));
        match plugin.modules.iter_mut().find(|m| m.path == path) {
            Some(provider) => provider.packages.push(package),
            None => plugin.modules.push(PluginModule {
                source,
                ..self::module(&path, "v1.0.0", &[&package])
            }),
        }
    }
}

#[test]
fn what_is_aligned_does_not_conflict() {
    let mut world = World(fastrand::Rng::with_seed(4));
    let mut moved = 0;
    for round in 0..20_000 {
        let (before, gateway) = (world.plugin(), world.gateway());
        let alignment = align::tests::align(&before, &gateway, &[]);
        let mut after = before.clone();
        for module in &mut after.modules {
            if let Some(pin) = alignment.pins.iter().find(|pin| pin.path == module.path) {
                module.source = Source::published(&pin.to, &pin.version);
            }
        }
        for emptied in &alignment.emptied {
            emptied_into_their_providers(&mut after, emptied, &gateway);
        }
        let left: Vec<Conflict> = conflicts(&after, &gateway)
            .into_iter()
            .filter(Conflict::prevents_loading)
            .collect();
        assert_eq!(left, alignment.remaining, "round {round}");
        assert!(left.iter().all(|c| !c.can_align()), "round {round}");
        assert_eq!(
            alignment.is_needless(),
            conflicts(&before, &gateway).iter().all(|c| !c.prevents_loading()),
            "round {round}"
        );
        moved += alignment.moves.len();
        let again = align::tests::align(&after, &gateway, &[]);
        assert!(again.moves.is_empty(), "round {round}: aligning twice is aligning once");
    }
    assert!(moved > 5_000, "{moved}");
}
