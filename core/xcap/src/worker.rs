//! What a place's thread does: asks its server again and again, and at once when something changed here.

mod diversion;
mod groups;
mod offers;
mod profiles;
mod rights;

use crate::errand::Errand;
use crate::ledger::Ledger;
use crate::queue::{Next, Queue, Word};
use crate::source::{Answer, Ask, Place, Source, Version};
use crate::{Tell, Told, xml};
use control::contacts::Profile;
use control::receiving::Forwarding;
use control::{Code, ErrorObject, quoted};
use offers::Offers;
use policy::watch::{Group, Right, Watching};
use ports::store::{Mark, Shared};
use std::time::Instant;

/// How often a document is fetched, joined and put, when others put theirs between.
const TRIES: u32 = 5;

struct Worker<'a> {
    source: Source,
    tell: &'a Tell,
    open: Option<Box<dyn Ask>>,
    /// What stands here; `None`: the store has not said yet.
    standing: Option<Vec<Profile>>,
    /// What the store has beside it; `None`: nothing.
    kept: Option<Ledger>,
    ledger: Ledger,
    /// What it was told last in this round: for which profiles, and what beside them.
    told: Option<(Vec<Profile>, Ledger)>,
    /// What is to stand here.
    offered: Option<Vec<Profile>>,
    /// Where calls are sent here; `None`: the engine has not said yet.
    forwards: Option<(Forwarding, Mark)>,
    /// Where they were told to be sent.
    offered_forwarding: Offers<Forwarding>,
    /// Who may watch; `None`: the engine has not said yet.
    watching: Option<(Watching, Mark)>,
    /// What the person was told to say of it.
    offered_rights: Offers<Vec<Right>>,
    /// Whether the rules that the server goes by are ours, as it was told last.
    enforced: Option<Option<u64>>,
    /// Whether the account is gone.
    is_gone: bool,
    /// What the server was told of who may watch, or is to be.
    rule: Option<rights::Rule>,
    /// The groups of the site, as the server last had them.
    groups: Vec<Group>,
    errands: [Errand; 4],
}

/// Runs until the queue ends.
pub(crate) fn work(source: Source, queue: &Queue, tell: &Tell) {
    let mut worker = Worker {
        source,
        tell,
        open: None,
        standing: None,
        kept: None,
        ledger: Ledger::default(),
        told: None,
        offered: None,
        forwards: None,
        offered_forwarding: Offers::default(),
        watching: None,
        offered_rights: Offers::default(),
        enforced: None,
        is_gone: false,
        rule: None,
        groups: Vec::new(),
        errands: Default::default(),
    };
    loop {
        match queue.next(worker.due()) {
            Next::End => return,
            Next::Due => worker.meet(),
            Next::Word(Word::Stands(standing)) => worker.stands(*standing),
            Next::Word(Word::Forwards(forwarding, mark)) => worker.forwards(*forwarding, mark),
            Next::Word(Word::Watching(watching, mark)) => worker.watching(*watching, mark),
            Next::Word(Word::Gone) => worker.gone(),
            Next::Word(Word::Again) => worker.hurry(),
        }
    }
}

/// A failure of the server, in words behind its address.
fn refused(source: &Source, why: &str, fix: &str) -> ErrorObject {
    ErrorObject::new(Code::XCAP_FAILED, format!("{} {why}", source.server)).fix(fix)
}

impl Worker<'_> {
    /// Nothing is due before it is known what stands here.
    fn due(&self) -> Option<Instant> {
        self.standing.as_ref().filter(|_| !self.is_gone)?;
        self.errands.iter().filter_map(|errand| errand.due).min()
    }

    /// The account is gone: what was said of it holds no more.
    fn gone(&mut self) {
        self.is_gone = true;
        self.forwards = None;
        self.watching = None;
        self.open = None;
    }

    fn hurry(&mut self) {
        self.errands.iter_mut().for_each(Errand::hurry);
    }

    fn errand(&mut self, of: Place) -> &mut Errand {
        let [profiles, diversion, groups, rights] = &mut self.errands;
        match of {
            Place::Profiles => profiles,
            Place::Diversion => diversion,
            Place::Groups => groups,
            Place::Rights => rights,
        }
    }

    /// Has the store keep what is known, and the profiles that are to stand, if what stood when they were joined still
    /// does. What it has already is not said again, and what it may have lost once a round.
    fn share(&mut self) {
        let Some(standing) = &self.standing else {
            return;
        };
        let profiles = self.offered.as_ref().unwrap_or(standing);
        let mut ledger = self.ledger.clone();
        ledger.shown.clone_from(profiles);
        let is_kept = profiles == standing && self.kept.as_ref() == Some(&ledger);
        let word = (standing.clone(), ledger);
        if is_kept || self.told.as_ref() == Some(&word) {
            return;
        }
        match serde_json::to_string(&word.1) {
            Ok(ledger) => (self.tell)(Told::Share(Box::new(Shared {
                owner: self.source.owner.clone(),
                before: standing.clone(),
                profiles: profiles.clone(),
                ledger,
            }))),
            Err(why) => tracing::warn!(%why, "what is known of the server's profiles is not kept"),
        }
        self.told = Some(word);
    }

    /// Meets the documents that are due, each with its own account of failures: a server may have one and refuse the
    /// others.
    fn meet(&mut self) {
        self.told = None;
        for place in Place::ALL {
            if self.errand(place).is_due() {
                let met = match place {
                    Place::Profiles => self.meet_profiles(),
                    Place::Diversion => self.meet_diversion(),
                    Place::Groups => {
                        let met = self.meet_groups();
                        self.tell_groups_again();
                        met
                    }
                    Place::Rights => self.meet_rights(),
                };
                self.went(place, met);
            }
        }
        self.share();
    }

    /// Told once for each reason, and once all goes well again.
    fn went(&mut self, place: Place, met: Result<(), ErrorObject>) {
        match met {
            Ok(()) => {
                let refresh = self.source.refresh;
                let was_failing = self.errand(place).well(refresh);
                let all_go = self.errands.iter().all(|all| all.failing().is_none());
                if was_failing && all_go {
                    let server = &self.source.server;
                    tracing::info!(server, "keeps again what it should");
                    self.trouble(None);
                }
            }
            Err(error) => {
                let (why, patience) = (error.detail.as_str(), self.source.patience);
                let is_told = self.errands.iter().any(|one| one.failing() == Some(why));
                self.errand(place).failed(why, patience);
                if !is_told {
                    let server = &self.source.server;
                    tracing::warn!(server, why, "cannot keep what it should");
                    self.trouble(Some(Box::new(error)));
                }
                // What is open may be broken.
                self.open = None;
            }
        }
    }

    fn trouble(&self, error: Option<Box<ErrorObject>>) {
        (self.tell)(Told::Trouble {
            of: self.source.whose(),
            server: self.source.server.clone(),
            error,
        });
    }

    fn overtaken(&self) -> ErrorObject {
        refused(
            &self.source,
            &format!("had another version each of {TRIES} times"),
            "see whether other programs write it all the time; it is tried again by itself",
        )
    }

    fn read<T>(&self, read: Result<T, String>) -> Result<T, ErrorObject> {
        read.map_err(|why| {
            let why = format!("sends a document that {why}");
            let fix =
                "repair or remove it at the server; what is kept here stays, and is put there then";
            refused(&self.source, &why, fix)
        })
    }

    /// A document, and which version it is; `None`: there is none.
    fn fetch(&mut self, place: Place) -> Result<Option<(Vec<u8>, Version)>, ErrorObject> {
        let answer = self.way()?.get(place)?;
        match answer.status {
            200 => {
                let version = answer.tag.map_or(Version::Any, Version::Tag);
                Ok(Some((answer.body, version)))
            }
            404 => Ok(None),
            _ => Err(self.status(&answer)),
        }
    }

    /// Puts it; `false`: somebody was faster. Errors: also one that nobody could read again.
    fn put(&mut self, place: Place, version: &Version, text: &str) -> Result<bool, ErrorObject> {
        if let Err(why) = xml::read(text.as_bytes()) {
            let why = format!("would get a document that {why}");
            let fix = "take out there what is not needed; what is kept here stays";
            return Err(refused(&self.source, &why, fix));
        }
        let answer = self.way()?.put(place, version, text)?;
        match answer.status {
            200 | 201 | 204 => Ok(true),
            412 => Ok(false),
            _ => Err(self.status(&answer)),
        }
    }

    fn way(&mut self) -> Result<&mut Box<dyn Ask>, ErrorObject> {
        let open = match self.open.take() {
            Some(open) => open,
            None => (self.source.open)()?,
        };
        Ok(self.open.insert(open))
    }

    /// An answer that is none of those that were asked for.
    fn status(&self, answer: &Answer) -> ErrorObject {
        let status = answer.status;
        let said = String::from_utf8_lossy(&answer.body);
        let said = match said.trim() {
            "" => String::new(),
            said => format!(": {}", quoted(said)),
        };
        let fix = match status {
            401 | 403 => {
                "see whether user and password of the account are those of this server, and may write there"
            }
            409 | 413 => "see what the server allows in lists of people, and how long they may be",
            400..500 => "see whether xcap is the root of the XCAP server",
            _ => "see the server's log; it is tried again by itself within a minute",
        };
        refused(&self.source, &format!("says {status}{said}"), fix)
    }
}
