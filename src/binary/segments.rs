//! The parts of a file that are loaded.

use std::ops::Range;

/// A stretch of memory and where it lies in the file.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub kind: u32,
    pub address: u64,
    pub offset: usize,
    pub size: usize,
    /// Its size once loaded, which may be more.
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
