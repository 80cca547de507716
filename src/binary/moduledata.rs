//! A plugin's entry in the Go runtime's list of modules: its plugin path, and its exports with their types.
//!
//! Go's linker puts a function into `.init_array` that hands the entry's address to the runtime. Its layout differs
//! between Go versions, so fields are recognized by content: the plugin path is the string that has a package hash, the
//! exports are the slice before it, and their types follow the pointer from which all their names can be read.

use crate::binary::image::Image;
use crate::binary::pkghash::{Lookup, unescape};
use crate::util::target::Arch;

/// Only a few C constructors come before Go's function.
const MOST_INITIALIZERS: u64 = 256;
/// The entry has some 70 words.
const MOST_WORDS: u64 = 128;
const WORD: u64 = 8;
/// A plugin exports a handful.
const MOST_EXPORTS: u64 = 1 << 12;
/// The limit of a name or a path.
const LONGEST: u64 = 4096;
const POINTER: u8 = 22;
const FUNCTION: u8 = 19;

/// The fields of the entry that are read here.
#[derive(Debug, Clone, Copy)]
pub struct ModuleData<'d> {
    image: Image<'d>,
    path: &'d str,
    /// Two 32-bit offsets per export: its name and its type.
    exports: &'d [u8],
    /// The base of name and type offsets.
    types: u64,
}

/// An exported variable or function of package main.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export<'d> {
    pub name: &'d str,
    /// A variable has the type of its address.
    kind: u8,
    type_at: u64,
}

impl Export<'_> {
    pub fn is_function(&self) -> bool {
        self.kind == FUNCTION
    }
}

impl<'d> ModuleData<'d> {
    /// Finds a plugin's entry; `None` for a gateway, which has it under a symbol.
    pub fn find(image: Image<'d>) -> Option<Self> {
        let functions = image.initializers().take(MOST_INITIALIZERS as usize);
        functions
            .filter_map(|function| handed_over(image, function))
            .find_map(|entry| Self::at(image, entry))
    }

    fn at(image: Image<'d>, entry: u64) -> Option<Self> {
        let field = |index: u64| entry.checked_add(index * WORD);
        let pointer = |index: u64| image.relocated(field(index)?);
        let (index, path) = (3..MOST_WORDS).find_map(|index| {
            let len = image.word(field(index + 1)?).filter(|len| (1..LONGEST).contains(len))?;
            let path = std::str::from_utf8(image.at(pointer(index)?, len)?).ok()?;
            // Older Go versions escape it as in symbols.
            let known = [path, &unescape(path)].map(|path| Lookup::new(image).get(path));
            known.into_iter().flatten().next().map(|_| (index, path))
        })?;
        let count = image.word(field(index - 2)?).filter(|count| *count <= MOST_EXPORTS)?;
        let exports = match count {
            0 => &[][..],
            count => image.at(pointer(index - 3)?, count.checked_mul(WORD)?)?,
        };
        let with = |types| ModuleData {
            image,
            path,
            exports,
            types,
        };
        let whole = |data: &Self| data.exports().count() as u64 == count;
        (0..index).filter_map(pointer).map(with).find(whole)
    }

    /// Whether this is the plugin's path in the runtime.
    pub fn is_of(self, path: &str) -> bool {
        self.path == path || unescape(self.path) == path
    }

    /// Its exports, up to the first invalid one.
    pub fn exports(self) -> impl Iterator<Item = Export<'d>> {
        self.exports.chunks_exact(WORD as usize).map_while(move |entry| {
            let (name, type_at) = entry.split_at(4);
            let type_at = self.types.checked_add(offset(type_at)?)?;
            let of_one_word = self.image.word(type_at) == Some(WORD);
            let kind = self.kind(type_at).filter(|kind| [POINTER, FUNCTION].contains(kind))?;
            let name = self.name(offset(name)?)?;
            let exported = name.starts_with(char::is_uppercase);
            let sound = exported && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            (of_one_word && sound).then_some(Export { name, kind, type_at })
        })
    }

    /// The address of the function type of an exported variable's method; `None` if there is no such method.
    pub fn method(self, of: &Export<'_>, name: &str) -> Option<u64> {
        const POINTER_TYPE: u64 = 56;
        const FLAGS: u64 = 20;
        const HAS_METHODS: u8 = 1;
        let flags = self.image.at(of.type_at.checked_add(FLAGS)?, 1)?.first()?;
        if of.kind != POINTER || flags & HAS_METHODS == 0 {
            return None;
        }
        // Package path, two method counts, and the offset of the method list.
        let head_at = of.type_at.checked_add(POINTER_TYPE)?;
        let head = self.image.at(head_at, 12)?;
        let count = u64::from(u16::from_le_bytes([head[6], head[7]]));
        let list = self.image.at(head_at.checked_add(offset(&head[8..])?)?, count * 16)?;
        let found = list
            .chunks_exact(16)
            .find(|method| offset(method).and_then(|at| self.name(at)) == Some(name))?;
        self.types.checked_add(offset(&found[4..])?)
    }

    /// Whether an exported variable is itself a pointer or an interface, so that its address has no methods.
    pub fn is_indirect(self, of: &Export<'_>) -> bool {
        const ELEMENT: u64 = 48;
        const INTERFACE: u8 = 20;
        let element = || self.kind(self.image.pointer(of.type_at.checked_add(ELEMENT)?)?);
        of.kind == POINTER && element().is_some_and(|kind| [POINTER, INTERFACE].contains(&kind))
    }

    fn kind(self, type_at: u64) -> Option<u8> {
        Some(self.image.at(type_at.checked_add(23)?, 1)?.first()? & 0x1f)
    }

    /// A name: a byte of flags, its length as a varint, the text.
    fn name(self, at: u64) -> Option<&'d str> {
        let bytes = self.image.from(self.types.checked_add(at)?)?.get(1..)?;
        let (len, text) = match *bytes {
            [len @ ..0x80, ..] => (usize::from(len), &bytes[1..]),
            [low, high @ ..0x80, ..] => (usize::from(low & 0x7f) | usize::from(high) << 7, &bytes[2..]),
            _ => return None,
        };
        std::str::from_utf8(text.get(..len)?).ok()
    }
}

/// A 32-bit offset, which is never negative here.
fn offset(bytes: &[u8]) -> Option<u64> {
    let offset = i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    u64::try_from(offset).ok()
}

/// The address that Go's initializer loads into the first argument before it calls `runtime.addmoduledata`.
fn handed_over(image: Image<'_>, function: u64) -> Option<u64> {
    match image.arch() {
        Arch::Amd64 => match *image.at(function, 8)? {
            // lea rdi, [rip + a b c d]; call
            [0x48, 0x8d, 0x3d, a, b, c, d, 0xe8] => {
                let after = function.checked_add(7)?;
                after.checked_add_signed(i32::from_le_bytes([a, b, c, d]).into())
            }
            _ => None,
        },
        Arch::Arm64 => {
            let word = |at: u64| {
                let bytes = image.at(function.checked_add(at)?, 4)?.try_into().ok()?;
                Some(u32::from_le_bytes(bytes))
            };
            let (first, second) = (word(0)?, word(4)?);
            match (first & 0x9f00_001f, second & 0xffc0_03ff, second & 0x9f00_001f) {
                // adrp x0, page; add x0, x0, low
                (0x9000_0000, 0x9100_0000, _) => {
                    let page = (function & !0xfff).checked_add_signed(displacement(first) << 12)?;
                    page.checked_add(u64::from(second >> 10 & 0xfff))
                }
                // nop; adr x0, there: as lld shortens it
                (_, _, 0x1000_0000) => function.checked_add(4)?.checked_add_signed(displacement(second)),
                _ => None,
            }
        }
    }
}

/// The signed 21 bits of an `adr` or `adrp`.
fn displacement(instruction: u32) -> i64 {
    let bits = (instruction >> 5 & 0x7_ffff) << 2 | instruction >> 29 & 3;
    i64::from((bits << 11) as i32 >> 11)
}
