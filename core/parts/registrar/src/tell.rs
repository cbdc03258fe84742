//! Events of an account, each with its whole snapshot.

use crate::Registrar;
use crate::known::Known;
use base::{Duration, Instant};
use control::event::AccountChange;
use control::receiving::Forwarding;
use control::snapshot::{AccountSnapshot, AccountState};
use control::{AccountCause, Code, ErrorObject, EventBody, Timestamp, quoted};
use ports::blf::{self, Server};
use ports::link::NoPath;
use ports::network::Why;
use ports::presence;
use ports::{Outbox, events};
use sip::auth::Refusal;
use sip::registration::{Cause, Status};
use sip::registrations::AccountId;
use sip_message::{SipUri, Transport, Uri};

impl Registrar {
    pub(crate) fn tell_added(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        let state = AccountState::Unregistered;
        self.tell(id, state, EventBody::AccountAdded, |_| {}, now, out);
    }

    pub(crate) fn tell_removed(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        let state = AccountState::Unregistered;
        self.tell(id, state, EventBody::AccountRemoved, |_| {}, now, out);
    }

    /// Tells again of accounts that have become the default one, or are it no longer.
    pub(crate) fn tell_defaults(&mut self, now: Instant, out: &mut Outbox) {
        let ids: Vec<AccountId> = self.accounts.keys().copied().collect();
        for id in ids {
            let told = self.accounts.get(&id).and_then(|known| known.told.clone());
            if let Some(told) = told.filter(|told| told.is_default != self.is_default(id)) {
                let fill = |snapshot: &mut AccountSnapshot| {
                    let is_default = snapshot.is_default;
                    *snapshot = AccountSnapshot {
                        is_default,
                        ..(*told).clone()
                    };
                };
                self.tell(id, told.state, EventBody::AccountAdded, fill, now, out);
            }
        }
    }

    pub(crate) fn tell_no_path(
        &mut self,
        id: AccountId,
        why: &NoPath,
        wait: Duration,
        now: Instant,
        out: &mut Outbox,
    ) {
        let next_hop = self.accounts.get(&id).map(Known::next_hop);
        let (cause, code) = match why {
            NoPath::Unsupported(_) if next_hop.is_some_and(|uri| wants_tls(&uri)) => {
                (AccountCause::Tls, Code::TLS_UNAVAILABLE)
            }
            NoPath::UnknownName(_) => (AccountCause::Dns, Code::UNKNOWN_HOST),
            NoPath::Unsupported(_) => (AccountCause::Refused, Code::BAD_ADDRESS),
            NoPath::Unreachable(_) => (AccountCause::Timeout, Code::NO_NETWORK),
            NoPath::Refused { why, .. } => trouble(why),
        };
        let fill = |snapshot: &mut AccountSnapshot| {
            snapshot.cause = Some(cause);
            snapshot.next_try_s = u32::try_from(wait.as_secs()).ok();
            snapshot.error = Some(ErrorObject::new(code, why.to_string()));
        };
        let state = AccountState::Failed;
        self.tell(id, state, EventBody::AccountFailed, fill, now, out);
    }

    pub(crate) fn tell_status(
        &mut self,
        id: AccountId,
        status: &Status,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        match status {
            Status::Registering => {
                known.asked = Some(now);
                let state = AccountState::Registering;
                let body = EventBody::AccountRegistering;
                self.tell(id, state, body, |_| {}, now, out);
            }
            Status::Registered {
                granted,
                contact,
                elsewhere,
            } => {
                (known.contact, known.flow_lost) = (Some(contact.clone()), false);
                let took = known.asked.take().map(|asked| now.since(asked).as_millis());
                let (since, until) = (self.time(now), self.time(now + *granted));
                let fill = |snapshot: &mut AccountSnapshot| {
                    snapshot.expires_s = u32::try_from(granted.as_secs()).ok();
                    snapshot.rtt_ms = took.and_then(|ms| u32::try_from(ms).ok());
                    snapshot.since = Some(since);
                    snapshot.until = Some(until);
                    snapshot.contact = host_and_port(contact);
                    if let Some(elsewhere) = elsewhere {
                        snapshot.server = Some(elsewhere.to_string());
                    }
                };
                let body = EventBody::AccountRegistered;
                self.tell(id, AccountState::Registered, body, fill, now, out);
                self.tell_server(id, Server::Up(contact.clone()), out);
            }
            Status::Failed(cause) => {
                let (cause, error) = explain(cause, known);
                let fill = |snapshot: &mut AccountSnapshot| {
                    snapshot.cause = Some(cause);
                    snapshot.error = Some(error);
                };
                let body = EventBody::AccountFailed;
                self.tell(id, AccountState::Failed, body, fill, now, out);
                self.tell_server(id, Server::Lost, out);
            }
            Status::Unregistered => {
                let body = EventBody::AccountUnregistered;
                self.tell(id, AccountState::Unregistered, body, |_| {}, now, out);
                self.tell_server(id, Server::Lost, out);
            }
            Status::Unregistering => {}
        }
    }

    /// Whoever watches from this account has to know that nothing comes any more, and when to ask anew. Where it is
    /// registered for calls alone, watching goes on without.
    fn tell_server(&self, id: AccountId, server: Server, out: &mut Outbox) {
        let known = self.accounts.get(&id);
        if let Some(known) = known.filter(|known| !known.account.registers_for_calls()) {
            let account = known.account.name.clone();
            out.post(presence::Word::Server {
                account: account.clone(),
                server: server.clone(),
            });
            out.post(blf::Word::Server { account, server });
        }
    }

    /// Still registered, and for longer (M-019).
    pub(crate) fn tell_renewed(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        let told = self.accounts.get(&id).and_then(|known| known.told.clone());
        let Some(told) = told.filter(|told| told.state == AccountState::Registered) else {
            return;
        };
        let granted = Duration::from_secs(u64::from(told.expires_s.unwrap_or(0)));
        let until = self.time(now + granted);
        let fill = |snapshot: &mut AccountSnapshot| {
            *snapshot = AccountSnapshot {
                until: Some(until),
                is_default: snapshot.is_default,
                ..*told
            };
        };
        let body = EventBody::AccountRenewed;
        self.tell(id, AccountState::Registered, body, fill, now, out);
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        if core::mem::take(&mut known.flow_lost)
            && let Some(contact) = known.contact.clone()
        {
            self.tell_server(id, Server::Up(contact), out);
        }
    }

    /// The connection is gone over which the server would tell of changes. The binding is renewed over another one;
    /// until then nobody knows what was told meanwhile (M-091).
    pub(crate) fn tell_flow_lost(&mut self, id: AccountId, out: &mut Outbox) {
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        let told = known.told.as_ref();
        if told.is_some_and(|told| told.state == AccountState::Registered) {
            known.flow_lost = true;
            self.tell_server(id, Server::Lost, out);
        }
    }

    /// Other rules about its calls hold from now on.
    pub(crate) fn tell_changed(&mut self, id: AccountId, now: Instant, out: &mut Outbox) {
        let told = self.accounts.get(&id).and_then(|known| known.told.clone());
        if let Some(told) = told {
            let state = told.state;
            let fill = |snapshot: &mut AccountSnapshot| *snapshot = *told;
            self.tell(id, state, EventBody::AccountChanged, fill, now, out);
        }
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.epoch.unix_ms() + at.as_millis())
    }

    fn tell(
        &mut self,
        id: AccountId,
        state: AccountState,
        body: impl FnOnce(Box<AccountChange>) -> EventBody,
        fill: impl FnOnce(&mut AccountSnapshot),
        now: Instant,
        out: &mut Outbox,
    ) {
        let is_default = self.is_default(id);
        let Some(known) = self.accounts.get_mut(&id) else {
            return;
        };
        let Some(account) = known.handle.clone() else {
            return;
        };
        let mut snapshot = AccountSnapshot {
            account: account.clone(),
            aor: known.account.aor.to_string(),
            state,
            is_default,
            transport: known.server.map(|server| server.transport.to_string()),
            server: known.server.map(|server| server.addr.to_string()),
            server_name: known.registrar().host().map(ToString::to_string),
            on_standby: known.on_standby(),
            contact: None,
            until: None,
            do_not_disturb: false,
            forwarding: Forwarding::default(),
            expires_s: None,
            rtt_ms: None,
            since: None,
            next_try_s: None,
            cause: None,
            error: None,
        };
        fill(&mut snapshot);
        snapshot.do_not_disturb = known.account.policy.receiving.do_not_disturb.on;
        snapshot.forwarding =
            ports::forwarding_in_words(&known.account.policy.receiving.forwarding);
        known.told = Some(Box::new(snapshot.clone()));
        let change = Box::new(AccountChange::of(snapshot));
        out.post(events::Word::Tell {
            at: now,
            account: Some(account),
            call: None,
            command: None,
            body: body(change),
        });
    }
}

/// What it means that nothing could be sent.
fn trouble(why: &Why) -> (AccountCause, Code) {
    match why.code {
        Some(code) => (AccountCause::Tls, code),
        None => (AccountCause::Timeout, Code::SERVER_REFUSES_CONNECTION),
    }
}

/// Address and port that a contact names.
fn host_and_port(contact: &Uri) -> Option<String> {
    let contact = contact.sip()?;
    let port = contact.port().unwrap_or(match contact.is_secure() {
        true => 5061,
        false => 5060,
    });
    Some(format!("{}:{port}", contact.host()))
}

/// Whether a URI demands TLS: `sips:`, or the transport.
fn wants_tls(uri: &Uri) -> bool {
    let tls = |uri: &SipUri| uri.transport() == Some(Transport::Tls);
    uri.sip().is_some_and(|uri| uri.is_secure() || tls(uri))
}

/// Why a binding failed, for people.
fn explain(cause: &Cause, known: &Known) -> (AccountCause, ErrorObject) {
    let server = known
        .server
        .map_or_else(|| known.next_hop().to_string(), |s| s.to_string());
    match cause {
        Cause::WrongPassword => {
            let why = format!(
                "{server} does not take the password of {}",
                known.account.auth_user
            );
            (
                AccountCause::Auth,
                ErrorObject::new(Code::WRONG_PASSWORD, why),
            )
        }
        Cause::Proof(refusal) => {
            let code = match refusal {
                Refusal::NoCredentials => Code::NO_PASSWORD,
                Refusal::WrongPassword => Code::WRONG_PASSWORD,
                Refusal::Loop
                | Refusal::ForeignHop
                | Refusal::ForeignRealm
                | Refusal::Downgrade
                | Refusal::Unsupported => Code::NO_PROOF,
            };
            let why = format!("{server}: {refusal}");
            (AccountCause::Auth, ErrorObject::new(code, why))
        }
        Cause::NoAnswer => {
            let why = format!("{server} does not answer");
            (
                AccountCause::Timeout,
                ErrorObject::new(Code::SERVER_SILENT, why),
            )
        }
        Cause::Unreachable => {
            let why = match known.detail.text.as_str() {
                "" => format!("nothing can be sent to {server}"),
                detail => detail.to_owned(),
            };
            let (cause, code) = trouble(&known.detail);
            (cause, ErrorObject::new(code, why))
        }
        Cause::Redirected { status, to } => {
            let why = match to.as_str() {
                "" => format!("{server} says {status} without where to go"),
                to => format!("{server} says {status} and sends us to {}", quoted(to)),
            };
            let error = ErrorObject::new(Code::REDIRECTED, why).sip_status(*status);
            (AccountCause::Refused, error)
        }
        Cause::Refused { status, reason } => {
            let why = format!("{server} says {status} {reason}");
            let error = ErrorObject::new(Code::REGISTRATION_REFUSED, why).sip_status(*status);
            (AccountCause::Refused, error)
        }
    }
}
