//! Chooses the targets: as requested, else as the gateway is, each with its reason.

use crate::gateway::facts::Gateway;
use crate::plan::chosen::Chosen;
use crate::util::error::{Error, Result};
use crate::util::target::{Arch, Libc, LibcKind, Target};

/// The requested targets.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetSelection {
    pub archs: Vec<Arch>,
    pub libcs: Vec<Libc>,
    pub targets: Vec<Target>,
    pub all: bool,
    /// The settings file's targets and that file, used without targets on the command line.
    pub configured: Option<(Vec<Target>, String)>,
}

/// Chooses the targets, each once, glibc ones with their floor.
///
/// # Errors
/// A gateway given as a binary cannot load the target.
pub(crate) fn choose(wanted: &TargetSelection, gateway: &Gateway, host: Arch) -> Result<Vec<Chosen<Target>>> {
    let mut chosen = asked(wanted, gateway, host);
    for Chosen { value: target, .. } in &mut chosen {
        if target.libc.kind == LibcKind::Glibc && target.libc.floor.is_none() {
            let known = gateway
                .libc
                .filter(|libc| libc.kind == LibcKind::Glibc)
                .and_then(|libc| libc.floor);
            target.libc.floor = known.or(gateway.glibc_floor);
        }
    }
    let mut seen = Vec::new();
    chosen.retain(|c| {
        let new = !seen.contains(&c.value);
        seen.push(c.value);
        new
    });
    if let Some(arch) = gateway.arch
        && let Some(other) = chosen.iter().find(|c| c.value.arch != arch)
    {
        return Err(Error::usage(format!(
            "{} is an {arch} program and cannot load a plugin for {}",
            gateway.title(),
            other.value.arch
        ))
        .help(format!(
            "leave the architecture out, or give the {} gateway",
            other.value.arch
        )));
    }
    // A release exists for both kinds; a file is one of them.
    if let (Some(libc), true) = (gateway.libc, gateway.binary.is_some())
        && let Some(other) = chosen.iter().find(|c| c.value.libc.kind != libc.kind)
    {
        let kind = other.value.libc.kind;
        return Err(Error::usage(format!(
            "{} is for {} and cannot load a plugin for {kind}",
            gateway.title(),
            libc.kind
        ))
        .help(format!("leave the libc out, or give the {kind} gateway")));
    }
    Ok(chosen)
}

fn asked(wanted: &TargetSelection, gateway: &Gateway, host: Arch) -> Vec<Chosen<Target>> {
    if wanted.all {
        return Target::all().map(|t| Chosen::new(t, "--all-targets")).collect();
    }
    let mut chosen: Vec<_> = wanted.targets.iter().map(|t| Chosen::new(*t, "--target")).collect();
    let parts = !wanted.archs.is_empty() || !wanted.libcs.is_empty();
    if let (false, true, Some((targets, file))) = (parts, chosen.is_empty(), &wanted.configured) {
        return targets
            .iter()
            .map(|t| Chosen::new(*t, format!("targets of {file}")))
            .collect();
    }
    if parts || chosen.is_empty() {
        let archs = if wanted.archs.is_empty() {
            vec![default_arch(gateway, host)]
        } else {
            given(&wanted.archs, "--arch")
        };
        let libcs = if wanted.libcs.is_empty() {
            vec![default_libc(gateway)]
        } else {
            given(&wanted.libcs, "--libc")
        };
        for arch in &archs {
            for libc in &libcs {
                let target = Target {
                    arch: arch.value,
                    libc: libc.value,
                };
                chosen.push(Chosen::new(target, format!("{}; {}", arch.why, libc.why)));
            }
        }
    }
    chosen
}

fn given<T: Copy>(values: &[T], flag: &str) -> Vec<Chosen<T>> {
    values.iter().map(|v| Chosen::new(*v, flag)).collect()
}

fn default_arch(gateway: &Gateway, host: Arch) -> Chosen<Arch> {
    match gateway.arch {
        Some(arch) => Chosen::new(arch, format!("{arch} as the gateway")),
        None => Chosen::new(host, format!("{host} as this machine")),
    }
}

fn default_libc(gateway: &Gateway) -> Chosen<Libc> {
    match gateway.libc {
        Some(libc) => Chosen::new(libc, format!("{} as the gateway", libc.kind)),
        None => Chosen::new(
            Libc {
                kind: LibcKind::Musl,
                floor: None,
            },
            "musl as in the official image",
        ),
    }
}
