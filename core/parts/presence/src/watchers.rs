//! Those who watch the person here: let in by right, told of every change that they may see, sent away.

use crate::own::Own;
use crate::{Presences, SHARE_BITS, Timer, send};
use base::{Duration, Instant, Machine};
use control::{AccountHandle, EventBody, RightOrigin, Sees, Timestamp, WatcherSnapshot};
use policy::watch::{By, Judged, Watching, What};
use ports::{Address, Outbox, events, link};
use sip::notifier::{Ask, End, Input, Notifier, Output, Over, Refused, Terms, WatcherTag};
use sip::publication::Input as Answer;
use sip::subscription::Package;
use sip::{ClientId, Origin, ServerId};
use sip_message::{Method, Request, ResponseBuilder, Status, Uri};
use std::collections::BTreeMap;

/// Subscriptions of others at once; one more is refused with 503 and Retry-After. Source: ours; a phone is watched by
/// some dozens.
pub(crate) const WATCHERS: usize = 500;
/// Those of one address among them, so that nobody has them all.
pub(crate) const EACH: usize = 8;
/// What can be watched here.
const OFFERED: [Package; 2] = [Package::Presence, Package::Dialog];
/// Letters of a tag.
const TAG: usize = 10;
/// When somebody may come again for whom it is not known yet whether they may watch. Source: ours; a server that knows the
/// groups is asked at the start, and every minute where it fails.
const COME_AGAIN: Duration = Duration::from_secs(30);

/// Everybody who watches, by number.
#[derive(Default)]
pub(crate) struct Watchers {
    all: BTreeMap<u64, Watcher>,
}

/// One subscription.
struct Watcher {
    notifier: Notifier,
    account: String,
    /// Their address.
    who: String,
    /// It, as rights read it.
    person: String,
    what: What,
    judged: Judged,
    /// Whether they may know of calls.
    of_calls: bool,
    since: Timestamp,
    told: Option<WatcherSnapshot>,
}

/// Who asks for what, as it was judged.
struct Asked {
    ask: Ask,
    account: String,
    who: String,
    person: String,
    what: What,
    judged: Judged,
}

impl Watchers {
    /// Subscriptions that are there.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn of(&self, account: &str) -> Vec<u64> {
        let all = self.all.iter();
        let of = all.filter(|(_, watcher)| watcher.account == account);
        of.map(|(number, _)| *number).collect()
    }

    fn by_tag(&self, tag: WatcherTag) -> Option<u64> {
        let mut all = self.all.iter();
        let found = all.find(|(_, watcher)| watcher.notifier.tag() == tag)?;
        Some(*found.0)
    }
}

impl Presences {
    /// Subscriptions of others that are there.
    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }

    /// A request of somebody's.
    pub(crate) fn asked(
        &mut self,
        (id, request): (ServerId, &Request),
        origin: &Origin,
        trusted: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let tag = self.rng.token(TAG);
        if *request.method() != Method::Subscribe {
            let response = ResponseBuilder::to(request, Status::METHOD_NOT_ALLOWED);
            let response = response.to_tag(&tag).build();
            return out.post(link::Word::Respond { id, response });
        }
        let to = request.headers().to();
        let taken = match to.as_ref().map(|to| to.tag()) {
            Err(_) => Err(Refused::Malformed),
            Ok(Some(tag)) => self.refreshed(tag, (id, request), now, out),
            Ok(None) => self
                .judged(request, trusted)
                .and_then(|asked| self.let_in((id, request), asked, (origin, trusted), now, out)),
        };
        if let Err(refused) = taken {
            let response = refused.respond(request, &OFFERED, &tag);
            out.post(link::Word::Respond { id, response });
        }
    }

    fn refreshed(
        &mut self,
        tag: &str,
        (id, request): (ServerId, &Request),
        now: Instant,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let number = WatcherTag::read(tag).and_then(|tag| self.watchers.by_tag(tag));
        let number = number.ok_or(Refused::Unknown)?;
        let request = request.clone();
        self.watcher(number, Input::Subscribe { id, request }, now, out);
        Ok(())
    }

    /// Who asks for what, if they may have it and there is room.
    fn judged(&self, request: &Request, trusted: bool) -> Result<Asked, Refused> {
        let ask = Ask::read(request, &OFFERED)?;
        let what = match ask.package {
            Package::Presence => What::Presence,
            Package::Dialog => What::Dialog,
            Package::MessageSummary | Package::Registration | Package::Conference => {
                return Err(Refused::BadEvent);
            }
        };
        let accounts = self.accounts.values().map(|own| &own.account);
        let account = ports::account::meant(accounts, request).ok_or(Refused::Nobody)?;
        let own = self.accounts.get(&account.name).ok_or(Refused::Nobody)?;
        let who = account.asked_by(request, trusted);
        let who = who.ok_or(Refused::Malformed)?.uri().to_string();
        let judged = own.judge.judge(what, &who);
        match (judged.allowed, &judged.by) {
            (true, _) => {}
            (false, By::Unknown) => {
                let again_s = COME_AGAIN.as_secs();
                return Err(Refused::Absent { again_s });
            }
            (false, _) => return Err(Refused::Forbidden),
        }
        let person = policy::watch::person(&who).ok_or(Refused::Malformed)?;
        let all = self.watchers.all.values();
        let theirs = all.filter(|other| other.person == person).count();
        if self.watchers.len() >= WATCHERS || theirs >= EACH {
            return Err(Refused::TooMany);
        }
        Ok(Asked {
            ask,
            account: account.name.clone(),
            who,
            person,
            what,
            judged,
        })
    }

    fn let_in(
        &mut self,
        request: (ServerId, &Request),
        asked: Asked,
        way: (&Origin, bool),
        now: Instant,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let since = self.time(now);
        let own = self.accounts.get(&asked.account).ok_or(Refused::Nobody)?;
        let terms = Terms {
            contact: contact(own, way),
            auth: own.account.authenticator(),
        };
        let Asked {
            ask,
            account,
            who,
            person,
            what,
            judged,
        } = asked;
        let of_calls = own.may_see_calls(&who);
        let content = own.seen(what, self.idle, of_calls);
        self.last += 1;
        let number = self.last;
        let first = ClientId::new(Address::Presence as u8, number << SHARE_BITS);
        let rng = self.rng.split();
        let notifier = Notifier::take(request, ask, (terms, content), first, rng, now)?;
        let watcher = Watcher {
            notifier,
            account,
            who,
            person,
            what,
            judged,
            of_calls,
            since,
            told: None,
        };
        self.watchers.all.insert(number, watcher);
        self.settle_watcher(number, now, out);
        Ok(())
    }

    /// Tells the watchers of an account how it is now, each what it may see.
    pub(crate) fn tell_watchers(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        for number in self.watchers.of(name) {
            let (Some(own), Some(watcher)) =
                (self.accounts.get(name), self.watchers.all.get(&number))
            else {
                return;
            };
            let content = own.seen(watcher.what, self.idle, watcher.of_calls);
            self.watcher(number, Input::Say(content), now, out);
        }
    }

    /// The account or its rights are other ones: whoever may watch no longer is sent away.
    pub(crate) fn judge_again(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        for number in self.watchers.of(name) {
            let (Some(own), Some(watcher)) =
                (self.accounts.get(name), self.watchers.all.get_mut(&number))
            else {
                break;
            };
            watcher.judged = own.judge.judge(watcher.what, &watcher.who);
            watcher.of_calls = own.may_see_calls(&watcher.who);
            let end = match (watcher.judged.allowed, &watcher.judged.by) {
                (true, _) => continue,
                (false, By::Unknown) => End::Probation(COME_AGAIN),
                (false, _) => End::Rejected,
            };
            self.watcher(number, Input::End(end), now, out);
        }
        self.show(name, None, now, out);
    }

    /// Sends away those who watch such accounts.
    pub(crate) fn dismiss(
        &mut self,
        watched: impl Fn(&str) -> bool,
        end: End,
        now: Instant,
        out: &mut Outbox,
    ) {
        let all = self.watchers.all.iter();
        let all = all.filter(|(_, watcher)| watched(&watcher.account));
        let all: Vec<u64> = all.map(|(number, _)| *number).collect();
        for number in all {
            self.watcher(number, Input::End(end), now, out);
        }
    }

    /// Link was made anew: it knows no NOTIFY that is out.
    pub(crate) fn watchers_forgotten(&mut self, now: Instant, out: &mut Outbox) {
        let all: Vec<u64> = self.watchers.all.keys().copied().collect();
        for number in all {
            self.watcher(number, Input::Forgotten, now, out);
        }
    }

    /// The answer to a NOTIFY, or none.
    pub(crate) fn watcher_answers(
        &mut self,
        number: u64,
        answer: Answer,
        now: Instant,
        out: &mut Outbox,
    ) {
        let input = match answer {
            Answer::Response { id, response } => Input::Response { id, response },
            Answer::Failed { id, why } => Input::Failed { id, why },
            Answer::Say(_) | Answer::Again | Answer::Doubt | Answer::End => return,
        };
        self.watcher(number, input, now, out);
    }

    pub(crate) fn watcher_wakes(&mut self, timer: Timer, now: Instant, out: &mut Outbox) {
        if let Timer::Watcher(number) = timer
            && let Some(watcher) = self.watchers.all.get_mut(&number)
        {
            watcher.notifier.handle_time(now);
            self.settle_watcher(number, now, out);
        }
    }

    fn watcher(&mut self, number: u64, input: Input, now: Instant, out: &mut Outbox) {
        if let Some(watcher) = self.watchers.all.get_mut(&number) {
            watcher.notifier.handle(input, now);
            self.settle_watcher(number, now, out);
        }
    }

    fn settle_watcher(&mut self, number: u64, now: Instant, out: &mut Outbox) {
        let Some(watcher) = self.watchers.all.get_mut(&number) else {
            return;
        };
        let mut over = None;
        while let Some(output) = watcher.notifier.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => send(id, (&watcher.account, request), next_hop, out),
                Output::Respond { id, response } => {
                    out.post(link::Word::Respond { id, response });
                }
                Output::Over(how) => over = Some(how),
            }
        }
        let deadline = watcher.notifier.deadline().filter(|_| over.is_none());
        self.timers.set(Timer::Watcher(number), deadline);
        let rights = self.accounts.get(&watcher.account);
        let rights = rights.map(|own| &own.account.policy.watching);
        let snapshot = watcher.snapshot(number, rights, over);
        if let Some(snapshot) = snapshot
            && watcher.told.as_ref() != Some(&snapshot)
        {
            watcher.told = Some(snapshot.clone());
            tell(snapshot, now, out);
        }
        if over.is_some() {
            self.watchers.all.remove(&number);
        }
    }
}

impl Watcher {
    /// How it stands; `None`: its account's name is none, it was never more than one look, or its end is under way.
    fn snapshot(
        &self,
        id: u64,
        rights: Option<&Watching>,
        over: Option<Over>,
    ) -> Option<WatcherSnapshot> {
        if !self.notifier.is_active() && (over.is_none() || self.told.is_none()) {
            return None;
        }
        let account: AccountHandle = self.account.parse().ok()?;
        let template = rights.map(|rights| rights.template_from.clone());
        let (origin, right, set_by) = match &self.judged.by {
            By::Person(right) => (RightOrigin::Person, right.to_string(), None),
            By::Template(right) => (RightOrigin::Template, right.to_string(), template),
            By::Group(name) => (RightOrigin::Group, name.clone(), None),
            // Its right was taken, and nothing else is said of it.
            By::Nothing | By::Unknown => (RightOrigin::Unknown, String::new(), None),
        };
        Some(WatcherSnapshot {
            id,
            account,
            watcher: self.who.clone(),
            sees: match self.what {
                What::Presence => Sees::Presence,
                What::Dialog => Sees::Dialog,
            },
            since: self.since,
            origin,
            right,
            set_by,
            ended: over.map(|over| ended(over).to_owned()),
        })
    }
}

/// Where refreshes reach us: as the account's server does, or else where this one came to.
fn contact(own: &Own, (origin, trusted): (&Origin, bool)) -> Uri {
    if let Some(contact) = own.contact.as_ref().filter(|_| trusted) {
        return contact.clone();
    }
    own.account.contact(origin.local, origin.transport)
}

const fn ended(over: Over) -> &'static str {
    match over {
        Over::Told(end) => end.word(),
        Over::Refused(_) => "refused",
        Over::Unreachable => "unreachable",
    }
}

fn tell(snapshot: WatcherSnapshot, now: Instant, out: &mut Outbox) {
    out.post(events::Word::Tell {
        at: now,
        account: Some(snapshot.account.clone()),
        call: None,
        command: None,
        body: EventBody::WatcherChanged(Box::new(snapshot)),
    });
}
