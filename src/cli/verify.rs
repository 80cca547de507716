//! `plugbuild verify`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::{GatewayArgs, parse};
use crate::target::{Arch, Libc};

/// Which plugins against which gateway.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The plugins, in the order the gateway would load them
    #[arg(required = true, value_name = "PLUGIN.so")]
    pub plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// The libc the gateway runs on, where it cannot say so itself: musl, glibc=2.31
    #[arg(short, long, value_name = "L", value_parser = parse::<Libc>)]
    pub libc: Option<Libc>,
    /// The gateway's architecture, where only its release is known
    #[arg(short, long, value_name = "A", value_parser = parse::<Arch>)]
    pub arch: Option<Arch>,
    /// Fetch the release's own gateway, once, and compare with it
    #[arg(long)]
    pub official: bool,
}
