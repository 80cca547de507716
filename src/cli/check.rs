//! `plugbuild check` and what else compares a plugin's modules with a gateway's, as typed.

use std::path::PathBuf;

use clap::Args;

use super::{GatewayArgs, parse};
use crate::gateway::GatewaySpec;
use crate::target::Arch;
use crate::version::{GatewayVersion, GoVersion};

/// Build tags: they decide which files, and so which modules, count.
#[derive(Debug, Clone, Default, Args)]
pub struct TagsArg {
    /// Build tags, as `go build -tags` takes them
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
}

/// Whether a plugin's modules fit a gateway.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The gateway, as `build` takes it (repeatable); a Go version (1.25.6) is taken as --go, as `krakend check-plugin` has it
    #[arg(short, long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub gateway: Vec<GatewaySpec>,
    /// The Go that compiles the plugin, where plugbuild does not
    #[arg(long, value_name = "VERSION", value_parser = parse::<GoVersion>)]
    pub go: Option<GoVersion>,
    /// The libc that the plugin is compiled for, in any spelling: musl, glibc=2.31, GLIBC-2.36_(debian-12)
    #[arg(short, long, value_name = "L")]
    pub libc: Option<String>,
    /// The plugin's go.sum: the same as naming its folder
    #[arg(short, long, value_name = "FILE", conflicts_with = "path")]
    pub sum: Option<PathBuf>,
    /// Print the commands that bring go.mod in line
    #[arg(short = 'f', long)]
    pub commands: bool,
    /// The architecture whose packages count; amd64 if not said
    #[arg(short, long, value_name = "A", value_parser = parse::<Arch>)]
    pub arch: Option<Arch>,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// How a plugin fits each release.
#[derive(Debug, Clone, Args)]
pub struct CompatArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The oldest release of interest
    #[arg(long, value_name = "RELEASE")]
    pub from: Option<String>,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// What an upgrade of the gateway brings for a plugin.
#[derive(Debug, Clone, Args)]
pub struct UpgradeArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The gateway that runs today
    #[arg(long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub from: GatewaySpec,
    /// The gateway to come
    #[arg(long, value_name = "G", value_parser = parse::<GatewaySpec>, default_value = "latest")]
    pub to: GatewaySpec,
    /// Every module that changes between the two, whether or not the plugin has it
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// Which modules are the gateway's to say, and which the plugin's.
#[derive(Debug, Clone, Args)]
pub struct DepsArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// The edit of go.mod and go.sum that makes a plugin fit.
#[derive(Debug, Clone, Args)]
pub struct FixArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Write it; without this it is only shown
    #[arg(long, visible_alias = "apply")]
    pub write: bool,
    #[command(flatten)]
    pub tags: TagsArg,
}

/// `2.6`, `v2.6.1`: where a list of releases begins.
pub(crate) fn first_release(text: &str) -> Option<GatewayVersion> {
    let missing = 2_usize.checked_sub(text.matches('.').count())?;
    format!("{text}{}", ".0".repeat(missing)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_begins_at_a_release_or_the_first_of_its_line() {
        let told = |text: &str| first_release(text).map(|version| version.to_string());
        for (text, want) in [("2", "2.0.0"), ("v2", "2.0.0"), ("2.6", "2.6.0"), ("v2.6.1", "2.6.1")] {
            assert_eq!(told(text).as_deref(), Some(want), "{text}");
        }
        for text in ["", "v", "2.", "2.x", "2.6.1.9", "2.6.1.", "+2.6", "vv2.6", "2.6-rc1"] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
