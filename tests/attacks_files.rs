//! Attacks by files: hostile ELF files (item 10), names that leave their place (item 4), what is no regular file (item 5).

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::case::{Case, GO_MOD, MAIN_GO, Ran};
use crate::support::plugin_file;

#[path = "../fuzz/targets.rs"]
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
    let limited = "ulimit -v 2097152 && exec \"$0\" --exact attacks_files::mutants --ignored --nocapture";
    let mut child = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .spawn()
        .unwrap();
    let status = ended(&mut child, Duration::from_secs(300));
    assert!(status.success(), "{status}");
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
        ("extra.go", "--gateway 2.12.1"),
        ("vendor/modules.txt", "--gateway 2.12.1 --dry-run"),
        ("plugbuild.toml", "--gateway 2.12.1 --dry-run"),
        ("krakend.json", "config check krakend.json ."),
        ("site.plugbundle", "bundle install site.plugbundle"),
        ("plugin.so", "inspect plugin.so"),
    ] {
        let case = Case::equipped()
            .file("work/go.mod", GO_MOD)
            .file("work/main.go", MAIN_GO);
        let at = case.at("work").join(file);
        pipe(&at);
        let ran = run(&case, args);
        assert!(ran.code.is_some_and(|code| code != 0), "{file}: {}", ran.text());
        fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &at).unwrap();
        let ran = run(&case, args);
        assert!(ran.code.is_some_and(|code| code != 0), "{file}: {}", ran.text());
    }
}

/// A log may be a pipe; the wait for it ends by a signal.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn item_5_a_wait_for_a_pipe_ends_by_a_signal() {
    let case = Case::empty();
    pipe(&case.at("work/log"));
    let mut child = case.command(["explain", "log"]).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(
        Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert!(!ended(&mut child, Duration::from_secs(10)).success());
}
