//! Messages that span lines: a panic and its trace, the table of `check-plugin`, and the registerers a file lacks.
//! Each becomes one line that a row of the table explains.

use std::collections::BTreeMap;

use crate::gateway::explain::pattern::fit;

/// The registerers that every gateway looks for in every plugin.
const LOOKED_FOR: [&str; 3] = ["ClientRegisterer", "HandlerRegisterer", "ModifierRegisterer"];

/// The gateway's own packages; a trace has them between the plugin's.
const GATEWAY: [&str; 4] = [
    "github.com/luraproject/",
    "github.com/krakend/",
    "github.com/krakendio/",
    "github.com/devopsfaith/",
];

/// A combined message, with the number and text of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) line: usize,
    pub(crate) shown: String,
    /// The text to explain.
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Together {
    /// The previous line, which is a name if `have:` follows.
    before: (usize, String),
    /// A line of `check-plugin`'s table still without its `want:`.
    have: Option<(usize, String, String)>,
    trace: Option<Trace>,
    /// The first line for each file and registerer.
    lacking: BTreeMap<(String, String), Said>,
}

#[derive(Debug)]
struct Trace {
    line: usize,
    why: String,
    /// Whether the goroutine's frames have begun.
    running: bool,
    /// A function whose position is on the next line.
    function: Option<String>,
}

impl Together {
    /// Handles a line and returns the messages it completes.
    pub(crate) fn take(&mut self, line: usize, text: &str) -> Vec<Said> {
        let trimmed = text.trim();
        let mut said = Vec::new();
        if let Some(row) = self.table(line, trimmed) {
            said.push(row);
        }
        if let Some(own) = self.traced(line, text) {
            said.push(own);
        }
        let this = Said {
            line,
            shown: trimmed.to_owned(),
            text: text.to_owned(),
        };
        match lacking(text) {
            Some(key) => _ = self.lacking.entry(key).or_insert(this),
            None => said.push(this),
        }
        said
    }

    /// The messages that only the end of the log completes.
    pub(crate) fn end(self) -> Vec<Said> {
        let mut files: BTreeMap<String, Vec<(String, Said)>> = BTreeMap::new();
        for ((file, symbol), said) in self.lacking {
            files.entry(file).or_default().push((symbol, said));
        }
        let mut all = Vec::new();
        for (file, lacking) in files {
            let nothing = LOOKED_FOR
                .iter()
                .all(|symbol| lacking.iter().any(|(own, _)| own == symbol));
            let mut said: Vec<Said> = lacking.into_iter().map(|(_, said)| said).collect();
            said.sort_by_key(|said| said.line);
            if nothing {
                said.truncate(1);
                said.iter_mut()
                    .for_each(|said| said.text = format!("all three registerers are missing in {file}"));
            }
            all.extend(said);
        }
        all
    }

    fn table(&mut self, line: usize, text: &str) -> Option<Said> {
        let before = std::mem::replace(&mut self.before, (line, text.to_owned()));
        if let Some(have) = text.strip_prefix("have: ") {
            self.have = Some((before.0, before.1, have.to_owned()));
            return None;
        }
        let (line, name, have) = self.have.take()?;
        let want = text.strip_prefix("want: ")?;
        Some(Said {
            line,
            shown: format!("{name}: have {have}, want {want}"),
            text: format!("check-plugin: {name} have: {have} want: {want}"),
        })
    }

    /// A line of a trace: the first frame outside of Go, the gateway and dependencies is the plugin's.
    fn traced(&mut self, line: usize, text: &str) -> Option<Said> {
        if let Some((_, why)) = text.split_once("panic: ") {
            self.trace = Some(Trace {
                line,
                why: why.trim().to_owned(),
                running: false,
                function: None,
            });
            return None;
        }
        let trace = self.trace.as_mut()?;
        if text.starts_with("goroutine ") {
            if trace.running {
                self.trace = None;
            } else {
                trace.running = true;
            }
            return None;
        }
        if !trace.running {
            return None;
        }
        match trace.function.take() {
            Some(function) if text.starts_with(['\t', ' ']) => {
                let place = text.trim().split(' ').next().unwrap_or_default();
                if !of_plugin(&function, place) {
                    return None;
                }
                let said = Said {
                    line: trace.line,
                    shown: format!("panic: {}", trace.why),
                    text: format!("panicked in {function} at {place}: {}", trace.why),
                };
                self.trace = None;
                Some(said)
            }
            _ => {
                trace.function = text.rfind('(').map(|end| text[..end].to_owned());
                None
            }
        }
    }
}

/// Whether a frame belongs to the plugin's own code.
fn of_plugin(function: &str, place: &str) -> bool {
    if function.starts_with("panic") || !place.contains(".go:") {
        return false;
    }
    let name = function.rfind('/').map_or(0, |slash| slash + 1);
    let package = function[name..]
        .find('.')
        .map_or(function, |dot| &function[..name + dot]);
    let standard = place.contains(&format!("/src/{package}/")) && !place.starts_with("/go/src/");
    let module = GATEWAY.iter().any(|own| package.starts_with(own)) || place.contains("/pkg/mod/");
    let main = package == "main" && place.starts_with("/app/");
    !standard && !module && !main
}

/// A file and the registerer it lacks.
fn lacking(text: &str) -> Option<(String, String)> {
    let known = |symbol: &str| LOOKED_FOR.contains(&symbol).then(|| symbol.to_owned());
    if let Some(holes) = fit("{file}: The plugin does not contain a {symbol}.", text) {
        return Some((holes["file"].to_owned(), known(holes["symbol"])?));
    }
    let holes = fit("plugin: symbol {symbol} not found in plugin {path}", text)?;
    let symbol = known(holes["symbol"])?;
    let file = fit("plugin #{} ({file}): plugin: symbol ", text).map(|holes| holes["file"]);
    Some((file.unwrap_or(holes["path"]).to_owned(), symbol))
}
