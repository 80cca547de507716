//! Plans over all sorts of input: tables for what is known, random text for what is not.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::flags::{self, check_user_flags, clean_goflags};
use super::paths::{Rules, escaped};
use super::targets::{Wanted, choose};
use super::*;
use crate::host::Os;
use crate::plugin::goenv::split_quoted;
use crate::plugin::{Module, Vendored};
use crate::target::{Libc, LibcKind};

/// Read once: that takes a while in a build for tests.
static MATRIX: LazyLock<Matrix> = LazyLock::new(|| Matrix::builtin().unwrap());

fn gateway(label: &str) -> Gateway {
    Gateway::of_release(MATRIX.release(label.parse().unwrap()).unwrap(), None, "test".to_owned())
}

fn plugin() -> Plugin {
    Plugin {
        dir: "/src/plugin".into(),
        module: module("example.com/plugin", "/src/plugin"),
        siblings: vec![],
        work: None,
        vendored: vec![],
    }
}

fn module(path: &str, root: &str) -> Module {
    Module {
        path: path.to_owned(),
        root: root.into(),
        go: None,
    }
}

fn goenv() -> GoEnv {
    GoEnv {
        module_cache: "/home/me/go/pkg/mod".into(),
        flags: vec![],
        written: BTreeMap::new(),
        work: None,
    }
}

fn request() -> Request {
    Request {
        wanted: Wanted::default(),
        cc: Chosen::new(CcWish::Auto, "default"),
        cc_by_target: BTreeMap::new(),
        output: Output::Dir("/out".into()),
        go_args: vec![],
    }
}

fn plan(request: &Request, gateway: &Gateway, plugin: &Plugin, goenv: &GoEnv) -> Result<Plan> {
    let platform = Platform {
        os: Os::Linux,
        arch: Arch::Arm64,
    };
    make(request, gateway, plugin, goenv, &MATRIX, platform)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Random words of the given letters.
fn random<'a>(seed: u64, letters: &'a [&'a str], longest: usize) -> impl Iterator<Item = String> + 'a {
    let mut rng = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let length = rng.usize(0..longest);
        (0..length).map(|_| letters[rng.usize(..letters.len())]).collect()
    })
}

#[test]
fn goflags_that_change_no_hash_are_kept() {
    for (flags, vendored, kept, dropped) in [
        ("", false, "", 0),
        ("-mod=mod -modcacherw -p=3 -v", false, "-mod=mod -modcacherw -p=3 -v", 0),
        ("-mod=vendor", true, "-mod=vendor", 0),
        ("-mod=vendor", false, "", 1),
        ("--mod=mod", false, "--mod=mod", 0),
        ("-buildvcs=auto -trimpath=false", false, "", 0),
        ("-trimpath -race -tags=a,b -ldflags=-s", false, "", 4),
    ] {
        let cleaned = clean_goflags(&words(flags), vendored);
        assert_eq!((cleaned.kept, cleaned.dropped.len()), (words(kept), dropped), "{flags}");
    }
}

#[test]
fn kept_flags_are_read_back_as_they_were() {
    for text in random(1, &["-x", "=", " ", "\t", "'", "\"", "a", "é", "\u{a0}", "\\"], 12).take(4000) {
        let field = format!("-{text}");
        // A field with both kinds of quotes and a blank cannot be written; the go command reads none such either.
        if field.contains('\'') && field.contains('"') && field.contains(char::is_whitespace) {
            continue;
        }
        assert_eq!(
            split_quoted(&flags::join(&[field.clone(), "-v".to_owned()])).unwrap(),
            [field, "-v".to_owned()]
        );
    }
}

#[test]
fn what_goflags_say_is_split_as_the_go_command_does() {
    for text in random(2, &[" ", "\n", "'", "\"", "-mod=mod", "a"], 12).take(4000) {
        if let Ok(fields) = split_quoted(&text) {
            let blank = |c: char| " \t\r\n".contains(c);
            let letters = |text: &str| text.chars().filter(|c| !blank(*c) && !"'\"".contains(*c)).count();
            assert_eq!(
                fields.iter().map(|f| letters(f)).sum::<usize>(),
                letters(&text),
                "{text:?} {fields:?}"
            );
        }
    }
}

#[test]
fn flags_behind_the_dashes_never_reach_shared_packages() {
    for text in random(
        3,
        &[
            "-gcflags",
            "-asmflags",
            "=",
            "all=",
            "-N",
            "-trimpath",
            "x=>y",
            " ",
            "-tags",
            "a",
            "-o",
            "--",
            "-ldflags=-s",
            "./...",
        ],
        7,
    )
    .take(6000)
    {
        if let Ok(user) = check_user_flags(&words(&text)) {
            for words in user.compiler.values() {
                assert!(
                    words.trim_start().starts_with('-') && !words.contains("-trimpath"),
                    "{text}: {user:?}"
                );
            }
            let ours = ["-o", "-trimpath", "-gcflags", "-asmflags", "-buildmode", "-toolexec"];
            assert!(
                user.flags
                    .iter()
                    .all(|flag| flag.starts_with('-') && !ours.contains(&flag.split('=').next().unwrap())),
                "{text}: {user:?}"
            );
        }
    }
}

#[test]
fn a_flag_may_take_its_value_from_the_next_word() {
    let flags = |text: &str| check_user_flags(&words(text)).unwrap().flags;
    assert_eq!(flags("-p 4 -ldflags -s -v"), ["-p=4", "-ldflags=-s", "-v"]);
    assert_eq!(flags("--p 4 -x=true"), ["-p=4", "-x=true"]);
    assert!(flags("").is_empty());
}

/// What Go's compiler makes of rules: the first that matches whole folders wins.
fn rewritten(rules: &str, path: &str) -> String {
    for rule in rules.split(';') {
        let (from, to) = rule.split_once("=>").unwrap();
        if path == from {
            return to.to_owned();
        }
        if let Some(rest) = path.strip_prefix(&format!("{from}/")) {
            return format!("{to}/{rest}");
        }
    }
    path.to_owned()
}

#[test]
fn sources_are_said_to_be_where_the_gateways_are() {
    let mut plugin = plugin();
    plugin.vendored = vec![
        Vendored {
            path: "github.com/A/b".into(),
            source: "github.com/A/b".into(),
            version: "v1.0.0".into(),
        },
        Vendored {
            path: "github.com/A/b/v2".into(),
            source: "github.com/Fork/b/v2".into(),
            version: "v2.1.0+incompatible".into(),
        },
    ];
    plugin.siblings = vec![
        module("example.com/shared", "/src/shared"),
        module("example.com/plugin/sub", "/src/plugin/sub"),
    ];
    let rules = Rules::new(&plugin, &goenv(), &gateway("2.12.1")).unwrap();
    for (from, to) in [
        (
            "/home/me/go/pkg/mod/a.org/x@v1.0.0/x.go",
            "/go/pkg/mod/a.org/x@v1.0.0/x.go",
        ),
        ("/src/plugin/main.go", "/app/main.go"),
        ("/src/plugin", "/app"),
        ("/src/plugin2/main.go", "/src/plugin2/main.go"),
        (
            "/src/plugin/vendor/github.com/A/b/x.go",
            "/go/pkg/mod/github.com/!a/b@v1.0.0/x.go",
        ),
        (
            "/src/plugin/vendor/github.com/A/b/v2/x.go",
            "/go/pkg/mod/github.com/!fork/b/v2@v2.1.0+incompatible/x.go",
        ),
        ("/src/plugin/sub/x.go", "/go/src/example.com/plugin/sub/x.go"),
        ("/src/shared/x.go", "/go/src/example.com/shared/x.go"),
        ("/usr/lib/go/src/fmt/print.go", "/usr/lib/go/src/fmt/print.go"),
    ] {
        assert_eq!(rewritten(&rules.text(), from), to);
        // The C compiler lets the last match win.
        let last = rules
            .c_text(Path::new("/opt/go"))
            .lines()
            .rev()
            .map(|l| l.replacen('=', "=>", 1))
            .collect::<Vec<_>>()
            .join(";");
        assert_eq!(rewritten(&last, from), to);
    }
    assert!(rules.is_told("/go/pkg/mod/") && !rules.is_told("/home/me/"));
}

#[test]
fn a_folder_inside_another_is_seen_first_wherever_they_are() {
    // A module cache in the plugin's folder, and a plugin in the module cache's.
    for (cache, root) in [("/p/.cache/mod", "/p"), ("/go/pkg/mod", "/go/pkg/mod/work/p")] {
        let env = GoEnv {
            module_cache: cache.into(),
            ..goenv()
        };
        let mut plugin = plugin();
        plugin.module.root = root.into();
        let text = Rules::new(&plugin, &env, &gateway("2.1.4")).unwrap().text();
        assert_eq!(rewritten(&text, &format!("{cache}/x@v1/x.go")), "/go/pkg/mod/x@v1/x.go");
        assert_eq!(rewritten(&text, &format!("{root}/main.go")), "/app/main.go");
    }
}

#[test]
fn rules_hold_any_folder_or_refuse_it() {
    let letters = [
        "a", "/", " ", "'", "\"", ";", "=>", "=", "\n", "é", ".", "\\", "$x", "%",
    ];
    let (mut held, mut refused) = (0, 0);
    for name in random(4, &letters, 8).take(5000) {
        let mut plugin = plugin();
        plugin.module.root = PathBuf::from(format!("/src/x{name}"));
        match Rules::new(&plugin, &goenv(), &gateway("2.12.1")) {
            Ok(rules) => {
                held += 1;
                assert_eq!(
                    rewritten(&rules.text(), &format!("/src/x{name}/main.go")),
                    "/app/main.go"
                );
                // As the go command splits the flag's value.
                let flags = rules.flags(&flags::UserFlags::default());
                let value = flags[0].strip_prefix("-gcflags=all=").unwrap();
                assert_eq!(split_quoted(value).unwrap(), [format!("-trimpath={}", rules.text())]);
            }
            Err(why) => {
                refused += 1;
                assert!(why.kind == crate::error::Kind::Usage && !why.help.is_empty(), "{why}");
            }
        }
    }
    assert!(held > 500 && refused > 500, "{held} {refused}");
}

#[test]
fn upper_case_is_escaped_as_the_module_cache_does() {
    assert_eq!(escaped("github.com/Azure/azure-SDK"), "github.com/!azure/azure-!s!d!k");
    assert_eq!(escaped("v1.0.0-Beta+incompatible"), "v1.0.0-!beta+incompatible");
}

#[test]
fn targets_are_chosen_in_order_and_once() {
    let libc = |text: &str| text.parse::<Libc>().unwrap();
    let shown = |wanted: &Wanted, gateway: &Gateway| -> Vec<String> {
        choose(wanted, gateway, Arch::Arm64)
            .unwrap()
            .into_iter()
            .map(|c| format!("{}: {}", c.value, c.why))
            .collect()
    };
    let release = gateway("2.12.1");
    assert_eq!(
        shown(&Wanted::default(), &release),
        ["aarch64-unknown-linux-musl: arm64 as this machine; musl as in the official image"]
    );
    let parts = Wanted {
        archs: vec![Arch::Amd64, Arch::Arm64, Arch::Amd64],
        libcs: vec![libc("glibc"), libc("glibc=2.36"), libc("musl")],
        ..Wanted::default()
    };
    assert_eq!(
        shown(&parts, &release)
            .iter()
            .map(|t| t.split(": ").next().unwrap())
            .collect::<Vec<_>>(),
        [
            "x86_64-unknown-linux-gnu.2.36",
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-gnu.2.36",
            "aarch64-unknown-linux-musl"
        ]
    );
    let all = Wanted {
        all: true,
        ..Wanted::default()
    };
    assert_eq!(shown(&all, &gateway("2.1.4")).len(), 4);
    let configured = Wanted {
        configured: Some((vec!["amd64-glibc".parse().unwrap()], "plugbuild.toml".to_owned())),
        ..Wanted::default()
    };
    assert_eq!(
        shown(&configured, &release),
        ["x86_64-unknown-linux-gnu.2.36: targets of plugbuild.toml"]
    );
    let typed = Wanted {
        archs: vec![Arch::Arm64],
        ..configured
    };
    assert_eq!(
        shown(&typed, &release),
        ["aarch64-unknown-linux-musl: --arch; musl as in the official image"]
    );
}

#[test]
fn a_gateway_that_is_known_decides_what_was_not_asked_for() {
    let glibc = Gateway {
        arch: Some(Arch::Amd64),
        libc: Some("glibc=2.28".parse().unwrap()),
        ..gateway("2.12.1")
    };
    let chosen = choose(&Wanted::default(), &glibc, Arch::Arm64).unwrap();
    assert_eq!(chosen[0].value.to_string(), "x86_64-unknown-linux-gnu.2.28");
    let other = Wanted {
        archs: vec![Arch::Arm64],
        ..Wanted::default()
    };
    assert_eq!(
        choose(&other, &glibc, Arch::Arm64).unwrap_err().kind,
        crate::error::Kind::Usage
    );
}

#[test]
fn every_release_and_target_has_a_plan() {
    for row in MATRIX.releases() {
        let gateway = Gateway::of_release(row, None, "test".to_owned());
        let all = Request {
            wanted: Wanted {
                all: true,
                ..Wanted::default()
            },
            ..request()
        };
        let plan = plan(&all, &gateway, &plugin(), &goenv()).unwrap();
        assert_eq!(plan.jobs.len(), 4);
        for job in &plan.jobs {
            let (go, target) = (&gateway.go, &job.target.value);
            assert_eq!(job.flags.contains(&"-pgo=off".to_owned()), go.at_least(1, 21), "{go}");
            assert_eq!(
                job.flags.contains(&"-buildvcs=false".to_owned()),
                go.at_least(1, 18),
                "{go}"
            );
            assert!(!job.flags.iter().any(|flag| flag == "-trimpath"));
            assert_eq!(job.env["GOARCH"], target.arch.goarch());
            assert_eq!(
                (&job.env["CGO_ENABLED"], &job.env["GOENV"], &job.env["GOTOOLCHAIN"]),
                (&"1".into(), &"off".into(), &"local".into())
            );
            assert_eq!(
                target.libc.floor.is_some(),
                target.libc.kind == LibcKind::Glibc,
                "{target}"
            );
            assert!(job.output.starts_with("/out") && job.output.to_str().unwrap().contains(&gateway.label));
        }
    }
}

#[test]
fn a_gateway_built_with_trimpath_gets_a_plugin_so() {
    let mut trimmed = gateway("2.12.1");
    trimmed.settings = crate::gateway::Settings {
        trimpath: true,
        tags: vec!["a".into(), "b".into()],
        goamd64: Some("v3".into()),
        ..Default::default()
    };
    let request = Request {
        wanted: Wanted {
            archs: vec![Arch::Amd64],
            ..Wanted::default()
        },
        go_args: vec!["-gcflags=-N".to_owned()],
        ..request()
    };
    let job = plan(&request, &trimmed, &plugin(), &goenv()).unwrap().jobs.remove(0);
    assert!(
        job.flags
            .ends_with(&["-tags=a,b".to_owned(), "-trimpath".to_owned(), "-gcflags=-N".to_owned()]),
        "{:?}",
        job.flags
    );
    assert_eq!(job.env["GOAMD64"], "v3");
}

#[test]
fn the_go_line_is_compared_as_the_go_command_does() {
    // The line, the gateway, and whether it builds: yes, with a word, no.
    for (line, release, want) in [
        ("1.19", "2.1.4", Some(0)),
        ("1.20", "2.1.4", Some(1)),
        ("1.21", "2.1.4", Some(1)),
        ("1.21.0", "2.1.4", None),
        ("1.25.6", "2.12.1", Some(0)),
        ("1.25", "2.12.1", Some(0)),
        ("1.25.7", "2.12.1", None),
        ("1.26", "2.12.1", None),
        ("1.26rc1", "2.12.1", None),
    ] {
        let mut plugin = plugin();
        plugin.module.go = Some(line.parse().unwrap());
        let made = plan(&request(), &gateway(release), &plugin, &goenv());
        assert_eq!(
            made.as_ref().ok().map(|plan| plan.warnings.len()),
            want,
            "{line} {release}: {made:?}"
        );
    }
}

#[test]
fn a_compiler_may_be_named_for_one_target() {
    let request = Request {
        wanted: Wanted {
            all: true,
            ..Wanted::default()
        },
        cc_by_target: BTreeMap::from([("aarch64_unknown_linux_gnu".to_owned(), "my-gcc".into())]),
        ..request()
    };
    let plan = plan(&request, &gateway("2.12.1"), &plugin(), &goenv()).unwrap();
    let named: Vec<String> = plan
        .jobs
        .iter()
        .filter(|job| job.cc.value == CcWish::Program("my-gcc".into()))
        .map(|job| job.target.value.short())
        .collect();
    assert_eq!(named, ["arm64-glibc"]);
}
