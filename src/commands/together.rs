//! After many builds: which plugins of one gateway could not be in it at once, as each has its own of a package they share.

use serde_json::json;

use super::many::Done;
use super::{Context, print_json};
use crate::binary::Binary;
use crate::cli::Format;
use crate::error::Result;
use crate::plan::Job;
use crate::target::Target;
use crate::ui::and_more;
use crate::verify::together::clashes;

/// Says it, once for all gateways and targets. No failure: they may be meant for two gateways.
pub(super) fn tell(jobs: &[Job], results: &[Option<Result<Done>>], cx: Context) {
    let built: Vec<&Job> = jobs
        .iter()
        .zip(results)
        .filter_map(|(job, result)| matches!(result, Some(Ok(_))).then_some(job))
        .collect();
    let place = |job: &Job| (job.gateway.label.clone(), job.target.value);
    let mut places: Vec<(String, Target)> = Vec::new();
    for job in &built {
        if !places.contains(&place(job)) {
            places.push(place(job));
        }
    }
    let mut told: Vec<(&str, &str)> = Vec::new();
    for here in &places {
        let there: Vec<&&Job> = built.iter().filter(|job| place(job) == *here).collect();
        let (there, files): (Vec<&Job>, Vec<Binary>) = there
            .into_iter()
            .filter_map(|job| Some((*job, Binary::open(&job.output).ok()?)))
            .unzip();
        for clash in clashes(&files) {
            let pair = (&*there[clash.earlier].name, &*there[clash.later].name);
            if cx.format == Format::Json {
                print_json(&json!({
                    "reason": "plugins-clash", "gateway": here.0, "target": here.1, "plugins": pair,
                    "packages": clash.packages,
                }));
            }
            if told.contains(&pair) {
                continue;
            }
            told.push(pair);
            cx.ui.warn(format!(
                "{} and {} cannot be in one gateway: each has its own {}{} (KrakenD {} on {})",
                pair.0,
                pair.1,
                clash.packages.first().map_or("", String::as_str),
                and_more(clash.packages.len().saturating_sub(1)),
                here.0,
                here.1.short()
            ));
            cx.ui
                .help("give both the same version of the module that it is in, from the same source");
        }
    }
}
