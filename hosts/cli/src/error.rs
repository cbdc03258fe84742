//! What can go wrong, and how the program then ends.

use control::{Code, ErrorObject, ExitCode};
use std::path::Path;
use std::time::Duration;

/// Why a verb did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Error {
    /// An error of the index, from the engine or from here.
    Told(Box<ErrorObject>),
    /// What was waited for did not come in time.
    Late(Box<ErrorObject>),
    /// Ctrl+C.
    Interrupted,
}

impl Error {
    /// An error of the index.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        ErrorObject::new(code, detail).into()
    }

    /// The line that was typed cannot be carried out.
    pub(crate) fn usage(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        ErrorObject::new(Code::USAGE, detail).fix(fix).into()
    }

    /// The same from the words of clap: its tips become the fix, or else the usage.
    pub(crate) fn usage_of(refused: &clap::Error) -> Self {
        terminal::usage(refused, "offhook help").into()
    }

    /// No engine at `path`.
    pub(crate) fn no_engine(path: &Path, why: &str) -> Self {
        Self::new(Code::NO_ENGINE, format!("{}: {why}", path.display()))
    }

    /// `what` did not come within `wait`; `code` says what that means.
    pub(crate) fn late(code: Code, what: &str, wait: Duration) -> Self {
        let detail = format!("{what} did not come within {} s", wait.as_secs_f64());
        let fix = "try again, or wait longer with --timeout; see: offhook status";
        Self::Late(Box::new(ErrorObject::new(code, detail).fix(fix)))
    }

    /// What is told of it. `None`: nothing needs to be.
    pub(crate) fn object(&self) -> Option<&ErrorObject> {
        match self {
            Self::Told(error) | Self::Late(error) => Some(error),
            Self::Interrupted => None,
        }
    }

    /// How the program ends on it.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Told(error) => ExitCode::of_error(error),
            Self::Late(_) => ExitCode::Timeout,
            Self::Interrupted => ExitCode::Interrupted,
        }
    }
}

impl From<ErrorObject> for Error {
    fn from(error: ErrorObject) -> Self {
        Self::Told(Box::new(error))
    }
}
