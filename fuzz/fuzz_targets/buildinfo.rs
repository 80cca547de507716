//! Any bytes as a Go binary's build information.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plugbuild::binary::image::{Image, Layout};
use plugbuild::binary::{buildinfo, ldflags};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let info = buildinfo::parse(text);
        let _ = (info.x_value("KrakendVersion"), info.experiments(), info.module_of("a/b"));
        let _ = (ldflags::words(text).count(), ldflags::x_values(text).count());
    }
    if let Ok(layout) = Layout::parse(bytes) {
        let _ = buildinfo::read(Image::new(bytes, &layout));
    }
});
