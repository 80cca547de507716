//! What plugbuild.lock pins: every file of a toolchain, whichever way the toolchain came.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use plugbuild::toolchain::manifest::Parts;

use crate::support::case::Case;
use crate::support::go::Go;
use crate::support::{say, skipped, stand_ins_are_amd64};

const BUILD: &str = "-g 2.12.1 -t amd64-musl";
const LOCK: &str = "lock -g 2.12.1 -t amd64-musl";
const GO: &str = "home/sdk/go1.25.6";

/// A plugin with stand-ins that have some of a toolchain's files.
fn pinnable() -> Case {
    let case = Case::plugin()
        .go(GO, "1.25.6")
        .script("zig/zig", "[ \"$1\" = version ] && echo 0.16.0\n# zig\n")
        .file("zig/lib/std/std.zig", "std")
        .file("zig/lib/libc/musl/src/string/memcpy.c", "memcpy");
    symlink(case.at("zig/zig"), case.at("bin/zig")).unwrap();
    let tool = |case: Case, name| case.script(&format!("{GO}/pkg/tool/linux_amd64/{name}"), "# tool\n");
    ["compile", "link", "asm"]
        .into_iter()
        .fold(case, tool)
        .file(&format!("{GO}/go.env"), "GOTOOLCHAIN=local\nGOSUMDB=sum.golang.org\n")
        .file(&format!("{GO}/src/go.mod"), "module std\n")
        .file(&format!("{GO}/src/fmt/print.go"), "package fmt\n")
        .file(&format!("{GO}/lib/time/zoneinfo.zip"), "zones")
        .file(&format!("{GO}/test/x.go"), "no build reads it")
}

#[test]
fn a8_every_file_of_a_toolchain_is_pinned() {
    if !stand_ins_are_amd64("a lock") {
        return;
    }
    let case = pinnable();
    case.run(LOCK).exits(0);
    case.run(&format!("{BUILD} --locked")).exits(0);
    let go = "go 1.25.6 in [HOME]/sdk/go1.25.6";
    let zig = "zig 0.16.0 in [ROOT]/zig";
    for (tool, root, file) in [
        (go, GO, "bin/go"),
        (go, GO, "pkg/tool/linux_amd64/compile"),
        (go, GO, "pkg/tool/linux_amd64/link"),
        (go, GO, "pkg/tool/linux_amd64/asm"),
        (go, GO, "src/fmt/print.go"),
        (go, GO, "lib/time/zoneinfo.zip"),
        (go, GO, "go.env"),
        (zig, "zig", "lib/libc/musl/src/string/memcpy.c"),
        (zig, "zig", "zig"),
    ] {
        let place = case.at(root).join(file);
        let (content, time) = (fs::read(&place).unwrap(), fs::metadata(&place).unwrap().modified());
        // As long as it was, and with its time.
        let mut other = content.clone();
        *other.iter_mut().rfind(|byte| byte.is_ascii_lowercase()).unwrap() ^= 1;
        fs::write(&place, &other).unwrap();
        let written = fs::File::options().write(true).open(&place).unwrap();
        written.set_modified(time.unwrap()).unwrap();
        drop(written);
        for flag in ["--locked", "--frozen"] {
            let ran = case.run(&format!("{BUILD} {flag}"));
            let want = format!("error: {tool} is not what plugbuild.lock pins: {file} is another file\n");
            assert!(ran.exits(5).stderr.contains(&want), "{file}: {}", ran.text());
            assert!(ran.stderr.contains("`plugbuild lock`, and commit it"), "{}", ran.text());
        }
        fs::write(&place, content).unwrap();
        case.run(&format!("{BUILD} --locked")).exits(0);
    }
}

#[test]
fn a8_a_file_more_or_less_is_another_toolchain() {
    if !stand_ins_are_amd64("a lock") {
        return;
    }
    let case = pinnable();
    case.run(LOCK).exits(0);
    let refused = |why: &str| {
        let ran = case.run(&format!("{BUILD} --locked"));
        assert!(ran.exits(5).stderr.contains(why), "{why}: {}", ran.text());
    };
    let added = case.at(GO).join("src/fmt/added.go");
    fs::write(&added, "package fmt\n").unwrap();
    refused("pins: src/fmt/added.go is new\n");
    fs::remove_file(&added).unwrap();
    case.run(&format!("{BUILD} --locked")).exits(0);

    let (gone, aside) = (case.at(GO).join("src/fmt/print.go"), case.at("print.go"));
    fs::rename(&gone, &aside).unwrap();
    refused("pins: src/fmt/print.go is missing\n");
    symlink(&aside, &gone).unwrap();
    case.run(&format!("{BUILD} --locked")).exits(0);
    fs::write(&aside, "package fmd\n").unwrap();
    refused("pins: src/fmt/print.go is another file\n");

    for name in ["a", "b", "c"] {
        fs::write(case.at(GO).join("src/fmt").join(name), "").unwrap();
    }
    refused("src/fmt/print.go is another file, src/fmt/a is new, src/fmt/b is new, and 1 more\n");
    // Where this machine has never seen the locked one.
    fs::remove_dir_all(case.at("store/sums")).unwrap();
    refused("pins: its files have the SHA-256 [HASH], locked is [HASH]\n");
    // A build that is held to nothing reads nothing.
    let ran = case.run(BUILD);
    assert!(!ran.exits(0).stderr.contains("warning"), "{}", ran.text());

    fs::remove_file(&gone).unwrap();
    symlink("/dev/zero", &gone).unwrap();
    let ran = case.run(&format!("{BUILD} --locked"));
    assert!(
        ran.exits(6).stderr.contains("it is not a regular file"),
        "{}",
        ran.text()
    );
}

#[test]
fn a8_one_lock_holds_for_a_module_and_for_an_archive() {
    if !stand_ins_are_amd64("a lock") {
        return;
    }
    let case = pinnable();
    case.run(LOCK).exits(0);
    let root = case.at(GO);
    fs::rename(root.join("src/go.mod"), root.join("src/_go.mod")).unwrap();
    fs::write(
        root.join("go.env"),
        "# newer\nGOTOOLCHAIN=auto\nGOSUMDB=sum.golang.org\n",
    )
    .unwrap();
    fs::write(root.join(".plugbuild.json"), "{}").unwrap();
    fs::remove_dir_all(root.join("test")).unwrap();
    case.run(&format!("{BUILD} --locked")).exits(0);
    case.run(&format!("{BUILD} --frozen")).exits(0);
}

/// The GOROOT of the machine's own Go, where that is an archive's.
#[allow(clippy::disallowed_methods, reason = "the machine's own Go is on its PATH")]
fn archive() -> Option<(PathBuf, String)> {
    let path = std::env::var_os("PATH")?;
    let mut dirs = std::env::split_paths(&path);
    let go = dirs.find_map(|dir| dir.join("go").canonicalize().ok())?;
    let root = go.parent()?.parent().map(Path::to_owned)?;
    let version = fs::read_to_string(root.join("VERSION")).ok()?;
    let version = version.lines().next()?.strip_prefix("go")?.to_owned();
    root.join("test").is_dir().then_some((root, version))
}

#[test]
fn a8_the_module_and_the_archive_of_a_real_go_have_one_manifest() {
    let Some((archive, version)) = archive() else {
        return skipped("two forms of a Go", "the machine's own is not an archive's");
    };
    let module = match Go::fetch(&version) {
        Ok(module) => module,
        Err(why) => return skipped("two forms of a Go", &why),
    };
    let manifest = |root: &Path| Parts::for_go(root).list().unwrap().manifest().unwrap();
    let (archive, module) = (manifest(&archive), manifest(&module.root));
    assert_eq!(plugbuild::toolchain::manifest::changes(&archive, &module), [""; 0]);
    assert_eq!(archive, module);
    assert!(archive.lines().count() > 1000);
    say(&format!(
        "go {version}: {} files are the same in both forms",
        archive.lines().count()
    ));
}

#[test]
fn a8_a_lock_of_an_older_plugbuild_says_how_to_pin_the_rest() {
    if !stand_ins_are_amd64("a lock") {
        return;
    }
    let case = pinnable();
    case.run(LOCK).exits(0);
    let place = case.at("work/plugbuild.lock");
    let text = fs::read_to_string(&place).unwrap();
    assert!(text.contains("version = 2\n"), "{text}");
    fs::write(&place, text.replace("version = 2\n", "version = 1\n")).unwrap();
    for flag in ["--locked", "--frozen"] {
        let ran = case.run(&format!("{BUILD} {flag}"));
        assert!(
            ran.exits(2).stderr.contains("pins one program of each toolchain")
                && ran.stderr.contains("help: pin every file of them: `plugbuild lock`"),
            "{}",
            ran.text()
        );
    }
    let ran = case.run(BUILD);
    assert!(
        ran.exits(0)
            .stderr
            .contains("warning: [CWD]/plugbuild.lock pins one program"),
        "{}",
        ran.text()
    );
    case.run(LOCK).exits(0);
    assert_eq!(fs::read_to_string(&place).unwrap(), text);
    case.run(&format!("{BUILD} --locked")).exits(0);
}
