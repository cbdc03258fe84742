//! What can go wrong while driving SIP, and who has to act on it.

/// Anything that can go wrong while driving the machines of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A correct message that makes no sense in this state.
    #[error("got {got}, expected one of {expected:?}")]
    Unexpected {
        /// What came.
        got: String,
        /// What would have been fine.
        expected: &'static [&'static str],
    },
    /// The peer answered no.
    #[error("refused with {0}")]
    Refused(u16),
    /// A bounded table or queue is full.
    #[error("{what} is full ({max})")]
    Full {
        /// Table or queue.
        what: &'static str,
        /// Its bound.
        max: usize,
    },
    /// The caller broke this crate's contract. Never caused by network data.
    #[error("misuse: {0}")]
    Misuse(&'static str),
}

/// Who has to act on an error. Decides log level, retry and what the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The other side sent something wrong or said no.
    Peer,
    /// This machine ran out of something.
    Host,
    /// Our own code, or an integrator's.
    Caller,
}

impl Error {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unexpected { .. } | Self::Refused(_) => Blame::Peer,
            Self::Full { .. } => Blame::Host,
            Self::Misuse(_) => Blame::Caller,
        }
    }
}
