//! Embedded text that build.rs has deflated: inflated once, when it is first read.

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::ZlibDecoder;

/// A table of toolchains/.
pub(crate) struct Packed {
    bytes: &'static [u8],
    text: OnceLock<String>,
}

/// The table of this name, if build.rs packs it.
macro_rules! packed {
    ($name:literal) => {
        crate::util::packed::Packed::new(include_bytes!(concat!(env!("OUT_DIR"), "/", $name)))
    };
}
pub(crate) use packed;

impl Packed {
    pub(crate) const fn new(bytes: &'static [u8]) -> Self {
        Packed {
            bytes,
            text: OnceLock::new(),
        }
    }

    pub(crate) fn text(&'static self) -> &'static str {
        self.text.get_or_init(|| {
            let mut text = String::new();
            let read = ZlibDecoder::new(self.bytes).read_to_string(&mut text);
            read.expect("build.rs has packed a text");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_was_packed() {
        static SUMS: Packed = packed!("sums.txt");
        let text = include_str!("../../toolchains/sums.txt");
        assert_eq!(SUMS.text(), text);
        assert!(SUMS.bytes.len() < text.len() * 2 / 3);
    }
}
