//! Builds hosts and plugins that differ in one thing each, from local modules served by a folder as module proxy.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::support::gateway::zig;
use crate::support::go::Go;
use crate::support::{cache, root, test_tool, write_program};

/// Where a build has its modules from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Tree {
    /// The module cache that hosts are built from.
    Cache,
    /// A copy of it elsewhere.
    OtherCache,
    /// The same copy, with the compiler told to write the first one's path: what plugbuild does.
    Rules,
    /// A vendor folder.
    Vendor,
    /// leaf from a local folder.
    ReplacedByFolder,
    /// leaf from a module of another name.
    ReplacedByModule,
}

/// The C compiler, and with it the system that the result is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cc {
    Gcc,
    Musl,
    Arm64,
    /// zig, since no distribution has a gcc for it.
    Arm64Musl,
    /// No cgo at all.
    None,
}

/// What is done to the file afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum After {
    Nothing,
    Strip,
    /// One symbol version is made one that no glibc has yet.
    NewerGlibc,
}

/// One way to build a host or a plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) go: &'static str,
    pub(crate) leaf: &'static str,
    pub(crate) mid: &'static str,
    pub(crate) args: &'static [&'static str],
    pub(crate) env: &'static [(&'static str, &'static str)],
    pub(crate) tree: Tree,
    pub(crate) cc: Cc,
    pub(crate) after: After,
    /// The plugin's source, of tests/verify/oracle/go/plug.
    pub(crate) source: &'static str,
    /// The source itself, if it is not a file.
    pub(crate) text: &'static str,
    /// The plugin's module path.
    pub(crate) module: &'static str,
    pub(crate) pgo: bool,
    /// The version of the module that imports nothing; none if it is not required.
    pub(crate) bare: &'static str,
}

pub(crate) const BASE: Variant = Variant {
    name: "base",
    go: "1.25.6",
    leaf: "v1.0.0",
    mid: "v1.0.0",
    args: &[],
    env: &[],
    tree: Tree::Cache,
    cc: Cc::Gcc,
    after: After::Nothing,
    source: "main.go",
    text: "",
    module: "example.com/plug",
    pgo: false,
    bare: "",
};

/// Host or plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Host,
    Plugin,
}

/// Sources, proxy and results, all below target/.
pub(crate) struct Workshop {
    root: PathBuf,
    sources: PathBuf,
    /// Of everything that goes into a build besides its variant.
    inputs: String,
    /// Tests share what is built, so one builds at a time.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Workshop {
    pub(crate) fn open() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root = cache().join("oracle");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/oracle");
        let mut inputs = Sha256::new();
        for file in walk(&sources.join("go")) {
            inputs.update(fs::read(file).unwrap());
        }
        let inputs = inputs.finalize().iter().fold(String::new(), |mut hex, b| {
            let _ = write!(hex, "{b:02x}");
            hex
        });
        let workshop = Workshop {
            root,
            sources,
            inputs,
            _alone: alone,
        };
        workshop.publish_all();
        workshop
    }

    /// Builds a variant, or takes what an earlier run built; the error says why it cannot be built here.
    pub(crate) fn build(&self, variant: &Variant, what: What) -> Result<PathBuf, String> {
        let go = Go::fetch(variant.go)?;
        let kind = if what == What::Host { "host" } else { "plugin" };
        let out = self.root.join(kind).join(variant.name);
        let stamp_file = out.with_file_name(format!("{}.stamp", variant.name));
        let stamp = format!("{variant:?} {}", self.inputs);
        if out.exists() && fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
            return Ok(out);
        }
        let _ = fs::remove_file(&stamp_file);
        // What is changed after the build would look up to date to the go command.
        let _ = fs::remove_file(&out);
        let folder = self.lay_out(variant, what);
        if variant.tree == Tree::Vendor {
            for step in ["tidy", "vendor"] {
                let mut go = self.go(&go, variant);
                run(go
                    .current_dir(&folder)
                    .args(["mod", step])
                    .env("GOFLAGS", "-modcacherw"))?;
            }
        }
        let mut build = self.go(&go, variant);
        build.current_dir(&folder).arg("build").args(variant.args);
        match variant.tree {
            Tree::Vendor => _ = build.arg("-mod=vendor"),
            Tree::Rules => {
                let (from, to) = (self.cache_of(Tree::Rules), self.cache_of(Tree::Cache));
                build.arg(format!("-gcflags=all=-trimpath={}=>{}", from.display(), to.display()));
                build.arg("-gcflags=std=");
            }
            _ => {}
        }
        if variant.pgo {
            build.arg(format!("-pgo={}", self.profile(&go)?.display()));
        }
        let mut ldflags = String::new();
        if variant.cc == Cc::Arm64 {
            ldflags.push_str("-extldflags=-fuse-ld=bfd ");
        }
        match what {
            What::Host => {
                if variant.cc == Cc::Arm64Musl {
                    // zig's linker takes away what nothing points to: the build information, up to Go 1.17.
                    ldflags.push_str("-extldflags=-Wl,--no-gc-sections ");
                }
                let libc = if matches!(variant.cc, Cc::Musl | Cc::Arm64Musl) {
                    "MUSL-1.2.3_(test)".to_owned()
                } else {
                    format!("GLIBC-{}_(test)", glibc())
                };
                ldflags.push_str(&format!("-X main.GlibcVersion={libc}"));
                if !variant.args.iter().any(|arg| arg.starts_with("-ldflags")) {
                    build.arg(format!("-ldflags={ldflags}"));
                }
            }
            What::Plugin => {
                build.arg("-buildmode=plugin");
                if !ldflags.is_empty() {
                    build.arg(format!("-ldflags={ldflags}"));
                }
            }
        }
        run(build.arg("-o").arg(&out).arg("."))?;
        finish(&out, variant)?;
        fs::write(stamp_file, stamp).unwrap();
        Ok(out)
    }

    /// Loads plugins into a host, in one process; what each `plugin.Open` said, as far as the process lived.
    pub(crate) fn open_all(&self, host: &Path, cc: Cc, plugins: &[PathBuf]) -> Vec<Outcome> {
        let out = Self::run_host(host, cc, plugins);
        let text = String::from_utf8_lossy(&out.stdout);
        let mut said = text
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let died = String::from_utf8_lossy(&out.stderr);
        let died = died
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no word")
            .to_owned();
        plugins
            .iter()
            .map(|_| match said.next() {
                Some(line) => match line["error"].as_str().unwrap_or_default() {
                    "" => Outcome::Opened,
                    error => Outcome::Refused(error.to_owned()),
                },
                None => Outcome::Died(died.clone()),
            })
            .collect()
    }

    /// Runs a host, under emulation where it must be.
    pub(crate) fn run_host(host: &Path, cc: Cc, plugins: &[PathBuf]) -> Output {
        #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
        let mut command = match cc {
            Cc::Arm64 | Cc::Arm64Musl => {
                let mut qemu = Command::new("qemu-aarch64-static");
                let musl = || test_tool("musl-aarch64").expect("tests/setup.sh gets the other machine's musl");
                match cc {
                    Cc::Arm64Musl => qemu.arg("-L").arg(musl()),
                    _ => qemu.args(["-L", "/usr/aarch64-linux-gnu"]),
                };
                qemu.arg(host);
                qemu
            }
            _ => Command::new(host),
        };
        command.args(plugins).output().expect("the host starts")
    }

    fn go(&self, go: &Go, variant: &Variant) -> Command {
        let mut command = go.command();
        command
            .env("GOMODCACHE", self.cache_of(variant.tree))
            .env("GOPROXY", format!("file://{}", self.root.join("proxy").display()))
            .env("GOSUMDB", "off")
            .env(
                "GOFLAGS",
                if variant.tree == Tree::Vendor {
                    "-modcacherw"
                } else {
                    "-modcacherw -mod=mod"
                },
            )
            .envs(variant.env.iter().copied());
        match variant.cc {
            Cc::Gcc => command.env("CC", "gcc"),
            Cc::Musl => command.env("CC", "musl-gcc"),
            Cc::Arm64 => command.env("CC", "aarch64-linux-gnu-gcc").env("GOARCH", "arm64"),
            Cc::Arm64Musl => command.env("CC", self.zig_cc()).env("GOARCH", "arm64"),
            Cc::None => command.env("CGO_ENABLED", "0"),
        };
        command
    }

    /// zig for arm64 and musl as one word: the oldest Go leaves out what follows the first word of CC.
    fn zig_cc(&self) -> PathBuf {
        static WRITING: Mutex<()> = Mutex::new(());
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let script = self.root.join("zig-cc-aarch64-linux-musl");
        let zig_cc = root().join("tests/gateway/zig-cc.sh");
        let text = format!(
            "#!/bin/sh\nexec '{}' '{}' aarch64-linux-musl \"$@\"\n",
            zig_cc.display(),
            zig().display()
        );
        if fs::read_to_string(&script).ok().as_ref() != Some(&text) {
            write_program(&script, &text);
        }
        script
    }

    fn cache_of(&self, tree: Tree) -> PathBuf {
        self.root.join(match tree {
            Tree::OtherCache | Tree::Rules => "elsewhere/mod",
            _ => "gopath/pkg/mod",
        })
    }

    /// Writes the main module of a build.
    fn lay_out(&self, variant: &Variant, what: What) -> PathBuf {
        let kind = if what == What::Host { "host" } else { "plug" };
        let folder = self.root.join("src").join(format!("{kind}-{}", variant.name));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let source = if what == What::Host { "main.go" } else { variant.source };
        match variant.text {
            "" => _ = fs::copy(self.sources.join("go").join(kind).join(source), folder.join("main.go")).unwrap(),
            text => fs::write(folder.join("main.go"), text).unwrap(),
        }
        let module = if what == What::Host {
            "example.com/host"
        } else {
            variant.module
        };
        let mut text = format!(
            "module {module}\n\ngo 1.17\n\nrequire example.org/leaf {}\n",
            variant.leaf
        );
        if source == "main.go" {
            text.push_str(&format!("\nrequire example.org/mid {}\n", variant.mid));
        }
        if !variant.bare.is_empty() {
            text.push_str(&format!("\nrequire example.org/bare {}\n", variant.bare));
        }
        match variant.tree {
            Tree::ReplacedByModule => text.push_str("\nreplace example.org/leaf => example.org/fork v1.0.0\n"),
            Tree::ReplacedByFolder => {
                text.push_str("\nreplace example.org/leaf => ./leaf\n");
                for (name, content) in self.leaf("v1.0.0") {
                    write(&folder.join("leaf").join(name), &content);
                }
                write(&folder.join("leaf/go.mod"), "module example.org/leaf\n\ngo 1.17\n");
            }
            _ => {}
        }
        write(&folder.join("go.mod"), &text);
        folder
    }

    /// The profile for `-pgo`.
    fn profile(&self, go: &Go) -> Result<PathBuf, String> {
        let profile = self.root.join("default.pgo");
        if profile.exists() {
            return Ok(profile);
        }
        let folder = self.root.join("src/prof");
        write(
            &folder.join("go.mod"),
            "module example.com/prof\n\ngo 1.17\n\nrequire example.org/leaf v1.0.0\n",
        );
        fs::copy(self.sources.join("go/prof/main.go"), folder.join("main.go")).unwrap();
        run(self
            .go(go, &BASE)
            .current_dir(&folder)
            .args(["build", "-o", "prof", "."]))?;
        #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
        run(Command::new(folder.join("prof")).arg(&profile))?;
        Ok(profile)
    }

    fn publish_all(&self) {
        for version in ["v0.9.0", "v1.0.0", "v1.0.1", "v1.1.0"] {
            self.publish("example.org/leaf", version, "", &self.leaf(version));
        }
        self.publish("example.org/fork", "v1.0.0", "", &self.leaf("v1.0.0"));
        for version in ["v1.0.0", "v1.1.0"] {
            let read = |name: &str| fs::read_to_string(self.sources.join("go/bare").join(name)).unwrap();
            let files = [("bare.go", "bare.go"), ("tagged.txt", "tagged.go")]
                .map(|(from, to)| (to.to_owned(), read(from).replace("VERSION", version)));
            self.publish("example.org/bare", version, "", &files);
        }
        for (version, leaf) in [("v1.0.0", "v0.9.0"), ("v1.1.0", "v1.1.0")] {
            let files = self.mid(version);
            self.publish(
                "example.org/mid",
                version,
                &format!("\nrequire example.org/leaf {leaf}\n"),
                &files,
            );
        }
    }

    pub(crate) fn leaf(&self, version: &str) -> Vec<(String, String)> {
        let fields = if version == "v1.1.0" { "C string" } else { "" };
        // A patch release that changes no word of code.
        let said = if version == "v1.0.1" { "v1.0.0" } else { version };
        let read = |name: &str| fs::read_to_string(self.sources.join("go/leaf").join(name)).unwrap();
        [
            ("leaf.go", "leaf.go"),
            ("tagged.txt", "tagged.go"),
            ("extra/extra.go", "extra/extra.go"),
        ]
        .map(|(from, to)| {
            (
                to.to_owned(),
                read(from).replace("// FIELDS", fields).replace("VERSION", said),
            )
        })
        .to_vec()
    }

    pub(crate) fn mid(&self, version: &str) -> [(String, String); 1] {
        let text = fs::read_to_string(self.sources.join("go/mid/mid.go")).unwrap();
        [("mid.go".to_owned(), text.replace("VERSION", version))]
    }

    /// Writes one module version as a proxy serves it.
    pub(crate) fn publish(&self, module: &str, version: &str, requires: &str, files: &[(String, String)]) {
        let folder = self.root.join("proxy").join(module).join("@v");
        let gomod = format!("module {module}\n\ngo 1.17\n{requires}");
        write(&folder.join(format!("{version}.mod")), &gomod);
        write(
            &folder.join(format!("{version}.info")),
            &format!("{{\"Version\":\"{version}\"}}"),
        );
        let path = folder.join(format!("{version}.zip"));
        if path.exists() {
            return;
        }
        let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
        let go_mod = ("go.mod".to_owned(), gomod);
        for (name, content) in files.iter().chain([&go_mod]) {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("{module}@{version}/{name}"), options).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }
}

/// What became of one `plugin.Open`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Opened,
    Refused(String),
    /// It took the host with it.
    Died(String),
}

/// The machine's glibc, as hosts are taken to have been built on.
fn glibc() -> String {
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    let out = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = out
        .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
        .unwrap_or_default();
    text.trim().strip_prefix("glibc ").unwrap_or("2.31").to_owned()
}

fn finish(out: &Path, variant: &Variant) -> Result<(), String> {
    match variant.after {
        After::Nothing => Ok(()),
        #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
        After::Strip => run(Command::new("strip").arg(out)),
        After::NewerGlibc => {
            let mut bytes = fs::read(out).unwrap();
            newer_glibc(&mut bytes);
            fs::write(out, bytes).unwrap();
            Ok(())
        }
    }
}

/// Makes the newest glibc version a file needs one of the far future: its name and the hash of its name.
fn newer_glibc(bytes: &mut [u8]) {
    let (old, new) = (b"GLIBC_2.34\0", b"GLIBC_2.94\0");
    let at = memchr::memmem::find(bytes, old).expect("a file built on glibc 2.34 or later");
    bytes[at..at + new.len()].copy_from_slice(new);
    let hash = |name: &[u8]| object::elf::hash(&name[..name.len() - 1]).to_le_bytes();
    let at = memchr::memmem::find(bytes, &hash(old)).expect("the hash of that version");
    bytes[at..at + 4].copy_from_slice(&hash(new));
}

fn run(command: &mut Command) -> Result<(), String> {
    let out = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    match out.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&out.stderr))),
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    files
}
