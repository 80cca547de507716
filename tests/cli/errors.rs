//! What cannot be built: each with its exit code, what is wrong in the user's words, and what to type about it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use snapbox::str;

use crate::support::case::{Case, GO_MOD, MAIN_GO, go_script};
use crate::support::{gateway_file, plugin_file, stand_ins_are_amd64};

#[test]
fn folder_without_a_plugin() {
    Case::empty().run("-g 2.1").is(str![[r#"
exit: 2
--- stderr
error: no go.mod in [CWD] or above it
help: make it a module: `cd [CWD] && go mod init example.com/myplugin`
help: or start from a plugin that builds: `plugbuild new NAME --type handler`

"#]]);
    // The plugins of a repository are often below its root, each a module of its own.
    Case::empty()
        .file("work/auth/go.mod", GO_MOD)
        .file("work/auth/main.go", MAIN_GO)
        .file("work/tools/main.go", "package main\n\nfunc main() {}\n")
        .run("-g 2.1")
        .is(str![[r#"
exit: 2
--- stderr
error: no go.mod in [CWD] or above it
help: `package main` is in a directory below: `plugbuild [CWD]/auth`
help: make it a module: `cd [CWD] && go mod init example.com/myplugin`
help: or start from a plugin that builds: `plugbuild new NAME --type handler`

"#]]);
    Case::plugin().run("nowhere -g 2.1").is(str![[r#"
exit: 6
--- stderr
error: cannot read the plugin directory [CWD]/nowhere: No such file or directory (os error 2)
help: give the directory of a Go module with `package main`: `plugbuild PATH --gateway …`

"#]]);
    Case::plugin().run("main.go -g 2.1").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/main.go is a file, not a plugin's directory
help: give its directory: a package is built whole, never from single files

"#]]);
    Case::empty()
        .file("work/go.mod", "go 1.19\n")
        .run("-g 2.1")
        .is(str![[r#"
exit: 2
--- stderr
error: [CWD]/go.mod names no module
help: its first line should read `module example.com/myplugin`

"#]]);
    Case::empty()
        .file("work/go.mod", "module example.com/x\n\ngo one\n")
        .run("-g 2.1")
        .is(str![[r#"
exit: 2
--- stderr
error: [CWD]/go.mod: the go line: `one` is not a Go version like 1.19.5
help: it reads `go 1.19`: two numbers, or from Go 1.21 on three

"#]]);
    Case::plugin()
        .file("work/go.mod", b"module \xff\n")
        .run("-g 2.1")
        .is(str![[r#"
exit: 2
--- stderr
error: [CWD]/go.mod is not UTF-8 text
help: recreate it: `go mod init` in its directory

"#]]);
    Case::plugin()
        .file("work/go.mod", format!("{GO_MOD}replace example.com/y => ../y\n"))
        .run("-g 2.1")
        .is(str![[r#"
exit: 6
--- stderr
error: cannot read the module in [CWD]/../y: No such file or directory (os error 2) (named in [CWD]/go.mod: `replace` … ../y)
help: create a module there, or remove that `replace`

"#]]);
    Case::plugin()
        .env("GOWORK", "/nowhere/go.work")
        .run("-g 2.1")
        .is(str![[r#"
exit: 6
--- stderr
error: cannot read /nowhere/go.work: No such file or directory (os error 2)

"#]]);
}

#[test]
fn folder_without_package_main() {
    let words = "go: warning: ignoring something\n-buildmode=plugin requires exactly one main package";
    let go = go_script("1.25.6", &format!("printf '%s\\n' '{words}' >&2; exit 1"));
    Case::equipped()
        .script("home/sdk/go1.25.6/bin/go", &go)
        .run("-g 2.12.1 -a amd64")
        .is(str![[r#"
exit: 3
--- stderr
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
go: warning: ignoring something
-buildmode=plugin requires exactly one main package
error: go build of example.com/handler for x86_64-unknown-linux-musl failed
help: give the directory with `package main`: [CWD] has none, nor has any below it

"#]]);
}

#[test]
fn go_line_newer_than_the_gateway() {
    let with = |line: &str| Case::equipped().file("work/go.mod", format!("module example.com/handler\n\ngo {line}\n"));
    // The command is that of a plugin with an older go line: nothing is refused, and the copy of go.mod has the line lowered.
    for (line, release) in [("1.25.7", "2.12.1"), ("1.26", "2.12.1"), ("1.21.0", "2.1.4")] {
        let ran = with(line).run(&format!("-g {release} --dry-run"));
        let plan = ran.exits(0).text();
        let modfile = format!("-mod=readonly -modfile=[STORE]/modfiles/[HASH]/for-{release}-[HASH]/go.mod ");
        assert!(plan.contains(&modfile), "{line}: {plan}");
        let unaligned = plan.replace(&modfile, "");
        let older = Case::equipped().run(&format!("-g {release} --dry-run")).exits(0).text();
        assert_eq!(unaligned, older, "{line}");
    }
    let hint = with("1.20").run("-g 2.1.4 --dry-run");
    assert_eq!(hint.code, Some(0));
    snapbox::assert_data_eq!(hint.stderr, str![""]);
}

#[test]
fn invalid_plugin_names() {
    if !stand_ins_are_amd64("invalid_plugin_names") {
        return;
    }
    // The whole case is moved, so that the store and the module cache bear such a name too.
    for name in ["a plugin", "плагин 插件", "it's", "a\"b", "$(touch x)`x`", "a=b,c"] {
        let case = Case::equipped()
            .file(&format!("work/{name}/go.mod"), GO_MOD)
            .file(&format!("work/{name}/main.go"), MAIN_GO);
        let store = case.at(&format!("store {name}"));
        let case = case
            .env("PLUGBUILD_HOME", store)
            .env("GOMODCACHE", format!("/tmp/{name}/mod"));
        let ran = case.run_args([name, "-g", "2.12.1", "-a", "amd64", "--out-dir", name]);
        ran.exits(0);
        assert!(
            case.at(&format!("work/{name}/handler_2.12.1_linux_amd64_musl.so"))
                .is_file(),
            "{}",
            ran.text()
        );
        assert_eq!(case.list("work").len(), 3, "{:?}", case.list("work"));
    }
    for name in ["a;b", "a=>b", "both'\"quotes", "line\nbreak"] {
        let case = Case::equipped().file(&format!("work/{name}/go.mod"), GO_MOD);
        let ran = case.run_args([name, "-g", "2.12.1", "-a", "amd64"]);
        ran.exits(2);
        assert!(
            ran.stderr
                .contains("cannot be in a rule of Go's compiler\nhelp: build from a directory without"),
            "{}",
            ran.text()
        );
    }
    Case::equipped()
        .file("work/a;b/go.mod", GO_MOD)
        .run_args(["a;b", "-g", "2.12.1", "-a", "amd64"])
        .is(str![[r#"
exit: 2
--- stderr
error: the directory [CWD]/a;b has a `;` or a line break in its path, and so cannot be in a rule of Go's compiler
help: build from a directory without such characters in its path

"#]]);
    // Bytes that are no text.
    let name = OsStr::from_bytes(b"a\xff");
    let case = Case::equipped();
    fs::create_dir(case.at("work").join(name)).unwrap();
    fs::write(case.at("work").join(name).join("go.mod"), GO_MOD).unwrap();
    case.run_args([name, "-g".as_ref(), "2.12.1".as_ref(), "-a".as_ref(), "amd64".as_ref()])
        .is(str![[r#"
exit: 2
--- stderr
error: the directory [CWD]/a� is not UTF-8, and so cannot be in a rule of Go's compiler
help: build from a directory without such characters in its path

"#]]);
    // A list of folders on PATH is split at colons.
    let case = Case::equipped();
    let store = case.at("a:b");
    case.env("PLUGBUILD_HOME", store).run("-g 2.12.1 -a amd64").is(str![[r#"
exit: 2
--- stderr
error: toolchains cannot live in [ROOT]/a:b: a `:`, a line break or bytes that are not UTF-8 have no place in PATH
help: set PLUGBUILD_HOME to another directory

"#]]);
}

#[test]
fn files_that_are_not_gateways() {
    let whole = fs::read(gateway_file(
        "official",
        "1.25.6",
        "2.12.1",
        "MUSL-1.2.5_(alpine-3.23.0)",
    ))
    .unwrap();
    let case = Case::plugin()
        .file("work/empty", "")
        .file("work/short", &whole[..3])
        .file("work/header", &whole[..40])
        .file("work/truncated", &whole[..whole.len() / 3])
        .file("work/krakend", "#!/bin/sh\nexec /usr/bin/krakend-real\n")
        .file("work/mach-o", b"\xcf\xfa\xed\xfe\x07\0\0\x01")
        .file("work/picture", b"\x89PNG\r\n\x1a\n\0\0")
        .file("work/notes", "KrakenD is a gateway\n")
        .file("work/nogo", fs::read(sh()).unwrap());
    case.run("-g ./nothing").is(str![[r#"
exit: 6
--- stderr
error: cannot read the gateway [CWD]/nothing: No such file or directory (os error 2)
help: a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`
help: a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH
help: its version output: `krakend version 2>&1 | plugbuild --gateway -`
help: its parts: `--go 1.25.6 --libc musl`

"#]]);
    case.run("-g ./empty").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/empty is not a gateway: this is not what `krakend version` prints: no `KrakenD Version:` line
help: give a KrakenD binary for Linux, or a file with what `krakend version` prints

"#]]);
    case.run("-g ./short").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/short is not a gateway: this is not what `krakend version` prints: no `KrakenD Version:` line
help: give a KrakenD binary for Linux, or a file with what `krakend version` prints

"#]]);
    case.run("-g ./header").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/header is truncated: it ends before its ELF header does
help: copy or download it again

"#]]);
    case.run("-g ./truncated").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/truncated is truncated: it ends before one of its segments does
help: copy or download it again

"#]]);
    case.run("-g ./krakend").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/krakend is not a gateway: it is a script, which is not run
help: give the binary that the script starts

"#]]);
    case.run("-g ./mach-o").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/mach-o is not a gateway: neither an ELF file nor text
help: give a KrakenD binary for Linux, or a file with what `krakend version` prints

"#]]);
    case.run("-g ./picture").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/picture is not a gateway: neither an ELF file nor text
help: give a KrakenD binary for Linux, or a file with what `krakend version` prints

"#]]);
    case.run("-g ./notes").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/notes is not a gateway: this is not what `krakend version` prints: no `KrakenD Version:` line
help: give a KrakenD binary for Linux, or a file with what `krakend version` prints

"#]]);
    case.run("-g ./").is(str![[r#"
exit: 2
--- stderr
error: [CWD] is a directory, not a gateway
help: a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`
help: a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH
help: its version output: `krakend version 2>&1 | plugbuild --gateway -`
help: its parts: `--go 1.25.6 --libc musl`

"#]]);
    case.run("-g /dev/zero").is(str![[r#"
exit: 6
--- stderr
error: cannot read the gateway /dev/zero: it is a device, not a regular file
help: a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`
help: a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH
help: its version output: `krakend version 2>&1 | plugbuild --gateway -`
help: its parts: `--go 1.25.6 --libc musl`

"#]]);
    case.run("-g ./nogo").exits(2);
}

/// A program that is no Go program.
fn sh() -> &'static str {
    "/bin/sh"
}

#[test]
fn unwritable_outputs() {
    if !stand_ins_are_amd64("unwritable_outputs") {
        return;
    }
    let case = Case::equipped().file("work/file", "").file("work/dir/x", "");
    let build = "-g 2.12.1 -a amd64 -q";
    case.run(&format!("{build} -o file/x.so")).is(str![[r#"
exit: 6
--- stderr
error: cannot write [CWD]/file/x.so: not a directory
help: write elsewhere: `--out-dir DIR` or `--output FILE`

"#]]);
    case.run(&format!("{build} --out-dir file")).is(str![[r#"
exit: 6
--- stderr
error: cannot write [CWD]/file/handler_2.12.1_linux_amd64_musl.so: not a directory
help: write elsewhere: `--out-dir DIR` or `--output FILE`

"#]]);
    case.run(&format!("{build} -o dir")).is(str![[r#"
exit: 2
--- stderr
error: [CWD]/dir is a directory
help: name a file in it, or use `--out-dir DIR`

"#]]);
    case.run(&format!("{build} -o /dev/null/x.so")).is(str![[r#"
exit: 6
--- stderr
error: cannot write /dev/null/x.so: not a directory
help: write elsewhere: `--out-dir DIR` or `--output FILE`

"#]]);
    let case = case.file("work/x.go", "package main\n");
    case.run(&format!("{build} -o x.go")).is(str![[r#"
exit: 2
--- stderr
error: [CWD]/x.go exists and is not a plugin: it is not overwritten
help: name another file, or remove that one

"#]]);
    // A program is none either: the gateway itself might be meant.
    fs::copy(env!("CARGO_BIN_EXE_plugbuild"), case.at("work/krakend")).unwrap();
    case.run(&format!("{build} -o krakend")).is(str![[r#"
exit: 2
--- stderr
error: [CWD]/krakend exists and is not a plugin: it is not overwritten
help: name another file, or remove that one

"#]]);
    // No device is ever replaced by a plugin; a socket stands for one here.
    let socket = std::os::unix::net::UnixListener::bind(case.at("work/socket")).unwrap();
    case.run(&format!("{build} -o socket")).is(str![[r#"
exit: 2
--- stderr
error: [CWD]/socket is not a regular file
help: name a file, or use `--dry-run`

"#]]);
    drop(socket);
    fs::remove_file(case.at("work/socket")).unwrap();
    assert_eq!(
        case.list("work"),
        ["dir", "file", "go.mod", "krakend", "main.go", "x.go"]
    );
    assert_eq!(case.list("work/dir"), ["x"]);
    case.env("PLUGBUILD_HOME", "/dev/null").run(build).is(str![[r#"
exit: 6
--- stderr
error: cannot create the directory /dev/null/locks: Not a directory (os error 20)
help: set PLUGBUILD_HOME to a writable directory

"#]]);
    Case::equipped()
        .without("PLUGBUILD_HOME")
        .without("HOME")
        .run(build)
        .is(str![[r#"
exit: 2
--- stderr
error: no directory for Go modules: neither GOMODCACHE, GOPATH nor HOME is set
help: set HOME, or set GOMODCACHE to a writable directory

"#]]);
}

#[test]
fn contradicting_flags() {
    let case = Case::plugin();
    case.run("-g 2.1 -o x.so --out-dir y").is(str![[r#"
exit: 2
--- stderr
error: the argument '--output <FILE>' cannot be used with '--out-dir <DIR>'

Usage: plugbuild build --gateway <G> --output <FILE> [PATH] [-- <GO BUILD ARGS>...]

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 --all-targets -a amd64").is(str![[r#"
exit: 2
--- stderr
error: the argument '--all-targets' cannot be used with '--arch <A>'

Usage: plugbuild build --gateway <G> --all-targets [PATH] [-- <GO BUILD ARGS>...]

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 -q -v").is(str![[r#"
exit: 2
--- stderr
error: the argument '--quiet' cannot be used with '--verbose...'

Usage: plugbuild build --gateway <G> --quiet [PATH] [-- <GO BUILD ARGS>...]

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 -o x.so --all-targets").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/x.so cannot hold 4 targets
help: name a folder: `--out-dir DIR`

"#]]);
    case.run("-g 2.1 -o x.so -a amd64 -a arm64").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/x.so cannot hold 2 targets
help: name a folder: `--out-dir DIR`

"#]]);
    case.run("-g 2.1 -a mips").is(str![[r#"
exit: 2
--- stderr
error: invalid value 'mips' for '--arch <A>': no target has the architecture `mips`
help: gateways are released for amd64 (x86_64) and arm64 (aarch64)

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 -l uclibc").is(str![[r#"
exit: 2
--- stderr
error: invalid value 'uclibc' for '--libc <L>': no target has the libc `uclibc`
help: write musl (alpine) or glibc (gnu, generic-linux), with a floor if wanted: glibc=2.31

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 -l musl=1.2").is(str![[r#"
exit: 2
--- stderr
error: invalid value 'musl=1.2' for '--libc <L>': `musl=1.2`: musl has no symbol versions, so it takes no floor
help: write `musl`

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 -t aarch64-apple-darwin").is(str![[r#"
exit: 2
--- stderr
error: invalid value 'aarch64-apple-darwin' for '--target <T>': `aarch64-apple-darwin` is not a target of a gateway
help: write aarch64-unknown-linux-musl, arm64-musl, linux/arm64/musl or x86_64-unknown-linux-gnu.2.31
help: `plugbuild target list` lists them

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 --go one").is(str![[r#"
exit: 2
--- stderr
error: invalid value 'one' for '--go <VERSION>': `one` is not a Go version like 1.19.5
help: write it as `go version` prints it: 1.25.6, go1.25.6

For more information, try '--help'.

"#]]);
    case.run("-g 2.1 --nonsense").is(str![[r#"
exit: 2
--- stderr
error: unexpected argument '--nonsense' found

  tip: to pass '--nonsense' as a value, use '-- --nonsense'

Usage: plugbuild build --gateway <G> [PATH] [-- <GO BUILD ARGS>...]

For more information, try '--help'.

"#]]);
    case.run("toolchain").exits(2);
    // Two files of one name.
    let case = Case::equipped();
    case.run("-g 2.12.1 -a amd64 -l glibc=2.31 -l glibc=2.36 --dry-run")
        .is(str![[r#"
exit: 2
--- stderr
error: x86_64-unknown-linux-gnu.2.31 and x86_64-unknown-linux-gnu.2.36 would both be written to [CWD]/handler_2.12.1_linux_amd64_glibc.so
help: the lower floor loads on both; or build them one by one with `--output FILE`

"#]]);
}

#[test]
fn invalid_settings_files() {
    let with = |text: &str| {
        Case::equipped()
            .file("work/plugbuild.toml", text)
            .run("-g 2.1 -a amd64 --dry-run")
    };
    with("[gateway]\nverison = \"2.1\"\n").is(str![[r#"
exit: 0
--- stdout
# example.com/handler for KrakenD 2.1.4 on x86_64-unknown-linux-musl, then finished as [CWD]/handler_2.1.4_linux_amd64_musl.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-x86_64-linux-musl-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-x86_64-linux-musl-[HASH] GO111MODULE=on GOAMD64=v1 GOARCH=amd64 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[HOME]/sdk/go1.19.5/bin:[BIN] PLUGBUILD_FILE_MAP='[HOME]/sdk/go1.19.5=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [HOME]/sdk/go1.19.5/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .
--- stderr
warning: [CWD]/plugbuild.toml:2:1: the key `gateway.verison` is not known; did you mean `version`?

"#]]);
    with("[build]\ntargets = [\"mips-musl\"]\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 2, column 11
  |
2 | targets = ["mips-musl"]
  |           ^^^^^^^^^^^^^
`mips-musl` is not a target of a gateway; write aarch64-unknown-linux-musl, arm64-musl, linux/arm64/musl or x86_64-unknown-linux-gnu.2.31; `plugbuild target list` lists them
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    with("[gateway\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 1, column 9
  |
1 | [gateway
  |         ^
unclosed table, expected `]`
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    with("[[matrix.release]]\nname = \"9lives\"\nversion = \"2.1.4\"\ngo = \"1.19.5\"\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml:1: `9lives` cannot be the name of a gateway: it does not begin with a letter

"#]]);
    with("[[matrix.release]]\nname = \"acme\"\nversion = \"2.1.4\"\ngo = \"new\"\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 4, column 6
  |
4 | go = "new"
  |      ^^^^^
`new` is not a Go version like 1.19.5; write it as `go version` prints it: 1.25.6, go1.25.6
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    with("top = 1\n").is(str![[r#"
exit: 0
--- stdout
# example.com/handler for KrakenD 2.1.4 on x86_64-unknown-linux-musl, then finished as [CWD]/handler_2.1.4_linux_amd64_musl.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-x86_64-linux-musl-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-x86_64-linux-musl-[HASH] GO111MODULE=on GOAMD64=v1 GOARCH=amd64 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[HOME]/sdk/go1.19.5/bin:[BIN] PLUGBUILD_FILE_MAP='[HOME]/sdk/go1.19.5=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [HOME]/sdk/go1.19.5/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .
--- stderr
warning: [CWD]/plugbuild.toml:1:1: the key `top` is not known

"#]]);
}

#[test]
fn unfit_c_compilers() {
    if !stand_ins_are_amd64("unfit_c_compilers") {
        return;
    }
    let case = Case::equipped();
    case.run("-g 2.12.1 -a arm64 --cc nowhere-gcc").is(str![[r#"
exit: 4
--- stderr
error: the C compiler nowhere-gcc (--cc) does not exist
help: name a program on PATH, or leave it out: zig compiles for every target and is fetched when it is missing

"#]]);
    case.run("-g 2.12.1 -a arm64 --cc ./cc").is(str![[r#"
exit: 4
--- stderr
error: the C compiler ./cc (--cc) does not exist
help: name a program on PATH, or leave it out: zig compiles for every target and is fetched when it is missing

"#]]);
    case.run("-g 2.12.1 -a arm64 --cc gcc").is(str![[r#"
exit: 4
--- stderr
error: no gcc for aarch64-unknown-linux-musl on PATH: looked for aarch64-linux-musl-gcc
help: leave `--cc` out: zig compiles for every target and is fetched when it is missing
help: or name a compiler: `--cc PROGRAM`

"#]]);
    let case = case.env("CC_aarch64_unknown_linux_musl", "/nowhere/gcc");
    case.run("-g 2.12.1 -a arm64").is(str![[r#"
exit: 4
--- stderr
error: the C compiler /nowhere/gcc (CC_aarch64_unknown_linux_musl) does not exist
help: name a program on PATH, or leave it out: zig compiles for every target and is fetched when it is missing

"#]]);
    // What the go command says of a compiler that fails is shown whole.
    let go = go_script(
        "1.25.6",
        "echo '# runtime/cgo'; echo 'gcc: error: unrecognized command-line option' >&2; exit 2",
    );
    let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &go);
    case.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 3
--- stderr
# runtime/cgo
gcc: error: unrecognized command-line option
error: go build of example.com/handler for x86_64-unknown-linux-musl failed
help: Go's own C code comes first and did not compile: leave `--cc` and CC_… out, and zig compiles for every target

"#]]);
    // A plugin for another machine, or by another Go, is not passed on.
    let wrong = Case::equipped().script("home/sdk/go1.25.6/bin/go", &go_script("1.22.11", ""));
    wrong.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 1
--- stderr
error: the plugin for x86_64-unknown-linux-musl was compiled by go1.22.11, the gateway by go1.25.6

"#]]);
    wrong.run("-g 2.12.1 -a arm64 -q").is(str![[r#"
exit: 1
--- stderr
error: the plugin for aarch64-unknown-linux-musl is for amd64 instead

"#]]);
    assert_eq!(wrong.list("work"), ["go.mod", "main.go"]);
    // A compiler whose own name has a blank.
    let case = Case::equipped().script("bin/my gcc", "exit 0").script(
        "home/sdk/go1.25.6/bin/go",
        &go_script(
            "1.25.6",
            "set -f; set -- $CC _ \"$@\"; command -v \"$1\" >/dev/null || { echo no compiler \"$1\"; exit 1; }",
        ),
    );
    case.run_args(["-g", "2.12.1", "-a", "amd64", "-q", "--cc", "my gcc"])
        .is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so

"#]]);
}

#[test]
fn non_plugins_are_rejected() {
    if !stand_ins_are_amd64("non_plugins_are_rejected") {
        return;
    }
    let gone = Case::equipped().script("home/sdk/go1.25.6/bin/go", "exit 0");
    gone.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 6
--- stderr
error: cannot read [STORE]/linked/[HASH]/handler.so: No such file or directory (os error 2)

"#]]);
    let text = Case::equipped().script(
        "home/sdk/go1.25.6/bin/go",
        "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done; echo hello >\"$out\"",
    );
    text.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 2
--- stderr
error: [STORE]/linked/[HASH]/handler.so is a text file, not an ELF binary
help: gateways and plugins for Linux are ELF files: pass the `krakend` binary itself, or the `.so`

"#]]);
    // Every registerer's name blanked.
    let mut bytes = fs::read(plugin_file("1.25.6")).unwrap();
    while let Some(at) = bytes.windows(17).position(|w| w == b"HandlerRegisterer") {
        bytes[at..at + 17].copy_from_slice(b"HandlerRegistered");
    }
    let case = Case::equipped().file("nameless.so", bytes);
    let from = case.at("nameless.so");
    let case = case.script(
        "home/sdk/go1.25.6/bin/go",
        &format!(
            "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done; exec cp {} \"$out\"",
            from.display()
        ),
    );
    case.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 1
--- stderr
error: the plugin for x86_64-unknown-linux-musl exports none of HandlerRegisterer, ClientRegisterer, ModifierRegisterer, MiddlewareRegisterer
help: a gateway looks for a package-level variable of one of these names in package main
help: for example `var HandlerRegisterer = registerer("my-handler")`

"#]]);
}

#[test]
fn without_a_network() {
    // Nothing listens there.
    let closed = "http://127.0.0.1:9";
    let case = Case::plugin()
        .fetching_go("echo '{\"Error\": \"module lookup disabled by GOPROXY=off\"}'; exit 1")
        .env("GOPROXY", "off");
    let case = case
        .env("PLUGBUILD_ZIG_MIRROR", closed)
        .env("PLUGBUILD_GO_MIRROR", closed);
    case.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 5
--- stderr
error: cannot fetch Go 1.25.6 from http://127.0.0.1:9/go1.25.6.[HOST].tar.gz: Connection refused (os error 111)
help: install exactly Go 1.25.6 yourself: on PATH, or in ~/sdk/go1.25.6, where it is found
help: or name a mirror of the official archives: PLUGBUILD_GO_MIRROR=https://… (file:// too)

"#]]);
    let case = case.go("home/sdk/go1.25.6", "1.25.6");
    case.run("-g 2.12.1 -a amd64 -q").is(str![[r#"
exit: 5
--- stderr
error: cannot fetch the list of zig archives from http://127.0.0.1:9/index.json: Connection refused (os error 111)
help: let pip have it (`python3 -m pip download ziglang` must work), or put that zig on PATH
help: or name a mirror: PLUGBUILD_ZIG_MIRROR=https://… (file:// too); or use a cross gcc: `--cc gcc`

"#]]);
    assert!(case.list("store/tmp").is_empty());
    case.run("-g 2.12.1 -a amd64 -q --offline").is(str![[r#"
exit: 4
--- stderr
error: zig 0.16.0 is not on this machine, and --offline allows no download
help: with a network: `plugbuild toolchain install zig`
help: or use a cross gcc: `--cc gcc`

"#]]);
    let case = Case::plugin().env("PLUGBUILD_GO_MIRROR", closed);
    case.run("-g 2.12.1 -a amd64 -q --offline").is(str![[r#"
exit: 4
--- stderr
error: Go 1.25.6 is not on this machine, and --offline allows no download
help: with a network: `plugbuild toolchain install 1.25.6`
help: from a file that was made with one (`plugbuild bundle create FILE`): `plugbuild bundle install FILE`

"#]]);
    case.env("PLUGBUILD_OFFLINE", "1")
        .run("toolchain install 1.25.6 zig")
        .is(str![[r#"
exit: 4
--- stderr
error: Go 1.25.6 is not on this machine, and --offline allows no download
help: with a network: `plugbuild toolchain install 1.25.6`
help: from a file that was made with one (`plugbuild bundle create FILE`): `plugbuild bundle install FILE`

"#]]);
}

#[test]
fn named_tools_that_are_something_else() {
    let build = "-g 2.12.1 -a amd64";
    let case = Case::equipped()
        .go("other", "1.22.11")
        .script("notzig", "exit 3")
        .file("text", "hello");
    let at = |name: &str| case.at(name);
    Case::equipped().env("PLUGBUILD_GO", at("other")).run(build).exits(4);
    let (other, notzig, text) = (at("other"), at("notzig"), at("text"));
    let case = case.env("PLUGBUILD_GO", &other);
    case.run(build).is(str![[r#"
exit: 4
--- stderr
error: PLUGBUILD_GO=[ROOT]/other is Go 1.22.11, and the gateway needs Go 1.25.6
help: unset PLUGBUILD_GO: the right Go is found or fetched

"#]]);
    case.env("PLUGBUILD_GO", &text).run(build).is(str![[r#"
exit: 4
--- stderr
error: PLUGBUILD_GO=[ROOT]/text is another Go, and the gateway needs Go 1.25.6
help: unset PLUGBUILD_GO: the right Go is found or fetched

"#]]);
    Case::equipped()
        .env("PLUGBUILD_ZIG", "/nowhere/zig")
        .run(build)
        .is(str![[r#"
exit: 4
--- stderr
error: PLUGBUILD_ZIG=/nowhere/zig is not a zig executable
help: unset PLUGBUILD_ZIG: a zig that is known to work is found or fetched

"#]]);
    Case::equipped().env("PLUGBUILD_ZIG", &notzig).run(build).exits(4);
    Case::equipped()
        .env("PLUGBUILD_GATEWAY", "2.99")
        .env("GOPROXY", "off")
        .run("-a amd64")
        .is(str![[r#"
exit: 5
--- stderr
      asking your GOPROXY for the versions of github.com/krakend/krakend-ce/v2
error: no release 2.99 of KrakenD is known, and cannot be looked up: module lookup disabled by GOPROXY=off (the gateway is named in PLUGBUILD_GATEWAY)
help: the nearest are 2.13.8, 2.13.7, 2.13.6; `plugbuild gateway list` lists all
help: any gateway can be given as it is: `--gateway ./krakend` (its file), or `krakend version 2>&1 | plugbuild --gateway -`
help: or by its parts: `--go 1.26.1 --libc musl`

"#]]);
}
