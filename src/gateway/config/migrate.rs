//! Brings the plugins of a configuration from version 3 to version 4: only what changes is rewritten.

use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};

use crate::gateway::config::document::{Node, Value};
use crate::gateway::config::json::{self, STRICT};
use crate::gateway::config::names::{Objects, is_annotation, objects_of};
use crate::gateway::config::version::ConfigVersion;
use crate::gateway::registerer::{Level, NameFormat, Registerer};
use crate::util::error::{Error, Result};

/// The addresses of KrakenD's schemas begin so.
const SCHEMAS: &str = "https://www.krakend.io/schema/";

/// The configuration with its plugins as version 4 has them; unchanged if they are so already. What cannot be decided
/// here is left as it is, for `check` to report. `schema` is the address for `$schema`, where KrakenD's is there.
///
/// # Errors
/// The text is not a JSON object, its version is neither 3 nor 4, or a key on the way is given twice.
pub fn migrate(text: &str, rows: &[Registerer], schema: &str) -> Result<String> {
    let document =
        json::read(text).map_err(|(at, why)| Error::usage(format!("the configuration does not parse: {at}: {why}")))?;
    if let Some(key) = repeated(&document) {
        return Err(Error::usage(format!(
            "`{key}` is given twice in one object, and the gateway takes the last"
        ))
        .help("keep one of them"));
    }
    let written = ConfigVersion::entry(&document);
    let version = written.map(|entry| entry.node.plain());
    if version.is_some() && ConfigVersion::written_in(&document).is_none() {
        let version = version.unwrap_or_default();
        return Err(Error::usage(format!(
            "`version` is {version}, and only version 3 is brought to version 4"
        ))
        .help("KrakenD's own migration tool brings older configurations to version 3"));
    }
    let tree = CstRootNode::parse(text, &STRICT)
        .map_err(|e| Error::usage(format!("the configuration does not parse: {e}")))?;
    let root = tree
        .object_value()
        .ok_or_else(|| Error::usage("a configuration is a JSON object"))?;
    let four = CstInputValue::Number(ConfigVersion::V4.to_string());
    let version = written.and_then(|entry| root.get(&entry.key));
    match version {
        Some(there) if node_of(&there).is_some_and(|node| node.value == Value::Number("4".to_owned())) => {}
        Some(there) => there.set_value(four),
        None => _ = root.insert(0, "version", four),
    }
    if let Some(there) = root.get("$schema") {
        let old = node_of(&there).and_then(|node| node.text().map(str::to_owned));
        if old.is_some_and(|old| old.starts_with(SCHEMAS) && old != schema) {
            there.set_value(CstInputValue::String(schema.to_owned()));
        }
    }
    move_loader(&root);
    for (level, holder) in holders(&root) {
        let Some(extra) = holder.object_value("extra_config") else {
            continue;
        };
        for row in rows.iter().filter(|row| row.levels.contains(&level)) {
            namespace(&extra, row);
        }
    }
    Ok(tree.to_string())
}

/// A key that an object has twice.
fn repeated(node: &Node) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    let own = node.entries().iter().find(|entry| !seen.insert(entry.key.as_str()));
    own.map(|entry| entry.key.as_str())
        .or_else(|| node.entries().iter().find_map(|entry| repeated(&entry.node)))
        .or_else(|| node.items().iter().find_map(repeated))
}

/// The objects whose `extra_config` the gateway reads; an async agent is like an endpoint.
fn holders(root: &CstObject) -> Vec<(Level, CstObject)> {
    let mut all = vec![(Level::Service, root.clone())];
    let objects = |of: &CstObject, key: &str| -> Vec<CstObject> {
        let list = of.array_value(key).map(|list| list.elements()).unwrap_or_default();
        list.iter().filter_map(|item| item.as_object()).collect()
    };
    for owner in [objects(root, "endpoints"), objects(root, "async_agent")].concat() {
        let backends = objects(&owner, "backend");
        all.push((Level::Endpoint, owner));
        all.extend(backends.into_iter().map(|backend| (Level::Backend, backend)));
    }
    all
}

/// Moves `plugin` from the root into the `extra_config`, whose folders end in a slash.
fn move_loader(root: &CstObject) {
    let Some(old) = root.get("plugin") else { return };
    let there = root
        .object_value("extra_config")
        .is_some_and(|extra| extra.get("plugin").is_some());
    let other_type = root.get("extra_config").is_some() && root.object_value("extra_config").is_none();
    let Some(node) = node_of(&old).filter(|_| !there && !other_type) else {
        return;
    };
    if node.value == Value::Null {
        return old.remove();
    }
    let mut value = input(&node);
    if let CstInputValue::Object(entries) = &mut value {
        let folder = entries.iter_mut().find(|(key, _)| key == "folder");
        if let Some((_, CstInputValue::String(folder))) = folder
            && !folder.is_empty()
            && !folder.ends_with('/')
            && !folder.contains("{{")
        {
            folder.push('/');
        }
    }
    match root.object_value("extra_config") {
        Some(extra) => {
            old.remove();
            extra.insert(0, "plugin", value);
        }
        None => {
            let extra = CstInputValue::Object(vec![("plugin".to_owned(), value)]);
            root.insert(old.property_index(), "extra_config", extra);
            old.remove();
        }
    }
}

/// Writes one namespace as version 4 has it.
fn namespace(extra: &CstObject, row: &Registerer) {
    let short = extra.get(&row.namespace);
    // The gateway drops a long name beside the short one.
    if let Some(long) = extra.get(&row.legacy_namespace).filter(|_| short.is_some()) {
        long.remove();
    }
    let Some(there) = short.or_else(|| extra.get(&row.legacy_namespace)) else {
        return;
    };
    let Some(node) = node_of(&there) else { return };
    let listed = (row.names != NameFormat::Text && node.get("plugins").is_none())
        .then(|| objects_of(&node))
        .flatten();
    let is_short = there.decoded_name().as_deref() == Some(&row.namespace);
    match &listed {
        Some(objects) if is_short => there.set_value(with_objects(&node, objects)),
        None if is_short => {}
        listed => {
            let value = listed
                .as_ref()
                .map_or_else(|| input(&node), |objects| with_objects(&node, objects));
            extra.insert(there.property_index(), &row.namespace, value);
            there.remove();
        }
    }
}

/// The namespace with `plugins` in the place of `name`; settings that are of no plugin stay.
fn with_objects(node: &Node, objects: &Objects) -> CstInputValue {
    let plugins = objects.plugins.iter().map(|(name, config)| {
        let name = ("name".to_owned(), CstInputValue::String((*name).to_owned()));
        let config = config.map(|config| ("config".to_owned(), input(config)));
        CstInputValue::Object(std::iter::once(name).chain(config).collect())
    });
    let plugins = CstInputValue::Array(plugins.collect());
    let entries = node.entries().iter().filter_map(|entry| match entry.key.as_str() {
        "name" => Some(("plugins".to_owned(), plugins.clone())),
        key if is_annotation(key) || objects.rest.iter().any(|left| left == key) => {
            Some((key.to_owned(), input(&entry.node)))
        }
        _ => None,
    });
    CstInputValue::Object(entries.collect())
}

fn node_of(property: &CstObjectProp) -> Option<Node> {
    json::read(&property.value()?.to_string()).ok()
}

/// A value to write, with its keys in order and its numbers as they are.
fn input(node: &Node) -> CstInputValue {
    match &node.value {
        Value::Null => CstInputValue::Null,
        Value::Bool(is) => CstInputValue::Bool(*is),
        Value::Number(text) => CstInputValue::Number(text.clone()),
        Value::Text(text) => CstInputValue::String(text.clone()),
        Value::List(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Map(entries) => CstInputValue::Object(
            entries
                .iter()
                .map(|entry| (entry.key.clone(), input(&entry.node)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::config::parse::{ConfigFormat, Document};
    use crate::gateway::config::{IssueSeverity, PluginDir, check, injected};
    use crate::gateway::registerer;

    const SCHEMA: &str = "https://www.krakend.io/schema/v3.0/krakend.json";

    fn migrated(text: &str) -> String {
        let rows = registerer::all();
        let once = migrate(text, rows, SCHEMA).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(
            migrate(&once, rows, SCHEMA).unwrap(),
            once,
            "a second time nothing changes"
        );
        once
    }

    fn document(text: &str) -> Document {
        let root = json::read(text).unwrap();
        Document {
            format: ConfigFormat::Json,
            root,
        }
    }

    fn errors(text: &str) -> Vec<String> {
        let folder = |_: &str| PluginDir::Open(vec![("a.so".to_owned(), false)]);
        let issues = check(&document(text), registerer::all(), &[], &folder, None);
        let errors = issues
            .into_iter()
            .filter(|issue| issue.severity == IssueSeverity::Error);
        errors.map(|issue| issue.what).collect()
    }

    #[test]
    fn plugin_parts_are_rewritten_and_nothing_else() {
        let text = "{\n\t\"$schema\": \"https://www.krakend.io/schema/v2.13/krakend.json\",\n\t\"version\": 3,\n\t\"name\":   \"mine\",\n\t\"plugin\": {\"pattern\": \".so\", \"folder\": \"./plugins\"},\n\t\"endpoints\": [\n\t\t{\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\": \"/x\"}, {\"url_pattern\": \"/y\"}]}\n\t],\n\t\"extra_config\": {\n\t\t\"router\": {\"return_error_msg\": true},\n\t\t\"plugin/http-server\": {\n\t\t\t\"name\": [\"auth\", \"cache\"],\n\t\t\t\"auth\": {\"z\": 1.50, \"a\": [1, {\"b\": null}]}\n\t\t}\n\t}\n}\n";
        let expected = "{\n\t\"$schema\": \"https://www.krakend.io/schema/v3.0/krakend.json\",\n\t\"version\": 4,\n\t\"name\":   \"mine\",\n\t\"endpoints\": [\n\t\t{\"endpoint\": \"/a\", \"backend\": [{\"url_pattern\": \"/x\"}, {\"url_pattern\": \"/y\"}]}\n\t],\n\t\"extra_config\": {\n\t\t\"plugin\": {\n\t\t\t\"pattern\": \".so\",\n\t\t\t\"folder\": \"./plugins/\"\n\t\t},\n\t\t\"router\": {\"return_error_msg\": true},\n\t\t\"plugin/http-server\": {\n\t\t\t\"plugins\": [\n\t\t\t\t{\n\t\t\t\t\t\"name\": \"auth\",\n\t\t\t\t\t\"config\": {\n\t\t\t\t\t\t\"z\": 1.50,\n\t\t\t\t\t\t\"a\": [\n\t\t\t\t\t\t\t1,\n\t\t\t\t\t\t\t{\n\t\t\t\t\t\t\t\t\"b\": null\n\t\t\t\t\t\t\t}\n\t\t\t\t\t\t]\n\t\t\t\t\t}\n\t\t\t\t},\n\t\t\t\t{\n\t\t\t\t\t\"name\": \"cache\"\n\t\t\t\t}\n\t\t\t]\n\t\t}\n\t}\n}\n";
        assert_eq!(migrated(text), expected);
        assert_eq!(errors(expected), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_decided_here_is_left() {
        let left = |text: &str| errors(&migrated(text)).join("; ");
        // Each plugin of version 3 is given the whole namespace, and so the shared key.
        let shared = r#"{"version": 3, "plugin": {"pattern": ".so", "folder": "./p/"}, "extra_config": {"plugin/http-server": {"name": ["a"], "a": {}, "shared": 1}}}"#;
        assert_eq!(
            left(shared),
            "`shared` is not a key of `plugin/http-server`: the schema of version 4 allows no others"
        );
        assert!(migrated(shared).contains("\"shared\": 1"));
        let number = r#"{"version": 3, "plugin": {"pattern": ".so", "folder": "./p/"}, "extra_config": {"plugin/http-server": {"name": [1]}}}"#;
        assert!(
            left(number).starts_with("`name` is the form of version 3"),
            "{}",
            left(number)
        );
        let both = r#"{"version": 4, "plugin": {"folder": "x/"}, "extra_config": {"plugin": {"pattern": ".so", "folder": "./p/"}}}"#;
        assert_eq!(migrated(both), both);
        for (text, message) in [
            (r#"{"version": 2}"#, "`version` is 2"),
            (r#"{"Version": 2}"#, "`version` is 2"),
            (
                r#"{"version": 3, "plugin": {}, "plugin": {}}"#,
                "`plugin` is given twice",
            ),
            ("[]", "a configuration is a JSON object"),
            ("{,}", "does not parse"),
        ] {
            let error = migrate(text, registerer::all(), SCHEMA).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn long_names_and_absent_parts() {
        let text = r#"{"endpoints": [{"endpoint": "/a", "backend": [{"url_pattern": "/b", "extra_config": {"github.com/devopsfaith/krakend/transport/http/client/executor": {"name": "c", "c": {"k": 1}}}}], "extra_config": {"github.com/devopsfaith/krakend/proxy/plugin": {"name": ["m"]}}}]}"#;
        let new = migrated(text);
        assert!(!new.contains("devopsfaith"), "{new}");
        assert!(new.contains("\"version\": 4"), "{new}");
        let root = json::read(&new).unwrap().plain();
        let endpoint = &root["endpoints"][0];
        assert_eq!(
            endpoint["backend"][0]["extra_config"]["plugin/http-client"],
            serde_json::json!({"name": "c", "c": {"k": 1}})
        );
        assert_eq!(
            endpoint["extra_config"]["plugin/req-resp-modifier"],
            serde_json::json!({"plugins": [{"name": "m"}]})
        );
        let none = "{\"version\": 3, \"plugin\": null}";
        assert_eq!(migrated(none), "{\"version\": 4}");
    }

    /// A configuration of version 3 by chance, with plugins at every level.
    fn random(random: &mut fastrand::Rng) -> serde_json::Value {
        use serde_json::{Map, json};
        let namespace = |row: &Registerer, random: &mut fastrand::Rng| {
            let mut names: Vec<&str> = vec!["a", "b", "c-d", "e.f"];
            random.shuffle(&mut names);
            names.truncate(random.usize(1..=3));
            let mut all = Map::new();
            let name = match row.names {
                NameFormat::Text => json!(names[0]),
                NameFormat::TextOrList if names.len() == 1 && random.bool() => json!(names[0]),
                _ => json!(names),
            };
            all.insert("name".to_owned(), name);
            for name in names {
                if random.bool() {
                    all.insert(name.to_owned(), json!({"k": random.u8(..), "l": [null, "ü\"\\"]}));
                }
            }
            if random.bool() {
                all.insert("$comment".to_owned(), json!("kept"));
            }
            let key = if random.u8(..4) == 0 {
                &row.legacy_namespace
            } else {
                &row.namespace
            };
            (key.clone(), serde_json::Value::Object(all))
        };
        let extra = |level: Level, random: &mut fastrand::Rng| {
            let mut all = Map::new();
            for row in registerer::all().iter().filter(|row| row.levels.contains(&level)) {
                if random.bool() {
                    all.extend([namespace(row, random)]);
                }
            }
            all.insert("qos/ratelimit".to_owned(), json!({"max_rate": 1}));
            all
        };
        let owners = |random: &mut fastrand::Rng, key: &str| -> Vec<serde_json::Value> {
            let mut one = |number: usize| {
                json!({key: format!("/{number}"), "extra_config": extra(Level::Endpoint, random),
                    "backend": [{"url_pattern": "/b", "extra_config": extra(Level::Backend, random)}]})
            };
            (0..2).map(&mut one).collect()
        };
        let mut root = Map::new();
        root.insert("version".to_owned(), json!(3));
        root.insert("plugin".to_owned(), json!({"pattern": ".so", "folder": "./p/"}));
        root.insert("endpoints".to_owned(), json!(owners(random, "endpoint")));
        root.insert("async_agent".to_owned(), json!(owners(random, "name")));
        if random.bool() {
            root.insert("extra_config".to_owned(), json!(extra(Level::Service, random)));
        }
        serde_json::Value::Object(root)
    }

    /// Each plugin with its settings, in the order of the file, whichever the form.
    fn plugins(root: &serde_json::Value, found: &mut Vec<String>) {
        let Some(entries) = root.as_object() else {
            return root
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|item| plugins(item, found));
        };
        for (key, value) in entries {
            let row = registerer::all()
                .iter()
                .find(|row| row.namespace == *key || row.legacy_namespace == *key);
            let Some(row) = row else {
                plugins(value, found);
                continue;
            };
            if let Some(listed) = value.get("plugins").and_then(serde_json::Value::as_array) {
                found.extend(
                    listed
                        .iter()
                        .map(|one| format!("{} {} {}", row.kind, one["name"], one["config"])),
                );
                continue;
            }
            let name = &value["name"];
            let names = name.as_array().cloned().unwrap_or_else(|| vec![name.clone()]);
            for name in names {
                let own = &value[name.as_str().unwrap()];
                found.push(format!("{} {name} {own}", row.kind));
            }
        }
    }

    #[test]
    fn random_configurations_keep_their_plugins() {
        let mut numbers = fastrand::Rng::with_seed(14);
        let mut seen = 0;
        for _ in 0..60 {
            let old = random(&mut numbers);
            for text in [old.to_string(), serde_json::to_string_pretty(&old).unwrap()] {
                let new = migrated(&text);
                let root: serde_json::Value = serde_json::from_str(&new).unwrap();
                let (mut before, mut after) = (Vec::new(), Vec::new());
                plugins(&old, &mut before);
                plugins(&root, &mut after);
                before.sort();
                after.sort();
                assert_eq!(before, after, "{new}");
                assert_eq!(errors(&new), Vec::<String>::new(), "{new}");
                let rows = registerer::all();
                assert_eq!(
                    injected(&document(&text), rows),
                    injected(&document(&new), rows),
                    "{new}"
                );
                assert_eq!(
                    text.matches("qos/ratelimit").count(),
                    new.matches("qos/ratelimit").count()
                );
                seen += before.len();
            }
        }
        assert!(seen > 500, "{seen}");
    }
}
