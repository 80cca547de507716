//! Compares the build settings that go into package hashes.

use crate::binary::buildinfo::BuildInfo;
use crate::util::go_flags;
use crate::verify::finding::{Diagnostic, Id, Stage};

/// The recorded settings that change what is compiled, with their values when not recorded.
const KEYS: [(&str, &str); 11] = [
    ("-race", "false"),
    ("-msan", "false"),
    ("-asan", "false"),
    ("-cover", "false"),
    ("-tags", ""),
    ("-pgo", ""),
    ("-gcflags", ""),
    ("GOAMD64", ""),
    ("GOARM64", ""),
    ("GOEXPERIMENT", ""),
    ("GOFIPS140", "off"),
];

/// One setting that differs: key, the plugin's value, the gateway's.
pub(crate) type Difference = (&'static str, String, String);

pub(crate) fn differences(plugin: &BuildInfo, gateway: &BuildInfo) -> Vec<Difference> {
    let value = |info: &BuildInfo, key: &str, default: &str| match key {
        "GOEXPERIMENT" => sorted(info.experiments()),
        "-tags" => sorted(info.setting(key).unwrap_or(default)),
        "-gcflags" => info
            .setting(key)
            .filter(|flags| !only_rules(flags))
            .unwrap_or(default)
            .to_owned(),
        _ => info.setting(key).unwrap_or(default).to_owned(),
    };
    KEYS.into_iter()
        .map(|(key, default)| (key, value(plugin, key, default), value(gateway, key, default)))
        .filter(|(_, plugin, gateway)| plugin != gateway)
        .collect()
}

/// A list whose order does not matter.
pub(crate) fn sorted(list: &str) -> String {
    let mut items: Vec<&str> = list.split([',', ' ']).filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    items.dedup();
    items.join(",")
}

/// Whether the flags only rewrite paths, which is how a plugin gets the gateway's.
fn only_rules(flags: &str) -> bool {
    let list = match flags.split_once('=') {
        Some((pattern, list)) if !pattern.starts_with('-') => list,
        _ => flags,
    };
    go_flags::fields(list).all(|flag| flag.is_ok_and(|flag| flag.trim_start_matches('-').starts_with("trimpath")))
}

/// The finding for one setting.
pub(crate) fn finding((key, plugin, gateway): &Difference, rebuild: &str) -> Diagnostic {
    let shown = |value: &str| match value {
        "" => "none".to_owned(),
        value => format!("`{value}`"),
    };
    let cure = match *key {
        "-pgo" => "leave `default.pgo` out: `-pgo=off`; ",
        "-race" => "leave `-race` out; ",
        _ => "",
    };
    Diagnostic::new(
        Id::SettingMismatch,
        Stage::Open,
        format!(
            "it is compiled with {key} {}, the gateway with {}",
            shown(plugin),
            shown(gateway)
        ),
    )
    .about(*key)
    .sides(plugin, gateway)
    .help(format!("{cure}{rebuild}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(settings: &[(&str, &str)]) -> BuildInfo {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        BuildInfo {
            settings: settings.iter().map(own).collect(),
            ..BuildInfo::default()
        }
    }

    #[test]
    fn only_what_is_compiled_in_counts() {
        let gateway = info(&[("GOAMD64", "v1"), ("-tags", "b,a"), ("CGO_CFLAGS", "-O2")]);
        let plugin = info(&[
            ("GOAMD64", "v3"),
            ("-tags", "a b"),
            ("-race", "true"),
            ("-cover", "true"),
            ("-gcflags", "all=-trimpath=/home/x=>/go/pkg/mod"),
        ]);
        let keys: Vec<_> = differences(&plugin, &gateway).into_iter().map(|d| d.0).collect();
        assert_eq!(keys, ["-race", "-cover", "GOAMD64"]);
        assert!(!only_rules("all=-N -l") && only_rules("-trimpath=/a=>/b"));
    }
}
