//! What is in a release, and whether its parts agree on names.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use clap::ValueEnum;

use super::*;

pub(super) const REPOSITORY: &str = "https://example.com/acme/plugbuild/";

/// A release whose binaries are scripts that say for which target they would be, and what they are asked; its archives.
pub(super) fn release() -> (tempfile::TempDir, Vec<PathBuf>) {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    texts(dir.path()).unwrap();
    let binaries = tempfile::tempdir().unwrap();
    let built = TARGETS.map(|target| {
        let binary = binaries.path().join(target);
        fs::write(&binary, format!("#!/bin/sh\necho {target} \"$@\"\n")).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o700)).unwrap();
        (target, binary)
    });
    publish(REPOSITORY, &built, crate::root(), dir.path()).unwrap();
    let archives = TARGETS.map(|target| dir.path().join(format!("{}.tar.gz", packed::stem(target))));
    (dir, archives.to_vec())
}

/// The members of an archive with their modes.
fn members(archive: &Path) -> BTreeMap<String, u32> {
    let listed = duct::cmd!("tar", "-tvzf", archive, "--numeric-owner").read().unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields[1], "0/0", "{line}");
        assert_eq!(fields[3], "1970-01-01", "{line}");
        let mode = match fields[0] {
            "-rwxr-xr-x" => 0o755,
            "-rw-r--r--" => 0o644,
            other => panic!("{other}: {line}"),
        };
        (fields[5].to_owned(), mode)
    };
    listed.lines().map(line).collect()
}

/// The man pages that there must be: one a command, at any depth.
fn pages(command: &clap::Command, name: &str, found: &mut BTreeMap<String, clap::Command>) {
    found.insert(format!("{name}.1"), command.clone());
    for sub in command.get_subcommands() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            pages(sub, &format!("{name}-{}", sub.get_name()), found);
        }
    }
}

fn wanted_pages() -> BTreeMap<String, clap::Command> {
    let mut command = Cli::command();
    command.build();
    let mut found = BTreeMap::new();
    pages(&command, "plugbuild", &mut found);
    found
}

/// Whether a program that tests/setup.sh gets is here.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
pub(super) fn tool(program: &str, what: &str) -> Option<Command> {
    let there = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .unwrap()
        .status
        .success();
    if !there {
        eprintln!("SKIPPED: {what}: no {program} here; tests/setup.sh gets it");
        assert!(std::env::var_os("CI").is_none(), "skipped where it must run: {what}");
    }
    there.then(|| Command::new(program))
}

#[test]
fn every_shell_has_completions_of_every_command() {
    let (dir, _) = release();
    for shell in Shell::value_variants() {
        let file = clap_complete::Generator::file_name(shell, "plugbuild");
        let file = dir.path().join("completions").join(file);
        assert_eq!(file.is_file(), SHELLS.contains(shell), "{shell}");
        let text = fs::read_to_string(&file).unwrap_or_default();
        for sub in Cli::command().get_subcommands().filter(|sub| !sub.is_hide_set()) {
            assert!(
                text.is_empty() || text.contains(sub.get_name()),
                "{shell}: {}",
                sub.get_name()
            );
        }
    }
}

#[test]
fn the_shells_take_their_completions() {
    let (dir, _) = release();
    let file = |name: &str| dir.path().join("completions").join(name);
    if let Some(mut bash) = tool("bash", "completions of bash") {
        // As bash does it at a tab behind `plugbuild tool`.
        let script = "source \"$1\"; COMP_WORDS=(plugbuild tool); COMP_CWORD=1; _plugbuild plugbuild tool plugbuild; echo \"${COMPREPLY[@]}\"";
        let out = bash
            .args(["-c", script, "bash"])
            .arg(file("plugbuild.bash"))
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        assert_eq!(String::from_utf8_lossy(&out.stdout), "toolchain\n", "{out:?}");
    }
}

#[test]
fn every_command_has_a_man_page_that_is_whole() {
    let (dir, _) = release();
    let man = dir.path().join("man");
    let wanted = wanted_pages();
    assert!(wanted.len() > 40, "{}", wanted.len());
    let there: BTreeSet<String> = inside(&man).unwrap().iter().map(|file| name(file)).collect();
    assert_eq!(there, wanted.keys().cloned().collect());
    for (page, command) in &wanted {
        let text = fs::read_to_string(man.join(page)).unwrap();
        for part in [".TH", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(text.contains(part), "{page} has no {part}");
        }
        for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
            let long = option
                .get_long()
                .map(|long| format!("\\-\\-{}", long.replace('-', "\\-")));
            assert!(long.is_none_or(|long| text.contains(&long)), "{page}: {option}");
        }
        assert!(command.get_about().is_some(), "{page} says nothing of what it does");
    }
}

#[test]
fn man_pages_can_be_read() {
    let Some(mut mandoc) = tool("mandoc", "man pages") else {
        return;
    };
    let (dir, _) = release();
    let files = inside(&dir.path().join("man")).unwrap();
    let out = mandoc
        .args(["-T", "lint", "-W", "error"])
        .args(&files)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let page = dir.path().join("man/plugbuild-verify.1");
    let shown = tool("mandoc", "a man page")
        .unwrap()
        .args(["-T", "utf8"])
        .arg(page)
        .output()
        .unwrap();
    let plain = String::from_utf8(shown.stdout).unwrap();
    // Bold and underlined letters are struck over.
    let plain: String = plain.split('\u{8}').fold(String::new(), |mut text, part| {
        text.pop();
        text + part
    });
    for words in ["plugbuild-verify", "NAME", "SYNOPSIS", "--gateway", "OPTIONS"] {
        assert!(plain.contains(words), "no {words} in\n{plain}");
    }
}

#[test]
fn an_archive_holds_what_a_package_does_under_fixed_modes_and_times() {
    let (dir, archives) = release();
    for (target, archive) in TARGETS.iter().zip(&archives) {
        let stem = format!("plugbuild-{VERSION}-{target}");
        assert_eq!(name(archive), format!("{stem}.tar.gz"));
        let have = members(archive);
        let mut want: BTreeMap<String, u32> = wanted_pages()
            .into_keys()
            .map(|page| (format!("{stem}/man/{page}"), 0o644))
            .collect();
        for file in ["plugbuild.bash", "_plugbuild", "plugbuild.fish", "_plugbuild.ps1"] {
            want.insert(format!("{stem}/completions/{file}"), 0o644);
        }
        want.insert(format!("{stem}/LICENSE"), 0o644);
        want.insert(format!("{stem}/plugbuild"), 0o755);
        assert_eq!(have, want);
        let unpacked = duct::cmd!("tar", "-xOzf", archive, format!("{stem}/plugbuild"))
            .read()
            .unwrap();
        assert!(unpacked.contains(target), "{unpacked}");
    }
    let left: BTreeSet<String> = inside(dir.path()).unwrap().iter().map(|file| name(file)).collect();
    let mut all: BTreeSet<String> = archives.iter().map(|file| name(file)).collect();
    for (ending, count) in [(".whl", TARGETS.len()), (".tgz", TARGETS.len() + 1)] {
        let packages: Vec<String> = left.iter().filter(|name| name.ends_with(ending)).cloned().collect();
        assert_eq!(packages.len(), count, "{packages:?}");
        all.extend(packages);
    }
    let others = [
        "SHA256SUMS",
        "completions",
        "man",
        "plugbuild.rb",
        "install.sh",
        "go-module",
        "go-proxy",
    ];
    all.extend(others.map(str::to_owned));
    assert_eq!(left, all);
    let checked = duct::cmd!("sha256sum", "-c", "SHA256SUMS")
        .dir(dir.path())
        .read()
        .unwrap();
    assert_eq!(checked.lines().count(), 9, "{checked}");
}

#[test]
fn the_same_release_has_the_same_bytes() {
    let (one, _) = release();
    let (other, _) = release();
    let sums = |dir: &Path| fs::read_to_string(dir.join("SHA256SUMS")).unwrap();
    assert_eq!(sums(one.path()), sums(other.path()));
}

#[test]
fn cargo_binstall_and_the_formula_find_the_archives() {
    let (dir, archives) = release();
    let manifest: toml::Table = fs::read_to_string(crate::root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let formula = fs::read_to_string(dir.path().join("plugbuild.rb")).unwrap();
    for (target, archive) in TARGETS.iter().zip(&archives) {
        let filled = |key: &str| {
            let text = binstall[key].as_str().unwrap();
            let values = [
                ("repo", REPOSITORY.trim_end_matches('/')),
                ("version", VERSION),
                ("target", target),
                ("bin", "plugbuild"),
                ("binary-ext", ""),
            ];
            let text = values.iter().fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{ {name} }}"), value)
            });
            assert!(!text.contains(['{', '}']), "{text}");
            text
        };
        let url = filled("pkg-url");
        assert_eq!(url, format!("{}/{}", formula::release_url(REPOSITORY), name(archive)));
        assert_eq!(filled("pkg-fmt"), "tgz");
        assert!(
            members(archive).contains_key(&filled("bin-dir")),
            "{}",
            filled("bin-dir")
        );
        assert!(formula.contains(&format!(
            "url \"{url}\"\n      sha256 \"{}\"",
            sha256_of(archive).unwrap()
        )));
    }
    // What the formula installs is in the archives.
    for file in [
        "completions/plugbuild.bash",
        "completions/_plugbuild",
        "completions/plugbuild.fish",
    ] {
        assert!(formula.contains(&format!("\"{file}\"")), "{formula}");
        assert!(members(&archives[0]).contains_key(&format!("{}/{file}", packed::stem(TARGETS[0]))));
    }
    let license = manifest["workspace"]["package"]["license"].as_str().unwrap();
    assert!(formula.contains(&format!("license \"{license}\"")), "{formula}");
    let desc = formula.split("desc \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(desc.len() < 80, "Homebrew wants less than 80 letters: {desc}");
}

#[test]
fn the_formula_is_ruby() {
    let Some(mut ruby) = tool("ruby", "the formula") else {
        return;
    };
    let (dir, _) = release();
    let out = ruby
        .args(["-wc"])
        .arg(dir.path().join("plugbuild.rb"))
        .output()
        .unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    // Read as Homebrew reads it: every word in it is asked of the class, here one that notes them.
    let reader = "class Formula
  def self.method_missing(name, *args, &block) = (puts [name, *args].join(' '); block && class_eval(&block))
  def self.test = nil
end
load ARGV[0]";
    let out = tool("ruby", "the formula")
        .unwrap()
        .args(["-e", reader])
        .arg(dir.path().join("plugbuild.rb"))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{out:?}");
    for line in ["depends_on linux", "on_arm", "on_intel", &format!("version {VERSION}")] {
        assert!(output.lines().any(|output| output == line), "no {line} in\n{output}");
    }
}

#[test]
fn a_binary_that_is_too_large_is_not_released() {
    let dir = tempfile::tempdir().unwrap();
    let binary = dir.path().join("plugbuild");
    for (size, is_released) in [(LIMIT, true), (LIMIT + 1, false)] {
        fs::File::create(&binary).unwrap().set_len(size).unwrap();
        let answer = is_small(TARGETS[0], &binary).map_err(|why| why.message);
        assert_eq!(answer.is_ok(), is_released, "{answer:?}");
    }
    let out = tempfile::tempdir().unwrap();
    let why = publish("", &[(TARGETS[0], binary)], crate::root(), out.path()).unwrap_err();
    assert!(why.message.contains(&format!("{} bytes", LIMIT + 1)), "{why}");
    assert_eq!(inside(out.path()).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn without_a_repository_nothing_points_to_one() {
    let dir = tempfile::tempdir().unwrap();
    publish("", &[], crate::root(), dir.path()).unwrap();
    let files: Vec<String> = inside(dir.path()).unwrap().iter().map(|file| name(file)).collect();
    assert_eq!(files, ["SHA256SUMS", &format!("plugbuild-{VERSION}.tgz")]);
}

#[test]
fn a_build_knows_each_directory_by_another_name() {
    let builder = compile::Builder {
        root: "/home/me/plugbuild".into(),
        zig: "/store/zig".into(),
        cargo_home: "/home/me/.cargo".into(),
        folders: vec![
            ("/home/me/plugbuild".into(), "/plugbuild".to_owned()),
            ("/home/me/.cargo/registry/src/index".into(), "/crates".to_owned()),
        ],
    };
    let environment: BTreeMap<String, String> = builder
        .environment("aarch64-unknown-linux-musl")
        .into_iter()
        .map(|(name, value)| (name, value.into_string().unwrap()))
        .collect();
    let want = [
        ("AR_aarch64_unknown_linux_musl", "/store/zig ar"),
        (
            "CARGO_ENCODED_RUSTFLAGS",
            "-Clink-arg=--pack-dyn-relocs=relr\x1f--remap-path-prefix=/home/me/plugbuild=/plugbuild\x1f--remap-path-prefix=/home/me/.cargo/registry/src/index=/crates",
        ),
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld"),
        ("CC_aarch64_unknown_linux_musl", "/store/zig cc"),
        ("CFLAGS_aarch64_unknown_linux_musl", "-target aarch64-linux-musl"),
    ];
    let want: BTreeMap<String, String> = want.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(environment, want);
}

#[test]
fn targets_are_those_of_releases() {
    assert_eq!(chosen(&[]).unwrap(), TARGETS);
    assert_eq!(chosen(&[TARGETS[1].to_owned()]).unwrap(), [TARGETS[1]]);
    assert!(chosen(&["riscv64gc-unknown-linux-musl".to_owned()]).is_err());
}

/// Which releases are refused, and for what.
#[test]
fn a_complete_release_has_every_target_and_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    for target in TARGETS.iter().chain(&MACOS).take(3) {
        create_dir(&dir.path().join(target)).unwrap();
        fs::write(dir.path().join(target).join("plugbuild"), target).unwrap();
    }
    let (root, binaries) = (tempfile::tempdir().unwrap(), dir.path().to_owned());
    fs::copy(crate::root().join("LICENSE"), root.path().join("LICENSE")).unwrap();
    fs::copy(crate::root().join("README.md"), root.path().join("README.md")).unwrap();
    let make = |repository: &str, from: &Path| {
        let args = Args {
            no_binaries: false,
            target: Vec::new(),
            from: Some(from.to_owned()),
            repository: Some(repository.to_owned()),
            complete: true,
        };
        run(&args, root.path()).map_err(|error| error.to_string())
    };
    assert_eq!(
        make("", &binaries).unwrap_err(),
        "a release needs the address of its repository"
    );
    assert_eq!(
        make(REPOSITORY, &binaries).unwrap_err(),
        format!("a release needs a binary for {}", MACOS[1])
    );
    assert!(
        make(REPOSITORY, root.path())
            .unwrap_err()
            .ends_with("has no TRIPLE/plugbuild in it")
    );
    create_dir(&binaries.join(MACOS[1])).unwrap();
    fs::write(binaries.join(MACOS[1]).join("plugbuild"), "mac").unwrap();
    make(REPOSITORY, &binaries).unwrap();
    let dist = root.path().join("target/dist");
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
    // Four archives, four wheels, five npm packages, the formula and the script.
    assert_eq!(sums.lines().count(), 15, "{sums}");
    let formula = fs::read_to_string(dist.join("plugbuild.rb")).unwrap();
    assert!(
        formula.contains("  on_macos do\n") && !formula.contains("depends_on :linux"),
        "{formula}"
    );
    let script = fs::read_to_string(dist.join("install.sh")).unwrap();
    assert!(script.contains("Darwin-arm64) target=aarch64-apple-darwin"), "{script}");
}
