//! `plugbuild fetch`: fetches everything from the network that a build needs.

use crate::commands::args::FetchArgs;
use crate::commands::build::plan::plan_build;
use crate::commands::build::prepare::{ReadyBuild, Reuse, provide};
use crate::modules::go_list;
use crate::plan::Job;
use crate::util::context::Context;
use crate::util::error::{Error, Result};

pub(crate) fn run(args: &FetchArgs, cx: Context) -> Result<()> {
    if cx.offline {
        return Err(Error::usage(
            "`plugbuild fetch` is for the network, and --offline forbids it",
        )
        .help("leave --offline out (and PLUGBUILD_OFFLINE unset), or bring what is missing: `plugbuild bundle install FILE`"));
    }
    let args = &args.into();
    let ready = provide(plan_build(args, cx)?, args, Reuse::Nothing)?;
    modules(&ready, |job| {
        let (gateway, target) = (job.gateway.title(), &job.target.value);
        cx.ui.status(
            "fetched",
            format!("all to build {} for {gateway} on {target}", job.plugin.module.path),
        );
    })
}

/// Makes the go command fetch and unpack the modules that the builds of a plan read; calls `done` for each.
pub(crate) fn modules(ready: &ReadyBuild, done: impl Fn(&Job)) -> Result<()> {
    for unit in &ready.units {
        go_list::fetch(&unit.job, &unit.overlay, &unit.toolchain.go, &ready.session)?;
        done(&unit.job);
    }
    Ok(())
}
