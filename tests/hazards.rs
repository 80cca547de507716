//! Plugins made to mislead `verify`: each is also put to a real `plugin.Open`, and what that says is right.

use plugbuild::binary::Binary;
use plugbuild::verify::plugin::Plugin;
use plugbuild::verify::registerers::{Shape, exported};

use crate::oracle::workshop::{BASE, Cc, Outcome, Variant, What, Workshop};
use crate::support::{say, skipped};

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
fn registerers_are_what_the_gateway_makes_of_them() {
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
            let plugin = Plugin::read(&binary).unwrap();
            let right = exported(&plugin)
                .into_iter()
                .filter(|(_, shape)| *shape == Shape::Right);
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
