//! Deflates the long tables of toolchains/, which are embedded (src/util/packed.rs): as text they are 400 KB.

use std::io::{Result, Write};
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;

const TABLES: [&str; 6] = [
    "explain.toml",
    "go-sums.txt",
    "modules.txt",
    "musl.txt",
    "official-sums.txt",
    "sums.txt",
];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "the way in which cargo names the directory")]
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    for table in TABLES {
        let source = Path::new("toolchains").join(table);
        println!("cargo::rerun-if-changed={}", source.display());
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(source)?)?;
        fs::write(Path::new(&out).join(table), packed.finish()?)?;
    }
    Ok(())
}
