//! README's main command and its session, run as they are written, with an empty HOME.

use std::fs;

use crate::support::gateway::{Release, text};
use crate::support::{cache, root, say};

/// The code block behind a sentence of README.
fn command_behind(sentence: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme
        .split_once(sentence)
        .unwrap_or_else(|| panic!("README has no `{sentence}`"));
    let block = rest.split("```sh\n").nth(1).expect("a block of commands");
    block.split("\n```").next().expect("an end").to_owned()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn main_command_builds_from_an_empty_home() {
    let command = command_behind("Build the example plugin for an arm64 gateway:");
    assert!(command.starts_with("cargo run --release -- "), "{command}");
    let place = tempfile::tempdir().unwrap();
    let (clone, home) = (place.path().join("clone"), place.path().join("home"));
    fs::create_dir(&home).unwrap();
    let cloned = std::process::Command::new("git")
        .args(["clone", "-q"])
        .arg(root())
        .arg(&clone)
        .output()
        .unwrap();
    assert!(cloned.status.success(), "{}", text(&cloned.stderr));
    let run_as = |command: &str, home: &std::path::Path| {
        std::process::Command::new("sh")
            .args(["-c", command])
            .current_dir(&clone)
            // The compiled crates may be there already, and Go's packages; what plugbuild fetches may not.
            .env("CARGO_TARGET_DIR", cache().join("readme-target"))
            .env("GOCACHE", cache().join("gocache"))
            // What a release is optimised for is not seen here, and takes minutes.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_HOME", cargo_home())
            .env("RUSTUP_HOME", rustup_home())
            .env("HOME", home)
            .env("CARGO_INSTALL_ROOT", home.join("installed"))
            .env("GOFLAGS", "-modcacherw")
            .env_remove("XDG_DATA_HOME")
            .env_remove("PLUGBUILD_HOME")
            .output()
            .unwrap()
    };
    let run = |home: &std::path::Path| run_as(&command, home);
    let started = std::time::Instant::now();
    let out = run(&home);
    let said = text(&out.stderr);
    assert!(out.status.success(), "{command}\n{said}");
    for word in [
        "gateway",
        "target aarch64-unknown-linux-musl",
        "checked arm64",
        "exports HandlerRegisterer",
        "finished",
    ] {
        assert!(said.contains(word), "no `{word}` in\n{said}");
    }
    assert!(fs::metadata(text(&out.stdout).trim()).unwrap().len() > 1 << 20);
    say(&format!(
        "README's main command from nothing: {:.0} s",
        started.elapsed().as_secs_f32()
    ));
    let again = run(&home);
    assert!(text(&again.stderr).contains("up to date"), "{}", text(&again.stderr));

    let installed = run_as(&command_behind("## Install"), &home);
    assert!(installed.status.success(), "{}", text(&installed.stderr));
    let version = run_as("\"$HOME/installed/bin/plugbuild\" --version", &home);
    assert!(text(&version.stdout).starts_with("plugbuild "), "{version:?}");
}

/// A new user's six commands at most: a folder with a gateway in it, and nothing else.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn session_leads_to_an_answer() {
    let session = command_behind("## From an empty folder to an answer");
    assert!((3..=6).contains(&session.lines().count()), "{session}");
    let gateway = Release::new("2.12.1", "1.25.6", "1.25.6").gateway("amd64-glibc");
    let place = tempfile::tempdir().unwrap();
    let (home, work) = (place.path().join("home"), place.path().join("work"));
    fs::create_dir(&home).unwrap();
    fs::create_dir(&work).unwrap();
    fs::copy(&gateway.binary, work.join("krakend")).unwrap();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_plugbuild")).parent().unwrap();
    let mut path = bin.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let out = std::process::Command::new("sh")
        .args(["-ec", &session])
        .current_dir(&work)
        .env("PATH", path)
        .env("HOME", &home)
        .env("GOFLAGS", "-modcacherw")
        .env_remove("XDG_DATA_HOME")
        .env_remove("PLUGBUILD_HOME")
        .env_remove("PLUGBUILD_GATEWAY")
        .output()
        .unwrap();
    let (told, said) = (text(&out.stdout), text(&out.stderr));
    assert!(out.status.success(), "{session}\n{told}{said}");
    for words in ["as a handler in KrakenD 2.12.1", "GET /hello: 200", "x-plugin: hello"] {
        assert!(told.contains(words), "no `{words}` in\n{told}{said}");
    }
    for words in ["will load in", "no errors and no warnings"] {
        assert!(said.contains(words), "no `{words}` in\n{told}{said}");
    }
}

#[allow(clippy::disallowed_methods, reason = "the test's own surroundings")]
fn cargo_home() -> std::path::PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| user_home().join(".cargo"), Into::into)
}

#[allow(clippy::disallowed_methods, reason = "the test's own surroundings")]
fn rustup_home() -> std::path::PathBuf {
    std::env::var_os("RUSTUP_HOME").map_or_else(|| user_home().join(".rustup"), Into::into)
}

#[allow(clippy::disallowed_methods, reason = "the test's own surroundings")]
fn user_home() -> std::path::PathBuf {
    std::env::var_os("HOME").expect("a home").into()
}
