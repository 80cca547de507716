//! The SHA-512 of official gateway archives, from toolchains/official-sums.txt; all downloads must match.

use crate::matrix::rows;
use crate::util::packed::{Packed, packed};
use crate::util::target::Target;
use crate::util::version::GatewayVersion;

static TEXT: Packed = packed!("official-sums.txt");

/// The SHA-512 of a release's archive for a target, if it is not published beside the archive.
pub fn lookup(version: GatewayVersion, target: &Target) -> Option<&'static str> {
    rows::cell(TEXT.text(), &version.to_string(), &target.short())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn checksums_are_distinct() {
        let rows: Vec<_> = TEXT
            .text()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .skip(1)
            .collect();
        let sums: Vec<_> = rows.iter().flat_map(|row| row.split(' ').skip(1)).collect();
        assert_eq!(sums.len(), rows.len() * 2);
        assert_eq!(sums.iter().collect::<BTreeSet<_>>().len(), sums.len());
        let is_sum =
            |sum: &&str| sum.len() == 128 && sum.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        assert!(sums.iter().all(is_sum));
    }

    #[test]
    fn archives_of_official_images_are_pinned() {
        let sum = |version: &str, target: &str| lookup(version.parse().unwrap(), &target.parse().unwrap());
        assert!(sum("2.12.1", "amd64-musl").is_some_and(|sum| sum.starts_with("ea7fccc3")));
        assert!(sum("2.12.1", "arm64-musl").is_some_and(|sum| sum.starts_with("b51cc1e0")));
        assert_eq!(sum("2.12.1", "amd64-glibc"), None);
        assert_eq!(sum("2.0.0", "amd64-musl"), None);
    }
}
