//! Whatever happens to a build or a release in the middle, what is seen is whole or absent, and the next run succeeds.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::package::bundle;
use crate::support::case::{Case, MAIN_GO, Ran, go_script};
use crate::support::mirror::{Answer, GO_LIST, Mirror, go_archive, go_archive_name, go_list};
use crate::support::{say, skipped, stand_ins_are_amd64};

const SETTINGS: &str =
    "[gateway]\nversion = \"2.12.1\"\n[build]\nout-dir = \"out\"\ntargets = [\"amd64-musl\", \"amd64-glibc\"]\n";
const FILES: [&str; 2] = [
    "handler_2.12.1_linux_amd64_glibc.so",
    "handler_2.12.1_linux_amd64_musl.so",
];

/// How many runs are killed, each at a random moment: of builds, releases, installs of toolchains and of bundles, and
/// of writing a bundle.
const BUILDS: usize = 70;
const RELEASES: usize = 60;
pub(crate) const TOOLCHAINS: usize = 40;
const BUNDLES: usize = 40;
const CREATED: usize = 20;
const _: () = assert!(BUILDS + RELEASES + TOOLCHAINS + BUNDLES + CREATED >= 200);

/// As many runs are enough, however unlucky their moments: two of three are killed.
pub(crate) const ROUNDS: usize = 400;

/// A plugin whose Go takes a moment, and puts its file in its place whole, as Go does.
fn case() -> Case {
    let real = go_script("1.25.6", "");
    let slow = real
        .replace("exec cp", "sleep 0.01 && cp")
        .replace("\"$out\"\n", "\"$out.$$\" && mv \"$out.$$\" \"$out\"\n");
    Case::equipped()
        .file("work/plugbuild.toml", SETTINGS)
        .script("home/sdk/go1.25.6/bin/go", &slow)
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/compile", "")
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/link", "")
}

/// What a run that nothing disturbs takes, and makes.
fn undisturbed(args: &str) -> (Duration, Vec<Vec<u8>>) {
    let case = case();
    let begun = Instant::now();
    case.run(args).exits(0);
    let took = begun.elapsed();
    let files = FILES
        .iter()
        .map(|file| fs::read(case.at("work/out").join(file)).unwrap_or_default());
    (took, files.collect())
}

/// Kills runs at random moments of their length. How long they are it learns as it goes, since other tests load the
/// machine now more and now less: a run that was over first makes it come sooner.
pub(crate) struct Killer {
    within: Duration,
    pub(crate) kills: usize,
}

impl Killer {
    pub(crate) fn new(undisturbed: Duration) -> Self {
        let (within, kills) = (undisturbed, 0);
        Killer { within, kills }
    }

    pub(crate) fn strikes(&mut self, case: &Case, args: &str) {
        let mut child = case.command(args.split_whitespace()).spawn().unwrap();
        // What is seen from outside happens towards the end: half of the moments are there.
        let moment = match fastrand::bool() {
            true => fastrand::f64(),
            false => 0.6 + 0.6 * fastrand::f64(),
        };
        thread::sleep(self.within.mul_f64(moment));
        child.kill().unwrap();
        let killed = child.wait_with_output().unwrap().status.signal() == Some(9);
        self.kills += usize::from(killed);
        // Two of three runs end by the signal where these two are in balance.
        self.within = self.within.mul_f64(if killed { 1.05 } else { 0.9 });
    }
}

#[test]
fn killed_build_leaves_whole_files() {
    if !stand_ins_are_amd64("killed builds") {
        return;
    }
    let (took, want) = undisturbed("-j 2");
    let (mut killer, mut half) = (Killer::new(took), 0);
    for _ in 0..ROUNDS {
        if killer.kills == BUILDS {
            break;
        }
        let case = case();
        killer.strikes(&case, "-j 2");
        for (file, want) in FILES.iter().zip(&want) {
            let path = case.at("work/out").join(file);
            match fs::read(&path) {
                Ok(bytes) => assert!(bytes == *want, "{file} is not whole"),
                Err(_) => half += 1,
            }
        }
        case.run("-j 2").exits(0);
        assert_eq!(case.list("work/out"), FILES, "something was left behind");
    }
    let kills = killer.kills;
    assert!(
        kills == BUILDS && half > 0,
        "{kills} runs were killed, {half} files were not there"
    );
    say(&format!(
        "{kills} builds killed at a random moment: {half} files absent, the others whole"
    ));
}

#[test]
fn killed_package_leaves_a_whole_folder() {
    if !stand_ins_are_amd64("killed releases") {
        return;
    }
    let package = "package --plugin-version 1.2.3";
    let (took, _) = undisturbed(package);
    let (mut killer, mut absent) = (Killer::new(took), 0);
    for round in 0..ROUNDS {
        if killer.kills == RELEASES {
            break;
        }
        let case = case();
        // Half of the rounds replace a release that is there.
        if round % 2 == 0 {
            case.run(package).exits(0);
        }
        // Nothing changed would be over too soon.
        let case = case.file("work/main.go", format!("{MAIN_GO}\n// {round}\n"));
        killer.strikes(&case, package);
        if case.at("work/dist").exists() {
            case.run("package --check").exits(0);
        } else {
            assert!(round % 2 == 1, "the older release is gone");
            absent += 1;
        }
        case.run(package).exits(0);
        case.run("package --check").exits(0);
        let left: Vec<String> = case
            .list("work")
            .into_iter()
            .filter(|name| name.starts_with('.'))
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
    let kills = killer.kills;
    assert!(
        kills == RELEASES && absent > 0,
        "{kills} runs were killed, {absent} folders were not there"
    );
    say(&format!(
        "{kills} releases killed at a random moment: {absent} folders absent, the others whole"
    ));
}

/// The files of a folder with their content and run bits; nothing where it is not there.
fn tree(dir: &Path) -> Vec<(String, u32, Vec<u8>)> {
    if !dir.exists() {
        return Vec::new();
    }
    let files = plugbuild::toolchain::bundle::pack::files(dir).unwrap();
    let read = |(name, file): (String, PathBuf)| {
        let run = fs::metadata(&file).unwrap().permissions().mode() & 0o111;
        (name, run, fs::read(file).unwrap())
    };
    files.into_iter().map(read).collect()
}

#[test]
fn killed_bundle_install_leaves_a_whole_bundle() {
    if !stand_ins_are_amd64("killed installs") {
        return;
    }
    let bytes = bundle::bundle();
    let install = "bundle install ../in.plugbundle -q";
    let case = bundle::site(&bytes);
    let begun = Instant::now();
    case.run(install).exits(0);
    let took = begun.elapsed();
    let parts = |case: &Case| {
        ["go", "zig", "modules"].map(|part| {
            let names = case.list(&format!("store/{part}"));
            assert!(names.len() <= 1, "{names:?}");
            names
                .first()
                .map(|name| tree(&case.at(&format!("store/{part}/{name}"))))
        })
    };
    let want = parts(&case);
    assert!(want.iter().all(Option::is_some));
    let (mut killer, mut absent) = (Killer::new(took), 0);
    for _ in 0..ROUNDS {
        if killer.kills == BUNDLES {
            break;
        }
        let case = bundle::site(&bytes);
        killer.strikes(&case, install);
        for (part, want) in parts(&case).iter().zip(&want) {
            absent += usize::from(part.is_none());
            assert!(part.is_none() || part == want, "a part is not whole");
        }
        case.run(install).exits(0);
        assert!(parts(&case) == want);
    }
    let kills = killer.kills;
    assert!(kills == BUNDLES && absent > 0, "{kills} killed, {absent} parts absent");
    say(&format!(
        "{kills} installs of a bundle killed at a random moment: {absent} parts absent, the others whole"
    ));
}

#[test]
fn killed_bundle_create_leaves_a_whole_bundle() {
    if !stand_ins_are_amd64("killed bundles") {
        return;
    }
    let create = "bundle create out.plugbundle -g 2.12.1 -t amd64-musl -q";
    let case = bundle::equipped();
    let begun = Instant::now();
    case.run(create).exits(0);
    let took = begun.elapsed();
    let want = fs::read(case.at("work/out.plugbundle")).unwrap();
    let (mut killer, mut absent) = (Killer::new(took), 0);
    for _ in 0..ROUNDS {
        if killer.kills == CREATED {
            break;
        }
        let case = bundle::equipped();
        killer.strikes(&case, create);
        match fs::read(case.at("work/out.plugbundle")) {
            Ok(bytes) => assert!(bytes == want, "it is not whole"),
            Err(_) => absent += 1,
        }
        case.run(create).exits(0);
        assert!(fs::read(case.at("work/out.plugbundle")).unwrap() == want);
        assert_eq!(case.list("work"), ["go.mod", "main.go", "out.plugbundle"]);
    }
    let kills = killer.kills;
    assert!(kills == CREATED && absent > 0, "{kills} killed, {absent} absent");
    say(&format!(
        "{kills} bundles killed while they were made: {absent} absent, the others whole"
    ));
}

/// Runs with a limit on the size of files, as a full disk would set one; `blocks` of 512 bytes.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn with_room_for(case: &Case, blocks: usize, args: &str) -> Ran {
    let plugbuild = case.command(args.split_whitespace());
    let mut limited = std::process::Command::new("/bin/sh");
    limited
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
        .arg(plugbuild.get_program());
    limited
        .args(plugbuild.get_args())
        .current_dir(case.at("work"))
        .env_clear();
    limited.envs(plugbuild.get_envs().filter_map(|(name, value)| Some((name, value?))));
    case.told(&limited.output().unwrap())
}

/// More than there is memory for, without a line end for long: what is known in it is found all the same.
#[cfg(target_os = "linux")]
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn explain_reads_logs_larger_than_memory() {
    const LOG: &str = "ulimit -v 400000; { head -c 500000000 /dev/zero | tr '\\000' x; echo; \
                       echo 'fatal error: runtime: no plugin module data'; } | \"$0\" explain";
    let case = Case::empty();
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", LOG, env!("CARGO_BIN_EXE_plugbuild")]);
    let ran = case.told(&limited.output().unwrap());
    assert!(
        ran.exits(0).stdout.starts_with("line 2: fatal error: runtime"),
        "{}",
        ran.text()
    );
}

#[test]
fn full_disk_leaves_nothing() {
    if !stand_ins_are_amd64("a full disk") {
        return;
    }
    let case = case();
    case.run("-j 1").exits(0);
    // What Go linked stays, so that it is plugbuild's own writing that finds no room.
    let case = case.script("home/sdk/go1.25.6/bin/go", "exit 0\n");
    fs::remove_dir_all(case.at("work/out")).unwrap();
    let ran = with_room_for(&case, 1, "-t amd64-musl");
    assert!(
        ran.exits(6)
            .stderr
            .contains("cannot write [CWD]/out/handler_2.12.1_linux_amd64_musl.so"),
        "{}",
        ran.text()
    );
    assert!(case.list("work/out").is_empty(), "{:?}", case.list("work/out"));
    case.run("-t amd64-musl").exits(0);

    let case = self::case();
    case.run("package").exits(0);
    fs::remove_dir_all(case.at("work/dist")).unwrap();
    let case = case.script("home/sdk/go1.25.6/bin/go", "exit 0\n");
    let ran = with_room_for(&case, 1, "package");
    assert!(ran.exits(6).stderr.contains("cannot write"), "{}", ran.text());
    assert_eq!(case.list("work"), ["go.mod", "main.go", "plugbuild.toml"]);
    case.run("package").exits(0);
}

/// As [`with_room_for`], for what comes into the store.
#[test]
fn full_store_leaves_nothing() {
    if !stand_ins_are_amd64("a full store") {
        return;
    }
    let case = bundle::site(&bundle::bundle());
    for blocks in [0, 1, 64, 700] {
        let ran = with_room_for(&case, blocks, "bundle install ../in.plugbundle -q");
        assert!(ran.exits(6).stderr.contains("error: cannot "), "{}", ran.text());
        assert_eq!(bundle::kept(&case), Vec::<String>::new());
    }
    case.run("bundle install ../in.plugbundle -q").exits(0);
    let (mirror, archive) = (Mirror::start(), go_archive("1.25.66"));
    mirror.serve(GO_LIST, Answer::Whole(go_list(&[("1.25.66", &archive)])));
    mirror.serve(&format!("/{}", go_archive_name("1.25.66")), Answer::Whole(archive));
    let case = Case::empty().env("PLUGBUILD_GO_MIRROR", &mirror.url);
    for blocks in [0, 64, 1000] {
        let ran = with_room_for(&case, blocks, "toolchain install 1.25.66 -q");
        assert!(ran.exits(6).stderr.contains("error: cannot "), "{}", ran.text());
        assert!(case.list("store/go").is_empty() && case.list("store/tmp").is_empty());
    }
    case.run("toolchain install 1.25.66 -q").exits(0);
    let create = bundle::equipped();
    let ran = with_room_for(&create, 64, "bundle create out.plugbundle -g 2.12.1 -t amd64-musl -q");
    assert!(ran.exits(6).stderr.contains("error: cannot "), "{}", ran.text());
    assert_eq!(create.list("work"), ["go.mod", "main.go"]);
    assert!(create.list("store/tmp").is_empty());
}

/// Runs in a world where this was mounted first, and lists these folders behind what was said; nothing where that
/// cannot be done.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn with_mounts(case: &Case, mounts: &str, folders: &[&str], args: &str) -> Option<Ran> {
    let unshare = || {
        let mut unshare = std::process::Command::new("/usr/bin/unshare");
        unshare.args(["--mount", "--map-root-user"]);
        unshare
    };
    if !unshare()
        .arg("/bin/true")
        .output()
        .is_ok_and(|out| out.status.success())
    {
        return None;
    }
    let folders: Vec<String> = folders
        .iter()
        .map(|folder| case.at(folder).display().to_string())
        .collect();
    let plugbuild = case.command(args.split_whitespace());
    let mut run = unshare();
    run.args(["/bin/sh", "-c"])
        .arg(format!(
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin; {mounts} || exit 99; PATH={bin}; \"$0\" \"$@\"; code=$?; /bin/ls -A {folders}; exit $code",
            bin = case.at("bin").display(),
            folders = folders.join(" ")
        ))
        .arg(plugbuild.get_program())
        .args(plugbuild.get_args())
        .current_dir(case.at("work"))
        .env_clear()
        .envs(plugbuild.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(case.told(&run.output().unwrap()))
}

#[test]
fn read_only_store_or_output() {
    if !stand_ins_are_amd64("a store that may only be read") {
        return;
    }
    let case = case().file("in.plugbundle", bundle::bundle());
    case.run("-j 1").exits(0);
    let before = case.list("work/out");
    let store = case.at("store").display().to_string();
    let cache = case.at("home/.cache").display().to_string();
    std::fs::create_dir_all(&cache).unwrap();
    let read_only = |dir: &str| format!("mount --bind {dir} {dir} && mount -o remount,bind,ro {dir}");
    for args in [
        "-j 1",
        "package",
        "bundle install ../in.plugbundle",
        "bundle create x.plugbundle",
        "toolchain install 1.26.1",
    ] {
        let both = format!("{} && {}", read_only(&store), read_only(&cache));
        let Some(ran) = with_mounts(&case, &both, &["work", "work/out"], args) else {
            return skipped("a store that may only be read", "no namespaces for mounts");
        };
        ran.exits(6);
        assert!(ran.stderr.contains("Read-only file system"), "{args}: {}", ran.text());
        assert!(
            ran.stderr.contains("help: set PLUGBUILD_HOME to "),
            "{args}: {}",
            ran.text()
        );
        assert_eq!(
            case.list("work"),
            ["go.mod", "main.go", "out", "plugbuild.toml"],
            "{args}"
        );
        assert_eq!(case.list("work/out"), before, "{args}");
    }
    // What only reads works, and what writes into the user's own cache.
    for args in [
        "-j 1",
        "cache prune --all",
        "cache size",
        "toolchain list",
        "build --dry-run",
        "cache prune --dry-run",
    ] {
        with_mounts(&case, &read_only(&store), &[], args).unwrap().exits(0);
    }
    let out = case.at("work/out").display().to_string();
    let ran = with_mounts(&case, &read_only(&out), &[], "build -t amd64-musl --out-dir out/new").unwrap();
    ran.exits(6);
    assert!(
        ran.stderr
            .contains("cannot write [CWD]/out/new/handler_2.12.1_linux_amd64_musl.so: Read-only file system"),
        "{}",
        ran.text()
    );
    assert!(
        !ran.stderr.contains("building"),
        "it is told before anything is built: {}",
        ran.text()
    );
}

#[test]
fn full_tmpfs() {
    if !stand_ins_are_amd64("a full disk") {
        return;
    }
    let case = case().file("in.plugbundle", bundle::bundle());
    fs::create_dir(case.at("store")).unwrap();
    fs::create_dir(case.at("work/out")).unwrap();
    let disk = |at: &str, size: &str| format!("mount -t tmpfs -o size={size},mode=755 tmpfs {}", case.at(at).display());
    let install = "bundle install ../in.plugbundle -q";
    let Some(ran) = with_mounts(&case, &disk("store", "300k"), &["store/tmp"], install) else {
        return skipped("a full disk", "no namespaces for mounts");
    };
    ran.exits(6);
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.text());
    assert_eq!(ran.stdout, "", "what is left in the store's tmp");
    with_mounts(&case, &disk("store", "8m"), &[], install).unwrap().exits(0);
    let build = "-t amd64-musl -q";
    let ran = with_mounts(&case, &disk("work/out", "4k"), &["work/out"], build).unwrap();
    ran.exits(6);
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.text());
    assert_eq!(ran.stdout, "", "what is left of the output");
    let whole = with_mounts(&case, &disk("work/out", "8m"), &["work/out"], build).unwrap();
    assert!(whole.exits(0).stdout.contains(FILES[1]), "{}", whole.text());
}

/// Two builds at a time as somebody clears the store again and again: none of them notices.
#[test]
fn builds_survive_prune() {
    if !stand_ins_are_amd64("builds while the store is cleared") {
        return;
    }
    let (_, want) = undisturbed("-j 2");
    let case = case();
    let build = |out: &str| case.command(["-j", "2", "--out-dir", out]).spawn().unwrap();
    let (mut builds, mut cleared) = (0, 0);
    for _ in 0..8 {
        let runs = [build("one"), build("two")];
        while cleared <= builds {
            case.run("cache prune --all -q").exits(0);
            cleared += 1;
        }
        for run in runs {
            case.told(&run.wait_with_output().unwrap()).exits(0);
            builds += 1;
        }
        for out in ["one", "two"] {
            for (file, want) in FILES.iter().zip(&want) {
                assert!(
                    fs::read(case.at("work").join(out).join(file)).unwrap() == *want,
                    "{file}"
                );
            }
        }
    }
    say(&format!(
        "{builds} builds while the store was cleared {cleared} times: all of them whole"
    ));
    case.run("cache prune --all -q").exits(0);
    assert_eq!(case.list("store/linked"), Vec::<String>::new());
}

#[test]
fn unwritable_place_is_named() {
    if !cfg!(target_os = "linux") {
        skipped("places that cannot be written", "there is no /proc");
        return;
    }
    // Not even root makes a folder in /proc.
    let case = case();
    for (args, what) in [
        (
            "--out-dir /proc/nowhere",
            "cannot write /proc/nowhere/handler_2.12.1_linux_amd64_musl.so",
        ),
        (
            "package --dist /proc/nowhere/dist",
            "cannot create the directory /proc/nowhere",
        ),
        (
            "package --dist main.go/dist",
            "cannot create the directory [CWD]/main.go",
        ),
    ] {
        let ran = case.run(args);
        assert!(ran.exits(6).stderr.contains(what), "{}", ran.text());
        // Root may write everywhere as far as can be asked: an output is then tried only.
        let told_early = !ran.stderr.contains("building");
        assert!(told_early || args.starts_with("--out-dir"), "{}", ran.text());
    }
    let case = case.env("PLUGBUILD_HOME", "/proc/nowhere");
    for args in ["-j 2", "package"] {
        let ran = case.run(args);
        assert!(ran.exits(6).stderr.contains("/proc/nowhere"), "{}", ran.text());
        assert_eq!(case.list("work"), ["go.mod", "main.go", "plugbuild.toml"]);
    }
}

#[test]
fn parallel_builds_of_one_plugin_succeed() {
    if !stand_ins_are_amd64("copies at once") {
        return;
    }
    let (_, want) = undisturbed("-j 2");
    let case = case();
    let copies: Vec<_> = (0..16).map(|_| case.command(["-j", "2"]).spawn().unwrap()).collect();
    for copy in copies {
        case.told(&copy.wait_with_output().unwrap()).exits(0);
    }
    for (file, want) in FILES.iter().zip(&want) {
        assert!(fs::read(case.at("work/out").join(file)).unwrap() == *want, "{file}");
    }
    assert_eq!(case.list("work/out"), FILES);
    let copies: Vec<_> = (0..8)
        .map(|_| case.command(["package", "--plugin-version", "1"]).spawn().unwrap())
        .collect();
    for copy in copies {
        case.told(&copy.wait_with_output().unwrap()).exits(0);
    }
    case.run("package --check").exits(0);
}
