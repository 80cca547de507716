//! A plugin as far as its verdict needs it, read once from its file.

use crate::binary::buildinfo::BuildInfo;
use crate::binary::go_format::GoFormat;
use crate::binary::image::Image;
use crate::binary::linkage::Form;
use crate::binary::moduledata::ModuleData;
use crate::binary::pkghash::PackageHash;
use crate::binary::{Binary, ldflags, pkghash};
use crate::util::error::{Error, Result};
use crate::util::target::LibcKind;

/// An opened plugin.
#[derive(Debug)]
pub struct PluginBinary<'a> {
    pub binary: &'a Binary,
    /// `None` for Go 1.20 and older.
    pub info: Option<BuildInfo>,
    /// `go1.25.6`, if it is recorded anywhere.
    pub go: Option<String>,
    /// Every package in it, with the hash that `plugin.Open` compares.
    pub packages: Vec<PackageHash<'a>>,
    /// What it registers with the Go runtime.
    pub data: Option<ModuleData<'a>>,
    /// The name in the Go runtime: two plugins with the same path cannot both be loaded.
    pub path: Option<&'a str>,
    /// The libraries it needs.
    pub needed: Vec<&'a str>,
}

impl<'a> PluginBinary<'a> {
    /// Reads the file's contents.
    ///
    /// # Errors
    /// The file is not a Go plugin.
    pub fn read(binary: &'a Binary) -> Result<Self> {
        let image = binary.image();
        let packages: Vec<_> = binary.package_hashes().collect();
        let name = binary.path().display();
        let form = image.form();
        if form != Form::Library {
            return Err(Error::usage(format!("{name} is {form}, not a plugin"))
                .help("the plugin comes first, the gateway after `--gateway`: `plugbuild verify plugin.so --gateway ./krakend`"));
        }
        let info = binary.build_info().ok();
        // A Go whose file format is not verified may keep the hashes elsewhere.
        let proved = info.as_ref().is_none_or(|info| GoFormat::of(&info.go).is_some());
        if packages.is_empty() && proved {
            return Err(Error::usage(format!("{name} is a shared library, but no Go plugin"))
                .help("Go makes plugins with `go build -buildmode=plugin`: `plugbuild build` does it for you"));
        }
        let data = ModuleData::find(image);
        let recorded = data.and_then(|data| packages.iter().find(|package| data.is_of(package.path)));
        let path = recorded
            .map(|package| package.path)
            .or_else(|| plugin_path(image, info.as_ref(), &packages));
        Ok(PluginBinary {
            binary,
            go: info
                .as_ref()
                .map(|info| info.go.clone())
                .or_else(|| binary.go_version()),
            info,
            packages,
            data,
            path,
            needed: image.needed().collect(),
        })
    }

    pub fn image(&self) -> Image<'a> {
        self.binary.image()
    }

    /// The libc it was built for; `None` if it needs neither.
    pub fn libc(&self) -> Option<LibcKind> {
        if self
            .needed
            .iter()
            .any(|lib| *lib == "libc.so" || lib.starts_with("libc.musl-"))
        {
            Some(LibcKind::Musl)
        } else if self.needed.contains(&"libc.so.6") || !self.image().version_needs().is_empty() {
            Some(LibcKind::Glibc)
        } else {
            None
        }
    }

    /// A symbol of its main package.
    pub fn own_symbol(&self, name: &str) -> Option<crate::binary::symbols::Symbol<'a>> {
        let full = format!("{}.{name}", pkghash::escape(self.path?));
        self.image().symbol(full.as_bytes())
    }
}

/// Where it is not recorded: the main package's name among the packages. That is its import path, a generated one for
/// loose files, or the value of `-ldflags=-pluginpath=`. Only the main package has a function `main`.
fn plugin_path<'a>(image: Image<'a>, info: Option<&BuildInfo>, packages: &[PackageHash<'a>]) -> Option<&'a str> {
    let is_main = |path: &str| {
        let main = format!("{}.main", pkghash::escape(path));
        image.symbol(main.as_bytes()).is_some()
    };
    let flags = info.and_then(|info| info.setting("-ldflags")).unwrap_or_default();
    let set = ldflags::words(flags).find_map(|word| word.trim_start_matches('-').strip_prefix("pluginpath="));
    let likely = |path: &str| {
        Some(path) == set || info.is_some_and(|info| info.path == path) || path.starts_with("plugin/unnamed-")
    };
    let (first, others): (Vec<&str>, Vec<&str>) = packages.iter().map(|p| p.path).partition(|path| likely(path));
    first.into_iter().chain(others).find(|path| is_main(path))
}
