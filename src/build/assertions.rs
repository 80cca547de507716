//! A Go file that asserts of each registerer what the gateway will assert, so that the compiler reports it. Pure.
//!
//! The gateway looks a variable up and gets its address, so the assertion is on `&HandlerRegisterer`. It is in a
//! function called `_`, which Go checks and does not compile: the plugin's bytes stay the same.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::gateway::facts::Gateway;
use crate::gateway::registerer::Registerer;
use crate::project::source::lexer::Token;
use crate::project::source::{DeclKind, Declaration, PluginSource};
use crate::util::edition::Edition;
use crate::util::error::Error;
use crate::util::suggest::nearest;

/// The file name of the assertions in compiler messages.
const FILE: &str = "/plugbuild/registerers.go";

/// The assertions of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Assertions {
    asserted: Vec<Asserted>,
    /// Warnings: what works, but not as intended.
    pub warnings: Vec<String>,
}

/// One method that one variable must have; the assertion's line in the file is its index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asserted {
    symbol: String,
    method: String,
    wants: String,
    docs: String,
    place: String,
}

impl Assertions {
    /// From a plugin's source; the gateway's release decides which methods it calls.
    ///
    /// # Errors
    /// A registerer that is invalid before anything is compiled.
    pub(crate) fn new(source: &PluginSource, rows: &[Registerer], gateway: &Gateway) -> Result<Assertions, Error> {
        let mut found = Assertions::default();
        for row in rows {
            let declared = source.main().find(|d| d.name == row.symbol && !is_method(d));
            match declared {
                Some(d) if d.what != DeclKind::Var => return Err(not_a_variable(row, d)),
                // Its file may not be part of this build; then the compiler would not know the name.
                Some(d) if d.constrained => {}
                Some(d) => found.add(row, source, d, gateway),
                None => missing(row, rows, source)?,
            }
        }
        Ok(found)
    }

    fn add(&mut self, row: &Registerer, source: &PluginSource, declared: &Declaration, gateway: &Gateway) {
        let place = format!("{}:{}", name_of(declared), declared.line);
        let mut assert = |method: &str, wants: &str| {
            self.asserted.push(Asserted {
                symbol: row.symbol.clone(),
                method: method.to_owned(),
                wants: wants.to_owned(),
                docs: row.docs.clone(),
                place: place.clone(),
            });
        };
        assert(&row.method, &row.params);
        let Some(own) = method(source, &row.method).and_then(receiver) else {
            return;
        };
        for optional in &row.optional {
            let has = source
                .main()
                .any(|d| d.name == optional.method && receiver(d).is_some_and(|r| r == own));
            if !has {
                continue;
            }
            match optional.never_called(gateway.version, gateway.edition) {
                Some(why) => self.warnings.push(format!(
                    "{} of the {} is never called: {why}",
                    optional.method, row.kind
                )),
                // What a fork calls is not known, and its type may be one that the plugin does not have.
                None if optional.enterprise && gateway.edition != Some(Edition::Enterprise) => {}
                None => assert(&optional.method, &optional.params),
            }
        }
    }

    /// The Go file; `None` if there is nothing to assert.
    pub(crate) fn file(&self) -> Option<String> {
        if self.asserted.is_empty() {
            return None;
        }
        let uses = |package: &str| self.asserted.iter().any(|a| a.wants.contains(package));
        let mut text = format!("//line {FILE}:1\npackage main\n\n");
        // Our own names: the plugin may have declared `http`.
        for (used, import) in [
            ("context.", "plugbuildContext \"context\""),
            ("http.", "plugbuildHTTP \"net/http\""),
            ("redis.", "plugbuildRedis \"github.com/redis/go-redis/v9\""),
        ] {
            if uses(used) {
                let _ = writeln!(text, "import {import}");
            }
        }
        text += "\nfunc _() {\n";
        for (line, asserted) in (1001..).zip(&self.asserted) {
            let wants = asserted
                .wants
                .replace("context.", "plugbuildContext.")
                .replace("http.", "plugbuildHTTP.")
                .replace("redis.", "plugbuildRedis.");
            let _ = writeln!(
                text,
                "//line {FILE}:{line}\n\tvar _ interface{{ {}({wants}) }} = &{}",
                asserted.method, asserted.symbol
            );
        }
        text += "}\n";
        Some(text)
    }

    /// The compiler's errors about the assertions, in the plugin's terms; `None` if there are none.
    pub(crate) fn explain(&self, said: &str, gateway: &str) -> Option<Error> {
        let mut lines = said.lines().peekable();
        let (mut what, mut docs) = (Vec::new(), BTreeSet::new());
        while let Some(line) = lines.next() {
            let Some((asserted, first)) = self.of_line(line) else {
                continue;
            };
            let mut details = Vec::new();
            while let Some(detail) = lines.next_if(|next| next.starts_with(['\t', ' '])) {
                details.push(detail.trim());
            }
            what.push(asserted.message(&format!("{first} {}", details.join(" ")), &details));
            docs.insert(asserted.docs.as_str());
        }
        let first = what.first()?;
        let text = if what.len() == 1 {
            first.clone()
        } else {
            what.join("\n")
        };
        let error = Error::incompatible(text).help(format!(
            "{gateway} would log `unknown type` at debug level and continue without the plugin"
        ));
        Some(
            docs.into_iter()
                .fold(error, |error, docs| error.help(format!("see {docs}"))),
        )
    }

    fn of_line<'a>(&self, line: &'a str) -> Option<(&Asserted, &'a str)> {
        let rest = line.strip_prefix(FILE)?.strip_prefix(':')?;
        let (number, rest) = rest.split_once(':')?;
        let index = number.parse::<usize>().ok()?.checked_sub(1001)?;
        Some((self.asserted.get(index)?, rest))
    }
}

/// Whether a line of the compiler is about the assertions, and so not shown to the user.
pub(crate) fn is_about_assertions(line: &str) -> bool {
    line.starts_with(FILE)
}

impl Asserted {
    /// `reason` is the compiler's reason, `details` its indented lines.
    fn message(&self, reason: &str, details: &[&str]) -> String {
        let Asserted {
            symbol,
            method,
            wants,
            place,
            ..
        } = self;
        let detail = |name: &str| {
            details
                .iter()
                .find(|d| d.starts_with(name))
                .map(|d| d[name.len()..].trim())
        };
        let have = detail("have ");
        let want = format!("{method}({wants})");
        // The first is how it prints the variable's type, the other holds for named interfaces too.
        let indirect = ["type **", "pointer to interface"];
        let why = if indirect.iter().any(|sign| reason.contains(sign)) {
            return format!(
                "{place}: {symbol} is itself a pointer or an interface: the gateway asks its address for {method}, and that has no methods\n  \
                 make it a value: `var {symbol} = registerer(\"name\")`"
            );
        } else if reason.contains("wrong type for") {
            format!("its method {method} has other parameters or results")
        } else if let Some(have) = have {
            let other = have.split('(').next().unwrap_or(have);
            if other == method {
                format!("its method {method} has other parameters or results")
            } else {
                format!("it has {other} in place of {method}")
            }
        } else {
            format!("it has no method {method}")
        };
        let have = have.map(|have| format!("\n  have {have}")).unwrap_or_default();
        format!("{place}: {symbol} is not what the gateway asserts: {why}{have}\n  want {want}")
    }
}

fn is_method(declared: &Declaration) -> bool {
    matches!(declared.what, DeclKind::Method(_))
}

fn method<'a>(source: &'a PluginSource, name: &str) -> Option<&'a Declaration> {
    source.main().find(|d| d.name == name && is_method(d))
}

/// The type that has the method.
fn receiver(declared: &Declaration) -> Option<&str> {
    match &declared.what {
        DeclKind::Method(receiver) => receiver.iter().rev().find_map(Token::name),
        _ => None,
    }
}

fn not_a_variable(row: &Registerer, declared: &Declaration) -> Error {
    let what = match declared.what {
        DeclKind::Func => "a function",
        DeclKind::Const => "a constant",
        _ => "a type",
    };
    Error::incompatible(format!(
        "{}:{}: {} is {what}: the gateway looks up a variable",
        name_of(declared),
        declared.line,
        row.symbol
    ))
    .help(format!("make it one: `var {} = registerer(\"name\")`", row.symbol))
    .help(format!("see {}", row.docs))
}

/// The variable does not exist: an error if something says that it should.
fn missing(row: &Registerer, rows: &[Registerer], source: &PluginSource) -> Result<(), Error> {
    let near = source.main().find(|d| {
        !is_method(d)
            && !rows.iter().any(|row| row.symbol == d.name)
            && nearest(&d.name, [row.symbol.as_str()]).is_some()
    });
    let error = match (near, method(source, &row.method)) {
        (Some(near), _) if near.what != DeclKind::Type => Error::incompatible(format!(
            "{}:{}: {} is not {}, which is what the gateway looks up",
            name_of(near),
            near.line,
            near.name,
            row.symbol
        ))
        .help(format!("call it {}", row.symbol)),
        (_, Some(method)) => Error::incompatible(format!(
            "{}:{}: {} exists, but the variable {} that the gateway looks up does not",
            name_of(method),
            method.line,
            method.name,
            row.symbol
        ))
        .help(format!(
            "add `var {} = {}(\"name\")` to package main",
            row.symbol,
            receiver(method).unwrap_or("registerer")
        )),
        _ => return Ok(()),
    };
    Err(error.help(format!("see {}", row.docs)))
}

fn name_of(declared: &Declaration) -> String {
    let name = declared.file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn gateway(version: &str, edition: Edition) -> Gateway {
        let matrix = crate::matrix::Matrix::builtin().unwrap();
        let row = matrix.newest(&[2, 1]).unwrap();
        Gateway {
            version: Some(version.parse().unwrap()),
            edition: Some(edition),
            ..Gateway::from_release(row, None, String::new())
        }
    }

    fn assertions(text: &str) -> Result<Assertions, Error> {
        let mut source = PluginSource::default();
        source.add(Path::new("main.go"), text);
        Assertions::new(
            &source,
            crate::gateway::registerer::all(),
            &gateway("2.1.4", Edition::Community),
        )
    }

    const PLUGIN: &str = "package main\nvar ModifierRegisterer = registerer(\"x\")\ntype registerer string\n\
        func (r registerer) RegisterModifiers(f func()) {}\nfunc (registerer) RegisterLogger(in interface{}) {}\n\
        func (*registerer) RegisterContext(c context.Context) {}\nfunc (other) RegisterContext() {}\n";

    #[test]
    fn what_the_release_calls_is_asserted() {
        let found = assertions(PLUGIN).unwrap();
        let file = found.file().unwrap();
        assert_eq!(file.matches("= &ModifierRegisterer").count(), 2, "{file}");
        assert!(
            file.contains("RegisterLogger(interface{})") && !file.contains("import"),
            "{file}"
        );
        assert_eq!(
            found.warnings,
            ["RegisterContext of the modifier is never called: KrakenD calls it from 2.7.0 on, this is 2.1.4"]
        );
    }

    #[test]
    fn methods_of_the_enterprise_edition() {
        let mut source = PluginSource::default();
        let redis = "import \"github.com/redis/go-redis/v9\"\nfunc (r registerer) RegisterRedisSelectors(a func(string) *redis.Client) {}\n\
            func (r registerer) RegisterQuotaProcessorSelector(f func()) {}\n";
        source.add(Path::new("main.go"), PLUGIN);
        source.add(Path::new("redis.go"), &format!("package main\n{redis}"));
        let of = |version, edition| {
            let rows = crate::gateway::registerer::all();
            Assertions::new(&source, rows, &gateway(version, edition)).unwrap()
        };
        let found = of("2.13.0", Edition::Enterprise);
        let file = found.file().unwrap();
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        assert!(
            file.contains("import plugbuildRedis \"github.com/redis/go-redis/v9\""),
            "{file}"
        );
        let want = "interface{ RegisterRedisSelectors(func(string) *plugbuildRedis.Client, func(plugbuildContext.Context, string, string) *plugbuildRedis.Client) }";
        assert!(
            file.contains(want) && file.contains("RegisterQuotaProcessorSelector(func(string)"),
            "{file}"
        );
        for (version, edition, why) in [
            (
                "2.12.4",
                Edition::Enterprise,
                "KrakenD Enterprise calls it from 2.13.0 on, this is 2.12.4",
            ),
            ("2.13.3", Edition::Community, "only the Enterprise Edition calls it"),
        ] {
            let found = of(version, edition);
            assert!(!found.file().unwrap().contains("redis"));
            let named = |method: &str| format!("{method} of the modifier is never called: {why}");
            let want = ["RegisterRedisSelectors", "RegisterQuotaProcessorSelector"].map(named);
            assert!(
                want.iter().all(|want| found.warnings.contains(want)),
                "{:?}",
                found.warnings
            );
        }
    }

    #[test]
    fn what_is_seen_without_a_compiler() {
        let message = |text: &str| assertions(text).unwrap_err().message;
        let body = "\ntype registerer string\nfunc (r registerer) RegisterHandlers(f func()) {}\n";
        assert_eq!(
            message(&format!(
                "package main\nvar handlerRegisterer = registerer(\"x\"){body}"
            )),
            "main.go:2: handlerRegisterer is not HandlerRegisterer, which is what the gateway looks up"
        );
        assert!(
            message(&format!("package main\nvar HandlerRegister = registerer(\"x\"){body}"))
                .contains("HandlerRegister is not")
        );
        assert_eq!(
            message(&format!("package main\nvar Plugin = registerer(\"x\"){body}")),
            "main.go:4: RegisterHandlers exists, but the variable HandlerRegisterer that the gateway looks up does not"
        );
        assert_eq!(
            message("package main\nfunc HandlerRegisterer() {}\n"),
            "main.go:2: HandlerRegisterer is a function: the gateway looks up a variable"
        );
        assert_eq!(
            assertions("package other\nfunc f() {}\n").unwrap(),
            Assertions::default()
        );
        let constrained = assertions(&format!(
            "//go:build linux\n\npackage main\nvar HandlerRegisterer = registerer(\"x\"){body}"
        ))
        .unwrap();
        assert_eq!(constrained.file(), None);
    }

    #[test]
    fn files_with_constraints_are_settled_by_what_is_compiled() {
        let mut source = PluginSource::default();
        let right = "\n\npackage main\nvar HandlerRegisterer = registerer(\"x\")\ntype registerer string\n\
            func (r registerer) RegisterHandlers(f func()) {}\n";
        let function = "package main\nfunc HandlerRegisterer() {}\n";
        source.add(Path::new("a_windows.go"), function);
        source.add(Path::new("b.go"), &format!("//go:build linux{right}"));
        assert!(source.has_conditional(crate::gateway::registerer::all()));
        source.settle(&["b.go".to_owned()]);
        assert!(!source.has_conditional(crate::gateway::registerer::all()));
        let found = Assertions::new(
            &source,
            crate::gateway::registerer::all(),
            &gateway("2.1.4", Edition::Community),
        )
        .unwrap();
        assert!(found.file().unwrap().contains("= &HandlerRegisterer"));
    }
}
