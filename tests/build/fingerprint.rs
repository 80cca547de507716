//! A build with nothing changed does not ask the go command; a build with anything changed does.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::{plugbuild, say};

/// A plugin with a package of its own, an embedded file and a module beside it.
fn project(root: &Path) -> PathBuf {
    let plugin = root.join("plugin");
    let files = [
        (
            "plugin/go.mod",
            "module example.com/sealed\n\ngo 1.22\n\nrequire example.com/beside v0.0.0\n\nreplace example.com/beside => ../beside\n",
        ),
        ("plugin/main.go", MAIN),
        (
            "plugin/inner/inner.go",
            "package inner\n\nimport _ \"embed\"\n\n//go:embed words.txt\nvar Words string\n\nvar Own = \"inner-1\"\n",
        ),
        ("plugin/inner/words.txt", "words-1\n"),
        ("beside/go.mod", "module example.com/beside\n\ngo 1.22\n"),
        ("beside/beside.go", "package beside\n\nvar Name = \"beside-1\"\n"),
    ];
    for (name, text) in files {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    plugin
}

const MAIN: &str = r#"package main

import (
	"context"
	"net/http"

	"example.com/beside"
	"example.com/sealed/inner"
)

type registerer string

var HandlerRegisterer = registerer("sealed")

func (r registerer) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {
	f(string(r)+beside.Name+inner.Own+inner.Words, func(_ context.Context, _ map[string]interface{}, h http.Handler) (http.Handler, error) { return h, nil })
}

func main() {}
"#;

/// Builds, and tells whether the go command was spared.
fn build(plugin: &Path, more: &[&str], env: &[(&str, &str)]) -> bool {
    let output = plugin.with_file_name("out.so");
    let mut command = plugbuild(&["-v", "--gateway", "2.12.1", "--target", "amd64-glibc", "-o"]);
    command
        .arg(output)
        .args(more)
        .current_dir(plugin)
        .envs(env.iter().copied());
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let spared = said.contains("   unchanged ");
    assert_ne!(spared, said.contains("     running "), "{said}");
    spared
}

fn has(plugin: &Path, word: &str) -> bool {
    let bytes = fs::read(plugin.with_file_name("out.so")).unwrap();
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

/// Files written just before a build are not trusted to be what it read.
fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(60));
}

/// Writes a file with the time it had before, as an unpacked archive or a careful editor does.
fn rewrite(file: &Path, text: &str) {
    let time = fs::metadata(file).unwrap().modified().unwrap();
    fs::write(file, text).unwrap();
    fs::File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[test]
fn change_breaks_the_fingerprint() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let plugin = project(&root);
    settle();
    assert!(!build(&plugin, &[], &[]));
    assert!(build(&plugin, &[], &[]), "a second build asked the go command");

    // Of the same length, with the same time.
    let text = fs::read_to_string(plugin.join("inner/inner.go")).unwrap();
    rewrite(&plugin.join("inner/inner.go"), &text.replace("inner-1", "inner-2"));
    settle();
    assert!(!build(&plugin, &[], &[]) && has(&plugin, "inner-2"));
    rewrite(&plugin.join("inner/words.txt"), "words-2\n");
    settle();
    assert!(!build(&plugin, &[], &[]) && has(&plugin, "words-2"));
    rewrite(
        &root.join("beside/beside.go"),
        "package beside\n\nvar Name = \"beside-2\"\n",
    );
    settle();
    assert!(!build(&plugin, &[], &[]) && has(&plugin, "beside-2"));
    fs::write(
        plugin.join("more.go"),
        "package main\n\nfunc init() { println(\"more-1\") }\n",
    )
    .unwrap();
    settle();
    assert!(!build(&plugin, &[], &[]) && has(&plugin, "more-1"));
    fs::remove_file(plugin.join("more.go")).unwrap();
    assert!(!build(&plugin, &[], &[]) && !has(&plugin, "more-1"));
    assert!(build(&plugin, &[], &[]));

    // The surroundings count as well: each of these is built anew, and then not again.
    for (what, more, env) in [
        ("flags of the user's", vec!["--", "-ldflags=-X=main.x=1"], vec![]),
        ("settings of the go command", vec![], vec![("GOGC", "200")]),
        ("flags for the C compiler", vec![], vec![("CGO_CFLAGS", "-O1")]),
        ("another way to align", vec!["--align", "always"], vec![]),
    ] {
        assert!(!build(&plugin, &more, &env), "{what}");
        assert!(build(&plugin, &more, &env), "{what}, the second time");
    }
    // Where the network is asked for modules cannot change what is there already.
    assert!(!build(&plugin, &[], &[]));
    assert!(build(&plugin, &["--offline"], &[("GOPROXY", "off")]));
}

#[test]
fn missing_output_is_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let plugin = project(&root);
    settle();
    assert!(!build(&plugin, &[], &[]));
    let (output, finished) = (root.join("out.so"), fs::read(root.join("out.so")).unwrap());
    fs::remove_file(&output).unwrap();
    assert!(build(&plugin, &[], &[]) && fs::read(&output).unwrap() == finished);
    fs::write(&output, "something else").unwrap();
    assert!(build(&plugin, &[], &[]) && fs::read(&output).unwrap() == finished);
}

/// A source that is saved while the go command runs may have been read before or after: the next build asks again.
#[test]
fn change_during_a_build_is_not_recorded() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let plugin = project(&root);
    settle();
    assert!(!build(&plugin, &[], &[]));
    let mut caught = 0;
    for round in 0..12_u32 {
        let text = |part: &str| MAIN.replace("\"sealed\"", &format!("\"sealed-{round}{part}\""));
        fs::write(plugin.join("main.go"), text("a")).unwrap();
        settle();
        let (file, saved) = (plugin.join("main.go"), text("b"));
        let saver = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(u64::from(round) * 45));
            // In one piece and of the same length: the go command must not find half a file.
            let mut file = fs::File::options().write(true).open(file).unwrap();
            file.write_all(saved.as_bytes()).unwrap();
            SystemTime::now()
        });
        build(&plugin, &[], &[]);
        let finished = fs::metadata(root.join("out.so")).unwrap().modified().unwrap();
        caught += u32::from(saver.join().unwrap() < finished);
        build(&plugin, &[], &[]);
        assert!(
            has(&plugin, &format!("sealed-{round}b")),
            "round {round}: the save was lost"
        );
    }
    say(&format!("seals: {caught} of 12 saves fell into a build, none was lost"));
}

/// C code may include what nobody lists: the go command is asked each time, but not for the modules.
#[test]
fn c_code_goes_to_the_go_command() {
    let root = tempfile::tempdir().unwrap();
    let plugin = project(&root.path().canonicalize().unwrap());
    let text = fs::read_to_string(plugin.join("main.go")).unwrap();
    let with_c = text.replace("import (", "// int one(void) { return 1; }\nimport \"C\"\n\nimport (");
    fs::write(plugin.join("main.go"), with_c).unwrap();
    settle();
    assert!(!build(&plugin, &[], &[]) && !build(&plugin, &[], &[]));
}
