//! "Did you mean": the one rule for guessing a mistyped word. Pure.

/// The known word nearest to a mistyped one; never the word itself.
///
/// A third of the letters may differ, three at most; upper case and `_` for `-` do not count.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('_', "-");
    let word = plain(typed);
    known
        .into_iter()
        .filter(|candidate| *candidate != typed)
        .map(|candidate| (strsim::osa_distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3))
        // Of two equally near words, the one closer in length.
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(typed.len())))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word() {
        let known = ["build", "verify", "out-dir", "targets", "test"];
        for (typed, expected) in [
            ("buidl", Some("build")),
            ("verfy", Some("verify")),
            ("out_dir", Some("out-dir")),
            ("Build", Some("build")),
            ("target", Some("targets")),
            ("tests", Some("test")),
            ("build", None),
            ("plugins", None),
            ("completions", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
