//! Toolchains from mirrors: what is published comes into the store whole, and nothing else ever does.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use plugbuild::util::hash::sha256_of;
use snapbox::str;

use crate::support::case::{Case, HOST, MAIN_GO, UNKNOWN_GO};
use crate::support::go::Go;
use crate::support::mirror::{
    Answer, GO_LIST, Mirror, folder_mirror, go_archive, go_archive_name, go_list, sha256, tar_gz, tar_xz,
};
use crate::support::{cache, skipped, stand_ins_are_amd64};

/// The machine has no Go: all comes from the mirror.
fn bare(mirror: &Mirror) -> Case {
    Case::plugin()
        .zig()
        .with_unknown_go()
        .env("PLUGBUILD_GO_MIRROR", &mirror.url)
}

fn mirror_of(version: &str) -> (Mirror, Vec<u8>) {
    let (mirror, archive) = (Mirror::start(), go_archive(version));
    mirror.serve(
        GO_LIST,
        Answer::Whole(go_list(&[("1.22.1", b"x"), (version, &archive)])),
    );
    mirror.serve(
        &format!("/{}", go_archive_name(version)),
        Answer::Whole(archive.clone()),
    );
    (mirror, archive)
}

/// Neither a toolchain nor anything staged is left; returns what plugbuild said, with the server's address redacted.
fn nothing_is_kept(case: &Case, mirror: &Mirror, args: &str) -> String {
    let ran = case.run(args);
    assert!(
        case.list("store/go").is_empty() && case.list("store/tmp").is_empty(),
        "{}",
        ran.text()
    );
    assert!(
        case.list("store/zig").iter().all(|name| name == "cache"),
        "{}",
        ran.text()
    );
    assert_eq!(case.list("work"), ["go.mod", "main.go"]);
    ran.text().replace(&mirror.url, "[MIRROR]").replace(HOST, "[HOST]")
}

#[test]
fn go_from_the_official_archive() {
    if !stand_ins_are_amd64("go_from_the_official_archive") {
        return;
    }
    let (mirror, _) = mirror_of("1.25.66");
    let case = bare(&mirror);
    let ran = case.run("-g 2.12.1 -a amd64");
    ran.exits(0);
    let said = ran.text().replace(&mirror.url, "[MIRROR]");
    snapbox::assert_data_eq!(
        said,
        str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
    fetching Go 1.25.66 from [MIRROR] (its checksum comes from the same server)
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.66, as the gateway: fetched from [MIRROR]
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.66, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]
    );
    assert_eq!(
        mirror.asked(),
        [GO_LIST.to_owned(), format!("/{}", go_archive_name("1.25.66"))]
    );
    assert!(case.list("store/tmp").is_empty());
    // It stays there: nothing is asked for again.
    case.run("-g 2.12.1 -a amd64 -o again.so -q").exits(0);
    assert_eq!(mirror.asked().len(), 2);
    case.run("toolchain list").is(str![[r#"
exit: 0
--- stdout
go 1.25.66   [STORE]/go/go1.25.66.[HOST]

"#]]);
}

#[test]
fn go_from_a_folder() {
    if !stand_ins_are_amd64("go_from_a_folder") {
        return;
    }
    let archive = go_archive("1.25.66");
    let case = Case::plugin()
        .zig()
        .with_unknown_go()
        .file(&format!("mirror/{}", go_archive_name("1.25.66")), &archive)
        .file("mirror/index.json", go_list(&[("1.25.66", &archive)]));
    let mirror = folder_mirror(&case.at("mirror"));
    let case = case.env("PLUGBUILD_GO_MIRROR", format!("{mirror}/"));
    case.run("-g 2.12.1 -a amd64 -q").exits(0);
    fs::remove_file(case.at(&format!("mirror/{}", go_archive_name("1.25.66")))).unwrap();
    case.run("toolchain remove 1.25.66").exits(0);
    let said = case.run("-g 2.12.1 -a amd64 -q").text().replace(HOST, "[HOST]");
    snapbox::assert_data_eq!(
        said,
        str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.66: cannot read [ROOT]/mirror/go1.25.66.[HOST].tar.gz of the mirror: No such file or directory (os error 2)
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    let other = case.env("PLUGBUILD_GO_MIRROR", "file:///nowhere");
    other.run("toolchain install 1.25.66").is(str![[r#"
exit: 5
--- stderr
    fetching Go 1.25.66 from file:///nowhere (its checksum comes from the same server)
error: cannot fetch the list of Go archives: cannot read /nowhere/index.json of the mirror: No such file or directory (os error 2)
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]);
}

#[test]
fn altered_go_archive() {
    let name = format!("/{}", go_archive_name("1.25.66"));
    let (mirror, archive) = mirror_of("1.25.66");
    let build = "-g 2.12.1 -a amd64 -q";
    let case = bare(&mirror);
    let mut flipped = archive.clone();
    *flipped.last_mut().unwrap() ^= 1;
    mirror.serve(&name, Answer::Whole(flipped));
    snapbox::assert_data_eq!(
        nothing_is_kept(&case, &mirror, build),
        str![[r#"
exit: 5
--- stderr
error: Go 1.25.66 from [MIRROR]/go1.25.66.[HOST].tar.gz is not what was published: its hash is [HASH], published is [HASH]
help: nothing was kept; try again, or another mirror: a proxy on the way may have changed it
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    mirror.serve(&name, Answer::Cut(archive.clone()));
    snapbox::assert_data_eq!(
        nothing_is_kept(&case, &mirror, build),
        str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.66 from [MIRROR]/go1.25.66.[HOST].tar.gz: Peer disconnected
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    mirror.serve(&name, Answer::Whole(archive[..archive.len() / 2].to_vec()));
    snapbox::assert_data_eq!(
        nothing_is_kept(&case, &mirror, build),
        str![[r#"
exit: 5
--- stderr
error: Go 1.25.66 from [MIRROR]/go1.25.66.[HOST].tar.gz is not what was published: its hash is [HASH], published is [HASH]
help: nothing was kept; try again, or another mirror: a proxy on the way may have changed it
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    mirror.serve(&name, Answer::Status(404));
    snapbox::assert_data_eq!(
        nothing_is_kept(&case, &mirror, build),
        str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.66 from [MIRROR]/go1.25.66.[HOST].tar.gz: http status: 404
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    mirror.serve(&name, Answer::Status(503));
    assert!(nothing_is_kept(&case, &mirror, build).starts_with("exit: 5\n"));
    // The same mirror, mended.
    mirror.serve(&name, Answer::Whole(archive));
    case.run("toolchain install 1.25.66").exits(0);
}

#[test]
fn right_sum_with_wrong_content() {
    let build = "-g 2.12.1 -a amd64 -q";
    let refused = |archive: Vec<u8>| {
        let mirror = Mirror::start();
        mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.66", &archive)])));
        mirror.serve(&format!("/{}", go_archive_name("1.25.66")), Answer::Whole(archive));
        nothing_is_kept(&bare(&mirror), &mirror, build)
    };
    let escaping = tar_gz(&[
        ("go/VERSION", 0o644, b"go1.25.66\n"),
        ("go/../../../../evil", 0o644, b"x"),
    ]);
    snapbox::assert_data_eq!(
        refused(escaping),
        str![[r#"
exit: 5
--- stderr
error: go1.25.66.[HOST].tar.gz is refused: its entry go/../../../../evil leads out of it
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(tar_gz(&[("/etc/evil", 0o644, b"x")])),
        str![[r#"
exit: 5
--- stderr
error: go1.25.66.[HOST].tar.gz is refused: its entry /etc/evil leads out of it
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(go_archive("1.25.5")),
        str![[r#"
exit: 5
--- stderr
error: what came as Go 1.25.66 is not that Go
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(tar_gz(&[("readme", 0o644, b"x")])),
        str![[r#"
exit: 5
--- stderr
error: what came as Go 1.25.66 is not that Go
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(b"<html>not an archive</html>".to_vec()),
        str![[r#"
exit: 5
--- stderr
error: go1.25.66.[HOST].tar.gz is refused: it is damaged: invalid gzip header
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    let whole = go_archive("1.25.66");
    assert!(refused(whole[..whole.len() / 2].to_vec()).contains("is damaged"));
}

#[test]
fn unusable_lists() {
    let refused = |answer: Answer| {
        let mirror = Mirror::start();
        mirror.serve(GO_LIST, answer);
        nothing_is_kept(&bare(&mirror), &mirror, "-g 2.12.1 -a amd64 -q")
    };
    snapbox::assert_data_eq!(
        refused(Answer::Status(404)),
        str![[r#"
exit: 5
--- stderr
error: cannot fetch the list of Go archives from [MIRROR]/?mode=json&include=all: http status: 404
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(Answer::Whole(b"<html>".to_vec())),
        str![[r#"
exit: 5
--- stderr
error: the list of Go archives at [MIRROR]/?mode=json&include=all cannot be understood: expected value at line 1 column 1
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    snapbox::assert_data_eq!(
        refused(Answer::Whole(go_list(&[("1.25.5", b"")]))),
        str![[r#"
exit: 5
--- stderr
error: the list of Go archives at [MIRROR]/?mode=json&include=all has no go1.25.66.[HOST].tar.gz
help: install exactly Go 1.25.66 yourself: on PATH, or in ~/sdk/go1.25.66, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    assert!(refused(Answer::Whole(vec![b' '; 17 << 20])).contains("is larger than 16 MiB"));
    assert!(refused(Answer::Cut(go_list(&[("1.25.66", b"")]))).starts_with("exit: 5\n"));
    assert!(refused(Answer::Whole(vec![0xff; 9])).starts_with("exit: 5\n"));
}

/// Sources that are slow, stop or never begin: given up in time and with a word, unless enough comes.
#[test]
fn empty_sources() {
    if !stand_ins_are_amd64("slow sources") {
        return;
    }
    let (mirror, archive) = mirror_of("1.25.66");
    let list = go_list(&[("1.25.66", &archive)]);
    let name = format!("/{}", go_archive_name("1.25.66"));
    let case = bare(&mirror).env("PLUGBUILD_TIMEOUT", "1");
    let build = "-g 2.12.1 -a amd64 -q";
    let without_count = |said: String| match said.split_once("only ") {
        Some((before, after)) => format!("{before}only N{}", after.trim_start_matches(char::is_numeric)),
        None => said,
    };
    let said = |of_list: Answer, of_archive: Answer| {
        mirror.serve(GO_LIST, of_list).serve(&name, of_archive);
        let begun = Instant::now();
        let said = without_count(nothing_is_kept(&case, &mirror, build));
        assert!(
            begun.elapsed() < Duration::from_secs(8),
            "{:?}: {said}",
            begun.elapsed()
        );
        let (first, _) = said.split_once("help: ").unwrap();
        first.to_owned()
    };
    let whole = || Answer::Whole(list.clone());
    let told = |what: &str, why: &str| format!("exit: 5\n--- stderr\nerror: cannot fetch {what}: {why}\n");
    let of_list = format!("the list of Go archives from [MIRROR]{GO_LIST}");
    let of_archive = "Go 1.25.66 from [MIRROR]/go1.25.66.[HOST].tar.gz";
    let (nothing, little) = ("nothing arrived for 1 s", "only N bytes came in 1 s");
    for (answers, what, why) in [
        ([Answer::Silent, whole()], of_list.as_str(), nothing),
        ([Answer::Stalled(list.clone()), whole()], &of_list, nothing),
        ([Answer::Trickling(list.clone()), whole()], &of_list, little),
        ([whole(), Answer::Silent], of_archive, nothing),
        ([whole(), Answer::Stalled(archive.clone())], of_archive, nothing),
        ([whole(), Answer::Trickling(archive.clone())], of_archive, little),
        ([whole(), Answer::Cut(archive.clone())], of_archive, "Peer disconnected"),
    ] {
        let [list, archive] = answers;
        assert_eq!(said(list, archive), told(what, why));
    }
    // Slow, but it comes.
    mirror.serve(GO_LIST, whole()).serve(&name, Answer::Slow(archive, 12));
    let begun = Instant::now();
    case.run(build).exits(0);
    assert!(begun.elapsed() > Duration::from_secs(2));
    let bad = case.env("PLUGBUILD_TIMEOUT", "0");
    bad.run("toolchain install 1.26.1 -q").is(str![[r#"
exit: 2
--- stderr
error: PLUGBUILD_TIMEOUT=0 is not a number of seconds (at least 1)
help: unset it, or set it to seconds: PLUGBUILD_TIMEOUT=60
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]);
}

const ZIG: &str = "#!/bin/sh\n[ \"$1\" = version ] && echo 0.16.0\n";

fn zig_name() -> String {
    let arch = if cfg!(target_arch = "x86_64") {
        "x86_64"
    } else {
        "aarch64"
    };
    format!("zig-{arch}-linux-0.16.0")
}

fn zig_archive() -> Vec<u8> {
    tar_xz(&[
        (&format!("{}/zig", zig_name()), 0o755, ZIG.as_bytes()),
        (&format!("{}/lib/libc/x.h", zig_name()), 0o644, &[7; 100_000]),
    ])
}

fn zig_list(archive: &[u8]) -> Vec<u8> {
    let key = if cfg!(target_arch = "x86_64") {
        "x86_64-linux"
    } else {
        "aarch64-linux"
    };
    let list =
        serde_json::json!({ "master": {}, "0.16.0": { "date": "x", key: { "shasum": sha256(archive), "size": "1" } } });
    serde_json::to_vec(&list).unwrap()
}

/// The exact Go is there; zig comes from the mirror.
fn without_zig(mirror: &Mirror) -> Case {
    Case::plugin()
        .go("home/sdk/go1.25.6", "1.25.6")
        .env("PLUGBUILD_ZIG_MIRROR", &mirror.url)
}

#[test]
fn zig_from_its_archive() {
    if !stand_ins_are_amd64("zig_from_its_archive") {
        return;
    }
    let (mirror, archive, name) = (Mirror::start(), zig_archive(), format!("/{}.tar.xz", zig_name()));
    mirror.serve("/index.json", Answer::Whole(zig_list(&archive)));
    let case = without_zig(&mirror);
    let build = "-g 2.12.1 -a amd64";
    let mut flipped = archive.clone();
    *flipped.last_mut().unwrap() ^= 1;
    mirror.serve(&name, Answer::Whole(flipped));
    snapbox::assert_data_eq!(
        nothing_is_kept(&case, &mirror, build),
        str![[r#"
exit: 5
--- stderr
    fetching zig 0.16.0 from [MIRROR]
error: zig 0.16.0 from [MIRROR]/zig-x86_64-linux-0.16.0.tar.xz is not what was published: its hash is [HASH], published is [HASH]
help: nothing was kept; try again, or another mirror: a proxy on the way may have changed it
help: or name a mirror: PLUGBUILD_ZIG_MIRROR=https://… (file:// too); or use a cross gcc: `--cc gcc`

"#]]
    );
    mirror.serve(&name, Answer::Cut(archive.clone()));
    assert!(nothing_is_kept(&case, &mirror, build).starts_with("exit: 5\n"));
    mirror.serve(&name, Answer::Status(404));
    assert!(nothing_is_kept(&case, &mirror, build).starts_with("exit: 5\n"));
    let escaping = tar_xz(&[(&format!("{}/../../evil", zig_name()), 0o644, b"x")]);
    mirror.serve("/index.json", Answer::Whole(zig_list(&escaping)));
    mirror.serve(&name, Answer::Whole(escaping));
    assert!(nothing_is_kept(&case, &mirror, build).contains("leads out of it"));
    mirror.serve("/index.json", Answer::Whole(zig_list(&archive)));
    mirror.serve(&name, Answer::Whole(archive));
    let ran = case.run(build);
    ran.exits(0);
    snapbox::assert_data_eq!(
        ran.text().replace(&mirror.url, "[MIRROR]"),
        str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
    fetching zig 0.16.0 from [MIRROR]
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, fetched from the official archives
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]
    );
    assert!(case.list("store/tmp").is_empty());
}

/// ModuleDirs that the settings file names: for a build, and for a bundle that carries what came from them.
#[test]
fn tools_from_folders_of_the_settings_file() {
    if !stand_ins_are_amd64("tools_from_folders_of_the_settings_file") {
        return;
    }
    let (go, zig) = (go_archive("1.25.66"), zig_archive());
    let case = Case::plugin()
        .file(&format!("mirror/go/{}", go_archive_name("1.25.66")), &go)
        .file("mirror/go/index.json", go_list(&[("1.25.66", &go)]))
        .file(&format!("mirror/zig/{}.tar.xz", zig_name()), &zig)
        .file("mirror/zig/index.json", zig_list(&zig));
    let folder = |name: &str| folder_mirror(&case.at("mirror").join(name));
    let settings = format!(
        "[mirrors]\ngo = \"{}\"\nzig = \"{}\"\nmodules = \"file:///nowhere\"\n{UNKNOWN_GO}",
        folder("go"),
        folder("zig")
    );
    let case = case.settings(&settings);
    case.run("bundle create ../b.plugbundle -g 2.12.1 -a amd64 -q").exits(0);
    assert_eq!(case.list("store/go"), [format!("go1.25.66.{HOST}")]);
    case.run("-g 2.12.1 -a amd64 -q").exits(0);
    let site = Case::plugin()
        .with_unknown_go()
        .file("b.plugbundle", fs::read(case.at("b.plugbundle")).unwrap());
    site.run("bundle install ../b.plugbundle -q").exits(0);
    site.run("-g 2.12.1 -a amd64 -q --offline").exits(0);
    let plugin = "work/handler_2.12.1_linux_amd64_musl.so";
    assert!(fs::read(case.at(plugin)).unwrap() == fs::read(site.at(plugin)).unwrap());
}

/// Where zig cannot be had, a cross gcc that is there is used, with a word.
#[test]
fn gcc_instead_of_a_missing_zig() {
    if !stand_ins_are_amd64("gcc_instead_of_a_missing_zig") {
        return;
    }
    let mirror = Mirror::start();
    let case = without_zig(&mirror).script("bin/musl-gcc", "");
    let ran = case.run("-g 2.12.1 -a amd64");
    ran.exits(0);
    snapbox::assert_data_eq!(
        ran.text().replace(&mirror.url, "[MIRROR]"),
        str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
    fetching zig 0.16.0 from [MIRROR]
warning: cannot fetch the list of zig archives from [MIRROR]/index.json: http status: 404; [BIN]/musl-gcc is used instead
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc [BIN]/musl-gcc: zig could not be fetched: on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]
    );
    case.run("-g 2.12.1 -a amd64 --cc zig -q").exits(5);
    case.run("-g 2.12.1 -a amd64 --offline -o x.so").is(str![[r#"
exit: 0
--- stdout
[CWD]/x.so
--- stderr
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc [BIN]/musl-gcc: zig is not installed, and --offline is set: on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/x.so (sha256 [HASH])

"#]]);
}

/// A python3 whose pip brings a file of the right name and other content.
#[test]
fn altered_zig_wheel() {
    let wheel = if cfg!(target_arch = "x86_64") {
        "ziglang-0.16.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl"
    } else {
        "ziglang-0.16.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl"
    };
    let pip = |body: &str| {
        Case::plugin()
            .go("home/sdk/go1.25.6", "1.25.6")
            .script("bin/python3", &format!("echo \"$*\" >>$HOME/asked\n{body}"))
    };
    let case = pip(&format!("mkdir -p wheel && echo zip >wheel/{wheel}"));
    let ran = case.run("-g 2.12.1 -a amd64 -q");
    assert!(case.list("store/zig").is_empty() && case.list("store/tmp").is_empty());
    snapbox::assert_data_eq!(
        ran.text(),
        str![[r#"
exit: 5
--- stderr
error: zig 0.16.0 from ziglang-0.16.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl is not what was published: its hash is [HASH], published is [HASH]
help: nothing was kept; try again, or another mirror: a proxy on the way may have changed it

"#]]
    );
    let asked = fs::read_to_string(case.at("home/asked")).unwrap();
    assert_eq!(
        asked,
        "-m pip download --quiet --disable-pip-version-check --no-input --no-cache-dir --no-deps --only-binary=:all: --dest wheel ziglang==0.16.0\n",
        "bytes that were changed on the way are no reason to ask elsewhere"
    );
}

/// A Go on the machine that can fetch others: the module's files get their run bits, and land in the store.
#[test]
fn go_as_a_module() {
    if !stand_ins_are_amd64("go_as_a_module") {
        return;
    }
    let (goos, goarch) = HOST.split_once('-').unwrap();
    let fetch = "out=$GOMODCACHE/golang.org/toolchain@v0.0.1-go1.25.6.LIKE\n\
         [ \"$*\" = 'mod download -json golang.org/toolchain@v0.0.1-go1.25.6.LIKE' ] || { echo bad $* >&2; exit 1; }\n\
         [ \"$GOFLAGS $GOTOOLCHAIN ${GOROOT-none}\" = '-modcacherw local none' ] || { echo bad env >&2; exit 1; }\n\
         mkdir -p $out/bin $out/pkg/tool/OS_ARCH && cp $HOME/fetched/VERSION $out && cp $HOME/fetched/bin/go $out/bin && touch $out/pkg/tool/OS_ARCH/compile\n\
         chmod -R a-x,u+X $out/bin/go\nprintf '{\"Dir\": \"%s\", \"Sum\": \"h1:x\"}' $out\n"
        .replace("LIKE", HOST)
        .replace("OS_ARCH", &format!("{goos}_{goarch}"));
    let case = Case::plugin()
        .zig()
        .fetching_go(&fetch)
        .go("home/fetched", "1.25.6")
        .env("GOROOT", "/nowhere");
    case.run("-g 2.12.1 -a amd64").is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
    fetching Go 1.25.6 by Go 1.26.0 ([ROOT]/anygo/bin/go), through your GOPROXY
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: fetched by Go 1.26.0 on this machine, through your GOPROXY
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]);
    assert!(case.list("store/tmp").is_empty());
    // Refused by the proxy, and no mirror of the archives either.
    let refusing = Case::plugin().zig().fetching_go(
        "echo \"{\\\"Error\\\": \\\"$4: reading https://proxy.example/golang.org/toolchain: 403 Forbidden\\\"}\"; exit 1",
    );
    let refusing = refusing
        .env("http_proxy", "http://127.0.0.1:9")
        .env("https_proxy", "http://127.0.0.1:9");
    let ran = refusing.run("-g 2.12.1 -a amd64 -q");
    snapbox::assert_data_eq!(
        ran.exits(5).text(),
        str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.6: neither your GOPROXY nor https://go.dev/dl gives it
  cannot fetch Go 1.25.6 as the module golang.org/toolchain@v0.0.1-go1.25.6.[HOST]: reading https://proxy.example/golang.org/toolchain: 403 Forbidden
  cannot fetch Go 1.25.6 from https://go.dev/dl/go1.25.6.[HOST].tar.gz: Connection refused (os error 111)
help: install exactly Go 1.25.6 yourself: on PATH, or in ~/sdk/go1.25.6, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    assert!(refusing.list("store/tmp").is_empty() && refusing.list("store/go").is_empty());
}

/// A go command that waits for its proxy without end is given up, and what it started with it.
#[test]
fn go_that_is_not_a_module() {
    let case = Case::plugin()
        .zig()
        .fetching_go("echo $$ >\"$HOME/go\"; sleep 60; exit 1")
        .env("PLUGBUILD_TIMEOUT", "1")
        .env("http_proxy", "http://127.0.0.1:9")
        .env("https_proxy", "http://127.0.0.1:9");
    let begun = Instant::now();
    let ran = case.run("-g 2.12.1 -a amd64 -q");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    snapbox::assert_data_eq!(
        ran.text(),
        str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.6: neither your GOPROXY nor https://go.dev/dl gives it
  cannot fetch Go 1.25.6 as the module golang.org/toolchain@v0.0.1-go1.25.6.[HOST]: nothing arrived for 1 s
  cannot fetch Go 1.25.6 from https://go.dev/dl/go1.25.6.[HOST].tar.gz: Connection refused (os error 111)
help: install exactly Go 1.25.6 yourself: on PATH, or in ~/sdk/go1.25.6, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]
    );
    let pid = fs::read_to_string(case.at("home/go")).unwrap();
    let process = format!("/proc/{}/stat", pid.trim());
    let zombie = |stat: String| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'));
    assert!(fs::read_to_string(process).map_or(true, zombie), "it still runs");
    assert!(case.list("store/tmp").is_empty() && case.list("store/go").is_empty());
}

/// A proxy of modules that fails in the middle of a build: said so, and nothing is left of what it brought.
#[test]
fn modules_from_a_failing_proxy() {
    let test = "modules_from_a_failing_proxy";
    let go = match Go::fetch("1.25.6") {
        Ok(go) => go,
        Err(why) => return skipped(test, &why),
    };
    let mirror = Mirror::start();
    let main = MAIN_GO.replace("import (", "import (\n\t_ \"example.org/m\"");
    let case = Case::empty()
        .file(
            "work/go.mod",
            "module example.com/handler\n\ngo 1.19\n\nrequire example.org/m v1.0.0\n",
        )
        .file("work/main.go", main)
        .zig()
        .env("PLUGBUILD_GO", &go.root)
        .env("GOFLAGS", "-modcacherw")
        .env("GOSUMDB", "off")
        .env("GOPROXY", &mirror.url);
    let zip = tar_gz(&[("no zip, and never read as one", 0o644, &[7; 5000])]);
    let place = |ending: &str| format!("/example.org/m/@v/v1.0.0{ending}");
    let with = |case: &Case, proxy: &str| {
        let ran = case.run_args(["-g", "2.12.1", "-t", "amd64-musl", "-q"]);
        assert_eq!(case.list("work"), ["go.mod", "main.go"], "{proxy}");
        assert!(case.list("store/tmp").is_empty() && !case.at("store/linked").exists());
        let kept = case.list("home/go/pkg/mod/cache/download/example.org/m/@v");
        assert!(!kept.iter().any(|name| name.ends_with(".zip")), "{proxy}: {kept:?}");
        ran
    };
    mirror
        .serve(&place(".info"), Answer::Whole(b"{\"Version\":\"v1.0.0\"}".to_vec()))
        .serve(&place(".mod"), Answer::Whole(b"module example.org/m\n".to_vec()));
    for (answer, why) in [
        (Answer::Cut(zip.clone()), "unexpected EOF"),
        (Answer::Status(503), "503"),
    ] {
        mirror.serve(&place(".zip"), answer);
        let ran = with(&case, why);
        ran.exits(5);
        assert!(ran.stderr.contains(why), "{}", ran.text());
        assert!(
            ran.stderr
                .contains("help: modules that are missing could not be fetched"),
            "{}",
            ran.text()
        );
    }
    // One that takes the request and never answers, and one that stops in the middle: the go command would wait for ever.
    let case = case.env("PLUGBUILD_TIMEOUT", "1");
    for answer in [Answer::Silent, Answer::Stalled(zip)] {
        mirror.serve(&place(".zip"), answer);
        let begun = Instant::now();
        let ran = with(&case, "silent");
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        snapbox::assert_data_eq!(
            ran.text(),
            str![[r#"
exit: 5
--- stderr
error: the modules of example.com/handler cannot be fetched: nothing arrived for 5 s, and the go command still waits
help: check GOPROXY and the network; plugbuild waits 5 × PLUGBUILD_TIMEOUT seconds for modules

"#]]
        );
    }
    let nobody = case.env("GOPROXY", "http://127.0.0.1:9");
    fs::remove_dir_all(nobody.at("home/go")).unwrap();
    let ran = nobody.run("-g 2.12.1 -t amd64-musl -q");
    assert!(ran.exits(5).stderr.contains("connection refused"), "{}", ran.text());
}

/// A Go, packed as the official archives are but for what no build needs, builds a plugin on a machine that has none.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn real_go_from_an_archive() {
    let test = "real_go_from_an_archive";
    let go = match Go::fetch("1.27.3") {
        Ok(go) => go,
        Err(why) => return skipped(test, &why),
    };
    // It has to be one whose sum is not built in, and that is not found before anything is fetched.
    if fs::read_to_string("/usr/local/go/VERSION").is_ok_and(|text| text.starts_with("go1.27.3\n")) {
        return skipped(test, "/usr/local/go is that very Go");
    }
    if Command::new("gcc").arg("--version").output().is_err() {
        return skipped(test, "no gcc");
    }
    let case = Case::plugin();
    fs::create_dir(case.at("mirror")).unwrap();
    symlink(&go.root, case.at("mirror/go")).unwrap();
    let archive = case.at("mirror").join(go_archive_name("1.27.3"));
    let packed = Command::new("tar")
        .args([
            "--exclude=go/test",
            "--exclude=go/doc",
            "--exclude=go/src/cmd",
            "--exclude=go/api",
            "-I",
            "gzip -1",
            "-C",
        ])
        .arg(case.at("mirror"))
        .args(["-chf", archive.to_str().unwrap(), "go"])
        .status()
        .unwrap();
    assert!(packed.success());
    let sum = sha256_of(&archive).unwrap();
    let list = serde_json::json!([{ "version": "go1.27.3", "files": [{ "filename": go_archive_name("1.27.3"), "sha256": sum }] }]);
    let mirror = folder_mirror(&case.at("mirror"));
    let case = case
        .file("mirror/index.json", list.to_string())
        .settings(&UNKNOWN_GO.replace("1.25.66", "1.27.3"))
        .env("PLUGBUILD_GO_MIRROR", mirror)
        .env("PATH", "/usr/bin:/bin")
        .env("GOCACHE", cache().join("gocache"));
    // What the C compiler's own glibc is newer than is no matter here.
    let ran = case.run("-g 2.12.1 --cc gcc --libc glibc=2.43 -o handler.so");
    ran.exits(0);
    assert!(ran.stderr.contains("exports HandlerRegisterer"), "{}", ran.text());
    let plugin = plugbuild::binary::Binary::open(case.at("work/handler.so")).unwrap();
    assert_eq!(plugin.build_info().unwrap().go, "go1.27.3");
    // The Go of the store knows itself.
    let version = Command::new(case.at(&format!("store/go/go1.27.3.{HOST}/bin/go")))
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .output()
        .unwrap();
    assert!(
        String::from_utf8(version.stdout)
            .unwrap()
            .starts_with("go version go1.27.3 ")
    );
}
