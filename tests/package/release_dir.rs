//! The release folder: what is in it, that it is the same wherever it is made, and that its check finds what is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use snapbox::str;

use crate::support::case::Case;
use crate::support::{root, skipped, stand_ins_are_amd64};

const SETTINGS: &str = "[gateway]\nversion = \"2.12.1\"\n[build]\ntargets = [\"amd64-musl\", \"amd64-glibc\"]\n";
const STEM: &str = "handler_1.2.3_2.12.1_linux_amd64_";

fn case() -> Case {
    Case::equipped()
        .file("work/plugbuild.toml", SETTINGS)
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/compile", "")
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/link", "")
}

const PACKAGE: &str = "package --plugin-version 1.2.3";

#[test]
fn dry_run_touches_no_folder() {
    let case = case();
    let ran = case.run("package --plugin-version 1.2.3 --dry-run");
    let said = &ran.exits(0).stdout;
    let named = format!("finished as [CWD]/dist/{STEM}musl.so");
    assert!(said.contains(&named), "{said}");
    assert!(!case.at("work/dist").exists());
}

#[test]
fn release_goes_into_the_named_folder() {
    let case = case();
    let ran = case.run(&format!("{PACKAGE} --output x.so"));
    let told = "unexpected argument '--output' found";
    assert!(ran.exits(2).stderr.contains(told), "{}", ran.stderr);
    let ran = case.run(&format!("{PACKAGE} --dry-run --out-dir x"));
    let named = format!("finished as [CWD]/x/{STEM}musl.so");
    assert!(ran.exits(0).stdout.contains(&named), "{}", ran.stdout);
}

#[test]
fn release_dir_has_sbom_and_provenance() {
    if !stand_ins_are_amd64("a release folder") {
        return;
    }
    let case = case();
    let ran = case.run(PACKAGE);
    assert_eq!(ran.exits(0).stdout, "[CWD]/dist\n");
    let mut want = vec!["SHA256SUMS".to_owned(), "artifacts.json".to_owned()];
    for libc in ["glibc", "musl"] {
        want.push(format!("{STEM}{libc}.cdx.json"));
        want.push(format!("{STEM}{libc}.so"));
    }
    want.push("provenance.intoto.jsonl".to_owned());
    assert_eq!(case.list("work/dist"), want);
    let read = |name: &str| fs::read_to_string(case.at(&format!("work/dist/{name}"))).unwrap();
    let list: Value = serde_json::from_str(&read("artifacts.json")).unwrap();
    assert_eq!(list["artifacts"][0]["file"], format!("{STEM}musl.so").as_str());
    assert_eq!(list["artifacts"][0]["plugin"], "example.com/handler");
    let bill: Value = serde_json::from_str(&read(&format!("{STEM}musl.cdx.json"))).unwrap();
    assert_eq!(
        (&bill["bomFormat"], &bill["specVersion"]),
        (&"CycloneDX".into(), &"1.5".into())
    );
    assert_eq!(bill["components"][0]["purl"], "pkg:golang/std@1.25.6");
    let statement: Value = serde_json::from_str(read("provenance.intoto.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    is_provenance(&statement["predicate"]);
    let tools = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap();
    assert!(
        tools.iter().filter(|tool| tool["digest"]["sha256"].is_string()).count() >= 4,
        "{tools:?}"
    );
    let gateway = tools.iter().find(|tool| tool["name"] == "gateway").unwrap();
    assert_eq!(
        gateway["annotations"]["main_module"],
        "github.com/krakend/krakend-ce/v2"
    );
    assert_eq!(gateway["annotations"]["main_root"], "/app");
    for name in want {
        let mode = fs::metadata(case.at(&format!("work/dist/{name}")))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o644, "{name}");
        assert!(
            !read_lossy(&case, &name).contains(case.at("").to_str().unwrap()),
            "{name} names a folder of this machine"
        );
    }
    case.run("package --check").exits(0);
}

fn read_lossy(case: &Case, name: &str) -> String {
    String::from_utf8_lossy(&fs::read(case.at(&format!("work/dist/{name}"))).unwrap()).into_owned()
}

/// What SLSA's specification of version 1 demands of a predicate, and says that it may hold.
fn is_provenance(predicate: &Value) {
    let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let uri = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .split_once(':')
            .is_some_and(|(scheme, _)| !scheme.contains('/'))
    };
    assert_eq!(keys(predicate), ["buildDefinition", "runDetails"]);
    let definition = &predicate["buildDefinition"];
    assert_eq!(
        keys(definition),
        [
            "buildType",
            "externalParameters",
            "internalParameters",
            "resolvedDependencies"
        ]
    );
    assert!(uri(&definition["buildType"]) && definition["externalParameters"].is_object());
    for dependency in definition["resolvedDependencies"].as_array().unwrap() {
        let known = ["annotations", "digest", "name", "uri"];
        assert!(
            keys(dependency).iter().all(|key| known.contains(&key.as_str())),
            "{dependency}"
        );
        assert!(uri(&dependency["uri"]), "{dependency}");
    }
    let builder = &predicate["runDetails"]["builder"];
    assert!(uri(&builder["id"]) && builder["version"]["plugbuild"].is_string());
}

/// Holds bills of materials against CycloneDX's own schema.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
pub(crate) fn follow_the_schema(bills: &[PathBuf]) {
    const CHECK: &str = "import sys\ntry:\n  from cyclonedx.validation.json import JsonStrictValidator\n  from cyclonedx.schema import SchemaVersion\n\
                         except ImportError:\n  sys.exit(42)\ncheck = JsonStrictValidator(SchemaVersion.V1_5)\n\
                         for file in sys.argv[1:]:\n  wrong = check.validate_str(open(file).read())\n  if wrong:\n    sys.exit(f'{file}: {wrong}')\n";
    let what = "the schema of a bill of materials";
    let tools =
        std::env::var_os("PLUGBUILD_TEST_TOOLS").map_or_else(|| root().join("target/test-tools"), PathBuf::from);
    let mut python = Command::new("python3");
    python
        .args(["-c", CHECK])
        .args(bills)
        .env("PYTHONPATH", tools.join("python"));
    match python.output() {
        Err(why) => skipped(what, &why.to_string()),
        Ok(output) if output.status.code() == Some(42) => skipped(what, "tests/setup.sh has not been run"),
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn sbom_follows_the_schema() {
    if !stand_ins_are_amd64("a bill of materials") {
        return;
    }
    let case = case();
    case.run(PACKAGE).exits(0);
    let bill = case.at(&format!("work/dist/{STEM}musl.cdx.json"));
    follow_the_schema(&[bill]);
}

#[test]
fn release_is_reproducible() {
    if !stand_ins_are_amd64("the same release") {
        return;
    }
    for flags in ["", " --archive"] {
        let sums = |case: &Case, dir: &str| fs::read_to_string(case.at(&format!("work/{dir}/SHA256SUMS"))).unwrap();
        let (one, other) = (case(), case());
        one.run(&format!("{PACKAGE}{flags}")).exits(0);
        other.run(&format!("{PACKAGE}{flags} --dist elsewhere/d")).exits(0);
        let first = sums(&one, "dist");
        assert_eq!(first, sums(&other, "elsewhere/d"), "{flags}");
        let again = one.run(&format!("{PACKAGE}{flags}"));
        assert!(again.exits(0).stderr.contains("2 up to date"), "{}", again.text());
        assert_eq!(first, sums(&one, "dist"));
        one.run("package --check").exits(0);
        assert_eq!(
            one.list("work")
                .iter()
                .filter(|name| name.contains("plugbuild"))
                .count(),
            1,
            "{:?}",
            one.list("work")
        );
    }
}

#[test]
fn check_finds_every_change() {
    if !stand_ins_are_amd64("a changed release") {
        return;
    }
    let case = case();
    case.run(PACKAGE).exits(0);
    let dist = case.at("work/dist");
    let so = format!("{STEM}musl.so");
    let change = |name: &str, edit: &dyn Fn(Vec<u8>) -> Vec<u8>, what: &str| {
        let path = dist.join(name);
        let kept = fs::read(&path).unwrap();
        fs::write(&path, edit(kept.clone())).unwrap();
        let ran = case.run("package --check");
        assert!(ran.exits(5).stderr.contains(what), "{name}: {}", ran.text());
        assert!(ran.stderr.contains("\nhelp: "), "{name}: {}", ran.text());
        fs::write(&path, kept).unwrap();
    };
    let append = |mut bytes: Vec<u8>| {
        bytes.push(b'\n');
        bytes
    };
    change(&so, &append, "does not match SHA256SUMS");
    change("provenance.intoto.jsonl", &append, "does not match SHA256SUMS");
    change(
        "SHA256SUMS",
        &|b| [b.as_slice(), b"00  ../../x\n"].concat(),
        "names a file elsewhere",
    );
    change("SHA256SUMS", &|b| b[67..].to_vec(), "SHA256SUMS");
    change("SHA256SUMS", &append, "line 7 of SHA256SUMS is empty");
    change(
        "SHA256SUMS",
        &|b| [b"one two\n", b.as_slice()].concat(),
        "line 1 of SHA256SUMS is not a checksum, two spaces and a name: `one two`",
    );
    fs::write(dist.join("stray"), "").unwrap();
    assert!(
        case.run("package --check")
            .exits(5)
            .stderr
            .contains("stray is not in SHA256SUMS")
    );
    fs::remove_file(dist.join("stray")).unwrap();
    fs::remove_file(dist.join(&so)).unwrap();
    assert!(case.run("package --check").exits(5).stderr.contains("is missing"));
}

#[test]
fn checksums_are_signed() {
    if !stand_ins_are_amd64("a signature") {
        return;
    }
    let sign = |body: &str| {
        case()
            .file(
                "work/plugbuild.toml",
                format!("{SETTINGS}[package]\nsign = [\"signer\", \"--in\", \"{{file}}\"]\n"),
            )
            .script("bin/signer", body)
            .env("PLUGBUILD_TRUST", "1")
    };
    let case = sign("[ \"$1\" = --in ] && echo \"signed $2\" > \"$2.sig\"\n");
    case.run(PACKAGE).exits(0);
    assert_eq!(
        fs::read_to_string(case.at("work/dist/SHA256SUMS.sig")).unwrap(),
        "signed SHA256SUMS\n"
    );
    case.run("package --check").exits(0);
    let refused = sign("echo no key >&2; exit 1\n");
    let ran = refused.run(PACKAGE);
    assert!(
        ran.exits(3)
            .stderr
            .contains("signer (sign of [CWD]/plugbuild.toml) failed"),
        "{}",
        ran.text()
    );
    assert!(refused.list("work/dist").is_empty());
}

#[test]
fn source_date_epoch_is_a_number() {
    if !stand_ins_are_amd64("archives") {
        return;
    }
    let archive = format!("{PACKAGE} --archive");
    for time in ["yesterday", "-1", "2026-01-01", "1e9"] {
        let case = case().env("SOURCE_DATE_EPOCH", time);
        let ran = case.run(&format!("{archive} -q"));
        ran.exits(2);
        assert_eq!(
            ran.stderr,
            format!(
                "error: SOURCE_DATE_EPOCH={time} is not a number of seconds since 1970\n\
                 help: unset it, or set it to seconds: `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`\n"
            )
        );
        assert_eq!(case.list("work"), ["go.mod", "main.go", "plugbuild.toml"]);
        // Nothing else reads it.
        case.run(PACKAGE).exits(0);
    }
    let times = |case: Case| {
        case.run(&archive).exits(0);
        let file = fs::File::open(case.at(&format!("work/dist/{STEM}musl.tar.gz"))).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
        let entries = tar.entries().unwrap();
        entries
            .map(|entry| entry.unwrap().header().mtime().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(times(case()), [0, 0]);
    assert_eq!(times(case().env("SOURCE_DATE_EPOCH", "1700000000")), [1_700_000_000; 2]);
}

#[test]
fn foreign_folder_is_kept() {
    let case = case().file("work/dist/keep.txt", "mine");
    let ran = case.run(PACKAGE);
    assert!(
        ran.exits(2).stderr.contains("is not a release directory of plugbuild"),
        "{}",
        ran.text()
    );
    assert_eq!(case.list("work/dist"), ["keep.txt"]);
}

#[test]
fn foreign_file_is_kept() {
    if !stand_ins_are_amd64("a file beside a release") {
        return;
    }
    let case = case();
    case.run(PACKAGE).exits(0);
    let case = case.file("work/dist/extra", "mine");
    let older = case.list("work/dist");
    case.run(&format!("{PACKAGE} -q")).is(str![[r#"
exit: 2
--- stderr
error: [CWD]/dist contains extra, which does not belong to the older release there
help: move it, or create the release elsewhere: `--dist DIR`

"#]]);
    assert_eq!(case.list("work/dist"), older);
    // Sums alone are no release.
    let case = case.file("work/own/SHA256SUMS", "mine");
    case.run(&format!("{PACKAGE} --dist own")).exits(2);
    assert_eq!(case.list("work/own"), ["SHA256SUMS"]);
}

#[test]
fn check_reads_the_named_folder() {
    if !stand_ins_are_amd64("a release folder that is named") {
        return;
    }
    let case = case();
    case.run(&format!("{PACKAGE} --dist elsewhere/v1")).exits(0);
    for named in ["elsewhere/v1", "--dist elsewhere/v1"] {
        let ran = case.run(&format!("package --check {named}"));
        assert!(
            ran.exits(0).stderr.ends_with("in [CWD]/elsewhere/v1\n"),
            "{}",
            ran.stderr
        );
    }
    // The project's own is another, which is not there.
    for project in ["", "."] {
        let ran = case.run(&format!("package --check {project}"));
        assert!(ran.exits(6).stderr.contains("[CWD]/dist/SHA256SUMS"), "{}", ran.stderr);
    }
    fs::remove_file(case.at("work/elsewhere/v1/SHA256SUMS")).unwrap();
    let ran = case.run("package --check elsewhere/v1");
    assert!(
        ran.exits(6).stderr.contains("elsewhere/v1/SHA256SUMS"),
        "{}",
        ran.stderr
    );
    case.run("package --check elsewhere").is(str![[r#"
exit: 2
--- stderr
error: [CWD]/elsewhere is not a release directory: it has neither SHA256SUMS nor artifacts.json
help: give a directory that `plugbuild package` made

"#]]);
}

#[test]
fn release_of_one_artefact() {
    if !stand_ins_are_amd64("a release of one") {
        return;
    }
    let case = case();
    let ran = case.run(&format!("{PACKAGE} -t amd64-musl"));
    assert!(
        ran.exits(0).stderr.contains("packaged 1 artifact in "),
        "{}",
        ran.stderr
    );
    let ran = case.run(&format!("{PACKAGE} -t amd64-musl --archive -q --message-format json"));
    let events = ran.exits(0).stdout.lines();
    let events: Vec<Value> = events.map(|line| serde_json::from_str(line).unwrap()).collect();
    let built = events.iter().find(|event| event["reason"] == "plugin-built");
    assert!(
        built.is_some_and(|event| event.get("file").is_none()),
        "it is not yet where it will be: {events:?}"
    );
    let last = events.last().unwrap().clone();
    assert_eq!(
        last,
        json!({ "reason": "packaged", "folder": "[CWD]/dist", "artifacts": 1, "files": [format!("{STEM}musl.tar.gz")] })
    );
    let ran = case.run("package --check");
    assert!(
        ran.exits(0).stderr.contains("verified 1 artifact in "),
        "{}",
        ran.stderr
    );
}
