//! ARCHITECTURE.md's invariants, README's claims and the docs, held to the code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// All files below a folder with one of these endings.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            match path.extension().and_then(|e| e.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if endings.contains(&ending) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let product = text.split("#[cfg(test)]").next().unwrap();
    product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The files of src whose code has one of these words.
fn having(folder: &str, words: &[&str]) -> Vec<String> {
    files(folder, &["rs"])
        .into_iter()
        // Modules of tests alone.
        .filter(|path| !path.ends_with("tests.rs") && !path.ends_with("properties.rs"))
        .filter(|path| words.iter().any(|word| code(path).contains(word)))
        .map(|path| path.strip_prefix(root()).unwrap().display().to_string())
        .collect()
}

#[test]
fn plan_is_pure() {
    let effects = [
        "std::fs",
        "std::net",
        "std::process",
        "ureq",
        "duct",
        "Invocation",
        "Host",
        "std::env::",
    ];
    assert_eq!(having("src/plan", &effects), Vec::<String>::new());
}

#[test]
fn each_effect_has_one_place() {
    assert_eq!(
        having("src", &["duct::cmd", "Command::new"]),
        ["src/util/process/mod.rs"]
    );
    assert_eq!(
        having("src", &["env::var(", "env::vars", "env::var_os"]),
        ["src/util/host.rs"]
    );
    assert_eq!(
        having("src", &["ureq::"]),
        ["src/gateway/run/request.rs", "src/toolchain/fetch.rs"]
    );
    assert_eq!(
        having("src", &["unsafe {", "unsafe fn", "unsafe impl"]),
        ["src/binary/mod.rs"]
    );
    assert_eq!(having("src", &["process::exit"]), Vec::<String>::new());
}

#[test]
fn versions_and_triples_are_data() {
    let triples = ["unknown-linux-", "-linux-musl", "-linux-gnu"];
    // target.rs is the one place that knows how triples are spelt.
    let found = having("src", &triples);
    let allowed = ["src/commands/cli.rs", "src/util/schema.rs", "src/util/target.rs"];
    assert!(found.iter().all(|file| allowed.contains(&file.as_str())), "{found:?}");
    assert_eq!(
        having("src/toolchain", &["0.16.0", "1.25.6", "1.19.5"]),
        Vec::<String>::new()
    );
}

#[test]
fn files_have_docs_and_size_limits() {
    for path in files("src", &["rs"])
        .into_iter()
        .chain(files("xtask/src", &["rs"]))
        .chain(files("tests", &["rs"]))
    {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
        // Tests hold long snapshots of what commands say.
        let limit = if path.starts_with(root().join("tests")) {
            1000
        } else {
            450
        };
        let lines = text.lines().count();
        assert!(lines <= limit, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_stubs_and_no_panics() {
    assert_eq!(
        having("src", &["todo!", "unimplemented!", ".unwrap()", "TODO", "FIXME"]),
        Vec::<String>::new()
    );
}

#[test]
fn exit_codes_are_documented() {
    use plugbuild::util::error::ErrorKind;
    let docs = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let kinds = [
        ErrorKind::Incompatible,
        ErrorKind::Usage,
        ErrorKind::Build,
        ErrorKind::ToolMissing,
        ErrorKind::Network,
        ErrorKind::Integrity,
        ErrorKind::Io,
        ErrorKind::Interrupted,
    ];
    let documented: Vec<u8> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .filter(|code| *code != 0)
        .collect();
    let mut codes = kinds.map(ErrorKind::exit_code).to_vec();
    codes.dedup();
    assert_eq!(documented, codes);
}

#[test]
fn links_between_documents_resolve() {
    let mut links = 0;
    for path in files("docs", &["md"])
        .into_iter()
        .chain(["README.md", "ARCHITECTURE.md"].map(|f| root().join(f)))
    {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                links += 1;
                assert!(
                    path.parent().unwrap().join(file).exists(),
                    "{} links to {file}",
                    path.display()
                );
            }
        }
    }
    assert!(links >= 6, "{links} links");
}

#[test]
fn architecture_names_files_that_exist() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let places = ["src/", "tests/", "toolchains/", "templates/", "xtask/", "build.rs"];
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| places.iter().any(|place| word.starts_with(place)) && !word.contains(' '))
        .collect();
    assert!(named.len() > 30, "{named:?}");
    for path in named {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}");
    }
}

#[test]
fn variables_are_documented() {
    let docs = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let mut names: Vec<String> = files("src", &["rs"])
        .iter()
        .flat_map(|path| {
            let text = code(path);
            text.split('"')
                .filter(|word| word.starts_with("PLUGBUILD_"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    names.sort();
    names.dedup();
    assert!(names.len() >= 8, "{names:?}");
    // Ours, between plugbuild and what it starts; nobody sets them.
    let internal = ["PLUGBUILD_FILE_MAP", "PLUGBUILD_BUILD_FLAGS"];
    names.retain(|name| !internal.contains(&name.as_str()));
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !docs.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "docs/settings.md lacks {missing:?}");
}

/// Else a command would not know a release that is newer than the matrix.
#[test]
fn commands_get_their_gateway_in_one_place() {
    for path in files("src/commands", &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let elsewhere = ["gateway::identify(", "gateway::open(", "gateway_room::open("];
        let found = elsewhere.iter().any(|call| text.contains(call));
        assert_eq!(found, path.ends_with("gateway_choice.rs"), "{}", path.display());
    }
}

/// Words of a private dialect stay out of the code and its comments.
#[test]
fn private_words_stay_out_of_src() {
    let words = [
        "told", "meant", "heed", "heeds", "anew", "misfit", "manner", "seal", "sealed", "clash",
    ];
    let is_letter = |c: char| c.is_alphanumeric();
    for path in files("src", &["rs"]).into_iter().chain(files("xtask/src", &["rs"])) {
        let text = fs::read_to_string(&path).unwrap();
        for (at, line) in text.lines().enumerate() {
            let word = line.split(|c| !is_letter(c)).find(|word| words.contains(word));
            // A file can tell what it has; nothing tells a user something.
            let verb = line.contains("fn tell") || line.contains("tell(");
            let all = line.matches(" is no ").count();
            let fine = [" is no longer", "here is no "].map(|fine| line.matches(fine).count());
            assert!(
                word.is_none() && !verb && all == fine.iter().sum::<usize>(),
                "{}:{}: {line}",
                path.display(),
                at + 1
            );
        }
    }
}
