//! The size of functions: at most 50 lines and 5 parameters, in all that is shipped.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, ItemMod, Signature};

use crate::repo::architecture::files;
use crate::repo::rooms::is_test;
use crate::support::root;

const LINES: usize = 50;
const PARAMETERS: usize = 5;

/// Functions that may be longer, each with the reason.
const LONGER: [(&str, &str); 7] = [
    (
        "src/commands/check.rs run",
        "one loop over gateways, whose steps share what was read",
    ),
    (
        "src/commands/config/check.rs run",
        "every form that a configuration can be read as",
    ),
    (
        "src/commands/config/inject.rs run",
        "from what is asked to what is written, in order",
    ),
    (
        "src/commands/gateway.rs import",
        "what is refused before anything is written",
    ),
    (
        "src/commands/new.rs run",
        "from what is asked to what is written, in order",
    ),
    ("src/commands/test.rs run", "a gateway's life from its file to its end"),
    (
        "src/toolchain/go.rs ensure",
        "every source of a Go, in the order in which they are tried",
    ),
];

struct Function {
    name: String,
    lines: usize,
    parameters: usize,
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        self.0.push(Function {
            name: signature.ident.to_string(),
            lines: last - first + 1,
            parameters: signature.inputs.len(),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

fn functions(text: &str) -> Vec<Function> {
    let mut found = Functions::default();
    found.visit_file(&syn::parse_file(text).unwrap());
    found.0
}

#[test]
fn functions_are_short_and_take_few_parameters() {
    let is_product = |path: &Path| !path.ends_with("tests.rs") && !path.ends_with("properties.rs");
    let mut all = 0;
    let mut long = Vec::new();
    for path in files("src", &["rs"]).into_iter().filter(|path| is_product(path)) {
        let file = path.strip_prefix(root()).unwrap().display().to_string();
        for function in functions(&fs::read_to_string(&path).unwrap()) {
            all += 1;
            let (name, lines, parameters) = (function.name, function.lines, function.parameters);
            assert!(parameters <= PARAMETERS, "{file}: {name} has {parameters} parameters");
            if lines > LINES {
                long.push((format!("{file} {name}"), lines));
            }
        }
    }
    assert!(all > 1500, "{all} functions");
    let is_listed = |name: &str| LONGER.iter().any(|(listed, _)| *listed == name);
    let more: Vec<_> = long.iter().filter(|(name, _)| !is_listed(name)).collect();
    assert!(more.is_empty(), "longer than {LINES} lines: {more:#?}");
    let stale: Vec<_> = LONGER
        .iter()
        .filter(|(listed, _)| !long.iter().any(|(name, _)| name == listed))
        .collect();
    assert!(stale.is_empty(), "not longer any more: {stale:?}");
}

#[test]
fn lines_and_parameters_are_counted_as_written() {
    let text = "/// Doc.\nfn f(a: u8, b: u8) {\n    g();\n}\nimpl T {\n    fn m(&self) -> u8 { 1 }\n}\n\
                #[cfg(test)]\nmod tests { fn hidden() {} }\n";
    let found: Vec<_> = functions(text)
        .into_iter()
        .map(|function| (function.name, function.lines, function.parameters))
        .collect();
    assert_eq!(found, [("f".to_owned(), 3, 2), ("m".to_owned(), 1, 1)]);
}
