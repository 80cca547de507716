//! `--dry-run`: the exact commands that would run, and what would be fetched first.

use crate::build;
use crate::build::unit::{ReadyUnit, Unit};
use crate::commands::build::events::planned_event;
use crate::commands::build::plan::BuildPlan;
use crate::commands::build::prepare::{Caches, Reuse, overlay_of};
use crate::commands::output::{print, print_json, print_line};
use crate::modules::align::overlay::ModuleOverlay;
use crate::project::source::PluginSource;
use crate::toolchain::bundle::proxy;
use crate::toolchain::session::Session;
use crate::util::error::{ErrorKind, Result};
use crate::util::ui::Format;

/// Prints what would run. Everything the commands need is in the store afterwards, so that they can be pasted; nothing
/// is fetched for it.
pub(crate) fn run(plan: BuildPlan) -> Result<()> {
    let BuildPlan { session, units, .. } = plan;
    let (units, mut remarks) = prepare_offline(units, &session)?;
    if session.format == Format::Json {
        units.iter().for_each(|unit| print_json(&planned_event(unit)));
        return Ok(());
    }
    for remark in &remarks {
        print_line(format_args!("# {remark}"));
    }
    for ReadyUnit { job, toolchain, go, .. } in &units {
        for item in toolchain.missing().chain(toolchain.cc.not_asked(job, &session.matrix)) {
            if !remarks.contains(&item) {
                print_line(format_args!("# {item}"));
                remarks.push(item);
            }
        }
        print_line(format_args!(
            "# {} for {} on {}, then finished as {}",
            job.plugin.module.path,
            job.gateway.title(),
            job.target.value,
            job.output.display()
        ));
        print(go);
    }
    Ok(())
}

/// Prepares each unit as far as possible without the network, with a remark for each that could not be.
fn prepare_offline(units: Vec<Unit>, session: &Session) -> Result<(Vec<ReadyUnit>, Vec<String>)> {
    let (mut ready, mut remarks) = (Vec::new(), Vec::new());
    let mut caches = Caches::default();
    for unit in units {
        // What a build would refuse to read is refused here too.
        PluginSource::read(&unit.job.plugin.dir)?;
        let mut offline = unit.clone();
        proxy::offline_goproxy(&mut offline.job.env, true, &session.host, &session.store);
        let overlay = match overlay_of(&offline, Reuse::Saved, &mut caches, session) {
            Ok((overlay, _)) => overlay,
            Err(why) if matches!(why.kind, ErrorKind::Incompatible | ErrorKind::Interrupted) => return Err(why),
            Err(_) => {
                remarks.push(format!(
                    "{} for {}: the build will decide which modules to change, once everything it needs is fetched",
                    unit.job.plugin.module.path,
                    unit.job.gateway.title()
                ));
                ModuleOverlay::default()
            }
        };
        let unit = build::ready(unit, overlay, None, session);
        if unit.toolchain.missing().next().is_none() {
            match write_files(&unit, session) {
                // The command can be read anyway.
                Err(why) if why.kind == ErrorKind::Io => {
                    session.ui.warn(format!("{why}: the command cannot be pasted"))
                }
                written => written?,
            }
        }
        ready.push(unit);
    }
    remarks.dedup();
    Ok((ready, remarks))
}

/// Writes the files that the command names.
fn write_files(unit: &ReadyUnit, session: &Session) -> Result<()> {
    unit.toolchain.write_wrappers(&unit.job, session)?;
    build::assertions(unit, session)?;
    Ok(())
}
