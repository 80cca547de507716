//! The store under stress: many copies at once, and copies that are killed at any moment.

use std::fs;
use std::process::Child;
use std::time::Duration;

use crate::support::case::{Case, HOST, go_script};
use crate::support::mirror::{Answer, GO_LIST, Mirror, go_archive, go_archive_name, go_list};
use crate::support::stand_ins_are_amd64;

fn mirror() -> Mirror {
    let (mirror, archive) = (Mirror::start(), go_archive("1.25.6"));
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.6", &archive)])));
    mirror.serve(&format!("/{}", go_archive_name("1.25.6")), Answer::Whole(archive));
    mirror
}

#[test]
fn sixteen_copies_at_once_fetch_once() {
    if !stand_ins_are_amd64("sixteen_copies_at_once_fetch_once") {
        return;
    }
    let mirror = mirror();
    let case = Case::plugin().zig().env("PLUGBUILD_GO_MIRROR", &mirror.url);
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
        waited += usize::from(ran.stderr.contains("waiting another plugbuild is fetching Go 1.25.6"));
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
fn copies_that_are_killed_leave_no_half_toolchain() {
    let mirror = mirror();
    let case = Case::empty().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    let place = case.at(&format!("store/go/go1.25.6.{HOST}"));
    let whole = |when: &str| {
        let bulk = fs::metadata(place.join("src/bulk")).map(|m| m.len()).ok();
        assert_eq!((bulk, place.join("bin/go").is_file()), (Some(600_000), true), "{when}");
    };
    let random = fastrand::Rng::with_seed(7).u64(..);
    let mut random = fastrand::Rng::with_seed(random);
    let (mut killed, mut made) = (0, 0);
    for round in 0..200 {
        if round >= 24 && killed > 4 && made > 0 {
            break;
        }
        // On a busy machine the moments worth hitting come later.
        let window = 120 * (1 + round / 8);
        let mut copy = case.command(["toolchain", "install", "1.25.6"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(0..window)));
        copy.kill().unwrap();
        let ended = copy.wait().unwrap();
        killed += usize::from(!ended.success());
        if place.exists() {
            made += 1;
            whole(&format!("round {round}"));
            fs::remove_dir_all(&place).unwrap();
        }
    }
    assert!(killed > 4 && made > 0, "{killed} killed, {made} made");
    case.run("toolchain install 1.25.6").exits(0);
    whole("after all");
    assert!(case.list("store/go") == [format!("go1.25.6.{HOST}")]);
}

/// What killed copies left is swept after a day, by the next build.
#[test]
fn leftovers_of_yesterday_are_swept() {
    if !stand_ins_are_amd64("leftovers_of_yesterday_are_swept") {
        return;
    }
    let case = Case::equipped()
        .file("store/tmp/stage-old/x/y", "")
        .file("store/tmp/stage-new/x", "");
    let yesterday = std::time::SystemTime::now() - Duration::from_secs(25 * 3600);
    let old = fs::File::open(case.at("store/tmp/stage-old")).unwrap();
    old.set_modified(yesterday).unwrap();
    case.run("-g 2.12.1 -a amd64 -q").exits(0);
    assert_eq!(case.list("store/tmp"), ["stage-new"]);
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
