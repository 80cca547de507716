//! Compiling plugbuild for the targets of a release, on any host and to the same bytes.
//!
//! Rust brings its own linker and musl for these targets; the one thing missing is a C compiler for the cryptography, and
//! plugbuild has one for every target: the zig of its store.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use plugbuild::matrix::Matrix;
use plugbuild::toolchain::state::State;
use plugbuild::toolchain::store::Store;
use plugbuild::toolchain::zig;
use plugbuild::util::error::{Error, Result};
use plugbuild::util::host::Host;

use super::inside;

/// Relocations in their packed form, an eighth of a megabyte less on amd64: musl reads it since 1.2.4, Rust brings 1.2.5.
const SMALLER: &str = "-Clink-arg=--pack-dyn-relocs=relr";

/// What a build is done with, and the folders that must not show in it.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) root: PathBuf,
    pub(super) zig: PathBuf,
    pub(super) cargo_home: PathBuf,
    /// Pairs of a folder of this machine and the name that it has in the binary.
    pub(super) folders: Vec<(PathBuf, String)>,
}

impl Builder {
    /// Finds everything on this machine; fetches zig where it is not in the store yet.
    pub(super) fn here(root: &Path, targets: &[&str], host: &Host) -> Result<Self> {
        for target in targets {
            let library = rustc(&["--print", "target-libdir", "--target", target])?;
            if !Path::new(&library).is_dir() {
                return Err(
                    Error::tool_missing(format!("Rust's library for {target} is not installed"))
                        .help(format!("`rustup target add {}`", targets.join(" "))),
                );
            }
        }
        let matrix = Matrix::builtin()?;
        let find = || zig::resolve(matrix.zig(), host, &Store::of(host));
        let mut found = find()?;
        if found.state == State::Missing {
            duct::cmd!("cargo", "run", "--quiet", "--", "toolchain", "install", "zig")
                .dir(root)
                .env("PLUGBUILD_HOME", &host.store)
                .run()
                .map_err(|e| Error::tool_missing(format!("zig could not be fetched: {e}")))?;
            found = find()?;
        }
        // Sources must be there before their folders can be named.
        duct::cmd!("cargo", "fetch", "--quiet", "--locked")
            .dir(root)
            .run()
            .map_err(|e| Error::build(format!("cargo fetch failed: {e}")))?;
        let cargo_home = match (host.var("CARGO_HOME"), &host.home) {
            (Some(home), _) => host.absolute(home),
            (None, Some(home)) => home.join(".cargo"),
            (None, None) => return Err(Error::usage("neither CARGO_HOME nor HOME is set")),
        };
        Ok(Builder {
            root: root.to_owned(),
            zig: found.program,
            folders: folders(root, &cargo_home)?,
            cargo_home,
        })
    }

    /// The binary for a target.
    pub(super) fn build(&self, target: &str) -> Result<PathBuf> {
        let folder = self.root.join("target/release-build");
        let args = ["build", "--release", "--locked", "--package", "plugbuild", "--target"];
        let mut cargo = duct::cmd("cargo", args.iter().copied().chain([target]))
            .dir(&self.root)
            .env("CARGO_HOME", &self.cargo_home)
            .env("CARGO_TARGET_DIR", &folder);
        for (name, value) in self.environment(target) {
            cargo = cargo.env(name, value);
        }
        cargo
            .run()
            .map_err(|e| Error::build(format!("cargo build for {target} failed: {e}")))?;
        Ok(folder.join(target).join("release/plugbuild"))
    }

    /// What cargo, rustc and the build script of the C parts are given.
    pub(super) fn environment(&self, target: &str) -> Vec<(String, OsString)> {
        let spelt = target.replace('-', "_");
        let mut flags = OsString::from(SMALLER);
        for (folder, shown) in &self.folders {
            flags.push("\x1f--remap-path-prefix=");
            flags.push(folder);
            flags.push("=");
            flags.push(shown);
        }
        let with_zig = |tool: &str| {
            let mut words = self.zig.clone().into_os_string();
            words.push(format!(" {tool}"));
            words
        };
        vec![
            ("CARGO_ENCODED_RUSTFLAGS".to_owned(), flags),
            (
                format!("CARGO_TARGET_{}_LINKER", spelt.to_uppercase()),
                "rust-lld".into(),
            ),
            (format!("CC_{spelt}"), with_zig("cc")),
            (format!("AR_{spelt}"), with_zig("ar")),
            // zig takes triples without a vendor; the last one said counts.
            (
                format!("CFLAGS_{spelt}"),
                format!("-target {}", target.replace("-unknown-", "-")).into(),
            ),
        ]
    }
}

/// The folders of sources on this machine, under names that are the same on every one.
fn folders(root: &Path, cargo: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut all = vec![(root.to_owned(), "/plugbuild".to_owned())];
    let crates = inside(&cargo.join("registry/src")).unwrap_or_default();
    all.extend(crates.into_iter().map(|index| (index, "/crates".to_owned())));
    // Where Rust's own sources are installed, rustc names that place in place of the one it was built in.
    let version = rustc(&["-vV"])?;
    if let Some(commit) = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")) {
        let sources = Path::new(&rustc(&["--print", "sysroot"])?).join("lib/rustlib/src/rust");
        all.push((sources, format!("/rustc/{commit}")));
    }
    Ok(all)
}

fn rustc(args: &[&str]) -> Result<String> {
    duct::cmd("rustc", args)
        .read()
        .map_err(|e| Error::tool_missing(format!("cannot ask rustc: {e}")))
}
