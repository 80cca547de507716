//! What check, compat, deps, upgrade and fix examine: a plugin, as if it were built for one gateway.

use std::path::Path;

use crate::build::go_command;
use crate::build::unit::Unit;
use crate::commands::args::TagsArg;
use crate::commands::gateway_choice;
use crate::gateway::Asked;
use crate::gateway::GatewaySpec;
use crate::gateway::facts::Gateway;
use crate::modules::GatewayModules;
use crate::modules::PluginModules;
use crate::modules::align;
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::gateway as modules_gateway;
use crate::modules::go_list;
use crate::modules::modfile;
use crate::modules::report::Compiled;
use crate::plan;
use crate::plan::CcChoice;
use crate::plan::Job;
use crate::plan::Output;
use crate::plan::Request;
use crate::plan::chosen::Chosen;
use crate::plan::targets::TargetSelection;
use crate::project::config::tables::Mode;
use crate::project::go_env::GoEnv;
use crate::project::import_path;
use crate::project::plugin::Plugin;
use crate::project::source::PluginSource;
use crate::toolchain;
use crate::toolchain::bundle::proxy;
use crate::toolchain::cc;
use crate::toolchain::go;
use crate::toolchain::go::Go;
use crate::toolchain::go_messages;
use crate::toolchain::session::Session;
use crate::toolchain::state::State;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::Invocation;
use crate::util::target::Arch;

/// A plugin with what is needed to ask about it.
pub(crate) struct PluginContext {
    pub(crate) plugin: Plugin,
    pub(crate) session: Session,
    goenv: GoEnv,
    arch: Arch,
    tags: Vec<String>,
}

impl PluginContext {
    pub(crate) fn read(path: &Path, arch: Option<Arch>, tags: &TagsArg, cx: Context) -> Result<Self> {
        let dir = cx.host.absolute(path);
        let session = Session::open(&dir, cx)?;
        session
            .settings
            .warnings()
            .iter()
            .for_each(|warning| cx.ui.warn(warning));
        let goenv = GoEnv::read(&session.host)?;
        Ok(PluginContext {
            plugin: Plugin::read(&dir, &session.host, &goenv)?,
            arch: arch.unwrap_or(Arch::Amd64),
            tags: tags.tags.clone(),
            session,
            goenv,
        })
    }

    pub(crate) fn gateway(&mut self, asked: &Asked) -> Result<Gateway> {
        self.session
            .identify_with(|matrix, cx| gateway_choice::identify(asked, matrix, cx))
    }

    pub(crate) fn named(&mut self, spec: &GatewaySpec) -> Result<Gateway> {
        self.gateway(&Asked {
            gateway: Some(spec.clone()),
            ..Asked::default()
        })
    }

    /// The newest release, for questions that name no gateway.
    pub(crate) fn latest(&mut self) -> Result<Gateway> {
        self.named(&GatewaySpec::Latest { flavour: None })
    }

    /// The gateway's modules.
    pub(crate) fn modules(&self, gateway: &Gateway) -> Result<GatewayModules> {
        modules_gateway::modules(gateway, &self.session.matrix)?.ok_or_else(|| {
            Error::usage(format!("the modules of the gateway {} are not known", gateway.label))
                .help("give its file, which has them: `--gateway ./krakend`")
                .help("or keep them once: `plugbuild gateway import ./krakend --name acme-3.0`")
        })
    }

    /// The build that the go command is asked about, and the gateway's own Go.
    pub(crate) fn job(&self, gateway: &Gateway) -> Result<(Job, Go)> {
        let request = Request {
            wanted: TargetSelection {
                archs: vec![gateway.arch.unwrap_or(self.arch)],
                ..TargetSelection::default()
            },
            cc: Chosen::new(CcChoice::Auto, "default"),
            cc_of_project: false,
            cc_by_target: Default::default(),
            output: Output::Dir(self.session.host.cwd.clone()),
            go_args: match self.tags.as_slice() {
                [] => Vec::new(),
                tags => vec![format!("-tags={}", tags.join(","))],
            },
            name: None,
            strip: false,
            align: Mode::Auto,
            force: false,
        };
        let Session {
            matrix, host, store, ..
        } = &self.session;
        let linked = modules_gateway::linked_modules(gateway, matrix)?;
        let facts = plan::Facts {
            goenv: &self.goenv,
            matrix,
            platform: host.platform,
        };
        let plan = plan::make(&request, gateway, &linked, &self.plugin, facts)?;
        let job = plan.jobs.into_iter().next();
        let mut job =
            job.ok_or_else(|| Error::usage(format!("no target of the gateway {} is known", gateway.label)))?;
        proxy::offline_goproxy(&mut job.env, self.session.offline, host, store);
        Ok((job, go::resolve(&gateway.go, host, store)?))
    }

    /// Whether the gateway's Go compiles the plugin as it would be built; `None` if that Go is not installed or C code
    /// is needed.
    pub(crate) fn compiles(&self, gateway: &Gateway, overlay: &ModuleOverlay) -> Result<Option<Compiled>> {
        let (job, go) = self.job(gateway)?;
        let what = format!(
            "{} with Go {}, as it may use what came later",
            self.plugin.module.path, gateway.go
        );
        self.session.ui.status("compiling", what);
        let compile = self
            .build_command(&job, overlay)?
            .map(|build| go_command::compile(&build));
        go_list::compiles(&job, overlay, &go, compile, &self.session)
    }

    /// What a build does to the plugin's modules; `None` if the gateway's Go is not installed.
    ///
    /// # Errors
    /// Those of the build: a version of the gateway's that cannot be fetched, or lacks what the plugin uses.
    pub(crate) fn overlay(&self, gateway: &Gateway, modules: &GatewayModules) -> Result<Option<ModuleOverlay>> {
        let (job, go) = self.job(gateway)?;
        match go.state {
            State::Ready => align::prepare::prepare(&job, modules, &go, &self.session).map(Some),
            State::Missing => Ok(None),
        }
    }

    /// The command of a build, if its tools are here and may be run.
    fn build_command(&self, job: &Job, overlay: &ModuleOverlay) -> Result<Option<Invocation>> {
        let Session {
            matrix, host, store, ..
        } = &self.session;
        let Ok(Some(toolchain)) = toolchain::resolve(std::slice::from_ref(job), &self.session).map(|mut all| all.pop())
        else {
            return Ok(None);
        };
        if toolchain.missing().next().is_some() || cc::needs_trust(job, matrix, host) {
            return Ok(None);
        }
        let toolchain = toolchain.asked(host);
        toolchain.write_wrappers(job, &self.session)?;
        let unit = Unit::new(job.clone(), toolchain, store);
        Ok(Some(go_command::build(&unit, overlay, &self.session)))
    }

    /// Whether go.mod and go.sum are complete for a build without alignment.
    pub(crate) fn is_complete(&self, gateway: &Gateway) -> Result<()> {
        let (job, go) = self.job(gateway)?;
        go_list::is_complete(&job, &go, &self.session)
    }

    /// What the plugin selects as it is.
    pub(crate) fn selection(&self, gateway: &Gateway) -> Result<PluginModules> {
        let (job, go) = self.job(gateway)?;
        import_path::check(&self.plugin, |path| go.has_package(path))?;
        let _lock = modfile::lock(&self.plugin, &self.session.store, || {})?;
        let side = go_list::plugin_modules(&job, &go, &self.session)?;
        // The go command lists a folder that it would not build: of tests alone, or of another package.
        if !PluginSource::read(&self.plugin.dir)?.has_main() {
            let what = format!("{} has no package main in {}", side.module, self.plugin.dir.display());
            return Err(Error::build(what).help(go_messages::no_main(&job)));
        }
        side.unlisted().iter().for_each(|why| self.session.ui.warn(why));
        Ok(side)
    }
}
