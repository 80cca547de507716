//! The overlay that adds the assertions to a build: a file of the store at a path in the plugin's directory.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::build::assertions::Assertions;
use crate::build::unit::LinkedFile;
use crate::plan::Job;
use crate::project::source::{PluginSource, misplaced};
use crate::toolchain::store::Store;
use crate::util::error::{Error, Result};

/// The file's name for the go command; no real file has it.
const NAME: &str = "zz_plugbuild_registerers.go";

/// The go command's flag for an overlay.
pub(crate) const FLAG: &str = "-overlay=";

/// The flag that gives the overlay to the go command; `None` if the user gives one.
pub(crate) fn flag(job: &Job, linked: &LinkedFile) -> Option<String> {
    let goflags = job.env.get("GOFLAGS").map(|flags| flags.to_string_lossy());
    let own = job.user_flags.iter().any(|flag| flag.starts_with("-overlay"))
        || goflags.is_some_and(|flags| flags.contains("-overlay="));
    (!own).then(|| format!("{FLAG}{}", dir(linked).join("overlay.json").display()))
}

/// Writes the overlay's changed files, and returns its assertions. `compiled` returns the compiled files, and is called
/// only if they matter.
///
/// # Errors
/// An invalid registerer, or a file that cannot be read or written.
pub(crate) fn write(
    job: &Job,
    linked: &LinkedFile,
    store: &Store,
    compiled: impl FnOnce() -> Result<Option<Vec<String>>>,
) -> Result<Assertions> {
    if flag(job, linked).is_none() {
        return Ok(Assertions::default());
    }
    let mut source = PluginSource::read(&job.plugin.dir)?;
    let mut known = true;
    if source.has_conditional(crate::gateway::registerer::all()) {
        match compiled()? {
            Some(files) => source.settle(&files),
            // The build reports what is wrong with them.
            None => known = false,
        }
    }
    let mut assertions = match known {
        true => Assertions::new(&source, crate::gateway::registerer::all(), &job.gateway)?,
        false => Assertions::default(),
    };
    let ignored = crate::gateway::registerer::all()
        .iter()
        .filter(|row| job.gateway.ignores(row) && source.exports(&row.symbol));
    assertions
        .warnings
        .extend(ignored.map(crate::gateway::registerer::Registerer::ignored));
    if known
        && assertions.file().is_none()
        && source.has_main()
        && !source.has_conditional(crate::gateway::registerer::all())
    {
        misplaced::check(&job.plugin.dir, crate::gateway::registerer::all())?;
    }
    let dir = store.ensure_dir(dir(linked))?;
    let replace = match assertions.file() {
        Some(render) => {
            let file = dir.join("registerers.go");
            write_changed(&file, &render)?;
            json!({ job.plugin.dir.join(NAME).display().to_string(): file })
        }
        None => json!({}),
    };
    write_changed(&dir.join("overlay.json"), &json!({ "Replace": replace }).to_string())?;
    Ok(assertions)
}

fn dir(linked: &LinkedFile) -> PathBuf {
    linked.dir.join("overlay")
}

/// A file that did not change keeps its time.
fn write_changed(file: &Path, text: &str) -> Result<()> {
    if fs::read(file).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let staged = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new("/")))
        .map_err(|e| Error::io("write", file, e))?;
    fs::write(staged.path(), text).map_err(|e| Error::io("write", file, e))?;
    staged.persist(file).map_err(|e| Error::io("write", file, e.error))?;
    Ok(())
}
