//! A real release, made twice: static binaries of the promised size that run, and the same bytes from other folders.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use super::tests::tool;
use super::*;

/// A clone of what is committed, and a home for cargo, in folders of the given name. They are kept, so that a second run of
/// the tests compiles only what changed.
struct Place {
    clone: PathBuf,
    host: Host,
}

impl Place {
    fn new(name: &str) -> Place {
        let dir = crate::root().join("target/test-cache/release").join(name);
        let clone = dir.join("clone");
        let head = git(crate::root(), &["rev-parse", "HEAD"]);
        if !clone.join(".git").exists() {
            fs::create_dir_all(&dir).unwrap();
            git(
                &dir,
                &["clone", "-q", "--no-checkout", crate::root().to_str().unwrap(), "clone"],
            );
        }
        git(&clone, &["fetch", "-q", "origin", &head]);
        git(&clone, &["checkout", "-q", "--force", &head]);
        // Crates are not fetched again, but cargo sees them in another folder.
        let mut host = Host::from_process().unwrap();
        let own = host
            .var("CARGO_HOME")
            .map_or_else(|| host.home.clone().unwrap().join(".cargo"), Into::into);
        let cargo = dir.join("cargo-home");
        fs::create_dir_all(&cargo).unwrap();
        for part in ["registry", "git", "config.toml"] {
            let (from, to) = (own.join(part), cargo.join(part));
            if from.exists() && !to.exists() {
                symlink(from, to).unwrap();
            }
        }
        host.env.insert("CARGO_HOME".into(), cargo.into());
        host.store = crate::root().join("target/test-cache/store");
        Place { clone, host }
    }

    /// The sums of the release of some targets.
    fn release(&self, targets: &[&'static str]) -> BTreeMap<String, String> {
        let out = self.clone.join("target/dist");
        let _ = fs::remove_dir_all(&out);
        texts(&out).unwrap();
        let builder = compile::Builder::here(&self.clone, targets, &self.host).unwrap();
        let built: Vec<_> = targets
            .iter()
            .map(|target| (*target, builder.build(target).unwrap()))
            .collect();
        publish("", &built, &self.clone, &out).unwrap();
        let sums = fs::read_to_string(out.join("SHA256SUMS")).unwrap();
        sums.lines()
            .map(|line| line.split_once("  ").unwrap())
            .map(|(sum, file)| (file.to_owned(), sum.to_owned()))
            .collect()
    }

    /// The binary of a target, out of its archive.
    fn unpacked(&self, target: &str) -> PathBuf {
        let out = self.clone.join("target/dist");
        let archive = format!("{}.tar.gz", packed::stem(target));
        duct::cmd!("tar", "-xzf", archive).dir(&out).run().unwrap();
        out.join(packed::stem(target)).join("plugbuild")
    }
}

fn git(dir: &Path, args: &[&str]) -> String {
    duct::cmd("git", args).dir(dir).read().unwrap()
}

/// Runs a binary of a target, under emulation where it must be.
fn run(target: &str, binary: &Path, args: &[&str]) -> Option<Output> {
    let processor = target.split('-').next().unwrap();
    let mut command = if processor == std::env::consts::ARCH {
        #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
        Command::new(binary)
    } else {
        let mut emulator = tool(&format!("qemu-{processor}-static"), target)?;
        emulator.arg(binary);
        emulator
    };
    // Nothing of this machine: it is one file, and needs no other.
    Some(command.args(args).env_clear().env("HOME", "/nowhere").output().unwrap())
}

#[test]
#[ignore = "compiles three times, minutes of both cores: `cargo test -p xtask -- --ignored`"]
fn a_real_release_is_static_small_runs_and_repeats() {
    for target in TARGETS {
        let library = duct::cmd!("rustc", "--print", "target-libdir", "--target", target)
            .read()
            .unwrap();
        if !Path::new(&library).is_dir() {
            eprintln!("SKIPPED: a real release: no Rust for {target} here; tests/setup.sh gets it");
            #[allow(clippy::disallowed_methods, reason = "the tests' own surroundings")]
            let must = std::env::var_os("CI").is_some();
            assert!(!must, "skipped where it must run");
            return;
        }
    }
    let place = Place::new("one");
    let sums = place.release(&TARGETS);
    for target in TARGETS {
        let binary = place.unpacked(target);
        let bytes = fs::read(&binary).unwrap();
        eprintln!("{target}: {} bytes", bytes.len());
        assert!(bytes.len() as u64 <= LIMIT, "{target}: {} bytes", bytes.len());
        for folder in [
            crate::root(),
            &place.clone,
            Path::new("/registry/src/"),
            Path::new("/toolchains/stable"),
        ] {
            let folder = folder.to_str().unwrap().as_bytes();
            let found = bytes.windows(folder.len()).any(|window| window == folder);
            assert!(!found, "{target} names {}", String::from_utf8_lossy(folder));
        }
        let Some(version) = run(target, &binary, &["--version"]) else {
            continue;
        };
        assert_eq!(
            String::from_utf8_lossy(&version.stdout),
            format!("plugbuild {VERSION}\n"),
            "{version:?}"
        );
        let gateways = run(target, &binary, &["gateways"]).unwrap();
        assert!(
            String::from_utf8_lossy(&gateways.stdout).contains("2.12.1"),
            "{gateways:?}"
        );
        // It reads files: its own is not a plugin, and it says so.
        let own = binary.to_str().unwrap();
        let verdict = run(target, &binary, &["verify", own, "--gateway", "2.12.1"]).unwrap();
        let output = String::from_utf8_lossy(&verdict.stderr);
        // A program that may lie anywhere in memory looks as a library does.
        let is_mapped = ["is a program, not a plugin", "but no Go plugin"]
            .iter()
            .any(|words| output.contains(words));
        assert!(is_mapped, "{verdict:?}");
        assert_eq!(verdict.status.code(), Some(2), "{verdict:?}");
    }
    let one = [TARGETS[0]];
    let again = Place::new("a longer way to two").release(&one);
    for (file, sum) in &again {
        assert_eq!(Some(sum), sums.get(file), "{file} has other bytes from another folder");
    }
    assert_eq!(again.len(), 2 * one.len());
}
