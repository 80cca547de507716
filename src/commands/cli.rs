//! The command line as typed: clap derive and help text, no behaviour.

use std::ffi::OsString;
use std::path::Path;

use clap::{Parser, Subcommand};

use crate::commands::args::Global;
use crate::commands::toolchain::ToolchainArgs;
use crate::commands::{
    args, bundle, cache, check, compat, config, deps, explain, fix, gateway, inspect, matrix, metadata, new, package,
    test, trust, upgrade, values, verify, watch,
};
use crate::plan::flags;
use crate::util::error::Error;
use crate::util::host::Host;
use crate::util::suggest::nearest;

/// Build Go plugins that your KrakenD gateway really loads.
///
/// `build` is the default command: `plugbuild --gateway 2.1 --arch arm64` builds the plugin in this folder.
#[derive(Debug, Parser)]
#[command(name = "plugbuild", version, max_term_width = 110, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 would not load, 2 usage, 3 build failed, 4 tool missing, 5 network or integrity, 6 I/O, 130 interrupted"
)]
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
    /// Build, and make a release folder: artefacts, sums, bills of materials, provenance
    Package(package::PackageArgs),
    /// Foretell from the files whether a gateway will load plugins, and say why not
    Verify(verify::VerifyArgs),
    /// Compare a plugin's modules, go line and libc with a gateway's, before anything is built
    #[command(visible_alias = "c")]
    Check(check::CheckArgs),
    /// Show, or write, the edit of go.mod that makes a plugin fit and survives `go mod tidy`
    Fix(fix::FixArgs),
    /// Tell which releases a plugin fits, as it is or aligned
    Compat(compat::CompatArgs),
    /// Tell what an upgrade of the gateway changes for a plugin
    Upgrade(upgrade::UpgradeArgs),
    /// Tell which modules must be the gateway's, and which are free to bump
    Deps(deps::DepsArgs),
    /// Show what is inside a plugin or a gateway: Go, modules, libc, registerers
    Inspect(inspect::InspectArgs),
    /// Explain a gateway's log: cause and cure of each message about plugins
    Explain(explain::ExplainArgs),
    /// Write plugbuild.lock: the sums of the tools and the facts of the gateways that builds are made with
    Lock(args::PlanArgs),
    /// Print the whole plan as one JSON document, for other tools
    Metadata(metadata::MetadataArgs),
    /// Print the plan's plugins, gateways and targets, for a CI to fan out
    Matrix(matrix::MatrixArgs),
    /// Print the environment and flags of a build, for a Makefile or an editor
    Env(args::PlanArgs),
    /// Fetch all that a build needs, so that it works without a network: toolchains, modules, sums
    Fetch(args::FetchArgs),
    /// Carry all that a build needs to a site without a network: toolchains, zig, modules, in one file
    Bundle(bundle::BundleArgs),
    /// Show what is known of a gateway, or keep one of your own
    Gateway(gateway::GatewayCommandArgs),
    /// List the gateway releases that are known
    Gateways,
    /// List the targets that plugins are built for
    Targets,
    /// List, install and remove Go toolchains and zig
    Toolchain(ToolchainArgs),
    /// Say how large the store is, and remove what builds can make again
    Cache(cache::CacheArgs),
    /// Load plugins in a gateway that really runs, and send a request through it
    #[command(mut_arg("gateway", |arg| arg.help(
        "The gateway to run: a krakend binary, auto for the one on PATH, or a release with --official"
    )))]
    Test(test::TestArgs),
    /// Build at each save, and run a gateway with the plugin
    #[command(mut_arg("gateway", |arg| arg.help("The gateway to run: a krakend binary, or auto for the one on PATH")))]
    Watch(Box<watch::WatchArgs>),
    /// Make a new plugin: sources, test, configuration, settings, CI
    New(new::NewArgs),
    /// Add to a plugin's folder what `new` would have made and is missing
    Init(new::InitArgs),
    /// Check a gateway's krakend.json or write a plugin into it; show plugbuild's own settings
    Config(config::ConfigArgs),
    /// Let the programs that a plugbuild.toml names be run, once you have read them
    Trust(trust::TrustArgs),
    /// Say what is found on this machine, what is missing, and what cures it
    Doctor,
}

/// The command line as typed, where no command is `build`.
///
/// # Errors
/// What clap says of it, with the text of `--help` and `--version`.
pub fn parsed(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    use clap::{CommandFactory, FromArgMatches};
    let mut command = values::without_empty(Cli::command());
    let mut matches = command.try_get_matches_from_mut(with_default_command(args))?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|why| why.format(&mut command))
}

fn command_names() -> Vec<String> {
    use clap::CommandFactory;
    Cli::command()
        .get_subcommands()
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
            error.help("`plugbuild --help` lists the commands; to build a folder give its path: `plugbuild ./FOLDER`")
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

/// The command that may have been meant by a word that was taken for a folder.
pub fn misspelt_command(word: &str) -> Option<String> {
    let names = command_names();
    nearest(word, names.iter().map(String::as_str).filter(|name| name.len() > 1)).map(str::to_owned)
}

/// Of the command line that clap refused, what is plainer than its own words: a first word that is no command and no
/// folder.
pub fn mistyped(args: &[OsString], is_there: impl Fn(&str) -> bool) -> Option<Error> {
    let word = args.get(1)?.to_str()?;
    let is_command = word == "help" || command_names().iter().any(|name| name == word);
    let is_path = word.starts_with('-') || word.contains(['/', '.']) || is_there(word);
    (!is_command && !is_path).then(|| no_such_command(word))
}

/// Go's flags stand behind `--`: some would pass for short flags of ours, `-tags` for `-t ags`.
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
            .help(format!("put it behind `--`: `{typed} … -- {shown}`")),
    )
}

/// Global flags in one word with their value.
const GLOBAL_WITH_VALUE: [&str; 3] = ["--color=", "--message-format=", "--format="];

/// Puts `build` in where no command is named, so that flags and a path may come first.
pub fn with_default_command(args: Vec<OsString>) -> Vec<OsString> {
    let names = command_names();
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
    use crate::commands::values;

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
    fn a_misspelt_command_is_told_from_a_folder() {
        let meant = |word| misspelt_command(word);
        for (word, command) in [
            ("buidl", "build"),
            ("verfy", "verify"),
            ("toolchian", "toolchain"),
            ("tests", "test"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(command), "{word}");
        }
        for word in ["build", "plugins", "auth", "b", ""] {
            assert_eq!(meant(word), None, "{word}");
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
                message.contains(" is a flag of go build; put it behind `--`: "),
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
        values::without_empty(<Cli as clap::CommandFactory>::command()).debug_assert();
    }
}
