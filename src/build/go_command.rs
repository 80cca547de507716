//! The go command of a build, as a value, and related queries. Pure but for the answers.

use std::ffi::OsString;

use crate::build::overlay;
use crate::build::unit::Unit;
use crate::matrix::Matrix;
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::go_list::COMPILED;
use crate::plan::ldflags;
use crate::toolchain::session::Session;
use crate::toolchain::wrapper::toolexec;
use crate::util::error::Result;
use crate::util::host::Host;
use crate::util::process::Invocation;

/// The command that builds a unit with an overlay of its modules.
pub(crate) fn build(unit: &Unit, overlay: &ModuleOverlay, session: &Session) -> Invocation {
    let Unit { job, toolchain, linked } = unit;
    let Session {
        matrix, host, store, ..
    } = session;
    let [cc, cxx] = toolchain.cc.wrappers(job, matrix, store);
    let mut path = OsString::from(&toolchain.wrappers);
    path.push(":");
    path.push(toolchain.go.root.join("bin"));
    if let Some(rest) = host.var("PATH") {
        path.push(":");
        path.push(rest);
    }
    let mut go = Invocation::new(toolchain.go.program(), &job.plugin.dir)
        .arg("build")
        .args(job.force.then_some("-a"))
        .args(overlay.flags())
        .args(&job.flags)
        .arg(format!("-toolexec={}", toolexec().name))
        .args(user_flags(unit, overlay, matrix))
        .args(overlay::flag(job, linked))
        .arg("-o")
        .arg(&linked.path)
        .arg(".")
        .env("CC", cc.name)
        .env("CXX", cxx.name)
        .env("PATH", path)
        // The go command trusts PWD; through a link it would find other directories than those in the rules.
        .env("PWD", &job.plugin.dir)
        .env("PLUGBUILD_FILE_MAP", job.rules.prefix_map(&toolchain.go.root))
        .env_remove("GOROOT")
        .env_remove("GOTOOLDIR");
    go.env.extend(job.env.clone());
    go.env.extend(overlay.env());
    go
}

/// Compiles the packages of a build with its very flags, and links nothing: the build then finds them in Go's cache.
pub(crate) fn compile(build: &Invocation) -> Invocation {
    let mut compile = build.clone();
    compile.args = std::iter::once("list").chain(COMPILED).map(Into::into).collect();
    let mut rest = build.args.iter().skip(1);
    while let Some(arg) = rest.next() {
        match arg.to_str() {
            Some("-o") => _ = rest.next(),
            // It does not exist yet, and only adds a file to the plugin's own package.
            Some(flag) if flag.starts_with(overlay::FLAG) => {}
            _ => compile.args.push(arg.clone()),
        }
    }
    compile
}

/// The build's own environment and module flags, for a query to the go command about its package.
pub(crate) fn list(go: &Invocation, question: &[&str]) -> Invocation {
    let kept = |arg: &&OsString| {
        let text = arg.to_string_lossy();
        ["-mod=", "-modfile=", "-tags=", "-overlay="]
            .iter()
            .any(|flag| text.starts_with(flag))
    };
    let mut list = go.clone();
    list.args = std::iter::once("list")
        .chain(question.iter().copied())
        .map(Into::into)
        .collect();
    list.args.extend(go.args.iter().filter(kept).cloned());
    list.args.push(".".into());
    list
}

/// The query of a [list] in a form that writes nothing: the build next to it may be writing.
pub(crate) fn only_reading(mut list: Invocation) -> Invocation {
    const WRITING: &str = "-mod=mod";
    let goflags = list
        .env
        .get("GOFLAGS")
        .map(|flags| flags.to_string_lossy().into_owned());
    let in_args = |list: &Invocation| list.args.iter().any(|arg| arg.to_string_lossy().starts_with("-mod="));
    if !in_args(&list) && goflags.is_some_and(|flags| flags.contains(WRITING)) {
        list.args.insert(1, WRITING.into());
    }
    for arg in &mut list.args {
        if arg == WRITING {
            *arg = "-mod=readonly".into();
        }
    }
    list
}

/// The files that are compiled for this target with these tags; `None` if the go command fails, as the build then
/// reports the error.
pub(crate) fn files(go: &Invocation, host: &Host) -> Result<Option<Vec<String>>> {
    const TEMPLATE: &str = "{{range .GoFiles}}{{println .}}{{end}}{{range .CgoFiles}}{{println .}}{{end}}";
    let mut list = list(go, &["-f", TEMPLATE]);
    // The overlay does not exist yet: it is made from the answer.
    list.args
        .retain(|arg| !arg.to_string_lossy().starts_with(overlay::FLAG));
    let output = list.output(host)?;
    let files = String::from_utf8_lossy(&output.stdout);
    let files = files.lines().map(str::to_owned).collect();
    Ok(output.status.success().then_some(files))
}

/// The user's flags, with what the linker must know of the C compiler merged into one `-ldflags`.
fn user_flags(unit: &Unit, overlay: &ModuleOverlay, matrix: &Matrix) -> Vec<String> {
    let quirks = unit.toolchain.cc.quirks(&unit.job, matrix);
    let external: Vec<&str> = quirks.iter().flat_map(|q| &q.ext_ldflags).map(String::as_str).collect();
    let mut flags = overlay.user_flags(&unit.job);
    ldflags::add_external(&mut flags, &external);
    flags
}
