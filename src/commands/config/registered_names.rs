//! The names a plugin registers: as plugbuild.toml says, else read from the source.

use std::path::Path;

use crate::gateway::config::{GivenPlugin, RegisteredNames};
use crate::gateway::registerer::Registerer;
use crate::project::config::Settings;
use crate::project::source::{PluginSource, registered_names};
use crate::util::context::Context;
use crate::util::error::{Error, Result};

/// A plugin as it was given, with the names it registers where they can be known.
pub(crate) fn plugin(path: &Path, rows: &[Registerer], cx: Context) -> Result<GivenPlugin> {
    let full = cx.host.absolute(path);
    let label = path.display().to_string();
    let meta = full.metadata().map_err(|e| {
        Error::unreadable(format!("cannot read the plugin {label}: {e}"))
            .help("give a plugin's folder, or the .so built of it")
    })?;
    let (dir, file) = if meta.is_dir() {
        (full.clone(), None)
    } else {
        let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (full.parent().unwrap_or(Path::new("/")).to_owned(), Some(name))
    };
    let registered = match written(&dir, cx)? {
        None if file.is_none() => from_source(&dir, rows)?,
        known => known,
    };
    match &registered {
        Some(RegisteredNames { names, origin }) => {
            let names: Vec<String> = names.iter().map(|(kind, name)| format!("{name} ({kind})")).collect();
            cx.ui.status("plugin", format!("{label}: {}: {origin}", names.join(", ")));
        }
        None => cx.ui.warn(format!(
            "{label}: the names it registers are not known, so none is called unknown; give its folder, or say them in plugbuild.toml: `registers` and `type` of its [[plugin]]"
        )),
    }
    Ok(GivenPlugin {
        label,
        file,
        registered,
    })
}

/// What the project's plugbuild.toml says of the plugin in this folder.
fn written(dir: &Path, cx: Context) -> Result<Option<RegisteredNames>> {
    let settings = Settings::read(dir, cx.host)?;
    let Some((config, file)) = settings.project() else {
        return Ok(None);
    };
    let here = |path: &Path| file.with_file_name("").join(path).canonicalize().ok();
    let own = config
        .plugin
        .iter()
        .find(|plugin| !plugin.registers.is_empty() && here(&plugin.path) == dir.canonicalize().ok());
    let Some((own, kind)) = own.and_then(|own| Some((own, own.r#type?))) else {
        return Ok(None);
    };
    Ok(Some(RegisteredNames {
        names: own.registers.iter().map(|name| (kind, name.clone())).collect(),
        origin: format!("as {} says", file.display()),
    }))
}

fn from_source(dir: &Path, rows: &[Registerer]) -> Result<Option<RegisteredNames>> {
    let source = PluginSource::read(dir)?;
    if !source.has_main() {
        return Err(Error::usage(format!(
            "{} is not a plugin's directory: it has no package main",
            dir.display()
        ))
        .help("give the folder of its main.go, or the .so built of it"));
    }
    let names = registered_names::registered(&source, rows).filter(|names| !names.is_empty());
    Ok(names.map(|names| RegisteredNames {
        names,
        origin: format!("read from the source in {}", dir.display()),
    }))
}
