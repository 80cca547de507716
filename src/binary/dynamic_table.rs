//! The positions of the dynamic section's tables.

use std::ops::Range;
use std::sync::OnceLock;

/// File ranges of the tables named by `PT_DYNAMIC`. All are within the file; an absent table is empty.
#[derive(Debug, Default)]
pub(crate) struct Dynamic {
    pub(crate) symbols: Range<usize>,
    pub(crate) strings: Range<usize>,
    pub(crate) gnu_hash: Range<usize>,
    pub(crate) sysv_hash: Range<usize>,
    pub(crate) versions: Range<usize>,
    pub(crate) version_needs: Range<usize>,
    pub(crate) relocations: Range<usize>,
    /// The number of leading relocations without a symbol; linkers sort these by address.
    pub(crate) relative: usize,
    /// The initializer list's address and size.
    pub(crate) initializers: (u64, u64),
    pub(crate) needed: Vec<u64>,
    /// `DT_FLAGS` and `DT_FLAGS_1`.
    pub(crate) flags: (u64, u64),
    /// Whether some relocations are packed as `DT_RELR`.
    pub(crate) packed: bool,
    pub(crate) soname: Option<u64>,
    /// Built on the first look-up in a file without a hash table.
    pub(crate) by_name: OnceLock<ByName>,
}

/// The defined symbols by GNU hash, for a file without a hash table.
#[derive(Debug, Default)]
pub(crate) struct ByName(pub(crate) Vec<(u32, u32)>);
