//! The contents of a plugin or a gateway, as one value for people and for JSON.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::binary::Binary;
use crate::binary::buildinfo::{BuildInfo, BuildModule};
use crate::binary::image::{FileKind, Image};
use crate::binary::pclntab::SourceRoot;
use crate::util::error::{Error, Result};
use crate::util::target::Arch;
use crate::verify::plugin::PluginBinary;
use crate::verify::registerers::RegistererForm;
use crate::verify::{newest_glibc, registerers};

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectReport {
    pub schema_version: u32,
    pub file: PathBuf,
    pub kind: Kind,
    pub arch: Arch,
    /// As recorded; unknown for a stripped plugin of Go 1.20 or older.
    pub go: Option<String>,
    /// The main package's import path.
    pub path: Option<String>,
    /// The name Go knows a plugin by.
    pub plugin_path: Option<String>,
    pub settings: Vec<(String, String)>,
    pub modules: Vec<ModuleEntry>,
    /// Packages that take part in plugin loading.
    pub packages: usize,
    pub module_cache: Option<String>,
    pub main_root: Option<String>,
    pub trimpath: bool,
    pub libc: Libc,
    pub registerers: Vec<Exported>,
    pub stripped: bool,
    /// The gateway's own version strings, set by its linker.
    pub krakend_version: Option<String>,
    pub glibc_version: Option<String>,
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Plugin,
    /// A program that can load plugins.
    Gateway,
    /// A program that cannot.
    OtherProgram,
}

/// What it needs from the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Libc {
    pub interpreter: Option<String>,
    pub needed: Vec<String>,
    /// The newest glibc version among its symbols: `GLIBC_2.34`.
    pub glibc_floor: Option<String>,
}

/// One module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleEntry {
    pub path: String,
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// One registerer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub name: &'static str,
    pub namespace: &'static str,
    pub usable: bool,
}

/// Reads a file.
///
/// # Errors
/// It was not built by Go, or cannot be read.
pub fn inspect(binary: &Binary) -> Result<InspectReport> {
    let image = binary.image();
    let recorded = binary.build_info();
    let packages = binary.package_hashes().count();
    let info = match (&recorded, packages) {
        (Ok(info), _) => info.clone(),
        (Err(why), 0) => return Err(Error::clone(why)),
        (Err(_), _) => BuildInfo::default(),
    };
    let plugin = PluginBinary::read(binary).ok();
    let kind = match (image.kind(), packages) {
        (FileKind::Shared, 1..) if image.interpreter().is_none() => Kind::Plugin,
        (_, 1..) => Kind::Gateway,
        _ => Kind::OtherProgram,
    };
    let table = binary.line_table();
    let shown = |root: Option<SourceRoot>| match root {
        Some(SourceRoot::At(folder)) => Some(folder),
        _ => None,
    };
    let core = |name: &str| {
        let variable = format!("github.com/luraproject/lura/v2/core.{name}");
        info.x_value(name)
            .or_else(|| image.go_string(&variable))
            .map(str::to_owned)
    };
    Ok(InspectReport {
        schema_version: 1,
        file: binary.path().to_owned(),
        kind,
        arch: image.arch(),
        go: binary.go_version(),
        path: Some(info.path.clone()).filter(|path| !path.is_empty()),
        plugin_path: plugin.as_ref().and_then(|p| p.path).map(str::to_owned),
        modules: info.main.iter().chain(&info.deps).map(ModuleEntry::new).collect(),
        packages,
        module_cache: shown(table.and_then(|t| t.module_cache(&info))),
        main_root: shown(table.and_then(|t| t.main_module(&info))),
        trimpath: info.setting("-trimpath") == Some("true"),
        libc: Libc::needed_by(image),
        registerers: plugin.iter().flat_map(Exported::all).collect(),
        stripped: image.section(".symtab").is_none(),
        krakend_version: core("KrakendVersion"),
        glibc_version: core("GlibcVersion"),
        settings: info.settings,
    })
}

impl Libc {
    fn needed_by(image: Image<'_>) -> Self {
        Libc {
            interpreter: image.interpreter().map(str::to_owned),
            needed: image.needed().map(str::to_owned).collect(),
            glibc_floor: newest_glibc(image).map(|(_, need)| need.version.to_owned()),
        }
    }
}

impl ModuleEntry {
    fn new(module: &BuildModule) -> Self {
        let label = |m: &BuildModule| format!("{} {}", m.path, m.version).trim_end().to_owned();
        ModuleEntry {
            path: module.path.clone(),
            version: module.version.clone(),
            replaced_by: module.replace.as_deref().map(label),
        }
    }
}

/// For people; with `all`, every module.
pub fn human(contents: &InspectReport, modules: bool) -> String {
    let kind = match contents.kind {
        Kind::Plugin => "a plugin",
        Kind::Gateway => "a program that loads plugins",
        Kind::OtherProgram => "a program that loads no plugins",
    };
    let mut text = format!("{}: {kind} for {}\n", contents.file.display(), contents.arch);
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {label:<13} {value}");
        }
    };
    line("go", Some(contents.go.as_deref().unwrap_or("not recorded")));
    line("krakend", contents.krakend_version.as_deref());
    line("libc", contents.glibc_version.as_deref());
    line("main package", contents.path.as_deref());
    line("plugin path", contents.plugin_path.as_deref());
    line("module cache", contents.module_cache.as_deref());
    line("main module", contents.main_root.as_deref());
    line("loader", contents.libc.interpreter.as_deref());
    line("needs", Some(&contents.libc.needed.join(" ")));
    line("glibc floor", contents.libc.glibc_floor.as_deref());
    let registers: Vec<String> = contents.registerers.iter().map(Exported::render).collect();
    let none = contents.kind == Kind::Plugin && registers.is_empty();
    line(
        "registers",
        Some(if none {
            "nothing".to_owned()
        } else {
            registers.join(", ")
        })
        .as_deref(),
    );
    line("packages", Some(&contents.packages.to_string()));
    line("modules", Some(&contents.modules.len().to_string()));
    line("stripped", contents.stripped.then_some("yes"));
    for (key, value) in &contents.settings {
        line("setting", Some(&format!("{key}={value}")));
    }
    for module in contents.modules.iter().filter(|_| modules) {
        let replaced = module
            .replaced_by
            .as_ref()
            .map_or_else(String::new, |by| format!(" => {by}"));
        line("module", Some(&format!("{} {}{replaced}", module.path, module.version)));
    }
    text
}

impl Exported {
    fn all(plugin: &PluginBinary<'_>) -> Vec<Self> {
        let exported = registerers::exported(plugin).into_iter();
        let usable = |shape| shape == RegistererForm::Right;
        exported
            .map(|(row, shape)| Exported {
                name: &row.symbol,
                namespace: &row.namespace,
                usable: usable(shape),
            })
            .collect()
    }

    fn render(&self) -> String {
        let usable = if self.usable {
            ""
        } else {
            ", but not as the gateway expects it"
        };
        format!("{} ({}{usable})", self.name, self.namespace)
    }
}
