//! The user's flags for the go command: which are passed on, dropped or rejected.

use std::collections::BTreeMap;

use crate::plan::ldflags;
use crate::util::error::{Error, Result};

/// GOFLAGS after filtering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoFlags {
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
pub fn clean_goflags(flags: &[String], vendored: bool, user: &UserFlags) -> GoFlags {
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
                "mod" => "there is no vendor folder here",
                _ => "it could make the plugin unlike the gateway",
            };
            // Suggest an equivalent that works for a single build.
            let instead = match name {
                "tags" | "ldflags" => format!("; for this build, say it behind `--`: `-- {}`", shell(flag)),
                _ => String::new(),
            };
            cleaned
                .dropped
                .push(format!("GOFLAGS has {flag}, which is left out: {why}{instead}"));
        }
    }
    cleaned
}

/// Checks the flags after `--`.
///
/// # Errors
/// A flag that plugbuild sets itself, one that makes a plugin no gateway loads, or a package.
pub fn check_user_flags(args: &[String]) -> Result<UserFlags> {
    let mut user = UserFlags::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if !arg.starts_with('-') || arg == "-" {
            return Err(Error::usage(format!("`{arg}` behind `--` is not a flag of go build"))
                .help("name the plugin's folder before the `--`: `plugbuild PATH --gateway … -- FLAGS`"));
        }
        let (name, value) = name_and_value(arg);
        let needs_value = !BOOLEAN.contains(&name);
        let value = match (value, needs_value) {
            (Some(value), _) => Some(value.to_owned()),
            (None, false) => None,
            (None, true) => Some(rest.next().cloned().ok_or_else(|| {
                Error::usage(format!("the go build flag `{arg}` has no value")).help(format!("write `{arg}=VALUE`"))
            })?),
        };
        let whole = value
            .as_ref()
            .map_or_else(|| format!("-{name}"), |value| format!("-{name}={value}"));
        match name {
            "o" => {
                return Err(Error::usage("`-o` behind `--` is plugbuild's to set")
                    .help("write `--output FILE` before the `--`"));
            }
            "trimpath" | "race" | "msan" | "asan" | "cover" | "compiler" | "installsuffix" | "linkshared"
            | "gccgoflags" => {
                return Err(
                    Error::usage(format!("`-{name}` makes a plugin that an official gateway refuses")).help(
                        "leave it out; for a gateway that was built with it give its file: `--gateway ./krakend`",
                    ),
                );
            }
            "buildmode" | "toolexec" | "pgo" | "buildvcs" | "C" | "n" | "json" => {
                return Err(Error::usage(format!("`-{name}` is plugbuild's to set")).help("leave it out"));
            }
            "gcflags" | "asmflags" => {
                let words = value.unwrap_or_default();
                if words.contains("-trimpath") || !words.trim_start().starts_with('-') {
                    return Err(
                        Error::usage(format!("`{whole}` reaches packages that the gateway has too"))
                            .help(format!("give flags for the plugin's own package: `-{name}=-N`")),
                    );
                }
                user.compiler
                    .insert(if name == "gcflags" { "gc" } else { "asm" }, words);
            }
            "ldflags" => {
                let list = ldflags::checked(&value.unwrap_or_default())?;
                user.flags.push(format!("-ldflags={list}"));
            }
            "tags" => {
                // Official gateways have no tags either.
                if value.is_some_and(|tags| !tags.is_empty()) {
                    user.notes.push(format!(
                        "{whole}: where a shared package heeds these tags, the gateway refuses the plugin"
                    ));
                }
                user.flags.push(whole);
            }
            _ => user.flags.push(whole),
        }
    }
    Ok(user)
}

/// Flags of go build without a value.
const BOOLEAN: [&str; 18] = [
    "a",
    "n",
    "v",
    "x",
    "race",
    "msan",
    "asan",
    "cover",
    "work",
    "trimpath",
    "linkshared",
    "modcacherw",
    "buildvcs",
    "json",
    "i",
    "debug-actiongraph",
    "debug-trace",
    "changed",
];

/// Flags of go build with a value.
const VALUED: [&str; 19] = [
    "C",
    "p",
    "o",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "overlay",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];

/// Whether an argument is a flag of go build longer than one letter, such as `-tags` or `-ldflags=-s`: before `--` it
/// would be parsed as a short flag of plugbuild's with a value.
pub fn is_go_flag(word: &str) -> bool {
    let (name, _) = name_and_value(word);
    word.starts_with('-') && name.len() > 1 && (BOOLEAN.contains(&name) || VALUED.contains(&name))
}

/// Whether a flag of go build is followed by its value.
pub fn takes_value(flag: &str) -> bool {
    VALUED.contains(&name_and_value(flag).0)
}

fn shell(flag: &str) -> String {
    crate::util::process::quoted(flag.as_ref())
}

fn name_and_value(flag: &str) -> (&str, Option<&str>) {
    let bare = flag.trim_start_matches('-');
    bare.split_once('=')
        .map_or((bare, None), |(name, value)| (name, Some(value)))
}
