//! From a plan to units that can be linked: fetches tools, checks the lockfile, finds modules.

use crate::build;
use crate::build::fingerprint;
use crate::build::fingerprint::GoSeen;
use crate::build::unit::{Fingerprint, ReadyUnit, Unit};
use crate::commands::args::BuildArgs;
use crate::commands::build::plan::BuildPlan;
use crate::commands::build::{events, locked};
use crate::modules::align;
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::gateway::GatewayModulesCache;
use crate::project::workspace::Member;
use crate::project::{import_path, trust};
use crate::toolchain::session::Session;
use crate::toolchain::store::SharedLock;
use crate::toolchain::{cc, gc};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::ui::Ui;

/// Whether the modules saved with the last build may be used instead of asking the go command again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    Saved,
    /// Everything is listed, because everything that a build reads must be available.
    Nothing,
}

/// Units that can be linked, with the plan they came from.
pub(crate) struct ReadyBuild {
    pub(crate) session: Session,
    pub(crate) members: Vec<Member>,
    pub(crate) units: Vec<ReadyUnit>,
    /// What could not be planned or prepared, with `--keep-going`.
    pub(crate) refused: Vec<(String, Error)>,
    /// Keeps others from removing what this run has made.
    _store: SharedLock,
}

impl ReadyBuild {
    /// The same, and prints again what was planned quietly.
    pub(crate) fn with_ui(self, ui: Ui) -> Self {
        ReadyBuild {
            session: Session { ui, ..self.session },
            ..self
        }
    }
}

/// Makes every tool of the plan available to run.
pub(crate) fn prepare(plan: BuildPlan, args: &BuildArgs, reuse: Reuse) -> Result<ReadyBuild> {
    let Session {
        settings, matrix, host, ..
    } = &plan.session;
    let needs_trust = |unit: &&Unit| cc::needs_trust(&unit.job, matrix, host);
    if let Some(unit) = plan.units.iter().find(needs_trust) {
        trust::require(settings, trust::CC, matrix, host)
            .map_err(|why| why.help(format!("or build {} with another compiler: `--cc zig`", unit.job.name)))?;
    }
    provide(plan.with_asked_compilers(), args, reuse)
}

/// Fetches every tool of the plan, holds it to the lockfile, finds the modules. Does not run a C compiler.
pub(crate) fn provide(plan: BuildPlan, args: &BuildArgs, reuse: Reuse) -> Result<ReadyBuild> {
    let (plan, lock) = fetch_tools(plan)?;
    locked::check(&plan, args)?;
    align_all(plan, reuse, lock)
}

/// Fetches every tool of the plan, which nobody sweeps while the lock is held, and reports what could not be planned.
pub(crate) fn fetch_tools(plan: BuildPlan) -> Result<(BuildPlan, SharedLock)> {
    for (title, why) in &plan.refused {
        plan.session.ui.failed(title, why);
    }
    gc::auto(&plan.session.store);
    let lock = plan.session.store.lock_shared()?;
    let plan = plan.with_tools()?;
    for unit in &plan.units {
        let go = &unit.toolchain.go;
        import_path::check(&unit.job.plugin, |path| go.has_package(path))?;
    }
    Ok((plan, lock))
}

/// Aligns each unit with its gateway's modules, if it would not load otherwise.
pub(crate) fn align_all(plan: BuildPlan, reuse: Reuse, lock: SharedLock) -> Result<ReadyBuild> {
    let BuildPlan {
        session,
        members,
        units,
        mut refused,
        keep_going,
    } = plan;
    let mut caches = Caches::default();
    let mut ready: Vec<ReadyUnit> = Vec::new();
    for unit in units {
        let title = events::title(&unit.job);
        match overlay_of(&unit, reuse, &mut caches, &session) {
            Ok((overlay, fingerprint)) => {
                let unit = build::ready(unit, overlay, fingerprint, &session);
                // Several targets of one gateway would repeat it.
                let same = |other: &ReadyUnit| {
                    other.job.plugin == unit.job.plugin
                        && other.job.gateway == unit.job.gateway
                        && other.overlay == unit.overlay
                };
                if !ready.iter().any(same) {
                    align::prepare::report(&unit.job, &unit.overlay, &session.ui);
                }
                ready.push(unit);
            }
            Err(why) if keep_going && why.kind != ErrorKind::Interrupted => {
                session.ui.failed(&title, &why);
                refused.push((title, why));
            }
            Err(why) => return Err(why),
        }
    }
    Ok(ReadyBuild {
        session,
        members,
        units: ready,
        refused,
        _store: lock,
    })
}

/// What is read once for all units: each gateway's modules, each Go's own files.
#[derive(Default)]
pub(crate) struct Caches {
    gateways: GatewayModulesCache,
    go: GoSeen,
}

/// The overlay that aligns a unit with its gateway's modules: as saved if nothing has changed since its last build,
/// otherwise by asking the go command.
pub(crate) fn overlay_of(
    unit: &Unit,
    reuse: Reuse,
    caches: &mut Caches,
    session: &Session,
) -> Result<(ModuleOverlay, Option<Fingerprint>)> {
    let loaded = match reuse {
        Reuse::Saved => fingerprint::load(unit, session, &mut caches.go),
        Reuse::Nothing => None,
    };
    let (fingerprint, saved) = loaded.map_or((None, None), |(fingerprint, saved)| (Some(fingerprint), saved));
    if let Some(overlay) = saved {
        return Ok((overlay, fingerprint));
    }
    let gateway = caches.gateways.get(&unit.job.gateway, &session.matrix)?;
    let overlay = align::prepare::prepare(&unit.job, gateway, &unit.toolchain.go, session)?;
    Ok((overlay, fingerprint))
}
