//! `plugbuild gateways`, `plugbuild targets`: the matrix as lists.

use super::{Context, print_json, print_line};
use crate::cli::Format;
use crate::config::Settings;
use crate::error::Result;
use crate::target::LibcKind;

pub(super) fn gateways(cx: Context) -> Result<()> {
    let matrix = Settings::read(&cx.host.cwd, cx.host)?.matrix()?;
    if cx.format == Format::Json {
        print_json(&matrix.releases());
        return Ok(());
    }
    print_line(format_args!(
        "{:<12} {:<9} {:<10} {:<22} {}",
        "GATEWAY", "GO", "RELEASED", "MUSL (official image)", "GLIBC (generic Linux)"
    ));
    for row in matrix.releases().iter().rev() {
        let unknown = || "-".to_owned();
        let musl = match (row.libc_version(LibcKind::Musl), &row.alpine) {
            (Some(musl), Some(alpine)) => format!("{musl} (alpine {alpine})"),
            (Some(musl), None) => musl.to_string(),
            (None, _) => unknown(),
        };
        let glibc = row
            .libc_version(LibcKind::Glibc)
            .map_or_else(unknown, |v| format!("floor {v}"));
        let released = row.released.clone().unwrap_or_else(unknown);
        print_line(format_args!(
            "{:<12} {:<9} {released:<10} {musl:<22} {glibc}",
            row.label(),
            row.go.to_string()
        ));
    }
    Ok(())
}

pub(super) fn targets(cx: Context) -> Result<()> {
    let matrix = Settings::read(&cx.host.cwd, cx.host)?.matrix()?;
    if cx.format == Format::Json {
        print_json(&matrix.targets());
        return Ok(());
    }
    print_line(format_args!("{:<28} {:<14} {}", "TARGET", "SHORT", "ALSO"));
    for row in matrix.targets() {
        let target = row.triple;
        print_line(format_args!(
            "{:<28} {:<14} linux/{}/{}",
            target.triple(),
            target.short(),
            target.arch,
            target.libc.kind
        ));
    }
    Ok(())
}
