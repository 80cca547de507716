//! Project chores: `cargo xtask --help`.

mod bench;
mod dist;
mod docs;
mod matrix;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

/// Project chores.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    Matrix(matrix::Args),
    Bench(bench::Args),
    Dist(dist::Args),
    Docs(docs::Args),
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Matrix(args) => matrix::run(&args, root()),
        Chore::Bench(args) => bench::run(&args, root()),
        Chore::Dist(args) => dist::run(&args, root()),
        Chore::Docs(args) => docs::run(&args, root()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for line in &error.help {
                eprintln!("help: {line}");
            }
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// The project's root folder.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
