//! The CI files of plugbuild's users: the action, what `plugbuild new` makes, and the blocks of docs/ci.md, by the linters and
//! schemas of those who read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::gateway::text;
use crate::support::{plugbuild, root, skipped, test_tool};

/// A repository with these workflows, and our action as a local one.
fn repository(workflows: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".github/workflows");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    fs::copy(root().join("action.yml"), dir.path().join("action.yml")).unwrap();
    for (name, text) in workflows {
        fs::write(folder.join(name), text).unwrap();
    }
    dir
}

/// What actionlint, with shellcheck on the scripts, says of workflows; nothing where it finds nothing.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn lint(workflows: &[(&str, &str)]) -> Option<String> {
    let actionlint = test_tool("bin/actionlint")?;
    let dir = repository(workflows);
    let out = Command::new(actionlint)
        .args(["-no-color", "-verbose"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let (found, log) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.success(), found.is_empty(), "{found}{log}");
    assert!(!log.contains("Rule \"shellcheck\" was disabled"), "{log}");
    Some(found)
}

/// Holds a file to a schema that comes with check-jsonschema.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn fits(schema: &str, file: &Path) -> Result<(), String> {
    let folder = test_tool("ci-schemas").unwrap();
    let out = Command::new("python3")
        .args(["-m", "check_jsonschema", "--builtin-schema", schema])
        .arg(file)
        .env("PYTHONPATH", folder)
        .output()
        .unwrap();
    if out.status.success() {
        return Ok(());
    }
    Err(text(&out.stdout) + &text(&out.stderr))
}

fn tools_are_there(test: &str) -> bool {
    let there = test_tool("bin/actionlint").is_some() && test_tool("ci-schemas").is_some();
    if !there {
        skipped(test, "no actionlint or no schemas; tests/setup.sh gets them");
    }
    there
}

/// The yaml blocks of docs/ci.md.
fn blocks() -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    text.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The action's steps as a job's, as actionlint knows no composite actions.
fn action_as_workflow(action: &str) -> String {
    let inputs = action
        .split("inputs:\n")
        .nth(1)
        .unwrap()
        .split("outputs:")
        .next()
        .unwrap();
    let inputs: Vec<&str> = inputs
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(str::trim)
        .collect();
    let mut workflow = "name: action\non:\n  workflow_call:\n    inputs:\n".to_owned();
    for input in inputs {
        workflow += &format!("      {input}\n        type: string\n");
    }
    workflow += "jobs:\n  action:\n    runs-on: ubuntu-latest\n    steps:\n";
    for line in action.split("  steps:\n").nth(1).unwrap().lines() {
        workflow += &format!("  {line}\n");
    }
    workflow
}

#[test]
fn action_follows_githubs_schema() {
    if !tools_are_there("the action") {
        return;
    }
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    fits("vendor.github-actions", &root().join("action.yml")).unwrap();
    let workflow = action_as_workflow(&action);
    assert_eq!(lint(&[("action.yml", &workflow)]).unwrap(), "", "{workflow}");
    // The linter sees what is wrong in such a text.
    let wrong = workflow.replace("steps.key.outputs.revision", "steps.nothing.outputs.revision");
    assert!(lint(&[("action.yml", &wrong)]).unwrap().contains("nothing"));
}

/// Those of plugbuild's own repository.
#[test]
fn own_workflows_follow_githubs_schema() {
    if !tools_are_there("the project's workflows") {
        return;
    }
    for name in ["ci.yml", "release.yml"] {
        let file = root().join(".github/workflows").join(name);
        fits("vendor.github-workflows", &file).unwrap();
        let workflow = fs::read_to_string(&file).unwrap();
        assert_eq!(lint(&[(name, &workflow)]).unwrap(), "", "{name}");
    }
}

#[test]
fn documented_workflows_use_the_action() {
    if !tools_are_there("workflows of the documents") {
        return;
    }
    let blocks = blocks();
    let local = |block: &str| block.replace("OWNER/plugbuild@v1", "./");
    let whole = format!("name: plugins\non: push\n{}", local(&blocks[0]));
    let steps = format!(
        "name: package\non: push\njobs:\n  package:\n    runs-on: ubuntu-latest\n    steps:\n{}",
        local(&blocks[1])
    );
    assert_eq!(lint(&[("whole.yml", &whole), ("steps.yml", &steps)]).unwrap(), "");
    let wrong = whole.replace("args:", "words:");
    assert!(
        lint(&[("whole.yml", &wrong)])
            .unwrap()
            .contains("input \"words\" is not defined")
    );
}

#[test]
fn gitlab_job_follows_the_schema() {
    if !tools_are_there("the GitLab job") {
        return;
    }
    let blocks = blocks();
    assert_eq!(blocks.len(), 3);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(".gitlab-ci.yml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        fits("vendor.gitlab-ci", &file)
    };
    check(&blocks[2]).unwrap();
    check(&blocks[2].replace("  script:", "  scripts:")).unwrap_err();
}

/// A job of every build, as GitLab and GitHub are told by `plugbuild matrix`.
#[test]
fn gitlab_matrix_follows_the_schema() {
    if !tools_are_there("the matrix") {
        return;
    }
    let out = plugbuild(&["matrix", "--all-targets", "--gateway", "2.12.1", "--ci", "gitlab"])
        .current_dir(root().join("examples/handler"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let job = "plugins:\n  extends: .plugbuild-matrix\n  script:\n    - plugbuild build -p \"$PLUGBUILD_PLUGIN\" --gateway \"$PLUGBUILD_GATEWAY\" --target \"$PLUGBUILD_TARGET\"\n";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(".gitlab-ci.yml");
    fs::write(&file, text(&out.stdout) + job).unwrap();
    fits("vendor.gitlab-ci", &file).unwrap();
}

#[test]
fn new_workflow_follows_githubs_schema() {
    if !tools_are_there("a new plugin's workflow") {
        return;
    }
    for kind in ["handler", "client", "modifier"] {
        let dir = tempfile::tempdir().unwrap();
        let made = plugbuild(&["new", "hello", "--type", kind, "--gateway", "2.12.1"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        let file: PathBuf = dir.path().join("hello/.github/workflows/plugin.yml");
        fits("vendor.github-workflows", &file).unwrap();
        let workflow = fs::read_to_string(&file).unwrap();
        assert_eq!(lint(&[("plugin.yml", &workflow)]).unwrap(), "", "{workflow}");
    }
}

#[test]
fn action_names_what_it_uses() {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    let declared: BTreeSet<&str> = text
        .lines()
        .skip_while(|line| *line != "inputs:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .map(|line| line.trim().trim_end_matches(':'))
        .collect();
    let used: BTreeSet<&str> = text
        .split("inputs.")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap())
        .collect();
    assert_eq!(declared, used);
    // Text of others never becomes part of a script: it comes in by the environment (script injection).
    for script in text.split("run:").skip(1) {
        let script = script.split("\n    - ").next().unwrap();
        assert!(!script.contains("${{"), "an expression inside a script:\n{script}");
    }
}

/// The words after `hashFiles(`, or of a list of files, in a text.
fn named_files(text: &str, before: &str) -> BTreeSet<String> {
    let list = text.split(before).nth(1).unwrap().split([')', ']']).next().unwrap();
    let word = |word: &str| word.trim().trim_matches('\'').trim_start_matches("**/").to_owned();
    list.split(',').map(word).collect()
}

#[test]
fn cache_keys_hold_every_input() {
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let want = [
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "plugbuild.lock",
        "plugbuild.toml",
    ];
    assert_eq!(
        named_files(&action, "hashFiles("),
        BTreeSet::from(want.map(str::to_owned))
    );
    let key = action.split("key: ").last().unwrap().lines().next().unwrap();
    for part in ["runner.os", "runner.arch", "outputs.revision", "outputs.asked"] {
        assert!(key.contains(part), "{key}");
    }
    // Whatever is compiled into plugbuild is in its revision.
    let parts = action.split("$(find ").nth(1).unwrap().split(" -type").next().unwrap();
    let mut folders: BTreeSet<&str> = ["Cargo.lock", "Cargo.toml", "src"].into();
    let sources = crate::repo::architecture::files("src", &["rs"]);
    let texts: Vec<String> = sources.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    // What its unit tests read is not.
    let compiled = texts.iter().filter_map(|text| text.split("#[cfg(test)]").next());
    for included in compiled.flat_map(|text| text.split("include_str!(\"").skip(1)) {
        let file = included.split('"').next().unwrap().trim_start_matches("../");
        folders.insert(file.split('/').next().unwrap());
    }
    assert_eq!(parts.split(' ').collect::<BTreeSet<_>>(), folders);
}

/// The script of the action's step that installs, with a folder that stands in for the releases and a cargo that says what it
/// is asked.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn action_installs_the_released_binary() {
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let step = action.split("- name: Install plugbuild\n").nth(1).unwrap();
    let script: String = step
        .split("run: |\n")
        .nth(1)
        .unwrap()
        .lines()
        .take_while(|line| line.starts_with("        "))
        .flat_map(|line| [line.trim_start_matches("        "), "\n"])
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join(format!("v{}", env!("CARGO_PKG_VERSION")));
    let installer = release.join("install.sh");
    fs::create_dir(&release).unwrap();
    fs::create_dir(dir.path().join("bin")).unwrap();
    let cargo = dir.path().join("bin/cargo");
    fs::write(&cargo, "#!/bin/sh\necho cargo \"$@\"\n").unwrap();
    Command::new("chmod").arg("755").arg(&cargo).status().unwrap();
    let run = |reference: &str| {
        let out = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
            .env("ACTION", root())
            .env("REF", reference)
            .env("RELEASES", format!("file://{}", dir.path().display()))
            .env("ROOT", "ROOT")
            .env("RUNNER_TEMP", dir.path())
            .env("PATH", format!("{}:/usr/bin:/bin", dir.path().join("bin").display()))
            .output()
            .unwrap();
        (out.status.code(), text(&out.stdout))
    };
    let compiled = format!("cargo install --locked --path {} --root ROOT\n", root().display());
    let (code, output) = run("v0");
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.starts_with("::notice::") && output.ends_with(&compiled),
        "{output}"
    );
    fs::write(&installer, "echo install \"$@\" from \"$PLUGBUILD_DOWNLOAD_URL\"\n").unwrap();
    let installed = format!("install --prefix ROOT from file://{}\n", release.display());
    for reference in ["v0", "v0.1", "v0.1.0"] {
        assert_eq!(run(reference), (Some(0), installed.clone()), "{reference}");
    }
    // Another revision is never taken for the release; an archive that is not the release's is not compiled over.
    for reference in ["main", "v0.2", "v", "v0.", ""] {
        assert_eq!(run(reference), (Some(0), compiled.clone()), "{reference}");
    }
    fs::write(&installer, "exit 5\n").unwrap();
    assert_eq!(run("v0").0, Some(5));
}
