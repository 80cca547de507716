//! Unknown keys of a settings file: most are misspelt, so each gets a warning with its position and the nearest key.

use std::path::Path;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::util::position::LineIndex;
use crate::util::sort::sort_by_key;
use crate::util::suggest::nearest;

/// A warning for each unknown key. `text` must parse.
pub(crate) fn warnings(text: &str, file: &Path, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let lines = LineIndex::of(text);
    if let Ok(table) = DeTable::parse(text) {
        in_table(table.get_ref(), schema, "", &mut found);
    }
    // Tables are parsed in the order of their keys' names; sort as in the file.
    sort_by_key(&mut found, |unknown| unknown.at);
    found
        .into_iter()
        .map(|Unknown { at, key, nearest }| {
            let at = lines.position(at);
            let hint = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("{}:{at}: the key `{key}` is not known{hint}", file.display())
        })
        .collect()
}

struct Unknown {
    at: usize,
    key: String,
    nearest: Option<String>,
}

fn in_table(table: &DeTable, schema: &Value, path: &str, found: &mut Vec<Unknown>) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        let full = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        match properties.get(name) {
            Some(schema) => in_value(value.get_ref(), schema, &full, found),
            None => found.push(Unknown {
                at: key.span().start,
                key: full,
                nearest: nearest(name, properties.keys().map(String::as_str)).map(str::to_owned),
            }),
        }
    }
}

fn in_value(value: &DeValue, schema: &Value, path: &str, found: &mut Vec<Unknown>) {
    match value {
        DeValue::Table(table) => in_table(table, schema, path, found),
        DeValue::Array(items) => {
            for item in items.iter() {
                in_value(item.get_ref(), &schema["items"], path, found);
            }
        }
        _ => {}
    }
}
