//! Verdicts as workflow commands: GitHub shows them beside the change that caused them.

use crate::verify::Verdict;
use crate::verify::finding::Severity;

/// One `::error` or `::warning` line for each finding.
#[must_use]
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
                let title = property(&format!("{name}: {}", finding.id));
                format!(
                    "::{level} title={title}::{}",
                    data(&format!("{}\nhelp: {}", finding.what, finding.help))
                )
            })
            .collect();
        lines
    };
    verdicts.iter().flat_map(of).collect()
}

/// The escapes of a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a command's property: also what separates properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
