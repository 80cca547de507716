//! Bundles: what one machine fetched builds on another that has no network, and whatever is not whole is refused.

use std::fs;
use std::io::Read;
use std::path::Path;

use plugbuild::util::fs::remove_tree;
use plugbuild::util::hash::sha256_of;
use serde_json::{Value, json};
use snapbox::str;

use crate::support::case::{Case, HOST, go_script};
use crate::support::gateway::{text, zig};
use crate::support::go::Go;
use crate::support::mirror::{sha256, tar_gz};
use crate::support::{cache, plugbuild, root, skipped, stand_ins_are_amd64};

const CREATE: &str = "bundle create out.plugbundle -g 2.12.1 -t amd64-musl -q";

/// A machine with stand-ins for Go, which downloads a module when it lists, and for zig.
pub(crate) fn equipped() -> Case {
    let go = format!(
        "d=$GOMODCACHE/cache/download/example.org/m/@v\n\
         [ \"$1\" = list ] && mkdir -p \"$d\" && for f in v1.0.0.zip v1.0.0.mod v1.0.0.lock list; do echo $f >\"$d/$f\"; done\n\
         {}",
        go_script("1.25.6", "")
    );
    let bulk: Vec<u8> = (0..400_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    Case::plugin()
        .go("home/sdk/go1.25.6", "1.25.6")
        .script("home/sdk/go1.25.6/bin/go", &go)
        .file("home/sdk/go1.25.6/src/bulk", bulk)
        .script(&zig_place("store"), "[ \"$1\" = version ] && echo 0.16.0\n")
}

fn zig_place(store: &str) -> String {
    format!("{store}/zig/zig-0.16.0.{HOST}/zig")
}

/// The bytes of a bundle of stand-ins.
pub(crate) fn bundle() -> Vec<u8> {
    let case = equipped();
    case.run(CREATE).exits(0);
    fs::read(case.at("work/out.plugbundle")).unwrap()
}

/// A machine that has nothing but the bundle.
pub(crate) fn site(bundle: &[u8]) -> Case {
    Case::plugin().file("in.plugbundle", bundle)
}

/// What is below the store, locks aside.
pub(crate) fn kept(case: &Case) -> Vec<String> {
    let mut names = case.list("store");
    names.retain(|name| name != "locks" && (name != "tmp" || !case.list("store/tmp").is_empty()));
    names
}

#[test]
fn bundle_holds_only_what_builds_need() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = equipped();
    case.run("bundle create out.plugbundle -g 2.12.1 -t amd64-musl -t amd64-glibc")
        .exits(0);
    let members = entries(&fs::read(case.at("work/out.plugbundle")).unwrap());
    let names: Vec<&str> = members.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "bundle.json",
            "modules/cache/download/example.org/m/@v/list",
            "modules/cache/download/example.org/m/@v/v1.0.0.mod",
            "modules/cache/download/example.org/m/@v/v1.0.0.zip",
            "tools/go-1.25.6.tar.gz",
            "tools/zig-0.16.0.tar.gz",
        ]
    );
    assert_eq!(case.list("work"), ["go.mod", "main.go", "out.plugbundle"]);
    assert!(case.list("store/tmp").is_empty());
    assert!(!case.at("store/modules").exists() && !case.at("store/linked").exists());
    // Of another machine, at another time, with another cache: the same bytes.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let other = equipped().env("GOFLAGS", "-modcacherw");
    let ran = other.run("bundle create a/b/out.plugbundle . -g 2.12.1 --arch amd64 --libc musl --libc glibc -q");
    ran.exits(0);
    assert_eq!(ran.stdout, "[CWD]/a/b/out.plugbundle\n");
    let read = |case: &Case, file: &str| fs::read(case.at("work").join(file)).unwrap();
    assert!(read(&case, "out.plugbundle") == read(&other, "a/b/out.plugbundle"));
    // An older one gives way.
    case.run(CREATE).exits(0);
}

#[test]
fn installed_bundle_builds_offline() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = site(&bundle());
    case.run("bundle install ../in.plugbundle").is(str![[r#"
exit: 0
--- stderr
    checking [ROOT]/in.plugbundle
   installed go 1.25.6: [STORE]/go/go1.25.6.[HOST]
   installed zig 0.16.0: [STORE]/zig/zig-0.16.0.[HOST]
   installed 1 module: [STORE]/modules/[HASH]

"#]]);
    assert_eq!(kept(&case), ["go", "modules", "zig"]);
    case.run("bundle install ../in.plugbundle --message-format json -q")
        .is(str![[r#"
exit: 0
--- stdout
{"path":"[STORE]/go/go1.25.6.[HOST]","reason":"found","what":"go 1.25.6"}
{"path":"[STORE]/zig/zig-0.16.0.[HOST]","reason":"found","what":"zig 0.16.0"}
{"path":"[STORE]/modules/[HASH]","reason":"found","what":"1 module"}

"#]]);
    case.run("-g 2.12.1 -t amd64-musl --offline").is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in the store
      target x86_64-unknown-linux-musl: --target
          cc zig 0.16.0: compiles for every target and libc version, in the store
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]);
}

#[test]
fn bundle_replaces_a_broken_tool() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = site(&bundle());
    case.run("bundle install ../in.plugbundle -q").exits(0);
    let go = format!("store/go/go1.25.6.{HOST}");
    fs::remove_dir_all(case.at(&go).join("bin")).unwrap();
    fs::write(case.at(&go).join("rest"), "").unwrap();
    fs::remove_file(case.at(&zig_place("store"))).unwrap();
    case.run("bundle install ../in.plugbundle").is(str![[r#"
exit: 0
--- stderr
    checking [ROOT]/in.plugbundle
   installed go 1.25.6: [STORE]/go/go1.25.6.[HOST]
   installed zig 0.16.0: [STORE]/zig/zig-0.16.0.[HOST]
       found 1 module: [STORE]/modules/[HASH]

"#]]);
    assert!(!case.at(&go).join("rest").exists());
    assert!(case.list("store/tmp").is_empty());
    case.run("-g 2.12.1 -t amd64-musl --offline -q").exits(0);
}

#[test]
fn bundles_are_listed_and_removed() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = site(&bundle());
    case.run("bundle install ../in.plugbundle -q").exits(0);
    case.run("bundle list").is(str![[r#"
exit: 0
--- stdout
[HASH]      1 module    0.0 MB  [STORE]/modules/[HASH]

"#]]);
    let id = case.list("store/modules").remove(0);
    case.run("bundle remove other").is(str![[r#"
exit: 2
--- stderr
error: no bundle brought modules called other
help: `plugbuild bundle list` lists what is

"#]]);
    case.run(&format!("bundle remove {id}")).is(str![[r#"
exit: 0
--- stderr
     removed [STORE]/modules/[HASH]

"#]]);
    case.run("bundle list").is(str![[r#"
exit: 0
--- stderr
      listed nothing: no bundle was installed

"#]]);
    assert!(case.list("store/modules").is_empty() && case.list("store/tmp").is_empty());
    case.run("toolchain list").is(str![[r#"
exit: 0
--- stdout
go 1.25.6    [STORE]/go/go1.25.6.[HOST]
zig 0.16.0   [STORE]/zig/zig-0.16.0.[HOST]

"#]]);
}

/// With the go command of the machine's own settings that forbid the network, or with --offline: what a build sees.
#[test]
fn only_offline_builds_use_bundled_modules() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = site(&bundle());
    case.run("bundle install ../in.plugbundle -q").exits(0);
    let place = format!("store/go/go1.25.6.{HOST}/bin/go");
    let told = "echo \"$GOPROXY ${GOSUMDB-unset} ${GONOPROXY-unset}\" >>\"$HOME/told\"\n";
    let case = case.script(&place, &go_script("1.25.6", told));
    let told = |case: &Case, args: &str| {
        let _ = fs::remove_file(case.at("home/told"));
        // The go command is to be asked each time, changed or not.
        case.run(&format!("{args} -- -a")).exits(0);
        let told = fs::read_to_string(case.at("home/told")).unwrap();
        let mut lines: Vec<&str> = told.split_inclusive('\n').collect();
        lines.dedup();
        let told = lines.concat();
        let modules = case.at("store/modules");
        let id = case.list("store/modules").remove(0);
        told.replace(&format!("{}/{id}", modules.display()), "[MODULES]")
    };
    let build = "-g 2.12.1 -t amd64-musl -q";
    let off = "file://[MODULES]/cache/download,off off none\n";
    assert_eq!(told(&case, &format!("{build} --offline")), off);
    assert_eq!(told(&case, build), " unset unset\n");
    let case = case.env("GOPROXY", "https://proxy.invalid");
    assert_eq!(told(&case, build), "https://proxy.invalid unset unset\n");
    let case = case.env("GOPROXY", "off").env("GOPRIVATE", "example.com");
    // Private modules may still come from where they are.
    assert_eq!(told(&case, build), "file://[MODULES]/cache/download,off off unset\n");
    let case = case.without("GOPROXY").env("PLUGBUILD_OFFLINE", "1");
    assert_eq!(told(&case, build), off);
}

type Entry = (String, tar::EntryType, String, Vec<u8>);

fn entries(bundle: &[u8]) -> Vec<Entry> {
    let mut archive = tar::Archive::new(bundle);
    let read = |entry: std::io::Result<tar::Entry<&[u8]>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        (name, entry.header().entry_type(), String::new(), bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

fn packed(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind, link, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        // Written raw: `set_path` refuses what some tests are about.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// The same bundle, with its list changed.
fn relisted(entries: &[Entry], change: impl Fn(&mut Value)) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    let mut list: Value = serde_json::from_slice(&entries[0].3).unwrap();
    change(&mut list);
    entries[0].3 = serde_json::to_vec(&list).unwrap();
    entries
}

/// The same bundle with a member of another content, and a list that says so.
fn with_member(entries: &[Entry], name: &str, content: &[u8]) -> Vec<Entry> {
    let mut entries = relisted(entries, |list| {
        let members = list["members"].as_array_mut().unwrap();
        let member = members.iter_mut().find(|member| member["file"] == name).unwrap();
        member["sha256"] = sha256(content).into();
        member["size"] = content.len().into();
    });
    let entry = entries.iter_mut().find(|(known, ..)| known == name).unwrap();
    entry.3 = content.to_vec();
    entries
}

/// Installs it where nothing is; it must be refused, with nothing left. Returns what was said.
fn refused(bundle: &[u8], code: i32) -> String {
    let case = site(bundle);
    let ran = case.run("bundle install ../in.plugbundle -q");
    ran.exits(code);
    assert_eq!(kept(&case), Vec::<String>::new(), "{}", ran.text());
    assert_eq!(case.list(""), ["bin", "home", "in.plugbundle", "store", "work"]);
    ran.stderr
}

#[test]
fn damaged_bundle_is_refused() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let good = bundle();
    let all = entries(&good);
    let go = "tools/go-1.25.6.tar.gz";
    let mut count = 0;
    let mut is = |bundle: Vec<u8>, code: i32, why: &str| {
        let said = refused(&bundle, code);
        assert!(said.contains(why), "{why}:\n{said}");
        count += 1;
    };
    // Cut anywhere: in the list, in members, between them.
    let body = all
        .iter()
        .map(|(.., bytes)| 512 + bytes.len().next_multiple_of(512))
        .sum::<usize>();
    for part in 0..16 {
        let at = body * part / 16 + part;
        is(good[..at].to_vec(), 5, "is refused: ");
    }
    // One bit of every member.
    for at in 1..all.len() {
        let mut entries = all.clone();
        entries[at].3[0] ^= 1;
        is(packed(&entries), 5, "is not what its list says: its SHA-256 is ");
    }
    let mut longer = all.clone();
    longer[2].3.push(b'x');
    is(packed(&longer), 5, "is not what its list says");
    // Members that are missing, too many, twice, or no files.
    is(
        packed(&all[..all.len() - 1]),
        5,
        "it ends before its member tools/zig-0.16.0.tar.gz; 1 are missing",
    );
    is(packed(&all[1..]), 5, "it does not begin with a bundle.json");
    is(
        packed(&[&all[1..], &all[..1]].concat()),
        5,
        "it does not begin with a bundle.json",
    );
    is(
        packed(&[&all[..], &all[1..2]].concat()),
        5,
        "is not in its list, or appears twice",
    );
    for name in ["../evil", "/tmp/evil", "tools/../../evil", "modules/other", "store"] {
        let extra = (name.to_owned(), tar::EntryType::Regular, String::new(), b"x".to_vec());
        let entries = [&all[..], std::slice::from_ref(&extra)].concat();
        is(packed(&entries), 5, "is not in its list");
        let listed = relisted(&entries, |list| {
            let member = json!({ "file": name, "size": 1, "sha256": sha256(b"x") });
            list["members"].as_array_mut().unwrap().push(member);
        });
        is(packed(&listed), 5, &format!("its member {name} leads out of it"));
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Directory] {
        let mut entries = all.clone();
        entries[1] = (entries[1].0.clone(), kind, "/etc/passwd".to_owned(), Vec::new());
        is(packed(&entries), 5, "is not a file");
    }
    // Tools with right sums and wrong content.
    let tool = |content: &[u8]| packed(&with_member(&all, go, content));
    is(tool(&tar_gz(&[("../../../evil", 0o644, b"x")])), 5, "leads out of it");
    is(tool(&tar_gz(&[("/evil", 0o644, b"x")])), 5, "leads out of it");
    is(tool(b"no archive"), 5, "is damaged");
    is(
        tool(&tar_gz(&[("VERSION", 0o644, b"go1.25.5\n"), ("bin/go", 0o755, b"x")])),
        5,
        "what it has as go 1.25.6 is not that",
    );
    is(tool(&tar_gz(&[("VERSION", 0o644, b"go1.25.6\n")])), 5, "is not that");
    let other = relisted(&all, |list| list["tools"][0]["version"] = "1.25/../../../x".into());
    is(packed(&other), 5, "cannot be understood");
    // Not for here.
    let newer = relisted(&all, |list| list["schema_version"] = 2.into());
    is(
        packed(&newer),
        2,
        "has the schema version 2, and this plugbuild knows 1 only",
    );
    let elsewhere = relisted(&all, |list| list["host"] = "darwin/arm64".into());
    is(
        packed(&elsewhere),
        2,
        "its tools are for darwin/arm64, and this machine is linux/amd64",
    );
    // No bundle at all.
    for bytes in [&b""[..], b"x", &[0; 4096], b"<html>not a bundle</html>"] {
        is(bytes.to_vec(), 5, "is refused: ");
    }
    is(
        packed(&relisted(&all, |list| *list = json!({}))),
        5,
        "cannot be understood",
    );
    assert!(count > 45, "{count}");
    // The very same, whole.
    site(&packed(&all)).run("bundle install ../in.plugbundle -q").exits(0);
}

#[test]
fn unwritable_and_unreadable_bundles() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = equipped();
    case.run("bundle install none.plugbundle -q").is(str![[r#"
exit: 6
--- stderr
error: cannot read [CWD]/none.plugbundle: No such file or directory (os error 2)
help: give the file that `plugbuild bundle create FILE` wrote

"#]]);
    case.run("bundle create . -g 2.12.1 -q").is(str![[r#"
exit: 2
--- stderr
error: [CWD] exists and is not a file
help: name another file

"#]]);
    case.run("bundle create main.go/x -g 2.12.1 -q").exits(6);
    case.run("bundle create x -g - -q").is(str![[r#"
exit: 2
--- stderr
error: a bundle is planned more than once, and standard input is read once only
help: write the output of `krakend version` to a file: `--gateway version.txt`

"#]]);
    // Without zig, and without a network.
    let bare = Case::plugin().go("home/sdk/go1.25.6", "1.25.6");
    bare.run(&format!("{CREATE} --offline")).exits(4);
    // A dry run writes nothing.
    let dry = case.run("bundle create x -g 2.12.1 -t amd64-musl --dry-run");
    assert!(
        dry.exits(0).stdout.contains(" build -buildmode=plugin"),
        "{}",
        dry.text()
    );
    assert_eq!(case.list("work"), ["go.mod", "main.go"]);
    assert!(case.list("store/tmp").is_empty());
}

/// A build that needs what no bundle can hold: nothing is written.
#[test]
fn failed_rehearsal_leaves_no_bundle() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let case = equipped().script(
        "home/sdk/go1.25.6/bin/go",
        "[ \"$1\" = build ] || exit 0\necho 'm: module lookup disabled by GOPROXY=off' >&2; exit 1\n",
    );
    let ran = case.run(CREATE);
    ran.exits(3);
    assert!(
        ran.stderr
            .contains("error: the bundle does not hold all that is needed: "),
        "{}",
        ran.stderr
    );
    assert_eq!(case.list("work"), ["go.mod", "main.go"]);
    assert!(case.list("store/tmp").is_empty());
}

/// The real thing: what was bundled here builds there, without Go, zig, modules or a network, to the same bytes.
#[test]
fn real_plugin_builds_from_a_bundle() {
    let test = "real_plugin_builds_from_a_bundle";
    if let Err(why) = Go::fetch("1.25.6") {
        return skipped(test, &why);
    }
    zig();
    let example = root().join("examples/shared");
    let there = Case::empty()
        .env("PATH", "/usr/bin:/bin")
        .env("GOCACHE", cache().join("gocache"))
        .env("GOMODCACHE", "/nowhere")
        .env("GOPROXY", "off")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env("https_proxy", "http://127.0.0.1:9");
    let modules = there.at("modules");
    let there = there.env("GOMODCACHE", &modules);
    let file = there.at("carried.plugbundle");
    let plan = ["-g", "2.12.1", "-t", "amd64-musl", "-t", "amd64-glibc", "-q"];
    let here = |args: &[&str], out: &Path| {
        let run = plugbuild(args)
            .arg(out)
            .arg(&example)
            .args(plan)
            .env("GOCACHE", cache().join("gocache"))
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", text(&run.stderr));
    };
    here(&["bundle", "create"], &file);
    here(&["build", "--out-dir"], &there.at("usual"));
    // Neither Go nor modules are there before, and none comes from elsewhere.
    there.run_args(["bundle", "install", file.to_str().unwrap()]).exits(0);
    for (offline, out) in [(None, "built"), (Some("--offline"), "again")] {
        let example = example.to_str().unwrap();
        let args = ["build", example, "--out-dir", out]
            .into_iter()
            .chain(plan)
            .chain(offline);
        there.run_args(args).exits(0);
        let names = there.list("usual");
        assert_eq!(names.len(), 2);
        for name in names {
            assert_eq!(
                sha256_of(&there.at("usual").join(&name)).unwrap(),
                sha256_of(&there.at("work").join(out).join(&name)).unwrap(),
                "{name}"
            );
        }
    }
    assert!(modules.join("cache/download").is_dir());
    // Go leaves folders that only their owner's force removes.
    remove_tree(&modules).unwrap();
}
