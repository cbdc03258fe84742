//! What every program of ours does alike at the terminal: lines out, the log, and what was typed wrong.
//!
//! What it is not: it knows no phone and no plugin, and decides nothing about what is said.
//!
//! | file | holds |
//! | --- | --- |
//! | [`line`], [`complain`] | standard output and standard error, whoever reads them |
//! | [`start_log`] | the log, and the filters that people write |
//! | [`parse`], [`usage`] | words that were typed wrong |

mod log;
mod out;
mod typed;

pub use log::start_log;
pub use out::{complain, complain_line, line};
pub use typed::{end, parse, usage};
