//! The plugins of a project: those that plugbuild.toml names, found on disk, and conflicts between them.

use std::path::{Path, PathBuf};

use crate::gateway::registerer;
use crate::gateway::registerer::PluginKind;
use crate::project::config::{Config, PluginConfig};
use crate::project::go_env::GoEnv;
use crate::project::plugin::Plugin;
use crate::project::source::{PluginSource, registered_names};
use crate::util::component::Name;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::sort::sort_by;

/// A plugin of the project.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: Name,
    pub plugin: Plugin,
    /// Its entry in the settings file; empty if it has none.
    pub config: PluginConfig,
    /// The names it registers and their types: from the settings file, or from constants in its source.
    pub registers: Vec<(Option<PluginKind>, String)>,
}

impl Member {
    /// The plugin in a directory, with the file's entry for it.
    ///
    /// # Errors
    /// See [`Plugin::read`].
    pub fn read(dir: &Path, project: Option<(&Config, &Path)>, host: &Host, goenv: &GoEnv) -> Result<Self> {
        let plugin = Plugin::read(dir, host, goenv)?;
        let entry = project.and_then(|(config, file)| {
            let root = file.parent().unwrap_or(Path::new("/"));
            let here = |entry: &&PluginConfig| root.join(&entry.path).canonicalize().is_ok_and(|d| d == plugin.dir);
            config.plugin.iter().find(here)
        });
        Self::with(plugin, entry.cloned().unwrap_or_default())
    }

    fn with(plugin: Plugin, config: PluginConfig) -> Result<Self> {
        let name = config.name.clone().unwrap_or_else(|| plugin.name());
        let name = Name::new("the name of a plugin", name)
            .map_err(|e| e.help("`[[plugin]]` in plugbuild.toml sets a plugin's `name`"))?;
        let registers = if config.registers.is_empty() {
            registered_in(&plugin.dir)
        } else {
            config
                .registers
                .iter()
                .map(|name| (config.r#type, name.clone()))
                .collect()
        };
        Ok(Member {
            name,
            registers,
            plugin,
            config,
        })
    }
}

/// All plugins of the project's file, sorted by name.
///
/// # Errors
/// A directory is not a plugin, a pattern is invalid, or there are no plugins.
pub fn members(config: &Config, file: &Path, host: &Host, goenv: &GoEnv) -> Result<Vec<Member>> {
    let root = file.parent().unwrap_or(Path::new("/"));
    let mut found: Vec<Member> = Vec::new();
    for entry in &config.plugin {
        let plugin = Plugin::read(&root.join(&entry.path), host, goenv).map_err(|e| in_file(e, file))?;
        found.push(Member::with(plugin, entry.clone()).map_err(|e| in_file(e, file))?);
    }
    for dir in member_dirs(config, root).map_err(|what| Error::usage(format!("{}: {what}", file.display())))? {
        let plugin = Plugin::read(&dir, host, goenv).map_err(|e| in_file(e, file))?;
        if !found.iter().any(|member| member.plugin.dir == plugin.dir) {
            found.push(Member::with(plugin, PluginConfig::default()).map_err(|e| in_file(e, file))?);
        }
    }
    if found.is_empty() {
        return Err(Error::usage(format!("{} names no plugins", file.display()))
            .help("list their directories: `[workspace]`, `members = [\"plugins/*\"]`"));
    }
    sort_by(&mut found, |a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn in_file(error: Error, file: &Path) -> Error {
    Error {
        message: format!("{} (a plugin of {})", error.message, file.display()),
        ..error
    }
}

/// The directories that match the members' patterns and have a main package.
fn member_dirs(config: &Config, root: &Path) -> Result<Vec<PathBuf>, String> {
    let rooted = |pattern: &String| {
        format!(
            "{}/{}",
            glob::Pattern::escape(&root.to_string_lossy()),
            pattern.trim_end_matches('/')
        )
    };
    let bad = |pattern: &str, why: glob::PatternError| format!("`{pattern}` is not a pattern: {why}");
    let exclude: Vec<glob::Pattern> = config
        .workspace
        .exclude
        .iter()
        .map(|pattern| glob::Pattern::new(&rooted(pattern)).map_err(|e| bad(pattern, e)))
        .collect::<Result<_, _>>()?;
    let mut dirs = Vec::new();
    for pattern in &config.workspace.members {
        let plain = !pattern.contains(['*', '?', '[']);
        if plain && !root.join(pattern).is_dir() {
            return Err(format!("the member {pattern} does not exist"));
        }
        let matched = glob::glob(&rooted(pattern)).map_err(|e| bad(pattern, e))?;
        let matched = matched.flatten().filter(|dir| dir.is_dir());
        dirs.extend(matched.filter(|dir| !exclude.iter().any(|e| e.matches_path(dir)) && has_main_package(dir)));
    }
    dirs.sort();
    dirs.dedup();
    Ok(dirs)
}

fn has_main_package(dir: &Path) -> bool {
    PluginSource::read(dir).is_ok_and(|source| source.has_main())
}

/// The names registered in a directory's sources, if they are constants.
fn registered_in(dir: &Path) -> Vec<(Option<PluginKind>, String)> {
    let source = PluginSource::read(dir).unwrap_or_default();
    let names = registered_names::plain(&source, registerer::all()).into_iter();
    names.map(|(kind, name)| (Some(kind), name)).collect()
}

/// Reports plugins that cannot be in the same gateway, before anything is built.
///
/// # Errors
/// Two have the same name, the same plugin path, or register the same name.
pub fn check(members: &[Member]) -> Result<()> {
    for (at, one) in members.iter().enumerate() {
        for other in &members[at + 1..] {
            let both = format!("{} and {}", one.plugin.dir.display(), other.plugin.dir.display());
            if one.name == other.name {
                return Err(Error::usage(format!("two plugins are called {}: {both}", one.name))
                    .help("give one of them another `name` in plugbuild.toml"));
            }
            if one.plugin.import_path() == other.plugin.import_path() {
                let what = format!("two plugins have the plugin path {}: {both}", one.plugin.import_path());
                return Err(Error::usage(what)
                    .help("a gateway loads a path once only: give one of them another `module` line in its go.mod"));
            }
            let twice = one.registers.iter().find(|(kind, name)| {
                let same = |a: &Option<PluginKind>, b: &Option<PluginKind>| a.is_none() || b.is_none() || a == b;
                other.registers.iter().any(|(k, n)| n == name && same(kind, k))
            });
            if let Some((_, name)) = twice {
                return Err(Error::usage(format!("two plugins register `{name}`: {both}"))
                    .help("a gateway keeps the last one only: give one of them another name"));
            }
        }
    }
    Ok(())
}

/// The requested members, by name.
///
/// # Errors
/// No member has the name.
pub fn select(members: Vec<Member>, names: &[String], exclude: &[String]) -> Result<Vec<Member>> {
    if let Some(name) = names
        .iter()
        .chain(exclude)
        .find(|name| !members.iter().any(|m| *m.name == **name))
    {
        let known: Vec<&str> = members.iter().map(|m| &*m.name).collect();
        return Err(Error::usage(format!("no plugin is called `{name}`"))
            .help(format!("the plugins are: {}", known.join(", "))));
    }
    let has = |names: &[String], m: &Member| names.iter().any(|name| **name == *m.name);
    let wanted = |m: &Member| (names.is_empty() || has(names, m)) && !has(exclude, m);
    Ok(members.into_iter().filter(wanted).collect())
}
