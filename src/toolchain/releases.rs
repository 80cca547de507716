//! Releases that are newer than the matrix: looked up in the gateway's own module, once, and kept in the store.

use std::path::{Path, PathBuf};

use crate::gateway::identify::unknown_release;
use crate::gateway::spec::{Asked, GatewaySpec};
use crate::matrix::images::Images;
use crate::matrix::kept_release;
use crate::matrix::module_facts::ModuleFacts;
use crate::matrix::{Matrix, Release};
use crate::toolchain::gateway_module::{Asker, MODULE};
use crate::toolchain::go;
use crate::toolchain::installed_go::bootstrap_go;
use crate::toolchain::store::Store;
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::fs::create_dir;
use crate::util::version::GatewayVersion;

/// The major version whose releases load plugins, and are one module.
const MAJOR: u32 = 2;

/// A matrix with the releases that a store keeps.
pub fn with_kept(mut matrix: Matrix, store: &Store) -> Matrix {
    for dir in store.places(kept_release::FOLDER) {
        if let Some(row) = kept_release::read(&dir) {
            matrix.know(row);
        }
    }
    matrix
}

/// Where the facts of a release are, or will be.
pub fn place(version: GatewayVersion, store: &Store) -> PathBuf {
    store.path(format!("{}/{version}", kept_release::FOLDER))
}

/// The lock for keeping them.
pub(crate) fn lock_name(version: GatewayVersion) -> String {
    format!("release-{version}")
}

/// Copies what is kept of a release to another store, or to what becomes one.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy(version: GatewayVersion, store: &Store, root: &Path) -> Result<()> {
    let to = root.join(kept_release::FOLDER).join(version.to_string());
    create_dir(&to)?;
    for name in kept_release::FILES {
        let from = place(version, store).join(name);
        std::fs::copy(&from, to.join(name)).map_err(|e| Error::io("copy", &from, e))?;
    }
    Ok(())
}

/// What has to be asked before a gateway can be identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    Release(GatewayVersion),
    /// The newest release whose version begins with these numbers.
    Newest(Vec<u32>),
}

/// What `--gateway` needs to have looked up: nothing for what is known, nor for what cannot exist.
///
/// # Errors
/// A built-in row makes no sense.
pub fn lookup(spec: Option<&GatewaySpec>, matrix: &Matrix) -> Result<Option<Lookup>> {
    let (numbers, is_known) = match spec {
        Some(GatewaySpec::Newest { numbers, .. }) => (numbers, false),
        Some(GatewaySpec::Release { numbers, .. }) => (numbers, matrix.newest(numbers).is_some()),
        _ => return Ok(None),
    };
    if is_known || numbers.first() != Some(&MAJOR) {
        return Ok(None);
    }
    let &[major, minor, patch] = numbers.as_slice() else {
        return Ok(Some(Lookup::Newest(numbers.clone())));
    };
    let version = GatewayVersion { major, minor, patch };
    // What is kept opens no gap before it.
    let may_exist = may_exist(version, &Matrix::builtin()?);
    Ok(may_exist.then_some(Lookup::Release(version)))
}

/// Whether an unknown version can be one that was released since: the built-in rows of a line have no gaps.
fn may_exist(version: GatewayVersion, builtin: &Matrix) -> bool {
    let line = builtin.newest(&[version.major, version.minor]);
    line.is_none_or(|newest| version > newest.version)
}

/// Looks up what is not known of the gateway that was asked for, and adds it to the matrix.
///
/// # Errors
/// The command may not fetch, no release of that name can be had, or its module is not the gateway's.
pub fn know(asked: &Asked, matrix: &mut Matrix, cx: Context) -> Result<()> {
    let Some(lookup) = lookup(asked.gateway.as_ref(), matrix)? else {
        return Ok(());
    };
    let store = Store::open(cx.host)?;
    let found = may_ask(&lookup, cx).and_then(|()| match &lookup {
        Lookup::Release(version) => learn(*version, matrix, &store, cx).map(drop),
        Lookup::Newest(numbers) => {
            let newest = published(matrix, &store, cx)?
                .into_iter()
                .filter(|version| version.starts_with(numbers))
                .max();
            match newest.filter(|newest| matrix.release(*newest).is_none()) {
                Some(newest) => learn(newest, matrix, &store, cx).map(drop),
                None => Ok(()),
            }
        }
    });
    found.map_err(|why| explained(why, &lookup, matrix, asked))
}

/// Every release that the user's GOPROXY lists.
///
/// # Errors
/// No Go to ask with, or it cannot be listed.
pub fn published(matrix: &Matrix, store: &Store, cx: Context) -> Result<Vec<GatewayVersion>> {
    let go = go_to_ask_with(matrix, store, cx)?;
    let stage = store.stage()?;
    cx.ui
        .status("asking", format!("your GOPROXY for the versions of {MODULE}"));
    let asker = Asker {
        go: &go,
        stage: stage.path(),
        host: cx.host,
    };
    asker.versions()
}

/// Looks up every release that is listed, not known, and may have been released since this plugbuild.
///
/// # Errors
/// This command may not ask, or the releases cannot be listed; for each release, those of [`learn`].
pub fn update(matrix: &mut Matrix, cx: Context) -> Result<Vec<(GatewayVersion, Result<Release>)>> {
    let all = Lookup::Newest(vec![MAJOR]);
    may_ask(&all, cx)?;
    let store = Store::open(cx.host)?;
    let listed = published(matrix, &store, cx).map_err(|why| Error {
        message: format!("the releases of KrakenD cannot be listed: {}", why.message),
        ..why
    })?;
    let builtin = Matrix::builtin()?;
    let mut learned = Vec::new();
    for version in listed {
        if matrix.release(version).is_some() || !may_exist(version, &builtin) {
            continue;
        }
        match learn(version, matrix, &store, cx) {
            Err(why) if why.kind == ErrorKind::Interrupted => return Err(why),
            done => learned.push((version, done)),
        }
    }
    Ok(learned)
}

/// Reads a release from its module and keeps it: whole, or not at all.
///
/// # Errors
/// As [`Asker::module`], or the store cannot be written.
pub fn learn(version: GatewayVersion, matrix: &mut Matrix, store: &Store, cx: Context) -> Result<Release> {
    let place = place(version, store);
    let _lock = store.lock(&lock_name(version), || {
        cx.ui
            .status("waiting", format!("another plugbuild is looking up KrakenD {version}"));
    })?;
    if kept_release::read(&place).is_none() {
        let go = go_to_ask_with(matrix, store, cx)?;
        cx.ui.status(
            "fetching",
            format!("{MODULE}@v{version} through your GOPROXY, for what KrakenD {version} is built with"),
        );
        let stage = store.stage()?;
        let asker = Asker {
            go: &go,
            stage: stage.path(),
            host: cx.host,
        };
        let module = asker.module(version)?;
        let (row, notes) = module.upstream.row(version, &Images::builtin()?)?;
        let staged = stage.path().join("release");
        create_dir(&staged)?;
        let facts = ModuleFacts::new(MODULE, &module.h1, notes);
        kept_release::write(facts, row, &module.upstream, &staged)?;
        store.publish(&staged, &place)?;
    }
    let row = kept_release::read(&place).ok_or_else(|| {
        let what = format!(
            "what was kept of KrakenD {version} in {} cannot be read",
            place.display()
        );
        Error::new(ErrorKind::Io, what).help("remove that directory, and look it up again")
    })?;
    matrix.know(row.clone());
    Ok(row)
}

/// Any Go that speaks to a proxy: one that is here, else the newest release's own, which is fetched as for a build.
fn go_to_ask_with(matrix: &Matrix, store: &Store, cx: Context) -> Result<PathBuf> {
    if let Some((go, _)) = bootstrap_go(cx.host, store) {
        return Ok(go);
    }
    let newest = matrix
        .newest(&[MAJOR])
        .ok_or_else(|| Error::usage("the matrix is empty"))?;
    let own = go::resolve(&newest.go, cx.host, store)?;
    go::ensure(&own, cx.host, store, cx.offline, cx.ui)?;
    Ok(own.program())
}

/// Whether this command may look something up.
fn may_ask(lookup: &Lookup, cx: Context) -> Result<()> {
    let why = match (cx.offline, cx.dry) {
        (true, _) => "--offline allows no look-up",
        (_, true) => "this command looks nothing up",
        _ => return Ok(()),
    };
    let (module, command) = match lookup {
        Lookup::Release(version) => (
            format!("{MODULE}@v{version}"),
            format!("plugbuild gateway show --gateway {version}"),
        ),
        Lookup::Newest(_) => (
            format!("the versions of {MODULE}"),
            "plugbuild gateway update".to_owned(),
        ),
    };
    Err(Error::tool_missing(why).help(format!(
        "with a network, `{command}` asks your GOPROXY for {module} and keeps the answer; `plugbuild bundle create` takes it along"
    )))
}

/// What is known instead, and the other ways to give a gateway.
fn explained(why: Error, lookup: &Lookup, matrix: &Matrix, asked: &Asked) -> Error {
    if [ErrorKind::Interrupted, ErrorKind::Io, ErrorKind::Incompatible].contains(&why.kind) {
        return why;
    }
    let numbers = match lookup {
        Lookup::Release(version) => version.numbers().to_vec(),
        Lookup::Newest(numbers) => numbers.clone(),
    };
    let general = unknown_release(&numbers, matrix);
    let place = asked
        .named_in
        .as_ref()
        .map_or_else(String::new, |place| format!(" (the gateway is named in {place})"));
    Error {
        kind: why.kind,
        message: format!("{}, and cannot be looked up: {}{place}", general.message, why.message),
        help: why.help.into_iter().chain(general.help).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_have_been_released_since_is_looked_up() {
        let matrix = Matrix::builtin().unwrap();
        let of = |text: &str| lookup(Some(&text.parse().unwrap()), &matrix).unwrap();
        let release = |text: &str| Some(Lookup::Release(text.parse().unwrap()));
        for known in [
            "2",
            "2.13",
            "2.13.8",
            "v2.1.4-alpine",
            "latest",
            "auto",
            "-",
            "./krakend",
            "acme-3.0",
            "2.0.0",
        ] {
            assert_eq!(of(known), None, "{known}");
        }
        // Between known ones, and of majors that are other modules or load nothing.
        for never in ["1.4.1", "1", "3", "3.0.0", "3.0", "3@latest"] {
            assert_eq!(of(never), None, "{never}");
        }
        assert_eq!(of("2.1.5"), release("2.1.5"));
        assert_eq!(of("2.99.1-alpine"), release("2.99.1"));
        assert_eq!(of("2.99"), Some(Lookup::Newest(vec![2, 99])));
        assert_eq!(of("2.13@latest"), Some(Lookup::Newest(vec![2, 13])));
        // One that is kept opens no gap before it.
        let mut more = matrix.clone();
        more.know(Release {
            version: "2.13.40".parse().unwrap(),
            ..matrix.newest(&[2, 13]).unwrap().clone()
        });
        let spec = "2.13.39".parse().unwrap();
        assert_eq!(lookup(Some(&spec), &more).unwrap(), release("2.13.39"));
    }
}
