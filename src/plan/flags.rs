//! The user's flags for the go command: which are passed on, dropped or rejected.

use std::collections::BTreeMap;

use crate::plan::ldflags;
use crate::util::error::{Error, Result};

/// GOFLAGS after filtering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GoFlags {
    pub kept: Vec<String>,
    /// A sentence for each dropped flag.
    pub dropped: Vec<String>,
}

/// Flags after `--`, sorted by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFlags {
    /// Passed on unchanged.
    pub flags: Vec<String>,
    /// `-gcflags` (`gc`) and `-asmflags` (`asm`) for the plugin's own package; combined with the path map.
    pub compiler: BTreeMap<&'static str, String>,
    pub notes: Vec<String>,
}

/// Flags that change where modules come from or how the go command works, but not the compiler's output.
const HASH_NEUTRAL: [&str; 9] = ["modcacherw", "mod", "modfile", "overlay", "p", "v", "x", "work", "a"];

/// Keeps the flags of GOFLAGS that cannot change a package's hash. GOFLAGS applies to all of a user's builds, so other
/// flags are dropped with a warning instead of rejected; silently if a flag after `--` overrides them.
pub(crate) fn clean_goflags(flags: &[String], vendored: bool, user: &UserFlags) -> GoFlags {
    let mut cleaned = GoFlags::default();
    for flag in flags {
        let (name, value) = name_and_value(flag);
        let vendor_without_vendor = name == "mod" && value == Some("vendor") && !vendored;
        let overridden = user.flags.iter().any(|flag| name_and_value(flag).0 == name);
        // Set by plugbuild itself, and known to every user of Go 1.18: not worth a warning.
        let silent = overridden || name == "buildvcs" || name == "trimpath" && value == Some("false");
        if HASH_NEUTRAL.contains(&name) && !vendor_without_vendor {
            cleaned.kept.push(flag.clone());
        } else if !silent {
            let why = match name {
                "trimpath" => "official gateways are built without it, and a plugin must be like them",
                "mod" => "there is no vendor directory here",
                _ => "it could make the plugin unlike the gateway",
            };
            // Suggest an equivalent that works for a single build.
            let instead = match name {
                "tags" | "ldflags" => format!("; for this build, pass it after `--`: `-- {}`", shell(flag)),
                _ => String::new(),
            };
            cleaned
                .dropped
                .push(format!("GOFLAGS has {flag}, which is left out: {why}{instead}"));
        }
    }
    cleaned
}

/// How a flag of go build is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arity {
    Alone,
    Valued,
}

/// What becomes of a flag after `--`.
#[derive(Clone, Copy)]
enum Policy {
    Pass,
    /// Named by a flag of plugbuild.
    Output,
    /// Set by plugbuild.
    Reserved,
    /// An official gateway refuses the plugin.
    Refused,
    /// For one of Go's compilers: joined with the path rules.
    Compiler(&'static str),
    Linker,
    Tags,
}

/// The flags of go build.
const FLAGS: [(&str, Arity, Policy); 37] = {
    use Arity::{Alone, Valued};
    use Policy::{Compiler, Linker, Output, Pass, Refused, Reserved, Tags};
    [
        ("a", Alone, Pass),
        ("n", Alone, Reserved),
        ("v", Alone, Pass),
        ("x", Alone, Pass),
        ("race", Alone, Refused),
        ("msan", Alone, Refused),
        ("asan", Alone, Refused),
        ("cover", Alone, Refused),
        ("work", Alone, Pass),
        ("trimpath", Alone, Refused),
        ("linkshared", Alone, Refused),
        ("modcacherw", Alone, Pass),
        ("buildvcs", Alone, Reserved),
        ("json", Alone, Reserved),
        ("i", Alone, Pass),
        ("debug-actiongraph", Alone, Pass),
        ("debug-trace", Alone, Pass),
        ("changed", Alone, Pass),
        ("C", Valued, Reserved),
        ("p", Valued, Pass),
        ("o", Valued, Output),
        ("asmflags", Valued, Compiler("asm")),
        ("buildmode", Valued, Reserved),
        ("compiler", Valued, Refused),
        ("covermode", Valued, Pass),
        ("coverpkg", Valued, Pass),
        ("gccgoflags", Valued, Refused),
        ("gcflags", Valued, Compiler("gc")),
        ("installsuffix", Valued, Refused),
        ("ldflags", Valued, Linker),
        ("mod", Valued, Pass),
        ("modfile", Valued, Pass),
        ("overlay", Valued, Pass),
        ("pgo", Valued, Reserved),
        ("pkgdir", Valued, Pass),
        ("tags", Valued, Tags),
        ("toolexec", Valued, Reserved),
    ]
};

fn flag_of(name: &str) -> Option<(Arity, Policy)> {
    let row = FLAGS.iter().find(|(own, ..)| *own == name);
    row.map(|(_, arity, policy)| (*arity, *policy))
}

/// Checks the flags after `--`.
///
/// # Errors
/// A flag that plugbuild sets itself, one that makes a plugin no gateway loads, or a package.
pub(crate) fn check_user_flags(args: &[String]) -> Result<UserFlags> {
    let mut user = UserFlags::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if !arg.starts_with('-') || arg == "-" {
            return Err(Error::usage(format!("`{arg}` after `--` is not a flag of go build"))
                .help("name the plugin's directory before the `--`: `plugbuild PATH --gateway … -- FLAGS`"));
        }
        let (name, value) = name_and_value(arg);
        let (arity, policy) = flag_of(name).unwrap_or((Arity::Valued, Policy::Pass));
        let value = match (value, arity) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Arity::Alone) => None,
            (None, Arity::Valued) => Some(rest.next().cloned().ok_or_else(|| {
                Error::usage(format!("the go build flag `{arg}` has no value")).help(format!("write `{arg}=VALUE`"))
            })?),
        };
        user.take(name, value, policy)?;
    }
    Ok(user)
}

impl UserFlags {
    fn take(&mut self, name: &str, value: Option<String>, policy: Policy) -> Result<()> {
        let whole = value
            .as_ref()
            .map_or_else(|| format!("-{name}"), |value| format!("-{name}={value}"));
        let value = value.unwrap_or_default();
        let refused = |what: String, help: &str| Err(Error::usage(what).help(help));
        match policy {
            Policy::Pass => self.flags.push(whole),
            Policy::Output => {
                return refused(
                    format!("`-{name}` after `--` is set by plugbuild"),
                    "write `--output FILE` before the `--`",
                );
            }
            Policy::Reserved => return refused(format!("`-{name}` is set by plugbuild"), "leave it out"),
            Policy::Refused => {
                return refused(
                    format!("`-{name}` makes a plugin that an official gateway refuses"),
                    "leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`",
                );
            }
            Policy::Compiler(_) if value.contains("-trimpath") || !value.trim_start().starts_with('-') => {
                return refused(
                    format!("`{whole}` reaches packages that the gateway has too"),
                    &format!("give flags for the plugin's own package: `-{name}=-N`"),
                );
            }
            Policy::Compiler(compiler) => _ = self.compiler.insert(compiler, value),
            Policy::Linker => self.flags.push(format!("-ldflags={}", ldflags::checked(&value)?)),
            Policy::Tags => {
                // Official gateways have no tags either.
                if !value.is_empty() {
                    self.notes.push(format!(
                        "{whole}: if a shared package depends on these tags, the gateway refuses the plugin"
                    ));
                }
                self.flags.push(whole);
            }
        }
        Ok(())
    }
}

/// Whether an argument is a flag of go build longer than one letter, such as `-tags` or `-ldflags=-s`: before `--` it
/// would be parsed as a short flag of plugbuild's with a value.
pub(crate) fn is_go_flag(word: &str) -> bool {
    let (name, _) = name_and_value(word);
    word.starts_with('-') && name.len() > 1 && flag_of(name).is_some()
}

/// Whether a flag of go build is followed by its value.
pub(crate) fn takes_value(flag: &str) -> bool {
    flag_of(name_and_value(flag).0).is_some_and(|(arity, _)| arity == Arity::Valued)
}

fn shell(flag: &str) -> String {
    crate::util::process::quoted(flag.as_ref())
}

fn name_and_value(flag: &str) -> (&str, Option<&str>) {
    let bare = flag.trim_start_matches('-');
    bare.split_once('=')
        .map_or((bare, None), |(name, value)| (name, Some(value)))
}
