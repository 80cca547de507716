//! `plugbuild inspect`: what is inside a plugin or a gateway.

use super::{Context, print, print_json};
use crate::binary::Binary;
use crate::cli::Format;
use crate::cli::inspect::InspectArgs;
use crate::error::Result;
use crate::inspect::{human, inspect};

pub(super) fn run(args: &InspectArgs, cx: Context) -> Result<()> {
    for file in &args.files {
        let contents =
            inspect(&Binary::open(file).map_err(|e| e.or_help("give the .so of a plugin, or a `krakend` binary"))?)?;
        match cx.format {
            Format::Json => print_json(&contents),
            Format::Human => print(human(&contents, args.modules).trim_end()),
        }
    }
    Ok(())
}
