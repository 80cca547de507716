//! `cargo xtask matrix`: the rows of toolchains/ follow the gateway's repository, docs/matrix.md follows the rows.

mod clone;
mod docs;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::matrix::images::Images;
use plugbuild::matrix::{Matrix, upstream};
use plugbuild::util::error::{Error, Result};

use clone::Clone;
use tables::Tables;

/// Keep the rows of toolchains/, and docs/matrix.md made from them, in step with the gateway's releases
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A local clone of the gateway's repository, with its tags; without it only docs/matrix.md is written
    #[arg(long, value_name = "CLONE")]
    from: Option<PathBuf>,
    /// Say what differs and fail; write nothing
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let mut tables = Tables::read(root)?;
    if let Some(clone) = &args.from {
        for note in follow(&mut tables, &Clone(clone), &Images::builtin()?)? {
            println!("{note}");
        }
    }
    let mut files = tables.render(root)?;
    let releases = &files[0].1;
    files.push(("docs/matrix.md", docs::render(&Matrix::parse(releases)?)));
    for (name, text) in files {
        update(&root.join(name), &text, args.check)?;
    }
    Ok(())
}

/// Takes over every release of the clone; gives a line for each thing that changed.
fn follow(tables: &mut Tables, clone: &Clone, images: &Images) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for (version, day) in clone.releases()? {
        let merged = clone.loads_plugins(version).and_then(|loads| {
            if !loads {
                return Ok(tables.merge_without_plugins(version, &day, clone.main_module(version)?));
            }
            let theirs = upstream::read(&clone.files(version)?)?;
            tables.merge(version, &day, theirs, images)
        });
        notes.extend(merged.map_err(|mut e| {
            e.message = format!("v{version}: {}", e.message);
            e
        })?);
    }
    Ok(notes)
}

fn update(path: &Path, text: &str, check: bool) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        let what = format!("{} is not what `cargo xtask matrix` would write", path.display());
        return Err(Error::build(what).help("run it without --check, and look at the difference"));
    }
    println!("{} written", path.display());
    fs::write(path, text).map_err(|e| Error::io("write", path, e))
}

#[cfg(test)]
mod tests;
