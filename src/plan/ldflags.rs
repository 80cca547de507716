//! The user's `-ldflags`: parsed like the go command and Go's linker do, checked, and combined with the build's own.

use crate::util::error::{Error, Result};
use crate::util::go_flags;

/// Flags of Go's linker without a value.
const BOOLEAN: [&str; 24] = [
    "V",
    "a",
    "asan",
    "aslr",
    "bindnow",
    "c",
    "checklinkname",
    "compressdwarf",
    "d",
    "debugnosplit",
    "dumpdep",
    "e",
    "f",
    "g",
    "h",
    "linkshared",
    "msan",
    "n",
    "pruneweakmap",
    "race",
    "s",
    "u",
    "v",
    "w",
];

/// Flags that the build sets itself, or that make a file no gateway loads.
const REFUSED: [&str; 20] = [
    "pluginpath",
    "buildmode",
    "linkmode",
    "linkshared",
    "installsuffix",
    "importcfg",
    "race",
    "msan",
    "asan",
    "extld",
    "extar",
    "tmpdir",
    "H",
    "E",
    "I",
    "R",
    "T",
    "V",
    "d",
    "o",
];

const FLAG: &str = "-ldflags=";

/// A value of `-ldflags` without its package pattern, since the plugin is all that is linked.
///
/// # Errors
/// The go command or Go's linker would refuse it, or no gateway would load the result.
pub(crate) fn checked(value: &str) -> Result<String> {
    let usage = |what: String| Error::usage(what).help("for example `-- '-ldflags=-s -X main.version=1.0'`");
    let list = match value.trim() {
        list if list.is_empty() || list.starts_with('-') => list,
        list if list.starts_with(['\'', '"']) => {
            return Err(usage(format!(
                "`-ldflags={value}`: the go command takes no list that begins with a quote"
            )));
        }
        list => list.strip_prefix("all=").map(str::trim).ok_or_else(|| {
            let what = format!("`-ldflags={value}` does not begin with a flag");
            usage(what).help("a pattern before it is not needed: the plugin is all that is linked")
        })?,
    };
    let words =
        go_flags::split(list).map_err(|open| usage(format!("`-ldflags={value}`: a {} is not closed", open.quote)))?;
    for flag in flags(&words) {
        let (name, value) = match flag {
            Flag::Known { name, value } => (name, value),
            Flag::Word(word) => return Err(usage(format!("`{word}` in `-ldflags` is not a flag of Go's linker"))),
            Flag::WithoutValue(word) => return Err(usage(format!("`{word}` in `-ldflags` has no value"))),
        };
        if REFUSED.contains(&name) && !(name == "linkmode" && value == Some("external")) {
            let error = Error::usage(format!("`-{name}` in `-ldflags` is set by plugbuild")).help("leave it out");
            return Err(match name {
                "pluginpath" => {
                    error.help("what a gateway knows the plugin by is its module's path: `go mod edit -module=PATH`")
                }
                "extld" => error.help("name the C compiler before the `--`: `--cc PROGRAM`"),
                _ => error,
            });
        }
        if name == EXTERNAL && value.is_some_and(|value| value.contains('\'') && value.contains('"')) {
            return Err(usage("`-extldflags` has both kinds of quotes".to_owned()));
        }
    }
    Ok(list.to_owned())
}

/// Adds flags of Go's linker to the last `-ldflags` of the user, which is the one that counts.
pub(crate) fn add(user: &mut Vec<String>, more: &[&str]) {
    let more = go_flags::join(more);
    match user.iter_mut().rfind(|flag| flag.starts_with(FLAG)) {
        Some(flag) if flag.len() > FLAG.len() => *flag += &format!(" {more}"),
        Some(flag) => *flag += &more,
        None => user.push(format!("{FLAG}{more}")),
    }
}

/// Adds flags of the linking C compiler to the user's: of several `-extldflags` Go's linker takes the last.
pub(crate) fn add_external(user: &mut Vec<String>, more: &[&str]) {
    if more.is_empty() {
        return;
    }
    let last = user.iter().rposition(|flag| flag.starts_with(FLAG));
    let list = last.map_or("", |at| &user[at][FLAG.len()..]);
    // Lists with an unclosed quote were rejected before.
    let words = go_flags::split(list).unwrap_or_default();
    let mut kept: Vec<&str> = Vec::new();
    let mut external = Vec::new();
    let mut at = 0;
    for flag in flags(&words) {
        let length = flag.length(&words[at]);
        match flag {
            Flag::Known { name: EXTERNAL, value } => external = value.into_iter().collect(),
            _ => kept.extend(words[at..at + length].iter().map(String::as_str)),
        }
        at += length;
    }
    external.extend(more);
    // As two fields, so that a list never begins with a quote, which the go command refuses.
    let external = external.join(" ");
    kept.extend(["-extldflags", &external]);
    let whole = format!("{FLAG}{}", go_flags::join(&kept));
    match last {
        Some(at) => user[at] = whole,
        None => user.push(whole),
    }
}

const EXTERNAL: &str = "extldflags";

/// One flag of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag<'a> {
    Known {
        name: &'a str,
        value: Option<&'a str>,
    },
    /// Not a flag: Go's linker would take it for a file.
    Word(&'a str),
    WithoutValue(&'a str),
}

impl Flag<'_> {
    /// The number of fields it takes, starting with `first`.
    fn length(self, first: &str) -> usize {
        match self {
            Flag::Known { value: Some(_), .. } if !first.contains('=') => 2,
            _ => 1,
        }
    }
}

/// The flags of a list, parsed like Go's linker does.
fn flags(words: &[String]) -> impl Iterator<Item = Flag<'_>> {
    let mut rest = words.iter();
    std::iter::from_fn(move || {
        let word = rest.next()?;
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        Some(
            match bare.map(|bare| bare.split_once('=').map_or((bare, None), |(n, v)| (n, Some(v)))) {
                None | Some(("", _)) => Flag::Word(word),
                Some((name, value)) if value.is_some() || BOOLEAN.contains(&name) => Flag::Known { name, value },
                Some((name, None)) => match rest.next() {
                    Some(value) => Flag::Known {
                        name,
                        value: Some(value),
                    },
                    None => Flag::WithoutValue(word),
                },
                Some((name, value)) => Flag::Known { name, value },
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{CcKind, Matrix, QuirkFacts};
    use crate::util::go_flags;
    use crate::util::target::{Arch, LibcKind};

    /// The linker's final flags in order, and the flags for the C compiler.
    fn linked(user: &[String]) -> (Vec<String>, String) {
        let list = user
            .iter()
            .rfind(|flag| flag.starts_with(FLAG))
            .map_or("", |flag| &flag[FLAG.len()..]);
        assert!(
            list.is_empty() || list.starts_with('-'),
            "the go command refuses `{list}`"
        );
        let words = go_flags::split(list).unwrap();
        let mut external = String::new();
        let mut others = Vec::new();
        for flag in flags(&words) {
            match flag {
                Flag::Known { name: EXTERNAL, value } => external = value.unwrap().to_owned(),
                Flag::Known { name, value } => others.push(format!("{name}={}", value.unwrap_or_default())),
                other => panic!("{other:?} in {list}"),
            }
        }
        (others, external)
    }

    /// Every compiler × every Go line where a quirk begins or ends × typical user flags.
    #[test]
    fn compiler_flags_join_user_flags() {
        let matrix = Matrix::builtin().unwrap();
        let mut seen = 0;
        let given = [
            (&[][..], &[][..], ""),
            (&["-ldflags="], &[], ""),
            (&["-ldflags=-s -w"], &["s=", "w="], ""),
            (&["-v", "-ldflags=-X 'main.v=a b'", "-x"], &["X=main.v=a b"], ""),
            (&["-ldflags=-s -extldflags=-lone"], &["s="], "-lone"),
            (&["-ldflags=-extldflags '-lone -ltwo' -w"], &["w="], "-lone -ltwo"),
            (&["-ldflags=-s '--extldflags=-lone -ltwo'"], &["s="], "-lone -ltwo"),
            (&["-ldflags=-extldflags -lone -extldflags=-ltwo"], &[], "-ltwo"),
            (&["-ldflags=-s", "-ldflags=-w"], &["w="], ""),
            (&["-ldflags=-X \"main.v=it's so\""], &["X=main.v=it's so"], ""),
        ];
        let lines = ["1.17", "1.18", "1.21", "1.24", "1.25.6", "1.26.1"].map(|line| line.parse().unwrap());
        for (user, others, own) in given {
            for go in &lines {
                for (cc, gold) in [
                    (CcKind::Zig, None),
                    (CcKind::Gcc, None),
                    (CcKind::Gcc, Some(true)),
                    (CcKind::Gcc, Some(false)),
                ] {
                    for (arch, libc) in Arch::ALL.into_iter().flat_map(|a| LibcKind::ALL.map(|l| (a, l))) {
                        let quirks = matrix.quirks(&QuirkFacts {
                            go,
                            arch: Some(arch),
                            libc: Some(libc),
                            cc: Some(cc),
                            gold,
                        });
                        let more: Vec<&str> = quirks
                            .iter()
                            .flat_map(|quirk| &quirk.ext_ldflags)
                            .map(String::as_str)
                            .collect();
                        let mut flags: Vec<String> = user.iter().map(|flag| (*flag).to_owned()).collect();
                        add_external(&mut flags, &more);
                        let (have, external) = linked(&flags);
                        let want: Vec<&str> = own.split_whitespace().chain(more.iter().copied()).collect();
                        assert_eq!(
                            (have, external),
                            (others.iter().map(|s| s.to_string()).collect(), want.join(" "))
                        );
                        add(&mut flags, &["-s", "-w"]);
                        assert_eq!(linked(&flags).0.len(), others.len() + 2, "{flags:?}");
                        seen += usize::from(!more.is_empty());
                    }
                }
            }
        }
        assert!(seen >= 10, "some compiler needs flags of its own: {seen}");
    }

    #[test]
    fn invalid_ldflags_are_rejected() {
        for list in [
            "-X main.v=1 -pluginpath=foo",
            "--pluginpath foo",
            "-s -buildmode=exe",
            "-linkmode internal",
            "-race",
            "-o x",
            "'-s'",
            "-X 'main.v=1",
            "example.com/other=-s",
            "-s x.o",
            "-X",
            "s",
            "-V",
        ] {
            assert!(checked(list).is_err(), "{list}");
        }
        for (list, want) in [
            ("", ""),
            (" -s -w ", "-s -w"),
            ("all=-s", "-s"),
            ("-X main.v=-pluginpath=foo", "-X main.v=-pluginpath=foo"),
            (
                "-linkmode=external -buildid= -extldflags '-lm -lz'",
                "-linkmode=external -buildid= -extldflags '-lm -lz'",
            ),
        ] {
            assert_eq!(checked(list).unwrap(), want);
        }
    }
}
