//! Import paths that a plugin cannot have, because Go reserves them. Pure.

use crate::project::plugin::Plugin;
use crate::util::error::{Error, Result};

/// Reserved paths, each with what happens to a plugin that has it.
const RESERVED: [(&str, &str); 9] = [
    (
        "main",
        "the gateway's own main package has that path, so Go refuses the plugin as another version of it",
    ),
    ("std", "the go command uses it for the standard library"),
    ("cmd", "the go command uses it for Go's own commands"),
    ("all", "the go command uses it for all packages"),
    ("go", "the go command uses it for Go itself"),
    ("toolchain", "the go command uses it for Go's toolchain"),
    ("type", "Go's compiler reserves it"),
    ("C", "an import of it means C code"),
    ("unsafe", "Go's compiler reserves it"),
];

/// Rejects a plugin whose import path alone keeps Go from compiling it, or a gateway from loading it. `is_standard`
/// says whether the gateway's Go has a standard package of that path.
///
/// # Errors
/// The path is reserved; the help says how to change it.
pub fn check(plugin: &Plugin, is_standard: impl Fn(&str) -> bool) -> Result<()> {
    let path = plugin.import_path();
    let reserved = RESERVED.iter().find(|(reserved, _)| *reserved == path);
    let why = match reserved {
        Some((_, why)) => (*why).to_owned(),
        None if is_standard(&path) => "a package of the standard library has it".to_owned(),
        None => return Ok(()),
    };
    let dir = crate::util::process::quoted(plugin.module.root.as_os_str());
    Err(
        Error::usage(format!("a plugin cannot have the import path `{path}`: {why}")).help(format!(
            "give its module another path: `cd {dir} && go mod edit -module=example.com/{}`",
            plugin.module.path.replace('/', "-")
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::plugin::LocalModule;

    #[test]
    fn reserved_import_paths_are_rejected() {
        let standard = |path: &str| ["context", "net/http", "unsafe"].contains(&path);
        let rejected = |module: &str, subdir: &str| {
            let plugin = Plugin {
                dir: format!("/src/p/{subdir}").trim_end_matches('/').into(),
                module: LocalModule {
                    path: module.to_owned(),
                    root: "/src/p".into(),
                    go: None,
                },
                siblings: vec![],
                work: None,
                vendored: vec![],
                directives: Default::default(),
            };
            check(&plugin, standard).err().map(|why| why.to_string())
        };
        for (reserved, why) in RESERVED {
            let message = rejected(reserved, "").unwrap_or_default();
            assert!(
                message.contains(why) && message.contains(&format!("`{reserved}`")),
                "{message}"
            );
        }
        for (module, subdir) in [("context", ""), ("net/http", ""), ("net", "http")] {
            assert!(rejected(module, subdir).is_some(), "{module} {subdir}");
        }
        for (module, subdir) in [
            ("example.com/main", ""),
            ("main", "plugin"),
            ("example.com/all", "cmd/std"),
            ("internal", ""),
            ("net/plugin", ""),
            ("test", ""),
        ] {
            assert_eq!(rejected(module, subdir), None, "{module} {subdir}");
        }
    }
}
