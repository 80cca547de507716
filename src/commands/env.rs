//! `plugbuild env`: the environment and flags of a build, for a Makefile or an editor.

use std::collections::BTreeMap;

use crate::build;
use crate::build::overlay;
use crate::build::unit::ReadyUnit;
use crate::commands::args::{BuildArgs, PlanArgs};
use crate::commands::build::plan::{BuildPlan, plan_build};
use crate::commands::build::prepare::{Reuse, align_all};
use crate::commands::output::{print, print_json};
use crate::modules::align::overlay::ModuleOverlay;
use crate::toolchain::state::State;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::process::Invocation;
use crate::util::process::quoted;
use crate::util::ui::Format;

pub(crate) fn run(args: &PlanArgs, cx: Context) -> Result<()> {
    let plan = plan_build(&BuildArgs::from(args), cx)?;
    let (units, session) = if plan.units.iter().all(|unit| unit.toolchain.go.state == State::Ready) {
        let lock = plan.session.store.lock_shared()?;
        let ready = align_all(plan, Reuse::Saved, lock)?;
        (ready.units, ready.session)
    } else {
        cx.ui
            .warn("the modules are the plugin's own, not the gateway's, as long as the gateway's Go is not installed");
        let BuildPlan { session, units, .. } = plan;
        let bare = |unit| build::ready(unit, ModuleOverlay::default(), None, &session);
        (units.into_iter().map(bare).collect(), session)
    };
    for unit in &units {
        let ReadyUnit {
            job,
            toolchain,
            linked,
            go,
            ..
        } = unit;
        // Users of these variables call the wrappers by name.
        toolchain.write_wrappers(job, &session)?;
        if let Some(word) = toolchain.cc.not_asked(job, &session.matrix) {
            cx.ui.warn(word);
        }
        for missing in toolchain.missing() {
            cx.ui.warn(format!("not installed yet: {missing}"));
        }
        let overlay = overlay::flag(job, linked).map(std::ffi::OsString::from);
        let flags: Vec<String> = go.args[1..]
            .iter()
            .take_while(|arg| *arg != "-o")
            // Only our own builds write the assertions on the registerers.
            .filter(|arg| Some(arg.as_os_str()) != overlay.as_deref())
            .map(|arg| quoted(arg))
            .collect();
        print_variables(go, &flags, cx.format);
    }
    Ok(())
}

fn print_variables(go: &Invocation, flags: &[String], format: Format) {
    let mut all: BTreeMap<String, String> = go
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()))
        .collect();
    all.remove("PWD");
    all.insert("PLUGBUILD_GO".to_owned(), go.program.to_string_lossy().into_owned());
    all.insert("PLUGBUILD_BUILD_FLAGS".to_owned(), flags.join(" "));
    match format {
        Format::Json => print_json(&all),
        Format::Human => {
            print("unset GOROOT GOTOOLDIR");
            for (name, value) in &all {
                print(format_args!("export {name}={}", quoted(value.as_ref())));
            }
        }
    }
}
