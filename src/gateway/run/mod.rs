//! A plugin in a running gateway: its configuration, how to run a gateway of another architecture, and its log
//! messages about plugins. Pure, except for finding installed emulators.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::gateway::config::parse::ParsedConfig;
use crate::gateway::config::{ConfigReader, ConfigVersion, document, parse};
use crate::gateway::facts::Gateway;
use crate::gateway::registerer::PluginKind;
use crate::matrix::Matrix;
use crate::util::error::{Error, Result};
use crate::util::host::{Host, Os};
use crate::util::target::{Arch, LibcKind, Target};

pub mod process;
pub mod request;

/// The default limit for a gateway's start.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The command prefix that runs a gateway here: empty, or an emulator with the root that has its loader.
///
/// # Errors
/// No emulator, or no loader of that libc.
pub fn runner(
    arch: Arch,
    libc: Option<LibcKind>,
    sysroot: Option<&Path>,
    matrix: &Matrix,
    host: &Host,
) -> Result<Vec<OsString>> {
    if host.platform.os != Os::Linux {
        return Err(
            Error::tool_missing("a gateway runs on Linux only, and so does `plugbuild test`")
                .help("`plugbuild verify` checks from the files whether it loads, on any machine"),
        );
    }
    let target = Target::new(arch, libc.unwrap_or(LibcKind::Glibc));
    let row = matrix.target(&target);
    let loader = row.loader.trim_start_matches('/');
    if arch == host.platform.arch && sysroot.is_none() {
        if libc.is_none() || Path::new("/").join(loader).exists() {
            return Ok(Vec::new());
        }
        return Err(missing_loader(&target, &row.loader));
    }
    let emulator = row.qemu.iter().find_map(|name| host.find(name)).ok_or_else(|| {
        Error::tool_missing(format!(
            "the gateway is for {arch}, and there is no {} on PATH",
            row.qemu.join(" or ")
        ))
        .help("install it: `apt-get install qemu-user-static`")
        .help("`plugbuild verify` checks from the files whether it loads, on any machine")
    })?;
    let roots = [sysroot.map(Path::to_owned), Some(usual_sysroot(&target))];
    let root = roots
        .into_iter()
        .flatten()
        .find(|root| root.join(loader).exists())
        .ok_or_else(|| {
            Error::tool_missing(format!(
                "the gateway is for {target}, and its loader {} is not here",
                row.loader
            ))
            .help("give the directory that has it: `--sysroot DIR`, such as an unpacked root file system of its image")
        })?;
    Ok(vec![emulator.into(), "-L".into(), root.into()])
}

fn missing_loader(target: &Target, loader: &str) -> Error {
    let what = format!("the gateway is for {target}, and this machine has no {loader}");
    Error::tool_missing(what).help(match target.libc.kind {
        LibcKind::Musl => "install musl (`apt-get install musl`), or give a gateway for glibc",
        LibcKind::Glibc => "give a gateway for this machine's libc",
    })
}

/// Where distributions install another architecture's loader and libraries.
fn usual_sysroot(target: &Target) -> PathBuf {
    let arch = match target.arch {
        Arch::Amd64 => "x86_64",
        Arch::Arm64 => "aarch64",
    };
    let libc = match target.libc.kind {
        LibcKind::Musl => "musl",
        LibcKind::Glibc => "gnu",
    };
    PathBuf::from(format!("/usr/{arch}-linux-{libc}"))
}

/// Reads a configuration of any supported format as the JSON for a trial.
///
/// # Errors
/// It is a template, or the gateway could not parse it.
pub fn read(name: &str, text: &str) -> Result<Value> {
    let error = match parse::read(name, text) {
        ParsedConfig::Document(document) if matches!(document.root.value, document::Value::Map(_)) => {
            return Ok(document.root.plain());
        }
        ParsedConfig::Document(document) => Error::usage(format!(
            "{name}: a configuration is an object, not {}",
            document.root.what()
        )),
        ParsedConfig::Template => Error::usage(format!(
            "{name} is a template of the flexible configuration, which only the gateway renders"
        ))
        .help("pass the rendered configuration: `FC_ENABLE=1 FC_OUT=out.json krakend check -c …`"),
        ParsedConfig::Broken(at, why) => Error::usage(format!("{name}:{at}: the gateway cannot parse it: {why}")),
        ParsedConfig::Unknown => {
            Error::usage(format!("{name}: not a supported format")).help("give a .json, .yaml, .yml or .toml")
        }
    };
    Err(error)
}

/// The configuration of a trial: the plugin directory and a loopback port; calls to itself follow the port.
pub fn configuration(config: &Value, dir: &Path, port: u16) -> String {
    let mut config = config.clone();
    let old = self::port(&config);
    let version = config.get("version").and_then(Value::as_i64);
    if let Some(root) = config.as_object_mut() {
        let plugin = json!({ "folder": format!("{}/", dir.display()), "pattern": ".so" });
        if version == Some(ConfigVersion::V4.number()) {
            let extra = root.entry("extra_config").or_insert_with(|| json!({}));
            let there = extra
                .as_object_mut()
                .map(|extra| extra.entry("plugin").or_insert_with(|| json!({})));
            // What is to happen where one cannot be loaded stays as it is.
            if let (Some(Value::Object(there)), Value::Object(plugin)) = (there, plugin) {
                there.extend(plugin);
            }
        } else {
            root.insert("plugin".to_owned(), plugin);
        }
        root.insert("port".to_owned(), json!(port));
        root.insert("listen_ip".to_owned(), json!("127.0.0.1"));
    }
    follow(&mut config, old, port);
    config.to_string()
}

/// Refuses a configuration of another version than the gateway reads.
///
/// # Errors
/// The gateway would not start with it.
pub fn is_read_by(config: &Value, file: &Path, gateway: &Gateway) -> Result<()> {
    let Some(reader) = ConfigReader::of(gateway) else {
        return Ok(());
    };
    let version = config.get("version").and_then(Value::as_i64);
    let Some(other) = version.filter(|version| *version != reader.version.number()) else {
        return Ok(());
    };
    let file = file.display();
    let error = Error::usage(format!(
        "{file} is of version {other}, and KrakenD {} reads version {}",
        reader.label, reader.version
    ));
    Err(match reader.version {
        ConfigVersion::V4 => error.help(format!("bring it there: `plugbuild config migrate {file}`")),
        ConfigVersion::V3 => error.help("give a configuration of that version: `--config krakend.json`"),
    })
}

/// The port of a configuration, or the gateway's default.
pub fn port(config: &Value) -> u16 {
    let named = config.get("port").and_then(Value::as_u64);
    named.and_then(|port| port.try_into().ok()).unwrap_or(8080)
}

/// Redirects hosts that are the gateway itself.
fn follow(value: &mut Value, old: u16, port: u16) {
    match value {
        Value::String(text) => {
            for own in ["127.0.0.1", "localhost"] {
                *text = text.replace(&format!("//{own}:{old}"), &format!("//{own}:{port}"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| follow(item, old, port)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| follow(entry, old, port)),
        _ => {}
    }
}

/// A configuration that only loads the plugins.
pub fn bare(gateway: &Gateway, dir: &Path, port: u16) -> String {
    let version = ConfigReader::of(gateway).map_or(ConfigVersion::V3, |reader| reader.version);
    configuration(&json!({ "version": version.number() }), dir, port)
}

/// The log lines about plugins, without the prefix before the message.
pub fn about_plugins(log: &[String]) -> impl Iterator<Item = &str> {
    log.iter()
        .map(|line| line.trim())
        .filter(|line| ["lugin", "fatal error", "panic"].iter().any(|word| line.contains(word)))
}

/// The same without harmless messages of loaders about plugins of other types.
pub fn worth_showing(log: &[String]) -> Vec<&str> {
    let harmless = |line: &str| line.contains("plugin: symbol ") && line.contains("Registerer not found");
    let lines: Vec<&str> = about_plugins(log).collect();
    let heads = |line: &str, next: Option<&&str>| {
        line.contains("plugin loader found 1 error(s)") && next.is_some_and(|next| harmless(next))
    };
    let shown = |(number, line): (usize, &&str)| !harmless(line) && !heads(line, lines.get(number + 1));
    (0..lines.len())
        .filter(|number| shown((*number, &lines[*number])))
        .map(|number| lines[number])
        .collect()
}

/// How many plugins of a type were loaded according to the log; `None` if it does not say.
pub fn loaded(log: &[String], kind: PluginKind) -> Option<usize> {
    let signs = &kind.row().log;
    log.iter()
        .filter(|line| line.contains("plugins loaded:") && signs.iter().any(|sign| line.contains(sign.as_str())))
        .find_map(|line| line.rsplit(' ').next()?.trim().parse().ok())
}

/// Whether the gateway has no `test-plugin`: from KrakenD 3 on it is documented as `plugin test`.
pub fn lacks_command(log: &[String]) -> bool {
    log.iter().any(|line| line.contains("unknown command \"test-plugin\""))
}

/// Whether the gateway cannot load plugins of a type, as the Community edition with middlewares: its `test-plugin`
/// does not know the flag, or its log only counts other types.
pub fn lacks_loader(log: &[String], kind: PluginKind) -> bool {
    let contains = |words: &str| log.iter().any(|line| line.contains(words));
    let counts_others = contains("plugins loaded:") && loaded(log, kind).is_none();
    kind.row().enterprise && (contains("unknown shorthand flag") || counts_others)
}

/// A request of a trial and its expected response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub status: Option<u16>,
    /// `Name: part of the value`, or `Name` alone.
    pub headers: Vec<String>,
    /// Parts of the body.
    pub body: Vec<String>,
}

impl Expected {
    /// The expectations that were not met.
    pub fn missed(&self, status: u16, headers: &[(String, String)], body: &str) -> Vec<String> {
        let mut missed = Vec::new();
        if let Some(wanted) = self.status.filter(|wanted| *wanted != status) {
            missed.push(format!("the status is {status}, not {wanted}"));
        }
        for wanted in &self.headers {
            let (name, value) = wanted.split_once(':').unwrap_or((wanted, ""));
            let (name, value) = (name.trim(), value.trim());
            let have: Vec<&str> = headers
                .iter()
                .filter(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .collect();
            if have.is_empty() {
                missed.push(format!("there is no header {name}"));
            } else if !have.iter().any(|have| have.contains(value)) {
                missed.push(format!("the header {name} is {}, not {value}", have.join(", ")));
            }
        }
        for wanted in self.body.iter().filter(|wanted| !body.contains(wanted.as_str())) {
            missed.push(format!("the body does not contain `{wanted}`"));
        }
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_follows_the_port() {
        let text = r#"{"version": 3, "port": 9000, "endpoints": [{"backend": [{"host": ["http://localhost:9000", "http://x:9000"]}]}]}"#;
        let config = read("k.json", text).unwrap();
        let new: Value = serde_json::from_str(&configuration(&config, Path::new("/p"), 41000)).unwrap();
        assert_eq!(new["port"], 41000);
        assert_eq!(new["listen_ip"], "127.0.0.1");
        assert_eq!(new["plugin"]["folder"], "/p/");
        assert_eq!(
            new["endpoints"][0]["backend"][0]["host"],
            json!(["http://localhost:41000", "http://x:9000"])
        );
        let four = r#"{"version": 4, "extra_config": {"plugin": {"folder": "/x/", "on_load_default_error": "error"}}}"#;
        for (text, default) in [(four, json!("error")), ("{\"version\": 4}", Value::Null)] {
            let config = read("k.json", text).unwrap();
            let new: Value = serde_json::from_str(&configuration(&config, Path::new("/p"), 41000)).unwrap();
            let plugin = &new["extra_config"]["plugin"];
            assert_eq!((&plugin["folder"], &plugin["pattern"]), (&json!("/p/"), &json!(".so")));
            assert_eq!(
                (&plugin["on_load_default_error"], &new["plugin"]),
                (&default, &Value::Null)
            );
        }
        assert_eq!(
            read("k.yaml", "port: 9000\n").map(|config| port(&config)).unwrap(),
            9000
        );
    }

    #[test]
    fn unreadable_configurations() {
        let message = |name: &str, text: &str| read(name, text).unwrap_err().message;
        assert_eq!(
            message("k.json", "[]"),
            "k.json: a configuration is an object, not a list"
        );
        assert_eq!(
            message("k.json", "{{ x }}"),
            "k.json is a template of the flexible configuration, which only the gateway renders"
        );
        assert_eq!(
            message("k.json", "{\n 1}"),
            "k.json:2:2: the gateway cannot parse it: expected string for object property"
        );
        assert!(message("krakend.conf", "x").contains("not a supported format"));
    }

    #[test]
    fn loaded_plugins_from_the_log() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let official = lines(
            "▶ INFO [SERVICE: Handler Plugin] Total plugins loaded: 1\n▶ DEBUG [SERVICE: Modifier Plugin] plugin #0 (a.so): plugin: symbol ModifierRegisterer not found",
        );
        assert_eq!(loaded(&official, PluginKind::Handler), Some(1));
        assert_eq!(loaded(&official, PluginKind::Modifier), None);
        assert_eq!(about_plugins(&official).count(), 2);
        assert_eq!(worth_showing(&official).len(), 1);
        let mixed = lines(
            "client: plugin loader found 1 error(s):\nplugin #0 (a.so): plugin: symbol ClientRegisterer not found in plugin x\n\
             server: plugin loader found 2 error(s):\nplugin #0 (a.so): plugin: symbol HandlerRegisterer not found in plugin x\n\
             plugin #1 (b.so): plugin was built with a different version of package y",
        );
        assert_eq!(worth_showing(&mixed), [mixed[2].as_str(), mixed[4].as_str()]);
        let small = lines("[SERVICE: Plugin Loader] Total client plugins loaded: 0");
        assert_eq!(loaded(&small, PluginKind::Client), Some(0));
    }

    #[test]
    fn missing_loader_differs_from_failed_plugin() {
        let lacks = |log: &str, kind| lacks_loader(&[log.to_owned()], kind);
        let usage = "Error: unknown shorthand flag: 'w' in -w";
        assert!(lacks(usage, PluginKind::Middleware) && !lacks(usage, PluginKind::Handler));
        assert!(lacks(
            "INFO [SERVICE: Handler Plugin] Total plugins loaded: 1",
            PluginKind::Middleware
        ));
        for log in [
            "INFO [SERVICE: Middleware Plugin] Total plugins loaded: 0",
            "[KO] MIDDLEWARE\ta.so: plugin was built with a different version of package x",
        ] {
            assert!(!lacks(log, PluginKind::Middleware), "{log}");
        }
    }

    #[test]
    fn expectations_are_compared() {
        let expected = Expected {
            status: Some(200),
            headers: vec!["X-Plugin: auth".to_owned(), "X-Other".to_owned()],
            body: vec!["\"ok\"".to_owned()],
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            expected.missed(
                200,
                &[header("x-plugin", "my-auth"), header("X-Other", "")],
                "{\"status\":\"ok\"}"
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            expected.missed(500, &[header("X-Plugin", "cache")], "ok"),
            [
                "the status is 500, not 200",
                "the header X-Plugin is cache, not auth",
                "there is no header X-Other",
                "the body does not contain `\"ok\"`"
            ]
        );
    }
}
