//! The proof: what plugbuild builds is loaded by a real gateway, for every target, by release and by file.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::gateway::{Gateway, Release, text};
use crate::support::{cache, made, plugbuild, root, say};

pub(crate) const TARGETS: [&str; 4] = ["amd64-glibc", "amd64-musl", "arm64-glibc", "arm64-musl"];

/// The examples, what each exports, and whether it is for one release line only.
const EXAMPLES: [(&str, &str, Option<&str>); 6] = [
    ("handler", "HandlerRegisterer", None),
    ("client", "ClientRegisterer", None),
    ("modifier", "ModifierRegisterer", None),
    ("cgo", "HandlerRegisterer", None),
    ("shared", "HandlerRegisterer", Some("2.12.1")),
    ("shared-2.1", "HandlerRegisterer", Some("2.1.4")),
];

pub(crate) fn old() -> Release {
    Release::new("2.1.4", "1.19.5", "1.19.13")
}

pub(crate) fn new() -> Release {
    Release::new("2.12.1", "1.25.6", "1.25.6")
}

/// Builds an example with plugbuild for a gateway and its target; returns the file.
fn build(example: &Path, release: &Release, gateway: &Gateway, output: &Path) -> PathBuf {
    let spec = release.spec(gateway);
    let mut build = plugbuild(&["build", "--gateway", &spec, "--target", gateway.target, "--output"]);
    let out = build.arg(output).arg(example).output().expect("plugbuild starts");
    assert!(out.status.success(), "{build:?}\n{}", text(&out.stderr));
    assert_eq!(text(&out.stdout).trim(), output.to_str().unwrap());
    output.to_owned()
}

/// Every example that is for a release, built for one target of it.
pub(crate) fn examples(release: &Release, gateway: &Gateway) -> Vec<(PathBuf, &'static str)> {
    let out = made(&format!("{}-{}", release.version, gateway.target));
    EXAMPLES
        .iter()
        .filter(|(_, _, only)| only.is_none_or(|only| only == release.version))
        .map(|(name, exports, _)| {
            let example = root().join("examples").join(name);
            (
                build(&example, release, gateway, &out.join(format!("{name}.so"))),
                *exports,
            )
        })
        .collect()
}

fn all_load(release: &Release) {
    for target in TARGETS {
        let gateway = release.gateway(target);
        let plugins = examples(release, &gateway);
        let files: Vec<&Path> = plugins.iter().map(|(file, _)| file.as_path()).collect();
        for (opened, (_, exports)) in gateway.open(&files).iter().zip(&plugins) {
            assert!(
                opened.ok,
                "{} in the gateway {} for {target}: {}",
                opened.file.display(),
                release.version,
                opened.error
            );
            assert_eq!(opened.symbols.get(*exports), Some(&true), "{opened:?}");
            assert_eq!(opened.usable.get(*exports), Some(&true), "{opened:?}");
        }
        say(&format!(
            "{} plugins load in KrakenD {} (Go {}) for {target}",
            files.len(),
            release.version,
            release.go.version
        ));
    }
}

#[test]
fn examples_load_in_an_old_gateway() {
    all_load(&old());
}

#[test]
fn examples_load_in_a_new_gateway() {
    all_load(&new());
}

#[test]
fn naive_build_does_not_load() {
    for (release, example) in [(old(), "shared-2.1"), (new(), "shared")] {
        let gateway = release.gateway("amd64-glibc");
        let output = made(&format!("naive-{}.so", release.version));
        let folder = root().join("examples").join(example);
        let mut go = release.go.command();
        let out = go
            .current_dir(folder)
            .args(["build", "-buildmode=plugin", "-buildvcs=false", "-o"])
            .arg(&output)
            .arg(".")
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        let opened = &gateway.open(&[&output])[0];
        assert!(!opened.ok, "a bare go build was loaded by {}", release.version);
        assert!(
            opened
                .error
                .contains("plugin was built with a different version of package"),
            "{}",
            opened.error
        );
    }
}

/// A gateway that serves; ended when it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a gateway with one plugin folder.
pub(crate) fn start(
    gateway: &Gateway,
    folder: &Path,
    extra: serde_json::Value,
    endpoints: serde_json::Value,
) -> Running {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = serde_json::json!({
        "version": 3,
        "port": port,
        "host": [format!("http://127.0.0.1:{port}")],
        "plugin": { "pattern": ".so", "folder": format!("{}/", folder.display()) },
        "extra_config": extra,
        "endpoints": endpoints,
    });
    let file = folder.join("krakend.json");
    fs::write(&file, config.to_string()).unwrap();
    let mut run = gateway.command(&["run", "-c", file.to_str().unwrap()]);
    let child = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running { child, port };
    let end = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            Instant::now() < end && running.child.try_wait().unwrap().is_none(),
            "the gateway does not serve"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

/// What a gateway answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status line and the headers.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

/// Asks a gateway.
pub(crate) fn get(port: u16, path: &str, header: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: gateway\r\n{header}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Answer {
        head: head.lines().map(str::to_owned).collect(),
        body: body.to_owned(),
    }
}

#[test]
fn handler_serves_a_request() {
    let namespace = "plugin/http-server";
    for release in [old(), new()] {
        for target in ["amd64-glibc", "arm64-musl"] {
            let gateway = release.gateway(target);
            let folder = tempfile::tempdir().unwrap();
            build(
                &root().join("examples/handler"),
                &release,
                &gateway,
                &folder.path().join("handler.so"),
            );
            let running = start(
                &gateway,
                folder.path(),
                serde_json::json!({ namespace: { "name": ["request-id"] } }),
                serde_json::json!([{ "endpoint": "/hello", "backend": [{ "url_pattern": "/__health" }] }]),
            );
            let answer = get(running.port, "/__health", "X-Other: 1");
            assert!(answer.head[0].contains("200"), "{answer:?}");
            let id = answer
                .head
                .iter()
                .find_map(|line| line.strip_prefix("X-Request-Id: "))
                .unwrap_or_else(|| panic!("{answer:?}"));
            assert_eq!(id.len(), 32, "{answer:?}");
            let answer = get(running.port, "/__health", "X-Request-Id: mine");
            assert!(
                answer.head.iter().any(|line| line == "X-Request-Id: mine"),
                "{answer:?}"
            );
        }
    }
}

#[test]
fn builds_are_reproducible() {
    let release = new();
    let base = tempfile::tempdir().unwrap();
    let place = base.path();
    copy(&root().join("examples/cgo"), &place.join("one/cgo"));
    copy(&root().join("examples/cgo"), &place.join("another place/deep/er"));
    for target in ["amd64-glibc", "arm64-musl"] {
        let sum = |dir: &str, user: &str| {
            let home = place.join(user);
            let mut build = plugbuild(&[
                "build",
                "--gateway",
                release.version,
                "--target",
                target,
                "--message-format",
                "json",
            ]);
            build.arg(place.join(dir)).arg("--output").arg(home.join("plugin.so"));
            build
                .env("HOME", &home)
                .env_remove("XDG_DATA_HOME")
                .env_remove("GOMODCACHE")
                .env("GOFLAGS", "-modcacherw");
            // The second user has a store and a temporary folder of his own too.
            if user == "second user" {
                copy_store(&home.join("store"));
                fs::create_dir_all(home.join("tmp")).unwrap();
                build
                    .env("PLUGBUILD_HOME", home.join("store"))
                    .env("TMPDIR", home.join("tmp"));
            }
            let out = build.output().unwrap();
            assert!(out.status.success(), "{}", text(&out.stderr));
            let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(told["checks"]["local_paths"], serde_json::json!([]));
            told["sha256"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            sum("one/cgo", "first"),
            sum("another place/deep/er", "second user"),
            "{target}"
        );
    }
}

/// Another store with the same toolchains: links, so that nothing is fetched twice.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn copy_store(to: &Path) {
    let from = cache().join("store");
    for tool in ["go", "zig"] {
        for entry in fs::read_dir(from.join(tool)).unwrap().flatten() {
            let place = to.join(tool).join(entry.file_name());
            // zig's own cache belongs to its store.
            if place.exists() || entry.file_name() == "cache" {
                continue;
            }
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            let copied = std::process::Command::new("cp")
                .args(["-rl"])
                .arg(entry.path())
                .arg(&place)
                .status()
                .unwrap();
            assert!(copied.success());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
