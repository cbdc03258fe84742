//! What a place's thread does: asks its server again and again, and at once when something changed here.

use crate::diversion::{self, Diversion};
use crate::document::Document;
use crate::ledger::Ledger;
use crate::queue::{Next, Queue, Word};
use crate::source::{Answer, Ask, Place, Source, Version};
use crate::{Tell, Told};
use control::contacts::Profile;
use control::receiving::Forwarding;
use control::{Code, ErrorObject, quoted};
use ports::store::{Shared, Standing};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a server is left alone after a failure, at first and at most.
const FIRST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(60);
/// How often a document is fetched, joined and put, when others put theirs between.
const TRIES: u32 = 5;

struct Worker<'a> {
    source: Source,
    tell: &'a Tell,
    open: Option<Box<dyn Ask>>,
    /// What stands here; `None`: the store has not said yet.
    standing: Option<Vec<Profile>>,
    ledger: Ledger,
    /// What was told to stand here last.
    offered: Option<Vec<Profile>>,
    /// Where calls are sent here; `None`: the engine has not said yet.
    forwards: Option<Forwarding>,
    /// Where they were told to be sent last.
    offered_forwarding: Option<Forwarding>,
    /// For how long it is left alone, and why.
    failing: Option<(Duration, String)>,
    due: Option<Instant>,
}

/// Runs until the queue ends.
pub(crate) fn work(source: Source, queue: &Queue, tell: &Tell) {
    let mut worker = Worker {
        source,
        tell,
        open: None,
        standing: None,
        ledger: Ledger::default(),
        offered: None,
        forwards: None,
        offered_forwarding: None,
        failing: None,
        due: None,
    };
    loop {
        match queue.next(worker.due) {
            Next::End => return,
            Next::Due => worker.meet(),
            Next::Word(Word::Stands(standing)) => worker.stands(*standing),
            Next::Word(Word::Forwards(forwarding)) => worker.forwards(*forwarding),
            Next::Word(Word::Again) => worker.due = Some(Instant::now()),
        }
    }
}

/// Unit: ms since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// A failure of the server, in words behind its address.
fn refused(source: &Source, why: &str, fix: &str) -> ErrorObject {
    ErrorObject::new(Code::XCAP_FAILED, format!("{} {why}", source.server)).fix(fix)
}

impl Worker<'_> {
    fn stands(&mut self, standing: Standing) {
        if self.standing.is_none() {
            let kept = standing
                .ledger
                .as_deref()
                .unwrap_or("{\"roster\":{\"lists\":{}}}");
            match serde_json::from_str(kept) {
                Ok(ledger) => self.ledger = ledger,
                Err(why) => tracing::warn!(%why, "what is known of the server's profiles is lost"),
            }
            self.due = Some(Instant::now());
        }
        if self.offered.as_ref() == Some(&standing.profiles) {
            // It was taken: nobody here said that.
            self.ledger.shown.clone_from(&standing.profiles);
            self.offered = None;
        }
        if self.ledger.shown != standing.profiles {
            // When it was said is kept at once: it is uploaded as said then, also after a restart.
            let shown = &standing.profiles;
            self.ledger.said(shown, &self.source.domain, now());
            self.share(shown, shown);
            self.due = Some(Instant::now());
        }
        self.standing = Some(standing.profiles);
    }

    fn forwards(&mut self, forwarding: Forwarding) {
        if self.offered_forwarding.as_ref() == Some(&forwarding) {
            // It was taken: phone and server agree.
            self.offered_forwarding = None;
            self.agree(forwarding.clone());
        }
        let is_said = self.ledger.forwarding.as_ref() != Some(&forwarding);
        if self.standing.is_some() && is_said {
            self.due = Some(Instant::now());
        }
        self.forwards = Some(forwarding);
    }

    fn agree(&mut self, on: Forwarding) {
        if self.ledger.forwarding.as_ref() != Some(&on) {
            self.ledger.forwarding = Some(on);
            if let Some(standing) = &self.standing {
                self.share(standing, standing);
            }
        }
    }

    /// Has the store keep `profiles` and the ledger, if `before` still stands.
    fn share(&self, before: &[Profile], profiles: &[Profile]) {
        let mut ledger = self.ledger.clone();
        ledger.shown = profiles.to_vec();
        match serde_json::to_string(&ledger) {
            Ok(ledger) => (self.tell)(Told::Share(Box::new(Shared {
                owner: self.source.owner.clone(),
                before: before.to_vec(),
                profiles: profiles.to_vec(),
                ledger,
            }))),
            Err(why) => tracing::warn!(%why, "what is known of the server's profiles is not kept"),
        }
    }

    /// Fetches, joins and puts, and keeps account of failures.
    fn meet(&mut self) {
        let Some(standing) = self.standing.clone() else {
            self.due = None;
            return;
        };
        let met = self.profiles(&standing).and_then(|()| self.diversion());
        let wait = match met {
            Ok(()) => {
                if self.failing.take().is_some() {
                    tracing::info!(server = self.source.server, "keeps again what it should");
                    self.trouble(None);
                }
                self.source.refresh
            }
            Err(why) => {
                // What is open may be broken.
                self.open = None;
                self.fail(why)
            }
        };
        self.due = Some(Instant::now() + wait);
    }

    /// Told once for each reason.
    fn fail(&mut self, error: ErrorObject) -> Duration {
        let before = self.failing.take();
        let wait = before
            .as_ref()
            .map_or(FIRST, |(wait, _)| (*wait * 2).min(MOST));
        let why = error.detail.clone();
        if before.is_none_or(|(_, before)| before != why) {
            let server = &self.source.server;
            tracing::warn!(server, why, "cannot keep what it should");
            self.trouble(Some(Box::new(error)));
        }
        self.failing = Some((wait, why));
        wait
    }

    fn trouble(&self, error: Option<Box<ErrorObject>>) {
        (self.tell)(Told::Trouble {
            account: self.source.account.clone(),
            server: self.source.server.clone(),
            error,
        });
    }

    /// Brings profiles here and there together.
    fn profiles(&mut self, standing: &[Profile]) -> Result<(), ErrorObject> {
        let domain = self.source.domain.clone();
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Profiles)? {
                Some((body, version)) => (self.read(Document::read(&body, &domain))?, version),
                None => (Document::new(&domain), Version::New),
            };
            let is_there = version != Version::New;
            let mut ledger = self.ledger.clone();
            let document = ledger.meet(found.clone(), is_there, now());
            let is_news = !document.lists_as(&found);
            if is_news && !self.put(Place::Profiles, &version, &document.text())? {
                continue;
            }
            let in_use = standing.iter().find(|profile| profile.active);
            let in_use = in_use.map_or("", |profile| profile.name.as_str());
            let profiles = match ledger.roster.lists.is_empty() {
                true => standing.to_vec(),
                false => document.profiles(in_use),
            };
            let is_new = ledger != self.ledger || profiles != standing;
            self.ledger = ledger;
            if is_new {
                self.offered = Some(profiles.clone());
                self.share(standing, &profiles);
            }
            return Ok(());
        }
        Err(self.overtaken())
    }

    /// Brings together where calls are sent here and there.
    fn diversion(&mut self) -> Result<(), ErrorObject> {
        let Some(ours) = self.forwards.clone().filter(|_| self.source.forwarding) else {
            return Ok(());
        };
        let domain = self.source.domain.clone();
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Diversion)? {
                Some((body, version)) => (self.read(Diversion::read(&body, &domain))?, version),
                None => (Diversion::new(&domain), Version::New),
            };
            let theirs = found.is_there().then(|| found.forwarding());
            let agreed = self.ledger.forwarding.as_ref();
            let wanted = diversion::joined(&ours, agreed, theirs.as_ref());
            let mut document = found.clone();
            document.write(&wanted);
            if document != found && !self.put(Place::Diversion, &version, &document.text())? {
                continue;
            }
            // As the server has it: its timer, for one, takes less than ours.
            let after = document.forwarding();
            if after == ours {
                self.offered_forwarding = None;
                self.agree(ours);
            } else {
                self.offered_forwarding = Some(after.clone());
                (self.tell)(Told::Forward {
                    account: self.source.account.clone(),
                    before: Box::new(ours),
                    after: Box::new(after),
                });
            }
            return Ok(());
        }
        Err(self.overtaken())
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

    /// Puts it; `false`: somebody was faster.
    fn put(&mut self, place: Place, version: &Version, text: &str) -> Result<bool, ErrorObject> {
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
