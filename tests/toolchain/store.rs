//! The store under stress: many copies at once, and copies that are killed at any moment.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use snapbox::str;

use crate::faults::kill::{Killer, ROUNDS, TOOLCHAINS};
use crate::support::case::{Case, HOST, go_script};
use crate::support::mirror::{Answer, GO_LIST, Mirror, go_archive, go_archive_name, go_list};
use crate::support::{say, stand_ins_are_amd64};

fn mirror() -> Mirror {
    let (mirror, archive) = (Mirror::start(), go_archive("1.25.66"));
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.66", &archive)])));
    mirror.serve(&format!("/{}", go_archive_name("1.25.66")), Answer::Whole(archive));
    mirror
}

#[test]
fn sixteen_copies_at_once_fetch_once() {
    if !stand_ins_are_amd64("sixteen_copies_at_once_fetch_once") {
        return;
    }
    let (mirror, archive) = (mirror(), go_archive("1.25.66"));
    // So slow that all of them come meanwhile.
    mirror.serve(&format!("/{}", go_archive_name("1.25.66")), Answer::Slow(archive, 8));
    let case = Case::plugin()
        .zig()
        .with_unknown_go()
        .env("PLUGBUILD_GO_MIRROR", &mirror.url);
    let copies: Vec<Child> = (0..16)
        .map(|i| {
            let out = format!("out{i}");
            case.command(["-g", "2.12.1", "-a", "amd64", "--out-dir", &out])
                .spawn()
                .unwrap()
        })
        .collect();
    let mut waited = 0;
    for copy in copies {
        let ran = case.told(&copy.wait_with_output().unwrap());
        ran.exits(0);
        waited += usize::from(ran.stderr.contains("waiting another plugbuild is fetching Go 1.25.66"));
    }
    assert_eq!(mirror.asked().len(), 2, "{:?}", mirror.asked());
    assert!(waited > 0, "some came while it was fetched");
    assert!(case.list("store/tmp").is_empty());
    let plugins: Vec<_> = (0..16)
        .map(|i| fs::read(case.at(&format!("work/out{i}/handler_2.12.1_linux_amd64_musl.so"))).unwrap())
        .collect();
    assert!(plugins.iter().all(|plugin| *plugin == plugins[0]));
}

/// Whatever is seen in the store is whole, whenever the copy that made it was killed.
#[test]
fn killed_copies_leave_no_half_toolchain() {
    let mirror = mirror();
    let case = Case::empty().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    let place = case.at(&format!("store/go/go1.25.66.{HOST}"));
    let whole = |when: &str| {
        let bulk = fs::metadata(place.join("src/bulk")).map(|m| m.len()).ok();
        assert_eq!((bulk, place.join("bin/go").is_file()), (Some(600_000), true), "{when}");
    };
    let install = "toolchain install 1.25.66";
    let begun = Instant::now();
    case.run(install).exits(0);
    let mut killer = Killer::new(begun.elapsed());
    let mut made = 0;
    for round in 0..ROUNDS {
        if killer.kills >= TOOLCHAINS && made > 0 {
            break;
        }
        if place.exists() {
            made += usize::from(round > 0);
            whole(&format!("round {round}"));
            fs::remove_dir_all(&place).unwrap();
        }
        killer.strikes(&case, install);
    }
    let killed = killer.kills;
    assert!(killed >= TOOLCHAINS && made > 0, "{killed} killed, {made} made");
    say(&format!(
        "{killed} installs of a toolchain killed at a random moment: {made} whole, the others absent"
    ));
    case.run(install).exits(0);
    whole("after all");
    assert!(case.list("store/go") == [format!("go1.25.66.{HOST}")]);
}

/// What killed copies left is swept by the next build; what a live one has is locked, and stays however old it looks.
#[test]
fn only_leftovers_are_swept() {
    if !stand_ins_are_amd64("only_leftovers_are_swept") {
        return;
    }
    let case = Case::equipped()
        .file("store/tmp/stage-old/x/y", "")
        .file("store/tmp/stage-new/x", "");
    let yesterday = std::time::SystemTime::now() - Duration::from_secs(25 * 3600);
    let live = plugbuild::toolchain::store::Store::at(&case.at("store"))
        .stage()
        .unwrap();
    for stage in [live.path(), &case.at("store/tmp/stage-old")] {
        fs::File::open(stage).unwrap().set_modified(yesterday).unwrap();
    }
    case.run("-g 2.12.1 -a amd64 -q").exits(0);
    let name = live.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(case.list("store/tmp"), [name]);
}

/// A go command that writes its output slowly and in two pieces, as a linker does.
fn slow_go() -> String {
    let go = go_script("1.25.6", "sleep 0.3");
    let (before, copy) = go.split_once("[ -n").unwrap();
    let from = copy.split("exec cp ").nth(1).unwrap().split(' ').next().unwrap();
    format!("{before}\nhead -c 2000 {from} >\"$out\"; sleep 0.3; tail -c +2001 {from} >>\"$out\"\n")
}

#[test]
fn two_builds_of_one_plugin_at_once() {
    if !stand_ins_are_amd64("two_builds_of_one_plugin_at_once") {
        return;
    }
    let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &slow_go());
    let start = |out: &str| {
        case.command(["-g", "2.12.1", "-a", "amd64", "-o", out])
            .spawn()
            .unwrap()
    };
    let copies = [start("one.so"), start("two.so"), start("two.so")];
    let said: Vec<String> = copies
        .into_iter()
        .map(|copy| {
            let ran = case.told(&copy.wait_with_output().unwrap());
            ran.exits(0);
            ran.stderr
        })
        .collect();
    let waited = said.iter().filter(|s| s.contains("waiting another plugbuild is "));
    assert!(waited.count() >= 2, "{said:?}");
    assert_eq!(
        fs::read(case.at("work/one.so")).unwrap(),
        fs::read(case.at("work/two.so")).unwrap()
    );
    assert_eq!(case.list("work"), ["go.mod", "main.go", "one.so", "two.so"]);
}

/// A store in which some was used lately and some was not.
fn used_store() -> Case {
    let case = Case::empty()
        .file("store/go/go1.25.6.x/bin/go", vec![0; 2_500_000])
        .file("store/zig/cache/libc", vec![0; 1_200_000])
        .file("store/linked/old/plugin.so", vec![0; 900_000])
        .file("store/linked/new/plugin.so", vec![0; 700_000])
        .file("store/modfiles/old/as-is/go.mod", "module x\n")
        .file("store/modules/one/cache/download/list", "")
        .file("store/locks/linked-old.lock", "");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(31 * 24 * 3600);
    for place in [
        "linked/old",
        "modfiles/old",
        "go/go1.25.6.x",
        "modules/one",
        "zig/cache",
    ] {
        let place = case.at(&format!("store/{place}"));
        fs::File::open(place).unwrap().set_modified(long_ago).unwrap();
    }
    case
}

#[test]
fn unused_entries_are_pruned() {
    let case = used_store();
    case.run("cache size").is(str![[r#"
exit: 0
--- stdout
   2.5 MB  go        Go toolchains
   1.6 MB  linked    plugins as they were linked, for quick rebuilds
   1.2 MB  zig       zig, and the libcs it has compiled
   0.0 MB  modfiles  copies of go.mod and go.sum
   0.0 MB  modules   modules of bundles
   5.3 MB  [STORE]

"#]]);
    case.run("cache size --message-format json").is(str![[r#"
exit: 0
--- stdout
{"bytes":2500000,"entries":1,"part":"Go toolchains","path":"[STORE]/go"}
{"bytes":1600000,"entries":2,"part":"plugins as they were linked, for quick rebuilds","path":"[STORE]/linked"}
{"bytes":1200000,"entries":1,"part":"zig, and the libcs it has compiled","path":"[STORE]/zig"}
{"bytes":9,"entries":1,"part":"copies of go.mod and go.sum","path":"[STORE]/modfiles"}
{"bytes":0,"entries":1,"part":"modules of bundles","path":"[STORE]/modules"}

"#]]);
    case.run("cache prune --dry-run").is(str![[r#"
exit: 0
--- stdout
[STORE]/linked/old
[STORE]/modfiles/old
--- stderr
 would prune 2 entries, 0.9 MB

"#]]);
    assert_eq!(case.list("store/linked"), ["new", "old"]);
    case.run("cache prune -v").is(str![[r#"
exit: 0
--- stderr
     removed [STORE]/linked/old
     removed [STORE]/modfiles/old
      pruned 2 entries, 0.9 MB

"#]]);
    assert_eq!(case.list("store/linked"), ["new"]);
    case.run("cache prune --all --message-format json").is(str![[r#"
exit: 0
--- stdout
{"bytes":700000,"path":"[STORE]/linked/new","reason":"removed"}
{"bytes":1200000,"path":"[STORE]/zig/cache","reason":"removed"}
--- stderr
      pruned 2 entries, 1.9 MB

"#]]);
    assert!(case.list("store/linked").is_empty() && case.list("store/tmp").is_empty());
    assert_eq!(case.list("store/go"), ["go1.25.6.x"]);
    assert_eq!(case.list("store/modules"), ["one"]);
    Case::empty().run("cache prune").is(str![[r#"
exit: 0
--- stderr
      pruned nothing: the store does not exist yet

"#]]);
}

/// A build sweeps by itself, and what it uses stays.
#[test]
fn build_sweeps_unused_entries() {
    if !stand_ins_are_amd64("build_sweeps_unused_entries") {
        return;
    }
    let case = Case::equipped().file("store/linked/old/plugin.so", "x");
    let build = "-g 2.12.1 -a amd64 -q";
    case.run(build).exits(0);
    let age = |place: &str, days: u64| {
        let then = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 3600 + 60);
        fs::File::open(case.at(place)).unwrap().set_modified(then).unwrap();
    };
    let mine: Vec<String> = case
        .list("store/linked")
        .into_iter()
        .filter(|name| name != "old")
        .collect();
    let mine = format!("store/linked/{}", mine[0]);
    for place in [mine.as_str(), "store/linked/old"] {
        age(place, 29);
    }
    age("store/swept", 1);
    case.run(build).exits(0);
    assert_eq!(case.list("store/linked").len(), 2);
    for place in [mine.as_str(), "store/linked/old", "store/swept"] {
        age(place, 30);
    }
    // Used 30 days ago and now: the sweep comes first, and the build makes it anew.
    let ran = case.run("-g 2.12.1 -a amd64 -o other.so -q");
    ran.exits(0);
    assert_eq!(case.list("store/linked").len(), 1);
    assert!(case.at(&mine).is_dir());
    let stamp = fs::metadata(case.at(&mine)).unwrap().modified().unwrap();
    assert!(stamp.elapsed().unwrap() < Duration::from_secs(600), "a use is a stamp");
}

/// Who prunes waits for a build that is under way.
#[test]
fn pruning_waits_for_a_build() {
    if !stand_ins_are_amd64("pruning_waits_for_a_build") {
        return;
    }
    let case = Case::equipped().script(
        "home/sdk/go1.25.6/bin/go",
        &go_script("1.25.6", "echo >\"$HOME/runs\"; sleep 1"),
    );
    let build = case.command(["-g", "2.12.1", "-a", "amd64", "-q"]).spawn().unwrap();
    while !case.at("home/runs").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ran = case.run("cache prune --all");
    ran.exits(0);
    assert!(
        ran.stderr
            .starts_with("     waiting another plugbuild is using the store\n"),
        "{}",
        ran.stderr
    );
    case.told(&build.wait_with_output().unwrap()).exits(0);
    assert!(case.list("store/linked").is_empty());
}
