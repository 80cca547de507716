//! The C compiler of a target: zig, a cross gcc, or what the user named; always called through our own wrapper.

use std::path::{Path, PathBuf};

use crate::matrix::{CcKind, Matrix, Quirk, QuirkFacts};
use crate::plan::chosen::Chosen;
use crate::plan::{CcChoice, Job};
use crate::project::trust;
use crate::toolchain::state::State;
use crate::toolchain::store::Store;
use crate::toolchain::wrapper::{CompilerCommand, Wrapper};
use crate::toolchain::zig::Zig;
use crate::toolchain::{wrapper, zig};
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::process::Invocation;
use crate::util::target::{Arch, LibcKind};

/// A target's C compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cc {
    pub kind: CcKind,
    /// zig, or the gcc.
    pub program: PathBuf,
    /// What must be fetched first.
    pub zig: Option<Zig>,
    /// Whether its `-fuse-ld=gold` is GNU gold; checked for a gcc for arm64 only.
    pub gold: Option<bool>,
    /// Not checked yet: a program that a project's file names is run by builds, not by plans.
    pub unasked: bool,
    /// `zig 0.16.0`, `/usr/bin/aarch64-linux-gnu-gcc`.
    pub label: String,
    pub why: String,
}

/// Finds the requested compiler. Writes nothing.
///
/// # Errors
/// A named compiler that does not exist, or no cross gcc under the usual names.
pub fn resolve(job: &Job, matrix: &Matrix, host: &Host, store: &Store, offline: bool) -> Result<Cc> {
    let Chosen { value: wish, why } = &job.cc;
    let by_zig = |why: &str| {
        zig::resolve(matrix.zig(), host, store).map(|zig| Cc {
            kind: CcKind::Zig,
            program: zig.program.clone(),
            gold: None,
            unasked: false,
            label: format!("zig {}", zig.version),
            why: format!("{why}, {}", zig.why),
            zig: Some(zig),
        })
    };
    match wish {
        CcChoice::Zig => by_zig(why),
        CcChoice::Gcc => gcc(job, why, matrix, host),
        CcChoice::Program(program) => {
            let found = host.find(program).ok_or_else(|| {
                Error::tool_missing(format!("the C compiler {} ({why}) does not exist", program.display()))
                    .help("name a program on PATH, or leave it out: zig compiles for every target and is fetched when it is missing")
            })?;
            Ok(from_program(found, job, why.clone(), host))
        }
        CcChoice::Auto => {
            let zig = by_zig("compiles for every target and libc version")?;
            let missing = zig.zig.as_ref().is_some_and(|zig| zig.state == State::Missing);
            if missing && offline {
                // Without a network, an installed gcc is better than a zig that is not.
                return gcc(job, "zig is not installed, and --offline is set", matrix, host).or(Ok(zig));
            }
            Ok(zig)
        }
    }
}

/// Whether a job's C compiler is a program that is only run if the project's file is trusted.
pub fn needs_trust(job: &Job, matrix: &Matrix, host: &Host) -> bool {
    let CcChoice::Program(program) = &job.cc.value else {
        return false;
    };
    job.cc_of_project && !program.to_str().is_some_and(|name| trust::is_usual(name, matrix, host))
}

/// A gcc by the names in the target's row.
///
/// # Errors
/// None of them is on PATH.
pub fn gcc(job: &Job, why: &str, matrix: &Matrix, host: &Host) -> Result<Cc> {
    let row = matrix.target(&job.target.value);
    let platform = host.platform.to_string();
    let names: Vec<&str> = row.gccs(&platform).collect();
    let found = names.iter().find_map(|name| host.find(name)).ok_or_else(|| {
        Error::tool_missing(format!(
            "no gcc for {} on PATH: looked for {}",
            row.triple,
            names.join(", ")
        ))
        .help("leave `--cc` out: zig compiles for every target and is fetched when it is missing")
        .help("or name a compiler: `--cc PROGRAM`")
    })?;
    Ok(from_program(found, job, format!("{why}: on PATH"), host))
}

fn from_program(program: PathBuf, job: &Job, why: String, host: &Host) -> Cc {
    let name = program
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let kind = if name == "zig" || name.starts_with("zig-") {
        CcKind::Zig
    } else {
        CcKind::Gcc
    };
    let arm64 = job.target.value.arch == Arch::Arm64;
    let matters = kind == CcKind::Gcc && arm64;
    let gold = (matters && !job.cc_of_project).then(|| is_gold(&program, host));
    Cc {
        kind,
        label: program.display().to_string(),
        program,
        zig: None,
        unasked: matters && gold.is_none(),
        gold,
        why,
    }
}

/// What Go's linker asks before it links for arm64.
fn is_gold(program: &Path, host: &Host) -> bool {
    let ask = Invocation::new(program, &host.cwd).args(["-fuse-ld=gold", "-Wl,--version"]);
    ask.output(host)
        .is_ok_and(|o| o.status.success() && String::from_utf8_lossy(&o.stdout).contains("GNU gold"))
}

impl Cc {
    /// Runs the compiler to find out what only it knows.
    pub fn ask(&mut self, host: &Host) {
        if std::mem::take(&mut self.unasked) {
            self.gold = Some(is_gold(&self.program, host));
        }
    }

    /// The quirks that apply to this compiler.
    pub fn quirks<'m>(&self, job: &Job, matrix: &'m Matrix) -> Vec<&'m Quirk> {
        matrix.quirks(&QuirkFacts {
            go: &job.gateway.go,
            arch: Some(job.target.value.arch),
            libc: Some(job.target.value.libc.kind),
            cc: Some(self.kind),
            gold: self.gold,
        })
    }

    /// A note on what a plan leaves open until the compiler has been run.
    pub fn not_asked(&self, job: &Job, matrix: &Matrix) -> Option<String> {
        let answered = Cc {
            gold: Some(false),
            ..self.clone()
        };
        let more = answered.quirks(job, matrix) != self.quirks(job, matrix);
        (self.unasked && more).then(|| {
            format!(
                "{} is not run for this: the build asks it whether it has GNU gold, and adds a linker flag if not",
                self.label
            )
        })
    }

    /// The wrappers used as CC and CXX of a build: bare names that contain everything that matters to Go's build cache.
    pub fn wrappers(&self, job: &Job, matrix: &Matrix, store: &Store) -> [Wrapper; 2] {
        let target = &job.target.value;
        let row = matrix.target(target);
        let quirks = self.quirks(job, matrix);
        let program = self.program.to_string_lossy();
        let cache = store.zig_cache();
        let (tag, fixed, env) = match self.kind {
            CcKind::Zig => {
                let tag = format!("{}-{}", self.label, row.zig_target(target.libc.floor));
                let env = vec![
                    ("ZIG_GLOBAL_CACHE_DIR", cache.as_path()),
                    ("ZIG_LOCAL_CACHE_DIR", cache.as_path()),
                ];
                (tag, vec!["-target".to_owned(), row.zig_target(target.libc.floor)], env)
            }
            CcKind::Gcc => {
                let name = self.program.file_name().unwrap_or_default().to_string_lossy();
                (format!("{name}-{}", target.libc.kind), Vec::new(), Vec::new())
            }
        };
        // zig's own headers would put the store's path into a plugin's line tables.
        let own = self.program.canonicalize().unwrap_or_else(|_| self.program.clone());
        let of_zig = own.parent().filter(|_| self.kind == CcKind::Zig);
        let mapped: Vec<(&Path, &str)> = of_zig.map(|dir| (dir, "/usr/lib/zig")).into_iter().collect();
        // The go command splits CC at blanks.
        let tag = tag.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.+".contains(c), "-");
        [("cc", "cc"), ("cxx", "c++")].map(|(short, sub)| {
            let program = if self.kind == CcKind::Gcc && short == "cxx" {
                cxx_of(&program)
            } else {
                program.to_string()
            };
            let mut command = vec![program.as_str()];
            if self.kind == CcKind::Zig {
                command.push(sub);
            }
            command.extend(fixed.iter().map(String::as_str));
            let compiler = CompilerCommand {
                command: &command,
                env: &env,
                mapped: &mapped,
                quirks: &quirks,
            };
            wrapper::compiler(&format!("plugbuild-{short}-{tag}"), &compiler, store)
        })
    }

    /// A warning about what this compiler cannot guarantee.
    pub fn warning(&self, job: &Job) -> Option<String> {
        let target = &job.target.value;
        let glibc = target.libc.kind == LibcKind::Glibc && self.kind == CcKind::Gcc;
        let floor = target.libc.floor.filter(|_| glibc)?;
        Some(format!(
            "{} links against its own glibc; the floor {floor} is checked in the result",
            self.label
        ))
    }
}

/// The C++ compiler next to a C compiler.
fn cxx_of(program: &str) -> String {
    match (program.strip_suffix("gcc"), program.strip_suffix("clang")) {
        (Some(stem), _) => format!("{stem}g++"),
        (_, Some(stem)) => format!("{stem}clang++"),
        _ => program.to_owned(),
    }
}
