//! `--dry-run`: the very commands that would be run, and what would be fetched first.

use crate::build;
use crate::build::fingerprint::GoSeen;
use crate::build::go_command;
use crate::commands::build::events::planned_event;
use crate::commands::build::plan::Planned;
use crate::commands::build::prepare::{Seals, prepared};
use crate::commands::output::{print, print_json, print_line};
use crate::modules::align::Means;
use crate::modules::gateway::GatewayModulesCache;
use crate::plan::Job;
use crate::project::source::Source;
use crate::toolchain::Toolchain;
use crate::toolchain::bundle::proxy;
use crate::util::context::Context;
use crate::util::error::{Kind, Result};
use crate::util::ui::Format;

/// Prepares each job as far as that goes without the network. Returns a remark for each that could not be.
fn rehearse(planned: &mut Planned, cx: Context) -> Result<Vec<String>> {
    let mut jobs = std::mem::take(&mut planned.plan.jobs);
    let means = planned.means();
    let mut remarks = Vec::new();
    let (mut sides, mut seen) = (GatewayModulesCache::default(), GoSeen::default());
    for (job, tools) in jobs.iter_mut().zip(&planned.tools) {
        // What a build would refuse to read is refused here too.
        Source::read(&job.plugin.dir)?;
        let mut offline = job.clone();
        proxy::without_network(&mut offline.env, true, means.host, means.store);
        match prepared(&mut offline, tools, Seals::Heed, (&mut sides, &mut seen), means, cx) {
            Ok(prepared) => job.prepared = prepared,
            Err(why) if matches!(why.kind, Kind::Incompatible | Kind::Interrupted) => return Err(why),
            Err(_) => remarks.push(format!(
                "{} for KrakenD {}: which modules must be moved is found by the build, when all it needs is here",
                job.plugin.module.path, job.gateway.label
            )),
        }
        if tools.missing().next().is_none() {
            match lay_out(job, tools, means) {
                // It can be read all the same.
                Err(why) if why.kind == Kind::Io => cx.ui.warn(format!("{why}: the command cannot be pasted")),
                laid_out => laid_out?,
            }
        }
    }
    planned.plan.jobs = jobs;
    remarks.dedup();
    Ok(remarks)
}

/// Writes the files that the command names.
fn lay_out(job: &Job, tools: &Toolchain, means: Means) -> Result<()> {
    let Means { matrix, host, store } = means;
    for script in tools.scripts(job, matrix, store) {
        script.write(store)?;
    }
    let go = go_command::invocation(job, tools, matrix, host, store);
    build::assertions(job, &go, host, store)?;
    Ok(())
}

/// Prints what would be run. All that the command needs lies in the store afterwards, so that it can be pasted; nothing is
/// fetched for it.
pub(crate) fn run(planned: &mut Planned, cx: Context) -> Result<()> {
    let mut told = rehearse(planned, cx)?;
    if cx.format == Format::Human {
        told.iter().for_each(|remark| print_line(format_args!("# {remark}")));
    }
    for (job, tools) in planned.jobs() {
        let go = go_command::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        if cx.format == Format::Json {
            print_json(&planned_event(job, tools, planned));
            continue;
        }
        for item in tools.missing().chain(tools.cc.not_asked(job, &planned.matrix)) {
            if !told.contains(&item) {
                print_line(format_args!("# {item}"));
                told.push(item);
            }
        }
        print_line(format_args!(
            "# {} for KrakenD {} on {}, then finished as {}",
            job.plugin.module.path,
            job.gateway.label,
            job.target.value,
            job.output.display()
        ));
        print(&go);
    }
    Ok(())
}
