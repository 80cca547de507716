//! `plugbuild test`: loads plugins in a running gateway, and sends a request through it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::binary::Binary;
use crate::commands::args::GatewayArgs;
use crate::commands::gateway_choice;
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print, print_json, print_line};
use crate::commands::verify::{official_gateway, typed};
use crate::gateway::explain::Explanation;
use crate::gateway::facts::Gateway;
use crate::gateway::registerer::PluginKind;
use crate::gateway::run::process::{GatewayRunner, stopped_by};
use crate::gateway::run::request::{HttpRequest, Response};
use crate::gateway::run::{Expected, START_TIMEOUT, request};
use crate::gateway::{Asked, GatewaySpec, registerer, run as gateway_run};
use crate::matrix::Matrix;
use crate::project::config::Settings;
use crate::project::trust;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::quoted;
use crate::util::regular_file::is_there;
use crate::util::target::{Arch, LibcKind, Target};
use crate::util::ui::Format;
use crate::util::version::GatewayVersion;
use crate::verify::plugin::PluginBinary;

/// Plugins and the gateway to try them in.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// The plugins
    #[arg(required = true, value_name = "PLUGIN.so")]
    pub plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Download the release's official gateway, and run that
    #[arg(long)]
    pub official: bool,
    /// The configuration for --request [default: the krakend.json beside or above the plugin]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Send a request through the gateway, such as GET /hello
    #[arg(short, long, num_args = 2, value_names = ["METHOD", "PATH"])]
    pub request: Vec<String>,
    /// A header of the request (repeatable)
    #[arg(short = 'H', long, value_name = "NAME: VALUE", requires = "request")]
    pub header: Vec<String>,
    /// The body of the request: text, or @FILE
    #[arg(
        short,
        long,
        value_name = "TEXT|@FILE",
        requires = "request",
        allow_hyphen_values = true
    )]
    pub data: Option<String>,
    /// The status that the response must have
    #[arg(long, value_name = "CODE", requires = "request")]
    pub expect_status: Option<u16>,
    /// A header that the response must have (repeatable)
    #[arg(long, value_name = "NAME[: VALUE]", requires = "request")]
    pub expect_header: Vec<String>,
    /// Text that the response's body must contain (repeatable)
    #[arg(long, value_name = "TEXT", requires = "request")]
    pub expect_body: Vec<String>,
    /// The root of the dynamic loader for a gateway of another libc or architecture
    #[arg(long, value_name = "DIR")]
    pub sysroot: Option<PathBuf>,
    /// How long the gateway may take to start
    #[arg(long, value_name = "SECONDS", default_value_t = START_TIMEOUT.as_secs())]
    pub timeout: u64,
}

/// The first release with `krakend test-plugin`.
const TEST_PLUGIN: GatewayVersion = GatewayVersion {
    major: 2,
    minor: 6,
    patch: 0,
};

const ENTERPRISE: &str = "try it in the Enterprise edition: `--gateway` with that gateway's own file";

/// One plugin of a test.
struct TestPlugin {
    /// A copy in a directory of its own: a gateway treats a name as a pattern, and `auth.so` matches `jwt-auth.so`.
    file: PathBuf,
    shown: String,
    kinds: Vec<PluginKind>,
    arch: Arch,
}

pub(crate) fn run(args: &TestArgs, cx: Context) -> Result<()> {
    let request = match args.request.as_slice() {
        [method, path] => {
            let headers = args
                .header
                .iter()
                .map(|header| request::header(header))
                .collect::<Result<_>>()?;
            let body = args.data.as_deref().map(|data| body(data, cx)).transpose()?;
            let request = HttpRequest::new(method, path, headers, body)?;
            Some((request, configuration(args, cx)?))
        }
        _ => None,
    };
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let host = settings.with_mirrors(cx.host);
    let cx = Context { host: &host, ..cx };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    let asked = asked(&args.gateway, None, &settings, cx)?;
    trust::may_run_gateway(asked.named_in.as_deref(), &settings, &matrix, cx.host)?;
    let gateway = gateway_choice::identify(&asked, &mut matrix, cx)?;
    if let Some((_, (file, config))) = &request {
        gateway_run::is_read_by(config, file, &gateway)?;
    }
    let folder = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    let tried: Vec<TestPlugin> = args
        .plugins
        .iter()
        .enumerate()
        .map(|(number, path)| tried(path, &folder.path().join(number.to_string()), cx))
        .collect::<Result<_>>()?;
    let gateway = with_file(gateway, args, &settings, &mut matrix, cx)?;
    let sysroot = args.sysroot.as_ref().map(|dir| cx.host.absolute(dir));
    let runnable = GatewayRunner::new(&gateway, sysroot.as_deref(), &matrix, cx)?;
    let runnable = runnable.with_timeout(Duration::from_secs(args.timeout));
    for plugin in &tried {
        runnable.fits(&plugin.shown, plugin.arch)?;
    }
    runnable.load(&tried, folder.path())?;
    if let Some((request, (file, config))) = &request {
        cx.ui.status("config", file.display());
        let plugins = together(&tried, &folder.path().join("all"))?;
        let config = |port| Ok(gateway_run::configuration(config, &plugins, port));
        let (mut running, port) = runnable.started(&config, folder.path()).map_err(|why| {
            why.help_if_none(format!(
                "is it the configuration? `plugbuild config check {}`",
                file.display()
            ))
        })?;
        let answer = ask(request, port, args, cx);
        running.stop();
        for line in gateway_run::about_plugins(&running.lines) {
            cx.ui.verbose("log", line);
        }
        answer?;
    }
    Ok(())
}

/// Copies a plugin into the directory and reads what it exports.
fn tried(path: &Path, folder: &Path, cx: Context) -> Result<TestPlugin> {
    let full = cx.host.absolute(path);
    let given = "give the .so that `plugbuild` built, such as plugins/*.so";
    let binary = Binary::open(&full).map_err(|e| e.help_if_none(given))?;
    let plugin = PluginBinary::read(&binary)?;
    let kinds = registerer::all()
        .iter()
        .filter(|row| plugin.own_symbol(&row.symbol).is_some())
        .map(|row| row.kind)
        .collect();
    let stem = full.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    std::fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
    let file = folder.join(format!("{stem}.so"));
    std::fs::copy(&full, &file).map_err(|e| Error::io("copy", &full, e))?;
    Ok(TestPlugin {
        file,
        shown: path.display().to_string(),
        kinds,
        arch: plugin.image().arch(),
    })
}

/// Puts all plugins into one directory, as for a serving gateway; equal names get a number.
fn together(tried: &[TestPlugin], folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
    for (number, plugin) in tried.iter().enumerate() {
        let name = plugin.file.file_name().unwrap_or_default();
        let mut place = folder.join(name);
        if place.exists() {
            place = folder.join(format!("{number}-{}", name.to_string_lossy()));
        }
        std::fs::hard_link(&plugin.file, &place).map_err(|e| Error::io("link", &place, e))?;
    }
    Ok(folder.to_owned())
}

/// The gateway with its file: the given one, or the release's own.
fn with_file(
    gateway: Gateway,
    args: &TestArgs,
    settings: &Settings,
    matrix: &mut Matrix,
    cx: Context,
) -> Result<Gateway> {
    if gateway.binary.is_some() {
        return Ok(gateway);
    }
    let Some(version) = gateway.release().filter(|_| args.official) else {
        return Err(Error::usage(format!(
            "{} is known, but there is no binary of it to run",
            gateway.title()
        ))
        .help("give one: `--gateway ./krakend`, or let the release's own be fetched: `--official`"));
    };
    let libc = gateway.libc.map_or(LibcKind::Glibc, |libc| libc.kind);
    let target = Target::new(cx.host.platform.arch, libc);
    let file = official_gateway(version, &target, settings, matrix, cx)?.file;
    let asked = Asked {
        gateway: Some(GatewaySpec::File(file)),
        ..Asked::default()
    };
    gateway_choice::identify(&asked, matrix, cx)
}

impl GatewayRunner<'_> {
    /// Loads each plugin as each of its types; tries all before it reports the first failure.
    fn load(&self, tried: &[TestPlugin], folder: &Path) -> Result<()> {
        let own_command = self.gateway.version.is_none_or(|version| version >= TEST_PLUGIN);
        let mut failed = Vec::new();
        let mut differing = Vec::new();
        let mut stopped = Vec::new();
        let mut unused = Vec::new();
        for plugin in tried {
            let started = if own_command {
                None
            } else {
                let help = |why: Error| why.help_if_none(self.verified([plugin.shown.as_str()]));
                Some(self.start_bare(plugin, folder).map_err(help)?)
            };
            if plugin.kinds.is_empty() {
                failed.push(plugin.shown.clone());
                differing.push(plugin.shown.as_str());
                self.report(plugin, None, false, &[]);
            }
            let (ignored, used): (Vec<_>, Vec<_>) =
                plugin.kinds.iter().partition(|kind| self.gateway.ignores(kind.row()));
            for kind in &ignored {
                self.report_ignored(plugin, *kind);
            }
            if used.is_empty() && !ignored.is_empty() {
                unused.push(plugin.shown.as_str());
            }
            for kind in &used {
                let (ok, said) = match &started {
                    None => self.test_plugin(plugin, *kind, folder)?,
                    Some(said) => loaded_alone(said, *kind),
                };
                let own = self.report(plugin, Some(*kind), ok, &said);
                if !ok {
                    failed.push(format!("{} as a {kind}", plugin.shown));
                }
                if !ok && !own.is_empty() {
                    stopped.extend(own);
                } else if !ok && !gateway_run::lacks_loader(&said, *kind) {
                    differing.push(plugin.shown.as_str());
                }
            }
        }
        self.outcome(&failed, &stopped, differing, &unused)
    }

    /// The error for the plugins that did not load, if there are any.
    fn outcome(
        &self,
        failed: &[String],
        stopped: &[Explanation],
        mut differing: Vec<&str>,
        unused: &[&str],
    ) -> Result<()> {
        let label = &self.gateway.label;
        if failed.is_empty() && unused.is_empty() {
            return Ok(());
        }
        if failed.is_empty() {
            let what = format!("the gateway {label} uses nothing of {}", unused.join(", "));
            return Err(Error::incompatible(what).help(ENTERPRISE));
        }
        let mut error = Error::incompatible(format!("the gateway {label} did not load {}", failed.join(", ")));
        if let Some(help) = stopped_by(stopped) {
            error = error.help(help);
            if differing.is_empty() {
                return Err(error);
            }
        } else if differing.is_empty() {
            return Err(error.help(ENTERPRISE));
        }
        differing.dedup();
        Err(error.help(self.verified(differing)))
    }

    /// The help that compares plugins with this gateway.
    fn verified<'t>(&self, shown: impl IntoIterator<Item = &'t str>) -> String {
        let plugins: Vec<String> = shown.into_iter().map(|shown| quoted(shown.as_ref())).collect();
        format!(
            "`plugbuild verify {} {}` says what differs",
            plugins.join(" "),
            typed(self.gateway)
        )
    }

    /// The gateway's own `test-plugin`.
    fn test_plugin(&self, plugin: &TestPlugin, kind: PluginKind, folder: &Path) -> Result<(bool, Vec<String>)> {
        let file = plugin.file.display().to_string();
        let run = self.invocation(folder, &["test-plugin", &kind.row().flag, &file]);
        self.cx.ui.verbose("running", &run);
        let output = run.output(self.cx.host)?;
        let said = [output.stdout, output.stderr].concat();
        let lines: Vec<String> = String::from_utf8_lossy(&said).lines().map(str::to_owned).collect();
        if !output.status.success() && gateway_run::lacks_command(&lines) {
            return Ok(loaded_alone(&self.start_bare(plugin, folder)?, kind));
        }
        Ok((output.status.success(), lines))
    }

    /// A start with nothing but the plugins, for releases without that command; its log decides.
    fn start_bare(&self, plugin: &TestPlugin, folder: &Path) -> Result<Vec<String>> {
        let own = plugin.file.parent().unwrap_or(folder);
        let (mut running, _) = self.started(&|port| Ok(gateway_run::bare(self.gateway, own, port)), folder)?;
        running.stop();
        Ok(std::mem::take(&mut running.lines))
    }

    /// A type that this gateway has no loader for: it opens the file, and looks for other types only.
    fn report_ignored(&self, plugin: &TestPlugin, kind: PluginKind) {
        let Context { ui, format, .. } = self.cx;
        let (label, title) = (&self.gateway.label, self.gateway.title());
        match format {
            Format::Json => print_json(&json!({
                "reason": "plugin-tested",
                "plugin": plugin.shown,
                "type": kind.name(),
                "gateway": label,
                "loaded": false,
                "ignored": true,
                "log": [],
            })),
            Format::Human => print_line(format_args!("ignored: {} as a {kind} in {title}", plugin.shown)),
        }
        ui.status("note", kind.row().ignored());
    }

    /// Returns the message if the plugin's own code stopped it.
    fn report(&self, plugin: &TestPlugin, kind: Option<PluginKind>, ok: bool, said: &[String]) -> Vec<Explanation> {
        let Context { ui, format, .. } = self.cx;
        let as_what = kind.map_or("nothing: it exports no registerer".to_owned(), |kind| {
            format!("a {kind}")
        });
        match format {
            Format::Json => print_json(&json!({
                "reason": "plugin-tested",
                "plugin": plugin.shown,
                "type": kind.map(PluginKind::name),
                "gateway": self.gateway.label,
                "loaded": ok,
                "log": said,
            })),
            Format::Human => {
                let verdict = if ok { "loaded" } else { "NOT loaded" };
                print_line(format_args!(
                    "{verdict}: {} as {as_what} in {}",
                    plugin.shown,
                    self.gateway.title()
                ));
            }
        }
        if let Some(kind) = kind.filter(|kind| gateway_run::lacks_loader(said, *kind)) {
            let what =
                format!("{kind}s are loaded by the Enterprise edition only: this gateway has no loader for them");
            ui.status("note", what);
        } else if !ok {
            gateway_run::about_plugins(said).take(12).for_each(|line| ui.raw(line));
            return self.explained(said);
        }
        Vec::new()
    }
}

/// Whether a start with nothing but the plugin loaded it, and the log.
fn loaded_alone(said: &[String], kind: PluginKind) -> (bool, Vec<String>) {
    (gateway_run::loaded(said, kind).unwrap_or(0) > 0, said.to_vec())
}

/// The configuration for requests.
fn configuration(args: &TestArgs, cx: Context) -> Result<(PathBuf, Value)> {
    let first = args.plugins.first().map(|path| cx.host.absolute(path));
    let beside = || {
        let mut folders = first.as_deref()?.ancestors().skip(1).take(2);
        folders.find_map(|dir| Some(dir.join("krakend.json")).filter(|file| is_there(file)))
    };
    let file = args
        .config
        .as_ref()
        .map(|file| cx.host.absolute(file))
        .or_else(beside)
        .ok_or_else(|| {
            Error::usage("a request needs a configuration that uses the plugin, and there is no krakend.json beside it")
                .help("give it: `--config krakend.json`; `plugbuild config inject` writes the plugin in")
        })?;
    let text = crate::util::regular_file::read_to_string(&file).map_err(|e| Error::io("read", &file, e))?;
    let config = gateway_run::read(&file.display().to_string(), &text)?;
    Ok((file, config))
}

/// The body for `--data`: the text itself, or with a leading `@` a file's content.
fn body(data: &str, cx: Context) -> Result<Vec<u8>> {
    let Some(file) = data.strip_prefix('@') else {
        return Ok(data.as_bytes().to_owned());
    };
    let file = cx.host.absolute(Path::new(file));
    crate::util::regular_file::read(&file)
        .map_err(|e| Error::io("read", &file, e).help("`--data @FILE` sends a file, `--data TEXT` a text"))
}

/// Sends the request and reports the answer.
fn ask(request: &HttpRequest, port: u16, args: &TestArgs, cx: Context) -> Result<()> {
    let Response { status, headers, body } = request.send(port, Duration::from_secs(args.timeout))?;
    let HttpRequest { method, path, .. } = request;
    match cx.format {
        Format::Json => print_json(&json!({
            "reason": "answered", "method": method, "path": path, "status": status, "headers": headers, "body": body,
        })),
        Format::Human => {
            print_line(format_args!("{method} {path}: {status}"));
            for (name, value) in &headers {
                print_line(format_args!("  {name}: {value}"));
            }
            if !body.is_empty() {
                print(format_args!("\n{}", body.trim_end()));
            }
        }
    }
    let expected = Expected {
        status: args.expect_status,
        headers: args.expect_header.clone(),
        body: args.expect_body.clone(),
    };
    let missed = expected.missed(status, &headers, &body);
    if missed.is_empty() {
        return Ok(());
    }
    Err(Error::incompatible(format!("{method} {path}: {}", missed.join("; "))))
}
