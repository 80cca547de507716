//! `cargo xtask dist`: what a release of plugbuild itself is made of.

mod compile;
mod formula;
mod go_module;
mod installer;
mod members;
mod npm;
mod packed;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use plugbuild::commands::cli::Cli;
use plugbuild::util::error::{Error, Result};
use plugbuild::util::fs::create_dir;
use plugbuild::util::hash::sha256_of;
use plugbuild::util::host::Host;

/// Make target/dist: static binaries in archives, wheels and npm packages, completions, man pages, sums; a formula and a Go module
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Completions and man pages only
    #[arg(long)]
    no_binaries: bool,
    /// A Rust target to build for; all that releases are made for if not said
    #[arg(long, value_name = "TRIPLE")]
    target: Vec<String>,
    /// The repository whose releases will hold the archives, for the Homebrew formula; `repository` of Cargo.toml if not said
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
}

/// The static targets that releases are made for.
const TARGETS: [&str; 2] = ["aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"];
const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let targets = chosen(&args.target)?;
    let out = root.join("target/dist");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|e| Error::io("remove", &out, e))?;
    }
    println!("{} completions and man pages", texts(&out)?);
    if args.no_binaries {
        return Ok(());
    }
    let builder = compile::Builder::here(root, &targets, &Host::from_process()?)?;
    let binaries = targets
        .iter()
        .map(|target| Ok((*target, builder.build(target)?)))
        .collect::<Result<Vec<_>>>()?;
    let repository = args.repository.as_deref().unwrap_or(env!("CARGO_PKG_REPOSITORY"));
    publish(repository, &binaries, root, &out)?;
    println!("{}", out.display());
    Ok(())
}

/// The targets asked for, each known.
fn chosen(asked: &[String]) -> Result<Vec<&'static str>> {
    if asked.is_empty() {
        return Ok(TARGETS.to_vec());
    }
    let known = |name: &String| {
        let found = TARGETS.iter().find(|target| *target == name).copied();
        found.ok_or_else(|| {
            Error::usage(format!("no release is made for {name}")).help(format!("take {}", TARGETS.join(" or ")))
        })
    };
    asked.iter().map(known).collect()
}

/// Everything that is uploaded: an archive and a wheel a target, what has the repository's address in it where that is known,
/// and the sums of all files.
fn publish(repository: &str, binaries: &[(&str, PathBuf)], root: &Path, out: &Path) -> Result<()> {
    let (mut archives, mut files) = (Vec::new(), Vec::new());
    for (target, binary) in binaries {
        let archive = packed::archive(target, binary, root, out)?;
        println!(
            "{}: {} bytes, its binary {}",
            name(&archive),
            size(&archive)?,
            size(binary)?
        );
        files.extend([archive.clone(), wheel::pack(target, binary, root, out, repository)?]);
        archives.push((*target, archive));
    }
    files.extend(npm::pack(repository, binaries, root, out)?);
    if repository.is_empty() {
        println!(
            "no formula, install script and Go module: Cargo.toml names no repository, and --repository is not said"
        );
    } else {
        for (file, text) in [
            ("plugbuild.rb", formula::text(repository, &archives)?),
            ("install.sh", installer::text(repository, &archives)?),
        ] {
            write(&out.join(file), &text)?;
            files.push(out.join(file));
        }
        go_module::make(repository, binaries, root, out)?;
    }
    let mut sums = String::new();
    for file in &files {
        sums += &format!("{}  {}\n", sha256_of(file)?, name(file));
    }
    write(&out.join("SHA256SUMS"), &sums)
}

/// Completions and man pages of every command; how many.
fn texts(out: &Path) -> Result<usize> {
    let (completions, man) = (out.join("completions"), out.join("man"));
    create_dir(&completions)?;
    create_dir(&man)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut Cli::command(), "plugbuild", &completions)
            .map_err(|e| Error::io("write", &completions, e))?;
    }
    clap_mangen::generate_to(Cli::command(), &man).map_err(|e| Error::io("write", &man, e))?;
    Ok(inside(&completions)?.len() + inside(&man)?.len())
}

/// The files in a folder, sorted.
fn inside(dir: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io("read", dir, e);
    let entries = fs::read_dir(dir).map_err(failed)?;
    let mut files = entries
        .map(|entry| Ok(entry.map_err(failed)?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn size(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file).map_err(|e| Error::io("read", file, e))?.len())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|e| Error::io("read", file, e))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|e| Error::io("write", file, e))
}

#[cfg(test)]
mod channels;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod real;
