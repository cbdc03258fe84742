//! The program against an engine that follows a script: what it asks, what it prints, how it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod account;
mod bad_input;
mod blf;
mod call;
mod events;
mod fake;
mod kept;
mod lists;
mod local;
mod merged;
mod message;
mod one_call;
mod plugin_check;
mod plugin_reload;
mod plugins;
mod presence;
mod receiving;
mod rules;
mod token;
mod watchers;
