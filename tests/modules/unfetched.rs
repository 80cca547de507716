//! A module that cannot be had: each command that needs it ends as a failed download does, whatever the server's words.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::modules::align::fixture;
use crate::support::gateway::text;
use crate::support::go::Go;
use crate::support::mirror::{Answer, Mirror};
use crate::support::{plugbuild, skipped};

const HANDLER: &str = "package main\n\nimport (\n\t\"context\"\n\t\"net/http\"\n\n\t_ \"acme.test/team/auth\"\n)\n\nvar HandlerRegisterer = registerer(\"x\")\n\n\
     type registerer string\n\nfunc (registerer) RegisterHandlers(func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {}\n\nfunc main() {}\n";

/// plugbuild with a module cache of its own, and this server as its only source of modules.
fn asks(mirror: &Mirror, go: &Go, folder: &Path, modules: &Path, args: &[&str]) -> Output {
    let mut asks = plugbuild(args);
    // compat is about gateways of other Go versions, too.
    if args[0] != "compat" {
        asks.env("PLUGBUILD_GO", &go.root);
    }
    asks.current_dir(folder)
        .env("GOMODCACHE", modules)
        .env("GOPROXY", &mirror.url)
        .env("GOSUMDB", "off")
        .env("GOFLAGS", "-modcacherw")
        .output()
        .unwrap()
}

#[test]
fn refused_module_is_a_failed_fetch() {
    let go = match Go::fetch("1.25.6") {
        Ok(go) => go,
        Err(why) => return skipped("a module that is refused", &why),
    };
    let mirror = Mirror::start();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("plugin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("main.go"), HANDLER).unwrap();
    let module = "module example.com/refused\n\ngo 1.19\n\nrequire acme.test/team/auth v1.0.0\n";
    fs::write(folder.join("go.mod"), module).unwrap();
    let ran = |status: u16, args: &[&str]| {
        for file in ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip", "list"] {
            mirror.serve(&format!("/acme.test/team/auth/@v/{file}"), Answer::Status(status));
        }
        let out = asks(&mirror, &go, &folder, &place.path().join("mod"), args);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(5), "{args:?}, {status}: {said}");
        assert!(
            said.contains("GOPRIVATE='acme.test/team/*'"),
            "{args:?}, {status}: {said}"
        );
    };
    for status in [401, 403, 404, 410] {
        ran(status, &["check", "--gateway", "2.12.1"]);
    }
    let target = ["--gateway", "2.12.1", "--target", "amd64-glibc"];
    ran(403, &["compat", "--from", "2.12"]);
    for command in ["build", "fetch"] {
        ran(404, &[&[command], &target[..]].concat());
    }
    ran(
        410,
        &[
            "build",
            "--gateway",
            "2.12.1",
            "--target",
            "amd64-glibc",
            "--align",
            "never",
        ],
    );
}

/// The gateway's version is needed to align: check finds that out as a build does.
#[test]
fn check_and_build_miss_the_gateways_version() {
    let go = match Go::fetch("1.25.6") {
        Ok(go) => go,
        Err(why) => return skipped("a version of the gateway's that is refused", &why),
    };
    let folder = fixture("new/no-sum", "refused");
    let mirror = Mirror::start();
    let uuid = "/github.com/google/uuid/@v";
    for version in ["v1.5.0", "v1.6.0"] {
        let module = b"module github.com/google/uuid\n".to_vec();
        let name = format!("github.com/google/uuid@{version}");
        let files = [
            ("go.mod", &module[..]),
            ("uuid.go", b"package uuid\n\nfunc NewString() string { return \"\" }\n"),
        ];
        let info = format!("{{\"Version\":\"{version}\"}}");
        mirror.serve(&format!("{uuid}/{version}.info"), Answer::Whole(info.into_bytes()));
        mirror.serve(&format!("{uuid}/{version}.mod"), Answer::Whole(module.clone()));
        mirror.serve(&format!("{uuid}/{version}.zip"), Answer::Whole(zipped(&name, &files)));
    }
    for file in ["info", "mod", "zip"] {
        mirror.serve(&format!("{uuid}/v1.6.0.{file}"), Answer::Status(403));
    }
    let modules = tempfile::tempdir().unwrap();
    let mut words = Vec::new();
    for args in [
        &["check", "--gateway", "2.12.1"][..],
        &[
            "build",
            "--gateway",
            "2.12.1",
            "--target",
            "amd64-musl",
            "--output",
            "x.so",
        ],
    ] {
        let out = asks(&mirror, &go, &folder, modules.path(), args);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(5), "{args:?}: {said}");
        let error = said
            .lines()
            .skip_while(|line| !line.starts_with("error: "))
            .collect::<Vec<_>>()
            .join("\n");
        assert!(error.contains("github.com/google/uuid@v1.6.0"), "{args:?}: {said}");
        words.push(error);
    }
    assert_eq!(words[0], words[1]);
}

fn zipped(prefix: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{prefix}/{name}"), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
