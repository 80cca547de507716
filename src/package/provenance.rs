//! The provenance of an artifact: an in-toto statement with SLSA's provenance, version 1.

use std::path::Path;

use serde_json::{Value, json};

use crate::build::unit::ReadyUnit;
use crate::modules;
use crate::modules::Conflict;
use crate::modules::align::Alignment;
use crate::modules::align::overlay::ModuleOverlay;
use crate::package::ArtifactEntry;
use crate::package::vcs::VcsInfo;
use crate::plan::Job;
use crate::util::error::Result;
use crate::util::hash::sha256_of;

/// A statement's `buildType`: how to read `externalParameters`.
pub(crate) const BUILD_TYPE: &str = "urn:plugbuild:go-plugin:1";

/// The checksums of the tools, computed once per release.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToolSums(Vec<(std::path::PathBuf, String)>);

impl ToolSums {
    /// The SHA-256 of a tool's file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn sha256(&mut self, file: &Path) -> Result<String> {
        if let Some((_, sum)) = self.0.iter().find(|(known, _)| known == file) {
            return Ok(sum.clone());
        }
        let sum = sha256_of(file)?;
        self.0.push((file.to_owned(), sum.clone()));
        Ok(sum)
    }
}

/// The statement of one artifact. It contains no time and no local path, so that it is the same wherever it is made.
///
/// # Errors
/// A tool that cannot be read.
pub(crate) fn statement(
    entry: &ArtifactEntry,
    unit: &ReadyUnit,
    source: &VcsInfo,
    sums: &mut ToolSums,
) -> Result<Value> {
    let ReadyUnit { job, overlay, .. } = unit;
    Ok(json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": entry.file, "digest": { "sha256": entry.sha256 } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "plugin": entry.plugin, "gateway": entry.gateway, "target": entry.target, "flags": job.user_flags,
                },
                "internalParameters": {
                    "flags": flags(job, overlay), "environment": environment(job), "alignment": alignment(overlay.alignment.as_ref()),
                },
                "resolvedDependencies": dependencies(unit, source, sums)?,
            },
            "runDetails": {
                "builder": {
                    "id": "urn:plugbuild",
                    "version": { env!("CARGO_PKG_NAME"): env!("CARGO_PKG_VERSION") },
                },
            },
        },
    }))
}

/// What it was made from: its source, the tools, the gateway.
fn dependencies(unit: &ReadyUnit, source: &VcsInfo, sums: &mut ToolSums) -> Result<Vec<Value>> {
    let ReadyUnit {
        job, toolchain: tools, ..
    } = unit;
    let gateway = &job.gateway;
    let mut dependencies = Vec::new();
    if let Some(commit) = &source.commit {
        let uri = source.uri();
        let uri = uri.as_deref().unwrap_or("urn:plugbuild:source");
        dependencies.push(json!({
            "name": "source", "uri": uri, "digest": { "gitCommit": commit }, "annotations": { "modified": source.dirty },
        }));
    }
    let go = [
        ("go", tools.go.program()),
        ("compile", tools.go.tool("compile")),
        ("link", tools.go.tool("link")),
    ];
    for (name, tool) in go {
        dependencies.push(json!({
            "name": format!("go {name}"),
            "uri": format!("pkg:generic/go@{}", tools.go.version),
            "digest": { "sha256": sums.sha256(&tool)? },
        }));
    }
    dependencies.push(json!({
        "name": format!("cc {}", tools.cc.label),
        "uri": format!("pkg:generic/{}", tools.cc.label.replace(' ', "@")),
        "digest": { "sha256": sums.sha256(&tools.cc.program)? },
    }));
    let mut facts = json!({
        "name": "gateway",
        "uri": format!("pkg:generic/krakend@{}", gateway.label),
        "annotations": gateway.facts(),
    });
    if let Some(binary) = &gateway.binary {
        facts["digest"] = json!({ "sha256": sums.sha256(binary)? });
    }
    dependencies.push(facts);
    Ok(dependencies)
}

/// The changes from the plugin's own go.mod; null if it was built as it is.
fn alignment(alignment: Option<&Alignment>) -> Value {
    let Some(alignment) = alignment else { return Value::Null };
    // A directory's path is specific to this machine.
    let describe = |source: &modules::Source, module: &str| match source {
        modules::Source::Folder(_) => "a folder".to_owned(),
        modules::Source::Published { .. } => source.relative_to(module),
    };
    let moved = |Conflict { module, have, want, .. }: &Conflict| json!({ "module": module, "from": describe(have, module), "to": describe(want, module) });
    let line = alignment.go_line.as_ref();
    json!({
        "moves": alignment.moves.iter().map(moved).collect::<Vec<_>>(),
        "emptied": alignment.emptied,
        "go_line": line.map(|line| json!({ "from": line.have, "to": line.want })),
        "dropped": alignment.drop,
    })
}

/// The flags without the path rules, which are specific to this machine; their results are the gateway's facts.
fn flags(job: &Job, overlay: &ModuleOverlay) -> Vec<String> {
    overlay
        .flags()
        .into_iter()
        .chain(job.flags.iter().cloned())
        .filter(|flag| {
            !flag.starts_with("-gcflags=") && !flag.starts_with("-asmflags=") && !flag.starts_with("-modfile=")
        })
        .collect()
}

/// The settings that change what is compiled.
fn environment(job: &Job) -> Value {
    const KEYS: [&str; 8] = [
        "CGO_ENABLED",
        "GOOS",
        "GOARCH",
        "GOAMD64",
        "GOARM64",
        "GOEXPERIMENT",
        "GOFIPS140",
        "GO111MODULE",
    ];
    let kept = job.env.iter().filter(|(name, _)| KEYS.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), json!(value.to_string_lossy())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
