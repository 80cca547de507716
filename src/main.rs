//! Parse, run, print, exit.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use plugbuild::commands;
use plugbuild::commands::cli::{go_flag_before_dashes, mistyped, parsed};
use plugbuild::commands::output;
use plugbuild::util::error;
use plugbuild::util::host::Host;
use plugbuild::util::printable::printable;
use plugbuild::util::process::signals;
use plugbuild::util::suggest::nearest;
use plugbuild::util::ui::Ui;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(why) = go_flag_before_dashes(&args) {
        return refused(&why);
    }
    let cli = match parsed(args.clone()) {
        Ok(cli) => cli,
        Err(text) if text.use_stderr() => match mistyped(&args, |word| Path::new(word).exists()) {
            Some(why) => return refused(&why),
            None => return print_clap_error(&args, &retain_close_suggestions(text)),
        },
        Err(text) => return output::print_help(&text).map_or_else(|why| refused(&why), |()| ExitCode::SUCCESS),
    };
    let host = match Host::from_process() {
        Ok(host) => host,
        Err(why) => return refused(&why),
    };
    let ui = Ui::new(
        cli.global.color,
        cli.global.volume(),
        &host,
        std::io::stderr().is_terminal(),
    );
    signals::install_handlers();
    match commands::run(&cli, &host, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            if why.kind != error::ErrorKind::Interrupted {
                ui.error(&why);
            }
            ExitCode::from(why.kind.exit_code())
        }
    }
}

/// Prints an error before colours and formats are known.
fn refused(why: &error::Error) -> ExitCode {
    eprintln!("error: {}", printable(&why.to_string()));
    why.help.iter().for_each(|help| eprintln!("help: {}", printable(help)));
    ExitCode::from(why.kind.exit_code())
}

/// Prints clap's error for arguments that it cannot parse, in its colours unless the arguments contain escape
/// sequences.
fn print_clap_error(args: &[OsString], text: &clap::Error) -> ExitCode {
    if args
        .iter()
        .any(|word| word.to_string_lossy().contains(char::is_control))
    {
        eprint!("{}", printable(&text.to_string()));
    } else {
        let _ = text.print();
    }
    ExitCode::from(error::ErrorKind::Usage.exit_code())
}

/// Keeps clap's suggestions only if they are close enough.
fn retain_close_suggestions(mut text: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = text.get(ContextKind::InvalidSubcommand).cloned() else {
        return text;
    };
    let like = match text.remove(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) => names,
        Some(ContextValue::String(name)) => vec![name],
        _ => Vec::new(),
    };
    if let Some(near) = nearest(&word, like.iter().map(String::as_str)) {
        text.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(vec![near.to_owned()]),
        );
    }
    text
}
