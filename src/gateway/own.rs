//! A gateway's facts as a row of the user's own settings, with the list of its modules beside it. Pure.

use std::path::Path;

use super::Gateway;
use crate::check::GatewaySide;
use crate::config::{self, Config};
use crate::error::Result;

/// The texts to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// A `[[matrix.release]]` of plugbuild.toml.
    pub row: String,
    /// The file that it names.
    pub modules: String,
}

/// Writes them down; `list` is what the module list will be called.
#[must_use]
pub fn rows(gateway: &Gateway, side: &GatewaySide, name: &str, list: &str) -> Own {
    let settings = &gateway.settings;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let text = |value: Option<&str>| value.map(quoted);
    let version = gateway.version.map_or_else(|| "0.0.0".to_owned(), |v| v.to_string());
    let libc = gateway.libc.map(|libc| libc.to_string());
    let glibc = gateway.glibc_floor.map(|floor| floor.to_string());
    let go = gateway.go.to_string();
    let tags = (!settings.tags.is_empty()).then(|| toml::Value::from(settings.tags.clone()).to_string());
    let fields = [
        ("name", text(Some(name))),
        ("version", text(Some(&version))),
        ("go", text(Some(&go))),
        ("libc", text(libc.as_deref())),
        ("glibc", text(glibc.as_deref())),
        ("main_module", text(side.main_module.as_deref())),
        ("module_cache", text(Some(&gateway.module_cache))),
        ("main_root", text(Some(&gateway.main_root))),
        ("trimpath", settings.trimpath.then(|| "true".to_owned())),
        ("tags", tags),
        ("goamd64", text(settings.goamd64.as_deref())),
        ("goarm64", text(settings.goarm64.as_deref())),
        ("goexperiment", text(settings.goexperiment.as_deref())),
        ("modules", text(Some(list))),
    ];
    let lines = fields
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)));
    Own {
        row: std::iter::once("[[matrix.release]]\n".to_owned())
            .chain(lines)
            .collect(),
        modules: side.linked_modules().map(|row| format!("{row}\n")).collect(),
    }
}

/// A settings file with such a row, read back.
///
/// # Errors
/// It cannot, and why.
pub fn check(text: &str, file: &Path) -> Result<Config> {
    config::parse(text, file)
}
