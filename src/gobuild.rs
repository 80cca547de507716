//! One job as one `go build`, as a value; and running it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::invocation::{Invocation, quoted};
use crate::matrix::Matrix;
use crate::plan::Job;
use crate::plan::linker;
use crate::registerer::assertion::{Assertions, is_about_assertions};
use crate::registerer::mains_below;
use crate::registerer::overlay;
use crate::seal;
use crate::toolchain::Tools;
use crate::toolchain::cache;
use crate::toolchain::fetch::hex;
use crate::toolchain::store::{Lock, Store};
use crate::toolchain::wrapper::toolexec;
use crate::version::GoVersion;

/// The very command that builds a job.
#[must_use]
pub fn invocation(job: &Job, tools: &Tools, matrix: &Matrix, host: &Host, store: &Store) -> Invocation {
    let [cc, cxx] = tools.cc.wrappers(job, matrix, store);
    let mut path = OsString::from(&tools.wrappers);
    path.push(":");
    path.push(tools.go.root.join("bin"));
    if let Some(rest) = host.var("PATH") {
        path.push(":");
        path.push(rest);
    }
    let mut go = Invocation::new(tools.go.program(), &job.plugin.dir)
        .arg("build")
        .args(job.force.then_some("-a"))
        .args(job.prepared.flags())
        .args(&job.flags)
        .arg(format!("-toolexec={}", toolexec().name))
        .args(linker_flags(job, tools, matrix))
        .args(overlay::flag(job, &linked_key(job), store))
        .arg("-o")
        .arg(linked_file(job, store))
        .arg(".")
        .env("CC", cc.name)
        .env("CXX", cxx.name)
        .env("PATH", path)
        // The go command believes PWD; through a link it would find other folders than the rules have.
        .env("PWD", &job.plugin.dir)
        .env("PLUGBUILD_FILE_MAP", job.rules.c_text(&tools.go.root))
        .without("GOROOT")
        .without("GOTOOLDIR");
    go.set.extend(job.env.clone());
    go.set.extend(job.prepared.env());
    go
}

/// The question of a [list] as one that writes nothing: the build it is asked beside may be writing.
pub(crate) fn only_reading(mut list: Invocation) -> Invocation {
    const WRITING: &str = "-mod=mod";
    let goflags = list
        .set
        .get("GOFLAGS")
        .map(|flags| flags.to_string_lossy().into_owned());
    let in_args = |list: &Invocation| list.args.iter().any(|arg| arg.to_string_lossy().starts_with("-mod="));
    if !in_args(&list) && goflags.is_some_and(|flags| flags.contains(WRITING)) {
        list.args.insert(1, WRITING.into());
    }
    for arg in &mut list.args {
        if arg == WRITING {
            *arg = "-mod=readonly".into();
        }
    }
    list
}

/// The build's own environment and module flags, for a question to the go command about its package.
pub(crate) fn list(go: &Invocation, question: &[&str]) -> Invocation {
    let kept = |arg: &&OsString| {
        let text = arg.to_string_lossy();
        ["-mod=", "-modfile=", "-tags=", "-overlay="]
            .iter()
            .any(|flag| text.starts_with(flag))
    };
    let mut list = go.clone();
    list.args = std::iter::once("list")
        .chain(question.iter().copied())
        .map(Into::into)
        .collect();
    list.args.extend(go.args.iter().filter(kept).cloned());
    list.args.push(".".into());
    list
}

/// The files that are compiled for this target and with these tags; nothing where the go command does not say, as the build
/// then fails with its words.
fn files(go: &Invocation, host: &Host) -> Result<Option<Vec<String>>> {
    const TEMPLATE: &str = "{{range .GoFiles}}{{println .}}{{end}}{{range .CgoFiles}}{{println .}}{{end}}";
    let mut list = list(go, &["-f", TEMPLATE]);
    // The overlay is what the answer is for: it is not there yet.
    list.args
        .retain(|arg| !arg.to_string_lossy().starts_with(overlay::FLAG));
    let output = list.output(host)?;
    let files = String::from_utf8_lossy(&output.stdout);
    let files = files.lines().map(str::to_owned).collect();
    Ok(output.status.success().then_some(files))
}

/// The user's flags, with what the linker must know of the C compiler joined into one `-ldflags`.
fn linker_flags(job: &Job, tools: &Tools, matrix: &Matrix) -> Vec<String> {
    let quirks = tools.cc.quirks(job, matrix);
    let external: Vec<&str> = quirks.iter().flat_map(|q| &q.ext_ldflags).map(String::as_str).collect();
    let mut flags = job.own_flags();
    linker::add_external(&mut flags, &external);
    flags
}

/// Where the go command links to. It stays there as it was linked: the next run's up-to-date check reads its build ID,
/// which the finished file no longer has.
#[must_use]
pub fn linked_file(job: &Job, store: &Store) -> PathBuf {
    store.linked(&linked_key(job)).join(format!("{}.so", job.name))
}

/// What a linked file is of: two jobs with the same key share one, in turn.
pub(crate) fn linked_key(job: &Job) -> String {
    let gateway = &job.gateway;
    let mut hash = Sha256::new();
    let go = gateway.go.to_string();
    let target = job.target.value.to_string();
    for part in [&gateway.label, &go, &target, &gateway.module_cache, &gateway.main_root] {
        hash.update(part);
        hash.update([0]);
    }
    // Other flags make another file; both stay, so that neither is linked again at each turn.
    for flag in &job.user_flags {
        hash.update(flag);
        hash.update([0]);
    }
    hash.update(job.plugin.dir.as_os_str().as_encoded_bytes());
    hex(&hash.finalize()[..8])
}

/// Writes the overlay that the command names, and returns what it asserts.
///
/// # Errors
/// A registerer that is none, or a file that cannot be read or written.
pub fn assertions(job: &Job, go: &Invocation, host: &Host, store: &Store) -> Result<Assertions> {
    overlay::write(job, &linked_key(job), store, || files(go, host))
}

/// A linked file, ours until this is dropped: another copy, or another job of ours, may want to link it too.
#[derive(Debug)]
pub struct Linked {
    pub file: PathBuf,
    _lock: Lock,
}

/// Runs the go command, which says its lines to `say`; returns the file as it was linked.
///
/// # Errors
/// The go command's own words, whole, and what they mean where that is known.
pub fn run(job: &Job, go: &Invocation, host: &Host, store: &Store, mut say: impl FnMut(&str)) -> Result<Linked> {
    let file = linked_file(job, store);
    let lock = store.lock(&format!("linked-{}", linked_key(job)), || {
        say("     waiting another plugbuild is building the same plugin");
    })?;
    if let Some(dir) = file.parent() {
        cache::stamp(&store.folder(dir)?);
    }
    let assertions = assertions(job, go, host, store)?;
    for warning in &assertions.warnings {
        say(&format!("warning: {warning}"));
    }
    if job.seal.as_ref().is_some_and(|seal| seal.holds(&file)) {
        return Ok(Linked { file, _lock: lock });
    }
    seal::lift(&file, job);
    let began = SystemTime::now();
    let mut translated = false;
    let (built, witness) = std::thread::scope(|scope| {
        let witness = job
            .seal
            .is_some()
            .then(|| scope.spawn(|| seal::witness(job, go, host, began)));
        // An orphan of ours, should we be killed, may still write the linked file: nobody else does until it has ended.
        let built = go.stream_locked(lock.file(), host, |line| {
            translated = is_about_assertions(line) || translated && line.starts_with('\t');
            if !translated {
                say(line);
            }
        });
        (built, witness.and_then(|witness| witness.join().ok().flatten()))
    });
    let (status, said) = built?;
    if status.success() {
        if let Some(witness) = witness {
            seal::put(witness, job, &file);
        }
        return Ok(Linked { file, _lock: lock });
    }
    if let Some(error) = assertions.told(&said, &job.gateway.label) {
        return Err(error);
    }
    let what = format!("go build of {} for {} failed", job.plugin.module.path, job.target.value);
    let error = Error::build(what);
    let help = explained(&said, job, host).or_else(|| too_low_a_line(&said, job));
    Err(match (help, &job.prepared.alignment) {
        (Some(help), _) => error.help(help),
        // What a newer language or library has is not to be blamed on the version of a module.
        (None, _) if is_about_newer_go(&said, job) => error.help(newer_go(job)),
        (None, Some(alignment)) => alignment.blamed(error, &said, &job.gateway.label),
        (None, None) => error,
    })
}

/// Signs that a module is there, but not for everybody.
pub(crate) const PRIVATE: [&str; 8] = [
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
fn private(said: &str, job: &Job, host: &Host) -> String {
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
        "if the module is private, say so: `export GOPRIVATE='{pattern}'`{now}; the go command then asks its host, with ~/.netrc and git's own credentials{aside}"
    )
}

/// The help for a folder without `package main`.
fn no_main(job: &Job) -> String {
    let dir = &job.plugin.dir;
    mains_below(dir).unwrap_or_else(|| {
        let dir = quoted(dir.as_os_str());
        format!("give the folder with `package main`: {dir} has none, nor has any below it")
    })
}

/// Signs that go.mod or go.sum lacks what the sources need.
pub(crate) const OUT_OF_DATE: [&str; 4] = [
    "missing go.sum entry",
    "updates to go.mod needed",
    "updates to go.sum needed",
    "no required module provides",
];

/// Signs that something needs a newer Go than the one that is asked.
pub(crate) const NEWER_GO: [&str; 3] = ["requires go >= ", " is not in GOROOT", " is not in std"];

/// Signs that a source is written in a newer language.
const NEWER_LANGUAGE: [&str; 2] = ["requires go1.", "note: module requires Go "];

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

/// Whether a line names a package of the plugin's own module that did not compile; of a main package the go command names
/// the folder's path.
fn is_own_package(line: &str, job: &Job) -> bool {
    let own = &job.plugin.module.path;
    let below = line
        .strip_prefix("# ")
        .and_then(|package| package.strip_prefix(own.as_str()));
    below.is_some_and(|below| below.is_empty() || below.starts_with(['/', ' ']))
}

/// Whether the go command's words are about sources that were written for a newer Go.
fn is_about_newer_go(said: &str, job: &Job) -> bool {
    let has = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let newer = job
        .plugin
        .module
        .go
        .as_ref()
        .is_some_and(|go| go.line() > job.gateway.go.line());
    has(&NEWER_LANGUAGE) || has(&NEWER_GO) || newer && said.lines().any(|line| is_own_package(line, job))
}

/// The help for sources of a language that the gateway's Go knows, and that their own module's go line rules out.
fn too_low_a_line(said: &str, job: &Job) -> Option<String> {
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
            "it is written in the language of Go {needed}, and the go line of {} says less: `cd {} && go mod edit -go={needed}`",
            module.path,
            quoted(module.root.as_os_str())
        ),
        false => format!("a module is written in the language of Go {needed}, and its go line says less"),
    })
}

fn newer_go(job: &Job) -> String {
    let go = &job.gateway.go;
    let line = match &job.plugin.module.go {
        Some(line) if line.line() > go.line() => {
            format!("the go line of {} says Go {line}, and ", job.plugin.module.path)
        }
        _ => String::new(),
    };
    format!(
        "{line}KrakenD {} is compiled with Go {go}: what a later Go brought is not there; `plugbuild compat` lists the gateways with a newer Go",
        job.gateway.label
    )
}

/// What the go command's words mean to somebody who builds a plugin: adds the help, where it is known.
pub(crate) fn explained(said: &str, job: &Job, host: &Host) -> Option<String> {
    let dir = quoted(job.plugin.dir.as_os_str());
    let missing = "modules that are missing could not be fetched: check GOPROXY and the network, or bring them: `plugbuild bundle create FILE`";
    let known: [(&[&str], &dyn Fn() -> String); 9] = [
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
