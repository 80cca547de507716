//! `plugbuild toolchain`: what is in the store.

use serde_json::json;

use super::{Context, print, print_json};
use crate::cli::{Format, ToolchainCommand};
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::toolchain::store::{Store, remove_tree};
use crate::toolchain::{State, go, zig};
use crate::version::GoVersion;

pub(super) fn run(command: &ToolchainCommand, cx: Context) -> Result<()> {
    let store = Store::of(cx.host);
    match command {
        ToolchainCommand::Dir => {
            print(store.root().display());
            Ok(())
        }
        ToolchainCommand::List => list(&store, cx),
        ToolchainCommand::Install { names } => names.iter().try_for_each(|name| install(name, &store, cx)),
        ToolchainCommand::Remove { names } => names.iter().try_for_each(|name| remove(name, &store, cx)),
    }
}

fn list(store: &Store, cx: Context) -> Result<()> {
    let zig = zig::installed(Matrix::builtin()?.zig(), cx.host, store);
    let all = go::installed(store)
        .into_iter()
        .map(|(version, root)| (format!("go {version}"), root));
    for (name, place) in all.chain(zig.map(|(version, place)| (format!("zig {version}"), place))) {
        match cx.format {
            Format::Json => print_json(&json!({ "toolchain": name, "path": place })),
            Format::Human => print(format_args!("{name:<12} {}", place.display())),
        }
    }
    Ok(())
}

fn install(name: &str, store: &Store, cx: Context) -> Result<()> {
    if name == "zig" {
        let matrix = Matrix::builtin()?;
        let zig = zig::resolve(matrix.zig(), cx.host, store)?;
        zig::ensure(&zig, matrix.zig(), cx.host, store, cx.offline, cx.ui)?;
        say_where("zig", &zig.version, zig.state, &zig.program, cx);
        return Ok(());
    }
    let go = go::resolve(&version(name)?, cx.host, store)?;
    go::ensure(&go, cx.host, store, cx.offline, cx.ui)?;
    say_where("go", &go.version.to_string(), go.state, &go.root, cx);
    Ok(())
}

fn say_where(tool: &str, version: &str, state: State, place: &std::path::Path, cx: Context) {
    let verb = if state == State::Ready { "found" } else { "installed" };
    cx.ui.status(verb, format!("{tool} {version}: {}", place.display()));
}

fn remove(name: &str, store: &Store, cx: Context) -> Result<()> {
    let (lock, place) = if name == "zig" {
        let version = &Matrix::builtin()?.zig().version.clone();
        (format!("zig-{version}"), store.zig(version, cx.host))
    } else {
        let version = version(name)?;
        (format!("go-{version}"), store.go(&version, cx.host))
    };
    if !place.is_dir() {
        return Err(
            Error::usage(format!("{name} is not in the store")).help("`plugbuild toolchain list` lists what is")
        );
    }
    let _lock = store.lock(&lock, || {
        cx.ui
            .status("waiting", format!("another plugbuild is busy with {name}"))
    })?;
    // Gone at once for others, whatever happens while its files are removed.
    let stage = store.stage()?;
    store.publish(&place, &stage.path().join("removed"))?;
    remove_tree(stage.path())?;
    cx.ui.status("removed", format!("{name}: {}", place.display()));
    Ok(())
}

fn version(name: &str) -> Result<GoVersion> {
    name.parse()
        .map_err(|e: Error| e.help("name a Go version, or `zig`: `plugbuild toolchain install 1.25.6`"))
}
