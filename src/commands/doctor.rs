//! `plugbuild doctor`: what is found, what is missing, and one cure for each.

use serde_json::json;

use super::{Context, print, print_json};
use crate::cli::Format;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::plugin::goenv::GoEnv;
use crate::toolchain::store::Store;
use crate::toolchain::{State, go, zig};

/// One thing that was looked for.
struct Finding {
    what: String,
    /// Good enough to build with.
    good: bool,
    found: String,
    cure: Option<String>,
}

pub(super) fn run(cx: Context) -> Result<()> {
    for finding in findings(cx)? {
        let Finding {
            what,
            good,
            found,
            cure,
        } = finding;
        match cx.format {
            Format::Json => print_json(&json!({ "what": what, "good": good, "found": found, "cure": cure })),
            Format::Human => {
                print(format_args!(
                    "{} {what:<14} {found}",
                    if good { "ok  " } else { "miss" }
                ));
                if let Some(cure) = cure {
                    print(format_args!("     {:<14} cure: {cure}", ""));
                }
            }
        }
    }
    Ok(())
}

fn findings(cx: Context) -> Result<Vec<Finding>> {
    let host = cx.host;
    let store = Store::of(host);
    let matrix = Matrix::builtin()?;
    let finding = |what: &str, good, found: String, cure: Option<&str>| Finding {
        what: what.to_owned(),
        good,
        found,
        cure: cure.filter(|_| !good).map(str::to_owned),
    };
    let mut all = vec![finding("host", true, host.platform.to_string(), None)];

    let writable = store.stage().map(|_| ());
    all.push(finding(
        "store",
        writable.is_ok(),
        writable.map_or_else(|e| e.to_string(), |()| store.root().display().to_string()),
        Some("set PLUGBUILD_HOME to a folder that may be written"),
    ));

    let own: Vec<String> = go::installed(&store)
        .iter()
        .map(|(version, _)| version.to_string())
        .collect();
    let fetcher = go::fetcher(host, &store);
    all.push(finding(
        "go",
        true,
        match (&fetcher, own.as_slice()) {
            (Some((path, version)), _) => {
                format!("{version} ({}) fetches any other through your GOPROXY", path.display())
            }
            (None, []) => "none: the Go that a gateway needs comes as an official archive".to_owned(),
            (None, own) => own.join(", "),
        },
        None,
    ));
    all.push(finding(
        "go store",
        true,
        if own.is_empty() {
            "empty: filled by the first build".to_owned()
        } else {
            own.join(", ")
        },
        None,
    ));

    let zig = zig::resolve(matrix.zig(), host, &store)?;
    let ready = zig.state == State::Ready;
    let text = if ready {
        format!("{} {} ({})", zig.version, zig.why, zig.program.display())
    } else {
        format!("{} to be {}", zig.version, zig.why)
    };
    all.push(finding(
        "zig",
        ready,
        text,
        Some("nothing to do, the first build fetches it; or `plugbuild toolchain install zig`"),
    ));

    for row in matrix.targets() {
        let platform = host.platform.to_string();
        let gcc = row.gccs(&platform).find_map(|name| host.find(name));
        let found = gcc.map_or_else(|| "zig only".to_owned(), |gcc| format!("zig, or {}", gcc.display()));
        all.push(Finding {
            what: row.triple.short(),
            good: true,
            found,
            cure: None,
        });
    }

    let goenv = GoEnv::read(host);
    let good = goenv.is_ok();
    let cache = goenv.map_or_else(|e| e.to_string(), |env| env.module_cache.display().to_string());
    all.push(finding(
        "module cache",
        good,
        cache,
        Some("set HOME, or GOMODCACHE to a folder that may be written"),
    ));
    let krakend = host.find("krakend");
    let text = krakend.map_or_else(
        || "none on PATH: name a release with --gateway".to_owned(),
        |p| format!("{} (`--gateway auto`)", p.display()),
    );
    all.push(finding("krakend", true, text, None));
    Ok(all)
}
