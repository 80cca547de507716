//! Which names a plugin registers, asked of a gateway that runs: no gateway lists them, but of each name that its
//! configuration has it says whether a plugin goes by it. Pure: a configuration out, the gateway's log in.

use std::path::Path;

use serde_json::{Value, json};

use crate::gateway::config::plugin_names::RequestedPlugin;
use crate::gateway::registerer::PluginKind;

/// The configuration that asks for each name: handlers at the root, each of the others on an endpoint of its own.
pub fn configuration(names: &[RequestedPlugin], folder: &Path, port: u16) -> String {
    let mut config: Value = serde_json::from_str(&crate::gateway::run::bare(folder, port)).unwrap_or_default();
    let handlers: Vec<&RequestedPlugin> = names
        .iter()
        .filter(|wanted| wanted.kind == PluginKind::Handler)
        .collect();
    if !handlers.is_empty() {
        let mut settings = json!({});
        for wanted in &handlers {
            merge(&mut settings, &wanted.settings);
        }
        settings["name"] = handlers.iter().map(|wanted| wanted.name.as_str()).collect();
        config["extra_config"] = json!({ PluginKind::Handler.row().namespace.as_str(): settings });
    }
    let endpoints = names.iter().enumerate().filter_map(|(number, wanted)| {
        let place = place(number);
        let mut settings = json!({});
        merge(&mut settings, &wanted.settings);
        settings["name"] = match wanted.kind {
            PluginKind::Client => json!(wanted.name),
            PluginKind::Modifier => json!([wanted.name]),
            PluginKind::Handler | PluginKind::Middleware => return None,
        };
        let extra = json!({ wanted.kind.row().namespace.as_str(): settings });
        let mut backend = json!({ "url_pattern": place, "host": [format!("http://127.0.0.1:{port}")] });
        let mut endpoint = json!({ "endpoint": place });
        match wanted.kind {
            PluginKind::Client => backend["extra_config"] = extra,
            _ => endpoint["extra_config"] = extra,
        }
        endpoint["backend"] = json!([backend]);
        Some(endpoint)
    });
    config["endpoints"] = endpoints.collect();
    config.to_string()
}

fn merge(settings: &mut Value, with: &Value) {
    if let (Some(own), Some(with)) = (settings.as_object_mut(), with.as_object()) {
        own.extend(with.clone());
    }
}

/// The path of the endpoint that asks for one name; none is a part of another.
fn place(number: usize) -> String {
    format!("/plugbuild/{number}/asked")
}

/// Whether a plugin goes by each name; none where the gateway came to no answer: releases up to 2.4 stop at the first
/// handler that they do not know.
pub fn answers(names: &[RequestedPlugin], said: &[String]) -> Vec<Option<bool>> {
    // One line for each handler, in their order; what is wrong with its settings is said without its name.
    let outcomes = [
        "Injecting plugin",
        "No plugin re",
        "Wrong plugin handler type",
        "Error getting the plugin handler",
    ];
    let server = said.iter().filter(|line| line.contains("[PLUGIN: Server]"));
    let none_at_all = server
        .clone()
        .any(|line| line.contains("No plugins registered for the module"));
    let mut handlers = server
        .filter(|line| outcomes.iter().any(|words| line.contains(words)))
        .map(|line| !line.contains("No plugin re"));
    let at = |number: usize, signs: &[&str]| {
        let place = place(number);
        said.iter()
            .any(|line| line.contains(&place) && signs.iter().any(|sign| line.contains(sign)))
    };
    let answer = |(number, wanted): (usize, &RequestedPlugin)| match wanted.kind {
        PluginKind::Handler => handlers.next().or(none_at_all.then_some(false)),
        PluginKind::Client => Some(at(number, &["Injecting plugin", "Error getting the plugin handler"])),
        PluginKind::Modifier => Some(at(number, &["[Modifier Plugins] Adding"])),
        PluginKind::Middleware => None,
    };
    names.iter().enumerate().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(kind: PluginKind, name: &str, settings: Value) -> RequestedPlugin {
        RequestedPlugin {
            kind,
            name: name.to_owned(),
            settings,
        }
    }

    fn three() -> Vec<RequestedPlugin> {
        vec![
            wanted(
                PluginKind::Handler,
                "one",
                json!({ "name": ["one", "x"], "one": { "path": "/" } }),
            ),
            wanted(PluginKind::Handler, "two", json!({ "name": "two" })),
            wanted(PluginKind::Modifier, "m", json!({ "name": ["m", "n"], "m": 1 })),
            wanted(PluginKind::Client, "c", json!({ "name": "c", "key": true })),
        ]
    }

    #[test]
    fn each_name_is_asked_for_with_its_settings() {
        let config: Value = serde_json::from_str(&configuration(&three(), Path::new("/p"), 4000)).unwrap();
        let handlers = &config["extra_config"]["plugin/http-server"];
        assert_eq!(*handlers, json!({ "name": ["one", "two"], "one": { "path": "/" } }));
        let endpoints = &config["endpoints"];
        assert_eq!(
            endpoints[0]["extra_config"]["plugin/req-resp-modifier"],
            json!({ "name": ["m"], "m": 1 })
        );
        assert_eq!(
            endpoints[1]["backend"][0]["extra_config"]["plugin/http-client"],
            json!({ "name": "c", "key": true })
        );
    }

    #[test]
    fn the_log_answers_for_each_name() {
        let said = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let first = said(
            "DEBUG: [ENDPOINT: /plugbuild/2/asked][Modifier Plugins] Adding 1 request and 0 response modifiers\n\
             DEBUG: [BACKEND: /plugbuild/3/asked] No plugin registered as c\n\
             ERROR: [PLUGIN: Server] Error getting the plugin handler: no settings\n\
             DEBUG: [PLUGIN: Server] No plugin resgistered as two",
        );
        assert_eq!(
            answers(&three(), &first),
            [Some(true), Some(false), Some(true), Some(false)]
        );
        let second = said(
            "DEBUG: [BACKEND: GET /plugbuild/3/asked -> /plugbuild/3/asked] Injecting plugin c\n\
             DEBUG: [PLUGIN: Server] No plugins registered for the module",
        );
        assert_eq!(
            answers(&three(), &second),
            [Some(false), Some(false), Some(false), Some(true)]
        );
        let stopped = said("DEBUG: [PLUGIN: Server] No plugin resgistered as one");
        assert_eq!(answers(&three(), &stopped)[..2], [Some(false), None]);
    }
}
