//! `plugbuild check`: a plugin's sources against gateways.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::build::assertions::Assertions;
use crate::commands::args::{GatewayArgs, TagsArg, parse};
use crate::commands::gateway_choice::asked;
use crate::commands::output::{print, print_json};
use crate::commands::plugin_context::PluginContext;
use crate::gateway::version_output::parse_libc;
use crate::gateway::{Asked, GatewaySpec, registerer};
use crate::modules::report::{DeclaredBuild, Report, System, Verdict};
use crate::modules::{fix, report};
use crate::project::source::PluginSource;
use crate::util::context::Context;
use crate::util::edition;
use crate::util::error::{Error, Result};
use crate::util::target::{Arch, Libc};
use crate::util::ui::Format;
use crate::util::version::{GoVersion, dotted};

/// Whether a plugin's modules fit a gateway.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The plugin's directory
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The gateway, as for `build` (repeatable); a Go version (1.25.6) means --go, as in `krakend check-plugin`
    #[arg(short, long, value_name = "G", value_parser = parse::<GatewaySpec>)]
    pub gateway: Vec<GatewaySpec>,
    /// The Go version that compiles the plugin, if not plugbuild's
    #[arg(long, value_name = "VERSION", value_parser = parse::<GoVersion>)]
    pub go: Option<GoVersion>,
    /// The libc that the plugin is compiled for: musl, glibc=2.31, GLIBC-2.36_(debian-12)
    #[arg(short, long, value_name = "L")]
    pub libc: Option<String>,
    /// The plugin's go.sum, instead of its directory
    #[arg(short, long, value_name = "FILE", conflicts_with = "path")]
    pub sum: Option<PathBuf>,
    /// Print the commands that make go.mod fit
    #[arg(short = 'f', long)]
    pub commands: bool,
    /// The architecture to list packages for [default: amd64]
    #[arg(short, long, value_name = "A", value_parser = parse::<Arch>)]
    pub arch: Option<Arch>,
    #[command(flatten)]
    pub tags: TagsArg,
}

pub(crate) fn run(args: &CheckArgs, cx: Context) -> Result<()> {
    let path = match &args.sum {
        Some(sum) => dir_of_sum(&cx.host.absolute(sum))?,
        None => args.path.clone(),
    };
    let mut subject = PluginContext::read(&cx.host.absolute(path), args.arch, &args.tags, cx)?;
    let (gateways, go) = understood(args);
    let declared = DeclaredBuild {
        go,
        libc: args.libc.as_deref().map(libc).transpose()?,
    };
    let mut misfits = Vec::new();
    let source = PluginSource::read(&subject.plugin.dir)?;
    let rows = registerer::all();
    for asked in all_asked(gateways, &subject, cx)? {
        let gateway = subject.gateway(&asked)?;
        for note in &gateway.notes {
            cx.ui.verbose("note", note);
        }
        let modules = subject.modules(&gateway)?;
        let plugin = subject.selection(&gateway)?;
        let system = System {
            libc: gateway.libc.map(|libc| libc.kind),
            glibc: gateway.glibc_floor,
        };
        let mut report = report::report(&plugin, &modules, &declared, &system, &subject.session.matrix);
        if report.fits() {
            subject.is_complete(&gateway)?;
        }
        let overlay = match report.aligns_modules() || report.is_for_the_compiler() {
            true => subject.overlay(&gateway, &modules)?,
            false => None,
        };
        if report.is_for_the_compiler()
            && let Some(overlay) = overlay
            && let Some(compiled) = subject.compiles(&gateway, &overlay)?
        {
            report.decided(compiled);
        }
        print_report(&report, cx);
        // The compiler judges the signatures, in a build.
        let assertions = Assertions::new(&source, rows, &gateway)?;
        assertions.warnings.iter().for_each(|warning| cx.ui.warn(warning));
        if args.commands && !report.fits() {
            let (job, go) = subject.job(&gateway)?;
            let fix = fix::find(&job, &go, &modules, &subject.session)?;
            fix.commands(&subject.plugin).iter().for_each(print);
        }
        if !report.fits() {
            misfits.push(report);
        }
    }
    if misfits.is_empty() {
        Ok(())
    } else {
        Err(failed(&misfits))
    }
}

/// The plugin whose go.sum was named.
fn dir_of_sum(sum: &Path) -> Result<PathBuf> {
    let help = "give the plugin's go.sum, or its folder: `plugbuild check PATH`";
    sum.metadata().map_err(|why| Error::io("read", sum, why).help(help))?;
    match sum.file_name() {
        Some(name) if name == "go.sum" => Ok(sum.parent().map(Path::to_owned).unwrap_or_default()),
        _ => Err(Error::usage(format!("{} is not a go.sum", sum.display())).help(help)),
    }
}

/// Tells gateways from Go versions: no gateway with plugins of this kind was ever called 1.x.
fn understood(args: &CheckArgs) -> (Vec<GatewaySpec>, Option<GoVersion>) {
    let mut go = args.go.clone();
    let gateways = args.gateway.iter().filter(|spec| match spec {
        GatewaySpec::Release { numbers, flavour: None } if numbers.len() > 1 && numbers[0] == 1 => {
            let text = dotted(numbers);
            go = text.parse().ok();
            false
        }
        _ => true,
    });
    (gateways.cloned().collect(), go)
}

fn libc(text: &str) -> Result<Libc> {
    match parse_libc(text) {
        Some(libc) => Ok(libc),
        None => text.parse(),
    }
}

fn all_asked(gateways: Vec<GatewaySpec>, subject: &PluginContext, cx: Context) -> Result<Vec<Asked>> {
    let one = |gateway| {
        let given = GatewayArgs { gateway, go: None };
        asked(&given, None, &subject.session.settings, cx)
    };
    if gateways.is_empty() {
        return Ok(vec![one(None)?]);
    }
    gateways.into_iter().map(|gateway| one(Some(gateway))).collect()
}

fn print_report(report: &Report, cx: Context) {
    #[derive(Serialize)]
    struct Event<'a> {
        reason: &'static str,
        #[serde(flatten)]
        report: &'a Report,
    }
    match cx.format {
        Format::Json => print_json(&Event {
            reason: "checked",
            report,
        }),
        Format::Human => print(report),
    }
    for conflict in &report.harmless {
        cx.ui.verbose("harmless", format!("{conflict}: not compiled into both"));
    }
}

fn failed(misfits: &[Report]) -> Error {
    let gateways: Vec<String> = misfits.iter().map(|report| edition::title(&report.gateway)).collect();
    let plugin = &misfits[0].plugin;
    let error = Error::incompatible(format!("{plugin} does not fit {} as it is", gateways.join(", ")));
    if misfits.iter().any(|report| report.verdict == Verdict::DoesNotFit) {
        return error.help("`plugbuild compat` lists the releases it fits");
    }
    error
        .help("`plugbuild build` builds it against the gateway's versions, in a copy of go.mod")
        .help("`plugbuild fix` shows how to bring go.mod itself in line, and `--write` does it")
}

#[cfg(test)]
mod tests {

    use crate::commands::compat::first_release;

    #[test]
    fn a_list_begins_at_a_release_or_the_first_of_its_line() {
        let version = |text: &str| first_release(text).map(|version| version.to_string());
        for (text, want) in [("2", "2.0.0"), ("v2", "2.0.0"), ("2.6", "2.6.0"), ("v2.6.1", "2.6.1")] {
            assert_eq!(version(text).as_deref(), Some(want), "{text}");
        }
        for text in ["", "v", "2.", "2.x", "2.6.1.9", "2.6.1.", "+2.6", "vv2.6", "2.6-rc1"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
