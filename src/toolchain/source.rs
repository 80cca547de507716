//! Where a toolchain comes from, and who vouches for its checksum. Pure.

use crate::util::error::Result;
use crate::util::host::Host;

/// A mirror of the official archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Without a trailing slash.
    pub url: String,
    /// Named by a project's file: it changes the source of an archive whose checksum is known, and vouches for nothing.
    pub of_repository: bool,
}

impl Mirror {
    /// The mirror that a variable, or a settings file, names.
    ///
    /// # Errors
    /// It is not UTF-8 text.
    pub fn of(variable: &str, host: &Host) -> Result<Option<Self>> {
        Ok(host.text(variable)?.map(|url| Mirror {
            url: url.trim_end_matches('/').to_owned(),
            of_repository: host.repository_mirrors.contains(&variable),
        }))
    }
}

/// How to get a Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// As a module, which the go command checks against the checksum database.
    Module,
    /// The archive of a source, checked against the pinned checksum, or else against the one that the source publishes.
    Archive { place: String, sum: Option<&'static str> },
}

/// How to get a Go: a user's mirror serves any, a project's only one whose checksum is pinned; otherwise an installed
/// Go fetches it.
pub fn for_go(mirror: Option<Mirror>, pinned: Option<&'static str>, go_at_hand: bool, official: &str) -> Way {
    match mirror.filter(|mirror| !mirror.of_repository || pinned.is_some()) {
        Some(mirror) => Way::Archive {
            place: mirror.url,
            sum: pinned,
        },
        None if go_at_hand => Way::Module,
        None => Way::Archive {
            place: official.to_owned(),
            sum: pinned,
        },
    }
}

/// Whether the go command reports a mismatch with the checksum database, or that the database is inconsistent.
pub fn is_alarm(said: &str) -> bool {
    const ALARMS: [&str; 4] = [
        "SECURITY ERROR",
        "checksum mismatch",
        "misbehavior",
        "invalid signature",
    ];
    ALARMS.iter().any(|alarm| said.contains(alarm))
}

/// Whether it reports that the module does not exist, or that no source can be reached: nothing suspicious.
pub fn is_absent(said: &str) -> bool {
    const ABSENT: [&str; 24] = [
        ": 400 ",
        ": 401 ",
        ": 403 ",
        ": 404 ",
        ": 407 ",
        ": 410 ",
        ": 429 ",
        ": 500 ",
        ": 502 ",
        ": 503 ",
        ": 504 ",
        "dial tcp",
        "proxyconnect",
        "connection refused",
        "connection reset",
        "no such host",
        "no such file or directory",
        "unreachable",
        "timeout",
        "deadline exceeded",
        "disabled by GOPROXY=off",
        "disabled by GOSUMDB=off",
        "unexpected EOF",
        "nothing arrived for ",
    ];
    !is_alarm(said) && ABSENT.iter().any(|reason| said.contains(reason))
}

/// The GOPROXY for fetching a toolchain. The go command accepts a single `file://` proxy without the checksum database,
/// but never a list.
pub fn held_to_database(proxy: &str) -> String {
    match proxy.starts_with("file://") && !proxy.contains([',', '|']) {
        true => format!("{proxy},off"),
        false => proxy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repositorys_mirror_serves_what_is_pinned_only() {
        let mirror = |of_repository| {
            Some(Mirror {
                url: "m".to_owned(),
                of_repository,
            })
        };
        let archive = |place: &str, sum| Way::Archive {
            place: place.to_owned(),
            sum,
        };
        let way = |mirror, pinned, at_hand| for_go(mirror, pinned, at_hand, "official");
        for at_hand in [true, false] {
            assert_eq!(way(mirror(true), Some("s"), at_hand), archive("m", Some("s")));
            assert_eq!(way(mirror(false), Some("s"), at_hand), archive("m", Some("s")));
            assert_eq!(way(mirror(false), None, at_hand), archive("m", None));
        }
        assert_eq!(way(mirror(true), None, true), Way::Module);
        assert_eq!(way(mirror(true), None, false), archive("official", None));
        assert_eq!(way(None, Some("s"), true), Way::Module);
    }

    #[test]
    fn an_alarm_is_never_an_absence() {
        let alarm = "verifying module: checksum mismatch\n\tdownloaded: h1:a\n\tdatabase: h1:b\n\nSECURITY ERROR\n404 Not Found";
        assert!(is_alarm(alarm) && !is_absent(alarm));
        assert!(is_absent("reading https://p/x.info: 404 Not Found") && !is_alarm("404 Not Found"));
        assert!(!is_absent("tls: failed to verify certificate") && !is_absent("bad flag"));
        assert_eq!(held_to_database("file:///p"), "file:///p,off");
        assert_eq!(held_to_database("file:///p,https://q"), "file:///p,https://q");
        assert_eq!(held_to_database("https://q"), "https://q");
    }
}
