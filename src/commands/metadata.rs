//! `plugbuild metadata` and `plugbuild matrix`: the whole plan as data, for other tools and for CI.

use clap::Args;
use serde_json::{Value, json};

use crate::build;
use crate::build::unit::Unit;
use crate::commands::args::{BuildArgs, OutputArgs, PlanArgs};
use crate::commands::build::events::planned_event;
use crate::commands::build::plan::{BuildPlan, plan_build};
use crate::commands::output::print_data;
use crate::modules::align::overlay::ModuleOverlay;
use crate::project::workspace::Member;
use crate::toolchain::Toolchain;
use crate::toolchain::state::State;
use crate::util::context::Context;
use crate::util::error::Result;

#[derive(Debug, Clone, Args)]
pub struct MetadataArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub to: OutputArgs,
    /// The format of the document: 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1), required = true)]
    pub format_version: u32,
}

impl From<&MetadataArgs> for BuildArgs {
    fn from(args: &MetadataArgs) -> Self {
        BuildArgs {
            to: args.to.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}

pub(crate) fn metadata(args: &MetadataArgs, cx: Context) -> Result<()> {
    print_data(&document(plan_build(&args.into(), cx)?).to_string());
    Ok(())
}

/// The document of format version 1; docs/metadata.md guarantees its keys.
fn document(plan: BuildPlan) -> Value {
    let BuildPlan {
        session,
        members,
        units,
        ..
    } = plan;
    let (mut gateways, mut toolchains) = (Vec::new(), Vec::new());
    for Unit { job, toolchain, .. } in &units {
        add_new(&mut gateways, json!(job.gateway.description()));
        tools_of(toolchain).for_each(|tool| add_new(&mut toolchains, tool));
    }
    let jobs = units
        .into_iter()
        .map(|unit| planned_event(&build::ready(unit, ModuleOverlay::default(), None, &session)));
    json!({
        "schema_version": 1,
        "plugbuild": env!("CARGO_PKG_VERSION"),
        "host": session.host.platform.to_string(),
        "store": session.store.root(),
        "settings": session.settings.files().collect::<Vec<_>>(),
        "plugins": members.iter().map(described).collect::<Vec<_>>(),
        "gateways": gateways,
        "toolchains": toolchains,
        "jobs": jobs.collect::<Vec<_>>(),
    })
}

fn described(member: &Member) -> Value {
    let registers = member
        .registers
        .iter()
        .map(|(kind, name)| json!({ "name": name, "type": kind.map(|kind| kind.row().long_name()) }));
    json!({
        "name": member.name,
        "path": member.plugin.dir,
        "module": member.plugin.module.path,
        "import_path": member.plugin.import_path(),
        "registers": registers.collect::<Vec<_>>(),
    })
}

/// Its Go, and its zig if it has one.
fn tools_of(toolchain: &Toolchain) -> impl Iterator<Item = Value> {
    let Toolchain { go, cc, .. } = toolchain;
    let ready = |state| state == State::Ready;
    let zig = cc.zig.as_ref().map(|zig| {
        json!({ "name": "zig", "version": zig.version, "path": zig.program, "ready": ready(zig.state), "why": zig.why })
    });
    let go = json!({ "name": "go", "version": go.version, "path": go.root, "ready": ready(go.state), "why": go.why });
    std::iter::once(go).chain(zig)
}

fn add_new(list: &mut Vec<Value>, value: Value) {
    if !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::matrix::Ci;
    use crate::commands::matrix::render;

    #[test]
    fn the_matrix_is_written_as_each_ci_reads_it() {
        let row = |plugin: &str| {
            [
                ("plugin", plugin),
                ("gateway", "2.12.1"),
                ("target", "arm64-musl"),
                ("go", "1.25.6"),
            ]
            .map(|(k, v)| (k, v.to_owned()))
        };
        let rows = [row("auth"), row("limit")];
        let github: Value = serde_json::from_str(&render(&rows, Some(Ci::Github))).expect("JSON");
        assert_eq!(github["include"][1]["plugin"], "limit");
        assert!(
            !render(&rows, Some(Ci::Github)).contains('\n'),
            "an output of a step is one line"
        );
        assert_eq!(
            render(&rows[..1], Some(Ci::Gitlab)),
            ".plugbuild-matrix:\n  parallel:\n    matrix:\n      - PLUGBUILD_PLUGIN: \"auth\"\n        PLUGBUILD_GATEWAY: \"2.12.1\"\n        PLUGBUILD_TARGET: \"arm64-musl\"\n        PLUGBUILD_GO: \"1.25.6\""
        );
    }
}
