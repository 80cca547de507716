//! `cargo xtask dist`: what a release of plugbuild itself is made of.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use plugbuild::cli::Cli;
use plugbuild::error::{Error, Result};
use plugbuild::package::folder::Folder;
use plugbuild::toolchain::fetch::sha256_of;
use plugbuild::toolchain::store::{Store, create_dir};

/// Make target/dist: static binaries for every Rust target that is installed, completions, man pages, sums, a formula
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Completions and man pages only
    #[arg(long)]
    no_binaries: bool,
    /// Where the archives will be downloaded from, for the Homebrew formula
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// The static targets that releases are made for.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let out = root.join("target/dist");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|e| Error::io("remove", &out, e))?;
    }
    let pages = texts(&out)?;
    println!("{pages} completions and man pages");
    if args.no_binaries {
        return Ok(());
    }
    let mut archives = Vec::new();
    for target in installed()? {
        println!("building for {target}");
        archives.push(archive(&target, root, &out)?);
    }
    if archives.is_empty() {
        return Err(Error::tool_missing("none of the release targets is installed")
            .help(format!("`rustup target add {}`", TARGETS.join(" "))));
    }
    let mut sums = String::new();
    for archive in &archives {
        sums += &format!("{}  {}\n", sha256_of(archive)?, name(archive));
    }
    write(&out.join("SHA256SUMS"), &sums)?;
    if let Some(url) = &args.url {
        write(&out.join("plugbuild.rb"), &formula(url, &archives)?)?;
    }
    println!("{}", out.display());
    Ok(())
}

/// Completions and man pages of every command; how many.
fn texts(out: &Path) -> Result<usize> {
    let (completions, man) = (out.join("completions"), out.join("man"));
    create_dir(&completions)?;
    create_dir(&man)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        clap_complete::generate_to(shell, &mut Cli::command(), "plugbuild", &completions)
            .map_err(|e| Error::io("write", &completions, e))?;
    }
    clap_mangen::generate_to(Cli::command(), &man).map_err(|e| Error::io("write", &man, e))?;
    let count = |dir: &Path| fs::read_dir(dir).map_or(0, Iterator::count);
    Ok(count(&completions) + count(&man))
}

fn installed() -> Result<Vec<String>> {
    let listed = duct::cmd!("rustup", "target", "list", "--installed").read();
    let listed = listed.map_err(|e| Error::tool_missing(format!("cannot ask rustup for its targets: {e}")))?;
    Ok(listed
        .lines()
        .filter(|line| TARGETS.contains(line))
        .map(str::to_owned)
        .collect())
}

/// Builds for a target and packs what a package of it holds.
fn archive(target: &str, root: &Path, out: &Path) -> Result<PathBuf> {
    duct::cmd!(
        "cargo",
        "build",
        "--release",
        "--locked",
        "--package",
        "plugbuild",
        "--target",
        target
    )
    .dir(root)
    .run()
    .map_err(|e| Error::build(format!("cargo build for {target} failed: {e}")))?;
    let stem = format!("plugbuild-{}-{target}", env!("CARGO_PKG_VERSION"));
    let binary = root.join("target").join(target).join("release/plugbuild");
    let mut files = vec![(format!("{stem}/plugbuild"), binary)];
    for folder in ["completions", "man"] {
        let mut inside: Vec<PathBuf> = fs::read_dir(out.join(folder))
            .map_err(|e| Error::io("read", out, e))?
            .flatten()
            .map(|e| e.path())
            .collect();
        inside.sort();
        files.extend(
            inside
                .into_iter()
                .map(|file| (format!("{stem}/{folder}/{}", name(&file)), file)),
        );
    }
    let files: Vec<(&str, &Path)> = files
        .iter()
        .map(|(name, file)| (name.as_str(), file.as_path()))
        .collect();
    let archive = format!("{stem}.tar.gz");
    let staged = Folder::begin(&out.join("packed"), &Store::at(&out.join("store")), || {})?;
    staged.archive(&archive, &files, 0)?;
    let to = out.join(&archive);
    fs::rename(staged.path().join(&archive), &to).map_err(|e| Error::io("write", &to, e))?;
    Ok(to)
}

/// The Homebrew formula: one archive a processor.
fn formula(url: &str, archives: &[PathBuf]) -> Result<String> {
    let mut text = format!(
        "class Plugbuild < Formula\n  desc \"{}\"\n  homepage \"{url}\"\n  version \"{}\"\n  license any_of: [\"MIT\", \"Apache-2.0\"]\n\n  on_linux do\n",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_VERSION")
    );
    for archive in archives {
        let on = if name(archive).contains("aarch64") {
            "on_arm"
        } else {
            "on_intel"
        };
        text += &format!(
            "    {on} do\n      url \"{}/{}\"\n      sha256 \"{}\"\n    end\n",
            url.trim_end_matches('/'),
            name(archive),
            sha256_of(archive)?
        );
    }
    text += "  end\n\n  def install\n    bin.install \"plugbuild\"\n    man1.install Dir[\"man/*.1\"]\n    bash_completion.install \"completions/plugbuild.bash\"\n    zsh_completion.install \"completions/_plugbuild\"\n    fish_completion.install \"completions/plugbuild.fish\"\n  end\n\n  test do\n    assert_match version.to_s, shell_output(\"#{bin}/plugbuild --version\")\n  end\nend\n";
    Ok(text)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|e| Error::io("write", file, e))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_command_has_its_man_page_and_every_shell_its_completions() {
        let dir = tempfile::tempdir().unwrap();
        texts(dir.path()).unwrap();
        for shell in Shell::value_variants() {
            let known = ["bash", "zsh", "fish", "powershell"].contains(&shell.to_string().as_str());
            let file = dir
                .path()
                .join("completions")
                .join(clap_complete::Generator::file_name(shell, "plugbuild"));
            assert_eq!(file.is_file(), known, "{shell}");
        }
        let mut command = Cli::command();
        command.build();
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let page = dir.path().join(format!("man/plugbuild-{}.1", sub.get_name()));
            let text = fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
            assert!(text.contains(".TH"), "{}", page.display());
        }
    }

    #[test]
    fn the_formula_names_each_archive_with_its_sum() {
        let dir = tempfile::tempdir().unwrap();
        let archives = TARGETS.map(|target| dir.path().join(format!("plugbuild-0.0.0-{target}.tar.gz")));
        for archive in &archives {
            fs::write(archive, name(archive)).unwrap();
        }
        let text = formula("https://example.com/d/", &archives).unwrap();
        for archive in &archives {
            assert!(
                text.contains(&format!("https://example.com/d/{}\"", name(archive))),
                "{text}"
            );
            assert!(text.contains(&sha256_of(archive).unwrap()), "{text}");
        }
        assert_eq!(
            text.matches(" do\n").count() + 2,
            text.matches("end\n").count(),
            "{text}"
        );
    }
}
