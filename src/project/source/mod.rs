//! The declarations of a plugin's package: variables, functions and methods, from its source text.

pub mod language;
pub mod misplaced;
pub mod package_dirs;
pub mod registered_names;
pub mod lexer;

use std::fs;
use std::path::{Path, PathBuf};

use crate::gateway::registerer::Registerer;
use crate::project::source::lexer::{Token, TokenKind, tokens};
use crate::util::error::{Error, Result};

/// The top-level declarations of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginSource {
    pub(crate) declarations: Vec<Declaration>,
    /// The files of package main, also without declarations, and whether constraints may exclude each.
    mains: Vec<(PathBuf, bool)>,
}

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) what: DeclKind,
    pub(crate) package: String,
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// Whether its file may be excluded by constraints, which are not evaluated here.
    pub(crate) constrained: bool,
    /// The rest: type and value, or parameters and body.
    pub(crate) tokens: Vec<Token>,
}

/// The position of a declaration.
pub(crate) struct Declared<'a> {
    pub(crate) package: &'a str,
    pub(crate) file: &'a Path,
    pub(crate) line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeclKind {
    Var,
    Const,
    Type,
    Func,
    /// A method with its receiver's tokens.
    Method(Vec<Token>),
}

impl PluginSource {
    /// Reads the Go files of a directory, except tests.
    ///
    /// # Errors
    /// The directory or a file cannot be read.
    pub fn read(dir: &Path) -> Result<PluginSource> {
        let entries = fs::read_dir(dir).map_err(|e| Error::io("read", dir, e))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| is_source(file))
            .collect();
        files.sort();
        let mut source = PluginSource::default();
        for file in files {
            let bytes = crate::util::regular_file::read(&file).map_err(|e| Error::io("read", &file, e))?;
            source.add(&file, &String::from_utf8_lossy(&bytes));
        }
        Ok(source)
    }

    /// Adds the declarations of a file.
    pub(crate) fn add(&mut self, file: &Path, text: &str) {
        let tokens = tokens(text);
        let package = match tokens.as_slice() {
            [first, name, ..] if first.name() == Some("package") => name.name().unwrap_or_default().to_owned(),
            _ => return,
        };
        let constrained = is_constrained(file, text);
        if package == "main" {
            self.mains.push((file.to_owned(), constrained));
        }
        let mut at = 2;
        while let Some(token) = tokens.get(at) {
            let declared = match token.name() {
                Some("var") => specs(&tokens, at + 1, &DeclKind::Var),
                Some("const") => specs(&tokens, at + 1, &DeclKind::Const),
                Some("type") => specs(&tokens, at + 1, &DeclKind::Type),
                Some("func") => function(&tokens, at + 1),
                _ => (Vec::new(), statement(&tokens, at, at)),
            };
            let (found, next) = declared;
            for (name, what, line, tokens) in found {
                self.declarations.push(Declaration {
                    name,
                    what,
                    package: package.clone(),
                    file: file.to_owned(),
                    line,
                    constrained,
                    tokens,
                });
            }
            at = next.max(at + 1);
        }
    }

    /// The declaration of a variable, in any package.
    pub(crate) fn variable(&self, name: &str) -> Option<Declared<'_>> {
        let found = self
            .declarations
            .iter()
            .find(|d| d.name == name && d.what == DeclKind::Var)?;
        Some(Declared {
            package: &found.package,
            file: &found.file,
            line: found.line,
        })
    }

    /// Whether package main has a variable of this name.
    pub fn exports(&self, symbol: &str) -> bool {
        self.main().any(|d| d.name == symbol && d.what == DeclKind::Var)
    }

    /// Whether a symbol that gateways look up is in a file that constraints may exclude.
    pub fn has_conditional(&self, rows: &[Registerer]) -> bool {
        let is_of = |row: &Registerer, name: &str| {
            row.symbol == name || row.method == name || row.optional.iter().any(|optional| optional.method == name)
        };
        self.main()
            .any(|d| d.constrained && rows.iter().any(|row| is_of(row, &d.name)))
    }

    /// Keeps only the compiled files among those with constraints. If none is compiled, nothing is known.
    pub fn settle(&mut self, compiled: &[String]) {
        if compiled.is_empty() {
            return;
        }
        let settled = |file: &Path, constrained: &mut bool| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            !std::mem::take(constrained) || compiled.iter().any(|file| *file == name)
        };
        self.declarations.retain_mut(|d| settled(&d.file, &mut d.constrained));
        self.mains.retain_mut(|(file, constrained)| settled(file, constrained));
    }

    /// Whether there is a package main.
    pub fn has_main(&self) -> bool {
        !self.mains.is_empty()
    }

    pub(crate) fn main(&self) -> impl Iterator<Item = &Declaration> {
        self.declarations.iter().filter(|d| d.package == "main")
    }
}

type Found = Vec<(String, DeclKind, usize, Vec<Token>)>;

/// Parses `X T = v` or `( X = 1; Y = 2 )`, after the keyword.
fn specs(tokens: &[Token], start: usize, what: &DeclKind) -> (Found, usize) {
    let mut found = Found::new();
    if !tokens.get(start).is_some_and(|token| token.is('(')) {
        let end = statement(tokens, start, start);
        found.extend(spec(&tokens[start..end], what));
        return (found, end);
    }
    let mut at = start + 1;
    while let Some(token) = tokens.get(at) {
        if token.is(')') {
            at += 1;
            break;
        }
        let end = statement(tokens, at, at).max(at + 1);
        found.extend(spec(&tokens[at..end], what));
        at = end;
    }
    (found, at)
}

fn spec(tokens: &[Token], what: &DeclKind) -> Option<(String, DeclKind, usize, Vec<Token>)> {
    let name = tokens.first()?.name()?;
    Some((name.to_owned(), what.clone(), tokens[0].line, tokens[1..].to_vec()))
}

fn function(tokens: &[Token], start: usize) -> (Found, usize) {
    let end = statement(tokens, start, start);
    let own = &tokens[start..end];
    let (what, own) = if own.first().is_some_and(|token| token.is('(')) {
        let close = closing(own, 0);
        (
            DeclKind::Method(own[1..close.min(own.len())].to_vec()),
            &own[(close + 1).min(own.len())..],
        )
    } else {
        (DeclKind::Func, own)
    };
    let found = own
        .first()
        .and_then(|token| Some((token.name()?.to_owned(), what, token.line, own[1..].to_vec())));
    (found.into_iter().collect(), end)
}

/// The end of a statement: a semicolon, a line break after a token that can end one, or an unmatched bracket.
fn statement(tokens: &[Token], start: usize, from: usize) -> usize {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        let previous = (at > start).then(|| &tokens[at - 1]);
        if token.is(';') || previous.is_some_and(|p| p.line < token.line && p.ends_line()) {
            // A semicolon belongs to no statement.
            return if token.is(';') { at + 1 } else { at };
        }
        match token.word {
            TokenKind::Sign('(' | '[' | '{') => at = closing(tokens, at) + 1,
            TokenKind::Sign(')' | ']' | '}') => return at,
            _ => at += 1,
        }
    }
    tokens.len()
}

/// The position of the bracket that closes the one at `open`, or the end.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.word {
            TokenKind::Sign('(' | '[' | '{') => depth += 1,
            TokenKind::Sign(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

fn is_source(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.'])
}

/// Whether it has a build constraint, or a name such as `x_windows.go`.
fn is_constrained(file: &Path, text: &str) -> bool {
    let header = text.lines().take_while(|line| !line.starts_with("package "));
    let lines = header
        .into_iter()
        .any(|line| line.starts_with("//go:build") || line.starts_with("// +build"));
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let named = stem.split('_').skip(1).any(|part| PLATFORMS.contains(&part));
    lines || named
}

/// The systems and processors that a file name may be limited to.
const PLATFORMS: [&str; 10] = [
    "linux", "darwin", "windows", "freebsd", "amd64", "arm64", "386", "arm", "wasm", "js",
];
