//! Theirs, from the request to the answer.

use crate::{HELD, Messages};
use base::{Duration, Instant};
use control::snapshot::Party;
use control::{AccountHandle, CallHandle, MessageState, TextMessage};
use ports::{Account, Outbox, dialogs, link, media};
use sip::ServerId;
use sip::message::incoming;
use sip_message::{HeaderName, NameAddr, Request, Response, ResponseBuilder, Status};

/// How long a message waits for the disk before it is answered all the same: it waits in memory then.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a message that was taken is known again. Twice the life of its transaction.
const REPEATED: Duration = Duration::from_secs(64);
/// Messages that are known again at once; the oldest is forgotten.
const RECENT: usize = 256;
/// Letters of a tag.
const TAG: usize = 10;

/// One that is answered once it is on disk.
pub(crate) struct Held {
    number: u64,
    answer: Answer,
}

/// How it is answered.
enum Answer {
    /// By this.
    Alone(ServerId, Box<Response>),
    /// In the dialog of this call.
    InCall(CallHandle, ServerId),
}

impl Messages {
    /// A MESSAGE outside of dialogs.
    pub(crate) fn came(
        &mut self,
        id: ServerId,
        request: &Request,
        trusted: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let tag = self.rng.token(TAG);
        let said = match self.judge(request, trusted, &tag) {
            Ok(said) => said,
            Err(response) => {
                return out.post(link::Word::Respond {
                    id,
                    response: *response,
                });
            }
        };
        let response = incoming::take(request, &tag);
        let Some((account, peer, text)) = said.filter(|_| !self.is_repeated(request, now)) else {
            // Nothing is said, or it was said before: nobody is told.
            return out.post(link::Word::Respond { id, response });
        };
        let answer = Answer::Alone(id, Box::new(response));
        self.take((account, peer, text, None), answer, now, out);
    }

    /// Which account it is for, from whom, and what it says, where it says anything; or how it is refused.
    fn judge(
        &self,
        request: &Request,
        trusted: bool,
        tag: &str,
    ) -> Result<Option<(AccountHandle, Party, String)>, Box<Response>> {
        let refuse = |status| ResponseBuilder::to(request, status).to_tag(tag);
        let Some(account) = self.meant(request) else {
            return Err(Box::new(refuse(Status::NOT_FOUND).build()));
        };
        if !account.allow_message {
            let allow = ports::account::allow(false);
            let refused = refuse(Status::METHOD_NOT_ALLOWED).header(HeaderName::Allow, allow);
            return Err(Box::new(refused.build()));
        }
        let text = incoming::read(request)
            .map_err(|refused| Box::new(incoming::refuse(request, refused, tag)))?;
        let handle = account.name.parse().ok().filter(|_| !text.is_empty());
        Ok(handle.map(|handle| (handle, who(account, request, trusted), text)))
    }

    /// A MESSAGE in the dialog of a call: of the account that the call is of.
    pub(crate) fn asked(
        &mut self,
        call: CallHandle,
        id: ServerId,
        request: &Request,
        now: Instant,
        out: &mut Outbox,
    ) {
        let refuse = |status| dialogs::Word::Respond { call, id, status };
        let Some(account) = self.meant(request).filter(|account| account.allow_message) else {
            return out.post(refuse(Status::METHOD_NOT_ALLOWED));
        };
        let text = match incoming::read(request) {
            Ok(text) => text,
            Err(refused) => {
                let status = incoming::refuse(request, refused, "").status();
                return out.post(refuse(status));
            }
        };
        let Some(handle) = account
            .name
            .parse::<AccountHandle>()
            .ok()
            .filter(|_| !text.is_empty())
        else {
            return out.post(refuse(Status::OK));
        };
        // Who that is was decided when the call began.
        let peer = who(account, request, false);
        let answer = Answer::InCall(call, id);
        self.take((handle, peer, text, Some(call)), answer, now, out);
    }

    /// Whether it was taken before. Its transaction ends 32 s after the answer (RFC 3261 §17.2.2), and a network that
    /// keeps packets back brings copies later than that.
    fn is_repeated(&mut self, request: &Request, now: Instant) -> bool {
        self.recent.retain(|(at, _)| now.since(*at) < REPEATED);
        let headers = request.headers();
        let (Ok(call_id), Ok(from), Ok(cseq)) = (headers.call_id(), headers.from(), headers.cseq())
        else {
            return false;
        };
        let tag = from.tag().unwrap_or_default();
        let key = format!("{} {tag} {}", call_id.as_str(), cseq.number);
        if self.recent.iter().any(|(_, known)| *known == key) {
            return true;
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, key));
        false
    }

    fn take(
        &mut self,
        (account, peer, text, call): (AccountHandle, Party, String, Option<CallHandle>),
        answer: Answer,
        now: Instant,
        out: &mut Outbox,
    ) {
        let number = self.next();
        let at = self.time(now);
        let message = TextMessage {
            id: format!("{:x}-{number:x}", at.unix_ms()),
            account,
            peer,
            text,
            state: MessageState::Received,
            at,
            read: false,
            call,
            why: None,
        };
        if self.held.len() < HELD {
            self.patience.set(number, Some(now + PATIENCE));
            let id = message.id.clone();
            self.held.insert(id, Held { number, answer });
        } else {
            reply(answer, out);
        }
        let account = message.account.clone();
        out.post(media::News::Wrote { account });
        self.tell(&message, None, now, out);
    }

    /// It is on disk, or never will be.
    pub(crate) fn kept(&mut self, id: &str, out: &mut Outbox) {
        if let Some(held) = self.held.remove(id) {
            self.patience.set(held.number, None);
            reply(held.answer, out);
        }
    }

    pub(crate) fn impatient(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(number) = self.patience.expire(now) {
            let mut held = self.held.iter();
            let found = held.find(|(_, held)| held.number == number);
            if let Some(id) = found.map(|(id, _)| id.clone()) {
                self.kept(&id, out);
            }
        }
    }

    /// Whom a request is for: by its target, or else its To. Of several, the default one.
    fn meant(&self, request: &Request) -> Option<&Account> {
        ports::account::meant(self.accounts.values(), request)
    }
}

fn reply(answer: Answer, out: &mut Outbox) {
    match answer {
        Answer::Alone(id, response) => out.post(link::Word::Respond {
            id,
            response: *response,
        }),
        Answer::InCall(call, id) => {
            let status = Status::OK;
            out.post(dialogs::Word::Respond { call, id, status });
        }
    }
}

/// Who wrote, in the account's order of identities. What others say of them is only believed of its servers
/// (RFC 3325 §4).
fn who(account: &Account, request: &Request, trusted: bool) -> Party {
    let party = |who: NameAddr| Party {
        uri: who.uri().to_string(),
        display: who.display().map(|name| name.into_owned()),
    };
    let nobody = || Party {
        uri: String::new(),
        display: None,
    };
    let said = account.asked_by(request, trusted);
    said.map_or_else(nobody, party)
}
