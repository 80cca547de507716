//! The plugin folder of a configuration, as it was found on disk.

use std::path::Path;

/// What a configuration's folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginDir {
    /// Not there.
    Missing,
    /// A file.
    File,
    /// Cannot be looked into.
    Closed(String),
    /// Its entries by name, and which of them are folders.
    Open(Vec<(String, bool)>),
}

impl PluginDir {
    /// Looks at a folder as the gateway would that is started in `cwd`, and if it is not there, beside the configuration.
    pub fn look(folder: &str, cwd: &Path, beside: &Path) -> PluginDir {
        let first = Self::at(&cwd.join(folder));
        match first {
            PluginDir::Missing if Path::new(folder).is_relative() => Self::at(&beside.join(folder)),
            found => found,
        }
    }

    fn at(path: &Path) -> PluginDir {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => {
                return match e.kind() {
                    std::io::ErrorKind::NotFound => PluginDir::Missing,
                    std::io::ErrorKind::NotADirectory => PluginDir::File,
                    _ => PluginDir::Closed(e.to_string()),
                };
            }
        };
        let mut names: Vec<(String, bool)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                Some((entry.file_name().to_string_lossy().into_owned(), is_dir))
            })
            .collect();
        names.sort();
        PluginDir::Open(names)
    }
}
