//! Applies an alignment: lists what the plugin selects, decides, writes the copy, has the go command accept it.

use std::path::PathBuf;

use crate::gateway::facts::file_label;
use crate::matrix::QuirkFacts;
use crate::modules::align::overlay::ModuleOverlay;
use crate::modules::align::split::StandIn;
use crate::modules::align::{Alignment, split};
use crate::modules::go_list::GoList;
use crate::modules::modfile::ModFile;
use crate::modules::modfile::text::Edits;
use crate::modules::{
    BuildList, Cause, Conflict, Decision, GatewayModules, Need, PluginModule, PluginModules, PossibleConflict, Source,
    What, Work, conflicts, decide, go_list, modfile,
};
use crate::plan::Job;
use crate::project::config::tables::Mode;
use crate::project::plugin::{Directives, Plugin};
use crate::toolchain::go::Go;
use crate::toolchain::session::Session;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::module_path::escaped;
use crate::util::ui::{Ui, and_more, counted};
use crate::util::version::GoVersion;

/// Finds what makes a job build against its gateway's modules if it would not load otherwise, and writes the copy of
/// go.mod for it.
///
/// # Errors
/// A conflict that no alignment resolves, or any conflict under [`Mode::Never`]; modules that cannot be listed or
/// fetched.
pub(crate) fn prepare(job: &Job, gateway: &GatewayModules, go: &Go, session: &Session) -> Result<ModuleOverlay> {
    let Session { matrix, store, ui, .. } = session;
    if let Some(flag) = own_modfile(job) {
        // The user then decides which files count, and those are not examined.
        ui.warn(format!(
            "{flag} is set: nothing is compared with the gateway's modules, and nothing aligned"
        ));
        return Ok(ModuleOverlay::default());
    }
    let declared = declared_modules(&job.plugin);
    let quirks = matrix.quirks(&QuirkFacts::for_go(&gateway.go));
    if job.align != Mode::Always && has_no_requirements(&job.plugin, &declared, gateway) {
        // Then go.mod contains as much as the go command could tell.
        let decided = crate::modules::align::from_decision(&declared, gateway, decide(&declared, gateway, &quirks));
        if decided.is_needless() && !go_list::may_need_more(&job.plugin, &gateway.go) {
            return Ok(ModuleOverlay::default());
        }
    }
    let _lock = modfile::lock(&job.plugin, store, || {
        ui.status(
            "waiting",
            format!("another plugbuild is aligning {}", job.plugin.module.path),
        );
    })?;
    let asked = listed(job, go, session)?;
    let side = asked.as_ref().unwrap_or(&declared);
    let decision = decide(side, gateway, &quirks);
    ensure_available(&decision, job)?;
    let need = decision.needs.first().cloned();
    let decided = crate::modules::align::from_decision(side, gateway, decision);
    if asked.is_some() && decided.is_needless() && job.align != Mode::Always {
        return Ok(ModuleOverlay {
            possible_conflicts: decided.possible_conflicts,
            ..ModuleOverlay::default()
        });
    }
    refuse(&decided, job)?;
    refuse_vendor_flag(job)?;
    let aligner = Aligner {
        job,
        gateway,
        session,
        reader: GoList::new(job, &gateway.go, go.program(), matrix),
        declared: &declared,
        asked: asked.as_ref(),
        need,
    };
    aligner.align(decided)
}

/// What the plugin selects as it is; none where the go command cannot say.
fn listed(job: &Job, go: &Go, session: &Session) -> Result<Option<PluginModules>> {
    match go_list::plugin_modules(job, go, session) {
        Ok(side) => {
            side.unlisted().iter().for_each(|why| session.ui.warn(why));
            Ok(Some(side))
        }
        Err(why) if job.align == Mode::Never || go_list::was_given_up(&why) => Err(why),
        // A plugin that cannot be listed as it is may be once it is aligned: a module needs a newer Go, or is gone.
        Err(why) => {
            session.ui.verbose("aligning", format!("as it is, {why}"));
            Ok(None)
        }
    }
}

/// Writes the copy of go.mod that aligns a plugin, and has the go command accept it.
struct Aligner<'a> {
    job: &'a Job,
    gateway: &'a GatewayModules,
    session: &'a Session,
    reader: GoList,
    /// What go.mod itself says.
    declared: &'a PluginModules,
    /// What the go command selects without an alignment, where it can say.
    asked: Option<&'a PluginModules>,
    /// The first thing that the gateway's Go lacks.
    need: Option<Need>,
}

impl Aligner<'_> {
    fn align(&self, mut alignment: Alignment) -> Result<ModuleOverlay> {
        let question = modfile::question(&(&self.job.target.value, self.asked.map(|side| &side.modules)));
        // Each round empties a module that was split and only appeared because of earlier changes.
        let mut copy = loop {
            let copy = self.write(&alignment)?;
            if self.asked.is_some() && copy.is_settled_for(&question) {
                break copy;
            }
            let (aligned, more) = self.read(&copy, &mut alignment);
            if alignment.empty(more) {
                continue;
            }
            let aligned = aligned.map_err(|why| not_listed(why, &alignment, self.need.as_ref(), self.job))?;
            refuse(&alignment, self.job)?;
            if self.asked.is_none() {
                let split = std::mem::take(&mut alignment.moves).into_iter();
                alignment.moves = changes(self.declared, &aligned, self.gateway);
                alignment
                    .moves
                    .extend(split.filter(|conflict| conflict.cause == Cause::Moved));
            }
            break copy;
        };
        copy.mark_current(&question)?;
        Ok(ModuleOverlay {
            possible_conflicts: std::mem::take(&mut alignment.possible_conflicts),
            alignment: Some(alignment),
            copy: Some(copy),
        })
    }

    fn write(&self, alignment: &Alignment) -> Result<ModFile> {
        let Aligner { job, gateway, .. } = self;
        let stand_ins = stand_ins(alignment, job, &gateway.go);
        let edits = Edits {
            go: alignment.go_line.as_ref().map(|line| &line.want),
            drop: &alignment.drop,
            pins: &alignment.pins,
            emptied: &stand_ins,
        };
        // A gateway of the same name for another target may need other edits, and is built for at the same time.
        let label = file_label(&gateway.label);
        let name = format!("for-{label}-{}", modfile::question(&(&job.target.value, &edits)));
        modfile::write(
            &job.plugin,
            &name,
            &edits,
            &alignment.sums(&self.session.matrix),
            &self.session.store,
        )
    }

    /// What the plugin selects by the copy, and what more must be emptied for that. What still conflicts is noted.
    fn read(&self, copy: &ModFile, alignment: &mut Alignment) -> (Result<PluginModules>, Vec<Conflict>) {
        let read = go_list::read(self.job, &self.reader, copy, &self.session.host);
        let more = match &read {
            Ok(aligned) => {
                alignment.remaining = conflicts(aligned, self.gateway)
                    .into_iter()
                    .filter(Conflict::prevents_loading)
                    .collect();
                let split = |conflict: &&Conflict| conflict.cause == Cause::Moved && conflict.can_align();
                alignment.remaining.iter().filter(split).cloned().collect()
            }
            Err(why) => split::resolved(&split::ambiguous(&why.message), self.gateway),
        };
        (read, more)
    }
}

/// The empty modules of an alignment, with the requirements of the modules they stand in for.
fn stand_ins(alignment: &Alignment, job: &Job, go: &GoVersion) -> Vec<StandIn> {
    let cache = job.env.get("GOMODCACHE").map(PathBuf::from).unwrap_or_default();
    let emptied = alignment.moves.iter().filter(|conflict| conflict.cause == Cause::Moved);
    let stand_in = |conflict: &Conflict| {
        let go_mod = match &conflict.have {
            Source::Published { path, version } => {
                let file = format!("cache/download/{}/@v/{}.mod", escaped(path), escaped(version));
                crate::util::regular_file::read_to_string(cache.join(file)).ok()
            }
            Source::Folder(_) => None,
        };
        StandIn::new(&conflict.module, go_mod.as_deref(), go)
    };
    emptied.map(stand_in).collect()
}

fn not_listed(why: Error, alignment: &Alignment, need: Option<&Need>, job: &Job) -> Error {
    match why.kind {
        ErrorKind::Incompatible => helped(why, need, job),
        // Keeps the help that was already found for the go command's output.
        ErrorKind::Build => {
            let said = why.message.clone();
            alignment.explain_failure(why, &said, &job.gateway.label)
        }
        _ => why,
    }
}

/// Whether a plugin has no module but its own, and the gateway does not have that one.
fn has_no_requirements(plugin: &Plugin, declared: &PluginModules, gateway: &GatewayModules) -> bool {
    let alone = declared.modules.len() == 1 && plugin.siblings.is_empty() && plugin.work.is_none();
    alone && gateway.module(&plugin.module.path).is_none()
}

/// A `-modfile` of the user's own, after `--` or in GOFLAGS.
pub(crate) fn own_modfile(job: &Job) -> Option<&str> {
    let in_env = job
        .env
        .get("GOFLAGS")
        .and_then(|flags| flags.to_str())
        .unwrap_or_default();
    let flags = job
        .user_flags
        .iter()
        .map(String::as_str)
        .chain(in_env.split_whitespace());
    flags
        .into_iter()
        .find(|flag| flag.trim_start_matches('-').starts_with("modfile="))
}

/// Fails if the gateway's Go certainly cannot compile the plugin.
pub(crate) fn ensure_available(decision: &Decision, job: &Job) -> Result<()> {
    let lacking: Vec<&Need> = decision.lacking().collect();
    let Some(first) = lacking.first() else {
        return Ok(());
    };
    let list: String = lacking.iter().take(5).map(|need| format!("\n  {need}")).collect();
    let what = format!(
        "{} cannot be built for {}, which is compiled with Go {}:{list}{}",
        job.plugin.module.path,
        job.gateway.title(),
        job.gateway.go,
        and_more(lacking.len().saturating_sub(5))
    );
    Err(helped(Error::incompatible(what), Some(first), job))
}

/// The help for a need.
fn helped(error: Error, need: Option<&Need>, job: &Job) -> Error {
    let error = match need {
        Some(Need {
            what: What::GoLine,
            chain,
            ..
        }) if chain.is_empty() => error
            .help("lower its go line: no copy is made of the modules of a workspace")
            .help("or build the plugin by itself: `GOWORK=off plugbuild …`"),
        Some(Need {
            what: What::Package { package, .. },
            chain,
            ..
        }) if chain.is_empty() => error.help(format!("do without {package}, or take a module that has the same")),
        _ => error.help("take an older version of the module that asks for it"),
    };
    error.help(format!(
        "a gateway with a newer Go than {}: `plugbuild compat` lists them",
        job.gateway.go
    ))
}

fn refuse(alignment: &Alignment, job: &Job) -> Result<()> {
    let plugin = &job.plugin.module.path;
    let label = &job.gateway.label;
    let list = |conflicts: &[Conflict]| conflicts.iter().map(|c| format!("\n  {c}")).collect::<String>();
    if !alignment.remaining.is_empty() {
        let what = format!(
            "{plugin} would not load into {}, and no alignment cures it:{}",
            job.gateway.title(),
            list(&alignment.remaining)
        );
        return Err(Error::incompatible(what).help(format!("see why: `plugbuild check --gateway {label}`")));
    }
    if job.align == Mode::Never && !alignment.moves.is_empty() {
        let what = format!(
            "{plugin} would not load into {}: the gateway has other versions of{}",
            job.gateway.title(),
            list(&alignment.moves)
        );
        return Err(Error::incompatible(what)
            .help("build it against the gateway's versions: leave `--align never` out")
            .help(format!(
                "or bring go.mod in line: `plugbuild fix --write --gateway {label}`"
            )));
    }
    Ok(())
}

fn refuse_vendor_flag(job: &Job) -> Result<()> {
    let Some(flag) = job.user_flags.iter().find(|flag| *flag == "-mod=vendor") else {
        return Ok(());
    };
    let what = format!("`{flag}` holds the plugin to vendor/, whose modules are not the gateway's");
    Err(Error::incompatible(what).help("leave it out: where vendor/ does not fit it is left aside"))
}

/// Reports what was changed for a job, and what is uncertain.
pub(crate) fn report(job: &Job, overlay: &ModuleOverlay, ui: &Ui) {
    for PossibleConflict { module, parent } in &overlay.possible_conflicts {
        ui.warn(format!(
            "{module} may be a part of {parent} in {}, and then conflict: only its file can tell: `--gateway ./krakend`",
            job.gateway.title()
        ));
    }
    let Some(alignment) = &overlay.alignment else {
        return;
    };
    report_moves(&alignment.moves, &job.gateway.title(), ui);
    for aside in &alignment.set_aside {
        ui.warn(format!(
            "the replace of {} by {} gives way to the gateway's {}",
            aside.module,
            aside.replacement.relative_to(&aside.module),
            aside.pinned.relative_to(&aside.module)
        ));
    }
    let Some(line) = &alignment.go_line else { return };
    ui.status(
        "aligned",
        format!("the go line: {} → {}, in the copy that is built", line.have, line.want),
    );
    if line.loop_variables_change {
        ui.warn(format!(
            "before Go 1.22 all rounds of a loop share its variables, and Go {} is what {} is compiled with",
            job.gateway.go,
            job.gateway.title()
        ));
    }
}

fn report_moves(moves: &[Conflict], gateway: &str, ui: &Ui) {
    let shown: Vec<String> = moves.iter().take(3).map(Conflict::to_string).collect();
    match moves.len() {
        0 => ui.verbose("aligned", format!("with {gateway}, which moves nothing")),
        n => ui.status(
            "aligned",
            format!(
                "{} with {gateway}: {}{}",
                counted(n, "module"),
                shown.join(", "),
                and_more(n - shown.len())
            ),
        ),
    }
    moves
        .iter()
        .skip(3)
        .for_each(|conflict| ui.verbose("aligned", conflict));
}

/// What go.mod alone says: enough to decide on if the go command cannot load it.
fn declared_modules(plugin: &Plugin) -> PluginModules {
    let Directives { go_mod, go_work } = &plugin.directives;
    PluginModules {
        module: plugin.module.path.clone(),
        go: plugin.module.go.clone(),
        directives: go_work
            .as_ref()
            .unwrap_or(go_mod)
            .iter()
            .map(|d| d.verb.clone())
            .collect(),
        work: go_work.as_deref().map(Work::from_directives),
        modules: required_modules(plugin),
        // It does not say what its requirements require.
        build_list: BuildList::Unknown {
            why: "only go.mod was read".to_owned(),
        },
        ambiguous: Vec::new(),
        language: None,
        c_code: false,
    }
}

fn required_modules(plugin: &Plugin) -> Vec<PluginModule> {
    let module = |path: &str, source, replaced| PluginModule {
        path: path.to_owned(),
        source,
        replaced,
        go: None,
        packages: Vec::new(),
        chain: vec![path.to_owned()],
        required: true,
        uses: Vec::new(),
    };
    let mut modules = vec![module(
        &plugin.module.path,
        Source::Folder(plugin.module.root.display().to_string()),
        false,
    )];
    for directive in &plugin.directives.go_mod {
        let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
        match (directive.verb.as_str(), words.as_slice()) {
            ("require", [path, version]) => modules.push(module(path, Source::published(path, version), false)),
            ("replace", [path, .., "=>", to, version]) => {
                modules.retain(|m| m.path != *path);
                modules.push(module(path, Source::published(to, version), true));
            }
            ("replace", [path, .., to]) => {
                modules.retain(|m| m.path != *path);
                modules.push(module(path, Source::Folder((*to).to_owned()), true));
            }
            _ => {}
        }
    }
    modules
}

/// The changes between go.mod alone and the aligned build.
fn changes(declared: &PluginModules, aligned: &PluginModules, gateway: &GatewayModules) -> Vec<Conflict> {
    let mut declared = declared.clone();
    for module in &mut declared.modules {
        if let Some(now) = aligned.modules.iter().find(|m| m.path == module.path) {
            module.packages.clone_from(&now.packages);
        }
    }
    conflicts(&declared, gateway)
        .into_iter()
        .filter(Conflict::prevents_loading)
        .collect()
}
