//! The names a plugin registers: asked of a gateway where one may be run, else as plugbuild.toml says, else read from the
//! source.

use std::path::Path;

use crate::binary::Binary;
use crate::gateway::config::plugin_names::RequestedPlugin;
use crate::gateway::config::{Plugin, Registered};
use crate::gateway::registerer::{PluginKind, Registerer};
use crate::gateway::run;
use crate::gateway::run::probe;
use crate::gateway::run::process::GatewayRunner;
use crate::project::config::Settings;
use crate::project::source::{Source, registered_names};
use crate::util::context::Context;
use crate::util::error::{Error, Kind as ErrorKind, Result};
use crate::verify::plugin as verify_plugin;

/// A gateway that the user gave to be run, and the names of the configuration, which it is asked for.
pub(crate) struct GatewayProbe<'a> {
    pub(crate) runnable: &'a GatewayRunner<'a>,
    pub(crate) wanted: &'a [RequestedPlugin],
}

/// A plugin as it was given, with the names it registers where they can be known.
pub(crate) fn plugin(path: &Path, rows: &[Registerer], asking: Option<&GatewayProbe>, cx: Context) -> Result<Plugin> {
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
    let written = written(&dir, cx)?;
    let told = match (asking, &file) {
        (Some(asking), Some(_)) => asking.names(&full, &label, written.as_ref())?,
        _ => None,
    };
    let registered = match told.or(written) {
        None if file.is_none() => from_source(&dir, rows)?,
        known => known,
    };
    match &registered {
        Some(Registered { names, origin, .. }) => {
            let names: Vec<String> = names.iter().map(|(kind, name)| format!("{name} ({kind})")).collect();
            let names = match names.as_slice() {
                [] => "registers none of the names that it was asked for".to_owned(),
                names => names.join(", "),
            };
            cx.ui.status("plugin", format!("{label}: {names}: {origin}"));
        }
        None => cx.ui.warn(format!(
            "{label}: the names it registers are not known, so none is called unknown; give its folder, or a gateway that may be run to ask it (`--gateway ./krakend`), or say them in plugbuild.toml: `registers` and `type` of its [[plugin]]"
        )),
    }
    Ok(Plugin {
        label,
        file,
        registered,
    })
}

/// What the project's plugbuild.toml says of the plugin in this folder.
fn written(dir: &Path, cx: Context) -> Result<Option<Registered>> {
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
    Ok(Some(Registered {
        names: own.registers.iter().map(|name| (kind, name.clone())).collect(),
        origin: format!("as {} says", file.display()),
        all: true,
    }))
}

fn from_source(dir: &Path, rows: &[Registerer]) -> Result<Option<Registered>> {
    let source = Source::read(dir)?;
    if !source.has_main() {
        return Err(Error::usage(format!(
            "{} is no plugin's folder: there is no package main",
            dir.display()
        ))
        .help("give the folder of its main.go, or the .so built of it"));
    }
    let names = registered_names::registered(&source, rows).filter(|names| !names.is_empty());
    Ok(names.map(|names| Registered {
        names,
        origin: format!("read from the source in {}", dir.display()),
        all: true,
    }))
}

impl GatewayProbe<'_> {
    /// Runs the gateway with this plugin alone; none if it could not be asked, which is told.
    fn names(&self, file: &Path, label: &str, written: Option<&Registered>) -> Result<Option<Registered>> {
        let binary = Binary::open(file)?;
        let plugin = verify_plugin::Plugin::read(&binary)?;
        self.runnable.fits(label, plugin.image().arch())?;
        let kinds: Vec<PluginKind> = PluginKind::ALL
            .into_iter()
            .filter(|kind| plugin.own_symbol(&kind.row().symbol).is_some())
            .collect();
        let mut asked: Vec<RequestedPlugin> = self
            .wanted
            .iter()
            .filter(|one| kinds.contains(&one.kind))
            .cloned()
            .collect();
        let likely = kinds.iter().flat_map(|kind| likely(&plugin, *kind));
        for (kind, name) in written.iter().flat_map(|known| known.names.clone()).chain(likely) {
            if !asked.iter().any(|one| one.kind == kind && one.name == name) {
                asked.push(RequestedPlugin {
                    kind,
                    name,
                    settings: serde_json::json!({}),
                });
            }
        }
        if asked.is_empty() {
            return Ok(None);
        }
        let folder = tempfile::tempdir().map_err(|e| Error::io("make", "a temporary folder", e))?;
        std::fs::copy(file, folder.path().join("plugin.so")).map_err(|e| Error::io("copy", file, e))?;
        let mut names = Vec::new();
        while !asked.is_empty() {
            let Some(said) = self.said(&asked, &kinds, folder.path(), label)? else {
                return Ok(None);
            };
            let answers = probe::answers(&asked, &said);
            let before = asked.len();
            let mut left = Vec::new();
            for (wanted, answer) in asked.into_iter().zip(answers) {
                match answer {
                    Some(true) => names.push((wanted.kind, wanted.name)),
                    Some(false) => {}
                    None => left.push(wanted),
                }
            }
            // What it says nothing of at all, it would say nothing of again.
            asked = if left.len() < before { left } else { Vec::new() };
        }
        let label = &self.runnable.gateway.label;
        Ok(Some(Registered {
            names,
            origin: format!("as KrakenD {label} said when it ran with it"),
            all: false,
        }))
    }

    /// One run of the gateway; none if it could not be asked, which is told.
    fn said(
        &self,
        asked: &[RequestedPlugin],
        kinds: &[PluginKind],
        folder: &Path,
        label: &str,
    ) -> Result<Option<Vec<String>>> {
        let ui = self.runnable.cx.ui;
        let config = |port| Ok(probe::configuration(asked, folder, port));
        let (mut running, _) = match self.runnable.started(&config, folder) {
            Ok(started) => started,
            Err(why) if why.kind == ErrorKind::Interrupted => return Err(why),
            Err(why) => {
                ui.warn(format!("{label}: the gateway could not be asked: {why}"));
                return Ok(None);
            }
        };
        running.stop();
        let said = std::mem::take(&mut running.said);
        if kinds.iter().any(|kind| run::loaded(&said, *kind).unwrap_or(0) > 0) {
            return Ok(Some(said));
        }
        ui.warn(format!(
            "{label}: the gateway could not be asked: it did not load the plugin"
        ));
        run::about_plugins(&said).take(12).for_each(|line| ui.pass_on(line));
        self.runnable.explained(&said);
        Ok(None)
    }
}

/// Names that nothing asks for and that the plugin may have all the same: mostly its variable is a text, and that the name.
fn likely(plugin: &verify_plugin::Plugin<'_>, kind: PluginKind) -> Vec<(PluginKind, String)> {
    let text = plugin.own_string(&kind.row().symbol);
    let Some(text) = text.filter(|text| !text.is_empty() && text.len() < 200 && !text.contains(char::is_control))
    else {
        return Vec::new();
    };
    let endings: &[&str] = match kind {
        PluginKind::Modifier => &["", "-request", "-response"],
        _ => &[""],
    };
    endings.iter().map(|ending| (kind, format!("{text}{ending}"))).collect()
}
