//! Hosts built with `-trimpath`: a plugin whose modules alignment moves, up or down, loads in them.

use std::fs;
use std::path::Path;

use crate::support::gateway::text;
use crate::support::go::Go;
use crate::support::{cache, plugbuild, root, say, skipped};
use crate::verify::oracle::workshop::{BASE, Cc, Outcome, Tree, Variant, What, Workshop};

const HOSTS: [Variant; 4] = [
    Variant {
        name: "trimmed",
        args: &["-trimpath"],
        ..BASE
    },
    Variant {
        name: "trimmed-replaced",
        args: &["-trimpath"],
        tree: Tree::ReplacedByModule,
        ..BASE
    },
    Variant {
        name: "trimmed-1.19",
        args: &["-trimpath"],
        go: "1.19.13",
        ..BASE
    },
    Variant {
        name: "trimmed-replaced-1.17",
        args: &["-trimpath"],
        tree: Tree::ReplacedByModule,
        go: "1.17.13",
        ..BASE
    },
];

/// What plugbuild makes of a plugin that requires this version of leaf, for a host.
fn built(host: &Path, variant: &Variant, leaf: &str, go: &Go) -> Result<std::path::PathBuf, String> {
    let folder = cache().join("trimmed").join(variant.name).join(leaf);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let source = fs::read_to_string(root().join("tests/fixtures/copies/main.go")).unwrap();
    let import = "example.org/leaf\"\n\t_ \"example.org/leaf/extra\"\n\t_ \"example.org/mid";
    fs::write(folder.join("main.go"), source.replace("IMPORT", import)).unwrap();
    let module = format!(
        "module example.com/trimmed\n\ngo 1.17\n\nrequire (\n\texample.org/leaf {leaf}\n\texample.org/mid v1.0.0\n)\n"
    );
    fs::write(folder.join("go.mod"), module).unwrap();
    let file = folder.join("plugin.so");
    let host = host.to_str().unwrap();
    let args = [
        "build",
        "--gateway",
        host,
        "-a",
        "amd64",
        "--cc",
        "gcc",
        "--align",
        "always",
        "--output",
    ];
    let out = plugbuild(&args)
        .arg(&file)
        .current_dir(&folder)
        .env("PLUGBUILD_GO", &go.root)
        .env("GOCACHE", cache().join("gocache"))
        .env("GOMODCACHE", cache().join("oracle/elsewhere/mod"))
        .env("GOPROXY", format!("file://{}", cache().join("oracle/proxy").display()))
        .env("GOSUMDB", "off")
        .env("GOFLAGS", "-modcacherw")
        .output()
        .unwrap();
    match out.status.success() {
        true => Ok(file),
        false => Err(text(&out.stderr)),
    }
}

#[test]
fn aligned_plugin_loads_in_a_trimpath_host() {
    let workshop = Workshop::open();
    let mut loaded = 0;
    for variant in &HOSTS {
        let (host, go) = match (workshop.build(variant, What::Host), Go::fetch(variant.go)) {
            (Ok(host), Ok(go)) => (host, go),
            (Err(why), _) | (_, Err(why)) => {
                skipped(&format!("a host built with -trimpath: {}", variant.name), &why);
                continue;
            }
        };
        for leaf in ["v0.9.0", "v1.0.0", "v1.1.0"] {
            let plugin =
                built(&host, variant, leaf, &go).unwrap_or_else(|why| panic!("{} {leaf}: {why}", variant.name));
            let outcome = workshop.open_all(&host, Cc::Gcc, &[plugin]).remove(0);
            assert_eq!(outcome, Outcome::Opened, "leaf {leaf} in {}", variant.name);
            loaded += 1;
        }
    }
    say(&format!("hosts built with -trimpath: {loaded} plugins loaded"));
}
