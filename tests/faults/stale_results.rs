//! Results that are stale or altered (items 11, 12 and 13): what is shipped is what is described, what has changed is built
//! again, what a killed run leaves harms no other.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use plugbuild::toolchain::gc;
use plugbuild::toolchain::store::Store;
use plugbuild::util::error::Error;

use crate::support::case::{Case, Ran, go_script};

const GO: &str = "home/sdk/go1.25.6";
const BUILD: &str = "-v --gateway 2.12.1 --arch amd64";

/// A plugin with a package in a folder of its own, and a Go that lists it. `before` is run before each link.
fn case(before: &str) -> Case {
    let case = Case::equipped();
    let (work, go) = (case.at("work"), case.at(GO));
    let (work, go) = (work.display(), go.display());
    let listing = format!(
        "{work}\texample.com/handler\t{work}\t0\t00\t0\n\
         {work}/deep/inner\texample.com/handler/deep/inner\t{work}\t0\t00\t0\n\
         go\t{go}/src/net\tnet.go \n"
    );
    let list = format!("[ \"$1\" = list ] && exec cat {go}/listing\n");
    case.file("work/deep/inner/inner.go", "package inner\n")
        .file("spare/inner/inner.go", "package inner\n")
        .file(&format!("{GO}/listing"), listing)
        .file(&format!("{GO}/src/net/net.go"), "package net\n")
        .file(&format!("{GO}/pkg/tool/linux_amd64/compile"), "compile\n")
        .file(&format!("{GO}/pkg/tool/linux_amd64/link"), "link\n")
        .script(&format!("{GO}/bin/go"), &(list + &go_script("1.25.6", before)))
}

/// A file that was written just before a build is not believed to be what it read.
fn settle() {
    thread::sleep(Duration::from_millis(60));
}

/// Builds, and tells whether the go command was spared.
#[track_caller]
fn spared(case: &Case, more: &str) -> bool {
    settle();
    let ran = case.run(&format!("{BUILD} {more}"));
    ran.exits(0);
    let spared = ran.stderr.contains("   unchanged ");
    assert_ne!(spared, ran.stderr.contains("     running "), "{}", ran.text());
    spared
}

/// Changes a file in its place, and neither its length nor its time.
fn alter(file: &Path) {
    let time = fs::metadata(file).unwrap().modified().unwrap();
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(time).unwrap();
}

fn found(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| {
        if path.is_dir() {
            found(&path, ending)
        } else {
            vec![path]
        }
    });
    below.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

fn output(case: &Case) -> PathBuf {
    found(&case.at("work"), ".so").remove(0)
}

#[test]
fn item_11_an_output_altered_in_place_is_made_again() {
    let case = case("");
    case.run(BUILD).exits(0);
    let finished = fs::read(output(&case)).unwrap();
    for _ in 0..3 {
        // At once, and when it was seen to be up to date.
        alter(&output(&case));
        let ran = case.run(BUILD);
        ran.exits(0);
        assert!(!ran.stderr.contains("up to date"), "{}", ran.text());
        assert!(fs::read(output(&case)).unwrap() == finished);
        for _ in 0..2 {
            settle();
            assert!(case.run(BUILD).stderr.contains("up to date"));
        }
    }
}

#[test]
fn item_11_what_is_released_is_hashed_as_it_is_released() {
    let case = case("");
    let package = |dist: &str| case.run(&format!("package --gateway 2.12.1 --arch amd64 --dist {dist}"));
    package("one").exits(0);
    alter(&found(&case.at("store"), ".release.so")[0]);
    package("two").exits(0);
    case.run("package --check two").exits(0);
    let shipped = |dist: &str| fs::read(&found(&case.at("work").join(dist), ".so")[0]).unwrap();
    assert!(shipped("one") == shipped("two"), "what was altered is shipped");

    // Even where all that a stamp holds is as it was, the bytes are hashed.
    let file = &found(&case.at("store"), ".release.so")[0];
    let stamp = &found(&case.at("store"), ".stamp.json")[0];
    let mut forged: serde_json::Value = serde_json::from_slice(&fs::read(stamp).unwrap()).unwrap();
    forged["settled"] = true.into();
    forged["sha256"] = "0".repeat(64).into();
    fs::write(stamp, forged.to_string()).unwrap();
    let ran = package("three");
    ran.exits(5);
    assert!(
        ran.stderr.contains("was changed after it was checked"),
        "{}",
        ran.text()
    );
    assert!(!file.exists() && !case.at("work/three").exists());
    package("three").exits(0);
    assert!(shipped("one") == shipped("three"));
}

#[test]
fn item_12_whatever_a_build_reads_is_covered() {
    type Change = fn(&Case);
    let changes: [(&str, Change); 8] = [
        ("a go.mod in a package's folder", |c| {
            write(c, "work/deep/inner/go.mod", "module example.com/x\n")
        }),
        ("a go.mod above it", |c| {
            write(c, "work/deep/go.mod", "module example.com/x\n")
        }),
        ("a source", |c| {
            write(c, "work/deep/inner/inner.go", "package inner // other\n")
        }),
        ("a source that is a link", |c| {
            let file = c.at("work/deep/inner/inner.go");
            fs::rename(&file, c.at("spare/moved.go")).unwrap();
            std::os::unix::fs::symlink(c.at("spare/moved.go"), file).unwrap();
        }),
        ("a source of the standard library", |c| {
            alter(&c.at(GO).join("src/net/net.go"))
        }),
        ("a source more in it", |c| {
            write(c, &format!("{GO}/src/net/more.go"), "package net\n")
        }),
        ("a tool", |c| alter(&c.at(GO).join("pkg/tool/linux_amd64/compile"))),
        ("a tool in its place", |c| {
            let tool = c.at(GO).join("pkg/tool/linux_amd64/compile");
            fs::copy(&tool, c.at("spare/compile")).unwrap();
            fs::rename(c.at("spare/compile"), tool).unwrap();
        }),
    ];
    let case = case("");
    assert!(!spared(&case, ""));
    for (what, change) in changes {
        assert!(spared(&case, ""), "before {what}");
        change(&case);
        assert!(!spared(&case, ""), "{what}");
    }
    assert!(spared(&case, ""));
}

fn write(case: &Case, path: &str, text: &str) {
    fs::write(case.at(path), text).unwrap();
}

#[test]
fn item_12_what_compilers_take_from_the_environment_is_covered() {
    let mut case = case("echo linked >>$HOME/links");
    assert!(!spared(&case, "") && spared(&case, ""));
    for name in [
        "GCC_EXEC_PREFIX",
        "COMPILER_PATH",
        "CPATH",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "LIBRARY_PATH",
        "LD_LIBRARY_PATH",
        "ZIG_LIB_DIR",
    ] {
        // The go command finds a linked file up to date, so there must be none.
        let linked = found(&case.at("store/linked"), ".so");
        assert_eq!(linked.len(), 1);
        let inode = |file: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap());
        let _held = fs::File::open(&linked[0]).unwrap();
        let before = inode(&linked[0]);
        case = case.env(name, "/nowhere");
        assert!(!spared(&case, "") && spared(&case, ""), "{name}");
        assert_ne!(inode(&linked[0]), before, "{name}: not linked again");
    }
}

/// A folder, or a link to one, is exchanged while the go command runs; for good, or back again.
#[test]
fn item_12_what_is_exchanged_during_a_build_is_not_trusted() {
    const THERE: &str = "mv deep/inner ../spare/old && mv ../spare/inner deep/inner";
    const BACK: &str = "mv deep/inner ../spare/inner && mv ../spare/old deep/inner";
    const ABOVE: &str = "mv deep ../spare/deep && mkdir -p deep/inner && cp ../spare/deep/inner/* deep/inner && rm -r deep && mv ../spare/deep deep";
    const LINKED: &str = "mv deep/inner ../spare/real && ln -s ../../spare/real deep/inner";
    const LINK: &str = "ln -sfn ../../spare/inner deep/inner";
    const LINK_BACK: &str =
        "mv deep/inner ../spare/link && ln -s ../../spare/inner deep/inner && mv ../spare/link deep/inner";
    const FAR: &str = "mv ../spare/real ../spare/far && mv ../spare/inner ../spare/real && mv ../spare/real ../spare/inner && mv ../spare/far ../spare/real";
    let ways = [
        ("a folder", "", THERE.to_owned()),
        ("a folder, and back", "", format!("{THERE} && {BACK}")),
        ("a folder above, and back", "", ABOVE.to_owned()),
        ("a link", LINKED, LINK.to_owned()),
        ("a link, and back", LINKED, LINK_BACK.to_owned()),
        ("what a link leads to, and back", LINKED, FAR.to_owned()),
    ];
    for (what, first, during) in ways {
        let case = case("[ -e $HOME/during ] && cd \"$PWD\" && . $HOME/during && rm $HOME/during\n");
        write(&case, "home/during", if first.is_empty() { ":" } else { first });
        assert!(!spared(&case, ""), "{what}");
        settle();
        // The first may be such a change itself.
        spared(&case, "");
        assert!(spared(&case, ""), "{what}: it is never spared");
        write(
            &case,
            "work/main.go",
            &(crate::support::case::MAIN_GO.to_owned() + "\n// other\n"),
        );
        write(&case, "home/during", &during);
        assert!(!spared(&case, ""), "{what}");
        assert!(!case.at("home/during").exists(), "{what}: it was not exchanged");
        assert!(!spared(&case, ""), "{what}: the next build believes what was exchanged");
        assert!(spared(&case, ""), "{what}: it is never spared again");
    }
}

#[test]
fn item_12_force_builds_again_whatever_is_known() {
    let case = case("echo \"$@\" >>$HOME/commands");
    assert!(!spared(&case, "") && spared(&case, ""));
    let ran = case.run(&format!("{BUILD} --force"));
    assert!(
        ran.stderr.contains("finished") && !ran.stderr.contains("unchanged"),
        "{}",
        ran.text()
    );
    let commands = fs::read_to_string(case.at("home/commands")).unwrap();
    let forced: Vec<bool> = commands.lines().map(|line| line.contains(" -a ")).collect();
    assert_eq!(forced, [false, true], "{commands}");
    assert!(spared(&case, ""), "what was built again is known");

    let package = "package -g 2.12.1 -t amd64-glibc --plugin-version 1";
    let built_again = |flag: &str| {
        fs::remove_dir_all(case.at("work/dist")).ok();
        fs::remove_file(case.at("home/commands")).ok();
        case.run(&format!("{package} {flag}")).exits(0);
        fs::read_to_string(case.at("home/commands")).is_ok_and(|commands| commands.contains(" -a "))
    };
    assert!(!built_again("") && built_again("--force"));
}

#[track_caller]
fn ended(mut child: Child, case: &Case) -> Ran {
    let until = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it runs on");
        thread::sleep(Duration::from_millis(10));
    }
    case.told(&child.wait_with_output().unwrap())
}

fn wait_for(what: &str, there: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !there() {
        assert!(Instant::now() < until, "no {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The go command of a run that was killed writes its file before a newer build, never after it.
#[test]
fn item_12_an_orphan_is_waited_for() {
    let orphan = "if [ -e $HOME/orphan ]; then rm $HOME/orphan; touch $HOME/runs\n\
         while [ ! -e $HOME/go-on ]; do sleep 0.02; done\n\
         for a do [ \"$last\" = -o ] && out=$a; last=$a; done\necho orphan >\"$out\"; touch $HOME/wrote; exit; fi";
    let case = case(orphan);
    write(&case, "home/orphan", "");
    let mut killed = case.command(BUILD.split(' ')).spawn().unwrap();
    wait_for("orphan", || case.at("home/runs").exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    let newer = case.command(BUILD.split(' ')).spawn().unwrap();
    thread::sleep(Duration::from_millis(700));
    assert!(!case.at("home/wrote").exists() && found(&case.at("work"), ".so").is_empty());
    write(&case, "home/go-on", "");
    let ran = ended(newer, &case);
    ran.exits(0);
    assert!(
        case.at("home/wrote").exists() && ran.stderr.contains("waiting"),
        "{}",
        ran.text()
    );
    assert!(spared(&case, ""), "the orphan wrote after the newer build");
}

/// Killed at any moment, a run leaves nothing that a later one takes for whole.
#[test]
fn item_12_and_13_a_killed_run_leaves_nothing_that_is_believed() {
    const KILLS: u64 = 24;
    let case = case("sleep 0.03");
    case.run(BUILD).exits(0);
    let whole = fs::read(output(&case)).unwrap();
    for round in 0..KILLS {
        write(
            &case,
            "work/deep/inner/inner.go",
            &format!("package inner // {round}\n"),
        );
        if round % 3 == 0 {
            fs::remove_file(output(&case)).unwrap();
        }
        let mut child = case.command(BUILD.split(' ')).spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 9));
        child.kill().unwrap();
        child.wait().unwrap();
        case.run(BUILD).exits(0);
        assert!(fs::read(output(&case)).unwrap() == whole, "round {round}");
    }
    assert!(case.list("store/tmp").is_empty());
    assert_eq!(found(&case.at("work"), ".tmp"), Vec::<PathBuf>::new());
}

#[test]
fn item_13_prune_removes_what_killed_runs_left() {
    let case = Case::empty().file("store/tmp/stage-dead/half", "half");
    let ran = case.run("cache prune --all --dry-run");
    assert!(ran.stdout.contains("stage-dead"), "{}", ran.text());
    case.run("cache prune --all").exits(0);
    assert!(case.list("store/tmp").is_empty());
}

/// A machine that slept, or whose clock was set, makes a stage look old; who has it holds its lock.
#[test]
fn item_13_a_live_stage_is_not_swept_whatever_the_clock_says() {
    let case = Case::empty();
    let store = Store::at(&case.at("store"));
    let live = store.stage().unwrap();
    let dead = store.ensure_dir("tmp/stage-dead").unwrap();
    for stage in [live.path(), &dead] {
        let then = SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
        fs::File::open(stage).unwrap().set_modified(then).unwrap();
    }
    gc::auto(&store);
    case.run("cache prune --all").exits(0);
    assert!(live.path().is_dir() && !dead.exists());
    drop(live);
    assert!(case.list("store/tmp").is_empty());
}

/// Stages are made and swept by many at once: none that is held goes.
#[test]
fn item_13_stages_are_made_while_others_sweep() {
    let case = Case::empty();
    let store = Store::at(&case.at("store"));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let stage = store.stage().unwrap();
                    fs::write(stage.path().join("file"), "x").unwrap();
                    thread::yield_now();
                    assert!(stage.path().join("file").is_file());
                }
            });
            scope.spawn(|| (0..100).for_each(|_| gc::auto(&store)));
        }
    });
    assert!(case.list("store/tmp").is_empty());
}

#[test]
fn item_13_a_full_disk_is_said_to_be_full() {
    for full in [28, 122] {
        let why = std::io::Error::from_raw_os_error(full);
        let wrapped = std::io::Error::other(format!("failed to unpack `x`: {why}"));
        for error in [Error::io("write", "x", why), Error::io("unpack to", "x", wrapped)] {
            assert!(error.help[0].contains("the disk is full"), "{error:?}");
        }
    }
    assert!(
        Error::io("write", "x", std::io::Error::from_raw_os_error(13))
            .help
            .is_empty()
    );
}
