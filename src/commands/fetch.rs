//! `plugbuild fetch`: all that the network is needed for, ahead of a build.

use super::Context;
use super::build::{self, Planned};
use crate::align::{Means, Mode};
use crate::cli::BuildArgs;
use crate::error::{Error, Result};
use crate::{selection, toolchain};

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    if cx.offline {
        return Err(Error::usage(
            "`plugbuild fetch` is for the network, and --offline forbids it",
        ));
    }
    let Planned {
        matrix,
        mut plan,
        mut tools,
        store,
    } = build::planned(args, cx)?;
    for warning in &plan.warnings {
        cx.ui.warn(warning);
    }
    toolchain::ensure(&plan, &mut tools, &matrix, cx.host, &store, false, cx.ui)?;
    // Listing what is compiled in unpacks it.
    build::align_all(&mut plan, &tools, args.align, &matrix, &store, cx)?;
    for (job, tools) in plan.jobs.iter().zip(&tools) {
        if args.align == Mode::Never {
            let means = Means {
                matrix: &matrix,
                host: cx.host,
                store: &store,
            };
            selection::of(job, &tools.go, means)?;
        }
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
