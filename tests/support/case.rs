//! One run of plugbuild in a world of its own: empty HOME, own store, and on PATH nothing but what the test put there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use snapbox::{Assert, IntoData};

use crate::support::{plugin_file, write_program};

/// The folders and the environment that plugbuild is run in. Dropped, they are gone.
#[derive(Debug)]
pub(crate) struct Case {
    root: tempfile::TempDir,
    cwd: PathBuf,
    env: BTreeMap<OsString, OsString>,
    stdin: String,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// Both streams, with this case's folders and all hashes written as `[WORDS]`.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The machine's platform, as the store spells it in the names of its folders.
pub(crate) const HOST: &str = match (cfg!(target_os = "macos"), cfg!(target_arch = "aarch64")) {
    (false, false) => "linux-amd64",
    (false, true) => "linux-arm64",
    (true, false) => "darwin-amd64",
    (true, true) => "darwin-arm64",
};

/// A module with one exported registerer: what plugbuild reads of a plugin before a Go runs.
pub(crate) const GO_MOD: &str = "module example.com/handler\n\ngo 1.19\n";
pub(crate) const MAIN_GO: &str = "package main\n\nimport (\n\t\"context\"\n\t\"net/http\"\n)\n\nvar HandlerRegisterer = registerer(\"handler\")\n\ntype registerer string\n\n\
     func (r registerer) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {\n\tf(string(r), nil)\n}\n\n\
     func main() {}\n";

/// A row for release 2.12.1 with such a Go.
pub(crate) const UNKNOWN_GO: &str = "[[matrix.release]]\nversion = \"2.12.1\"\ngo = \"1.25.66\"\nmusl = \"1.2.5\"\nglibc = \"2.36\"\nalpine = \"3.22\"\n";

impl Case {
    /// An empty folder as the current one.
    pub(crate) fn empty() -> Case {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        for dir in ["home", "bin", "work"] {
            fs::create_dir(at(dir)).unwrap();
        }
        let env = [
            ("HOME", at("home")),
            ("PLUGBUILD_HOME", at("store")),
            ("PATH", at("bin")),
        ];
        Case {
            env: env.map(|(k, v)| (k.into(), v.into())).into(),
            cwd: at("work"),
            stdin: String::new(),
            root,
        }
    }

    /// A plugin in the current folder.
    pub(crate) fn plugin() -> Case {
        Case::empty().file("work/go.mod", GO_MOD).file("work/main.go", MAIN_GO)
    }

    /// A plugin, and stand-ins for the exact Go of releases 2.1.4 and 2.12.1 and for zig.
    pub(crate) fn equipped() -> Case {
        Case::plugin()
            .go("home/sdk/go1.19.5", "1.19.5")
            .go("home/sdk/go1.25.6", "1.25.6")
            .zig()
    }

    /// A place below the case's own folder.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(path)
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// An executable script.
    pub(crate) fn script(self, path: &str, body: &str) -> Self {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        write_program(&file, &format!("#!/bin/sh\nPATH=$PATH:/usr/bin:/bin\n{body}"));
        self
    }

    /// A GOROOT whose go command writes a plugin that passes the checks for the machine's own architecture.
    pub(crate) fn go(self, root: &str, version: &str) -> Self {
        let script = go_script(version, "");
        self.file(&format!("{root}/VERSION"), format!("go{version}\n"))
            .script(&format!("{root}/bin/go"), &script)
    }

    /// A Go on PATH that can fetch others, and does nothing.
    pub(crate) fn fetching_go(self, download: &str) -> Self {
        let case = self
            .file("anygo/VERSION", "go1.26.0\n")
            .script("anygo/bin/go", download);
        symlink(case.at("anygo/bin/go"), case.at("bin/go")).unwrap();
        case
    }

    /// The user's own settings file.
    pub(crate) fn settings(self, text: &str) -> Self {
        let case = self.file("home/settings.toml", text);
        let file = case.at("home/settings.toml");
        case.env("PLUGBUILD_CONFIG", file)
    }

    /// Release 2.12.1 with a Go that no table knows: what a mirror of the user's says of it counts.
    pub(crate) fn with_unknown_go(self) -> Self {
        self.settings(UNKNOWN_GO)
    }

    /// A zig that tells its version and does nothing else.
    pub(crate) fn zig(self) -> Self {
        self.script("bin/zig", "[ \"$1\" = version ] && echo 0.16.0\n")
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.remove(&OsString::from(name));
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.to_owned();
        self
    }

    /// The command, not yet run.
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    pub(crate) fn command<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plugbuild"));
        command
            .args(args.into_iter().map(Into::into))
            .current_dir(&self.cwd)
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run_args<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        let mut command = self.command(args);
        if !self.stdin.is_empty() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(self.stdin.as_bytes()).unwrap();
        }
        self.told(&child.wait_with_output().unwrap())
    }

    /// Runs with arguments that hold no blanks.
    pub(crate) fn run(&self, args: &str) -> Ran {
        self.run_args(args.split_whitespace())
    }

    pub(crate) fn told(&self, output: &Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: self.redacted(&output.stdout),
            stderr: self.redacted(&output.stderr),
        }
    }

    fn redacted(&self, text: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(text).into_owned();
        for (place, word) in [
            ("work", "[CWD]"),
            ("home", "[HOME]"),
            ("store", "[STORE]"),
            ("bin", "[BIN]"),
            ("", "[ROOT]"),
        ] {
            let place = self.at(place);
            text = text.replace(place.to_str().unwrap().trim_end_matches('/'), word);
        }
        without_hashes(&text)
            .replace(
                &format!("plugbuild {}", env!("CARGO_PKG_VERSION")),
                "plugbuild [VERSION]",
            )
            .replace(&format!(".{HOST}"), ".[HOST]")
    }

    /// What was left in a folder of the case, sorted; nothing where there is no such folder.
    pub(crate) fn list(&self, dir: &str) -> Vec<String> {
        names(&self.at(dir))
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A go command that lists no modules, and builds: it runs `before`, then writes the plugin it was asked for.
pub(crate) fn go_script(version: &str, before: &str) -> String {
    format!(
        "[ \"$1\" = build ] || exit 0\n{before}\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\n[ -n \"$out\" ] && exec cp {} \"$out\"\n",
        plugin_file(version).display()
    )
}

/// Hexadecimal words of the lengths that hashes are printed in become `[HASH]`.
fn without_hashes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(from.len()));
        // A short hash may well be without a digit; no word of a message is of these letters alone and so long.
        let hash = [8, 16, 64].contains(&word.len()) && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        clean += before;
        clean += if hash { "[HASH]" } else { word };
        rest = after;
    }
    clean + rest
}

impl Ran {
    /// Exit code and both streams as one text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "exit: {}\n",
            self.code.map_or("by a signal".to_owned(), |c| c.to_string())
        );
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                text += &format!("--- {name}\n{stream}");
            }
        }
        text
    }

    /// All of it is as the snapshot says; `SNAPSHOTS=overwrite cargo test` writes the snapshots anew.
    #[track_caller]
    pub(crate) fn is(&self, snapshot: impl IntoData) -> &Self {
        Assert::new()
            .action_env("SNAPSHOTS")
            .normalize_paths(false)
            .eq(self.text(), snapshot);
        self
    }

    /// As [`Ran::is`], with the snapshot in a file of tests/snapshots.
    #[track_caller]
    pub(crate) fn is_file(&self, name: &str) -> &Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
        self.is(snapbox::Data::read_from(&file, Some(snapbox::data::DataFormat::Text)))
    }

    /// It ended with this code; else both streams are shown.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text());
        self
    }
}
