//! `cargo xtask bench`: how long plugbuild takes, beside a bare `go build` with the same flags in the same run.

mod judge;
mod many;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;
use duct::{Expression, cmd};
use plugbuild::util::error::{Error, Result};
use serde::Deserialize;

/// Prints ratios: plugbuild against bare go build (cold and unchanged), start-up, size. A machine that does nothing else
/// gives figures that mean something.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The plugin that is built
    #[arg(long, default_value = "examples/shared")]
    plugin: PathBuf,
    /// The gateway it is built for
    #[arg(long, default_value = "2.12.1")]
    gateway: String,
    /// The target it is built for
    #[arg(long, default_value = "amd64-glibc")]
    target: String,
    /// A gateway's binary, to compare `verify` with its `test-plugin` and `check` with its `check-plugin`, and nothing else;
    /// one of another architecture runs under qemu
    #[arg(long, value_name = "KRAKEND")]
    with: Vec<PathBuf>,
    /// Measure four targets by one command, against four bare builds in a row, and nothing else
    #[arg(long)]
    targets: bool,
    /// Measure a project of many plugins, and nothing else
    #[arg(long)]
    plugins: bool,
    /// Pairs of cold builds; each takes as long as the plugin does
    #[arg(long, default_value_t = 3)]
    cold: usize,
    /// Pairs of builds with nothing changed
    #[arg(long, default_value_t = 15)]
    unchanged: usize,
}

/// What `--dry-run --message-format json` says of a build.
#[derive(Deserialize)]
struct Planned {
    output: PathBuf,
    command: Command,
}

#[derive(Deserialize)]
struct Command {
    cwd: PathBuf,
    env: BTreeMap<String, String>,
    argv: Vec<String>,
}

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    cmd!("cargo", "build", "--release", "--quiet", "--package", "plugbuild")
        .dir(root)
        .run()
        .map_err(failed)?;
    let plugbuild = root.join("target/release/plugbuild");
    if args.targets || args.plugins || !args.with.is_empty() {
        judge::gateways(args, &plugbuild, root)?;
        if args.targets {
            many::targets(args, &plugbuild, root)?;
        }
        if args.plugins {
            many::plugins(args, &plugbuild, root)?;
        }
        return Ok(());
    }
    let temp = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    let plugin = root.join(&args.plugin);
    let output = temp.path().join("plugin.so");
    let ours = |cache: &Path| {
        cmd!(
            &plugbuild,
            "build",
            "--quiet",
            "--gateway",
            &args.gateway,
            "--target",
            &args.target,
            "--output",
            &output,
            &plugin
        )
        .env("GOCACHE", cache)
        .stdout_null()
    };
    let planned = cmd!(
        &plugbuild,
        "build",
        "--dry-run",
        "--message-format",
        "json",
        "--gateway",
        &args.gateway,
        "--target",
        &args.target,
        &plugin
    );
    // The first run fetches what is missing and fills zig's cache, so that neither side pays for it.
    timed(&ours(&temp.path().join("warm-up")))?;
    let planned: Planned = serde_json::from_str(&planned.read().map_err(failed)?)
        .map_err(|e| Error::build(format!("the dry run cannot be read: {e}")))?;
    let bare_output = temp.path().join("bare.so");
    let bare = |cache: &Path| bare(&planned.command, &bare_output, cache);
    timed(&bare(&temp.path().join("warm-up")))?;

    let mut cold = Vec::new();
    for round in 0..args.cold {
        let ours_first = round % 2 == 0;
        let (a, b) = (
            temp.path().join(format!("a{round}")),
            temp.path().join(format!("b{round}")),
        );
        // A new GOCACHE each; what the go command linked before is not up to date in it.
        cold.push(pair(|| timed(&ours(&a)), || timed(&bare(&b)), ours_first)?);
        let _ = std::fs::remove_dir_all(a).and_then(|()| std::fs::remove_dir_all(b));
    }
    show("cold build, against bare go build", &cold, Some(1.02));

    let cache = temp.path().join("unchanged");
    timed(&ours(&cache))?;
    timed(&bare(&cache))?;
    let unchanged = (0..args.unchanged)
        .map(|round| pair(|| timed(&ours(&cache)), || timed(&bare(&cache)), round % 2 == 0))
        .collect::<Result<Vec<_>>>()?;
    show("nothing changed, against bare go build", &unchanged, Some(1.3));

    let version = cmd!(&plugbuild, "--version").stdout_null();
    let mut starts = (0..50).map(|_| timed(&version)).collect::<Result<Vec<_>>>()?;
    println!(
        "start-up of --version: median {:.1} ms (goal 5)",
        median(&mut starts) * 1e3
    );
    let size = std::fs::metadata(&plugbuild)
        .map_err(|e| Error::io("read", &plugbuild, e))?
        .len();
    println!("size of the binary: {:.2} MB (goal 6)", size as f64 / 1e6);
    Ok(())
}

/// The same go command without plugbuild around it: no script before Go's tools, nothing planned, checked or copied.
fn bare(planned: &Command, output: &Path, cache: &Path) -> Expression {
    let mut argv: Vec<String> = planned
        .argv
        .iter()
        .filter(|arg| !arg.starts_with("-toolexec="))
        .cloned()
        .collect();
    if let Some(at) = argv.iter().position(|arg| arg == "-o") {
        argv[at + 1] = output.display().to_string();
    }
    let mut go = cmd(&argv[0], &argv[1..]).dir(&planned.cwd).stdout_null().stderr_null();
    for (name, value) in &planned.env {
        go = go.env(name, value);
    }
    go.env("GOCACHE", cache)
}

fn failed(why: std::io::Error) -> Error {
    Error::build(format!("a measured command failed: {why}"))
}

fn timed(what: &Expression) -> Result<f64> {
    let started = Instant::now();
    what.run().map_err(failed)?;
    Ok(started.elapsed().as_secs_f64())
}

/// The seconds of both, whichever goes first.
fn pair(
    ours: impl FnOnce() -> Result<f64>,
    other: impl FnOnce() -> Result<f64>,
    ours_first: bool,
) -> Result<(f64, f64)> {
    if ours_first {
        let a = ours()?;
        Ok((a, other()?))
    } else {
        let b = other()?;
        Ok((ours()?, b))
    }
}

fn show(what: &str, pairs: &[(f64, f64)], goal: Option<f64>) {
    let goal = goal.map_or_else(String::new, |goal| format!(" (goal {goal})"));
    let mut ratios: Vec<f64> = pairs.iter().map(|(a, b)| a / b).collect();
    let (mut ours, mut other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    println!(
        "{what}: median ratio {:.3}{goal} of {} pairs; plugbuild {:.3} s, bare {:.3} s",
        median(&mut ratios),
        pairs.len(),
        median(&mut ours),
        median(&mut other)
    );
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
