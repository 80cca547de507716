//! The bill of materials: what the plugin's own build information says is in it, as CycloneDX 1.5.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Entry;
use super::modules::Origin;
use crate::binary::buildinfo::{BuildInfo, Module};
use crate::toolchain::fetch::hex;

/// The document of one artefact.
#[must_use]
pub fn cyclonedx(entry: &Entry, info: &BuildInfo, origin: Origin) -> Value {
    let main_ref = purl(&entry.plugin, &entry.version);
    let go = info.go_release().trim_start_matches("go");
    let std = json!({
        "type": "library", "bom-ref": purl("std", go), "name": "std", "version": go, "purl": purl("std", go),
        "description": "the standard library, compiled in",
    });
    let mut components = vec![std];
    components.extend(info.deps.iter().map(component));
    let refs: Vec<Value> = components
        .iter()
        .map(|component| component["bom-ref"].clone())
        .collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial(entry),
        "version": 1,
        "metadata": {
            "tools": { "components": [tool()] },
            "component": {
                "type": "library",
                "bom-ref": main_ref,
                "name": entry.plugin,
                "version": entry.version,
                "purl": main_ref,
                "hashes": [{ "alg": "SHA-256", "content": entry.plugin_sha256() }],
                "properties": properties(entry, origin),
            },
        },
        "components": components,
        "dependencies": [{ "ref": main_ref, "dependsOn": refs }],
    })
}

fn tool() -> Value {
    json!({ "type": "application", "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
}

fn properties(entry: &Entry, origin: Origin) -> Value {
    json!([
        { "name": "plugbuild:file", "value": entry.file },
        { "name": "plugbuild:gateway", "value": entry.gateway },
        { "name": "plugbuild:target", "value": entry.target.to_string() },
        { "name": "plugbuild:cc", "value": entry.cc },
        { "name": "plugbuild:modules-from", "value": origin.name() },
    ])
}

/// One module, as it was really built in.
fn component(module: &Module) -> Value {
    let built = module.effective();
    let mut properties = Vec::new();
    if !built.sum.is_empty() {
        properties.push(json!({ "name": "go:sum", "value": built.sum }));
    }
    if module.replace.is_some() {
        properties.push(json!({ "name": "go:replaces", "value": format!("{}@{}", module.path, module.version) }));
    }
    json!({
        "type": "library",
        "bom-ref": format!("{}#{}", purl(&built.path, &built.version), module.path),
        "name": built.path,
        "version": built.version,
        "purl": purl(&built.path, &built.version),
        "properties": properties,
    })
}

/// The package URL of a Go module: lower case, as their specification has it.
fn purl(path: &str, version: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    let escaped = |text: &str| -> String {
        let mut to = [0; 4];
        text.chars()
            .map(|c| {
                if plain(c) {
                    c.to_string()
                } else {
                    c.encode_utf8(&mut to).bytes().map(|b| format!("%{b:02X}")).collect()
                }
            })
            .collect()
    };
    let path = escaped(path.trim_start_matches(['.', '/']).to_lowercase().as_str());
    if version.is_empty() {
        format!("pkg:golang/{path}")
    } else {
        format!("pkg:golang/{path}@{}", escaped(version))
    }
}

/// A UUID that follows from the artefact (version 8: made by a rule of our own).
fn serial(entry: &Entry) -> String {
    let digest = Sha256::digest(format!("{} {}", entry.file, entry.plugin_sha256()));
    let mut id = [0_u8; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    let text = hex(&id);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// What a document says of modules, to be held against a file: name and version of each, sorted.
#[must_use]
pub fn modules_of(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = document["components"].as_array().into_iter().flatten();
    let mut all: Vec<_> = components
        .map(|component| (text(&component["name"]), text(&component["version"])))
        .filter(|(name, _)| name != "std")
        .collect();
    all.sort();
    all
}

/// The same of a file.
#[must_use]
pub fn modules_in(info: &BuildInfo) -> Vec<(String, String)> {
    let built = info.deps.iter().map(Module::effective);
    let mut all: Vec<_> = built.map(|m| (m.path.clone(), m.version.clone())).collect();
    all.sort();
    all
}
