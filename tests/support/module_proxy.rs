//! A GOPROXY in a folder, with invented releases of the gateway's module.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use plugbuild::matrix::{modules, sums};

use crate::support::case::Case;

/// The gateway's module, as every release of 2.x is asked for.
pub(crate) const MODULE: &str = "github.com/krakend/krakend-ce/v2";

/// The files of a release's module.
#[derive(Debug, Clone)]
pub(crate) struct Files(pub(crate) Vec<(String, Vec<u8>)>);

/// The folder, as a proxy serves it.
#[derive(Debug)]
pub(crate) struct ModuleProxy {
    dir: PathBuf,
}

impl Files {
    /// Those of a release with the Go, the images and the modules of 2.12.1.
    pub(crate) fn of(version: &str) -> Files {
        Files::with_go(version, "1.25.6")
    }

    pub(crate) fn with_go(version: &str, go: &str) -> Files {
        let (mut go_mod, mut go_sum) = (format!("module {MODULE}\n\ngo 1.25.3\n\n"), String::new());
        for row in modules::of("2.12.1".parse().unwrap()).unwrap() {
            let (path, at) = row.effective();
            writeln!(go_sum, "{}", sums::go_sum_lines(path, at).unwrap()).unwrap();
            let indirect = if row.indirect { " // indirect" } else { "" };
            writeln!(go_mod, "require {} {}{indirect}", row.path, row.version).unwrap();
            if let Some((path, at)) = &row.replace {
                writeln!(go_mod, "replace {} => {path} {at}", row.path).unwrap();
            }
        }
        let makefile = format!(
            "BIN_NAME := krakend\nVERSION := {version}\nGOLANG_VERSION := {go}\nALPINE_VERSION := 3.23\n\nbuild:\n\t@go build\n"
        );
        let docker = "ARG GOLANG_VERSION\nARG ALPINE_VERSION\nFROM golang:${GOLANG_VERSION}-alpine${ALPINE_VERSION} as builder\nWORKDIR /app\n\nFROM alpine:${ALPINE_VERSION}\n";
        let loader = "package krakend\n\nimport server \"github.com/luraproject/lura/v2/transport/http/server/plugin\"\n\nvar _ = server.Load\n";
        Files(Vec::new())
            .file("go.mod", &go_mod)
            .file("go.sum", &go_sum)
            .file("Makefile", &makefile)
            .file("Dockerfile", docker)
            .file("Dockerfile-builder-linux", "FROM golang:${GOLANG_VERSION}-bookworm\n")
            .file("plugin.go", loader)
            .file("README.md", "An invented release.\n")
    }

    /// With this file, in place of one of its name.
    pub(crate) fn file(self, name: &str, text: &str) -> Files {
        let mut files = self.without(name);
        files.0.push((name.to_owned(), text.as_bytes().to_vec()));
        files
    }

    pub(crate) fn without(mut self, name: &str) -> Files {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// With something replaced in a file.
    pub(crate) fn edited(self, name: &str, from: &str, to: &str) -> Files {
        let (_, text) = self.0.iter().find(|(known, _)| known == name).unwrap();
        let text = String::from_utf8(text.clone()).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        self.file(name, &text.replacen(from, to, 1))
    }

    fn text(&self, name: &str) -> Vec<u8> {
        let file = self.0.iter().find(|(known, _)| known == name);
        file.map_or_else(|| format!("module {MODULE}\n").into_bytes(), |(_, text)| text.clone())
    }

    /// The zip that a proxy serves.
    pub(crate) fn zip(&self, version: &str) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, content) in &self.0 {
            zip.start_file(format!("{MODULE}@v{version}/{name}"), deflated).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

impl ModuleProxy {
    pub(crate) fn in_dir(dir: &Path) -> ModuleProxy {
        let proxy = ModuleProxy { dir: dir.to_owned() };
        fs::create_dir_all(proxy.versions()).unwrap();
        proxy
    }

    fn versions(&self) -> PathBuf {
        self.dir.join(MODULE).join("@v")
    }

    /// Publishes a release, and lists it.
    pub(crate) fn publish(&self, version: &str, files: &Files) -> &Self {
        self.put(
            version,
            "info",
            format!("{{\"Version\":\"v{version}\",\"Time\":\"2026-11-01T00:00:00Z\"}}"),
        );
        self.put(version, "mod", files.text("go.mod"));
        self.put(version, "zip", files.zip(version));
        let list = self.versions().join("list");
        let listed = fs::read_to_string(&list).unwrap_or_default();
        fs::write(list, format!("{listed}v{version}\n")).unwrap();
        self
    }

    /// One file of a version.
    pub(crate) fn put(&self, version: &str, ending: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.versions().join(format!("v{version}.{ending}")), content).unwrap();
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.dir.display())
    }
}

/// A plugin's folder, with the machine's go on PATH and a proxy with these releases as the user's own.
pub(crate) fn case_with(releases: &[(&str, Files)]) -> (Case, ModuleProxy) {
    let go = which::which("go").expect("a go on PATH: tests/setup.sh");
    let case = Case::plugin();
    std::os::unix::fs::symlink(go.canonicalize().unwrap(), case.at("bin/go")).unwrap();
    let proxy = ModuleProxy::in_dir(&case.at("proxy"));
    releases.iter().for_each(|(version, files)| {
        proxy.publish(version, files);
    });
    let case = case
        .env("GOPROXY", proxy.url())
        .env("GONOSUMDB", "github.com/krakend/*")
        .env("GOFLAGS", "-mod=mod");
    (case, proxy)
}
