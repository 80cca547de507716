//! The plugin's directory as data: its module, its source roots, the requirements of its go.mod.

use std::path::{Path, PathBuf};

use crate::project::go_env::GoEnv;
use crate::project::go_mod;
use crate::project::go_mod::Directive;
use crate::project::source::misplaced::mains_below;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::owner::Trusted;
use crate::util::regular_file::is_there;
use crate::util::sort::sort_by;
use crate::util::version::GoVersion;

/// A plugin's sources, read before any tool runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// The directory of the main package.
    pub dir: PathBuf,
    /// Its module.
    pub module: LocalModule,
    /// Other directories whose Go files may be compiled in: workspace members and local replacements.
    pub siblings: Vec<LocalModule>,
    /// The active go.work, if any.
    pub work: Option<PathBuf>,
    /// The modules under vendor/, if the build uses them.
    pub vendored: Vec<Vendored>,
    pub directives: Directives,
}

/// The directives of a plugin's go.mod and go.work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    pub go_mod: Vec<Directive>,
    pub go_work: Option<Vec<Directive>>,
}

/// A local Go module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalModule {
    pub path: String,
    pub root: PathBuf,
    /// The `go` line; `None` means Go 1.16.
    pub go: Option<GoVersion>,
}

/// One module of vendor/modules.txt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendored {
    /// The import path it is vendored under.
    pub path: String,
    /// The published module and version of its files, which differs from its own if it is replaced; `None` if they come
    /// from a directory.
    pub source: Option<(String, String)>,
}

impl Plugin {
    /// Reads the directory's go.mod, go.work and vendor list.
    ///
    /// # Errors
    /// The directory does not exist, has no go.mod there or above, or its go.mod names no module.
    pub fn read(dir: &Path, host: &Host, goenv: &GoEnv) -> Result<Self> {
        let dir = dir.canonicalize().map_err(|e| {
            Error::unreadable(format!("cannot read the plugin directory {}: {e}", dir.display()))
                .help("give the directory of a Go module with `package main`: `plugbuild PATH --gateway …`")
        })?;
        if !dir.is_dir() {
            return Err(
                Error::usage(format!("{} is a file, not a plugin's directory", dir.display()))
                    .help("give its directory: a package is built whole, never from single files"),
            );
        }
        let root = dir.ancestors().find(|d| is_there(d.join("go.mod")));
        let root = root.ok_or_else(|| no_module(&dir))?;
        let trusted = Trusted::of(host).and_owner_of(&dir);
        trusted.check_file(&root.join("go.mod"))?;
        let go_mod = directives_of(&root.join("go.mod"))?;
        let module = LocalModule::from(&go_mod, root)?;
        let work = work_file(&dir, host, goenv);
        let mut siblings = local_replacements(&go_mod, &root.join("go.mod"))?;
        let mut go_work = None;
        if let Some(work) = &work {
            // The user named this one by GOWORK.
            if goenv.work.as_deref().is_none_or(|given| given == "auto") {
                trusted.check_file(work)?;
            }
            let file = directives_of(work)?;
            let base = work.parent().unwrap_or(Path::new("/"));
            let used = file.iter().filter(|d| d.verb == "use").filter_map(|d| d.words.first());
            for member in used {
                let found = LocalModule::at(&base.join(member));
                siblings.push(found.map_err(|why| absent(why, work, "use", member))?);
            }
            siblings.extend(local_replacements(&file, work)?);
            go_work = Some(file);
        }
        siblings.retain(|m| m.root != module.root);
        sort_by(&mut siblings, |a, b| a.root.cmp(&b.root));
        siblings.dedup_by(|a, b| a.root == b.root);
        let vendored = vendored(work.as_deref().and_then(Path::parent).unwrap_or(root))?;
        Ok(Plugin {
            module,
            siblings,
            work,
            vendored,
            directives: Directives { go_mod, go_work },
            dir,
        })
    }

    /// The import path of its main package, which Go calls the plugin path; a gateway loads each only once.
    pub fn import_path(&self) -> String {
        match self.dir.strip_prefix(&self.module.root) {
            Ok(inner) if !inner.as_os_str().is_empty() => format!("{}/{}", self.module.path, inner.display()),
            _ => self.module.path.clone(),
        }
    }

    /// The name of its file: the import path's last element that is not a version, `handler` for
    /// `example.com/handler/v2`. A generic name is extended by the elements before it: `login-plugin` for
    /// `example.com/login/plugin`.
    pub fn name(&self) -> String {
        const GENERIC: [&str; 8] = [
            "plugin",
            "plugins",
            "main",
            "cmd",
            "src",
            "go",
            "krakend",
            "krakend-plugin",
        ];
        let path = self.import_path();
        let version = |part: &str| part.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok());
        let mut parts = path
            .split('/')
            .filter(|part| !part.is_empty() && !version(part))
            .peekable();
        // The first may be a host, which does not distinguish plugins.
        let host = parts.next_if(|part| part.contains('.'));
        let parts: Vec<&str> = parts.collect();
        let own = parts.iter().rposition(|part| !GENERIC.contains(part)).unwrap_or(0);
        match parts.get(own..).filter(|parts| !parts.is_empty()) {
            Some(parts) => parts.join("-"),
            None => host.unwrap_or("plugin").to_owned(),
        }
    }
}

impl LocalModule {
    fn at(root: &Path) -> Result<Self> {
        let root = root
            .canonicalize()
            .map_err(|e| Error::io("read the module in", root, e))?;
        Self::from(&directives_of(&root.join("go.mod"))?, &root)
    }

    fn from(file: &[Directive], root: &Path) -> Result<Self> {
        let word = |verb: &str| file.iter().find(|d| d.verb == verb).and_then(|d| d.words.first());
        let path = word("module").cloned().ok_or_else(|| {
            Error::usage(format!("{} names no module", root.join("go.mod").display()))
                .help("its first line should read `module example.com/myplugin`")
        })?;
        let go = word("go").map(|v| v.parse()).transpose().map_err(|e: Error| {
            Error::usage(format!("{}: the go line: {e}", root.join("go.mod").display()))
                .help("it reads `go 1.19`: two numbers, or from Go 1.21 on three")
        })?;
        Ok(LocalModule {
            path,
            root: root.to_owned(),
            go,
        })
    }
}

fn directives_of(file: &Path) -> Result<Vec<Directive>> {
    let bytes = crate::util::regular_file::read(file).map_err(|e| Error::io("read", file, e))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::usage(format!("{} is not UTF-8 text", file.display()))
            .help("recreate it: `go mod init` in its directory")
    })?;
    Ok(go_mod::parse(&text))
}

/// As the go command finds it: GOWORK, else the nearest go.work above.
fn work_file(dir: &Path, host: &Host, goenv: &GoEnv) -> Option<PathBuf> {
    match goenv.work.as_deref() {
        Some(off) if off == "off" => None,
        Some(given) if given != "auto" => Some(host.absolute(given)),
        _ => dir.ancestors().map(|d| d.join("go.work")).find(|file| is_there(file)),
    }
}

fn local_replacements(directives: &[Directive], file: &Path) -> Result<Vec<LocalModule>> {
    let base = file.parent().unwrap_or(Path::new("/"));
    directives
        .iter()
        .filter(|d| d.verb == "replace")
        .filter_map(|d| d.words.iter().skip_while(|w| *w != "=>").nth(1))
        .filter(|to| to.starts_with("./") || to.starts_with("../") || to.starts_with('/'))
        .map(|to| LocalModule::at(&base.join(to)).map_err(|why| absent(why, file, "replace", to)))
        .collect()
}

/// Adds the line of a file that names a missing local module.
fn no_module(dir: &Path) -> Error {
    let error = Error::usage(format!("no go.mod in {} or above it", dir.display()));
    mains_below(dir)
        .into_iter()
        .fold(error, Error::help)
        .help(format!(
            "make it a module: `cd {} && go mod init example.com/myplugin`",
            dir.display()
        ))
        .help("or start from a plugin that builds: `plugbuild new NAME --type handler`")
}

fn absent(why: Error, file: &Path, verb: &str, folder: &str) -> Error {
    let message = format!("{} (named in {}: `{verb}` … {folder})", why.message, file.display());
    Error { message, ..why }.help_if_none(format!("create a module there, or remove that `{verb}`"))
}

/// Parses vendor/modules.txt: `# path version`, `# path version => other version`, `# path version => ./folder`.
fn vendored(root: &Path) -> Result<Vec<Vendored>> {
    let list = root.join("vendor/modules.txt");
    match crate::util::regular_file::read_to_string(&list) {
        Ok(text) => Ok(parse_vendor_list(&text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Error::io("read", &list, e)),
    }
}

fn parse_vendor_list(text: &str) -> Vec<Vendored> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (path, source) = match words.as_slice() {
                // The replacement of all versions has a line of its own; the module has another.
                [_, "=>", ..] => return None,
                [path, version] => (path, Some((path, version))),
                [path, _, "=>", _] => (path, None),
                [path, _, "=>", source, version] => (path, Some((source, version))),
                _ => return None,
            };
            Some(Vendored {
                path: (*path).to_owned(),
                source: source.map(|(path, version)| ((*path).to_owned(), (*version).to_owned())),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_list_has_sources() {
        let text = "# a.org/x v1.0.0\n## explicit\na.org/x\n# a.org/y v1.0.0 => b.org/y v2.0.0\n# a.org/z => ./z\n# a.org/w v1.0.0 => ../w\n";
        let found: Vec<String> = parse_vendor_list(text)
            .iter()
            .map(|v| match &v.source {
                Some((path, version)) => format!("{} {path}@{version}", v.path),
                None => format!("{} a folder", v.path),
            })
            .collect();
        assert_eq!(
            found,
            ["a.org/x a.org/x@v1.0.0", "a.org/y b.org/y@v2.0.0", "a.org/w a folder"]
        );
    }

    #[test]
    fn plugin_names_come_from_module_or_directory() {
        let named = |path: &str, dir: &str| {
            let root = PathBuf::from("/src/p");
            let module = LocalModule {
                path: path.into(),
                root,
                go: None,
            };
            Plugin {
                dir: dir.into(),
                module,
                siblings: vec![],
                work: None,
                vendored: vec![],
                directives: Default::default(),
            }
            .name()
        };
        assert_eq!(named("example.com/handler/v2", "/src/p"), "handler");
        assert_eq!(named("handler", "/src/p"), "handler");
        assert_eq!(named("example.com/all", "/src/p/cmd/auth"), "auth");
        assert_eq!(named("example.com/login/plugin", "/src/p"), "login-plugin");
        assert_eq!(named("example.com/middleware/plugin/v2", "/src/p"), "middleware-plugin");
        assert_eq!(named("login/plugin", "/src/p"), "login-plugin");
        assert_eq!(named("example.com/acme/auth/cmd/plugin", "/src/p"), "auth-cmd-plugin");
        assert_eq!(named("example.com/auth", "/src/p/cmd/plugin"), "auth-cmd-plugin");
        assert_eq!(named("example.com/plugin", "/src/p"), "plugin");
        assert_eq!(named("plugin.example", "/src/p"), "plugin.example");
    }
}
