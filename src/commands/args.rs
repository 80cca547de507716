//! Argument groups shared by the commands that build.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::gateway::GatewaySpec;
use crate::project::config::Count;
use crate::project::config::tables::Mode;
use crate::util::target::{Arch, Libc, Target};
use crate::util::ui::{Color, Format, Volume};
use crate::util::version::GoVersion;

/// The gateways to build for.
#[derive(Debug, Clone, Default, Args)]
pub struct GatewaysArgs {
    /// The gateway: a release (2.1, v2.1.4, latest, 2.13.8-linux-generic), a krakend binary (only read), the output of
    /// `krakend version` in a file or on standard input (-), or auto for the krakend on PATH (repeatable)
    #[arg(short, long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub gateway: Vec<GatewaySpec>,
    /// The Go version that compiled the gateway, if its binary does not record it
    #[arg(long, value_name = "VERSION", value_parser = parse::<GoVersion>)]
    pub go: Option<GoVersion>,
}

/// The plugins of a workspace to build.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectArgs {
    /// Every plugin in plugbuild.toml
    #[arg(long, alias = "all")]
    pub workspace: bool,
    /// A plugin in plugbuild.toml, by name (repeatable)
    #[arg(short, long = "package", value_name = "NAME", visible_alias = "plugin")]
    pub package: Vec<String>,
    /// Leave this plugin out (repeatable)
    #[arg(long, value_name = "NAME")]
    pub exclude: Vec<String>,
}

/// What to build for.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// The architecture: amd64, arm64 (repeatable)
    #[arg(short, long, value_name = "A", value_parser = parse::<Arch>)]
    pub arch: Vec<Arch>,
    /// The libc: musl (alpine), glibc (gnu), or glibc with the oldest version to support: glibc=2.31 (repeatable)
    #[arg(short, long, value_name = "L", value_parser = parse::<Libc>)]
    pub libc: Vec<Libc>,
    /// The target: aarch64-unknown-linux-musl, arm64-musl, linux/arm64/musl, x86_64-unknown-linux-gnu.2.31 (repeatable)
    #[arg(short, long, value_name = "T", value_parser = parse::<Target>)]
    pub target: Vec<Target>,
    /// Every target
    #[arg(long, conflicts_with_all = ["arch", "libc", "target"])]
    pub all_targets: bool,
}

/// The package to build, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub gateway: GatewaysArgs,
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Use the settings of `[profile.release]`
    #[arg(long)]
    pub release: bool,
    /// The C compiler: auto (default), zig, gcc (a cross gcc on PATH), or a program
    #[arg(long, value_name = "CC")]
    pub cc: Option<OsString>,
    /// When to build with the gateway's module versions, in a copy of go.mod: auto (default: if the plugin would not
    /// load otherwise), always, never
    #[arg(long, value_name = "WHEN", value_enum, hide_possible_values = true, num_args = 0..=1, default_missing_value = "always")]
    pub align: Option<Mode>,
    /// Arguments for `go build`
    #[arg(last = true, value_name = "GO BUILD ARGS")]
    pub go_args: Vec<String>,
}

/// Where the result is written.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// The file to write (one target only)
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub output: Option<PathBuf>,
    /// The directory to write to, instead of the current one
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

/// What must be as it was.
#[derive(Debug, Clone, Default, Args)]
pub struct LockArgs {
    /// Refuse tools and gateways that differ from plugbuild.lock
    #[arg(long)]
    pub locked: bool,
    /// The same as --locked --offline
    #[arg(long)]
    pub frozen: bool,
}

/// How several builds run.
#[derive(Debug, Clone, Default, Args)]
pub struct WorkArgs {
    /// How many builds run at once [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = parse::<Count>)]
    pub jobs: Option<Count>,
    /// Continue with the other builds after one fails
    #[arg(long)]
    pub keep_going: bool,
}

/// The arguments of `plugbuild build`; other commands take some of the groups.
#[derive(Debug, Clone, Default, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    #[command(flatten)]
    pub to: OutputArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// Check afterwards that this krakend binary would load the result
    #[arg(long, value_name = "KRAKEND")]
    pub verify_with: Option<PathBuf>,
    /// Rebuild everything, even what has not changed
    #[arg(long)]
    pub force: bool,
    /// Build twice, the second time in another directory with empty caches, and compare
    #[arg(long)]
    pub reproduce: bool,
    /// Print what would be fetched and run, without doing it
    #[arg(long)]
    pub dry_run: bool,
}

/// The arguments of `plugbuild fetch`.
#[derive(Debug, Clone, Args)]
pub struct FetchArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub lock: LockArgs,
}

impl From<&PlanArgs> for BuildArgs {
    fn from(plan: &PlanArgs) -> Self {
        BuildArgs {
            plan: plan.clone(),
            ..BuildArgs::default()
        }
    }
}

impl From<&FetchArgs> for BuildArgs {
    fn from(args: &FetchArgs) -> Self {
        BuildArgs {
            lock: args.lock.clone(),
            ..BuildArgs::from(&args.plan)
        }
    }
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Print more: reasons, sources, commands
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Never use the network
    #[arg(long, global = true)]
    pub offline: bool,
    /// Use color: auto (default), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Print results as: human (default), json
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "human",
        hide_default_value = true,
        hide_possible_values = true,
        alias = "format"
    )]
    pub message_format: Format,
}

impl Global {
    /// `--verbose` and `--quiet`, which exclude each other.
    pub fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (false, 0) => Volume::Normal,
            _ => Volume::Verbose,
        }
    }
}

/// The gateway to build for.
#[derive(Debug, Clone, Args)]
pub struct GatewayArgs {
    /// The gateway: a release (2.1, v2.1.4, latest, 2.13.8-linux-generic), a krakend binary (only read), the output of
    /// `krakend version` in a file or on standard input (-), or auto for the krakend on PATH
    #[arg(short, long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub gateway: Option<GatewaySpec>,
    /// The Go version that compiled the gateway, if its binary does not record it
    #[arg(long, value_name = "VERSION", value_parser = parse::<GoVersion>)]
    pub go: Option<GoVersion>,
}

/// Parses with the type's own rules; clap shows its error and its help lines.
pub(crate) fn parse<T: std::str::FromStr<Err = crate::util::error::Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: crate::util::error::Error| {
        e.help
            .iter()
            .fold(e.message.clone(), |text, help| format!("{text}\nhelp: {help}"))
    })
}

/// Build tags: they decide which files, and so which modules, count.
#[derive(Debug, Clone, Default, Args)]
pub struct TagsArg {
    /// Build tags, as for `go build -tags`
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
}
