//! The symbols of musl's libc: whether a symbol that a plugin needs exists on a musl gateway's system.

use crate::util::packed::{Packed, packed};
use crate::util::version::LibcVersion;

static LIST: Packed = packed!("musl.txt");

/// Library names that musl's loader resolves to itself, between `lib` and the first dot.
const OWN: [&str; 7] = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];

/// Whether musl itself satisfies a `DT_NEEDED` name, such as `libc.so.6`.
pub fn is_own_library(name: &str) -> bool {
    let stem = name.strip_prefix("lib").and_then(|rest| rest.split_once('.'));
    stem.is_some_and(|(stem, _)| OWN.contains(&stem))
}

/// The symbols of a musl version.
#[derive(Debug)]
pub struct Musl {
    names: Vec<&'static str>,
}

impl Musl {
    /// For a version; the newest if it is unknown.
    pub fn for_version(version: Option<LibcVersion>) -> Self {
        let lines = LIST.text().lines().filter(|line| !line.starts_with('#'));
        let mut names: Vec<&str> = lines
            .take_while(
                |line| match line.strip_prefix("since ").map(str::parse::<LibcVersion>) {
                    Some(Ok(since)) => version.is_none_or(|version| since <= version),
                    _ => true,
                },
            )
            .filter(|line| !line.starts_with("since "))
            .collect();
        names.sort_unstable();
        Musl { names }
    }

    /// Whether this musl's loader resolves a name. It keeps `open64` and the like for programs built for glibc.
    pub fn has(&self, name: &str) -> bool {
        let exported = |name: &str| self.names.binary_search(&name).is_ok();
        exported(name) || name.strip_suffix("64").is_some_and(exported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_with_their_version() {
        let version = |text: &str| Some(text.parse().unwrap());
        for (name, musl, want) in [
            ("malloc", "1.2.2", true),
            ("open64", "1.2.5", true),
            ("__stack_chk_fail", "1.2.2", true),
            ("__vfprintf_chk", "1.2.5", false),
            ("qsort_r", "1.2.2", false),
            ("qsort_r", "1.2.3", true),
            ("statx", "1.2.4", false),
            ("statx", "1.2.5", true),
            ("since 1.2.3", "1.2.5", false),
        ] {
            assert_eq!(Musl::for_version(version(musl)).has(name), want, "{name} in {musl}");
        }
        assert!(Musl::for_version(None).has("statx"));
    }

    #[test]
    fn glibc_names_are_taken_for_musl_itself() {
        for own in [
            "libc.so.6",
            "libc.so",
            "libc.musl-x86_64.so.1",
            "libpthread.so.0",
            "libm.so.6",
        ] {
            assert!(is_own_library(own), "{own}");
        }
        for other in [
            "libresolv.so.2",
            "libgcc_s.so.1",
            "ld-linux-x86-64.so.2",
            "libcurl.so.4",
            "c.so",
        ] {
            assert!(!is_own_library(other), "{other}");
        }
    }
}
