//! The plugins of a namespace in the form of version 3, a `name` with settings beside it, as version 4 lists them.

use crate::gateway::config::document::{Entry, Node, Value};

/// A namespace of version 3, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Objects<'a> {
    /// Each name with its settings, in order.
    pub(crate) plugins: Vec<(&'a str, Option<&'a Node>)>,
    /// Keys that are the settings of none: every plugin of the namespace is given them too.
    pub(crate) rest: Vec<String>,
}

/// Whether version 4 allows a key anywhere, for comments and anchors.
pub(crate) fn is_annotation(key: &str) -> bool {
    key.starts_with(['@', '$', '_', '#'])
}

/// What version 4 would list; `None` if there is no name, or one that is not a text.
pub(crate) fn objects_of(namespace: &Node) -> Option<Objects<'_>> {
    let name = &namespace.get("name")?.node;
    let names: Vec<&str> = match &name.value {
        Value::Text(text) => vec![text.as_str()],
        Value::List(items) => items.iter().map(Node::text).collect::<Option<_>>()?,
        _ => return None,
    };
    if names.is_empty() {
        return None;
    }
    let settings = |name: &str| {
        let own = namespace.get(name).filter(|own| own.key != "name")?;
        matches!(own.node.value, Value::Map(_)).then_some(&own.node)
    };
    let is_left = |entry: &&Entry| {
        entry.key != "name"
            && !is_annotation(&entry.key)
            && !(names.contains(&entry.key.as_str()) && settings(&entry.key).is_some())
    };
    let rest = namespace
        .entries()
        .iter()
        .filter(is_left)
        .map(|entry| entry.key.clone());
    Some(Objects {
        rest: rest.collect(),
        plugins: names.iter().map(|name| (*name, settings(name))).collect(),
    })
}
