//! A store that the user may only read: builds take the tools from it, and write into the user's own cache.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::case::{Case, HOST, Ran, names};

/// Who runs plugbuild, and whose a store is: neither is root, nor who runs the tests.
const USER: u32 = 54_321;
const OTHER: u32 = 54_322;

/// A plugin of the user's, and a store with all that a build for 2.1.4 needs, which belongs to `owner`.
fn case(owner: u32, mode: u32) -> Option<Case> {
    let probe = tempfile::NamedTempFile::new().unwrap();
    if chown(probe.path(), Some(USER), None).is_err() {
        crate::support::say("SKIPPED: a store of another user: only root can make one");
        return None;
    }
    let zig = format!("store/zig/zig-0.16.0.{HOST}/zig");
    let case = Case::plugin()
        .file("work/plugbuild.toml", "[gateway]\nversion = \"2.1.4\"\n")
        .go(&format!("store/go/go1.19.5.{HOST}"), "1.19.5")
        .script(&zig, "[ \"$1\" = version ] && echo 0.16.0\n");
    let whole = ["home", "work"].map(|dir| (dir, USER, 0o755));
    for (dir, owner, mode) in whole.into_iter().chain([("store", owner, mode)]) {
        give(&case.at(dir), owner, mode);
    }
    fs::set_permissions(case.at(""), Permissions::from_mode(0o755)).unwrap();
    Some(case)
}

fn give(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    if path.is_dir() {
        names(path).iter().for_each(|name| give(&path.join(name), owner, mode));
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
}

/// As the user, who is no member of any group of root's.
fn run(case: &Case, args: &str) -> Ran {
    let mut command = case.command(args.split_whitespace());
    case.told(&command.uid(USER).gid(USER).output().unwrap())
}

fn all(dir: &Path) -> Vec<std::path::PathBuf> {
    let own = names(dir).into_iter().map(|name| dir.join(name));
    own.flat_map(|path| [all(&path), vec![path]].concat()).collect()
}

/// Builds twice; the second time nothing has changed.
#[track_caller]
fn builds(case: &Case) {
    let before = all(&case.at("store"));
    for _ in 0..2 {
        run(case, "build --offline").exits(0);
    }
    assert_eq!(all(&case.at("store")), before);
    let cache = case.list("home/.cache/plugbuild");
    for made in ["bin", "linked", "locks"] {
        assert!(cache.iter().any(|name| name == made), "{made}: {cache:?}");
    }
    assert!(!cache.iter().any(|name| name == "go" || name == "zig"), "{cache:?}");
    for (command, word) in [
        (
            "doctor --offline",
            "[STORE] is only read; builds write to [HOME]/.cache/plugbuild",
        ),
        ("toolchain list", "go 1.19.5    [STORE]/go"),
        ("verify plugins/handler_2.1.4_linux_amd64_musl.so -g 2.1.4", ""),
    ] {
        let ran = run(case, command);
        assert!(ran.text().contains(word), "{command}: {}", ran.text());
    }
    let ran = run(case, "toolchain remove 1.19.5");
    ran.exits(2);
    assert!(
        ran.stderr.contains("is in a store that may only be read"),
        "{}",
        ran.text()
    );
    run(case, "cache prune --all").exits(0);
    assert_eq!(all(&case.at("store")), before);
}

#[test]
fn item_3_a_store_that_is_only_read_and_has_everything_works() {
    for mode in [0o555, 0o755] {
        let Some(case) = case(0, mode) else { return };
        builds(&case);
    }
    // One's own, of which the right to write was taken, is no other.
    let Some(case) = case(USER, 0o555) else { return };
    builds(&case);
}

#[test]
fn item_3_another_user_s_store_is_read_where_it_is_named() {
    let Some(case) = case(OTHER, 0o755) else { return };
    builds(&case);
    // Root would run what another user has put there.
    let ran = case.run("build --offline");
    ran.exits(2);
    assert!(
        ran.stderr.contains("[STORE] belongs to another user (uid 54322)"),
        "{}",
        ran.text()
    );
    // What everybody can write is nobody's to read.
    for mode in [0o777, 0o1777] {
        fs::set_permissions(case.at("store"), Permissions::from_mode(mode)).unwrap();
        let ran = run(&case, "build --offline");
        ran.exits(2);
        assert!(
            ran.stderr.contains("[STORE] can be written by everybody"),
            "{}",
            ran.text()
        );
    }
    fs::set_permissions(case.at("store"), Permissions::from_mode(0o755)).unwrap();
    // Where it is not named it is found by itself, and refused as ever.
    fs::create_dir_all(case.at("home/.local/share")).unwrap();
    fs::rename(case.at("store"), case.at("home/.local/share/plugbuild")).unwrap();
    let case = case.without("PLUGBUILD_HOME");
    let ran = run(&case, "build --offline");
    ran.exits(2);
    assert!(ran.stderr.contains("belongs to another user"), "{}", ran.text());
}

#[test]
fn item_3_what_a_store_that_is_only_read_lacks_goes_into_one_s_own_cache() {
    let Some(case) = case(0, 0o555) else { return };
    fs::remove_dir_all(case.at(&format!("store/go/go1.19.5.{HOST}"))).unwrap();
    run(&case, "build --offline").exits(4);
    let case = case.go(&format!("home/.cache/plugbuild/go/go1.19.5.{HOST}"), "1.19.5");
    give(&case.at("home/.cache"), USER, 0o755);
    run(&case, "build --offline").exits(0);
}
