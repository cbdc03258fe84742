//! What is kept beside the profiles: when everything came and went, what the server had, and what the phone showed.

use crate::document::Document;
use crate::roster::Roster;
use control::contacts::Profile;
use control::receiving::Forwarding;
use serde::{Deserialize, Serialize};

/// How long it is remembered that something went. Unit: ms. Source: ours; who is away for longer learns it from what is
/// missing at the server.
const REMEMBER: u64 = 90 * 24 * 3600 * 1000;

/// The account's side of a document that several clients write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// All that is known here.
    pub roster: Roster,
    /// What the server had when it was last asked.
    #[serde(default)]
    pub base: Roster,
    /// The profiles of the phone, up to which `roster` knows what people said.
    #[serde(default)]
    pub shown: Vec<Profile>,
    /// The forwarding that phone and server last agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Forwarding>,
}

impl Ledger {
    /// Notes what people changed here since it was last noted.
    pub fn said(&mut self, now_shown: &[Profile], domain: &str, now: u64) {
        self.roster.said(&self.shown, now_shown, domain, now);
        self.shown = now_shown.to_vec();
    }

    /// Joins what the server has with what is known here: the document as it is to be.
    pub fn meet(&mut self, found: Document, is_there: bool, now: u64) -> Document {
        // One that is not there any more took nothing away: it is written anew.
        let base = match is_there {
            true => core::mem::take(&mut self.base),
            false => Roster::default(),
        };
        self.roster.join(&found.seen(&base, now));
        self.roster.fill(now);
        self.roster.forget(now.saturating_sub(REMEMBER));
        let mut document = found;
        document.write(&self.roster);
        self.base = self.roster.clone();
        document
    }
}
