//! The events of each unit for `--message-format json`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::build::artifact::Artifact;
use crate::build::unit::ReadyUnit;
use crate::plan::Job;
use crate::util::error::Error;

/// The result of a unit.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) artifact: Artifact,
    /// Its gateway's verdict, if the gateway's file is known.
    pub(crate) verdict: Option<String>,
    pub(crate) took: Duration,
}

/// `auth for 2.12.1 on arm64-musl`: one job in messages.
pub(crate) fn title(job: &Job) -> String {
    format!("{} for {} on {}", job.name, job.gateway.label, job.target.value.short())
}

/// The event of a finished plugin.
pub(crate) fn built_event(unit: &ReadyUnit, artifact: &Artifact) -> Value {
    let ReadyUnit { job, toolchain, .. } = unit;
    json!({
        "reason": "plugin-built",
        "plugin": job.plugin.module.path,
        "name": job.name,
        "gateway": job.gateway.label,
        "target": job.target.value,
        "go": toolchain.go.version,
        "cc": toolchain.cc.label,
        "file": job.output,
        "sha256": artifact.sha256,
        "fresh": artifact.fresh,
        "checks": artifact.checks,
    })
}

/// The event without `file`: the path is temporary, and the command reports the final one.
pub(crate) fn without_file(mut event: Value) -> Value {
    if let Value::Object(fields) = &mut event {
        fields.remove("file");
    }
    event
}

/// The event of a job that failed.
pub(crate) fn failed_event(job: &Job, why: &Error) -> Value {
    json!({
        "reason": "plugin-failed", "plugin": job.plugin.module.path, "name": job.name, "gateway": job.gateway.label,
        "target": job.target.value, "error": why.message, "help": why.help, "exit_code": why.kind.exit_code(),
    })
}

/// A unit with the command that would run.
pub(crate) fn planned_event(unit: &ReadyUnit) -> Value {
    let ReadyUnit { job, toolchain, go, .. } = unit;
    let argv = std::iter::once(go.program.as_os_str()).chain(go.args.iter().map(|arg| arg.as_os_str()));
    json!({
        "reason": "planned",
        "plugin": job.plugin.module.path,
        "name": job.name,
        "gateway": job.gateway.label,
        "target": job.target.value,
        "go": toolchain.go.version,
        "cc": toolchain.cc.label,
        "fetch": toolchain.missing().collect::<Vec<_>>(),
        "output": job.output,
        "command": {
            "cwd": go.cwd,
            "unset": go.env_removed,
            "env": go.env.iter().map(|(k, v)| (k, v.to_string_lossy())).collect::<BTreeMap<_, _>>(),
            "argv": argv.map(|arg| arg.to_string_lossy()).collect::<Vec<_>>(),
        },
    })
}
