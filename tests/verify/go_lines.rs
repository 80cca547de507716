//! Every Go line, from the oldest gateway's to the newest Go: what `verify` says of plugins of that line is what
//! `plugin.Open` and the assertions of a gateway's loaders really make of them, and what is read from its files is right.
//!
//! A host of our own stands for the gateway: it shares one small module with the plugins, and a net/http of one type, so
//! that a line costs seconds.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use plugbuild::binary::go_format::GoFormat;
use plugbuild::binary::{Binary, go_format};
use plugbuild::matrix::{Matrix, QuirkFacts};
use plugbuild::verify::finding::Id;
use plugbuild::verify::plugin::PluginBinary;
use plugbuild::verify::registerers::{RegistererForm, exported};
use plugbuild::verify::{LoadOutcome, Verdict};

use crate::support::case::Case;
use crate::support::gateway::text;
use crate::support::go::Go;
use crate::support::{cache, gateway_without_plugins, plugbuild, say, skipped};
use crate::verify::oracle::verdicts;
use crate::verify::oracle::workshop::{After, BASE, Cc, Tree, Variant, What, Workshop};

const HOST: &str = include_str!("oracle/go/lines/host.txt");
const SMALL: &str = include_str!("oracle/go/lines/small.txt");

macro_rules! registerers {
    ($($line:literal)*) => { concat!(include_str!("oracle/go/lines/plugin.txt"), $($line, "\n"),*) };
}

const FIT: &str = registerers!(
    "var HandlerRegisterer = handler(\"h\")"
    "var ClientRegisterer = client(\"c\")"
    "var ModifierRegisterer modifier"
    "var MiddlewareRegisterer = middleware(\"w\")"
);
const WRONG: &str = registerers!(
    "var HandlerRegisterer = changed(\"h\")"
    "var ClientRegisterer = changed(\"c\")"
    "var ModifierRegisterer = changed(\"m\")"
);

/// Plugins of all three types, and what `verify` must find in them.
const REGISTERERS: [(&str, &str, &[Id]); 6] = [
    ("fit", FIT, &[]),
    ("wrong-signature", WRONG, &[Id::WrongRegisterer; 3]),
    (
        "crossed",
        registerers!(
            "var HandlerRegisterer = client(\"h\")"
            "var ClientRegisterer = handler(\"c\")"
            "var ModifierRegisterer modifier"
        ),
        &[Id::WrongRegisterer; 2],
    ),
    (
        "function",
        registerers!(
            "func HandlerRegisterer() handler { return \"\" }"
            "func ClientRegisterer() client { return \"\" }"
            "func ModifierRegisterer() *modifier { return nil }"
        ),
        &[Id::WrongRegisterer; 3],
    ),
    (
        "pointer",
        registerers!(
            "var HandlerRegisterer registersHandlers = handler(\"h\")"
            "var ClientRegisterer = new(client)"
            "var ModifierRegisterer = new(modifier)"
        ),
        &[Id::WrongRegisterer; 3],
    ),
    (
        "unexported",
        registerers!("var handlerRegisterer = handler(\"h\")"),
        &[Id::NoRegisterer],
    ),
];

/// Plugins that have the right registerer and differ from the gateway in one thing.
const MISFITS: [(Variant, &[Id]); 7] = [
    (small("small"), &[]),
    (
        Variant {
            bare: "v1.1.0",
            ..small("other-module")
        },
        &[Id::ModuleMismatch],
    ),
    (
        Variant {
            tree: Tree::OtherCache,
            ..small("other-path")
        },
        &[Id::BuildPathMismatch],
    ),
    (
        Variant {
            args: &["-tags=special"],
            ..small("tag")
        },
        &[Id::SettingMismatch],
    ),
    (
        Variant {
            args: &["-ldflags=-s -w"],
            ..small("sw")
        },
        &[],
    ),
    (
        Variant {
            after: After::Strip,
            text: WRONG,
            ..small("strip-wrong")
        },
        &[Id::WrongRegisterer; 3],
    ),
    (
        Variant {
            args: &["-trimpath"],
            ..small("trimpath")
        },
        &[Id::Trimpath],
    ),
];

const fn small(name: &'static str) -> Variant {
    Variant {
        name,
        text: SMALL,
        source: "",
        bare: "v1.0.0",
        ..BASE
    }
}

/// The lines that are put to all four targets: the oldest, two in the middle, and the newest.
fn for_all_targets(format: &GoFormat) -> bool {
    let ends = [go_format::all().first(), go_format::all().last()];
    ends.iter().flatten().any(|end| end.go == format.go) || [(1, 22), (1, 24)].contains(&format.go.line())
}

/// A variant for one line and one target, with a name of its own.
fn of_line(variant: &Variant, go: &Go, cc: Cc) -> Variant {
    let net_http = variant.text.contains("\"net/http\"");
    let args = variant.args.iter().map(|arg| (*arg).to_owned());
    let overlay = net_http.then(|| format!("-overlay={}", overlay(go).display()));
    let args: Vec<&'static str> = args.chain(overlay).map(|arg| &*arg.leak()).collect();
    Variant {
        name: format!("{}-{}-{cc:?}", variant.name, go.version).leak(),
        go: go.version.clone().leak(),
        args: args.leak(),
        cc,
        ..*variant
    }
}

/// Puts the one type that signatures name in the place of net/http.
fn overlay(go: &Go) -> PathBuf {
    let folder = cache().join("oracle/lines");
    let file = folder.join(format!("overlay-{}.json", go.version));
    // The go command knows its own folder by its real name.
    let package = go.root.canonicalize().unwrap().join("src/net/http");
    let stub = folder.join("http.go");
    let gone = fs::read_dir(&package).unwrap().map(|entry| entry.unwrap().path());
    let gone = gone.filter(|path| path.extension().is_some_and(|ending| ending == "go"));
    let mut replace: serde_json::Map<_, _> = gone.map(|path| (path.display().to_string(), "".into())).collect();
    replace.insert(
        package.join("http.go").display().to_string(),
        stub.display().to_string().into(),
    );
    // Another line may be compiling it.
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    fs::create_dir_all(&folder).unwrap();
    let texts = [
        (&stub, include_str!("oracle/go/lines/http.txt").to_owned()),
        (&file, serde_json::json!({ "Replace": replace }).to_string()),
    ];
    for (path, text) in texts {
        if fs::read_to_string(path).ok().as_ref() != Some(&text) {
            fs::write(path, text).unwrap();
        }
    }
    file
}

/// What the host said of one plugin: whether it opened it, and which registerers it could use.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Opened(Vec<(String, bool)>),
    Refused(String),
}

fn ask(host: &Path, cc: Cc, plugin: &Path) -> Said {
    let out = Workshop::run_host(host, cc, &[plugin.to_owned()]);
    let said = text(&out.stdout);
    match said.lines().last().and_then(|line| line.strip_prefix("opened")) {
        Some(found) => {
            let mut found: Vec<_> = found
                .split_whitespace()
                .map(|word| (word[1..].to_owned(), word.starts_with('+')))
                .collect();
            found.sort();
            Said::Opened(found)
        }
        None => Said::Refused(format!(
            "{said}{}",
            text(&out.stderr).lines().next().unwrap_or_default()
        )),
    }
}

/// What `verify` says, in the host's words.
fn foretold(verdict: &Verdict, plugin: &Path) -> Option<Vec<(String, bool)>> {
    let binary = Binary::open(plugin).unwrap();
    let plugin = PluginBinary::read(&binary).unwrap();
    let known = exported(&plugin).into_iter();
    let mut found: Vec<_> = known
        .map(|(row, shape)| (row.symbol.clone(), shape == RegistererForm::Right))
        .collect();
    found.sort();
    (verdict.opens() == LoadOutcome::WillLoad).then_some(found)
}

/// One plugin in one host: the verdict is what happens, and names the cause.
fn compare(what: &str, host: &Path, cc: Cc, plugin: &Path, want: &[Id]) -> Result<(), String> {
    let verdict = verdicts(host, &[plugin.to_owned()]).remove(0);
    let said = ask(host, cc, plugin);
    let foretold = foretold(&verdict, plugin);
    let agree = match &said {
        Said::Opened(found) => {
            let usable = found.iter().any(|(_, usable)| *usable);
            foretold.as_ref() == Some(found) && (verdict.answer == LoadOutcome::WillLoad) == usable
        }
        Said::Refused(_) => foretold.is_none() && verdict.answer == LoadOutcome::WillNotLoad,
    };
    if !agree {
        return Err(format!("{what}: {said:?}, but {foretold:?} {verdict:#?}"));
    }
    let ids: Vec<Id> = verdict.findings.iter().map(|finding| finding.id).collect();
    match want.iter().all(|id| ids.contains(id)) && want.is_empty() == ids.is_empty() {
        true => Ok(()),
        false => Err(format!("{what}: {want:?} were expected, {:#?}", verdict.findings)),
    }
}

/// What is read from the files of a line, besides the hashes.
fn facts(format: &GoFormat, go: &Go, host: &Path, plugin: &Path) {
    let version = format!("go{}", go.version);
    let root = go.root.canonicalize().unwrap();
    let (_, minor) = format.go.line();
    for file in [host, plugin] {
        let binary = Binary::open(file).unwrap();
        let at = format!("{} of {version}", file.display());
        for package in ["runtime", "example.org/bare"] {
            let symbol = format!("{}{package}", format.hash_prefix);
            assert!(binary.image().symbol(symbol.as_bytes()).is_some(), "{at}: {symbol}");
            assert!(binary.package_hash(package).is_some(), "{at}: {package}");
        }
        assert_eq!(binary.go_version(), Some(version.clone()), "{at}");
        // Plugins have build information from Go 1.21 on.
        assert_eq!(binary.build_info().is_ok(), file == host || minor >= 21, "{at}");
        let table = binary.line_table().unwrap_or_else(|| panic!("{at}: no line table"));
        let lines = match minor {
            17 => "go1.16 or go1.17",
            18 | 19 => "go1.18 or go1.19",
            _ => "go1.20 or later",
        };
        assert_eq!(table.go_lines(), lines, "{at}");
        assert_eq!(table.go_root(), root.join("src").to_str(), "{at}");
        let folders: Vec<_> = table
            .module_dirs()
            .filter_map(|f| f.root_of("example.org/bare"))
            .collect();
        assert_eq!(folders.len(), 1, "{at}: {folders:?}");
    }
    let info = Binary::open(host).unwrap().build_info().unwrap();
    assert_eq!(info.module("example.org/bare").unwrap().version, "v1.0.0");
    // Settings are recorded from Go 1.18 on.
    assert_eq!(info.setting("GOARCH").is_some(), minor >= 18, "{version}");
    let binary = Binary::open(plugin).unwrap();
    let plugin = PluginBinary::read(&binary).unwrap();
    let data = plugin.data.unwrap_or_else(|| panic!("{version}: no module data"));
    assert!(data.is_of("example.com/plug"), "{version}: {data:?}");
    let names: Vec<&str> = data.exports().map(|export| export.name).collect();
    assert!(
        names.contains(&"HandlerRegisterer") && names.contains(&"Keep"),
        "{version}: {names:?}"
    );
}

/// plugbuild's own build for the host's file.
fn own_build(go: &Go, host: &Path) -> PathBuf {
    let folder = cache().join(format!("oracle/src/own-{}", go.version));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("main.go"), SMALL).unwrap();
    fs::write(
        folder.join("go.mod"),
        "module example.com/own\n\ngo 1.17\n\nrequire example.org/bare v1.0.0\n",
    )
    .unwrap();
    // The sums that a plain build of the same has written.
    let plain = cache().join(format!("oracle/src/plug-small-{}-Gcc/go.sum", go.version));
    fs::copy(plain, folder.join("go.sum")).unwrap();
    let proxy = format!("file://{}", cache().join("oracle/proxy").display());
    let out = folder.join("own.so");
    let mut build = plugbuild(&["build", "--cc", "gcc", "--gateway"]);
    build.arg(host).arg("--output").arg(&out).arg(&folder);
    build
        .env("PLUGBUILD_GO", &go.root)
        .env("GOCACHE", cache().join("gocache"))
        .env("GOMODCACHE", cache().join("oracle/elsewhere/mod"))
        .env("GOFLAGS", "-modcacherw")
        .env("GOPROXY", proxy)
        .env("GOSUMDB", "off");
    let done = build.output().unwrap();
    assert!(done.status.success(), "Go {}: {}", go.version, text(&done.stderr));
    let said = text(&done.stderr);
    assert!(said.contains("will load in"), "Go {}: {said}", go.version);
    out
}

/// All of one line for one target: the number of plugins that were compared, and how many loaded.
fn prove(workshop: &Workshop, format: &GoFormat, cc: Cc, wrong: &Mutex<Vec<String>>) -> (usize, usize) {
    let go = match Go::fetch(&format.proved.to_string()) {
        Ok(go) => go,
        Err(why) => {
            skipped(&format!("Go {}", format.go), &why);
            return (0, 0);
        }
    };
    let build = |variant: &Variant, what| {
        let variant = of_line(variant, &go, cc);
        workshop
            .build(&variant, what)
            .unwrap_or_else(|why| panic!("{}: {why}", variant.name))
    };
    let host = build(
        &Variant {
            text: HOST,
            ..small("lines")
        },
        What::Host,
    );
    let registerers = REGISTERERS.map(|(name, text, ids)| (Variant { text, ..small(name) }, ids));
    // What differs is the same for every target; elsewhere a few are enough.
    let misfits = if cc == Cc::Gcc { &MISFITS[..] } else { &MISFITS[..3] };
    let mut tally = (0, 0);
    let mut judge = |what: &str, plugin: &Path, want: &[Id]| {
        let what = format!("{what}, Go {}, {cc:?}", go.version);
        match compare(&what, &host, cc, plugin, want) {
            Ok(()) => tally.0 += 1,
            Err(why) => wrong.lock().unwrap().push(why),
        }
    };
    for (variant, want) in registerers.iter().chain(misfits) {
        // Without build information nothing says which tags there were.
        let silent = *want == [Id::SettingMismatch]
            && Binary::open(build(variant, What::Plugin))
                .unwrap()
                .build_info()
                .is_err();
        let want = if silent { &[Id::PackageMismatch][..] } else { want };
        judge(variant.name, &build(variant, What::Plugin), want);
    }
    let fit = build(
        &Variant {
            text: FIT,
            ..small("fit")
        },
        What::Plugin,
    );
    facts(format, &go, &host, &fit);
    if cc == Cc::Gcc {
        judge("plugbuild's own build", &own_build(&go, &host), &[]);
    }
    tally.1 +=
        usize::from(matches!(ask(&host, cc, &fit), Said::Opened(found) if found.iter().all(|(_, usable)| *usable)));
    tally
}

#[test]
fn every_go_line_matches_plugin_open() {
    let started = Instant::now();
    let workshop = Workshop::open();
    let lines = go_format::all();
    let everywhere = lines.iter().filter(|format| for_all_targets(format));
    let others = everywhere.flat_map(|format| [Cc::Musl, Cc::Arm64, Cc::Arm64Musl].map(|cc| (format, cc)));
    let jobs: Vec<(&GoFormat, Cc)> = lines.iter().map(|format| (format, Cc::Gcc)).chain(others).collect();
    let (next, wrong, tallies) = (AtomicUsize::new(0), Mutex::default(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((format, cc)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // One that cannot be built is told of beside the others.
                    let prove = || prove(&workshop, format, *cc, &wrong);
                    match catch_unwind(AssertUnwindSafe(prove)) {
                        Ok(tally) => tallies.lock().unwrap().push(tally),
                        Err(_) => wrong
                            .lock()
                            .unwrap()
                            .push(format!("Go {}, {cc:?}: see above", format.go)),
                    }
                }
            });
        }
    });
    let wrong: Vec<String> = wrong.into_inner().unwrap();
    let tallies = tallies.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    let plugins: usize = tallies.iter().map(|(plugins, _)| plugins).sum();
    let proved = tallies
        .iter()
        .filter(|(plugins, fit)| *plugins > 0 && *fit == 1)
        .count();
    let skipped = tallies.iter().filter(|(plugins, _)| *plugins == 0).count();
    say(&format!(
        "Go lines: {plugins} plugins of {proved} lines and targets agree, {skipped} cannot be had ({:.0} s)",
        started.elapsed().as_secs_f32()
    ));
    assert_eq!(proved + skipped, jobs.len());
    assert!(proved > 0);
}

/// The same file, as a Go of the future would have linked it.
fn patched(file: &Path, to: &Path, words: &[(&str, &str)]) -> PathBuf {
    let mut bytes = fs::read(file).unwrap();
    for (old, new) in words {
        assert_eq!(old.len(), new.len());
        let found: Vec<usize> = memchr::memmem::find_iter(&bytes, old.as_bytes()).collect();
        assert!(!found.is_empty(), "{old} in {}", file.display());
        for at in found {
            bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    fs::write(to, bytes).unwrap();
    to.to_owned()
}

#[test]
fn unproved_go_line_is_never_refused() {
    let newest = go_format::all().last().unwrap();
    let go = match Go::fetch(&newest.proved.to_string()) {
        Ok(go) => go,
        Err(why) => return skipped("a Go line that is not proved", &why),
    };
    let workshop = Workshop::open();
    let build = |name, text, bare, what| {
        let variant = Variant {
            text,
            bare,
            ..small(name)
        };
        workshop.build(&of_line(&variant, &go, Cc::Gcc), what).unwrap()
    };
    let built = build("lines", HOST, "v1.0.0", What::Host);
    let fit = build("fit", FIT, "v1.0.0", What::Plugin);
    let wrong = build("wrong-signature", WRONG, "v1.0.0", What::Plugin);
    let other = build("other-module", SMALL, "v1.1.0", What::Plugin);
    let dir = tempfile::tempdir().unwrap();
    let signature = plugbuild::gateway::registerer::PluginKind::Handler
        .row()
        .signature
        .as_deref()
        .unwrap();
    let symbol = newest.type_symbol(signature);
    let version = format!("go{}", go.version);
    let future = (&*version, "go1.99.0");
    // Its types and its hashes go by other names.
    let (types, hashes) = ((&*symbol, "type:00000000"), ("go:link.pkghash", "go:lunk.pkghash"));
    let judge = |host: &[(&str, &str)], plugin: &Path, words: &[(&str, &str)]| {
        let gateway = patched(&built, &dir.path().join("host"), host);
        let plugin = patched(plugin, &dir.path().join("plugin.so"), words);
        (
            verdicts(&gateway, std::slice::from_ref(&plugin)).remove(0),
            gateway,
            plugin,
        )
    };
    // What is known tells a plugin without the type from one that has it.
    assert_eq!(judge(&[], &fit, &[]).0.answer, LoadOutcome::WillLoad);
    let (verdict, ..) = judge(&[], &fit, &[types]);
    let ids: Vec<Id> = verdict.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, [Id::WrongRegisterer], "{verdict:#?}");
    for (plugin, words) in [
        (&fit, &[future][..]),
        (&fit, &[future, types]),
        (&wrong, &[future]),
        (&other, &[future]),
        (&fit, &[future, hashes]),
        (&wrong, &[future, hashes, types]),
    ] {
        let of_host: Vec<_> = words.iter().copied().filter(|word| *word != types).collect();
        let (verdict, gateway, file) = judge(&of_host, plugin, words);
        assert_eq!(verdict.answer, LoadOutcome::CantTell, "{words:?}: {verdict:#?}");
        assert_ne!(verdict.opens(), LoadOutcome::WillNotLoad, "{words:?}: {verdict:#?}");
        let unseen = verdict.unseen.concat();
        assert!(unseen.starts_with("how go1.99.0 lays out its files"), "{unseen}");
        let mut run = plugbuild(&["verify", "--gateway"]);
        let out = run.arg(gateway).arg(file).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        assert!(text(&out.stdout).contains("can't tell"), "{}", text(&out.stdout));
    }
}

/// `build` says of what it has linked what `verify` would say.
#[test]
fn unproved_go_line_builds_without_a_verdict() {
    for (go, code, words) in [
        ("1.25.6", 1, "cannot load plugins: it was linked without"),
        ("1.99.0", 0, "can't tell whether it loads"),
    ] {
        // It has no package hashes: where a Go is known, that is a gateway that loads no plugin.
        let gateway = gateway_without_plugins(&format!("no-plugins-go{go}"), go, "2.12.1");
        let case = Case::plugin().go(&format!("home/sdk/go{go}"), go).zig();
        let ran = case.run_args(["--gateway".into(), gateway.into_os_string()]);
        assert!(ran.exits(code).stderr.contains(words), "{}", ran.text());
    }
}

/// What a go.mod and a command line may say to each Go: the quirks' ranges are where its own go command stops.
#[test]
fn go_commands_know_the_flags_of_their_quirks() {
    let matrix = Matrix::builtin().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut asked = 0;
    for format in go_format::all() {
        let go = match Go::fetch(&format.proved.to_string()) {
            Ok(go) => go,
            Err(why) => {
                skipped(&format!("the words of Go {}", format.go), &why);
                continue;
            }
        };
        let knows = |go_mod: &str, flags: &[&str]| {
            fs::write(
                dir.path().join("go.mod"),
                format!("module example.com/words\n\n{go_mod}\n"),
            )
            .unwrap();
            fs::write(dir.path().join("words.go"), "package words\n").unwrap();
            let mut list = go.command();
            let out = list
                .current_dir(&dir)
                .arg("list")
                .args(flags)
                .arg(".")
                .output()
                .unwrap();
            out.status.success()
        };
        assert!(knows("go 1.17", &[]), "Go {}", go.version);
        let quirks = matrix.quirks(&QuirkFacts::for_go(&format.proved));
        let drops = |word: &str| {
            quirks
                .iter()
                .any(|quirk| quirk.go_mod_drop.iter().any(|drop| drop == word))
        };
        let flags = |word: &str| {
            quirks
                .iter()
                .any(|quirk| quirk.go_flags.iter().any(|flag| flag == word))
        };
        for (word, line) in [
            ("toolchain", "toolchain go1.21.0"),
            ("godebug", "godebug panicnil=1"),
            ("tool", "tool example.com/words"),
            ("ignore", "ignore ./gone"),
        ] {
            assert_eq!(
                knows(&format!("go 1.17\n\n{line}"), &[]),
                !drops(word),
                "Go {}: {line}",
                go.version
            );
        }
        assert_eq!(
            knows("go 1.17.1", &[]),
            format.go.at_least(1, 21),
            "Go {}: a go line with a patch number",
            go.version
        );
        for flag in ["-pgo=off", "-buildvcs=false"] {
            // Go 1.20 knows -pgo, but takes no profile by itself yet.
            let known = knows("go 1.17", &[flag]);
            assert!(known || !flags(flag), "Go {}: {flag}", go.version);
            assert!(flag == "-pgo=off" || known == flags(flag), "Go {}: {flag}", go.version);
        }
        asked += 1;
    }
    let words: Vec<_> = matrix
        .all_quirks()
        .iter()
        .flat_map(|quirk| &quirk.go_mod_drop)
        .collect();
    assert_eq!(words.len(), 4, "each is asked for above: {words:?}");
    say(&format!(
        "Go lines: {asked} go commands know the words that the quirks say"
    ));
}
