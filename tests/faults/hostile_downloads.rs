//! Attacks on what is downloaded and unpacked: each is named by its number in the threat model.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::case::{Case, HOST, Ran};
use crate::support::mirror::{Answer, GO_LIST, Mirror, go_archive, go_archive_name, go_list, sha256};

/// An entry of an archive: its name, kind, link target, mode and content.
type Entry<'a> = (&'a str, tar::EntryType, &'a str, u32, &'a [u8]);

const FILE: tar::EntryType = tar::EntryType::Regular;
const LINK: tar::EntryType = tar::EntryType::Symlink;

/// A tar with names of any length, as GNU tar writes them, and links that no careful writer makes.
fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |name: &str, kind, link: &str, mode, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        let short = &name.as_bytes()[..name.len().min(99)];
        header.as_old_mut().name[..short.len()].copy_from_slice(short);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_cksum();
        tar.append(&header, content).unwrap();
    };
    for (name, kind, link, mode, content) in entries {
        if name.len() > 99 {
            put("././@LongLink", tar::EntryType::GNULongName, "", 0o644, name.as_bytes());
        }
        put(name, *kind, link, *mode, content);
    }
    tar.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// A bundle with one tool, whose every sum is right.
fn bundle(tool: &str, version: &str, archive: &[u8]) -> Vec<u8> {
    let file = format!("tools/{tool}-{version}.tar.gz");
    let list = json!({
        "schema_version": 1, "plugbuild": "1", "host": HOST.replacen('-', "/", 1),
        "tools": [{ "name": tool, "version": version, "file": file }],
        "members": [{ "file": file, "size": archive.len(), "sha256": sha256(archive) }],
    });
    let list = serde_json::to_vec(&list).unwrap();
    tar(&[
        ("bundle.json", FILE, "", 0o644, &list),
        (&file, FILE, "", 0o644, archive),
    ])
}

/// Installing it ends with 5, says `why`, and neither leaves anything nor names the folder it was staged in.
#[track_caller]
fn refused(case: &Case, why: &str) -> String {
    let ran = case.run("bundle install ../in.plugbundle -q");
    not_kept(case, &ran, why)
}

#[track_caller]
fn not_kept(case: &Case, ran: &Ran, why: &str) -> String {
    ran.exits(5);
    assert!(ran.stderr.contains(why), "{why}: {}", ran.text());
    assert!(!ran.stderr.contains("stage-"), "{}", ran.text());
    for dir in ["store/go", "store/zig", "store/tmp"] {
        assert_eq!(case.list(dir), Vec::<String>::new(), "{dir}: {}", ran.text());
    }
    ran.stderr.clone()
}

const SCRIPT: &[u8] = b"#!/bin/sh\n";

#[test]
fn a7_a_chain_of_links_changes_nothing_outside() {
    // Each link stays inside by its own letters; the last one is zig itself, which is made executable.
    let chain: [Entry; 4] = [
        ("a/b/c/up", LINK, "../../..", 0o777, b""),
        ("a/d", LINK, "b/c/up/..", 0o777, b""),
        ("e", LINK, "a/d/..", 0o777, b""),
        ("zig", LINK, "e/../victim", 0o777, b""),
    ];
    for (tool, version) in [("zig", "0.16.0"), ("go", "1.25.6")] {
        let case = Case::empty()
            .file("in.plugbundle", bundle(tool, version, &gz(&tar(&chain))))
            .file("store/tmp/victim", "x")
            .file("store/victim", "x");
        let mode = |path: &str| fs::metadata(case.at(path)).unwrap().permissions().mode() & 0o777;
        let victims = ["store/tmp/victim", "store/victim"];
        for victim in victims {
            fs::set_permissions(case.at(victim), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let ran = case.run("bundle install ../in.plugbundle -q");
        ran.exits(5);
        assert!(ran.stderr.contains("leads out of it"), "{}", ran.text());
        assert_eq!(victims.map(mode), [0o600; 2]);
        assert_eq!(case.list("store/tmp"), ["victim"]);
    }
}

#[test]
fn a7_a_tool_that_is_a_link_or_no_program_is_refused() {
    let version = ("VERSION", FILE, "", 0o644, &b"go1.25.6\n"[..]);
    let no_go = "what it has as go 1.25.6 is not that";
    let real: Entry = ("bin/real", FILE, "", 0o755, SCRIPT);
    for go in [
        vec![version, real, ("bin/go", LINK, "real", 0o777, b"")],
        vec![
            version,
            ("b/go", FILE, "", 0o755, SCRIPT),
            ("bin", LINK, "b", 0o777, b""),
        ],
        vec![version, ("bin/go", FILE, "", 0o755, b"just text")],
        vec![version, ("bin/go", FILE, "", 0o644, SCRIPT)],
        vec![version, ("bin/go", FILE, "", 0o755, b"")],
    ] {
        let case = Case::empty().file("in.plugbundle", bundle("go", "1.25.6", &gz(&tar(&go))));
        refused(&case, no_go);
    }
    let zig: [Entry; 2] = [("real", FILE, "", 0o755, SCRIPT), ("zig", LINK, "real", 0o777, b"")];
    let case = Case::empty().file("in.plugbundle", bundle("zig", "0.16.0", &gz(&tar(&zig))));
    refused(&case, "what it has as zig 0.16.0 is not that");

    // The same of an archive from a server, where the folder itself is the link.
    let linked: [Entry; 3] = [
        ("g/VERSION", FILE, "", 0o644, b"go1.97.1\n"),
        ("g/bin/go", FILE, "", 0o755, SCRIPT),
        ("go", LINK, "g", 0o777, b""),
    ];
    let (case, _mirror) = served("1.97.1", gz(&tar(&linked)));
    not_kept(&case, &case.run("toolchain install 1.97.1"), "is not that Go");
    // And whole.
    let whole = [version, ("bin/go", FILE, "", 0o755, SCRIPT)];
    let case = Case::empty().file("in.plugbundle", bundle("go", "1.25.6", &gz(&tar(&whole))));
    case.run("bundle install ../in.plugbundle -q").exits(0);
}

/// A Go that no table knows, on a mirror of the user's.
fn served(version: &str, archive: Vec<u8>) -> (Case, Mirror) {
    let mirror = Mirror::start();
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[(version, &archive)])));
    mirror.serve(&format!("/{}", go_archive_name(version)), Answer::Whole(archive));
    let case = Case::empty().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    (case, mirror)
}

#[test]
fn a7_what_is_unpacked_has_limits() {
    let begun = Instant::now();
    // A header that says how long a name is, and then a name without an end.
    let long_name = {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_path("././@LongLink").unwrap();
        header.set_size(1 << 30);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.resize(64 << 20, b'x');
        bytes
    };
    let deep = format!("{}x", "d/".repeat(1500));
    let many: Vec<String> = (0..100_001).map(|n| format!("f{n}")).collect();
    let many: Vec<Entry> = many
        .iter()
        .map(|name| (name.as_str(), FILE, "", 0o644, &b""[..]))
        .collect();
    for (archive, why) in [
        (gz(&long_name), "a name in it has 1073741824 bytes"),
        (
            gz(&tar(&[(&deep, FILE, "", 0o644, b"x")])),
            "has a path of 3001 bytes and 1501 parts",
        ),
        (
            gz(&tar(&[(&"x".repeat(300), FILE, "", 0o644, b"x")])),
            "has a path of 300 bytes",
        ),
        (gz(&tar(&[("a\x1b]0;b", FILE, "", 0o644, b"x")])), "is not plain text"),
        (
            gz(&tar(&[("f", FILE, "", 0o644, b"x"), ("f/x", FILE, "", 0o644, b"x")])),
            "appears twice",
        ),
        (
            gz(&tar(&[("f", tar::EntryType::Link, "/etc/passwd", 0o644, b"")])),
            "is neither a file nor a directory",
        ),
        (
            gz(&tar(&[("f", tar::EntryType::Fifo, "", 0o644, b"")])),
            "is neither a file nor a directory",
        ),
        (gz(&tar(&many)), "has more than 100000 entries"),
    ] {
        let case = Case::empty().file("in.plugbundle", bundle("go", "1.25.6", &archive));
        refused(&case, why);
    }
    // Three megabytes that are three gigabytes.
    let mut bomb = tar(&[("bulk", FILE, "", 0o644, b"")]);
    bomb.truncate(512);
    let mut header = tar::Header::new_gnu();
    header.set_path("bulk").unwrap();
    header.set_size(3 << 30);
    header.set_cksum();
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 16 << 20];
    (0..70).for_each(|_| out.write_all(&zeros).unwrap());
    let case = Case::empty().file("in.plugbundle", bundle("go", "1.25.6", &out.finish().unwrap()));
    refused(&case, "contains more than 1024 MiB");
    // The bundle's own tar, too.
    let case = Case::empty().file("in.plugbundle", &long_name);
    refused(&case, "");
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}

#[test]
fn a7_a_body_without_an_end_is_refused() {
    let mirror = Mirror::start();
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.97.1", b"x")])));
    mirror.serve(&format!("/{}", go_archive_name("1.97.1")), Answer::Endless);
    let case = Case::empty().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    not_kept(&case, &case.run("toolchain install 1.97.1"), "is larger than 1024 MiB");
}

/// A python3 whose pip does this.
fn pip(body: &str) -> Case {
    Case::plugin()
        .go("home/sdk/go1.25.6", "1.25.6")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .script("bin/python3", body)
}

#[test]
fn a7_what_pip_brings_has_an_end_too() {
    let begun = Instant::now();
    // As large as that, and none of it on the disk; also where pip keeps what is not whole yet.
    for place in ["wheel", "$TMPDIR"] {
        let endless =
            format!("mkdir -p {place}\ndd if=/dev/null of={place}/x bs=1048576 seek=5000 count=0\nexec sleep 300\n");
        let case = pip(&endless);
        not_kept(
            &case,
            &case.run("toolchain install zig"),
            "more than 2048 MiB arrived as zig",
        );
    }
    let ran = pip("exec sleep 300\n")
        .env("PLUGBUILD_TIMEOUT", "1")
        .run("toolchain install zig");
    ran.exits(5);
    assert!(
        ran.stderr
            .contains("pip could not fetch ziglang 0.16.0: nothing arrived for 1 s"),
        "{}",
        ran.text()
    );
    assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
}

#[test]
fn a7_an_empty_bundle_is_refused() {
    let list = json!({ "schema_version": 1, "plugbuild": "1", "host": HOST.replacen('-', "/", 1), "tools": [], "members": [] });
    let list = serde_json::to_vec(&list).unwrap();
    let case = Case::empty().file("in.plugbundle", tar(&[("bundle.json", FILE, "", 0o644, &list)]));
    refused(&case, "contains neither a tool nor a module");
}

/// The official archive of a Go of the matrix is known by its sum: nobody's list makes another one that Go.
#[test]
fn a1_a_mirror_changes_the_place_and_never_the_sum() {
    let evil = go_archive("1.25.6");
    let mirror = Mirror::start();
    mirror.serve(
        GO_LIST,
        Answer::Whole(go_list(&[("1.25.6", &evil), ("1.97.1", &go_archive("1.97.1"))])),
    );
    mirror.serve(&format!("/{}", go_archive_name("1.25.6")), Answer::Whole(evil));
    mirror.serve(
        &format!("/{}", go_archive_name("1.97.1")),
        Answer::Whole(go_archive("1.97.1")),
    );
    let settings = format!("[mirrors]\ngo = \"{0}\"\nzig = \"{0}\"\n", mirror.url);
    let nowhere = |case: Case| {
        case.env("http_proxy", "http://127.0.0.1:9")
            .env("https_proxy", "http://127.0.0.1:9")
            .env("no_proxy", "127.0.0.1")
    };
    let of_repository = || nowhere(Case::plugin().file("work/plugbuild.toml", &settings));
    let not_that = "is not what was published";
    for case in [
        of_repository(),
        Case::plugin().settings(&settings),
        Case::plugin().env("PLUGBUILD_GO_MIRROR", &mirror.url),
    ] {
        not_kept(&case, &case.run("toolchain install 1.25.6"), not_that);
        not_kept(&case, &case.run("-g 2.12.1"), not_that);
    }
    // One that no table knows: a repository's mirror is not asked, neither without a Go nor with one.
    for case in [
        of_repository(),
        of_repository().fetching_go("echo '{\"Error\": \"reading x: 404 Not Found\"}'; exit 1"),
    ] {
        let before = mirror.asked();
        let said = not_kept(
            &case,
            &case.run("toolchain install 1.97.1"),
            "a repository's mirror is not believed",
        );
        assert!(!said.contains("1.97.1 from http://127"), "{said}");
        assert_eq!(mirror.asked(), before);
    }
    // The user's is.
    let case = Case::plugin().settings(&settings);
    let ran = case.run("toolchain install 1.97.1");
    assert!(
        ran.exits(0)
            .stderr
            .contains("(its checksum comes from the same server)"),
        "{}",
        ran.text()
    );
    let record = case.at(&format!("store/go/go1.97.1.{HOST}/.plugbuild.json"));
    let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record["word"], "published");
    assert_eq!(record["sum"], format!("sha256:{}", sha256(&go_archive("1.97.1"))));
}

/// A list of a repository's mirror says nothing about zig either.
#[test]
fn a1_a_repositorys_mirror_vouches_for_no_zig() {
    let mirror = Mirror::start();
    let case = Case::plugin()
        .file("work/plugbuild.toml", format!("[mirrors]\nzig = \"{}\"\n", mirror.url))
        .env("https_proxy", "http://127.0.0.1:9");
    let ran = case.run("toolchain install zig");
    ran.exits(5);
    assert!(
        !mirror.asked().contains(&"/index.json".to_owned()),
        "{:?}",
        mirror.asked()
    );
    assert!(case.list("store/zig").is_empty());
}

/// What is in the store by the name of a Go, and came as another archive than that Go's, is not taken for it.
#[test]
fn a1_the_store_knows_what_came_as_another_archive() {
    let record = json!({ "from": "http://evil.example/go.tar.gz", "sum": format!("sha256:{}", "0".repeat(64)), "word": "published" });
    let place = format!("store/go/go1.25.6.{HOST}");
    let case = Case::plugin().zig().go(&place, "1.25.6");
    case.run("-g 2.12.1 --offline --dry-run -q").exits(0);
    let case = case.file(&format!("{place}/.plugbuild.json"), record.to_string());
    case.run("-g 2.12.1 --offline -q").exits(4);
}

/// What the go command says of the checksum database ends the run, whatever another source might have.
#[test]
fn a6_a_security_error_is_the_end() {
    let alarms = [
        "verifying module: checksum mismatch\\\\n\\\\tdownloaded: h1:aaa\\\\n\\\\tsum.golang.org: h1:bbb\\\\n\\\\nSECURITY ERROR\\\\nThis download does NOT match the one reported by the checksum server.",
        "verifying module: SECURITY ERROR\\\\ngo.sum database server misbehavior detected!",
    ];
    for alarm in alarms {
        let case = Case::empty()
            .fetching_go(&format!(
                "printf '%s' '{{\"Error\": \"{}\"}}'; exit 1",
                alarm.replace("\\\\", "\\")
            ))
            .env("https_proxy", "http://127.0.0.1:9");
        let said = not_kept(&case, &case.run("toolchain install 1.25.6"), "SECURITY ERROR");
        assert!(!said.contains("go.dev/dl"), "{said}");
    }
    // Where the module is not there, the archive is tried, and it is said why; where that is not so, it is not.
    let tried = |error: &str, version: &str| {
        let case = Case::empty()
            .fetching_go(&format!("echo '{{\"Error\": \"{error}\"}}'; exit 1"))
            .env("https_proxy", "http://127.0.0.1:9");
        let said = not_kept(&case, &case.run(&format!("toolchain install {version}")), error);
        said.contains("fetching Go") && said.contains("go.dev/dl")
    };
    assert!(tried("reading https://proxy.example: 404 Not Found", "1.25.6"));
    assert!(tried("dial tcp: lookup proxy.example: no such host", "1.25.6"));
    assert!(!tried("tls: failed to verify certificate", "1.25.6"));
    assert!(
        !tried("reading https://proxy.example: 404 Not Found", "1.97.1"),
        "no sum of it is known"
    );
}

/// The go command of this machine, a proxy of files that nobody vouches for, and every setting that spares a module the
/// checksum database: a toolchain is held to it all the same.
#[test]
fn a6_no_setting_spares_a_toolchain_the_checksum_database() {
    if !std::path::Path::new("/usr/local/go/bin/go").is_file() {
        return crate::support::skipped("a6_no_setting_spares", "no Go in /usr/local/go");
    }
    let module = format!("golang.org/toolchain@v0.0.1-go1.97.1.{HOST}");
    let version = module.split_once('@').unwrap().1;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("VERSION", &b"go1.97.1\n"[..]), ("bin/go", SCRIPT)] {
        zip.start_file(format!("{module}/{name}"), zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let folder = format!("proxy/golang.org/toolchain/@v/{version}");
    for (name, value) in [
        ("GOSUMDB", "off"),
        ("GONOSUMDB", "*"),
        ("GOPRIVATE", "*"),
        ("GONOSUMCHECK", "1"),
    ] {
        let case = Case::empty()
            .file(&format!("{folder}.info"), format!("{{\"Version\":\"{version}\"}}"))
            .file(&format!("{folder}.mod"), "module golang.org/toolchain\n")
            .file(&format!("{folder}.zip"), &zip);
        let proxy = format!("file://{}", case.at("proxy").display());
        let case = case
            .env("PATH", "/usr/bin:/bin")
            .env("GOPROXY", proxy)
            .env("https_proxy", "http://127.0.0.1:9")
            .env(name, value);
        not_kept(&case, &case.run("toolchain install 1.97.1"), "golang.org/toolchain");
    }
}
