//! Hosts built with `-trimpath`: what alignment moves, in whichever shape of repository, loads in them.
//!
//! Their paths name a module by the version that was required, not by the one that was taken, so each kind of alignment has to
//! be seen there too. The modules are our own and import little: most of the time goes into the standard library, once a Go line.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::support::gateway::text;
use crate::support::go::Go;
use crate::support::{cache, plugbuild, say, skipped};
use crate::verify::oracle::workshop::{BASE, Cc, Outcome, Tree, Variant, What, Workshop};

/// What every shape's plugin is, but for its imports.
const PLUGIN: &str = r#"package main

import (
IMPORTS
)

var ModifierRegisterer = registerer("trimmed")

type registerer string

func (r registerer) RegisterModifiers(f func(string, func(map[string]interface{}) func(interface{}) (interface{}, error), bool, bool)) {
	f(string(r), nil, true, false)
}

func main() {}
"#;

const HOST: &str = r#"package main

import (
	"encoding/json"
	"os"
	"plugin"

	"example.org/leaf"
	"example.org/leaf/extra"
	"example.org/mid"
)

var GlibcVersion = "undefined"

func main() {
	if leaf.Hello(leaf.Pair{})+mid.Hello()+extra.Hello()+GlibcVersion == "" {
		return
	}
	out := json.NewEncoder(os.Stdout)
	for _, file := range os.Args[1:] {
		_, err := plugin.Open(file)
		said := ""
		if err != nil {
			said = err.Error()
		}
		out.Encode(map[string]string{"file": file, "error": said})
	}
}
"#;

const TRIMMED: Variant = Variant {
    args: &["-trimpath"],
    text: HOST,
    ..BASE
};

/// One host a Go line: with the modules as they were once, with one of them replaced, and with one split in two.
const HOSTS: [Variant; 3] = [
    Variant {
        name: "trimmed",
        ..TRIMMED
    },
    Variant {
        name: "trimmed-1.19",
        go: "1.19.13",
        leaf: "v1.2.0",
        ..TRIMMED
    },
    Variant {
        name: "trimmed-replaced-1.17",
        go: "1.17.13",
        tree: Tree::ReplacedByModule,
        ..TRIMMED
    },
];

/// What a host has itself is not moved.
const AS_THEY_ARE: [(&str, &str); 3] = [
    ("trimmed", "same"),
    ("trimmed-1.19", "moved"),
    ("trimmed-replaced-1.17", "replaced-by-another"),
];

/// On the older Go lines these are enough; the newest has all.
const FEW: [&str; 8] = [
    "older",
    "newer",
    "moved",
    "demands",
    "replaced-by-another",
    "go-1.12",
    "vendored",
    "member",
];

const LEAF: &str = "example.org/leaf";
const EXTRA: &str = "example.org/leaf/extra";
const MID: &str = "example.org/mid";

/// A repository: its files, and the plugin's directory in it.
struct Shape {
    name: &'static str,
    files: Vec<(String, String)>,
    plugin: &'static str,
}

impl Shape {
    /// A plugin of this module path and go.mod, that imports these.
    fn new(name: &'static str, module: &str, go_mod: &str, imports: &[&str]) -> Shape {
        Shape {
            name,
            files: Vec::new(),
            plugin: ".",
        }
        .package(".", module, go_mod, imports)
    }

    fn file(mut self, path: impl Into<String>, content: impl Into<String>) -> Shape {
        self.files.push((path.into(), content.into()));
        self
    }

    fn package(self, dir: &str, module: &str, go_mod: &str, imports: &[&str]) -> Shape {
        let imports: Vec<String> = imports.iter().map(|import| format!("\t_ \"{import}\"")).collect();
        self.file(format!("{dir}/go.mod"), format!("module {module}\n\n{go_mod}\n"))
            .file(format!("{dir}/main.go"), PLUGIN.replace("IMPORTS", &imports.join("\n")))
    }

    fn write(&self, of: &str) -> PathBuf {
        let place = cache().join("trimmed").join(of).join(self.name);
        let _ = fs::remove_dir_all(&place);
        for (path, content) in &self.files {
            let path = place.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        place.join(self.plugin)
    }
}

/// The shapes that alignment knows; `workspaces` are of Go 1.18 on.
fn shapes(workshop: &Workshop, workspaces: bool) -> Vec<Shape> {
    let requires = |rows: &[(&str, &str)]| {
        let rows: Vec<String> = rows
            .iter()
            .map(|(module, version)| format!("\t{module} {version}\n"))
            .collect();
        format!("go 1.17\n\nrequire (\n{})\n", rows.concat())
    };
    let three = [LEAF, EXTRA, MID];
    let at = |name, module: &str, version: &str| {
        Shape::new(name, module, &requires(&[(LEAF, version), (MID, "v1.0.0")]), &three)
    };
    let mut all = vec![
        at("older", "example.com/older", "v0.9.0"),
        at("same", "example.com/same", "v1.0.0"),
        // A plugin's own module path is recorded as it is, of whatever major version.
        at("newer", "example.com/newer/v2", "v1.1.0"),
        Shape::new(
            "version-0",
            "example.com/version-0",
            &requires(&[(LEAF, "v1.1.0"), ("example.org/needy", "v0.3.0")]),
            &[LEAF, "example.org/needy"],
        ),
        // One package has a module of its own in newer versions.
        at("moved", "example.com/moved", "v1.2.0"),
        // Others, which the gateway does not link, ask for more than it has; one by its major version's path.
        Shape::new(
            "demands",
            "example.com/demands",
            &requires(&[("example.org/needy", "v0.3.0"), ("example.org/needy/v2", "v2.0.0")]),
            &[LEAF, "example.org/needy", "example.org/needy/v2"],
        ),
        Shape::new(
            "replaced",
            "example.com/replaced",
            &(requires(&[(LEAF, "v1.0.0"), (MID, "v1.0.0")])
                + "\nreplace example.org/leaf => example.org/leaf v1.1.0\n"),
            &three,
        ),
        Shape::new(
            "replaced-by-another",
            "example.com/replaced-by-another",
            &(requires(&[(LEAF, "v1.1.0"), (MID, "v1.0.0")])
                + "\nreplace example.org/leaf v1.1.0 => example.org/fork v1.0.0\n"),
            &three,
        ),
        // The go command has to bring these up to date before it can list them.
        Shape::new(
            "go-1.12",
            "example.com/go-1.12",
            "go 1.12\n\nrequire example.org/mid v1.1.0\n",
            &[LEAF, MID],
        ),
        Shape::new(
            "go-1.27",
            "example.com/go-1.27",
            &requires(&[(LEAF, "v1.1.0")]).replace("go 1.17", "go 1.27.0"),
            &[LEAF],
        ),
        vendored(at("vendored", "example.com/vendored", "v1.1.0"), workshop),
    ];
    if workspaces {
        let member = |name, work: &str| {
            Shape {
                plugin: "plugin",
                name,
                files: Vec::new(),
            }
            .file("go.work", format!("go 1.18\n\nuse (\n\t./plugin\n\t./lib\n)\n{work}"))
            .file(
                "lib/go.mod",
                format!("module example.com/{name}/lib\n\n{}", requires(&[(LEAF, "v1.1.0")])),
            )
            .file("lib/lib.go", "package lib\n\nimport _ \"example.org/leaf\"\n")
            .package(
                "plugin",
                &format!("example.com/{name}"),
                &requires(&[
                    (LEAF, "v0.9.0"),
                    (MID, "v1.0.0"),
                    (&format!("example.com/{name}/lib"), "v0.0.0"),
                ]),
                &[LEAF, MID, &format!("example.com/{name}/lib")],
            )
        };
        all.extend([
            member("member", ""),
            member(
                "work-replace",
                "\nreplace example.org/leaf => example.org/leaf v1.0.1\n",
            ),
        ]);
    }
    all
}

/// As `go mod vendor` leaves it.
fn vendored(shape: Shape, workshop: &Workshop) -> Shape {
    let modules = "# example.org/leaf v1.1.0\n## explicit; go 1.17\nexample.org/leaf\nexample.org/leaf/extra\n\
         # example.org/mid v1.0.0\n## explicit; go 1.17\nexample.org/mid\n";
    let mut shape = shape.file("vendor/modules.txt", modules);
    for (module, files) in [(LEAF, workshop.leaf("v1.1.0")), (MID, workshop.mid("v1.0.0").to_vec())] {
        for (name, content) in files {
            shape = shape.file(format!("vendor/{module}/{name}"), content);
        }
    }
    shape
}

/// Modules that only these shapes need.
fn publish(workshop: &Workshop) {
    let (extra, leaf): (Vec<_>, Vec<_>) = workshop
        .leaf("v1.2.0")
        .into_iter()
        .partition(|(name, _)| name.starts_with("extra/"));
    workshop.publish(LEAF, "v1.2.0", "\nrequire example.org/leaf/extra v1.2.0\n", &leaf);
    let extra: Vec<_> = extra
        .into_iter()
        .map(|(_, text)| ("extra.go".to_owned(), text))
        .collect();
    workshop.publish(EXTRA, "v1.2.0", "", &extra);
    let needy = [(
        "needy.go".to_owned(),
        "package needy\n\nimport _ \"example.org/leaf\"\n".to_owned(),
    )];
    let asks = "\nrequire example.org/leaf v1.1.0\n";
    workshop.publish("example.org/needy", "v0.3.0", asks, &needy);
    workshop.publish("example.org/needy/v2", "v2.0.0", asks, &needy);
}

/// What plugbuild makes of a plugin for a host, and whether it aligned it.
fn built(host: &Path, folder: &Path, go: &Go) -> Result<(PathBuf, bool), String> {
    let file = folder.join("plugin.so");
    let mut build = plugbuild(&["build", "-a", "amd64", "--cc", "gcc", "--align", "always", "--gateway"]);
    let out = build
        .arg(host)
        .arg("--output")
        .arg(&file)
        .current_dir(folder)
        .env("PLUGBUILD_GO", &go.root)
        .env("GOCACHE", cache().join("gocache"))
        .env("GOMODCACHE", cache().join("oracle/elsewhere/mod"))
        .env("GOPROXY", format!("file://{}", cache().join("oracle/proxy").display()))
        .env("GOSUMDB", "off")
        .env("GOFLAGS", "-modcacherw")
        .output()
        .unwrap();
    let said = text(&out.stderr);
    match out.status.success() {
        true => Ok((file, said.contains(" aligned "))),
        false => Err(said),
    }
}

#[test]
fn aligned_plugins_load_in_trimpath_hosts() {
    let workshop = Workshop::open();
    publish(&workshop);
    let started = Instant::now();
    let mut loaded = 0;
    for variant in &HOSTS {
        let (host, go) = match (workshop.build(variant, What::Host), Go::fetch(variant.go)) {
            (Ok(host), Ok(go)) => (host, go),
            (Err(why), _) | (_, Err(why)) => {
                skipped(&format!("a host built with -trimpath: {}", variant.name), &why);
                continue;
            }
        };
        let mut shapes = shapes(&workshop, variant.go != "1.17.13");
        shapes.retain(|shape| variant.name == "trimmed" || FEW.contains(&shape.name));
        let build = |shape: &Shape| {
            let (file, aligned) = built(&host, &shape.write(variant.name), &go)
                .unwrap_or_else(|why| panic!("{} in {}: {why}", shape.name, variant.name));
            let pair = (variant.name, shape.name);
            assert_eq!(aligned, !AS_THEY_ARE.contains(&pair), "{pair:?}");
            file
        };
        let plugins: Vec<PathBuf> = shapes.iter().map(build).collect();
        for (shape, outcome) in shapes.iter().zip(workshop.open_all(&host, Cc::Gcc, &plugins)) {
            assert_eq!(outcome, Outcome::Opened, "{} in {}", shape.name, variant.name);
            loaded += 1;
        }
    }
    say(&format!(
        "hosts built with -trimpath: {loaded} plugins loaded ({:.0} s)",
        started.elapsed().as_secs_f32()
    ));
}
