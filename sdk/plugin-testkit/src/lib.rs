//! The validator of plugin library files: what `offhook plugin check` runs.
//!
//! What it is: a list of checks, each run in a process of its own with a time limit, and a report. What it
//! is not: a loader (`core/plugin-host` is, and its rules are asked here, not repeated), nor a sandbox: who
//! checks a file runs it.
//!
//! [`check`] is the parent's side: it starts one child a check. [`child`] is the child's: a host that offers
//! the validator calls it when it is started with the words the parent gave.
//!
//! | file | holds |
//! | --- | --- |
//! | [`list`] | every check: code, group, what it holds, what to do when it fails |
//! | [`run`] | children, time limits, what their ends mean |
//! | [`report`] | what came of it, as JSON and JUnit |
//! | `subject` | the library under test |
//! | `checks` | the checks by kind |
//! | `os` | allocations, locks and system calls seen on a thread |

mod checks;
pub mod list;
mod os;
pub mod report;
pub mod run;
mod subject;

pub use list::{Check, LIST};
pub use report::{Outcome, Report, Verdict};
pub use run::{check, child};
