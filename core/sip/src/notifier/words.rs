//! What a notifier is told and what it asks for.

use super::content::Content;
use crate::ids::{ClientId, ServerId};
use crate::transaction::Failure;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, Uri};

/// Everything that can happen to a notifier.
#[derive(Debug, Clone)]
pub enum Input {
    /// A SUBSCRIBE in its dialog.
    Subscribe {
        /// Its transaction.
        id: ServerId,
        /// The request.
        request: Request,
    },
    /// So it is now, for this watcher.
    Say(Content),
    /// The watcher is told that it is over.
    End(End),
    /// Whoever sends for us knows nothing of a NOTIFY that is out.
    Forgotten,
    /// A response to a NOTIFY.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// A NOTIFY gets no final response.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
}

/// Everything a notifier can ask of its driver.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send in a transaction of its own.
    Send {
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// Answer a SUBSCRIBE.
    Respond {
        /// Its transaction.
        id: ServerId,
        /// The response.
        response: Response,
    },
    /// Nothing more will happen.
    Over(Over),
}

/// Why the watcher is told that it is over. Source: RFC 6665 §4.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It was not refreshed, or the watcher did not want more than one look.
    Timeout,
    /// Ask again at once: the state is at another place.
    Deactivated,
    /// Ask again later, after this long.
    Probation(Duration),
    /// The person does not want to be watched by them.
    Rejected,
    /// What was watched is not there any more.
    NoResource,
}

impl End {
    /// As Subscription-State says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Deactivated => "deactivated",
            Self::Probation(_) => "probation",
            Self::Rejected => "rejected",
            Self::NoResource => "noresource",
        }
    }
}

/// How a subscription ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Over {
    /// The watcher was told.
    Told(End),
    /// The watcher refused a NOTIFY with this status, or does not know the subscription any more.
    Refused(u16),
    /// No NOTIFY reaches the watcher.
    Unreachable,
}
