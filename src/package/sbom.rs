//! The bill of materials: the contents of the plugin by its own build information, as CycloneDX 1.5.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::binary::buildinfo::{BuildInfo, BuildModule};
use crate::package::ArtifactEntry;
use crate::package::modules::Origin;
use crate::util::hash::hex;

/// The document of one artifact.
pub(crate) fn cyclonedx(entry: &ArtifactEntry, info: &BuildInfo, origin: Origin) -> Value {
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

fn properties(entry: &ArtifactEntry, origin: Origin) -> Value {
    json!([
        { "name": "plugbuild:file", "value": entry.file },
        { "name": "plugbuild:gateway", "value": entry.gateway },
        { "name": "plugbuild:target", "value": entry.target.to_string() },
        { "name": "plugbuild:cc", "value": entry.cc },
        { "name": "plugbuild:modules-from", "value": origin.name() },
    ])
}

/// One module, as it was built in.
fn component(module: &BuildModule) -> Value {
    let (name, version) = identity(module);
    let sum = &module.effective().checksum;
    let mut properties = Vec::new();
    if !sum.is_empty() {
        properties.push(json!({ "name": "go:sum", "value": sum }));
    }
    if version.is_empty() {
        properties.push(json!({ "name": "plugbuild:source", "value": "a folder of the project" }));
    } else if module.replace.is_some() {
        properties.push(json!({ "name": "go:replaces", "value": format!("{}@{}", module.path, module.version) }));
    }
    let mut component = json!({
        "type": "library",
        "bom-ref": format!("{}#{}", purl(name, version), module.path),
        "name": name,
        "purl": purl(name, version),
        "properties": properties,
    });
    if !version.is_empty() {
        component["version"] = version.into();
    }
    component
}

/// A module's identity: its replacement, if that is published; its own name without a version if it was built from a
/// directory, whose path means nothing to others.
fn identity(module: &BuildModule) -> (&str, &str) {
    let built = module.effective();
    if built.version.starts_with('v') {
        (&built.path, &built.version)
    } else {
        (&module.path, "")
    }
}

/// The package URL of a Go module: lower case, as their specification requires.
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
    let path = escaped(&path.to_lowercase());
    if version.is_empty() {
        format!("pkg:golang/{path}")
    } else {
        format!("pkg:golang/{path}@{}", escaped(version))
    }
}

/// A UUID derived from the artifact (version 8: made by a rule of our own).
fn serial(entry: &ArtifactEntry) -> String {
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

/// The modules in a document, to be compared with a file: name and version of each, sorted.
pub(crate) fn modules_of(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = document["components"].as_array().into_iter().flatten();
    let mut all: Vec<_> = components
        .map(|component| (text(&component["name"]), text(&component["version"])))
        .filter(|(name, _)| name != "std")
        .collect();
    all.sort();
    all
}

/// The modules in a file.
pub(crate) fn modules_in(info: &BuildInfo) -> Vec<(String, String)> {
    let named = info.deps.iter().map(identity);
    let mut all: Vec<_> = named
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_known_by_what_was_built_in_its_place() {
        let module = |path: &str, version: &str, replace: Option<BuildModule>| BuildModule {
            path: path.to_owned(),
            version: version.to_owned(),
            replace: replace.map(Box::new),
            ..BuildModule::default()
        };
        for (built, name, version, purl) in [
            (
                module("a.org/X", "v1.0.0", None),
                "a.org/X",
                Some("v1.0.0"),
                "pkg:golang/a.org/x@v1.0.0",
            ),
            (
                module(
                    "a.org/x",
                    "v1.0.0",
                    Some(module("b.org/y", "v2.0.0+incompatible", None)),
                ),
                "b.org/y",
                Some("v2.0.0+incompatible"),
                "pkg:golang/b.org/y@v2.0.0%2Bincompatible",
            ),
            (
                module("a.org/x", "v0.0.0", Some(module("../lib", "(devel)", None))),
                "a.org/x",
                None,
                "pkg:golang/a.org/x",
            ),
            (
                module("a.org/member", "(devel)", None),
                "a.org/member",
                None,
                "pkg:golang/a.org/member",
            ),
        ] {
            let document = component(&built);
            assert_eq!(document["name"], name);
            assert_eq!(document.get("version").and_then(Value::as_str), version, "{document}");
            assert_eq!(document["purl"], purl);
        }
    }
}
