//! Each command: from its arguments to its answer.

use serde_json::json;

use crate::commands::args::Global;
use crate::commands::cli::{Cli, Command, refuse_misspelt_command};
use crate::commands::output::{flush_stdout, print_json};
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::host::Host;
use crate::util::ui::{Format, Ui};

pub mod args;
pub mod bundle;
pub mod cache;
pub mod check;
pub mod gateway;
pub mod config;
pub mod metadata;
pub mod new;
pub mod package;
pub mod test;
pub mod trust;
pub mod verify;
pub mod watch;
pub mod inspect;
pub mod explain;
pub mod values;
pub mod build;
pub mod compat;
pub mod lock;
pub mod doctor;
pub mod env;
pub mod fetch;
pub mod fix;
pub mod help;
pub mod plugin_context;
pub mod toolchain;
pub mod cli;
pub mod upgrade;
pub mod deps;
pub mod matrix;
pub mod target;
pub mod gateway_choice;
pub mod output;

/// Runs the command.
///
/// # Errors
/// The command's error.
pub fn run(cli: &Cli, host: &Host, ui: &Ui) -> Result<()> {
    let done = dispatch(cli, host, ui);
    if let (Err(why), Format::Json, true) = (&done, cli.global.message_format, is_stream(&cli.command)) {
        print_json(&json!({
            "reason": "error", "error": why.message, "help": why.help, "exit_code": why.kind.exit_code(),
        }));
    }
    done?;
    flush_stdout()
}

/// Whether a command writes one event per line, and not one document.
fn is_stream(command: &Command) -> bool {
    matches!(
        command,
        Command::Build(_) | Command::Package(_) | Command::Bundle(_) | Command::Check(_) | Command::Test(_)
    )
}

/// Whether a command only says what it would do.
fn is_dry(command: &Command) -> bool {
    match command {
        Command::Metadata(_) | Command::Matrix(_) => true,
        Command::Build(args) => args.dry_run,
        Command::Package(args) => args.dry_run,
        Command::Bundle(args) => args.is_dry(),
        _ => false,
    }
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
        dry: is_dry(&cli.command),
    };
    match &cli.command {
        Command::Build(args) => {
            refuse_misspelt_command(&args.plan.path, host)?;
            build::run(args, cx)
        }
        Command::Package(args) => package::run(args, cx),
        Command::Verify(args) => verify::run(args, cx),
        Command::Check(args) => check::run(args, cx),
        Command::Fix(args) => fix::run(args, cx),
        Command::Compat(args) => compat::compat_of(args, cx),
        Command::Upgrade(args) => upgrade::upgrade_of(args, cx),
        Command::Deps(args) => deps::deps_of(args, cx),
        Command::Inspect(args) => inspect::run(args, cx),
        Command::Explain(args) => explain::run(args, cx),
        Command::Lock(args) => lock::run(args, cx),
        Command::Metadata(args) => metadata::metadata(args, cx),
        Command::Matrix(args) => matrix::matrix(args, cx),
        Command::Env(args) => env::run(args, cx),
        Command::Fetch(args) => fetch::run(args, cx),
        Command::Bundle(args) => bundle::run(&args.command, cx),
        Command::Gateway(args) => gateway::run(&args.command, cx),
        Command::Gateways => gateway::list(cx),
        Command::Target(_) | Command::Targets => target::list(cx),
        Command::Toolchain(args) => toolchain::run(&args.command, cx),
        Command::Cache(args) => cache::run(&args.command, cx),
        Command::Test(args) => test::run(args, cx),
        Command::Watch(args) => watch::run(args, cx),
        Command::New(args) => new::run(args, cx),
        Command::Init(args) => new::run_init(args, cx),
        Command::Config(args) => config::run(&args.command, cx),
        Command::Trust(args) => trust::run(args, cx),
        Command::Doctor => doctor::run(cx),
    }
}
