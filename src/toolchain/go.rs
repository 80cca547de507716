//! The exact Go: found on this machine, or fetched into the store.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::matrix::go_sums;
use crate::project::go_env;
use crate::project::go_env::GoEnv;
use crate::toolchain::fetch::Checksum;
use crate::toolchain::installed_go::{bootstrap_go, candidates, from_env, version_of, version_unpacked};
use crate::toolchain::module_download::Downloaded;
use crate::toolchain::provenance::{Record, Word};
use crate::toolchain::source::{Mirror, Way};
use crate::toolchain::state::State;
use crate::toolchain::store::{Store, entries};
use crate::toolchain::{archive, fetch, module_download, source, unpacked};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::host::Host;
use crate::util::process::Invocation;
use crate::util::process::stall::StallTimeout;
use crate::util::ui::Ui;
use crate::util::version::GoVersion;

/// A Go toolchain: installed, or to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Go {
    pub version: GoVersion,
    /// Its GOROOT, now or once it is fetched.
    pub root: PathBuf,
    pub state: State,
    /// Where it was found (`on PATH`), or comes from (`fetched from …`).
    pub why: String,
}

impl Go {
    /// The go command.
    pub fn program(&self) -> PathBuf {
        self.root.join("bin/go")
    }

    /// Whether its standard library has this package.
    pub fn has_package(&self, path: &str) -> bool {
        let files = std::fs::read_dir(self.root.join("src").join(path))
            .into_iter()
            .flatten()
            .flatten();
        files
            .map(|file| file.path())
            .any(|file| file.extension().is_some_and(|ending| ending == "go"))
    }

    /// One of its own tools, in whichever directory this host's are.
    pub fn tool(&self, name: &str) -> PathBuf {
        let dir = self.root.join("pkg/tool");
        let found = entries(&dir)
            .into_iter()
            .map(|host| host.join(name))
            .find(|tool| tool.is_file());
        found.unwrap_or_else(|| dir.join(name))
    }
}

/// The variable that names a mirror.
const MIRROR: &str = "PLUGBUILD_GO_MIRROR";

/// The official archives and their list.
const OFFICIAL: &str = "https://go.dev/dl";

/// Looks for exactly this Go: `PLUGBUILD_GO`, the store, PATH, GOROOT, `~/sdk`, `/usr/local/go`. Writes nothing.
///
/// # Errors
/// `PLUGBUILD_GO` names something else.
pub fn resolve(version: &GoVersion, host: &Host, store: &Store) -> Result<Go> {
    if version.is_language() {
        return Err(Error::usage(format!(
            "Go {version} is a language version: the first release of it is {version}.0"
        ))
        .help(format!(
            "write all three numbers, as `go version` prints them: {version}.0"
        )));
    }
    let found = |root: PathBuf, why: String| Go {
        version: version.clone(),
        root,
        state: State::Ready,
        why,
    };
    if let Some(given) = host.var("PLUGBUILD_GO") {
        return from_env(&host.absolute(given), version, host).map(|root| found(root, "PLUGBUILD_GO".to_owned()));
    }
    let place = store.go(version, host);
    if is_in_store(&place, version, host) {
        return Ok(found(place, "in the store".to_owned()));
    }
    let cache = GoEnv::read(host).ok().map(|env| env.module_cache);
    // A GOROOT inside the module cache in use breaks old Go versions and the path rules (design fact 4).
    let usable = |root: &Path| cache.as_ref().is_none_or(|cache| !root.starts_with(cache));
    for (root, why) in candidates(version, host) {
        if version_of(&root).as_ref() == Some(version) && usable(&root) {
            return Ok(found(root, why));
        }
    }
    let why = match way(version, host, store)? {
        (Way::Module, Some((_, through))) => format!("fetched by Go {through} on this machine, through your GOPROXY"),
        (Way::Archive { place, .. }, _) => format!("fetched from {place}"),
        (Way::Module, None) => String::new(),
    };
    Ok(Go {
        version: version.clone(),
        root: place,
        state: State::Missing,
        why,
    })
}

/// Fetches it if it is missing. Concurrent processes fetch once.
///
/// # Errors
/// `--offline`, no source that has it, or an archive that is not the published one.
pub fn ensure(go: &Go, host: &Host, store: &Store, offline: bool, ui: &Ui) -> Result<()> {
    if go.state == State::Ready {
        return Ok(());
    }
    let what = format!("Go {}", go.version);
    let _lock = store.lock(&format!("go-{}", go.version), || {
        ui.status("waiting", format!("another plugbuild is fetching {what}"))
    })?;
    if is_in_store(&go.root, &go.version, host) {
        return Ok(());
    }
    if offline {
        return Err(Error::tool_missing(format!(
            "{what} is not on this machine, and --offline allows no download"
        ))
        .help(format!("with a network: `plugbuild toolchain install {}`", go.version))
        .help("from a file that was made with one (`plugbuild bundle create FILE`): `plugbuild bundle install FILE`"));
    }
    if let Some(mirror) = Mirror::of(MIRROR, host)?.filter(|mirror| mirror.of_repository)
        && pinned(&go.version, host).is_none()
    {
        ui.warn(format!(
            "{what} is not fetched from {}: no sum of it is known beforehand, and a repository's mirror is not believed; \
             name it in {MIRROR} or in your own settings file to believe it",
            mirror.url
        ));
    }
    let (first, fetcher) = way(&go.version, host, store)?;
    let (fetcher, through) = match (first, fetcher) {
        (Way::Module, Some(fetcher)) => fetcher,
        (Way::Archive { place, sum }, _) => {
            let word = if sum.is_none() { UNPINNED } else { "" };
            ui.status("fetching", format!("{what} from {place}{word}"));
            return from_archive(go, &place, sum, host, store).map_err(|why| with_install_help(why, go));
        }
        (Way::Module, None) => return Err(Error::tool_missing(format!("no Go is at hand that can fetch {what}"))),
    };
    ui.status(
        "fetching",
        format!("{what} by Go {through} ({}), through your GOPROXY", fetcher.display()),
    );
    let refused = match from_module(go, &fetcher, host, store) {
        Err(refused) if refused.kind == ErrorKind::Network => refused,
        other => return other,
    };
    // Other sources serve only pinned checksums, and only if nothing about the first is suspicious.
    let Some(pinned) = pinned(&go.version, host).filter(|_| source::is_absent(&refused.message)) else {
        return Err(with_install_help(refused, go));
    };
    ui.status(
        "fetching",
        format!("{what} from {OFFICIAL}: your GOPROXY does not give it"),
    );
    // The last source decides the kind of failure: a full disk is not a network error.
    from_archive(go, OFFICIAL, Some(pinned), host, store).map_err(|second| {
        let message =
            format!("cannot fetch {what}: neither your GOPROXY nor {OFFICIAL} gives it\n  {refused}\n  {second}");
        with_install_help(Error { message, ..second }, go)
    })
}

/// The note for a toolchain that is in no table.
const UNPINNED: &str = " (its checksum comes from the same server)";

/// The source of a Go, and which Go would fetch it.
fn way(version: &GoVersion, host: &Host, store: &Store) -> Result<(Way, Option<(PathBuf, GoVersion)>)> {
    let fetcher = bootstrap_go(host, store);
    let mirror = Mirror::of(MIRROR, host)?;
    Ok((
        source::for_go(mirror, pinned(version, host), fetcher.is_some(), OFFICIAL),
        fetcher,
    ))
}

/// The SHA-256 of its archive for this host, if known beforehand.
fn pinned(version: &GoVersion, host: &Host) -> Option<&'static str> {
    go_sums::lookup(version, &host.platform.to_string())
}

/// Whether the store has it, and not another under its name.
fn is_in_store(place: &Path, version: &GoVersion, host: &Host) -> bool {
    let other =
        || pinned(version, host).is_some_and(|sum| Record::read(place).is_some_and(|record| record.contradicts(sum)));
    place.join("bin/go").is_file() && !other()
}

/// Adds what to do if no source has it.
fn with_install_help(why: Error, go: &Go) -> Error {
    let version = &go.version;
    why.help_if_none(format!(
        "install exactly Go {version} yourself: on PATH, or in ~/sdk/go{version}, where it is found"
    ))
    .help("or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)")
}

/// The GOPROXY of the go command that fetches: from the environment, the `go env -w` file, or its GOROOT's defaults.
fn proxy_of(fetcher: &Path, host: &Host) -> Result<Option<String>> {
    const NAME: &str = "GOPROXY";
    if let Some(proxy) = host.text(NAME)? {
        return Ok(Some(proxy.to_owned()));
    }
    let written = GoEnv::read(host).ok().and_then(|mut env| env.written.remove(NAME));
    Ok(written.or_else(|| {
        let defaults = fetcher.parent()?.with_file_name("go.env");
        let text = crate::util::regular_file::read_to_string(defaults).ok()?;
        go_env::parse_settings(&text).get(NAME).map(|proxy| (*proxy).to_owned())
    }))
}

/// Runs `go mod download` for the toolchain module: the go command verifies it against the checksum database.
fn from_module(go: &Go, fetcher: &Path, host: &Host, store: &Store) -> Result<()> {
    let stage = store.stage()?;
    let platform = host.platform;
    let proxy = proxy_of(fetcher, host)?;
    let module = format!(
        "golang.org/toolchain@v0.0.1-go{}.{}-{}",
        go.version,
        platform.goos(),
        platform.arch.goarch()
    );
    let download = download_of(&module, fetcher, proxy.as_deref(), stage.path());
    let bar = fetch::progress(host, &format!("Go {}", go.version), None);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let patience = fetch::stall_timeout(host)?;
    let growth = StallTimeout::of(vec![stage.path().to_owned()], patience).at_most(fetch::LARGEST_BROUGHT, &module);
    let output = download.output_unless_stalled(host, growth);
    bar.finish_and_clear();
    let failed = |why: &str| {
        let what = format!("cannot fetch Go {} as the module {module}: {why}", go.version);
        match source::is_alarm(why) {
            true => Error::integrity(what).help(
                "nothing was kept, and no other source is tried: the module is not what the checksum database knows; ask who runs your GOPROXY",
            ),
            false => Error::network(what),
        }
    };
    let output = output?.ok_or_else(|| failed(&format!("nothing arrived for {} s", patience.as_secs())))?;
    let Downloaded { dir, sum, .. } = Downloaded::parse(&output, &module).map_err(|why| failed(&why))?;
    // A module's files have no run bit.
    let tools = format!("pkg/tool/{}_{}", platform.goos(), platform.arch.goarch());
    for file in ["bin", &tools].iter().flat_map(|tools| entries(&dir.join(tools))) {
        unpacked::set_run_bit(&file).map_err(|e| Error::io("make executable", &file, e))?;
    }
    let from = match proxy {
        Some(proxy) => format!("{module} through {proxy}"),
        None => module,
    };
    let word = Word::ChecksumDatabase;
    publish(go, &dir, &Record { from, sum, word }, store)
}

fn download_of(module: &str, fetcher: &Path, proxy: Option<&str>, stage: &Path) -> Invocation {
    let download = module_download::staged(fetcher, stage, "-modcacherw")
        .args(["mod", "download", "-json", module])
        // No setting exempts a toolchain from the checksum database.
        .env("GONOSUMDB", "none")
        .env_remove("GONOSUMCHECK");
    match proxy {
        Some(proxy) => download.env("GOPROXY", source::held_to_database(proxy)),
        None => download,
    }
}

/// Fetches the archive by the pinned SHA-256, or by the one in its source's list.
fn from_archive(go: &Go, place: &str, pinned: Option<&str>, host: &Host, store: &Store) -> Result<()> {
    let platform = host.platform;
    let name = format!("go{}.{}-{}.tar.gz", go.version, platform.goos(), platform.arch.goarch());
    let (sum, word) = match pinned {
        Some(sum) => (sum.to_owned(), Word::Pinned),
        None => (published(place, &name, host)?, Word::Published),
    };
    let stage = store.stage()?;
    let archive = stage.path().join(&name);
    let from = format!("{place}/{name}");
    fetch::download(
        &from,
        &Checksum::Sha256(sum.clone()),
        &archive,
        &format!("Go {}", go.version),
        host,
    )?;
    let unpacked = stage.path().join("unpacked");
    archive::unpack_tar_gz(&archive, &unpacked)?;
    let sum = format!("sha256:{sum}");
    publish(go, &unpacked.join("go"), &Record { from, sum, word }, store)
}

/// The SHA-256 of an archive in its source's list.
fn published(place: &str, name: &str, host: &Host) -> Result<String> {
    #[derive(Deserialize)]
    struct Listed {
        files: Vec<ListedFile>,
    }
    #[derive(Deserialize)]
    struct ListedFile {
        filename: String,
        sha256: String,
    }
    // A directory cannot answer a query: the list is a file next to the archives.
    let list = if place.starts_with("file://") {
        format!("{place}/index.json")
    } else {
        format!("{place}/?mode=json&include=all")
    };
    let listed: Vec<Listed> = serde_json::from_str(&fetch::get_text(&list, "the list of Go archives", host)?)
        .map_err(|e| Error::network(format!("the list of Go archives at {list} cannot be understood: {e}")))?;
    let mut files = listed.into_iter().flat_map(|version| version.files);
    let file = files.find(|file| file.filename == name);
    file.map(|file| file.sha256)
        .ok_or_else(|| Error::network(format!("the list of Go archives at {list} has no {name}")))
}

fn publish(go: &Go, staged: &Path, record: &Record, store: &Store) -> Result<()> {
    if version_unpacked(staged).as_ref() != Some(&go.version) {
        return Err(Error::integrity(format!(
            "what came as Go {} is not that Go",
            go.version
        )));
    }
    record.write(staged)?;
    store.publish(staged, &go.root)
}
