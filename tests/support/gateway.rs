//! The test gateways, and what is made of them: the judges of every build.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::go::Go;
use super::{cache, copy_tree, plugbuild, root, say};

/// A release that is proved, and the Go it is built with.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    pub(crate) go: Go,
    /// Whether that is the Go of the official gateway.
    pub(crate) exact: bool,
}

impl Release {
    /// The release with its own Go; where that cannot be had, with another of its line, as a gateway somebody built himself.
    pub(crate) fn new(version: &'static str, own: &str, other: &str) -> Release {
        match Go::fetch(own) {
            Ok(go) => Release {
                version,
                go,
                exact: true,
            },
            Err(why) => {
                say(&format!(
                    "NOTE: KrakenD {version} is built with Go {other}, as its own Go {own} cannot be had here: {why}"
                ));
                Release {
                    version,
                    go: Go::fetch(other).unwrap_or_else(|why| panic!("{why}")),
                    exact: false,
                }
            }
        }
    }

    /// The gateway for a target (`arm64-musl`): built once, by tests/gateway/build.sh, which knows nothing of plugbuild.
    pub(crate) fn gateway(&self, target: &'static str) -> Gateway {
        let place = cache().join("gateways").join(state());
        self.built(&root().join("tests/gateway"), &place, target)
    }

    /// The gateway without KrakenD's own command line and modules, of which the proxies do not have every version: all that
    /// decides whether a plugin loads is the same. A trimmed one is built with -trimpath, as official ones are not.
    pub(crate) fn bare_gateway(&self, target: &'static str, trimmed: bool) -> Gateway {
        let kind = if trimmed { "trimmed-gateways" } else { "bare-gateways" };
        let place = cache().join(kind).join(state()).join(self.version);
        let sources = place.join("tests/gateway");
        static WRITING: Mutex<()> = Mutex::new(());
        let alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        copy_tree(&root().join("tests/gateway"), &sources);
        if trimmed {
            let file = sources.join("build.sh");
            let script = std::fs::read_to_string(&file).unwrap();
            let relocated = r#"-toolexec "'$here/relocate.sh' '$modules' '$app'""#;
            let found = script.replace(relocated, "-trimpath");
            assert_ne!(found, script, "build.sh has {relocated}");
            std::fs::write(&file, found).unwrap();
        }
        copy_tree(&root().join("toolchains"), &place.join("toolchains"));
        for api in ["krakend", "krakendio"] {
            let api = sources.join("api").join(api);
            copy_tree(&root().join("tests/fixtures/bare-gateway"), &api);
            let linked = std::fs::read_to_string(api.join("linked.go")).unwrap();
            std::fs::write(api.join("linked.go"), self.only_required(&linked)).unwrap();
        }
        drop(alone);
        self.built(&sources, &place, target)
    }

    /// A Go file without the imports of modules that the release does not require.
    fn only_required(&self, file: &str) -> String {
        let rows = plugbuild::matrix::modules::of(self.version.parse().unwrap()).unwrap();
        let required = |line: &&str| {
            let Some(import) = line.strip_prefix("\t_ \"") else {
                return true;
            };
            rows.iter().any(|row| import.starts_with(&row.path))
        };
        file.lines().filter(required).flat_map(|line| [line, "\n"]).collect()
    }

    fn built(&self, sources: &Path, place: &Path, target: &'static str) -> Gateway {
        static BUILT: Mutex<BTreeMap<PathBuf, ()>> = Mutex::new(BTreeMap::new());
        let binary = place.join(format!("{}-go{}-{target}/krakend", self.version, self.go.version));
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if !built.contains_key(&binary) {
            let started = std::time::Instant::now();
            let mut build = script(&sources.join("build.sh"));
            build
                .args([self.version, target])
                .arg(&self.go.root)
                .arg(zig())
                .arg(&binary);
            let out = build.output().expect("sh starts");
            assert!(
                out.status.success(),
                "{build:?}: {}{}",
                text(&out.stdout),
                text(&out.stderr)
            );
            say(&format!(
                "test gateway {}, Go {}, {target}: {:.0} s",
                self.version,
                self.go.version,
                started.elapsed().as_secs_f32()
            ));
            built.insert(binary.clone(), ());
        }
        Gateway { target, binary }
    }

    /// How plugbuild is told of this gateway: by its release where it is the official pair, else by its file.
    pub(crate) fn spec(&self, gateway: &Gateway) -> String {
        if self.exact {
            self.version.to_owned()
        } else {
            gateway.binary.display().to_string()
        }
    }
}

/// A test gateway for one target.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    pub(crate) target: &'static str,
    pub(crate) binary: PathBuf,
}

/// What `plugin.Open` said in a gateway.
#[derive(Debug, Deserialize)]
pub(crate) struct Opened {
    pub(crate) file: PathBuf,
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) symbols: BTreeMap<String, bool>,
    #[serde(default)]
    pub(crate) usable: BTreeMap<String, bool>,
}

impl Gateway {
    /// A command that runs in this gateway, under emulation where it must be.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut run = script(&root().join("tests/gateway/run.sh"));
        run.arg(self.target).arg(&self.binary).args(args);
        run
    }

    /// Opens each file with the real `plugin.Open`, each in a process of its own.
    pub(crate) fn open(&self, files: &[&Path]) -> Vec<Opened> {
        let mut run = self.command(&["open"]);
        let out = run.args(files).output().expect("sh starts");
        let lines = text(&out.stdout);
        let opened: Vec<Opened> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}\n{}", text(&out.stderr))))
            .collect();
        assert_eq!(opened.len(), files.len(), "{run:?}: {lines}{}", text(&out.stderr));
        opened
    }
}

/// The state of the gateway's sources: checkouts that share a cache do not build over one another's.
fn state() -> String {
    fn read(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).expect("tests/gateway is there") {
            let path = entry.expect("tests/gateway is there").path();
            if path.is_dir() {
                read(&path, files);
            } else {
                files.insert(path.clone(), std::fs::read(&path).expect("a file of tests/gateway"));
            }
        }
    }
    let place = root().join("tests/gateway");
    let mut files = BTreeMap::new();
    read(&place, &mut files);
    let mut hasher = std::hash::DefaultHasher::new();
    for (path, content) in files {
        (path.strip_prefix(&place).ok(), content).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn script(file: &Path) -> Command {
    let mut sh = Command::new("sh");
    sh.arg(file);
    sh
}

/// The zig of the tests' own store, fetched by plugbuild itself.
pub(crate) fn zig() -> PathBuf {
    static ZIG: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut zig = ZIG.lock().unwrap_or_else(PoisonError::into_inner);
    zig.get_or_insert_with(|| {
        let out = plugbuild(&["toolchain", "install", "zig"])
            .output()
            .expect("plugbuild starts");
        assert!(out.status.success(), "{}", text(&out.stderr));
        let said = text(&out.stderr);
        PathBuf::from(said.trim().rsplit_once(": ").expect("the place is said").1)
    })
    .clone()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
