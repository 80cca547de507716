//! Modules that do not come from a public proxy as they are: vendor folders, workspaces, private ones. Each builds and loads.

use std::fs;

use crate::modules::align::{TARGET, build, builds_and_loads, check, conflicts, fixture, new, run};
use crate::support::gateway::text;
use crate::support::{cache, copy_tree, made, plugbuild, root};

#[test]
fn workspace_plugins_share_a_local_module() {
    let (release, gateway) = new();
    let whole = fixture("workspace", "cured");
    for plugin in ["a", "b"] {
        let (code, report) = check(&whole.join(plugin), &release.spec(&gateway));
        assert_eq!(code, Some(1));
        assert_eq!(conflicts(&report), ["github.com/google/uuid v1.5.0 -> v1.6.0"]);
        builds_and_loads(&whole.join(plugin), &whole, &release, &gateway);
    }
    let shared = whole.join("shared/go.mod");
    let newer = fs::read_to_string(&shared).unwrap().replace("go 1.24.0", "go 1.26.0");
    fs::write(&shared, newer).unwrap();
    let work = fs::read_to_string(whole.join("go.work")).unwrap();
    fs::write(whole.join("go.work"), work.replace("go 1.24.0", "go 1.26.0")).unwrap();
    let out = build(&whole.join("a"), &release.spec(&gateway), &made("newer-member.so"), &[]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    let said = text(&out.stderr);
    assert!(
        said.contains("example.com/ws/shared needs Go 1.26.0: its go line requires it"),
        "{said}"
    );
    assert_eq!(check(&whole.join("a"), "2.12.1").1["verdict"], "does-not-fit");
    let out = run(&["fix", "--gateway", "2.12.1"], &whole.join("a"));
    assert_eq!(
        out.status.code(),
        Some(2),
        "fix edits one go.mod: {}",
        text(&out.stderr)
    );
    assert!(text(&out.stderr).contains("go.work"), "{}", text(&out.stderr));
}

/// A folder that go.work puts in a module's place is not described by its path on this machine.
#[test]
fn replaced_module_leaves_no_path() {
    let (release, gateway) = new();
    let whole = fixture("workspace", "replaced");
    let work = fs::read_to_string(whole.join("go.work")).unwrap();
    let replaced = work.replace("\t./shared\n", "") + "\nreplace example.com/ws/shared => ./shared\n";
    fs::write(whole.join("go.work"), replaced).unwrap();
    let (said, file) = builds_and_loads(&whole.join("a"), &whole, &release, &gateway);
    assert!(said.contains("aligned 1 module"), "{said}");
    let bytes = fs::read(file).unwrap();
    let here = whole.to_str().unwrap().as_bytes();
    assert!(
        !bytes.windows(here.len()).any(|part| part == here),
        "{}",
        whole.display()
    );
}

/// Workspaces came with Go 1.18.
#[test]
fn workspace_needs_go_1_18() {
    let whole = fixture("workspace", "old-go");
    for file in ["go.work", "a/go.mod", "b/go.mod", "shared/go.mod"] {
        let text = fs::read_to_string(whole.join(file)).unwrap();
        fs::write(whole.join(file), text.replace("go 1.24.0", "go 1.17")).unwrap();
    }
    for command in ["build", "check"] {
        let out = run(&[command, "--gateway", "2.0.6"], &whole.join("a"));
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{command}: {said}");
        assert!(said.contains("go.work is not known to Go 1.17.13"), "{command}: {said}");
        assert!(said.contains("-replace=example.com/ws/shared="), "{command}: {said}");
    }
}

/// `go work vendor` puts what all members need into one folder beside go.work.
#[test]
fn vendored_workspace_builds() {
    let (release, gateway) = new();
    let whole = fixture("workspace", "vendored");
    let fits = |file: &str| {
        let text = fs::read_to_string(whole.join(file)).unwrap();
        fs::write(
            whole.join(file),
            text.replace("uuid v1.5.0", "uuid v1.6.0")
                .replace("\texample.com/ws/shared v0.0.0\n", ""),
        )
        .unwrap();
    };
    let go = |args: &[&str], dir: &str| {
        let mut go = release.go.command();
        let out = go
            .current_dir(whole.join(dir))
            .env_remove("GOWORK")
            .args(args)
            .output()
            .unwrap();
        assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
    };
    ["a/go.mod", "b/go.mod", "shared/go.mod"]
        .iter()
        .for_each(|file| fits(file));
    go(&["work", "vendor"], ".");
    for plugin in ["a", "b"] {
        let (said, _) = builds_and_loads(&whole.join(plugin), &whole, &release, &gateway);
        assert!(!said.contains(" aligned "), "{plugin}: {said}");
    }
}

#[test]
fn vendor_folder_is_used_where_it_fits() {
    let (release, gateway) = new();
    let spec = release.spec(&gateway);
    let folder = fixture("new/replaced", "vendored");
    let vendor = || {
        let mut go = release.go.command();
        let out = go.current_dir(&folder).args(["mod", "vendor"]).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
    };
    vendor();
    assert_eq!(
        conflicts(&check(&folder, &spec).1),
        ["github.com/google/uuid v1.4.0 -> v1.6.0"]
    );
    let (said, _) = builds_and_loads(&folder, &folder, &release, &gateway);
    assert!(said.contains("aligned 1 module"), "{said}");
    let file = made("vendor-only.so");
    let held = build(&folder, &spec, &file, &["--", "-mod=vendor"]);
    assert_eq!(held.status.code(), Some(1), "{}", text(&held.stderr));
    assert!(text(&held.stderr).contains("vendor/"), "{}", text(&held.stderr));
    fs::copy(folder.join("go.mod"), folder.join("other.mod")).unwrap();
    let other = build(&folder, &spec, &file, &["--", "-mod=mod", "-modfile=other.mod"]);
    assert!(
        text(&other.stderr).contains("-modfile=other.mod is set: nothing is compared"),
        "{}",
        text(&other.stderr)
    );
    fs::remove_file(folder.join("other.mod")).unwrap();
    let _ = fs::remove_file(folder.join("other.sum"));
    let fixed = run(&["fix", "--write", "--gateway", &spec], &folder);
    assert!(text(&fixed.stderr).contains("go mod vendor"), "{}", text(&fixed.stderr));
    vendor();
    assert_eq!(check(&folder, &spec).0, Some(0));
    let (said, _) = builds_and_loads(&folder, &folder, &release, &gateway);
    assert!(!said.contains(" aligned "), "{said}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn private_module_by_git() {
    let (release, gateway) = new();
    let place = tempfile::tempdir().unwrap();
    let repository = place.path().join("git/team/lib");
    copy_tree(&root().join("tests/fixtures/misfits/new/demands/lib"), &repository);
    let go_mod = fs::read_to_string(repository.join("go.mod")).unwrap();
    let private = "acme.test/team/lib.git";
    fs::write(
        repository.join("go.mod"),
        go_mod.replace("example.com/demands/lib", private),
    )
    .unwrap();
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@acme.test",
            "commit",
            "-qm",
            "lib",
        ],
        &["tag", "v0.1.0"],
    ] {
        let out = std::process::Command::new("git")
            .args(args)
            .current_dir(&repository)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
    }
    // As a user's ~/.gitconfig would have it.
    let settings = [
        ("GOPRIVATE", "acme.test".to_owned()),
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        (
            "GIT_CONFIG_KEY_0",
            format!("url.file://{}/.insteadOf", place.path().join("git").display()),
        ),
        ("GIT_CONFIG_VALUE_0", "https://acme.test/".to_owned()),
    ];
    let folder = fixture("new/demands", "private");
    fs::remove_dir_all(folder.join("lib")).unwrap();
    let source = fs::read_to_string(folder.join("plugin.go")).unwrap();
    fs::write(
        folder.join("plugin.go"),
        source.replace("example.com/demands/lib", private),
    )
    .unwrap();
    fs::write(
        folder.join("go.mod"),
        format!("module example.com/private\n\ngo 1.24.0\n\nrequire {private} v0.1.0\n"),
    )
    .unwrap();
    let output = made("private.so");
    let spec = release.spec(&gateway);
    let out = plugbuild(&["build", "--gateway", &spec, "--target", TARGET, "--output"])
        .arg(&output)
        .current_dir(&folder)
        .envs(settings)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(
        text(&out.stderr).contains("golang.org/x/net v0.48.0 → v0.47.0"),
        "{}",
        text(&out.stderr)
    );
    assert!(gateway.open(&[&output])[0].ok);
    // Without that, the failing host is named.
    let refused = plugbuild(&["check", "--gateway", &spec])
        .current_dir(&folder)
        .env("GOPRIVATE", "acme.test")
        .env("GOMODCACHE", place.path().join("mod"))
        .env("GOFLAGS", "-modcacherw")
        .env("GOPROXY", "off")
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("GOPRIVATE=acme.test"),
        "{}",
        text(&refused.stderr)
    );
}

/// A company's module proxy wants a password, and the go command finds it in ~/.netrc.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn private_module_by_netrc() {
    use std::io::{BufRead, BufReader};
    let (release, gateway) = new();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let program = release.go.build(
        &root().join("tests/fixtures/private-proxy"),
        &at("proxy"),
        &["."],
        &[("CGO_ENABLED", "0")],
    );
    let mut proxy = std::process::Command::new(program);
    let pipe = std::process::Stdio::piped;
    let mut proxy = proxy.arg(at("proxy.pem")).stdin(pipe()).stdout(pipe()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(proxy.stdout.as_mut().unwrap())
        .read_line(&mut address)
        .unwrap();
    let folder = at("plugin");
    fs::create_dir(&folder).unwrap();
    let source = fs::read_to_string(root().join("examples/handler/plugin.go")).unwrap();
    let source = source.replacen("import (", "import (\n\t\"acme.test/secret\"", 1) + "\nvar word = secret.Word\n";
    fs::write(folder.join("plugin.go"), source).unwrap();
    fs::copy(root().join("examples/handler/logger.go"), folder.join("logger.go")).unwrap();
    fs::write(
        folder.join("go.mod"),
        "module example.com/private\n\ngo 1.19\n\nrequire acme.test/secret v0.1.0\n",
    )
    .unwrap();
    let env = [
        ("HOME", at("home").into_os_string()),
        ("GOCACHE", cache().join("gocache").into()),
        ("GOFLAGS", "-modcacherw".into()),
        ("GOMODCACHE", at("modules").into()),
        ("GOPROXY", address.trim().into()),
        ("GOPRIVATE", "acme.test".into()),
        ("GONOPROXY", "none".into()),
        ("SSL_CERT_FILE", at("proxy.pem").into()),
    ];
    let password_is = |password: &str| {
        fs::create_dir_all(at("home")).unwrap();
        // Some versions of Go look for the host alone, others with its port.
        let port = address.trim().trim_start_matches("https://");
        let lines = ["127.0.0.1", port].map(|host| format!("machine {host} login dev password {password}\n"));
        fs::write(at("home/.netrc"), lines.concat()).unwrap();
    };
    let build = || {
        plugbuild(&[
            "build",
            "--gateway",
            &release.spec(&gateway),
            "--target",
            TARGET,
            "--output",
        ])
        .arg(at("private.so"))
        .current_dir(&folder)
        .envs(env.clone())
        .output()
        .unwrap()
    };
    password_is("guess");
    let refused = build();
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(said.contains("401 Unauthorized") && said.contains("~/.netrc"), "{said}");
    password_is("open");
    let tidy = release
        .go
        .command()
        .current_dir(&folder)
        .envs(env.clone())
        .args(["mod", "tidy"])
        .output()
        .unwrap();
    assert!(tidy.status.success(), "{}", text(&tidy.stderr));
    fs::remove_dir_all(at("modules")).unwrap();
    let out = build();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(gateway.open(&[&at("private.so")])[0].ok);
    drop(proxy.stdin.take());
    proxy.wait().unwrap();
}
