//! The newest glibc that a file needs, from the versions of its symbols.

use crate::binary::dynamic::VersionNeed;
use crate::binary::image::Image;
use crate::util::version::LibcVersion;

/// The glibc of a symbol version: `2.34` for `GLIBC_2.34`. Also knows the markers that stop glibc older than 2.36 from
/// loading a file.
pub(crate) fn glibc_of(version: &str) -> Option<LibcVersion> {
    let version = match version {
        "GLIBC_ABI_DT_RELR" => "GLIBC_2.36",
        "GLIBC_ABI_GNU_TLS" | "GLIBC_ABI_GNU2_TLS" => "GLIBC_2.42",
        other => other,
    };
    version.strip_prefix("GLIBC_")?.parse().ok()
}

/// The newest glibc a file needs, and the version entry that requires it.
pub fn newest_glibc<'d>(image: Image<'d>) -> Option<(LibcVersion, VersionNeed<'d>)> {
    let needs = image.version_needs().into_iter().filter(|need| !need.weak);
    needs
        .filter_map(|need| Some((glibc_of(need.version)?, need)))
        .max_by_key(|(version, _)| *version)
}
