//! `plugbuild doctor`: what is installed, what is missing, and help for each.

use serde_json::json;

use crate::commands::output::{print_json, print_line};
use crate::matrix::Matrix;
use crate::project::go_env::GoEnv;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::{installed_go, zig};
use crate::util::context::Context;
use crate::util::error::{Error, Kind, Result};
use crate::util::fs::check_folder;
use crate::util::ui::Format;

/// One check.
struct Finding {
    what: String,
    /// Good enough to build with.
    good: bool,
    found: String,
    cure: Option<String>,
    /// Every build would fail.
    fails: Option<Kind>,
}

impl Finding {
    /// Something that every build needs, if it is missing.
    fn needed(mut self, kind: Kind) -> Self {
        self.fails = (!self.good).then_some(kind);
        self
    }
}

pub(crate) fn run(cx: Context) -> Result<()> {
    let all = findings(cx)?;
    for finding in &all {
        let Finding {
            what,
            good,
            found,
            cure,
            fails,
        } = finding;
        match cx.format {
            Format::Json => print_json(
                &json!({ "what": what, "good": good, "found": found, "cure": cure, "fails": fails.is_some() }),
            ),
            Format::Human => {
                let word = match (good, fails) {
                    (true, _) => "ok  ",
                    (false, None) => "miss",
                    (false, Some(_)) => "fail",
                };
                print_line(format_args!("{word} {what:<14} {found}"));
                if let Some(cure) = cure {
                    print_line(format_args!("     {:<14} cure: {cure}", ""));
                }
            }
        }
    }
    let failing: Vec<(&Finding, Kind)> = all.iter().filter_map(|f| Some((f, f.fails?))).collect();
    let Some((first, kind)) = failing.first() else {
        return Ok(());
    };
    let names: Vec<&str> = failing.iter().map(|(finding, _)| finding.what.as_str()).collect();
    let error = Error::new(*kind, format!("no build can work here as it is: {}", names.join(", ")));
    Err(error.help(first.cure.clone().unwrap_or_default()))
}

fn findings(cx: Context) -> Result<Vec<Finding>> {
    let host = cx.host;
    let opened = Store::open(host);
    let store = opened.as_ref().map_or_else(|_| Store::of(host), Clone::clone);
    let matrix = Matrix::builtin()?;
    let finding = |what: &str, good, found: String, cure: Option<&str>| Finding {
        what: what.to_owned(),
        good,
        found,
        cure: cure.filter(|_| !good).map(str::to_owned),
        fails: None,
    };
    let mut all = vec![finding("host", true, host.platform.to_string(), None)];

    let writable = opened.and_then(|store| store.stage().map(|_| ()));
    all.push(
        finding(
            "store",
            writable.is_ok(),
            writable.map_or_else(
                |e| e.to_string(),
                |()| {
                    let root = store.root().display();
                    match store.shared() {
                        Some(shared) => format!("{} is only read; builds write to {root}", shared.display()),
                        None => root.to_string(),
                    }
                },
            ),
            Some("set PLUGBUILD_HOME to a folder that may be written"),
        )
        .needed(Kind::Io),
    );

    let own: Vec<String> = installed_go::installed(&store)
        .iter()
        .map(|(version, _)| version.to_string())
        .collect();
    let fetcher = installed_go::bootstrap_go(host, &store);
    all.push(finding(
        "go",
        true,
        match (&fetcher, own.as_slice()) {
            (Some((path, version)), _) if cx.offline => {
                format!("{version} ({}), and no other is fetched: --offline", path.display())
            }
            (None, []) if cx.offline => "none, and none is fetched: --offline".to_owned(),
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
        if own.is_empty() && cx.offline {
            "empty; a bundle fills it: `plugbuild bundle install FILE`".to_owned()
        } else if own.is_empty() {
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
        match cx.offline {
            true => format!("{} is not here, and --offline allows no download", zig.version),
            false => format!("{} to be {}", zig.version, zig.why),
        }
    };
    let cure = match cx.offline {
        true => "with a network: `plugbuild toolchain install zig`; without: `plugbuild bundle install FILE`",
        false => "nothing to do, the first build fetches it; or `plugbuild toolchain install zig`",
    };
    let mut zig = finding("zig", ready, text, Some(cure));
    let platform = host.platform.to_string();
    let gcc = matrix
        .targets()
        .iter()
        .any(|row| row.gccs(&platform).any(|name| host.find(name).is_some()));
    if cx.offline && !gcc {
        // Nothing else compiles C.
        zig = zig.needed(Kind::ToolMissing);
    }
    all.push(zig);

    for row in matrix.targets() {
        let platform = host.platform.to_string();
        let gcc = row.gccs(&platform).find_map(|name| host.find(name));
        let found = gcc.map_or_else(|| "zig only".to_owned(), |gcc| format!("zig, or {}", gcc.display()));
        all.push(Finding {
            what: row.triple.short(),
            good: true,
            found,
            cure: None,
            fails: None,
        });
    }

    let goenv = GoEnv::read(host);
    let cache = goenv.map_err(|e| e.to_string()).and_then(|env| {
        let dir = env.module_cache;
        // Without a network, one filled cache is enough.
        let filled = cx.offline && dir.is_dir();
        match check_folder(&dir) {
            Err(why) if !filled => Err(format!("cannot write {}: {why}", dir.display())),
            _ => Ok(dir.display().to_string()),
        }
    });
    all.push(
        finding(
            "module cache",
            cache.is_ok(),
            cache.unwrap_or_else(|why| why),
            Some("set HOME, or GOMODCACHE to a folder that may be written"),
        )
        .needed(Kind::Io),
    );
    let krakend = host.find("krakend");
    let text = krakend.map_or_else(
        || "none on PATH: name a release with --gateway".to_owned(),
        |p| format!("{} (`--gateway auto`)", p.display()),
    );
    all.push(finding("krakend", true, text, None));
    Ok(all)
}
