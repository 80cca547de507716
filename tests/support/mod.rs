//! What the tests share, and how a test is written.
//!
//! A test is a file by its subject, and in it a function named for what holds: short, present tense, the thing first
//! (`gateway_by_its_file`). Take the cheapest of these that can see the fault:
//!
//! - **`tests/cli`**, a [`case::Case`]: plugbuild in a world of its own. HOME, store and PATH are empty but for what the test puts
//!   there, and the Go is a script that copies a ready plugin. `Case::plugin()` has a plugin, `Case::equipped()` also
//!   the Go of two releases and a zig. No Go, no network, no gateway: `cargo test --test main cli::` runs on a machine with only Rust.
//! - **A real Go**: [`go::Go::fetch`] has any version, once for all tests; [`plugbuild`] runs with the tests' own store. Downloads from
//!   [`mirror`], a server of the test's own, never from the network.
//! - **A real gateway**: [`gateway::Release::new`] and its `gateway("amd64-musl")`, compiled once by tests/gateway/build.sh, which
//!   knows nothing of plugbuild. It is the judge: what `verify` foresees is put to its `plugin.Open`.
//!
//! ```ignore
//! #[test]
//! fn unknown_release() {
//!     Case::plugin().run("-g 2.1.9").exits(2).is(str![[r#""#]]);
//! }
//! ```
//!
//! A run comes back as [`case::Ran`]: `exits(code)` asserts the code, `is(str![…])` both streams and the code, with folders and hashes
//! written as `[WORDS]`; `is_file` has the text in tests/snapshots. `SNAPSHOTS=overwrite cargo test --test main NAME` writes the
//! snapshots anew: read the diff. Other assertions show the whole run when they fail (`{}`, `ran.text()`).
//!
//! What a test needs and this machine lacks is told with [`skipped`], never passed over in silence: with `CI` set that is a
//! failure, unless a registry refused the download. What is slow to make is in [`cache`], which outlives the run.

pub(crate) mod gateway;
pub(crate) mod case;
pub(crate) mod go;
pub(crate) mod mirror;
pub(crate) mod module_proxy;
mod plugin_file;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) use plugin_file::{gateway_file, gateway_without_plugins, plugin_file, static_gateway};

/// Where tests keep what is slow to make; it outlives a run and goes with `cargo clean`.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-cache")
}

/// Where a file that a test makes goes. Nothing of an earlier run is there: what a test reads, this run has made.
pub(crate) fn made(name: &str) -> PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let all = cache().join("made");
        // What runs that have ended left; another one may be at work.
        for run in fs::read_dir(&all).into_iter().flatten().flatten() {
            if !Path::new("/proc").join(run.file_name()).exists() {
                let _ = fs::remove_dir_all(run.path());
            }
        }
        let place = all.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        place
    });
    place.join(name)
}

/// Says that a test could not run here. Never silent: it goes past the test harness, which hides what passing tests print.
#[allow(clippy::disallowed_methods, reason = "the tests' own surroundings")]
pub(crate) fn skipped(what: &str, why: &str) {
    say(&format!("SKIPPED: {what}: {why}"));
    // A machine that is there to test has everything that tests/setup.sh gets; what a registry refuses is not its fault.
    let refused = why.contains("cannot be fetched") || why.contains("403");
    assert!(
        refused || std::env::var_os("CI").is_none(),
        "skipped where it must run: {what}: {why}"
    );
}

/// Writes a program that is run soon. Another test may start a process at that very moment; it would have the file open
/// for writing until it is a program of its own, and nobody could run it. So a process that starts no other writes it.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
pub(crate) fn write_program(path: &Path, text: &str) {
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", r#"/bin/cat >"$0" && /bin/chmod 755 "$0""#]).arg(path);
    let mut shell = shell.stdin(std::process::Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}

/// Prints a line that is seen also when the test passes.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What tests/setup.sh got for the tests, by its path among their tools.
#[allow(clippy::disallowed_methods, reason = "the tests' own surroundings")]
pub(crate) fn test_tool(path: &str) -> Option<PathBuf> {
    let tools =
        std::env::var_os("PLUGBUILD_TEST_TOOLS").map_or_else(|| root().join("target/test-tools"), PathBuf::from);
    Some(tools.join(path)).filter(|tool| tool.exists())
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a folder with all that is below it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &place);
        } else {
            std::fs::copy(path, place).unwrap();
        }
    }
}

/// The plugbuild under test with the tests' own store, and otherwise as a user has it.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
pub(crate) fn plugbuild(args: &[&str]) -> std::process::Command {
    let mut plugbuild = std::process::Command::new(env!("CARGO_BIN_EXE_plugbuild"));
    plugbuild
        .args(args)
        .env("PLUGBUILD_HOME", cache().join("store"))
        .env_remove("PLUGBUILD_GATEWAY");
    plugbuild
}

/// Whether the files that stand for built plugins, which are of the machine's own architecture, fit a test's snapshots.
pub(crate) fn stand_ins_are_amd64(test: &str) -> bool {
    let amd64 = cfg!(target_arch = "x86_64");
    if !amd64 {
        skipped(test, "its snapshots are for amd64");
    }
    amd64
}
