//! `plugbuild lock`, and what `--locked` holds a build to.

use serde_json::json;

use crate::commands::args::{BuildArgs, PlanArgs};
use crate::commands::build::locked::{Depth, Pinned, compare, pinned, place};
use crate::commands::build::plan::planned;
use crate::commands::build::prepare::Seals;
use crate::commands::build::provide;
use crate::commands::output::{print_json, print_path};
use crate::project::lockfile::Lock;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::Format;

pub(crate) fn run(args: &PlanArgs, cx: Context) -> Result<()> {
    let args = BuildArgs::from(args);
    let mut planned = planned(&args, cx)?;
    provide(&mut planned, &args, Seals::Heed, cx)?;
    let file = place(&planned);
    let mut lock = Lock::read(&file)?;
    for change in compare(&mut lock, &planned, Depth::Content)? {
        cx.ui.detail("locking", change);
    }
    let labels: Vec<&str> = planned.plan.jobs.iter().map(|job| job.gateway.label.as_str()).collect();
    let tools: Vec<String> = pinned(&planned).iter().map(Pinned::to_string).collect();
    lock.keep(&labels, &tools, &planned.host.platform.to_string());
    let changed = lock.write(&file)?;
    cx.ui
        .status(if changed { "locked" } else { "unchanged" }, file.display());
    match cx.format {
        Format::Human => print_path(&file),
        Format::Json => print_json(&json!({ "reason": "locked", "file": file, "changed": changed })),
    }
    Ok(())
}
