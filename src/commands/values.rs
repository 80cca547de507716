//! Checks of every option's value, in all commands.

use std::any::TypeId;
use std::ffi::OsString;

use clap::Command;
use clap::builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser};

/// Option values must not be empty, as an unset variable leaves them: numbers, paths and types refuse that themselves.
/// What is sent in a request may be empty, and so may Go's own flags.
pub(crate) fn without_empty(command: Command) -> Command {
    command
        .mut_args(|arg| {
            let kind = arg.get_value_parser().type_id();
            if arg.is_last_set() || arg.get_id() == "data" {
                arg
            } else if kind == TypeId::of::<String>() {
                arg.value_parser(NonEmptyStringValueParser::new())
            } else if kind == TypeId::of::<OsString>() {
                arg.value_parser(OsStringValueParser::new().try_map(|value| match value.is_empty() {
                    true => Err("a value is required"),
                    false => Ok(value),
                }))
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For every command and subcommand, every option that takes a value.
    fn options(command: &Command, before: &[OsString]) -> Vec<(Vec<OsString>, String, usize)> {
        let path = [before, &[OsString::from(command.get_name())]].concat();
        let own = command
            .get_arguments()
            .filter(|arg| arg.get_action().takes_values() && arg.get_id() != "data");
        let least = |arg: &clap::Arg| arg.get_num_args().map_or(1, |range| range.min_values().max(1));
        let own = own.filter_map(|arg| Some((path.clone(), arg.get_long()?.to_owned(), least(arg))));
        let below = command.get_subcommands().flat_map(|below| options(below, &path));
        own.chain(below).collect()
    }

    #[test]
    fn no_option_takes_an_empty_value() {
        let all = options(&<crate::commands::cli::Cli as clap::CommandFactory>::command(), &[]);
        let of = |name: &str| all.iter().filter(|(_, long, _)| long == name).count();
        assert!(of("gateway") > 10 && of("cc") > 5 && of("module") == 2, "{all:?}");
        for (path, long, values) in all {
            let typed = [
                path.clone(),
                vec![format!("--{long}").into()],
                vec![OsString::new(); values],
            ]
            .concat();
            let said = crate::commands::cli::parsed(typed).map(drop).unwrap_err().to_string();
            // Not that something else is missing.
            assert!(said.contains(&format!("--{long}")), "{path:?} --{long}: {said}");
            assert!(
                said.contains("a value is required") || said.contains("invalid value ''"),
                "{path:?} --{long}: {said}"
            );
        }
    }
}
