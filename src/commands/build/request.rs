//! The requested values, each with its source: flag over environment over project over user over default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::commands::args::BuildArgs;
use crate::gateway;
use crate::gateway::GatewaySpec;
use crate::plan::CcChoice;
use crate::plan::Output;
use crate::plan::Request;
use crate::plan::chosen::Chosen;
use crate::plan::targets::TargetSelection;
use crate::project::config::tables::Mode;
use crate::project::config::{Config, PluginConfig, Settings, Texts};
use crate::project::trust::program_of;
use crate::toolchain::session::Session;
use crate::util::component::Name;
use crate::util::error::Result;
use crate::util::host::Host;
use crate::util::target::Target;
use crate::util::version::GoVersion;

/// The three sources of a value.
#[derive(Clone, Copy)]
pub(crate) struct OptionResolver<'a> {
    pub(crate) args: &'a BuildArgs,
    pub(crate) settings: &'a Settings,
    pub(crate) host: &'a Host,
}

impl<'a> OptionResolver<'a> {
    pub(crate) fn new(args: &'a BuildArgs, session: &'a Session) -> Self {
        OptionResolver {
            args,
            settings: &session.settings,
            host: &session.host,
        }
    }

    /// The gateways; empty if nothing names one. A plugin may have its own.
    pub(crate) fn named(&self, plugin: &PluginConfig) -> Result<GatewayChoice> {
        let given = &self.args.plan.gateway;
        let go = given.go.as_ref().map(|go| Chosen::new(go.clone(), "--go"));
        if given.gateway.is_empty() && go.is_none() {
            return GatewayChoice::from_settings(&plugin.gateways, self.settings, self.host);
        }
        let gateways = given.gateway.iter();
        Ok(GatewayChoice {
            gateways: gateways.map(|spec| Chosen::new(spec.clone(), "--gateway")).collect(),
            go,
        })
    }

    /// The requested gateways: each that was named, or one given by its parts.
    pub(crate) fn asked(&self, plugin: &PluginConfig) -> Result<Vec<gateway::Asked>> {
        let GatewayChoice { gateways: named, go } = self.named(plugin)?;
        let targets = &self.args.plan.targets;
        let libc = targets.libc.first().copied();
        let libc = libc.or_else(|| targets.target.first().map(|t| t.libc));
        let asked = |gateway: Option<Chosen<GatewaySpec>>| gateway::Asked {
            named_in: gateway.as_ref().filter(|g| g.why != "--gateway").map(|g| g.why.clone()),
            gateway: gateway.map(|g| g.value),
            go: go.as_ref().map(|go| go.value.clone()),
            libc,
        };
        if named.is_empty() {
            return Ok(vec![asked(None)]);
        }
        Ok(named.into_iter().map(|gateway| asked(Some(gateway))).collect())
    }

    /// The file's targets, used if no flag names any: the plugin's own, else those for all.
    pub(crate) fn configured_targets(&self, plugin: &PluginConfig) -> Option<(Vec<Target>, String)> {
        let some = |targets: &[Target]| Some(targets.to_vec()).filter(|t| !t.is_empty());
        let own = some(&plugin.targets).zip(self.settings.project().map(|(_, file)| file));
        let (targets, file) = own.or_else(|| self.settings.first(|c| some(&c.build.targets)))?;
        Some((targets, file.display().to_string()))
    }

    pub(crate) fn cc(&self) -> Chosen<CcChoice> {
        let wish = |text: &std::ffi::OsStr| match text.to_str() {
            Some("auto") => CcChoice::Auto,
            Some("zig") => CcChoice::Zig,
            Some("gcc") => CcChoice::Gcc,
            _ => CcChoice::Program(PathBuf::from(text)),
        };
        match (&self.args.plan.cc, self.configured_cc()) {
            (Some(cc), _) => Chosen::new(wish(cc), "--cc"),
            (None, Some((cc, file))) => {
                let program = program_of(cc, file);
                Chosen::new(wish(program.as_os_str()), format!("cc of {}", file.display()))
            }
            (None, None) => Chosen::new(CcChoice::Auto, "default"),
        }
    }

    fn configured_cc(&self) -> Option<(&str, &Path)> {
        self.settings
            .first(|c| c.build.cc.as_ref().map(|cc| cc.get_ref().as_str()))
    }

    /// Whether the C compiler is the one that the project's file names.
    fn cc_of_project(&self) -> bool {
        let project = self.settings.project().map(|(_, file)| file);
        self.args.plan.cc.is_none() && self.configured_cc().is_some_and(|(_, file)| Some(file) == project)
    }

    pub(crate) fn output(&self) -> Chosen<Output> {
        match (&self.args.to.output, &self.args.to.out_dir) {
            (Some(file), _) => Chosen::new(Output::File(self.host.absolute(file)), "--output"),
            (None, Some(dir)) => Chosen::new(Output::Dir(self.host.absolute(dir)), "--out-dir"),
            (None, None) => self
                .settings
                .first(|c| c.build.out_dir.as_deref())
                .map(|(dir, file)| {
                    Chosen::new(
                        Output::Dir(self.host.absolute(dir_of(file).join(dir))),
                        file.display().to_string(),
                    )
                })
                .unwrap_or_else(|| Chosen::new(Output::Dir(self.host.cwd.clone()), "default")),
        }
    }

    /// Whether symbols are stripped: only ever with the release profile.
    pub(crate) fn strip(&self) -> Chosen<bool> {
        let off = Chosen::new(false, "default");
        if self.args.plan.release {
            self.of_file(|c| c.profile.release.strip).unwrap_or(off)
        } else {
            off
        }
    }

    /// When a plugin is built against the gateway's modules.
    pub(crate) fn align(&self) -> Chosen<Mode> {
        let given = self.args.plan.align.map(|mode| Chosen::new(mode, "--align"));
        given
            .or_else(|| self.of_file(|c| c.build.align.map(Mode::from)))
            .unwrap_or_else(|| Chosen::new(Mode::default(), "default"))
    }

    pub(crate) fn jobs(&self) -> Chosen<usize> {
        let given = self.args.work.jobs.map(|jobs| Chosen::new(jobs.0.get(), "--jobs"));
        given
            .or_else(|| self.of_file(|c| c.build.jobs.map(|jobs| jobs.0.get())))
            .unwrap_or_else(|| Chosen::new(self.host.cores, "default: the number of cores"))
    }

    /// The request for one plugin.
    pub(crate) fn request(&self, name: &Name, plugin: &PluginConfig) -> Request {
        let targets = &self.args.plan.targets;
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
            name: Some(name.clone()),
            wanted: TargetSelection {
                archs: targets.arch.clone(),
                libcs: targets.libc.clone(),
                targets: targets.target.clone(),
                all: targets.all_targets,
                configured: self.configured_targets(plugin),
            },
            cc: self.cc(),
            cc_of_project: self.cc_of_project(),
            cc_by_target,
            output: self.output().value,
            strip: self.strip().value,
            go_args: self.args.plan.go_args.clone(),
            align: self.align().value,
            force: self.args.force,
        }
    }

    fn of_file<T: Clone>(&self, get: impl Fn(&Config) -> Option<T>) -> Option<Chosen<T>> {
        let (value, file) = self.settings.first(get)?;
        Some(Chosen::new(value, file.display().to_string()))
    }
}

/// Named gateways, and their Go from the same source: it would be wrong for others.
#[derive(Debug, Default)]
pub(crate) struct GatewayChoice {
    pub(crate) gateways: Vec<Chosen<GatewaySpec>>,
    pub(crate) go: Option<Chosen<GoVersion>>,
}

impl GatewayChoice {
    /// If no flag names any: from the environment, else the plugin's own list in the project's file, else a settings
    /// file.
    pub(crate) fn from_settings(own: &[String], settings: &Settings, host: &Host) -> Result<GatewayChoice> {
        if let Some(text) = host.text("PLUGBUILD_GATEWAY")? {
            return Ok(GatewayChoice {
                gateways: vec![Chosen::new(text.parse()?, "PLUGBUILD_GATEWAY")],
                go: None,
            });
        }
        if let (false, Some((_, file))) = (own.is_empty(), settings.project()) {
            return Ok(GatewayChoice {
                gateways: of_file(own.iter().map(String::as_str), file)?,
                go: None,
            });
        }
        let says = |c: &Config| c.gateway.version.is_some() || c.gateway.go.is_some();
        let Some((gateway, file)) = settings.first(|c| says(c).then_some(&c.gateway)) else {
            return Ok(GatewayChoice::default());
        };
        Ok(GatewayChoice {
            gateways: of_file(gateway.version.iter().flat_map(Texts::iter), file)?,
            go: gateway.go.clone().map(|go| Chosen::new(go, file.display().to_string())),
        })
    }
}

/// Gateways that a settings file names; a path is relative to that file.
fn of_file<'t>(texts: impl Iterator<Item = &'t str>, file: &Path) -> Result<Vec<Chosen<GatewaySpec>>> {
    texts
        .map(|text| {
            let spec = match text.parse()? {
                GatewaySpec::File(path) => GatewaySpec::File(dir_of(file).join(path)),
                other => other,
            };
            Ok(Chosen::new(spec, file.display().to_string()))
        })
        .collect()
}

/// The directory that a settings file's paths are relative to.
pub(crate) fn dir_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}
