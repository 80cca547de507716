//! What the go command's words mean to somebody who builds a plugin.

use std::ffi::OsString;

use crate::plan::Job;
use crate::project::source::misplaced::mains_below;
use crate::util::host::Host;
use crate::util::process::quoted;
use crate::util::version::GoVersion;

/// Signs that a module is there, but not for everybody.
const PRIVATE: [&str; 8] = [
    "no secure protocol found",
    "terminal prompts disabled",
    "could not read Username",
    "Permission denied (publickey",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "410 Gone",
];

/// The help for a module that its host does not give to everybody, or that a proxy does not know.
pub(crate) fn private(said: &str, job: &Job, host: &Host) -> String {
    let line = said.lines().find(|line| PRIVATE.iter().any(|sign| line.contains(sign)));
    // Also of the lines above and below: `go: github.com/acme/auth@v1.0.0: reading https://…: 404 Not Found`.
    let module = line
        .into_iter()
        .chain(said.lines())
        .flat_map(|line| line.split([' ', '\t']))
        .filter(|word| !word.contains("://"))
        .find_map(|word| word.split_once("@v").map(|(module, _)| module))
        .filter(|module| module.contains('.') && module.contains('/'));
    let pattern = match module.map(|module| module.split('/').take(2).collect::<Vec<_>>().join("/")) {
        Some(owner) => format!("{owner}/*"),
        None => "example.com/*".to_owned(),
    };
    let set = host
        .var("GOPRIVATE")
        .or_else(|| job.env.get("GOPRIVATE").map(OsString::as_os_str));
    let now = set.map_or_else(String::new, |set| format!(" (now GOPRIVATE={})", set.to_string_lossy()));
    let aside = match job.plugin.vendored.is_empty() {
        true => "",
        false => "; vendor/ is left aside where modules are aligned, `--align never` builds from it",
    };
    format!(
        "if the module is private: `export GOPRIVATE='{pattern}'`{now}; the go command then asks its host, with ~/.netrc and git's own credentials{aside}"
    )
}

/// The help for a folder without `package main`.
pub(crate) fn no_main(job: &Job) -> String {
    let dir = &job.plugin.dir;
    mains_below(dir).unwrap_or_else(|| {
        let dir = quoted(dir.as_os_str());
        format!("give the directory with `package main`: {dir} has none, nor has any below it")
    })
}

/// Signs that something needs a newer Go than the one that is asked.
pub(crate) const NEWER_GO: [&str; 3] = ["requires go >= ", " is not in GOROOT", " is not in std"];

/// Signs that a source is written in a newer language.
pub(crate) const NEWER_LANGUAGE: [&str; 2] = ["requires go1.", "note: module requires Go "];

/// Signs that the network failed, and not the plugin: that is worth another try, or a bundle.
pub(crate) const NETWORK: [&str; 10] = [
    "dial tcp",
    "no such host",
    "i/o timeout",
    "connection refused",
    "connection reset",
    "unexpected EOF",
    "TLS handshake",
    ": 502 ",
    ": 503 ",
    ": 504 ",
];

/// Whether the go command's words are about sources that were written for a newer Go.
pub(crate) fn is_about_newer_go(said: &str, job: &Job) -> bool {
    let has = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let newer = job
        .plugin
        .module
        .go
        .as_ref()
        .is_some_and(|go| go.line() > job.gateway.go.line());
    has(&NEWER_LANGUAGE) || has(&NEWER_GO) || newer && said.lines().any(|line| is_own_package(line, job))
}

pub(crate) fn newer_go(job: &Job) -> String {
    let go = &job.gateway.go;
    let line = match &job.plugin.module.go {
        Some(line) if line.line() > go.line() => {
            format!("the go line of {} requires Go {line}, and ", job.plugin.module.path)
        }
        _ => String::new(),
    };
    format!(
        "{line}{} is compiled with Go {go}: features of a later Go are missing; `plugbuild compat` lists the gateways with a newer Go",
        job.gateway.title()
    )
}

/// What the go command's words mean to somebody who builds a plugin: adds the help, where it is known.
pub(crate) fn explained(said: &str, job: &Job, host: &Host) -> Option<String> {
    let dir = quoted(job.plugin.dir.as_os_str());
    let missing = "modules that are missing could not be fetched: check GOPROXY and the network, or bring them: `plugbuild bundle create FILE`";
    let known: [(&[&str], &dyn Fn() -> String); 10] = [
        (
            &[
                "requires exactly one main package",
                "no Go files in",
                "no non-test Go files in",
            ],
            &|| no_main(job),
        ),
        (&OUT_OF_DATE, &|| {
            format!("bring go.mod and go.sum up to date: `cd {dir} && go mod tidy`")
        }),
        (&["ambiguous import"], &|| {
            "two modules hold the same package: raise the one that it was split off from, `go get MODULE@latest`, or leave it out".to_owned()
        }),
        (&["inconsistent vendoring"], &|| {
            format!("bring vendor/ up to date: `cd {dir} && go mod vendor`")
        }),
        (&PRIVATE, &|| private(said, job, host)),
        (&NETWORK, &|| missing.to_owned()),
        (&["cannot find module providing package"], &|| {
            format!("go.mod requires no module that has it: `cd {dir} && go mod tidy`")
        }),
        (&["module lookup disabled"], &|| missing.to_owned()),
        (&["no space left on device"], &|| {
            "the disk is full: GOCACHE, GOTMPDIR and the store need room".to_owned()
        }),
        (&["runtime/cgo"], &|| {
            "Go's own C code comes first and did not compile: leave `--cc` and CC_… out, and zig compiles for every target".to_owned()
        }),
    ];
    known
        .into_iter()
        .find(|(signs, _)| signs.iter().any(|sign| said.contains(sign)))
        .map(|(_, help)| help())
}

/// Signs that go.mod or go.sum lacks what the sources need.
pub(crate) const OUT_OF_DATE: [&str; 4] = [
    "missing go.sum entry",
    "updates to go.mod needed",
    "updates to go.sum needed",
    "no required module provides",
];

/// Whether a line names a package of the plugin's own module that did not compile; of a main package the go command names
/// the folder's path.
pub(crate) fn is_own_package(line: &str, job: &Job) -> bool {
    let own = &job.plugin.module.path;
    let below = line
        .strip_prefix("# ")
        .and_then(|package| package.strip_prefix(own.as_str()));
    below.is_some_and(|below| below.is_empty() || below.starts_with(['/', ' ']))
}

/// The help for sources of a language that the gateway's Go knows, and that their own module's go line rules out.
pub(crate) fn too_low_a_line(said: &str, job: &Job) -> Option<String> {
    let needs = |line: &str| {
        let (_, rest) = line.split_once(" requires go")?;
        rest.split_once(" or later (-lang was set to ")?
            .0
            .parse::<GoVersion>()
            .ok()
    };
    let needed = said.lines().filter_map(needs).max()?;
    if needed.line() > job.gateway.go.line() {
        return None;
    }
    let module = &job.plugin.module;
    let own = said.lines().any(|line| is_own_package(line, job));
    Some(match own {
        true => format!(
            "it uses the language of Go {needed}, but the go line of {} is lower: `cd {} && go mod edit -go={needed}`",
            module.path,
            quoted(module.root.as_os_str())
        ),
        false => format!("a module uses the language of Go {needed}, but its go line is lower"),
    })
}
