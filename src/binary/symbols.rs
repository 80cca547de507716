//! Symbol look-up by name, as the dynamic loader does it.

use std::iter;
use std::mem::size_of;
use std::ops::Range;

use object::elf::Sym64;
use object::read::elf::Sym;
use object::{LittleEndian, SymbolIndex, elf, pod};

use crate::binary::dynamic_table::{ByName, Dynamic};
use crate::binary::image::Image;
use crate::binary::pod::{LE, all, read};

/// Chains of a valid hash table have a few symbols; a longer one is malicious.
pub(crate) const LONGEST_CHAIN: usize = 256;

/// A `DT_GNU_HASH` table.
pub(crate) struct GnuHash<'d> {
    base: u32,
    shift: u32,
    bloom: &'d [object::U64<LittleEndian>],
    buckets: &'d [object::U32<LittleEndian>],
    chains: &'d [object::U32<LittleEndian>],
}

impl<'d> GnuHash<'d> {
    pub(crate) fn parse(bytes: &'d [u8]) -> Option<Self> {
        let (header, rest) = pod::from_bytes::<elf::GnuHashHeader<LittleEndian>>(bytes).ok()?;
        let (bloom, rest) = pod::slice_from_bytes(rest, header.bloom_count.get(LE) as usize).ok()?;
        let (buckets, rest) = pod::slice_from_bytes(rest, header.bucket_count.get(LE) as usize).ok()?;
        Some(GnuHash {
            base: header.symbol_base.get(LE),
            shift: header.bloom_shift.get(LE),
            bloom,
            buckets,
            chains: all(rest),
        })
    }

    /// The end of the last chain is the end of the symbol table.
    pub(crate) fn symbol_count(&self) -> usize {
        let last = self.buckets.iter().map(|b| b.get(LE)).max().unwrap_or(0).max(self.base);
        let chain = self.chains.get((last - self.base) as usize..).unwrap_or_default();
        let rest = chain.iter().position(|c| c.get(LE) & 1 != 0).map_or(0, |at| at + 1);
        last as usize + rest
    }

    /// The indices of the symbols that may have this hash.
    fn candidates(&self, hash: u32) -> impl Iterator<Item = usize> + use<'d> {
        let first = self.first(hash);
        let chains = self.chains;
        let base = self.base;
        let mut next = first.filter(|&index| index >= base);
        let mut left = LONGEST_CHAIN;
        std::iter::from_fn(move || {
            while let Some(index) = next {
                let value = chains.get((index - base) as usize)?.get(LE);
                left = left.checked_sub(1)?;
                next = if value & 1 == 0 { index.checked_add(1) } else { None };
                if value | 1 == hash | 1 {
                    return Some(index as usize);
                }
            }
            None
        })
    }

    fn first(&self, hash: u32) -> Option<u32> {
        let word = self.bloom.get((hash / 64) as usize % self.bloom.len().max(1))?.get(LE);
        let mask = (1u64 << (hash % 64)) | (1u64 << (hash.checked_shr(self.shift).unwrap_or(0) % 64));
        if word & mask != mask {
            return None;
        }
        let bucket = self.buckets.get(hash as usize % self.buckets.len().max(1))?.get(LE);
        (bucket != 0).then_some(bucket)
    }
}

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

impl<'d> Image<'d> {
    /// A defined symbol, through the loader's hash table, or through our own if the file has none.
    pub fn symbol(self, name: &[u8]) -> Option<Symbol<'d>> {
        let is_it = |index: usize| {
            let raw = self.raw_symbols().get(index)?;
            let found = self.is_named(raw, name) && raw.st_shndx(LE) != elf::SHN_UNDEF;
            found.then(|| self.symbol_at(index, raw)).flatten()
        };
        let gnu = self.bytes().get(self.dynamic().gnu_hash.clone()).unwrap_or_default();
        if let Some(table) = GnuHash::parse(gnu) {
            return table.candidates(elf::gnu_hash(name)).find_map(is_it);
        }
        let words: &[object::U32<LittleEndian>] = self.table(&self.dynamic().sysv_hash);
        if let [buckets, count, rest @ ..] = words {
            let (buckets, count) = (buckets.get(LE) as usize, count.get(LE) as usize);
            let chains = rest.get(buckets..)?.get(..count)?;
            let first = rest.get(elf::hash(name) as usize % buckets.max(1))?.get(LE) as usize;
            return iter::successors(Some(first), |&at| Some(chains.get(at)?.get(LE) as usize))
                .take_while(|&index| index != SymbolIndex(0).0)
                .take(LONGEST_CHAIN)
                .find_map(is_it);
        }
        let ours = self.dynamic().by_name.get_or_init(|| ByName::of(self));
        ours.candidates(elf::gnu_hash(name)).find_map(is_it)
    }

    /// Compares the end first: many names share a long prefix, few an end.
    fn is_named(self, raw: &Sym64<LittleEndian>, name: &[u8]) -> bool {
        let rest = self.name_onwards(raw).unwrap_or_default();
        rest.get(name.len()) == Some(&0) && rest.starts_with(name)
    }
}

/// `DT_SYMTAB` has no length of its own: a hash table or the section table gives it.
pub(crate) fn symbol_count(image: Image<'_>, dynamic: &Dynamic) -> usize {
    let bytes = |range: &Range<usize>| image.bytes().get(range.clone()).unwrap_or_default();
    if let Some(header) = read::<elf::HashHeader<LittleEndian>>(bytes(&dynamic.sysv_hash), 0) {
        return header.chain_count.get(LE) as usize;
    }
    if let Some(table) = GnuHash::parse(bytes(&dynamic.gnu_hash)) {
        return table.symbol_count();
    }
    match image.section_of_kind(elf::SHT_DYNSYM.0) {
        Some(range) if range.start == dynamic.symbols.start => range.len() / size_of::<Sym64<LittleEndian>>(),
        _ => 0,
    }
}

/// An entry of the dynamic symbol table.
#[derive(Debug, Clone, Copy)]
pub struct Symbol<'d> {
    pub name: &'d [u8],
    pub address: u64,
    pub size: u64,
    /// Defined in this file, not imported.
    pub defined: bool,
    /// May stay unresolved.
    pub weak: bool,
    pub function: bool,
    pub(crate) index: usize,
}

impl Symbol<'_> {
    /// The name for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.name).into_owned()
    }
}
