//! docs/matrix.md as text. Rendering decides nothing: each cell is a field of a row.

use std::fmt::Display;

use plugbuild::matrix::{Matrix, Quirk};

const HEAD: &str = "\
# The matrix

<!-- Written by `cargo xtask matrix` from toolchains/*.toml; a test compares. -->

What plugbuild knows of each gateway, target and tool. `plugbuild gateway list` and `plugbuild target list` print the same rows.
Gateways of your own go in `plugbuild.toml` or are read from their binary (`--gateway ./krakend`). A release that is newer
than these rows is [looked up](gateways.md) in the gateway's own module.
";

pub(super) fn render(matrix: &Matrix) -> String {
    let mut out = HEAD.to_owned();
    releases(matrix, &mut out);
    targets(matrix, &mut out);
    zig(matrix, &mut out);
    quirks(matrix, &mut out);
    out
}

fn releases(matrix: &Matrix, out: &mut String) {
    section(
        out,
        "Releases",
        "A plugin must be compiled by exactly this Go. musl is that of the official image's Alpine; glibc is the newest \
         version whose symbols a plugin for the generic Linux build may need, and the Debian that build was made on.",
    );
    let rows = matrix.releases().iter().rev().map(|r| {
        let musl = format!("{} (Alpine {})", or_dash(&r.musl), or_dash(&r.alpine));
        let glibc = format!(
            "{} ({})",
            or_dash(&r.glibc),
            r.generic_image.as_deref().unwrap_or("no build")
        );
        [
            r.label(),
            or_dash(&r.released),
            r.go.to_string(),
            musl,
            glibc,
            code(&or_dash(&r.main_module)),
        ]
    });
    table(out, ["release", "released", "Go", "musl", "glibc", "main module"], rows);
    let none: Vec<String> = matrix
        .without_plugins()
        .iter()
        .map(|row| row.version.to_string())
        .collect();
    if !none.is_empty() {
        out.push_str(&format!(
            "\nReleases that load no plugins, as every later one of the Community Edition: {}. [What now](community-3.md)\n",
            none.join(", ")
        ));
    }
}

fn targets(matrix: &Matrix, out: &mut String) {
    section(
        out,
        "Targets",
        "Each is named by its triple or its short form; a glibc floor goes behind a dot.",
    );
    let rows = matrix.targets().iter().map(|row| {
        let level = row.goamd64.as_ref().map(|v| format!("GOAMD64={v}"));
        let level = level.or_else(|| row.goarm64.as_ref().map(|v| format!("GOARM64={v}")));
        let gccs: Vec<String> = row.gccs("linux/amd64").map(code).collect();
        [
            code(&row.triple.to_string()),
            code(&row.triple.short()),
            or_dash(&level),
            code(&row.zig_target(None)),
            gccs.join(", "),
            code(&row.loader),
        ]
    });
    table(
        out,
        [
            "triple",
            "short",
            "level",
            "zig",
            "gcc looked for (on linux/amd64)",
            "loader",
        ],
        rows,
    );
}

fn zig(matrix: &Matrix, out: &mut String) {
    let zig = matrix.zig();
    let about = format!(
        "Version {} is fetched unless another one is asked for; a zig on PATH is used when its version is one of: {}.",
        zig.version,
        zig.known.join(", ")
    );
    section(out, "Zig", &about);
    let rows = zig.hosts().iter().map(|host| {
        [
            host.host.clone(),
            code(&zig.archive(host)),
            code(&host.wheel),
            code(&host.wheel_sha256),
        ]
    });
    table(out, ["host", "archive", "wheel", "SHA-256 of the wheel"], rows);
}

fn quirks(matrix: &Matrix, out: &mut String) {
    section(
        out,
        "Quirks",
        "What a Go version, a target or a C compiler wants done differently.",
    );
    let rows = matrix
        .all_quirks()
        .iter()
        .map(|q| [q.name.clone(), when(q), what(q), escaped(&q.why), escaped(&q.source)]);
    table(out, ["name", "when", "what is done", "why", "source"], rows);
}

fn when(quirk: &Quirk) -> String {
    let when = &quirk.when;
    let parts = [
        when.go.as_ref().map(|range| code(&format!("go {range}"))),
        when.arch.map(|arch| arch.to_string()),
        when.libc.map(|libc| libc.to_string()),
        when.cc.map(|cc| format!("{cc:?}").to_lowercase()),
        when.gold
            .map(|gold| if gold { "GNU gold" } else { "no GNU gold" }.to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "always".to_owned()
    } else {
        parts.join(", ")
    }
}

fn what(quirk: &Quirk) -> String {
    let env: Vec<String> = quirk
        .go_env
        .iter()
        .map(|(key, value)| format!("{key}='{value}'"))
        .collect();
    let lists = [
        ("go build", &quirk.go_flags),
        ("environment", &env),
        ("go.mod without", &quirk.go_mod_drop),
        ("the C compiler fails on", &quirk.cc_fail),
        ("the C compiler is not given", &quirk.cc_drop),
        ("the C compiler is given", &quirk.cc_add),
        ("-extldflags", &quirk.ext_ldflags),
    ];
    let parts: Vec<String> = lists
        .iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{name} {}", code(&list.join(" "))))
        .collect();
    parts.join("; ")
}

fn section(out: &mut String, title: &str, about: &str) {
    out.push_str(&format!("\n## {title}\n\n{about}\n\n"));
}

fn table<const N: usize>(out: &mut String, head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    out.push_str(&format!("| {} |\n", head.join(" | ")));
    out.push_str(&format!("|{}\n", " --- |".repeat(N)));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
}

fn or_dash(value: &Option<impl Display>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
