//! `plugbuild test`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::GatewayArgs;
use crate::trial::PATIENCE;

/// Plugins and the gateway they are tried in.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// The plugins
    #[arg(required = true, value_name = "PLUGIN.so")]
    pub plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Fetch the release's own gateway, once, and run that
    #[arg(long)]
    pub official: bool,
    /// The configuration for --request; else the krakend.json beside the plugin or above it
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Send a request through the gateway: GET /hello
    #[arg(short, long, num_args = 2, value_names = ["METHOD", "PATH"])]
    pub request: Vec<String>,
    /// A header of the request (repeatable)
    #[arg(short = 'H', long, value_name = "NAME: VALUE", requires = "request")]
    pub header: Vec<String>,
    /// The body of the request: a text, or @FILE
    #[arg(
        short,
        long,
        value_name = "TEXT|@FILE",
        requires = "request",
        allow_hyphen_values = true
    )]
    pub data: Option<String>,
    /// The status its answer must have
    #[arg(long, value_name = "CODE", requires = "request")]
    pub expect_status: Option<u16>,
    /// A header its answer must have (repeatable)
    #[arg(long, value_name = "NAME[: VALUE]", requires = "request")]
    pub expect_header: Vec<String>,
    /// What its answer's body must contain (repeatable)
    #[arg(long, value_name = "TEXT", requires = "request")]
    pub expect_body: Vec<String>,
    /// Where the dynamic loader of a foreign gateway is
    #[arg(long, value_name = "DIR")]
    pub sysroot: Option<PathBuf>,
    /// How long the gateway may take to start
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs())]
    pub timeout: u64,
}
