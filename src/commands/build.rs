//! `plugbuild build`: gateway → plan → tools → build → verify → report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::verify;
use super::{Context, asked, print, print_json};
use crate::align::{self, Means};
use crate::artefact::{self, Artefact};
use crate::cli::{BuildArgs, Format};
use crate::config::Settings;
use crate::error::Result;
use crate::gateway::{self, Gateway};
use crate::gobuild;
use crate::matrix::Matrix;
use crate::plan::targets::Wanted;
use crate::plan::{self, CcWish, Chosen, Job, Output, Plan, Request};
use crate::plugin::Plugin;
use crate::plugin::goenv::GoEnv;
use crate::target::Libc;
use crate::toolchain::store::Store;
use crate::toolchain::{self, Tools};

/// Everything that is known before anything is written.
pub(super) struct Planned {
    pub(super) matrix: Matrix,
    pub(super) plan: Plan,
    pub(super) tools: Vec<Tools>,
    pub(super) store: Store,
}

pub(super) fn run(args: &BuildArgs, cx: Context) -> Result<()> {
    let Planned {
        matrix,
        mut plan,
        mut tools,
        store,
    } = planned(args, cx)?;
    for warning in &plan.warnings {
        cx.ui.warn(warning);
    }
    if args.dry_run {
        dry_run(&plan, &tools, &matrix, &store, cx);
        return Ok(());
    }
    for job in &plan.jobs {
        artefact::check_output(&job.output)?;
    }
    toolchain::ensure(&plan, &mut tools, &matrix, cx.host, &store, cx.offline, cx.ui)?;
    store.sweep();
    align_all(&mut plan, &tools, args.align, &matrix, &store, cx)?;
    for (job, tools) in plan.jobs.iter().zip(&tools) {
        introduce(job, tools, cx);
        let go = gobuild::invocation(job, tools, &matrix, cx.host, &store);
        cx.ui.detail("running", &go);
        let _lock = gobuild::lock(job, &store, cx.ui)?;
        let linked = gobuild::run(job, &go, cx.host, &store, cx.ui)?;
        let verdict = verify::judge_build(&linked, job, args.verify_with.as_deref(), &matrix, &store, cx)?;
        let artefact = artefact::finish(&linked, job, cx.host)?;
        if let Some(verdict) = verdict {
            cx.ui.status("verified", verdict);
        }
        report(job, tools, &artefact, cx);
    }
    Ok(())
}

/// Makes each job build against its gateway's modules, where it would not load otherwise.
pub(super) fn align_all(
    plan: &mut Plan,
    tools: &[Tools],
    mode: align::Mode,
    matrix: &Matrix,
    store: &Store,
    cx: Context,
) -> Result<()> {
    let host = cx.host;
    for (job, tools) in plan.jobs.iter_mut().zip(tools) {
        if cx.offline {
            job.env.insert("GOPROXY".to_owned(), "off".into());
        }
        align::prepare(job, &tools.go, mode, Means { matrix, host, store }, cx.ui)?;
    }
    Ok(())
}

/// From the arguments to a plan with its tools; looks at files and PATH, writes nothing.
pub(super) fn planned(args: &BuildArgs, cx: Context) -> Result<Planned> {
    let dir = cx.host.absolute(&args.path);
    let goenv = GoEnv::read(cx.host)?;
    let plugin = Plugin::read(&dir, cx.host, &goenv)?;
    let settings = Settings::read(&plugin.dir, cx.host)?;
    let matrix = settings.matrix()?;
    let gateway = gateway::identify(
        &asked(&args.gateway, first_libc(args), &settings, cx)?,
        &matrix,
        cx.host,
    )?;
    let request = request(args, &settings, cx)?;
    let plan = plan::make(&request, &gateway, &plugin, &goenv, &matrix, cx.host.platform)?;
    let store = Store::of(cx.host);
    let tools = toolchain::resolve(&plan, &matrix, cx.host, &store, cx.offline)?;
    Ok(Planned {
        matrix,
        plan,
        tools,
        store,
    })
}

/// The libc that was typed, for a gateway that does not say which it runs on.
fn first_libc(args: &BuildArgs) -> Option<Libc> {
    let targets = &args.targets;
    let of_target = targets.target.first().map(|t| t.libc);
    targets.libc.first().copied().or(of_target)
}

fn request(args: &BuildArgs, settings: &Settings, cx: Context) -> Result<Request> {
    let configured = settings.first(|c| Some(c.build.targets.clone()).filter(|t| !t.is_empty()));
    let wanted = Wanted {
        archs: args.targets.arch.clone(),
        libcs: args.targets.libc.clone(),
        targets: args.targets.target.clone(),
        all: args.targets.all_targets,
        configured: configured.map(|(targets, file)| (targets, file.display().to_string())),
    };
    let wish = |text: &std::ffi::OsStr| match text.to_str() {
        Some("auto") => CcWish::Auto,
        Some("zig") => CcWish::Zig,
        Some("gcc") => CcWish::Gcc,
        _ => CcWish::Program(PathBuf::from(text)),
    };
    let cc = match (&args.cc, settings.first(|c| c.build.cc.as_deref())) {
        (Some(cc), _) => Chosen::new(wish(cc), "--cc"),
        (None, Some((cc, file))) => Chosen::new(wish(cc.as_ref()), format!("cc of {}", file.display())),
        (None, None) => Chosen::new(CcWish::Auto, "default"),
    };
    let cc_by_target: BTreeMap<String, PathBuf> = cx
        .host
        .env
        .iter()
        .filter_map(|(name, value)| {
            let triple = name.to_str()?.strip_prefix("CC_")?.to_lowercase();
            Some((triple, PathBuf::from(value)))
        })
        .collect();
    let output = match (
        &args.output,
        &args.out_dir,
        settings.first(|c| c.build.out_dir.as_deref()),
    ) {
        (Some(file), ..) => Output::File(cx.host.absolute(file)),
        (None, Some(dir), _) => Output::Dir(cx.host.absolute(dir)),
        (None, None, Some((dir, file))) => Output::Dir(cx.host.absolute(file.with_file_name("")).join(dir)),
        (None, None, None) => Output::Dir(cx.host.cwd.clone()),
    };
    Ok(Request {
        wanted,
        cc,
        cc_by_target,
        output,
        go_args: args.go_args.clone(),
        align: args.align != align::Mode::Never,
    })
}

/// What was chosen, and why.
fn introduce(job: &Job, tools: &Tools, cx: Context) {
    let Gateway { label, origin, .. } = &job.gateway;
    cx.ui.status("gateway", format!("KrakenD {label}: {origin}"));
    cx.ui
        .status("go", format!("{}, as the gateway: {}", tools.go.version, tools.go.why));
    cx.ui
        .status("target", format!("{}: {}", job.target.value, job.target.why));
    cx.ui.status("cc", format!("{}: {}", tools.cc.label, tools.cc.why));
    if let Some(caution) = tools.cc.caution(job) {
        cx.ui.warn(caution);
    }
    cx.ui.status(
        "building",
        format!("{} ({})", job.plugin.module.path, job.plugin.dir.display()),
    );
}

fn dry_run(plan: &Plan, tools: &[Tools], matrix: &Matrix, store: &Store, cx: Context) {
    let mut told = Vec::new();
    for (job, tools) in plan.jobs.iter().zip(tools) {
        let go = gobuild::invocation(job, tools, matrix, cx.host, store);
        let fetch: Vec<String> = tools.missing().collect();
        if cx.format == Format::Json {
            print_json(&json!({
                "reason": "planned",
                "plugin": job.plugin.module.path,
                "gateway": job.gateway.label,
                "target": job.target.value,
                "go": tools.go.version,
                "cc": tools.cc.label,
                "fetch": fetch,
                "output": job.output,
                "command": {
                    "cwd": go.cwd,
                    "unset": go.unset,
                    "env": go.set.iter().map(|(k, v)| (k, v.to_string_lossy())).collect::<BTreeMap<_, _>>(),
                    "argv": std::iter::once(go.program.as_os_str()).chain(go.args.iter().map(|a| a.as_os_str())).map(|a| a.to_string_lossy()).collect::<Vec<_>>(),
                },
            }));
            continue;
        }
        for item in fetch
            .into_iter()
            .filter(|item| !told.contains(item))
            .collect::<Vec<_>>()
        {
            print(format_args!("# {item}"));
            told.push(item);
        }
        print(format_args!(
            "# {} for KrakenD {} on {}, then finished as {}",
            job.plugin.module.path,
            job.gateway.label,
            job.target.value,
            job.output.display()
        ));
        print(&go);
    }
}

fn report(job: &Job, tools: &Tools, artefact: &Artefact, cx: Context) {
    cx.ui.status("checked", &artefact.checks);
    let fresh = if artefact.fresh { "up to date" } else { "finished" };
    cx.ui
        .status(fresh, format!("{} (sha256 {})", job.output.display(), artefact.sha256));
    match cx.format {
        Format::Human => print(job.output.display()),
        Format::Json => print_json(&json!({
            "reason": "plugin-built",
            "plugin": job.plugin.module.path,
            "gateway": job.gateway.label,
            "target": job.target.value,
            "go": tools.go.version,
            "cc": tools.cc.label,
            "file": job.output,
            "sha256": artefact.sha256,
            "fresh": artefact.fresh,
            "checks": artefact.checks,
        })),
    }
}
