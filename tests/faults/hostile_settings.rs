//! Attacks by a repository's settings: programs that they name (item 2), files and stores of others (item 3).

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};

use crate::support::case::{Case, Ran, go_script};

/// A plugin whose settings name programs of its own; each leaves a mark when it is run. The stand-in for go runs the C
/// compiler.
fn hostile(settings: &str) -> Case {
    Case::equipped()
        .script("home/sdk/go1.19.5/bin/go", &go_script("1.19.5", "$CC hello || :"))
        .file("home/sdk/go1.19.5/pkg/tool/compile", "compile")
        .file("home/sdk/go1.19.5/pkg/tool/link", "link")
        .file("work/plugbuild.toml", settings)
        .script("work/tools/cc", &mark("cc"))
        .script("work/tools/sign", &mark("sign"))
        .script("bin/evil", &mark("evil"))
        .script("bin/aarch64-linux-gnu-gcc", &mark("gcc"))
}

fn mark(name: &str) -> String {
    format!("echo \"$@\" >> \"${{0%/*}}/../{name}.mark\"\nexit 0\n")
}

fn marks(case: &Case) -> Vec<String> {
    let all = [case.list("work"), case.list("")].concat();
    all.into_iter().filter(|name| name.ends_with(".mark")).collect()
}

#[track_caller]
fn refused(ran: &Ran, words: &[&str]) {
    ran.exits(2);
    for word in words.iter().chain(&["help: ", "`plugbuild trust "]) {
        assert!(ran.stderr.contains(word), "{word}: {}", ran.text());
    }
}

const CC: &str = "[gateway]\nversion = \"2.1.4\"\n\n[build]\ncc = \"./tools/cc\"\n";

#[test]
fn item_2_no_command_that_only_tells_runs_a_program_of_the_repository() {
    for cc in ["./tools/cc", "evil", "aarch64-linux-gnu-gcc", "gcc"] {
        let case = hostile(&format!(
            "{}\n[package]\nsign = [\"./tools/sign\"]\n",
            CC.replace("./tools/cc", cc)
        ));
        for command in [
            // The question whether it has GNU gold is for arm64.
            "metadata -t arm64-glibc --format-version 1",
            "matrix -t arm64-glibc",
            "build -t arm64-glibc --dry-run",
            "package -t arm64-glibc --dry-run",
            "env -t arm64-glibc",
            "lock -t arm64-glibc --offline",
            "fetch -t arm64-glibc",
            "config show",
            "doctor",
            "check",
            "trust --list",
        ] {
            let ran = case.run(command);
            assert!([Some(0), Some(1)].contains(&ran.code), "{command}: {}", ran.text());
            assert_eq!(marks(&case), [""; 0], "{cc}: {command}: {}", ran.text());
        }
    }
}

#[test]
fn item_2_a_compiler_of_the_repository_is_run_once_it_is_trusted() {
    let case = hostile(CC);
    refused(
        &case.run("build"),
        &["[CWD]/plugbuild.toml:5: `build.cc`", "./tools/cc", "is not trusted"],
    );
    refused(&case.run("package"), &["plugbuild.toml:5"]);
    assert_eq!(marks(&case), [""; 0]);
    assert_eq!(case.list("home/.local/state"), [""; 0]);

    let ran = case.run("trust");
    ran.exits(0);
    assert!(ran.stderr.contains("build.cc: ./tools/cc"), "{}", ran.text());
    case.run("build").exits(0);
    assert_eq!(marks(&case), ["cc.mark"]);
    // What is not run may change.
    let more = format!("{CC}\n[profile.release]\nstrip = true\n");
    fs::write(case.at("work/plugbuild.toml"), more).unwrap();
    case.run("build").exits(0);

    assert_eq!(case.run("trust --list").stdout, "trusted    [CWD]/plugbuild.toml\n");
    case.run("trust --revoke").exits(0);
    refused(&case.run("build"), &["is not trusted"]);
    assert_eq!(case.run("trust --list").stdout, "");
}

#[test]
fn item_2_another_program_or_another_content_is_asked_of_again() {
    let case = hostile(CC);
    case.run("trust plugbuild.toml").exits(0);
    let changed = "it has changed since the file was trusted";
    let tool = fs::read_to_string(case.at("work/tools/cc")).unwrap();
    fs::write(case.at("work/tools/cc"), format!("{tool}# more\n")).unwrap();
    refused(&case.run("build"), &[changed]);
    fs::write(case.at("work/tools/cc"), tool).unwrap();
    case.run("build").exits(0);
    fs::write(case.at("work/plugbuild.toml"), CC.replace("./tools/cc", "evil")).unwrap();
    refused(&case.run("build"), &[changed, "evil"]);
    assert_eq!(case.run("trust --list").stdout, "changed    [CWD]/plugbuild.toml\n");
    assert!(!marks(&case).contains(&"evil.mark".to_owned()));
    case.run("trust .").exits(0);
    case.run("build").exits(0);
}

#[test]
fn item_2_what_signs_a_release_is_asked_of_before_it_is_built() {
    let settings = "[gateway]\nversion = \"2.1.4\"\n\n[package]\nsign = [\"./tools/sign\", \"-a\", \"{file}\"]\n";
    let case = hostile(settings);
    case.run("build").exits(0);
    let ran = case.run("package");
    refused(
        &ran,
        &["[CWD]/plugbuild.toml:5: `package.sign`", "./tools/sign -a {file}"],
    );
    assert!(
        !ran.stderr.contains("checked") && marks(&case).is_empty(),
        "{}",
        ran.text()
    );
    case.run("trust").exits(0);
    case.run("package").exits(0);
    let said = fs::read_to_string(case.at("work/sign.mark")).unwrap();
    assert_eq!(said, "-a SHA256SUMS\n");
}

#[test]
fn item_2_the_environment_trusts_and_a_repository_does_not() {
    let at = |value: &str| hostile(CC).env("PLUGBUILD_TRUST", value).run("build").code;
    assert_eq!(at("1"), Some(0));
    for value in ["0", "false", "", "/elsewhere"] {
        assert_eq!(at(value), Some(2), "{value}");
    }
    for place in ["work/plugbuild.toml", "work", ""] {
        let case = hostile(CC);
        let value = format!("/elsewhere:{}", case.at(place).display());
        case.env("PLUGBUILD_TRUST", value).run("build").exits(0);
    }
    // No key does, and nothing that lies in the repository.
    let case = hostile(&format!("trust = true\n{CC}"));
    refused(&case.run("build"), &[]);
    let case = hostile(CC).file("work/.local/state/plugbuild/trust/x.json", "{}");
    refused(&case.run("build"), &[]);
}

#[test]
fn item_2_what_the_user_names_and_what_is_inert_needs_no_trust() {
    let plain = "[gateway]\nversion = \"2.1.4\"\n";
    let own = |arch: &str| format!("CC_{arch}_unknown_linux_musl");
    let by_environment = |settings: &str| {
        let case = hostile(settings);
        ["x86_64", "aarch64"]
            .iter()
            .fold(case, |case, arch| case.env(&own(arch), "evil"))
    };
    for case in [
        by_environment(plain),
        by_environment(CC),
        hostile(plain).file("home/.config/plugbuild/plugbuild.toml", "[build]\ncc = \"evil\"\n"),
    ] {
        case.run("build").exits(0);
        assert_eq!(marks(&case), ["evil.mark"]);
    }
    let case = hostile(CC);
    case.run("build --cc evil").exits(0);
    case.run("build --cc zig").exits(0);
    // Of compilers that plugbuild looks for itself nobody has to be asked.
    for cc in ["auto", "zig", "aarch64-linux-gnu-gcc"] {
        let case = hostile(&CC.replace("./tools/cc", cc));
        case.run("build").exits(0);
    }
    let ran = hostile("[gateway]\nversion = \"2.1.4\"\n").run("trust");
    assert!(ran.exits(0).stderr.contains("names no program"), "{}", ran.text());
}

#[test]
fn item_2_a_gateway_that_the_repository_names_is_read_and_not_run() {
    let case = hostile("[gateway]\nversion = \"./tools/krakend\"\n").script("work/tools/krakend", &mark("krakend"));
    fs::copy(crate::support::plugin_file("1.19.5"), case.at("work/p.so")).unwrap();
    refused(&case.run("test p.so"), &["gateway.version", "./tools/krakend"]);
    assert_eq!(marks(&case), [""; 0]);
}

#[test]
fn item_2_a_program_s_path_is_relative_to_the_file() {
    let case = hostile(CC)
        .file("work/sub/go.mod", "module example.com/sub\n\ngo 1.19\n")
        .file("work/sub/main.go", crate::support::case::MAIN_GO)
        .script("work/sub/tools/cc", &mark("evil"));
    case.run("trust sub").exits(0);
    let ran = case
        .command(["build"])
        .current_dir(case.at("work/sub"))
        .output()
        .unwrap();
    case.told(&ran).exits(0);
    assert_eq!(marks(&case), ["cc.mark"]);
}

/// Somebody who is neither root nor who runs the tests.
const OTHER: u32 = 54_321;

/// Only root can give files away.
fn may_give_away() -> bool {
    let file = tempfile::NamedTempFile::new().unwrap();
    let may = chown(file.path(), Some(OTHER), None).is_ok();
    if !may {
        crate::support::say("SKIPPED: files of another user: only root can make some");
    }
    may
}

fn open_to_all(case: &Case, path: &str, mode: u32) {
    fs::set_permissions(case.at(path), Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn not_read(ran: &Ran, words: &[&str]) {
    ran.exits(2);
    for word in words {
        assert!(ran.stderr.contains(word), "{word}: {}", ran.text());
    }
    assert!(ran.stderr.contains("help: "), "{}", ran.text());
}

/// A plugin in a folder below one that everybody may add to, as in /tmp.
fn below_a_shared_folder() -> Case {
    let case = Case::equipped()
        .file("work/own/p/go.mod", crate::support::case::GO_MOD)
        .file("work/own/p/main.go", crate::support::case::MAIN_GO);
    fs::remove_file(case.at("work/go.mod")).unwrap();
    fs::remove_file(case.at("work/main.go")).unwrap();
    open_to_all(&case, "work", 0o1777);
    case
}

const GATEWAY: &str = "[gateway]\nversion = \"2.1.4\"\n";

#[test]
fn item_3_files_of_another_user_in_a_folder_above_are_not_read() {
    if !may_give_away() {
        return;
    }
    for (name, text) in [("plugbuild.toml", GATEWAY), ("go.work", "go 1.19\n\nuse ./own/p\n")] {
        let case = below_a_shared_folder().file(&format!("work/{name}"), text);
        case.run("build own/p -g 2.1.4").exits(0);
        chown(case.at(&format!("work/{name}")), Some(OTHER), None).unwrap();
        let words = [&format!("[CWD]/{name} belongs to another user (uid 54321)"), "chown"];
        for command in ["build own/p -g 2.1.4", "metadata own/p -g 2.1.4 --format-version 1"] {
            not_read(&case.run(command), &words);
        }
    }
    let case = below_a_shared_folder().file("work/go.mod", crate::support::case::GO_MOD);
    fs::remove_file(case.at("work/own/p/go.mod")).unwrap();
    chown(case.at("work/go.mod"), Some(OTHER), None).unwrap();
    not_read(
        &case.run("build own/p -g 2.1.4"),
        &["[CWD]/go.mod belongs to another user"],
    );
    // A link of another user to a file of root's says what that user wants.
    let case = below_a_shared_folder().file("elsewhere.toml", GATEWAY);
    symlink(case.at("elsewhere.toml"), case.at("work/plugbuild.toml")).unwrap();
    case.run("build own/p").exits(0);
    lchown(case.at("work/plugbuild.toml"), Some(OTHER), None).unwrap();
    not_read(
        &case.run("build own/p"),
        &["[CWD]/plugbuild.toml belongs to another user"],
    );
}

#[test]
fn item_3_files_that_everybody_can_write_are_not_read() {
    for (name, text) in [("plugbuild.toml", GATEWAY), ("go.work", "go 1.19\n\nuse ./own/p\n")] {
        let case = below_a_shared_folder().file(&format!("work/{name}"), text);
        open_to_all(&case, &format!("work/{name}"), 0o666);
        let ran = case.run("build own/p -g 2.1.4");
        not_read(
            &ran,
            &[&format!("[CWD]/{name} can be written by everybody"), "chmod o-w"],
        );
        // A group's is the group's own decision.
        open_to_all(&case, &format!("work/{name}"), 0o664);
        case.run("build own/p -g 2.1.4").exits(0);
    }
}

#[test]
fn item_3_the_folder_that_is_named_may_be_another_user_s_whole() {
    if !may_give_away() {
        return;
    }
    // As a container that runs as root has the sources of who started it.
    let case = Case::equipped().file("work/plugbuild.toml", GATEWAY);
    for path in ["work", "work/plugbuild.toml", "work/go.mod", "work/main.go"] {
        chown(case.at(path), Some(OTHER), None).unwrap();
    }
    case.run("build").exits(0);
    // And a runner's home.
    let case = Case::equipped()
        .file("work/plugbuild.toml", GATEWAY)
        .without("PLUGBUILD_HOME");
    chown(case.at("home"), Some(OTHER), None).unwrap();
    case.run("build").exits(0);
}

#[test]
fn item_3_a_store_that_others_can_write_is_not_used() {
    let made = || {
        let case = Case::equipped().file("work/plugbuild.toml", GATEWAY);
        case.run("build").exits(0);
        case
    };
    let refused = |case: &Case, word: &str| {
        for command in ["build", "metadata --format-version 1", "toolchain list", "cache prune"] {
            not_read(&case.run(command), &["[STORE]", word, "PLUGBUILD_HOME"]);
        }
        case.run("doctor").exits(6);
        case.run("gateways").exits(0);
    };
    // The sticky bit keeps what is there, and not what is added.
    for mode in [0o777, 0o1777] {
        let case = made();
        open_to_all(&case, "store", mode);
        refused(&case, "[STORE] can be written by everybody");
    }
    let case = made();
    open_to_all(&case, "", 0o777);
    refused(&case, "[ROOT] can be written by everybody");
    open_to_all(&case, "", 0o1777);
    case.run("build").exits(0);
    if may_give_away() {
        for (path, word) in [("store", "[STORE] belongs"), ("", "[ROOT] belongs")] {
            let case = made();
            chown(case.at(path), Some(OTHER), None).unwrap();
            refused(&case, word);
        }
    }
}
