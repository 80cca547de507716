//! Each command: from its arguments to its answer.

mod planned;
mod sources;
mod build;
mod bundle;
mod cache;
mod check;
mod compat;
mod config;
mod many;
mod together;
mod package;
mod lock;
mod metadata;
mod reproduce;
mod doctor;
mod dry_run;
mod env;
mod fetch;
mod fix;
mod gateway;
mod inject;
mod krakend;
mod lists;
mod new;
mod registered;
mod running;
mod trial;
mod trust;
mod watch;
mod subject;
mod toolchain;
mod verify;
mod inspect;
mod explain;

use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::cli::{Cli, Command, Format, GatewayArgs, Global};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::Asked;
use crate::host::Host;
use crate::printable::{printable, printable_json, printable_line};
use crate::target::Libc;
use crate::ui::Ui;
use sources::Named;

/// What every command is given.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub host: &'a Host,
    pub ui: &'a Ui,
    pub format: Format,
    pub offline: bool,
}

/// Runs the command that was typed.
///
/// # Errors
/// Whatever stopped it.
pub fn run(cli: &Cli, host: &Host, ui: &Ui) -> Result<()> {
    let done = dispatch(cli, host, ui);
    if let (Err(why), Format::Json, true) = (&done, cli.global.message_format, is_stream(&cli.command)) {
        print_json(&json!({
            "reason": "error", "error": why.what, "help": why.help, "exit-code": why.kind.exit_code(),
        }));
    }
    done?;
    printed()
}

/// Prints what was asked of the command line itself: help, the version.
///
/// # Errors
/// It could not be written.
pub fn told(text: &clap::Error) -> Result<()> {
    let _ = text.print().map_err(unprinted);
    printed()
}

/// Whether all of standard output was written.
fn printed() -> Result<()> {
    let _ = std::io::stdout().flush().map_err(unprinted);
    match UNPRINTED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(why) => Err(Error::io("write", "standard output", why)),
        None => Ok(()),
    }
}

/// Whether a command writes an event a line, and not one document.
fn is_stream(command: &Command) -> bool {
    matches!(
        command,
        Command::Build(_) | Command::Package(_) | Command::Bundle(_) | Command::Check(_) | Command::Test(_)
    )
}

fn dispatch(cli: &Cli, host: &Host, ui: &Ui) -> Result<()> {
    let Global {
        offline,
        message_format: format,
        ..
    } = cli.global;
    let offline = offline || host.switch("PLUGBUILD_OFFLINE");
    let cx = Context {
        host,
        ui,
        format,
        offline,
    };
    match &cli.command {
        Command::Build(args) => build::run(args, cx),
        Command::Package(args) => package::run(args, cx),
        Command::Verify(args) => verify::run(args, cx),
        Command::Check(args) => check::run(args, cx),
        Command::Fix(args) => fix::run(args, cx),
        Command::Compat(args) => compat::compat_of(args, cx),
        Command::Upgrade(args) => compat::upgrade_of(args, cx),
        Command::Deps(args) => compat::deps_of(args, cx),
        Command::Inspect(args) => inspect::run(args, cx),
        Command::Explain(args) => explain::run(args, cx),
        Command::Lock(args) => lock::run(args, cx),
        Command::Metadata(args) => metadata::metadata(args, cx),
        Command::Matrix(args) => metadata::matrix(args, cx),
        Command::Env(args) => env::run(args, cx),
        Command::Fetch(args) => fetch::run(args, cx),
        Command::Bundle(args) => bundle::run(&args.command, cx),
        Command::Gateway(args) => gateway::run(&args.command, cx),
        Command::Gateways => lists::gateways(cx),
        Command::Targets => lists::targets(cx),
        Command::Toolchain(args) => toolchain::run(&args.command, cx),
        Command::Cache(args) => cache::run(&args.command, cx),
        Command::Test(args) => trial::run(args, cx),
        Command::Watch(args) => watch::run(args, cx),
        Command::New(args) => new::run(args, cx),
        Command::Init(args) => new::run_init(args, cx),
        Command::Config(args) => config::run(&args.command, cx),
        Command::Trust(args) => trust::run(args, cx),
        Command::Doctor => doctor::run(cx),
    }
}

/// The gateway that is asked for: by flag, else by the environment, else by a settings file. `libc` is what was typed
/// for a gateway of which nothing else is known.
pub(crate) fn asked(given: &GatewayArgs, libc: Option<Libc>, settings: &Settings, cx: Context) -> Result<Asked> {
    let asked = Asked {
        gateway: given.gateway.clone(),
        named_in: None,
        go: given.go.clone(),
        libc,
    };
    if asked.gateway.is_some() || asked.go.is_some() {
        return Ok(asked);
    }
    let named = Named::elsewhere(&[], settings, cx.host)?;
    let first = named.gateways.into_iter().next();
    Ok(Asked {
        named_in: first.as_ref().map(|gateway| gateway.why.clone()),
        gateway: first.map(|gateway| gateway.value),
        go: named.go.map(|go| go.value),
        ..asked
    })
}

/// Writes to standard output. A reader that has gone away (`| head`) is no failure; anything else fails the command when
/// it has done its work.
pub(crate) fn print(text: impl std::fmt::Display) {
    let text = text.to_string();
    print_as_is(printable(&text));
}

/// The same of what is one line, whatever the names in it are.
pub(crate) fn print_line(text: impl std::fmt::Display) {
    print_as_is(printable_line(&text.to_string()));
}

/// A path as a line.
pub(crate) fn print_path(path: &Path) {
    print_line(path.display());
}

/// The same of what has colours of ours in it; texts of others go through [`printable`] first.
pub(crate) fn print_as_is(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}").map_err(unprinted);
}

/// The first failure to write to standard output.
static UNPRINTED: Mutex<Option<std::io::Error>> = Mutex::new(None);

fn unprinted(why: std::io::Error) {
    if why.kind() != std::io::ErrorKind::BrokenPipe {
        UNPRINTED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(why);
    }
}

/// Writes what is JSON, or has its strings.
pub(crate) fn print_data(text: &str) {
    print_as_is(printable_json(text));
}

/// Writes one JSON document, or one event of a stream, as a line.
pub(crate) fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => print_data(&text),
        // Our own types have text keys only, so this is not reached; nothing useful could be done.
        Err(why) => print_as_is(format_args!("{{\"error\":\"{why}\"}}")),
    }
}
