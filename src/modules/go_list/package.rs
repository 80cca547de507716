//! The lines of `go list`: a package, and its module. Pure.

use std::path::Path;

use crate::modules::Source;

/// Reads a file of the plugin or of a module, if possible.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

#[derive(Debug, Clone)]
pub(crate) struct Module<'a> {
    pub(crate) path: &'a str,
    pub(crate) version: &'a str,
    pub(crate) main: bool,
    pub(crate) go: &'a str,
    pub(crate) dir: &'a str,
    /// Path, version, directory.
    pub(crate) replace: Option<[&'a str; 3]>,
}

impl<'a> Module<'a> {
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [path, version, main, _indirect, go, dir, replace @ ..] = fields.as_slice() else {
            return None;
        };
        let replace: [&str; 3] = replace.try_into().ok()?;
        Some(Module {
            path,
            version,
            main: *main == "true",
            go,
            dir,
            replace: (!replace[0].is_empty()).then_some(replace),
        })
    }

    pub(crate) fn source(&self) -> Source {
        let folder = |dir: &str, path: &str| Source::Folder(if dir.is_empty() { path } else { dir }.to_owned());
        match self.replace {
            Some([path, "", dir]) => folder(dir, path),
            Some([path, version, _]) => Source::published(path, version),
            None if self.main || self.version.is_empty() => folder(self.dir, self.path),
            None => Source::published(self.path, self.version),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Package<'a> {
    pub(crate) path: &'a str,
    /// Not the plugin's main package.
    pub(crate) dep_only: bool,
    pub(crate) imports: Vec<&'a str>,
    pub(crate) dir: &'a str,
    pub(crate) files: Vec<&'a str>,
    pub(crate) module: Option<Module<'a>>,
}

impl<'a> Package<'a> {
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(6, '\t');
        Some(Package {
            path: fields.next()?,
            dep_only: fields.next()? == "true",
            imports: fields.next()?.split(',').collect(),
            dir: fields.next()?,
            files: fields.next()?.split(',').filter(|file| !file.is_empty()).collect(),
            module: fields.next().and_then(Module::parse),
        })
    }
}
