//! The command line as typed: clap derive and help text, no behaviour.

use std::ffi::OsString;
use std::path::Path;

use clap::{Parser, Subcommand};

use crate::commands::args::Global;
use crate::commands::toolchain::ToolchainArgs;
use crate::commands::{
    args, bundle, cache, check, compat, config, deps, explain, fix, gateway, help, inspect, matrix, metadata, new,
    package, target, test, trust, upgrade, values, verify, watch,
};
use crate::plan::flags;
use crate::util::error::Error;
use crate::util::host::Host;
use crate::util::suggest::nearest;

/// Build Go plugins that your KrakenD gateway really loads
#[derive(Debug, Parser)]
#[command(name = "plugbuild", version, max_term_width = 110, disable_help_subcommand = true)]
#[command(after_help = "\
`plugbuild COMMAND --help` explains a command and shows examples of it.
Exit codes: 0 ok, 1 would not load, 2 usage, 3 build failed, 4 tool missing,
5 network or integrity, 6 I/O, 130 interrupted")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a plugin for a gateway (the default command)
    #[command(visible_alias = "b")]
    Build(args::BuildArgs),
    /// Make a release directory: plugins, SBOMs, provenance, checksums
    Package(package::PackageArgs),
    /// Check whether a gateway will load plugins, without running anything
    Verify(verify::VerifyArgs),
    /// Compare a plugin's modules, Go and libc with those of a gateway
    #[command(visible_alias = "c")]
    Check(check::CheckArgs),
    /// Show, or make, the edit of go.mod that makes a plugin fit a gateway
    Fix(fix::FixArgs),
    /// List the gateway releases that a plugin fits
    Compat(compat::CompatArgs),
    /// Show what an upgrade of the gateway changes for a plugin
    Upgrade(upgrade::UpgradeArgs),
    /// Show which modules must have the gateway's version
    Deps(deps::DepsArgs),
    /// Show what is inside a plugin or a gateway: Go, modules, libc
    Inspect(inspect::InspectArgs),
    /// Explain what a gateway's log says about plugins
    Explain(explain::ExplainArgs),
    /// Pin the gateways and tools of a project in plugbuild.lock
    Lock(args::PlanArgs),
    /// Print the build plan as one JSON document
    Metadata(metadata::MetadataArgs),
    /// Print the build plan as a matrix of CI jobs
    Matrix(matrix::MatrixArgs),
    /// Print a build's environment and flags, for a Makefile or an editor
    Env(args::PlanArgs),
    /// Download everything a build needs, so that it works offline
    Fetch(args::FetchArgs),
    /// Pack everything a build needs into one file, for offline machines
    Bundle(bundle::BundleArgs),
    /// List the known gateways, show one, or import your own
    Gateway(gateway::GatewayCommandArgs),
    /// List the targets that plugins are built for
    Target(target::TargetCommandArgs),
    /// List, install and remove Go toolchains and zig
    Toolchain(ToolchainArgs),
    /// Show the size of the store, or remove what builds can make again
    Cache(cache::CacheArgs),
    /// Load plugins in a running gateway, and send it a request
    #[command(mut_arg("gateway", |arg| arg.help(
        "The gateway to run: a krakend binary, auto for the one on PATH, or a release with --official"
    )))]
    Test(test::TestArgs),
    /// Rebuild on every save, and run a gateway with the plugin
    #[command(mut_arg("gateway", |arg| arg.help("The gateway to run: a krakend binary, or auto for the one on PATH")))]
    Watch(Box<watch::WatchArgs>),
    /// Create a new plugin: source, test, configuration, CI
    New(new::NewArgs),
    /// Add what `new` would have created to an existing plugin
    Init(new::InitArgs),
    /// Check or edit a gateway's krakend.json; show plugbuild's settings
    Config(config::ConfigArgs),
    /// Trust the programs that a plugbuild.toml names
    Trust(trust::TrustArgs),
    /// Check that this machine can build plugins
    Doctor,
    /// What `gateway list` was called until 0.1
    #[command(hide = true)]
    Gateways,
    /// What `target list` was called until 0.1
    #[command(hide = true)]
    Targets,
}

/// The whole command line, with its help.
pub fn command() -> clap::Command {
    help::laid_out(values::without_empty(<Cli as clap::CommandFactory>::command()))
}

/// The command line as typed, where no command is `build`.
///
/// # Errors
/// What clap says of it, with the text of `--help` and `--version`.
pub fn parsed(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    use clap::FromArgMatches;
    let mut command = command();
    let mut matches = command.try_get_matches_from_mut(with_default_command(args))?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|why| why.format(&mut command))
}

fn command_names(which: impl Fn(&clap::Command) -> bool) -> Vec<String> {
    use clap::CommandFactory;
    Cli::command()
        .get_subcommands()
        .filter(|command| which(command))
        .flat_map(|c| {
            c.get_name_and_visible_aliases()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The error of a word that stands where a command does and is neither one nor a folder.
pub fn no_such_command(word: &str) -> Error {
    let error = Error::usage(format!("no such command: `{word}`"));
    match misspelt_command(word) {
        Some(command) => error.help(format!("did you mean `plugbuild {command}`?")),
        None => {
            error.help("`plugbuild --help` lists the commands; to build a directory, give its path: `plugbuild ./DIR`")
        }
    }
}

/// A word that was taken for the plugin's directory, where there is none of this name, and that is nearly a command's.
///
/// # Errors
/// Says which.
pub fn refuse_misspelt_command(path: &Path, host: &Host) -> crate::util::error::Result<()> {
    let word = path.to_str().filter(|_| !host.absolute(path).exists());
    match word.filter(|word| misspelt_command(word).is_some()) {
        Some(word) => Err(no_such_command(word)),
        None => Ok(()),
    }
}

/// The command that a word taken for a directory is close to.
pub fn misspelt_command(word: &str) -> Option<String> {
    let names = command_names(|command| !command.is_hide_set());
    nearest(word, names.iter().map(String::as_str).filter(|name| name.len() > 1)).map(str::to_owned)
}

/// A plainer error than clap's for a command line whose first word is neither a command nor a directory.
pub fn mistyped(args: &[OsString], is_there: impl Fn(&str) -> bool) -> Option<Error> {
    let word = args.get(1)?.to_str()?;
    let is_command = word == "help" || command_names(|_| true).iter().any(|name| name == word);
    let is_path = word.starts_with('-') || word.contains(['/', '.']) || is_there(word);
    (!is_command && !is_path).then(|| no_such_command(word))
}

/// Go's flags stand after `--`: some would pass for short flags of ours, `-tags` for `-t ags`.
pub fn go_flag_before_dashes(args: &[OsString]) -> Option<Error> {
    use clap::CommandFactory;
    let filled = with_default_command(args.to_vec());
    let words: Vec<&str> = filled
        .iter()
        .skip(1)
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    let cli = Cli::command();
    let (name, command) = words.iter().find_map(|word| {
        let command = cli.find_subcommand(word)?;
        Some((command.get_name(), command))
    })?;
    let ours: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    command.get_arguments().find(|arg| arg.is_last_set())?;
    let end = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let at = words[..end].iter().position(|word| {
        let long = word
            .strip_prefix("--")
            .map(|name| name.split('=').next().unwrap_or_default());
        flags::is_go_flag(word) && !long.is_some_and(|long| ours.contains(&long))
    })?;
    let flag = words[at].split('=').next().unwrap_or_default();
    let shown = match (words[at].contains('='), words.get(at + 1)) {
        (false, Some(value)) if flags::takes_value(flag) && at + 1 < end => format!("{flag} {value}"),
        _ => words[at].to_owned(),
    };
    let typed = if name == "build" {
        "plugbuild".to_owned()
    } else {
        format!("plugbuild {name}")
    };
    Some(
        Error::usage(format!("`{flag}` is a flag of go build"))
            .help(format!("put it after `--`: `{typed} … -- {shown}`")),
    )
}

/// Global flags in one word with their value.
const GLOBAL_WITH_VALUE: [&str; 3] = ["--color=", "--message-format=", "--format="];

/// Puts `build` in where no command is named, so that flags and a path may come first.
pub fn with_default_command(args: Vec<OsString>) -> Vec<OsString> {
    let names = command_names(|_| true);
    let mut rest = args.iter().skip(1).map(|a| a.to_str().unwrap_or_default());
    let named = loop {
        match rest.next() {
            Some("--verbose" | "--quiet" | "--offline") => {}
            Some(short)
                if short
                    .strip_prefix('-')
                    .is_some_and(|all| !all.is_empty() && all.trim_matches(['v', 'q']).is_empty()) => {}
            Some("--color" | "--message-format" | "--format") => _ = rest.next(),
            Some("-h" | "--help" | "-V" | "--version") => break true,
            Some(flag) if GLOBAL_WITH_VALUE.iter().any(|prefix| flag.starts_with(prefix)) => {}
            Some(word) => break names.iter().any(|name| name == word),
            None => break false,
        }
    };
    let mut args = args;
    if args.get(1).is_some_and(|word| word == "help") {
        // As most programs understand it: `help build` is `build --help`.
        args.remove(1);
        args.truncate(3);
        args.push("--help".into());
        return args;
    }
    if !named {
        args.insert(1.min(args.len()), "build".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_is_the_default_command() {
        let filled = |args: &str| {
            let args = std::iter::once("plugbuild")
                .chain(args.split_whitespace())
                .map(OsString::from)
                .collect();
            let filled = with_default_command(args);
            filled[1..]
                .iter()
                .map(|a| a.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(filled(""), "build");
        assert_eq!(
            filled("--gateway v2.1 --arch arm64"),
            "build --gateway v2.1 --arch arm64"
        );
        assert_eq!(filled("examples/handler -g 2"), "build examples/handler -g 2");
        assert_eq!(filled("-q --color never targets"), "-q --color never targets");
        assert_eq!(filled("--format=json targets"), "--format=json targets");
        assert_eq!(filled("b -g 2"), "b -g 2");
        assert_eq!(filled("-vv targets"), "-vv targets");
        assert_eq!(filled("--help"), "--help");
        assert_eq!(filled("--offline -g build"), "build --offline -g build");
        assert_eq!(filled("help"), "--help");
        assert_eq!(filled("help config check"), "config check --help");
    }

    #[test]
    fn a_misspelt_command_is_not_taken_for_a_directory() {
        let guess = |word| misspelt_command(word);
        for (word, command) in [
            ("buidl", "build"),
            ("verfy", "verify"),
            ("toolchian", "toolchain"),
            ("tests", "test"),
        ] {
            assert_eq!(guess(word).as_deref(), Some(command), "{word}");
        }
        for word in ["build", "plugins", "auth", "b", ""] {
            assert_eq!(guess(word), None, "{word}");
        }
    }

    #[test]
    fn flags_of_go_build_are_known_before_the_dashes() {
        let message = |line: &str| {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            go_flag_before_dashes(&args).map(|why| format!("{why}; {}", why.help[0]))
        };
        for (line, shown) in [
            ("plugbuild -tags foo", "plugbuild … -- -tags foo"),
            ("plugbuild -g 2.12 -ldflags=-s", "plugbuild … -- -ldflags=-s"),
            ("plugbuild build . -race", "plugbuild … -- -race"),
            (
                "plugbuild package -overlay o.json",
                "plugbuild package … -- -overlay o.json",
            ),
            ("plugbuild env --gcflags=-N", "plugbuild env … -- --gcflags=-N"),
        ] {
            let message = message(line).unwrap_or_default();
            assert!(
                message.contains(" is a flag of go build; put it after `--`: "),
                "{message}"
            );
            assert!(message.ends_with(&format!("`{shown}`")), "{message}");
        }
        for line in [
            "plugbuild -g 2.12 -o x.so -p auth -vv",
            "plugbuild -g 2.12 -- -tags foo",
            "plugbuild inspect -json",
            "plugbuild -t arm64-musl -aarm64 -lmusl",
        ] {
            assert_eq!(message(line), None, "{line}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }
}
