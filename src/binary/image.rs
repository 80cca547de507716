//! The ELF view of a file: its headers, and its bytes by address.

use std::mem::size_of;
use std::ops::Range;
use std::sync::OnceLock;

use object::elf::{FileHeader64, ProgramHeader64, SectionHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{LittleEndian, elf, pod};

use crate::binary::dynamic_table::Dynamic;
use crate::binary::error;
use crate::binary::error::Fault;
use crate::binary::pod::LE;
use crate::binary::segments::Segment;
use crate::util::target::Arch;

/// A limit, since every address look-up searches the segments.
const MOST_SEGMENTS: usize = 256;
/// Segments may overlap, but only so often: it bounds a search through all of them.
const MOST_OVERLAP: usize = 16;

/// The kind of ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Linked to fixed addresses.
    Executable,
    /// A shared object: a plugin, or a position-independent executable.
    Shared,
    /// An object file, a core dump…
    Other,
}

/// A named part of the file.
#[derive(Debug, Clone, Copy)]
pub struct Section<'d> {
    pub address: u64,
    pub bytes: &'d [u8],
    pub compressed: bool,
}

/// An entry of the section table.
#[derive(Debug, Clone, Copy)]
struct SectionHead {
    /// Offset into the section name table.
    name: usize,
    address: u64,
    offset: usize,
    size: usize,
    kind: u32,
    compressed: bool,
}

/// The layout of an ELF file. It owns no bytes: [`Image`] combines the two.
#[derive(Debug)]
pub struct Layout {
    pub arch: Arch,
    pub kind: FileKind,
    segments: Vec<Segment>,
    sections: Vec<SectionHead>,
    section_names: Range<usize>,
    pub(crate) dynamic: OnceLock<Dynamic>,
}

impl Layout {
    /// Reads the headers.
    ///
    /// # Errors
    /// The file is not ELF for a gateway's machine, or is truncated.
    pub fn parse(bytes: &[u8]) -> Result<Layout, Fault> {
        if !bytes.starts_with(b"\x7fELF") {
            return Err(Fault::NotElf(error::sniff(bytes)));
        }
        // The first bytes give class and byte order, which the rest depends on.
        let &[_, _, _, _, class, order, ..] = bytes else {
            return Err(Fault::Truncated("its ELF header"));
        };
        if class == elf::ELFCLASS32.0 {
            return Err(Fault::Class32);
        }
        if order == elf::ELFDATA2MSB.0 {
            return Err(Fault::BigEndian);
        }
        if class != elf::ELFCLASS64.0 || order != elf::ELFDATA2LSB.0 {
            return Err(Fault::Malformed("its ELF class or byte order is unknown"));
        }
        let header: &FileHeader64<LittleEndian> = pod::from_bytes(bytes)
            .map_err(|()| Fault::Truncated("its ELF header"))?
            .0;
        let arch = match header.e_machine(LE) {
            elf::EM_X86_64 => Arch::Amd64,
            elf::EM_AARCH64 => Arch::Arm64,
            other => return Err(Fault::Machine(other.0)),
        };
        let kind = match header.e_type(LE) {
            elf::ET_EXEC => FileKind::Executable,
            elf::ET_DYN => FileKind::Shared,
            _ => FileKind::Other,
        };
        let segments = segments(header, bytes)?;
        let (sections, section_names) = sections(header, bytes)?;
        Ok(Layout {
            arch,
            kind,
            segments,
            sections,
            section_names,
            dynamic: OnceLock::new(),
        })
    }
}

fn segments(header: &FileHeader64<LittleEndian>, bytes: &[u8]) -> Result<Vec<Segment>, Fault> {
    let headers: &[ProgramHeader64<LittleEndian>] = header
        .program_headers(LE, bytes)
        .map_err(|_| Fault::Truncated("its program header table"))?;
    if headers.len() > MOST_SEGMENTS {
        return Err(Fault::Malformed("it has more segments than any linker makes"));
    }
    let segments: Vec<Segment> = headers
        .iter()
        .map(|h| {
            let (offset, size) = h.file_range(LE);
            let within = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
            match within {
                Some((offset, size)) if offset.checked_add(size).is_some_and(|end| end <= bytes.len()) => Ok(Segment {
                    kind: h.p_type(LE).0,
                    address: h.p_vaddr(LE),
                    offset,
                    size,
                    memory: h.p_memsz(LE),
                    align: h.p_align(LE),
                    writable: h.p_flags(LE).contains(elf::PF_W),
                    executable: h.p_flags(LE).contains(elf::PF_X),
                }),
                _ => Err(Fault::Truncated("one of its segments")),
            }
        })
        .collect::<Result<_, _>>()?;
    let together = segments.iter().fold(0usize, |sum, s| sum.saturating_add(s.size));
    if together / MOST_OVERLAP > bytes.len() {
        return Err(Fault::Malformed("its segments overlap more than any linker makes them"));
    }
    Ok(segments)
}

/// The section table, which strip keeps but loading does not need: a file without one is valid.
fn sections(header: &FileHeader64<LittleEndian>, bytes: &[u8]) -> Result<(Vec<SectionHead>, Range<usize>), Fault> {
    let cut = |_| Fault::Truncated("its section header table");
    let headers: &[SectionHeader64<LittleEndian>] = header.section_headers(LE, bytes).map_err(cut)?;
    let sections = headers
        .iter()
        .map(|h| {
            let (offset, size) = h.file_range(LE).unwrap_or_default();
            let range = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
            let (offset, size) = range
                .filter(|(offset, size)| offset.checked_add(*size).is_some_and(|end| end <= bytes.len()))
                .ok_or(Fault::Truncated("one of its sections"))?;
            Ok(SectionHead {
                name: h.sh_name(LE) as usize,
                address: h.sh_addr(LE),
                offset,
                size,
                kind: h.sh_type(LE).0,
                compressed: h.sh_flags(LE).contains(elf::SHF_COMPRESSED),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let names = header
        .shstrndx(LE, bytes)
        .ok()
        .and_then(|index| sections.get(index as usize))
        .map_or(0..0, |s| s.offset..s.offset + s.size);
    Ok((sections, names))
}

/// An ELF file's bytes with its layout.
#[derive(Debug, Clone, Copy)]
pub struct Image<'d> {
    bytes: &'d [u8],
    pub(crate) layout: &'d Layout,
}

impl<'d> Image<'d> {
    /// `layout` must have been parsed from `bytes`; with others the answers are wrong, but nothing panics.
    pub fn new(bytes: &'d [u8], layout: &'d Layout) -> Self {
        Image { bytes, layout }
    }

    pub fn bytes(self) -> &'d [u8] {
        self.bytes
    }

    pub fn arch(self) -> Arch {
        self.layout.arch
    }

    pub fn kind(self) -> FileKind {
        self.layout.kind
    }

    pub fn segments(self) -> impl Iterator<Item = &'d Segment> {
        self.layout.segments.iter()
    }

    /// A segment's bytes in the file.
    pub fn segment_bytes(self, segment: &Segment) -> &'d [u8] {
        self.bytes.get(segment.file_range()).unwrap_or_default()
    }

    /// A section by its name.
    pub fn section(self, name: &str) -> Option<Section<'d>> {
        let names = self.bytes.get(self.layout.section_names.clone())?;
        let found = self.layout.sections.iter().find(|s| {
            let rest = names.get(s.name..).and_then(|n| n.strip_prefix(name.as_bytes()));
            rest.is_some_and(|rest| rest.first() == Some(&0))
        })?;
        Some(Section {
            address: found.address,
            bytes: self.bytes.get(found.offset..found.offset + found.size)?,
            compressed: found.compressed,
        })
    }

    /// A section's range, by type.
    pub(crate) fn section_of_kind(self, kind: u32) -> Option<Range<usize>> {
        let found = self.layout.sections.iter().find(|s| s.kind == kind)?;
        Some(found.offset..found.offset + found.size)
    }

    /// The file range from a run-time address to the end of its segment.
    pub fn file_range_from(self, address: u64) -> Option<Range<usize>> {
        self.segments().filter(|s| s.kind == elf::PT_LOAD.0).find_map(|s| {
            let inside = usize::try_from(address.checked_sub(s.address)?).ok()?;
            (inside < s.size).then(|| s.offset + inside..s.offset + s.size)
        })
    }

    /// The bytes from a run-time address to the end of its segment.
    pub fn from(self, address: u64) -> Option<&'d [u8]> {
        self.bytes.get(self.file_range_from(address)?)
    }

    /// `len` bytes at a run-time address.
    pub fn at(self, address: u64, len: u64) -> Option<&'d [u8]> {
        self.from(address)?.get(..usize::try_from(len).ok()?)
    }

    /// A `u64` at a run-time address.
    pub fn word(self, address: u64) -> Option<u64> {
        let bytes = self.at(address, size_of::<u64>() as u64)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    /// The program interpreter (`PT_INTERP`): `/lib/ld-musl-x86_64.so.1`.
    pub fn interpreter(self) -> Option<&'d str> {
        let segment = self.segments().find(|s| s.kind == elf::PT_INTERP.0)?;
        let text = self.segment_bytes(segment);
        let end = memchr::memchr(0, text).unwrap_or(text.len());
        std::str::from_utf8(&text[..end]).ok()
    }
}
