//! docs/ as a book: it builds without a warning, has every document, and no link in it leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::support::gateway::text;
use crate::support::{root, skipped, test_tool};

/// The documents of docs/, by name.
fn documents() -> BTreeSet<String> {
    let docs = root().join("docs");
    let files = crate::repo::architecture::files("docs", &["md"]);
    let names = files
        .iter()
        .map(|file| file.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name != "SUMMARY.md").collect()
}

#[test]
fn documents_are_chapters() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let named: Vec<String> = summary
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap().to_owned())
        .collect();
    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), documents());
    assert_eq!(named.len(), documents().len(), "a chapter twice: {named:?}");
}

/// The values of an attribute, everywhere in a page.
fn quoted<'a>(page: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(attribute)
        .skip(1)
        .filter_map(|rest| rest.strip_prefix("=\"")?.split('"').next())
}

/// Where a link of a page leads, from the book's root.
fn beside(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn book_builds_and_links_resolve() {
    let Some(mdbook) = test_tool("bin/mdbook") else {
        return skipped("the book", "no mdbook; tests/setup.sh builds it");
    };
    let out = tempfile::tempdir().unwrap();
    let built = Command::new(mdbook)
        .arg("build")
        .arg(root())
        .arg("-d")
        .arg(out.path())
        .output()
        .unwrap();
    let said = text(&built.stderr) + &text(&built.stdout);
    assert!(built.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");

    let page = |name: &str| fs::read_to_string(out.path().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let pages: BTreeMap<String, String> = documents()
        .iter()
        .map(|document| document.replace(".md", ".html"))
        .map(|name| (name.clone(), page(&name)))
        .collect();
    let mut links = 0;
    for (name, html) in &pages {
        // What is around the chapter is mdbook's own.
        let chapter = html.split("<main>").nth(1).unwrap().split("</main>").next().unwrap();
        for link in quoted(chapter, " href").filter(|link| !link.contains("://")) {
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() {
                name.clone()
            } else {
                beside(name, file)
            };
            assert!(out.path().join(&file).is_file(), "{name} links to {link}");
            let there = anchor.is_empty() || quoted(&pages[&file], " id").any(|id| id == anchor);
            assert!(there, "{name} links to {link}");
        }
    }
    assert!(links > pages.len(), "{links} links");
}
