//! `plugbuild verify`: reads plugins and a gateway, prints the verdict.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::binary::Binary;
use crate::commands::args::{GatewayArgs, parse};
use crate::commands::build::events::title;
use crate::commands::gateway_choice;
use crate::commands::gateway_choice::{asked, open_file};
use crate::commands::output::{print, print_json};
use crate::gateway::facts::Gateway;
use crate::matrix::Matrix;
use crate::plan::Job;
use crate::project::config::Settings;
use crate::toolchain::gateway_archive::Had;
use crate::toolchain::gateway_archive::Wanted;
use crate::toolchain::session::Session;
use crate::toolchain::store::Store;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::quoted;
use crate::util::target::{Arch, Libc, LibcKind, Target};
use crate::util::ui::{Format, counted};
use crate::util::version::GatewayVersion;
use crate::verify;
use crate::verify::finding::{Diagnostic, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::plugin::PluginBinary;
use crate::verify::{LoadOutcome, Verdict, render};

/// Which plugins against which gateway.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The plugins, in the order the gateway loads them
    #[arg(required = true, value_name = "PLUGIN.so")]
    pub plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// The libc the gateway runs on, if its binary does not show it: musl, glibc=2.31
    #[arg(short, long, value_name = "L", value_parser = parse::<Libc>)]
    pub libc: Option<Libc>,
    /// The gateway's architecture, if only its release is given
    #[arg(short, long, value_name = "A", value_parser = parse::<Arch>)]
    pub arch: Option<Arch>,
    /// Download the release's official gateway, and compare with it
    #[arg(long)]
    pub official: bool,
}

pub(crate) fn run(args: &VerifyArgs, cx: Context) -> Result<()> {
    let settings = Settings::read(&cx.host.cwd, cx.host)?;
    let host = settings.with_mirrors(cx.host);
    let cx = Context { host: &host, ..cx };
    let mut matrix = gateway_choice::matrix(&settings, cx)?;
    let asked = asked(&args.gateway, args.libc, &settings, cx)?;
    let (gateway, opened) = gateway_choice::open(&asked, &mut matrix, cx)?;
    let open = |file| {
        Binary::open(file).map_err(|e| e.help_if_none("give the .so that `plugbuild` built, such as plugins/*.so"))
    };
    let binaries = args.plugins.iter().map(open).collect::<Result<Vec<_>>>()?;
    let plugins = binaries.iter().map(PluginBinary::read).collect::<Result<Vec<_>>>()?;
    let (gateway, file, official) = if args.official {
        let target = official_target(args, &gateway, plugins.first(), cx.host.platform.arch);
        let had = official_gateway(official_version(&gateway)?, &target, &settings, &matrix, cx)?;
        let (gateway, file) = open_file(&had.file, &matrix, cx)?;
        (gateway, file, Some(had.record))
    } else {
        (gateway, opened, None)
    };
    let typed = typed(&gateway);
    let mut against = match &file {
        Some(file) => LoadTarget::file(&gateway, file, args.libc, typed)?,
        None => LoadTarget::known(&gateway, &matrix, args.libc, args.arch, typed)?,
    };
    against.official = official;
    check_asked(args, &against)?;
    let verdicts = verify::judge(&plugins, &against);
    report(&verdicts, &against, cx);
    failed(&verdicts).map_or(Ok(()), Err)
}

/// A gateway's file decides: another architecture or libc was given for another gateway.
fn check_asked(args: &VerifyArgs, against: &LoadTarget<'_>) -> Result<()> {
    let Some(file) = &against.file else { return Ok(()) };
    let contradicts = |flag: &str, asked: String, own: String| {
        let place = file.binary.path().display();
        Error::usage(format!(
            "`{flag} {asked}` contradicts the gateway's file: {place} is for {own}"
        ))
        .help(format!("leave `{flag}` out, or give the gateway for {asked}"))
    };
    match (args.arch.zip(against.arch), args.libc.zip(against.system.kind)) {
        (Some((asked, own)), _) if asked != own => Err(contradicts("--arch", asked.to_string(), own.to_string())),
        (_, Some((asked, own))) if asked.kind != own => Err(contradicts("--libc", asked.to_string(), own.to_string())),
        _ => Ok(()),
    }
}

/// The release of `--official`.
fn official_version(gateway: &Gateway) -> Result<GatewayVersion> {
    gateway.release().ok_or_else(|| {
        let what = format!(
            "--official takes a Community release; the gateway is {}",
            gateway.title()
        );
        Error::usage(what).help("name one: `--gateway 2.12.1 --official`")
    })
}

/// The target of `--official`: the requested one, else that of the first plugin.
fn official_target(args: &VerifyArgs, gateway: &Gateway, first: Option<&PluginBinary<'_>>, host: Arch) -> Target {
    let arch = args.arch.or_else(|| first.map(|plugin| plugin.image().arch()));
    let libc = args.libc.or(gateway.libc).map(|libc| libc.kind);
    let kind = libc.or_else(|| first.and_then(PluginBinary::libc));
    Target::new(arch.unwrap_or(host), kind.unwrap_or(LibcKind::Musl))
}

/// Makes a release's own gateway available in the store, as the project's lock pins it.
pub(crate) fn official_gateway(
    version: GatewayVersion,
    target: &Target,
    settings: &Settings,
    matrix: &Matrix,
    cx: Context,
) -> Result<Had> {
    let lock = crate::commands::build::locked::project_lock(settings, cx.host)?;
    let mut wanted = Wanted::new(version, target);
    let key = wanted.key();
    wanted.locked = lock.archive_checksum(&key);
    wanted.ensure(matrix, &Store::open(cx.host)?, cx)
}

/// Predicts for a build what `verify` reports on its result.
pub(crate) struct Judge<'a> {
    /// `--verify-with`.
    pub(crate) with: Option<&'a Path>,
    pub(crate) session: &'a Session,
}

impl Judge<'_> {
    /// Judges what a job has linked, as `verify` does: against a gateway's file if one is known (`--verify-with`, the
    /// gateway that was built for, the release's own one in the store), else against what is known of the gateway.
    /// Returns what was compared with a file; warnings go to `say`.
    ///
    /// # Errors
    /// The gateway will not load it; the findings have been reported.
    pub(crate) fn judge(
        &self,
        linked: &Binary,
        job: &Job,
        known: bool,
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<String>> {
        let Session { matrix, store, .. } = self.session;
        let (gateway, opened) = self.gateway(job)?;
        // What is known of a gateway without its file is the same each time.
        if opened.is_none() && known {
            return Ok(None);
        }
        let target = job.target.value;
        let against = match &opened {
            Some(file) => LoadTarget::file(&gateway, file, Some(target.libc), typed(&gateway))?,
            None => LoadTarget::known(&gateway, matrix, Some(target.libc), Some(target.arch), typed(&gateway))?,
        };
        let mut verdicts = verify::judge(&[PluginBinary::read(linked)?], &against);
        // A file on its way to a release directory is in the store, under a name that nobody knows.
        let name = match job.output.starts_with(store.root()) {
            true => title(job).into(),
            false => job.output.clone(),
        };
        verdicts.iter_mut().for_each(|verdict| verdict.plugin.clone_from(&name));
        if let Some(error) = failed(&verdicts) {
            say(render::human(&verdicts, &against).trim_end());
            return Err(error);
        }
        let Some(file) = &opened else {
            link_warnings(&verdicts).for_each(|warning| say(&warning));
            return Ok(None);
        };
        let compared = verdicts.first().and_then(|verdict| verdict.shared).unwrap_or_default();
        let answer = verdicts.first().map_or(LoadOutcome::CantTell, |verdict| verdict.answer);
        if answer == LoadOutcome::CantTell {
            say(&format!("warning: {}", render::human(&verdicts, &against).trim_end()));
        }
        let outcome = match answer {
            LoadOutcome::WillLoad => verdicts.first().map_or("will load", Verdict::words),
            _ => "can't tell whether it loads",
        };
        Ok(Some(format!(
            "{outcome} in {}: {} of both with the same hash",
            file.path().display(),
            counted(compared, "package")
        )))
    }

    /// The gateway to judge by, and its file where one is known.
    fn gateway(&self, job: &Job) -> Result<(Gateway, Option<Binary>)> {
        let Session { matrix, store, .. } = self.session;
        let cx = self.session.context();
        let official = job
            .gateway
            .version
            .and_then(|version| Wanted::new(version, &job.target.value).in_store(store));
        match (self.with, &job.gateway.binary, official) {
            (Some(file), ..) => open_file(&cx.host.absolute(file), matrix, cx),
            (None, Some(file), _) => Ok((job.gateway.clone(), Some(Binary::open(file)?))),
            (None, None, Some(had)) => open_file(&had.file, matrix, cx),
            (None, None, None) => Ok((job.gateway.clone(), None)),
        }
    }
}

/// Warnings about linking; what Go itself compares was reported when it was planned.
fn link_warnings(verdicts: &[Verdict]) -> impl Iterator<Item = String> {
    let findings = verdicts.iter().flat_map(|verdict| &verdict.findings);
    findings
        .filter(|finding| finding.stage == Stage::Link)
        .map(|Diagnostic { id, what, help, .. }| format!("warning: {id}: {what}\nhelp: {help}"))
}

/// What names this gateway on a command line.
pub(crate) fn typed(gateway: &Gateway) -> String {
    match &gateway.binary {
        Some(path) => format!("--gateway {}", quoted(path.as_os_str())),
        None if gateway.own_go.is_some() => format!("--gateway {} --go {}", gateway.label, gateway.go),
        None if gateway.release().is_some() => format!("--gateway {}", gateway.label),
        None => format!("--go {}", gateway.go),
    }
}

fn report(verdicts: &[Verdict], against: &LoadTarget<'_>, cx: Context) {
    match cx.format {
        Format::Human => print(render::human(verdicts, against).trim_end()),
        Format::Json => print_json(&render::json(verdicts, against)),
    }
    if cx.host.switch("GITHUB_ACTIONS") {
        for line in render::github(verdicts) {
            cx.ui.annotate(&line);
        }
    }
}

fn failed(verdicts: &[Verdict]) -> Option<Error> {
    let bad: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.answer == LoadOutcome::WillNotLoad)
        .map(|verdict| verdict.plugin.display().to_string())
        .collect();
    (!bad.is_empty()).then(|| Error::incompatible(format!("the gateway will not load {}", bad.join(", "))))
}
