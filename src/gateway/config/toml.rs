//! TOML, parsed with the same crate as our own settings.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::gateway::config::document::{Entry, Node, Parsed, Position, Value};
use crate::util::position::LineIndex;

pub(crate) fn read(text: &str) -> Parsed {
    let lines = LineIndex::of(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(Node {
            at: Position::START,
            value: map(table.get_ref(), &lines),
        }),
        Err(error) => {
            let at = error.span().map_or(Position::START, |span| lines.position(span.start));
            Err((at, error.message().trim_end().to_owned()))
        }
    }
}

fn map(table: &DeTable, lines: &LineIndex) -> Value {
    Value::Map(
        table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                at: lines.position(key.span().start),
                node: node(value, lines),
            })
            .collect(),
    )
}

fn node(spanned: &Spanned<DeValue>, lines: &LineIndex) -> Node {
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(is) => Value::Bool(*is),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(table) => map(table, lines),
    };
    Node {
        at: lines.position(spanned.span().start),
        value,
    }
}
