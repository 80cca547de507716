//! The npm packages: one for each target that holds its binary, and `plugbuild`, which depends on them all and runs the one that
//! npm chose for the machine by its `os` and `cpu`.

use std::path::{Path, PathBuf};

use plugbuild::util::error::Result;
use serde_json::{Map, Value, json};

use super::members::{self, Member};
use super::{VERSION, platform, read};

/// The packages of these binaries, below `out`: those of the targets first.
pub(super) fn pack(repository: &str, binaries: &[(&str, PathBuf)], root: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let licence = read(&root.join("LICENSE"))?;
    let mut packed = Vec::new();
    let mut choices = Map::new();
    let mut write = |mut manifest: Map<String, Value>, mut files: Vec<Member>| -> Result<()> {
        let file = out.join(format!(
            "{}-{VERSION}.tgz",
            manifest["name"].as_str().unwrap_or_default()
        ));
        manifest.extend(common(repository));
        let manifest = format!("{:#}\n", Value::Object(manifest));
        files.push(Member::new("package/package.json", manifest));
        files.push(Member::new("package/LICENSE", licence.clone()));
        members::tar_gz(&file, &files)?;
        packed.push(file);
        Ok(())
    };
    for (target, binary) in binaries {
        let (os, cpu) = platform::of(target)?.node;
        let name = format!("plugbuild-{os}-{cpu}");
        choices.insert(name.clone(), VERSION.into());
        let manifest = [("name", json!(name)), ("os", json!([os])), ("cpu", json!([cpu]))];
        let binary = Member::program("package/plugbuild", read(binary)?);
        write(object(manifest), vec![binary])?;
    }
    let manifest = [
        ("name", json!("plugbuild")),
        ("bin", json!({ "plugbuild": "plugbuild.js" })),
        ("optionalDependencies", Value::Object(choices)),
    ];
    let files = vec![
        Member::program("package/plugbuild.js", include_str!("plugbuild.js.txt")),
        Member::new("package/README.md", read(&root.join("README.md"))?),
    ];
    write(object(manifest), files)?;
    Ok(packed)
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What every package says.
fn common(repository: &str) -> Map<String, Value> {
    let mut fields = object([
        ("version", json!(VERSION)),
        ("description", json!(env!("CARGO_PKG_DESCRIPTION"))),
        ("license", json!(env!("CARGO_PKG_LICENSE"))),
    ]);
    if !repository.is_empty() {
        let repository = json!({ "type": "git", "url": format!("git+{repository}") });
        fields.insert("repository".to_owned(), repository);
    }
    fields
}
