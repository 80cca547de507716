//! Types that know their keys: the JSON schema and the warnings about unknown keys come from the types that are
//! deserialized.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use toml::Spanned;

use crate::util::target::Target;
use crate::util::version::GoVersion;

/// A type whose JSON schema is known.
pub trait Described {
    fn schema() -> Value;
}

/// Declares a table of a settings file: its fields are the keys, in kebab case, and their comments the descriptions.
macro_rules! table {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[doc = $doc:literal])* pub $field:ident : $ty:ty, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, serde::Deserialize)]
        #[serde(rename_all = "kebab-case", default)]
        pub struct $name { $( $(#[doc = $doc])* pub $field: $ty, )* }

        impl $crate::util::schema::Described for $name {
            fn schema() -> serde_json::Value {
                $crate::util::schema::object(&[$((
                    stringify!($field),
                    concat!($($doc),*),
                    <$ty as $crate::util::schema::Described>::schema(),
                ),)*])
            }
        }
    };
}
pub(crate) use table;

/// The schema of a table from its fields' names, descriptions and schemas.
pub fn object(fields: &[(&str, &str, Value)]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(field, description, schema)| {
            let mut schema = schema.clone();
            schema["description"] = json!(description.trim());
            (key(field), schema)
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// `out_dir` is written `out-dir`.
fn key(field: &str) -> String {
    field.trim_start_matches("r#").replace('_', "-")
}

macro_rules! described_as {
    ($($ty:ty => $schema:tt),* $(,)?) => {$(
        impl Described for $ty {
            fn schema() -> Value {
                json!($schema)
            }
        }
    )*};
}

described_as! {
    String => { "type": "string" },
    PathBuf => { "type": "string" },
    Target => { "type": "string", "examples": ["arm64-musl", "amd64-glibc=2.31"] },
    GoVersion => { "type": "string", "examples": ["1.25.6"] },
    bool => { "type": "boolean" },
}

impl<T: Described> Described for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Described> Described for Option<T> {
    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Described> Described for Spanned<T> {
    fn schema() -> Value {
        T::schema()
    }
}
