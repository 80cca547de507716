//! How help is laid out: the commands in groups, as cargo and uv have them, and two examples under each command.

use std::fmt::Write as _;

use clap::Command;

/// Each command in its group, in the order of `plugbuild --help`.
const GROUPS: [(&str, &[&str]); 5] = [
    (
        "Build",
        &[
            "build", "package", "lock", "fetch", "bundle", "env", "metadata", "matrix",
        ],
    ),
    (
        "Check",
        &[
            "check", "verify", "fix", "compat", "upgrade", "deps", "inspect", "explain",
        ],
    ),
    ("Run", &["test", "watch"]),
    (
        "Gateways and toolchains",
        &["gateway", "target", "toolchain", "cache", "doctor"],
    ),
    ("Project", &["new", "init", "config", "trust"]),
];

/// What stands under `Examples:`; a command of commands shows those of its first two.
const EXAMPLES: [(&str, [&str; 2]); 41] = [
    (
        "build",
        [
            "plugbuild build --gateway 2.12",
            "plugbuild ./auth --gateway ./krakend --arch arm64 --release",
        ],
    ),
    (
        "package",
        [
            "plugbuild package --gateway 2.12 --all-targets",
            "plugbuild package --check dist",
        ],
    ),
    (
        "verify",
        [
            "plugbuild verify auth.so --gateway ./krakend",
            "plugbuild verify auth.so cors.so --gateway 2.12 --official",
        ],
    ),
    (
        "check",
        [
            "plugbuild check --gateway 2.12",
            "plugbuild check ./auth --gateway ./krakend --commands",
        ],
    ),
    (
        "fix",
        [
            "plugbuild fix --gateway 2.12",
            "plugbuild fix ./auth --gateway ./krakend --write",
        ],
    ),
    ("compat", ["plugbuild compat", "plugbuild compat ./auth --from 2.6"]),
    (
        "upgrade",
        [
            "plugbuild upgrade --from 2.9",
            "plugbuild upgrade ./auth --from 2.9 --to 2.12",
        ],
    ),
    (
        "deps",
        [
            "plugbuild deps --gateway 2.12",
            "plugbuild deps ./auth --gateway ./krakend",
        ],
    ),
    (
        "inspect",
        ["plugbuild inspect auth.so", "plugbuild inspect ./krakend --modules"],
    ),
    (
        "explain",
        [
            "plugbuild explain gateway.log",
            "krakend run -c krakend.json 2>&1 | plugbuild explain",
        ],
    ),
    ("lock", ["plugbuild lock --gateway 2.12", "plugbuild lock --workspace"]),
    (
        "metadata",
        [
            "plugbuild metadata --format-version 1",
            "plugbuild metadata --workspace --format-version 1",
        ],
    ),
    (
        "matrix",
        [
            "plugbuild matrix --workspace --ci github",
            "plugbuild matrix --all-targets --ci gitlab",
        ],
    ),
    (
        "env",
        [
            "plugbuild env --gateway 2.12",
            "plugbuild env ./auth --gateway 2.12 --message-format json",
        ],
    ),
    (
        "fetch",
        [
            "plugbuild fetch --gateway 2.12",
            "plugbuild fetch --workspace --all-targets --locked",
        ],
    ),
    (
        "bundle create",
        [
            "plugbuild bundle create site.tar --gateway 2.12",
            "plugbuild bundle create site.tar --workspace --all-targets",
        ],
    ),
    (
        "bundle install",
        [
            "plugbuild bundle install site.tar",
            "plugbuild bundle install /media/usb/site.tar --verbose",
        ],
    ),
    (
        "bundle list",
        ["plugbuild bundle list", "plugbuild bundle list --message-format json"],
    ),
    (
        "bundle remove",
        [
            "plugbuild bundle remove 0123456789abcdef",
            "plugbuild bundle remove 0123456789abcdef fedcba9876543210",
        ],
    ),
    (
        "gateway list",
        ["plugbuild gateway list", "plugbuild gateway list --message-format json"],
    ),
    (
        "gateway show",
        [
            "plugbuild gateway show --gateway 2.12",
            "plugbuild gateway show --gateway ./krakend --modules",
        ],
    ),
    (
        "gateway update",
        [
            "plugbuild gateway update",
            "plugbuild gateway update --message-format json",
        ],
    ),
    (
        "gateway import",
        [
            "plugbuild gateway import ./krakend",
            "plugbuild gateway import ./krakend --name acme-3.0",
        ],
    ),
    (
        "target list",
        ["plugbuild target list", "plugbuild target list --message-format json"],
    ),
    (
        "toolchain list",
        [
            "plugbuild toolchain list",
            "plugbuild toolchain list --message-format json",
        ],
    ),
    (
        "toolchain install",
        [
            "plugbuild toolchain install 1.25.6",
            "plugbuild toolchain install 1.25.6 zig",
        ],
    ),
    (
        "toolchain remove",
        ["plugbuild toolchain remove 1.25.6", "plugbuild toolchain remove zig"],
    ),
    (
        "toolchain dir",
        [
            "plugbuild toolchain dir",
            "plugbuild toolchain dir --message-format json",
        ],
    ),
    (
        "cache size",
        ["plugbuild cache size", "plugbuild cache size --message-format json"],
    ),
    (
        "cache prune",
        ["plugbuild cache prune --dry-run", "plugbuild cache prune --all"],
    ),
    (
        "test",
        [
            "plugbuild test auth.so --gateway ./krakend",
            "plugbuild test auth.so -g 2.12 --official --request GET /hello --expect-status 200",
        ],
    ),
    (
        "watch",
        [
            "plugbuild watch --gateway ./krakend",
            "plugbuild watch ./auth --gateway auto --config krakend.json",
        ],
    ),
    (
        "new",
        [
            "plugbuild new auth --type handler --gateway 2.12",
            "plugbuild new auth --type modifier --module example.com/auth",
        ],
    ),
    ("init", ["plugbuild init", "plugbuild init ./auth --gateway 2.12"]),
    (
        "config show",
        ["plugbuild config show", "plugbuild config show ./auth --release"],
    ),
    (
        "config check",
        [
            "plugbuild config check krakend.json",
            "plugbuild config check krakend.json auth.so --gateway ./krakend",
        ],
    ),
    (
        "config migrate",
        [
            "plugbuild config migrate krakend.json",
            "plugbuild config migrate krakend.json --write",
        ],
    ),
    (
        "config inject",
        [
            "plugbuild config inject krakend.json --plugin ./auth",
            "plugbuild config inject krakend.json --plugin auth --type client --endpoint /hello --dry-run",
        ],
    ),
    (
        "config schema",
        [
            "plugbuild config schema",
            "plugbuild config schema > plugbuild.schema.json",
        ],
    ),
    ("trust", ["plugbuild trust", "plugbuild trust --list"]),
    ("doctor", ["plugbuild doctor", "plugbuild doctor --offline"]),
];

/// The command line with its help: groups, and examples.
pub fn laid_out(command: Command) -> Command {
    let template = template(&command);
    with_examples(command, "").help_template(template)
}

/// Help of the program itself; the commands' own help stays clap's.
fn template(command: &Command) -> String {
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    let mut text = "{about}\n\n{usage-heading} plugbuild [COMMAND] [OPTIONS]\n".to_owned();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "\n{header}{title}:{header:#}");
        for found in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = found.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{:<9}{literal:#}  {about}", found.get_name());
        }
    }
    text + &format!("\n{header}Options:{header:#}\n{{options}}{{after-help}}")
}

fn with_examples(command: Command, path: &str) -> Command {
    let below = |name: &str| format!("{path} {name}").trim_start().to_owned();
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let own = EXAMPLES.iter().find(|(name, _)| *name == path);
    let lines: Vec<&str> = match own {
        Some((_, lines)) => lines.to_vec(),
        None => EXAMPLES
            .iter()
            .filter(|(name, _)| !path.is_empty() && name.starts_with(&format!("{path} ")))
            .map(|(_, lines)| lines[0])
            .take(2)
            .collect(),
    };
    let command = match lines.is_empty() {
        true => command,
        false => {
            let header = command.get_styles().get_header();
            let text = format!("{header}Examples:{header:#}\n  {}", lines.join("\n  "));
            command.after_help(text)
        }
    };
    names.into_iter().fold(command, |command, name| {
        let path = below(&name);
        command.mut_subcommand(name, |found| with_examples(found, &path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::cli::{Cli, parsed};

    /// The commands that help shows, with those below them.
    fn leaves(command: &Command, path: &str) -> Vec<String> {
        let shown = command.get_subcommands().filter(|found| !found.is_hide_set());
        let below = shown.flat_map(|found| leaves(found, format!("{path} {}", found.get_name()).trim_start()));
        let below: Vec<String> = below.collect();
        match below.is_empty() {
            true => vec![path.to_owned()],
            false => below,
        }
    }

    #[test]
    fn every_command_is_in_one_group() {
        let cli = <Cli as clap::CommandFactory>::command();
        let shown = cli.get_subcommands().filter(|found| !found.is_hide_set());
        let mut shown: Vec<&str> = shown.map(Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, shown);
    }

    #[test]
    fn help_fits_eighty_columns() {
        let help = laid_out(<Cli as clap::CommandFactory>::command())
            .render_help()
            .to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(help.lines().count() <= 60, "{help}");
    }

    #[test]
    fn every_command_has_examples_and_they_are_understood() {
        let without: Vec<String> = leaves(&<Cli as clap::CommandFactory>::command(), "")
            .into_iter()
            .filter(|path| !EXAMPLES.iter().any(|(name, _)| name == path))
            .collect();
        assert_eq!(without, [""; 0]);
        for (name, lines) in EXAMPLES {
            for line in lines {
                let (_, line) = line.rsplit_once(" | ").unwrap_or(("", line));
                let (line, _) = line.split_once(" > ").unwrap_or((line, ""));
                let words: Vec<_> = line.split(' ').map(Into::into).collect();
                assert!(
                    line.contains(name) || name == "build",
                    "{line} is not an example of {name}"
                );
                if let Err(why) = parsed(words) {
                    panic!("{line}: {why}");
                }
            }
        }
    }
}
