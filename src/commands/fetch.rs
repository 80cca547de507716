//! `plugbuild fetch`: all that the network is needed for, ahead of a build.

use crate::commands::args::FetchArgs;
use crate::commands::build;
use crate::commands::build::plan::{Planned, planned};
use crate::commands::build::prepare::Seals;
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
    let mut planned = planned(args, cx)?;
    build::provide(&mut planned, args, Seals::Ignore, cx)?;
    modules(&planned, |job| {
        let (label, target) = (&job.gateway.label, &job.target.value);
        cx.ui.status(
            "fetched",
            format!(
                "all to build {} for KrakenD {label} on {target}",
                job.plugin.module.path
            ),
        );
    })
}

/// Has the go command fetch and unpack the modules that the builds of a plan read; `done` is told of each.
pub(crate) fn modules(planned: &Planned, done: impl Fn(&Job)) -> Result<()> {
    for (job, tools) in planned.jobs() {
        go_list::fetch(job, &tools.go, planned.means())?;
        done(job);
    }
    Ok(())
}
