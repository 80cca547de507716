//! The SHA-256 of each official Go archive, from toolchains/go-sums.txt; archives from mirrors must match.

use crate::matrix::rows;
use crate::util::packed::{Packed, packed};
use crate::util::version::GoVersion;

/// Lines of `version checksum checksum …`, one column per host; the first line names the hosts.
static TEXT: Packed = packed!("go-sums.txt");

/// The SHA-256 of the official Go archive for a host, given as `GOOS/GOARCH`.
pub fn lookup(version: &GoVersion, host: &str) -> Option<&'static str> {
    rows::cell(TEXT.text(), &version.to_string(), host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_go_has_a_checksum_for_every_host() {
        let matrix = crate::matrix::Matrix::builtin().unwrap();
        for release in matrix.releases() {
            let sums: Vec<_> = matrix
                .zig()
                .hosts()
                .iter()
                .map(|row| lookup(&release.go, &row.host))
                .collect();
            let is_sum = |sum: &str| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(
                sums.iter().all(|sum| sum.is_some_and(is_sum)),
                "{} {sums:?}",
                release.go
            );
            assert!((1..4).all(|at| !sums[..at].contains(&sums[at])), "{}", release.go);
        }
        assert_eq!(lookup(&"1.97.1".parse().unwrap(), "linux/amd64"), None);
        assert_eq!(lookup(&"1.25.6".parse().unwrap(), "plan9/amd64"), None);
    }
}
