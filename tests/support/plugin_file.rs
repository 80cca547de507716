//! Files that pass for plugins: what plugbuild's checks read of one, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::support::cache;

/// A shared object that says it was compiled by this Go and exports a registerer. Made once, by the C compiler that
/// cargo links with; it needs no libc, so that it fits every target of the machine's own architecture.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
pub(crate) fn plugin_file(go: &str) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let dir = cache().join("stand-ins");
    let made = dir.join(format!("go{go}.so"));
    if !made.is_file() {
        fs::create_dir_all(&dir).unwrap();
        let source = dir.join(format!("go{go}.s"));
        fs::write(&source, assembly(go)).unwrap();
        let staged = dir.join(format!("go{go}.{}", std::process::id()));
        let out = Command::new("cc")
            .args(["-shared", "-nostdlib", "-Wl,--build-id=sha1", "-o"])
            .args([&staged, &source])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        fs::rename(staged, &made).unwrap();
    }
    made
}

/// Go's build information (inline strings, as from Go 1.18 on), its build ID note, and one exported variable.
fn assembly(go: &str) -> String {
    let version = format!("go{go}");
    let modules = "path\texample.com/handler\n";
    let id = "aaaaaaaa/bbbbbbbb/cccccccc/dddddddd";
    format!(
        ".section .go.buildinfo,\"aw\"\n.balign 16\n.byte 0xff\n.ascii \" Go buildinf:\"\n.byte 8, 2\n.fill 16, 1, 0\n\
         .byte {}\n.ascii \"{version}\"\n.byte {}\n.fill 16, 1, 48\n.ascii \"{}\"\n.fill 16, 1, 49\n\
         .section .note.go.buildid,\"a\",%note\n.balign 4\n.long 4, {}, 4\n.ascii \"Go\\0\\0\"\n.ascii \"{id}\"\n.balign 4\n\
         .data\n.globl \"example.com/handler.HandlerRegisterer\"\n.type \"example.com/handler.HandlerRegisterer\", %object\n\
         .size \"example.com/handler.HandlerRegisterer\", 8\n\"example.com/handler.HandlerRegisterer\":\n.quad 0\n",
        version.len(),
        modules.len() + 32,
        modules.replace('\t', "\\t").replace('\n', "\\n"),
        id.len(),
    )
}
