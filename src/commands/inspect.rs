//! `plugbuild inspect`: shows the contents of a plugin or a gateway.

use std::path::PathBuf;

use clap::Args;

use crate::binary::Binary;
use crate::commands::output::{print, print_json};
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::Format;
use crate::verify::inspect::{human, inspect};

/// Which files.
#[derive(Debug, Clone, Args)]
pub struct InspectArgs {
    /// Plugins or gateways
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// List every module, too
    #[arg(long)]
    pub modules: bool,
}

pub(crate) fn run(args: &InspectArgs, cx: Context) -> Result<()> {
    for file in &args.files {
        let contents = inspect(
            &Binary::open(file).map_err(|e| e.help_if_none("give the .so of a plugin, or a `krakend` binary"))?,
        )?;
        match cx.format {
            Format::Json => print_json(&contents),
            Format::Human => print(human(&contents, args.modules).trim_end()),
        }
    }
    Ok(())
}
