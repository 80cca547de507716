//! Plain little-endian data in a file, read in place and never past its end.

use std::mem::size_of;
use std::ops::Range;

use object::pod::Pod;
use object::{LittleEndian, pod};

pub(crate) fn shorten(range: Range<usize>, len: usize) -> Range<usize> {
    range.start..range.end.min(range.start.saturating_add(len))
}

/// As many whole `T`s as fit in `bytes`.
pub(crate) fn all<T: Pod>(bytes: &[u8]) -> &[T] {
    pod::slice_from_bytes(bytes, bytes.len() / size_of::<T>()).map_or(&[], |(slice, _)| slice)
}

pub(crate) fn read<T: Pod>(bytes: &[u8], at: usize) -> Option<&T> {
    Some(pod::from_bytes(bytes.get(at..)?).ok()?.0)
}

pub(crate) const LE: LittleEndian = LittleEndian;
