//! The newest glibc that a file needs, by the versions of its symbols.

use crate::binary::dynamic::VersionNeed;
use crate::binary::image::Image;
use crate::util::version::LibcVersion;

/// The glibc a symbol version stands for: of `GLIBC_2.34` that number. The markers by which glibc 2.36 and later
/// refuse to be replaced by an older one count as these.
pub(crate) fn glibc_of(version: &str) -> Option<LibcVersion> {
    let version = match version {
        "GLIBC_ABI_DT_RELR" => "GLIBC_2.36",
        "GLIBC_ABI_GNU_TLS" | "GLIBC_ABI_GNU2_TLS" => "GLIBC_2.42",
        other => other,
    };
    version.strip_prefix("GLIBC_")?.parse().ok()
}

/// The newest glibc a file needs, and for which version entry.
pub fn newest_glibc<'d>(image: Image<'d>) -> Option<(LibcVersion, VersionNeed<'d>)> {
    let needs = image.version_needs().into_iter().filter(|need| !need.weak);
    needs
        .filter_map(|need| Some((glibc_of(need.version)?, need)))
        .max_by_key(|(version, _)| *version)
}
