//! Fix: the smallest edit of go.mod and go.sum that makes a plugin fit a gateway, and still fit after `go mod tidy`.
//!
//! Found by trial, in a copy: requirements are set to the gateway's versions; if another module requires more, they are
//! replaced; then `go mod tidy` runs on the copy, and what it undoes is replaced too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::matrix::{Matrix, QuirkFacts};
use crate::modules::align::split;
use crate::modules::fix::edit::FileChange;
use crate::modules::fix::edit::Fix;
use crate::modules::go_list::GoList;
use crate::modules::modfile::{ModFile, text};
use crate::modules::{
    Cause, Conflict, GatewayModules, PluginModules, Source, align, conflicts, decide, go_line, go_list, modfile,
};
use crate::plan::Job;
use crate::project::go_mod;
use crate::project::go_mod::Directive;
use crate::toolchain::go::Go;
use crate::toolchain::installed_go;
use crate::toolchain::session::Session;
use crate::toolchain::state::State;
use crate::util::edition;
use crate::util::error::{Error, Result};
use crate::util::process::Invocation;
use crate::util::version::GoVersion;

pub(crate) mod edit;

pub(crate) use crate::modules::fix::edit::Edit;

/// The maximum number of rounds: each replaces what the one before could not change.
const ROUNDS: usize = 6;

/// Finds it. Does not write the user's files.
///
/// # Errors
/// A conflict that no edit resolves, a workspace, or an error of the go command.
pub(crate) fn find(job: &Job, exact: &Go, gateway: &GatewayModules, session: &Session) -> Result<Fix> {
    refuse_workspace(job)?;
    let (program, version) = editor(exact, session)?;
    let _lock = modfile::lock(&job.plugin, &session.store, || {})?;
    let root = &job.plugin.module.root;
    let read = |name: &str| crate::util::regular_file::read_to_string(root.join(name)).unwrap_or_default();
    let own = [read("go.mod"), read("go.sum")];
    // A plugin that cannot be listed as it is may be once it is edited.
    if let Ok(side) = go_list::plugin_modules(job, exact, session) {
        let quirks = session.matrix.quirks(&QuirkFacts::for_go(&gateway.go));
        align::prepare::ensure_available(&decide(&side, gateway, &quirks), job)?;
    }
    let mut edits = Vec::new();
    let readable = readable(&own[0], job, gateway, session, &mut edits);
    let copy = modfile::scratch(&job.plugin, "draft", &[readable, own[1].clone()], &session.store)?;
    let desk = Fixer {
        job,
        gateway,
        session,
        reader: GoList::new(job, &version, program, &session.matrix),
    };
    desk.settle(&copy, &mut edits)?;
    let mut fixed = copy.texts()?;
    // On a second copy: `go mod tidy` may undo an edit, or need what cannot be fetched.
    let tidy = modfile::scratch(&job.plugin, "draft-tidied", &fixed, &session.store)?;
    let known = edits.len();
    let tidied = desk.tidied(&tidy, &mut edits);
    if tidied.is_ok() {
        fixed = tidy.texts()?;
    } else if edits.len() > known {
        let again = modfile::scratch(&job.plugin, "draft", &fixed, &session.store)?;
        desk.edit(&again, &edits[known..])?;
        desk.selection(&again)?;
        fixed = again.texts()?;
    }
    let files = ["go.mod", "go.sum"].into_iter().zip(own).zip(fixed);
    Ok(Fix {
        edits,
        files: files
            .map(|((name, old), new)| FileChange {
                path: root.join(name),
                old,
                new,
            })
            .filter(|file| file.old != file.new)
            .collect(),
        tidied,
    })
}

fn refuse_workspace(job: &Job) -> Result<()> {
    let Some(work) = &job.plugin.work else { return Ok(()) };
    Err(Error::usage(format!(
        "{} decides the versions of several modules, and fix edits one go.mod",
        work.display()
    ))
    .help("fix each module by itself: `GOWORK=off plugbuild fix …`")
    .help("or leave them as they are: `plugbuild build` aligns a workspace, too"))
}

/// The Go that edits go.mod: the gateway's, else the one on this machine.
fn editor(exact: &Go, session: &Session) -> Result<(PathBuf, GoVersion)> {
    if exact.state == State::Ready {
        return Ok((exact.program(), exact.version.clone()));
    }
    installed_go::bootstrap_go(&session.host, &session.store).ok_or_else(|| {
        Error::tool_missing("no Go on this machine to edit go.mod with").help(format!(
            "install the gateway's: `plugbuild toolchain install {}`",
            exact.version
        ))
    })
}

/// A go.mod that the gateway's Go can read: a go line of a newer Go is a syntax error to some, and so is a newer
/// directive.
fn readable(text: &str, job: &Job, gateway: &GatewayModules, session: &Session, edits: &mut Vec<Edit>) -> String {
    let all = go_mod::parse(text);
    // Also if it is a hint only: `go mod tidy` of an old Go refuses any line beyond its own.
    let line = go_line::change(job.plugin.module.go.as_ref(), &gateway.go);
    if let Some(line) = &line {
        edits.push(Edit::GoLine(line.want.clone()));
        let default = |d: &Directive| d.verb == "godebug" && d.words.iter().any(|w| w.starts_with("default="));
        if all.iter().any(default) {
            edits.push(Edit::DropGodebugDefault);
        }
    }
    let quirks = session.matrix.quirks(&QuirkFacts::for_go(&gateway.go));
    let drop: Vec<String> = quirks
        .iter()
        .flat_map(|quirk| quirk.go_mod_drop.iter().cloned())
        .collect();
    edits.extend(all.into_iter().filter(|d| drop.contains(&d.verb)).map(|d| Edit::Drop {
        what: d.words.join(" "),
        verb: d.verb,
    }));
    if edits.is_empty() {
        return text.to_owned();
    }
    let changes = text::Edits {
        go: line.as_ref().map(|line| &line.want),
        drop: &drop,
        ..text::Edits::default()
    };
    text::go_mod(text, &changes, &job.plugin.module.root)
}

struct Fixer<'a> {
    job: &'a Job,
    gateway: &'a GatewayModules,
    session: &'a Session,
    reader: GoList,
}

impl Fixer<'_> {
    fn selection(&self, copy: &ModFile) -> Result<PluginModules> {
        go_list::read(self.job, &self.reader, copy, &self.session.host)
    }

    /// Edits the copy until nothing conflicts.
    fn settle(&self, copy: &ModFile, edits: &mut Vec<Edit>) -> Result<()> {
        let mut tried: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let now = match self.selection(copy) {
                Ok(now) => now,
                Err(why) => {
                    let next = self.raised(why, edits)?;
                    self.edit(copy, &next)?;
                    edits.extend(next);
                    continue;
                }
            };
            let real: Vec<Conflict> = conflicts(&now, self.gateway)
                .into_iter()
                .filter(Conflict::prevents_loading)
                .collect();
            if real.is_empty() {
                return Ok(());
            }
            let mut next = Vec::new();
            for conflict in &real {
                let step = tried.entry(conflict.module.clone()).or_default();
                next.extend(step_of(conflict, *step, now_replaced(&now, conflict), edits)?);
                *step += 1;
            }
            copy.add_sums(
                real.iter()
                    .filter_map(|conflict| sum_lines(&conflict.want, &self.session.matrix)),
            )?;
            self.edit(copy, &next)?;
            edits.extend(next);
        }
        Err(Error::incompatible(format!(
            "no edit of go.mod was found that makes {} fit {}",
            self.job.plugin.module.path,
            edition::title(&self.gateway.label)
        ))
        .help("`plugbuild build` aligns it without an edit"))
    }

    /// For modules that were split, where the older one still holds what the gateway has in the other: a version of it that
    /// gave that up, of the other's name or the newest.
    fn raised(&self, why: Error, before: &[Edit]) -> Result<Vec<Edit>> {
        let mut next = Vec::new();
        for conflict in split::resolved(&split::ambiguous(&why.message), self.gateway) {
            let Source::Published { version, .. } = &conflict.want else {
                continue;
            };
            for query in [version.as_str(), "latest"] {
                let found = self.published(&conflict.module, query)?;
                let edit = found.map(|version| Edit::Require(conflict.module.clone(), version));
                if let Some(edit) = edit.filter(|edit| !before.contains(edit)) {
                    next.push(edit);
                    break;
                }
            }
        }
        match next.is_empty() {
            true => Err(why.help("`plugbuild build` takes the gateway's of the two, without an edit")),
            false => Ok(next),
        }
    }

    /// The version that a query comes to, if there is one.
    fn published(&self, module: &str, query: &str) -> Result<Option<String>> {
        let mut go = Invocation::new(&self.reader.program, &self.session.host.cwd)
            .args(["list", "-mod=mod", "-m", "-f", "{{.Version}}"])
            .arg(format!("{module}@{query}"))
            .env_remove("GOROOT");
        go.env.extend(self.reader.env.clone());
        let output = go.env("GOWORK", "off").output(&self.session.host)?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !version.is_empty()).then_some(version))
    }

    fn edit(&self, copy: &ModFile, edits: &[Edit]) -> Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let args = edits.iter().flat_map(Edit::flags);
        self.run(
            Invocation::new(&self.reader.program, copy.dir())
                .args(["mod", "edit"])
                .args(args)
                .arg(copy.file()),
        )
    }

    /// Makes `go mod tidy` and the edits agree: what it undoes is edited again, until it changes nothing.
    fn tidied(&self, copy: &ModFile, edits: &mut Vec<Edit>) -> Result<()> {
        for _ in 0..ROUNDS {
            self.tidy(copy)?;
            let tidy = copy.texts()?;
            self.settle(copy, edits)?;
            if copy.texts()?[0] == tidy[0] {
                // What listing all modules adds to go.sum is not needed to build.
                return copy.replace(tidy);
            }
        }
        Err(Error::incompatible("`go mod tidy` undoes each edit"))
    }

    fn tidy(&self, copy: &ModFile) -> Result<()> {
        let modfile = format!("-modfile={}", copy.file().display());
        self.run(Invocation::new(&self.reader.program, &self.job.plugin.dir).args(["mod", "tidy", &modfile]))
    }

    fn run(&self, mut go: Invocation) -> Result<()> {
        go.env.extend(self.reader.env.clone());
        let output = go.env_remove("GOROOT").output(&self.session.host)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        Err(Error::build(format!(
            "the go command could not edit the copy of go.mod: {}",
            last.trim()
        )))
    }
}

fn now_replaced(now: &PluginModules, conflict: &Conflict) -> bool {
    now.modules.iter().any(|m| m.path == conflict.module && m.replaced)
}

/// What to try next for a conflict: remove the user's replace, require the gateway's version, and if another module
/// requires more, replace.
fn step_of(conflict: &Conflict, step: usize, replaced: bool, before: &[Edit]) -> Result<Vec<Edit>> {
    let (Source::Published { path, version }, true) =
        (&conflict.want, conflict.can_align() && conflict.cause != Cause::Moved)
    else {
        return Err(Error::incompatible(format!(
            "no edit of go.mod makes this fit: {conflict} ({})",
            match conflict.cause {
                Cause::PluginsOwn => "a module of your own, which the gateway has as published",
                Cause::Moved => "the gateway has these packages in another module",
                _ => "the gateway's own module",
            }
        )));
    };
    let module = conflict.module.clone();
    let dropped = Edit::DropReplace(module.clone());
    let mut edits = Vec::new();
    if replaced && step == 0 {
        edits.push(dropped);
    }
    if *path == module && step == 0 {
        edits.push(Edit::Require(module, version.clone()));
    } else {
        let required = Edit::Require(module.clone(), version.clone());
        let why = match before.contains(&required) {
            true => "something else asks for more",
            false => "the gateway replaces it",
        };
        edits.push(Edit::Replace {
            module,
            to: path.clone(),
            version: version.clone(),
            why,
        });
    }
    Ok(edits)
}

fn sum_lines(source: &Source, matrix: &Matrix) -> Option<String> {
    let Source::Published { path, version } = source else {
        return None;
    };
    matrix.go_sum_lines(path, version)
}
