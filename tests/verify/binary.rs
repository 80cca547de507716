//! The reader of gateways and plugins, put to files that real Go toolchains and linkers made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugbuild::binary::image::FileKind;
use plugbuild::binary::pclntab::SourceRoot;
use plugbuild::binary::{Binary, notes, producer};
use plugbuild::util::error::ErrorKind;
use plugbuild::util::target::Arch;

use crate::support::go::Go;
use crate::support::{cache, say, skipped};

/// From each change of a format to the newest: pointers in the build info (1.17), the line table's three headers
/// (1.16, 1.18, 1.20), `go.link.` and `go:link.` (1.20), plugins with build info (1.21).
const VERSIONS: [&str; 8] = [
    "1.17.13", "1.19.13", "1.20.14", "1.22.12", "1.24.9", "1.25.6", "1.26.3", "1.27.1",
];

/// A host and a plugin that share a package whose path has a dot in its last element.
struct Pair {
    host: PathBuf,
    plugin: PathBuf,
}

const SOURCES: [(&str, &str); 4] = [
    ("go.mod", "module example.com/Pair/v2\n\ngo 1.17\n"),
    (
        "cmd/host/main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"plugin\"\n\n\t\"example.com/Pair/v2/dep.v1\"\n)\n\n\
         func main() {\n\tfmt.Println(dep.KrakendVersion)\n\tfor _, name := range os.Args[1:] {\n\
         \t\t_, err := plugin.Open(name)\n\t\tfmt.Println(err)\n\t}\n}\n",
    ),
    (
        "plug/main.go",
        "package main\n\nimport \"example.com/Pair/v2/dep.v1\"\n\nvar HandlerRegisterer = dep.KrakendVersion\n\nfunc main() {}\n",
    ),
    (
        "dep.v1/dep.go",
        "package dep\n\nimport \"fmt\"\n\nvar KrakendVersion = fmt.Sprint(\"un\") + \"defined\"\n\nvar GlibcVersion = \"undefined\"\n\n\
         func init() { fmt.Sprint(GlibcVersion) }\n",
    ),
];

fn sources() -> PathBuf {
    let folder = cache().join("pair-src");
    for (name, text) in SOURCES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).unwrap();
        }
    }
    folder
}

fn pair(go: &Go) -> Pair {
    let source = sources();
    let out = cache().join("pair").join(&go.version);
    fs::create_dir_all(&out).unwrap();
    let flags = "-ldflags=-X example.com/Pair/v2/dep%2ev1.GlibcVersion=no -X 'example.com/Pair/v2/dep.v1.GlibcVersion=GLIBC-2.31 (debian 11)'";
    Pair {
        host: go.build(&source, &out.join("host"), &[flags, "./cmd/host"], &[]),
        plugin: go.build(&source, &out.join("plug.so"), &["-buildmode=plugin", "./plug"], &[]),
    }
}

#[test]
fn every_go_since_1_17_is_read() {
    let mut ran = 0;
    for version in VERSIONS {
        let go = match Go::fetch(version) {
            Ok(go) => go,
            Err(why) => {
                skipped(&format!("reading binaries of go {version}"), &why);
                continue;
            }
        };
        let pair = pair(&go);
        host_is_read(&go, &pair.host);
        plugin_is_read(&go, &pair.plugin);
        shared_packages_agree(&go, &pair);
        ran += 1;
    }
    say(&format!("read binaries of {ran} of {} Go versions", VERSIONS.len()));
    assert!(ran > 0, "no Go toolchain at all");
}

fn host_is_read(go: &Go, path: &Path) {
    let binary = Binary::open(path).unwrap();
    let (image, info) = (binary.image(), binary.build_info().unwrap());
    assert_eq!((image.arch(), image.kind()), (Arch::Amd64, FileKind::Executable));
    assert!(
        image.interpreter().unwrap().contains("ld-linux-x86-64"),
        "{:?}",
        image.interpreter()
    );
    assert!(image.needed().any(|name| name == "libc.so.6"));
    assert_eq!(info.go_release(), format!("go{}", go.version));
    assert_eq!(
        image
            .go_string("runtime.buildVersion")
            .map(|v| v.split(' ').next().unwrap()),
        Some(info.go_release())
    );
    assert_eq!(info.path, "example.com/Pair/v2/cmd/host");
    assert_eq!(info.main.as_ref().unwrap().path, "example.com/Pair/v2");
    let linked = image.go_string("example.com/Pair/v2/dep%2ev1.GlibcVersion");
    assert_eq!(linked, Some("GLIBC-2.31 (debian 11)"), "go {}", go.version);
    if go.version.starts_with("1.17.") {
        assert_eq!(info.settings, []);
        assert_eq!(info.x_value("GlibcVersion"), None);
    } else {
        assert_eq!(info.setting("GOARCH"), Some("amd64"));
        assert_eq!(info.x_value("GlibcVersion"), Some("GLIBC-2.31 (debian 11)"));
    }
    let table = binary.line_table().expect("a line table");
    assert_eq!(
        table.main_module(&info),
        Some(SourceRoot::At(sources().display().to_string()))
    );
    assert_eq!(table.go_root().map(Path::new), Some(go.root.join("src").as_path()));
    assert!(table.files().any(|file| file.ends_with("/dep.v1/dep.go")));
    let id = notes::go_build_id(image).expect("a Go build ID");
    let printed = go
        .command()
        .args(["tool", "buildid"])
        .arg(path)
        .output()
        .unwrap()
        .stdout;
    assert_eq!(&binary.bytes()[id], printed.trim_ascii(), "go {}", go.version);
}

fn plugin_is_read(go: &Go, path: &Path) {
    let binary = Binary::open(path).unwrap();
    let image = binary.image();
    assert_eq!((image.arch(), image.kind()), (Arch::Amd64, FileKind::Shared));
    assert_eq!(image.interpreter(), None);
    let new = !["1.17.", "1.19.", "1.20."]
        .iter()
        .any(|old| go.version.starts_with(old));
    assert_eq!(binary.build_info().is_ok(), new, "go {}", go.version);
    assert_eq!(
        producer::read(image).unwrap().0.split(' ').next().unwrap(),
        format!("go{}", go.version)
    );
    assert!(image.symbol(b"example.com/Pair/v2/plug.HandlerRegisterer").is_some());
    assert!(image.symbol(b"example.com/Pair/v2/plug.ClientRegisterer").is_none());
    assert!(
        binary
            .line_table()
            .unwrap()
            .files()
            .any(|file| file.ends_with("/dep.v1/dep.go"))
    );
    assert!(notes::go_build_id(image).is_some() && notes::gnu_build_id(image).is_some());
    let needs = image.version_needs();
    assert!(
        needs
            .iter()
            .any(|need| need.version.starts_with("GLIBC_2.") && need.library == "libc.so.6"),
        "{needs:?}"
    );
    let wanting = image
        .imports()
        .filter(|s| needs.iter().any(|need| need.index == image.version_index(s)));
    assert!(wanting.count() > 10);
}

fn shared_packages_agree(go: &Go, pair: &Pair) {
    let (host, plugin) = (Binary::open(&pair.host).unwrap(), Binary::open(&pair.plugin).unwrap());
    let mut shared = 0;
    for package in plugin.package_hashes() {
        match host.package_hash(package.path) {
            Some(hash) => {
                assert_eq!(hash, package.hash, "go {}: {}", go.version, package.path);
                shared += 1;
            }
            None => assert!(package.path.ends_with("/plug"), "go {}: {}", go.version, package.path),
        }
    }
    assert!(shared > 20, "go {}: {shared} shared packages", go.version);
    assert!(host.package_hash("example.com/Pair/v2/dep.v1").is_some());
    assert_eq!(host.package_hash("example.com/Pair/v2/dep%2ev1"), None);
    assert_eq!(host.package_hash("no/such/package"), None);
}

#[test]
fn stripped_plugin_is_read() {
    let Ok(go) = Go::fetch("1.25.6") else {
        return skipped("stripping a plugin", "no Go 1.25.6");
    };
    let pair = pair(&go);
    let whole = Binary::open(&pair.plugin).unwrap();
    let packages: Vec<_> = whole.package_hashes().collect();
    let mut bytes = whole.bytes().to_vec();
    // No section table: offset, entry count and name index of it are zero.
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.so");
    fs::write(&bare, bytes).unwrap();
    let bare = Binary::open(&bare).unwrap();
    assert!(bare.image().section(".text").is_none());
    assert_eq!(bare.package_hashes().collect::<Vec<_>>(), packages);
    assert_eq!(bare.build_info().unwrap(), whole.build_info().unwrap());
    assert_eq!(
        bare.line_table().unwrap().files().count(),
        whole.line_table().unwrap().files().count()
    );
}

#[test]
fn non_gateways_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = |name: &str, bytes: &[u8], want: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = Binary::open(&path).unwrap_err();
        assert_eq!(error.message, format!("{} is {want}", path.display()));
        assert_eq!(error.kind, ErrorKind::Usage);
        assert!(!error.help.is_empty());
    };
    let mut elf = fs::read("/proc/self/exe").unwrap();
    case("empty", b"", "an empty file, not an ELF binary");
    case(
        "krakend",
        b"#!/bin/sh\nexec docker run krakend\n",
        "a script, not an ELF binary",
    );
    case(
        "mac",
        b"\xcf\xfa\xed\xfe\x0c\0\0\x01",
        "a Mach-O file (macOS), not an ELF binary",
    );
    case("win", b"MZ\x90\0", "a Windows executable (PE), not an ELF binary");
    case("tgz", b"\x1f\x8b\x08\0", "a gzip archive, not an ELF binary");
    case("magic", b"\x7fELF", "truncated: it ends before its ELF header does");
    case("short", &elf[..40], "truncated: it ends before its ELF header does");
    case(
        "half",
        &elf[..4096],
        "truncated: it ends before one of its segments does",
    );
    let mut changed = |at: usize, byte: u8, want: &str| {
        let was = std::mem::replace(&mut elf[at], byte);
        case("changed", &elf, want);
        elf[at] = was;
    };
    changed(4, 1, "a 32-bit binary");
    changed(5, 2, "a big-endian binary");
    changed(18, 243, "built for riscv");
    let error = Binary::open(folder.path()).unwrap_err();
    assert!(
        error.message.ends_with("it is a directory, not a regular file"),
        "{error}"
    );
    assert_eq!(
        Binary::open(folder.path().join("none")).unwrap_err().kind,
        ErrorKind::Io
    );
    let own = Binary::open("/proc/self/exe").unwrap();
    let error = own.build_info().unwrap_err();
    assert!(error.message.contains("was not built by Go"), "{error}");
}

/// `n` numbers from a seed: the same in every run.
fn random(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed | 1), |x| {
        let mut x = *x;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        Some(x)
    })
}

/// Asks everything of a file that can be asked.
fn ask_everything(path: &Path) {
    let Ok(binary) = Binary::open(path) else { return };
    let image = binary.image();
    let packages: Vec<_> = binary.package_hashes().take(2000).collect();
    for package in packages.iter().take(50) {
        let _ = binary.package_hash(package.path);
    }
    let info = binary.build_info().unwrap_or_default();
    if let Some(table) = binary.line_table() {
        let _ = (
            table.files().count(),
            table.module_cache(&info),
            table.main_module(&info),
            table.go_root(),
        );
    }
    let needs = image.version_needs();
    assert!(needs.len() <= binary.bytes().len() / 16);
    let _ = image.imports().map(|s| image.version_index(&s)).max();
    let _ = (
        image.needed().count(),
        image.soname(),
        image.interpreter(),
        producer::read(image),
    );
    let _ = (
        notes::go_build_id(image),
        notes::gnu_build_id(image),
        image.go_string("runtime.buildVersion"),
    );
}

#[test]
fn damaged_files_never_panic() {
    let Ok(go) = Go::fetch("1.19.13") else {
        return skipped("damaging binaries", "no Go 1.19.13");
    };
    let pair = pair(&go);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    for (file, seed) in [(&pair.host, 0x51ab), (&pair.plugin, 0xc0ffee)] {
        let whole = fs::read(file).unwrap();
        let mut numbers = random(seed);
        let mut next = |below: usize| (numbers.next().unwrap() % below as u64) as usize;
        for round in 0..300 {
            let mut bytes = whole.clone();
            match round % 4 {
                // Cut off; the section table is at the end, so this is refused, or it is taken away first.
                0 => bytes.truncate(next(whole.len())),
                1 => {
                    bytes[40..48].fill(0);
                    bytes[60..64].fill(0);
                    bytes.truncate(next(whole.len()));
                }
                // Headers, dynamic section and tables are where a flip does most.
                2 => (0..8).for_each(|_| bytes[next(1024)] ^= 1 << next(8)),
                _ => (0..200).for_each(|_| bytes[next(whole.len())] ^= 1 << next(8)),
            }
            fs::write(&path, bytes).unwrap();
            ask_everything(&path);
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn damaged_dynamic_tables_never_panic() {
    let Ok(go) = Go::fetch("1.25.6") else {
        return skipped("damaging tables", "no Go 1.25.6");
    };
    let plugin = pair(&go).plugin;
    let whole = fs::read(&plugin).unwrap();
    let out = Command::new("readelf").args(["-SW"]).arg(&plugin).output();
    let Ok(out) = out else {
        return skipped("damaging tables", "no readelf");
    };
    let text = String::from_utf8(out.stdout).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let mut numbers = random(7);
    let mut next = |below: usize| (numbers.next().unwrap() % below as u64) as usize;
    let mut tables = 0;
    for name in [
        ".gnu.hash",
        ".dynsym",
        ".gnu.version",
        ".gnu.version_r",
        ".dynamic",
        ".go.buildinfo",
        ".debug_info",
    ] {
        let Some(line) = text.lines().find(|l| l.contains(&format!(" {name} "))) else {
            continue;
        };
        let numbers: Vec<_> = line.split(name).nth(1).unwrap().split_whitespace().collect();
        let hex = |text: &str| usize::from_str_radix(text, 16).unwrap();
        let (start, size) = (hex(numbers[2]), hex(numbers[3]));
        tables += 1;
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..next(16) + 1 {
                let at = start + next(size.min(4096));
                bytes[at] = next(256) as u8;
            }
            fs::write(&path, bytes).unwrap();
            ask_everything(&path);
        }
    }
    assert!(tables >= 6, "{text}");
}
