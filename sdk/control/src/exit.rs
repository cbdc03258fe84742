//! How the command line ends.

use crate::{Code, EndCause, EndReason, ErrorObject, index};

/// Exit code of the command line. Scripts build on these numbers; they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// It worked.
    Success = 0,
    /// Transport or protocol failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The far end said no.
    Rejected = 3,
    /// User or password refused.
    Unauthorised = 4,
    /// Nothing came back, or nobody answered.
    Timeout = 5,
    /// The far end is busy.
    Busy = 6,
    /// The call stood, but the sound was not as demanded.
    Media = 7,
    /// No engine to talk to.
    NoEngine = 8,
    /// A plugin was refused or crashed.
    Plugin = 9,
    /// The token does not permit it.
    NotPermitted = 10,
    /// Stopped by Ctrl+C.
    Interrupted = 130,
}

impl ExitCode {
    /// The number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What the index says an error leads to. An unknown code: failed.
    pub fn of_code(code: Code) -> Self {
        index::find(code).map_or(Self::Failed, |entry| entry.exit)
    }

    /// What an error leads to.
    pub fn of_error(error: &ErrorObject) -> Self {
        Self::of_code(error.code)
    }

    /// What the end of a call leads to.
    pub fn of_end(end: &EndReason) -> Self {
        match end.cause {
            EndCause::Normal => Self::Success,
            EndCause::Busy => Self::Busy,
            EndCause::NoAnswer => Self::Timeout,
            EndCause::Declined | EndCause::Redirected | EndCause::AnsweredElsewhere => {
                Self::Rejected
            }
            EndCause::Cancelled => Self::Interrupted,
            EndCause::Failed | EndCause::Unknown => end.code.map_or(Self::Failed, Self::of_code),
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EndedBy;

    #[test]
    fn every_end_has_its_number() {
        for (status, number) in [
            (486, 6),
            (600, 6),
            (408, 5),
            (480, 5),
            (603, 3),
            (404, 3),
            (488, 3),
            (302, 3),
            (401, 4),
            (403, 4),
            (407, 4),
            (503, 1),
            (487, 130),
        ] {
            let end = EndReason::from_status(status);
            assert_eq!(ExitCode::of_end(&end).number(), number, "{status}");
        }
        let end = EndReason::normal(EndedBy::Local);
        assert_eq!(ExitCode::of_end(&end), ExitCode::Success);
    }

    #[test]
    fn errors_of_the_first_slice_have_their_numbers() {
        for (code, exit) in [
            (Code::USAGE, ExitCode::Usage),
            (Code::BROKEN_SETTINGS, ExitCode::Usage),
            (Code::PORT_IN_USE, ExitCode::Failed),
            (Code::WRONG_PASSWORD, ExitCode::Unauthorised),
            (Code::UNKNOWN_HOST, ExitCode::Failed),
            (Code::SERVER_SILENT, ExitCode::Timeout),
            (Code::MEDIA_UNREACHABLE, ExitCode::Media),
            (Code::SOUND_FILE, ExitCode::Usage),
            (Code::PLUGIN_MISSING, ExitCode::Plugin),
            (Code::NO_ENGINE, ExitCode::NoEngine),
            (Code::BUSY, ExitCode::Busy),
            (Code::DECLINED, ExitCode::Rejected),
            (Code(9999), ExitCode::Failed),
        ] {
            assert_eq!(ExitCode::of_code(code), exit, "{code}");
        }
    }
}
