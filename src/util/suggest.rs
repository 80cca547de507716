//! "Did you mean": the one rule for which known word a mistyped one stands for. Pure.

/// The known word that a typed one is a slip of the pen for, the nearest first; none where they are the same.
///
/// One letter in three may differ, three at most; upper case and `_` for `-` do not count as typed wrongly.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('_', "-");
    let word = plain(typed);
    known
        .into_iter()
        .filter(|candidate| *candidate != typed)
        .map(|candidate| (strsim::osa_distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3))
        // Of two that are as near, the one that is as long as what was typed.
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(typed.len())))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
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
