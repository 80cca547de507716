//! The values that `-ldflags -X` set in a build; they name a gateway's version and libc.

use crate::util::go_flags;

/// The fields of a flag list. An unclosed quote takes the rest; the go command would have refused it, so it does not
/// occur.
pub fn words(flags: &str) -> impl Iterator<Item = &str> {
    go_flags::fields(flags).map(|field| field.unwrap_or_else(|open| open.rest))
}

/// The `-X name=value` settings in order, written `-X n=v`, `-X=n=v` or with two dashes.
pub fn x_values(flags: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut words = words(flags);
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            // A list may begin with a package pattern: `all=-X …`.
            let flag = match word.split_once("=-") {
                Some((pattern, _)) if !pattern.starts_with('-') => &word[pattern.len() + 1..],
                _ => word,
            };
            let Some(flag) = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-')) else {
                continue;
            };
            let setting = match flag {
                "X" => words.next()?,
                _ => match flag.strip_prefix("X=") {
                    Some(setting) => setting,
                    None => continue,
                },
            };
            if let Some(pair) = setting.split_once('=') {
                return Some(pair);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_x() {
        let flags = "-s -w -X github.com/a/core.KrakendVersion=2.1.4  -X 'github.com/a/core.GlibcVersion=GLIBC-2.31 (debian 11)' \
             --X=main.a=b=c -X=\"x.y=1\" -linkmode external -X";
        let got: Vec<_> = x_values(flags).collect();
        assert_eq!(
            got,
            [
                ("github.com/a/core.KrakendVersion", "2.1.4"),
                ("github.com/a/core.GlibcVersion", "GLIBC-2.31 (debian 11)"),
                ("main.a", "b=c"),
                ("\"x.y", "1\""),
            ]
        );
        assert_eq!(x_values("all=-X a.b=c").collect::<Vec<_>>(), [("a.b", "c")]);
        assert_eq!(x_values("-extldflags '-static -X q=r'").count(), 0);
        assert_eq!(
            x_values("-X 'unfinished=1 2").collect::<Vec<_>>(),
            [("unfinished", "1 2")]
        );
    }
}
