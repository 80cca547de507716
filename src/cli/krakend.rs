//! The arguments of `plugbuild config check` and `plugbuild config inject`.

use std::path::PathBuf;

use clap::Args;

use super::parse;
use crate::gateway::GatewaySpec;
use crate::registerer::Kind;
use crate::trial::PATIENCE;

#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The configuration: .json, .yaml, .yml or .toml
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The plugins it is for: a plugin's folder, from whose source the registered names are read, or a .so
    #[arg(value_name = "PLUGIN")]
    pub plugins: Vec<PathBuf>,
    /// Verify each .so for this gateway, else for the one of plugbuild.toml; a gateway's own file is also run with each, and
    /// asked which names that plugin registers
    #[arg(short, long, value_name = "KRAKEND", value_parser = parse::<GatewaySpec>)]
    pub gateway: Option<GatewaySpec>,
    /// How long that gateway may take to start
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs(), requires = "gateway")]
    pub timeout: u64,
}

#[derive(Debug, Clone, Args)]
pub struct InjectArgs {
    /// The configuration, a .json
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The plugin: the name it registers, or its folder
    #[arg(short, long, value_name = "NAME|PATH")]
    pub plugin: String,
    /// Its type, when the name alone is given: handler, client, modifier or middleware
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<Kind>)]
    pub kind: Option<Kind>,
    /// The endpoint it works for, such as /foo (not for handlers)
    #[arg(short, long, value_name = "PATH")]
    pub endpoint: Option<String>,
    /// The endpoint's method, where several have its path
    #[arg(short, long, value_name = "METHOD")]
    pub method: Option<String>,
    /// The endpoint's backend it works for, by its number or url_pattern
    #[arg(short, long, value_name = "N|PATTERN")]
    pub backend: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
