//! Build constraints on the Go version: whether an older Go would compile a file at all.

use crate::util::version::GoVersion;

/// The constraint of a Go source file on the Go version (`go1.21 && !windows`); `None` if no version decides.
pub fn on_version(source: &str) -> Option<String> {
    let head = || {
        source
            .lines()
            .map(str::trim)
            .take_while(|line| !line.starts_with("package "))
    };
    let constraint = match head().find_map(|line| line.strip_prefix("//go:build ")) {
        Some(line) => line.to_owned(),
        None => {
            let old: Vec<String> = head()
                .filter_map(|line| Some(alternatives(line.strip_prefix("// +build ")?)))
                .collect();
            old.join(" && ")
        }
    };
    words(&constraint)
        .iter()
        .any(|word| release(word).is_some())
        .then_some(constraint)
}

/// `// +build a,b c` means `(a && b || c)`.
fn alternatives(line: &str) -> String {
    let each: Vec<String> = line.split_whitespace().map(|word| word.replace(',', " && ")).collect();
    format!("({})", each.join(" || "))
}

/// Whether it holds for a Go; `None` if another tag decides.
pub fn holds(constraint: &str, go: &GoVersion) -> Option<bool> {
    let words = words(constraint);
    let mut rest = words.as_slice();
    either(&mut rest, go)
}

fn words(text: &str) -> Vec<String> {
    let mut spaced = text.to_owned();
    for sign in ["(", ")", "!", "&&", "||"] {
        spaced = spaced.replace(sign, &format!(" {sign} "));
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn release(word: &str) -> Option<(u32, u32)> {
    let (major, minor) = word.strip_prefix("go")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn either(rest: &mut &[String], go: &GoVersion) -> Option<bool> {
    let mut value = both(rest, go);
    while took(rest, "||") {
        value = match (value, both(rest, go)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), other) | (other, Some(false)) => other,
            (None, None) => None,
        };
    }
    value
}

fn both(rest: &mut &[String], go: &GoVersion) -> Option<bool> {
    let mut value = one(rest, go);
    while took(rest, "&&") {
        value = match (value, one(rest, go)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), other) | (other, Some(true)) => other,
            (None, None) => None,
        };
    }
    value
}

fn one(rest: &mut &[String], go: &GoVersion) -> Option<bool> {
    let mut not = false;
    while took(rest, "!") {
        not = !not;
    }
    let value = if took(rest, "(") {
        let inner = either(rest, go);
        took(rest, ")");
        inner
    } else {
        let (word, after) = rest.split_first()?;
        *rest = after;
        release(word).map(|(major, minor)| go.at_least(major, minor))
    };
    value.map(|value| value != not)
}

fn took(rest: &mut &[String], sign: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if first == sign => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_build_constraints() {
        let of = |head: &str| on_version(&format!("// Copyright\n\n{head}\n\npackage x\n// +build go1.99\n"));
        assert_eq!(
            of("//go:build go1.21 && !windows").as_deref(),
            Some("go1.21 && !windows")
        );
        assert_eq!(
            of("// +build go1.21,linux darwin\n// +build cgo").as_deref(),
            Some("(go1.21 && linux || darwin) && (cgo)")
        );
        assert_eq!(of("//go:build linux || gopher"), None);
        assert_eq!(of(""), None);
        let old = "1.20.14".parse().unwrap();
        for (constraint, want) in [
            ("go1.20", Some(true)),
            ("go1.21", Some(false)),
            ("!go1.21", Some(true)),
            ("go1.21 && linux", Some(false)),
            ("go1.20 && linux", None),
            ("go1.20 || linux", Some(true)),
            ("go1.21 || linux", None),
            ("!(go1.21 || linux) && go1.18", None),
            ("!(go1.20 || linux)", Some(false)),
            ("!!go1.20 &&", None),
        ] {
            assert_eq!(holds(constraint, &old), want, "{constraint}");
        }
    }
}
