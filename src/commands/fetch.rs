//! `plugbuild fetch`: all that the network is needed for, ahead of a build.

use super::Context;
use super::build::{self, Seals};
use super::planned::planned;
use crate::align::Means;
use crate::cli::BuildArgs;
use crate::error::{Error, Result};
use crate::selection;

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    if cx.offline {
        return Err(Error::usage(
            "`plugbuild fetch` is for the network, and --offline forbids it",
        )
        .help("leave --offline out (and PLUGBUILD_OFFLINE unset), or bring what is missing: `plugbuild bundle install FILE`"));
    }
    let mut planned = planned(args, cx)?;
    for warning in &planned.plan.warnings {
        cx.ui.warn(warning);
    }
    build::prepare(&mut planned, args, Seals::Ignore, cx)?;
    let means = Means {
        matrix: &planned.matrix,
        host: &planned.host,
        store: &planned.store,
    };
    for (job, tools) in planned.plan.jobs.iter().zip(&planned.tools) {
        selection::fetch(job, &tools.go, means)?;
        let (label, target) = (&job.gateway.label, &job.target.value);
        cx.ui.status(
            "fetched",
            format!(
                "all to build {} for KrakenD {label} on {target}",
                job.plugin.module.path
            ),
        );
    }
    Ok(())
}
