//! Reads a bundle: nothing of it becomes visible before every digest is verified, and then all of it.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::matrix::{Release, kept_release};
use crate::toolchain::bundle::{BundleManifest, BundleMember, LIST, RELEASES, proxy};
use crate::toolchain::provenance::{Record, Word};
use crate::toolchain::releases;
use crate::toolchain::store::{Stage, Store, entries};
use crate::toolchain::unpacked::Limits;
use crate::toolchain::{archive, installed_go, zig};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::fs::create_dir;
use crate::util::hash::hex;
use crate::util::host::Host;
use crate::util::process::interrupted;
use crate::util::ui::counted;

/// The size limit of a bundle: the modules of a whole site next to their tools.
const LIMITS: Limits = Limits {
    bytes: 64 << 30,
    entries: 200_000,
};

/// The size limit of a list.
const LIST_LIMIT: u64 = 64 << 20;

/// A bundle that was read and contains what its list says.
#[derive(Debug)]
pub struct Verified {
    stage: Stage,
    pub list: BundleManifest,
    tools: Vec<Staged>,
    releases: Vec<Release>,
}

/// An unpacked tool, and its final path.
#[derive(Debug)]
struct Staged {
    label: String,
    lock: String,
    folder: PathBuf,
    place: PathBuf,
    /// A file that only a complete copy has.
    program: &'static str,
}

/// The result of installing one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// `go 1.25.6`, `23 modules`.
    pub what: String,
    pub place: PathBuf,
    /// It was installed already.
    pub known: bool,
}

/// Reads a bundle into a staging directory of the store and compares everything with its list.
///
/// # Errors
/// Not a bundle, damaged, or with paths outside of itself (exit code 5), or for another plugbuild or machine (2).
pub fn verify(file: &Path, host: &Host, store: &Store) -> Result<Verified> {
    let reader = crate::util::regular_file::open(file)
        .map_err(|e| Error::io("read", file, e).help("give the file that `plugbuild bundle create FILE` wrote"))?;
    let stage = store.stage()?;
    let read = read(BufReader::new(reader), stage.path(), host, store);
    let (list, tools, releases) = read.map_err(|why| match why.kind {
        ErrorKind::Integrity => Error::integrity(format!("the bundle {} is refused: {why}", file.display())).help(
            "nothing was installed: copy it here again, and compare its SHA-256 with what `bundle create` reported",
        ),
        ErrorKind::Usage => Error {
            message: format!("the bundle {} cannot be used here: {why}", file.display()),
            ..why
        },
        _ => why,
    })?;
    Ok(Verified {
        stage,
        list,
        tools,
        releases,
    })
}

type Contents = (BundleManifest, Vec<Staged>, Vec<Release>);

fn read(from: BufReader<File>, stage: &Path, host: &Host, store: &Store) -> Result<Contents> {
    let (mut list, mut begins): (Option<BundleManifest>, bool) = (None, false);
    let mut missing: BTreeMap<String, BundleMember> = BTreeMap::new();
    let no_list = || Error::integrity(format!("it does not begin with a {LIST}"));
    let begun = archive::for_each_entry(from, LIMITS, |entry| {
        let name = String::from_utf8_lossy(&entry.name).escape_debug().to_string();
        if list.is_none() {
            begins = name == LIST;
            if !begins {
                return Err(no_list());
            }
            let parsed = parsed(entry.content, host)?;
            missing = parsed.members.iter().map(|m| (m.file.clone(), m.clone())).collect();
            list = Some(parsed);
            return Ok(());
        }
        let member = missing
            .remove(&name)
            .ok_or_else(|| Error::integrity(format!("{name} is not in its list, or appears twice")))?;
        if entry.kind != tar::EntryType::Regular {
            return Err(Error::integrity(format!("its member {name} is not a file")));
        }
        unpack(entry.content, &member, &stage.join(&name))
    });
    let Some(list) = list else {
        // Anything but a tar gets our own message: the tar crate's quotes the bytes it read.
        return match begun {
            Err(why) if begins || why.kind == ErrorKind::Interrupted => Err(why),
            _ => Err(no_list()),
        };
    };
    begun?;
    if let Some(name) = missing.keys().next() {
        return Err(Error::integrity(format!(
            "it ends before its member {name}; {} are missing",
            missing.len()
        )));
    }
    let tools = unpacked_tools(&list, stage, host, store)?;
    let releases = entries(&stage.join(RELEASES))
        .iter()
        .map(|dir| release(dir))
        .collect::<Result<_>>()?;
    Ok((list, tools, releases))
}

fn release(dir: &Path) -> Result<Release> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    kept_release::read(dir).ok_or_else(|| Error::integrity(format!("what it has as the release {name} is not that")))
}

fn parsed(content: &mut dyn Read, host: &Host) -> Result<BundleManifest> {
    let mut text = String::new();
    let read = content.take(LIST_LIMIT).read_to_string(&mut text);
    read.map_err(|e| Error::integrity(format!("its {LIST} is damaged: {e}")))?;
    let list = BundleManifest::parse(&text)?;
    let here = host.platform.to_string();
    if list.host == here {
        return Ok(list);
    }
    let what = format!("its tools are for {}, and this machine is {here}", list.host);
    Err(Error::usage(what).help(format!(
        "make it on a machine that is {here}: `plugbuild bundle create`"
    )))
}

/// Writes one member and compares it with the list.
fn unpack(entry: &mut dyn Read, member: &BundleMember, to: &Path) -> Result<()> {
    create_dir(to.parent().unwrap_or(to))?;
    let mut file = File::create(to).map_err(|e| Error::io("write", to, e))?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 128 << 10];
    loop {
        if interrupted() {
            return Err(Error::interrupted());
        }
        let read = entry.read(&mut buffer);
        let read = read.map_err(|e| Error::integrity(format!("it ends in the middle of {}: {e}", member.file)))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > member.size {
            break;
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(|e| Error::io("write", to, e))?;
    }
    let have = hex(&hash.finalize());
    if size != member.size || !have.eq_ignore_ascii_case(&member.sha256) {
        return Err(Error::integrity(format!(
            "its member {} is not what its list says: its SHA-256 is {have}, listed is {}",
            member.file, member.sha256
        )));
    }
    Ok(())
}

fn unpacked_tools(list: &BundleManifest, stage: &Path, host: &Host, store: &Store) -> Result<Vec<Staged>> {
    let mut tools = Vec::new();
    for (at, tool) in list.tools.iter().enumerate() {
        let label = format!("{} {}", tool.name, tool.version);
        let packed = stage.join(&tool.file);
        let folder = stage.join(format!("unpacked-{at}"));
        archive::unpack_tar_gz(&packed, &folder)?;
        // It is no longer needed.
        let _ = fs::remove_file(&packed);
        let not_it = || Error::integrity(format!("what it has as {label} is not that"));
        let (lock, place, program) = if tool.name == "go" {
            let version = installed_go::version_unpacked(&folder).filter(|version| version.to_string() == tool.version);
            let version = version.ok_or_else(not_it)?;
            (format!("go-{version}"), store.go(&version, host), "bin/go")
        } else {
            zig::check_unpacked(&folder, &tool.version).map_err(|_| not_it())?;
            (format!("zig-{}", tool.version), store.zig(&tool.version, host), "zig")
        };
        let member = list.members.iter().find(|member| member.file == tool.file);
        let record = Record {
            from: "a bundle".to_owned(),
            sum: format!("sha256:{}", member.map_or("", |member| &member.sha256)),
            word: Word::Bundle,
        };
        record.write(&folder)?;
        tools.push(Staged {
            label,
            lock,
            folder,
            place,
            program,
        });
    }
    Ok(tools)
}

impl Verified {
    /// Moves everything to its final path, each by one rename; existing entries stay, except a damaged tool. `waiting`
    /// gets what another process is busy with.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn install(self, store: &Store, waiting: impl Fn(&str)) -> Result<Vec<Installed>> {
        let mut done = Vec::new();
        for tool in &self.tools {
            let _lock = store.lock(&tool.lock, || waiting(&tool.label))?;
            // The check that builds make: whatever they consider missing is installed.
            let known = tool.place.join(tool.program).is_file();
            if !known {
                store.publish(&tool.folder, &tool.place)?;
            }
            done.push(Installed {
                what: tool.label.clone(),
                place: tool.place.clone(),
                known,
            });
        }
        for release in &self.releases {
            let version = release.version;
            let what = format!("what KrakenD {version} is built with");
            let _lock = store.lock(&releases::lock_name(version), || waiting(&what))?;
            let place = releases::place(version, store);
            let known = kept_release::read(&place).is_some();
            if !known {
                let staged = self.stage.path().join(RELEASES).join(version.to_string());
                store.publish(&staged, &place)?;
            }
            done.push(Installed { what, place, known });
        }
        if let Some(id) = self.list.modules_id() {
            let _lock = store.lock("modules", || waiting("modules"))?;
            let place = proxy::path(&id, store);
            let known = place.is_dir();
            if !known {
                store.publish(&self.stage.path().join("modules"), &place)?;
            }
            let zips = self.list.members.iter().filter(|member| member.file.ends_with(".zip"));
            done.push(Installed {
                what: counted(zips.count(), "module"),
                place,
                known,
            });
        }
        Ok(done)
    }
}
