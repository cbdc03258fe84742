//! Who is in the conference of a server; how somebody is removed, and how the person leaves.
//!
//! Source: RFC 4579 §5.10 (REFER with `method=BYE`), RFC 4575 §4 for who is there, which blf watches.

use crate::Dialogs;
use crate::focus::Focus;
use base::{Duration, Instant};
use control::conference::{CallConference, Participant};
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::{Account, Address, Outbox};
use sip::ServerId;
use sip::session::Inside;
use sip::transfer::fragment;
use sip_message::{HeaderName, Method, NameAddr, Request, Status, Uri};

/// Whoever leaves waits so long for the server to take the removal of the others. Unit: time.
const GOODBYE: Duration = Duration::from_secs(4);
/// Removals that are out at once while the person leaves.
const AT_ONCE: usize = 4;

/// Somebody who is to be removed.
#[derive(Debug)]
pub(crate) struct Removal {
    command: CommandId,
    who: Uri,
    /// The server reported on it before it answered.
    reported: bool,
}

impl Dialogs {
    /// Shows who is in a conference.
    pub(crate) fn participants(
        &mut self,
        handle: CallHandle,
        mut participants: Option<Vec<Participant>>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let account = call.snapshot.account.as_ref();
        let account = account.and_then(|name| self.accounts.get(name.as_str()));
        if let Some((_, account)) = account {
            for one in participants.iter_mut().flatten() {
                one.you = is_self(account, &one.uri);
            }
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(shown) = call.snapshot.server_conference.as_mut() else {
            return;
        };
        shown.participants = participants;
        let told = Box::new(CallConference {
            with: Vec::new(),
            snapshot: call.snapshot.clone(),
        });
        self.tell(handle, EventBody::CallParticipants(told), now, out);
    }

    /// Asks the conference to remove somebody.
    pub(crate) fn remove_participant(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        participant: Uri,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.removals += 1;
        let ticket = self.removals;
        let focus = self.focuses.get_mut(&handle);
        let Some(focus) = focus.filter(|focus| focus.uri().is_some()) else {
            let why = "the call is with no conference of a server";
            return self.tell_unmerged(command, handle, why, now, out);
        };
        let target = match &participant {
            Uri::Sip(uri) => Uri::Sip(uri.without_headers().with_param("method", "BYE")),
            Uri::Tel(_) | Uri::Other(_) => participant.clone(),
        };
        let removal = Removal {
            command,
            who: participant,
            reported: false,
        };
        focus.removals.insert(ticket, removal);
        let mut headers = vec![("Refer-To".to_owned(), NameAddr::new(&target).to_string())];
        let account = self.calls.get(&handle);
        let account = account.and_then(|call| call.snapshot.account.as_ref());
        if let Some((_, account)) = account.and_then(|name| self.accounts.get(name.as_str())) {
            let by = NameAddr::new(&account.aor).to_string();
            headers.push(("Referred-By".to_owned(), by));
        }
        let request = Inside {
            method: "REFER".to_owned(),
            headers,
            content: None,
        };
        self.ask_inside(handle, (Address::Dialogs, ticket), request, now, out);
    }

    /// The server's response to a removal, or none.
    pub(crate) fn removal(
        &mut self,
        ticket: u64,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let mut all = self.focuses.iter_mut();
        let found = all.find_map(|(handle, focus)| {
            let removal = focus.removals.remove(&ticket)?;
            Some((*handle, focus, removal))
        });
        let Some((handle, focus, removal)) = found else {
            return;
        };
        if !status.is_some_and(|status| status.is_success()) {
            self.warn_of_removal(&removal, handle, status, now, out);
        } else if !removal.reported {
            focus.reports.push_back(removal);
        }
        self.remove_next(handle, now, out);
    }

    /// NOTIFY in the call with a conference: what became of a removal (RFC 3515 §2.4.4); `false`: it is of
    /// something else.
    pub(crate) fn removal_reported(
        &mut self,
        handle: CallHandle,
        (id, request): (Option<ServerId>, &Request),
        now: Instant,
        out: &mut Outbox,
    ) -> bool {
        let (Some(id), Some(focus)) = (id, self.focuses.get_mut(&handle)) else {
            return false;
        };
        let event = request.headers().text(HeaderName::Event);
        let event = event.as_deref().unwrap_or_default().trim_start();
        let is_refer = event
            .get(..5)
            .is_some_and(|name| name.eq_ignore_ascii_case("refer"));
        let is_waited_for = !focus.reports.is_empty() || focus.open().is_some();
        if *request.method() != Method::Notify || !is_refer || !is_waited_for {
            return false;
        }
        let said = fragment::read(request.body()).filter(|status| status.is_final());
        let state = request.headers().text(HeaderName::SubscriptionState);
        let state = state.as_deref().unwrap_or_default().trim_start();
        let is_last = state
            .get(..10)
            .is_some_and(|state| state.eq_ignore_ascii_case("terminated"));
        let about = match said.is_some() || is_last {
            true => focus.reported(),
            false => None,
        };
        self.respond_inside(handle, id, Status::OK, now);
        if let (Some(status), Some(removal)) = (said, about) {
            match status.is_success() {
                true => self.tell_removed(&removal, handle, now, out),
                false => self.warn_of_removal(&removal, handle, Some(status), now, out),
            }
        }
        true
    }

    /// Whoever asked is told, also where the server does not say who is there. Of those who go because the person leaves,
    /// nobody asked.
    fn tell_removed(&self, removal: &Removal, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let focus = self.focuses.get(&handle);
        let call = self.calls.get(&handle);
        if let (Some(Focus { leaving: None, .. }), Some(call)) = (focus, call) {
            let told = Box::new(CallConference {
                with: Vec::new(),
                snapshot: call.snapshot.clone(),
            });
            let body = EventBody::CallParticipants(told);
            self.tell_of(Some(removal.command), (handle, body), now, out);
        }
    }

    fn warn_of_removal(
        &self,
        Removal { command, who, .. }: &Removal,
        handle: CallHandle,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let said = match status {
            Some(status) => format!("{} {}", status.code(), status.reason_phrase()),
            None => "nothing".to_owned(),
        };
        let why = format!("the conference said {said} to the removal of {who}");
        let error = ErrorObject::new(Code::NOT_REMOVED, why);
        let error = match status {
            Some(status) => error.sip_status(status.code()),
            None => error,
        };
        self.warn(*command, handle, error, now, out);
    }

    /// The person leaves the conferences of servers; `keep`: the others stay there.
    pub(crate) fn leave_focuses(
        &mut self,
        command: CommandId,
        keep: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let up = self
            .focuses
            .iter()
            .filter(|(_, focus)| focus.uri().is_some());
        let up: Vec<CallHandle> = up.map(|(handle, _)| *handle).collect();
        for handle in up {
            self.leave_focus(handle, command, keep, now, out);
        }
    }

    fn leave_focus(
        &mut self,
        handle: CallHandle,
        command: CommandId,
        keep: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(focus) = self.focuses.get_mut(&handle) else {
            return;
        };
        if keep || focus.leaving.is_some() {
            return self.hang_up(handle, command, now, out);
        }
        focus.leaving = Some((command, Vec::new()));
        // Whoever is on the way does not come after the end.
        for call in core::mem::take(&mut focus.waiting) {
            self.hang_up(call, command, now, out);
        }
        let call = self.calls.get(&handle);
        let shown = call.and_then(|call| call.snapshot.server_conference.as_ref());
        let known = shown.and_then(|shown| shown.participants.as_ref());
        if known.is_none() {
            let why = "the server does not say who is in the conference; they stay there";
            self.warn(
                command,
                handle,
                ErrorObject::new(Code::NOT_REMOVED, why),
                now,
                out,
            );
        }
        let others = known.into_iter().flatten().filter(|one| !one.you);
        let others: Vec<Uri> = others.filter_map(|one| one.uri.parse().ok()).collect();
        if let Some(focus) = self.focuses.get_mut(&handle) {
            focus.leaving = Some((command, others));
        }
        self.goodbyes.set(handle, Some(now + GOODBYE));
        self.remove_next(handle, now, out);
    }

    /// Removes the next of those who are not to stay; after the last the person leaves.
    fn remove_next(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        while let Some(focus) = self.focuses.get_mut(&handle)
            && let Some((command, left)) = &mut focus.leaving
        {
            let command = *command;
            if focus.removals.len() >= AT_ONCE {
                return;
            }
            match left.pop() {
                Some(participant) => {
                    self.remove_participant(command, handle, participant, now, out);
                }
                None if focus.removals.is_empty() => {
                    return self.hang_up(handle, command, now, out);
                }
                None => return,
            }
        }
    }

    /// The server takes too long to remove everybody.
    pub(crate) fn leave_anyway(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let focus = self.focuses.get(&handle);
        if let Some((command, _)) = focus.and_then(|focus| focus.leaving.as_ref()) {
            let why = "the server did not say in time that everybody is removed";
            let command = *command;
            self.warn(
                command,
                handle,
                ErrorObject::new(Code::NOT_REMOVED, why),
                now,
                out,
            );
            self.hang_up(handle, command, now, out);
        }
    }
}

impl Focus {
    /// The oldest removal that nobody reported on or answered.
    fn open(&mut self) -> Option<&mut Removal> {
        let mut removals = self.removals.values_mut();
        removals.find(|removal| !removal.reported)
    }

    /// The last report on a removal came: servers report in the order in which they were asked, and may do so before they
    /// answer (RFC 3515 §2.4.4).
    fn reported(&mut self) -> Option<Removal> {
        let answered = self.reports.pop_front();
        answered.or_else(|| {
            let removal = self.open()?;
            removal.reported = true;
            Some(Removal {
                command: removal.command,
                who: removal.who.clone(),
                reported: true,
            })
        })
    }
}

/// Whether an address is the account's own.
fn is_self(account: &Account, uri: &str) -> bool {
    let Ok(uri) = uri.parse::<Uri>() else {
        return false;
    };
    account.aor.user() == uri.user() && account.aor.host() == uri.host()
}
