//! What a gateway looks up in an opened plugin: variables with fixed names, each with one method of a fixed signature.
//!
//! The gateway asserts an interface on the variable and skips the plugin with a debug line if that fails. The file
//! shows whether it would: the plugin records its variables' types and their methods, and a method's type is a symbol
//! whose name is a hash of the signature.

use crate::binary::go_format;
use crate::binary::go_format::GoFormat;
use crate::gateway::facts::Gateway;
use crate::gateway::registerer;
use crate::gateway::registerer::{Optional, Registerer};
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::plugin::PluginBinary;

/// One exported registerer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistererForm {
    /// A variable whose method has the right type, as far as the file shows.
    Right,
    /// A function, which the gateway cannot use.
    Function,
    /// A variable without that method, or with one of another type.
    WrongMethod,
    /// A pointer or an interface: the gateway gets the variable's address, which has no methods.
    Indirect,
}

/// The registerers that a plugin exports.
pub fn exported(plugin: &PluginBinary<'_>) -> Vec<(&'static Registerer, RegistererForm)> {
    registerer::all()
        .iter()
        .filter_map(|row| Some((row, shape(plugin, row)?)))
        .collect()
}

fn shape(plugin: &PluginBinary<'_>, row: &Registerer) -> Option<RegistererForm> {
    let types = row.signature.as_deref().and_then(|name| types(plugin, name));
    let Some(data) = &plugin.data else {
        let symbol = plugin.own_symbol(&row.symbol)?;
        return Some(match types.is_none_or(|types| !types.is_empty()) {
            _ if symbol.function => RegistererForm::Function,
            true => RegistererForm::Right,
            false => RegistererForm::WrongMethod,
        });
    };
    let export = data.exports().find(|export| export.name == row.symbol)?;
    let right = |method: &u64| types.as_ref().is_none_or(|types| types.contains(method));
    Some(match data.method(&export, &row.method).filter(right) {
        _ if export.is_function() => RegistererForm::Function,
        Some(_) => RegistererForm::Right,
        None if data.is_indirect(&export) => RegistererForm::Indirect,
        None => RegistererForm::WrongMethod,
    })
}

/// Where a type is in the plugin; unknown for a Go that may name types differently.
fn types(plugin: &PluginBinary<'_>, name: &str) -> Option<Vec<u64>> {
    let at = |format: &GoFormat| plugin.image().symbol(format.type_symbol(name).as_bytes());
    let Some(go) = &plugin.go else {
        // Stripped, and of a Go line whose plugins have no build information.
        return Some(
            go_format::all()
                .iter()
                .filter_map(at)
                .map(|symbol| symbol.address)
                .collect(),
        );
    };
    GoFormat::of(go).map(|format| at(format).map(|symbol| symbol.address).into_iter().collect())
}

/// The variables that a gateway looks up, for a message.
pub fn symbols() -> String {
    let symbols: Vec<&str> = registerer::all().iter().map(|row| row.symbol.as_str()).collect();
    symbols.join(", ")
}

/// Whether a gateway looks for none of the registerers that a plugin exports: it opens the file, and uses nothing of it.
pub(crate) fn are_ignored(plugin: &PluginBinary<'_>, gateway: &Gateway) -> bool {
    let exported = exported(plugin);
    !exported.is_empty() && exported.iter().all(|(row, _)| gateway.ignores(row))
}

/// What the gateway would find.
pub(crate) fn check(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let exported = exported(plugin);
    if exported.is_empty() {
        let names = symbols();
        return vec![
            Diagnostic::new(Id::NoRegisterer, Stage::Register, format!("it exports none of {names}"))
                .help("package main needs a variable of one of these names: `var HandlerRegisterer = registerer(\"my-plugin\")`"),
        ];
    }
    // One that works is enough for a plugin to be useful.
    let works =
        |(row, shape): &(&Registerer, RegistererForm)| *shape == RegistererForm::Right && !against.gateway.ignores(row);
    let severity = match exported.iter().any(works) {
        true => Severity::Warning,
        false => Severity::Error,
    };
    let ignored = exported
        .iter()
        .filter(|(row, _)| against.gateway.ignores(row))
        .map(|(row, _)| {
            Diagnostic::new(Id::IgnoredRegisterer, Stage::Register, row.ignored())
                .severity(Severity::Warning)
                .about(&row.symbol)
                .help("load it in the Enterprise edition, or register a handler, a client or a modifier")
        });
    let optional = exported
        .iter()
        .flat_map(|(row, _)| optional_methods(plugin, row, against.gateway));
    exported
        .iter()
        .filter_map(|(row, shape)| Some(wrong_form(row, *shape)?.severity(severity)))
        .chain(ignored)
        .chain(optional)
        .collect()
}

/// A registerer that the gateway cannot use as it is.
fn wrong_form(row: &Registerer, shape: RegistererForm) -> Option<Diagnostic> {
    let what = match shape {
        RegistererForm::Right => return None,
        RegistererForm::Function => format!("{} is a function; the gateway needs a variable", row.symbol),
        RegistererForm::WrongMethod => format!("{} has no method {}", row.symbol, row.signature_text()),
        RegistererForm::Indirect => format!(
            "{} is a pointer or an interface; the gateway gets its address, which has no methods",
            row.symbol
        ),
    };
    let help = match shape {
        RegistererForm::Indirect => format!("make it a value: `var {} = registerer(\"my-plugin\")`", row.symbol),
        _ => format!("give its type the method `{}`", row.signature_text()),
    };
    Some(
        Diagnostic::new(Id::WrongRegisterer, Stage::Register, what)
            .about(&row.symbol)
            .help(help),
    )
}

/// Methods that a gateway may call: those that it never does, and those of another type than it asserts.
fn optional_methods(plugin: &PluginBinary<'_>, row: &Registerer, gateway: &Gateway) -> Vec<Diagnostic> {
    let Some(data) = &plugin.data else { return Vec::new() };
    let Some(export) = data.exports().find(|export| export.name == row.symbol) else {
        return Vec::new();
    };
    let warning = |id: Id, optional: &Optional, why: &str| {
        let what = format!("{} of {} is never called: {why}", optional.method, row.symbol);
        let help = format!("the gateway asserts `{}({})`", optional.method, optional.params);
        Diagnostic::new(id, Stage::Register, what)
            .severity(Severity::Warning)
            .about(format!("{}.{}", row.symbol, optional.method))
            .help(
                optional
                    .docs
                    .iter()
                    .fold(help, |help, docs| format!("{help}; see {docs}")),
            )
    };
    let judged = row.optional.iter().filter_map(|optional| {
        let signature = optional.signature.as_deref()?;
        let method = data.method(&export, &optional.method)?;
        if let Some(why) = optional.never_called(gateway.version, gateway.edition) {
            return Some(warning(Id::IgnoredRegisterer, optional, &why));
        }
        let is_other = types(plugin, signature).is_some_and(|types| !types.contains(&method));
        is_other.then(|| warning(Id::WrongRegisterer, optional, "it has other parameters or results"))
    });
    judged.collect()
}
