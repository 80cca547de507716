//! The texts of the copies. Pure, from the user's files and the edits.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::modules::align::split::StandIn;
use crate::project::go_mod::{Line, lines};
use crate::util::version::GoVersion;

/// The edits of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edits<'a> {
    /// The `go` line, if it must change.
    pub go: Option<&'a GoVersion>,
    /// Directives to leave out.
    pub drop: &'a [String],
    /// Replacements that override the user's own for the same modules.
    pub pins: &'a [Pin],
    /// Modules that an empty directory replaces.
    pub emptied: &'a [StandIn],
}

/// The empty directory of a module in a copy, relative to the copy.
pub(crate) fn empty_folder(dir: &Path, module: &str) -> PathBuf {
    dir.join("empty").join(module)
}

/// The copy of a go.mod. Comments stay, as `// indirect` is one.
pub(crate) fn go_mod(text: &str, edits: &Edits, copy: &Path) -> String {
    edited(text, edits, copy, |line| line.text.to_owned())
}

/// The copy of a go.work, in another directory: paths relative to `dir` become absolute. A module that is replaced by a
/// directory becomes a member if `joins` says that it can: the replacement is recorded in the plugin, and an absolute
/// path there would reveal this machine.
pub(crate) fn go_work(text: &str, dir: &Path, edits: &Edits, copy: &Path, joins: &dyn Fn(&Path) -> bool) -> String {
    let mut members = BTreeSet::new();
    let work = edited(text, edits, copy, |line| {
        let names_folder = matches!(line.verb.as_deref(), Some("use" | "replace"));
        let moved = line
            .words
            .last()
            .filter(|word| names_folder && (*word == "." || word.starts_with("./") || word.starts_with("..")));
        let Some(folder) = moved else {
            return line.text.to_owned();
        };
        let place = joined(dir, folder);
        let of_any_version =
            line.verb.as_deref() == Some("replace") && line.words.get(1).is_some_and(|word| word == "=>");
        if of_any_version && joins(&place) {
            members.insert(place);
            return String::new();
        }
        let place = format!("{place:?}");
        let kept: Vec<&str> = line.words[..line.words.len() - 1].iter().map(String::as_str).collect();
        let in_block = !line
            .text
            .trim_start()
            .starts_with(line.verb.as_deref().unwrap_or_default());
        let verb = line.verb.as_deref().filter(|_| !in_block);
        let words: Vec<&str> = verb.into_iter().chain(kept).chain([place.as_str()]).collect();
        words.join(" ")
    });
    members
        .into_iter()
        .fold(work, |work, member| work + &format!("use {member:?}\n"))
}

/// As the go command wants it: without `.` and `..`.
pub(crate) fn joined(dir: &Path, folder: &str) -> PathBuf {
    let mut place = dir.to_owned();
    for part in Path::new(folder).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = place.pop(),
            other => place.push(other),
        }
    }
    place
}

fn edited(text: &str, edits: &Edits, copy_dir: &Path, mut keep: impl FnMut(&Line) -> String) -> String {
    let pinned = edits.pins.iter().map(|pin| pin.path.as_str());
    let pinned: BTreeSet<&str> = pinned
        .chain(edits.emptied.iter().map(|it| it.module.as_str()))
        .collect();
    let mut copy = String::with_capacity(text.len() + 128 * edits.pins.len());
    for line in lines(text) {
        let first = line.words.first().map(String::as_str);
        let gone = match line.verb.as_deref() {
            Some(verb) if edits.drop.iter().any(|d| d == verb) => true,
            Some("replace") => first.is_some_and(|path| pinned.contains(path)),
            // Both would mean a newer Go than the go line's.
            Some("toolchain") => edits.go.is_some(),
            Some("godebug") => edits.go.is_some() && first.is_some_and(|setting| setting.starts_with("default=")),
            _ => false,
        };
        match (gone, line.verb.as_deref(), edits.go) {
            (true, ..) => continue,
            (false, Some("go"), Some(go)) => copy.push_str(&format!("go {go}")),
            _ => copy.push_str(&keep(&line)),
        }
        copy.push('\n');
    }
    if !pinned.is_empty() {
        copy.push_str("\nreplace (\n");
        for pin in edits.pins {
            copy.push_str(&format!("\t{} => {} {}\n", pin.path, pin.to, pin.version));
        }
        for StandIn { module, .. } in edits.emptied {
            copy.push_str(&format!("\t{module} => {:?}\n", empty_folder(copy_dir, module)));
        }
        copy.push_str(")\n");
    }
    copy
}

/// The copy of a go.sum: the known lines first, then the user's, without duplicates.
pub(crate) fn go_sum(known: &[String], own: &str) -> String {
    let mut seen = BTreeSet::new();
    let all = known.iter().flat_map(|text| text.lines()).chain(own.lines());
    all.filter(|line| !line.is_empty() && seen.insert(*line))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// `replace path => to version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    pub path: String,
    pub to: String,
    pub version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO_MOD: &str = "module example.com/p // mine\n\ngo 1.26.1\n\ntoolchain go1.26.2\n\ngodebug (\n\tdefault=go1.26\n\tpanicnil=1\n)\n\ntool (\n\tx.org/tool\n)\n\n\
        require (\n\ta.org/x v1.1.0\n\tb.org/y v1.0.0 // indirect\n)\n\nreplace a.org/x v1.1.0 => ../x\n\nreplace (\n\tb.org/y => c.org/y v1.0.1\n\td.org/z => ./z\n)\n";

    fn pin(path: &str, to: &str, version: &str) -> Pin {
        Pin {
            path: path.to_owned(),
            to: to.to_owned(),
            version: version.to_owned(),
        }
    }

    #[test]
    fn a_copy_without_edits_is_the_same() {
        assert_eq!(go_mod(GO_MOD, &Edits::default(), Path::new("/copy")), GO_MOD);
    }

    #[test]
    fn a_copy_says_what_it_must_and_keeps_the_rest() {
        let go: GoVersion = "1.23".parse().unwrap();
        let pins = [
            pin("a.org/x", "a.org/x", "v1.0.0"),
            pin("b.org/y", "fork.org/y", "v1.2.3"),
        ];
        let drop = ["tool".to_owned()];
        let edits = Edits {
            go: Some(&go),
            drop: &drop,
            pins: &pins,
            emptied: &[StandIn::new("e.org/e", None, &go)],
        };
        let want = "module example.com/p // mine\n\ngo 1.23\n\n\ngodebug (\n\tpanicnil=1\n)\n\n\n\
            require (\n\ta.org/x v1.1.0\n\tb.org/y v1.0.0 // indirect\n)\n\n\nreplace (\n\td.org/z => ./z\n)\n\n\
            replace (\n\ta.org/x => a.org/x v1.0.0\n\tb.org/y => fork.org/y v1.2.3\n\te.org/e => \"/copy/empty/e.org/e\"\n)\n";
        assert_eq!(go_mod(GO_MOD, &edits, Path::new("/copy")), want);
    }

    #[test]
    fn a_workspace_keeps_its_folders() {
        let text = "go 1.22\n\nuse ./p\nuse (\n\t.\n\t\"../a b\"\n\t/abs\n)\nreplace x.org/y => ../y\nreplace x.org/z => z.org/z v1.0.0\n";
        let want = "go 1.22\n\nuse \"/w/p\"\nuse (\n\"/w\"\n\"/a b\"\n\t/abs\n)\nreplace x.org/y => \"/y\"\nreplace x.org/z => z.org/z v1.0.0\n";
        let copy = |joins: &dyn Fn(&Path) -> bool| {
            go_work(text, Path::new("/w"), &Edits::default(), Path::new("/copy"), joins)
        };
        assert_eq!(copy(&|_| false), want);
        let member = want.replace("replace x.org/y => \"/y\"\n", "\n") + "use \"/y\"\n";
        assert_eq!(copy(&|folder| folder == Path::new("/y")), member);
    }

    #[test]
    fn known_sums_come_first_and_none_twice() {
        let known = ["a v1 h1:x=\na v1/go.mod h1:y=".to_owned()];
        assert_eq!(
            go_sum(&known, "a v1 h1:x=\n\nb v1 h1:z=\n"),
            "a v1 h1:x=\na v1/go.mod h1:y=\nb v1 h1:z=\n"
        );
    }
}
