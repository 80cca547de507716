//! Verdicts for people: the answer first, then each cause with its help.

use std::fmt::Write;

use crate::toolchain::provenance::Record;
use crate::util::ui::and_more;
use crate::verify::Verdict;
use crate::verify::finding::{Diagnostic, Severity};
use crate::verify::gateway::LoadTarget;

/// How many packages one finding names; the rest are counted.
const SHOWN: usize = 3;

/// All verdicts, one block each.
pub fn human(verdicts: &[Verdict], against: &LoadTarget<'_>) -> String {
    let blocks: Vec<String> = verdicts.iter().map(|verdict| block(verdict, against)).collect();
    let mut text = blocks.join("\n");
    if against.official.as_ref().is_some_and(Record::is_unpinned) {
        text.push_str(
            "note: the gateway's checksum comes from the same server as its archive\n\
             help: in a project of this gateway, `plugbuild lock` pins it from now on\n",
        );
    }
    text
}

fn block(verdict: &Verdict, against: &LoadTarget<'_>) -> String {
    let answer = verdict.words();
    let mut text = format!("{}: {answer} ({})\n", verdict.plugin.display(), gateway(against));
    // Writing to a String cannot fail.
    for finding in &verdict.findings {
        let _ = write!(text, "{}", cause(finding));
    }
    if let Some(shared) = verdict.shared {
        let _ = writeln!(
            text,
            "  compared {shared} of {} packages by their hash",
            verdict.packages
        );
    }
    for unseen in &verdict.unseen {
        let _ = writeln!(text, "  not seen: {unseen}");
    }
    text
}

fn gateway(against: &LoadTarget<'_>) -> String {
    let label = &against.gateway.label;
    let arch = against.arch.map_or_else(String::new, |arch| format!("{arch}, "));
    format!("gateway {label}: {arch}go{}, {}", against.gateway.go, against.system)
}

fn cause(finding: &Diagnostic) -> String {
    let label = match finding.severity {
        Severity::Error => "error",
        Severity::Unsure => "perhaps",
        Severity::Warning => "warning",
    };
    let mut text = format!("  {label}[{}]: {}\n", finding.id, finding.what);
    if !finding.packages.is_empty() {
        let (shown, more) = finding.packages.split_at(SHOWN.min(finding.packages.len()));
        text.push_str(&format!("    differs: {}{}\n", shown.join(", "), and_more(more.len())));
    }
    text.push_str(&format!("    help: {}\n", finding.help));
    text
}
