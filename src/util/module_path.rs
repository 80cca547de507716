//! Module paths and versions as Go's module cache spells them, without upper case.

/// Replaces an upper-case letter by `!` and the lower-case one.
pub fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len() + 4);
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

/// The inverse of [`escaped`].
pub fn unescaped(escaped: &str) -> String {
    let mut plain = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '!' => plain.extend(chars.next().map(|c| c.to_ascii_uppercase())),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_roundtrips() {
        for (plain, spelt) in [
            ("github.com/Azure/azure-SDK", "github.com/!azure/azure-!s!d!k"),
            ("v1.0.0-Beta+incompatible", "v1.0.0-!beta+incompatible"),
        ] {
            assert_eq!(escaped(plain), spelt);
            assert_eq!(unescaped(spelt), plain);
        }
    }
}
