//! Ways to link a plugin that some gateways do not support.

use crate::binary::image::Image;
use crate::util::target::LibcKind;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::plugin::PluginBinary;

/// What glibc reserves for static thread-local variables of libraries loaded later, and what padding may add.
const FIXED_PLACES: u64 = 1664;
const PADDING: u64 = 64;
const FIXED: &str = "initial-exec";
/// Go's own variable, which every plugin has and takes from the gateway.
const OF_GO: u64 = 8;

/// A way to link that some gateways cannot take.
struct LinkRule {
    applies: fn(&Linked) -> bool,
    stage: Stage,
    subject: &'static str,
    what: &'static str,
    help: &'static str,
}

const RULES: [LinkRule; 7] = [
    LinkRule {
        applies: |linked| linked.image.binds_itself(),
        stage: Stage::Open,
        subject: "-Bsymbolic",
        what: "it is linked with `-Bsymbolic`, so that it keeps a Go runtime of its own: it ends the whole gateway",
        help: "leave `-Bsymbolic` out of the linker's flags",
    },
    LinkRule {
        applies: |linked| has_other_symbols(linked.plugin),
        stage: Stage::Open,
        subject: "-pluginpath",
        what: "it was linked with a plugin path that it was not compiled with, and Go finds none of its symbols by that",
        help: "leave `-ldflags=-pluginpath=…` out, and give the module another path; or say the same in `-gcflags=-p=…`",
    },
    LinkRule {
        applies: |linked| linked.glibc() && linked.image.forbids_dlopen(),
        stage: Stage::Link,
        subject: "-z nodlopen",
        what: "it is linked with `-z nodlopen`, and glibc does as that says",
        help: "leave `-z nodlopen` out of the linker's flags",
    },
    LinkRule {
        applies: |linked| linked.musl_before_1_2_4() && linked.image.has_packed_relocations(),
        stage: Stage::Link,
        subject: "-z pack-relative-relocs",
        what: "its relocations are packed (`-z pack-relative-relocs`), which musl does not know before 1.2.4: it ends the whole gateway",
        help: "leave `-z pack-relative-relocs` out of the linker's flags",
    },
    LinkRule {
        applies: |linked| linked.glibc_from_2_41() && linked.image.wants_executable_stack(),
        stage: Stage::Link,
        subject: "-z execstack",
        what: "it wants an executable stack, which glibc 2.41 and later give to no library that is loaded later",
        help: "give each assembly file a `.note.GNU-stack` section, or link with `-Wl,-z,noexecstack`",
    },
    LinkRule {
        applies: |linked| linked.musl() && linked.has_own_fixed_locals(),
        stage: Stage::Link,
        subject: FIXED,
        what: "its C code has thread-local variables of the model `initial-exec`, which musl gives to no library that is loaded later",
        help: "compile its C code without `-ftls-model=initial-exec` or that attribute (jemalloc: `--disable-initial-exec-tls`)",
    },
    LinkRule {
        applies: |linked| linked.glibc() && linked.locals > FIXED_PLACES && linked.has_own_fixed_locals(),
        stage: Stage::Link,
        subject: FIXED,
        what: "its C code has more thread-local variables of the model `initial-exec` than glibc has room for",
        help: "compile its C code without `-ftls-model=initial-exec` or that attribute (jemalloc: `--disable-initial-exec-tls`)",
    },
];

/// A plugin beside the gateway that is to load it.
struct Linked<'a> {
    plugin: &'a PluginBinary<'a>,
    image: Image<'a>,
    against: &'a LoadTarget<'a>,
    /// The bytes of its thread-local variables.
    locals: u64,
}

/// Problems with how it was linked.
pub(crate) fn check(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Vec<Diagnostic> {
    let image = plugin.image();
    let linked = Linked {
        plugin,
        image,
        against,
        locals: image.thread_locals(),
    };
    let rules = RULES.iter().filter(|rule| (rule.applies)(&linked));
    rules
        .map(|rule| {
            let fits_by_luck = linked.glibc() && rule.subject == FIXED && linked.locals <= FIXED_PLACES + PADDING;
            let severity = if fits_by_luck {
                Severity::Unsure
            } else {
                Severity::Error
            };
            Diagnostic::new(Id::LinkFlags, rule.stage, rule.what)
                .severity(severity)
                .about(rule.subject)
                .help(rule.help)
        })
        .collect()
}

impl Linked<'_> {
    fn glibc(&self) -> bool {
        self.against.system.kind == Some(LibcKind::Glibc)
    }

    fn musl(&self) -> bool {
        self.against.system.kind == Some(LibcKind::Musl)
    }

    fn version(&self) -> Option<(u32, u32, u32)> {
        self.against.system.version.map(|v| (v.major, v.minor, v.patch))
    }

    fn glibc_from_2_41(&self) -> bool {
        self.glibc() && self.version() >= Some((2, 41, 0)) && !self.against.system.at_least
    }

    fn musl_before_1_2_4(&self) -> bool {
        self.musl() && self.version().is_some_and(|version| version < (1, 2, 4))
    }

    /// Whether its static thread-local variables are its own; those of the gateway exist already.
    fn has_own_fixed_locals(&self) -> bool {
        let gateway = self.against.file.as_ref().map(|file| file.binary.image());
        let is_own = |own: crate::binary::symbols::Symbol<'_>| {
            own.defined && gateway.is_some_and(|gateway| gateway.symbol(own.name).is_none())
        };
        let mut fixed = self.image.fixed_thread_locals();
        self.locals > OF_GO && fixed.any(|symbol| symbol.is_none_or(is_own))
    }
}

/// Whether no exported symbol is below its plugin path, where Go looks each of them up.
fn has_other_symbols(plugin: &PluginBinary<'_>) -> bool {
    let exports = || plugin.data.iter().flat_map(|data| data.exports());
    exports().any(|export| plugin.own_symbol(export.name).is_none())
}
