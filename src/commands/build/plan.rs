//! Everything that is known before anything is written: from the arguments to a plan with its tools.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::build::unit::Unit;
use crate::commands::args::BuildArgs;
use crate::commands::build::request::OptionResolver;
use crate::commands::gateway_choice;
use crate::gateway::facts::Gateway;
use crate::plan::Job;
use crate::plan::Output;
use crate::project::config::{Config, Settings};
use crate::project::go_env::GoEnv;
use crate::project::workspace;
use crate::project::workspace::Member;
use crate::toolchain::bundle::proxy;
use crate::toolchain::session::Session;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::{gateway, modules, plan, toolchain};

/// Units to build, and what they were planned from.
pub(crate) struct BuildPlan {
    pub(crate) session: Session,
    pub(crate) members: Vec<Member>,
    pub(crate) units: Vec<Unit>,
    /// What could not be planned, with `--keep-going`.
    pub(crate) refused: Vec<(String, Error)>,
    /// Whether the others continue after a failure.
    pub(crate) keep_going: bool,
}

impl BuildPlan {
    /// Fetches every missing tool.
    pub(crate) fn with_tools(self) -> Result<Self> {
        let ensure = |unit: Unit| {
            Ok(Unit {
                toolchain: toolchain::ensure(&unit.job, unit.toolchain, &self.session)?,
                ..unit
            })
        };
        Ok(BuildPlan {
            units: self.units.into_iter().map(ensure).collect::<Result<_>>()?,
            ..self
        })
    }

    /// Asks each C compiler what only it knows.
    pub(crate) fn with_asked_compilers(self) -> Self {
        let ask = |unit: Unit| Unit {
            toolchain: unit.toolchain.asked(&self.session.host),
            ..unit
        };
        BuildPlan {
            units: self.units.into_iter().map(ask).collect(),
            ..self
        }
    }

    /// Writes the files to another directory than the requested one.
    pub(crate) fn with_outputs(self, output: impl Fn(&Unit, &Session) -> PathBuf) -> Self {
        let moved = |unit: Unit| {
            let output = output(&unit, &self.session);
            Unit {
                job: Job { output, ..unit.job },
                ..unit
            }
        };
        BuildPlan {
            units: self.units.into_iter().map(moved).collect(),
            ..self
        }
    }
}

/// Looks at files and PATH, writes nothing, and prints warnings.
pub(crate) fn plan_build(args: &BuildArgs, cx: Context) -> Result<BuildPlan> {
    let (dir, settings) = settings(args, cx)?;
    let mut warnings = settings.warnings();
    let made = make(args, &dir, settings, cx);
    // Also if planning fails: an unknown key may be the reason.
    let made = made.map(|(plan, of_plan)| {
        warnings.extend(of_plan);
        plan
    });
    let mut printed = HashSet::new();
    for warning in warnings.iter().filter(|warning| printed.insert(*warning)) {
        cx.ui.warn(warning);
    }
    made
}

/// The same without warnings, as they have been printed.
pub(crate) fn plan_build_quietly(args: &BuildArgs, cx: Context) -> Result<BuildPlan> {
    let (dir, settings) = settings(args, cx)?;
    make(args, &dir, settings, cx).map(|(plan, _)| plan)
}

fn settings(args: &BuildArgs, cx: Context) -> Result<(PathBuf, Settings)> {
    let dir = cx.host.absolute(&args.plan.path);
    let settings = Settings::read(&dir.canonicalize().unwrap_or(dir.clone()), cx.host)?;
    Ok((dir, settings))
}

/// The plan, and its warnings, some of them more than once.
fn make(args: &BuildArgs, dir: &Path, settings: Settings, cx: Context) -> Result<(BuildPlan, Vec<String>)> {
    let offline = cx.offline || args.lock.frozen;
    let mut session = Session::with(settings, Context { offline, ..cx })?;
    let goenv = GoEnv::read(&session.host)?;
    let members = members(args, dir, &session.settings, &session.host, &goenv)?;
    workspace::check(&members)?;
    if let Some(file) = &args.verify_with {
        let asked = gateway::Asked::file(file.clone());
        session.identify_with(|matrix, cx| gateway_choice::identify(&asked, matrix, cx))?;
    }
    let found = gateways(&members, args, &mut session)?;
    let Session { host, matrix, .. } = &session;
    let options = OptionResolver::new(args, &session);
    fits_in_output(&options.output().value, members.len())?;
    let facts = plan::Facts {
        goenv: &goenv,
        matrix,
        platform: host.platform,
    };
    let (mut jobs, mut refused, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (member, gateways) in members.iter().zip(found) {
        let request = options.request(&member.name, &member.config);
        for gateway in gateways {
            let linked = modules::gateway::linked_modules(&gateway, matrix)?;
            match plan::make(&request, &gateway, &linked, &member.plugin, facts) {
                Ok(made) => {
                    jobs.extend(made.jobs);
                    warnings.extend(made.warnings);
                }
                Err(why) if args.work.keep_going => {
                    refused.push((format!("{} for {}", member.name, gateway.label), why));
                }
                Err(why) => return Err(why),
            }
        }
    }
    let plan = BuildPlan {
        units: units(jobs, &session)?,
        members,
        refused,
        keep_going: args.work.keep_going,
        session,
    };
    Ok((plan, warnings))
}

fn units(mut jobs: Vec<Job>, session: &Session) -> Result<Vec<Unit>> {
    plan::check_outputs(&jobs)?;
    for job in &mut jobs {
        proxy::offline_goproxy(&mut job.env, session.offline, &session.host, &session.store);
    }
    let toolchains = toolchain::resolve(&jobs, session)?;
    let units = jobs.into_iter().zip(toolchains);
    Ok(units
        .map(|(job, toolchain)| Unit::new(job, toolchain, &session.store))
        .collect())
}

/// One file cannot hold several plugins.
fn fits_in_output(output: &Output, plugins: usize) -> Result<()> {
    match output {
        Output::File(file) if plugins > 1 => Err(Error::usage(format!(
            "{} cannot hold {plugins} plugins",
            file.display()
        ))
        .help("name a directory: `--out-dir DIR`")),
        _ => Ok(()),
    }
}

/// The gateways of each plugin.
fn gateways(members: &[Member], args: &BuildArgs, session: &mut Session) -> Result<Vec<Vec<Gateway>>> {
    let options = OptionResolver::new(args, session);
    let asked: Vec<_> = members
        .iter()
        .map(|member| options.asked(&member.config))
        .collect::<Result<_>>()?;
    let mut gateways = Gateways::default();
    asked
        .into_iter()
        .map(|all| gateways.identify_all(all, session))
        .collect()
}

/// Resolved gateways by how they were given: each is resolved once, for all plugins.
#[derive(Default)]
struct Gateways(Vec<(gateway::Asked, Gateway)>);

impl Gateways {
    /// Those of one plugin; `2.12 2.12.1` is the same gateway twice.
    fn identify_all(&mut self, all: Vec<gateway::Asked>, session: &mut Session) -> Result<Vec<Gateway>> {
        let mut gateways: Vec<Gateway> = Vec::new();
        for asked in all {
            let gateway = self.identify(asked, session)?;
            if !gateways.iter().any(|other| other.is_same(&gateway)) {
                gateways.push(gateway);
            }
        }
        Ok(gateways)
    }

    fn identify(&mut self, asked: gateway::Asked, session: &mut Session) -> Result<Gateway> {
        if let Some((_, gateway)) = self.0.iter().find(|(other, _)| *other == asked) {
            return Ok(gateway.clone());
        }
        let gateway = session.identify_with(|matrix, cx| gateway_choice::identify(&asked, matrix, cx))?;
        self.0.push((asked, gateway.clone()));
        Ok(gateway)
    }
}

/// The plugin in a directory, or those of its workspace.
fn members(args: &BuildArgs, dir: &Path, settings: &Settings, host: &Host, goenv: &GoEnv) -> Result<Vec<Member>> {
    let select = &args.plan.select;
    let project = settings.project();
    // As cargo does: in a directory with a settings file and no plugin, all plugins are built.
    let at_root = project.is_some_and(|(config, file)| {
        names_some(config)
            && file
                .parent()
                .is_some_and(|root| dir.canonicalize().is_ok_and(|dir| dir == root))
            && !is_module(dir)
    });
    let whole = select.workspace || !select.package.is_empty() || !select.exclude.is_empty() || at_root;
    if !whole {
        return Ok(vec![Member::read(dir, project, host, goenv)?]);
    }
    let members = match project {
        Some((config, file)) if names_some(config) || !is_module(dir) => workspace::members(config, file, host, goenv)?,
        // A plugin by itself is a workspace of one.
        _ if is_module(dir) => vec![Member::read(dir, project, host, goenv)?],
        _ => {
            let why = Error::usage(format!("no plugbuild.toml in {} or above it", dir.display()));
            return Err(why.help("name the plugins in one: `[workspace]`, `members = [\"plugins/*\"]`"));
        }
    };
    workspace::select(members, &select.package, &select.exclude)
}

fn names_some(config: &Config) -> bool {
    !config.plugin.is_empty() || !config.workspace.members.is_empty()
}

fn is_module(dir: &Path) -> bool {
    dir.join("go.mod").exists()
}
