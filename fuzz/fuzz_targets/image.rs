//! Any bytes as an ELF file: everything that can be asked of it ends, and without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plugbuild::binary::image::{Image, Layout};
use plugbuild::binary::{notes, producer};

fuzz_target!(|bytes: &[u8]| {
    let Ok(layout) = Layout::parse(bytes) else { return };
    let image = Image::new(bytes, &layout);
    let needs = image.version_needs();
    assert!(needs.len() <= bytes.len() / 16);
    for symbol in image.imports().take(1000) {
        let _ = (symbol.text(), image.version_index(&symbol));
    }
    for symbol in image.symbols().take(1000) {
        let _ = image.symbol(symbol.name);
    }
    let _ = (image.needed().count(), image.soname(), image.interpreter());
    let _ = (notes::go_build_id(image), notes::gnu_build_id(image), producer::read(image));
    let _ = image.go_string("runtime.buildVersion");
});
