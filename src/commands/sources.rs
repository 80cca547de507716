//! What is asked for, each value with where it came from: flag over environment over project over user over default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::align::Mode;
use crate::cli::BuildArgs;
use crate::config::{Config, PluginConfig, Settings};
use crate::error::Result;
use crate::gateway::{self, GatewaySpec};
use crate::host::Host;
use crate::plan::targets::Wanted;
use crate::plan::{CcWish, Chosen, Output, Request};
use crate::target::Target;
use crate::version::GoVersion;

/// The three sources of a value.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) args: &'a BuildArgs,
    pub(super) settings: &'a Settings,
    pub(super) host: &'a Host,
}

impl Sources<'_> {
    /// The gateways, or none if nothing names one. A plugin may have its own.
    pub(super) fn gateways(&self, plugin: &PluginConfig) -> Result<Vec<Chosen<GatewaySpec>>> {
        let given = &self.args.gateway.gateway;
        if !given.is_empty() {
            return Ok(given
                .iter()
                .map(|spec| Chosen::new(spec.clone(), "--gateway"))
                .collect());
        }
        if self.args.gateway.go.is_some() {
            return Ok(Vec::new());
        }
        if let Some(text) = self.host.text("PLUGBUILD_GATEWAY")? {
            return Ok(vec![Chosen::new(text.parse()?, "PLUGBUILD_GATEWAY")]);
        }
        let of_plugin = self.settings.project().filter(|_| !plugin.gateways.is_empty());
        let named = match of_plugin {
            Some((_, file)) => Some((plugin.gateways.clone(), file)),
            None => self.settings.first(|c| {
                Some(
                    c.gateway
                        .version
                        .as_ref()?
                        .iter()
                        .map(str::to_owned)
                        .collect::<Vec<_>>(),
                )
            }),
        };
        let Some((texts, file)) = named else {
            return Ok(Vec::new());
        };
        let spec = |text: &String| -> Result<_> {
            // A path in a settings file is relative to that file.
            let spec = match text.parse()? {
                GatewaySpec::File(path) => GatewaySpec::File(folder_of(file).join(path)),
                other => other,
            };
            Ok(Chosen::new(spec, file.display().to_string()))
        };
        texts.iter().map(spec).collect()
    }

    /// What is to be found out of a gateway, for each that was named, or for one given by its parts.
    pub(super) fn asked(&self, plugin: &PluginConfig) -> Result<Vec<gateway::Asked>> {
        let go = self.go().map(|go| go.value);
        let targets = &self.args.targets;
        let libc = targets.libc.first().copied();
        let libc = libc.or_else(|| targets.target.first().map(|t| t.libc));
        let asked = |gateway: Option<Chosen<GatewaySpec>>| gateway::Asked {
            named_in: gateway.as_ref().filter(|g| g.why != "--gateway").map(|g| g.why.clone()),
            gateway: gateway.map(|g| g.value),
            go: go.clone(),
            libc,
        };
        let named = self.gateways(plugin)?;
        if named.is_empty() {
            return Ok(vec![asked(None)]);
        }
        Ok(named.into_iter().map(|gateway| asked(Some(gateway))).collect())
    }

    pub(super) fn go(&self) -> Option<Chosen<GoVersion>> {
        let given = self.args.gateway.go.as_ref().map(|go| Chosen::new(go.clone(), "--go"));
        given.or_else(|| self.of_file(|config| config.gateway.go.clone()))
    }

    /// The file's targets, used when no flag names any: the plugin's own, else those of all.
    pub(super) fn configured_targets(&self, plugin: &PluginConfig) -> Option<(Vec<Target>, String)> {
        let some = |targets: &[Target]| Some(targets.to_vec()).filter(|t| !t.is_empty());
        let own = some(&plugin.targets).zip(self.settings.project().map(|(_, file)| file));
        let (targets, file) = own.or_else(|| self.settings.first(|c| some(&c.build.targets)))?;
        Some((targets, file.display().to_string()))
    }

    pub(super) fn cc(&self) -> Chosen<CcWish> {
        let wish = |text: &std::ffi::OsStr| match text.to_str() {
            Some("auto") => CcWish::Auto,
            Some("zig") => CcWish::Zig,
            Some("gcc") => CcWish::Gcc,
            _ => CcWish::Program(PathBuf::from(text)),
        };
        match (&self.args.cc, self.settings.first(|c| c.build.cc.as_deref())) {
            (Some(cc), _) => Chosen::new(wish(cc), "--cc"),
            (None, Some((cc, file))) => Chosen::new(wish(cc.as_ref()), format!("cc of {}", file.display())),
            (None, None) => Chosen::new(CcWish::Auto, "default"),
        }
    }

    pub(super) fn output(&self) -> Chosen<Output> {
        match (&self.args.output, &self.args.out_dir) {
            (Some(file), _) => Chosen::new(Output::File(self.host.absolute(file)), "--output"),
            (None, Some(dir)) => Chosen::new(Output::Dir(self.host.absolute(dir)), "--out-dir"),
            (None, None) => self
                .settings
                .first(|c| c.build.out_dir.as_deref())
                .map(|(dir, file)| {
                    Chosen::new(
                        Output::Dir(self.host.absolute(folder_of(file)).join(dir)),
                        file.display().to_string(),
                    )
                })
                .unwrap_or_else(|| Chosen::new(Output::Dir(self.host.cwd.clone()), "default")),
        }
    }

    /// Whether symbols are left out: only ever with the release profile.
    pub(super) fn strip(&self) -> Chosen<bool> {
        let off = Chosen::new(false, "default");
        if self.args.release {
            self.of_file(|c| c.profile.release.strip).unwrap_or(off)
        } else {
            off
        }
    }

    /// When a plugin is built against the gateway's modules.
    pub(super) fn align(&self) -> Chosen<Mode> {
        let given = self.args.align.map(|mode| Chosen::new(mode, "--align"));
        given
            .or_else(|| self.of_file(|c| c.build.align.map(Mode::from)))
            .unwrap_or_else(|| Chosen::new(Mode::default(), "default"))
    }

    pub(super) fn jobs(&self) -> Chosen<usize> {
        let given = self.args.jobs.map(|jobs| Chosen::new(jobs.get(), "--jobs"));
        given
            .or_else(|| self.of_file(|c| c.build.jobs.filter(|jobs| *jobs > 0)))
            .unwrap_or_else(|| Chosen::new(self.host.cores, "default: the number of cores"))
    }

    /// The request for one plugin.
    pub(super) fn request(&self, name: &str, plugin: &PluginConfig) -> Request {
        let targets = &self.args.targets;
        let cc_by_target: BTreeMap<String, PathBuf> = self
            .host
            .env
            .iter()
            .filter_map(|(name, value)| {
                let triple = name.to_str()?.strip_prefix("CC_")?.to_lowercase();
                Some((triple, PathBuf::from(value)))
            })
            .collect();
        Request {
            name: Some(name.to_owned()),
            wanted: Wanted {
                archs: targets.arch.clone(),
                libcs: targets.libc.clone(),
                targets: targets.target.clone(),
                all: targets.all_targets,
                configured: self.configured_targets(plugin),
            },
            cc: self.cc(),
            cc_by_target,
            output: self.output().value,
            strip: self.strip().value,
            go_args: self.args.go_args.clone(),
            align: self.align().value,
        }
    }

    fn of_file<T: Clone>(&self, get: impl Fn(&Config) -> Option<T>) -> Option<Chosen<T>> {
        let (value, file) = self.settings.first(get)?;
        Some(Chosen::new(value, file.display().to_string()))
    }
}

/// The folder a settings file's paths are relative to.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}
