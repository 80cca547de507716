//! The user's own flags for the go command, after `--` and in GOFLAGS: passed on, left out with a word, or refused.

use snapbox::str;

use crate::support::case::Case;

#[test]
fn refused_go_build_flags() {
    let case = Case::equipped();
    let mut told = String::new();
    for flags in [
        "-o x.so",
        "-trimpath",
        "-race",
        "-msan",
        "-asan",
        "-cover",
        "-compiler gccgo",
        "-buildmode=c-shared",
        "-toolexec=x",
        "-pgo=auto",
        "-buildvcs",
        "-C ..",
        "-n",
        "-json",
        "-gcflags=all=-N",
        "-gcflags -trimpath=x",
        "-asmflags=std=-x",
        "./...",
        "-ldflags",
        "-tags",
        "--race",
    ] {
        let ran = case.run(&format!("-g 2.12.1 -a amd64 --dry-run -- {flags}"));
        ran.exits(2);
        told += &format!("$ {flags}\n{}", ran.stderr);
    }
    snapbox::assert_data_eq!(
        told,
        str![[r#"
$ -o x.so
error: `-o` after `--` is set by plugbuild
help: write `--output FILE` before the `--`
$ -trimpath
error: `-trimpath` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -race
error: `-race` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -msan
error: `-msan` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -asan
error: `-asan` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -cover
error: `-cover` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -compiler gccgo
error: `-compiler` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`
$ -buildmode=c-shared
error: `-buildmode` is set by plugbuild
help: leave it out
$ -toolexec=x
error: `-toolexec` is set by plugbuild
help: leave it out
$ -pgo=auto
error: `-pgo` is set by plugbuild
help: leave it out
$ -buildvcs
error: `-buildvcs` is set by plugbuild
help: leave it out
$ -C ..
error: `-C` is set by plugbuild
help: leave it out
$ -n
error: `-n` is set by plugbuild
help: leave it out
$ -json
error: `-json` is set by plugbuild
help: leave it out
$ -gcflags=all=-N
error: `-gcflags=all=-N` reaches packages that the gateway has too
help: give flags for the plugin's own package: `-gcflags=-N`
$ -gcflags -trimpath=x
error: `-gcflags=-trimpath=x` reaches packages that the gateway has too
help: give flags for the plugin's own package: `-gcflags=-N`
$ -asmflags=std=-x
error: `-asmflags=std=-x` reaches packages that the gateway has too
help: give flags for the plugin's own package: `-asmflags=-N`
$ ./...
error: `./...` after `--` is not a flag of go build
help: name the plugin's directory before the `--`: `plugbuild PATH --gateway … -- FLAGS`
$ -ldflags
error: the go build flag `-ldflags` has no value
help: write `-ldflags=VALUE`
$ -tags
error: the go build flag `-tags` has no value
help: write `-tags=VALUE`
$ --race
error: `-race` makes a plugin that an official gateway refuses
help: leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`

"#]]
    );
    let flags = "-tags foo -gcflags=-N -ldflags=-s -p=2 -x";
    let ran = case.run(&format!("-g 2.1.4 -t arm64-musl --dry-run -- {flags}"));
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stdout
            .contains(" -toolexec=plugbuild-toolexec -tags=foo -ldflags=-s -p=2 -x -overlay=[STORE]/"),
        "{}",
        ran.text()
    );
    assert!(ran.stdout.contains(" '-gcflags=-N -trimpath="), "{}", ran.text());
    snapbox::assert_data_eq!(
        ran.stderr,
        str![[r#"
warning: -tags=foo: if a shared package depends on these tags, the gateway refuses the plugin

"#]]
    );
}

#[test]
fn unfit_goflags() {
    let case = Case::equipped();
    let flags = "-trimpath -race -mod=vendor '-ldflags=-s -w' -mod=mod -tags=x -buildvcs=false -modfile=/a/go.mod -p=1";
    let ran = case.env("GOFLAGS", flags).run("-g 2.12.1 -t arm64-musl --dry-run");
    assert!(
        ran.stdout.contains(" GOFLAGS='-mod=mod -modfile=/a/go.mod -p=1' "),
        "{}",
        ran.text()
    );
    snapbox::assert_data_eq!(
        ran.stderr,
        str![[r#"
warning: GOFLAGS has -trimpath, which is left out: official gateways are built without it, and a plugin must be like them
warning: GOFLAGS has -race, which is left out: it could make the plugin unlike the gateway
warning: GOFLAGS has -mod=vendor, which is left out: there is no vendor directory here
warning: GOFLAGS has -ldflags=-s -w, which is left out: it could make the plugin unlike the gateway; for this build, pass it after `--`: `-- '-ldflags=-s -w'`
warning: GOFLAGS has -tags=x, which is left out: it could make the plugin unlike the gateway; for this build, pass it after `--`: `-- -tags=x`
warning: -modfile=/a/go.mod is set: nothing is compared with the gateway's modules, and nothing aligned

"#]]
    );
    Case::equipped()
        .env("GOFLAGS", "'-mod=mod")
        .run("-g 2.12.1 --dry-run")
        .is(str![[r#"
exit: 2
--- stderr
error: a ' is not closed in the flags `'-mod=mod`
help: close it in GOFLAGS, or in the file that `go env GOENV` names

"#]]);
    let spaced = Case::equipped()
        .env("GOFLAGS", "\"-modfile=/a b/it's.mod\"")
        .run("-g 2.12.1 -t arm64-musl --dry-run");
    assert!(
        spaced.stdout.contains(r#" GOFLAGS='"-modfile=/a b/it'\''s.mod"' "#),
        "{}",
        spaced.text()
    );
    // A go env file that does not fit is the user's for other builds.
    let written = Case::equipped().file(
        "home/.config/go/env",
        "GOFLAGS=-trimpath\nGOPRIVATE=corp.example\nCC=clang\n",
    );
    let ran = written.run("-g 2.12.1 -t arm64-musl --dry-run");
    assert!(
        ran.stdout.contains(" GOPRIVATE=corp.example ") && !ran.stdout.contains("clang"),
        "{}",
        ran.text()
    );
    snapbox::assert_data_eq!(
        ran.stderr,
        str![[r#"
warning: GOFLAGS has -trimpath, which is left out: official gateways are built without it, and a plugin must be like them

"#]]
    );
}

/// An empty list of tags is Go's own way to say "none": what GOFLAGS has is then neither passed on nor worth a word.
#[test]
fn flags_after_dashes_replace_goflags() {
    for (flags, tags) in [
        (&["-tags", ""][..], "-tags="),
        (&["-tags="], "-tags="),
        (&["-tags", "mine"], "-tags=mine"),
    ] {
        let case = Case::equipped().env("GOFLAGS", "-tags=theirs");
        let args = ["-g", "2.12.1", "-t", "arm64-musl", "--dry-run", "--"];
        let ran = case.run_args([&args, flags].concat());
        ran.exits(0);
        assert!(ran.stdout.contains(&format!(" {tags} ")), "{flags:?}: {}", ran.text());
        assert!(!ran.text().contains("theirs"), "{flags:?}: {}", ran.text());
        assert_eq!(
            ran.stderr.contains("warning: "),
            tags == "-tags=mine",
            "{flags:?}: {}",
            ran.text()
        );
    }
}

/// The file with the registerers' assertions gives way to one of the user's own.
#[test]
fn user_overlay_is_kept() {
    let dry = |case: Case, args: &str| {
        case.run(&format!("-g 2.12.1 -t arm64-musl --dry-run {args}"))
            .exits(0)
            .stdout
            .clone()
    };
    let by_flag = dry(Case::equipped(), "-- -overlay=/my.json");
    assert!(
        by_flag.contains(" -overlay=/my.json -o ") && by_flag.matches("-overlay").count() == 1,
        "{by_flag}"
    );
    let by_env = dry(Case::equipped().env("GOFLAGS", "-overlay=/my.json"), "");
    assert!(
        by_env.contains(" GOFLAGS=-overlay=/my.json ") && by_env.matches("-overlay").count() == 1,
        "{by_env}"
    );
}
