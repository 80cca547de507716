//! `plugbuild explain`: a gateway's log in other words.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Context, print, print_json};
use crate::cli::Format;
use crate::cli::explain::ExplainArgs;
use crate::error::{Error, Result};
use crate::explain::{Explanation, explain};
use crate::signals::heedful;

pub(super) fn run(args: &ExplainArgs, cx: Context) -> Result<()> {
    let file = args.log.clone();
    // Nobody may ever write to a pipe.
    let log = heedful(Duration::MAX, move || read(&file))??;
    let told = explain(&String::from_utf8_lossy(&log))?;
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

fn read(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut log = Vec::new();
        return match io::stdin().lock().read_to_end(&mut log) {
            Ok(_) => Ok(log),
            Err(why) => Err(Error::io("read", "standard input", why)),
        };
    }
    fs::read(path).map_err(|why| {
        Error::io("read", path, why)
            .help("give a gateway's log, or let it come: `krakend run … 2>&1 | plugbuild explain`")
    })
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
