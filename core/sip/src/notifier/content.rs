//! What a watcher is told, as a document: PIDF (RFC 3863), dialog-info (RFC 4235) or a summary of
//! messages (RFC 3842).

use crate::lamp::dialog_info::{self, DialogInfo};
use crate::lamp::message_summary::{self, Summary};
use crate::presence::{self, Presence};
use crate::subscription::Package;
use serde::{Deserialize, Serialize};

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// How a person is.
    Presence {
        /// Whose: a SIP address.
        entity: String,
        /// How.
        presence: Presence,
    },
    /// Calls, all of them.
    Calls {
        /// Whose: a SIP address.
        entity: String,
        /// The calls.
        calls: Vec<dialog_info::Call>,
    },
    /// What waits in a mailbox.
    Mailbox(Summary),
}

impl Content {
    /// What it tells of.
    pub const fn package(&self) -> Package {
        match self {
            Self::Presence { .. } => Package::Presence,
            Self::Calls { .. } => Package::Dialog,
            Self::Mailbox(_) => Package::MessageSummary,
        }
    }

    /// Content-Type and body. `version` counts the documents of one subscription (RFC 4235 §4.1).
    pub fn write(&self, version: u32) -> (&'static str, String) {
        let body = match self {
            Self::Presence { entity, presence } => presence::write(entity, presence),
            Self::Calls { entity, calls } => dialog_info::write(&DialogInfo {
                version,
                full: true,
                entity: entity.clone(),
                calls: calls.clone(),
            }),
            Self::Mailbox(summary) => message_summary::write(summary),
        };
        (self.package().accept(), body)
    }
}
