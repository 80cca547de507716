//! Every command on a machine where nothing goes wrong: whole streams, as they are read by people and programs.

use clap::CommandFactory;
use plugbuild::commands::cli::Cli;
use snapbox::str;

use crate::support::case::{Case, HOST};
use crate::support::stand_ins_are_amd64;

#[test]
fn help_texts() {
    let case = Case::empty();
    let mut open = vec![(String::new(), Cli::command())];
    while let Some((words, command)) = open.pop() {
        let name = format!("help{}.txt", words.replace(' ', "-"));
        case.run(&format!("{words} --help")).is_file(&name);
        open.extend(
            command
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set())
                .map(|sub| (format!("{words} {}", sub.get_name()), sub.clone())),
        );
    }
    case.run("--version").is(str![[r#"
exit: 0
--- stdout
plugbuild [VERSION]

"#]]);
}

#[test]
fn build_tells_its_choices() {
    if !stand_ins_are_amd64("build_tells_its_choices") {
        return;
    }
    let case = Case::equipped();
    let build = "--gateway 2.12 --arch amd64";
    case.run(build).is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
     gateway KrakenD 2.12.1: the newest 2.12 Community release in the matrix
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]);
    case.run(build).is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so
--- stderr
     gateway KrakenD 2.12.1: the newest 2.12 Community release in the matrix
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
  up to date [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]);
    case.run(&format!("{build} --message-format json")).is(str![[r#"
exit: 0
--- stdout
{"cc":"zig 0.16.0","checks":{"arch":"amd64","glibc":null,"go":"go1.25.6","local_paths":[],"needed":[],"registerers":["HandlerRegisterer"]},"file":"[CWD]/handler_2.12.1_linux_amd64_musl.so","fresh":true,"gateway":"2.12.1","go":"1.25.6","name":"handler","plugin":"example.com/handler","reason":"plugin-built","sha256":"[HASH]","target":"x86_64-unknown-linux-musl"}
--- stderr
     gateway KrakenD 2.12.1: the newest 2.12 Community release in the matrix
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
  up to date [CWD]/handler_2.12.1_linux_amd64_musl.so (sha256 [HASH])

"#]]);
    // Its mode is that of any file made here: not one of a temporary file's.
    let mode = |file: &str| std::fs::metadata(case.at(file)).unwrap().permissions();
    assert_eq!(mode("work/handler_2.12.1_linux_amd64_musl.so"), mode("work/go.mod"));
    case.run(&format!("{build} -q")).is(str![[r#"
exit: 0
--- stdout
[CWD]/handler_2.12.1_linux_amd64_musl.so

"#]]);
    case.run(&format!("{build} -o out/my.so --libc glibc=2.31"))
        .is(str![[r#"
exit: 0
--- stdout
[CWD]/out/my.so
--- stderr
     gateway KrakenD 2.12.1: the newest 2.12 Community release in the matrix
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.31: --arch; --libc
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.25.6, needs no library, exports HandlerRegisterer
    finished [CWD]/out/my.so (sha256 [HASH])

"#]]);
}

#[test]
fn dry_run_prints_the_command() {
    let case = Case::equipped();
    for (release, name) in [("2.1.4", "2.1.4"), ("2.12.1", "2.12.1")] {
        let args = format!("--gateway {release} --all-targets --dry-run");
        case.run(&args).is_file(&format!("dry-run-{name}.txt"));
        case.run(&format!("{args} --format json"))
            .is_file(&format!("dry-run-{name}-json.txt"));
    }
    assert_eq!(case.list("work"), ["go.mod", "main.go"], "a dry run writes nothing");
    // What the command names is there, so that it can be pasted: its scripts and its overlay.
    assert_eq!(case.list("store"), ["bin", "linked"]);
}

#[test]
fn offline_dry_run_is_the_build() {
    let case = Case::equipped();
    let args = "-g 2.12.1 -a amd64 -v --offline";
    let printed = case.run(&format!("{args} --dry-run")).stdout;
    let command = &printed[printed.find("cd ").unwrap()..];
    assert!(
        command.contains(" GONOPROXY=none ") && command.contains(" GOPROXY=off "),
        "{command}"
    );
    let built = case.run(args).stderr;
    let (_, ran) = built.split_once("running ").unwrap();
    assert!(ran.starts_with(command), "{ran}");
}

#[test]
fn dry_run_names_downloads() {
    let case = Case::plugin().fetching_go("exit 1");
    case.run("-g 2.1.4 --all-targets --dry-run").is(str![[r#"
exit: 0
--- stdout
# Go 1.19.5: to be fetched by Go 1.26.0 on this machine, through your GOPROXY
# zig 0.16.0: to be fetched from the official archives
# example.com/handler for KrakenD 2.1.4 on x86_64-unknown-linux-musl, then finished as [CWD]/handler_2.1.4_linux_amd64_musl.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-x86_64-linux-musl-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-x86_64-linux-musl-[HASH] GO111MODULE=on GOAMD64=v1 GOARCH=amd64 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[STORE]/go/go1.19.5.[HOST]/bin:[BIN] PLUGBUILD_FILE_MAP='[STORE]/go/go1.19.5.[HOST]=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [STORE]/go/go1.19.5.[HOST]/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .
# example.com/handler for KrakenD 2.1.4 on x86_64-unknown-linux-gnu.2.31, then finished as [CWD]/handler_2.1.4_linux_amd64_glibc.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-x86_64-linux-gnu.2.31-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-x86_64-linux-gnu.2.31-[HASH] GO111MODULE=on GOAMD64=v1 GOARCH=amd64 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[STORE]/go/go1.19.5.[HOST]/bin:[BIN] PLUGBUILD_FILE_MAP='[STORE]/go/go1.19.5.[HOST]=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [STORE]/go/go1.19.5.[HOST]/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .
# example.com/handler for KrakenD 2.1.4 on aarch64-unknown-linux-musl, then finished as [CWD]/handler_2.1.4_linux_arm64_musl.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-aarch64-linux-musl-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-aarch64-linux-musl-[HASH] GO111MODULE=on GOARCH=arm64 GOARM64=v8.0 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[STORE]/go/go1.19.5.[HOST]/bin:[BIN] PLUGBUILD_FILE_MAP='[STORE]/go/go1.19.5.[HOST]=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [STORE]/go/go1.19.5.[HOST]/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .
# example.com/handler for KrakenD 2.1.4 on aarch64-unknown-linux-gnu.2.31, then finished as [CWD]/handler_2.1.4_linux_arm64_glibc.so
cd [CWD] && env -u GOROOT -u GOTOOLDIR CC=plugbuild-cc-zig-0.16.0-aarch64-linux-gnu.2.31-[HASH] CGO_ENABLED=1 CXX=plugbuild-cxx-zig-0.16.0-aarch64-linux-gnu.2.31-[HASH] GO111MODULE=on GOARCH=arm64 GOARM64=v8.0 GOENV=off GOEXPERIMENT='' GOFLAGS=' ' GOMODCACHE=[HOME]/go/pkg/mod GOOS=linux GOTOOLCHAIN=local GOWORK=off PATH=[STORE]/bin:[STORE]/go/go1.19.5.[HOST]/bin:[BIN] PLUGBUILD_FILE_MAP='[STORE]/go/go1.19.5.[HOST]=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod' PWD=[CWD] [STORE]/go/go1.19.5.[HOST]/bin/go build -buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec -overlay=[STORE]/linked/[HASH]/overlay/overlay.json -o [STORE]/linked/[HASH]/handler.so .

"#]]);
    case.run("-g 2.1.4 -t arm64-musl --dry-run --format json").is(str![[r#"
exit: 0
--- stdout
{"cc":"zig 0.16.0","command":{"argv":["[STORE]/go/go1.19.5.[HOST]/bin/go","build","-buildmode=plugin","-buildvcs=false","-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod","-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler","-gcflags=std=","-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod","-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler","-asmflags=std=","-toolexec=plugbuild-toolexec","-overlay=[STORE]/linked/[HASH]/overlay/overlay.json","-o","[STORE]/linked/[HASH]/handler.so","."],"cwd":"[CWD]","env":{"CC":"plugbuild-cc-zig-0.16.0-aarch64-linux-musl-[HASH]","CGO_ENABLED":"1","CXX":"plugbuild-cxx-zig-0.16.0-aarch64-linux-musl-[HASH]","GO111MODULE":"on","GOARCH":"arm64","GOARM64":"v8.0","GOENV":"off","GOEXPERIMENT":"","GOFLAGS":" ","GOMODCACHE":"[HOME]/go/pkg/mod","GOOS":"linux","GOTOOLCHAIN":"local","GOWORK":"off","PATH":"[STORE]/bin:[STORE]/go/go1.19.5.[HOST]/bin:[BIN]","PLUGBUILD_FILE_MAP":"[STORE]/go/go1.19.5.[HOST]=/usr/local/go\n[CWD]=/go/src/example.com/handler\n[HOME]/go/pkg/mod=/go/pkg/mod","PWD":"[CWD]"},"unset":["GOROOT","GOTOOLDIR"]},"fetch":["Go 1.19.5: to be fetched by Go 1.26.0 on this machine, through your GOPROXY","zig 0.16.0: to be fetched from the official archives"],"gateway":"2.1.4","go":"1.19.5","name":"handler","output":"[CWD]/handler_2.1.4_linux_arm64_musl.so","plugin":"example.com/handler","reason":"planned","target":"aarch64-unknown-linux-musl"}

"#]]);
}

#[test]
fn dry_run_runs_in_a_shell() {
    let case = Case::equipped();
    // The wrappers are named on PATH, and no dry run writes them: a build before makes them.
    case.run("-g 2.12.1 --arch amd64").exits(0);
    let case = case.script(
        "home/sdk/go1.25.6/bin/go",
        "printf '[%s]\\n' \"$@\" GOFLAGS=\"$GOFLAGS\" \"$PWD\"",
    );
    let line = case.run("-g 2.12.1 --arch amd64 --dry-run").stdout;
    let line = line.replace("[STORE]", case.at("store").to_str().unwrap());
    let line = line
        .replace("[HOME]", case.at("home").to_str().unwrap())
        .replace("[CWD]", case.at("work").to_str().unwrap());
    let line = line.replace("[BIN]", case.at("bin").to_str().unwrap());
    let shell = shell(&line);
    assert!(shell.contains("[build]\n[-buildmode=plugin]\n"), "{line}\n{shell}");
    assert!(
        shell.ends_with(&format!("[.]\n[GOFLAGS= ]\n[{}]\n", case.at("work").display())),
        "{line}\n{shell}"
    );
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn shell(script: &str) -> String {
    let out = std::process::Command::new("/bin/sh")
        .args(["-c", script])
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn env_for_a_makefile() {
    let case = Case::equipped();
    case.run("env -g 2.1.4 -t arm64-musl").is(str![[r#"
exit: 0
--- stdout
unset GOROOT GOTOOLDIR
export CC=plugbuild-cc-zig-0.16.0-aarch64-linux-musl-[HASH]
export CGO_ENABLED=1
export CXX=plugbuild-cxx-zig-0.16.0-aarch64-linux-musl-[HASH]
export GO111MODULE=on
export GOARCH=arm64
export GOARM64=v8.0
export GOENV=off
export GOEXPERIMENT=''
export GOFLAGS=' '
export GOMODCACHE=[HOME]/go/pkg/mod
export GOOS=linux
export GOTOOLCHAIN=local
export GOWORK=off
export PATH=[STORE]/bin:[HOME]/sdk/go1.19.5/bin:[BIN]
export PLUGBUILD_BUILD_FLAGS='-buildmode=plugin -buildvcs=false '\''-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod'\'' '\''-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler'\'' -gcflags=std= '\''-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod'\'' '\''-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler'\'' -asmflags=std= -toolexec=plugbuild-toolexec'
export PLUGBUILD_FILE_MAP='[HOME]/sdk/go1.19.5=/usr/local/go
[CWD]=/go/src/example.com/handler
[HOME]/go/pkg/mod=/go/pkg/mod'
export PLUGBUILD_GO=[HOME]/sdk/go1.19.5/bin/go

"#]]);
    case.run("env -g 2.1.4 -t arm64-musl --format json").is(str![[r#"
exit: 0
--- stdout
{"CC":"plugbuild-cc-zig-0.16.0-aarch64-linux-musl-[HASH]","CGO_ENABLED":"1","CXX":"plugbuild-cxx-zig-0.16.0-aarch64-linux-musl-[HASH]","GO111MODULE":"on","GOARCH":"arm64","GOARM64":"v8.0","GOENV":"off","GOEXPERIMENT":"","GOFLAGS":" ","GOMODCACHE":"[HOME]/go/pkg/mod","GOOS":"linux","GOTOOLCHAIN":"local","GOWORK":"off","PATH":"[STORE]/bin:[HOME]/sdk/go1.19.5/bin:[BIN]","PLUGBUILD_BUILD_FLAGS":"-buildmode=plugin -buildvcs=false '-gcflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-gcflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -gcflags=std= '-asmflags=all=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod' '-asmflags=example.com/handler/...=-trimpath=[HOME]/go/pkg/mod=>/go/pkg/mod;[CWD]=>/go/src/example.com/handler' -asmflags=std= -toolexec=plugbuild-toolexec","PLUGBUILD_FILE_MAP":"[HOME]/sdk/go1.19.5=/usr/local/go\n[CWD]=/go/src/example.com/handler\n[HOME]/go/pkg/mod=/go/pkg/mod","PLUGBUILD_GO":"[HOME]/sdk/go1.19.5/bin/go"}

"#]]);
}

#[test]
fn gateways_and_targets() {
    let case = Case::empty();
    case.run("gateway list").is_file("gateways.txt");
    case.run("gateways").is_file("gateways.txt");
    case.run("--format=json gateways").is_file("gateways-json.txt");
    assert_eq!(case.run("targets").stdout, case.run("target list").stdout);
    case.run("target list").is(str![[r#"
exit: 0
--- stdout
TARGET                       SHORT          ALSO
x86_64-unknown-linux-musl    amd64-musl     linux/amd64/musl
x86_64-unknown-linux-gnu     amd64-glibc    linux/amd64/glibc
aarch64-unknown-linux-musl   arm64-musl     linux/arm64/musl
aarch64-unknown-linux-gnu    arm64-glibc    linux/arm64/glibc

"#]]);
    case.run("targets --format json").is(str![[r#"
exit: 0
--- stdout
[{"triple":"x86_64-unknown-linux-musl","arch":"amd64","libc":"musl","goarch":"amd64","goamd64":"v1","goarm64":null,"zig":"x86_64-linux-musl","gcc":[{"program":"x86_64-linux-musl-gcc","host":null},{"program":"musl-gcc","host":"linux/amd64"}],"glibc":null,"loader":"/lib/ld-musl-x86_64.so.1","qemu":["qemu-x86_64","qemu-x86_64-static"],"source":"Dockerfile, Makefile @ v2.13.0; musl's ldso"},{"triple":"x86_64-unknown-linux-gnu","arch":"amd64","libc":"glibc","goarch":"amd64","goamd64":"v1","goarm64":null,"zig":"x86_64-linux-gnu","gcc":[{"program":"x86_64-linux-gnu-gcc","host":null},{"program":"x86_64-unknown-linux-gnu-gcc","host":null},{"program":"gcc","host":"linux/amd64"}],"glibc":{"oldest":"2.2.5","newest":"2.43"},"loader":"/lib64/ld-linux-x86-64.so.2","qemu":["qemu-x86_64","qemu-x86_64-static"],"source":"Dockerfile-builder-linux, Makefile @ v2.13.0; glibc's ABI list; `zig cc` 0.16.0 of each floor"},{"triple":"aarch64-unknown-linux-musl","arch":"arm64","libc":"musl","goarch":"arm64","goamd64":null,"goarm64":"v8.0","zig":"aarch64-linux-musl","gcc":[{"program":"aarch64-linux-musl-gcc","host":null},{"program":"musl-gcc","host":"linux/arm64"}],"glibc":null,"loader":"/lib/ld-musl-aarch64.so.1","qemu":["qemu-aarch64","qemu-aarch64-static"],"source":"Dockerfile, Makefile @ v2.13.0; musl's ldso"},{"triple":"aarch64-unknown-linux-gnu","arch":"arm64","libc":"glibc","goarch":"arm64","goamd64":null,"goarm64":"v8.0","zig":"aarch64-linux-gnu","gcc":[{"program":"aarch64-linux-gnu-gcc","host":null},{"program":"aarch64-unknown-linux-gnu-gcc","host":null},{"program":"gcc","host":"linux/arm64"}],"glibc":{"oldest":"2.17","newest":"2.43"},"loader":"/lib/ld-linux-aarch64.so.1","qemu":["qemu-aarch64","qemu-aarch64-static"],"source":"Dockerfile-builder-linux, Makefile @ v2.13.0; glibc's ABI list; `zig cc` 0.16.0 of each floor"}]

"#]]);
}

#[test]
fn toolchain_list_and_remove() {
    let case = Case::empty();
    case.run("toolchain dir").is(str![[r#"
exit: 0
--- stdout
[STORE]

"#]]);
    case.run("toolchain dir --message-format json").is(str![[r#"
exit: 0
--- stdout
{"path":"[STORE]","reason":"toolchain-dir"}

"#]]);
    case.run("toolchain list").is(str![[r#"
exit: 0

"#]]);
    let case = case
        .go(&format!("store/go/go1.19.5.{HOST}"), "1.19.5")
        .go(&format!("store/go/go1.25.6.{HOST}"), "1.25.6");
    case.run("toolchain list").is(str![[r#"
exit: 0
--- stdout
go 1.19.5    [STORE]/go/go1.19.5.[HOST]
go 1.25.6    [STORE]/go/go1.25.6.[HOST]

"#]]);
    case.run("toolchain list --message-format json").is(str![[r#"
exit: 0
--- stdout
{"path":"[STORE]/go/go1.19.5.[HOST]","reason":"toolchain","toolchain":"go 1.19.5"}
{"path":"[STORE]/go/go1.25.6.[HOST]","reason":"toolchain","toolchain":"go 1.25.6"}

"#]]);
    case.run("toolchain install 1.25.6").exits(0);
    case.run("toolchain remove 1.25.6").exits(0);
    case.run("toolchain remove 1.25.6").is(str![[r#"
exit: 2
--- stderr
error: 1.25.6 is not in the store
help: `plugbuild toolchain list` lists what is

"#]]);
    case.run("toolchain install 1.25").is(str![[r#"
exit: 2
--- stderr
error: Go 1.25 is a language version: the first release of it is 1.25.0
help: write all three numbers, as `go version` prints them: 1.25.0

"#]]);
    let slip = case.run("toolchain remove go-one");
    assert!(slip.exits(2).stderr.contains("`plugbuild toolchain remove 1.25.6`"));
    case.run("toolchain install go-one").is(str![[r#"
exit: 2
--- stderr
error: `go-one` is not a Go version like 1.19.5
help: write it as `go version` prints it: 1.25.6, go1.25.6
help: name a Go version, or `zig`: `plugbuild toolchain install 1.25.6`

"#]]);
    assert_eq!(case.list("store/go"), [format!("go1.19.5.{HOST}")]);
    assert!(case.list("store/tmp").is_empty());
}

#[test]
fn doctor_names_what_is_missing() {
    if !stand_ins_are_amd64("doctor_names_what_is_missing") {
        return;
    }
    let case = Case::empty().fetching_go("exit 1");
    case.run("doctor").is(str![[r#"
exit: 0
--- stdout
ok   host           linux/amd64
ok   store          [STORE]
ok   go             1.26.0 ([ROOT]/anygo/bin/go) fetches any other through your GOPROXY
ok   go store       empty: filled by the first build
ok   zig            0.16.0 will be fetched on first use
ok   amd64-musl     zig only
ok   amd64-glibc    zig only
ok   arm64-musl     zig only
ok   arm64-glibc    zig only
ok   module cache   [HOME]/go/pkg/mod
ok   krakend        none on PATH: name a release with --gateway

"#]]);
    let case = case.zig().script("bin/musl-gcc", "").script("bin/krakend", "");
    case.run("doctor").is(str![[r#"
exit: 0
--- stdout
ok   host           linux/amd64
ok   store          [STORE]
ok   go             1.26.0 ([ROOT]/anygo/bin/go) fetches any other through your GOPROXY
ok   go store       empty: filled by the first build
ok   zig            0.16.0 on PATH ([BIN]/zig)
ok   amd64-musl     zig, or [BIN]/musl-gcc
ok   amd64-glibc    zig only
ok   arm64-musl     zig only
ok   arm64-glibc    zig only
ok   module cache   [HOME]/go/pkg/mod
ok   krakend        [BIN]/krakend (`--gateway auto`)

"#]]);
    case.run("doctor --message-format json").is(str![[r#"
exit: 0
--- stdout
{"what":"host","ok":true,"found":"linux/amd64","help":null,"fatal":false}
{"what":"store","ok":true,"found":"[STORE]","help":null,"fatal":false}
{"what":"go","ok":true,"found":"1.26.0 ([ROOT]/anygo/bin/go) fetches any other through your GOPROXY","help":null,"fatal":false}
{"what":"go store","ok":true,"found":"empty: filled by the first build","help":null,"fatal":false}
{"what":"zig","ok":true,"found":"0.16.0 on PATH ([BIN]/zig)","help":null,"fatal":false}
{"what":"amd64-musl","ok":true,"found":"zig, or [BIN]/musl-gcc","help":null,"fatal":false}
{"what":"amd64-glibc","ok":true,"found":"zig only","help":null,"fatal":false}
{"what":"arm64-musl","ok":true,"found":"zig only","help":null,"fatal":false}
{"what":"arm64-glibc","ok":true,"found":"zig only","help":null,"fatal":false}
{"what":"module cache","ok":true,"found":"[HOME]/go/pkg/mod","help":null,"fatal":false}
{"what":"krakend","ok":true,"found":"[BIN]/krakend (`--gateway auto`)","help":null,"fatal":false}

"#]]);
    let offline = Case::empty().fetching_go("exit 1").env("GOMODCACHE", "/dev/null/mod");
    offline.env("PLUGBUILD_OFFLINE", "1").run("doctor").is(str![[r#"
exit: 4
--- stdout
ok   host           linux/amd64
ok   store          [STORE]
ok   go             1.26.0 ([ROOT]/anygo/bin/go), and no other is fetched: --offline
ok   go store       empty; a bundle fills it: `plugbuild bundle install FILE`
fail zig            0.16.0 is not here, and --offline allows no download
                    help: with a network: `plugbuild toolchain install zig`; without: `plugbuild bundle install FILE`
ok   amd64-musl     zig only
ok   amd64-glibc    zig only
ok   arm64-musl     zig only
ok   arm64-glibc    zig only
fail module cache   cannot write /dev/null/mod: not a directory
                    help: set HOME, or GOMODCACHE to a writable directory
ok   krakend        none on PATH: name a release with --gateway
--- stderr
error: builds cannot work here: zig, module cache
help: with a network: `plugbuild toolchain install zig`; without: `plugbuild bundle install FILE`

"#]]);
    case.env("PLUGBUILD_HOME", "/dev/null/store")
        .without("HOME")
        .run("doctor")
        .is(str![[r#"
exit: 6
--- stdout
ok   host           linux/amd64
fail store          cannot create the directory /dev/null/store/tmp: Not a directory (os error 20)
                    help: set PLUGBUILD_HOME to a writable directory
ok   go             1.26.0 ([ROOT]/anygo/bin/go) fetches any other through your GOPROXY
ok   go store       empty: filled by the first build
ok   zig            0.16.0 on PATH ([BIN]/zig)
ok   amd64-musl     zig, or [BIN]/musl-gcc
ok   amd64-glibc    zig only
ok   arm64-musl     zig only
ok   arm64-glibc    zig only
fail module cache   no directory for Go modules: neither GOMODCACHE, GOPATH nor HOME is set
                    help: set HOME, or GOMODCACHE to a writable directory
ok   krakend        [BIN]/krakend (`--gateway auto`)
--- stderr
error: builds cannot work here: store, module cache
help: set PLUGBUILD_HOME to a writable directory

"#]]);
}

/// A list that was cut short must not look like a whole one to a script.
#[test]
fn full_stdout_is_an_error() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return crate::support::skipped("an answer that cannot be written", "no /dev/full on this system");
    };
    let case = Case::equipped();
    for args in ["gateways", "--help", "build --help", "--version"] {
        let full = full.try_clone().unwrap();
        let ran = case.command(args.split(' ')).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(6), "{args}");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(
            said,
            "error: cannot write standard output: No space left on device (os error 28)\n\
             help: the disk is full: free some space; `plugbuild cache prune --all` removes what builds can recreate\n",
            "{args}"
        );
    }
}

#[test]
fn closed_stdout_is_not_an_error() {
    let case = Case::equipped();
    for args in ["gateways", "--help", "-g 2.1 --all-targets --dry-run", "doctor"] {
        let mut child = case.command(args.split(' ')).spawn().unwrap();
        drop(child.stdout.take());
        let ran = case.told(&child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args}");
    }
}
