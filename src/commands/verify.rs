//! `plugbuild verify`: reads plugins and a gateway, prints the verdict.

use super::{Context, asked, print, print_json};
use crate::binary::Binary;
use crate::cli::Format;
use crate::cli::verify::VerifyArgs;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Gateway};
use crate::invocation::quoted;
use crate::verify::against::Against;
use crate::verify::plugin::Plugin;
use crate::verify::{self, Answer, Verdict, render};

pub(super) fn run(args: &VerifyArgs, cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let matrix = settings.matrix()?;
    let gateway = gateway::identify(&asked(&args.gateway, args.libc, &settings, cx)?, &matrix, cx.host)?;
    let binaries = args.plugins.iter().map(Binary::open).collect::<Result<Vec<_>>>()?;
    let plugins = binaries.iter().map(Plugin::read).collect::<Result<Vec<_>>>()?;
    let typed = typed(&gateway);
    let file = gateway.binary.as_ref().map(Binary::open).transpose()?;
    let against = match &file {
        Some(file) => Against::file(&gateway, file, args.libc, typed)?,
        None => Against::known(&gateway, &matrix, args.libc, args.arch, typed)?,
    };
    let verdicts = verify::judge(&plugins, &against);
    report(&verdicts, &against, cx);
    failed(&verdicts).map_or(Ok(()), Err)
}

/// What names this gateway on a command line.
fn typed(gateway: &Gateway) -> String {
    match &gateway.binary {
        Some(path) => format!("--gateway {}", quoted(path.as_os_str())),
        None if gateway.version.is_some() => format!("--gateway {}", gateway.label),
        None => format!("--go {}", gateway.go),
    }
}

fn report(verdicts: &[Verdict], against: &Against<'_>, cx: Context) {
    match cx.format {
        Format::Human => print(render::human(verdicts, against).trim_end()),
        Format::Json => print_json(&render::json(verdicts, against)),
    }
    if cx.host.switch("GITHUB_ACTIONS") {
        for line in render::github(verdicts) {
            cx.ui.pass_on(&line);
        }
    }
}

fn failed(verdicts: &[Verdict]) -> Option<Error> {
    let bad: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.answer == Answer::WillNotLoad)
        .map(|verdict| verdict.plugin.display().to_string())
        .collect();
    (!bad.is_empty()).then(|| Error::incompatible(format!("the gateway will not load {}", bad.join(", "))))
}
