//! Copies of a plugin's go.mod and go.sum (or go.work) that the go command reads in their place: its additions and our
//! changes never touch the user's tree.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::modules::modfile::text::Edits;
use crate::project::go_mod;
use crate::project::plugin::Plugin;
use crate::toolchain::gc;
use crate::toolchain::store::{ExclusiveLock, Store};
use crate::util::error::{Error, Result};
use crate::util::fs::create_dir;
use crate::util::hash::hex;

pub(crate) mod text;

/// A copy, written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModFile {
    file: PathBuf,
    kind: Kind,
    /// A digest of its inputs.
    made_of: String,
    /// Whether the go command has yet to read it.
    #[serde(skip)]
    pub changed: bool,
}

/// The file that records a copy's inputs.
const STAMP: &str = "made-of";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Module,
    /// Of a module whose vendor directory is used.
    Vendored,
    Workspace,
}

impl ModFile {
    /// Flags that make the go command read it without changing it: any number may do so at once.
    pub(crate) fn flags(&self) -> Vec<String> {
        self.flags_with("-mod=readonly")
    }

    /// Flags that let the go command bring it up to date: one at a time, under the [lock].
    pub(crate) fn writing(&self) -> Vec<String> {
        self.flags_with("-mod=mod")
    }

    fn flags_with(&self, mode: &str) -> Vec<String> {
        let modfile = || format!("-modfile={}", self.file.display());
        match self.kind {
            Kind::Module => vec![mode.to_owned(), modfile()],
            Kind::Vendored => vec!["-mod=vendor".to_owned(), modfile()],
            // A workspace takes neither flag: its members are not written, and lines are only added to go.work.sum.
            Kind::Workspace => Vec::new(),
        }
    }

    /// The setting that makes the go command read it, where no flag can.
    pub(crate) fn env(&self) -> Option<(String, OsString)> {
        (self.kind == Kind::Workspace).then(|| ("GOWORK".to_owned(), self.file.clone().into()))
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn dir(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }

    /// Both files, as the go command left them.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn texts(&self) -> Result<[String; 2]> {
        Ok([read(&self.file)?, read_if_there(&self.sum_file())?])
    }

    /// Adds lines to the copy of go.sum.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn add_sums(&self, lines: impl Iterator<Item = String>) -> Result<()> {
        let own = read_if_there(&self.sum_file())?;
        let lines: Vec<String> = std::iter::once(own).chain(lines).collect();
        let sums = text::go_sum(&lines, "");
        put(&self.sum_file(), &sums)
    }

    /// Writes both files again.
    ///
    /// # Errors
    /// They cannot be written.
    pub(crate) fn replace(&self, texts: [String; 2]) -> Result<()> {
        self.write(texts)
    }

    fn write(&self, texts: [String; 2]) -> Result<()> {
        create_dir(self.dir())?;
        for (path, text) in [&self.file, &self.sum_file()].into_iter().zip(texts) {
            put(path, &text)?;
        }
        Ok(())
    }

    fn sum_file(&self) -> PathBuf {
        self.file.with_extension(if self.kind == Kind::Workspace {
            "work.sum"
        } else {
            "sum"
        })
    }

    /// Records that the go command has brought it up to date for `question`, a [digest](question): it need not run
    /// again.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn mark_current(&mut self, question: &str) -> Result<()> {
        let mut questions = self.questions();
        if !self.changed && questions.contains(question) {
            return Ok(());
        }
        questions.insert(question.to_owned());
        let stamp = self.file.with_file_name(STAMP);
        let lines = std::iter::once(&self.made_of).chain(&questions);
        put(&stamp, &lines.map(|line| format!("{line}\n")).collect::<String>())?;
        self.changed = false;
        Ok(())
    }

    /// Whether the go command has brought it up to date for a question already, so that a build only reads it.
    pub(crate) fn is_settled_for(&self, question: &str) -> bool {
        !self.changed && self.questions().contains(question)
    }

    fn questions(&self) -> BTreeSet<String> {
        let text = crate::util::regular_file::read_to_string(self.file.with_file_name(STAMP)).unwrap_or_default();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    /// Whether it is complete and as the go command left it.
    pub(crate) fn is_current(&self) -> bool {
        self.file.with_file_name(STAMP).is_file()
    }

    /// Whether vendor/ is read, where modules have no list of their own.
    pub(crate) fn is_vendored(&self) -> bool {
        self.kind == Kind::Vendored
    }
}

/// Writes a copy called `name` for this plugin. An existing one stays, with the go command's additions, as long as its
/// inputs are the same.
///
/// # Errors
/// A file of the user's that cannot be read, or a store that cannot be written.
pub(crate) fn write(plugin: &Plugin, name: &str, edits: &Edits, sums: &[String], store: &Store) -> Result<ModFile> {
    let dir = store.modfiles(&key(plugin)).join(name);
    let vendored = !plugin.vendored.is_empty() && edits.pins.is_empty();
    let (kind, source, texts) = match &plugin.work {
        Some(work) => {
            let base = work.parent().unwrap_or(Path::new("/"));
            let own = format!("{}\n{}", read(work)?, workspace_replaces(plugin, base, &read(work)?)?);
            let sums = text::go_sum(sums, &read_if_there(&work.with_extension("work.sum"))?);
            (
                Kind::Workspace,
                "go.work",
                [
                    text::go_work(&own, base, edits, &dir, &|folder| can_join_workspace(plugin, folder)),
                    sums,
                ],
            )
        }
        None => {
            let root = &plugin.module.root;
            let own = read(&root.join("go.mod"))?;
            let sums = text::go_sum(sums, &read_if_there(&root.join("go.sum"))?);
            let kind = if vendored { Kind::Vendored } else { Kind::Module };
            (kind, "go.mod", [text::go_mod(&own, edits, &dir), sums])
        }
    };
    let made_of = hex(&Sha256::digest(texts.join("\0")));
    let mut copy = ModFile {
        file: dir.join(source),
        kind,
        made_of,
        changed: false,
    };
    let stamp = dir.join(STAMP);
    let stamped = crate::util::regular_file::read_to_string(&stamp).unwrap_or_default();
    copy.changed = stamped.lines().next() != Some(copy.made_of.as_str()) || !copy.file.is_file();
    if copy.changed {
        let _ = fs::remove_file(&stamp);
        copy.write(texts)?;
        for emptied in edits.emptied {
            let folder = text::empty_folder(&dir, &emptied.module);
            create_dir(&folder)?;
            let file = folder.join("go.mod");
            put(&file, &emptied.go_mod)?;
        }
    }
    Ok(copy)
}

/// Takes the lock of a plugin's copies, for one run at a time; calls `waiting` if another has it.
///
/// # Errors
/// The store cannot be written.
pub(crate) fn lock(plugin: &Plugin, store: &Store, waiting: impl FnOnce()) -> Result<ExclusiveLock> {
    let lock = store.lock(&format!("modfiles-{}", key(plugin)), waiting)?;
    // Not created here: a plugin that needs no copy has none.
    gc::touch(&store.modfiles(&key(plugin)));
    Ok(lock)
}

/// A copy to try edits on, called `name`; replaces the last one of that name.
///
/// # Errors
/// The store cannot be written.
pub(crate) fn scratch(plugin: &Plugin, name: &str, texts: &[String; 2], store: &Store) -> Result<ModFile> {
    let copy = ModFile {
        file: store.modfiles(&key(plugin)).join(name).join("go.mod"),
        kind: Kind::Module,
        made_of: String::new(),
        changed: true,
    };
    copy.write(texts.clone())?;
    Ok(copy)
}

/// Whether a module next to the plugin can be a member of its workspace as well as a replacement: its own replacements
/// would count then, and a directory cannot be a member twice.
fn can_join_workspace(plugin: &Plugin, folder: &Path) -> bool {
    let Some(module) = plugin.siblings.iter().find(|module| module.root == folder) else {
        return false;
    };
    let of = |file: PathBuf| crate::util::regular_file::read_to_string(file).map(|text| go_mod::parse(&text));
    let member = |work: &Path| {
        let used = of(work.to_owned()).unwrap_or_default();
        let base = work.parent().unwrap_or(Path::new("/"));
        used.iter()
            .filter(|d| d.verb == "use")
            .filter_map(|d| d.words.first())
            .any(|dir| base.join(dir).canonicalize().is_ok_and(|dir| dir == module.root))
    };
    let replaces = of(module.root.join("go.mod")).is_ok_and(|file| file.iter().any(|d| d.verb == "replace"));
    !replaces && !plugin.work.as_deref().is_some_and(member)
}

/// Members may require each other in versions that are not published: `go build` never looks, but `go list` does.
fn workspace_replaces(plugin: &Plugin, base: &Path, work: &str) -> Result<String> {
    let members = || std::iter::once(&plugin.module).chain(&plugin.siblings);
    let replaced: BTreeSet<String> = go_mod::parse(work)
        .into_iter()
        .filter(|directive| directive.verb == "replace")
        .filter(|directive| match directive.words.as_slice() {
            // In the copy it is a member.
            [_, arrow, folder] if arrow == "=>" => !can_join_workspace(plugin, &text::joined(base, folder)),
            _ => true,
        })
        .filter_map(|directive| directive.words.into_iter().next())
        .collect();
    let mut lines = BTreeSet::new();
    for member in members() {
        for directive in go_mod::parse(&read(&member.root.join("go.mod"))?) {
            let [path, version] = directive.words.as_slice() else {
                continue;
            };
            let other = members().find(|other| other.path == *path && !replaced.contains(path));
            if let Some(other) = other.filter(|_| directive.verb == "require") {
                lines.insert(format!("replace {path} {version} => {:?}\n", other.root));
            }
        }
    }
    Ok(lines.into_iter().collect())
}

/// One directory per project, for all gateways.
fn key(plugin: &Plugin) -> String {
    let project = plugin.work.as_deref().unwrap_or(&plugin.module.root);
    hex(&Sha256::digest(project.as_os_str().as_encoded_bytes())[..8])
}

/// The question to the go command about a copy, as a digest: another target, or other packages, may need more
/// checksums.
pub(crate) fn question(of: &dyn Debug) -> String {
    hex(&Sha256::digest(format!("{of:?}"))[..8])
}

/// Writes a file in one step: another run's go command may be reading it.
fn put(file: &Path, text: &str) -> Result<()> {
    let failed = |e| Error::io("write", file, e);
    let staged = NamedTempFile::new_in(file.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
    fs::write(staged.path(), text).map_err(failed)?;
    staged.persist(file).map_err(|e| failed(e.error))?;
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    crate::util::regular_file::read_to_string(file).map_err(|e| Error::io("read", file, e))
}

fn read_if_there(file: &Path) -> Result<String> {
    match crate::util::regular_file::read_to_string(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|e| Error::io("read", file, e)),
    }
}
