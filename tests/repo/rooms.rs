//! The rooms of src: none imports one that lib.rs lists above it, and no files import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

use crate::repo::architecture::files;
use crate::support::root;

/// A module's path: `["build", "unit"]`.
type Module = Vec<String>;

/// The paths that one file names, from the crate's root on.
struct Paths {
    here: Module,
    found: BTreeSet<Module>,
}

impl Paths {
    fn of(file: &Path, here: Module) -> BTreeSet<Module> {
        let text = fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let mut paths = Paths {
            here,
            found: BTreeSet::new(),
        };
        paths.visit_file(&parsed);
        paths.found
    }

    /// Takes down a path that begins with `crate`, `self` or `super`.
    fn add(&mut self, path: &[String]) {
        let mut base = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.here.clone(),
            _ => return,
        };
        for segment in path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => {
                    base.pop();
                }
                name => base.push(name.to_owned()),
            }
        }
        self.found.insert(base);
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(name) => self.add(&with(&name.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
            _ => self.add(before),
        }
    }

    /// What a macro is given is no syntax yet: there `crate :: a :: b` is looked for.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => path.push(name.to_string()),
                TokenTree::Punct(sign) if sign.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                _ => {
                    self.add(&std::mem::take(&mut path));
                    if let TokenTree::Ident(name) = &token {
                        path.push(name.to_string());
                    }
                }
            }
            colons = 0;
            if let TokenTree::Group(group) = token {
                self.add_tokens(group.stream());
            }
        }
        self.add(&path);
    }
}

pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("cfg") && list.is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(ItemMod { attrs, .. }) if is_test(attrs) => {}
            Item::Use(import) if is_test(&import.attrs) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.add_tree(&[], &import.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.add_tokens(call.tokens.clone());
    }
}

/// Which file of src imports which others.
struct Imports(BTreeMap<PathBuf, BTreeSet<PathBuf>>);

impl Imports {
    fn read() -> Self {
        let modules: BTreeMap<Module, PathBuf> = files("src", &["rs"])
            .into_iter()
            .map(|file| {
                let path = file.strip_prefix(root().join("src")).unwrap().with_extension("");
                let mut module: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                if module.last().is_some_and(|last| last == "mod") {
                    module.pop();
                }
                (module, file)
            })
            .filter(|(module, _)| !matches!(module[..], [ref only] if only == "lib" || only == "main"))
            .filter(|(module, _)| {
                !module
                    .last()
                    .is_some_and(|last| last == "tests" || last == "properties")
            })
            .collect();
        let file_of = |path: &Module| {
            let prefixes = (1..=path.len()).rev();
            prefixes.into_iter().find_map(|end| modules.get(&path[..end]))
        };
        let imports = modules.iter().map(|(module, file)| {
            let paths = Paths::of(file, module.clone());
            let others = paths.iter().filter_map(file_of).filter(|other| *other != file);
            (file.clone(), others.cloned().collect())
        });
        Imports(imports.collect())
    }

    /// The files that can be reached from one.
    fn reachable(&self, from: &PathBuf) -> BTreeSet<&PathBuf> {
        let mut found = BTreeSet::new();
        let mut left = vec![from];
        while let Some(file) = left.pop() {
            for next in self.0.get(file).into_iter().flatten() {
                if found.insert(next) {
                    left.push(next);
                }
            }
        }
        found
    }
}

/// The rooms, from the front to the ground, as lib.rs lists them.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names = text
        .lines()
        .filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn room_of(file: &Path) -> String {
    let below = file.strip_prefix(root().join("src")).unwrap();
    below.iter().next().unwrap().to_string_lossy().into_owned()
}

#[test]
fn rooms_import_downwards() {
    let rooms = rooms();
    let rank = |file: &Path| {
        let room = room_of(file);
        rooms
            .iter()
            .position(|known| *known == room)
            .unwrap_or_else(|| panic!("{room} is not in lib.rs"))
    };
    let imports = Imports::read();
    let mut between = BTreeSet::new();
    for (file, others) in &imports.0 {
        for other in others.iter().filter(|other| room_of(other) != room_of(file)) {
            between.insert((room_of(file), room_of(other)));
            assert!(
                rank(file) < rank(other),
                "{} imports {}, which is in a room above it",
                file.display(),
                other.display()
            );
        }
    }
    assert!(rooms.len() == 12 && between.len() > 30, "{rooms:?} {between:?}");
}

#[test]
fn files_have_no_import_cycles() {
    let imports = Imports::read();
    let circles: Vec<&PathBuf> = imports
        .0
        .keys()
        .filter(|file| imports.reachable(file).contains(file))
        .collect();
    assert!(circles.is_empty(), "in circles: {circles:#?}");
    let edges: usize = imports.0.values().map(BTreeSet::len).sum();
    assert!(
        imports.0.len() > 200 && edges > 800,
        "{} files, {edges} imports",
        imports.0.len()
    );
}

#[test]
fn use_paths_are_read_as_rust_does() {
    let text = "use super::c::{self, d::E};\nuse crate::x as y;\n#[cfg(test)]\nmod tests { use crate::hidden::T; }\n\
                fn f() -> crate::r::R { assert!(g(crate::m::n(1)), \"crate::no::text\"); }\n";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.rs");
    fs::write(&file, text).unwrap();
    let found = Paths::of(&file, vec!["a".to_owned(), "b".to_owned()]);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::c", "a::c::d::E", "m::n", "r::R", "x"]);
}
