//! Any bytes as a plugin and as its gateway: a verdict or an error.
//!
//! The input is cut in two at the second ELF magic; a corpus of real pairs is made by fuzz/corpus.sh.
#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use plugbuild::binary::Binary;
use plugbuild::gateway::{Asked, GatewaySpec, identify};
use plugbuild::host::Host;
use plugbuild::matrix::Matrix;
use plugbuild::verify::against::Against;
use plugbuild::verify::plugin::Plugin;
use plugbuild::verify::{judge, render};

fn verdict(plugin: &Path, gateway: &Path) -> plugbuild::error::Result<()> {
    let host = Host::new(Default::default(), "/".into(), false)?;
    let asked = Asked { gateway: Some(GatewaySpec::File(gateway.to_owned())), ..Asked::default() };
    let known = identify(&asked, &Matrix::builtin()?, &host)?;
    let (plugin, file) = (Binary::open(plugin)?, Binary::open(gateway)?);
    let plugin = Plugin::read(&plugin)?;
    let against = Against::file(&known, &file, None, String::new())?;
    let plugins = [plugin];
    let verdicts = judge(&plugins, &against);
    let _ = (render::human(&verdicts, &against), render::json(&verdicts, &against), render::github(&verdicts));
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let second = bytes.windows(4).skip(1).position(|magic| magic == b"\x7fELF");
    let (plugin, gateway) = bytes.split_at(second.map_or(bytes.len() / 2, |at| at + 1));
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("plugin.so"), folder.path().join("krakend"));
    fs::write(&a, plugin).expect("a file");
    fs::write(&b, gateway).expect("a file");
    let _ = verdict(&a, &b);
});
