//! Property tests of flags and path rules: tables for known cases, random text for the rest.

use std::path::{Path, PathBuf};

use crate::gateway::facts::Gateway;
use crate::plan::flags;
use crate::plan::flags::{check_user_flags, clean_goflags};
use crate::plan::path_map::PathMap;
use crate::plan::tests::{gateway, goenv, module, plugin, words};
use crate::project::go_env::GoEnv;
use crate::project::plugin::Vendored;
use crate::util::go_flags;

/// Random words from the given letters.
fn random<'a>(seed: u64, letters: &'a [&'a str], longest: usize) -> impl Iterator<Item = String> + 'a {
    let mut rng = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let length = rng.usize(0..longest);
        (0..length).map(|_| letters[rng.usize(..letters.len())]).collect()
    })
}

#[test]
fn harmless_goflags_are_kept() {
    for (flags, vendored, kept, dropped) in [
        ("", false, "", 0),
        ("-mod=mod -modcacherw -p=3 -v", false, "-mod=mod -modcacherw -p=3 -v", 0),
        ("-mod=vendor", true, "-mod=vendor", 0),
        ("-mod=vendor", false, "", 1),
        ("--mod=mod", false, "--mod=mod", 0),
        ("-buildvcs=auto -trimpath=false", false, "", 0),
        ("-trimpath -race -tags=a,b -ldflags=-s", false, "", 4),
    ] {
        let cleaned = clean_goflags(&words(flags), vendored, &flags::UserFlags::default());
        assert_eq!((cleaned.kept, cleaned.dropped.len()), (words(kept), dropped), "{flags}");
    }
}

#[test]
fn kept_flags_roundtrip() {
    for text in random(1, &["-x", "=", " ", "\t", "'", "\"", "a", "é", "\u{a0}", "\\"], 12).take(4000) {
        let field = format!("-{text}");
        // A field with both kinds of quotes and a blank cannot be written; the go command reads none either.
        if field.contains('\'') && field.contains('"') && field.contains(char::is_whitespace) {
            continue;
        }
        assert_eq!(
            go_flags::split(&go_flags::join(&[field.clone(), "-v".to_owned()])).unwrap(),
            [field, "-v".to_owned()]
        );
    }
}

#[test]
fn goflags_split_like_the_go_command() {
    for text in random(2, &[" ", "\n", "'", "\"", "-mod=mod", "a"], 12).take(4000) {
        if let Ok(fields) = go_flags::split(&text) {
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
fn user_flags_never_reach_shared_packages() {
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
fn flag_value_as_next_argument() {
    let flags = |text: &str| check_user_flags(&words(text)).unwrap().flags;
    assert_eq!(flags("-p 4 -ldflags -s -v"), ["-p=4", "-ldflags=-s", "-v"]);
    assert_eq!(flags("--p 4 -x=true"), ["-p=4", "-x=true"]);
    assert!(flags("").is_empty());
}

/// Go's compiler: the first rule that matches whole directories wins.
fn rewritten(rules: &str, path: &str) -> String {
    for rule in rules.split(';') {
        let (from, to) = rule.split_once("=>").unwrap();
        if path == from {
            return to.to_owned();
        }
        if let Some(rest) = path.strip_prefix(&format!("{from}/")) {
            return if to.is_empty() {
                rest.to_owned()
            } else {
                format!("{to}/{rest}")
            };
        }
    }
    path.to_owned()
}

#[test]
fn sources_are_recorded_like_the_gateways() {
    let mut plugin = plugin();
    plugin.vendored = vec![
        Vendored {
            path: "github.com/A/b".into(),
            source: Some(("github.com/A/b".into(), "v1.0.0".into())),
        },
        Vendored {
            path: "github.com/A/b/v2".into(),
            source: Some(("github.com/Fork/b/v2".into(), "v2.1.0+incompatible".into())),
        },
        Vendored {
            path: "example.com/kit".into(),
            source: None,
        },
    ];
    plugin.siblings = vec![
        module("example.com/shared", "/src/shared"),
        module("example.com/plugin/sub", "/src/plugin/sub"),
    ];
    let rules = PathMap::new(&plugin, &goenv(), &gateway("2.12.1"), &[]).unwrap();
    for (from, to) in [
        (
            "/home/me/go/pkg/mod/a.org/x@v1.0.0/x.go",
            "/go/pkg/mod/a.org/x@v1.0.0/x.go",
        ),
        ("/src/plugin/main.go", "/go/src/example.com/plugin/main.go"),
        ("/src/plugin", "/go/src/example.com/plugin"),
        (
            "/src/plugin/vendor/example.com/kit/k.go",
            "/go/src/example.com/kit/k.go",
        ),
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
        let module = [
            "example.com/plugin/sub",
            "example.com/shared",
            "example.com/kit",
            "example.com/plugin",
        ]
        .into_iter()
        .find(|module| to.contains(module) || to.starts_with("/app") && *module == "example.com/plugin");
        assert_eq!(rewritten(&rules.trimpath_arg(module), from), to);
        // The C compiler's last match wins.
        let last = rules
            .prefix_map(Path::new("/opt/go"))
            .lines()
            .rev()
            .map(|l| l.replacen('=', "=>", 1))
            .collect::<Vec<_>>()
            .join(";");
        assert_eq!(rewritten(&last, from), to);
    }
    // Shared packages are compiled with rules that name no directory of the plugins.
    assert!(!rules.trimpath_arg(None).contains("/src/shared") && !rules.trimpath_arg(None).contains("/src/plugin=>"));
    let flags = rules.flags(&flags::UserFlags::default());
    let patterns: Vec<&str> = flags
        .iter()
        .map(|flag| flag.split_inclusive('=').nth(1).unwrap())
        .collect();
    assert_eq!(
        patterns[..6],
        [
            "all=",
            "example.com/kit/...=",
            "example.com/plugin/...=",
            "example.com/plugin/sub/...=",
            "example.com/shared/...=",
            "std="
        ]
    );
    assert!(rules.is_mapped("/go/pkg/mod/") && !rules.is_mapped("/home/me/"));
}

#[test]
fn local_modules_are_recorded_by_path() {
    let place = |module: &str, own: bool, gateway: &Gateway| {
        let mut plugin = plugin();
        let shared = self::module(module, "/src/shared");
        if own {
            plugin.module = shared;
        } else {
            plugin.siblings = vec![shared];
        }
        let text = PathMap::new(&plugin, &goenv(), gateway, &[])
            .unwrap()
            .trimpath_arg(Some(module));
        rewritten(&text, "/src/shared/x.go")
    };
    let gateway = gateway("2.12.1");
    let gateways_own = gateway.main_module.clone().unwrap();
    for own in [true, false] {
        assert_eq!(place("example.com/kit", own, &gateway), "/go/src/example.com/kit/x.go");
        assert_eq!(place(&gateways_own, own, &gateway), "/app/x.go");
    }
}

#[test]
fn nested_directories_match_first() {
    // A module cache inside the plugin's directory, and a plugin inside the module cache.
    for (cache, root) in [("/p/.cache/mod", "/p"), ("/go/pkg/mod", "/go/pkg/mod/own/p")] {
        let env = GoEnv {
            module_cache: cache.into(),
            ..goenv()
        };
        let mut plugin = plugin();
        plugin.module.root = root.into();
        let text = PathMap::new(&plugin, &env, &gateway("2.1.4"), &[])
            .unwrap()
            .trimpath_arg(Some("example.com/plugin"));
        assert_eq!(rewritten(&text, &format!("{cache}/x@v1/x.go")), "/go/pkg/mod/x@v1/x.go");
        assert_eq!(
            rewritten(&text, &format!("{root}/main.go")),
            "/go/src/example.com/plugin/main.go"
        );
    }
}

#[test]
fn trimmed_gateway_records_required_versions() {
    let mut trimmed = gateway("2.12.1");
    trimmed.settings.trimpath = true;
    let linked = crate::matrix::modules::parse(
        "a.org/a v1.0.0\na.org/Big v1.0.0\na.org/b v1.0.0 => fork.org/b@v1.0.1\n",
        "test".as_ref(),
    )
    .unwrap();
    let rules = PathMap::new(&plugin(), &goenv(), &trimmed, &linked).unwrap();
    let cache = goenv().module_cache.display().to_string();
    for (place, recorded) in [
        ("a.org/a@v1.0.0/x/x.go", "a.org/a@v1.0.0/x/x.go"),
        ("a.org/!big@v1.0.0/x.go", "a.org/Big@v1.0.0/x.go"),
        ("fork.org/b@v1.0.1/x.go", "a.org/b@v1.0.0/x.go"),
        ("fork.org/b@v1.0.2/x.go", "fork.org/b@v1.0.2/x.go"),
    ] {
        assert_eq!(
            rewritten(&rules.trimpath_arg(None), &format!("{cache}/{place}")),
            recorded
        );
    }
}

#[test]
fn rules_cover_or_reject_any_directory() {
    let letters = [
        "a", "/", " ", "'", "\"", ";", "=>", "=", "\n", "é", ".", "\\", "$x", "%",
    ];
    let (mut held, mut refused) = (0, 0);
    for name in random(4, &letters, 8).take(5000) {
        let mut plugin = plugin();
        plugin.module.root = PathBuf::from(format!("/src/x{name}"));
        match PathMap::new(&plugin, &goenv(), &gateway("2.12.1"), &[]) {
            Ok(rules) => {
                held += 1;
                assert_eq!(
                    rewritten(
                        &rules.trimpath_arg(Some("example.com/plugin")),
                        &format!("/src/x{name}/main.go")
                    ),
                    "/go/src/example.com/plugin/main.go"
                );
                // As the go command splits the flag's value.
                let flags = rules.flags(&flags::UserFlags::default());
                for (flag, pattern, module) in [
                    (&flags[0], "all", None),
                    (&flags[1], "example.com/plugin/...", Some("example.com/plugin")),
                ] {
                    let value = flag.strip_prefix(&format!("-gcflags={pattern}=")).unwrap();
                    assert_eq!(
                        go_flags::split(value).unwrap(),
                        [format!("-trimpath={}", rules.trimpath_arg(module))]
                    );
                }
            }
            Err(why) => {
                refused += 1;
                assert!(
                    why.kind == crate::util::error::ErrorKind::Usage && !why.help.is_empty(),
                    "{why}"
                );
            }
        }
    }
    assert!(held > 500 && refused > 500, "{held} {refused}");
}
