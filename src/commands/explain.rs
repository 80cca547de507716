//! `plugbuild explain`: explains a gateway's log.

use std::io;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::commands::output::{print, print_json};
use crate::gateway::explain::{Explanation, explain, lines};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::signals::interruptible;
use crate::util::ui::Format;

/// Which log.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A gateway's log, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub log: PathBuf,
}

pub(crate) fn run(args: &ExplainArgs, cx: Context) -> Result<()> {
    let file = args.log.clone();
    if file == Path::new("-") && io::stdin().is_terminal() {
        cx.ui.status(
            "waiting",
            "for a gateway's log on standard input: paste it, then press Ctrl-D; or name a file",
        );
    }
    // A pipe may stay silent forever.
    let explanations = interruptible(Duration::MAX, move || explained(&file))??;
    match cx.format {
        Format::Json => print_json(&json!({ "schema_version": 1, "explanations": explanations })),
        Format::Human => explanations.iter().for_each(|explanation| print(render(explanation))),
    }
    if explanations.is_empty() {
        cx.ui.warn("no known message found");
        cx.ui.verbose(
            "known",
            "`plugin.Open`, loader and registerer messages; the gateway prints most of them at log level DEBUG only",
        );
    }
    Ok(())
}

fn explained(path: &Path) -> Result<Vec<Explanation>> {
    if path == Path::new("-") {
        let failed = |why| Error::io("read", "standard input", why);
        return read(io::stdin().lock(), "standard input", failed);
    }
    let failed = |why| {
        Error::io("read", path, why)
            .help("give a gateway's log, or let it come: `krakend run … 2>&1 | plugbuild explain`")
    };
    let log = BufReader::new(crate::util::regular_file::open_or_pipe(path).map_err(failed)?);
    read(log, &path.display().to_string(), failed)
}

/// Explains a log; binary data is refused at its first bytes.
fn read(mut log: impl BufRead, name: &str, failed: impl Fn(io::Error) -> Error) -> Result<Vec<Explanation>> {
    let start = log.fill_buf().map_err(&failed)?;
    if start.contains(&0) {
        let (what, help) = if start.starts_with(b"\x7fELF") {
            let help = "`plugbuild inspect` says what it is, `plugbuild verify` whether a gateway loads it";
            ("a compiled file", help)
        } else {
            ("binary", "unpack it first if it is compressed")
        };
        return Err(Error::usage(format!("{name} is {what}, not a gateway's log")).help(help));
    }
    explain(lines(log).map(|line| line.map_err(&failed)))
}

fn render(explanation: &Explanation) -> String {
    let Explanation {
        line,
        text,
        id,
        cause,
        help,
        source,
        own_code: _,
    } = explanation;
    let seen = match source.as_slice() {
        [] => String::new(),
        source => format!("  seen: {}\n", source.join(", ")),
    };
    format!("line {line}: {text}\n  {id}: {cause}\n  help: {help}\n{seen}")
}
