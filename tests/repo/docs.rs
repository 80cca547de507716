//! The documents: each block of commands is run as it is written, in a folder such as the text speaks of, with the real Go, zig
//! and a real gateway; what cannot be run so is listed here with the reason. Every other command is one plugbuild takes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use plugbuild::commands::cli::{Cli, with_default_command};

use crate::support::gateway::{Release, text};
use crate::support::{cache, copy_tree, root, say, skipped};

/// A fenced block.
struct Block {
    file: String,
    language: String,
    text: String,
}

/// Blocks that another test runs as they are: how one begins, and the test, or the script, that does.
const ELSEWHERE: [(&str, &str); 7] = [
    ("cargo run --release", "fn main_command_builds_from_an_empty_home"),
    (
        "tests/setup.sh",
        "README is the only place that says how the tests are run",
    ),
    ("cargo test --test main cli::", "README's first tier"),
    ("cargo install", "fn main_command_builds_from_an_empty_home"),
    (
        "plugbuild new hello --type handler --gateway ./krakend",
        "fn session_leads_to_an_answer",
    ),
    ("plugbuild bundle create", "fn real_plugin_builds_from_a_bundle"),
    ("plugbuild bundle install", "fn real_plugin_builds_from_a_bundle"),
];

/// Commands that are run in other words, and why.
const CHANGED: [(&str, &str, &str); 4] = [
    (
        "plugbuild --gateway v2.1 --all-targets --out-dir dist",
        "plugbuild --gateway v2.1 --all-targets --out-dir dist --dry-run",
        "the registry here refuses its Go",
    ),
    (
        "plugbuild package --workspace --all-targets --gateway 2.12 --gateway 2.13",
        "plugbuild package --workspace --target amd64-glibc --gateway 2.12",
        "minutes of compilation; other tests package every target",
    ),
    (
        "plugbuild package --workspace --all-targets ",
        "plugbuild package --workspace --target amd64-glibc ",
        "minutes of compilation; other tests package every target",
    ),
    (
        "plugbuild bundle create site.plugbundle ",
        "plugbuild bundle create --help >/dev/null ",
        "minutes; a test of its own makes one",
    ),
];

/// Blocks whose last command tells of a fault, and its exit code.
const CODES: [(&str, i32); 1] = [("plugbuild check --gateway 2.12.1", 1)];

/// What is shown of a command's output and is not the same everywhere.
fn is_shown(shown: &str, line: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, line) = (words(shown), words(line));
    let mut rest = line.as_str();
    shown.split('…').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn blocks() -> Vec<Block> {
    let mut files = vec![root().join("README.md")];
    files.extend(crate::repo::architecture::files("docs", &["md"]));
    let mut blocks = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                let inside: Vec<&str> = lines
                    .by_ref()
                    .take_while(|line| !line.trim_start().starts_with("```"))
                    .collect();
                blocks.push(Block {
                    file: file.file_name().unwrap().to_string_lossy().into_owned(),
                    language: language.to_owned(),
                    text: inside.join("\n"),
                });
            }
        }
    }
    blocks
}

impl Block {
    /// The commands of it, where it holds any; of a session, what stands behind the prompt.
    fn commands(&self) -> Option<Vec<&str>> {
        match self.language.as_str() {
            "sh" => Some(self.text.lines().collect()),
            "console" => Some(self.text.lines().filter_map(|line| line.strip_prefix("$ ")).collect()),
            _ => None,
        }
    }

    fn elsewhere(&self) -> Option<&'static str> {
        let found = ELSEWHERE.iter().find(|(start, _)| self.text.starts_with(start));
        found.map(|(_, test)| *test)
    }

    /// Where the text says that its commands are typed.
    fn place(&self, gateway: &Path) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().join("work");
        let begins = |start: &str| self.text.starts_with(&format!("$ {start}"));
        if self.file == "check-and-align.md" {
            copy_tree(&root().join("tests/fixtures/misfits/new/newer"), &work);
        } else if begins("plugbuild new") {
            fs::create_dir(&work).unwrap();
        } else {
            // A plugin, in a repository of several, with an older build of it and a gateway's log.
            copy_tree(&root().join("examples/handler"), &work);
            copy_tree(&root().join("examples/handler"), &work.join("examples/handler"));
            let settings = "[gateway]\nversion = \"2.12.1\"\n\n[build]\ntargets = [\"amd64-glibc\"]\n\n[workspace]\nmembers = [\"examples/*\"]\n";
            fs::write(work.join("plugbuild.toml"), settings).unwrap();
            let log = "[PLUGIN: x] plugin was built with a different version of package internal/cpu\n";
            fs::write(work.join("gateway.log"), log).unwrap();
        }
        fs::copy(gateway, work.join("krakend")).unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        dir
    }

    /// Runs it in a shell; gives its exit code and all it said.
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    fn run(&self, script: &str, place: &Path) -> (Option<i32>, String) {
        let bin = Path::new(env!("CARGO_BIN_EXE_plugbuild")).parent().unwrap();
        let mut path = OsString::from(place.join("work"));
        for more in [bin.as_os_str(), &std::env::var_os("PATH").unwrap_or_default()] {
            path.push(":");
            path.push(more);
        }
        let go = Release::new("2.12.1", "1.25.6", "1.25.6").go.root.join("bin");
        path.push(":");
        path.push(go);
        let out = Command::new("bash")
            .args(["-ec", &format!("exec 2>&1\n{script}")])
            .current_dir(place.join("work"))
            .env("PATH", path)
            .env("HOME", place.join("home"))
            .env("PLUGBUILD_HOME", cache().join("store"))
            .env("GOCACHE", cache().join("gocache"))
            .env("GOMODCACHE", module_cache())
            .env("GOFLAGS", "-modcacherw")
            .env_remove("PLUGBUILD_GATEWAY")
            .env_remove("GITHUB_ACTIONS")
            .output()
            .unwrap();
        (out.status.code(), text(&out.stdout))
    }
}

/// The machine's own modules: those of the documents are in it after the other tests.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn module_cache() -> PathBuf {
    let out = Command::new("go").args(["env", "GOMODCACHE"]).output().unwrap();
    PathBuf::from(text(&out.stdout).trim())
}

fn changed(command: &str) -> String {
    let padded = format!("{command} ");
    let found = CHANGED.iter().find(|(from, _, _)| padded.starts_with(from));
    found.map_or(command.to_owned(), |(from, to, _)| padded.replacen(from, to, 1))
}

#[test]
fn blocks_of_commands_run() {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return skipped("the documents' commands", "they are about an amd64 gateway that is run");
    }
    let gateway = Release::new("2.12.1", "1.25.6", "1.25.6").gateway("amd64-glibc");
    let sources: String = crate::repo::architecture::files("tests", &["rs"])
        .iter()
        .chain([&root().join(".ci/run")])
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let (mut here, mut elsewhere, mut as_written, mut in_other_words) = (0, 0, 0, 0);
    for block in blocks() {
        let Some(commands) = block.commands() else { continue };
        assert!(!commands.is_empty(), "{}: a block without a command", block.file);
        if let Some(test) = block.elsewhere() {
            // Once here, in the list, and once where it is.
            assert!(sources.matches(test).count() >= 2, "no {test}");
            elsewhere += 1;
            continue;
        }
        let lines: Vec<String> = commands.iter().map(|line| changed(line)).collect();
        let other = commands
            .iter()
            .zip(&lines)
            .filter(|(from, to)| **from != to.as_str())
            .count();
        let place = block.place(&gateway.binary);
        let mut script = lines.join("\n");
        if script.contains("handler.so") {
            script = script.replacen('\n', "\ncp handler_*_amd64_glibc.so handler.so 2>/dev/null || plugbuild -q --gateway ./krakend --output handler.so\n", 1);
        }
        let (code, said) = block.run(&script, place.path());
        let want = CODES
            .iter()
            .find(|(last, _)| commands.last() == Some(last))
            .map_or(0, |(_, code)| *code);
        assert_eq!(code, Some(want), "{}:\n{script}\n{said}", block.file);
        for shown in block
            .text
            .lines()
            .filter(|line| block.language == "console" && !line.starts_with("$ "))
        {
            let found = shown.trim() == "…" || said.lines().any(|line| is_shown(shown, line));
            assert!(found, "{} shows what is not said: {shown}\n{said}", block.file);
        }
        here += 1;
        as_written += commands.len() - other;
        in_other_words += other;
    }
    say(&format!(
        "blocks of commands in the documents: {here} run here, {elsewhere} by tests of their own; commands run here: {as_written} as written, {in_other_words} in other words"
    ));
    assert!(
        here >= 7 && elsewhere == ELSEWHERE.len() && in_other_words <= CHANGED.len(),
        "{here} {elsewhere} {in_other_words}"
    );
}

#[test]
fn shown_settings_are_read() {
    let block = blocks().into_iter().find(|block| block.language == "toml").unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("plugbuild.toml"), &block.text).unwrap();
    let shown = crate::support::plugbuild(&["config", "show"])
        .current_dir(dir.path())
        .env("HOME", dir.path())
        .output()
        .unwrap();
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    assert_eq!(text(&shown.stderr), "");
    assert!(
        text(&shown.stdout).contains("aarch64-unknown-linux-musl"),
        "{}",
        text(&shown.stdout)
    );
}

/// Commands outside of blocks: between backticks, and in CI files.
fn mentioned(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if let Some(args) = line.trim_start().strip_prefix("args: ") {
            found.push(format!("plugbuild {args}"));
        } else if let Some(script) = line.trim_start().strip_prefix("- plugbuild ") {
            found.push(format!("plugbuild {script}"));
        } else if !block {
            found.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|code| code.starts_with("plugbuild "))
                    .map(str::to_owned),
            );
        }
    }
    // What stands for others: `plugbuild COMMAND --help`, `[--from 2.6]`, `amd64|arm64`.
    found.retain(|command| !command.contains(['…', '[', '|', '>']) && !command.contains("COMMAND"));
    found
}

/// Words as a shell would split them, variables taken for values that fit anywhere, comments cut off.
fn words(command: &str) -> Vec<OsString> {
    let command = command.split(" #").next().unwrap();
    let filled = [
        ("${{ matrix.plugin }}", "auth"),
        ("${{ matrix.gateway }}", "2.12.1"),
        ("${{ matrix.target }}", "arm64-musl"),
        ("$GATEWAY", "2.12.1"),
        ("$TARGET", "arm64-musl"),
    ]
    .iter()
    .fold(command.to_owned(), |text, (name, value)| text.replace(name, value));
    filled
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']).into())
        .collect()
}

#[test]
fn mentioned_commands_exist() {
    let mut checked = 0;
    for file in crate::repo::architecture::files("docs", &["md"])
        .iter()
        .chain([&root().join("README.md")])
    {
        for command in mentioned(&fs::read_to_string(file).unwrap()) {
            let parsed = Cli::try_parse_from(with_default_command(words(&command)));
            assert!(
                parsed.is_ok() || is_a_command(&command),
                "{}: {command}",
                file.display()
            );
            checked += 1;
        }
    }
    say(&format!("commands mentioned in the documents, parsed only: {checked}"));
    assert!(checked >= 20, "{checked} commands");
}

/// Whether words name a command, up to what stands for an argument: `plugbuild new NAME --type T`.
fn is_a_command(words: &str) -> bool {
    use clap::CommandFactory;
    let mut command = Cli::command();
    let plain = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    for word in words.split_whitespace().skip(1).take_while(plain) {
        let Some(found) = command.find_subcommand(word) else {
            return false;
        };
        command = found.clone();
    }
    // Without one, an option of the default command that is spoken of.
    let build = Cli::command().find_subcommand("build").unwrap().clone();
    let long = |word: &str| {
        build
            .get_arguments()
            .any(|arg| arg.get_long() == word.strip_prefix("--"))
    };
    words
        .split_whitespace()
        .nth(1)
        .is_some_and(|word| plain(&word) || long(word))
}
