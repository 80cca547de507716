//! `plugbuild gateways`, `plugbuild targets`: the matrix as lists.

use crate::commands::output::{print_json, print_line};
use crate::project::config::Settings;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::target::LibcKind;
use crate::util::ui::Format;

pub(crate) fn gateways(cx: Context) -> Result<()> {
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
