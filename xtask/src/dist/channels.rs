//! Each way to install, taken from nothing: local folders and `file://` addresses stand in for what serves a release.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use super::tests::{REPOSITORY, release, tool};
use super::*;

/// What the binary of this machine says when it is asked `gateway list`.
fn answer() -> String {
    format!("{}-unknown-linux-musl gateway list\n", std::env::consts::ARCH)
}

fn out(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn fine(command: &mut Command) -> String {
    let done = out(command);
    assert!(done.status.success(), "{command:?}\n{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "tests start what was installed")]
fn asked(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["gateway", "list"]);
    command
}

#[test]
fn pip_installs_the_wheel_of_this_machine() {
    let Some(mut pip) = tool("python3", "wheels") else {
        return;
    };
    let (dir, _) = release();
    let prefix = tempfile::tempdir().unwrap();
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-cache-dir",
        "--ignore-installed",
    ])
    .args([
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--find-links",
    ])
    .arg(dir.path())
    .arg("--prefix")
    .arg(prefix.path())
    .arg("plugbuild");
    fine(&mut pip);
    let installed = duct::cmd!("find", prefix.path(), "-name", "plugbuild", "-type", "f")
        .read()
        .unwrap();
    assert_eq!(fine(&mut asked(Path::new(installed.trim()))), answer());
    // pip has checked each member against the record; here the metadata is read back.
    let metadata = duct::cmd!("find", prefix.path(), "-name", "METADATA").read().unwrap();
    let metadata = fs::read_to_string(metadata.trim()).unwrap();
    for line in [
        format!("Version: {VERSION}"),
        format!("Project-URL: Repository, {REPOSITORY}"),
        "License-Expression: MIT".to_owned(),
    ] {
        assert!(metadata.lines().any(|have| have == line), "no {line} in\n{metadata}");
    }
}

#[test]
fn npm_installs_the_package_of_this_machine() {
    let Some(mut npm) = tool("npm", "the npm packages") else {
        return;
    };
    let (dir, _) = release();
    let project = tempfile::tempdir().unwrap();
    let cpu = if cfg!(target_arch = "x86_64") { "x64" } else { "arm64" };
    let package = |name: &str| dir.path().join(format!("{name}-{VERSION}.tgz"));
    // The binary's package by its file, as no registry has it; npm takes it for the dependency of that name and version.
    npm.current_dir(project.path())
        .args([
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--loglevel=error",
        ])
        .arg("--cache")
        .arg(project.path().join("cache"))
        .arg(package(&format!("plugbuild-linux-{cpu}")))
        .arg(package("plugbuild"));
    fine(&mut npm);
    let program = project.path().join("node_modules/.bin/plugbuild");
    assert_eq!(fine(&mut asked(&program)), answer());
    fs::remove_dir_all(project.path().join(format!("node_modules/plugbuild-linux-{cpu}"))).unwrap();
    let done = out(&mut asked(&program));
    assert_eq!(done.status.code(), Some(4), "{done:?}");
}

/// The go command, with this proxy alone and a home of its own.
fn go(proxy: &Path, home: &Path, dir: &Path) -> Option<Command> {
    let mut go = tool("go", "the Go module")?;
    go.current_dir(dir)
        .env("GOPROXY", format!("file://{}", proxy.display()))
        .env("GONOSUMDB", "example.com")
        .env("GOFLAGS", "-modcacherw")
        .env("GOTOOLCHAIN", "local")
        .env("GOMODCACHE", home.join("mod"))
        .env("GOCACHE", crate::root().join("target/test-cache/gocache"))
        .env("XDG_CACHE_HOME", home.join("cache"));
    Some(go)
}

#[test]
fn go_runs_the_module_and_knows_it_as_a_tool() {
    let (release, _) = release();
    let proxy = release.path().join("go-proxy");
    let home = tempfile::tempdir().unwrap();
    let project = tempfile::tempdir().unwrap();
    let go = || go(&proxy, home.path(), project.path());
    let module = format!("{}/plugbuild", go_module::path(REPOSITORY));
    let Some(mut run) = go() else { return };
    let version = format!("{module}@v{VERSION}");
    assert_eq!(fine(run.args(["run", &version, "gateway", "list"])), answer());

    // What was put into the cache directory is not believed when it has changed, and a half of it is not left.
    let kept = home.path().join("cache/plugbuild/go-module");
    let kept = inside(&inside(&kept).unwrap()[0]).unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    fs::write(&kept[0], "#!/bin/sh\necho altered\n").unwrap();
    fs::write(project.path().join("go.mod"), "module example.com/mine\n\ngo 1.24\n").unwrap();
    fine(go().unwrap().args(["get", "-tool", &version]));
    assert_eq!(
        fine(go().unwrap().args(["tool", "plugbuild", "gateway", "list"])),
        answer()
    );

    // A platform without a binary compiles the file that says so; one with a binary compiles none other.
    for (os, arch, files) in [
        ("windows", "amd64", "[main.go other.go]"),
        ("linux", "arm64", "[binary_linux_arm64.go main.go run.go]"),
    ] {
        let mut list = go().unwrap();
        list.envs([("GOOS", os), ("GOARCH", arch)])
            .args(["list", "-f", "{{.GoFiles}}", &module]);
        assert_eq!(fine(&mut list).trim(), files);
    }
    let mut fmt = tool("gofmt", "the Go module").unwrap();
    assert_eq!(fine(fmt.arg("-l").arg(release.path().join("go-module"))), "");
}

/// The install script, with a folder that stands in for the place of the archives.
fn install(dir: &Path, home: &Path, args: &[&str]) -> Option<Command> {
    let mut sh = tool("sh", "the install script")?;
    tool("curl", "the install script")?;
    sh.arg(dir.join("install.sh"))
        .args(args)
        .env("PLUGBUILD_DOWNLOAD_URL", format!("file://{}", dir.display()))
        .env("HOME", home);
    Some(sh)
}

#[test]
fn the_install_script_installs_what_has_the_checksum() {
    let (dir, archives) = release();
    let home = tempfile::tempdir().unwrap();
    let Some(mut first) = install(dir.path(), home.path(), &[]) else {
        return;
    };
    let done = out(&mut first);
    assert!(done.status.success(), "{done:?}");
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("is not on PATH"),
        "{done:?}"
    );
    assert_eq!(fine(&mut asked(&home.path().join(".local/bin/plugbuild"))), answer());
    for file in [
        "share/man/man1/plugbuild-verify.1",
        "share/bash-completion/completions/plugbuild",
        "share/zsh/site-functions/_plugbuild",
        "share/fish/vendor_completions.d/plugbuild.fish",
    ] {
        assert!(home.path().join(".local").join(file).is_file(), "{file}");
    }
    // Over an older one, elsewhere too; nothing staged is left.
    let prefix = home.path().join("opt/my tools");
    for _ in 0..2 {
        fine(&mut install(dir.path(), home.path(), &["--prefix", prefix.to_str().unwrap()]).unwrap());
    }
    assert_eq!(inside(&prefix.join("bin")).unwrap(), [prefix.join("bin/plugbuild")]);

    let empty = tempfile::tempdir().unwrap();
    let refused = |args: &[&str], code: i32, words: &str| {
        let done = out(&mut install(dir.path(), empty.path(), args).unwrap());
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{message}");
        assert!(message.contains(words), "{message}");
        assert_eq!(inside(empty.path()).unwrap().len(), 0, "nothing is installed");
    };
    refused(&["--perfix", "x"], 2, "unexpected argument --perfix");
    let archive = archives
        .iter()
        .find(|archive| name(archive).contains(std::env::consts::ARCH))
        .unwrap();
    let whole = fs::read(archive).unwrap();
    fs::write(archive, [&whole[..], b"more"].concat()).unwrap();
    refused(&[], 5, "it is not the archive of this release");
    fs::remove_file(archive).unwrap();
    refused(&[], 5, "cannot be downloaded");
}

#[test]
fn the_install_script_is_plain_sh() {
    let (dir, _) = release();
    let Some(mut check) = tool("shellcheck", "the install script") else {
        return;
    };
    fine(
        check
            .args(["--shell=sh", "--severity=style"])
            .arg(dir.path().join("install.sh")),
    );
    // A machine that no binary is for.
    let strange = tempfile::tempdir().unwrap();
    let uname = strange.path().join("uname");
    fs::write(&uname, "#!/bin/sh\necho Plan9\n").unwrap();
    fs::set_permissions(&uname, fs::Permissions::from_mode(0o755)).unwrap();
    let mut sh = install(dir.path(), strange.path(), &[]).unwrap();
    sh.env("PATH", format!("{}:/usr/bin:/bin", strange.path().display()));
    let done = out(&mut sh);
    assert_eq!(done.status.code(), Some(4), "{done:?}");
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("no binary for Plan9-Plan9"),
        "{done:?}"
    );
}
