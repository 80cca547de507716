//! Attacks by files: hostile ELF files (item 10), names that leave their place (item 4), what is no regular file (item 5).

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{fs, thread};

use plugbuild::binary::buildinfo;
use plugbuild::binary::image::{Image, Layout};
use plugbuild::binary::pclntab::LineTable;

use crate::support::case::{Case, GO_MOD, MAIN_GO, Ran};
use crate::support::{plugin_file, root};

#[path = "../../fuzz/targets.rs"]
mod targets;

const INPUTS: u64 = 3000;
/// Of one input to all targets, without optimization and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// An ELF file with one loaded segment, whose dynamic section has these entries; the body begins at `BODY`.
fn elf(dynamic: &[(u64, u64)], body: &[u8]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    let words = |file: &mut Vec<u8>, words: &[u64]| words.iter().for_each(|w| file.extend(w.to_le_bytes()));
    words(&mut file, &[0, 64, 0]);
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 64, 0, 0, 0, 0, 0]);
    let size = BODY + body.len() as u64;
    let entries = DYNAMIC as u64;
    for (kind, at, size) in [(1u32, 0, size), (2, entries, BODY - entries)] {
        file.extend(kind.to_le_bytes());
        file.extend(6u32.to_le_bytes());
        words(&mut file, &[at, at, at, size, size, 8]);
    }
    assert_eq!(file.len(), DYNAMIC);
    dynamic
        .iter()
        .for_each(|(tag, value)| words(&mut file, &[*tag, *value]));
    assert!(file.len() as u64 <= BODY);
    file.resize(BODY as usize, 0);
    file.extend(body);
    file
}

const DYNAMIC: usize = 176;
const BODY: u64 = 512;

/// `DT_INIT_ARRAYSZ` says that there are as many initializers as a number can.
fn endless_initializers() -> Vec<u8> {
    elf(&[(25, BODY), (27, u64::MAX)], &[0; 64])
}

/// Symbols whose names all reach to the end of one string.
fn long_names(count: u32, length: usize) -> Vec<u8> {
    let mut body = [1, count, 0].map(u32::to_le_bytes).concat();
    body.resize(body.len() + count as usize * 4 + 4, 0);
    body.resize(body.len().next_multiple_of(8), 0);
    let symbols = BODY + body.len() as u64;
    for name in 0..count {
        body.extend(name.to_le_bytes());
        body.extend([0x12, 0, 0, 0]);
        body.extend([0; 16]);
    }
    let strings = BODY + body.len() as u64;
    body.resize(body.len() + length, b'a');
    body.push(0);
    let size = length as u64 + 1;
    elf(&[(4, BODY), (6, symbols), (5, strings), (10, size)], &body)
}

/// A file whose symbols no hash table has, and whose section table tells how many they are.
fn without_hash_table(count: u32) -> Vec<u8> {
    let (mut symbols, mut strings) = (vec![0; 24], vec![0]);
    for number in 0..count {
        symbols.extend((strings.len() as u32).to_le_bytes());
        symbols.extend([0x11, 0, 1, 0]);
        symbols.extend([0; 16]);
        strings.extend(format!("symbol.{number}\0").bytes());
    }
    let (at, size) = (BODY + symbols.len() as u64, strings.len() as u64);
    let length = symbols.len() as u64;
    let body = [symbols, strings].concat();
    let mut file = elf(&[(6, BODY), (5, at), (10, size)], &body);
    file.resize(file.len().next_multiple_of(8), 0);
    let table = file.len() as u64;
    file.extend([0; 64]);
    file.extend([0, 0, 0, 0, 11, 0, 0, 0]);
    for word in [0, BODY, BODY, length, 0, 8, 24] {
        file.extend(word.to_le_bytes());
    }
    file[40..48].copy_from_slice(&table.to_le_bytes());
    file[58..60].copy_from_slice(&64u16.to_le_bytes());
    file[60..62].copy_from_slice(&2u16.to_le_bytes());
    file
}

/// A line table that has these file names.
fn line_table(files: &[u8]) -> Vec<u8> {
    let mut table = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8].to_vec();
    let end = 8 + 8 * 8 + files.len() as u64;
    for word in [0, 0, 0, 72, 72, 72, end, end] {
        table.extend(word.to_le_bytes());
    }
    table.extend(files);
    table
}

/// Every segment is the whole file.
fn overlapping_segments() -> Vec<u8> {
    let mut file = elf(&[], &vec![0; 256 * 56]);
    file[56..58].copy_from_slice(&200u16.to_le_bytes());
    let size = file.len() as u64;
    for at in 0..200 {
        let header = &mut file[64 + at * 56..][..56];
        header[..4].copy_from_slice(&4u32.to_le_bytes());
        header[8..16].copy_from_slice(&0u64.to_le_bytes());
        header[32..40].copy_from_slice(&size.to_le_bytes());
    }
    file
}

fn all_targets(bytes: &[u8]) {
    targets::image(bytes);
    targets::buildinfo(bytes);
    targets::pclntab(bytes);
    targets::verdict(bytes);
}

/// A stream of numbers, the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end.max(1) as u64) as usize
    }

    /// A few words of the file become such as break counts and offsets; most of them among the headers.
    fn mutant(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(6) {
            let reach = [BODY as usize, bytes.len()][self.below(2)].min(bytes.len());
            let at = self.below(reach);
            let value = [
                0,
                1,
                u64::MAX,
                u64::MAX >> 1,
                1 << 32,
                bytes.len() as u64,
                self.below(4096) as u64,
            ];
            let value = value[self.below(value.len())].to_le_bytes();
            let width = [1, 2, 4, 8][self.below(4)];
            let end = (at + width).min(bytes.len());
            bytes[at..end].copy_from_slice(&value[..end - at]);
        }
        if self.below(16) == 0 {
            bytes.truncate(self.below(seed.len()));
        }
        bytes
    }
}

static INPUT: AtomicU64 = AtomicU64::new(0);

/// Ends the process, and says at which input, when one takes too long.
fn watch() {
    thread::spawn(|| {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = INPUT.load(Ordering::SeqCst);
            if now != last {
                (last, since) = (now, Instant::now());
            } else if since.elapsed() > PATIENCE {
                eprintln!("input {now} takes longer than {PATIENCE:?}");
                std::process::abort();
            }
        }
    });
}

/// The run of mutants itself, in a process whose memory is limited.
#[test]
#[ignore = "item_10_mutants_end_in_time_and_memory runs it"]
fn mutants() {
    watch();
    let real = fs::read(plugin_file("1.25.6")).unwrap();
    let pair = [real.as_slice(), &real].concat();
    let seeds = [
        endless_initializers(),
        long_names(64, 512),
        overlapping_segments(),
        real,
        pair,
    ];
    for large in [
        endless_initializers(),
        long_names(25_000, 600_000),
        overlapping_segments(),
    ] {
        INPUT.fetch_add(1, Ordering::SeqCst);
        all_targets(&large);
    }
    let mut numbers = Numbers(12);
    for input in 0..INPUTS {
        INPUT.fetch_add(1, Ordering::SeqCst);
        all_targets(&numbers.mutant(&seeds[input as usize % seeds.len()]));
    }
}

#[track_caller]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn terminate(child: &Child) {
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
}

#[track_caller]
fn ended(child: &mut Child, patience: Duration) -> ExitStatus {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("it runs on after {patience:?}");
}

#[track_caller]
fn run(case: &Case, args: &str) -> Ran {
    let mut child = case.command(args.split_whitespace()).spawn().unwrap();
    ended(&mut child, Duration::from_secs(15));
    case.told(&child.wait_with_output().unwrap())
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn item_10_mutants_end_in_time_and_memory() {
    let limited = "ulimit -v 2097152 && exec \"$0\" --exact faults::hostile_files::mutants --ignored --nocapture";
    let mut child = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .spawn()
        .unwrap();
    let status = ended(&mut child, Duration::from_secs(300));
    assert!(status.success(), "{status}");
}

/// What is asked for many times is looked up: in each of these, a search through the rest takes minutes.
#[test]
fn item_10_what_is_asked_often_is_looked_up() {
    const MANY: u32 = 40_000;
    let (done, ended) = channel();
    thread::spawn(move || {
        let file = without_hash_table(MANY);
        let layout = Layout::parse(&file).unwrap();
        let image = Image::new(&file, &layout);
        assert_eq!(image.symbols().count(), MANY as usize);
        for number in 0..MANY {
            assert!(image.symbol(format!("symbol.{number}").as_bytes()).is_some());
            assert!(image.symbol(format!("symbol.{number}x").as_bytes()).is_none());
        }
        done.send("symbols").unwrap();

        let modules: String = (0..MANY).map(|n| format!("dep\texample.com/a{n}\tv1.0.0\n")).collect();
        let info = buildinfo::parse(&modules);
        let files: String = (0..MANY)
            .map(|n| format!("/m/example.com/b{n}@v1.0.0/x.go\0/w/vendor/c{n}/x.go\0"))
            .collect();
        let table = line_table(files.as_bytes());
        let table = LineTable::parse(&table).unwrap();
        assert_eq!(table.module_cache(&info), None);
        let folders = table.module_index();
        let index = info.index();
        for n in 0..MANY {
            assert!(folders.of_module(&format!("example.com/b{n}")).is_some());
            assert!(folders.root_of(&info.deps[n as usize]).is_none());
            assert!(index.of_package(&format!("example.com/a{n}/x/y")).is_some());
            assert!(index.of_package(&format!("example.com/c{n}/x/y")).is_none());
        }
        done.send("modules").unwrap();
    });
    for what in ["symbols", "modules"] {
        assert_eq!(ended.recv_timeout(Duration::from_secs(40)), Ok(what));
    }
}

/// However long a file takes, a signal ends the run.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn item_10_a_signal_ends_the_reading_of_a_large_file() {
    let case = Case::empty().file("work/names.so", long_names(3_000_000, 600_000));
    let mut child = case.command(["inspect", "names.so"]).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the file is not large enough");
    terminate(&child);
    assert!(!ended(&mut child, Duration::from_secs(8)).success());
}

#[test]
fn item_10_hostile_files_are_answered() {
    let case = Case::empty()
        .file("work/endless.so", endless_initializers())
        .file("work/names.so", long_names(25_000, 600_000))
        .file("work/segments.so", overlapping_segments());
    for file in ["endless.so", "names.so", "segments.so"] {
        let ran = run(&case, &format!("inspect {file}"));
        assert!(ran.code.is_some(), "{}", ran.text());
    }
}

#[test]
fn item_4_a_plugin_name_is_one_part_of_a_path() {
    for name in ["../../victim", "a/b", "/tmp/x", "a\\nb", "a\\u001b[2J", "-x", "", ".."] {
        let settings = format!("[[plugin]]\npath = \".\"\nname = \"{name}\"\n");
        let case = Case::equipped().file("work/plugbuild.toml", settings);
        for args in ["--gateway 2.12.1 --dry-run", "metadata --format-version 1"] {
            let ran = run(&case, args);
            ran.exits(2);
            assert!(ran.stderr.contains("cannot be the name of a plugin"), "{}", ran.text());
            assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.text());
        }
    }
}

#[test]
fn item_4_a_file_name_does_not_drive_the_terminal() {
    let case = Case::empty();
    let ran = case.run_args(["inspect", "\u{1b}[2Jx.so"]);
    assert!(ran.stderr.contains("\\u{1b}[2Jx.so"), "{}", ran.text());
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.text());
}

/// What acts on a terminal is nowhere in what was written.
#[track_caller]
fn is_tame(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!text.contains(acts), "{text:?}");
    }
}

const CLEAR: &str = "\u{1b}[2J";

#[test]
fn item_4_no_text_of_a_file_drives_the_terminal() {
    let log =
        format!("unable to load the plugin: plugin was built with a different version of package a/{CLEAR}\u{9b}1m\n");
    // Its main package is called so.
    let mut hostile = fs::read(plugin_file("1.25.6")).unwrap();
    let path = b"path\texample.com/handler";
    let at = hostile.windows(path.len()).position(|text| text == path).unwrap();
    hostile[at + 5..at + 9].copy_from_slice(CLEAR.as_bytes());
    let toml = "[build]\nout_dir = \"a\\u001b[2J\\nx=y\"\n";
    let case = Case::equipped()
        .file("work/go.mod", GO_MOD)
        .file("work/main.go", MAIN_GO)
        .file("work/log", log)
        .file("work/hostile.so", hostile)
        .file("work/plugbuild.toml", toml)
        .file(
            "work/version",
            format!("KrakenD Version: 9.9.9{CLEAR}\nGo Version: 1.25.6\n"),
        );
    for args in [
        "explain log",
        "explain log --message-format json",
        "inspect hostile.so",
        "inspect hostile.so --message-format json",
        "inspect hostile.so --modules",
        "verify --gateway 2.12.1 hostile.so",
        "verify --gateway 2.12.1 hostile.so --message-format json",
        "config show",
        "--gateway 2.12.1 --dry-run",
        "gateway show --gateway version",
        "matrix --gateway 2.12.1 --ci github",
        "matrix --gateway 2.12.1 --ci gitlab",
        "metadata --gateway 2.12.1 --format-version 1",
    ] {
        let ran = run(&case, args);
        assert!(!(ran.stdout.is_empty() && ran.stderr.is_empty()), "{args}");
        is_tame(&ran);
    }
    // Escape sequences are taken out of logs before they are read.
    for (args, shown) in [("explain log", "\\u{9b}1m"), ("inspect hostile.so", "\\u{1b}[2J")] {
        let ran = run(&case, args);
        assert!(ran.stdout.contains(shown), "{args} does not show it: {}", ran.text());
    }
    // Words that clap, and what comes before it, cannot read.
    for word in [format!("--{CLEAR}"), format!("-{CLEAR}"), CLEAR.to_owned()] {
        let ran = case.run_args([&word]);
        assert!(ran.code.is_some_and(|code| code != 0), "{}", ran.text());
        is_tame(&ran);
    }
}

#[test]
fn item_4_no_name_adds_a_line() {
    let row = |name: &str| format!("[[matrix.release]]\nname = \"{name}\"\nversion = \"2.12.1\"\ngo = \"1.25.6\"\n");
    for (name, settings) in ["a\\nx=y", "a=b", "a\\u001b[2J", "../a", "a/b", "::a", "$(a)"]
        .into_iter()
        .flat_map(|name| {
            [
                (name, format!("[[plugin]]\npath = \".\"\nname = \"{name}\"\n")),
                (name, row(name)),
            ]
        })
    {
        let case = Case::equipped()
            .file("work/go.mod", GO_MOD)
            .file("work/main.go", MAIN_GO)
            .file("work/plugbuild.toml", settings);
        for args in ["matrix --gateway 2.12.1 --ci github", "--gateway 2.12.1 --dry-run"] {
            let ran = run(&case, args);
            ran.exits(2);
            assert!(ran.stdout.is_empty(), "{name}: {}", ran.text());
            assert!(ran.stderr.contains("cannot be the name of a"), "{name}: {}", ran.text());
            is_tame(&ran);
        }
    }
    let case = Case::equipped()
        .file("work/go.mod", GO_MOD)
        .file("work/main.go", MAIN_GO);
    for name in ["a\nx=y", "-a", CLEAR, "a=b"] {
        let ran = case.run_args(["new", "--type", "handler", "--", name]);
        ran.exits(2);
        is_tame(&ran);
        let version = format!("--plugin-version={name}\u{7}");
        let ran = case.run_args(["package", "--gateway", "2.12.1", "--dry-run", &version]);
        ran.exits(2);
        assert!(
            ran.stderr.contains("cannot be the version of a plugin"),
            "{}",
            ran.text()
        );
        is_tame(&ran);
    }
    // A path is a line whatever it is called.
    let store = case.at("store\nPLUGBUILD_END\nx=y");
    let ran = Case::empty().env("PLUGBUILD_HOME", store).run("toolchain dir");
    ran.exits(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.text());
}

/// The outputs that GitHub's runner reads from a step's file: `name=value`, or `name<<END` up to a line that is `END`.
fn outputs(text: &str) -> Vec<(String, String)> {
    let (mut lines, mut found) = (text.lines(), Vec::new());
    while let Some(line) = lines.next() {
        if let Some((name, end)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            found.push((name.to_owned(), value.join("\n")));
        } else if let Some((name, value)) = line.split_once('=') {
            found.push((name.to_owned(), value.to_owned()));
        } else {
            panic!("the runner refuses {line:?}");
        }
    }
    found
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn item_4_no_file_adds_an_output_to_the_action() {
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let script = action.rsplit("run: |").next().unwrap();
    let said = "/w/a.so\nPLUGBUILD_END\nevil=1\nfiles<<X\nX\n";
    let case = Case::empty().script("root/bin/plugbuild", &format!("cat <<'SAID'\n{said}SAID"));
    let to = case.at("output");
    let status = Command::new("bash")
        .args(["-e", "-c", script])
        .env("ROOT", case.at("root"))
        .env("ARGS", "build")
        .env("RUNNER_TEMP", case.at("work"))
        .env("GITHUB_OUTPUT", &to)
        .status()
        .unwrap();
    assert!(status.success());
    let want = [("files".to_owned(), said.trim_end().to_owned())];
    assert_eq!(outputs(&fs::read_to_string(&to).unwrap()), want);
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn pipe(file: &Path) {
    let _ = fs::remove_file(file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
}

/// Each of a project's files as a pipe that nobody writes to, and as a device that never ends.
#[test]
fn item_5_only_regular_files_are_read() {
    for (file, args) in [
        ("go.mod", "--gateway 2.12.1 --dry-run"),
        ("go.work", "--gateway 2.12.1 --dry-run"),
        ("extra.go", "--gateway 2.12.1"),
        ("extra.go", "--gateway 2.12.1 --dry-run"),
        ("vendor/modules.txt", "--gateway 2.12.1 --dry-run"),
        ("plugbuild.toml", "--gateway 2.12.1 --dry-run"),
        ("plugbuild.toml", "gateway show --gateway 2.12.1"),
        ("plugbuild.lock", "--gateway 2.12.1 --locked"),
        ("krakend.json", "config check krakend.json ."),
        ("site.plugbundle", "bundle install site.plugbundle"),
        ("plugin.so", "inspect plugin.so"),
        ("plugin.so", "verify --gateway 2.12.1 plugin.so"),
    ] {
        let case = Case::equipped()
            .file("work/go.mod", GO_MOD)
            .file("work/main.go", MAIN_GO);
        let at = case.at("work").join(file);
        let refused = |what: &str| {
            let ran = run(&case, args);
            let said = format!("it is a {what}, not a regular file");
            assert!(
                ran.code == Some(6) && ran.stderr.contains(&said),
                "{file} as a {what}, {args}: {}",
                ran.text()
            );
            assert!(ran.stderr.contains(file), "{}", ran.text());
        };
        pipe(&at);
        refused("named pipe");
        fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &at).unwrap();
        refused("device");
    }
}

/// A gateway may be a pipe with a version text: the wait for it is said, and what comes is read.
#[test]
fn item_5_a_gateway_that_is_a_pipe_is_waited_for() {
    let case = Case::empty();
    let at = case.at("work/version");
    pipe(&at);
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        fs::write(
            at,
            "KrakenD Version: 2.12.1\nGo Version: 1.25.6\nGlibc Version: MUSL-1.2.5\n",
        )
        .unwrap();
    });
    let ran = run(&case, "gateway show --gateway ./version");
    writer.join().unwrap();
    ran.exits(0);
    assert!(ran.stdout.contains("KrakenD 2.12.1"), "{}", ran.text());
    assert_eq!(
        ran.stderr.matches("waiting for a program that writes").count(),
        1,
        "{}",
        ran.text()
    );
}

/// A log may be a pipe; the wait for it ends by a signal.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn item_5_a_wait_for_a_pipe_ends_by_a_signal() {
    let case = Case::empty();
    pipe(&case.at("work/log"));
    let mut child = case.command(["explain", "log"]).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    terminate(&child);
    assert!(!ended(&mut child, Duration::from_secs(10)).success());
    let ran = case.told(&child.wait_with_output().unwrap());
    assert!(
        ran.stderr
            .contains("waiting for a program that writes to the named pipe log"),
        "{}",
        ran.text()
    );
}
