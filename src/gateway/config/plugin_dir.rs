//! The plugin directory of a configuration, as found on disk.

use std::path::Path;

use crate::util::sort::sort_by;

/// The state of a plugin directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginDir {
    /// Does not exist.
    Missing,
    /// Is a file.
    File,
    /// Cannot be read.
    Closed(String),
    /// Its entries by name, and which of them are directories.
    Open(Vec<(String, bool)>),
}

impl PluginDir {
    /// Looks at a directory like a gateway started in `cwd`; if it is missing there, beside the configuration.
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
        sort_by(&mut names, Ord::cmp);
        PluginDir::Open(names)
    }
}
