//! The command line as typed: clap derive and help text, no behaviour.

pub mod build;
pub mod bundle;
pub mod cache;
pub mod check;
pub mod gateway;
pub mod config;
pub mod krakend;
pub mod metadata;
pub mod new;
pub mod package;
pub mod trial;
pub mod verify;
pub mod watch;
pub mod inspect;
pub mod explain;

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::gateway::GatewaySpec;
use crate::version::GoVersion;

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

/// Flags every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Say more: reasons, sources, the command that runs
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Never use the network; say what is missing instead
    #[arg(long, global = true)]
    pub offline: bool,
    /// When to colour messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How results are written to standard output
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "human",
        alias = "format"
    )]
    pub message_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a plugin for a gateway (the default command)
    #[command(visible_alias = "b")]
    Build(build::BuildArgs),
    /// Build, and make a release folder: artefacts, sums, bills of materials, provenance
    Package(package::PackageArgs),
    /// Foretell from the files whether a gateway will load plugins, and say why not
    Verify(verify::VerifyArgs),
    /// Compare a plugin's modules, go line and libc with a gateway's, before anything is built
    #[command(visible_alias = "c")]
    Check(check::CheckArgs),
    /// Show, or write, the edit of go.mod that makes a plugin fit and survives `go mod tidy`
    Fix(check::FixArgs),
    /// Tell which releases a plugin fits, as it is or aligned
    Compat(check::CompatArgs),
    /// Tell what an upgrade of the gateway changes for a plugin
    Upgrade(check::UpgradeArgs),
    /// Tell which modules must be the gateway's, and which are free to bump
    Deps(check::DepsArgs),
    /// Show what is inside a plugin or a gateway: Go, modules, libc, registerers
    Inspect(inspect::InspectArgs),
    /// Explain a gateway's log: cause and cure of each message about plugins
    Explain(explain::ExplainArgs),
    /// Write plugbuild.lock: the sums of the tools and the facts of the gateways that builds are made with
    Lock(build::PlanArgs),
    /// Print the whole plan as one JSON document, for other tools
    Metadata(metadata::MetadataArgs),
    /// Print the plan's plugins, gateways and targets, for a CI to fan out
    Matrix(metadata::MatrixArgs),
    /// Print the environment and flags of a build, for a Makefile or an editor
    Env(build::PlanArgs),
    /// Fetch all that a build needs, so that it works without a network: toolchains, modules, sums
    Fetch(build::FetchArgs),
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
    Test(trial::TestArgs),
    /// Build at each save, and run a gateway with the plugin
    Watch(Box<watch::WatchArgs>),
    /// Make a new plugin: sources, test, configuration, settings, CI
    New(new::NewArgs),
    /// Add to a plugin's folder what `new` would have made and is missing
    Init(new::InitArgs),
    /// Check a gateway's krakend.json or write a plugin into it; show plugbuild's own settings
    Config(config::ConfigArgs),
    /// Say what is found on this machine, what is missing, and what cures it
    Doctor,
}

/// The gateway to build for.
#[derive(Debug, Clone, Args)]
pub struct GatewayArgs {
    /// The gateway: a release (2.1, v2.1.4, latest, 2.13.8-linux-generic), a krakend binary (read, never run),
    /// a file with the text of `krakend version` or - for it on standard input, or auto
    #[arg(short, long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub gateway: Option<GatewaySpec>,
    /// The Go version it was compiled with, when it cannot say so itself
    #[arg(long, value_name = "VERSION", value_parser = parse::<GoVersion>)]
    pub go: Option<GoVersion>,
}

#[derive(Debug, Args)]
pub struct ToolchainArgs {
    #[command(subcommand)]
    pub command: ToolchainCommand,
}

#[derive(Debug, Subcommand)]
pub enum ToolchainCommand {
    /// List what is installed
    List,
    /// Install Go versions, or zig
    Install {
        /// Go versions (1.19.5), or zig
        #[arg(required = true, value_name = "GO")]
        names: Vec<String>,
    },
    /// Remove installed toolchains
    #[command(visible_alias = "uninstall")]
    Remove {
        /// Go versions (1.19.5), or zig
        #[arg(required = true, value_name = "GO")]
        names: Vec<String>,
    },
    /// Print the folder toolchains live in
    Dir,
}

/// Parses by the type's own rules; clap shows its text and its help lines.
fn parse<T: std::str::FromStr<Err = crate::error::Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: crate::error::Error| {
        e.help
            .iter()
            .fold(e.what.clone(), |text, help| format!("{text}\nhelp: {help}"))
    })
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

/// The command that may have been meant by a word that was taken for a folder.
#[must_use]
pub fn misspelt_command(word: &str) -> Option<String> {
    command_names()
        .into_iter()
        .filter(|name| name.len() > 1 && is_near(word, name))
        .map(|name| (strsim::osa_distance(word, &name), name))
        .min()
        .map(|(_, name)| name)
}

/// Whether a word is a slip of the pen for a name.
#[must_use]
pub fn is_near(word: &str, name: &str) -> bool {
    (1..=(name.len() / 3).clamp(1, 2)).contains(&strsim::osa_distance(word, name))
}

/// Global flags in one word with their value.
const GLOBAL_WITH_VALUE: [&str; 3] = ["--color=", "--message-format=", "--format="];

/// Puts `build` in where no command is named, so that flags and a path may come first.
#[must_use]
pub fn with_default_command(args: Vec<OsString>) -> Vec<OsString> {
    let names = command_names();
    let mut rest = args.iter().skip(1).map(|a| a.to_str().unwrap_or_default());
    let named = loop {
        match rest.next() {
            Some("-v" | "--verbose" | "-q" | "--quiet" | "--offline") => {}
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
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
