//! What recorder answers and reports. Recorder owns the recordings of calls; sound never passes here.

use crate::Address;
use crate::voice::LegId;
use control::{AccountHandle, CallHandle, CommandId};

/// What recorder can be told.
#[derive(Debug)]
pub enum Word {
    /// Records a call.
    Start {
        /// Which command asked; `None`: a rule of the account.
        command: Option<CommandId>,
        /// The call.
        call: CallHandle,
        /// How, and what is known of the call.
        ask: Box<Ask>,
    },
    /// Ends a recording.
    Stop {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Leaves out what is said from now on.
    Pause {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// Why, for whoever listens later.
        reason: String,
    },
    /// Keeps it again.
    Resume {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Notes something at this place.
    Note {
        /// The call.
        call: CallHandle,
        /// What.
        text: String,
    },
    /// Who writes the file has something to say.
    Told(Told),
    /// Another part was made anew.
    Restarted(Address),
}

/// How a call is to be recorded, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Plugin that writes; `None`: the usual one.
    pub plugin: Option<String>,
    /// Name below the folder, checked; `None`: made from time, call and number.
    pub name: Option<String>,
    /// 1 or 2; `None`: as usual.
    pub channels: Option<u8>,
    /// Account of the call.
    pub account: Option<AccountHandle>,
    /// Our address.
    pub local: String,
    /// Theirs.
    pub remote: String,
    /// `incoming` or `outgoing`.
    pub direction: &'static str,
}

/// What the media threads and the writer are asked. Plain data, as [`voice::Do`](crate::voice::Do).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Opens a file and taps the leg; answered by [`Told::Started`] or [`Told::Ended`].
    Start(Box<Request>),
    /// Leaves out what is said; answered by [`Told::Paused`].
    Pause {
        /// The leg.
        leg: LegId,
        /// Why.
        reason: String,
    },
    /// Keeps it again; answered by [`Told::Resumed`].
    Resume {
        /// The leg.
        leg: LegId,
    },
    /// Notes something.
    Note {
        /// The leg.
        leg: LegId,
        /// What.
        text: String,
    },
    /// Ends the recording; answered by [`Told::Ended`], as the end of the leg is.
    Stop {
        /// The leg.
        leg: LegId,
    },
    /// Ends all: who asked for them is no more.
    StopAll,
}

/// One recording, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The leg.
    pub leg: LegId,
    /// Plugin that writes.
    pub plugin: String,
    /// Folder and name, without extension.
    pub path: String,
    /// 1 or 2.
    pub channels: u8,
    /// Time of day at the beginning. Unit: ms since 1970.
    pub started_unix_ms: u64,
    /// JSON object: what is known of the call.
    pub metadata: String,
    /// JSON object for the plugin; empty for its defaults.
    pub options: String,
}

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The file is open.
    Started {
        /// The leg.
        leg: LegId,
        /// The file.
        path: String,
        /// Samples a second.
        sample_rate_hz: u32,
    },
    /// It goes on; told about once a second.
    Kept {
        /// The leg.
        leg: LegId,
        /// Sound in it. Unit: ms.
        audio_ms: u64,
        /// Size of the file.
        bytes: u64,
    },
    /// What is said is left out from here on.
    Paused {
        /// The leg.
        leg: LegId,
        /// Sound in it. Unit: ms.
        audio_ms: u64,
        /// Why.
        reason: String,
    },
    /// It is kept again.
    Resumed {
        /// The leg.
        leg: LegId,
        /// Sound in it. Unit: ms.
        audio_ms: u64,
    },
    /// Sound is missing; silence stands in its place.
    Gap {
        /// The leg.
        leg: LegId,
        /// Where it ends. Unit: ms.
        audio_ms: u64,
        /// How much. Unit: ms.
        gap_ms: u64,
    },
    /// It is over.
    Ended {
        /// The leg.
        leg: LegId,
        /// The file, where there is one.
        path: Option<String>,
        /// Sound in it. Unit: ms.
        audio_ms: u64,
        /// Size of the file.
        bytes: u64,
        /// Why its end is not as it should be.
        error: Option<String>,
    },
}

impl Told {
    /// The leg it is about.
    pub const fn leg(&self) -> LegId {
        match self {
            Self::Started { leg, .. }
            | Self::Kept { leg, .. }
            | Self::Paused { leg, .. }
            | Self::Resumed { leg, .. }
            | Self::Gap { leg, .. }
            | Self::Ended { leg, .. } => *leg,
        }
    }
}
