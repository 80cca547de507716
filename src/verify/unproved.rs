//! Go lines whose file format is not verified yet: what is read from such files is not a reason to refuse a plugin.

use crate::binary::go_format;
use crate::binary::go_format::GoFormat;
use crate::verify::Verdict;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::plugin::PluginBinary;

/// Downgrades the findings that depend on the format of such files.
pub(crate) fn leave_open(verdict: &mut Verdict, plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) {
    let gateway = match &against.file {
        Some(file) => file.info.go.clone(),
        None => format!("go{}", against.gateway.go),
    };
    let sides = [plugin.go.clone(), Some(gateway)].into_iter().flatten();
    let mut unproved: Vec<String> = sides.filter(|go| GoFormat::of(go).is_none()).collect();
    unproved.dedup();
    if unproved.is_empty() {
        return;
    }
    for finding in verdict.findings.iter_mut().filter(|finding| rests_on_format(finding)) {
        finding.severity = finding.severity.min(Severity::Unsure);
    }
    verdict.unseen.extend(unproved.iter().map(|go| unseen(go)));
}

/// Whether the finding was read from something that a new Go line may do differently. Findings of the dynamic loader do
/// not count, nor that both files name different versions of Go.
fn rests_on_format(finding: &Diagnostic) -> bool {
    finding.stage != Stage::Link && finding.id != Id::GoMismatch
}

fn unseen(go: &str) -> String {
    let lines = match go_format::all() {
        [first, .., last] => format!("Go {} to {}", first.go, last.go),
        _ => "no Go".to_owned(),
    };
    format!("how {go} lays out its files (this plugbuild knows {lines}; a newer one may know it too)")
}
