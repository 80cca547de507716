//! Lists of flags in one text, as the go command reads GOFLAGS, `-ldflags` and similar (its `cmd/internal/quoted`).
//!
//! Fields are separated by blanks. A field that begins with a quote ends at the same quote; a quote inside a field is a
//! plain character, and there are no escapes.

/// An unclosed quote, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclosed<'a> {
    pub quote: char,
    pub rest: &'a str,
}

/// The fields in order; an unclosed quote is the last of them.
pub fn fields(text: &str) -> impl Iterator<Item = Result<&str, Unclosed<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_blank);
        let quote = rest.chars().next()?;
        if !is_quote(quote) {
            let (field, after) = rest.split_at(rest.find(is_blank).unwrap_or(rest.len()));
            rest = after;
            return Some(Ok(field));
        }
        let body = &rest[1..];
        let (field, after) = match body.split_once(quote) {
            Some((field, after)) => (Ok(field), after),
            None => (Err(Unclosed { quote, rest: body }), ""),
        };
        rest = after;
        Some(field)
    })
}

/// Collects all fields.
///
/// # Errors
/// A quote is not closed.
pub fn split(text: &str) -> Result<Vec<String>, Unclosed<'_>> {
    fields(text).map(|field| field.map(str::to_owned)).collect()
}

/// The text that splits into these fields, if one exists: see [`can_be_written`].
pub fn join<S: AsRef<str>>(fields: &[S]) -> String {
    fields
        .iter()
        .map(|field| quoted(field.as_ref()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One field, quoted if necessary.
pub fn quoted(field: &str) -> String {
    match (needs_quotes(field), field.contains('\'')) {
        (false, _) => field.to_owned(),
        (true, false) => format!("'{field}'"),
        (true, true) => format!("\"{field}\""),
    }
}

/// Whether a list can hold a field. Fields from [`split`] can always be joined again.
pub fn can_be_written(field: &str) -> bool {
    !(needs_quotes(field) && field.contains('\'') && field.contains('"'))
}

fn needs_quotes(field: &str) -> bool {
    field.is_empty() || field.contains(is_blank) || field.starts_with(is_quote)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_split_like_the_go_command() {
        for (text, want) in [
            (
                " -mod=mod  '-ldflags=-s -w'\t-v ",
                &["-mod=mod", "-ldflags=-s -w", "-v"][..],
            ),
            ("\"a 'b'\" c", &["a 'b'", "c"]),
            ("-X='a b'", &["-X='a", "b'"]),
            ("'a''b'c", &["a", "b", "c"]),
            ("''", &[""]),
            (" \n", &[]),
        ] {
            assert_eq!(split(text).unwrap(), want, "{text}");
        }
        assert_eq!(
            split("a 'b c"),
            Err(Unclosed {
                quote: '\'',
                rest: "b c"
            })
        );
    }

    #[test]
    fn split_fields_rejoin() {
        let mut rng = fastrand::Rng::with_seed(7);
        let letters = [" ", "\n", "'", "\"", "-x", "=", "é", "\u{a0}", "\\"];
        let mut joined = 0;
        for _ in 0..20_000 {
            let text: String = (0..rng.usize(0..12))
                .map(|_| letters[rng.usize(..letters.len())])
                .collect();
            if let Ok(fields) = split(&text) {
                assert!(fields.iter().all(|field| can_be_written(field)), "{text:?}");
                assert_eq!(split(&join(&fields)).unwrap(), fields, "{text:?}");
                joined += 1;
            }
            let once = [text.as_str()];
            let same = split(&join(&once)).is_ok_and(|fields| fields == once);
            assert_eq!(same, can_be_written(&text), "{text:?}");
        }
        assert!(joined > 5000, "{joined}");
    }
}
