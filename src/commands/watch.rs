//! `plugbuild watch`: builds, verifies and restarts the gateway at each save; shows its messages about plugins.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::Value;
use tempfile::TempDir;

use crate::commands::args::{BuildArgs, LockArgs, OutputArgs, PlanArgs};
use crate::commands::build::execute;
use crate::commands::build::plan::plan_build;
use crate::commands::build::request::OptionResolver;
use crate::gateway::identify;
use crate::gateway::run as gateway_run;
use crate::gateway::run::process::GatewayRunner;
use crate::plan::Job;
use crate::project::config::PluginConfig;
use crate::project::trust;
use crate::toolchain::session::Session;
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::process::background::{Background, WaitOutcome};
use crate::util::process::interrupted;

/// The builds to repeat, and the gateway that runs the plugin.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub to: OutputArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// The gateway's configuration [default: the plugin's krakend.json]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl From<&WatchArgs> for BuildArgs {
    fn from(args: &WatchArgs) -> Self {
        BuildArgs {
            to: args.to.clone(),
            lock: args.lock.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}

/// How often files are checked.
const PAUSE: Duration = Duration::from_millis(400);

/// A running gateway, and the directory with its plugin.
struct Running {
    process: Background,
    port: u16,
    shown: usize,
    _folder: TempDir,
}

pub(crate) fn run(args: &WatchArgs, cx: Context) -> Result<()> {
    let root = cx.host.absolute(&args.plan.path);
    let mut running = None;
    let mut first = true;
    loop {
        let files = wait_until_stable(&root);
        if let Err(why) = build_and_start(args, &mut running, cx) {
            // Later it may be a file that is being written.
            let is_final = match why.kind {
                ErrorKind::Interrupted => true,
                ErrorKind::Usage | ErrorKind::Io => first,
                // No change of the plugin makes a gateway load plugins.
                ErrorKind::Incompatible => first && !gateway_loads_plugins(args, &root, cx),
                _ => false,
            };
            if is_final {
                return Err(why);
            }
            cx.ui.error(&why);
            if running.is_some() {
                cx.ui.warn("the gateway continues with the previous plugin");
            }
        }
        first = false;
        cx.ui.status("watching", format!("{}: Ctrl-C ends it", root.display()));
        while scan(&root) == files {
            match &mut running {
                Some(gateway) => gateway.show(cx),
                None => std::thread::sleep(PAUSE),
            }
            if interrupted() {
                return Err(Error::interrupted());
            }
        }
        cx.ui.status("rebuilding", "after a change");
    }
}

fn gateway_loads_plugins(args: &WatchArgs, root: &Path, cx: Context) -> bool {
    let build = args.into();
    let refused = || -> Option<Error> {
        let session = Session::open(root, cx).ok()?;
        let asked = OptionResolver::new(&build, &session).asked(&PluginConfig::default());
        let mut asked = asked.ok()?.into_iter();
        asked.find_map(|asked| identify(&asked, &session.matrix, &session.host).err())
    };
    refused().is_none_or(|why| why.kind != ErrorKind::Incompatible)
}

/// Replaces the running gateway by one with the current plugin, once that is built.
fn build_and_start(args: &WatchArgs, running: &mut Option<Running>, cx: Context) -> Result<()> {
    let build = args.into();
    let plan = plan_build(&build, cx)?;
    let ([unit], [member]) = (plan.units.as_slice(), plan.members.as_slice()) else {
        return Err(
            Error::usage(format!("{} builds cannot be watched at once", plan.units.len()))
                .help("name one plugin, one gateway and one target"),
        );
    };
    let job = unit.job.clone();
    let Session { settings, matrix, .. } = &plan.session;
    let named = OptionResolver::new(&build, &plan.session)
        .named(&member.config)?
        .gateways
        .into_iter()
        .next();
    let place = named.as_ref().map(|gateway| gateway.why.as_str());
    trust::may_run_gateway(place, settings, matrix, cx.host)?;
    // A program that cannot be run is reported before anything is built.
    let runnable = GatewayRunner::new(&job.gateway, None, matrix, cx)?;
    let (config, own) = configuration(&job, args, cx)?;
    gateway_run::is_read_by(&own, &config, &job.gateway)?;
    execute(plan, &build)?;
    if let Some(mut before) = running.take() {
        before.process.stop();
    }
    *running = Some(start(&job, &runnable, &config, &own, cx)?);
    Ok(())
}

/// The gateway's own configuration, and its file.
fn configuration(job: &Job, args: &WatchArgs, cx: Context) -> Result<(PathBuf, Value)> {
    let file = match &args.config {
        Some(file) => cx.host.absolute(file),
        None => job.plugin.dir.join("krakend.json"),
    };
    let text = crate::util::regular_file::read_to_string(&file)
        .map_err(|e| Error::io("read", &file, e).help("name the gateway's configuration: `--config krakend.json`"))?;
    let own = gateway_run::read(&file.display().to_string(), &text)?;
    Ok((file, own))
}

fn start(job: &Job, runnable: &GatewayRunner, config: &Path, own: &Value, cx: Context) -> Result<Running> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    fs::copy(&job.output, folder.path().join("plugin.so")).map_err(|e| Error::io("copy", &job.output, e))?;
    let port = gateway_run::port(own);
    let running = folder.path().join("krakend.json");
    fs::write(&running, gateway_run::configuration(own, folder.path(), port))
        .map_err(|e| Error::io("write", &running, e))?;
    // Files that the configuration names are relative to it.
    let beside = config.parent().unwrap_or(Path::new("/"));
    let gateway = runnable.invocation(beside, &["run", "-c"]).arg(running);
    cx.ui.verbose("running", &gateway);
    cx.ui.status("gateway", format!("http://127.0.0.1:{port}"));
    Ok(Running {
        process: gateway.spawn(cx.host)?,
        port,
        shown: 0,
        _folder: folder,
    })
}

impl Running {
    /// Waits a moment and shows messages about plugins; for a gateway that ended, its last lines.
    fn show(&mut self, cx: Context) {
        let waited = self.process.wait(PAUSE, |_| false);
        if interrupted() {
            // It ends because we do.
            return;
        }
        let new = self.process.lines.get(self.shown..).unwrap_or_default();
        for line in gateway_run::worth_showing(new) {
            let bad = ["rror", "fatal", "panic", "not found", "different version"];
            if bad.iter().any(|sign| line.contains(sign)) {
                cx.ui.warn(line);
            } else {
                cx.ui.status("gateway", line);
            }
        }
        if waited == WaitOutcome::Ended {
            if !new.is_empty() {
                new.iter().rev().take(3).rev().for_each(|line| cx.ui.raw(line));
                if new.iter().any(|line| line.contains("address already in use")) {
                    let port = self.port;
                    cx.ui.warn(format!(
                        "another program has the port {port}: end it, or name another `port` in the gateway's configuration"
                    ));
                }
                cx.ui
                    .warn("the gateway has ended; it is started again at the next change");
            }
            std::thread::sleep(PAUSE);
        }
        self.shown = self.process.lines.len();
    }
}

type Seen = Vec<(PathBuf, SystemTime, u64)>;

/// Looks until two looks in a row agree: an editor writes a file in several steps.
fn wait_until_stable(root: &Path) -> Seen {
    let mut last = scan(root);
    loop {
        std::thread::sleep(PAUSE / 4);
        let now = scan(root);
        if now == last || interrupted() {
            return now;
        }
        last = now;
    }
}

/// The files a build or a run depends on, below the plugin's directory.
fn scan(root: &Path) -> Seen {
    let mut seen = Seen::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if is_source(&name) {
                seen.push((path, meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len()));
            }
        }
    }
    seen.sort();
    seen
}

fn is_source(name: &str) -> bool {
    let endings = [
        ".go", ".mod", ".sum", ".work", ".json", ".toml", ".c", ".h", ".s", ".tmpl",
    ];
    !name.starts_with('.') && endings.iter().any(|ending| name.ends_with(ending))
}
