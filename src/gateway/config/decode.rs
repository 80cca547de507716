//! A configuration as the gateway decodes it: loosely. Keys match in any case, an object stands for a list of one, a
//! text for a number; anything else is rejected, and the gateway does not start.
//!
//! The gateway's parser (viper up to 2.10, koanf since) hands the file to mapstructure with weakly typed input;
//! tests/verify/config.rs holds this to that parser.

use crate::gateway::config::document::{Entry, Node, Position, Value};
use crate::gateway::config::issue::{ConfigIssue, IssueSeverity};
use crate::gateway::config::version::{ConfigReader, ConfigVersion, integer};
use crate::gateway::registerer::Registerer;

/// A configuration as the gateway sees it.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// With documented key names, lists where lists are expected, and each key once; `None` if it is not an object.
    pub root: Option<Node>,
    /// The version whose form it has.
    pub version: ConfigVersion,
    pub findings: Vec<ConfigIssue>,
}

/// A struct of the gateway, with only the fields that lead to plugins.
#[derive(Clone, Copy)]
enum Shape {
    Service,
    /// Of version 4, which has no `plugin` of its own.
    Service4,
    Endpoint,
    Agent,
    Backend,
    Loader,
}

#[derive(Clone, Copy)]
enum Field {
    Version,
    Text,
    /// A map of anything.
    Extra,
    Struct(Shape),
    List(Shape),
}

impl Shape {
    fn fields(self) -> &'static [(&'static str, Field)] {
        use Field::{Extra, List, Struct, Text, Version};
        match self {
            Shape::Service => &[
                ("version", Version),
                ("plugin", Struct(Shape::Loader)),
                ("extra_config", Extra),
                ("endpoints", List(Shape::Endpoint)),
                ("async_agent", List(Shape::Agent)),
            ],
            Shape::Service4 => &[
                ("version", Version),
                ("extra_config", Extra),
                ("endpoints", List(Shape::Endpoint)),
                ("async_agent", List(Shape::Agent)),
            ],
            Shape::Endpoint => &[
                ("endpoint", Text),
                ("extra_config", Extra),
                ("backend", List(Shape::Backend)),
            ],
            Shape::Agent => &[
                ("name", Text),
                ("extra_config", Extra),
                ("backend", List(Shape::Backend)),
            ],
            Shape::Backend => &[("url_pattern", Text), ("extra_config", Extra)],
            Shape::Loader => &[("folder", Text), ("pattern", Text)],
        }
    }
}

/// Decodes a configuration; `rows` are the plugin types, `reader` the gateway it is for, if known.
pub fn decode(root: &Node, rows: &[Registerer], reader: Option<&ConfigReader>) -> Decoded {
    let version = ConfigVersion::of(root, reader.map(|reader| reader.version));
    let mut decoder = Decoder {
        rows,
        reader,
        version,
        findings: Vec::new(),
    };
    if !matches!(root.value, Value::Map(_)) {
        let what = format!("a configuration is an object, this is {}", root.what());
        decoder.rejected(root.at, what, None);
        return Decoded {
            root: None,
            version,
            findings: decoder.findings,
        };
    }
    let mut root = root.clone();
    last_only(&mut root);
    decoder.strukt(
        &mut root,
        match version {
            ConfigVersion::V3 => Shape::Service,
            ConfigVersion::V4 => Shape::Service4,
        },
    );
    if root.get("version").is_none() {
        let help = match reader {
            Some(reader) => format!("add `\"version\": {}`", reader.version),
            None => "add `\"version\": 3`, or 4 for KrakenD 3".to_owned(),
        };
        decoder.rejected(root.at, "no `version`".to_owned(), Some(help));
    }
    Decoded {
        root: Some(root),
        version,
        findings: decoder.findings,
    }
}

/// Of a repeated key, the last value counts.
fn last_only(node: &mut Node) {
    match &mut node.value {
        Value::Map(entries) => {
            let mut seen = std::collections::HashSet::new();
            let last: Vec<bool> = entries
                .iter()
                .rev()
                .map(|entry| seen.insert(entry.key.clone()))
                .collect();
            let mut last = last.into_iter().rev();
            entries.retain(|_| last.next().unwrap_or(true));
            entries.iter_mut().for_each(|entry| last_only(&mut entry.node));
        }
        Value::List(items) => items.iter_mut().for_each(last_only),
        _ => {}
    }
}

struct Decoder<'a> {
    rows: &'a [Registerer],
    reader: Option<&'a ConfigReader>,
    version: ConfigVersion,
    findings: Vec<ConfigIssue>,
}

impl Decoder<'_> {
    fn rejected(&mut self, at: Position, what: String, help: Option<String>) {
        self.findings.push(ConfigIssue {
            at,
            severity: IssueSeverity::Error,
            what: format!("{what}: the gateway refuses to start"),
            help,
        });
    }

    fn loose(&mut self, at: Position, what: String, help: Option<String>) {
        self.findings.push(ConfigIssue {
            at,
            severity: IssueSeverity::Warning,
            what,
            help,
        });
    }

    fn strukt(&mut self, node: &mut Node, shape: Shape) {
        let at = node.at;
        let Value::Map(entries) = &mut node.value else { return };
        for (name, field) in shape.fields() {
            self.named(entries, name);
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *name) {
                self.field(name, &mut entry.node, *field);
            }
        }
        let none = |backend: &Entry| {
            let value = &backend.node.value;
            matches!(value, Value::Null) || matches!(value, Value::List(items) if items.is_empty())
        };
        if matches!(shape, Shape::Endpoint) && node.get("backend").is_none_or(none) {
            let name = node.get("endpoint").and_then(|entry| entry.node.text());
            let which = name.map_or_else(|| "this endpoint".to_owned(), |name| format!("the endpoint {name}"));
            self.rejected(at, format!("{which} has no `backend`"), None);
        }
    }

    /// A key in another case counts if the documented one is missing.
    fn named(&mut self, entries: &mut [Entry], name: &str) {
        let exact = entries.iter().any(|entry| entry.key == name);
        let Some(other) = entries
            .iter_mut()
            .find(|entry| entry.key != name && entry.key.eq_ignore_ascii_case(name))
        else {
            return;
        };
        let what = if exact {
            format!(
                "`{}` beside `{name}`: which of them the gateway takes depends on its release",
                other.key
            )
        } else {
            format!(
                "`{}` is documented as `{name}`; the gateway takes it in any case",
                other.key
            )
        };
        let help = format!("write `{name}` once");
        self.loose(other.at, what, Some(help));
        if !exact {
            name.clone_into(&mut other.key);
        }
    }

    fn field(&mut self, name: &str, node: &mut Node, field: Field) {
        match field {
            Field::Version => self.version(node),
            Field::Text => self.text(name, node),
            Field::Extra => self.extra(name, node),
            Field::Struct(shape) => match node.value {
                Value::Map(_) => self.strukt(node, shape),
                Value::Null => {}
                _ => {
                    let help = "as in `\"plugin\": {\"pattern\": \".so\", \"folder\": \"./plugins/\"}`";
                    let what = format!("`{name}` must be an object, not {}", node.what());
                    self.rejected(node.at, what, Some(help.to_owned()));
                }
            },
            Field::List(shape) => self.list(name, node, shape),
        }
    }

    fn version(&mut self, node: &Node) {
        let number = self.version.number();
        if integer(&node.value) != Some(number) {
            let must = match self.reader {
                Some(reader) => format!("`version` must be the number {}", reader.version),
                None => "`version` must be the number 3, or 4 for KrakenD 3".to_owned(),
            };
            return self.rejected(node.at, must, None);
        }
        if let Some(reader) = self.reader.filter(|reader| reader.version != self.version) {
            let ConfigReader { label, version, .. } = reader;
            let what = format!("`version` is {number}, and KrakenD {label} reads version {version}");
            let help = match version {
                ConfigVersion::V4 => "`plugbuild config migrate` brings its plugins to version 4",
                ConfigVersion::V3 => "give the gateway it is for: `--gateway ./krakend`, a KrakenD 3",
            };
            return self.rejected(node.at, what, Some(help.to_owned()));
        }
        if node.value != Value::Number(number.to_string()) {
            let what = format!("`version` is documented as the number {number}; the gateway takes this for it");
            self.loose(node.at, what, Some(format!("write `{number}`")));
        }
    }

    fn text(&mut self, name: &str, node: &mut Node) {
        let text = match &node.value {
            Value::Text(_) | Value::Null => return,
            Value::Number(number) => number.clone(),
            Value::Bool(is) => i32::from(*is).to_string(),
            Value::List(_) | Value::Map(_) => {
                return self.rejected(node.at, format!("`{name}` must be a text, not {}", node.what()), None);
            }
        };
        let what = format!(
            "`{name}` is documented as a text, not {}; the gateway reads `{text}`",
            node.what()
        );
        self.loose(node.at, what, None);
        node.value = Value::Text(text);
    }

    fn list(&mut self, name: &str, node: &mut Node, shape: Shape) {
        match &mut node.value {
            Value::List(_) | Value::Null => {}
            Value::Map(entries) => {
                let items = if entries.is_empty() {
                    Vec::new()
                } else {
                    vec![node.clone()]
                };
                let what = format!("`{name}` is documented as a list; the gateway takes an object as a list of one");
                self.loose(node.at, what, Some(format!("write `\"{name}\": [{{…}}]`")));
                node.value = Value::List(items);
            }
            _ => {
                let what = format!("`{name}` must be a list, not {}", node.what());
                return self.rejected(node.at, what, None);
            }
        }
        let Value::List(items) = &mut node.value else { return };
        for item in items {
            if matches!(item.value, Value::Map(_)) {
                self.strukt(item, shape);
            } else {
                let what = format!("each of `{name}` must be an object, not {}", item.what());
                self.rejected(item.at, what, None);
            }
        }
    }

    /// Reads an `extra_config`: a list of objects becomes one object with all their keys.
    fn extra(&mut self, name: &str, node: &mut Node) {
        match &mut node.value {
            Value::Map(_) => {}
            Value::Null => return,
            Value::List(items) => {
                let other = items
                    .iter()
                    .find(|item| !matches!(item.value, Value::Map(_) | Value::Null));
                if let Some(other) = other {
                    let what = format!("each of `{name}` must be an object, not {}", other.what());
                    return self.rejected(other.at, what, None);
                }
                let entries = items.iter().flat_map(|item| item.entries().to_vec()).collect();
                let what =
                    format!("`{name}` is documented as an object; the gateway puts the objects of a list together");
                node.value = Value::Map(entries);
                last_only(node);
                self.loose(node.at, what, Some("write one object".to_owned()));
            }
            _ => {
                let what = format!("`{name}` must be an object, not {}", node.what());
                return self.rejected(node.at, what, None);
            }
        }
        self.both_names(node);
    }

    /// Replaces the long name of a namespace by the short one.
    fn both_names(&mut self, node: &mut Node) {
        for row in self.rows {
            let Value::Map(entries) = &mut node.value else { return };
            let short = entries.iter().any(|entry| entry.key == row.namespace);
            let Some(long) = entries
                .iter()
                .position(|entry| short && entry.key == row.legacy_namespace)
            else {
                continue;
            };
            let what = format!(
                "`{}` beside `{}`, which stands for it: the gateway drops this one",
                row.legacy_namespace, row.namespace
            );
            let at = entries.remove(long).at;
            self.loose(at, what, None);
        }
    }
}
