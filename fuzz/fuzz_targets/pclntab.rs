//! Any bytes as a Go line table, in a file and by themselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plugbuild::binary::buildinfo::{self, BuildInfo};
use plugbuild::binary::image::{Image, Layout};
use plugbuild::binary::pclntab::{self, LineTable};

fn ask(table: LineTable<'_>, info: &BuildInfo) {
    let _ = (table.files().count(), table.module_cache(info), table.main_module(info), table.go_root());
    let _ = (table.module_folders().count(), table.vendored("github.com/a/b"), table.is_trimmed(), table.go_lines());
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(table) = LineTable::parse(bytes) {
        ask(table, &BuildInfo::default());
    }
    if let Ok(layout) = Layout::parse(bytes) {
        let image = Image::new(bytes, &layout);
        if let Some(table) = pclntab::find(image) {
            ask(table, &buildinfo::read(image).unwrap_or_default());
        }
    }
});
