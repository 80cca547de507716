//! `cargo xtask matrix`: docs/matrix.md follows the rows of toolchains/.

mod docs;

use std::fs;
use std::path::Path;

use plugbuild::error::{Error, Result};
use plugbuild::matrix::Matrix;

/// Keep what is made from the rows of toolchains/ in step with them
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Say what differs and fail; write nothing
    #[arg(long)]
    check: bool,
    /// Write docs/matrix.md (what is done without --check, too)
    #[arg(long, conflicts_with = "check")]
    write_docs: bool,
}

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let path = root.join("docs/matrix.md");
    let text = docs::render(&Matrix::builtin()?);
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if args.check {
        return Err(
            Error::build("docs/matrix.md is not what the rows of toolchains/ give").help("run `cargo xtask matrix`")
        );
    }
    fs::write(&path, text).map_err(|e| Error::io("write", &path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_are_what_the_rows_give() {
        let args = Args {
            check: true,
            write_docs: false,
        };
        run(&args, crate::root()).unwrap();
    }
}
