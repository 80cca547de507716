//! `plugbuild deps`: who decides the version of each dependency.

use std::path::PathBuf;

use clap::Args;

use crate::commands::args::{GatewayArgs, TagsArg};
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print, print_json, print_line};
use crate::commands::plugin_context::PluginContext;
use crate::modules::{Dep, Precision, VersionOwner, deps};
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::sort::sort_by;
use crate::util::ui::Format;

/// Which modules are the gateway's to say, and which the plugin's.
#[derive(Debug, Clone, Args)]
pub struct DepsArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    #[command(flatten)]
    pub tags: TagsArg,
}

pub(crate) fn deps_of(args: &DepsArgs, cx: Context) -> Result<()> {
    let mut subject = PluginContext::read(&args.path, None, &args.tags, cx)?;
    let asked = asked(&args.gateway, None, &subject.session.settings, cx)?;
    let gateway = subject.gateway(&asked)?;
    let modules = subject.modules(&gateway)?;
    let mut all = deps(&subject.selection(&gateway)?, &modules);
    sort_by(&mut all, |a, b| (a.owner, &a.module).cmp(&(b.owner, &b.module)));
    if cx.format == Format::Json {
        all.iter().for_each(print_json);
        return Ok(());
    }
    let wide = all.iter().map(|d| d.module.len()).max().unwrap_or_default();
    let groups = [
        (
            VersionOwner::Shared,
            "shared: the gateway links them, so these must be its versions",
        ),
        (
            VersionOwner::Unlinked,
            "the gateway has them, but no package of them is in both: free to bump while that stays so",
        ),
        (VersionOwner::Free, "free to bump: the gateway does not have them"),
    ];
    for (owner, title) in groups {
        let group: Vec<&Dep> = all.iter().filter(|dep| dep.owner == owner).collect();
        if group.is_empty() {
            continue;
        }
        print_line(format_args!("{title} ({})", group.len()));
        for dep in group {
            print(
                format_args!("  {:<wide$}  {}", dep.module, versions(dep))
                    .to_string()
                    .trim_end(),
            );
        }
    }
    if modules.known() == Precision::Requirements {
        cx.ui.warn(format!(
            "what {} really links is not known: all it requires is taken as shared",
            gateway.title()
        ));
    }
    Ok(())
}

pub(crate) fn versions(dep: &Dep) -> String {
    let have = dep.have.relative_to(&dep.module);
    match &dep.gateway {
        Some(gateway) if *gateway == dep.have => format!("{have}, as the gateway"),
        Some(gateway) if dep.conflicts => format!("{have}, must be {}", gateway.relative_to(&dep.module)),
        Some(gateway) => format!("{have} (gateway: {})", gateway.relative_to(&dep.module)),
        None => have,
    }
}
