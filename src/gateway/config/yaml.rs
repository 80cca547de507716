//! YAML, from a parser's events: follows anchors and merge keys, and reads the first document only.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::gateway::config::document::{Entry, Node, Parsed, Position, Value};

/// The limit for documents expanded by aliases; real configurations have a few thousand values.
const MOST_VALUES: usize = 200_000;
/// As in the JSON reader; deeper nesting is an attack on the stack.
const DEEPEST: usize = 512;

pub(crate) fn read(text: &str) -> Parsed {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| (place_of(e.marker()), e.info().to_owned()))?;
        if let Some(root) = builder.take(event, span)? {
            return Ok(root);
        }
    }
    Err((Position::START, "the file is empty".to_owned()))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

/// A list or map that has not ended yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Position)>,
}

impl Builder {
    /// Handles an event; returns the root once it is complete.
    fn take(&mut self, event: Event, span: Span) -> Result<Option<Node>, (Position, String)> {
        let at = place_of(&span.start);
        self.values += 1;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style, at), anchor),
            Event::Alias(id) => {
                let node = self.anchors.get(&id);
                let node = node.ok_or_else(|| (at, "an alias without an anchor".to_owned()))?;
                self.values += size(node);
                if self.values > MOST_VALUES {
                    return Err((at, format!("more than {MOST_VALUES} values, aliases counted in full")));
                }
                (node.clone(), 0)
            }
            Event::SequenceStart(anchor, _) => return self.open(Value::List(Vec::new()), anchor, at),
            Event::MappingStart(anchor, _) => return self.open(Value::Map(Vec::new()), anchor, at),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => (open.node, open.anchor),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(self.add(node))
    }

    fn open(&mut self, value: Value, anchor: usize, at: Position) -> Result<Option<Node>, (Position, String)> {
        if self.open.len() >= DEEPEST {
            return Err((at, "the values are nested too deep".to_owned()));
        }
        self.open.push(Open {
            node: Node { at, value },
            anchor,
            key: None,
        });
        Ok(None)
    }

    /// Adds a complete value to the innermost open list or map, or returns it as the root.
    fn add(&mut self, node: Node) -> Option<Node> {
        let Some(open) = self.open.last_mut() else {
            return Some(node);
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some((key, at))) if key == "<<" => merge(entries, &node, at),
            (Value::Map(entries), Some((key, at))) => entries.push(Entry { key, at, node }),
            (Value::Map(_), None) => {
                let key = match node.value {
                    Value::Text(text) | Value::Number(text) => text,
                    other => format!("{other:?}"),
                };
                open.key = Some((key, node.at));
            }
            _ => {}
        }
        None
    }
}

/// `<<: *base`: keys given beside it win, so they come last.
fn merge(entries: &mut Vec<Entry>, from: &Node, at: Position) {
    let maps: Vec<&Node> = if from.items().is_empty() {
        vec![from]
    } else {
        from.items().iter().rev().collect()
    };
    let merged: Vec<Entry> = maps
        .into_iter()
        .flat_map(|map| map.entries().iter().cloned())
        .map(|entry| Entry { at, ..entry })
        .collect();
    entries.splice(0..0, merged);
}

fn scalar(text: &str, style: ScalarStyle, at: Position) -> Node {
    let value = match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
        (ScalarStyle::Plain, "true" | "True" | "TRUE") => Value::Bool(true),
        (ScalarStyle::Plain, "false" | "False" | "FALSE") => Value::Bool(false),
        (ScalarStyle::Plain, number) if number.parse::<f64>().is_ok() => Value::Number(number.to_owned()),
        _ => Value::Text(text.to_owned()),
    };
    Node { at, value }
}

fn size(node: &Node) -> usize {
    let items: usize = node.items().iter().map(size).sum();
    let entries: usize = node.entries().iter().map(|entry| size(&entry.node)).sum();
    1 + items + entries
}

fn place_of(marker: &saphyr_parser::Marker) -> Position {
    Position {
        line: marker.line(),
        column: marker.col() + 1,
    }
}
