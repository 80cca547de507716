//! `cargo xtask dist`: what a release of plugbuild itself is made of.

mod compile;
mod formula;
mod go_module;
mod installer;
mod members;
mod npm;
mod packed;
mod platform;
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

/// Make target/dist: the binaries as archives, wheels and npm packages, with sums; a formula, an install script, a Go module
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Completions and man pages only
    #[arg(long)]
    no_binaries: bool,
    /// A Rust target to build for; the static Linux ones if not said
    #[arg(long, value_name = "TRIPLE", conflicts_with = "no_binaries")]
    target: Vec<String>,
    /// Binaries that were built elsewhere, as DIR/TRIPLE/plugbuild, in place of building them here
    #[arg(long, value_name = "DIR", conflicts_with_all = ["target", "no_binaries"])]
    from: Option<PathBuf>,
    /// The repository whose releases will hold the files; `repository` of Cargo.toml if not said
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Refuse to make a release that lacks a target, or does not know its repository
    #[arg(long)]
    complete: bool,
}

/// The static targets, which any host builds.
const TARGETS: [&str; 2] = ["aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"];
/// The targets that only macOS builds.
const MACOS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The largest binary that is released: 6.27 MB on amd64 when this was written. The goal is 6.0; the limit may only go down.
const LIMIT: u64 = 6_400_000;

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let repository = args.repository.as_deref().unwrap_or(env!("CARGO_PKG_REPOSITORY"));
    if args.complete && repository.is_empty() {
        return Err(Error::usage("a release needs the address of its repository").help(
            "write `repository = \"https://github.com/OWNER/plugbuild\"` below `[package]` in Cargo.toml, or add `--repository URL`",
        ));
    }
    let out = root.join("target/dist");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|e| Error::io("remove", &out, e))?;
    }
    println!("{} completions and man pages", texts(&out)?);
    if args.no_binaries {
        return Ok(());
    }
    let binaries = match &args.from {
        Some(dir) => given(dir)?,
        None => built(&chosen(&args.target)?, root)?,
    };
    let lacks = |target: &&&str| !binaries.iter().any(|(have, _)| have == *target);
    if let Some(target) = TARGETS.iter().chain(&MACOS).find(lacks).filter(|_| args.complete) {
        return Err(Error::usage(format!("a release needs a binary for {target}"))
            .help(format!("put it into DIR/{target}/plugbuild, and add `--from DIR`")));
    }
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

/// The binaries of these targets, compiled here.
fn built(targets: &[&'static str], root: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let builder = compile::Builder::here(root, targets, &Host::from_process()?)?;
    let build = |target: &&'static str| Ok((*target, builder.build(target)?));
    targets.iter().map(build).collect()
}

/// The binaries below a folder.
fn given(dir: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let all = TARGETS.into_iter().chain(MACOS);
    let there: Vec<_> = all
        .map(|target| (target, dir.join(target).join("plugbuild")))
        .filter(|(_, binary)| binary.is_file())
        .collect();
    if there.is_empty() {
        return Err(Error::usage(format!("{} has no TRIPLE/plugbuild in it", dir.display())));
    }
    Ok(there)
}

/// One small file: the README promises it. A release that outgrows the limit is not made.
fn is_small(target: &str, binary: &Path) -> Result<()> {
    match size(binary)? {
        bytes if bytes > LIMIT => Err(Error::build(format!(
            "the binary for {target} has {bytes} bytes, {LIMIT} are allowed"
        ))
        .help("find out what made it larger (`cargo bloat --release --crates`), or raise LIMIT in xtask/src/dist.rs")),
        _ => Ok(()),
    }
}

/// Everything that is uploaded: an archive and a wheel a target, what has the repository's address in it where that is known,
/// and the sums of all files.
fn publish(repository: &str, binaries: &[(&str, PathBuf)], root: &Path, out: &Path) -> Result<()> {
    let (mut archives, mut files) = (Vec::new(), Vec::new());
    for (target, binary) in binaries {
        is_small(target, binary)?;
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
