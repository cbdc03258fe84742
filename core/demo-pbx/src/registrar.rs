//! The part that takes REGISTER: who it is, what it may, and what stands afterwards.
//!
//! Source: RFC 3261 §10.3. Whatever name or address the PBX is called by
//! is its domain, so that it works on every machine without being told.

use crate::bindings::{Bindings, Refusal, Wish};
use crate::gate::{Answer, Gate};
use crate::mailboxes::Mailboxes;
use crate::users::Users;
use base::{Instant, Rng};
use control::event::AccountChange;
use control::receiving::Forwarding;
use control::snapshot::{AccountSnapshot, AccountState};
use control::{AccountHandle, EventBody};
use ports::blf::Server;
use ports::link::Heard;
use ports::registrar::Word;
use ports::{Account, Outbox, Part, Post, events, link, presence};
use sip::{Origin, ServerId};
use sip_message::{
    HeaderName, Malformed, Method, Request, Response, ResponseBuilder, Status, Uri, unescape,
};
use std::cell::RefCell;
use std::rc::Rc;

/// What registrar and extensions both know. It outlives either of them.
#[derive(Debug)]
pub struct Directory {
    /// Who may register and call.
    pub users: Users,
    /// Who is registered where.
    pub bindings: Bindings,
    /// What waits for whom.
    pub(crate) mail: Mailboxes,
}

/// The directory, shared within one thread.
pub type Shared = Rc<RefCell<Directory>>;

/// The registrar of a PBX.
#[derive(Debug)]
pub struct PbxRegistrar {
    directory: Shared,
    gate: Gate,
    rng: Rng,
}

impl PbxRegistrar {
    /// Registers into `directory` whoever passes `gate`. `rng` makes tags.
    pub fn new(directory: Shared, gate: Gate, rng: Rng) -> Self {
        Self {
            directory,
            gate,
            rng,
        }
    }

    fn heard(&mut self, id: ServerId, request: &Request, origin: &Origin, now: Instant) -> Reply {
        let response = if *request.method() == Method::Register {
            self.register(request, origin, now)
        } else {
            // Link sends nothing else here.
            ResponseBuilder::to(request, Status::METHOD_NOT_ALLOWED)
        };
        let tag = self.rng.token(10);
        Reply {
            id,
            response: response.to_tag(&tag).build(),
        }
    }

    /// Those who watch `user` are told whether they are there.
    fn tell_watched(&self, user: String, now: Instant, out: &mut Outbox) {
        let directory = self.directory.borrow();
        let binding = directory.bindings.of(&user, now).next();
        let server = binding.map_or(Server::Lost, |binding| {
            Server::Up(binding.contact.uri().clone())
        });
        out.post(presence::Word::Server {
            account: user,
            server,
        });
    }

    fn register(&mut self, request: &Request, origin: &Origin, now: Instant) -> ResponseBuilder {
        let refuse = |status| ResponseBuilder::to(request, status);
        let mut directory = self.directory.borrow_mut();
        let source = origin.source.ip();
        let user = match self.gate.judge(request, source, &directory.users, now) {
            Answer::From(user) => user,
            Answer::Refused(status, headers) => {
                let with = |response: ResponseBuilder, (name, value)| response.header(name, value);
                return headers.into_iter().fold(refuse(status), with);
            }
        };
        let (aor, wish) = match read(request, origin) {
            Ok(read) => read,
            Err(why) => return refuse(Status::BAD_REQUEST).reason(&format!("Bad {}", why.what)),
        };
        // Everybody speaks for themselves only.
        if user_of(&aor).as_deref() != Some(user.as_bytes()) {
            return refuse(Status::FORBIDDEN);
        }
        if let Err(why) = directory.bindings.change(&user, &wish, now) {
            return match why {
                Refusal::Star => refuse(Status::BAD_REQUEST).reason("Contact * wants Expires 0"),
                Refusal::Brief => refuse(Status::INTERVAL_TOO_BRIEF)
                    .header(HeaderName::MinExpires, directory.bindings.min_s()),
                Refusal::OutOfOrder => {
                    refuse(Status::SERVER_INTERNAL_ERROR).reason("CSeq Out Of Order")
                }
            };
        }
        let mut response = ResponseBuilder::to(request, Status::OK);
        let mut count = 0;
        for binding in directory.bindings.of(&user, now) {
            let left = binding.left_s(now).to_string();
            let contact = binding.contact.with_param("expires", &left);
            response = response.header(HeaderName::Contact, contact);
            count += 1;
        }
        tracing::debug!(user, bindings = count, source = %origin.source, "registered");
        response
    }
}

/// An answer for link.
struct Reply {
    id: ServerId,
    response: Response,
}

/// The account that the PBX calls and writes from is there; it registers nowhere.
fn tell_own(account: &Account, now: Instant, out: &mut Outbox) {
    let Ok(handle) = account.name.parse::<AccountHandle>() else {
        return;
    };
    let snapshot = AccountSnapshot {
        account: handle.clone(),
        aor: account.aor.to_string(),
        state: AccountState::Unregistered,
        is_default: account.is_default,
        transport: None,
        server: None,
        server_name: None,
        on_standby: false,
        contact: None,
        expires_s: None,
        until: None,
        rtt_ms: None,
        since: None,
        next_try_s: None,
        do_not_disturb: false,
        forwarding: Forwarding::default(),
        cause: None,
        error: None,
    };
    out.post(events::Word::Tell {
        at: now,
        account: Some(handle),
        call: None,
        command: None,
        body: EventBody::AccountAdded(Box::new(AccountChange::of(snapshot))),
    });
}

/// Whose bindings, and what is to become of them.
fn read(request: &Request, origin: &Origin) -> Result<(Uri, Wish), Malformed> {
    let headers = request.headers();
    let wish = Wish {
        contacts: headers.contacts()?,
        expires_s: headers.expires()?,
        call_id: headers.call_id()?.to_string(),
        cseq: headers.cseq()?.number,
        source: origin.source,
    };
    Ok((headers.to()?.uri().clone(), wish))
}

/// The user whom `request`, which was answered so, brought here or took away.
fn changed(request: &Request, response: &Response) -> Option<String> {
    let user = user_of(request.headers().to().ok()?.uri())?;
    let taken = *request.method() == Method::Register && response.status().is_success();
    String::from_utf8(user).ok().filter(|_| taken)
}

/// The user part without escapes.
pub(crate) fn user_of(uri: &Uri) -> Option<Vec<u8>> {
    uri.user().map(|user| unescape(user).into_owned())
}

impl Part for PbxRegistrar {
    type Word = Word;

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(Heard::Request {
                id,
                request,
                origin,
                ..
            }) => {
                let Reply { id, response } = self.heard(id, &request, &origin, now);
                let changed = changed(&request, &response);
                out.post(link::Word::Respond { id, response });
                if let Some(user) = changed {
                    self.tell_watched(user, now, out);
                }
            }
            // It sends no requests and cancels none; what it answered is link's to repeat.
            Word::Heard(
                Heard::Ack { .. }
                | Heard::Cancelled { .. }
                | Heard::Response { .. }
                | Heard::Failed { .. }
                | Heard::ServerEnded { .. }
                | Heard::Routed { .. },
            ) => {}
            Word::Add(account) => tell_own(&account, now, out),
            // A PBX registers nowhere; its bindings do not depend on other parts.
            Word::Remove { .. }
            | Word::Register { .. }
            | Word::CallNeeds { .. }
            | Word::CallOver { .. }
            | Word::Policy { .. }
            | Word::Unregister { .. }
            | Word::FlowLost { .. }
            | Word::Stop
            | Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        let gone = self.directory.borrow_mut().bindings.expire(now);
        for user in gone {
            self.tell_watched(user, now, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.directory.borrow().bindings.deadline()
    }

    fn undelivered(&mut self, _post: Post, _now: Instant, _out: &mut Outbox) {
        // The phone sends its REGISTER again.
    }
}

#[cfg(test)]
mod tests;
