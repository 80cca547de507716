//! `plugbuild toolchain`: manages the toolchains in the store.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::output::{print_json, print_line, print_path};
use crate::matrix::Matrix;
use crate::project::config::Settings;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::{gc, go, installed_go, zig};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::ui::Format;
use crate::util::version::GoVersion;

pub(crate) fn run(command: &ToolchainCommand, cx: Context) -> Result<()> {
    let store = Store::open(cx.host)?;
    match command {
        ToolchainCommand::Dir => {
            match cx.format {
                Format::Json => print_json(&json!({ "reason": "toolchain-dir", "path": store.root() })),
                Format::Human => print_path(store.root()),
            }
            Ok(())
        }
        ToolchainCommand::List => list(&store, cx),
        ToolchainCommand::Install { names } => {
            // As a build here would fetch it.
            let host = &Settings::read(&cx.host.cwd, cx.host)?.with_mirrors(cx.host);
            let cx = Context { host, ..cx };
            names.iter().try_for_each(|name| install(name, &store, cx))
        }
        ToolchainCommand::Remove { names } => names.iter().try_for_each(|name| remove(name, &store, cx)),
    }
}

fn list(store: &Store, cx: Context) -> Result<()> {
    let zig = zig::installed(Matrix::builtin()?.zig(), cx.host, store);
    let all = installed_go::installed(store)
        .into_iter()
        .map(|(version, root)| (format!("go {version}"), root));
    for (name, place) in all.chain(zig.map(|(version, place)| (format!("zig {version}"), place))) {
        match cx.format {
            Format::Json => print_json(&json!({ "reason": "toolchain", "toolchain": name, "path": place })),
            Format::Human => print_line(format_args!("{name:<12} {}", place.display())),
        }
    }
    Ok(())
}

fn install(name: &str, store: &Store, cx: Context) -> Result<()> {
    if name == "zig" {
        let matrix = Matrix::builtin()?;
        let zig = zig::resolve(matrix.zig(), cx.host, store)?;
        zig::ensure(&zig, matrix.zig(), store, cx)?;
        say_where("zig", &zig.version, zig.state, &zig.program, cx);
        return Ok(());
    }
    let go = go::resolve(&version(name, "install")?, cx.host, store)?;
    go::ensure(&go, cx.host, store, cx.offline, cx.ui)?;
    say_where("go", &go.version.to_string(), go.state, &go.root, cx);
    Ok(())
}

fn say_where(tool: &str, version: &str, state: State, place: &std::path::Path, cx: Context) {
    let verb = if state == State::Ready { "found" } else { "installed" };
    cx.ui.status(verb, format!("{tool} {version}: {}", place.display()));
}

fn remove(name: &str, store: &Store, cx: Context) -> Result<()> {
    let place = if name == "zig" {
        store.zig(&Matrix::builtin()?.zig().version, cx.host)
    } else {
        store.go(&version(name, "remove")?, cx.host)
    };
    let there = || match place.is_dir() {
        true => Ok(()),
        false => {
            let missing = Error::usage(format!("{name} is not in the store"));
            Err(missing.help("`plugbuild toolchain list` lists what is"))
        }
    };
    // A missing entry is reported at once, whoever uses the store.
    there()?;
    // A running build may be using it.
    let alone = store.lock_exclusive(|| {
        cx.ui.status("waiting", "another plugbuild is using the store");
    })?;
    there()?;
    gc::remove(&place, store, &alone)?;
    cx.ui.status("removed", format!("{name}: {}", place.display()));
    Ok(())
}

fn version(name: &str, verb: &str) -> Result<GoVersion> {
    let help = format!("name a Go version, or `zig`: `plugbuild toolchain {verb} 1.25.6`");
    name.parse().map_err(|e: Error| e.help(help))
}

#[derive(Debug, Args)]
pub struct ToolchainArgs {
    #[command(subcommand)]
    pub command: ToolchainCommand,
}

#[derive(Debug, Subcommand)]
pub enum ToolchainCommand {
    /// List the installed toolchains
    List,
    /// Install Go versions, or zig
    Install {
        /// Go versions (1.19.5), or zig
        #[arg(required = true, value_name = "GO")]
        names: Vec<String>,
    },
    /// Remove installed toolchains
    #[command(visible_alias = "uninstall")]
    Remove {
        /// Go versions (1.19.5), or zig
        #[arg(required = true, value_name = "GO")]
        names: Vec<String>,
    },
    /// Print the directory of the toolchains
    Dir,
}
