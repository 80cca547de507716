//! The source's revision, as git reports it.

use std::path::Path;

use crate::util::host::Host;
use crate::util::process::Invocation;

/// Where a release's sources come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VcsInfo {
    /// Its address, without a password that it may contain.
    pub repository: Option<String>,
    pub commit: Option<String>,
    /// The nearest tag, or the short commit.
    pub describe: Option<String>,
    /// Something differs from the commit.
    pub dirty: bool,
}

/// A repository's own settings can name programs: none of them is run.
const ALONE: [&str; 5] = [
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
];

impl VcsInfo {
    /// Asks git; a directory outside of git has no revision.
    pub(crate) fn read(dir: &Path, host: &Host) -> Self {
        let Some(git) = host.find("git") else {
            return VcsInfo::default();
        };
        let ask = |args: &[&str]| {
            let output = Invocation::new(&git, dir).args(ALONE).args(args).output(host).ok()?;
            let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
            output.status.success().then_some(text)
        };
        let said = |args: &[&str]| ask(args).filter(|text| !text.is_empty());
        VcsInfo {
            repository: said(&["remote", "get-url", "origin"]).map(|url| without_secret(&url)),
            commit: said(&["rev-parse", "HEAD"]),
            describe: said(&["describe", "--tags", "--always"]),
            dirty: said(&["status", "--porcelain", "--untracked-files=no", "."]).is_some(),
        }
    }

    /// Its address as provenance requires: a `git+` URI. A local directory has none.
    pub(crate) fn uri(&self) -> Option<String> {
        let address = self.repository.as_deref()?;
        let (scheme, rest) = match (address.split_once("://"), address.split_once(':')) {
            (Some(parts), _) => (parts.0, parts.1.to_owned()),
            // As ssh writes it: `git@host:path`.
            (None, Some((host, path))) if !host.contains('/') => ("ssh", format!("{host}/{path}")),
            _ => return None,
        };
        match scheme {
            "file" => None,
            "git" => Some(format!("git://{rest}")),
            _ => Some(format!("git+{scheme}://{rest}")),
        }
    }

    /// The version of a release, unless one is given.
    pub(crate) fn version(&self) -> String {
        let base = self.describe.as_deref().unwrap_or("0.0.0");
        let base = base.strip_prefix('v').unwrap_or(base);
        if self.dirty {
            format!("{base}-dirty")
        } else {
            base.to_owned()
        }
    }
}

/// `https://user:token@host/x` is `https://host/x`.
fn without_secret(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or(host);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secret() {
        for (url, shown) in [
            (
                "https://u:t0ken@git.example.com/a/b.git",
                "https://git.example.com/a/b.git",
            ),
            ("https://git.example.com/a@b", "https://git.example.com/a@b"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("ssh://git@example.com/a", "ssh://example.com/a"),
        ] {
            assert_eq!(without_secret(url), shown);
        }
    }

    #[test]
    fn an_address_is_a_uri_of_gits() {
        for (address, uri) in [
            (
                "https://git.example.com/a/b.git",
                Some("git+https://git.example.com/a/b.git"),
            ),
            ("git@example.com:a/b.git", Some("git+ssh://git@example.com/a/b.git")),
            ("ssh://example.com/a", Some("git+ssh://example.com/a")),
            ("git://example.com/a", Some("git://example.com/a")),
            ("/srv/repositories/a", None),
            ("../a:b", None),
            ("file:///srv/a", None),
        ] {
            let source = VcsInfo {
                repository: Some(address.to_owned()),
                ..VcsInfo::default()
            };
            assert_eq!(source.uri().as_deref(), uri, "{address}");
        }
    }

    #[test]
    fn a_version_follows_from_the_revision() {
        let of = |describe: Option<&str>, dirty| {
            VcsInfo {
                describe: describe.map(str::to_owned),
                dirty,
                ..VcsInfo::default()
            }
            .version()
        };
        assert_eq!(of(Some("v1.2.3"), false), "1.2.3");
        assert_eq!(of(Some("v1.2.3-4-gabcdef"), true), "1.2.3-4-gabcdef-dirty");
        assert_eq!(of(None, false), "0.0.0");
    }
}
