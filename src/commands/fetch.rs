//! `plugbuild fetch`: all that the network is needed for, ahead of a build.

use super::planned::planned;
use super::{Context, build};
use crate::cli::BuildArgs;
use crate::error::{Error, Result};

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    if cx.offline {
        return Err(Error::usage(
            "`plugbuild fetch` is for the network, and --offline forbids it",
        ));
    }
    let mut planned = planned(args, cx)?;
    for warning in &planned.plan.warnings {
        cx.ui.warn(warning);
    }
    // Listing what is compiled in, which comes with aligning, unpacks it.
    build::prepare(&mut planned, cx)?;
    for job in &planned.plan.jobs {
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
