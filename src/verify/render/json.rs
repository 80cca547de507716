//! Verdicts as one JSON document; its fields are described in docs/verify.md.

use serde_json::{Value, json};

use crate::verify::Verdict;
use crate::verify::gateway::LoadTarget;

/// Grows when a field is removed or changes its meaning, not when a field is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The document.
pub fn json(verdicts: &[Verdict], against: &LoadTarget<'_>) -> Value {
    let gateway = against.gateway;
    json!({
        "schema_version": SCHEMA_VERSION,
        "gateway": {
            "name": gateway.label,
            "file": gateway.binary,
            "go": gateway.go,
            "arch": against.arch,
            "libc": against.system.kind.map(|kind| kind.name()),
            "libc_version": against.system.version,
            "official": against.official,
            "libc_source": Some(&against.system.source).filter(|source| !source.is_empty()),
        },
        "verdicts": verdicts,
    })
}
