//! `plugbuild matrix`: the jobs of a plan, as a CI reads them.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::build::unit::Unit;
use crate::commands::args::{BuildArgs, PlanArgs};
use crate::commands::build::plan::plan_build;
use crate::commands::output::print_data;
use crate::gateway::facts::Gateway;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::host::Host;

#[derive(Debug, Clone, Args)]
pub struct MatrixArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Print it for a CI: github (for `fromJSON`), gitlab (`parallel: matrix:`, to be included) [default: a JSON array]
    #[arg(long, value_name = "CI", hide_possible_values = true)]
    pub ci: Option<Ci>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ci {
    /// `strategy: { matrix: ${{ fromJSON(…) }} }`
    Github,
    /// `parallel: matrix:`, to be included
    Gitlab,
}

pub(crate) fn matrix(args: &MatrixArgs, cx: Context) -> Result<()> {
    let plan = plan_build(&BuildArgs::from(&args.plan), cx)?;
    let rows: Vec<[(&str, String); 4]> = plan
        .units
        .iter()
        .map(|Unit { job, .. }| {
            [
                ("plugin", job.name.to_string()),
                ("gateway", typed(&job.gateway, cx.host)),
                ("target", job.target.value.short()),
                ("go", job.gateway.go.to_string()),
            ]
        })
        .collect();
    print_data(&render(&rows, args.ci));
    Ok(())
}

/// The value for `--gateway`: its file, if it was given as one.
pub(crate) fn typed(gateway: &Gateway, host: &Host) -> String {
    match &gateway.binary {
        Some(file) => match file.strip_prefix(&host.cwd) {
            Ok(below) => Path::new(".").join(below).display().to_string(),
            Err(_) => file.display().to_string(),
        },
        None => gateway.label.clone(),
    }
}

pub(crate) fn render(rows: &[[(&str, String); 4]], ci: Option<Ci>) -> String {
    let objects: Vec<Value> = rows
        .iter()
        .map(|row| row.iter().map(|(k, v)| (*k, v.as_str())).collect())
        .collect();
    match ci {
        None => json!(objects).to_string(),
        Some(Ci::Github) => json!({ "include": objects }).to_string(),
        Some(Ci::Gitlab) => {
            let mut text = String::from(".plugbuild-matrix:\n  parallel:\n    matrix:");
            for row in rows {
                for (at, (key, value)) in row.iter().enumerate() {
                    let lead = if at == 0 { "      - " } else { "        " };
                    // JSON strings are YAML strings too.
                    text += &format!("\n{lead}PLUGBUILD_{}: {}", key.to_uppercase(), json!(value));
                }
            }
            text
        }
    }
}
