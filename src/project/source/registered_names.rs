//! The names a plugin registers, if its source has them as constants.

use crate::gateway::registerer::{PluginKind, Registerer};
use crate::project::source::lexer::{Token, TokenKind};
use crate::project::source::{DeclKind, Declaration, PluginSource, closing};

/// Reads the names; `None` unless the source gives one for every type that it registers.
pub fn registered(source: &PluginSource, rows: &[Registerer]) -> Option<Vec<(PluginKind, String)>> {
    let mut names = Vec::new();
    for row in rows {
        if source.exports(&row.symbol) {
            let found = names_of_type(source, row)?;
            names.extend(found.into_iter().map(|name| (row.kind, name)));
        }
    }
    Some(names)
}

/// The names of the types for which the source gives one.
pub fn plain(source: &PluginSource, rows: &[Registerer]) -> Vec<(PluginKind, String)> {
    rows.iter()
        .filter(|row| source.exports(&row.symbol))
        .flat_map(|row| {
            let names = names_of_type(source, row).unwrap_or_default();
            names.into_iter().map(|name| (row.kind, name))
        })
        .collect()
}

fn names_of_type(source: &PluginSource, row: &Registerer) -> Option<Vec<String>> {
    let symbol = source.main().find(|d| d.name == row.symbol)?;
    let method = source
        .main()
        .find(|d| d.name == row.method && matches!(d.what, DeclKind::Method(_)))?;
    let DeclKind::Method(receiver) = &method.what else {
        return None;
    };
    let reader = Values {
        source,
        symbol,
        receiver: receiver.first().and_then(Token::name).unwrap_or_default(),
    };
    let callback = method.tokens.iter().skip(1).find_map(Token::name)?;
    let body = method.tokens.iter().rposition(|token| token.is('}'))?;
    let parameters = closing(&method.tokens, 0);
    let calls = (parameters..body).filter(|at| {
        let called = method.tokens.get(at + 1).is_some_and(|token| token.is('('));
        called && method.tokens[*at].name() == Some(callback)
    });
    let names: Option<Vec<String>> = calls
        .map(|at| {
            let arguments = &method.tokens[at + 2..closing(&method.tokens, at + 1).min(method.tokens.len())];
            reader.value(first_argument(arguments))
        })
        .collect();
    names.filter(|names| !names.is_empty())
}

fn first_argument(tokens: &[Token]) -> &[Token] {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.word {
            TokenKind::Sign(',') => return &tokens[..at],
            TokenKind::Sign('(' | '[' | '{') => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens
}

struct Values<'a> {
    source: &'a PluginSource,
    symbol: &'a Declaration,
    /// The name of the method's receiver.
    receiver: &'a str,
}

impl Values<'_> {
    /// The text of an expression: strings, constants, the registerer and its fields, and concatenations of these.
    fn value(&self, tokens: &[Token]) -> Option<String> {
        tokens
            .split(|token| token.is('+'))
            .map(|part| self.term(part, 0))
            .collect::<Option<String>>()
    }

    fn term(&self, tokens: &[Token], depth: usize) -> Option<String> {
        if depth > 8 {
            return None;
        }
        let words: Vec<&TokenKind> = tokens.iter().map(|token| &token.word).collect();
        match words.as_slice() {
            [TokenKind::Text(text)] => Some(text.clone()),
            [TokenKind::Name(name)] if name == self.receiver => self.term(self.initial(), depth + 1),
            [TokenKind::Name(name)] => {
                let named = self.source.main().find(|d| d.name == *name)?;
                matches!(named.what, DeclKind::Var | DeclKind::Const).then_some(())?;
                self.term(assigned(&named.tokens), depth + 1)
            }
            [TokenKind::Name(holder), TokenKind::Sign('.'), TokenKind::Name(field)] if holder == self.receiver => {
                self.field(field, depth + 1)
            }
            // A conversion: `string(r)`, `registerer("name")`.
            [TokenKind::Name(_), TokenKind::Sign('('), .., TokenKind::Sign(')')] => {
                self.term(&tokens[2..tokens.len() - 1], depth + 1)
            }
            _ => None,
        }
    }

    /// The initial value of the registerer's variable.
    fn initial(&self) -> &[Token] {
        assigned(&self.symbol.tokens)
    }

    /// The value of `field: value` in the variable's literal.
    fn field(&self, field: &str, depth: usize) -> Option<String> {
        let initial = self.initial();
        let at = initial
            .windows(2)
            .position(|pair| pair[0].name() == Some(field) && pair[1].is(':'))?;
        let rest = &initial[at + 2..];
        let end = rest
            .iter()
            .position(|token| token.is(',') || token.is('}'))
            .unwrap_or(rest.len());
        self.term(&rest[..end], depth)
    }
}

/// The tokens after the `=`.
fn assigned(tokens: &[Token]) -> &[Token] {
    match tokens.iter().position(|token| token.is('=')) {
        Some(at) => &tokens[at + 1..],
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let mut source = PluginSource::default();
        source.add(Path::new("main.go"), text);
        let names = registered(&source, crate::gateway::registerer::all())?;
        Some(names.into_iter().map(|(kind, name)| format!("{kind} {name}")).collect())
    }

    #[test]
    fn constant_names_are_read() {
        let idiom = "package main\nvar pluginName = \"auth\"\nvar HandlerRegisterer = registerer(pluginName)\n\
            type registerer string\nfunc (r registerer) RegisterHandlers(f func(name string, handler func())) {\n\tf(string(r), r.handlers)\n}\n";
        assert_eq!(names(idiom).unwrap(), ["handler auth"]);
        let modifiers = "package main\nvar (\n\tModifierRegisterer = registerer(\"m\")\n)\nconst extra = \"-extra\"\ntype registerer string\n\
            func (r registerer) RegisterModifiers(f func(string)) {\n\tf(string(r)+\"-request\", r.a, true, false)\n\tf(string(r)+extra, r.b, false, true)\n}\n";
        assert_eq!(names(modifiers).unwrap(), ["modifier m-request", "modifier m-extra"]);
        let fields = "package main\nvar ClientRegisterer = plugin{name: \"c\", n: 1}\ntype plugin struct{ name string; n int }\n\
            func (p plugin) RegisterClients(register func(string)) { register(p.name, p.client) }\n";
        assert_eq!(names(fields).unwrap(), ["client c"]);
    }

    #[test]
    fn computed_names_are_not_guessed() {
        let computed = "package main\nvar ClientRegisterer = registerer(os.Getenv(\"NAME\"))\ntype registerer string\n\
            func (r registerer) RegisterClients(f func(string)) { f(string(r), r.client) }\n";
        assert_eq!(names(computed), None);
        let handed_on = "package main\nvar ClientRegisterer = registerer(\"x\")\ntype registerer string\n\
            func (r registerer) RegisterClients(f func(string)) { other(f) }\n";
        assert_eq!(names(handed_on), None);
        let half = "package main\nvar ClientRegisterer = registerer(os.Getenv(\"NAME\"))\nvar HandlerRegisterer = registerer(\"h\")\n\
            type registerer string\nfunc (r registerer) RegisterClients(f func(string)) { f(os.Getenv(\"N\"), r.client) }\n\
            func (r registerer) RegisterHandlers(f func(string)) { f(\"h\", r.handler) }\n";
        assert_eq!(names(half), None);
        let mut source = PluginSource::default();
        source.add(Path::new("main.go"), half);
        assert_eq!(
            plain(&source, crate::gateway::registerer::all()),
            [(PluginKind::Handler, "h".to_owned())]
        );
        assert_eq!(names("package main\nfunc main() {}\n").unwrap(), Vec::<String>::new());
    }
}
