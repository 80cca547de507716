//! Which language a source is written in, as far as its words show it. Pure.

use crate::project::source::lexer::{Token, TokenKind, tokens};

/// The Go line that brought the newest of what a source's words show; a compiler knows more. A name that looks like a
/// builtin may be the source's own.
pub(crate) fn shown(text: &str) -> Option<&'static str> {
    let tokens = tokens(text);
    let at = |index: usize| tokens.get(index);
    let name = |index: usize| at(index).and_then(Token::name);
    let is = |index: usize, sign: char| at(index).is_some_and(|token| token.is(sign));
    let one = |index: usize| match name(index)? {
        "range" if at(index + 1)?.word == TokenKind::Other => Some("1.22"),
        "min" | "max" | "clear" if is(index + 1, '(') => {
            let of_another = index
                .checked_sub(1)
                .is_some_and(|before| is(before, '.') || is(before, ')') || name(before) == Some("func"));
            (!of_another).then_some("1.21")
        }
        "func" if name(index + 1).is_some() && is(index + 2, '[') => Some("1.18"),
        "type"
            if name(index + 1).is_some() && is(index + 2, '[') && name(index + 3).is_some() && !is(index + 4, ']') =>
        {
            Some("1.18")
        }
        _ => None,
    };
    (0..tokens.len()).filter_map(one).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_show_their_language() {
        for (text, want) in [
            ("func first[T any](a []T) T { return a[0] }", Some("1.18")),
            ("type Set[K comparable] map[K]bool", Some("1.18")),
            (
                "type List []int\ntype Three [3]int\ntype Many [size]int\nfunc f(a [3]int) {}",
                None,
            ),
            ("func f() int { return min(1, 2) }", Some("1.21")),
            (
                "func min(a, b int) int { return math.max(a) }\nfunc (s set) clear() { s.clear() }",
                None,
            ),
            ("func f() { for range 3 {} }", Some("1.22")),
            (
                "func f() { for i := range list {} }\n// func g[T any]()\nvar s = \"min(1)\"",
                None,
            ),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }
}
