//! `--official` of `verify` and `test`: a release's own gateway, fetched once from a mirror, checked against its list of SHA-512.

use std::fs;

use sha2::{Digest, Sha512};

use crate::support::gateway::{Release, text};
use crate::support::mirror::{Answer, Mirror, tar_gz};
use crate::support::{cache, plugbuild, root};

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
fn the_official_gateway_is_fetched_once_and_only_as_published() {
    let release = Release::new("2.1.4", "1.19.5", "1.19.13");
    let gateway = release.gateway("amd64-glibc");
    let store = tempfile::tempdir().unwrap();
    let plugin = cache().join("plugins/official-modifier.so");
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
