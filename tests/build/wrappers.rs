//! The scripts that stand before Go's tools and the C compiler, run by the shells there are: which words the tool sees.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use plugbuild::matrix::{CcKind, Matrix, QuirkFacts};
use plugbuild::toolchain::store::Store;
use plugbuild::toolchain::wrapper;
use plugbuild::toolchain::wrapper::{CompilerCommand, Wrapper};
use plugbuild::util::host::Host;
use plugbuild::util::target::{Arch, LibcKind};

use crate::support::{say, write_program};

/// Words that shells like to take apart.
const NASTY: [&str; 12] = [
    "a b",
    "",
    "line\nbreak",
    "it's",
    "say \"so\"",
    "back\\slash\\n",
    "*",
    "$HOME",
    "`x`",
    "-e",
    "плагин",
    "tab\t;&|<>()",
];

/// A folder with a tool that writes down its words, in a path with a blank and a quote.
struct Bench {
    dir: tempfile::TempDir,
    shells: Vec<&'static str>,
}

impl Bench {
    fn new() -> Bench {
        let shells = ["/bin/sh", "/bin/dash", "/bin/bash", "/usr/bin/bash", "/bin/busybox"];
        let bench = Bench {
            dir: tempfile::tempdir().unwrap(),
            shells: shells.into_iter().filter(|shell| Path::new(shell).is_file()).collect(),
        };
        if !bench.shells.contains(&"/bin/dash") {
            say("SKIPPED: the wrappers under dash: it is not here");
        }
        fs::create_dir(bench.dir.path().join("it's a place")).unwrap();
        bench
    }

    fn tool(&self, name: &str) -> String {
        let path = self.dir.path().join("it's a place").join(name);
        let log = self.dir.path().join("log");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\0' \"$@\" GOROOT=\"${{GOROOT-}}\" CACHE=\"${{ZIG_LOCAL_CACHE_DIR-}}\" >{}\nexit 7\n",
            log.display()
        );
        write_program(&path, &text);
        path.to_str().unwrap().to_owned()
    }

    /// What the tool saw under each shell, which must be the same; nothing if it was not called.
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    fn run(&self, wrapper: &Wrapper, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, Vec<String>) {
        let script = self.dir.path().join(&wrapper.name);
        fs::write(&script, &wrapper.text).unwrap();
        let log = self.dir.path().join("log");
        let mut seen = Vec::new();
        for shell in &self.shells {
            let _ = fs::remove_file(&log);
            let mut command = Command::new(shell);
            if shell.ends_with("busybox") {
                command.arg("sh");
            }
            let out = command
                .arg(&script)
                .args(args)
                .env_clear()
                .env("GOROOT", "/own")
                .envs(env.iter().copied())
                .output()
                .unwrap();
            let text = fs::read(&log).unwrap_or_default();
            let mut words: Vec<String> = String::from_utf8(text)
                .unwrap()
                .split('\0')
                .map(str::to_owned)
                .collect();
            words.pop();
            assert!(out.stdout.is_empty() && out.stderr.is_empty(), "{shell}: {out:?}");
            seen.push((out.status.code(), words));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{:?}: {seen:?}", self.shells);
        seen.remove(0)
    }

    /// The words a Go tool sees behind the script for `-toolexec`.
    fn toolexec(&self, tool: &str, args: &[&str]) -> Vec<String> {
        let tool = self.tool(tool);
        let args: Vec<&str> = std::iter::once(tool.as_str()).chain(args.iter().copied()).collect();
        let (code, words) = self.run(&wrapper::toolexec(), &args, &[]);
        assert_eq!(code, Some(7), "the tool's own exit code");
        words
    }
}

#[track_caller]
fn same(seen: Vec<String>, want: &[&str], goroot: &str) {
    let (last, words) = seen.split_at(seen.len() - 2);
    assert_eq!(last, want);
    assert_eq!(words[0], format!("GOROOT={goroot}"));
}

#[test]
fn tool_arguments_are_kept() {
    let bench = Bench::new();
    for tool in ["compile", "asm", "link", "cgo", "vet"] {
        let goroot = if tool == "link" { "/usr/local/go" } else { "/own" };
        same(bench.toolexec(tool, &NASTY), &NASTY, goroot);
        same(bench.toolexec(tool, &["-V=full"]), &["-V=full"], goroot);
        same(bench.toolexec(tool, &[]), &[], goroot);
    }
    // With C code each word goes through a loop.
    let words: Vec<&str> = NASTY.into_iter().chain(["$WORK/b001/_cgo_gotypes.go"]).collect();
    same(bench.toolexec("compile", &words), &words, "/own");
}

#[test]
fn linker_gets_the_gateways_goroot() {
    let bench = Bench::new();
    let seen = bench.toolexec(
        "link",
        &[
            "-o",
            "a b",
            "-X=runtime.defaultGOROOT=/home/me/sdk/go 1",
            "-X=main.x=runtime.defaultGOROOT=",
            "it's",
        ],
    );
    same(
        seen,
        &[
            "-o",
            "a b",
            "-X=runtime.defaultGOROOT=/usr/local/go",
            "-X=main.x=runtime.defaultGOROOT=",
            "it's",
        ],
        "/usr/local/go",
    );
}

#[test]
fn temporary_folder_is_trimmed() {
    let bench = Bench::new();
    let rules = "-trimpath=/home/it's me/mod=>/go/pkg/mod;/src=>/app";
    let merged = format!("{rules};/tmp/go build/b001=>");
    let words = |p, last, rules| {
        vec![
            "-o",
            "x.a",
            "-trimpath",
            "/tmp/go build/b001=>",
            "-p",
            p,
            rules,
            "-complete",
            last,
        ]
    };
    // Only a package with C code, or in assembly, has files in that folder.
    for (tool, last, want) in [
        ("compile", "/tmp/go build/b001/_cgo_gotypes.go", merged.as_str()),
        ("compile", "./main.go", rules),
        ("asm", "./x.s", merged.as_str()),
    ] {
        for path in ["main", "example.com/plugin", "takeaway.example/plugin", "-trimpath"] {
            if path != "-trimpath" {
                same(
                    bench.toolexec(tool, &words(path, last, rules)),
                    &words(path, last, want),
                    "/own",
                );
            }
        }
    }
    // A gateway with -trimpath: the go command's own rule is the only one.
    let own = ["-trimpath", "/tmp/b=>", "_cgo_gotypes.go"];
    same(bench.toolexec("compile", &own), &own, "/own");
    // Rules before the go command's own have nothing to take up.
    let before = [rules, "-trimpath", "/tmp/b=>", "_cgo_gotypes.go"];
    same(bench.toolexec("compile", &before), &before, "/own");
}

fn store(dir: &Path) -> Store {
    let env = [("PLUGBUILD_HOME", dir.join("store")), ("HOME", dir.to_owned())];
    let env = env.map(|(k, v)| (k.into(), v.into())).into();
    Store::of(&Host::new(env, dir.to_owned(), false).unwrap())
}

/// The wrapper of a compiler for arm64, with the quirks of a Go version.
fn compiler(bench: &Bench, cc: CcKind, go: &str) -> Wrapper {
    let matrix = Matrix::builtin().unwrap();
    let go = go.parse().unwrap();
    let facts = QuirkFacts {
        go: &go,
        arch: Some(Arch::Arm64),
        libc: Some(LibcKind::Musl),
        cc: Some(cc),
        gold: None,
    };
    let program = bench.tool("zig");
    let compiler = CompilerCommand {
        command: &[&program, "cc", "-target", "aarch64-linux-musl"],
        env: &[("ZIG_LOCAL_CACHE_DIR", Path::new("/it's a/cache"))],
        mapped: &[(Path::new("/zig's lib"), "/zig/lib")],
        quirks: &matrix.quirks(&facts),
    };
    wrapper::compiler("cc", &compiler, &store(bench.dir.path()))
}

const FIXED: [&str; 5] = [
    "cc",
    "-target",
    "aarch64-linux-musl",
    "-dynamic",
    "-fno-sanitize=undefined",
];

#[track_caller]
fn compiled(bench: &Bench, wrapper: &Wrapper, args: &[&str], map: &str, want: &[&str]) {
    let (code, mut seen) = bench.run(wrapper, args, &[("PLUGBUILD_FILE_MAP", map)]);
    assert_eq!(code, Some(7));
    assert_eq!(seen.pop().unwrap(), "CACHE=/it's a/cache");
    seen.pop();
    let want: Vec<&str> = FIXED.iter().chain(want).copied().collect();
    assert_eq!(seen, want);
}

#[test]
fn compiler_arguments_are_kept() {
    let bench = Bench::new();
    let zig = compiler(&bench, CcKind::Zig, "1.19.5");
    compiled(&bench, &zig, &NASTY, "", &NASTY);
    compiled(&bench, &zig, &[], "/a=/b", &[]);
    compiled(
        &bench,
        &zig,
        &["-o", "a b.so", "x.o", "-fuse-ld=gold", "-O2"],
        "/a=/b",
        &["-o", "a b.so", "x.o", "-O2"],
    );
}

#[test]
fn gold_probe_fails() {
    let bench = Bench::new();
    let zig = compiler(&bench, CcKind::Zig, "1.25.6");
    for args in [
        vec!["-fuse-ld=gold", "-Wl,--version"],
        vec!["-v", "-Wl,--version", "a b", "-fuse-ld=gold"],
    ] {
        assert_eq!(bench.run(&zig, &args, &[]), (Some(1), vec![]), "{args:?}");
    }
    compiled(&bench, &zig, &["-Wl,--version"], "", &["-Wl,--version"]);
    // From Go 1.26 on nobody asks.
    let zig = compiler(&bench, CcKind::Zig, "1.26.1");
    compiled(
        &bench,
        &zig,
        &["-fuse-ld=gold", "-Wl,--version"],
        "",
        &["-fuse-ld=gold", "-Wl,--version"],
    );
}

#[test]
fn compiled_files_are_mapped() {
    let bench = Bench::new();
    let zig = compiler(&bench, CcKind::Zig, "1.25.6");
    let map = "/opt/go=/usr/local/go\n/home/it's \"me\" */mod=/go/pkg/mod";
    let maps = [
        "-ffile-prefix-map=/zig's lib=/zig/lib",
        "-ffile-prefix-map=/opt/go=/usr/local/go",
        "-ffile-prefix-map=/home/it's \"me\" */mod=/go/pkg/mod",
    ];
    for compiles in ["-c", "-S", "-E"] {
        compiled(
            &bench,
            &zig,
            &[compiles, "a b.c"],
            map,
            &[compiles, "a b.c", maps[0], maps[1], maps[2]],
        );
    }
    compiled(&bench, &zig, &["-o", "x.so", "-cc"], map, &["-o", "x.so", "-cc"]);
    let (_, unset) = bench.run(&zig, &["-c", "x.c"], &[]);
    assert_eq!(unset[..FIXED.len()], FIXED);
    assert_eq!(unset[FIXED.len()..][..2], ["-c", "x.c"]);
}

/// `-fuse-ld=gold` of a gcc is GNU gold's business; the script changes nothing of it.
#[test]
fn gcc_keeps_its_flags() {
    let bench = Bench::new();
    let gcc = compiler(&bench, CcKind::Gcc, "1.19.5");
    let (code, seen) = bench.run(&gcc, &["-fuse-ld=gold", "-Wl,--version"], &[]);
    assert_eq!(code, Some(7));
    assert_eq!(
        seen[..5],
        ["cc", "-target", "aarch64-linux-musl", "-fuse-ld=gold", "-Wl,--version"]
    );
}

/// A script is written only when it changes, so that Go's build cache stays warm.
#[test]
fn existing_script_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let written = wrapper::toolexec().write(&store).unwrap();
    let first = fs::metadata(&written).unwrap();
    assert_eq!(first.permissions().mode() & 0o777, 0o755);
    std::thread::sleep(std::time::Duration::from_millis(20));
    wrapper::toolexec().write(&store).unwrap();
    assert_eq!(
        fs::metadata(&written).unwrap().modified().unwrap(),
        first.modified().unwrap()
    );
    fs::write(&written, "changed").unwrap();
    wrapper::toolexec().write(&store).unwrap();
    assert_eq!(fs::read_to_string(&written).unwrap(), wrapper::toolexec().text);
    assert_eq!(
        crate::support::case::names(&dir.path().join("store/bin")),
        ["plugbuild-toolexec"]
    );
}
