//! One gateway release per row: what it was compiled with, and where.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toml::Spanned;

use crate::matrix::module_facts::ModuleFacts;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{modules, rows};
use crate::util::component;
use crate::util::component::Name;
use crate::util::edition::Edition;
use crate::util::error::Result;
use crate::util::schema::Described;
use crate::util::sort::sort_by;
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion, LibcVersion};

/// A gateway that plugins can be built for: a row of toolchains/releases.toml or of a user's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Only custom gateways have one: `acme-3.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub version: GatewayVersion,
    /// Official releases are of the Community Edition; a custom gateway may be of either, or a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
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
    #[serde(default)]
    pub module_cache: String,
    /// The directory of its main module when it was compiled.
    #[serde(default)]
    pub main_root: String,
    /// Compiled with `-trimpath`, unlike official releases.
    #[serde(default)]
    pub trimpath: bool,
    /// The build tags it was compiled with.
    #[serde(default)]
    pub tags: Vec<String>,
    pub goamd64: Option<String>,
    pub goarm64: Option<String>,
    pub goexperiment: Option<String>,
    /// The file that lists the modules linked into it; official releases have theirs in [`crate::matrix::modules`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<PathBuf>,
    /// The gateway's own module, if this row was read from it and not from the matrix.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub from_module: Option<ModuleFacts>,
    /// Where this row comes from.
    #[serde(default)]
    pub source: String,
}

impl Release {
    /// Its name in messages and on the command line: its name, else its version.
    pub fn label(&self) -> String {
        let edition = self.edition.unwrap_or(Edition::Community);
        self.name.clone().unwrap_or_else(|| edition.label(self.version))
    }

    /// Whether this is a gateway of the user's own, not a release of the Community Edition.
    pub fn is_custom(&self) -> bool {
        self.name.is_some() || self.edition == Some(Edition::Enterprise)
    }

    /// Its edition, if it says so: a fork does not.
    pub fn known_edition(&self) -> Option<Edition> {
        let official = (!self.is_custom()).then_some(Edition::Community);
        let of_module = || self.main_module.as_deref().and_then(Edition::of_module);
        self.edition.or(official).or_else(of_module)
    }

    /// The modules that it requires, sorted by path.
    ///
    /// # Errors
    /// It is a version that is not known, or the list that is kept of it cannot be read.
    pub fn requirements(&self) -> Result<Vec<ModuleRow>> {
        match &self.from_module {
            Some(facts) => facts.modules(),
            None => modules::of(self.version),
        }
    }

    /// The libc version this release runs on, for a kind of libc.
    pub fn libc_version(&self, kind: LibcKind) -> Option<LibcVersion> {
        match kind {
            LibcKind::Musl => self.musl,
            LibcKind::Glibc => self.glibc,
        }
    }
}

/// A release of the Community Edition that loads no plugins, and so does every later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithoutPlugins {
    pub version: GatewayVersion,
    /// The date of the tag, if known.
    pub released: Option<String>,
    pub main_module: Option<String>,
    pub source: String,
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
    pub(crate) without_plugins: Vec<WithoutPlugins>,
    pub(crate) defaults: Defaults,
}

pub(crate) fn parse(text: &str) -> Result<Releases> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        defaults: Defaults,
        release: Vec<Release>,
        #[serde(default)]
        without_plugins: Vec<WithoutPlugins>,
    }
    let origin = Path::new("toolchains/releases.toml");
    let File {
        defaults,
        release: mut rows,
        without_plugins,
    } = rows::parse(text, origin)?;
    rows.iter_mut().for_each(|row| row.fill(&defaults, origin));
    Ok(Releases {
        rows,
        without_plugins,
        defaults,
    })
}

impl Releases {
    /// Adds the row of a release that is read from its module, unless there is one already.
    pub(crate) fn know(&mut self, mut row: Release) {
        if self.rows.iter().any(|known| known.label() == row.label()) {
            return;
        }
        row.fill(&self.defaults, Path::new("the gateway's module"));
        self.rows.push(row);
        self.sort();
    }

    fn sort(&mut self) {
        sort_by(&mut self.rows, |a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
    }

    /// The first release of the Community Edition that loads no plugins.
    pub(crate) fn first_without_plugins(&self) -> Option<GatewayVersion> {
        self.without_plugins.iter().map(|row| row.version).min()
    }

    /// A row without a name replaces an official one, which must be able to load plugins.
    fn check_plugins(&self, row: &Release) -> Result<(), String> {
        match self.first_without_plugins() {
            Some(first) if !row.is_custom() && row.version >= first => Err(format!(
                "KrakenD Community {} loads no Go plugins; the row of an Enterprise gateway has `edition = \"enterprise\"`, that of a fork a `name`",
                row.version
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn add(&mut self, own: Vec<Spanned<Release>>, text: &str, origin: &Path) -> Result<()> {
        let mut seen = Vec::new();
        for row in own {
            let span = row.span();
            let mut row = row.into_inner();
            row.check()
                .and_then(|()| self.check_plugins(&row))
                .map_err(|what| rows::at(text, origin, Some(span.clone()), &what))?;
            row.fill(&self.defaults, origin);
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
        self.sort();
        Ok(())
    }
}

/// For the schema of a settings file; a test compares it with the fields above.
impl Described for Release {
    fn schema() -> Value {
        let texts = "name version released go alpine musl glibc generic_image main_module libc module_cache main_root \
                     goamd64 goarm64 goexperiment modules source";
        let mut properties: Map<String, Value> =
            texts.split(' ').map(|key| (key.to_owned(), String::schema())).collect();
        properties.insert("edition".to_owned(), json!({ "enum": ["community", "enterprise"] }));
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

impl Release {
    /// Checks what types cannot express: names and paths that make no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
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
            if !path.is_empty() && !path.starts_with('/') {
                return Err(format!("`{key} = \"{path}\"` is not an absolute path"));
            }
        }
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let texts = [
            ("released", self.released.as_deref()),
            ("main_module", self.main_module.as_deref()),
            ("generic_image", self.generic_image.as_deref()),
            ("alpine", self.alpine.as_deref()),
            ("source", given(&self.source)),
            ("module_cache", given(&self.module_cache)),
            ("main_root", given(&self.main_root)),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                component::checked_line(&format!("the `{key}` of a gateway"), text).map_err(|e| e.message)?;
            }
        }
        Ok(())
    }

    /// What the row does not say.
    fn fill(&mut self, defaults: &Defaults, origin: &Path) {
        let or = |text: &mut String, default: &str| {
            if text.is_empty() {
                default.clone_into(text);
            }
        };
        or(&mut self.module_cache, &defaults.module_cache);
        or(&mut self.main_root, &defaults.main_root);
        or(&mut self.source, &origin.display().to_string());
        // A list lies beside the file that names it.
        let beside = |path: &PathBuf| origin.parent().unwrap_or(Path::new("")).join(path);
        self.modules = self.modules.as_ref().map(beside);
    }
}
