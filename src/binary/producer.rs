//! The Go that compiled a file without build information: plugins have had it only since Go 1.21.
//!
//! Debug information names it, unless stripped: each unit begins with `Go cmd/compile go1.20.4; …`.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::binary::image::Image;

const PRODUCER: &[u8] = b"Go cmd/compile ";
/// The small units of the C start-up code come first, so the beginning is enough.
const LOOK_AT: usize = 1 << 20;
/// Precedes a packed section: type, reserved word, size, alignment.
const COMPRESSION_HEADER: usize = 24;
/// The compression type, and the reserved word after it.
const ZLIB: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];

/// The Go version and the compiler flags after it: `("go1.20.4", "-shared -dynlink regabi")`.
pub fn read(image: Image<'_>) -> Option<(String, String)> {
    let text = debug_info(image)?;
    let start = memchr::memmem::find(&text, PRODUCER)? + PRODUCER.len();
    let rest = &text[start..];
    let line = std::str::from_utf8(&rest[..memchr::memchr(0, rest)?]).ok()?;
    let (version, flags) = line.split_once(';').unwrap_or((line, ""));
    Some((version.to_owned(), flags.trim().to_owned()))
}

/// The beginning of the debug information: plain, compressed as in ELF, or as by old linkers.
fn debug_info(image: Image<'_>) -> Option<Vec<u8>> {
    if let Some(section) = image.section(".debug_info") {
        let (head, body) = section.bytes.split_at_checked(COMPRESSION_HEADER)?;
        return match section.compressed {
            false => Some(section.bytes[..section.bytes.len().min(LOOK_AT)].to_vec()),
            true if head.starts_with(&ZLIB) => Some(unpacked(body)),
            true => None,
        };
    }
    let body = image.section(".zdebug_info")?.bytes.strip_prefix(b"ZLIB")?;
    Some(unpacked(body.get(size_of::<u64>()..)?))
}

/// A damaged stream yields what precedes the damage.
fn unpacked(stream: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    match ZlibDecoder::new(stream).take(LOOK_AT as u64).read_to_end(&mut text) {
        Ok(_) | Err(_) => text,
    }
}
