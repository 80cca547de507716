//! Messages that span lines: a panic and its trace, the table of `check-plugin`, and the registerers a file lacks.
//! Each becomes one line that a row of the table explains.

use std::collections::BTreeMap;

use crate::gateway::explain::pattern::fit;
use crate::util::sort::sort_by_key;

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
pub(crate) struct LogMessage {
    pub(crate) line: usize,
    pub(crate) shown: String,
    /// The text to explain.
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Combiner {
    /// The previous line, which is a name if `have:` follows.
    before: (usize, String),
    /// A line of `check-plugin`'s table still without its `want:`.
    have: Option<(usize, String, String)>,
    trace: Option<Trace>,
    /// The first line for each file and registerer.
    lacking: BTreeMap<(String, String), LogMessage>,
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

impl Combiner {
    /// Handles a line and returns the messages it completes.
    pub(crate) fn take(&mut self, line: usize, text: &str) -> Vec<LogMessage> {
        let trimmed = text.trim();
        let mut messages = Vec::new();
        if let Some(row) = self.table(line, trimmed) {
            messages.push(row);
        }
        if let Some(own) = self.traced(line, text) {
            messages.push(own);
        }
        let this = LogMessage {
            line,
            shown: trimmed.to_owned(),
            text: text.to_owned(),
        };
        match lacking(text) {
            Some(key) => _ = self.lacking.entry(key).or_insert(this),
            None => messages.push(this),
        }
        messages
    }

    /// The messages that only the end of the log completes.
    pub(crate) fn end(self) -> Vec<LogMessage> {
        let mut files: BTreeMap<String, Vec<(String, LogMessage)>> = BTreeMap::new();
        for ((file, symbol), message) in self.lacking {
            files.entry(file).or_default().push((symbol, message));
        }
        let mut all = Vec::new();
        for (file, lacking) in files {
            let nothing = LOOKED_FOR
                .iter()
                .all(|symbol| lacking.iter().any(|(own, _)| own == symbol));
            let mut messages: Vec<LogMessage> = lacking.into_iter().map(|(_, message)| message).collect();
            sort_by_key(&mut messages, |message| message.line);
            if nothing {
                messages.truncate(1);
                messages
                    .iter_mut()
                    .for_each(|message| message.text = format!("all three registerers are missing in {file}"));
            }
            all.extend(messages);
        }
        all
    }

    fn table(&mut self, line: usize, text: &str) -> Option<LogMessage> {
        let before = std::mem::replace(&mut self.before, (line, text.to_owned()));
        if let Some(have) = text.strip_prefix("have: ") {
            self.have = Some((before.0, before.1, have.to_owned()));
            return None;
        }
        let (line, name, have) = self.have.take()?;
        let want = text.strip_prefix("want: ")?;
        Some(LogMessage {
            line,
            shown: format!("{name}: have {have}, want {want}"),
            text: format!("check-plugin: {name} have: {have} want: {want}"),
        })
    }

    /// A line of a trace: the first frame outside of Go, the gateway and dependencies is the plugin's.
    fn traced(&mut self, line: usize, text: &str) -> Option<LogMessage> {
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
                let position = text.trim().split(' ').next().unwrap_or_default();
                if !is_plugin_frame(&function, position) {
                    return None;
                }
                let messages = LogMessage {
                    line: trace.line,
                    shown: format!("panic: {}", trace.why),
                    text: format!("panicked in {function} at {position}: {}", trace.why),
                };
                self.trace = None;
                Some(messages)
            }
            _ => {
                trace.function = text.rfind('(').map(|end| text[..end].to_owned());
                None
            }
        }
    }
}

/// Whether a frame belongs to the plugin's own code.
fn is_plugin_frame(function: &str, position: &str) -> bool {
    if function.starts_with("panic") || !position.contains(".go:") {
        return false;
    }
    let name = function.rfind('/').map_or(0, |slash| slash + 1);
    let package = function[name..]
        .find('.')
        .map_or(function, |dot| &function[..name + dot]);
    let standard = position.contains(&format!("/src/{package}/")) && !position.starts_with("/go/src/");
    let module = GATEWAY.iter().any(|own| package.starts_with(own)) || position.contains("/pkg/mod/");
    let main = package == "main" && position.starts_with("/app/");
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
