//! Whether a release of the gateway loads plugins, from its sources. Pure.

/// Whether a Go file of the gateway's imports one of lura's plugin loaders, as some file of every release that loads plugins does.
pub fn imports_plugin_loader(go_file: &str) -> bool {
    let loaders = [
        "/proxy/plugin",
        "/transport/http/server/plugin",
        "/transport/http/client/plugin",
    ];
    let is_loader = |path: &str| {
        path.starts_with("github.com/luraproject/lura/") && loaders.iter().any(|loader| path.ends_with(loader))
    };
    let mut imported = go_file.lines().filter_map(|line| line.split('"').nth(1));
    imported.any(is_loader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_loaders() {
        for (line, loads) in [
            (
                "import client \"github.com/luraproject/lura/v2/transport/http/client/plugin\"",
                true,
            ),
            (
                "\tserver \"github.com/luraproject/lura/transport/http/server/plugin\"\r",
                true,
            ),
            ("\t\"github.com/luraproject/lura/v2/proxy/plugin\"", true),
            ("\t_ \"github.com/luraproject/lura/v2/proxy/plugin\" // modifiers", true),
            ("\t\"github.com/luraproject/lura/v2/other/plugin\"", false),
            ("\t\"github.com/luraproject/lura/v2/proxy\"", false),
            ("\t\"example.com/own/proxy/plugin\"", false),
        ] {
            let file = format!("package krakend\n\nimport (\n{line}\n)\n");
            assert_eq!(imports_plugin_loader(&file), loads, "{line}");
        }
    }
}
