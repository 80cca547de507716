//! Plugins made to mislead `verify`: each is also put to a real `plugin.Open`, and what that says is right.

use plugbuild::binary::Binary;
use plugbuild::verify::plugin::PluginBinary;
use plugbuild::verify::registerers::{RegistererForm, exported};

use plugbuild::verify::finding::Id;

use crate::support::{say, skipped};
use crate::verify::oracle::workshop::{BASE, Cc, Outcome, Variant, What, Workshop};
use crate::verify::oracle::{agrees, verdicts};

/// Says which registerers it could use: those whose address has the method, as KrakenD's own loaders assert it.
const ASSERTING: &str = r#"package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"plugin"

	"example.org/leaf"
)

type handler interface {
	RegisterHandlers(func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error)))
}
type client interface {
	RegisterClients(func(string, func(context.Context, map[string]interface{}) (http.Handler, error)))
}
type modifier interface {
	RegisterModifiers(func(string, func(map[string]interface{}) func(interface{}) (interface{}, error), bool, bool))
}

var usable = map[string]func(interface{}) bool{
	"HandlerRegisterer":  func(v interface{}) bool { _, ok := v.(handler); return ok },
	"ClientRegisterer":   func(v interface{}) bool { _, ok := v.(client); return ok },
	"ModifierRegisterer": func(v interface{}) bool { _, ok := v.(modifier); return ok },
}

func main() {
	said := "usable:" + leaf.Hello(leaf.Pair{})[:0]
	p, err := plugin.Open(os.Args[1])
	for _, name := range []string{"HandlerRegisterer", "ClientRegisterer", "ModifierRegisterer"} {
		if err != nil {
			said = err.Error()
		} else if v, err := p.Lookup(name); err == nil && usable[name](v) {
			said += " " + name
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]string{"error": said})
}
"#;

/// The interfaces, so that the methods' types are in the file whatever the registerers have.
macro_rules! registerers {
    ($text:literal) => {
        concat!(
            "package main\n\nimport (\n\t\"context\"\n\t\"net/http\"\n)\n\n",
            "type handlers func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))\n",
            "type handler interface {\n\tRegisterHandlers(func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error)))\n}\n",
            "type client interface {\n\tRegisterClients(func(string, func(context.Context, map[string]interface{}) (http.Handler, error)))\n}\n",
            "type modifier interface {\n\tRegisterModifiers(func(string, func(map[string]interface{}) func(interface{}) (interface{}, error), bool, bool))\n}\n",
            "type h string\ntype c string\ntype m string\n",
            "func (h) RegisterHandlers(func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {}\n",
            "func (c) RegisterClients(func(string, func(context.Context, map[string]interface{}) (http.Handler, error))) {}\n",
            "func (*m) RegisterModifiers(func(string, func(map[string]interface{}) func(interface{}) (interface{}, error), bool, bool)) {}\n",
            "func Keep() []interface{} {\n\treturn []interface{}{handler(h(\"\")), client(c(\"\")), modifier(new(m))}\n}\n",
            "func main() {}\n",
            $text
        )
    };
}

const REGISTERERS: [Variant; 4] = [
    Variant {
        name: "registerer-indirect",
        text: registerers!(
            "var HandlerRegisterer = new(h)\nvar ClientRegisterer client = c(\"x\")\nvar ModifierRegisterer m\n"
        ),
        ..BASE
    },
    Variant {
        name: "registerer-crossed",
        text: registerers!(
            "type both struct {\n\th\n\t*c\n}\nvar HandlerRegisterer = c(\"x\")\nvar ClientRegisterer both\nfunc ModifierRegisterer() modifier { return new(m) }\n"
        ),
        ..BASE
    },
    Variant {
        name: "registerer-wrong",
        text: registerers!(
            "type named string\nfunc (named) RegisterHandlers(handlers) {}\ntype short string\nfunc (short) RegisterClients(func(string)) {}\ntype other string\nfunc (other) RegisterModifier() {}\nvar HandlerRegisterer named\nvar ClientRegisterer short\nvar ModifierRegisterer other\n"
        ),
        ..BASE
    },
    Variant {
        name: "registerer-right",
        text: registerers!(
            "type nothing struct{}\nfunc (nothing) RegisterClients(func(string, func(context.Context, map[string]interface{}) (http.Handler, error))) {}\ntype alias = h\nvar HandlerRegisterer alias\nvar ClientRegisterer nothing\nvar ModifierRegisterer struct{ modifier }\n"
        ),
        ..BASE
    },
];

/// What a gateway can use is what the variable's own type has, not what is somewhere in the file.
#[test]
fn registerers_match_the_gateway() {
    let workshop = Workshop::open();
    let host = Variant {
        name: "asserting",
        text: ASSERTING,
        ..BASE
    };
    let mut judged = 0;
    for (go, suffix) in [("1.25.6", ""), ("1.19.13", "-1.19"), ("1.26.3", "-1.26")] {
        let named = |variant: &Variant| Variant {
            name: format!("{}{suffix}", variant.name).leak(),
            go,
            ..*variant
        };
        let gateway = match workshop.build(&named(&host), What::Host) {
            Ok(gateway) => gateway,
            Err(why) => {
                skipped("registerers", &why);
                continue;
            }
        };
        for variant in &REGISTERERS {
            let path = workshop.build(&named(variant), What::Plugin).unwrap();
            let binary = Binary::open(&path).unwrap();
            let plugin = PluginBinary::read(&binary).unwrap();
            let right = exported(&plugin)
                .into_iter()
                .filter(|(_, shape)| *shape == RegistererForm::Right);
            let told = right.fold("usable:".to_owned(), |all, (row, _)| all + " " + &row.symbol);
            let outcome = workshop.open_all(&gateway, Cc::Gcc, &[path]).remove(0);
            assert_eq!(outcome, Outcome::Refused(told), "{} {go}", variant.name);
            judged += 1;
        }
    }
    say(&format!(
        "hazards: {judged} plugins' registerers are told as a gateway takes them"
    ));
}

const UNDEFINED: &str = "package main\n\n// int nobody_has_this(void);\n// static int call(void) { return nobody_has_this(); }\nimport \"C\"\n\nimport \"example.org/leaf\"\n\n\
     var HandlerRegisterer = leaf.Hello(leaf.Pair{})\n\nfunc Call() int { return int(C.call()) }\n\nfunc main() {}\n";

/// C code with a thread-local variable, of `initial-exec` unless another model is told.
macro_rules! thread_local {
    ($declared:literal) => {
        concat!(
            "package main\n\n/*\n",
            $declared,
            "\nstatic int call(void) { return mine[0]++; }\n*/\nimport \"C\"\n\nimport \"example.org/leaf\"\n\n",
            "var HandlerRegisterer = leaf.Hello(leaf.Pair{})\n\nfunc Call() int { return int(C.call()) }\n\nfunc main() {}\n"
        )
    };
}

const FEW: &str = thread_local!("__thread int mine[4] __attribute__((tls_model(\"initial-exec\"))) = {3};");
const MANY: &str = thread_local!("__thread int mine[4096] __attribute__((tls_model(\"initial-exec\"))) = {3};");
const DYNAMIC: &str = thread_local!("__thread int mine[4096] = {3};");

const fn linked(name: &'static str, args: &'static [&'static str], text: &'static str, cc: Cc) -> Variant {
    Variant {
        name,
        args,
        text,
        cc,
        ..BASE
    }
}

const LINKED: [Variant; 13] = [
    linked("symbolic", &["-ldflags=-extldflags=-Wl,-Bsymbolic"], "", Cc::Gcc),
    linked(
        "symbolic-functions",
        &["-ldflags=-extldflags=-Wl,-Bsymbolic-functions"],
        "",
        Cc::Gcc,
    ),
    linked("nodlopen", &["-ldflags=-extldflags=-Wl,-z,nodlopen"], "", Cc::Gcc),
    linked(
        "packed",
        &["-ldflags=-extldflags=-Wl,-z,pack-relative-relocs"],
        "",
        Cc::Gcc,
    ),
    linked("no-libc", &["-ldflags=-extldflags=-nostdlib"], "", Cc::Gcc),
    linked(
        "undefined-no-libc",
        &["-ldflags=-extldflags=-nostdlib"],
        UNDEFINED,
        Cc::Gcc,
    ),
    linked("few-locals", &[], FEW, Cc::Gcc),
    linked("many-locals", &[], MANY, Cc::Gcc),
    linked("dynamic-locals", &[], DYNAMIC, Cc::Gcc),
    linked("few-locals-musl", &[], FEW, Cc::Musl),
    linked("dynamic-locals-musl", &[], DYNAMIC, Cc::Musl),
    linked(
        "plugin-path",
        &["-ldflags=-pluginpath=example.com/renamed.v2"],
        "",
        Cc::Gcc,
    ),
    linked(
        "plugin-path-compiled",
        &[
            "-ldflags=-pluginpath=example.com/renamed.v2",
            "-gcflags=-p=example.com/renamed.v2",
        ],
        "",
        Cc::Gcc,
    ),
];

/// Ways to link that only some loaders take.
#[test]
fn odd_links_match_the_loader() {
    let workshop = Workshop::open();
    let musl = Variant {
        name: "musl",
        cc: Cc::Musl,
        ..BASE
    };
    let mut judged = 0;
    for host in [BASE, musl] {
        let Ok(gateway) = workshop.build(&host, What::Host) else {
            skipped("odd links", "the host cannot be built here");
            continue;
        };
        for variant in &LINKED {
            let path = match workshop.build(variant, What::Plugin) {
                Ok(path) => [path],
                Err(why) => {
                    skipped(variant.name, &why);
                    continue;
                }
            };
            let outcome = workshop.open_all(&gateway, host.cc, &path).remove(0);
            let verdict = verdicts(&gateway, &path).remove(0);
            assert!(
                agrees(&verdict, &outcome),
                "{} in {}: {outcome:?}, but {verdict:#?}",
                variant.name,
                host.name
            );
            judged += 1;
        }
    }
    say(&format!("hazards: {judged} odd links are judged right"));
}

/// What a library that both need brings, no file says; that it is there is not enough.
#[test]
fn foreign_symbol_is_not_assumed() {
    let workshop = Workshop::open();
    let env: &[_] = &[("CGO_LDFLAGS", "-O2 -g -Wl,--no-as-needed -l:libgcc_s.so.1")];
    let host = Variant {
        name: "with-library",
        env,
        ..BASE
    };
    let plugin = Variant {
        name: "undefined-with-library",
        text: UNDEFINED,
        env,
        ..BASE
    };
    let (Ok(host), Ok(plugin)) = (workshop.build(&host, What::Host), workshop.build(&plugin, What::Plugin)) else {
        return skipped("symbols of other libraries", "host or plugin cannot be built here");
    };
    assert_ne!(
        workshop.open_all(&host, Cc::Gcc, std::slice::from_ref(&plugin))[0],
        Outcome::Opened
    );
    let verdict = verdicts(&host, &[plugin]).remove(0);
    assert!(
        verdict.findings.iter().any(|f| f.id == Id::MissingSymbol),
        "{verdict:#?}"
    );
}

/// One file under two names is one plugin; after one that breaks Go's list of modules there is no other.
#[test]
fn verdicts_with_links_and_corrupting_plugins() {
    let workshop = Workshop::open();
    let built = |variant: Variant| workshop.build(&variant, What::Plugin);
    let old = Variant {
        name: "go-1.19",
        go: "1.19.13",
        ..BASE
    };
    let own = Variant {
        name: "own-path",
        module: "example.com/another",
        ..BASE
    };
    let (Ok(host), Ok(base), Ok(own), Ok(old), Ok(symbolic)) = (
        workshop.build(&BASE, What::Host),
        built(BASE),
        built(own),
        built(old),
        built(LINKED[0]),
    ) else {
        return skipped("rows", "host or plugins cannot be built here");
    };
    let folder = tempfile::tempdir().unwrap();
    let (link, copy) = (folder.path().join("link.so"), folder.path().join("copy.so"));
    std::os::unix::fs::symlink(&base, &link).unwrap();
    std::fs::copy(&base, &copy).unwrap();
    for row in [
        &[&base, &base][..],
        &[&base, &link, &own],
        &[&link, &copy],
        &[&old, &base],
        &[&own, &old, &base],
        &[&own, &old, &own],
        &[&symbolic, &own],
        &[&own, &symbolic, &base],
    ] {
        let paths: Vec<_> = row.iter().map(|path| (*path).clone()).collect();
        let outcomes = workshop.open_all(&host, Cc::Gcc, &paths);
        for (verdict, outcome) in verdicts(&host, &paths).iter().zip(&outcomes) {
            assert!(agrees(verdict, outcome), "{row:?}: {outcome:?}, but {verdict:#?}");
        }
    }
}
