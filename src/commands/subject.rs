//! What check, compat, deps, upgrade and fix look at: a plugin, asked as if it were built for one gateway.

use std::path::Path;

use super::Context;
use crate::align::Means;
use crate::check::{GatewaySide, PluginSide};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::gateway::{self, Asked, Gateway, GatewaySpec};
use crate::matrix::Matrix;
use crate::modfile;
use crate::plan::targets::Wanted;
use crate::plan::{self, CcWish, Chosen, Job, Output, Request};
use crate::plugin::Plugin;
use crate::plugin::goenv::GoEnv;
use crate::selection;
use crate::target::Arch;
use crate::toolchain::go::{self, Go};
use crate::toolchain::store::Store;

/// A plugin with what is needed to ask about it.
pub(super) struct Subject<'a> {
    pub(super) plugin: Plugin,
    pub(super) settings: Settings,
    pub(super) matrix: Matrix,
    pub(super) store: Store,
    goenv: GoEnv,
    arch: Arch,
    cx: Context<'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn read(path: &Path, arch: Option<Arch>, cx: Context<'a>) -> Result<Self> {
        let goenv = GoEnv::read(cx.host)?;
        let plugin = Plugin::read(&cx.host.absolute(path), cx.host, &goenv)?;
        let settings = Settings::read(&plugin.dir, cx.host)?;
        Ok(Subject {
            matrix: settings.matrix()?,
            store: Store::of(cx.host),
            arch: arch.unwrap_or(Arch::Amd64),
            plugin,
            settings,
            goenv,
            cx,
        })
    }

    pub(super) fn means(&self) -> Means<'_> {
        Means {
            matrix: &self.matrix,
            host: self.cx.host,
            store: &self.store,
        }
    }

    pub(super) fn gateway(&self, asked: &Asked) -> Result<Gateway> {
        gateway::identify(asked, &self.matrix, self.cx.host)
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
            cc_by_target: Default::default(),
            output: Output::Dir(self.cx.host.cwd.clone()),
            go_args: Vec::new(),
            align: true,
        };
        let plan = plan::make(
            &request,
            gateway,
            &self.plugin,
            &self.goenv,
            &self.matrix,
            self.cx.host.platform,
        )?;
        let job = plan.jobs.into_iter().next();
        let job = job.ok_or_else(|| Error::usage(format!("no target of the gateway {} is known", gateway.label)))?;
        Ok((job, go::resolve(&gateway.go, self.cx.host, &self.store)?))
    }

    /// What the plugin selects as it is.
    pub(super) fn selection(&self, gateway: &Gateway) -> Result<PluginSide> {
        let (job, go) = self.job(gateway)?;
        let _lock = modfile::lock(&self.plugin, &self.store, || {})?;
        selection::of(&job, &go, self.means())
    }
}
