//! `plugbuild explain`: a gateway's log in other words.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Context, print, print_json};
use crate::cli::Format;
use crate::cli::explain::ExplainArgs;
use crate::error::{Error, Result};
use crate::explain::{Explanation, explain, lines};
use crate::signals::heedful;

pub(super) fn run(args: &ExplainArgs, cx: Context) -> Result<()> {
    let file = args.log.clone();
    // Nobody may ever write to a pipe.
    let told = heedful(Duration::MAX, move || explained(&file))??;
    match cx.format {
        Format::Json => print_json(&json!({ "schema_version": 1, "explanations": told })),
        Format::Human => told.iter().for_each(|explanation| print(text(explanation))),
    }
    if told.is_empty() {
        cx.ui.warn("no line of it is known");
        cx.ui.detail(
            "known",
            "`plugin.Open`, loader and registerer messages; the gateway prints most of them at log level DEBUG only",
        );
    }
    Ok(())
}

fn explained(path: &Path) -> Result<Vec<Explanation>> {
    if path == Path::new("-") {
        let failed = |why| Error::io("read", "standard input", why);
        return explain(lines(io::stdin().lock()).map(|line| line.map_err(failed)));
    }
    let failed = |why| {
        Error::io("read", path, why)
            .help("give a gateway's log, or let it come: `krakend run … 2>&1 | plugbuild explain`")
    };
    let log = BufReader::new(File::open(path).map_err(failed)?);
    explain(lines(log).map(|line| line.map_err(failed)))
}

fn text(told: &Explanation) -> String {
    let Explanation {
        line,
        text,
        id,
        cause,
        cure,
        source,
    } = told;
    let seen = source.join(", ");
    format!("line {line}: {text}\n  {id}: {cause}\n  help: {cure}\n  seen: {seen}\n")
}
