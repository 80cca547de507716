//! Whether a go command failed because a module cannot be fetched: the go command is asked for that module alone.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Deserializer, Value};

use crate::toolchain::go_messages::NETWORK;
use crate::toolchain::source::is_alarm;
use crate::util::error::{ErrorKind, Result};
use crate::util::host::Host;
use crate::util::process::Invocation;

/// The kind of a failure whose cause is not the plugin: the network, or a module that is not what was recorded. `None`
/// if every module that the output names can be fetched.
///
/// # Errors
/// The go command cannot be run.
pub(crate) fn kind(said: &str, go: &Invocation, host: &Host) -> Result<Option<ErrorKind>> {
    if is_alarm(said) {
        return Ok(Some(ErrorKind::Integrity));
    }
    if NETWORK.iter().any(|sign| said.contains(sign)) {
        return Ok(Some(ErrorKind::Network));
    }
    let named = named(said);
    if named.is_empty() {
        return Ok(None);
    }
    let output = download(go, &named).output(host)?;
    let mut answers = Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let failed = answers.any(|answer| answer.is_ok_and(|answer| answer["Error"].is_string()));
    Ok(failed.then_some(ErrorKind::Network))
}

/// The same go command, asked for modules alone: outside of any module, so that it writes no go.sum.
fn download(go: &Invocation, modules: &BTreeSet<&str>) -> Invocation {
    let mut download = Invocation::new(&go.program, Path::new("/"))
        .args(["mod", "download", "-json"])
        .args(modules);
    download.env.clone_from(&go.env);
    download.env_removed.clone_from(&go.env_removed);
    download
        .env("GOFLAGS", "-modcacherw")
        .env("GOWORK", "off")
        .env("PWD", "/")
}

/// The modules in the go command's output, as `path@version`.
fn named(said: &str) -> BTreeSet<&str> {
    said.split(|c: char| c.is_whitespace() || "():,\"".contains(c))
        .filter(|word| {
            let Some((path, version)) = word.split_once("@v") else {
                return false;
            };
            let of_path = path.contains('.') && !path.starts_with(['/', '.']);
            of_path && version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains('/')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_each_form_of_message() {
        for (said, modules) in [
            (
                "go: github.com/acme/auth@v1.0.0: reading https://p/github.com/acme/auth/@v/v1.0.0.mod: 404 Not Found",
                &["github.com/acme/auth@v1.0.0"][..],
            ),
            (
                "main.go:4:2: acme.test/a/v2@v2.1.0-rc.1+incompatible: invalid version: git ls-remote -q origin in /go/pkg/mod/cache/vcs/0a: exit status 128",
                &["acme.test/a/v2@v2.1.0-rc.1+incompatible"],
            ),
            (
                "go: example.com/a@v1.0.0 requires\n\tacme.test/b@v0.0.0-20230526161137-0005af68ea54: reading x",
                &["acme.test/b@v0.0.0-20230526161137-0005af68ea54", "example.com/a@v1.0.0"],
            ),
            ("/go/pkg/mod/example.com/a@v1.0.0/a.go:3:2: undefined: x", &[]),
            ("../mod/example.com/a@v1.0.0: x, a@version, user@v1host", &[]),
        ] {
            assert_eq!(named(said).into_iter().collect::<Vec<_>>(), modules, "{said}");
        }
    }
}
