//! Why something could not be started or opened.

use crate::Status;
use core::fmt;

/// A failure with its reason, from functions that run on control. Media functions return a bare
/// [`Status`], because a reason would have to be allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of failure.
    pub status: Status,
    /// For a person: what went wrong with what. May be empty.
    pub reason: String,
}

impl Refusal {
    /// With a reason for a person.
    pub fn new(status: Status, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }
}

impl Refusal {
    /// The host's request cannot be read.
    pub(crate) fn request(fault: crate::Fault) -> Self {
        Self::new(Status::BAD_ARGUMENT, format!("the request {fault}"))
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::new(status, "")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() {
            f.write_str(status_text(self.status))
        } else {
            f.write_str(&self.reason)
        }
    }
}

impl std::error::Error for Refusal {}

/// What a status says, for a log line.
pub const fn status_text(status: Status) -> &'static str {
    match status {
        Status::OK => "done",
        Status::ENDED => "ended",
        Status::UNSUPPORTED => "not supported",
        Status::BAD_ARGUMENT => "bad argument",
        Status::BUFFER_TOO_SMALL => "buffer too small",
        Status::BAD_PAYLOAD => "bad payload",
        Status::NOT_FOUND => "not found",
        Status::UNAVAILABLE => "not available now",
        Status::LOST => "device lost",
        Status::FAILED => "failed",
        Status::GARBAGE => "returned something impossible",
        Status::PANIC => "panicked",
        Status(_) => "failed with a status this build does not know",
    }
}
