//! What a place's thread does: asks its server again and again, and at once when something changed here.

use crate::diversion::{self, Diversion};
use crate::document::Document;
use crate::errand::Errand;
use crate::ledger::Ledger;
use crate::queue::{Next, Queue, Word};
use crate::source::{Answer, Ask, Place, Source, Version};
use crate::{Tell, Told, xml};
use control::contacts::Profile;
use control::receiving::Forwarding;
use control::{Code, ErrorObject, quoted};
use ports::store::{Shared, Standing};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
    /// What is to stand here.
    offered: Option<Vec<Profile>>,
    /// Where calls are sent here; `None`: the engine has not said yet.
    forwards: Option<Forwarding>,
    /// Where they were told to be sent last.
    offered_forwarding: Option<Forwarding>,
    profiles: Errand,
    diversion: Errand,
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
        offered: None,
        forwards: None,
        offered_forwarding: None,
        profiles: Errand::default(),
        diversion: Errand::default(),
    };
    loop {
        match queue.next(worker.due()) {
            Next::End => return,
            Next::Due => worker.meet(),
            Next::Word(Word::Stands(standing)) => worker.stands(*standing),
            Next::Word(Word::Forwards(forwarding)) => worker.forwards(*forwarding),
            Next::Word(Word::Again) => worker.hurry(),
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

/// What the store has beside the profiles.
fn kept(of: &Standing) -> Option<Ledger> {
    match serde_json::from_str(of.ledger.as_deref()?) {
        Ok(ledger) => Some(ledger),
        Err(why) => {
            tracing::warn!(%why, "what is known of the server's profiles is lost");
            None
        }
    }
}

impl Worker<'_> {
    /// Nothing is due before it is known what stands here.
    fn due(&self) -> Option<Instant> {
        self.standing.as_ref()?;
        let all = [self.profiles.due, self.diversion.due];
        all.into_iter().flatten().min()
    }

    fn hurry(&mut self) {
        self.profiles.hurry();
        self.diversion.hurry();
    }

    fn stands(&mut self, standing: Standing) {
        let kept = kept(&standing);
        let profiles = standing.profiles;
        if self.standing.is_none() {
            self.ledger = kept.clone().unwrap_or_default();
            self.hurry();
        } else if kept != self.kept && kept.as_ref().is_some_and(|kept| kept.shown == profiles) {
            // They stand by what was shared: nobody here said that.
            self.ledger.shown.clone_from(&profiles);
        }
        self.kept = kept;
        if self.standing.as_ref() != Some(&profiles) {
            // What was offered was taken, or never will be.
            self.offered = None;
        }
        if self.ledger.shown != profiles {
            self.ledger.said(&profiles, &self.source.domain, now());
            self.profiles.hurry();
        }
        self.standing = Some(profiles);
        // When it was said is kept at once: it is uploaded as said then, also after a restart.
        self.share();
    }

    fn forwards(&mut self, forwarding: Forwarding) {
        // Whatever else is said meanwhile, what was offered is not taken any more.
        if self.offered_forwarding.take().as_ref() == Some(&forwarding) {
            self.ledger.forwarding = Some(forwarding.clone());
            self.share();
        }
        if self.ledger.forwarding.as_ref() != Some(&forwarding) {
            self.diversion.hurry();
        }
        self.forwards = Some(forwarding);
    }

    /// Has the store keep what is known, and the profiles that are to stand, if what stood when they were joined still
    /// does. What it has already is not said again.
    fn share(&self) {
        let Some(standing) = &self.standing else {
            return;
        };
        let profiles = self.offered.as_ref().unwrap_or(standing);
        let mut ledger = self.ledger.clone();
        ledger.shown.clone_from(profiles);
        if profiles == standing && self.kept.as_ref() == Some(&ledger) {
            return;
        }
        match serde_json::to_string(&ledger) {
            Ok(ledger) => (self.tell)(Told::Share(Box::new(Shared {
                owner: self.source.owner.clone(),
                before: standing.clone(),
                profiles: profiles.clone(),
                ledger,
            }))),
            Err(why) => tracing::warn!(%why, "what is known of the server's profiles is not kept"),
        }
    }

    /// Meets the documents that are due, each with its own account of failures: a server may have one and refuse the
    /// other.
    fn meet(&mut self) {
        if self.profiles.is_due() {
            let met = self.meet_profiles();
            self.went(Place::Profiles, met);
        }
        if self.diversion.is_due() {
            let met = self.meet_diversion();
            self.went(Place::Diversion, met);
        }
        self.share();
    }

    /// Told once for each reason, and once all goes well again.
    fn went(&mut self, place: Place, met: Result<(), ErrorObject>) {
        let (this, other) = match place {
            Place::Profiles => (&mut self.profiles, &self.diversion),
            Place::Diversion => (&mut self.diversion, &self.profiles),
        };
        let server = &self.source.server;
        match met {
            Ok(()) => {
                let is_over = this.well(self.source.refresh) && other.failing().is_none();
                if is_over {
                    tracing::info!(server, "keeps again what it should");
                    self.trouble(None);
                }
            }
            Err(error) => {
                let why = error.detail.as_str();
                let is_told = other.failing() == Some(why);
                if this.failed(why, self.source.patience) && !is_told {
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
            account: self.source.account.clone(),
            server: self.source.server.clone(),
            error,
        });
    }

    /// Brings profiles here and there together.
    fn meet_profiles(&mut self) -> Result<(), ErrorObject> {
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
            self.ledger = ledger;
            self.offer(&document);
            return Ok(());
        }
        Err(self.overtaken())
    }

    /// What the document lists is to stand here.
    fn offer(&mut self, document: &Document) {
        let standing = self.standing.iter().flatten();
        let in_use = standing.clone().find(|profile| profile.active);
        let profiles = document.profiles(in_use.map_or("", |profile| profile.name.as_str()));
        let is_said = !self.ledger.roster.lists.is_empty();
        self.offered = (is_said && !standing.eq(&profiles)).then_some(profiles);
    }

    /// Brings together where calls are sent here and there.
    fn meet_diversion(&mut self) -> Result<(), ErrorObject> {
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
                self.ledger.forwarding = Some(ours);
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
