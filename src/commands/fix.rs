//! `plugbuild fix`: shows or writes the edit of go.mod and go.sum.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::args::{GatewayArgs, TagsArg};
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print, print_json};
use crate::commands::plugin_context::PluginContext;
use crate::modules::fix;
use crate::modules::fix::Edit;
use crate::modules::fix::edit::{FileChange, Fix};
use crate::util::context::Context;
use crate::util::diff::unified;
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;
use crate::util::ui::{Format, counted};

pub(crate) fn run(args: &FixArgs, cx: Context) -> Result<()> {
    let mut subject = PluginContext::read(&args.path, None, &args.tags, cx)?;
    let asked = asked(&args.gateway, None, &subject.session.settings, cx)?;
    let gateway = subject.gateway(&asked)?;
    let modules = subject.modules(&gateway)?;
    let (job, go) = subject.job(&gateway)?;
    let fix = fix::find(&job, &go, &modules, &subject.session)?;
    if fix.edits.is_empty() {
        cx.ui
            .status("fits", format!("{} as it is: nothing to edit", gateway.title()));
        return Ok(());
    }
    report(&fix, args.write, cx);
    if args.write {
        fix.files.iter().try_for_each(write)?;
        let files: Vec<String> = fix.files.iter().map(|file| file.path.display().to_string()).collect();
        cx.ui.status("written", files.join(", "));
        if !subject.plugin.vendored.is_empty() {
            cx.ui.warn("vendor/ is unchanged: update it with `go mod vendor`");
        }
    } else {
        cx.ui.status("shown", "nothing is written without --write");
    }
    Ok(())
}

fn report(fix: &Fix, written: bool, cx: Context) {
    for edit in &fix.edits {
        match edit {
            Edit::Replace { .. } => cx.ui.status("edit", edit),
            _ => cx.ui.verbose("edit", edit),
        }
    }
    if let Err(why) = &fix.tidied {
        cx.ui
            .warn(format!("whether it survives `go mod tidy` could not be tried: {why}"));
    }
    match cx.format {
        Format::Json => print_json(&json!({
            "reason": "fixed",
            "written": written,
            "edits": fix.edits.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "survives_tidy": fix.tidied.is_ok(),
        })),
        Format::Human if written => {}
        Format::Human => fix.files.iter().for_each(|file| match name(file).as_str() {
            "go.sum" => print(sums_changed(file)),
            _ => print(diff(file).trim_end()),
        }),
    }
}

fn name(file: &FileChange) -> String {
    let name = file.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Checksums only matter to a reader by their number.
fn sums_changed(file: &FileChange) -> String {
    let only = |a: &str, b: &str| {
        let others: HashSet<&str> = b.lines().collect();
        a.lines().filter(|line| !others.contains(line)).count()
    };
    format!(
        "go.sum: {} added, {} removed",
        counted(only(&file.new, &file.old), "line"),
        only(&file.old, &file.new)
    )
}

fn diff(file: &FileChange) -> String {
    let name = name(file);
    unified((format!("a/{name}"), &file.old), (format!("b/{name}"), &file.new), 1)
}

/// Writes what was shown, unless the files have changed meanwhile.
fn write(file: &FileChange) -> Result<()> {
    let now = crate::util::regular_file::read_to_string(&file.path).unwrap_or_default();
    if now != file.old {
        return Err(Error::io("write", &file.path, "it was changed meanwhile").help("run `plugbuild fix` again"));
    }
    overwrite(&file.path, &file.new)
}

/// The edit of go.mod and go.sum that makes a plugin fit.
#[derive(Debug, Clone, Args)]
pub struct FixArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Write the changes instead of only showing them
    #[arg(long, visible_alias = "apply")]
    pub write: bool,
    #[command(flatten)]
    pub tags: TagsArg,
}
