//! `plugbuild cache`: shows the store's size, and removes what can be made again.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::output::{print_json, print_line, print_path};
use crate::toolchain::gc;
use crate::toolchain::gc::{CacheEntry, MAX_AGE, Part, megabytes};
use crate::toolchain::store::Store;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::ui::{Format, counted};

#[derive(Debug, Clone, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum CacheCommand {
    /// Show the size of each part of the store
    Size,
    /// Remove what no build has used for 30 days (builds do so once a day)
    Prune {
        /// Remove everything that builds can make again; toolchains and bundles stay
        #[arg(long)]
        all: bool,
        /// Print what would be removed, without removing it
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(command: &CacheCommand, cx: Context) -> Result<()> {
    let store = Store::open(cx.host)?;
    match command {
        CacheCommand::Size => {
            size(&store, cx);
            Ok(())
        }
        CacheCommand::Prune { all, dry_run } => prune(&store, *all, *dry_run, cx),
    }
}

fn size(store: &Store, cx: Context) {
    let parts = gc::parts(store);
    if cx.format == Format::Json {
        for Part {
            folder,
            what,
            entries,
            bytes,
        } in parts
        {
            let path = store.root().join(folder);
            print_json(&json!({ "part": what, "path": path, "entries": entries, "bytes": bytes }));
        }
        return;
    }
    let all = parts.iter().map(|part| part.bytes).sum();
    for part in parts {
        print_line(format_args!(
            "{:>9}  {:<9} {}",
            megabytes(part.bytes),
            part.folder,
            part.what
        ));
    }
    print_line(format_args!("{:>9}  {}", megabytes(all), store.root().display()));
}

fn prune(store: &Store, all: bool, dry_run: bool, cx: Context) -> Result<()> {
    let unused = if all { Duration::ZERO } else { MAX_AGE };
    if !store.root().is_dir() {
        cx.ui.status("pruned", "nothing: the store does not exist yet");
        return Ok(());
    }
    if dry_run {
        let entries = gc::candidates(store, unused, all);
        entries.iter().for_each(|entry| report(entry, true, cx));
        let (count, bytes) = total(&entries);
        cx.ui.status(
            "would prune",
            format!("{}, {}", counted(count, "entry"), megabytes(bytes)),
        );
        return Ok(());
    }
    let alone = store.lock_exclusive(|| {
        cx.ui.status("waiting", "another plugbuild is using the store");
    })?;
    let entries = gc::candidates(store, unused, all);
    for entry in &entries {
        gc::remove(&entry.place, store, &alone)?;
        report(entry, false, cx);
    }
    let (count, bytes) = total(&entries);
    cx.ui
        .status("pruned", format!("{}, {}", counted(count, "entry"), megabytes(bytes)));
    Ok(())
}

fn report(entry: &CacheEntry, dry_run: bool, cx: Context) {
    match cx.format {
        Format::Json => {
            let reason = if dry_run { "would-remove" } else { "removed" };
            print_json(&json!({ "reason": reason, "path": entry.place, "bytes": entry.bytes }));
        }
        Format::Human if dry_run => print_path(&entry.place),
        Format::Human => cx.ui.verbose("removed", entry.place.display()),
    }
}

fn total(entries: &[CacheEntry]) -> (usize, u64) {
    (entries.len(), entries.iter().map(|entry| entry.bytes).sum())
}
