//! Adds a plugin to a configuration: only new text changes, order and formatting stay.

use jsonc_parser::cst::{CstArray, CstInputValue, CstObject, CstObjectProp, CstRootNode};
use jsonc_parser::json;

use crate::gateway::config::json::{self as json_file, STRICT};
use crate::gateway::config::version::ConfigVersion;
use crate::gateway::registerer::{NameFormat, PluginKind, Registerer};
use crate::util::error::{Error, Result};

/// What to write, and where.
#[derive(Debug, Clone, Default)]
pub struct Injection {
    pub name: String,
    /// The endpoint's path; may be omitted if there is only one endpoint.
    pub endpoint: Option<String>,
    pub method: Option<String>,
    /// A backend by its number, from 1, or its `url_pattern`.
    pub backend: Option<String>,
}

/// The configuration with the plugin added; unchanged if it is already there.
///
/// # Errors
/// The text is not a JSON object, or the requested place is missing, ambiguous or taken.
pub fn inject(text: &str, row: &Registerer, injection: &Injection) -> Result<String> {
    let tree = CstRootNode::parse(text, &STRICT)
        .map_err(|e| Error::usage(format!("the configuration does not parse: {e}")).help("plugbuild config check"))?;
    let root = tree
        .object_value()
        .ok_or_else(|| Error::usage("a configuration is a JSON object"))?;
    let version = json_file::read(text).map_or(ConfigVersion::V3, |document| ConfigVersion::of(&document, None));
    loader(&root, version)?;
    let holder = holder(&root, row.kind, injection)?;
    let extra = object_in(&holder, "extra_config")?;
    let key = [&row.namespace, &row.legacy_namespace]
        .into_iter()
        .find(|key| extra.get(key).is_some())
        .unwrap_or(&row.namespace);
    let namespace = object_in(&extra, key)?;
    let name = injection.name.as_str();
    match (namespace.get("name"), row.names, version) {
        (Some(_), NameFormat::List | NameFormat::TextOrList, ConfigVersion::V4) => return Err(old_form(key)),
        (None, NameFormat::List | NameFormat::TextOrList, ConfigVersion::V4) => add_object(&namespace, row.kind, name)?,
        (None, NameFormat::Text, _) => _ = namespace.append("name", json!(name)),
        (None, _, ConfigVersion::V3) => _ = namespace.append("name", json!([name])),
        (Some(there), names, _) => add_name(&there, row.kind, names, name)?,
    }
    Ok(tree.to_string())
}

/// Adds `plugin` where this version has it.
fn loader(root: &CstObject, version: ConfigVersion) -> Result<()> {
    let plugin = json!({"pattern": ".so", "folder": "./plugins/"});
    let there = root.get("plugin").is_some();
    match version {
        ConfigVersion::V3 if !there => {
            // Before the parts that use it, so that a reader sees it first.
            let index = root.get("extra_config").or_else(|| root.get("endpoints"));
            let index = index.map_or(root.properties().len(), |property| property.property_index());
            root.insert(index, "plugin", plugin);
        }
        ConfigVersion::V3 => {}
        ConfigVersion::V4 if there => return Err(old_form("plugin")),
        ConfigVersion::V4 => {
            if root.get("extra_config").is_none() {
                let index = root
                    .get("endpoints")
                    .map_or(root.properties().len(), |property| property.property_index());
                root.insert(index, "extra_config", CstInputValue::Object(Vec::new()));
            }
            let extra = object_in(root, "extra_config")?;
            if extra.get("plugin").is_none() {
                extra.insert(0, "plugin", plugin);
            }
        }
    }
    Ok(())
}

fn old_form(key: &str) -> Error {
    Error::usage(format!(
        "`{key}` has the form of version 3, and the configuration is of version 4"
    ))
    .help("bring it to version 4 first: `plugbuild config migrate`")
}

/// Adds a plugin to the list of a namespace of version 4.
fn add_object(namespace: &CstObject, kind: PluginKind, name: &str) -> Result<()> {
    let plugins = namespace.array_value_or_create("plugins").ok_or_else(|| {
        Error::usage(format!("`plugins` of the {kind}s exists and is not a list")).help("plugbuild config check")
    })?;
    if !objects(&plugins)
        .iter()
        .any(|plugin| self::text(plugin, "name").as_deref() == Some(name))
    {
        plugins.append(json!({"name": name}));
    }
    Ok(())
}

/// The object whose `extra_config` receives it.
fn holder(root: &CstObject, kind: PluginKind, injection: &Injection) -> Result<CstObject> {
    if kind == PluginKind::Handler {
        return match (&injection.endpoint, &injection.backend) {
            (None, None) => Ok(root.clone()),
            _ => Err(
                Error::usage("a handler wraps the whole server, not an endpoint or a backend")
                    .help("leave out --endpoint and --backend, or write a modifier"),
            ),
        };
    }
    let endpoint = endpoint(root, injection)?;
    if kind != PluginKind::Client && injection.backend.is_none() {
        return Ok(endpoint);
    }
    let backends: Vec<CstObject> = endpoint
        .array_value("backend")
        .map(|list| objects(&list))
        .unwrap_or_default();
    let named = |backend: &CstObject| text(backend, "url_pattern");
    let mut chosen = match &injection.backend {
        None => backends.clone(),
        Some(wanted) => match wanted.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .and_then(|at| backends.get(at).cloned())
                .into_iter()
                .collect(),
            Err(_) => backends
                .iter()
                .filter(|b| named(b).as_deref() == Some(wanted))
                .cloned()
                .collect(),
        },
    };
    if let (1, Some(backend)) = (chosen.len(), chosen.pop()) {
        return Ok(backend);
    }
    let there: Vec<String> = backends
        .iter()
        .enumerate()
        .map(|(number, backend)| format!("{} ({})", number + 1, named(backend).unwrap_or_default()))
        .collect();
    let what = match &injection.backend {
        Some(wanted) => format!("the endpoint has no backend {wanted}"),
        None => "the endpoint does not have exactly one backend".to_owned(),
    };
    Err(Error::usage(what).help(format!("name one with --backend: {}", there.join(", "))))
}

fn endpoint(root: &CstObject, injection: &Injection) -> Result<CstObject> {
    let all: Vec<CstObject> = root
        .array_value("endpoints")
        .map(|list| objects(&list))
        .unwrap_or_default();
    let method_of = |endpoint: &CstObject| text(endpoint, "method").unwrap_or_else(|| "GET".to_owned());
    let path_of = |endpoint: &CstObject| text(endpoint, "endpoint").unwrap_or_default();
    let mut chosen: Vec<CstObject> = all
        .iter()
        .filter(|e| injection.endpoint.as_ref().is_none_or(|wanted| path_of(e) == *wanted))
        .filter(|e| {
            injection
                .method
                .as_ref()
                .is_none_or(|wanted| method_of(e).eq_ignore_ascii_case(wanted))
        })
        .cloned()
        .collect();
    if let (1, Some(endpoint)) = (chosen.len(), chosen.pop()) {
        return Ok(endpoint);
    }
    let there: Vec<String> = all.iter().map(|e| format!("{} {}", method_of(e), path_of(e))).collect();
    let what = match (&injection.endpoint, chosen.is_empty()) {
        (Some(wanted), true) if !all.iter().any(|e| path_of(e) == *wanted) => format!("there is no endpoint {wanted}"),
        (Some(wanted), _) => format!("no single endpoint matches {wanted}"),
        (None, _) => "which endpoint is it for?".to_owned(),
    };
    Err(Error::usage(what).help(format!("name one with --endpoint and --method: {}", there.join(", "))))
}

fn objects(list: &CstArray) -> Vec<CstObject> {
    list.elements().iter().filter_map(|item| item.as_object()).collect()
}

fn text(object: &CstObject, key: &str) -> Option<String> {
    object.get(key)?.value()?.as_string_lit()?.decoded_value().ok()
}

/// The object under a key, created if missing; a value of another type is not overwritten.
fn object_in(holder: &CstObject, key: &str) -> Result<CstObject> {
    match holder.get(key) {
        None => Ok(holder.object_value_or_set(key)),
        Some(there) => there
            .object_value()
            .ok_or_else(|| Error::usage(format!("`{key}` exists and is not an object")).help("plugbuild config check")),
    }
}

fn add_name(there: &CstObjectProp, kind: PluginKind, names: NameFormat, name: &str) -> Result<()> {
    let value = there.value();
    let single = value
        .as_ref()
        .and_then(|value| value.as_string_lit())
        .and_then(|text| text.decoded_value().ok());
    match (single, there.array_value(), names) {
        (Some(other), _, NameFormat::TextOrList) if other != name => {
            there.set_value(CstInputValue::from(vec![json!(other), json!(name)]));
        }
        (Some(other), _, NameFormat::Text) if other != name => {
            return Err(Error::usage(format!(
                "the backend has the {kind} {other} already, and takes one only"
            ))
            .help(format!(
                "take {other} out first, or name another backend with --backend"
            )));
        }
        (Some(_), _, NameFormat::Text | NameFormat::TextOrList) => {}
        (None, Some(list), NameFormat::List | NameFormat::TextOrList) => {
            let known = list.elements().iter().any(|item| {
                let text = item.as_string_lit().and_then(|text| text.decoded_value().ok());
                text.as_deref() == Some(name)
            });
            if !known {
                list.append(json!(name));
            }
        }
        _ => {
            return Err(
                Error::usage(format!("`name` of the {kind}s is there and of the wrong type"))
                    .help("plugbuild config check"),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::registerer;

    fn written(text: &str, kind: PluginKind, injection: Injection) -> Result<String> {
        let rows = registerer::all();
        let row = rows.iter().find(|row| row.kind == kind).unwrap();
        let once = inject(text, row, &injection)?;
        assert_eq!(inject(&once, row, &injection)?, once, "a second time nothing changes");
        Ok(once)
    }

    fn named(name: &str) -> Injection {
        Injection {
            name: name.to_owned(),
            ..Injection::default()
        }
    }

    const TWO: &str = "{\n\t\"version\": 3,\n\t\"endpoints\": [\n\t\t{\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\": \"/x\"}, {\"url_pattern\": \"/y\"}]},\n\t\t{\n\t\t\t\"endpoint\": \"/b\",\n\t\t\t\"method\": \"POST\",\n\t\t\t\"backend\": [\n\t\t\t\t{ \"url_pattern\": \"/z\" }\n\t\t\t]\n\t\t}\n\t]\n}\n";

    #[test]
    fn handler_is_injected_at_the_root() {
        let new = written(TWO, PluginKind::Handler, named("auth")).unwrap();
        let extra = "\t\"extra_config\": {\n\t\t\"plugin/http-server\": {\n\t\t\t\"name\": [\"auth\"]\n\t\t}\n\t}\n}\n";
        assert!(new.ends_with(extra), "{new}");
        assert!(
            new.contains("\t\"plugin\": {\n\t\t\"pattern\": \".so\",\n\t\t\"folder\": \"./plugins/\"\n\t},\n\t\""),
            "{new}"
        );
        assert!(
            new.contains("\t\t{\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\""),
            "the rest stays as it was: {new}"
        );
    }

    #[test]
    fn names_are_appended() {
        let text = r#"{"version": 3, "plugin": {}, "extra_config": {"plugin/http-server": {"name": "old"}}}"#;
        let new = written(text, PluginKind::Handler, named("new")).unwrap();
        assert_eq!(
            new,
            r#"{"version": 3, "plugin": {}, "extra_config": {"plugin/http-server": {"name": ["old", "new"]}}}"#
        );
        let newer = written(&new, PluginKind::Handler, named("newer")).unwrap();
        assert!(newer.contains(r#"{"name": ["old", "new", "newer"]}"#), "{newer}");
    }

    #[test]
    fn endpoints_and_backends_by_name() {
        let of = |endpoint: Option<&str>, backend: Option<&str>| Injection {
            endpoint: endpoint.map(str::to_owned),
            backend: backend.map(str::to_owned),
            ..named("m")
        };
        let modifier = written(TWO, PluginKind::Modifier, of(Some("/b"), None)).unwrap();
        assert!(modifier.contains("\t\t\t],\n\t\t\t\"extra_config\": {\n\t\t\t\t\"plugin/req-resp-modifier\": {\n\t\t\t\t\t\"name\": [\"m\"]\n"), "{modifier}");
        let client = written(TWO, PluginKind::Client, of(Some("/a"), Some("/y"))).unwrap();
        // A one-line object that receives another one is broken into lines; its neighbors are not.
        assert!(client.contains("[{\"url_pattern\": \"/x\"}, {\n"), "{client}");
        assert_eq!(
            client,
            written(TWO, PluginKind::Client, of(Some("/a"), Some("2"))).unwrap()
        );
        for (injection, message) in [
            (of(None, None), "which endpoint"),
            (of(Some("/c"), None), "no endpoint /c"),
            (of(Some("/a"), None), "exactly one backend"),
            (of(Some("/a"), Some("3")), "no backend 3"),
        ] {
            let error = written(TWO, PluginKind::Client, injection).unwrap_err();
            assert!(error.message.contains(message), "{error}");
            assert!(
                error.help[0].contains("/a") || error.help[0].contains("/x"),
                "{:?}",
                error.help
            );
        }
        let taken = written(
            &client,
            PluginKind::Client,
            Injection {
                name: "other".into(),
                ..of(Some("/a"), Some("2"))
            },
        );
        assert!(taken.unwrap_err().message.contains("has the client m already"));
        assert!(written(TWO, PluginKind::Handler, of(Some("/a"), None)).is_err());
    }

    #[test]
    fn version_4_lists_objects() {
        let text = "{\n  \"version\": 4,\n  \"endpoints\": [\n    {\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\": \"/x\"}]}\n  ]\n}\n";
        let once = written(text, PluginKind::Handler, named("auth")).unwrap();
        assert_eq!(
            once,
            "{\n  \"version\": 4,\n  \"extra_config\": {\n    \"plugin\": {\n      \"pattern\": \".so\",\n      \"folder\": \"./plugins/\"\n    },\n    \"plugin/http-server\": {\n      \"plugins\": [\n        {\n          \"name\": \"auth\"\n        }\n      ]\n    }\n  },\n  \"endpoints\": [\n    {\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\": \"/x\"}]}\n  ]\n}\n"
        );
        let both = written(&once, PluginKind::Handler, named("cache")).unwrap();
        assert!(
            both.contains("\"name\": \"auth\"") && both.contains("\"name\": \"cache\""),
            "{both}"
        );
        let client = written(&both, PluginKind::Client, named("c")).unwrap();
        assert!(client.contains("\"plugin/http-client\": {\n"), "{client}");
        for (text, kind) in [
            (r#"{"version": 4, "plugin": {}}"#, PluginKind::Handler),
            (
                r#"{"version": 4, "extra_config": {"plugin/http-server": {"name": ["a"]}}}"#,
                PluginKind::Handler,
            ),
            (
                r#"{"version": 4, "extra_config": {"plugin/http-server": {"plugins": "a"}}}"#,
                PluginKind::Handler,
            ),
        ] {
            assert!(written(text, kind, named("b")).is_err(), "{text}");
        }
    }

    #[test]
    fn line_endings_are_kept() {
        let crlf = "{\r\n  \"version\": 3\r\n}\r\n";
        let new = written(crlf, PluginKind::Handler, named("a")).unwrap();
        assert_eq!(new.matches('\n').count(), new.matches("\r\n").count(), "{new:?}");
        assert!(written("[]", PluginKind::Handler, named("a")).is_err());
        assert!(written("{\"extra_config\": 1}", PluginKind::Handler, named("a")).is_err());
        assert!(written("{,}", PluginKind::Handler, named("a")).is_err());
    }
}
