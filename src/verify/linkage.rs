//! Ways to link a plugin that some gateways do not support.

use crate::binary::image::Image;
use crate::util::target::LibcKind;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::plugin::Plugin;

/// What glibc reserves for static thread-local variables of libraries loaded later, and what padding may add.
const FIXED_PLACES: u64 = 1664;
const PADDING: u64 = 64;
const FIXED: &str = "initial-exec";
/// Go's own variable, which every plugin has and takes from the gateway.
const OF_GO: u64 = 8;

/// Problems with how it was linked.
pub(crate) fn check(plugin: &Plugin<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let image = plugin.image();
    let glibc = against.system.kind == Some(LibcKind::Glibc);
    let musl = against.system.kind == Some(LibcKind::Musl);
    let version = against.system.version.map(|v| (v.major, v.minor, v.patch));
    let stiff = version >= Some((2, 41, 0)) && !against.system.at_least;
    let unpacking = version.is_none_or(|version| version >= (1, 2, 4));
    let locals = image.thread_locals();
    let fixed = || locals > OF_GO && has_own_fixed_locals(image, against);
    [
        (
            image.binds_itself(),
            Stage::Open,
            "-Bsymbolic",
            "it is linked with `-Bsymbolic`, so that it keeps a Go runtime of its own: it ends the whole gateway",
            "leave `-Bsymbolic` out of the linker's flags",
        ),
        (
            has_other_symbols(plugin),
            Stage::Open,
            "-pluginpath",
            "it was linked with a plugin path that it was not compiled with, and Go finds none of its symbols by that",
            "leave `-ldflags=-pluginpath=…` out, and give the module another path; or say the same in `-gcflags=-p=…`",
        ),
        (
            glibc && image.forbids_dlopen(),
            Stage::Link,
            "-z nodlopen",
            "it is linked with `-z nodlopen`, and glibc does as that says",
            "leave `-z nodlopen` out of the linker's flags",
        ),
        (
            musl && !unpacking && image.has_packed_relocations(),
            Stage::Link,
            "-z pack-relative-relocs",
            "its relocations are packed (`-z pack-relative-relocs`), which musl does not know before 1.2.4: it ends the whole gateway",
            "leave `-z pack-relative-relocs` out of the linker's flags",
        ),
        (
            glibc && stiff && image.wants_executable_stack(),
            Stage::Link,
            "-z execstack",
            "it wants an executable stack, which glibc 2.41 and later give to no library that is loaded later",
            "give each assembly file a `.note.GNU-stack` section, or link with `-Wl,-z,noexecstack`",
        ),
        (
            musl && fixed(),
            Stage::Link,
            FIXED,
            "its C code has thread-local variables of the model `initial-exec`, which musl gives to no library that is loaded later",
            "compile its C code without `-ftls-model=initial-exec` or that attribute (jemalloc: `--disable-initial-exec-tls`)",
        ),
        (
            glibc && locals > FIXED_PLACES && fixed(),
            Stage::Link,
            FIXED,
            "its C code has more thread-local variables of the model `initial-exec` than glibc has room for",
            "compile its C code without `-ftls-model=initial-exec` or that attribute (jemalloc: `--disable-initial-exec-tls`)",
        ),
    ]
    .into_iter()
    .filter(|(so, ..)| *so)
    .map(|(_, stage, subject, what, help)| {
        let fits_by_luck = glibc && subject == FIXED && locals <= FIXED_PLACES + PADDING;
        let severity = if fits_by_luck { Severity::Unsure } else { Severity::Error };
        Diagnostic::new(Id::UnfitLink, stage, what)
            .severity(severity)
            .about(subject)
            .help(help)
    })
    .collect()
}

/// Whether no exported symbol is below its plugin path, where Go looks each of them up.
fn has_other_symbols(plugin: &Plugin<'_>) -> bool {
    let exports = || plugin.data.iter().flat_map(|data| data.exports());
    exports().any(|export| plugin.own_symbol(export.name).is_none())
}

/// Whether its static thread-local variables are its own; those of the gateway exist already.
fn has_own_fixed_locals(image: Image<'_>, against: &LoadTarget<'_>) -> bool {
    let gateway = against.file.as_ref().map(|file| file.binary.image());
    image.fixed_thread_locals().any(|symbol| {
        symbol.is_none_or(|own| own.defined && gateway.is_some_and(|gateway| gateway.symbol(own.name).is_none()))
    })
}
