//! Standard output and standard error of a program that goes on when nobody reads them.

use core::fmt::Display;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether it was said already that standard output takes nothing.
static SAID: AtomicBool = AtomicBool::new(false);

/// A line on standard output, there at once. A program that serves goes on where it cannot be written: a reader
/// that left is no news, anything else (a full disk) is logged once. Thread: any.
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let Err(why) = writeln!(out, "{text}").and_then(|()| out.flush()) else {
        return;
    };
    if why.kind() != ErrorKind::BrokenPipe && !SAID.swap(true, Ordering::Relaxed) {
        tracing::warn!(%why, "standard output takes no more");
    }
}

/// An error of the index on standard error. Thread: any.
pub fn complain(error: &control::ErrorObject) {
    complain_line(error);
}

/// Any other complaint on standard error. Thread: any.
pub fn complain_line(text: impl Display) {
    // Nobody reads standard error: there is nobody to tell that.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
