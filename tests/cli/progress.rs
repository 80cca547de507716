//! The display of many builds in a terminal: what each says stands in one piece above the rows of those that still run.

use std::process::{Command, Stdio};

use crate::support::case::{Case, go_script};
use crate::support::{gateway_file, skipped, stand_ins_are_amd64};

/// Wide enough for any line here.
const WIDTH: usize = 400;

/// What a terminal shows in the end, line by line.
fn screen(output: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = output.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{8}' => column = column.saturating_sub(1),
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => {
                let mut number = String::new();
                while let Some(digit) = rest.next_if(|c| !c.is_ascii_alphabetic()) {
                    number.push(digit);
                }
                let count = number.parse().unwrap_or(1);
                match rest.next() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('C') => column += count,
                    Some('D') => column = column.saturating_sub(count),
                    Some('G') => column = count - 1,
                    Some('K') if number == "2" => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    Some('m' | 'h' | 'l') => {}
                    other => panic!("this terminal does not know {number:?}{other:?}"),
                }
            }
            c => {
                // The last column does not wrap before there is another letter.
                if column == width {
                    (row, column) = (row + 1, 0);
                    lines.resize(lines.len().max(row + 1), Vec::new());
                }
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let text = |line: Vec<char>| line.into_iter().collect::<String>().trim_end().to_owned();
    lines.into_iter().map(text).collect()
}

/// Runs a command line of plugbuild in a terminal of its own.
fn in_terminal(case: &Case, args: &str, width: usize) -> Option<Vec<String>> {
    Some(screen(&written(case, args, width)?, width))
}

/// What a command line of plugbuild writes to a terminal so wide.
fn written(case: &Case, args: &str, width: usize) -> Option<String> {
    written_beside(case, "true", args, width)
}

/// The same, with a shell's command that runs beside it; `$$` is plugbuild in it.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn written_beside(case: &Case, beside: &str, args: &str, width: usize) -> Option<String> {
    let line = format!(
        "/usr/bin/stty cols {width} rows 50; ({beside}) & exec '{}' {args}",
        env!("CARGO_BIN_EXE_plugbuild")
    );
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|dir| dir.join("script"));
    let mut script = Command::new(places.find(|file| file.is_file())?);
    script
        .args(["-qefc", &line, "/dev/null"])
        .current_dir(case.at("work"))
        .stdin(Stdio::null());
    script.env_clear().env("TERM", "xterm").env("SHELL", "/bin/sh");
    for (name, value) in case.command([""]).get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    let output = script.output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn parallel_builds_print_in_one_piece() {
    let what = "the display in a terminal";
    if !stand_ins_are_amd64(what) {
        return;
    }
    let settings =
        "[gateway]\nversion = \"2.12.1\"\n[build]\nout-dir = \"out\"\n[workspace]\nmembers = [\"plugins/*\"]\n";
    let slow = "for n in 1 2 3; do echo \"compiling $n of $PWD\" >&2; sleep 0.2; done";
    let mut case = Case::empty()
        .go("home/sdk/go1.25.6", "1.25.6")
        .script("home/sdk/go1.25.6/bin/go", &go_script("1.25.6", slow))
        .zig()
        .file("work/plugbuild.toml", settings);
    for name in ["auth", "limit", "trace"] {
        case = case
            .file(
                &format!("work/plugins/{name}/go.mod"),
                format!("module example.com/{name}\n\ngo 1.19\n"),
            )
            .file(
                &format!("work/plugins/{name}/main.go"),
                "package main\n\nfunc main() {}\n",
            );
    }
    // Of another Go, it loads none of them.
    let gateway = gateway_file(
        "gateway-of-another-go",
        "1.25.5",
        "2.12.1",
        "MUSL-1.2.5_(alpine-3.23.0)",
    );
    let args = format!(
        "build --workspace --keep-going -j 3 --target amd64-musl --target amd64-glibc --verify-with {}",
        gateway.display()
    );
    let Some(shown) = in_terminal(&case, &args, WIDTH) else {
        skipped(what, "there is no `script` here");
        return;
    };
    let text = shown.join("\n");
    let failed: Vec<usize> = (0..shown.len())
        .filter(|at| shown[*at].starts_with("      failed "))
        .collect();
    assert_eq!(failed.len(), 6, "{text}");
    for at in failed {
        let name = shown[at].trim_start().split(' ').nth(1).unwrap();
        let target = shown[at].split(" on amd64-").nth(1).unwrap().split(':').next().unwrap();
        let verdict = shown[..at]
            .iter()
            .rposition(|line| line.contains(": will not load ("))
            .unwrap();
        assert!(
            shown[verdict].contains(&format!("/out/{name}_2.12.1_linux_amd64_{target}.so: will not")),
            "{text}"
        );
        // The go command's words before it, the findings behind it, and nothing of another build between.
        for n in 1..4 {
            let said = format!(
                "compiling {n} of {}",
                case.at(&format!("work/plugins/{name}")).display()
            );
            assert_eq!(shown[verdict + n - 4], said, "{text}");
        }
        assert!(
            shown[verdict + 1..at].iter().all(|line| line.starts_with("  ")),
            "{text}"
        );
    }
    let live = |line: &&String| {
        line.starts_with("    building [")
            || line.contains('⠁')
            || line.contains(" for 2.12.1 on ") && !line.contains("failed")
    };
    assert_eq!(shown.iter().filter(live).count(), 0, "{text}");
}

/// A Go that takes its time.
fn slow(seconds: &str) -> Case {
    Case::equipped().script(
        "home/sdk/go1.25.6/bin/go",
        &go_script("1.25.6", &format!("sleep {seconds}; exit 1")),
    )
}

#[test]
fn no_word_is_broken_at_60_columns() {
    let what = "a narrow terminal";
    let words = |lines: &[String]| -> Vec<String> {
        let text = lines.join("\n");
        text.split_whitespace().map(str::to_owned).collect()
    };
    let case = slow("0.1");
    for line in [
        "-g 9.9",
        "-g 2.12.1 -tags foo",
        "-g 2.12.1 -t arm64-musl --align never",
        "-g 2.12.1 --all-targets --align never",
    ] {
        let Some(narrow) = in_terminal(&case, line, 60) else {
            skipped(what, "there is no `script` here");
            return;
        };
        let wide = words(&in_terminal(&case, line, WIDTH).unwrap());
        // A word of a narrow terminal that the wide one does not show was broken: but for paths, which are longer than
        // the line, and times.
        let broken: Vec<String> = words(&narrow)
            .into_iter()
            .filter(|word| word.len() > 3 && !word.contains('/') && !wide.contains(word))
            .collect();
        let beyond = narrow.iter().filter(|line| line.chars().count() > 60).count();
        assert_eq!((broken, beyond), (vec![], 0), "{line}: {}", narrow.join("\n"));
    }
}

#[test]
fn long_build_shows_a_running_clock() {
    let what = "movement in a terminal";
    let case = slow("2.5");
    for (line, clock) in [
        (
            "-g 2.12.1 -t arm64-musl --align never",
            "handler for 2.12.1 on arm64-musl",
        ),
        ("-g 2.12.1 --all-targets -j 1 --align never", "building ["),
    ] {
        let Some(written) = written(&case, line, 100) else {
            skipped(what, "there is no `script` here");
            return;
        };
        let frames: Vec<&str> = written
            .split(['\r', '\n'])
            .filter(|line| line.contains(clock))
            .collect();
        for second in ["0s", "1s", "2s"] {
            assert!(
                frames.iter().any(|frame| frame.contains(second)),
                "{second} of {line}: {frames:?}"
            );
        }
    }
}

#[test]
fn interrupt_clears_the_spinner() {
    let what = "an interrupt in a terminal";
    let case = slow("20");
    for (line, told) in [
        ("-g 2.12.1 -t arm64-musl --align never", "building"),
        (
            "-g 2.12.1 --all-targets --align never -j 2",
            " 0 failed, 2 stopped, 2 not begun, ",
        ),
    ] {
        let Some(written) = written_beside(&case, "/usr/bin/sleep 2; kill -INT $$", line, 120) else {
            skipped(what, "there is no `script` here");
            return;
        };
        // It was there, and is gone.
        assert!(written.contains(" for 2.12.1 on arm64-musl"), "{written}");
        let shown = screen(&written, 120);
        let text = shown.join("\n");
        let alive = |line: &&String| {
            line.contains(" for 2.12.1 on ")
                || line.contains("building [")
                || line.chars().any(|c| ('⠀'..='⣿').contains(&c))
        };
        assert_eq!(shown.iter().filter(alive).count(), 0, "{text}");
        assert!(text.contains(told), "{text}");
    }
}
