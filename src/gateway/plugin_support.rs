//! Whether a gateway loads plugins at all, and the ways on where it does not: one answer for every command.

use crate::binary::Binary;
use crate::binary::go_format::GoFormat;
use crate::binary::linkage::Form;
use crate::gateway::facts::{Gateway, NoPlugins};
use crate::matrix::Matrix;
use crate::util::edition::Edition;
use crate::util::version::dotted;

/// A release of the Community Edition, `3` or `3.0.1`, if all with these numbers come after the last that loads plugins.
pub fn of_release(numbers: &[u32], matrix: &Matrix) -> Option<NoPlugins> {
    matrix.drops_plugins(numbers).then(|| dropped(&dotted(numbers), matrix))
}

/// What a gateway's own file shows. A fork of such a release that has its loader back does load plugins.
pub(crate) fn of_file(gateway: &Gateway, binary: &Binary, matrix: &Matrix) -> Option<NoPlugins> {
    if binary.loads_plugins() {
        return None;
    }
    if gateway.is_community() {
        let version = gateway.version.map(|version| version.numbers().to_vec());
        let module = || Some(vec![major_of(gateway.main_module.as_deref()?)?]);
        let dropped = version.or_else(module).filter(|numbers| matrix.drops_plugins(numbers));
        if let Some(numbers) = dropped {
            return of_release(&numbers, matrix);
        }
    }
    let is_static = binary.image().form() == Form::StaticProgram;
    // How a Go newer than every proved one marks its packages is unknown.
    let is_proved = GoFormat::of(&format!("go{}", gateway.go)).is_some();
    (is_static || is_proved).then(|| NoPlugins {
        dropped: false,
        why: match is_static {
            true => "it is linked statically, and no such program can load any".to_owned(),
            false => "it was linked without Go's plugin package or without cgo".to_owned(),
        },
        help: vec![rebuilt(gateway, matrix)],
    })
}

fn dropped(release: &str, matrix: &Matrix) -> NoPlugins {
    let stay = matrix.newest(&[]).map(|row| {
        let (line, newest) = (row.version, row.label());
        format!(
            "stay on the last line that loads them: `--gateway {}.{}` (now {newest})",
            line.major, line.minor
        )
    });
    let others = [
        "or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`",
        "or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways",
    ];
    NoPlugins {
        dropped: true,
        why: format!("KrakenD {} {release} loads no Go plugins", Edition::Community),
        help: stay.into_iter().chain(others.map(str::to_owned)).collect(),
    }
}

/// What to do about a program that could load plugins, had it been built for that.
fn rebuilt(gateway: &Gateway, matrix: &Matrix) -> String {
    let official = gateway.version.filter(|_| gateway.is_community());
    let official = official.and_then(|version| matrix.release(version));
    match (official, gateway.edition) {
        (Some(row), _) => format!(
            "use the official build of {}, which loads plugins: `--gateway {}`; or build yours with CGO_ENABLED=1",
            row.version, row.version
        ),
        (None, Some(Edition::Enterprise)) => {
            "use the official build of KrakenD Enterprise, which loads plugins".to_owned()
        }
        (None, _) => "build the gateway with CGO_ENABLED=1, and with the plugin loader in it".to_owned(),
    }
}

/// The major version that a module path names: 3 of `github.com/krakend/krakend-ce/v3`.
fn major_of(module: &str) -> Option<u32> {
    module.rsplit('/').next()?.strip_prefix('v')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn community_releases_without_plugins() {
        let matrix = Matrix::builtin().unwrap();
        for numbers in [&[3][..], &[3, 0], &[3, 0, 0], &[3, 1, 7], &[4]] {
            let none = of_release(numbers, &matrix).unwrap();
            assert!(
                none.why.starts_with(&format!("KrakenD Community {}", numbers[0])),
                "{}",
                none.why
            );
            assert!(none.help[0].contains("`--gateway 2.13`"), "{:?}", none.help);
        }
        for numbers in [&[][..], &[2], &[2, 13], &[2, 99], &[2, 13, 8], &[1, 4, 1], &[0]] {
            assert_eq!(of_release(numbers, &matrix), None, "{numbers:?}");
        }
    }

    #[test]
    fn majors_of_modules() {
        assert_eq!(major_of("github.com/krakend/krakend-ce/v3"), Some(3));
        for module in ["example.com/gateway", "example.com/v", ""] {
            assert_eq!(major_of(module), None, "{module}");
        }
    }
}
