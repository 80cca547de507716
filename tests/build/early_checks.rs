//! What is known before a gateway opens a plugin is said by the build, and what cannot be is refused before it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use snapbox::str;

use crate::support::case::{Case, MAIN_GO};
use crate::support::gateway::text;
use crate::support::{
    cache, gateway_file, gateway_without_plugins, plugbuild, plugin_file, root, skipped, stand_ins_are_amd64,
    write_program,
};

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn run(program: &str, dir: &Path, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    let out = command.current_dir(dir).args(args).output();
    out.is_ok_and(|out| out.status.success())
}

fn build(command: &str, dir: &Path, args: &[&str]) -> Output {
    let mut build = plugbuild(&[command]);
    build.arg(dir).args(args).env("GOCACHE", cache().join("gocache"));
    build.env_remove("GOFLAGS").output().unwrap()
}

/// A handler with a C archive that was compiled for glibc, and by the tag `musl` with one that asks for nothing.
fn with_an_archive() -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(dir.path().join(name), content).unwrap();
    for file in ["plugin.go", "logger.go"] {
        fs::copy(root().join("examples/handler").join(file), dir.path().join(file)).unwrap();
    }
    write("go.mod", "module example.com/prebuilt\n\ngo 1.19\n");
    let number = "// long number(const char *);\nimport \"C\"\n\nvar Number = C.number(C.CString(\"7\"))\n";
    for (tag, name) in [("!musl", "glibc"), ("musl", "musl")] {
        let link = format!("// #cgo LDFLAGS: ${{SRCDIR}}/lib{name}.a\n");
        write(
            &format!("{name}.go"),
            &format!("//go:build {tag}\n\npackage main\n\n{link}{number}"),
        );
    }
    write(
        "glibc.c_",
        "extern char *__strdup(const char *);\nlong number(const char *text) { return __strdup(text)[0]; }\n",
    );
    write("musl.c_", "long number(const char *text) { return text[0]; }\n");
    for name in ["glibc", "musl"] {
        let (source, object, archive) = (format!("{name}.c_"), format!("{name}.o"), format!("lib{name}.a"));
        let made = run("cc", dir.path(), &["-fPIC", "-x", "c", "-c", &source, "-o", &object])
            && run("ar", dir.path(), &["rcs", &archive, &object]);
        fs::remove_file(dir.path().join(source)).unwrap();
        if !made {
            return None;
        }
    }
    Some(dir)
}

/// By release alone it is known what musl lacks: neither `build` nor `package` calls such a plugin finished.
#[test]
fn symbol_missing_in_musl_fails_the_build() {
    if !cfg!(target_arch = "x86_64") || !run("musl-gcc", Path::new("/"), &["--version"]) {
        return skipped("a plugin that needs what musl lacks", "musl-gcc is not here");
    }
    let Some(plugin) = with_an_archive() else {
        return skipped("a plugin that needs what musl lacks", "no C compiler");
    };
    let out = tempfile::tempdir().unwrap();
    let target = ["-g", "2.12.1", "-a", "amd64", "-l", "musl", "--cc", "musl-gcc"];
    let file = out.path().join("x.so");
    let to = ["-o", file.to_str().unwrap()];
    let refused = build("build", plugin.path(), &[&target[..], &to].concat());
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("error[missing-symbol]: it needs `__strdup`, which musl does not have"),
        "{said}"
    );
    assert!(
        said.contains("`plugbuild --gateway 2.12.1 --libc musl -- -tags musl`"),
        "{said}"
    );
    assert!(!file.exists());
    let dist = out.path().join("dist");
    let dist_args = ["--dist", dist.to_str().unwrap()];
    let refused = build("package", plugin.path(), &[&target[..], &dist_args].concat());
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    assert!(!dist.exists());
    // The cure that is named is one.
    let good = build(
        "build",
        plugin.path(),
        &[&target[..], &to, &["--", "-tags", "musl"]].concat(),
    );
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    // Of a gateway whose libc was not named, musl itself is no library that may be missing.
    let verify = plugbuild(&["verify", "--gateway", "2.12.1"])
        .arg(&file)
        .output()
        .unwrap();
    let said = text(&verify.stdout);
    assert!(!said.contains("missing-library"), "{said}");
}

/// Go's arm64 linker wants gold; a gcc without it is told another linker, beside what the user tells it.
#[test]
fn a_gcc_without_gold_links_for_arm64() {
    let dir = tempfile::tempdir().unwrap();
    if !run("aarch64-linux-gnu-gcc", dir.path(), &["--version"]) {
        return skipped("a gcc without gold", "no aarch64-linux-gnu-gcc");
    }
    let gcc = dir.path().join("gcc");
    write_program(
        &gcc,
        "#!/bin/sh\nlast=\nfor arg do case $arg in -fuse-ld=*) last=$arg ;; esac; done\n\
         [ \"$last\" = -fuse-ld=gold ] && { echo 'cannot find ld' >&2; exit 1; }\nexec aarch64-linux-gnu-gcc \"$@\"\n",
    );
    let file = dir.path().join("x.so");
    let args = [
        "-g",
        "2.12.1",
        "-t",
        "arm64-glibc",
        "-o",
        file.to_str().unwrap(),
        "--cc",
        gcc.to_str().unwrap(),
    ];
    for ldflags in [&[][..], &["--", "-ldflags=-s -extldflags '-Wl,-soname,own.so -lm'"]] {
        let out = build(
            "build",
            &root().join("examples/handler"),
            &[&args[..], ldflags].concat(),
        );
        assert_eq!(out.status.code(), Some(0), "{ldflags:?} {}", text(&out.stderr));
        let bytes = fs::read(&file).unwrap();
        let own = bytes.windows(6).any(|bytes| bytes == b"own.so");
        assert_eq!(own, !ldflags.is_empty(), "the user's own flag has come through");
    }
}

#[test]
fn linker_flags_that_break_plugins() {
    let case = Case::equipped();
    for flags in [
        "-ldflags=-X main.v=1 -pluginpath=foo",
        "-ldflags='-s'",
        "-ldflags=-X 'a",
        "-ldflags=x=-s",
    ] {
        let ran = case.run_args(["-g", "2.12.1", "-a", "amd64", "--dry-run", "--", flags]);
        ran.exits(2);
        assert!(
            ran.stderr.contains("-ldflags") && ran.stderr.contains("\nhelp: "),
            "{}",
            ran.stderr
        );
    }
}

/// A gateway is a program that something can be loaded into.
#[test]
fn non_programs_are_not_gateways() {
    let case = Case::equipped()
        .file("work/handler.so", fs::read(plugin_file("1.25.6")).unwrap())
        .file(
            "work/krakend",
            fs::read(gateway_file("gateway", "1.25.6", "2.12.1", "MUSL-1.2.5")).unwrap(),
        );
    for (name, args) in [
        ("static", &["-static", "-nostdlib"][..]),
        ("lib.so", &["-shared", "-nostdlib"]),
        ("x.o", &["-c"]),
    ] {
        fs::write(case.at("work/x.c"), "void _start(void) {}\n").unwrap();
        let args = [args, &["x.c", "-o", name]].concat();
        assert!(run("cc", &case.at("work"), &args));
    }
    for (name, what) in [
        ("handler.so", "is a Go plugin, not a gateway"),
        ("lib.so", "is a shared library, not a gateway"),
        ("x.o", "is an object file, not a gateway"),
        ("static", "is linked statically"),
    ] {
        for command in [
            "-g ./FILE --dry-run",
            "verify handler.so -g ./FILE",
            "gateway show -g ./FILE",
            "gateway import ./FILE",
        ] {
            let ran = case.run(&command.replace("FILE", name));
            ran.exits(2);
            assert!(ran.stderr.contains(what), "{command} {name}: {}", ran.stderr);
        }
    }
    case.run("gateway show -g ./krakend").exits(0);
}

#[test]
fn contradictions_are_refused() {
    let case = Case::equipped()
        .file("work/handler.so", fs::read(plugin_file("1.25.6")).unwrap())
        .file(
            "work/krakend",
            fs::read(gateway_file("gateway", "1.25.6", "2.12.1", "GLIBC-2.36")).unwrap(),
        );
    for (args, said) in [
        (
            "verify handler.so -g ./krakend --libc musl",
            "`--libc musl` contradicts the gateway's file",
        ),
        (
            "verify handler.so -g ./krakend --arch arm64",
            "`--arch arm64` contradicts the gateway's file",
        ),
        ("-g 2.12.1 --libc glibc=9.9 --dry-run", "no glibc has the version 9.9"),
        (
            "-g 2.12.1 -t x86_64-unknown-linux-gnu.2.99 --dry-run",
            "glibc 2.99 is not known",
        ),
        (
            "-g 2.12.1 -t arm64-glibc=2.5 --dry-run",
            "glibc 2.5 is older than any for arm64",
        ),
        ("check -g 2.12.1 -s main.go", "main.go is not a go.sum"),
    ] {
        let ran = case.run(args);
        ran.exits(2);
        assert!(ran.stderr.contains(said), "{args}: {}", ran.stderr);
    }
    case.run("check -g 2.12.1 -s nope.sum").exits(6);
    case.run_args(["package", "-g", "2.12.1", "--plugin-version", ""])
        .exits(2);
    case.run("-g 2.12.1 -t x86_64-unknown-linux-gnu.2.17 --dry-run")
        .exits(0);
}

#[test]
fn other_go_is_named() {
    let case = Case::equipped().go("home/sdk/go1.24.0", "1.24.0");
    let ran = case.run("-g 2.12.1 -a amd64 --go 1.24.0");
    assert!(
        ran.stderr.contains("go 1.24.0, not as the gateway, which has 1.25.6: "),
        "{}",
        ran.text()
    );
    let dry = case.run("-g 2.12.1 -a amd64 --go 1.24.0 --dry-run");
    assert!(
        dry.stdout.contains("handler_2.12.1-go1.24.0_linux_amd64_musl.so"),
        "{}",
        dry.text()
    );
    let same = case.run("-g 2.12.1 -a amd64 --go 1.25.6 --dry-run");
    assert!(
        same.stdout.contains("/handler_2.12.1_linux_amd64_musl.so"),
        "{}",
        same.text()
    );
}

/// Import paths of Go's own, before anything is compiled: `check` and `build` say the same.
#[test]
fn standard_import_path_is_refused() {
    for module in ["main", "context", "type"] {
        let case = Case::equipped()
            .file("work/go.mod", format!("module {module}\n\ngo 1.19\n"))
            .file("home/sdk/go1.25.6/src/context/context.go", "package context\n");
        for args in ["-g 2.12.1 -a amd64", "check -g 2.12.1"] {
            let ran = case.run(args);
            ran.exits(2);
            let said = format!("a plugin cannot have the import path `{module}`: ");
            assert!(ran.stderr.contains(&said), "{args}: {}", ran.text());
            assert!(ran.stderr.contains("go mod edit -module="), "{}", ran.text());
        }
    }
    Case::empty()
        .stdin("plugin.Open(\"/p/x\"): plugin was built with a different version of package main\n")
        .run("explain")
        .is(str![[r#"
exit: 0
--- stdout
line 1: plugin.Open("/p/x"): plugin was built with a different version of package main
  plugin-called-main: the plugin's module is called `main`, as the gateway's own main package is, so that Go takes the two for versions of one package
  help: give the module in the plugin's go.mod another path (`go mod edit -module=example.com/my-plugin`) and build it again
  seen: measured with Go 1.26.8: `module main`, built with -buildmode=plugin


"#]]);
}

/// Two plugins whose names do not tell them apart are not written to one file.
#[test]
fn other_plugins_output_is_kept() {
    let case = Case::equipped()
        .file("work/login/plugin/go.mod", "module example.com/login/plugin\n")
        .file("work/login/plugin/main.go", MAIN_GO)
        .file("work/other/handler/go.mod", "module example.org/other/handler\n")
        .file("work/other/handler/main.go", MAIN_GO);
    let dry = case.run("login/plugin -g 2.12.1 -a amd64 --dry-run");
    assert!(
        dry.stdout.contains("/login-plugin_2.12.1_linux_amd64_musl.so"),
        "{}",
        dry.text()
    );
    case.run("-g 2.12.1 -a amd64").exits(0);
    let other = case.run("other/handler -g 2.12.1 -a amd64");
    other.exits(2);
    assert!(
        other
            .stderr
            .contains("is the plugin example.com/handler, and example.org/other/handler would be written over it"),
        "{}",
        other.text()
    );
    let asked = case.run("other/handler -g 2.12.1 -a amd64 -o handler_2.12.1_linux_amd64_musl.so");
    assert!(
        asked
            .stderr
            .contains("was the plugin example.com/handler: it is replaced"),
        "{}",
        asked.text()
    );
    // Its own may be built again.
    case.run("-g 2.12.1 -a amd64").exits(0);
}

/// A program that loads no plugin, one for the other libc, one that is not there: nothing is built for it.
#[test]
fn unfit_gateway_fails_before_the_build() {
    if !stand_ins_are_amd64("unfit_gateway_fails_before_the_build") {
        return;
    }
    let copy = |case: Case, name: &str, file: &Path| case.file(&format!("work/{name}"), fs::read(file).unwrap());
    let case = copy(
        Case::equipped(),
        "plain",
        &gateway_without_plugins("no-plugins", "1.25.6", "2.12.1"),
    );
    let musl = gateway_file("for-musl", "1.25.6", "2.12.1", "MUSL-1.2.5_(alpine-3.23.0)");
    let case = copy(case, "krakend", &musl);
    let none = "error: [CWD]/plain cannot load plugins: it was linked without Go's plugin package or without cgo";
    for command in ["build", "package", "check", "build --dry-run", "gateway show"] {
        let ran = case.run(&format!("{command} -g ./plain"));
        assert!(ran.exits(1).stderr.contains(none), "{command}: {}", ran.text());
        assert!(!ran.stderr.contains("building"), "{command}: {}", ran.text());
    }
    for command in ["build", "build --dry-run", "package", "package --dry-run"] {
        let with = |file: &str| case.run(&format!("{command} -g 2.12.1 -a amd64 -l musl --verify-with {file}"));
        let ran = with("./nope");
        assert!(
            ran.exits(6).stderr.contains("cannot read the gateway"),
            "{command}: {}",
            ran.text()
        );
        assert!(ran.stderr.contains("[CWD]/nope"), "{command}: {}", ran.text());
        let ran = with("./plain");
        assert!(ran.exits(1).stderr.contains(none), "{command}: {}", ran.text());
    }
    for target in ["-l glibc", "-t amd64-gnu", "-l musl -l glibc"] {
        let ran = case.run(&format!("-g ./krakend -a amd64 {target} --dry-run").replace("-a amd64 -t", "-t"));
        let said = "error: KrakenD 2.12.1 is for musl and cannot load a plugin for glibc";
        assert!(ran.exits(2).stderr.contains(said), "{target}: {}", ran.text());
    }
    assert!(case.list("work/out").is_empty());
}

/// What `package` judges lies in the store, under a name that nobody knows.
#[test]
fn unloadable_release_is_named_as_asked() {
    if !stand_ins_are_amd64("unloadable_release_is_named_as_asked") {
        return;
    }
    let other = gateway_file("of-another-go", "1.25.5", "2.12.1", "MUSL-1.2.5_(alpine-3.23.0)");
    let case = Case::equipped().file("work/krakend", fs::read(other).unwrap());
    let ran = case.run("package -g 2.12.1 -t amd64-musl --verify-with ./krakend");
    let said = "error: the gateway will not load handler for 2.12.1 on amd64-musl";
    assert!(ran.exits(1).stderr.contains(said), "{}", ran.text());
    assert!(!ran.stderr.contains(".release.so"), "{}", ran.text());
}
