//! What a gateway looks up in an opened plugin: variables of fixed names, each with one method of a fixed signature.
//!
//! The gateway asserts an interface on the variable and skips the plugin with a debug line when that fails. Whether it
//! would can be read from the file: the plugin says its variables' types and their methods, and a method's type is a
//! symbol whose name is a hash of the signature.

use sha2::{Digest, Sha256};

use crate::registerer::{self, Registerer};
use crate::verify::finding::{Finding, Id, Severity, Stage};
use crate::verify::plugin::Plugin;
use crate::version::GoVersion;

/// What is known of one exported registerer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A variable whose method has the right type, as far as can be seen.
    Right,
    /// A function, which the gateway cannot use.
    Function,
    /// A variable without that method, or with one of another type.
    WrongMethod,
    /// A pointer or an interface: the gateway gets the variable's address, and that has no methods.
    Indirect,
}

/// The registerers that a plugin exports.
#[must_use]
pub fn exported(plugin: &Plugin<'_>) -> Vec<(&'static Registerer, Shape)> {
    registerer::all()
        .iter()
        .filter_map(|row| Some((row, shape(plugin, row)?)))
        .collect()
}

fn shape(plugin: &Plugin<'_>, row: &Registerer) -> Option<Shape> {
    let types = row.signature.as_deref().and_then(|name| types(plugin, name));
    let Some(data) = &plugin.data else {
        let symbol = plugin.own_symbol(&row.symbol)?;
        return Some(match types.is_none_or(|types| !types.is_empty()) {
            _ if symbol.function => Shape::Function,
            true => Shape::Right,
            false => Shape::WrongMethod,
        });
    };
    let export = data.exports().find(|export| export.name == row.symbol)?;
    let right = |method: &u64| types.as_ref().is_none_or(|types| types.contains(method));
    Some(match data.method(&export, &row.method).filter(right) {
        _ if export.is_function() => Shape::Function,
        Some(_) => Shape::Right,
        None if data.is_indirect(&export) => Shape::Indirect,
        None => Shape::WrongMethod,
    })
}

/// Where a type is in the plugin; unknown for Go versions that name types otherwise.
fn types(plugin: &Plugin<'_>, name: &str) -> Option<Vec<u64>> {
    let go: GoVersion = plugin.go.as_deref()?.split([' ', '-']).next()?.parse().ok()?;
    let symbols = mangled(name);
    let found = symbols
        .iter()
        .filter_map(|symbol| plugin.image().symbol(symbol.as_bytes()));
    go.at_least(1, 19).then(|| found.map(|symbol| symbol.address).collect())
}

/// The symbols a long type name may have: the linker puts six bytes of a hash in its place. Go 1.19 to 1.23 hashed the
/// whole symbol name and turned every bit; since then it hashes the type's name alone and turns the first byte.
fn mangled(name: &str) -> [String; 3] {
    let old = |prefix: &str| {
        let hash = Sha256::digest(format!("{prefix}{name}"));
        let turned: Vec<u8> = hash.iter().take(6).map(|b| !b).collect();
        format!("{prefix}{}", base64(&turned))
    };
    let mut new = Sha256::digest(name).to_vec();
    if let Some(first) = new.first_mut() {
        *first ^= 0xff;
    }
    [old("type."), old("type:"), format!("type:{}", base64(&new[..6]))]
}

/// Base64 of a multiple of three bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let word = three.iter().fold(0u32, |word, &b| word << 8 | u32::from(b));
            [18, 12, 6, 0].map(|shift| char::from(DIGITS[(word >> shift) as usize & 63]))
        })
        .collect()
}

/// The variables that a gateway looks up, for a message.
#[must_use]
pub fn symbols() -> String {
    let symbols: Vec<&str> = registerer::all().iter().map(|row| row.symbol.as_str()).collect();
    symbols.join(", ")
}

/// What the gateway would find.
pub(super) fn check(plugin: &Plugin<'_>) -> Vec<Finding> {
    let exported = exported(plugin);
    if exported.is_empty() {
        let names = symbols();
        return vec![
            Finding::new(Id::NoRegisterer, Stage::Register, format!("it exports none of {names}"))
                .help("package main needs a variable of one of these names: `var HandlerRegisterer = registerer(\"my-plugin\")`"),
        ];
    }
    // One that works is enough for a plugin to be of use.
    let severity = match exported.iter().any(|(_, shape)| *shape == Shape::Right) {
        true => Severity::Warning,
        false => Severity::Error,
    };
    let wrong = |(row, shape): &(&Registerer, Shape)| {
        let what = match shape {
            Shape::Right => return None,
            Shape::Function => format!("{} is a function; the gateway wants a variable", row.symbol),
            Shape::WrongMethod => format!("{} has no method {}", row.symbol, row.shown()),
            Shape::Indirect => format!(
                "{} is a pointer or an interface; the gateway gets its address, which has no methods",
                row.symbol
            ),
        };
        let help = match shape {
            Shape::Indirect => format!("make it a value: `var {} = registerer(\"my-plugin\")`", row.symbol),
            _ => format!("give its type the method `{}`", row.shown()),
        };
        Some(
            Finding::new(Id::WrongRegisterer, Stage::Register, what)
                .severity(severity)
                .about(&row.symbol)
                .help(help),
        )
    };
    exported.iter().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_are_hashed_as_the_go_linker_does() {
        let signature = crate::registerer::Kind::Handler.row().signature.as_deref().unwrap();
        // Read from plugins of Go 1.19.13, 1.20.4 and 1.25.6 that hold this type.
        assert_eq!(mangled(signature), ["type.790qg0j5", "type:9Xa5W7hV", "type:U3crA4Q6"]);
    }
}
