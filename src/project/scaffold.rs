//! The files of a new plugin: templates filled with its name, its gateway and the gateway's Go. Pure.

use crate::gateway::config::ConfigVersion;
use crate::gateway::config::migrate::migrate;
use crate::gateway::registerer;
use crate::gateway::registerer::PluginKind;
use crate::project::config;
use crate::util::component::Name;
use crate::util::error::{Error, Result};
use crate::util::version::GoVersion;

/// GitHub reads it only from the root of a repository.
pub const WORKFLOW: &str = ".github/workflows/plugin.yml";

/// The properties of a new plugin.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its name in krakend.json and of its file.
    pub name: String,
    pub kind: PluginKind,
    /// The path of its Go module.
    pub module: String,
    /// In the form of `--gateway`.
    pub gateway: String,
    /// The gateway as a release: `2.12.1-alpine`.
    pub release: String,
    /// The Go from `--go`.
    pub gateway_go: Option<GoVersion>,
    /// Whether the gateway is a file, which fits one target.
    pub from_file: bool,
    /// The gateway's Go.
    pub go: GoVersion,
    /// The version of configuration that the gateway reads, and the address of its schema.
    pub config: ConfigVersion,
    pub schema: String,
}

/// A file, by its path in the plugin's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaffoldFile {
    pub path: &'static str,
    pub text: String,
    /// Whether it is Go source, which a module with sources of its own does not need.
    pub source: bool,
}

impl Project {
    /// Checks a plugin's name, which becomes part of a module path, a file name and a configuration.
    ///
    /// # Errors
    /// It has characters other than letters, digits, `-`, `_` and `.`, or begins with none of the former two.
    pub fn check_name(name: &str) -> Result<()> {
        Name::new("the name of a plugin", name)?;
        // Module paths allow fewer characters than file names.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && name.chars().all(plain) && !name.ends_with('.') {
            return Ok(());
        }
        Err(Error::usage(format!("{name:?} cannot be a plugin's name"))
            .help("use letters, digits, `-`, `_` and `.`, such as `my-plugin`"))
    }

    /// Checks a module path, which the go command would refuse at the first build.
    ///
    /// # Errors
    /// It has characters other than letters, digits, `-`, `.`, `_`, `~` and `/`, or an element that is empty, or begins
    /// or ends with a dot.
    pub fn check_module(path: &str) -> Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        let elements = || path.split('/');
        let why = if let Some(other) = path.chars().find(|c| !plain(*c)) {
            format!("it holds {other:?}")
        } else if path.is_empty() {
            "it is empty".to_owned()
        } else if path.starts_with(['/', '-']) {
            format!("it begins with `{}`", &path[..1])
        } else if path.ends_with('/') {
            "it ends with `/`".to_owned()
        } else if path.contains("//") {
            "it holds `//`".to_owned()
        } else if let Some(element) = elements().find(|e| e.starts_with('.') || e.ends_with('.')) {
            format!("a dot is at the edge of `{element}`")
        } else {
            return Ok(());
        };
        Err(Error::usage(format!("{path:?} cannot be a module's path: {why}"))
            .help("use letters, digits, `-`, `.`, `_` and `~` between slashes, such as `example.com/my-plugin`"))
    }

    /// All files, in reading order.
    pub fn files(&self) -> Vec<ScaffoldFile> {
        let [plugin, test, config] = match self.kind {
            PluginKind::Handler => [
                include_str!("../../templates/handler/plugin.go"),
                include_str!("../../templates/handler/plugin_test.go"),
                include_str!("../../templates/handler/krakend.json"),
            ],
            PluginKind::Client => [
                include_str!("../../templates/client/plugin.go"),
                include_str!("../../templates/client/plugin_test.go"),
                include_str!("../../templates/client/krakend.json"),
            ],
            PluginKind::Modifier => [
                include_str!("../../templates/modifier/plugin.go"),
                include_str!("../../templates/modifier/plugin_test.go"),
                include_str!("../../templates/modifier/krakend.json"),
            ],
            PluginKind::Middleware => [
                include_str!("../../templates/middleware/plugin.go"),
                include_str!("../../templates/middleware/plugin_test.go"),
                include_str!("../../templates/middleware/krakend.json"),
            ],
        };
        let file = |path, text: &str, source| ScaffoldFile {
            path,
            text: self.filled(text),
            source,
        };
        vec![
            file("go.mod", "module plugin-module\n\ngo go-line\n", false),
            file("plugin.go", plugin, true),
            file("logger.go", include_str!("../../templates/logger.go"), true),
            file("plugin_test.go", test, true),
            ScaffoldFile {
                path: "krakend.json",
                text: self.configuration(config),
                source: false,
            },
            file(config::FILE, include_str!("../../templates/plugbuild.toml"), false),
            file(".gitignore", "/plugins/\n/dist/\n*.so\n", false),
            file(WORKFLOW, include_str!("../../templates/plugin.yml"), false),
        ]
    }

    /// The configuration that the gateway reads; the templates are of version 3.
    fn configuration(&self, template: &str) -> String {
        let text = self.filled(template);
        match self.config {
            ConfigVersion::V3 => text,
            ConfigVersion::V4 => migrate(&text, registerer::all(), &self.schema)
                .expect("each template is a configuration, which a test migrates"),
        }
    }

    fn filled(&self, text: &str) -> String {
        let every = ["plugbuild --all-targets", "for every target"];
        let its_own = ["plugbuild", "for its gateway"];
        let go = self.gateway_go.as_ref();
        let mut text = text.to_owned();
        if self.from_file {
            for (every, its_own) in every.iter().zip(its_own) {
                text = text.replace(every, its_own);
            }
        }
        text.replace("plugin-name", &self.name)
            .replace("plugin-module", &self.module)
            .replace("plugin-schema", &self.schema)
            .replace("plugin-gateway", &escaped(&self.gateway))
            .replace(
                "# gateway-go\n",
                &go.map(|go| format!("go = \"{go}\"\n")).unwrap_or_default(),
            )
            .replace("go-line", &self.go.newest_line())
            .replace("its-go", &self.go.to_string())
    }
}

/// Escapes text for a TOML string.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::gateway::config::parse;
    use crate::gateway::config::parse::ParsedConfig;
    use crate::gateway::config::{ConfigIssue, GivenPlugin, PluginDir, RegisteredNames, check};
    use crate::project::source::PluginSource;
    use crate::project::source::registered_names::registered;

    fn project(kind: PluginKind, go: &str) -> Project {
        Project {
            name: "my-own".to_owned(),
            kind,
            module: "example.com/my-own".to_owned(),
            gateway: "2.1.4".to_owned(),
            release: "2.12.1".to_owned(),
            gateway_go: None,
            from_file: false,
            go: go.parse().unwrap(),
            config: ConfigVersion::V3,
            schema: ConfigVersion::V3.schema(None),
        }
    }

    #[test]
    fn scaffold_is_consistent() {
        let rows = registerer::all();
        for kind in PluginKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            let project = project(kind, "1.19.5");
            let files = project.files();
            for file in &files {
                let placeholders = ["plugin-name", "plugin-schema", "go-line"];
                assert!(
                    !placeholders.iter().any(|word| file.text.contains(word)),
                    "{}",
                    file.path
                );
                if file.source {
                    std::fs::write(dir.path().join(file.path), &file.text).unwrap();
                }
            }
            let names = registered(&PluginSource::read(dir.path()).unwrap(), rows).expect("the names are constants");
            assert_eq!(names[0], (kind, "my-own".to_owned()));
            // Version 4 is for the Enterprise edition in any case.
            let enterprise = usize::from(kind == PluginKind::Middleware);
            assert_eq!(issues(&files, names.clone()).len(), enterprise);
            let newer = Project {
                config: ConfigVersion::V4,
                schema: ConfigVersion::V4.schema(None),
                ..project
            };
            assert_eq!(issues(&newer.files(), names), []);
        }
    }

    /// What `config check` says of the scaffold's configuration.
    fn issues(files: &[ScaffoldFile], names: Vec<(PluginKind, String)>) -> Vec<ConfigIssue> {
        let config = files.iter().find(|file| file.path == "krakend.json").unwrap();
        let ParsedConfig::Document(document) = parse::read(config.path, &config.text) else {
            panic!("{}", config.text);
        };
        let plugin = GivenPlugin {
            label: "my-own".to_owned(),
            file: Some("my-own.so".to_owned()),
            registered: Some(RegisteredNames {
                names,
                origin: "read".to_owned(),
            }),
        };
        let folder = |_: &str| PluginDir::Open(vec![("my-own.so".to_owned(), false)]);
        check(&document, registerer::all(), &[plugin], &folder, None)
    }

    #[test]
    fn go_line_suits_the_gateways_go() {
        let line = |go: &str| project(PluginKind::Handler, go).files()[0].text.clone();
        assert_eq!(line("1.19.5"), "module example.com/my-own\n\ngo 1.19\n");
        assert_eq!(line("1.25.6"), "module example.com/my-own\n\ngo 1.25.6\n");
    }

    #[test]
    fn invalid_module_paths() {
        for path in ["a", "example.com/a-b/c_d", "git.example.com/~u/x.y/v2"] {
            Project::check_module(path).unwrap();
        }
        for (path, why) in [
            ("bad module", "it holds ' '"),
            ("example.com/a@v1", "it holds '@'"),
            ("a\n", "it holds '\\n'"),
            ("ä", "it holds 'ä'"),
            ("", "it is empty"),
            ("/a", "it begins with `/`"),
            ("-a", "it begins with `-`"),
            ("a/", "it ends with `/`"),
            ("a//b", "it holds `//`"),
            ("a/.b", "a dot is at the edge of `.b`"),
            ("a./b", "a dot is at the edge of `a.`"),
            ("../a", "a dot is at the edge of `..`"),
        ] {
            let message = Project::check_module(path).unwrap_err().message;
            assert!(
                message.ends_with(&format!("cannot be a module's path: {why}")),
                "{message}"
            );
        }
    }

    #[test]
    fn invalid_plugin_names() {
        for name in ["a", "my-plugin", "p2.x_y", "2fa"] {
            Project::check_name(name).unwrap();
        }
        for name in ["", "-a", ".a", "a b", "a/b", "ä", "a.", "\"", "a\n"] {
            assert!(Project::check_name(name).is_err(), "{name:?}");
        }
    }
}
