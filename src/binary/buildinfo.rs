//! Go's build information: which Go, which modules, which settings (what `go version -m` prints).

use std::collections::HashMap;

use crate::binary::error::Fault;
use crate::binary::image::Image;
use crate::binary::ldflags;

const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
const HEADER: usize = 32;
/// The header's flag for inline strings, set from Go 1.18 on.
const INLINE: u8 = 2;
/// The go command puts 16 bytes of marker before and after the module text.
const MARKER: usize = 16;

/// The most elements of a module path; further elements of a package path are ignored.
pub(crate) const DEEPEST: usize = 32;

/// One module of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildModule {
    pub path: String,
    /// Empty for a directory that replaces a module; `(devel)` for the main module of a work tree.
    pub version: String,
    /// The `h1:` checksum, if recorded.
    pub checksum: String,
    /// The module that was built instead.
    pub replace: Option<Box<BuildModule>>,
}

impl BuildModule {
    /// The module that was really built: the replacement if there is one.
    pub fn effective(&self) -> &BuildModule {
        self.replace.as_deref().unwrap_or(self)
    }
}

/// What Go recorded about a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// As Go prints it: `go1.19.5`, `go1.22.1 X:loopvar`, `devel go1.27-…`.
    pub go: String,
    /// The main package's import path; `command-line-arguments` if it was built from files.
    pub path: String,
    /// The main module; `None` for a build outside of a module.
    pub main: Option<BuildModule>,
    pub deps: Vec<BuildModule>,
    /// `-tags`, `GOAMD64`, `vcs.revision`…; Go 1.17 and older recorded none.
    pub settings: Vec<(String, String)>,
}

impl BuildInfo {
    /// A recorded setting: `-trimpath`, `GOARCH`…
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The Go version without experiments: `go1.22.1` of `go1.22.1 X:loopvar`.
    pub fn go_release(&self) -> &str {
        self.go.split([' ', '-']).next().unwrap_or_default()
    }

    /// The experiments the toolchain itself was built with, or GOEXPERIMENT set at the build.
    pub fn experiments(&self) -> &str {
        let of_toolchain = self.go.split_once(" X:").map(|(_, list)| list);
        self.setting("GOEXPERIMENT").or(of_toolchain).unwrap_or_default()
    }

    /// The last `-X` value for a variable whose full name ends in `.name`; `None` if there is none or the build did not
    /// record its `-ldflags` (Go 1.17, `-trimpath`).
    pub fn x_value(&self, name: &str) -> Option<&str> {
        let ends = |full: &str| full.rsplit_once('.').is_some_and(|(_, last)| last == name);
        let values = ldflags::x_values(self.setting("-ldflags")?);
        values.filter(|(full, _)| ends(full)).last().map(|(_, value)| value)
    }

    /// A module of the build by its path, the main module included.
    pub fn module(&self, path: &str) -> Option<&BuildModule> {
        self.main.iter().chain(&self.deps).find(|m| m.path == path)
    }

    /// An index of all modules by path, the main module included, for many look-ups.
    pub fn index(&self) -> ModuleIndex<'_> {
        let mut by_path = HashMap::new();
        for module in self.main.iter().chain(&self.deps) {
            by_path.entry(module.path.as_str()).or_insert(module);
        }
        ModuleIndex(by_path)
    }
}

/// The modules of a build by path; the first one wins.
#[derive(Debug, Default)]
pub struct ModuleIndex<'a>(HashMap<&'a str, &'a BuildModule>);

impl<'a> ModuleIndex<'a> {
    pub fn get(&self, path: &str) -> Option<&'a BuildModule> {
        self.0.get(path).copied()
    }

    /// The module of a package: the one with the longest path that is a prefix of the package's.
    pub fn of_package(&self, package: &str) -> Option<&'a BuildModule> {
        let above = package.match_indices('/').map(|(at, _)| &package[..at]);
        let paths: Vec<&str> = above.take(DEEPEST).chain([package]).collect();
        paths.into_iter().rev().find_map(|path| self.get(path))
    }
}

/// Reads the build information of a Go binary.
///
/// # Errors
/// There is none.
pub fn read(image: Image<'_>) -> Result<BuildInfo, Fault> {
    let (go, modules) = strings(image).ok_or(Fault::NotGo)?;
    let mut info = parse(unframed(modules));
    info.go = go.to_owned();
    Ok(info)
}

/// The Go version and the framed module text.
fn strings(image: Image<'_>) -> Option<(&str, &[u8])> {
    match header(image) {
        Some(Header { flags, body, .. }) if flags & INLINE != 0 => {
            let (go, rest) = counted(body)?;
            let modules = counted(rest).map_or(&b""[..], |(text, _)| text);
            Some((std::str::from_utf8(go).ok()?, modules)).filter(|(go, _)| !go.is_empty())
        }
        Some(Header { address, .. }) => {
            // Up to Go 1.17 the header has two pointers to Go strings.
            let text = |at: u64| image.go_bytes(image.pointer(address.checked_add(at)?)?);
            let go = std::str::from_utf8(text(16)?).ok()?;
            Some((go, text(24).unwrap_or_default())).filter(|(go, _)| !go.is_empty())
        }
        None => None,
    }
}

struct Header<'d> {
    address: u64,
    flags: u8,
    body: &'d [u8],
}

/// Looks where Go looks: in the section, else in the writable segments (where older linkers put it).
fn header(image: Image<'_>) -> Option<Header<'_>> {
    let sections = [".go.buildinfo", ".data", ".noptrdata"]
        .into_iter()
        .filter_map(|name| image.section(name))
        .map(|s| (s.address, s.bytes));
    let segments = image
        .segments()
        .filter(|s| s.writable)
        .map(|s| (s.address, image.segment_bytes(s)));
    sections.chain(segments).find_map(|(address, bytes)| {
        let skip = usize::try_from(address.wrapping_neg() % 16).ok()?;
        let aligned = bytes.get(skip..)?;
        let at = skip + 16 * aligned.chunks_exact(16).position(|chunk| chunk.starts_with(MAGIC))?;
        Some(Header {
            address: address.checked_add(at as u64)?,
            flags: *bytes.get(at + 15)?,
            body: bytes.get(at + HEADER..)?,
        })
    })
}

/// A string after its length as a varint, and the rest.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut len = 0u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        len |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let rest = &bytes[at + 1..];
            return rest.split_at_checked(usize::try_from(len).ok()?);
        }
    }
    None
}

fn unframed(modules: &[u8]) -> &str {
    let inner = match modules.len().checked_sub(MARKER) {
        Some(end) if end > MARKER && modules[end - 1] == b'\n' => &modules[MARKER..end],
        _ => &[],
    };
    std::str::from_utf8(inner).unwrap_or_default()
}

/// Parses the module text; unknown lines are ignored.
pub fn parse(text: &str) -> BuildInfo {
    let mut info = BuildInfo::default();
    let mut last_is_main = false;
    for line in text.lines() {
        let Some((kind, rest)) = line.split_once('\t') else {
            continue;
        };
        match kind {
            "path" => info.path = rest.to_owned(),
            "mod" => {
                info.main = Some(module(rest));
                last_is_main = true;
            }
            "dep" => {
                info.deps.push(module(rest));
                last_is_main = false;
            }
            "=>" => {
                let last = if last_is_main {
                    info.main.as_mut()
                } else {
                    info.deps.last_mut()
                };
                if let Some(last) = last {
                    last.replace = Some(Box::new(module(rest)));
                }
            }
            "build" => info.settings.extend(setting(rest)),
            _ => {}
        }
    }
    info
}

fn module(columns: &str) -> BuildModule {
    let mut columns = columns.split('\t').map(str::to_owned);
    let mut next = || columns.next().unwrap_or_default();
    BuildModule {
        path: next(),
        version: next(),
        checksum: next(),
        replace: None,
    }
}

/// `key=value`, either side quoted as in Go source if it holds special characters.
fn setting(text: &str) -> Option<(String, String)> {
    if text.starts_with(['"', '`']) {
        let (key, rest) = unquote(text)?;
        return Some((key, plain_or_quoted(rest.strip_prefix('=')?)));
    }
    let (key, value) = text.split_once('=')?;
    Some((key.to_owned(), plain_or_quoted(value)))
}

fn plain_or_quoted(value: &str) -> String {
    if value.starts_with(['"', '`']) {
        unquote(value).map_or_else(|| value.to_owned(), |(text, _)| text)
    } else {
        value.to_owned()
    }
}

/// A Go string literal at the start of `text`, and the rest.
fn unquote(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((value.to_owned(), rest));
    }
    let body = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((String::from_utf8(bytes).ok()?, &body[at + 1..])),
            '\\' => escape(chars.next()?.1, &mut chars, &mut bytes)?,
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    None
}

/// One escape of a Go string literal, its backslash and first character already read.
fn escape(kind: char, chars: &mut std::str::CharIndices<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let mut number = |first: Option<char>, digits: usize, radix: u32| {
        let digits: String = first
            .into_iter()
            .chain(chars.by_ref().map(|(_, c)| c))
            .take(digits)
            .collect();
        u32::from_str_radix(&digits, radix).ok()
    };
    let simple = match kind {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        '\\' | '"' | '\'' => kind as u8,
        'x' => u8::try_from(number(None, 2, 16)?).ok()?,
        '0'..='7' => u8::try_from(number(Some(kind), 3, 8)?).ok()?,
        'u' | 'U' => {
            let rune = char::from_u32(number(None, if kind == 'u' { 4 } else { 8 }, 16)?)?;
            bytes.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        _ => return None,
    };
    bytes.push(simple);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_text_is_parsed() {
        let text = "path\tgithub.com/krakend/krakend-ce/v2/cmd/krakend-ce\nmod\tgithub.com/krakend/krakend-ce/v2\t(devel)\t\n\
            dep\tgithub.com/a/b\tv1.2.3\th1:x=\ndep\tgithub.com/c/d\tv0.1.0\n=>\tgithub.com/e/f\tv0.2.0\th1:y=\n\
            dep\tgithub.com/c/d/v2\tv2.0.0\t\n=>\t../local\t\t\nbuild\t-compiler=gc\n\
            build\t-ldflags=\"-X a/core.KrakendVersion=2.1.4 -X 'a/core.GlibcVersion=MUSL-1.2.5_(alpine-3.23.0)'\"\n\
            build\t\"odd key\"=`raw`\nnonsense\n";
        let info = parse(text);
        assert_eq!(info.main.as_ref().unwrap().version, "(devel)");
        assert_eq!(info.deps.len(), 3);
        assert_eq!(
            info.module("github.com/c/d").unwrap().effective().path,
            "github.com/e/f"
        );
        assert_eq!(info.module("github.com/c/d/v2").unwrap().effective().version, "");
        let modules = info.index();
        for (package, module) in [
            ("github.com/c/d/v2/x", Some("github.com/c/d/v2")),
            ("github.com/c/d/v2", Some("github.com/c/d/v2")),
            ("github.com/c/d/x/y", Some("github.com/c/d")),
            ("github.com/c/dd", None),
        ] {
            assert_eq!(modules.of_package(package).map(|m| m.path.as_str()), module);
        }
        assert_eq!(info.x_value("KrakendVersion"), Some("2.1.4"));
        assert_eq!(info.x_value("GlibcVersion"), Some("MUSL-1.2.5_(alpine-3.23.0)"));
        assert_eq!(info.x_value("Version"), None);
        assert_eq!(info.setting("odd key"), Some("raw"));
    }

    #[test]
    fn go_literals_are_unquoted() {
        for (text, want) in [
            (r#""a b""#, "a b"),
            (r#""\t\\\"\x41\u00e9\101""#, "\t\\\"A\u{e9}A"),
            ("`a\\b`", "a\\b"),
        ] {
            assert_eq!(unquote(text), Some((want.to_owned(), "")), "{text}");
        }
        for text in ["", "\"", "\"\\", "\"\\x4", "\"\\q\"", "`open"] {
            assert_eq!(unquote(text), None, "{text}");
        }
    }

    #[test]
    fn counted_string_ends_in_bounds() {
        assert_eq!(counted(b"\x02abc"), Some((&b"ab"[..], &b"c"[..])));
        assert_eq!(counted(b"\x05abc"), None);
        assert_eq!(counted(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), None);
        assert_eq!(counted(b""), None);
    }
}
