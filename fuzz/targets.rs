//! What is asked of any bytes: by the fuzz targets, and by a test that needs no nightly toolchain
//! (tests/faults/hostile_files.rs).
#![allow(dead_code, reason = "each fuzz target asks one of these")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use plugbuild::binary::buildinfo::BuildInfo;
use plugbuild::binary::image::{Image, Layout};
use plugbuild::binary::moduledata::ModuleData;
use plugbuild::binary::pclntab::LineTable;
use plugbuild::binary::{Binary, buildinfo, ldflags, notes, pclntab, producer};
use plugbuild::gateway::{Asked, GatewaySpec, identify};
use plugbuild::matrix::Matrix;
use plugbuild::util::host::Host;
use plugbuild::verify::gateway::LoadTarget;
use plugbuild::verify::plugin::PluginBinary;
use plugbuild::verify::{judge, render};

/// An ELF file: everything that can be asked of it ends, and without a panic.
pub(crate) fn image(bytes: &[u8]) {
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
    let _ = (
        notes::go_build_id(image),
        notes::gnu_build_id(image),
        producer::read(image),
    );
    let _ = image.go_string("runtime.buildVersion");
    let _ = ModuleData::find(image).map(|data| data.exports().count());
}

/// A Go binary's build information.
pub(crate) fn buildinfo(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let info = buildinfo::parse(text);
        let _ = (
            info.x_value("KrakendVersion"),
            info.experiments(),
            info.index().of_package("a/b").is_some(),
        );
        let _ = (ldflags::words(text).count(), ldflags::x_values(text).count());
    }
    if let Ok(layout) = Layout::parse(bytes) {
        let _ = buildinfo::read(Image::new(bytes, &layout));
    }
}

fn ask(table: LineTable<'_>, info: &BuildInfo) {
    let _ = (
        table.files().count(),
        table.module_cache(info),
        table.main_module(info),
        table.go_root(),
    );
    let _ = (
        table.module_dirs().count(),
        table.module_index().of_module("github.com/a/b"),
        table.is_trimmed(),
        table.go_lines(),
    );
}

/// A Go line table, in a file and by itself.
pub(crate) fn pclntab(bytes: &[u8]) {
    if let Some(table) = LineTable::parse(bytes) {
        ask(table, &BuildInfo::default());
    }
    if let Ok(layout) = Layout::parse(bytes) {
        let image = Image::new(bytes, &layout);
        if let Some(table) = pclntab::find(image) {
            ask(table, &buildinfo::read(image).unwrap_or_default());
        }
    }
}

/// Read once: it is the same for all inputs, and costs more than most of them.
static MATRIX: LazyLock<Matrix> = LazyLock::new(|| Matrix::builtin().expect("the matrix"));

fn judged(plugin: &Path, gateway: &Path) -> plugbuild::util::error::Result<()> {
    let host = Host::new(Default::default(), "/".into(), false)?;
    let asked = Asked {
        gateway: Some(GatewaySpec::File(gateway.to_owned())),
        ..Asked::default()
    };
    let known = identify(&asked, &MATRIX, &host)?;
    let (plugin, file) = (Binary::open(plugin)?, Binary::open(gateway)?);
    let plugin = PluginBinary::read(&plugin)?;
    let against = LoadTarget::file(&known, &file, None, String::new())?;
    let plugins = [plugin];
    let verdicts = judge(&plugins, &against);
    let _ = (
        render::human(&verdicts, &against),
        render::json(&verdicts, &against),
        render::github(&verdicts),
    );
    Ok(())
}

/// A plugin and its gateway, cut in two at the second ELF magic: a verdict or an error.
pub(crate) fn verdict(bytes: &[u8]) {
    let second = bytes.windows(4).skip(1).position(|magic| magic == b"\x7fELF");
    let (plugin, gateway) = bytes.split_at(second.map_or(bytes.len() / 2, |at| at + 1));
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("plugin.so"), folder.path().join("krakend"));
    fs::write(&a, plugin).expect("a file");
    fs::write(&b, gateway).expect("a file");
    let _ = judged(&a, &b);
}
