//! A plugin's life, as a new user lives it: made, tested, built, checked, and answering requests in a real gateway.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::gateway::{Gateway, Release, text};
use crate::support::{plugbuild, root, skipped};

fn releases() -> [Release; 2] {
    [
        Release::new("2.1.4", "1.19.5", "1.19.13"),
        Release::new("2.12.1", "1.25.6", "1.25.6"),
    ]
}

fn in_dir(dir: &Path, args: &[&str]) -> Output {
    plugbuild(args).current_dir(dir).output().expect("plugbuild starts")
}

fn fine(out: &Output) -> String {
    let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
    assert!(out.status.success(), "{said}");
    said
}

/// Makes a plugin in an empty folder, tests it with the gateway's Go and builds it; its file is plugins/my-plugin.so.
fn made(dir: &Path, kind: &str, release: &Release, gateway: &Gateway) {
    let spec = release.spec(gateway);
    fine(&in_dir(dir, &["new", "my-plugin", "--type", kind, "--gateway", &spec]));
    let folder = dir.join("my-plugin");
    let test = release
        .go
        .command()
        .current_dir(&folder)
        .args(["test", "./..."])
        .output();
    fine(&test.expect("go starts"));
    let output = "plugins/my-plugin.so";
    fine(&in_dir(
        &folder,
        &["build", "--target", gateway.target, "--output", output],
    ));
}

const TARGETS: [&str; 4] = ["amd64-glibc", "amd64-musl", "arm64-glibc", "arm64-musl"];

/// Builds the plugin for a gateway and sends a request through it; a machine that cannot run that gateway is told of.
fn answers(folder: &Path, kind: &str, gateway: &Gateway) {
    let file = gateway.binary.display().to_string();
    let plugin = format!("plugins/{}.so", gateway.target);
    fine(&in_dir(
        folder,
        &[
            "build",
            "--gateway",
            &file,
            "--target",
            gateway.target,
            "--output",
            &plugin,
        ],
    ));
    let foreign = if cfg!(target_arch = "x86_64") {
        ("arm64-musl", "aarch64")
    } else {
        ("amd64-musl", "x86_64")
    };
    let sysroot = root()
        .join("target/test-tools")
        .join(format!("musl-{}", foreign.1))
        .display()
        .to_string();
    let mut args = vec![
        "test",
        &plugin,
        "--gateway",
        &file,
        "--request",
        "GET",
        "/hello",
        "--expect-status",
        "200",
    ];
    if gateway.target == foreign.0 {
        args.extend(["--sysroot", &sysroot]);
    }
    let asked = [&args[..], &["--expect-header", "X-Plugin: my-plugin"]].concat();
    let out = in_dir(folder, &asked);
    if out.status.code() == Some(4) {
        return skipped(
            &format!("a {kind} in a gateway for {}", gateway.target),
            &text(&out.stderr),
        );
    }
    let said = fine(&out);
    assert!(
        said.contains(&format!("loaded: {plugin} as a {kind} in KrakenD")),
        "{said}"
    );
    let missed = in_dir(folder, &[&args[..], &["--expect-header", "X-None"]].concat());
    assert_eq!(missed.status.code(), Some(1));
    assert!(
        text(&missed.stderr).contains("there is no header X-None"),
        "{}",
        text(&missed.stderr)
    );
}

#[test]
fn every_type_answers_a_request() {
    for release in releases() {
        let gateways = TARGETS.map(|target| release.gateway(target));
        for kind in ["handler", "client", "modifier"] {
            let dir = tempfile::tempdir().unwrap();
            made(dir.path(), kind, &release, &gateways[0]);
            let folder = dir.path().join("my-plugin");
            let checked = fine(&in_dir(&folder, &["config", "check", "krakend.json", "."]));
            assert!(checked.contains("no errors and no warnings"), "{checked}");
            let accepted = gateways[0]
                .command(&["check", "-c", "krakend.json"])
                .current_dir(&folder)
                .output();
            fine(&accepted.expect("the gateway starts"));
            gateways.iter().for_each(|gateway| answers(&folder, kind, gateway));
        }
    }
}

/// A bare file does not say which names it registers; it is verified for the gateway, whoever names that.
#[test]
fn bare_file_gets_no_guessed_names() {
    let [old, new] = releases();
    for (release, other) in [(&old, &new), (&new, &old)] {
        let gateway = release.gateway("amd64-glibc");
        let (other_release, other_file) = (other.version, other.gateway("amd64-glibc").binary.display().to_string());
        let dir = tempfile::tempdir().unwrap();
        made(dir.path(), "handler", release, &gateway);
        let folder = dir.path().join("my-plugin");
        fs::copy(folder.join("plugins/my-plugin.so"), dir.path().join("bare.so")).unwrap();
        let config = fs::read_to_string(folder.join("krakend.json")).unwrap();
        let other = config.replace("\"my-plugin\"", "\"other\"");
        assert_ne!(config, other);
        fs::write(folder.join("other.json"), other).unwrap();
        let check = |config, more: &[&str]| {
            let out = in_dir(&folder, &[&["config", "check", config, "../bare.so"], more].concat());
            (out.status.code(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
        };
        let (code, said) = check("other.json", &[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("the names it registers are not known"), "{said}");
        let (code, said) = check("other.json", &["--gateway", release.version]);
        assert!(said.contains("the names it registers are not known"), "{said}");
        assert_eq!(code == Some(0), release.exact, "{said}");
        let not = format!("error: ../bare.so will not load into KrakenD {other_release}");
        for more in [&["--gateway", other_file.as_str()], &["--gateway", other_release]] {
            let (code, said) = check("krakend.json", more);
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains(&not), "{said}");
        }
    }
}

/// Each plugin is tried alone, whatever its name; what its own code does is not taken for a difference; a body is looked at.
#[test]
fn test_runs_plugins_one_by_one() {
    for release in releases() {
        let gateway = release.gateway("amd64-glibc");
        let file = gateway.binary.display().to_string();
        let dir = tempfile::tempdir().unwrap();
        made(dir.path(), "handler", &release, &gateway);
        let folder = dir.path().join("my-plugin");
        let at = |name: &str| folder.join("plugins").join(name);
        fs::copy(at("my-plugin.so"), at("auth.so")).unwrap();
        let panics = "package main\n\nfunc init() { panic(\"there is no license\") }\n";
        fs::write(folder.join("panics.go"), panics).unwrap();
        let output = ["build", "--target", gateway.target, "--output", "plugins/jwt-auth.so"];
        fine(&in_dir(&folder, &[&output[..], &["--gateway", &file]].concat()));

        // A gateway takes `auth.so` for a part of `jwt-auth.so`.
        let test = |plugins: &[&str], more: &[&str]| {
            let out = in_dir(&folder, &[&["test"], plugins, &["--gateway", &file], more].concat());
            (out.status.code(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
        };
        let (code, said) = test(&["plugins/auth.so", "plugins/my-plugin.so"], &[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(" running the gateway "), "{said}");
        let (code, said) = test(&["plugins/auth.so", "plugins/jwt-auth.so"], &["--timeout", "4"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(!said.contains("NOT loaded: plugins/auth.so"), "{said}");
        assert!(said.contains("the plugin's own code stopped it"), "{said}");
        assert!(said.contains("there is no license"), "{said}");
        assert!(!said.contains("says what differs"), "{said}");

        let config = [
            "--config",
            "krakend.json",
            "--request",
            "GET",
            "/hello",
            "--header",
            "X-A: b",
        ];
        let body = |wanted: &str| {
            test(
                &["plugins/auth.so"],
                &[&config[..], &["--expect-body", wanted]].concat(),
            )
        };
        let (code, said) = body("\"status\":");
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = body("no such text");
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("the body does not contain `no such text`"), "{said}");
    }
}

/// The Community edition has no loader for it: built and said so.
#[test]
fn middleware_builds() {
    let release = &releases()[1];
    let gateway = release.gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), "middleware", release, &gateway);
    let folder = dir.path().join("my-plugin");
    let checked = fine(&in_dir(&folder, &["config", "check", "krakend.json", "."]));
    assert!(checked.contains("Enterprise edition only"), "{checked}");
    let file = gateway.binary.display().to_string();
    let out = in_dir(&folder, &["test", "plugins/my-plugin.so", "--gateway", &file]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    // What the file is, `verify` says; both say the same of what the gateway does with it.
    let ignored =
        "MiddlewareRegisterer is ignored by this gateway: middleware plugins work in the Enterprise edition only";
    assert!(text(&out.stdout).starts_with("ignored: plugins/my-plugin.so as a middleware in KrakenD "));
    let verified = in_dir(&folder, &["verify", "plugins/my-plugin.so", "--gateway", &file]);
    let verdict = text(&verified.stdout);
    assert_eq!(verified.status.code(), Some(0), "{verdict}");
    assert!(
        verdict.starts_with("plugins/my-plugin.so: will open, and be ignored"),
        "{verdict}"
    );
    assert!(verdict.contains(ignored), "{verdict}");
    let told = [ignored, "uses nothing of plugins/my-plugin.so"];
    assert!(
        told.iter().all(|told| said.contains(told)) && !said.contains("test-plugin"),
        "{said}"
    );
}

#[test]
fn gateway_of_another_go_leaves_nothing_behind() {
    let [old, new] = releases();
    let (old, built_for) = (old.gateway("amd64-glibc"), new.gateway("amd64-glibc"));
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), "handler", &new, &built_for);
    let folder = dir.path().join("my-plugin");
    let own = dir.path().join("krakend");
    fs::copy(&old.binary, &own).unwrap();
    let file = own.display().to_string();
    let out = in_dir(&folder, &["test", "plugins/my-plugin.so", "--gateway", &file]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no plugin module data")
            && said.contains("note ")
            && said.contains(&format!("`plugbuild verify plugins/my-plugin.so --gateway {file}`")),
        "{said}"
    );
    assert!(!running(&own), "the gateway is still there");
}

/// Whether a process of this program is there.
pub(crate) fn running(program: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_link(process.path().join("exe")).ok())
        .any(|exe| exe == program)
}

#[test]
fn other_architecture_is_emulated() {
    let release = &releases()[1];
    let target = if cfg!(target_arch = "x86_64") {
        "arm64-glibc"
    } else {
        "amd64-glibc"
    };
    let gateway = release.gateway(target);
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), "handler", release, &gateway);
    let folder = dir.path().join("my-plugin");
    let file = gateway.binary.display().to_string();
    let out = in_dir(
        &folder,
        &[
            "test",
            "plugins/my-plugin.so",
            "--gateway",
            &file,
            "--request",
            "GET",
            "/hello",
        ],
    );
    if out.status.code() == Some(4) {
        return skipped("a foreign gateway", &text(&out.stderr));
    }
    assert!(fine(&out).contains("x-plugin: my-plugin"));
    let own = release.gateway(if target == "arm64-glibc" {
        "amd64-glibc"
    } else {
        "arm64-glibc"
    });
    let own = own.binary.display().to_string();
    let out = in_dir(&folder, &["test", "plugins/my-plugin.so", "--gateway", &own]);
    assert!(
        text(&out.stderr).contains(", and the gateway for "),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn init_adds_only_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let source = "package main\n\nvar HandlerRegisterer = registerer(\"own-name\")\n\ntype registerer string\n\n\
        func (r registerer) RegisterHandlers(f func(string)) { f(string(r)) }\n\nfunc main() {}\n";
    fs::write(dir.path().join("main.go"), source).unwrap();
    fs::write(dir.path().join("go.mod"), "module example.org/mine\n").unwrap();
    let said = fine(&in_dir(dir.path(), &["init", "--gateway", "2.1.4"]));
    assert_eq!(said.matches("created").count(), 4, "{said}");
    assert_eq!(fs::read_to_string(dir.path().join("main.go")).unwrap(), source);
    assert_eq!(
        fs::read_to_string(dir.path().join("go.mod")).unwrap(),
        "module example.org/mine\n"
    );
    assert!(
        fs::read_to_string(dir.path().join("krakend.json"))
            .unwrap()
            .contains("\"name\": [\"own-name\"]")
    );
    assert!(!dir.path().join("plugin.go").exists());
    let again = fine(&in_dir(dir.path(), &["init"]));
    assert!(again.contains("nothing is missing"), "{again}");
}

#[test]
fn new_keeps_the_gateway_as_typed() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in here")).unwrap();
    fs::write(
        dir.path().join("version.txt"),
        "KrakenD Version: 2.12.1\nGo Version: 1.25.6\nGlibc Version: GLIBC-2.36_(debian-12)\n",
    )
    .unwrap();
    for (name, gateway, line) in [
        ("generic", "2.12-linux-generic", "version = \"2.12.1-linux-generic\"\n"),
        ("plain", "2.12", "version = \"2.12.1\"\n"),
        ("in here/text", "./version.txt", "version = \"../../version.txt\"\n"),
    ] {
        let said = fine(&in_dir(dir.path(), &["new", name, "--type", "handler", "-g", gateway]));
        assert!(!name.contains(' ') || said.contains("cd 'in here/text' &&"), "{said}");
        let settings = fs::read_to_string(dir.path().join(name).join("plugbuild.toml")).unwrap();
        assert!(settings.contains(&format!("[gateway]\n{line}\n")), "{settings}");
        let shown = fine(&in_dir(&dir.path().join(name), &["gateway", "show"]));
        assert!(shown.contains("1.25.6"), "{shown}");
    }
    let args = [
        "new",
        "go-mismatch",
        "--type",
        "handler",
        "-g",
        "2.12",
        "--go",
        "1.25.5",
    ];
    fine(&in_dir(dir.path(), &args));
    let settings = fs::read_to_string(dir.path().join("go-mismatch/plugbuild.toml")).unwrap();
    assert!(
        settings.contains("version = \"2.12.1\"\ngo = \"1.25.5\"\n"),
        "{settings}"
    );
}

#[test]
fn new_in_a_workspace_uses_its_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[gateway]\nversion = \"2.12-linux-generic\"\n[workspace]\nmembers = [\"plugins/*\"]\n";
    fs::write(dir.path().join("plugbuild.toml"), settings).unwrap();
    fine(&in_dir(dir.path(), &["new", "plugins/auth", "--type", "handler"]));
    let folder = dir.path().join("plugins/auth");
    assert!(
        fs::read_to_string(folder.join("go.mod"))
            .unwrap()
            .ends_with("\ngo 1.25.6\n")
    );
    assert!(!folder.join("plugbuild.toml").exists());
    let asked = ["new", "plugins/old", "--type", "handler", "--gateway", "2.11.0"];
    fine(&in_dir(dir.path(), &asked));
    assert!(dir.path().join("plugins/old/plugbuild.toml").exists());
}

#[test]
fn new_writes_the_workflow_at_the_root() {
    const WORKFLOW: &str = ".github/workflows/plugin.yml";
    let dir = tempfile::tempdir().unwrap();
    let make = |args: &[&str]| {
        let asked = ["--type", "handler", "--gateway", "2.12"];
        fine(&in_dir(dir.path(), &[args, &asked[..]].concat()))
    };
    make(&["new", "alone"]);
    assert!(dir.path().join("alone").join(WORKFLOW).is_file());
    // A worktree's is a file.
    fs::write(dir.path().join(".git"), "gitdir: elsewhere\n").unwrap();
    let init = dir.path().join("plugins/missing");
    fs::create_dir_all(&init).unwrap();
    for (args, folder) in [
        (["new", "plugins/auth"], "plugins/auth"),
        (["init", "plugins/missing"], "plugins/missing"),
    ] {
        let said = make(&args);
        assert!(said.contains("CI files belong to the root of the repository"), "{said}");
        assert!(said.contains("plugbuild matrix --ci github"), "{said}");
        assert!(dir.path().join(folder).join("plugin.go").is_file());
        assert!(!dir.path().join(folder).join(".github").exists());
    }
    fs::create_dir(init.join(".git")).unwrap();
    let said = make(&["init", "plugins/missing"]);
    assert!(init.join(WORKFLOW).is_file() && !said.contains("CI files"), "{said}");
}

#[test]
fn new_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("taken")).unwrap();
    fs::write(dir.path().join("taken/x"), "").unwrap();
    let out = in_dir(dir.path(), &["new", "taken", "--type", "handler"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("plugbuild init taken"));
    for (args, code) in [
        (&["new", "-x", "--type", "handler"], 2),
        (&["new", "x", "--type", "nothing"], 2),
    ] {
        assert_eq!(in_dir(dir.path(), args).status.code(), Some(code), "{args:?}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn inject_shows_and_writes_the_diff() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("krakend.json");
    let text_before = "{\n  \"version\": 3,\n  \"endpoints\": []\n}\n";
    fs::write(&config, text_before).unwrap();
    let args = [
        "config",
        "inject",
        "krakend.json",
        "--plugin",
        "auth",
        "--type",
        "http-server",
    ];
    let shown = fine(&in_dir(dir.path(), &[&args[..], &["--dry-run"]].concat()));
    let wanted = "--- krakend.json\n+++ krakend.json\n@@ -1,4 +1,13 @@\n {\n   \"version\": 3,\n-  \"endpoints\": []\n\
        +  \"plugin\": {\n+    \"pattern\": \".so\",\n+    \"folder\": \"./plugins/\"\n+  },\n+  \"endpoints\": [],\n\
        +  \"extra_config\": {\n+    \"plugin/http-server\": {\n+      \"name\": [\"auth\"]\n+    }\n+  }\n }\n";
    assert_eq!(shown, wanted);
    assert_eq!(fs::read_to_string(&config).unwrap(), text_before);
    fine(&in_dir(dir.path(), &args));
    let written = fs::read_to_string(&config).unwrap();
    assert!(written.contains("\"name\": [\"auth\"]"), "{written}");
    assert!(fine(&in_dir(dir.path(), &args)).contains("already configured"));
    // No such folder here: the one thing left to do.
    let checked = in_dir(dir.path(), &["config", "check", "krakend.json"]);
    assert_eq!(checked.status.code(), Some(0));
    assert!(
        text(&checked.stdout).starts_with("krakend.json:5:15: warning: there is no folder ./plugins/"),
        "{}",
        text(&checked.stdout)
    );
}

/// The value of X-Plugin that a gateway on this port gives, once it does.
fn header_of(port: u16, wanted: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(180);
    while Instant::now() < until {
        let answer = TcpStream::connect(("127.0.0.1", port)).and_then(|mut to| {
            to.set_read_timeout(Some(Duration::from_secs(5)))?;
            to.write_all(b"GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
            let mut answer = String::new();
            to.read_to_string(&mut answer)?;
            Ok(answer)
        });
        if answer.is_ok_and(|answer| answer.contains(&format!("X-Plugin: {wanted}"))) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    false
}

#[test]
fn watch_rebuilds_and_ends_with_its_gateway() {
    let release = &releases()[1];
    let gateway = release.gateway("amd64-glibc");
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), "handler", release, &gateway);
    let folder = dir.path().join("my-plugin");
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = folder.join("krakend.json");
    let own = fs::read_to_string(&config).unwrap().replace("8080", &port.to_string());
    fs::write(&config, own).unwrap();
    // A copy, so that no other test's gateway is mistaken for this one.
    let file = dir.path().join("krakend");
    fs::copy(&gateway.binary, &file).unwrap();
    let args = ["watch", "--gateway", file.to_str().unwrap(), "--target", "amd64-glibc"];
    let log = fs::File::create(dir.path().join("log")).unwrap();
    let mut watch = plugbuild(&args)
        .current_dir(&folder)
        .stderr(log)
        .spawn()
        .expect("plugbuild starts");
    let first = header_of(port, "my-plugin");
    let source = folder.join("plugin.go");
    let changed = fs::read_to_string(&source)
        .unwrap()
        .replace("Set(header, pluginName)", "Set(header, \"changed\")");
    fs::write(&source, changed).unwrap();
    let second = header_of(port, "changed");
    // What does not compile takes nothing away.
    fs::write(&source, "package main\n\nfunc {").unwrap();
    let told = || fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    let until = Instant::now() + Duration::from_secs(60);
    while !told().contains("the gateway continues with the previous plugin") && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    let still = header_of(port, "changed");
    let pid = rustix::process::Pid::from_child(&watch);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let code = watch.wait().unwrap().code();
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(first && second && still, "{first} {second} {still}\n{log}");
    assert_eq!(code, Some(130), "{log}");
    // A gateway that is only named is never run: that this one is, is said before it starts.
    let runs = format!(" running the gateway {}: {}\n", release.version, file.display());
    assert!(log.contains(&runs), "{log}");
    assert!(!running(&file), "the gateway is still there");
}
