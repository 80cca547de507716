//! TODO src/commands/build/prepare.rs

use crate::build::fingerprint::GoSeen;
use crate::build::{fingerprint, go_command};
use crate::commands::args::BuildArgs;
use crate::commands::build::plan::Planned;
use crate::commands::build::{events, provide};
use crate::modules::align as modules_align;
use crate::modules::align::{Means, ModuleOverlay};
use crate::modules::gateway::GatewayModulesCache;
use crate::plan::Job;
use crate::project::trust;
use crate::toolchain;
use crate::toolchain::Toolchain;
use crate::util::context::Context;
use crate::util::error::{Kind, Result};

/// Whether what a build was made of last time may stand for asking the go command again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seals {
    Heed,
    /// All that a build reads is to be had, whether or not one is needed.
    Ignore,
}

/// Has every tool of the plan at hand to be run.
pub(crate) fn prepare(planned: &mut Planned, args: &BuildArgs, seals: Seals, cx: Context) -> Result<()> {
    if let Some(job) = planned
        .plan
        .jobs
        .iter()
        .find(|job| trust::concerns(job, &planned.matrix, &planned.host))
    {
        trust::require(&planned.settings, trust::CC, &planned.matrix, &planned.host)
            .map_err(|why| why.help(format!("or build {} with another compiler: `--cc zig`", job.name)))?;
    }
    for tools in &mut planned.tools {
        tools.cc.ask(&planned.host);
    }
    provide(planned, args, seals, cx)
}

/// Has every tool of the plan at hand.
pub(crate) fn ensure(planned: &mut Planned, cx: Context) -> Result<()> {
    let Planned {
        plan,
        tools,
        matrix,
        host,
        store,
        offline,
        ..
    } = planned;
    toolchain::ensure(plan, tools, matrix, host, store, *offline, cx.ui)
}

/// Makes each job build against its gateway's modules, where it would not load otherwise.
pub(crate) fn align(planned: &mut Planned, seals: Seals, cx: Context) -> Result<()> {
    let (mut sides, mut seen) = (GatewayModulesCache::default(), GoSeen::default());
    let jobs = std::mem::take(&mut planned.plan.jobs);
    for (mut job, tools) in jobs.into_iter().zip(std::mem::take(&mut planned.tools)) {
        match prepared(&mut job, &tools, seals, (&mut sides, &mut seen), planned.means(), cx) {
            Ok(prepared) => job.prepared = prepared,
            Err(why) if planned.keep_going && why.kind != Kind::Interrupted => {
                cx.ui.failed(&events::title(&job), &why);
                planned.refused.push((events::title(&job), why));
                continue;
            }
            Err(why) => return Err(why),
        }
        // Of several targets of one gateway the same would be said.
        let like =
            |other: &Job| other.plugin == job.plugin && other.gateway == job.gateway && other.prepared == job.prepared;
        if !planned.plan.jobs.iter().any(like) {
            modules_align::tell(&job, cx.ui);
        }
        planned.plan.jobs.push(job);
        planned.tools.push(tools);
    }
    Ok(())
}

/// How a job is made to build against its gateway's modules: as its seal says if nothing has changed since it was last
/// built, else as the go command does.
pub(crate) fn prepared(
    job: &mut Job,
    tools: &Toolchain,
    seals: Seals,
    (sides, seen): (&mut GatewayModulesCache, &mut GoSeen),
    means: Means,
    cx: Context,
) -> Result<ModuleOverlay> {
    if seals == Seals::Heed
        && let Some(prepared) = sealed(job, tools, seen, means)
    {
        return Ok(prepared);
    }
    let side = sides.of(&job.gateway, means.matrix)?;
    modules_align::prepare(job, side, &tools.go, means, cx.ui)
}

pub(crate) fn sealed(job: &mut Job, tools: &Toolchain, seen: &mut GoSeen, means: Means) -> Option<ModuleOverlay> {
    let Means { matrix, host, store } = means;
    let go = go_command::invocation(job, tools, matrix, host, store);
    let linked = go_command::linked_file(job, store);
    let (sealing, prepared) = fingerprint::look(job, tools, &go, &linked, matrix, host, seen)?;
    job.seal = Some(sealing);
    prepared
}
