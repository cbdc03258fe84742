//! How calls that we make begin: route, ports, INVITE.

#[cfg(test)]
mod tests;

use crate::call::{Call, Outgoing, Stage};
use crate::{Dialogs, describe};
use base::{Duration, Instant, Machine};
use control::event::{CallCreated, CallSent};
use control::snapshot::{CallDirection, CallSnapshot, Party};
use control::{AccountHandle, CallHandle, Code, CommandId, EventBody};
use policy::DialAction;
use ports::account::by_transport;
use ports::link::{self, NoPath, Path};
use ports::{Account, Address, Outbox, media};
use sip::SessionId;
use sip::dialogs::{Input, outbound};
use sip::session::Dial;
use sip_message::{NameAddr, SipUri, Uri, escape_user};
use std::collections::BTreeMap;

/// What somebody who dials wants.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) account: Option<String>,
    pub(crate) to: String,
    pub(crate) ring_for: Option<Duration>,
    pub(crate) headers: Vec<(String, String)>,
    /// What is done with the number, where rules want nothing else.
    pub(crate) action: Option<DialAction>,
}

impl Dialogs {
    pub(crate) fn dial(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        wish: Wish,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.dial_for(Some(command), handle, (wish, None), now, out);
    }

    /// Calls whom the far end of `instead` sends us to.
    pub(crate) fn dial_instead(
        &mut self,
        handle: CallHandle,
        wish: Wish,
        instead: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.dial_for(None, handle, (wish, Some(instead)), now, out);
    }

    fn dial_for(
        &mut self,
        command: Option<CommandId>,
        handle: CallHandle,
        (wish, instead): (Wish, Option<CallHandle>),
        now: Instant,
        out: &mut Outbox,
    ) {
        let planned = self.plan(&wish);
        let target = planned.target.as_ref();
        self.placed(
            handle,
            command,
            planned.account.as_ref(),
            (&wish.to, target),
            now,
        );
        let sound = instead.and_then(|old| self.calls.get(&old).map(|call| call.sound.clone()));
        if let Some(call) = self.calls.get_mut(&handle) {
            call.instead = instead;
            call.sound = sound.unwrap_or_else(|| self.settings.sound.clone());
        }
        self.created(handle, now, out);
        if planned.action == Some(DialAction::Options) {
            self.warn_of_nobody(handle, now, out);
        }
        if let Some(url) = planned.open {
            return self.open_instead(handle, url, now, out);
        }
        let (Some(account), Some(target)) = (planned.account, planned.target) else {
            let no_address = || (Code::BAD_ADDRESS, String::new());
            let (code, why) = planned.wrong.unwrap_or_else(no_address);
            return self.fail(handle, code, why, now, out);
        };
        let ring_for = wish.ring_for.or(self.settings.ring_for);
        let for_calls = account.registers_for_calls();
        let outgoing = Outgoing {
            target,
            account: account.name,
            path: None,
            ring_for,
            headers: [planned.headers, wish.headers].concat(),
        };
        let outgoing = Box::new(outgoing);
        // Nobody keeps an emergency call waiting.
        let needs = (for_calls && !planned.is_emergency).then(|| outgoing.account.clone());
        if let Some(call) = self.calls.get_mut(&handle) {
            call.after = planned.after;
            call.stage = match needs {
                Some(_) => Stage::Registering(outgoing),
                None => Stage::Routing(outgoing),
            };
        }
        self.make_room(handle, now, out);
        match needs {
            Some(account) => self.wait_for(account, handle, now, out),
            None => self.route(handle, out),
        }
    }

    /// Asks link how the callee is reached.
    pub(crate) fn route(&self, handle: CallHandle, out: &mut Outbox) {
        let call = self.calls.get(&handle);
        let Some(Stage::Routing(outgoing)) = call.map(|call| &call.stage) else {
            return;
        };
        if let Some((_, account)) = self.accounts.get(&outgoing.account) {
            out.post(link::Word::Route {
                from: Address::Dialogs,
                ticket: handle.number(),
                uri: next_hop(account, &outgoing.target),
                account: account.name.clone(),
            });
        }
    }

    /// A call that we make is there, though nobody knows yet where it goes. `to`: what was dialled, and
    /// what that means.
    fn placed(
        &mut self,
        handle: CallHandle,
        command: Option<CommandId>,
        account: Option<&Account>,
        to: (&str, Option<&Uri>),
        now: Instant,
    ) {
        let from = account.map_or_else(Party::default, |a| party(&a.aor, &a.display_name));
        let named: Option<AccountHandle> = account.and_then(|a| a.name.parse().ok());
        let callee = Party {
            uri: to.1.map_or_else(|| shown(to.0), Uri::to_string),
            display: None,
        };
        let created = self.time(now);
        let direction = CallDirection::Outgoing;
        let snapshot = CallSnapshot::begun(handle, named, direction, (from, callee), created);
        let mut call = Call::new(handle, outbound(handle.number()), snapshot, now);
        call.causes.dialled = command;
        self.by_session.insert(call.session, handle);
        self.calls.insert(handle, call);
    }

    pub(crate) fn routed(
        &mut self,
        handle: CallHandle,
        path: Result<Path, NoPath>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let stage = std::mem::replace(&mut call.stage, Stage::Live);
        let Stage::Routing(mut outgoing) = stage else {
            call.stage = stage;
            return;
        };
        match path {
            Ok(path) if is_secure(&outgoing.target) && !path.target.transport.is_secure() => {
                let next_hop = path.target.to_string();
                let why = format!("the next hop, {next_hop}, would be reached in the clear");
                self.fail(handle, Code::TLS_UNAVAILABLE, why, now, out);
            }
            Ok(path) => {
                let local = path.local.ip();
                outgoing.path = Some(path);
                call.stage = Stage::Preparing(outgoing);
                call.sound_asked = true;
                let sound = call.sound.clone();
                let account = call.snapshot.account.clone();
                out.post(media::Word::Prepare {
                    call: handle,
                    account,
                    local,
                    sound,
                });
            }
            Err(why) => {
                let code = match &why {
                    NoPath::UnknownName(_) => Code::UNKNOWN_HOST,
                    NoPath::Unsupported(_) if is_secure(&outgoing.target) => Code::TLS_UNAVAILABLE,
                    NoPath::Unsupported(_) => Code::BAD_ADDRESS,
                    NoPath::Unreachable(_) => Code::NO_NETWORK,
                    NoPath::Refused { why, .. } => {
                        why.code.unwrap_or(Code::SERVER_REFUSES_CONNECTION)
                    }
                };
                self.fail(handle, code, why.to_string(), now, out);
            }
        }
    }

    /// Ports are open: the INVITE goes out.
    pub(crate) fn invite(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let stage = std::mem::replace(&mut call.stage, Stage::Live);
        let Stage::Preparing(outgoing) = stage else {
            return;
        };
        let offer = describe::offer(call);
        let session = call.session;
        let Outgoing {
            target,
            account,
            path,
            ring_for,
            headers,
        } = *outgoing;
        let (Some((id, account)), Some(path)) = (self.accounts.get(&account), path) else {
            let why = "the account was removed".to_owned();
            return self.fail(handle, Code::UNKNOWN_ACCOUNT, why, now, out);
        };
        let proxy = proxy(account, &target);
        let contact = contact(account, &path, &target);
        let dial = Dial {
            to: NameAddr::new(&target),
            target,
            from: named(&account.aor, &account.display_name),
            contact: NameAddr::new(&contact),
            routes: proxy.as_ref().map(route).into_iter().collect(),
            account: Some(*id),
            offer,
            headers,
            no_answer_after: ring_for,
        };
        self.sessions
            .handle(Input::Dial(session, Box::new(dial)), now);
        self.stands(handle, media::Standing::Trying, out);
        self.sent(handle, &path, now, out);
    }

    /// Tells where the INVITE went.
    fn sent(&self, handle: CallHandle, path: &Path, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let sent = CallSent {
            address: path.target.addr.to_string(),
            transport: path.target.transport.to_string(),
            snapshot: call.snapshot.clone(),
        };
        self.tell(handle, EventBody::CallSent(Box::new(sent)), now, out);
    }

    /// The account of a session's call.
    pub(crate) fn account_of_session(&self, session: SessionId) -> Option<String> {
        let handle = self.by_session.get(&session)?;
        let account = self.calls.get(handle)?.snapshot.account.as_ref()?;
        Some(account.as_str().to_owned())
    }

    /// A call of ours gets its Call-ID with the first request that goes out.
    pub(crate) fn name_call(&mut self, session: SessionId, request: &sip_message::Request) {
        let handle = self.by_session.get(&session);
        if let Some(call) = handle.and_then(|handle| self.calls.get_mut(handle))
            && call.snapshot.sip_call_id.is_none()
        {
            call.snapshot.sip_call_id = describe::call_id(request);
        }
    }

    /// Tells that a call exists.
    pub(crate) fn created(&self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let snapshot = call.snapshot.clone();
        let created = CallCreated {
            direction: snapshot.direction,
            from: snapshot.from.uri.clone(),
            to: snapshot.to.uri.clone(),
            display: snapshot.from.display.clone(),
            headers: BTreeMap::new(),
            snapshot,
        };
        self.tell(handle, EventBody::CallCreated(Box::new(created)), now, out);
    }
}

/// The URI that is meant by what rules left of what was typed: an address, or a number at the account's domain.
pub(crate) fn dialled(to: &str, account: &Account) -> Option<Uri> {
    let lower = to.to_ascii_lowercase();
    if ["sip:", "sips:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
    {
        return to.parse().ok().and_then(plain);
    }
    if to.is_empty() || to.contains(char::is_whitespace) {
        return None;
    }
    let uri = match to.rsplit_once('@') {
        Some((user, domain)) => format!("{}:{}@{domain}", account.scheme(), escape_user(user)),
        None => {
            let aor = account.aor.sip()?;
            let port = aor
                .port()
                .map_or_else(String::new, |port| format!(":{port}"));
            format!(
                "{}:{}@{}{port}",
                account.scheme(),
                escape_user(to),
                aor.host()
            )
        }
    };
    uri.parse().ok()
}

/// What was dialled and means nothing, as a call shows it: no longer than anybody reads.
fn shown(to: &str) -> String {
    to.chars().take(256).collect()
}

/// Whether a URI demands TLS: `sips:`, or the transport.
fn is_secure(uri: &Uri) -> bool {
    let tls = |uri: &SipUri| uri.transport() == Some(sip_message::Transport::Tls);
    uri.sip().is_some_and(|uri| uri.is_secure() || tls(uri))
}

/// A URI without what may not stand in a Request-URI (RFC 3261 §19.1.5); `None` for schemes that
/// cannot be called.
fn plain(uri: Uri) -> Option<Uri> {
    match uri {
        Uri::Sip(uri) => Some(Uri::Sip(uri.without_headers().without_param("method"))),
        Uri::Tel(_) => Some(uri),
        Uri::Other(_) => None,
    }
}

/// Whether `uri` is of the account's own domain.
pub(crate) fn is_own(account: &Account, uri: &Uri) -> bool {
    let (Some(aor), Some(uri)) = (account.aor.sip(), uri.sip()) else {
        return false;
    };
    aor.host() == uri.host() && aor.port() == uri.port()
}

/// The proxy that a call to `target` passes: the one the account names, or for its own domain the registrar
/// where that is another address than the domain itself.
pub(crate) fn proxy(account: &Account, target: &Uri) -> Option<Uri> {
    let registrar = || {
        let registrar = account.registrar.clone()?;
        let elsewhere = is_own(account, target) && !is_own(account, &registrar);
        elsewhere.then(|| by_transport(registrar, account.transport))
    };
    account.outbound_proxy.clone().or_else(registrar)
}

/// Where the INVITE goes first.
fn next_hop(account: &Account, target: &Uri) -> Uri {
    proxy(account, target).unwrap_or_else(|| target.clone())
}

fn route(proxy: &Uri) -> NameAddr {
    match proxy {
        Uri::Sip(uri) if uri.param("lr").is_none() => {
            NameAddr::new(&Uri::Sip(uri.with_param("lr", "")))
        }
        Uri::Sip(_) | Uri::Tel(_) | Uri::Other(_) => NameAddr::new(proxy),
    }
}

/// Where the account is reached: by `sips:` by whoever is called so (RFC 3261 §8.1.1.8).
fn contact(account: &Account, path: &Path, target: &Uri) -> Uri {
    let contact = account.contact(path.local, path.target.transport);
    match (&contact, target.sip().is_some_and(SipUri::is_secure)) {
        (Uri::Sip(uri), true) => Uri::Sip(uri.without_param("transport").with_secure(true)),
        (Uri::Sip(_) | Uri::Tel(_) | Uri::Other(_), _) => contact,
    }
}

fn named(uri: &Uri, display: &str) -> NameAddr {
    if display.is_empty() {
        NameAddr::new(uri)
    } else {
        NameAddr::named(display, uri)
    }
}

fn party(uri: &Uri, display: &str) -> Party {
    let display = Some(display.to_owned()).filter(|d| !d.is_empty());
    Party {
        uri: uri.to_string(),
        display,
    }
}
