//! The one integration test binary.

mod support;

mod architecture;
mod binary;
mod plugin_life;
mod registerers;
mod loads;
mod align;
mod trees;
mod official;
mod oracle;
mod go_lines;
mod hazards;
mod verdicts;
mod readme;
mod commands;
mod gateways;
mod bad_input;
mod slips;
mod go_flags;
mod go_words;
mod seals;
mod fetching;
mod interrupts;
mod store;
mod package;
mod bundle;
mod workspace;
mod ten;
mod live;
mod wrappers;
mod properties;
mod docs;
mod book;
mod ci_files;
mod robust;
