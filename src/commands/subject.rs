//! What check, compat, deps, upgrade and fix look at: a plugin, asked as if it were built for one gateway.

use std::path::Path;

use super::Context;
use crate::align::{self, Means, Mode};
use crate::bundle::modules;
use crate::check::report::Compiled;
use crate::check::{GatewaySide, PluginSide};
use crate::cli::check::TagsArg;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Asked, Gateway, GatewaySpec};
use crate::host::Host;
use crate::matrix::Matrix;
use crate::modfile;
use crate::plan::targets::Wanted;
use crate::plan::{self, CcWish, Chosen, Job, Output, Request};
use crate::plugin::Plugin;
use crate::plugin::goenv::GoEnv;
use crate::plugin::import_path;
use crate::selection;
use crate::target::Arch;
use crate::toolchain::State;
use crate::toolchain::go::{self, Go};
use crate::toolchain::store::Store;
use crate::ui::Ui;

/// A plugin with what is needed to ask about it.
pub(super) struct Subject {
    pub(super) plugin: Plugin,
    pub(super) settings: Settings,
    pub(super) matrix: Matrix,
    pub(super) store: Store,
    goenv: GoEnv,
    arch: Arch,
    tags: Vec<String>,
    offline: bool,
    ui: Ui,
    /// The surroundings, with what the settings files add to them.
    host: Host,
}

impl Subject {
    pub(super) fn read(path: &Path, arch: Option<Arch>, tags: &TagsArg, cx: Context) -> Result<Self> {
        let dir = cx.host.absolute(path);
        let settings = Settings::read(&dir.canonicalize().unwrap_or(dir.clone()), cx.host)?;
        settings.warnings().iter().for_each(|warning| cx.ui.warn(warning));
        let host = settings.with_mirrors(cx.host);
        let goenv = GoEnv::read(&host)?;
        let plugin = Plugin::read(&dir, &host, &goenv)?;
        Ok(Subject {
            matrix: settings.matrix()?,
            store: Store::open(&host)?,
            arch: arch.unwrap_or(Arch::Amd64),
            tags: tags.tags.clone(),
            offline: cx.offline,
            ui: *cx.ui,
            plugin,
            settings,
            goenv,
            host,
        })
    }

    pub(super) fn means(&self) -> Means<'_> {
        Means {
            matrix: &self.matrix,
            host: &self.host,
            store: &self.store,
        }
    }

    pub(super) fn gateway(&self, asked: &Asked) -> Result<Gateway> {
        gateway::identify(asked, &self.matrix, &self.host)
    }

    pub(super) fn named(&self, spec: &GatewaySpec) -> Result<Gateway> {
        self.gateway(&Asked {
            gateway: Some(spec.clone()),
            ..Asked::default()
        })
    }

    /// The newest release, for questions that name no gateway.
    pub(super) fn latest(&self) -> Result<Gateway> {
        self.named(&GatewaySpec::Latest { flavour: None })
    }

    /// The gateway's modules.
    pub(super) fn modules(&self, gateway: &Gateway) -> Result<GatewaySide> {
        gateway::modules::side(gateway, &self.matrix)?.ok_or_else(|| {
            Error::usage(format!("the modules of the gateway {} are not known", gateway.label))
                .help("give its file, which holds them: `--gateway ./krakend`")
                .help("or keep them once: `plugbuild gateway import ./krakend --name acme-3.0`")
        })
    }

    /// The build that the go command is asked about, and the gateway's own Go.
    pub(super) fn job(&self, gateway: &Gateway) -> Result<(Job, Go)> {
        let request = Request {
            wanted: Wanted {
                archs: vec![gateway.arch.unwrap_or(self.arch)],
                ..Wanted::default()
            },
            cc: Chosen::new(CcWish::Auto, "default"),
            cc_of_project: false,
            cc_by_target: Default::default(),
            output: Output::Dir(self.host.cwd.clone()),
            go_args: match self.tags.as_slice() {
                [] => Vec::new(),
                tags => vec![format!("-tags={}", tags.join(","))],
            },
            name: None,
            strip: false,
            align: Mode::Auto,
            force: false,
        };
        let plan = plan::make(
            &request,
            gateway,
            &self.plugin,
            &self.goenv,
            &self.matrix,
            self.host.platform,
        )?;
        let job = plan.jobs.into_iter().next();
        let mut job =
            job.ok_or_else(|| Error::usage(format!("no target of the gateway {} is known", gateway.label)))?;
        modules::without_network(&mut job.env, self.offline, &self.host, &self.store);
        Ok((job, go::resolve(&gateway.go, &self.host, &self.store)?))
    }

    /// Whether the gateway's Go compiles the plugin as it would be built; nothing where that Go is not here or C code is needed.
    pub(super) fn compiles(&self, gateway: &Gateway, modules: &GatewaySide) -> Result<Option<Compiled>> {
        let (mut job, go) = self.job(gateway)?;
        if go.state != State::Ready {
            return Ok(None);
        }
        let what = format!(
            "{} with Go {}, as it may use what came later",
            self.plugin.module.path, gateway.go
        );
        self.ui.status("compiling", what);
        job.prepared = align::prepare(&job, modules, &go, self.means(), &self.ui)?;
        selection::compiles(&job, &go, self.means())
    }

    /// Whether go.mod and go.sum hold what a build without alignment reads from them.
    pub(super) fn is_complete(&self, gateway: &Gateway) -> Result<()> {
        let (job, go) = self.job(gateway)?;
        selection::is_complete(&job, &go, self.means())
    }

    /// What the plugin selects as it is.
    pub(super) fn selection(&self, gateway: &Gateway) -> Result<PluginSide> {
        let (job, go) = self.job(gateway)?;
        import_path::check(&self.plugin, |path| go.has_package(path))?;
        let _lock = modfile::lock(&self.plugin, &self.store, || {})?;
        let side = selection::of(&job, &go, self.means())?;
        side.unlisted().iter().for_each(|why| self.ui.warn(why));
        Ok(side)
    }
}
