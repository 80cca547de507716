//! The arguments of `plugbuild new` and `plugbuild init`.

use std::path::PathBuf;

use clap::Args;

use super::{GatewayArgs, parse};
use crate::registerer::Kind;

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The folder to make; its last part is the plugin's name
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
    /// handler (http-server), client (http-client), modifier (req-resp-modifier), or middleware (Enterprise edition)
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<Kind>)]
    pub kind: Option<Kind>,
    /// The Go module's path; else example.com/NAME
    #[arg(long, value_name = "PATH")]
    pub module: Option<String>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// As `plugbuild new` takes it; needed where the source does not show it
    #[arg(short, long = "type", value_name = "TYPE", value_parser = parse::<Kind>)]
    pub kind: Option<Kind>,
    /// The Go module's path, where there is no go.mod; else example.com/NAME
    #[arg(long, value_name = "PATH")]
    pub module: Option<String>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}
