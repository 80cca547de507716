//! The modules in a plugin: from its own build information, or for Go 1.20 and older, from the go command's listing of
//! the same build.

use std::path::PathBuf;

use crate::binary::Binary;
use crate::binary::buildinfo::{BuildInfo, BuildModule};
use crate::build::go_command;
use crate::build::unit::ReadyUnit;
use crate::plan::Job;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::process::Invocation;

/// Where the modules were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file itself: it can be checked again.
    BuildInfo,
    GoList,
}

impl Origin {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Origin::BuildInfo => "build information",
            Origin::GoList => "go list",
        }
    }
}

/// The modules of a finished job.
///
/// # Errors
/// The file has no build information and the go command cannot list its packages.
pub(crate) fn read(binary: &Binary, unit: &ReadyUnit, host: &Host) -> Result<(BuildInfo, Origin)> {
    let ReadyUnit { job, toolchain, go, .. } = unit;
    if let Ok(info) = binary.build_info() {
        return Ok((info, Origin::BuildInfo));
    }
    let list = list(go);
    let output = list.output(host)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::build(format!(
            "go list of {} failed: {}",
            job.plugin.module.path,
            said.trim()
        )));
    }
    let sums = crate::util::regular_file::read_to_string(sum_file(job, go)).unwrap_or_default();
    let deps = parse(&String::from_utf8_lossy(&output.stdout), &sums);
    let info = BuildInfo {
        go: format!("go{}", toolchain.go.version),
        path: job.plugin.import_path(),
        deps,
        ..BuildInfo::default()
    };
    Ok((info, Origin::GoList))
}

/// The build's own environment and module flags, to list the modules of its packages.
fn list(go: &Invocation) -> Invocation {
    const TEMPLATE: &str = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{with .Replace}}{{.Path}}\t{{.Version}}{{end}}{{end}}{{end}}";
    go_command::list(go, &["-deps", "-f", TEMPLATE])
}

fn sum_file(job: &Job, go: &Invocation) -> PathBuf {
    let mut args = go.args.iter().filter_map(|arg| arg.to_str());
    let modfile = args.find_map(|arg| arg.strip_prefix("-modfile="));
    modfile.map_or_else(
        || job.plugin.module.root.join("go.sum"),
        |file| PathBuf::from(file).with_extension("sum"),
    )
}

fn parse(listed: &str, sums: &str) -> Vec<BuildModule> {
    let sum = |path: &str, version: &str| {
        let line = format!("{path} {version} ");
        sums.lines()
            .find_map(|l| l.strip_prefix(&line))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let module = |path: &str, version: &str| BuildModule {
        path: path.to_owned(),
        version: version.to_owned(),
        checksum: sum(path, version),
        replace: None,
    };
    let mut lines: Vec<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
        .into_iter()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let (path, version) = (fields.first()?, fields.get(1)?);
            let replace = fields.get(2).filter(|path| !path.is_empty());
            let replace = replace.map(|by| Box::new(module(by, fields.get(3).unwrap_or(&""))));
            Some(BuildModule {
                replace,
                ..module(path, version)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_lists_becomes_the_modules_of_a_build() {
        let listed =
            "\nb.org/y\tv1.2.0\t\n\na.org/x\tv1.0.0\ta.org/fork\tv1.0.1\nb.org/y\tv1.2.0\t\nc.org/z\tv0.0.0\t../z\t\n";
        let sums = "b.org/y v1.2.0 h1:yy=\nb.org/y v1.2.0/go.mod h1:no=\na.org/fork v1.0.1 h1:ff=\n";
        let modules: Vec<String> = parse(listed, sums)
            .iter()
            .map(|m| {
                format!(
                    "{}@{} {} {}",
                    m.path,
                    m.version,
                    m.effective().path,
                    m.effective().checksum
                )
            })
            .collect();
        assert_eq!(
            modules,
            [
                "a.org/x@v1.0.0 a.org/fork h1:ff=",
                "b.org/y@v1.2.0 b.org/y h1:yy=",
                "c.org/z@v0.0.0 ../z "
            ]
        );
    }
}
