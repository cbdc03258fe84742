//! What is kept beside the profiles: when everything came and went, what the server had, and what the phone showed.

use crate::document::Document;
use crate::roster::{self, Roster};
use control::contacts::Profile;
use control::receiving::Forwarding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Profiles that people here called otherwise, and what the server calls them: its lists are renamed, so that what is
    /// in them and is not ours stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<String, String>,
    /// The forwarding that phone and server last agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Forwarding>,
    /// What the person says of who may watch, a line each, as phone and server last agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<String>>,
    /// The groups of the site, as the server last had them; empty: none. Rights that name one hold by it also while they
    /// cannot be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// Who may see how the person is, as the server was last told by this phone: a checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

impl Ledger {
    /// Notes what people changed here since it was last noted.
    pub fn said(&mut self, now_shown: &[Profile], domain: &str, now: u64) {
        if let Some((old, new)) = roster::renamed(&self.shown, now_shown)
            && self.roster.rename(&old, &new, now)
        {
            for profile in self.shown.iter_mut().filter(|p| p.name == old) {
                profile.name.clone_from(&new);
            }
            let at_server = self.renamed.remove(&old).unwrap_or(old);
            self.renamed.insert(new, at_server);
        }
        self.roster.said(&self.shown, now_shown, domain, now);
        let lists = &self.roster.lists;
        self.renamed
            .retain(|new, _| lists.get(new).is_some_and(|list| list.is_there()));
        self.shown = now_shown.to_vec();
    }

    /// Joins what the server has with what is known here: the document as it is to be.
    pub fn meet(&mut self, found: Document, is_there: bool, now: u64) -> Document {
        // One that is not there any more took nothing away: it is written anew.
        let mut base = match is_there {
            true => core::mem::take(&mut self.base),
            false => Roster::default(),
        };
        let mut document = found;
        for (new, old) in core::mem::take(&mut self.renamed) {
            if document.rename(&old, &new)
                && let Some(list) = base.lists.remove(&old)
            {
                base.lists.insert(new, list);
            }
        }
        self.roster.join(&document.seen(&base, now));
        self.roster.fill(now);
        self.roster.forget(now.saturating_sub(REMEMBER));
        document.write(&self.roster);
        self.base = self.roster.clone();
        document
    }
}
