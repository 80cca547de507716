//! Everything that is known before anything is written: from the arguments to a plan with its tools.

use std::path::{Path, PathBuf};

use crate::commands::args::BuildArgs;
use crate::commands::build::request::OptionResolver;
use crate::commands::cli::{misspelt_command, no_such_command};
use crate::gateway::facts::Gateway;
use crate::matrix::Matrix;
use crate::modules::align::Means;
use crate::plan::{Job, Output, Plan};
use crate::project::config::{Config, Settings};
use crate::project::go_env::GoEnv;
use crate::project::workspace;
use crate::project::workspace::Member;
use crate::toolchain::Toolchain;
use crate::toolchain::bundle::proxy;
use crate::toolchain::store::{SharedLock, Store};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::{gateway, plan, toolchain};

/// A plan, the tools of each of its jobs, and what they were made from.
pub(crate) struct Planned {
    /// The surroundings, with what the settings files add to them.
    pub(crate) host: Host,
    pub(crate) settings: Settings,
    pub(crate) matrix: Matrix,
    pub(crate) members: Vec<Member>,
    pub(crate) plan: Plan,
    pub(crate) tools: Vec<Toolchain>,
    pub(crate) store: Store,
    /// What could not be planned, with `--keep-going`.
    pub(crate) refused: Vec<(String, Error)>,
    /// Keeps others from sweeping what this run has made.
    pub(crate) hold: Option<SharedLock>,
    /// Whether what fails stops the rest.
    pub(crate) keep_going: bool,
    /// Whether the network is not to be used.
    pub(crate) offline: bool,
}

impl Planned {
    /// What it takes to ask the go command, and to write what it shall read.
    pub(crate) fn means(&self) -> Means<'_> {
        Means {
            matrix: &self.matrix,
            host: &self.host,
            store: &self.store,
        }
    }

    /// The jobs, each with its tools.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = (&Job, &Toolchain)> {
        self.plan.jobs.iter().zip(&self.tools)
    }
}

/// Looks at files and PATH, writes nothing, and tells what is to be warned of.
pub(crate) fn planned(args: &BuildArgs, cx: Context) -> Result<Planned> {
    let (dir, settings) = settings(args, cx)?;
    let warnings = settings.warnings();
    let made = made(args, &dir, settings, cx);
    // Also where no plan comes of it: a key that is misspelt may be why.
    let told = made.as_ref().map_or(&warnings, |planned| &planned.plan.warnings);
    told.iter().for_each(|warning| cx.ui.warn(warning));
    made
}

/// The same once more, elsewhere: the warnings have been told.
pub(crate) fn replanned(args: &BuildArgs, cx: Context) -> Result<Planned> {
    let (dir, settings) = settings(args, cx)?;
    made(args, &dir, settings, cx)
}

fn settings(args: &BuildArgs, cx: Context) -> Result<(PathBuf, Settings)> {
    let dir = cx.host.absolute(&args.plan.path);
    let settings = Settings::read(&dir.canonicalize().unwrap_or(dir.clone()), cx.host)?;
    Ok((dir, settings))
}

fn made(args: &BuildArgs, dir: &Path, settings: Settings, cx: Context) -> Result<Planned> {
    let offline = cx.offline || args.lock.frozen;
    let host = settings.with_mirrors(cx.host);
    let goenv = GoEnv::read(&host)?;
    let members = members(args, dir, &settings, &host, &goenv)?;
    workspace::check(&members)?;
    let matrix = settings.matrix()?;
    if let Some(file) = &args.verify_with {
        gateway::identify(&gateway::Asked::file(file.clone()), &matrix, &host)?;
    }
    let sources = OptionResolver {
        args,
        settings: &settings,
        host: &host,
    };
    if let (Output::File(file), [_, _, ..]) = (sources.output().value, members.as_slice()) {
        return Err(
            Error::usage(format!("{} cannot hold {} plugins", file.display(), members.len()))
                .help("name a folder: `--out-dir DIR`"),
        );
    }
    let mut plan = Plan {
        jobs: Vec::new(),
        warnings: settings.warnings(),
    };
    let mut gateways: Vec<(gateway::Asked, Gateway)> = Vec::new();
    let mut refused = Vec::new();
    for member in &members {
        let request = sources.request(&member.name, &member.config);
        let mut built_for: Vec<Gateway> = Vec::new();
        for asked in sources.asked(&member.config)? {
            let known = gateways.iter().find(|(other, _)| *other == asked);
            let gateway = match known {
                Some((_, gateway)) => gateway.clone(),
                None => gateway::identify(&asked, &matrix, &host)?,
            };
            // `2.12 2.12.1` is one gateway in other words.
            if built_for.iter().any(|other| other.is_same(&gateway)) {
                continue;
            }
            built_for.push(gateway.clone());
            match plan::make(&request, &gateway, &member.plugin, &goenv, &matrix, host.platform) {
                Ok(one) => {
                    plan.jobs.extend(one.jobs);
                    plan.warnings.extend(one.warnings);
                }
                Err(why) if args.work.keep_going => {
                    refused.push((format!("{} for {}", member.name, gateway.label), why))
                }
                Err(why) => return Err(why),
            }
            if known.is_none() {
                gateways.push((asked, gateway));
            }
        }
    }
    plan::check_outputs(&plan.jobs)?;
    let mut said = std::collections::HashSet::new();
    plan.warnings.retain(|warning| said.insert(warning.clone()));
    let store = Store::open(&host)?;
    for job in &mut plan.jobs {
        proxy::without_network(&mut job.env, offline, &host, &store);
    }
    let tools = toolchain::resolve(&plan, &matrix, &host, &store, offline)?;
    Ok(Planned {
        offline,
        settings,
        matrix,
        members,
        plan,
        tools,
        store,
        refused,
        hold: None,
        keep_going: args.work.keep_going,
        host,
    })
}

/// The plugin in a folder, or those of its workspace.
fn members(args: &BuildArgs, dir: &Path, settings: &Settings, host: &Host, goenv: &GoEnv) -> Result<Vec<Member>> {
    let select = &args.plan.select;
    let project = settings.project();
    // As cargo does: where the settings file is and no plugin is, all plugins are meant.
    let at_root = project.is_some_and(|(config, file)| {
        names_some(config)
            && file
                .parent()
                .is_some_and(|root| dir.canonicalize().is_ok_and(|dir| dir == root))
            && !is_module(dir)
    });
    let whole = select.workspace || !select.package.is_empty() || !select.exclude.is_empty() || at_root;
    if !whole {
        let member = Member::read(dir, project, host, goenv);
        return Ok(vec![member.map_err(|why| or_command(why, &args.plan.path, dir))?]);
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

/// A word that is no folder may have been meant as a command.
fn or_command(why: Error, typed: &Path, dir: &Path) -> Error {
    let word = typed.to_str().filter(|_| !dir.exists());
    match word.filter(|word| misspelt_command(word).is_some()) {
        Some(word) => no_such_command(word),
        None => why,
    }
}
