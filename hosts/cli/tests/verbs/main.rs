//! The program against an engine that follows a script: what it asks, what it prints, how it ends.

mod account;
mod bad_input;
mod call;
mod events;
mod fake;
mod lists;
mod local;
mod one_call;
