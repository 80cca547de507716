//! One gateway release per row: what it was compiled with, and where.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toml::Spanned;

use crate::matrix::rows;
use crate::util::component;
use crate::util::component::Name;
use crate::util::error::Result;
use crate::util::schema::Described;
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion, LibcVersion};

/// A gateway that plugins can be built for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Only custom gateways have one: `acme-3.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub version: GatewayVersion,
    /// The date of the tag, `2023-01-12`.
    pub released: Option<String>,
    /// The Go that compiled it; a plugin needs exactly the same.
    pub go: GoVersion,
    /// The Alpine of the official image.
    pub alpine: Option<String>,
    /// The musl of that Alpine.
    pub musl: Option<LibcVersion>,
    /// The newest glibc whose symbols a plugin may need.
    pub glibc: Option<LibcVersion>,
    /// The Debian that the generic Linux build was made on.
    pub generic_image: Option<String>,
    /// The path of the gateway's main module.
    pub main_module: Option<String>,
    /// The only libc with a build, if there is only one.
    pub libc: Option<Libc>,
    /// The directory of module sources when it was compiled: part of every package's hash.
    pub module_cache: String,
    /// The directory of its main module when it was compiled.
    pub main_root: String,
    /// Compiled with `-trimpath`, unlike official releases.
    pub trimpath: bool,
    /// The build tags it was compiled with.
    pub tags: Vec<String>,
    pub goamd64: Option<String>,
    pub goarm64: Option<String>,
    pub goexperiment: Option<String>,
    /// The file that lists the modules linked into it; official releases have theirs in [`crate::matrix::modules`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<PathBuf>,
    /// Where this row comes from.
    pub source: String,
}

impl Release {
    /// Its name in messages and on the command line: its name, else its version.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.version.to_string())
    }

    /// The libc version this release runs on, for a kind of libc.
    pub fn libc_version(&self, kind: LibcKind) -> Option<LibcVersion> {
        match kind {
            LibcKind::Musl => self.musl,
            LibcKind::Glibc => self.glibc,
        }
    }
}

/// A row as written in toolchains/releases.toml and in a user's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomRelease {
    name: Option<String>,
    version: GatewayVersion,
    released: Option<String>,
    go: GoVersion,
    alpine: Option<String>,
    musl: Option<LibcVersion>,
    glibc: Option<LibcVersion>,
    generic_image: Option<String>,
    main_module: Option<String>,
    libc: Option<Libc>,
    module_cache: Option<String>,
    main_root: Option<String>,
    #[serde(default)]
    trimpath: bool,
    #[serde(default)]
    tags: Vec<String>,
    goamd64: Option<String>,
    goarm64: Option<String>,
    goexperiment: Option<String>,
    modules: Option<PathBuf>,
    source: Option<String>,
}

/// For the schema of a settings file; a test compares it with the fields above.
impl Described for CustomRelease {
    fn schema() -> Value {
        let text = json!({ "type": "string" });
        let keys = [
            "name",
            "version",
            "released",
            "go",
            "alpine",
            "musl",
            "glibc",
            "generic_image",
            "main_module",
            "libc",
            "module_cache",
            "main_root",
            "goamd64",
            "goarm64",
            "goexperiment",
            "modules",
            "source",
        ];
        let mut properties: Map<String, Value> = keys.map(|key| (key.to_owned(), text.clone())).into_iter().collect();
        properties.insert("trimpath".to_owned(), bool::schema());
        properties.insert("tags".to_owned(), Vec::<String>::schema());
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["version", "go"],
            "properties": properties,
        })
    }
}

/// Where gateways are compiled, for rows and files that do not say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    pub module_cache: String,
    pub main_root: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Releases {
    pub(crate) rows: Vec<Release>,
    pub(crate) defaults: Defaults,
}

pub(crate) fn parse(text: &str) -> Result<Releases> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        defaults: Defaults,
        release: Vec<CustomRelease>,
    }
    let origin = Path::new("toolchains/releases.toml");
    let File { defaults, release } = rows::parse(text, origin)?;
    let rows = release.into_iter().map(|row| row.filled(&defaults, origin)).collect();
    Ok(Releases { rows, defaults })
}

/// The rows of a file that contains nothing else.
pub(crate) fn parse_own(text: &str, origin: &Path) -> Result<Vec<Spanned<CustomRelease>>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        release: Vec<Spanned<CustomRelease>>,
    }
    rows::parse(text, origin).map(|file: File| file.release)
}

impl Releases {
    pub(crate) fn add(&mut self, own: Vec<Spanned<CustomRelease>>, text: &str, origin: &Path) -> Result<()> {
        let mut seen = Vec::new();
        for row in own {
            let span = row.span();
            let row = row.into_inner();
            row.check()
                .map_err(|what| rows::at(text, origin, Some(span.clone()), &what))?;
            let row = row.filled(&self.defaults, origin);
            let label = row.label();
            if seen.contains(&label) {
                let what = format!("a second row for the gateway `{label}`");
                return Err(rows::at(text, origin, Some(span), &what));
            }
            seen.push(label);
            match self.rows.iter_mut().find(|r| r.label() == row.label()) {
                Some(old) => *old = row,
                None => self.rows.push(row),
            }
        }
        self.rows
            .sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        Ok(())
    }
}

impl CustomRelease {
    /// Checks what types cannot express: names and paths that make no sense.
    fn check(&self) -> Result<(), String> {
        if let Some(name) = &self.name {
            Name::new("the name of a gateway", name).map_err(|e| e.message)?;
            // `2.12`, `./krakend` and `~/krakend` are releases and files.
            if !name.starts_with(char::is_alphabetic) {
                return Err(format!(
                    "`{name}` cannot be the name of a gateway: it does not begin with a letter"
                ));
            }
            if matches!(name.as_str(), "auto" | "latest") {
                return Err(format!("`{name}` has a meaning of its own after --gateway"));
            }
        }
        for (key, path) in [("module_cache", &self.module_cache), ("main_root", &self.main_root)] {
            if let Some(path) = path
                && !path.starts_with('/')
            {
                return Err(format!("`{key} = \"{path}\"` is not an absolute path"));
            }
        }
        let told = [
            ("released", &self.released),
            ("main_module", &self.main_module),
            ("generic_image", &self.generic_image),
            ("alpine", &self.alpine),
            ("source", &self.source),
            ("module_cache", &self.module_cache),
            ("main_root", &self.main_root),
        ];
        for (key, text) in told {
            if let Some(text) = text {
                component::checked_line(&format!("the `{key}` of a gateway"), text).map_err(|e| e.message)?;
            }
        }
        Ok(())
    }

    fn filled(self, defaults: &Defaults, origin: &Path) -> Release {
        Release {
            name: self.name,
            version: self.version,
            released: self.released,
            go: self.go,
            alpine: self.alpine,
            musl: self.musl,
            glibc: self.glibc,
            generic_image: self.generic_image,
            main_module: self.main_module,
            libc: self.libc,
            module_cache: self.module_cache.unwrap_or_else(|| defaults.module_cache.clone()),
            main_root: self.main_root.unwrap_or_else(|| defaults.main_root.clone()),
            trimpath: self.trimpath,
            tags: self.tags,
            goamd64: self.goamd64,
            goarm64: self.goarm64,
            goexperiment: self.goexperiment,
            // The path of a list is relative to the file that names it.
            modules: self
                .modules
                .map(|path| origin.parent().unwrap_or(Path::new("")).join(path)),
            source: self.source.unwrap_or_else(|| origin.display().to_string()),
        }
    }
}
