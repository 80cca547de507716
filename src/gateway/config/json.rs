//! JSON as strict as the gateway reads it.

use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::gateway::config::document::{Entry, Node, Parsed, Position, Value};
use crate::util::position::LineIndex;

/// None of the extensions of JSON5 and JSONC.
pub(crate) const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(crate) fn read(text: &str) -> Parsed {
    if text.starts_with('\u{feff}') {
        let why = "the file begins with a byte order mark, which the gateway does not skip";
        return Err((Position::START, why.to_owned()));
    }
    let lines = LineIndex::of(text);
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => match &parsed.value {
            Some(value) => Ok(node(value, &lines)),
            None => Err((Position::START, "the file is empty".to_owned())),
        },
        Err(error) => Err((lines.position(error.range().start), reason(error.kind()))),
    }
}

fn reason(kind: &ParseErrorKind) -> String {
    match kind {
        ParseErrorKind::CommentsNotAllowed => "a comment, which JSON does not have".to_owned(),
        ParseErrorKind::TrailingCommasNotAllowed => "a comma with nothing after it".to_owned(),
        ParseErrorKind::ExpectedComma => "a comma is missing before this".to_owned(),
        ParseErrorKind::UnterminatedObject => "this object has no closing }".to_owned(),
        ParseErrorKind::UnterminatedArray => "this list has no closing ]".to_owned(),
        ParseErrorKind::SingleQuotedStringsNotAllowed => "JSON takes double quotes only".to_owned(),
        ParseErrorKind::MultipleRootJsonValues => "something follows the end of the configuration".to_owned(),
        ParseErrorKind::NestingDepthExceeded => "the values are nested too deep".to_owned(),
        other => {
            let text = other.to_string();
            let mut chars = text.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
        }
    }
}

fn node(ast: &Ast, lines: &LineIndex) -> Node {
    let at = lines.position(ast.start());
    let value = match ast {
        Ast::NullKeyword(_) => Value::Null,
        Ast::BooleanLit(literal) => Value::Bool(literal.value),
        Ast::NumberLit(number) => Value::Number(number.value.to_owned()),
        Ast::StringLit(text) => Value::Text(text.value.to_string()),
        Ast::Array(array) => Value::List(array.elements.iter().map(|item| node(item, lines)).collect()),
        Ast::Object(object) => Value::Map(
            object
                .properties
                .iter()
                .map(|property| Entry {
                    key: match &property.name {
                        ObjectPropName::String(name) => name.value.to_string(),
                        ObjectPropName::Word(name) => name.value.to_owned(),
                    },
                    at: lines.position(property.name.start()),
                    node: node(&property.value, lines),
                })
                .collect(),
        ),
    };
    Node { at, value }
}
