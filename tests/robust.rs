//! Whatever happens to a build or a release in the middle, what is seen is whole or absent, and the next run succeeds.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::case::{Case, Ran, go_script};
use crate::support::{say, skipped, stand_ins_are_amd64};

const SETTINGS: &str =
    "[gateway]\nversion = \"2.12.1\"\n[build]\nout-dir = \"out\"\ntargets = [\"amd64-musl\", \"amd64-glibc\"]\n";
const FILES: [&str; 2] = [
    "handler_2.12.1_linux_amd64_glibc.so",
    "handler_2.12.1_linux_amd64_musl.so",
];

/// A plugin whose Go takes a moment, and puts its file in its place whole, as Go does.
fn case() -> Case {
    let real = go_script("1.25.6", "");
    let slow = real
        .replace("exec cp", "sleep 0.01 && cp")
        .replace("\"$out\"\n", "\"$out.$$\" && mv \"$out.$$\" \"$out\"\n");
    Case::equipped()
        .file("work/plugbuild.toml", SETTINGS)
        .script("home/sdk/go1.25.6/bin/go", &slow)
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/compile", "")
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/link", "")
}

/// What a run that nothing disturbs takes, and makes.
fn undisturbed(args: &str) -> (Duration, Vec<Vec<u8>>) {
    let case = case();
    let begun = Instant::now();
    case.run(args).exits(0);
    let took = begun.elapsed();
    let files = FILES
        .iter()
        .map(|file| fs::read(case.at("work/out").join(file)).unwrap_or_default());
    (took, files.collect())
}

/// Kills a run at a random moment; whether it came to that.
fn killed(case: &Case, args: &str, within: Duration) -> bool {
    let mut child = case.command(args.split_whitespace()).spawn().unwrap();
    thread::sleep(within.mul_f64(fastrand::f64()));
    child.kill().unwrap();
    child.wait_with_output().unwrap().status.signal() == Some(9)
}

#[test]
fn a_build_that_is_killed_leaves_its_files_whole_or_absent() {
    if !stand_ins_are_amd64("killed builds") {
        return;
    }
    let (took, want) = undisturbed("-j 2");
    let (mut kills, mut half) = (0, 0);
    for _ in 0..100 {
        let case = case();
        kills += usize::from(killed(&case, "-j 2", took));
        for (file, want) in FILES.iter().zip(&want) {
            let path = case.at("work/out").join(file);
            match fs::read(&path) {
                Ok(bytes) => assert!(bytes == *want, "{file} is not whole"),
                Err(_) => half += 1,
            }
        }
        case.run("-j 2").exits(0);
        assert_eq!(case.list("work/out"), FILES, "something was left behind");
    }
    assert!(
        kills > 50 && half > 0,
        "{kills} of 100 runs were killed, {half} files were not there"
    );
    say(&format!(
        "100 builds, {kills} killed at a random moment: {half} of 200 files absent, the others whole"
    ));
}

#[test]
fn a_release_that_is_killed_leaves_its_folder_whole_or_absent() {
    if !stand_ins_are_amd64("killed releases") {
        return;
    }
    let package = "package --plugin-version 1.2.3";
    let (took, _) = undisturbed(package);
    let (mut kills, mut absent) = (0, 0);
    for round in 0..100 {
        let case = case();
        // Half of the rounds replace a release that is there.
        if round % 2 == 0 {
            case.run(package).exits(0);
        }
        kills += usize::from(killed(&case, package, took));
        if case.at("work/dist").exists() {
            case.run("package --check").exits(0);
        } else {
            assert!(round % 2 == 1, "the older release is gone");
            absent += 1;
        }
        case.run(package).exits(0);
        case.run("package --check").exits(0);
        let left: Vec<String> = case
            .list("work")
            .into_iter()
            .filter(|name| name.starts_with('.'))
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
    assert!(
        kills > 50 && absent > 0,
        "{kills} of 100 runs were killed, {absent} folders were not there"
    );
    say(&format!(
        "100 releases, {kills} killed at a random moment: {absent} folders absent, the others whole"
    ));
}

/// Runs with a limit on the size of files, as a full disk would set one; `blocks` of 512 bytes.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn with_room_for(case: &Case, blocks: usize, args: &str) -> Ran {
    let plugbuild = case.command(args.split_whitespace());
    let mut limited = std::process::Command::new("/bin/sh");
    limited
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
        .arg(plugbuild.get_program());
    limited
        .args(plugbuild.get_args())
        .current_dir(case.at("work"))
        .env_clear();
    limited.envs(plugbuild.get_envs().filter_map(|(name, value)| Some((name, value?))));
    case.told(&limited.output().unwrap())
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_is_left() {
    if !stand_ins_are_amd64("a full disk") {
        return;
    }
    let case = case();
    case.run("-j 1").exits(0);
    // What Go linked stays, so that it is plugbuild's own writing that finds no room.
    let case = case.script("home/sdk/go1.25.6/bin/go", "exit 0\n");
    fs::remove_dir_all(case.at("work/out")).unwrap();
    let ran = with_room_for(&case, 1, "-t amd64-musl");
    assert!(
        ran.exits(6)
            .stderr
            .contains("cannot write [CWD]/out/handler_2.12.1_linux_amd64_musl.so"),
        "{}",
        ran.text()
    );
    assert!(case.list("work/out").is_empty(), "{:?}", case.list("work/out"));
    case.run("-t amd64-musl").exits(0);

    let case = self::case();
    case.run("package").exits(0);
    fs::remove_dir_all(case.at("work/dist")).unwrap();
    let case = case.script("home/sdk/go1.25.6/bin/go", "exit 0\n");
    let ran = with_room_for(&case, 1, "package");
    assert!(ran.exits(6).stderr.contains("cannot write"), "{}", ran.text());
    assert_eq!(case.list("work"), ["go.mod", "main.go", "plugbuild.toml"]);
    case.run("package").exits(0);
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    if !cfg!(target_os = "linux") {
        skipped("places that cannot be written", "there is no /proc");
        return;
    }
    // Not even root makes a folder in /proc.
    let case = case();
    for (args, what) in [
        (
            "--out-dir /proc/nowhere",
            "cannot write /proc/nowhere/handler_2.12.1_linux_amd64_musl.so",
        ),
        (
            "package --dist /proc/nowhere/dist",
            "cannot make the folder /proc/nowhere",
        ),
        ("package --dist main.go/dist", "cannot make the folder [CWD]/main.go"),
    ] {
        let ran = case.run(args);
        assert!(ran.exits(6).stderr.contains(what), "{}", ran.text());
        // Root may write everywhere as far as can be asked: an output is then tried only.
        let told_early = !ran.stderr.contains("building");
        assert!(told_early || args.starts_with("--out-dir"), "{}", ran.text());
    }
    let case = case.env("PLUGBUILD_HOME", "/proc/nowhere");
    for args in ["-j 2", "package"] {
        let ran = case.run(args);
        assert!(ran.exits(6).stderr.contains("/proc/nowhere"), "{}", ran.text());
        assert_eq!(case.list("work"), ["go.mod", "main.go", "plugbuild.toml"]);
    }
}

#[test]
fn copies_that_build_the_same_at_once_all_succeed() {
    if !stand_ins_are_amd64("copies at once") {
        return;
    }
    let (_, want) = undisturbed("-j 2");
    let case = case();
    let copies: Vec<_> = (0..16).map(|_| case.command(["-j", "2"]).spawn().unwrap()).collect();
    for copy in copies {
        case.told(&copy.wait_with_output().unwrap()).exits(0);
    }
    for (file, want) in FILES.iter().zip(&want) {
        assert!(fs::read(case.at("work/out").join(file)).unwrap() == *want, "{file}");
    }
    assert_eq!(case.list("work/out"), FILES);
    let copies: Vec<_> = (0..8)
        .map(|_| case.command(["package", "--plugin-version", "1"]).spawn().unwrap())
        .collect();
    for copy in copies {
        case.told(&copy.wait_with_output().unwrap()).exits(0);
    }
    case.run("package --check").exits(0);
}
