//! The gateway's own module: fetched by the go command, its zip read in place, within limits.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::matrix::module_facts::is_h1;
use crate::matrix::plugin_loader::imports_plugin_loader;
use crate::matrix::sums;
use crate::matrix::upstream::{self, Files, Upstream};
use crate::project::go_env::GoEnv;
use crate::toolchain::module_download::{Downloaded, staged};
use crate::toolchain::{fetch, source};
use crate::util::error::{Error, Result};
use crate::util::go_flags;
use crate::util::host::Host;
use crate::util::process::Invocation;
use crate::util::process::stall::StallTimeout;
use crate::util::version::GatewayVersion;

/// The module of all 2.x releases: only its last element is compared with a version, so it serves older names' too.
pub const MODULE: &str = "github.com/krakend/krakend-ce/v2";

/// The names that the main module had in some 2.x release.
const NAMES: [&str; 3] = [
    MODULE,
    "github.com/krakendio/krakend-ce/v2",
    "github.com/devopsfaith/krakend-ce/v2",
];

/// The limits of the module: those of all releases have 0.2 MB in 150 files.
const ZIP: u64 = 8 << 20;
const ARRIVED: u64 = 64 << 20;
const ENTRIES: usize = 5_000;
const FILE: u64 = 2 << 20;

/// A go command with the user's own settings, in a staging directory.
pub struct Asker<'a> {
    pub go: &'a Path,
    pub stage: &'a Path,
    pub host: &'a Host,
}

/// What a module says of its release.
#[derive(Debug)]
pub struct GatewayModule {
    pub upstream: Upstream,
    pub h1: String,
}

impl Asker<'_> {
    /// Fetches the module of a release and reads it.
    ///
    /// # Errors
    /// It cannot be had (a network error), is not what the checksum database knows or not the gateway's (integrity),
    /// or has nothing that opens plugins (incompatible).
    pub fn module(&self, version: GatewayVersion) -> Result<GatewayModule> {
        let name = format!("{MODULE}@v{version}");
        let output = self.run(&["mod", "download", "-json", &name], &name)?;
        let Downloaded { zip, sum, .. } = Downloaded::parse(&output, &name).map_err(|why| refused(&why))?;
        if !is_h1(&sum) {
            return Err(Error::integrity(format!("the go command gives no sum of {name}")));
        }
        let content = Content::read(&zip, &format!("{name}/"))
            .map_err(|why| Error::integrity(format!("its module {name} cannot be used: {}", why.message)))?;
        if !content.loads_plugins {
            return Err(Error::incompatible(format!(
                "KrakenD {version} loads no Go plugins: no file of its module {name} imports the loader"
            ))
            .help("a release that loads them: `plugbuild gateway list`"));
        }
        let upstream = self
            .upstream(content)
            .map_err(|why| Error::integrity(format!("its module {name} cannot be understood: {}", why.message)))?;
        Ok(GatewayModule { upstream, h1: sum })
    }

    /// The versions of the module that are released, as the user's GOPROXY lists them.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn versions(&self) -> Result<Vec<GatewayVersion>> {
        let output = self.run(&["list", "-m", "-versions", MODULE], MODULE)?;
        if !output.status.success() {
            return Err(refused(String::from_utf8_lossy(&output.stderr).trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let tags = text.split_whitespace().skip(1).filter(|tag| tag.starts_with('v'));
        Ok(tags
            .filter_map(|tag| tag.parse().ok())
            .filter(|version: &GatewayVersion| version.major == 2)
            .collect())
    }

    fn run(&self, args: &[&str], what: &str) -> Result<std::process::Output> {
        let mut flags = GoEnv::read(self.host)?.flags;
        flags.push("-modcacherw".to_owned());
        let command: Invocation = staged(self.go, self.stage, &go_flags::join(&flags)).args(args);
        let patience = fetch::stall_timeout(self.host)?;
        let growth = StallTimeout::of(vec![self.stage.to_owned()], patience).at_most(ARRIVED, what);
        let stopped = || Error::network(format!("nothing arrived for {} s", patience.as_secs()));
        command.output_unless_stalled(self.host, growth)?.ok_or_else(stopped)
    }

    /// Reads the files; go.mod is read by the go command itself.
    fn upstream(&self, content: Content) -> Result<Upstream> {
        let file = self.stage.join("go.mod");
        fs::write(&file, content.go_mod).map_err(|e| Error::io("write", &file, e))?;
        let output = staged(self.go, self.stage, "")
            .args(["mod", "edit", "-json"])
            .arg(&file)
            .output(self.host)?;
        if !output.status.success() {
            return Err(Error::integrity(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        let upstream = upstream::read(&Files {
            go_mod_json: String::from_utf8_lossy(&output.stdout).into_owned(),
            go_sum: content.go_sum,
            makefile: content.makefile,
            dockerfile: content.dockerfile,
            dockerfile_builder_linux: content.dockerfile_builder_linux,
        })?;
        check(&upstream)?;
        Ok(upstream)
    }
}

/// Why the go command gives nothing: an alarm, or an absence.
fn refused(said: &str) -> Error {
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let why = lines.join(" ");
    let why = why
        .trim_start_matches("go: ")
        .trim_start_matches(&format!("module {MODULE}: "));
    match source::is_alarm(why) {
        true => Error::integrity(why)
            .help("nothing was kept: the module is not what the checksum database knows; ask who runs your GOPROXY"),
        false => Error::network(why),
    }
}

/// What has the form of a release's files, and still cannot be one.
fn check(upstream: &Upstream) -> Result<()> {
    if !NAMES.contains(&upstream.main_module.as_str()) {
        return Err(Error::integrity(format!(
            "its go.mod is of the module {}",
            upstream.main_module
        )));
    }
    if upstream.go.is_language() {
        return Err(Error::integrity(format!(
            "its Go {} is a language version, not an exact release",
            upstream.go
        )));
    }
    for ((path, version), (zip, go_mod)) in &upstream.sums {
        let named = |sum: &str| format!("its go.sum has the sum {sum} for {path} {version}");
        if let Some(bad) = [zip, go_mod].into_iter().find(|sum| !is_h1(sum) && sum.as_str() != "-") {
            return Err(Error::integrity(named(bad)));
        }
        let Some(known) = sums::lookup(path, version) else {
            continue;
        };
        if sums::contradict((zip, go_mod), (known.zip.unwrap_or("-"), known.go_mod)) {
            let bad = if known.go_mod == go_mod { zip } else { go_mod };
            return Err(Error::integrity(format!("{}, and another is known", named(bad))));
        }
    }
    Ok(())
}

/// The files of the module that matter.
#[derive(Debug, Default)]
struct Content {
    go_mod: String,
    go_sum: String,
    makefile: String,
    dockerfile: String,
    dockerfile_builder_linux: Option<String>,
    /// Whether a file of the gateway imports lura's loader of plugins.
    loads_plugins: bool,
}

impl Content {
    /// Reads a zip whose files are all below `root`.
    fn read(zip: &Path, root: &str) -> Result<Self> {
        let file = File::open(zip).map_err(|e| Error::io("read", zip, e))?;
        let size = file.metadata().map_err(|e| Error::io("read", zip, e))?.len();
        if size > ZIP {
            return Err(Error::integrity(format!("its zip has more than {} MiB", ZIP >> 20)));
        }
        let mut archive =
            zip::ZipArchive::new(file).map_err(|e| Error::integrity(format!("its zip cannot be read: {e}")))?;
        if archive.len() > ENTRIES {
            return Err(Error::integrity(format!("its zip has more than {ENTRIES} files")));
        }
        let mut content = Content::default();
        let (mut makefile, mut go_mod, mut go_sum) = (None, None, None);
        for at in 0..archive.len() {
            let mut entry = archive
                .by_index(at)
                .map_err(|e| Error::integrity(format!("its zip cannot be read: {e}")))?;
            let Some(name) = entry
                .name()
                .ok()
                .and_then(|name| Some(name.strip_prefix(root)?.to_owned()))
            else {
                continue;
            };
            let place = match name.as_str() {
                "Makefile" => &mut makefile,
                "go.mod" => &mut go_mod,
                "go.sum" => &mut go_sum,
                "Dockerfile-builder-linux" => &mut content.dockerfile_builder_linux,
                "Dockerfile" => {
                    content.dockerfile = text(&mut entry, &name)?;
                    continue;
                }
                source if is_source(source) => {
                    content.loads_plugins |= imports_plugin_loader(&text(&mut entry, &name)?);
                    continue;
                }
                _ => continue,
            };
            *place = Some(text(&mut entry, &name)?);
        }
        let must = |text: Option<String>, name: &str| text.ok_or_else(|| Error::integrity(format!("it has no {name}")));
        content.makefile = must(makefile, "Makefile")?;
        content.go_mod = must(go_mod, "go.mod")?;
        content.go_sum = must(go_sum, "go.sum")?;
        Ok(content)
    }
}

/// One file, whatever length its entry gives.
fn text(entry: &mut impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let read = entry.take(FILE + 1).read_to_end(&mut bytes);
    read.map_err(|e| Error::integrity(format!("its {name} cannot be read: {e}")))?;
    if bytes.len() as u64 > FILE {
        return Err(Error::integrity(format!("its {name} has more than {} MiB", FILE >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| Error::integrity(format!("its {name} is not text")))
}

fn is_source(name: &str) -> bool {
    name.ends_with(".go") && !name.ends_with("_test.go") && !name.contains("testdata/")
}
