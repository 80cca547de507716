//! Parse, run, print, exit.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use plugbuild::cli::{Cli, with_default_command};
use plugbuild::host::Host;
use plugbuild::ui::Ui;
use plugbuild::{commands, error, signals};

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(with_default_command(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(text) if text.use_stderr() => text.exit(),
        Err(text) => return commands::told(&text).map_or_else(|why| refused(&why), |()| ExitCode::SUCCESS),
    };
    let host = match Host::from_process() {
        Ok(host) => host,
        Err(why) => return refused(&why),
    };
    let ui = Ui::new(&cli.global, &host, std::io::stderr().is_terminal());
    signals::end_children();
    match commands::run(&cli, &host, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            if why.kind != error::Kind::Interrupted {
                ui.error(&why);
            }
            ExitCode::from(why.kind.exit_code())
        }
    }
}

/// An error before there are colours and formats.
fn refused(why: &error::Error) -> ExitCode {
    eprintln!("error: {why}");
    why.help.iter().for_each(|help| eprintln!("help: {help}"));
    ExitCode::from(why.kind.exit_code())
}
