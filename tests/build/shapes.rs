//! Shapes of repositories: for each, check, compat, build, verify and the gateway itself give one answer.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use crate::modules::align::{TARGET, build, new, old, run};
use crate::support::gateway::{Gateway, Release, text};
use crate::support::{cache, made, say};

/// The three verdicts of check.
const FITS: &str = "fits";
const ALIGNED: &str = "fits-aligned";
const NOT: &str = "does-not-fit";
/// The gateway's Go does not compile it: check asks that Go, compat says that it may need a newer one, build fails.
const REFUSED: &str = "refused";
/// No verdict: go.mod or go.sum lacks what a build reads there, or there is no package main.
const INCOMPLETE: &str = "incomplete";
/// C code, which check leaves to the build, does not compile.
const C_FAILS: &str = "c-fails";

/// A repository of our own, and what is true of it for the gateways 2.1.4 (Go 1.19), 2.10.1 (Go 1.24) and 2.12.1 (Go 1.25).
#[derive(Debug)]
struct Shape {
    name: String,
    files: Vec<(&'static str, String)>,
    /// The plugin's folder below it.
    plugin: &'static str,
    tags: &'static str,
    /// For the oldest and the newest; the one between mostly answers as the newest.
    answers: [&'static str; 2],
    between: &'static str,
}

fn shape(name: impl Into<String>, answers: [&'static str; 2]) -> Shape {
    Shape {
        name: name.into(),
        files: Vec::new(),
        plugin: ".",
        tags: "",
        answers,
        between: answers[1],
    }
}

impl Shape {
    fn file(mut self, path: &'static str, content: impl Into<String>) -> Self {
        self.files.push((path, content.into()));
        self
    }

    /// A go.mod with this go line and more lines behind it.
    fn module(self, go: &str, more: &str) -> Self {
        self.file("go.mod", format!("module example.com/shape\n\ngo {go}\n\n{more}"))
    }

    fn of(mut self, plugin: &'static str) -> Self {
        self.plugin = plugin;
        self
    }

    fn tagged(mut self, tags: &'static str) -> Self {
        self.tags = tags;
        self
    }

    fn between(mut self, answer: &'static str) -> Self {
        self.between = answer;
        self
    }

    /// Written anew below the tests' cache, where paths stay the same from run to run.
    fn write(&self, of: &str) -> PathBuf {
        let place = cache().join("shapes").join(of).join(&self.name);
        let _ = fs::remove_dir_all(&place);
        for (path, content) in &self.files {
            let path = place.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        if place.join("lib/sum.c").exists() {
            archive(&place.join("lib"));
        }
        place.join(self.plugin)
    }
}

/// The C archive that somebody built beforehand and committed.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn archive(folder: &Path) {
    for (tool, args) in [
        ("gcc", &["-c", "-fPIC", "-O1", "sum.c", "-o", "sum.o"][..]),
        ("ar", &["rcs", "libsum.a", "sum.o"]),
    ] {
        let out = Command::new(tool).args(args).current_dir(folder).output().unwrap();
        assert!(out.status.success(), "{tool}: {}", text(&out.stderr));
    }
    fs::remove_file(folder.join("sum.c")).unwrap();
    fs::remove_file(folder.join("sum.o")).unwrap();
}

/// A plugin whose handler calls `words()`, of the standard library alone.
const HANDLER: &str = r#"package main

import (
	"context"
	"net/http"
)

var HandlerRegisterer = registerer("shape")

type registerer string

func (r registerer) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {
	f(string(r), func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("X-Shape", words())
			next.ServeHTTP(w, req)
		}), nil
	})
}

func main() {}
"#;

/// The file of a plugin that has `words`: its imports, and what the function returns.
fn words(imports: &str, returns: &str) -> String {
    format!("package main\n\nimport (\n{imports}\n)\n\nfunc words() string {{ return {returns} }}\n")
}

const PLAIN: &str = "package main\n\nfunc words() string { return \"plain\" }\n";
const LIB: &str = "package lib\n\nfunc Words() string { return \"lib\" }\n";

/// A shape with the handler in the repository's own folder.
fn plugin(name: impl Into<String>, answers: [&'static str; 2]) -> Shape {
    shape(name, answers).file("plugin.go", HANDLER)
}

/// What needs no module but those in the repository.
fn own() -> Vec<Shape> {
    let lines = [
        ("1.12", FITS, FITS),
        ("1.16", FITS, FITS),
        ("1.17", FITS, FITS),
        ("1.19", FITS, FITS),
        ("1.20", FITS, FITS),
        ("1.21", FITS, FITS),
        ("1.23.4", ALIGNED, FITS),
        ("1.25.0", ALIGNED, FITS),
        ("1.25.7", ALIGNED, ALIGNED),
        ("1.27", ALIGNED, ALIGNED),
        ("1.27.0", ALIGNED, ALIGNED),
    ];
    let mut all: Vec<Shape> = lines
        .map(|(line, old, new)| {
            plugin(format!("go-{line}"), [old, new])
                .module(line, "")
                .file("words.go", PLAIN)
                .between(if line < "1.25" { new } else { ALIGNED })
        })
        .into();
    let commands = |name, at| {
        shape(name, [FITS, FITS])
            .module("1.18", "")
            .file("internal/lib/lib.go", LIB)
            .file("cmd/first/plugin.go", HANDLER)
            .file(
                "cmd/first/words.go",
                words("\t\"example.com/shape/internal/lib\"", "lib.Words()"),
            )
            .file("cmd/second/plugin.go", HANDLER)
            .file("cmd/second/words.go", PLAIN)
            .file("cmd/server/main.go", "package main\n\nfunc main() { println(1) }\n")
            .of(at)
    };
    let tagged = |name, tags, answers| {
        plugin(name, answers)
            .module("1.19", "")
            .file("words.go", format!("//go:build !prod\n\n{PLAIN}"))
            .file(
                "prod.go",
                format!(
                    "//go:build prod\n\n{}",
                    words("\t\"log/slog\"", "slog.LevelInfo.String()")
                ),
            )
            .tagged(tags)
    };
    let uses = "example.com/shape/lib";
    all.extend([
        commands("first-of-two", "cmd/first"),
        commands("second-of-two", "cmd/second"),
        plugin("vendored", [FITS, FITS])
            .module("1.17", "require corp.example/private v1.2.3\n")
            .file("words.go", words("\t\"corp.example/private/lib\"", "lib.Words()"))
            .file("vendor/corp.example/private/lib/lib.go", LIB)
            .file(
                "vendor/modules.txt",
                "# corp.example/private v1.2.3\n## explicit; go 1.17\ncorp.example/private/lib\n",
            ),
        plugin("generated", [FITS, FITS])
            .module("1.18", "")
            .file("doc.go", "package main\n\n//go:generate go run ./gen\n")
            .file("words_gen.go", format!("// Code generated by gen; DO NOT EDIT.\n\n{PLAIN}"))
            .file("gen/main.go", "package main\n\nimport \"os\"\n\nfunc main() { os.Exit(1) }\n"),
        tagged("without-a-tag", "", [FITS, FITS]),
        tagged("with-a-tag", "prod", [NOT, FITS]),
        plugin("prebuilt", [FITS, FITS])
            .module("1.16", "")
            .file("lib/sum.c", "int sum(int a, int b) { return a + b; }\n")
            .file("lib/sum.h", "int sum(int a, int b);\n")
            .file(
                "words.go",
                "package main\n\n// #cgo CFLAGS: -I${SRCDIR}/lib\n// #cgo LDFLAGS: -L${SRCDIR}/lib -lsum\n// #include \"sum.h\"\nimport \"C\"\n\nimport \"strconv\"\n\nfunc words() string { return strconv.Itoa(int(C.sum(1, 2))) }\n",
            ),
        plugin("embed", [FITS, FITS])
            .module("1.16", "")
            .file("data/words.txt", "embedded\n")
            .file("data/more/a.json", "{}\n")
            .file(
                "words.go",
                "package main\n\nimport \"embed\"\n\n//go:embed data/words.txt\nvar text string\n\n//go:embed data\nvar all embed.FS\n\nfunc words() string {\n\t_, _ = all.ReadFile(\"data/more/a.json\")\n\treturn text\n}\n",
            ),
        shape("workspace", [FITS, FITS])
            .file("go.work", "go 1.18\n\nuse (\n\t./plugin\n\t./lib\n)\n")
            .file("lib/go.mod", format!("module {uses}\n\ngo 1.18\n"))
            .file("lib/lib.go", LIB)
            .file(
                "plugin/go.mod",
                format!("module example.com/shape/plugin\n\ngo 1.18\n\nrequire {uses} v0.0.0\n"),
            )
            .file("plugin/plugin.go", HANDLER)
            .file("plugin/words.go", words(&format!("\t\"{uses}\""), "lib.Words()"))
            .of("plugin"),
        shape("sibling", [FITS, FITS])
            .file("lib/go.mod", format!("module {uses}\n\ngo 1.16\n"))
            .file("lib/lib.go", LIB)
            .file(
                "plugin/go.mod",
                format!("module example.com/shape/plugin\n\ngo 1.18\n\nrequire {uses} v0.0.0\n\nreplace {uses} => ../lib\n"),
            )
            .file("plugin/plugin.go", HANDLER)
            .file("plugin/words.go", words(&format!("\t\"{uses}\""), "lib.Words()"))
            .of("plugin"),
        shape("sibling-of-a-newer-go", [NOT, FITS])
            .file("lib/go.mod", format!("module {uses}\n\ngo 1.21\n"))
            .file(
                "lib/lib.go",
                "package lib\n\nimport \"slices\"\n\nfunc Words() string { return slices.Max([]string{\"a\", \"b\"}) }\n",
            )
            .file(
                "plugin/go.mod",
                format!("module example.com/shape/plugin\n\ngo 1.21\n\nrequire {uses} v0.0.0\n\nreplace {uses} => ../lib\n"),
            )
            .file("plugin/plugin.go", HANDLER)
            .file("plugin/words.go", words(&format!("\t\"{uses}\""), "lib.Words()"))
            .of("plugin"),
        plugin("siblings-that-are-ignored", [FITS, FITS])
            .module("1.19", "")
            .file("words.go", PLAIN)
            .file(
                "tools.go",
                "//go:build ignore\n\npackage tools\n\nimport \"slices\"\n\nvar _ = slices.Max[[]int]\n",
            )
            .file(
                "slices_test.go",
                "package main\n\nimport \"slices\"\n\nvar _ = slices.Max[[]int]\n",
            ),
        plugin("assembly", [FITS, FITS])
            .module("1.17", "")
            .file("add/add.go", "package add\n\nfunc Add(a, b int64) int64\n")
            .file(
                "add/add_amd64.s",
                "#include \"textflag.h\"\n\nTEXT ·Add(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n",
            )
            .file(
                "words.go",
                words("\t\"example.com/shape/add\"\n\t\"strconv\"", "strconv.Itoa(int(add.Add(1, 2)))"),
            ),
        plugin("slices", [NOT, FITS])
            .module("1.21", "")
            .file("words.go", words("\t\"slices\"", "slices.Max([]string{\"a\", \"b\"})")),
        plugin("toolchain", [ALIGNED, FITS])
            .module("1.21", "toolchain go1.25.6\n")
            .file("words.go", PLAIN),
        plugin("newer-toolchain", [ALIGNED, FITS])
            .module("1.21", "toolchain go1.27.0\n")
            .file("words.go", PLAIN),
        plugin("godebug", [ALIGNED, FITS])
            .module("1.23", "godebug (\n\tdefault=go1.21\n\tpanicnil=1\n)\n")
            .file("words.go", PLAIN),
        plugin("tool-and-ignore", [ALIGNED, FITS])
            .module("1.25", "tool example.com/shape/gen\n\nignore ./web\n")
            .file("gen/main.go", "package main\n\nfunc main() {}\n")
            .file("words.go", PLAIN)
            .between(ALIGNED),
    ]);
    all
}

/// What needs public modules, in versions that the gateways do not all have.
fn public() -> Vec<Shape> {
    let uses = |name: &str, line: &str, module: &str, import: &str, answers| {
        plugin(name, answers)
            .module(line, &format!("require (\n\t{module}\n)\n"))
            .file(
                "words.go",
                format!("package main\n\nimport (\n\t_ \"{import}\"\n)\n\nfunc words() string {{ return \"\" }}\n"),
            )
    };
    let uuid = "github.com/google/uuid";
    vec![
        plugin("excluded-and-crlf", [ALIGNED, ALIGNED])
            .file(
                "go.mod",
                format!("module \"example.com/shape\"\r\n\r\ngo 1.19\r\n\r\nrequire {uuid} v1.4.0\r\n\r\nexclude (\r\n\t{uuid} v1.3.0\r\n\t{uuid} v1.6.0\r\n)\r\n\r\nretract v1.0.0 // wrong\r\n"),
            )
            .file("words.go", words(&format!("\t\"{uuid}\""), "uuid.NewString()")),
        uses("uuid-1.4", "1.19", &format!("{uuid} v1.4.0"), uuid, [ALIGNED, ALIGNED]),
        uses("uuid-1.6", "1.19", &format!("{uuid} v1.6.0"), uuid, [ALIGNED, FITS]).file("go.sum", UUID_SUMS),
        uses(
            "lura",
            "1.16",
            "github.com/luraproject/lura/v2 v2.2.2",
            "github.com/luraproject/lura/v2/config",
            [ALIGNED, ALIGNED],
        ),
        uses(
            "grpc",
            "1.12",
            "github.com/golang/protobuf v1.3.2\n\tgoogle.golang.org/genproto v0.0.0-20190819201941-24fa4b261c55\n\tgoogle.golang.org/grpc v1.26.0",
            "google.golang.org/grpc/status",
            [ALIGNED, ALIGNED],
        ),
    ]
}

/// What check and build once answered differently.
fn once_two_answers() -> Vec<Shape> {
    let lib = "example.com/shape/lib";
    let public = |name: &str, line: &str, modules: &str, imports: &str, answers| {
        plugin(name, answers)
            .module(line, &format!("require (\n{modules}\n)\n"))
            .file("words.go", words(imports, "\"\""))
    };
    vec![
        // The same package in two modules: which one it is, the gateway says.
        public(
            "split",
            "1.17",
            "\tgithub.com/gin-gonic/gin v1.8.1\n\tgithub.com/luraproject/lura v1.4.1",
            "\t_ \"github.com/gin-gonic/gin\"\n\t_ \"github.com/luraproject/lura/config\"",
            [ALIGNED, ALIGNED],
        ),
        // What is aligned is built from a copy, which the go command completes; what is not is built as it is.
        public(
            "no-sum",
            "1.19",
            "\tgithub.com/google/uuid v1.6.0",
            "\t_ \"github.com/google/uuid\"",
            [ALIGNED, INCOMPLETE],
        ),
        // The last releases before Go 1.21 refuse what was written for Go 1.22, whatever it uses.
        shape("sibling-of-go-1.22", [NOT, FITS])
            .file("lib/go.mod", format!("module {lib}\n\ngo 1.22\n"))
            .file("lib/lib.go", LIB)
            .file(
                "plugin/go.mod",
                format!(
                    "module example.com/shape/plugin\n\ngo 1.22\n\nrequire {lib} v0.0.0\n\nreplace {lib} => ../lib\n"
                ),
            )
            .file("plugin/plugin.go", HANDLER)
            .file("plugin/words.go", words(&format!("\t\"{lib}\""), "lib.Words()"))
            .of("plugin"),
        // The language of a newer Go: the go line lets it pass, the compiler does not.
        plugin("range-over-int", [REFUSED, FITS]).module("1.22", "").file(
            "words.go",
            "package main\n\nfunc words() (said string) {\n\tfor range 3 {\n\t\tsaid += \"a\"\n\t}\n\treturn said\n}\n",
        ),
        // The same where the gateway's Go knows it, and the plugin's own go line does not.
        plugin("generic-before-1.18", [REFUSED, REFUSED]).module("1.17", "").file(
            "words.go",
            "package main\n\nfunc first[T any](all []T) T { return all[0] }\n\nfunc words() string { return first([]string{\"a\"}) }\n",
        ),
        shape("tests-only", [INCOMPLETE, INCOMPLETE])
            .module("1.19", "")
            .file("words_test.go", "package main\n\nfunc words() string { return \"\" }\n"),
        shape("no-main", [INCOMPLETE, INCOMPLETE]).module("1.19", "").file("lib.go", LIB),
        plugin("c-library-that-is-not-there", [C_FAILS, C_FAILS]).module("1.17", "").file(
            "words.go",
            "package main\n\n// #cgo pkg-config: is-not-there\nimport \"C\"\n\nfunc words() string { return \"\" }\n",
        ),
        plugin("not-required", [ALIGNED, INCOMPLETE])
            .module("1.19", "")
            .file("words.go", words("\t_ \"github.com/google/uuid\"", "\"\"")),
        public(
            "replaced-by-the-gateways",
            "1.19",
            "\tgithub.com/google/uuid v1.4.0\n)\n\nreplace (\n\tgithub.com/google/uuid => github.com/google/uuid v1.6.0",
            "\t_ \"github.com/google/uuid\"",
            [ALIGNED, INCOMPLETE],
        ),
        // No gateway has what somebody changed below vendor/: the module as it was published takes its place.
        vendored("vendored-public", "", [ALIGNED, FITS]),
        vendored("vendored-and-changed", "\nvar Changed = 1\n", [ALIGNED, ALIGNED]),
        plugin("min", [REFUSED, FITS])
            .module("1.22", "")
            .file("words.go", words("\t\"strconv\"", "strconv.Itoa(min(1, 2))")),
    ]
}

const UUID_SUMS: &str = "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\ngithub.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n";

/// The folder of a published module in the module cache.
fn published(module: &str) -> PathBuf {
    let mut go = new().0.go.command();
    let out = go
        .args(["mod", "download", "-json", module])
        .current_dir(cache())
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    PathBuf::from(told["Dir"].as_str().unwrap_or_else(|| panic!("{told}")))
}

/// A plugin with uuid as `go mod vendor` leaves it, but for this at the end of a file.
fn vendored(name: &str, changed: &str, answers: [&'static str; 2]) -> Shape {
    const MODULE: &str = "github.com/google/uuid";
    let at = "v1.6.0";
    let folder = published(&format!("{MODULE}@{at}"));
    let shape = plugin(name, answers)
        .module("1.17", &format!("require {MODULE} {at}\n"))
        .file("words.go", words(&format!("\t\"{MODULE}\""), "uuid.NewString()"))
        .file("go.sum", UUID_SUMS)
        .file(
            "vendor/modules.txt",
            format!("# {MODULE} {at}\n## explicit\n{MODULE}\n"),
        );
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let compiled = files.filter(|file| {
        let name = file.to_string_lossy();
        name.ends_with(".go") && !name.ends_with("_test.go")
    });
    compiled.fold(shape, |mut shape, file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        let more = if name == "doc.go" { changed } else { "" };
        let text = fs::read_to_string(&file).unwrap() + more;
        shape.files.push((format!("vendor/{MODULE}/{name}").leak(), text));
        shape
    })
}

fn between() -> (Release, Gateway) {
    let release = Release::new("2.10.1", "1.24.4", "1.24.13");
    let gateway = release.bare_gateway(TARGET, false);
    (release, gateway)
}

/// A gateway as it is given to plugbuild.
struct Given {
    spec: String,
    /// The release whose row in compat is of this gateway, Go included.
    row: Option<&'static str>,
    /// Which of a shape's answers is for it.
    answer: Answer,
    gateway: Gateway,
}

type Answer = fn(&Shape) -> &'static str;

fn given() -> Vec<Given> {
    let given = |(release, gateway): &(Release, Gateway), spec: String, answer: Answer| Given {
        spec,
        row: release.exact.then_some(release.version),
        answer,
        gateway: gateway.clone(),
    };
    let file = |one: &(Release, Gateway)| one.1.binary.display().to_string();
    let mut all = Vec::new();
    let of: [((Release, Gateway), Answer); 3] = [
        (old(), |shape| shape.answers[0]),
        (between(), |shape| shape.between),
        (new(), |shape| shape.answers[1]),
    ];
    for (one, answer) in of {
        all.push(given(&one, file(&one), answer));
        if one.0.exact {
            all.push(given(&one, one.0.version.to_owned(), answer));
        }
    }
    all
}

/// The first JSON document that a command prints.
fn first(stdout: &[u8]) -> Value {
    serde_json::from_str(text(stdout).lines().next().unwrap_or_default()).unwrap_or_default()
}

/// What is wrong with the answers to one shape for one gateway.
fn disagreement(shape: &Shape, given: &Given, index: usize) -> Option<String> {
    let folder = shape.write(&index.to_string());
    let json = ["--message-format", "json"];
    let tags = ["--tags", shape.tags];
    let tags = if shape.tags.is_empty() { &[][..] } else { &tags };
    let answer = (given.answer)(shape);
    let loads = ![NOT, INCOMPLETE, REFUSED, C_FAILS].contains(&answer);
    let code = match answer {
        FITS | C_FAILS => 0,
        INCOMPLETE => 3,
        _ => 1,
    };
    let built = match answer {
        _ if loads => 0,
        NOT => 1,
        _ => 3,
    };
    let mut wrong = Vec::new();

    let out = run(
        &[&["check", "--gateway", &given.spec], &json[..], tags].concat(),
        &folder,
    );
    let report = first(&out.stdout);
    let told = report["verdict"].as_str().unwrap_or_default();
    let verdict = match answer {
        INCOMPLETE => "",
        REFUSED => NOT,
        C_FAILS => FITS,
        _ => answer,
    };
    let leaves_c = answer != C_FAILS || report["c_code"] == true;
    if told != verdict || !leaves_c || out.status.code() != Some(code) {
        wrong.push(format!("check: {:?} {report} {}", out.status.code(), text(&out.stderr)));
    }

    if let Some(release) = given.row {
        let out = run(&[&["compat", "--from", release], &json[..], tags].concat(), &folder);
        let all = text(&out.stdout);
        let row: Value = all
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .find(|row: &Value| row["gateway"] == release)
            .unwrap_or_default();
        let fit = match row["fit"].as_str() {
            Some("as-it-is") => FITS,
            Some("aligned") => ALIGNED,
            _ => NOT,
        };
        let agrees = match answer {
            INCOMPLETE => out.status.code() == Some(code),
            // It compiles nothing.
            REFUSED => !row["may_need"].as_array().is_none_or(Vec::is_empty),
            C_FAILS => fit == FITS,
            _ => !row.is_null() && fit == answer,
        };
        if !agrees {
            wrong.push(format!("compat: {row} {}", text(&out.stderr)));
        }
    }

    let output = made(&format!("shapes/{index}-{}.so", shape.name));
    let _ = fs::remove_file(&output);
    let flags = ["--", "-tags", shape.tags];
    let flags = if shape.tags.is_empty() { &[][..] } else { &flags };
    let out = build(&folder, &given.spec, &output, flags);
    let said = text(&out.stderr);
    // What does not fit is known before anything is compiled.
    if out.status.code() != Some(built) || loads && said.contains(" aligned ") != (answer == ALIGNED) {
        wrong.push(format!("build: {:?} {said}", out.status.code()));
    }
    if output.exists() != loads {
        wrong.push("build: there is a file exactly where it fits".to_owned());
    }

    if output.exists() {
        let file = given.gateway.binary.to_str().unwrap();
        let verify = ["verify", "--gateway", file, output.to_str().unwrap()];
        let out = run(&[&verify, &json[..]].concat(), &folder);
        let verdict = first(&out.stdout)["verdicts"][0]["answer"].clone();
        let opened = &given.gateway.open(&[&output])[0];
        let usable = opened.ok && opened.usable.get("HandlerRegisterer") == Some(&true);
        if !usable || verdict != "will-load" || !out.status.success() {
            wrong.push(format!("verify: {verdict} {}; opened: {opened:?}", text(&out.stderr)));
        }
    }
    (!wrong.is_empty()).then(|| {
        format!(
            "{} for {}: {answer} is true, but\n{}",
            shape.name,
            given.spec,
            wrong.join("\n")
        )
    })
}

/// Every shape for every gateway; a few at a time.
fn agree(what: &str, shapes: &[Shape]) {
    let gateways = given();
    let started = Instant::now();
    fs::create_dir_all(made("shapes")).unwrap();
    let queue: VecDeque<(&Shape, usize)> = shapes
        .iter()
        .flat_map(|shape| (0..gateways.len()).map(move |index| (shape, index)))
        .collect();
    let count = queue.len();
    let queue = Mutex::new(queue);
    let wrong = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((shape, index)) = next() {
                    let found = disagreement(shape, &gateways[index], index);
                    wrong.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    say(&format!(
        "{count} pairs of {what} and a gateway: check, compat, build, verify and the gateway agree on {} ({:.0} s)",
        count - wrong.len(),
        started.elapsed().as_secs_f32()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn local_shapes_have_one_answer() {
    agree("our own shapes", &own());
}

#[test]
fn shapes_with_public_modules_have_one_answer() {
    agree("shapes with public modules", &public());
}

#[test]
fn formerly_disagreeing_shapes_have_one_answer() {
    agree("shapes that had two answers", &once_two_answers());
}

/// What `fix --write` leaves is as `go mod tidy` would have it.
#[test]
fn fixed_shapes_fit_and_are_tidy() {
    let shapes: Vec<Shape> = [own(), public(), once_two_answers()].into_iter().flatten().collect();
    for (name, (release, gateway)) in [
        ("uuid-1.4", new()),
        ("lura", new()),
        ("go-1.27", new()),
        ("uuid-1.6", old()),
        ("go-1.27", old()),
        ("go-1.21", old()),
        ("no-sum", old()),
        ("split", new()),
    ] {
        let shape = shapes.iter().find(|shape| shape.name == name).unwrap();
        let folder = shape.write("fixed");
        let spec = gateway.binary.to_str().unwrap();
        let out = run(&["fix", "--write", "--gateway", spec], &folder);
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
        let out = run(&["check", "--gateway", spec], &folder);
        assert_eq!(out.status.code(), Some(0), "{name}: {}", text(&out.stdout));
        let files = || ["go.mod", "go.sum"].map(|file| fs::read_to_string(folder.join(file)).unwrap_or_default());
        let fixed = files();
        let mut go = release.go.command();
        let out = go.current_dir(&folder).args(["mod", "tidy"]).output().unwrap();
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
        assert_eq!(files(), fixed, "{name}");
    }
}
