//! How a file was linked, as far as loaders reject it for that.

use object::LittleEndian;
use object::elf::{self, Rela64};

use crate::binary::image::{FileKind, Image};
use crate::binary::pod::LE;
use crate::binary::symbols::Symbol;
use crate::util::target::Arch;

/// The role of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Started by a dynamic loader, which can load more into it.
    Program,
    /// Has no loader, so nothing can be loaded into it.
    StaticProgram,
    /// Loaded into a program, such as a plugin.
    Library,
    /// Not linked yet, or a core dump.
    Object,
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Form::Program => "a program",
            Form::StaticProgram => "a program that is linked statically",
            Form::Library => "a shared library",
            Form::Object => "an object file",
        })
    }
}

impl<'d> Image<'d> {
    /// The role of the file.
    pub fn form(self) -> Form {
        let pie = self.dynamic().flags.1 & elf::DF_1_PIE.0 != 0;
        match (self.kind(), self.interpreter().is_some()) {
            (FileKind::Other, _) => Form::Object,
            (_, true) => Form::Program,
            (FileKind::Shared, false) if !pie => Form::Library,
            (FileKind::Shared | FileKind::Executable, false) => Form::StaticProgram,
        }
    }

    /// Linked with `-Bsymbolic`: references to its own definitions cannot be overridden.
    pub fn binds_itself(self) -> bool {
        self.dynamic().flags.0 & elf::DF_SYMBOLIC.0 != 0
    }

    /// Linked with `-z nodlopen`.
    pub fn forbids_dlopen(self) -> bool {
        self.dynamic().flags.1 & elf::DF_1_NOOPEN.0 != 0
    }

    /// Linked with `-z pack-relative-relocs`.
    pub fn has_packed_relocations(self) -> bool {
        self.dynamic().packed
    }

    /// Requires an executable stack: `-z execstack`, or assembly without a `.note.GNU-stack`.
    pub fn wants_executable_stack(self) -> bool {
        let stack = self.segments().find(|s| s.kind == elf::PT_GNU_STACK.0);
        stack.is_some_and(|stack| stack.executable)
    }

    /// The size of its thread-local variables, per thread.
    pub fn thread_locals(self) -> u64 {
        let segment = self.segments().find(|s| s.kind == elf::PT_TLS.0);
        segment.map_or(0, |segment| segment.memory)
    }

    /// The thread-local variables it needs at a fixed offset (`initial-exec`), once for each use; `None` for one
    /// without a name.
    pub fn fixed_thread_locals(self) -> impl Iterator<Item = Option<Symbol<'d>>> {
        let wanted = match self.arch() {
            Arch::Amd64 => elf::R_X86_64_TPOFF64,
            Arch::Arm64 => elf::R_AARCH64_TLS_TPREL,
        };
        let relocations: &[Rela64<LittleEndian>] = self.relocations();
        let fixed = relocations.iter().filter(move |r| r.r_type(LE, false) == wanted);
        fixed.map(move |r| self.symbol_numbered(r.r_sym(LE, false) as usize))
    }
}
