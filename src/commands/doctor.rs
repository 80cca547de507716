//! `plugbuild doctor`: what is found on this machine, what is missing, and what to do about it.

use serde::Serialize;

use crate::commands::output::{print_json, print_line};
use crate::matrix::Matrix;
use crate::project::go_env::GoEnv;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::{installed_go, zig};
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::fs::check_writable;
use crate::util::ui::Format;

/// One thing that was looked for.
#[derive(Serialize)]
struct Check {
    what: String,
    /// Good enough to build with.
    ok: bool,
    found: String,
    help: Option<String>,
    /// No build works without it.
    fatal: bool,
    /// What every build would fail with, if it is fatal.
    #[serde(skip)]
    kind: ErrorKind,
}

impl Check {
    fn ok(what: &str, found: impl Into<String>) -> Self {
        Check {
            what: what.to_owned(),
            ok: true,
            found: found.into(),
            help: None,
            fatal: false,
            kind: ErrorKind::Io,
        }
    }

    fn missing(what: &str, found: String, help: &str) -> Self {
        Check {
            ok: false,
            help: Some(help.to_owned()),
            ..Check::ok(what, found)
        }
    }

    /// A folder that every build writes to.
    fn folder(what: &str, found: std::result::Result<String, String>, help: &str) -> Self {
        match found {
            Ok(found) => Check::ok(what, found),
            Err(why) => Check {
                fatal: true,
                ..Check::missing(what, why, help)
            },
        }
    }
}

/// What the checks look at.
struct Machine<'a> {
    cx: Context<'a>,
    store: Store,
    /// Why the store cannot be used, if so.
    unusable: Option<String>,
    matrix: Matrix,
}

type Checked = Result<Vec<Check>>;

/// In the order in which they are printed.
const CHECKS: [fn(&Machine) -> Checked; 7] = [host, store, go, zig_compiler, targets, module_cache, krakend];

pub(crate) fn run(cx: Context) -> Result<()> {
    let opened = Store::open(cx.host);
    let machine = Machine {
        cx,
        store: opened.as_ref().map_or_else(|_| Store::of(cx.host), Clone::clone),
        unusable: opened.and_then(|store| store.stage()).err().map(|e| e.to_string()),
        matrix: Matrix::builtin()?,
    };
    let mut all = Vec::new();
    for check in CHECKS {
        all.extend(check(&machine)?);
    }
    all.iter().for_each(|check| print_check(check, cx.format));
    let failing: Vec<&Check> = all.iter().filter(|check| check.fatal).collect();
    let Some(first) = failing.first() else {
        return Ok(());
    };
    let names: Vec<&str> = failing.iter().map(|check| check.what.as_str()).collect();
    let error = Error::new(first.kind, format!("builds cannot work here: {}", names.join(", ")));
    Err(error.help(first.help.clone().unwrap_or_default()))
}

fn print_check(check: &Check, format: Format) {
    if format == Format::Json {
        return print_json(check);
    }
    let word = match (check.ok, check.fatal) {
        (true, _) => "ok  ",
        (false, false) => "miss",
        (false, true) => "fail",
    };
    print_line(format_args!("{word} {:<14} {}", check.what, check.found));
    if let Some(help) = &check.help {
        print_line(format_args!("     {:<14} help: {help}", ""));
    }
}

fn host(machine: &Machine) -> Checked {
    Ok(vec![Check::ok("host", machine.cx.host.platform.to_string())])
}

fn store(Machine { store, unusable, .. }: &Machine) -> Checked {
    let root = store.root().display();
    let found = match (unusable, store.shared()) {
        (Some(why), _) => Err(why.clone()),
        (None, Some(shared)) => Ok(format!("{} is only read; builds write to {root}", shared.display())),
        (None, None) => Ok(root.to_string()),
    };
    let help = "set PLUGBUILD_HOME to a writable directory";
    Ok(vec![Check::folder("store", found, help)])
}

fn go(Machine { cx, store, .. }: &Machine) -> Checked {
    let own: Vec<String> = installed_go::installed(store)
        .iter()
        .map(|(version, _)| version.to_string())
        .collect();
    let fetcher = installed_go::bootstrap_go(cx.host, store);
    let go = match (fetcher, own.as_slice()) {
        (Some((path, version)), _) if cx.offline => {
            format!("{version} ({}), and no other is fetched: --offline", path.display())
        }
        (None, []) if cx.offline => "none, and none is fetched: --offline".to_owned(),
        (Some((path, version)), _) => format!("{version} ({}) fetches any other through your GOPROXY", path.display()),
        (None, []) => "none: the Go that a gateway needs comes as an official archive".to_owned(),
        (None, own) => own.join(", "),
    };
    let kept = match (own.as_slice(), cx.offline) {
        ([], true) => "empty; a bundle fills it: `plugbuild bundle install FILE`".to_owned(),
        ([], false) => "empty: filled by the first build".to_owned(),
        (own, _) => own.join(", "),
    };
    Ok(vec![Check::ok("go", go), Check::ok("go store", kept)])
}

fn zig_compiler(Machine { cx, store, matrix, .. }: &Machine) -> Checked {
    let zig = zig::resolve(matrix.zig(), cx.host, store)?;
    if zig.state == State::Ready {
        let found = format!("{} {} ({})", zig.version, zig.why, zig.program.display());
        return Ok(vec![Check::ok("zig", found)]);
    }
    if !cx.offline {
        let found = format!("{} will be fetched on first use", zig.version);
        return Ok(vec![Check::ok("zig", found)]);
    }
    let platform = cx.host.platform.to_string();
    let mut gccs = matrix.targets().iter().flat_map(|row| row.gccs(&platform));
    let found = format!("{} is not here, and --offline allows no download", zig.version);
    let help = "with a network: `plugbuild toolchain install zig`; without: `plugbuild bundle install FILE`";
    Ok(vec![Check {
        // Nothing else compiles C.
        fatal: !gccs.any(|name| cx.host.find(name).is_some()),
        kind: ErrorKind::ToolMissing,
        ..Check::missing("zig", found, help)
    }])
}

fn targets(Machine { cx, matrix, .. }: &Machine) -> Checked {
    let platform = cx.host.platform.to_string();
    let rows = matrix.targets().iter().map(|row| {
        let gcc = row.gccs(&platform).find_map(|name| cx.host.find(name));
        let found = gcc.map_or_else(|| "zig only".to_owned(), |gcc| format!("zig, or {}", gcc.display()));
        Check::ok(&row.triple.short(), found)
    });
    Ok(rows.collect())
}

fn module_cache(Machine { cx, .. }: &Machine) -> Checked {
    let found = GoEnv::read(cx.host).map_err(|e| e.to_string()).and_then(|env| {
        let dir = env.module_cache;
        // Without a network one that is filled is enough.
        let filled = cx.offline && dir.is_dir();
        match check_writable(&dir) {
            Err(why) if !filled => Err(format!("cannot write {}: {why}", dir.display())),
            _ => Ok(dir.display().to_string()),
        }
    });
    let help = "set HOME, or GOMODCACHE to a writable directory";
    Ok(vec![Check::folder("module cache", found, help)])
}

fn krakend(machine: &Machine) -> Checked {
    let found = match machine.cx.host.find("krakend") {
        None => "none on PATH: name a release with --gateway".to_owned(),
        Some(program) => format!("{} (`--gateway auto`)", program.display()),
    };
    Ok(vec![Check::ok("krakend", found)])
}
