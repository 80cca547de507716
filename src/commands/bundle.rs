//! `plugbuild bundle`: everything that builds need in one file, verified before it is published; and how to install it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::commands::args::{BuildArgs, LockArgs, OutputArgs, PlanArgs, WorkArgs, parse};
use crate::commands::build::jobs::BuildOptions;
use crate::commands::build::plan::{BuildPlan, plan_build, plan_build_quietly};
use crate::commands::build::prepare::{Reuse, prepare};
use crate::commands::build::{dry_run, jobs, locked};
use crate::commands::fetch;
use crate::commands::output::{print_json, print_line, print_path};
use crate::gateway::GatewaySpec;
use crate::matrix::CcKind;
use crate::project::config::Count;
use crate::project::go_env::GoEnv;
use crate::toolchain::bundle::pack::Staged;
use crate::toolchain::bundle::proxy::file_url;
use crate::toolchain::bundle::{BundleManifest, MODULES, SCHEMA_VERSION, TOOLS, Tool, pack, proxy, unpack};
use crate::toolchain::releases;
use crate::toolchain::session::Session;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::zig::Zig;
use crate::toolchain::{gc, zig};
use crate::util::context::Context;
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::fs::{create_dir, remove_tree};
use crate::util::go_flags;
use crate::util::hash::{hex, sha256_of};
use crate::util::host::Host;
use crate::util::ui::{Format, Ui, counted};
use crate::util::version::GatewayVersion;

#[derive(Debug, Clone, Args)]
pub struct BundleArgs {
    #[command(subcommand)]
    pub command: BundleCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum BundleCommand {
    /// Write everything that builds need to one file, and check that it is enough
    Create(Box<CreateArgs>),
    /// Install a bundle's toolchains, zig and modules, for offline builds
    Install(InstallArgs),
    /// List the modules of installed bundles (`toolchain list` lists their tools)
    List,
    /// Remove modules of installed bundles
    Remove {
        /// The name that `list` prints
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// How many test builds run at once [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = parse::<Count>)]
    pub jobs: Option<Count>,
    /// Print what would be fetched and run, without doing it
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct InstallArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

impl BundleArgs {
    pub(crate) fn is_dry(&self) -> bool {
        matches!(&self.command, BundleCommand::Create(args) if args.dry_run)
    }
}

impl From<&CreateArgs> for BuildArgs {
    fn from(args: &CreateArgs) -> Self {
        BuildArgs {
            lock: args.lock.clone(),
            // A bundle is complete, or not written.
            work: WorkArgs {
                jobs: args.jobs,
                keep_going: false,
            },
            dry_run: args.dry_run,
            ..BuildArgs::from(&args.plan)
        }
    }
}

pub(crate) fn run(command: &BundleCommand, cx: Context) -> Result<()> {
    match command {
        BundleCommand::Create(args) => create(args, cx),
        BundleCommand::Install(args) => install(&args.file, cx),
        BundleCommand::List => list(cx),
        BundleCommand::Remove { names } => names.iter().try_for_each(|name| remove(name, cx)),
    }
}

/// A tool of the plan, and its directory.
struct Packed {
    name: &'static str,
    version: String,
    root: PathBuf,
    /// Its path relative to the store.
    place: PathBuf,
}

fn create(args: &CreateArgs, cx: Context) -> Result<()> {
    let spec = |gateway: &GatewaySpec| *gateway == GatewaySpec::Stdin;
    if args.plan.gateway.gateway.iter().any(spec) {
        return Err(
            Error::usage("a bundle is planned more than once, and standard input is read once only")
                .help("write the output of `krakend version` to a file: `--gateway version.txt`"),
        );
    }
    let build = args.into();
    let first = plan_build(&build, cx)?;
    if args.dry_run {
        return dry_run::run(first);
    }
    let place = cx.host.absolute(&args.file);
    let key = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes())[..8]);
    let _lock = first.session.store.lock(&format!("bundle-{key}"), || {
        cx.ui
            .status("waiting", format!("another plugbuild is making {}", place.display()));
    })?;
    let staged = Staged::create(&place)?;
    let stage = first.session.store.stage()?;
    let made = make(first, &build, &staged, stage.path());
    // Its module caches may have read-only directories.
    let _ = remove_tree(stage.path());
    let (tools, count) = made?;
    let sha256 = sha256_of(staged.path())?;
    let size = fs::metadata(staged.path()).map_or(0, |meta| meta.len());
    staged.publish()?;
    let what = tools.iter().map(|tool| format!("{} {}", tool.name, tool.version));
    let what: Vec<String> = what.chain([counted(count, "module")]).collect();
    cx.ui.status(
        "bundled",
        format!("{} in {} MB", what.join(", "), size.div_ceil(1_000_000)),
    );
    cx.ui
        .status("finished", format!("{} (sha256 {sha256})", place.display()));
    match cx.format {
        Format::Human => print_path(&place),
        Format::Json => print_json(&json!({
            "reason": "bundle-created", "file": place, "sha256": sha256, "size": size, "contents": what,
        })),
    }
    Ok(())
}

/// Fetches, collects, writes and verifies it; everything but the final rename.
fn make(first: BuildPlan, args: &BuildArgs, staged: &Staged, stage: &Path) -> Result<(Vec<Tool>, usize)> {
    let args = &BuildArgs {
        to: OutputArgs {
            output: None,
            out_dir: Some(stage.join("out")),
        },
        ..args.clone()
    };
    let first = first.with_tools()?;
    let packed = tools(&first)?;
    locked::check(&first, args)?;
    let count = collect_modules(&first, args, &packed, stage)?;
    let members = stage.join("members");
    let list = BundleManifest {
        schema_version: SCHEMA_VERSION,
        plugbuild: env!("CARGO_PKG_VERSION").to_owned(),
        host: first.session.host.platform.to_string(),
        tools: pack_tools(&packed, &members, &first.session.ui)?,
        members: pack::members(&members)?,
    };
    staged.write(&list, &members)?;
    let _ = remove_tree(&members);
    verify_offline(&first, args, staged.path(), stage)?;
    Ok((list.tools, count))
}

/// Makes every tool available. Go is the one that builds use; zig is the store's, as only that is known to be complete.
fn tools(first: &BuildPlan) -> Result<Vec<Packed>> {
    let Session { host, store, ui, .. } = &first.session;
    let all = || first.units.iter().map(|unit| &unit.toolchain);
    let mut packed: Vec<Packed> = Vec::new();
    for tools in all() {
        let version = tools.go.version.to_string();
        if !packed.iter().any(|known| known.version == version) {
            packed.push(Packed {
                name: "go",
                version,
                root: tools.go.root.clone(),
                place: relative_to_store(store, &store.go(&tools.go.version, host)),
            });
        }
        if tools.cc.kind != CcKind::Zig || tools.cc.zig.is_none() {
            ui.warn(format!(
                "{} is not part of the bundle: the other machine needs it too",
                tools.cc.label
            ));
        }
    }
    if all().any(|tools| tools.cc.zig.is_some()) {
        packed.push(zig_of_store(&first.session)?);
    }
    Ok(packed)
}

fn zig_of_store(session: &Session) -> Result<Packed> {
    let Session {
        matrix, host, store, ..
    } = session;
    let version = matrix.zig().version.clone();
    let place = store.zig(&version, host);
    let program = place.join("zig");
    let zig = Zig {
        state: if program.is_file() {
            State::Ready
        } else {
            State::Missing
        },
        why: String::new(),
        version: version.clone(),
        program,
    };
    zig::ensure(&zig, matrix.zig(), store, session.context())?;
    Ok(Packed {
        name: "zig",
        version,
        place: relative_to_store(store, &place),
        root: place,
    })
}

fn relative_to_store(store: &Store, place: &Path) -> PathBuf {
    store.relative(place).unwrap_or(place).to_owned()
}

/// Fetches the modules of the plan into the user's own cache, with the user's settings; then copies from there what
/// such builds read, and nothing else.
fn collect_modules(first: &BuildPlan, args: &BuildArgs, tools: &[Packed], stage: &Path) -> Result<usize> {
    // A store without earlier builds, so that their results do not replace questions to the go command.
    let root = stage.join("gathering");
    for tool in tools {
        let place = root.join(&tool.place);
        create_dir(place.parent().unwrap_or(&root))?;
        symlink(&tool.root, &place).map_err(|e| Error::io("write", &place, e))?;
    }
    let members = stage.join("members");
    for version in from_their_modules(first) {
        releases::copy(version, &first.session.store, &root)?;
        releases::copy(version, &first.session.store, &members)?;
    }
    let cx = first.session.context();
    let host = with_store(cx.host, &root, &[]);
    let builds = counted(first.units.len(), "build");
    cx.ui.status("fetching", format!("the modules of {builds}"));
    read_modules(args, Context { host: &host, ..cx })?;
    clear_modfiles(&root)?;
    let cache = GoEnv::read(cx.host)?.module_cache;
    let mut env = isolated_caches(cx.host, stage, "gathered")?;
    env.push((
        "GOPROXY",
        format!("{},off", file_url(&cache.join("cache/download"))).into(),
    ));
    env.push(("GOSUMDB", "off".into()));
    env.push(("GONOPROXY", "none".into()));
    let host = with_store(cx.host, &root, &env);
    let ui = cx.ui.muted();
    let muted = Context {
        host: &host,
        ui: &ui,
        offline: false,
        ..cx
    };
    read_modules(args, muted)?;
    proxy::collect(&stage.join("gathered"), &members.join(MODULES))
}

/// The releases of the plan that the matrix does not have.
fn from_their_modules(plan: &BuildPlan) -> BTreeSet<GatewayVersion> {
    let gateways = plan.units.iter().map(|unit| &unit.job.gateway);
    let read = gateways.filter(|gateway| gateway.module_sum.is_some());
    read.filter_map(|gateway| gateway.version).collect()
}

/// Makes the go command read everything that the builds would.
fn read_modules(args: &BuildArgs, cx: Context) -> Result<()> {
    let ready = prepare(plan_build_quietly(args, cx)?, args, Reuse::Nothing)?;
    fetch::modules(&ready, |_| {})
}

/// Removes the go command's earlier results.
fn clear_modfiles(store: &Path) -> Result<()> {
    let copies = store.join("modfiles");
    if copies.exists() { remove_tree(&copies) } else { Ok(()) }
}

/// The environment with another store, whose tools are the only ones, and these variables.
fn with_store(host: &Host, store: &Path, env: &[(&str, OsString)]) -> Host {
    let mut host = host.clone();
    store.clone_into(&mut host.store);
    for named in ["PLUGBUILD_GO", "PLUGBUILD_ZIG"] {
        host.env.remove(std::ffi::OsStr::new(named));
    }
    host.env
        .extend(env.iter().map(|(name, value)| (OsString::from(name), value.clone())));
    host
}

/// Variables for an empty module cache of its own that can be removed again.
fn isolated_caches(host: &Host, stage: &Path, cache: &str) -> Result<Vec<(&'static str, OsString)>> {
    let mut flags = GoEnv::read(host)?.flags;
    flags.push("-modcacherw".to_owned());
    Ok(vec![
        ("GOMODCACHE", stage.join(cache).into()),
        ("GOFLAGS", go_flags::join(&flags).into()),
    ])
}

/// Each tool as an archive.
fn pack_tools(packed: &[Packed], members: &Path, ui: &Ui) -> Result<Vec<Tool>> {
    create_dir(&members.join(TOOLS))?;
    let mut tools = Vec::new();
    for Packed {
        name, version, root, ..
    } in packed
    {
        ui.status("packing", format!("{name} {version}"));
        let file = format!("{TOOLS}/{name}-{version}.tar.gz");
        pack::tool(root, &members.join(&file))?;
        tools.push(Tool {
            name: (*name).to_owned(),
            version: version.clone(),
            file,
        });
    }
    Ok(tools)
}

/// Installs the bundle in an empty store, and builds everything offline with empty caches.
fn verify_offline(first: &BuildPlan, args: &BuildArgs, file: &Path, stage: &Path) -> Result<()> {
    let cx = first.session.context();
    let root = stage.join("site");
    let store = Store::at(&root);
    cx.ui
        .status("verifying", "from what was written alone, without a network");
    unpack::verify(file, cx.host, &store)?.install(&store, |_| {})?;
    let mut env = isolated_caches(cx.host, stage, "modules")?;
    env.push(("GOCACHE", stage.join("cache").into()));
    // A directory that GOPROXY names here does not exist there.
    env.push(("GOPROXY", "off".into()));
    let host = with_store(cx.host, &root, &env);
    let ui = cx.ui.muted();
    let muted = Context {
        host: &host,
        ui: &ui,
        offline: true,
        format: Format::Human,
        dry: false,
    };
    let failed = |why: Error| {
        if why.kind == ErrorKind::Interrupted {
            return why;
        }
        let message = format!("the bundle does not hold all that is needed: {}", why.message);
        Error { message, ..why }
            .help("nothing was written; what it was to be built from is in GOMODCACHE and in the store")
    };
    let plan = plan_build_quietly(args, muted).map_err(failed)?;
    let options = BuildOptions::new(args, &plan).unlisted();
    let ready = prepare(plan, args, Reuse::Nothing).map_err(failed)?;
    jobs::run(&ready.with_ui(*cx.ui), &options).map_err(failed)?;
    Ok(())
}

fn install(file: &Path, cx: Context) -> Result<()> {
    let store = Store::open(cx.host)?;
    let file = cx.host.absolute(file);
    cx.ui.status("checking", file.display());
    let verified = unpack::verify(&file, cx.host, &store)?;
    let installed = verified.install(&store, |what| {
        cx.ui
            .status("waiting", format!("another plugbuild is busy with {what}"));
    })?;
    for one in &installed {
        let verb = if one.known { "found" } else { "installed" };
        cx.ui.status(verb, format!("{}: {}", one.what, one.place.display()));
        if cx.format == Format::Json {
            print_json(&json!({ "reason": verb, "what": one.what, "path": one.place }));
        }
    }
    Ok(())
}

fn list(cx: Context) -> Result<()> {
    let installed = proxy::installed(&Store::open(cx.host)?);
    if installed.is_empty() {
        cx.ui.status("listed", "nothing: no bundle was installed");
    }
    for (name, place) in installed {
        let (count, bytes) = (proxy::count(&place), gc::size(&place));
        match cx.format {
            Format::Json => print_json(&json!({ "name": name, "modules": count, "bytes": bytes, "path": place })),
            Format::Human => print_line(format_args!(
                "{name}  {:>12} {:>9}  {}",
                counted(count, "module"),
                gc::megabytes(bytes),
                place.display()
            )),
        }
    }
    Ok(())
}

fn remove(name: &str, cx: Context) -> Result<()> {
    let store = Store::open(cx.host)?;
    let known = proxy::installed(&store).into_iter().find(|(known, _)| known == name);
    let (_, place) = known.ok_or_else(|| {
        Error::usage(format!("no bundle brought modules called {name}")).help("`plugbuild bundle list` lists what is")
    })?;
    let alone = store.lock_exclusive(|| {
        cx.ui.status("waiting", "another plugbuild is using the store");
    })?;
    gc::remove(&place, &store, &alone)?;
    cx.ui.status("removed", place.display());
    Ok(())
}
