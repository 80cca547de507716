//! `plugbuild env`: the environment and flags of a build, for a Makefile or an editor.

use std::collections::BTreeMap;

use crate::build::{go_command, overlay};
use crate::commands::args::{BuildArgs, PlanArgs};
use crate::commands::build::plan::planned;
use crate::commands::build::prepare;
use crate::commands::build::prepare::Seals;
use crate::commands::output::{print, print_json};
use crate::toolchain::state::State;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::process::quoted;
use crate::util::ui::Format;

pub(crate) fn run(args: &PlanArgs, cx: Context) -> Result<()> {
    let mut planned = planned(&BuildArgs::from(args), cx)?;
    if planned.tools.iter().all(|tools| tools.go.state == State::Ready) {
        prepare::align(&mut planned, Seals::Heed, cx)?;
    } else {
        cx.ui
            .warn("the modules are the plugin's own, not the gateway's, as long as the gateway's Go is not here");
    }
    for (job, tools) in planned.jobs() {
        // Whoever uses these calls the wrappers by name.
        for script in tools.scripts(job, &planned.matrix, &planned.store) {
            script.write(&planned.store)?;
        }
        if let Some(word) = tools.cc.not_asked(job, &planned.matrix) {
            cx.ui.warn(word);
        }
        for missing in tools.missing() {
            cx.ui.warn(format!("not here yet: {missing}"));
        }
        let go = go_command::invocation(job, tools, &planned.matrix, &planned.host, &planned.store);
        let overlay = overlay::flag(job, &go_command::linked_key(job), &planned.store).map(std::ffi::OsString::from);
        let flags: Vec<String> = go.args[1..]
            .iter()
            .take_while(|arg| *arg != "-o")
            // Only a build of ours writes what the registerers are held against.
            .filter(|arg| Some(arg.as_os_str()) != overlay.as_deref())
            .map(|arg| quoted(arg))
            .collect();
        let mut all: BTreeMap<String, String> = go
            .set
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()))
            .collect();
        all.remove("PWD");
        all.insert("PLUGBUILD_GO".to_owned(), go.program.to_string_lossy().into_owned());
        all.insert("PLUGBUILD_BUILD_FLAGS".to_owned(), flags.join(" "));
        match cx.format {
            Format::Json => print_json(&all),
            Format::Human => {
                print("unset GOROOT GOTOOLDIR");
                for (name, value) in &all {
                    print(format_args!("export {name}={}", quoted(value.as_ref())));
                }
            }
        }
    }
    Ok(())
}
