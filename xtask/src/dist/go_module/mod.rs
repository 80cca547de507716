//! A Go module that carries the static binaries: `go run MODULE/plugbuild@v1.2.3`, and `go get -tool` for a `tool` line in go.mod.
//!
//! It comes through the module proxy and the checksum database that a company allows already. Made as a repository to push
//! (`go-module/`) and as the files of a module proxy (`go-proxy/`), which any web server or a `file://` GOPROXY serves.

use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::util::error::{Error, Result};
use plugbuild::util::fs::create_dir;

use super::members::{self, Member};
use super::{VERSION, platform, read, write};

/// The module's path: the repository beside plugbuild's own, `github.com/OWNER/plugbuild-go`.
pub(super) fn path(repository: &str) -> String {
    let place = repository.split_once("://").map_or(repository, |(_, place)| place);
    format!("{}-go", place.trim_end_matches('/').trim_end_matches(".git"))
}

/// Makes both forms below `out`; the folder of each.
pub(super) fn make(repository: &str, binaries: &[(&str, PathBuf)], root: &Path, out: &Path) -> Result<[PathBuf; 2]> {
    let (module, version) = (path(repository), format!("v{VERSION}"));
    let files = files(repository, binaries, root)?;
    let folder = out.join("go-module");
    for member in &files {
        let file = folder.join(&member.name);
        create_dir(file.parent().unwrap_or(&folder))?;
        fs::write(&file, &member.bytes).map_err(|e| Error::io("write", &file, e))?;
    }
    let proxy = out.join("go-proxy");
    let place = proxy.join(escaped(&module)).join("@v");
    create_dir(&place)?;
    write(&place.join("list"), &format!("{version}\n"))?;
    write(
        &place.join(format!("{version}.info")),
        &format!("{{\"Version\":\"{version}\"}}\n"),
    )?;
    write(&place.join(format!("{version}.mod")), &go_mod(&module))?;
    let prefix = format!("{module}@{version}/");
    let packed: Vec<Member> = files
        .into_iter()
        .map(|member| Member::new(format!("{prefix}{}", member.name), member.bytes))
        .collect();
    members::zip(&place.join(format!("{version}.zip")), &packed)?;
    Ok([folder, proxy])
}

/// A path as the proxy protocol writes it: a capital letter is `!` and the small one.
fn escaped(module: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_uppercase() {
            format!("!{}", c.to_ascii_lowercase())
        } else {
            c.to_string()
        }
    };
    module.chars().map(letter).collect()
}

/// Every Go that knows `embed` compiles it.
fn go_mod(module: &str) -> String {
    format!("module {module}\n\ngo 1.18\n")
}

fn files(repository: &str, binaries: &[(&str, PathBuf)], root: &Path) -> Result<Vec<Member>> {
    let module = &path(repository);
    let main = include_str!("main.go.txt").replace("@REPOSITORY@", repository);
    let mut all = vec![
        Member::new("go.mod", go_mod(module)),
        Member::new("LICENSE", read(&root.join("LICENSE"))?),
        Member::new("README.md", readme(module)),
        Member::new("plugbuild/main.go", main),
    ];
    let mut carried = Vec::new();
    for (target, binary) in binaries {
        let (os, arch) = platform::of(target)?.go;
        let file = format!("binary_{os}_{arch}");
        all.push(Member::new(format!("plugbuild/{file}.go"), embedded(&file)));
        all.push(Member::new(format!("plugbuild/{file}"), read(binary)?));
        carried.push(format!("({os} && {arch})"));
    }
    let any = carried.join(" || ");
    let run = include_str!("run.go.txt");
    all.push(Member::new("plugbuild/run.go", format!("//go:build {any}\n\n{run}")));
    all.push(Member::new("plugbuild/other.go", other(&any)));
    Ok(all)
}

fn embedded(file: &str) -> String {
    format!("package main\n\nimport _ \"embed\"\n\n//go:embed {file}\nvar binary []byte\n")
}

/// What is compiled where there is no binary.
fn other(any: &str) -> String {
    let carried: Vec<String> = any.split(" || ").map(|one| format!("!{one}")).collect();
    format!(
        "//go:build {}\n\npackage main\n\nvar binary []byte\n\nfunc run(string) error {{ return nil }}\n",
        carried.join(" && ")
    )
}

fn readme(module: &str) -> String {
    format!(
        "# plugbuild for Go projects

The static binaries of plugbuild {VERSION} as a Go module; they are run from your cache directory, where each is checked.

    go run {module}/plugbuild@v{VERSION} --help
    go get -tool {module}/plugbuild@v{VERSION} && go tool plugbuild --help
"
    )
}
