//! The loaded parts of a file.

use std::ops::Range;

/// A range of memory and its position in the file.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub kind: u32,
    pub address: u64,
    pub offset: usize,
    pub size: usize,
    /// The size in memory, which may be larger than in the file.
    pub memory: u64,
    pub align: u64,
    pub writable: bool,
    pub executable: bool,
}

impl Segment {
    pub(crate) fn file_range(&self) -> Range<usize> {
        self.offset..self.offset + self.size
    }
}
