//! From the linked file to the finished plugin: checked, made reproducible, moved into place by one rename.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::binary::linkage::Form;
use crate::binary::notes::build_id;
use crate::binary::{Binary, notes, pkghash};
use crate::build::freshness::Stamp;
use crate::build::unit::{ReadyUnit, Unit};
use crate::util::error::{Error, Result};
use crate::util::fs::check_writable;
use crate::util::hash::hex;
use crate::util::host::Host;
use crate::verify::checks;
use crate::verify::checks::Checks;
use crate::verify::plugin::PluginBinary;

/// A finished plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    pub sha256: String,
    /// Nothing had to be done: it existed already, from the same link.
    pub fresh: bool,
    pub checks: Checks,
}

/// Checks that the output can be written, before the minutes that a build takes. Creates nothing.
///
/// # Errors
/// It is a directory or not a plugin, or its directory cannot be written.
pub(crate) fn check_output(output: &Path) -> Result<()> {
    if output.is_dir() {
        return Err(Error::usage(format!("{} is a directory", output.display()))
            .help("name a file in it, or use `--out-dir DIR`"));
    }
    // A rename would replace a device such as /dev/null for everybody.
    if output.metadata().is_ok_and(|meta| !meta.is_file()) {
        return Err(
            Error::usage(format!("{} is not a regular file", output.display())).help("name a file, or use `--dry-run`")
        );
    }
    if !may_be_replaced(output) {
        let what = format!("{} exists and is not a plugin: it is not overwritten", output.display());
        return Err(Error::usage(what).help("name another file, or remove that one"));
    }
    let dir = output.parent().unwrap_or(Path::new("."));
    check_writable(dir).map_err(|why| cannot_write(output, &why))
}

/// The plugin at the output path, if it is not the job's: this build must not overwrite it.
pub(crate) fn foreign_plugin(unit: &Unit) -> Option<String> {
    let job = &unit.job;
    let output = &job.output;
    if Stamp::load(&unit.linked.path, output).is_some() {
        return None;
    }
    let binary = Binary::open(output).ok()?;
    let path = job.plugin.import_path();
    // The package with this main function was built from it; looking that up is faster than reading everything.
    let main = format!("{}.main", pkghash::escape(&path));
    if binary.image().symbol(main.as_bytes()).is_some() {
        return None;
    }
    let other = PluginBinary::read(&binary).ok()?.path?.to_owned();
    (other != path).then_some(other)
}

/// A missing or empty file, or a library (as a plugin is) or a part of one: never a gateway or a source.
fn may_be_replaced(output: &Path) -> bool {
    match fs::metadata(output) {
        Ok(meta) if meta.len() > 0 => match Binary::open(output) {
            Ok(file) => file.image().form() == Form::Library,
            Err(_) => output.extension().is_some_and(|ending| ending == "so"),
        },
        // Writing reports what cannot be read.
        _ => true,
    }
}

fn cannot_write(output: &Path, why: &std::io::Error) -> Error {
    Error::io("write", output, why).help("write elsewhere: `--out-dir DIR` or `--output FILE`")
}

/// Checks the linked file and makes the finished one from it. Nobody else may link it meanwhile. `judge` is called
/// before anything is written; its argument is whether this very link has been finished, and so judged, before.
///
/// # Errors
/// A failed check, an error of `judge`, or an output that cannot be written.
pub(crate) fn finish<V>(
    unit: &ReadyUnit,
    host: &Host,
    judge: impl FnOnce(&Binary, bool) -> Result<V>,
) -> Result<(Artifact, V)> {
    let (job, linked) = (&unit.job, unit.linked.path.as_path());
    let binary = Binary::open(linked)?;
    let build_id = build_id(&binary).unwrap_or_default();
    if !job.force
        && let Some(stamp) = Stamp::valid(linked, &build_id, &job.output)
    {
        let artifact = Artifact {
            sha256: stamp.sha256,
            fresh: true,
            checks: stamp.checks,
        };
        return Ok((artifact, judge(&binary, true)?));
    }
    let checks = checks::check(&binary, job, host)?;
    let verdict = judge(&binary, false)?;
    let sha256 = write_reproducible(&binary, &job.output, &staged_name(linked, &job.output))?;
    Stamp::write(linked, &build_id, &job.output, &sha256, &checks);
    let artifact = Artifact {
        sha256,
        fresh: false,
        checks,
    };
    Ok((artifact, verdict))
}

/// Copies the file with its two build IDs replaced by ones derived from its other bytes: the linker's own differ with
/// the directories and caches it was built in, and nothing else does (design fact 8). Returns the SHA-256.
fn write_reproducible(binary: &Binary, output: &Path, staged_name: &str) -> Result<String> {
    let image = binary.image();
    let mut bytes = binary.bytes().to_vec();
    if let Some(go) = notes::go_build_id(image) {
        // The separator between the parts of a Go build ID stays.
        bytes[go].iter_mut().filter(|b| **b != b'/').for_each(|b| *b = 0);
    }
    if let Some(gnu) = notes::gnu_build_id(image) {
        // This one is not text: a slash in it is a byte like any other.
        bytes[gnu].fill(0);
    }
    let digest = Sha256::digest(&bytes);
    if let Some(go) = notes::go_build_id(image) {
        let text = hex(&digest).into_bytes();
        bytes[go]
            .iter_mut()
            .filter(|b| **b != b'/')
            .zip(text.iter().cycle())
            .for_each(|(to, from)| *to = *from);
    }
    if let Some(gnu) = notes::gnu_build_id(image) {
        bytes[gnu]
            .iter_mut()
            .zip(digest.iter().cycle())
            .for_each(|(to, from)| *to = *from);
    }
    let dir = output.parent().unwrap_or(Path::new("."));
    let failed = |why: std::io::Error| cannot_write(output, &why);
    fs::create_dir_all(dir).map_err(failed)?;
    let staged = dir.join(staged_name);
    let written = fs::write(&staged, &bytes).and_then(|()| fs::rename(&staged, output));
    if let Err(why) = written {
        let _ = fs::remove_file(&staged);
        return Err(failed(why));
    }
    Ok(hex(&Sha256::digest(&bytes)))
}

/// The finished file's name until it is complete. The lock of the linked file covers this name, so that a file left by
/// a killed process is overwritten and not added to.
fn staged_name(linked: &Path, output: &Path) -> String {
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    format!(".{}.{}.tmp", name(Some(output)), name(linked.parent()))
}
