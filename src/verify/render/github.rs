//! Verdicts as workflow commands: GitHub shows them beside the change that caused them.

use crate::util::annotation;
use crate::verify::Verdict;
use crate::verify::finding::Severity;

/// One `::error` or `::warning` line for each finding.
pub fn github(verdicts: &[Verdict]) -> Vec<String> {
    let of = |verdict: &Verdict| {
        let name = verdict.plugin.display().to_string();
        let lines: Vec<String> = verdict
            .findings
            .iter()
            .map(|finding| {
                let level = if finding.severity == Severity::Error {
                    "error"
                } else {
                    "warning"
                };
                annotation::plain(
                    level,
                    &format!("{name}: {}", finding.id),
                    &format!("{}\nhelp: {}", finding.what, finding.help),
                )
            })
            .collect();
        lines
    };
    verdicts.iter().flat_map(of).collect()
}
