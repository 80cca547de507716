//! Where the tables of the dynamic section lie.

use std::ops::Range;
use std::sync::OnceLock;

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

/// The defined symbols of a file without a hash table, by the hash that it would have for them.
#[derive(Debug, Default)]
pub(crate) struct ByName(pub(crate) Vec<(u32, u32)>);
