//! The command line, with a stand-in for Go: what is typed, what is printed and the exit code. The fast tier: it needs no Go, network or gateway.

mod commands;
mod editions;
mod errors;
mod gateway_spec;
mod go_flags;
mod migrate;
mod progress;
mod typos;
mod workspace;
