//! `plugbuild target`: what can be built for.

use clap::{Args, Subcommand};

use crate::commands::output::{print_json, print_line};
use crate::project::config::Settings;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::Format;

#[derive(Debug, Clone, Args)]
pub struct TargetCommandArgs {
    #[command(subcommand)]
    pub command: TargetCommand,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TargetCommand {
    /// List the targets that plugins are built for
    List,
}

pub(crate) fn list(cx: Context) -> Result<()> {
    let matrix = Settings::read(&cx.host.cwd, cx.host)?.matrix()?;
    if cx.format == Format::Json {
        print_json(&matrix.targets());
        return Ok(());
    }
    print_line(format_args!("{:<28} {:<14} {}", "TARGET", "SHORT", "ALSO"));
    for row in matrix.targets() {
        let target = row.triple;
        print_line(format_args!(
            "{:<28} {:<14} linux/{}/{}",
            target.triple(),
            target.short(),
            target.arch,
            target.libc.kind
        ));
    }
    Ok(())
}
