//! The dynamic loader's view of a file: needed libraries, symbols, symbol versions, relocated pointers.
//!
//! Read through `PT_DYNAMIC` as the loader does, so that a wrong or missing section table does not change the
//! answer.

use std::mem::size_of;
use std::ops::Range;

use object::elf::{Dyn64, Rela64, Sym64, Vernaux, Verneed, Versym};
use object::pod::Pod;
use object::read::elf::{Dyn, Rela, Sym};
use object::{LittleEndian, elf};

use crate::binary::dynamic_table::Dynamic;
use crate::binary::image::Image;
use crate::binary::pod::{LE, all, read, shorten};
use crate::binary::symbols::{Symbol, symbol_count};

/// Real files need only a few libraries.
pub(crate) const MOST_NEEDED: usize = 1024;

/// The longest name in a gateway has some 200 bytes; the limit bounds every search for a name's end.
const LONGEST_NAME: usize = 4096;

/// A required version of a library: `GLIBC_2.34` of `libc.so.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionNeed<'d> {
    pub library: &'d str,
    pub version: &'d str,
    /// The value of [`Image::version_index`] for symbols of this version.
    pub index: u16,
    /// The loader continues without a weak one.
    pub weak: bool,
}

impl<'d> Image<'d> {
    /// The dynamic section, read on first use.
    pub(crate) fn dynamic(self) -> &'d Dynamic {
        self.layout.dynamic.get_or_init(|| parse(self))
    }

    pub(crate) fn table<T: Pod>(self, range: &Range<usize>) -> &'d [T] {
        all(self.bytes().get(range.clone()).unwrap_or_default())
    }

    fn dynamic_string(self, offset: u64) -> Option<&'d [u8]> {
        let strings = self.bytes().get(self.dynamic().strings.clone())?;
        let rest = strings.get(usize::try_from(offset).ok()?..)?;
        let near = &rest[..rest.len().min(LONGEST_NAME)];
        near.get(..memchr::memchr(0, near)?)
    }

    fn dynamic_text(self, offset: u64) -> Option<&'d str> {
        std::str::from_utf8(self.dynamic_string(offset)?).ok()
    }

    /// The libraries it needs (`DT_NEEDED`), in order.
    pub fn needed(self) -> impl Iterator<Item = &'d str> {
        self.dynamic()
            .needed
            .iter()
            .filter_map(move |&at| self.dynamic_text(at))
    }

    /// Its name as a library (`DT_SONAME`).
    pub fn soname(self) -> Option<&'d str> {
        self.dynamic_text(self.dynamic().soname?)
    }

    pub(crate) fn raw_symbols(self) -> &'d [Sym64<LittleEndian>] {
        self.table(&self.dynamic().symbols)
    }

    pub(crate) fn symbol_at(self, index: usize, raw: &Sym64<LittleEndian>) -> Option<Symbol<'d>> {
        Some(Symbol {
            name: self.dynamic_string(raw.st_name(LE).into())?,
            address: raw.st_value(LE),
            size: raw.st_size(LE),
            defined: raw.st_shndx(LE) != elf::SHN_UNDEF,
            weak: raw.st_bind() == elf::STB_WEAK,
            function: raw.st_type() == elf::STT_FUNC,
            index,
        })
    }

    /// A symbol by index; 0 is not a symbol.
    pub(crate) fn symbol_numbered(self, index: usize) -> Option<Symbol<'d>> {
        let raw = self.raw_symbols().get(index).filter(|_| index > 0)?;
        self.symbol_at(index, raw)
    }

    pub(crate) fn relocations(self) -> &'d [Rela64<LittleEndian>] {
        self.table(&self.dynamic().relocations)
    }

    /// All dynamic symbols in the table's order, without those whose names lie outside the string table.
    pub fn symbols(self) -> impl Iterator<Item = Symbol<'d>> {
        let raw = self.raw_symbols().iter().enumerate().skip(1);
        raw.filter_map(move |(index, raw)| self.symbol_at(index, raw))
    }

    /// The defined data symbols of exactly `size` bytes with a name prefix, and the rest of each name: a scan that
    /// reads as little as possible of other names. With `like`, only symbols of its section.
    pub(crate) fn objects_named(
        self,
        size: u64,
        prefixes: &'d [&'d [u8]],
        like: Option<Symbol<'d>>,
    ) -> impl Iterator<Item = (Symbol<'d>, &'d [u8])> {
        let section = like.and_then(|like| Some(self.raw_symbols().get(like.index)?.st_shndx(LE)));
        let here = move |raw: &Sym64<LittleEndian>| section.is_none_or(|section| raw.st_shndx(LE) == section);
        let raw = self.raw_symbols().iter().enumerate();
        raw.filter(move |(_, raw)| raw.st_size(LE) == size && raw.st_type() == elf::STT_OBJECT && here(raw))
            .filter_map(move |(index, raw)| {
                let name = self.name_onwards(raw)?;
                let prefix = prefixes.iter().find(|prefix| name.starts_with(prefix))?;
                let symbol = self.symbol_at(index, raw).filter(|symbol| symbol.defined)?;
                Some((symbol, symbol.name.strip_prefix(*prefix)?))
            })
    }

    /// The string table starting at a symbol's name.
    pub(crate) fn name_onwards(self, raw: &Sym64<LittleEndian>) -> Option<&'d [u8]> {
        let strings = self.bytes().get(self.dynamic().strings.clone())?;
        strings.get(raw.st_name(LE) as usize..)
    }

    /// Its undefined symbols.
    pub fn imports(self) -> impl Iterator<Item = Symbol<'d>> {
        let raw = self.raw_symbols().iter().enumerate().skip(1);
        raw.filter(|(_, raw)| raw.st_shndx(LE) == elf::SHN_UNDEF)
            .filter_map(move |(index, raw)| self.symbol_at(index, raw))
            .filter(|symbol| !symbol.name.is_empty())
    }

    /// The index of a symbol's version in [`Image::version_needs`]; 0 and 1 mean none.
    pub fn version_index(self, symbol: &Symbol<'_>) -> u16 {
        let table: &[Versym<LittleEndian>] = self.table(&self.dynamic().versions);
        table.get(symbol.index).map_or(1, |v| v.0.get(LE).index().0)
    }

    /// The versions it requires of its libraries (`.gnu.version_r`).
    pub fn version_needs(self) -> Vec<VersionNeed<'d>> {
        let bytes = self
            .bytes()
            .get(self.dynamic().version_needs.clone())
            .unwrap_or_default();
        let mut needs = Vec::new();
        // A valid table has no more entries than fit in it; this stops a loop.
        let mut left = bytes.len() / size_of::<Vernaux<LittleEndian>>();
        let mut library_at = 0usize;
        while let Some(need) = read::<Verneed<LittleEndian>>(bytes, library_at) {
            let library = self.dynamic_text(need.vn_file.get(LE).into());
            let mut at = library_at.saturating_add(need.vn_aux.get(LE) as usize);
            for _ in 0..need.vn_cnt.get(LE) {
                let Some(aux) = read::<Vernaux<LittleEndian>>(bytes, at) else {
                    break;
                };
                let Some(rest) = left.checked_sub(1) else { return needs };
                left = rest;
                let version = self.dynamic_text(aux.vna_name.get(LE).into());
                if let Some((library, version)) = library.zip(version) {
                    needs.push(VersionNeed {
                        library,
                        version,
                        index: aux.vna_other(LE).index().0,
                        weak: aux.vna_flags.get(LE).contains(elf::VER_FLG_WEAK),
                    });
                }
                match aux.vna_next.get(LE) {
                    0 => break,
                    next => at = at.saturating_add(next as usize),
                }
            }
            match (need.vn_next.get(LE), left.checked_sub(1)) {
                (0, _) | (_, None) => break,
                (next, Some(rest)) => {
                    left = rest;
                    library_at = library_at.saturating_add(next as usize);
                }
            }
        }
        needs
    }

    /// A pointer as it will be once the file is loaded, in the file's own address space: position-independent files
    /// keep pointers in relocations, not in place. Searches all relocations, so use it for few pointers only.
    pub fn pointer(self, address: u64) -> Option<u64> {
        self.relocated(address).or_else(|| {
            let found = self.relocations().iter().find(|r| r.r_offset(LE) == address)?;
            let base = match found.r_sym(LE, false) {
                0 => 0,
                symbol => self.raw_symbols().get(symbol as usize)?.st_value(LE),
            };
            Some(base.wrapping_add_signed(found.r_addend(LE)))
        })
    }

    /// The same without a search, for pointers into the file itself, as linkers write them.
    pub(crate) fn relocated(self, address: u64) -> Option<u64> {
        let in_place = self.word(address)?;
        if in_place != 0 {
            return Some(in_place);
        }
        let relative = self.relocations().get(..self.dynamic().relative).unwrap_or_default();
        let at = relative.binary_search_by_key(&address, |r| r.r_offset(LE)).ok()?;
        u64::try_from(relative.get(at)?.r_addend(LE)).ok()
    }

    /// The functions that the loader runs on loading (`.init_array`).
    pub(crate) fn initializers(self) -> impl Iterator<Item = u64> {
        let (list, size) = self.dynamic().initializers;
        // The file's size bounds their number, whatever the file claims.
        let there = self.from(list).map_or(0, |bytes| bytes.len() as u64);
        let slots = (0..size.min(there) / 8).map_while(move |index| list.checked_add(index * 8));
        slots.filter_map(move |slot| self.relocated(slot))
    }

    /// The content of a Go string variable as linked.
    pub(crate) fn go_bytes(self, address: u64) -> Option<&'d [u8]> {
        match self.word(address.checked_add(8)?)? {
            0 => Some(b""),
            len => self.at(self.pointer(address)?, len),
        }
    }

    /// The value of a Go string variable by its symbol, `-X` included: `runtime.buildVersion`.
    pub fn go_string(self, symbol: &str) -> Option<&'d str> {
        std::str::from_utf8(self.go_bytes(self.symbol(symbol.as_bytes())?.address)?).ok()
    }
}

/// Tables that point outside the file count as absent, as in a loader.
fn parse(image: Image<'_>) -> Dynamic {
    let mut found = Dynamic::default();
    let Some(segment) = image.segments().find(|s| s.kind == elf::PT_DYNAMIC.0) else {
        return found;
    };
    let bytes = image.segment_bytes(segment);
    let entries: &[Dyn64<LittleEndian>] = all(bytes);
    let (mut string_size, mut rela_size) = (None, 0);
    let range = |address| image.file_range_from(address).unwrap_or_default();
    for entry in entries {
        let value = entry.d_val(LE);
        match entry.d_tag(LE) {
            elf::DT_NULL => break,
            elf::DT_SYMTAB => found.symbols = range(value),
            elf::DT_STRTAB => found.strings = range(value),
            elf::DT_STRSZ => string_size = usize::try_from(value).ok(),
            elf::DT_GNU_HASH => found.gnu_hash = range(value),
            elf::DT_HASH => found.sysv_hash = range(value),
            elf::DT_VERSYM => found.versions = range(value),
            elf::DT_VERNEED => found.version_needs = range(value),
            elf::DT_RELA => found.relocations = range(value),
            elf::DT_RELASZ => rela_size = usize::try_from(value).unwrap_or(0),
            elf::DT_RELACOUNT => found.relative = usize::try_from(value).unwrap_or(0),
            elf::DT_INIT_ARRAY => found.initializers.0 = value,
            elf::DT_INIT_ARRAYSZ => found.initializers.1 = value,
            elf::DT_FLAGS => found.flags.0 |= value,
            elf::DT_FLAGS_1 => found.flags.1 = value,
            elf::DT_SYMBOLIC => found.flags.0 |= elf::DF_SYMBOLIC.0,
            elf::DT_RELR => found.packed = true,
            elf::DT_NEEDED if found.needed.len() < MOST_NEEDED => found.needed.push(value),
            elf::DT_SONAME => found.soname = Some(value),
            _ => {}
        }
    }
    found.strings = shorten(found.strings, string_size.unwrap_or(usize::MAX));
    found.relocations = shorten(found.relocations, rela_size);
    let count = symbol_count(image, &found);
    found.symbols = shorten(found.symbols, count.saturating_mul(size_of::<Sym64<LittleEndian>>()));
    found
}
