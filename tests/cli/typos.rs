//! What a new user slips on: words that are no command, settings of the wrong type, a gateway named elsewhere; and where a
//! program reads of an error.

use std::process::Stdio;
use std::time::{Duration, Instant};

use snapbox::str;

use crate::support::case::{Case, go_script};
use crate::support::gateway_file;

#[test]
fn unknown_command() {
    Case::empty().run("buidl").is(str![[r#"
exit: 2
--- stderr
error: no such command: `buidl`
help: did you mean `plugbuild build`?

"#]]);
    // Also with words behind it that only that command takes, or that none does.
    for line in ["verfy x.so", "verfy x.so y.so --libc musl --sysroot /"] {
        let ran = Case::empty().run(line);
        let told = "error: no such command: `verfy`\nhelp: did you mean `plugbuild verify`?\n";
        assert_eq!(ran.exits(2).stderr, told, "{line}");
    }
    Case::empty().run("completions bash").is(str![[r#"
exit: 2
--- stderr
error: no such command: `completions`
help: `plugbuild --help` lists the commands; to build a directory, give its path: `plugbuild ./DIR`

"#]]);
    // A folder of that name is one.
    let folder = Case::empty()
        .file("work/verfy/x", "")
        .run("verfy --nope")
        .stderr
        .clone();
    assert!(!folder.contains("no such command"), "{folder}");
    Case::empty().run("help gateways").exits(0);
    let suggested = |args: &str| Case::empty().run(args).exits(2).stderr.contains("similar subcommand");
    assert!(!suggested("help nope") && !suggested("config nope"));
    assert!(suggested("help buidl") && suggested("config chekc"));
    assert!(Case::empty().run("help").stdout.contains("Usage: plugbuild"));
}

#[test]
fn go_flags_before_dashes() {
    let case = Case::equipped();
    case.run("-g 2.12.1 -tags foo").is(str![[r#"
exit: 2
--- stderr
error: `-tags` is a flag of go build
help: put it after `--`: `plugbuild … -- -tags foo`

"#]]);
    for flag in ["-ldflags=-s", "-race", "-overlay o.json", "-gcflags=-N", "--ldflags=-s"] {
        let ran = case.run(&format!("-g 2.12.1 --dry-run {flag}"));
        let told = format!("put it after `--`: `plugbuild … -- {flag}`");
        assert!(ran.exits(2).stderr.contains(&told), "{}", ran.stderr);
    }
    case.run("-g 2.12.1 -t arm64-musl --dry-run -- -tags foo").exits(0);
}

/// One exit code for what was named and is not there, whichever command reads it.
#[test]
fn missing_files_exit_with_6() {
    let case = Case::equipped();
    for line in [
        "nope -g 2.12.1",
        "build nope -g 2.12.1",
        "package nope -g 2.12.1",
        "package --check nope",
        "verify nope.so -g 2.12.1",
        "verify nope.so -g ./nokrakend",
        "inspect nope.so",
        "explain nope.log",
        "check nope -g 2.12.1",
        "check -g ./nokrakend",
        "fix nope -g 2.12.1",
        "compat nope",
        "upgrade nope --from 2.9 --to 2.13",
        "deps nope -g 2.12.1",
        "lock nope -g 2.12.1",
        "metadata --format-version 1 nope -g 2.12.1",
        "matrix nope -g 2.12.1",
        "env nope -g 2.12.1",
        "fetch nope -g 2.12.1",
        "bundle create x.plugbundle nope -g 2.12.1",
        "bundle install nope",
        "gateway show -g ./nokrakend",
        "gateway import ./nokrakend --name x",
        "test nope.so -g 2.12.1",
        "test nope.so -g ./nokrakend",
        "watch nope -g ./nokrakend",
        "init nope --type handler",
        "new x --type handler -g ./nokrakend",
        "config check nope.json",
        "config inject nope.json --plugin x --type handler",
    ] {
        let ran = case.run(line);
        assert_eq!(ran.code, Some(6), "{line}: {}", ran.text());
        assert!(
            ["nope", "nokrakend"].iter().any(|name| ran.stderr.contains(name)),
            "{line}: {}",
            ran.text()
        );
    }
}

#[test]
fn middleware_for_community_warns() {
    let source =
        "package main\n\nvar MiddlewareRegisterer = registerer(\"x\")\n\ntype registerer string\n\nfunc main() {}\n";
    let case = Case::equipped().file("work/main.go", source);
    let told = "warning: MiddlewareRegisterer is ignored by this gateway: middleware plugins work in the Enterprise edition only";
    let ran = case.run("-g 2.12.1 -t arm64-musl --align never");
    assert!(ran.stderr.contains(told), "{}", ran.text());
    // Of a gateway by its parts the edition is not known.
    let ran = case.run("--go 1.25.6 -t arm64-musl --align never");
    assert!(!ran.stderr.contains(told), "{}", ran.text());
}

#[test]
fn missing_module_names_goprivate() {
    for answer in ["403 Forbidden", "404 Not Found", "410 Gone"] {
        let said = format!(
            "echo 'go: github.com/acme/auth@v1.0.0: reading https://proxy.test/github.com/acme/auth/@v/v1.0.0.mod: {answer}' >&2; exit 1"
        );
        let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &go_script("1.25.6", &said));
        let ran = case.run("-g 2.12.1 -t arm64-musl --align never");
        let told = "if the module is private: `export GOPRIVATE='github.com/acme/*'`";
        assert!(ran.stderr.contains(told), "{}", ran.text());
        assert!(!ran.stderr.contains("vendor/"), "{}", ran.text());
    }
}

#[test]
fn github_annotations_have_file_and_line() {
    let case = Case::plugin().env("GITHUB_ACTIONS", "true");
    let ran = case
        .file("work/plugbuild.toml", "[build]\njobs = -1\n")
        .run("--dry-run");
    let told = "::error file=[CWD]/plugbuild.toml,line=2,col=8,title=plugbuild::";
    assert!(ran.stderr.contains(told), "{}", ran.text());
    let said = "echo './main.go:3:7: undefined: x' >&2; exit 1";
    let case = Case::equipped()
        .script("home/sdk/go1.25.6/bin/go", &go_script("1.25.6", said))
        .env("GITHUB_ACTIONS", "true");
    let ran = case.run("-g 2.12.1 -t arm64-musl --align never");
    let told = "/main.go,line=3,col=7,title=go build::./main.go:3:7: undefined: x";
    assert!(ran.stderr.contains(told), "{}", ran.text());
}

/// A clone has what is in the repository, and nothing beside it.
#[test]
fn new_warns_of_a_gateway_outside_the_repository() {
    let file = gateway_file("gateway-for-new", "1.25.6", "2.12.1", "MUSL-1.2.5_(alpine-3.23.0)");
    let case = Case::empty();
    std::fs::copy(&file, case.at("work/krakend")).unwrap();
    let told = "which is outside of [CWD]/one: a clone does not have it";
    let ran = case.run("new one --type handler -g ./krakend");
    assert!(ran.exits(0).stderr.contains(told), "{}", ran.text());
    assert!(
        ran.stderr.contains("`PLUGBUILD_GATEWAY=2.12.1-alpine`"),
        "{}",
        ran.text()
    );
    std::fs::create_dir(case.at("work/.git")).unwrap();
    for (name, typed) in [
        ("two", std::path::PathBuf::from("./krakend")),
        ("three", case.at("work/krakend")),
    ] {
        let ran = case.run_args(["new", name, "--type", "handler", "-g", typed.to_str().unwrap()]);
        assert!(!ran.exits(0).stderr.contains("a clone"), "{}", ran.text());
        let settings = std::fs::read_to_string(case.at(&format!("work/{name}/plugbuild.toml"))).unwrap();
        assert!(settings.contains("version = \"../krakend\""), "{settings}");
        let ignored = std::fs::read_to_string(case.at(&format!("work/{name}/.gitignore"))).unwrap();
        assert!(ignored.contains("/dist/"), "{ignored}");
    }
}

#[test]
fn verbose_twice() {
    let case = Case::equipped();
    for line in [
        "-vv -g 2.12.1 -t arm64-musl --dry-run",
        "-g 2.12.1 -t arm64-musl --dry-run -v -v",
    ] {
        case.run(line).exits(0);
    }
    case.run("-vv targets").exits(0);
}

#[test]
fn settings_of_a_wrong_type() {
    let with = |text: &str| Case::plugin().file("work/plugbuild.toml", text).run("--dry-run");
    with("[gateway]\nversion = 2.12\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 2, column 11
  |
2 | version = 2.12
  |           ^^^^
expected a string or a list of strings
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    with("[build]\njobs = -1\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 2, column 8
  |
2 | jobs = -1
  |        ^^
expected a number of at least 1, found `-1`
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    with("[build]\ntargets = [\"arm65-musl\"]\n").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/plugbuild.toml: TOML parse error at line 2, column 11
  |
2 | targets = ["arm65-musl"]
  |           ^^^^^^^^^^^^^^
`arm65-musl` is not a target of a gateway; write aarch64-unknown-linux-musl, arm64-musl, linux/arm64/musl or x86_64-unknown-linux-gnu.2.31; `plugbuild target list` lists them
help: `plugbuild config schema` prints every key with what it takes

"#]]);
    Case::plugin().run("-g 2.1 -j 0").is(str![[r#"
exit: 2
--- stderr
error: invalid value '0' for '--jobs <N>': expected a number of at least 1, found `0`
help: write 1 or more

For more information, try '--help'.

"#]]);
}

#[test]
fn misspelt_key_is_named_before_its_error() {
    let case = Case::plugin().file("work/plugbuild.toml", "[gatway]\nversion = \"2.12\"\n");
    let case = case.env("PLUGBUILD_CONFIG", "/nowhere/plugbuild.toml");
    for command in ["", "lock", "check"] {
        let said = case.run(command).stderr;
        let place = |what: &str| said.find(what).unwrap_or_else(|| panic!("{what} is not in {said}"));
        assert!(place("did you mean `gateway`?") < place("error: no gateway"), "{said}");
        assert!(
            said.contains("PLUGBUILD_CONFIG=/nowhere/plugbuild.toml is not a file"),
            "{said}"
        );
    }
}

#[test]
fn unknown_gateway_names_its_source() {
    let case = Case::plugin()
        .env("PLUGBUILD_GATEWAY", "2.99")
        .env("PLUGBUILD_OFFLINE", "1");
    for command in ["", "check", "gateway show"] {
        let ran = case.run(command);
        ran.exits(4);
        let told = "error: no release 2.99 of KrakenD is known, and cannot be looked up: --offline allows no look-up (the gateway is named in PLUGBUILD_GATEWAY)";
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
}

#[test]
fn settings_go_belongs_to_its_gateway() {
    let settings = "[gateway]\nversion = \"2.12.1\"\ngo = \"1.25.5\"\n";
    let case = Case::equipped().file("work/plugbuild.toml", settings);
    let go = |command: &str| {
        let shown = case.run(command).stdout;
        let line = shown.lines().find(|line| line.trim_start().starts_with("Go "));
        line.unwrap_or_else(|| panic!("{shown}"))
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    };
    assert_eq!(go("gateway show"), "1.25.5");
    assert_eq!(go("gateway show --gateway 2.1.4"), "1.19.5");
    let planned = case.run("--gateway 2.1.4 --dry-run --message-format json").stdout;
    assert!(planned.contains(r#""go":"1.19.5""#), "{planned}");
}

#[test]
fn json_errors_in_the_last_line() {
    let case = Case::plugin();
    for (command, code) in [
        ("-g 1.4 --message-format json", 2),
        ("-g 2.12.1 --offline --message-format json", 4),
        ("bundle install nowhere --message-format json", 6),
    ] {
        let ran = case.run(command);
        ran.exits(code);
        let last = ran.stdout.lines().last().unwrap_or_default();
        let event: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(event["reason"], "error", "{last}");
        assert_eq!(event["exit_code"], code, "{last}");
        assert!(ran.stderr.contains(event["error"].as_str().unwrap()), "{last}");
        assert!(!event["help"].as_array().unwrap().is_empty(), "{last}");
    }
    // One document is one, or none.
    assert_eq!(case.run("metadata --format-version 1 -g 1.4").stdout, "");
}

#[test]
fn unknown_first_release() {
    let case = Case::plugin();
    case.run("compat --from 2.6.1.9").is(str![[r#"
exit: 2
--- stderr
error: `2.6.1.9` is not a release
help: write `--from 2.6`

"#]]);
}

/// A plugin in the place of its log: refused at its first bytes.
#[test]
fn explain_rejects_binary_files() {
    let mut elf = b"\x7fELF\x02\x01\x01\0".to_vec();
    elf.resize(1 << 20, 0);
    let case = Case::empty()
        .file("work/auth.so", elf)
        .file("work/log.gz", b"\x1f\x8b\x08\0\0\0");
    let ran = case.run("explain auth.so");
    assert!(
        ran.exits(2)
            .stderr
            .contains("auth.so is a compiled file, not a gateway's log"),
        "{}",
        ran.text()
    );
    let ran = case.run("explain log.gz");
    assert!(ran.exits(2).stderr.contains("log.gz is binary"), "{}", ran.text());
}

#[test]
fn stdin_wait_ends_by_a_signal() {
    let case = Case::empty();
    let mut command = case.command(["explain"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let open = child.stdin.take();
    std::thread::sleep(Duration::from_millis(500));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it goes on waiting");
        std::thread::sleep(Duration::from_millis(50));
    };
    drop(open);
    assert_eq!(status.code(), Some(130));
}

#[test]
fn inject_of_a_missing_plugin() {
    let case = Case::empty().file("work/krakend.json", "{\"version\": 3}\n");
    case.run("config inject krakend.json --plugin ./h2").is(str![[r#"
exit: 6
--- stderr
error: ./h2 does not exist
help: give the plugin's directory or its .so, or its name and type: `--plugin NAME --type handler`

"#]]);
    let asked = case.run("config inject krakend.json --plugin h2");
    assert!(
        asked.exits(2).stderr.contains("of which type is h2?"),
        "{}",
        asked.stderr
    );
    for (plugin, kind) in [("plugins/h2.so", ""), ("plugins/h2", ""), ("../h2", "--type handler")] {
        let ran = case.run(&format!("config inject krakend.json --plugin {plugin} {kind}"));
        let told = format!("{plugin} does not exist");
        assert!(ran.exits(6).stderr.contains(&told), "{}", ran.stderr);
    }
}

/// As docs/commands.md says.
#[test]
fn target_adds_to_libc() {
    let plan = Case::equipped().run("metadata --format-version 1 -g 2.12.1 -l glibc -t arm64-musl");
    assert_eq!(
        plan.exits(0).stdout.matches("\"target\":").count(),
        2,
        "{}",
        plan.stdout
    );
}

#[test]
fn new_and_init_as_json() {
    let case = Case::empty();
    case.run("new x --type handler -g 2.12.1 --message-format json -q")
        .is(str![[r#"
exit: 0
--- stdout
{"files":["go.mod","plugin.go","logger.go","plugin_test.go","krakend.json","plugbuild.toml",".gitignore",".github/workflows/plugin.yml"],"folder":"[CWD]/x","gateway":"2.12.1","go":"1.25.6","name":"x","reason":"plugin-made","type":"handler"}

"#]]);
    std::fs::remove_file(case.at("work/x/krakend.json")).unwrap();
    case.run("init x -g 2.12.1 --message-format json -q").is(str![[r#"
exit: 0
--- stdout
{"files":["krakend.json"],"folder":"[CWD]/x","gateway":"2.12.1","go":"1.25.6","name":"x","reason":"plugin-made","type":"handler"}

"#]]);
}

#[test]
fn new_refuses_invalid_module_paths() {
    let case = Case::empty();
    case.run_args(["new", "x", "--type", "handler", "--module", "bad module"])
        .is(str![[r#"
exit: 2
--- stderr
error: "bad module" cannot be a module's path: it holds ' '
help: use letters, digits, `-`, `.`, `_` and `~` between slashes, such as `example.com/my-plugin`

"#]]);
    assert!(case.list("work").is_empty());
}
