//! Ctrl-C: it ends plugbuild, what plugbuild started and what that started, and leaves nothing half done.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Output};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use snapbox::str;

use crate::build::lifecycle::running;
use crate::support::case::{Case, go_script};
use crate::support::gateway::{Release, text};
use crate::support::mirror::{Answer, GO_LIST, Mirror, go_archive, go_archive_name, go_list};
use crate::support::module_proxy::{MODULE, case_with};
use crate::support::{plugbuild, root, skipped, stand_ins_are_amd64};

/// A go command with a child and a grandchild that write their process numbers, and a half output.
fn long_go(stubborn: &str) -> String {
    let body = format!(
        "{stubborn}\n\
         for a do [ \"$last\" = -o ] && out=$a; last=$a; done\n\
         mkdir -p \"$HOME/pids\"; echo half >\"$out\"\n\
         sh -c '{stubborn} echo $$ >$HOME/pids/child; sleep 60 & echo $! >$HOME/pids/grandchild; wait; sleep 60' &\n\
         echo $$ >\"$HOME/pids/go\"; echo building >&2\nwait; sleep 60\n"
    );
    go_script("1.25.6", &body)
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The processes of the fake build, once all run.
fn pids(case: &Case) -> Vec<Pid> {
    ["go", "child", "grandchild"]
        .map(|name| {
            let file = case.at(&format!("home/pids/{name}"));
            let number = || fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
            wait_for(name, || number().is_some());
            Pid::from_raw(number().unwrap()).unwrap()
        })
        .to_vec()
}

/// Dead, or waiting for an init that reaps it.
fn gone(pid: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let zombie = state.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'));
    test_kill_process(pid).is_err() || Path::new("/proc/self").exists() && zombie
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn end(child: Child) -> (Output, Duration) {
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    (output, begun.elapsed())
}

fn nothing_is_left(case: &Case) {
    assert_eq!(case.list("work"), ["go.mod", "main.go"]);
    assert!(case.list("store/tmp").is_empty());
}

/// Starts a build whose go never ends, sends the signal, and looks at what is left.
fn interrupted_build(stubborn: &str, signals: &[Signal], group: bool) -> (String, Duration) {
    let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &long_go(stubborn));
    let mut command = case.command(["-g", "2.12.1", "-a", "amd64", "-q"]);
    let child = command.process_group(0).spawn().unwrap();
    let pids = pids(&case);
    assert!(pids.iter().all(|pid| !gone(*pid)));
    for signal in signals {
        if group {
            kill_process_group(pid(&child), *signal).unwrap();
        } else {
            kill_process(pid(&child), *signal).unwrap();
        }
        thread::sleep(Duration::from_millis(200));
    }
    let (output, took) = end(child);
    let ran = case.told(&output);
    ran.exits(130);
    for pid in pids {
        wait_for("end of a process", || gone(pid));
    }
    nothing_is_left(&case);
    (ran.stderr, took)
}

#[test]
fn ctrl_c_ends_children() {
    for (signal, group) in [
        (Signal::INT, false),
        (Signal::INT, true),
        (Signal::TERM, false),
        (Signal::HUP, false),
    ] {
        let (said, took) = interrupted_build("", &[signal], group);
        assert_eq!(said, "building\n", "{signal:?} {group}");
        // What a shell starts in the background heeds no Ctrl-C: the grandchild is ended by harder means.
        assert!(took < Duration::from_secs(4), "{signal:?} {group}: {took:?}");
    }
}

/// Under a terminal go has no group of its own: what it has started is found and ended all the same.
#[test]
#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn ctrl_c_in_a_terminal_ends_children_of_go() {
    for (stubborn, signal) in [
        ("", Signal::TERM),
        ("", Signal::INT),
        ("trap : INT TERM HUP;", Signal::TERM),
    ] {
        let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &long_go(stubborn));
        let plain = case.command(["-g", "2.12.1", "-a", "amd64", "-q"]);
        let words: Vec<String> = std::iter::once(plain.get_program())
            .chain(plain.get_args())
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        let line = format!("echo $$ >\"$HOME/plugbuild\"; exec {}", words.join(" "));
        let mut script = std::process::Command::new("/usr/bin/script");
        script
            .args(["-qec", &line, "/dev/null"])
            .env_clear()
            .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .current_dir(plain.get_current_dir().unwrap())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped());
        // The case's PATH has nothing of the system's.
        let Ok(child) = script.spawn() else {
            return skipped("ctrl_c_in_a_terminal_ends_children_of_go", "there is no `script` here");
        };
        let pids = pids(&case);
        let group = |pid: Pid| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
            stat.rsplit_once(')')
                .unwrap()
                .1
                .split_whitespace()
                .nth(2)
                .unwrap()
                .to_owned()
        };
        let own: i32 = fs::read_to_string(case.at("home/plugbuild"))
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let own = Pid::from_raw(own).unwrap();
        assert_eq!(
            group(own),
            group(pids[0]),
            "go is in plugbuild's group: this is a terminal"
        );
        kill_process(own, signal).unwrap();
        let (output, took) = end(child);
        assert_eq!(output.status.code(), Some(130));
        assert!(took < Duration::from_secs(8), "{signal:?}: {took:?}");
        for pid in pids {
            wait_for("end of a process", || gone(pid));
        }
        nothing_is_left(&case);
    }
}

/// While a gateway that it runs is waited for, plugbuild heeds a signal at once and leaves no gateway behind.
#[test]
fn ctrl_c_ends_the_tested_gateway() {
    let gateway = Release::new("2.12.1", "1.25.6", "1.25.6").gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    let krakend = dir.path().join("krakend");
    fs::copy(&gateway.binary, &krakend).unwrap();
    let plugin = dir.path().join("handler.so");
    let built = plugbuild(&["build", "-q", "--target", "amd64-glibc", "--gateway"])
        .arg(&krakend)
        .arg("--output")
        .arg(&plugin)
        .arg(root().join("examples/handler"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let backend = format!("{{\"host\": [\"{host}\"], \"url_pattern\": \"/\", \"timeout\": \"60s\"}}");
    let endpoint = format!("{{\"endpoint\": \"/slow\", \"timeout\": \"60s\", \"backend\": [{backend}]}}");
    let config = dir.path().join("krakend.json");
    fs::write(&config, format!("{{\"version\": 3, \"endpoints\": [{endpoint}]}}")).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let mut test = plugbuild(&["test", "--request", "GET", "/slow", "--gateway"]);
        test.arg(&krakend).arg(&plugin).arg("--config").arg(&config);
        test.stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let child = test.process_group(0).spawn().unwrap();
        // The gateway has asked its backend: the answer is waited for.
        let held = silent.accept().unwrap();
        kill_process(pid(&child), signal).unwrap();
        let (output, took) = end(child);
        assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
        assert!(took < Duration::from_secs(2), "{signal:?}: {took:?}");
        wait_for("end of the gateway", || !running(&krakend));
        drop(held);
    }
}

/// Several builds at a time, and others not begun: none is left running, none is begun any more.
#[test]
fn ctrl_c_ends_parallel_builds() {
    let go = go_script(
        "1.25.6",
        "mkdir -p \"$HOME/pids\"; echo $$ >\"$HOME/pids/$$\"; sleep 60",
    );
    let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &go);
    let mut command = case.command(["-g", "2.12.1", "--all-targets", "--jobs", "3", "--keep-going"]);
    let child = command.spawn().unwrap();
    let started = || case.list("home/pids");
    wait_for("a build for each architecture", || started().len() == 2);
    thread::sleep(Duration::from_millis(100));
    kill_process(pid(&child), Signal::INT).unwrap();
    let (output, took) = end(child);
    let ran = case.told(&output);
    ran.exits(130);
    // Which of the two is told first is not known.
    let (_, table) = ran.stderr.split_once("PLUGIN").unwrap();
    assert!(!ran.stderr.contains("error:"), "{}", ran.stderr);
    assert_eq!(
        (table.matches("stopped").count(), table.matches("not begun").count()),
        (3, 3),
        "{table}"
    );
    assert!(table.contains(" 0 failed, 2 stopped, 2 not begun, "), "{table}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(started().len(), 2);
    for name in started() {
        let pid = Pid::from_raw(name.parse().unwrap()).unwrap();
        wait_for("end of a build", || gone(pid));
    }
    nothing_is_left(&case);
}

#[test]
fn ctrl_c_kills_children_that_ignore_it() {
    let (_, took) = interrupted_build("trap : INT TERM HUP;", &[Signal::INT], false);
    assert!(took < Duration::from_secs(7), "{took:?}");
    // A second Ctrl-C does not wait.
    let (_, took) = interrupted_build("trap : INT TERM HUP;", &[Signal::INT, Signal::INT], false);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn build_after_ctrl_c() {
    if !stand_ins_are_amd64("build_after_ctrl_c") {
        return;
    }
    let case = Case::equipped().script("home/sdk/go1.25.6/bin/go", &long_go(""));
    let child = case.command(["-g", "2.12.1", "-a", "amd64"]).spawn().unwrap();
    pids(&case);
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_eq!(end(child).0.status.code(), Some(130));
    let case = case.go("home/sdk/go1.25.6", "1.25.6");
    case.run("-g 2.12.1 -a amd64 -q").exits(0);
}

#[test]
fn ctrl_c_in_a_stalled_download() {
    let (mirror, archive) = (Mirror::start(), go_archive("1.25.66"));
    let file = format!("/{}", go_archive_name("1.25.66"));
    for stalled in [GO_LIST, &file] {
        mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.66", &archive)])));
        mirror.serve(stalled, Answer::Stalled(archive.clone()));
        let case = Case::plugin()
            .zig()
            .with_unknown_go()
            .env("PLUGBUILD_GO_MIRROR", &mirror.url);
        let before = mirror.asked().len();
        let child = case.command(["-g", "2.12.1", "-q"]).spawn().unwrap();
        wait_for("request", || {
            mirror.asked()[before..].iter().any(|path| path == stalled)
        });
        kill_process(pid(&child), Signal::INT).unwrap();
        let (output, took) = end(child);
        case.told(&output).is(str![[r#"
exit: 130

"#]]);
        assert!(took < Duration::from_secs(2), "{took:?}");
        nothing_is_left(&case);
        assert!(case.list("store/go").is_empty());
    }
}

#[test]
fn ctrl_c_in_a_wait_for_another_fetch() {
    let (mirror, archive) = (Mirror::start(), go_archive("1.25.66"));
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.66", &archive)])));
    mirror.serve(&format!("/{}", go_archive_name("1.25.66")), Answer::Stalled(archive));
    let case = Case::plugin().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    let start = || case.command(["toolchain", "install", "1.25.66"]).spawn().unwrap();
    let first = start();
    wait_for("request", || mirror.asked().len() == 2);
    let second = start();
    thread::sleep(Duration::from_millis(300));
    kill_process(pid(&second), Signal::INT).unwrap();
    let (output, took) = end(second);
    case.told(&output).is(str![[r#"
exit: 130
--- stderr
     waiting another plugbuild is fetching Go 1.25.66

"#]]);
    assert!(took < Duration::from_secs(2), "{took:?}");
    kill_process(pid(&first), Signal::INT).unwrap();
    assert_eq!(end(first).0.status.code(), Some(130));
    assert!(case.list("store/tmp").is_empty() && case.list("store/go").is_empty());
}

#[test]
fn ctrl_c_in_a_wait_for_stdin() {
    let case = Case::equipped();
    let mut child = case
        .command(["-g", "-"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let held = child.stdin.take();
    thread::sleep(Duration::from_millis(300));
    kill_process(pid(&child), Signal::INT).unwrap();
    let (output, took) = end(child);
    case.told(&output).is(str![[r#"
exit: 130

"#]]);
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(held);
}

/// A pip that is interrupted leaves neither itself nor what it had.
#[test]
fn ctrl_c_in_pip() {
    let case = Case::plugin().go("home/sdk/go1.25.6", "1.25.6").script(
        "bin/python3",
        "mkdir wheel; echo half >wheel/zig.whl; echo $$ >$HOME/pip; sleep 60",
    );
    let child = case.command(["-g", "2.12.1", "-q"]).spawn().unwrap();
    let number = || {
        fs::read_to_string(case.at("home/pip"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
    };
    wait_for("pip", || number().is_some());
    kill_process(pid(&child), Signal::INT).unwrap();
    let (output, took) = end(child);
    case.told(&output).is(str![[r#"
exit: 130

"#]]);
    // A shell now and then loses the signal: then it is ended by harder means.
    assert!(took < Duration::from_secs(4), "{took:?}");
    wait_for("end of pip", || gone(Pid::from_raw(number().unwrap()).unwrap()));
    nothing_is_left(&case);
}

#[test]
fn an_interrupted_look_up_of_a_release_keeps_nothing() {
    let mirror = Mirror::start();
    let info = format!("/{MODULE}/@v/v2.99.0.info");
    mirror.serve(&info, Answer::Silent);
    let (case, _proxy) = case_with(&[]);
    let case = case.env("GOPROXY", &mirror.url);
    let child = case
        .command(["gateway", "show", "--gateway", "2.99.0"])
        .spawn()
        .unwrap();
    wait_for("the question", || mirror.asked().contains(&info));
    kill_process(pid(&child), Signal::TERM).unwrap();
    case.told(&child.wait_with_output().unwrap()).exits(130);
    assert!(case.list("store/releases").is_empty() && case.list("store/tmp").is_empty());
}
