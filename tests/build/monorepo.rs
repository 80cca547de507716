//! A repository of ten plugins, built by one command for two gateways and four targets: all ten are in one gateway at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::build::load::{Running, TARGETS, get, new, old, start};
use crate::package::release_dir::follow_the_schema;
use crate::support::gateway::{Gateway, Release, text};
use crate::support::{cache, copy_tree, plugbuild, root, say};

/// Each plugin, its file's name, and the loaders of the community edition that take it.
const TEN: [(&str, &[&str]); 10] = [
    ("allow", &["server"]),
    ("audit", &["server"]),
    ("deny", &["server"]),
    ("digest", &["server"]),
    ("identify", &["server"]),
    ("mask", &["modifier"]),
    ("pair", &["server", "client"]),
    ("retry", &["client"]),
    ("tag", &["modifier"]),
    ("trace", &["server"]),
];

/// The repository at a place that stays, with what is not kept in it: a vendor folder, and the release's row where its Go
/// is another here.
fn repository(releases: &[Release]) -> PathBuf {
    let place = cache().join("ten");
    let _ = fs::remove_dir_all(&place);
    copy_tree(&root().join("tests/fixtures/ten"), &place);
    let mut vendor = releases[0].go.command();
    let out = vendor
        .current_dir(place.join("plugins/identify"))
        .args(["mod", "vendor"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let mut settings = "[build]\nout-dir = \"out\"\n\n\
                        [workspace]\nmembers = [\"fleet/cmd/*\", \"suite/*\", \"plugins/*\"]\n"
        .to_owned();
    for release in releases.iter().filter(|release| !release.exact) {
        settings += &row(release);
    }
    fs::write(place.join("plugbuild.toml"), settings).unwrap();
    place
}

/// The built-in row of a release with the Go that it is tested with.
fn row(release: &Release) -> String {
    let rows = fs::read_to_string(root().join("toolchains/releases.toml")).unwrap();
    let (_, row) = rows
        .split_once(&format!("[[release]]\nversion = \"{}\"", release.version))
        .unwrap();
    let row = row.split("\n\n").next().unwrap();
    let fields: Vec<&str> = row.lines().filter(|line| !line.starts_with("go = ")).collect();
    format!(
        "\n[[matrix.release]]\nversion = \"{}\"\ngo = \"{}\"{}\n",
        release.version,
        release.go.version,
        fields.join("\n")
    )
}

fn build(repository: &Path, more: &[&str]) -> Output {
    let args = [
        "build",
        "--workspace",
        "--gateway",
        "2.1.4",
        "--gateway",
        "2.12.1",
        "--all-targets",
    ];
    plugbuild(&[&args, more].concat())
        .current_dir(repository)
        .output()
        .unwrap()
}

fn file(repository: &Path, name: &str, release: &Release, target: &str) -> PathBuf {
    let target = target.replace('-', "_");
    repository.join(format!("out/{name}_{}_linux_{target}.so", release.version))
}

#[test]
fn ten_plugins_load_together() {
    let releases = [old(), new()];
    let repository = repository(&releases);
    let begun = Instant::now();
    let built = build(&repository, &[]);
    let said = text(&built.stderr);
    assert!(built.status.success(), "{said}");
    assert!(said.contains("80 builds: 10 plugins, 2 gateways, 4 targets"), "{said}");
    assert!(!said.contains("cannot be in one gateway"), "{said}");
    assert_eq!(text(&built.stdout).lines().count(), 80);
    say(&format!(
        "10 plugins × 2 gateways × 4 targets: {:.0} s",
        begun.elapsed().as_secs_f64()
    ));
    for release in &releases {
        for target in TARGETS {
            let gateway = release.gateway(target);
            each_loader_takes_its_own(&repository, release, &gateway);
            it_is_foretold(&repository, release, &gateway);
            one_request_meets_all_of_them(&repository, release, &gateway);
        }
    }
    nothing_is_built_twice(&repository);
    its_papers_tell_what_was_built(&repository, &releases[1]);
    what_cannot_be_in_one_gateway_is_told(&repository, &releases[1]);
}

/// The gateway's own `test-plugin`: one process, every file, every loader.
fn each_loader_takes_its_own(repository: &Path, release: &Release, gateway: &Gateway) {
    let mut run = gateway.command(&["test-plugin", "-s", "-c", "-m"]);
    for (name, _) in TEN {
        run.arg(file(repository, name, release, gateway.target));
    }
    let out = run.output().unwrap();
    let said = text(&out.stdout) + &text(&out.stderr);
    for (name, loaders) in TEN {
        let path = file(repository, name, release, gateway.target);
        for loader in ["server", "client", "modifier"] {
            let own = path.file_name().unwrap().to_string_lossy();
            let taken = said.contains(&format!("[OK] {}\t{own}\n", loader.to_uppercase()));
            assert_eq!(
                taken,
                loaders.contains(&loader),
                "{name}, {loader}, {} {}:\n{said}",
                release.version,
                gateway.target
            );
        }
    }
    assert!(!said.contains("different version"), "{said}");
}

/// `verify` says the same of all ten in one process.
fn it_is_foretold(repository: &Path, release: &Release, gateway: &Gateway) {
    let mut verify = plugbuild(&["verify", "--message-format", "json", "--gateway"]);
    verify.arg(&gateway.binary);
    for (name, _) in TEN {
        verify.arg(file(repository, name, release, gateway.target));
    }
    let out = verify.output().unwrap();
    let told: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|why| panic!("{why}: {}", text(&out.stderr)));
    let answers: Vec<&Value> = told["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| &plugin["answer"])
        .collect();
    assert_eq!(answers, [&json!("will-load"); 10], "{told:#}");
}

/// A gateway that has loaded its plugin folder serves one request for each client, and every plugin has its part in it.
fn one_request_meets_all_of_them(repository: &Path, release: &Release, gateway: &Gateway) {
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in TEN {
        fs::copy(
            file(repository, name, release, gateway.target),
            folder.path().join(format!("{name}.so")),
        )
        .unwrap();
    }
    let named = |loader: &str| -> Vec<String> {
        let taken = TEN.iter().filter(|(_, loaders)| loaders.contains(&loader));
        taken.map(|(name, _)| format!("ten-{name}")).collect()
    };
    let endpoints: Vec<Value> = named("client")
        .iter()
        .map(|client| {
            json!({
                "endpoint": format!("/{client}"),
                "extra_config": { "plugin/req-resp-modifier": { "name": named("modifier") } },
                "backend": [{ "url_pattern": "/", "extra_config": { "plugin/http-client": { "name": client } } }],
            })
        })
        .collect();
    let running: Running = start(
        gateway,
        folder.path(),
        json!({ "plugin/http-server": { "name": named("server") } }),
        Value::Array(endpoints),
    );
    get(running.port, "/__health", "X-First: 1");
    for client in named("client") {
        let answer = get(running.port, &format!("/{client}"), "X-Other: 1");
        let of = |name: &str| {
            let header = format!("x-ten-{name}: ");
            let line = answer.head.iter().find(|line| line.to_lowercase().starts_with(&header));
            line.unwrap_or_else(|| panic!("no {name}: {answer:?}"))[header.len()..].to_owned()
        };
        assert!(answer.head[0].contains("200"), "{answer:?}");
        // Both have asked by now, and are counted in one place.
        assert_eq!([of("allow"), of("deny")], ["allow 2", "deny 2"]);
        assert_eq!(of("pair"), "pair 2");
        assert_eq!(of("trace"), "true");
        let libc = gateway.target.split_once('-').unwrap().1;
        assert!(of("digest").ends_with(libc), "{answer:?}");
        assert!(of("identify").ends_with("text/event-stream"), "{answer:?}");
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|why| panic!("{why}: {answer:?}"));
        let want = json!({ "client": client, "tag": "audit+identify+tag", "mask": "***" });
        assert_eq!(body, want, "{} {}", release.version, gateway.target);
    }
}

fn nothing_is_built_twice(repository: &Path) {
    let begun = Instant::now();
    let again = build(repository, &[]);
    let said = text(&again.stderr);
    assert!(
        again.status.success() && said.contains("0 built, 80 up to date"),
        "{said}"
    );
    let took: Duration = begun.elapsed();
    say(&format!("nothing changed, 80 builds: {:.1} s", took.as_secs_f64()));
}

/// The release folder of two of them: one was aligned, one has a module of ours in its vendor folder.
fn its_papers_tell_what_was_built(repository: &Path, release: &Release) {
    let mut package = plugbuild(&["package", "-p", "trace", "-p", "identify", "--gateway", release.version]);
    package
        .args(["--target", "arm64-musl", "--plugin-version", "1.0.0"])
        .current_dir(repository);
    let out = package.output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let read = |name: &str| fs::read_to_string(repository.join("dist").join(name)).unwrap();
    let statements = read("provenance.intoto.jsonl");
    let parameters: Vec<Value> = statements
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["predicate"]["buildDefinition"]["internalParameters"].take()
        })
        .collect();
    assert_eq!(parameters[0]["alignment"], Value::Null, "identify is built as it is");
    let moves = json!([
        { "module": "golang.org/x/net", "from": "v0.17.0", "to": "v0.47.0" },
        { "module": "golang.org/x/text", "from": "v0.13.0", "to": "v0.31.0" },
    ]);
    assert_eq!(parameters[1]["alignment"]["moves"], moves);
    let bills = ["identify", "trace"].map(|name| format!("{name}_1.0.0_{}_linux_arm64_musl.cdx.json", release.version));
    let bill: Value = serde_json::from_str(&read(&bills[0])).unwrap();
    let names: Vec<&str> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    assert_eq!(names, ["std", "example.com/ten/kit", "github.com/gin-contrib/sse"]);
    follow_the_schema(&bills.map(|name| repository.join("dist").join(name)));
    let checked = plugbuild(&["package", "--check"])
        .current_dir(repository)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", text(&checked.stderr));
}

/// One plugin gets another version of what it shares with a second.
fn what_cannot_be_in_one_gateway_is_told(repository: &Path, release: &Release) {
    copy_tree(&repository.join("suite/kit"), &repository.join("old-kit"));
    let old = "package kit\n\n// Edition is what a newer one has no more.\nconst Edition = 1\n";
    fs::write(repository.join("old-kit/old.go"), old).unwrap();
    let module = repository.join("plugins/tag/go.mod");
    let text_of = fs::read_to_string(&module).unwrap();
    fs::write(&module, text_of.replace("../../suite/kit", "../../old-kit")).unwrap();
    let gateway = release.gateway("amd64-glibc");
    let mut two = plugbuild(&["build", "--gateway", release.version, "--target", gateway.target]);
    let out = two
        .args(["-p", "audit", "-p", "tag"])
        .current_dir(repository)
        .output()
        .unwrap();
    let said = text(&out.stderr);
    assert!(out.status.success(), "{said}");
    assert!(
        said.contains("audit and tag cannot be in one gateway: each has its own example.com/ten/kit"),
        "{said}"
    );
    let files = ["audit", "tag"].map(|name| file(repository, name, release, gateway.target));
    let mut run = gateway.command(&["test-plugin", "-s", "-m"]);
    let out = run.args(&files).output().unwrap();
    let refused = "plugin was built with a different version of package example.com/ten/kit";
    assert!(
        (text(&out.stdout) + &text(&out.stderr)).contains(refused),
        "the gateway took both"
    );
}
