//! The outside world as a value: environment, directories, platform, PATH search.
//!
//! Filled once by `main` (or by a test); nothing else reads the process environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::IsTerminal;
use std::path::{Component, Path, PathBuf};

use etcetera::BaseStrategy;

use crate::util::error::{Error, Result};
use crate::util::target::Arch;

/// The operating systems plugbuild runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Os {
    Linux,
    MacOs,
}

/// The machine plugbuild runs on, in the terms that toolchains are published under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    pub os: Os,
    pub arch: Arch,
}

impl Platform {
    /// GOOS: `linux` or `darwin`.
    pub fn goos(self) -> &'static str {
        match self.os {
            Os::Linux => "linux",
            Os::MacOs => "darwin",
        }
    }
}

/// `linux/amd64`: the key of a host in toolchains/.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.goos(), self.arch)
    }
}

/// Everything plugbuild knows about its surroundings.
#[derive(Debug, Clone)]
pub struct Host {
    pub env: BTreeMap<OsString, OsString>,
    pub cwd: PathBuf,
    pub platform: Platform,
    /// `HOME`, if it is set.
    pub home: Option<PathBuf>,
    /// The directory of toolchains: `PLUGBUILD_HOME`, else `plugbuild` in the platform's data directory.
    pub store: PathBuf,
    /// The directory for this user's entries if the store is read-only: `plugbuild` in the platform's cache directory.
    pub cache: Option<PathBuf>,
    /// The path of the user's settings file, which need not exist.
    pub user_config: Option<PathBuf>,
    /// The directory of this user's decisions: `plugbuild` in the platform's state directory.
    pub state: Option<PathBuf>,
    /// The mirror variables that a repository's file set, not the user: they are not trusted.
    pub repository_mirrors: Vec<&'static str>,
    /// Whether standard error is a terminal that can be drawn on.
    pub interactive: bool,
    /// The path of this program, if the system knows it.
    pub program: Option<PathBuf>,
    /// The number of cores this process may use.
    pub cores: usize,
}

impl Host {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// The current directory is missing, there is no home for the store, or Go plugins cannot be built on the platform.
    #[allow(clippy::disallowed_methods)] // the one place that reads the environment
    pub fn from_process() -> Result<Self> {
        let env: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let cwd = std::env::current_dir()
            .map_err(|e| Error::io("find", "the current directory", e).help("change to an existing directory"))?;
        let interactive = std::io::stderr().is_terminal();
        Self::new(env, cwd, interactive)
    }

    /// Creates a host from values, for tests.
    ///
    /// # Errors
    /// As [`Host::from_process`].
    pub fn new(env: BTreeMap<OsString, OsString>, cwd: PathBuf, terminal: bool) -> Result<Self> {
        let get = |name: &str| env.get(OsStr::new(name)).filter(|v| !v.is_empty());
        let home = get("HOME").map(PathBuf::from);
        let base = etcetera::choose_base_strategy().ok();
        // etcetera reads the HOME of the process; a test's host has its own.
        let dir = |variable: &str, below_home: &str| {
            let given = get(variable).map(PathBuf::from).filter(|dir| dir.is_absolute());
            given.or_else(|| home.as_ref().map(|home| home.join(below_home)))
        };
        let of_system = |ask: fn(&_) -> PathBuf| base.as_ref().map(ask);
        let data = dir("XDG_DATA_HOME", ".local/share").or_else(|| of_system(BaseStrategy::data_dir));
        let config = dir("XDG_CONFIG_HOME", ".config").or_else(|| of_system(BaseStrategy::config_dir));
        let cache = dir("XDG_CACHE_HOME", ".cache").or_else(|| of_system(BaseStrategy::cache_dir));
        let state = dir("XDG_STATE_HOME", ".local/state").or_else(|| base.as_ref().and_then(BaseStrategy::state_dir));
        let store = match (get("PLUGBUILD_HOME"), data) {
            (Some(given), _) => cwd.join(given),
            (None, Some(data)) => data.join("plugbuild"),
            (None, None) => {
                return Err(Error::usage("no directory for toolchains: HOME is not set")
                    .help("set PLUGBUILD_HOME to a writable directory"));
            }
        };
        let user_config = match get("PLUGBUILD_CONFIG") {
            Some(given) => Some(cwd.join(given)),
            None => config.map(|c| c.join("plugbuild/plugbuild.toml")),
        };
        let interactive = terminal && get("CI").is_none() && get("TERM").is_none_or(|t| t != "dumb");
        Ok(Host {
            platform: own_platform()?,
            cwd,
            home,
            store,
            user_config,
            state: state.map(|s| s.join("plugbuild")),
            cache: cache.map(|c| c.join("plugbuild")),
            repository_mirrors: Vec::new(),
            interactive,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            program: std::env::current_exe().ok(),
            env,
        })
    }

    /// A variable of the environment that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.env
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|v| !v.is_empty())
    }

    /// The variable as text.
    ///
    /// # Errors
    /// The value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        self.var(name)
            .map(|v| {
                v.to_str()
                    .ok_or_else(|| Error::usage(format!("the environment variable {name} is not UTF-8 text")))
            })
            .transpose()
    }

    /// A switch such as `PLUGBUILD_OFFLINE=1`: set, and not `0` or `false`.
    pub fn switch(&self, name: &str) -> bool {
        self.var(name).is_some_and(|v| v != "0" && v != "false")
    }

    /// Finds a program on PATH; a name with a slash is relative to the current directory.
    pub fn find(&self, program: impl AsRef<OsStr>) -> Option<PathBuf> {
        which::which_in(program, self.var("PATH"), &self.cwd).ok()
    }

    /// Makes a path absolute, resolving `.`, and `..` after an existing directory.
    pub fn absolute(&self, path: impl AsRef<Path>) -> PathBuf {
        let mut whole = PathBuf::new();
        for part in self.cwd.join(path).components() {
            // After a link, `..` leads elsewhere.
            let up = part == Component::ParentDir && whole.symlink_metadata().is_ok_and(|found| found.is_dir());
            if up {
                whole.pop();
            } else {
                whole.push(part);
            }
        }
        whole
    }
}

fn own_platform() -> Result<Platform> {
    let os = match std::env::consts::OS {
        "linux" => Os::Linux,
        "macos" => Os::MacOs,
        other => {
            return Err(Error::usage(format!(
                "plugbuild runs on Linux and macOS, not on {other}"
            )));
        }
    };
    Ok(Platform {
        os,
        arch: std::env::consts::ARCH.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_path_resolves_dots_but_not_links() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("work/inner")).unwrap();
        std::os::unix::fs::symlink(root.join("work/inner"), root.join("work/link")).unwrap();
        let host = Host::new(
            BTreeMap::from([("HOME".into(), root.clone().into())]),
            root.join("work"),
            false,
        );
        let host = host.unwrap();
        for (typed, shown) in [
            ("./a", "work/a"),
            ("../krakend", "krakend"),
            ("inner/../../krakend", "krakend"),
            ("link/../a", "work/link/../a"),
            ("nowhere/../a", "work/nowhere/../a"),
        ] {
            assert_eq!(host.absolute(typed), root.join(shown), "{typed}");
        }
        assert_eq!(host.absolute("/../a"), Path::new("/a"));
    }
}
