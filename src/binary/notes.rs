//! The notes of a file: two build IDs, the only bytes that differ between two builds of the same plugin.

use std::ops::Range;
use std::path::Path;

use object::elf::FileHeader64;
use object::read::elf::NoteIterator;
use object::{LittleEndian, elf};

use crate::binary::Binary;
use crate::binary::image::Image;
use crate::binary::pod::LE;

/// The `n_type` of Go's build ID note.
const GO_BUILD_ID: u32 = 4;

/// The range of Go's build ID in the file: text like `a/b/c/d`, as `go tool buildid` prints it.
pub fn go_build_id(image: Image<'_>) -> Option<Range<usize>> {
    find(image, b"Go", GO_BUILD_ID)
}

/// The range of the linker's build ID in the file.
pub fn gnu_build_id(image: Image<'_>) -> Option<Range<usize>> {
    find(image, b"GNU", elf::NT_GNU_BUILD_ID.0)
}

/// The range of a note's content.
fn find(image: Image<'_>, owner: &[u8], kind: u32) -> Option<Range<usize>> {
    image
        .segments()
        .filter(|s| s.kind == elf::PT_NOTE.0)
        .find_map(|segment| {
            let bytes = image.segment_bytes(segment);
            let notes = NoteIterator::<FileHeader64<LittleEndian>>::new(LE, segment.align, bytes).ok()?;
            let note = notes
                .map_while(Result::ok)
                .find(|note| note.name() == owner && note.n_type(LE).0 == kind)?;
            let start = segment.offset + offset_in(bytes, note.desc())?;
            Some(start..start + note.desc().len())
        })
}

/// The offset of `part`, a slice of `whole`.
fn offset_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at <= whole.len()).then_some(at)
}

/// The Go build ID of a linked file, which holds a hash of its content.
pub fn build_id_of(linked: &Path) -> Option<String> {
    let binary = Binary::open(linked).ok()?;
    build_id(&binary)
}

pub(crate) fn build_id(binary: &Binary) -> Option<String> {
    let id = go_build_id(binary.image())?;
    Some(String::from_utf8_lossy(&binary.bytes()[id]).into_owned())
}
