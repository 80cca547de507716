//! Many builds by one command: four targets of one plugin, and a project of many plugins.

use std::path::{Path, PathBuf};

use duct::Expression;
use plugbuild::util::error::{Error, Result};

use super::{Args, Planned, bare, failed, pair, show, timed};

/// Four targets cold, by one command, against four bare builds in a row with one cache and the same flags.
pub(super) fn targets(args: &Args, plugbuild: &Path, root: &Path) -> Result<()> {
    let temp = folder()?;
    let plugin = root.join(&args.plugin).display().to_string();
    let out = temp.path().join("out").display().to_string();
    let ours = |cache: &Path| {
        build(plugbuild, args, &["--quiet", "--out-dir", &out, &plugin])
            .env("GOCACHE", cache)
            .stdout_null()
    };
    // Fetches what is missing and fills zig's cache; once with the store's folders there, so that both sides find them.
    let warm = temp.path().join("warm-up");
    timed(&ours(&warm))?;
    let planned = planned(&build(plugbuild, args, &[&DRY_RUN[..], &[&plugin]].concat()))?;
    let _ = std::fs::remove_dir_all(&warm);
    let mut pairs = Vec::new();
    for round in 0..args.cold {
        let (a, b) = (
            temp.path().join(format!("a{round}")),
            temp.path().join(format!("b{round}")),
        );
        let bare: Vec<Expression> = planned.iter().map(|one| bare_build(one, temp.path(), &b)).collect();
        pairs.push(pair(|| timed(&ours(&a)), || row(&bare), round % 2 == 0)?);
        let _ = std::fs::remove_dir_all(a).and_then(|()| std::fs::remove_dir_all(b));
    }
    show(
        "four targets cold, against four bare go builds in a row",
        &pairs,
        Some(0.72),
    );
    Ok(())
}

/// A project of many plugins with nothing changed, against the sum of go's own up-to-date checks; and how long its plan takes.
pub(super) fn plugins(args: &Args, plugbuild: &Path, root: &Path) -> Result<()> {
    let temp = folder()?;
    let source = root.join("examples/handler");
    project(temp.path(), &source, 10)?;
    let cache = temp.path().join("cache");
    let ours = build(plugbuild, args, &["--quiet", "--workspace"])
        .dir(temp.path())
        .env("GOCACHE", &cache)
        .stdout_null();
    let dry_run = build(plugbuild, args, &[&DRY_RUN[..], &["--workspace"]].concat()).dir(temp.path());
    timed(&ours)?;
    let planned = planned(&dry_run)?;
    let bare: Vec<Expression> = planned.iter().map(|one| bare_build(one, temp.path(), &cache)).collect();
    row(&bare)?;
    let pairs = (0..args.unchanged.min(5))
        .map(|round| pair(|| timed(&ours), || row(&bare), round % 2 == 0))
        .collect::<Result<Vec<_>>>()?;
    let what = format!(
        "{} builds with nothing changed, against as many bare go builds in a row",
        planned.len()
    );
    show(&what, &pairs, Some(1.0));

    project(temp.path(), &source, 50)?;
    let plan = dry_run.stdout_null();
    let mut times = (0..15).map(|_| timed(&plan)).collect::<Result<Vec<_>>>()?;
    let median = super::median(&mut times) * 1e3;
    println!("50 plugins × 4 targets planned: median {median:.0} ms (goal 100)");
    Ok(())
}

/// A project of copies of one plugin, each a module of its own.
fn project(place: &Path, source: &Path, count: usize) -> Result<()> {
    let io = |e: std::io::Error| Error::io("write", place, e);
    for n in 0..count {
        let dir = place.join(format!("plugins/p{n}"));
        std::fs::create_dir_all(&dir).map_err(io)?;
        for entry in std::fs::read_dir(source).map_err(io)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "go.mod" || name.ends_with(".go") && !name.ends_with("_test.go") {
                let text = std::fs::read_to_string(entry.path()).map_err(io)?;
                let text = text
                    .replace(
                        "module example.com/plugins/handler",
                        &format!("module example.com/p{n}"),
                    )
                    .replace("registerer(\"request-id\")", &format!("registerer(\"p{n}\")"));
                std::fs::write(dir.join(name), text).map_err(io)?;
            }
        }
    }
    let settings = "[build]\nout-dir = \"out\"\n\n[workspace]\nmembers = [\"plugins/*\"]\n";
    std::fs::write(place.join("plugbuild.toml"), settings).map_err(io)
}

/// What a dry run says of each of its builds.
fn planned(dry_run: &Expression) -> Result<Vec<Planned>> {
    let plan = dry_run.read().map_err(failed)?;
    let parse =
        |line: &str| serde_json::from_str(line).map_err(|e| Error::build(format!("the dry run cannot be read: {e}")));
    plan.lines().map(parse).collect()
}

/// Each bare build has a file of its own, which it finds up to date the next time.
fn bare_build(planned: &Planned, place: &Path, cache: &Path) -> Expression {
    let name: PathBuf = planned.output.file_name().map(Into::into).unwrap_or_default();
    bare(&planned.command, &place.join("bare").join(name), cache)
}

fn row(builds: &[Expression]) -> Result<f64> {
    builds.iter().map(timed).sum()
}

fn folder() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))
}

/// A `plugbuild build` of all targets, with more words.
fn build<'w>(plugbuild: &Path, args: &'w Args, words: &[&'w str]) -> Expression {
    let all = ["build", "--all-targets", "--gateway", &args.gateway];
    duct::cmd(plugbuild, all.iter().chain(words))
}

const DRY_RUN: [&str; 3] = ["--dry-run", "--message-format", "json"];
