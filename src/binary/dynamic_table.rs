//! TODO src/binary/dynamic_table.rs

use std::mem::size_of;
use std::ops::Range;
use std::sync::OnceLock;

use object::elf::{Dyn64, Sym64};
use object::read::elf::Dyn;
use object::{LittleEndian, elf};

use crate::binary::image::Image;
use crate::binary::pod::{LE, all, shorten};
use crate::binary::symbols::{LONGEST_CHAIN, symbol_count};

/// No file wants more libraries than a few.
pub(crate) const MOST_NEEDED: usize = 1024;

/// Where the tables named by `PT_DYNAMIC` lie in the file. All ranges are within it; an absent table is empty.
#[derive(Debug, Default)]
pub(crate) struct Dynamic {
    pub(crate) symbols: Range<usize>,
    pub(crate) strings: Range<usize>,
    pub(crate) gnu_hash: Range<usize>,
    pub(crate) sysv_hash: Range<usize>,
    pub(crate) versions: Range<usize>,
    pub(crate) version_needs: Range<usize>,
    pub(crate) relocations: Range<usize>,
    /// How many of them come first and name no symbol; linkers sort these by address.
    pub(crate) relative: usize,
    /// The functions that run when it is loaded: the list's address and size.
    pub(crate) initializers: (u64, u64),
    pub(crate) needed: Vec<u64>,
    /// `DT_FLAGS` and `DT_FLAGS_1`.
    pub(crate) flags: (u64, u64),
    /// Relocations packed as `DT_RELR` are among its own.
    pub(crate) packed: bool,
    pub(crate) soname: Option<u64>,
    pub(crate) present: bool,
    /// Made where a name is looked up in a file that has no hash table.
    pub(crate) by_name: OnceLock<ByName>,
}

impl Dynamic {
    /// Tables that point outside the file are taken as absent: what then cannot be found decides, as in a loader.
    pub(crate) fn parse(image: Image<'_>) -> Dynamic {
        let mut found = Dynamic::default();
        let Some(segment) = image.segments().find(|s| s.kind == elf::PT_DYNAMIC.0) else {
            return found;
        };
        found.present = true;
        let bytes = image.segment_bytes(segment);
        let entries: &[Dyn64<LittleEndian>] = all(bytes);
        let (mut string_size, mut rela_size) = (None, 0);
        let place = |address| image.file_range_from(address).unwrap_or_default();
        for entry in entries {
            let value = entry.d_val(LE);
            match entry.d_tag(LE) {
                elf::DT_NULL => break,
                elf::DT_SYMTAB => found.symbols = place(value),
                elf::DT_STRTAB => found.strings = place(value),
                elf::DT_STRSZ => string_size = usize::try_from(value).ok(),
                elf::DT_GNU_HASH => found.gnu_hash = place(value),
                elf::DT_HASH => found.sysv_hash = place(value),
                elf::DT_VERSYM => found.versions = place(value),
                elf::DT_VERNEED => found.version_needs = place(value),
                elf::DT_RELA => found.relocations = place(value),
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
}

/// The defined symbols of a file without a hash table, by the hash that it would have for them.
#[derive(Debug, Default)]
pub(crate) struct ByName(Vec<(u32, u32)>);

impl ByName {
    pub(crate) fn of(image: Image<'_>) -> Self {
        let defined = image.symbols().filter(|symbol| symbol.defined);
        let numbered =
            defined.filter_map(|symbol| Some((elf::gnu_hash(symbol.name), u32::try_from(symbol.index).ok()?)));
        let mut sorted: Vec<(u32, u32)> = numbered.collect();
        sorted.sort_unstable();
        ByName(sorted)
    }

    pub(crate) fn candidates(&self, hash: u32) -> impl Iterator<Item = usize> {
        let first = self.0.partition_point(|(known, _)| *known < hash);
        let same = self.0[first..].iter().take_while(move |(known, _)| *known == hash);
        same.take(LONGEST_CHAIN).map(|(_, index)| *index as usize)
    }
}
