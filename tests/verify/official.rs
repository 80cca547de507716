//! `--official` of `verify` and `test`: a release's own gateway, fetched once from a mirror, checked against its list of SHA-512.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha512};

use crate::support::case::Case;
use crate::support::gateway::{Release, text};
use crate::support::mirror::{Answer, Mirror, tar_gz};
use crate::support::{gateway_file, made, plugbuild, plugin_file, root, stand_ins_are_amd64};

const ARCHIVE: &str = "krakend_2.1.4_amd64_generic-linux.tar.gz";

/// What the mirror serves: the archive, and the list of sums with this one.
fn serve(mirror: &Mirror, archive: &[u8], sum: &str) {
    mirror.serve(&format!("/{ARCHIVE}"), Answer::Whole(archive.to_vec()));
    mirror.serve(
        "/checksums.txt",
        Answer::Whole(format!("{sum}  {ARCHIVE}\n").into_bytes()),
    );
}

#[test]
fn official_gateway_is_fetched_once_and_checked() {
    let release = Release::new("2.1.4", "1.19.5", "1.19.13");
    let gateway = release.gateway("amd64-glibc");
    let store = tempfile::tempdir().unwrap();
    let plugin = made("official-modifier.so");
    let built = plugbuild(&["build", "-q", "--target", "amd64-glibc", "--gateway"])
        .arg(&gateway.binary)
        .arg("--output")
        .arg(&plugin)
        .arg(root().join("examples/modifier"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let archive = tar_gz(&[("usr/bin/krakend", 0o755, &fs::read(&gateway.binary).unwrap())]);
    let sum: String = Sha512::digest(&archive).iter().map(|b| format!("{b:02x}")).collect();
    let mirror = Mirror::start();
    let verify = |offline: bool| {
        let mut verify = plugbuild(&["verify", "--gateway", "2.1.4", "--official"]);
        verify.arg(&plugin).args(offline.then_some("--offline"));
        verify
            .env("PLUGBUILD_HOME", store.path())
            .env("PLUGBUILD_GATEWAY_MIRROR", &mirror.url);
        let out = verify.output().unwrap();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };

    let (code, _, said) = verify(true);
    assert_eq!(code, Some(4), "{said}");
    serve(&mirror, &archive, &"0".repeat(128));
    let (code, _, said) = verify(false);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("is not what was published"), "{said}");
    assert!(!store.path().join("gateways").exists(), "a wrong archive was kept");

    serve(&mirror, &archive, &sum);
    let (code, verdict, said) = verify(false);
    assert_eq!(code, Some(0), "{verdict}{said}");
    assert!(verdict.contains("will load"), "{verdict}");
    assert!(said.contains("its checksum comes from the same server"), "{said}");
    assert!(verdict.contains("checksum comes from the same server") && verdict.contains("plugbuild lock"));
    let asked = mirror.asked().len();
    let (code, verdict, said) = verify(true);
    assert_eq!(code, Some(0), "{verdict}{said}");
    assert_eq!(mirror.asked().len(), asked, "it was fetched again");

    // The same file, run: all of a plugin's trial from a release's number.
    let config = store.path().join("krakend.json");
    fs::write(&config, "{\"version\": 3}").unwrap();
    fs::remove_dir_all(store.path().join("gateways")).unwrap();
    let test = |extra: &[&str]| {
        let mut test = plugbuild(&["test", "--gateway", "2.1.4", "--request", "GET", "/__health"]);
        test.args(extra).arg("--config").arg(&config).arg(&plugin);
        test.env("PLUGBUILD_HOME", store.path())
            .env("PLUGBUILD_GATEWAY_MIRROR", &mirror.url);
        let out = test.output().unwrap();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (code, told, said) = test(&[]);
    assert_eq!(code, Some(2), "{told}{said}");
    assert!(
        said.contains("or let the release's own be fetched: `--official`"),
        "{said}"
    );
    let (code, told, said) = test(&["--official", "--expect-status", "200"]);
    assert_eq!(code, Some(0), "{told}{said}");
    assert!(told.contains("as a modifier in KrakenD 2.1.4"), "{told}");
    assert!(told.contains("GET /__health: 200"), "{told}");
    let asked = mirror.asked().len();
    let (code, told, said) = test(&["--official", "--offline"]);
    assert_eq!(code, Some(0), "{told}{said}");
    assert_eq!(mirror.asked().len(), asked, "it was fetched again");

    mirror.serve("/checksums.txt", Answer::Whole(Vec::new()));
    fs::remove_dir_all(store.path().join("gateways")).unwrap();
    let (code, _, said) = verify(false);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("does not list"), "{said}");
}

fn sha512(bytes: &[u8]) -> String {
    Sha512::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A folder with plugin.so, told of a mirror.
fn case(mirror: &Mirror) -> Case {
    let so = fs::read(plugin_file("1.19.5")).unwrap();
    let url = mirror.url.clone();
    Case::equipped()
        .file("work/plugin.so", so)
        .file("home/sdk/go1.19.5/pkg/tool/compile", "")
        .env("PLUGBUILD_GATEWAY_MIRROR", url)
}

#[test]
fn item_9_a_carried_sum_holds_whatever_the_server_says() {
    const NAME: &str = "krakend_2.1.4_amd64_alpine.tar.gz";
    let mirror = Mirror::start();
    let other = tar_gz(&[("usr/bin/krakend", 0o755, b"another")]);
    mirror.serve(&format!("/{NAME}"), Answer::Whole(other.clone()));
    mirror.serve(
        "/checksums.txt",
        Answer::Whole(format!("{}  {NAME}\n", sha512(&other)).into_bytes()),
    );
    let case = case(&mirror);
    let verify = "verify plugin.so -g 2.1.4 --official --arch amd64 --libc musl";
    let ran = case.run(verify);
    ran.exits(5);
    let table = fs::read_to_string(root().join("toolchains/official-sums.txt")).unwrap();
    let carried = table.lines().find(|line| line.starts_with("2.1.4 ")).unwrap();
    let carried = carried.split(' ').nth(1).unwrap();
    for sum in [carried, &sha512(&other)] {
        assert!(ran.stderr.contains(sum), "{sum}: {}", ran.text());
    }
    assert_eq!(
        mirror.asked(),
        [format!("/{NAME}")],
        "the server was asked what to believe"
    );
    assert_eq!(case.list("store/gateways"), [""; 0]);

    // What is in the store by another sum, or by none, is not the release's gateway either.
    for record in [None, Some(sha512(&other))] {
        let place = "store/gateways/2.1.4-amd64-musl";
        fs::create_dir_all(case.at(place)).unwrap();
        fs::write(case.at(&format!("{place}/krakend")), "another").unwrap();
        if let Some(sum) = record {
            let record = format!("{{\"from\":\"x\",\"sum\":\"sha512:{sum}\",\"word\":\"published\"}}");
            fs::write(case.at(&format!("{place}/.plugbuild.json")), record).unwrap();
        }
        case.run(&format!("{verify} --offline")).exits(4);
        case.run(verify).exits(5);
    }
}

#[test]
fn item_9_what_no_table_knows_is_said_and_the_lock_pins_it() {
    if !stand_ins_are_amd64("the lock of a gateway") {
        return;
    }
    let mirror = Mirror::start();
    let publish = |more: &str| {
        let gateway = fs::read(gateway_file("item-9", "1.19.5", "2.1.4", "GLIBC-2.31")).unwrap();
        let archive = tar_gz(&[("usr/bin/krakend", 0o755, &gateway), ("more", 0o644, more.as_bytes())]);
        serve(&mirror, &archive, &sha512(&archive));
        sha512(&archive)
    };
    let first = publish("1");
    let case = case(&mirror);
    let forget = || fs::remove_dir_all(case.at("store/gateways")).unwrap();
    let verify = "verify plugin.so -g 2.1.4 --official --arch amd64 --libc glibc";
    let ran = case.run(verify);
    assert!(ran.code < Some(2), "{}", ran.text());
    assert!(
        ran.stdout
            .contains("note: the gateway's checksum comes from the same server"),
        "{}",
        ran.text()
    );
    let told: Value = serde_json::from_str(&case.run(&format!("{verify} --format json")).stdout).unwrap();
    let official = &told["gateway"]["official"];
    assert_eq!(official["word"], "published");
    assert_eq!(official["sum"], format!("sha512:{first}"));
    assert_eq!(official["from"], format!("{}/{ARCHIVE}", mirror.url));

    let lock = "lock -g 2.1.4 -t amd64-glibc";
    case.run(lock).exits(0);
    let locked = fs::read_to_string(case.at("work/plugbuild.lock")).unwrap();
    assert!(
        locked.contains(&format!("\"2.1.4 amd64-glibc\" = \"sha512:{first}\"")),
        "{locked}"
    );
    let second = publish("2");
    forget();
    let ran = case.run(verify);
    ran.exits(5);
    assert!(
        ran.stderr.contains(&first) && ran.stderr.contains(&second),
        "{}",
        ran.text()
    );
    assert_eq!(case.list("store/gateways"), [""; 0]);
    publish("1");
    let ran = case.run(verify);
    assert!(ran.code < Some(2) && !ran.stdout.contains("note: "), "{}", ran.text());

    // Who builds by the lock is not judged by another gateway than the locked one.
    publish("2");
    forget();
    fs::rename(case.at("work/plugbuild.lock"), case.at("work/kept")).unwrap();
    assert!(case.run(verify).code < Some(2));
    fs::rename(case.at("work/kept"), case.at("work/plugbuild.lock")).unwrap();
    let ran = case.run("build -g 2.1.4 -t amd64-glibc --locked");
    ran.exits(2);
    assert!(
        ran.stderr
            .contains("the archive of the gateway 2.1.4 amd64-glibc has the checksum"),
        "{}",
        ran.text()
    );
    case.run(lock).exits(0);
    let ran = case.run("build -g 2.1.4 -t amd64-glibc --locked");
    assert!(!ran.stderr.contains("plugbuild.lock"), "{}", ran.text());
}
