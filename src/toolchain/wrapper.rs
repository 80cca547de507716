//! Small scripts around the C compiler and Go's own tools, generated here and written only when they change.
//!
//! They are called by bare names found on PATH, so that Go's build cache does not depend on the store's path.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::matrix::Quirk;
use crate::plan::path_map::RECORDED_GOROOT;
use crate::toolchain::store::Store;
use crate::util::error::{Error, Result};
use crate::util::hash::hex;
use crate::util::process::quoted;

/// A script by its name on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    pub name: String,
    pub text: String,
}

/// The script for `go build -toolexec`, which wraps Go's own tools. It changes two things that no flag can: the linker
/// gets another GOROOT, and rules given as a flag do not override the go command's own rule for its temporary
/// directory, whose name changes with each build and would end up in a plugin with C code.
pub fn toolexec() -> Wrapper {
    let text = format!(
        r#"#!/bin/sh
# Written by plugbuild; see its ARCHITECTURE.md.
tool=$1
shift
case ${{tool##*/}} in
link)
	for arg do
		shift
		case $arg in
		-X=runtime.defaultGOROOT=*) arg=-X=runtime.defaultGOROOT={RECORDED_GOROOT} ;;
		esac
		set -- "$@" "$arg"
	done
	GOROOT={RECORDED_GOROOT} exec "$tool" "$@"
	;;
compile | asm)
	case "${{tool##*/}} $*" in
	asm\ *-trimpath* | *_cgo_gotypes.go*)
		temporary= take=
		for arg do
			shift
			case $take,$arg in
			take,*) take= temporary=$arg ;;
			,-trimpath=*) [ -z "$temporary" ] || arg="$arg;$temporary" ;;
			,-trimpath) take=take ;;
			esac
			set -- "$@" "$arg"
		done
		;;
	esac
	;;
esac
exec "$tool" "$@"
"#
    );
    Wrapper {
        name: "plugbuild-toolexec".to_owned(),
        text,
    }
}

/// The compiler that is CC (or CXX) of a build.
#[derive(Debug)]
pub struct CompilerCommand<'a> {
    /// The compiler with its fixed arguments.
    pub command: &'a [&'a str],
    pub env: &'a [(&'a str, &'a Path)],
    /// Directories with other names in its output, besides those in `PLUGBUILD_FILE_MAP`.
    pub mapped: &'a [(&'a Path, &'a str)],
    /// They decide what the wrapper drops, adds or refuses.
    pub quirks: &'a [&'a Quirk],
}

fn word(text: &str) -> String {
    quoted(text.as_ref())
}

/// The script that runs it.
pub fn compiler(prefix: &str, compiler: &CompilerCommand<'_>, store: &Store) -> Wrapper {
    let mut text = String::from("#!/bin/sh\n# Written by plugbuild; see its ARCHITECTURE.md.\n");
    for (variable, value) in compiler.env {
        text += &format!("export {variable}={}\n", quoted(value.as_os_str()));
    }
    text += "compiles=\n";
    text += &compiler.arguments();
    text += &compiler.file_map();
    let added = compiler.quirks.iter().flat_map(|q| &q.cc_add).map(String::as_str);
    let fixed: Vec<String> = compiler.command.iter().copied().chain(added).map(word).collect();
    text += &format!("exec {} \"$@\"\n", fixed.join(" "));
    // Its contents determine its name, so that two never compete for one file; the store's path does not, so that Go's
    // build cache stays warm when the store moves.
    let roots = std::iter::once(store.root()).chain(store.shared());
    let key = roots.fold(text.clone(), |key, root| key.replace(&*root.to_string_lossy(), ""));
    let name = format!("{prefix}-{}", hex(&Sha256::digest(key)[..4]));
    Wrapper { name, text }
}

impl CompilerCommand<'_> {
    /// What the quirks refuse and drop of the arguments.
    fn arguments(&self) -> String {
        let mut text = String::new();
        for words in self.quirks.iter().map(|q| &q.cc_fail).filter(|words| !words.is_empty()) {
            // All of them, in any order: a `case` inside a `case`.
            let test = words.iter().rev().fold("exit 1".to_owned(), |inner, w| {
                format!("case \" $* \" in *{}*) {inner} ;; esac", word(&format!(" {w} ")))
            });
            text += &format!("{test}\n");
        }
        text += "for arg do\n\tshift\n\tcase $arg in\n\t-c | -S | -E) compiles=1 ;;\n";
        for drop in self.quirks.iter().flat_map(|q| &q.cc_drop) {
            text += &format!("\t{}) continue ;;\n", word(drop));
        }
        text += "\tesac\n\tset -- \"$@\" \"$arg\"\ndone\n";
        text
    }

    fn file_map(&self) -> String {
        let mut text = String::from(
            "if [ -n \"$compiles\" ]; then
	IFS='
'
	set -f
",
        );
        for (from, to) in self.mapped {
            text += &format!(
                "\tset -- \"$@\" {}\n",
                word(&format!("-ffile-prefix-map={}={to}", from.display()))
            );
        }
        text += "	for map in $PLUGBUILD_FILE_MAP; do
		set -- \"$@\" \"-ffile-prefix-map=$map\"
	done
fi
";
        text
    }
}

impl Wrapper {
    /// Writes the script where builds find it, unless it is there and current.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn write(&self, store: &Store) -> Result<PathBuf> {
        let dir = store.wrappers();
        let path = dir.join(&self.name);
        if fs::read(&path).is_ok_and(|there| there == self.text.as_bytes()) {
            return Ok(path);
        }
        store.ensure_dir(&dir)?;
        let staged = tempfile::NamedTempFile::new_in(&dir).map_err(|e| Error::io("write in", &dir, e))?;
        fs::write(staged.path(), &self.text).map_err(|e| Error::io("write", &path, e))?;
        fs::set_permissions(staged.path(), fs::Permissions::from_mode(0o755))
            .map_err(|e| Error::io("make executable", &path, e))?;
        // Closed before it can be run: a file open for writing cannot be.
        staged
            .into_temp_path()
            .persist(&path)
            .map_err(|e| Error::io("write", &path, e.error))?;
        Ok(path)
    }
}
