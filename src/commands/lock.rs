//! `plugbuild lock`, and what `--locked` holds a build to.

use serde_json::json;

use crate::commands::args::{BuildArgs, PlanArgs};
use crate::commands::build::locked::Depth;
use crate::commands::build::locked::Pinned;
use crate::commands::build::locked::compare;
use crate::commands::build::locked::lockfile_path;
use crate::commands::build::locked::pinned;
use crate::commands::build::plan::plan_build;
use crate::commands::build::prepare::fetch_tools;
use crate::commands::output::{print_json, print_path};
use crate::project::lockfile::Lock;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::Format;

pub(crate) fn run(args: &PlanArgs, cx: Context) -> Result<()> {
    let args = BuildArgs::from(args);
    let (plan, _store) = fetch_tools(plan_build(&args, cx)?)?;
    let file = lockfile_path(&plan);
    let mut lock = Lock::read(&file)?;
    for change in compare(&mut lock, &plan, Depth::Content)? {
        cx.ui.verbose("locking", change);
    }
    let labels: Vec<&str> = plan.units.iter().map(|unit| unit.job.gateway.label.as_str()).collect();
    let tools: Vec<String> = pinned(&plan).iter().map(Pinned::to_string).collect();
    lock.keep(&labels, &tools, &plan.session.host.platform.to_string());
    let changed = lock.write(&file)?;
    cx.ui
        .status(if changed { "locked" } else { "unchanged" }, file.display());
    match cx.format {
        Format::Human => print_path(&file),
        Format::Json => print_json(&json!({ "reason": "locked", "file": file, "changed": changed })),
    }
    Ok(())
}
