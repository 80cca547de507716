//! Files that pass for plugins and gateways: what plugbuild reads of one, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use plugbuild::binary::go_format;
use plugbuild::gateway::registerer::PluginKind;

use crate::support::cache;

/// A shared object that says it was compiled by this Go and exports a registerer.
pub(crate) fn plugin_file(go: &str) -> PathBuf {
    go_file(
        &format!("plugin-go{go}"),
        go,
        "path\texample.com/handler\n",
        &["example.com/handler", "runtime"],
        &["-shared"],
    )
}

/// A file that says of itself what a gateway does: its Go, and the values the linker was given.
pub(crate) fn gateway_file(name: &str, go: &str, krakend: &str, libc: &str) -> PathBuf {
    program(name, go, krakend, libc, &["runtime"], &PROGRAM)
}

/// One that was linked without Go's plugin package.
pub(crate) fn gateway_without_plugins(name: &str, go: &str, krakend: &str) -> PathBuf {
    program(name, go, krakend, "MUSL-1.2.5_(alpine-3.23.0)", &[], &PROGRAM)
}

/// One that is linked statically.
pub(crate) fn static_gateway(name: &str, go: &str, krakend: &str) -> PathBuf {
    let form = ["-static-pie", "-Wl,-e,0"];
    program(name, go, krakend, "MUSL-1.2.5_(alpine-3.23.0)", &[], &form)
}

/// A program, by the loader that it asks for.
const PROGRAM: [&str; 4] = ["-pie", "-Wl,-E", "-Wl,--dynamic-linker=/lib/ld.so", "-Wl,-e,0"];

/// `krakend` is its version, after the main module that it is built from, if that is the Community Edition's:
/// `krakend-ce/v3 3.0.0`.
fn program(name: &str, go: &str, krakend: &str, libc: &str, packages: &[&str], form: &[&str]) -> PathBuf {
    let (module, krakend) = match krakend.split_once(' ') {
        Some((module, version)) => (format!("mod\tgithub.com/krakend/{module}\t(devel)\n"), version),
        None => (String::new(), krakend),
    };
    let package = "github.com/luraproject/lura/v2/core";
    let values = format!("-X {package}.KrakendVersion={krakend} -X {package}.GlibcVersion={libc}");
    let modules = format!("path\texample.com/gateway\n{module}build\t-ldflags=\"{values}\"\nbuild\tGOARCH=amd64\n");
    go_file(name, go, &modules, packages, form)
}

/// Made once, by the C compiler that cargo links with. It needs no libc, so that it fits every target of the machine's
/// own architecture.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn go_file(name: &str, go: &str, modules: &str, packages: &[&str], form: &[&str]) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let dir = cache().join("stand-ins");
    let made = dir.join(name);
    let source = dir.join(format!("{name}.s"));
    let text = format!("# {}\n{}", form.join(" "), assembly(go, modules, packages));
    let same = fs::read_to_string(&source).is_ok_and(|there| there == text);
    if !(same && made.is_file()) {
        fs::create_dir_all(&dir).unwrap();
        fs::write(&source, text).unwrap();
        let staged = dir.join(format!("{name}.{}", std::process::id()));
        let out = Command::new("cc")
            .args(form)
            .args(["-nostdlib", "-Wl,--build-id=sha1", "-o"])
            .args([&staged, &source])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        fs::rename(staged, &made).unwrap();
    }
    made
}

/// Go's build information (inline strings, as from Go 1.18 on), its build ID note, one exported variable, and the
/// packages' hashes.
fn assembly(go: &str, modules: &str, packages: &[&str]) -> String {
    let version = format!("go{go}");
    // The go command puts 16 bytes of marker before and after the text.
    let modules = format!("{}{modules}{}", "0".repeat(16), "1".repeat(16));
    let bytes = |text: &str| {
        let mut length = text.len();
        let mut bytes = String::from(".byte ");
        while length >= 0x80 {
            bytes += &format!("{}, ", length & 0x7f | 0x80);
            length >>= 7;
        }
        bytes += &length.to_string();
        text.bytes().fold(bytes, |all, b| format!("{all}, {b}"))
    };
    let id = "aaaaaaaa/bbbbbbbb/cccccccc/dddddddd";
    // The type of a handler's method, as each Go line's linker names it.
    let signature = PluginKind::Handler.row().signature.as_deref().unwrap();
    let mut types: Vec<String> = go_format::all()
        .iter()
        .map(|line| line.type_symbol(signature))
        .collect();
    types.sort();
    types.dedup();
    // A package of another Go is another package.
    let hash: String = go.chars().filter(char::is_ascii_digit).collect();
    let object = |name: &str, value: &str| {
        format!(".globl \"{name}\"\n.type \"{name}\", %object\n.size \"{name}\", 8\n\"{name}\":\n.quad {value}\n")
    };
    let types: String = types.iter().map(|name| object(name, "0")).collect();
    let prefix = &go_format::GoFormat::of(&version)
        .unwrap_or(&go_format::all()[go_format::all().len() - 1])
        .hash_prefix;
    let hashes: String = packages
        .iter()
        .map(|package| object(&format!("{prefix}{package}"), &hash))
        .collect();
    format!(
        ".section .go.buildinfo,\"aw\"\n.balign 16\n.byte 0xff\n.ascii \" Go buildinf:\"\n.byte 8, 2\n.fill 16, 1, 0\n\
         {}\n{}\n\
         .section .note.go.buildid,\"a\",%note\n.balign 4\n.long 4, {}, 4\n.ascii \"Go\\0\\0\"\n.ascii \"{id}\"\n.balign 4\n\
         .data\n.globl \"example.com/handler.HandlerRegisterer\"\n.type \"example.com/handler.HandlerRegisterer\", %object\n\
         .size \"example.com/handler.HandlerRegisterer\", 8\n\"example.com/handler.HandlerRegisterer\":\n.quad 0\n\
         .globl \"example.com/handler.main\"\n.type \"example.com/handler.main\", %function\n\
         .size \"example.com/handler.main\", 8\n\"example.com/handler.main\":\n.quad 0\n{hashes}{types}",
        bytes(&version),
        bytes(&modules),
        id.len(),
    )
}
