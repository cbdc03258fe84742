//! The conference of a server (RFC 4579): it is called, and the calls that are merged are sent there.
//!
//! ```text
//! INVITE to what the account names   200, Contact with isfocus: the conference        (§5.4)
//! REFER in each call, to that        its NOTIFY says 2xx: the call ends               (§5.5)
//! ```
//!
//! Transfers sends and follows each REFER. The calls wait on hold meanwhile; one that does not get there stays, held as
//! it was. Where there is no conference to be had, or nobody gets there, the calls are merged here.

use crate::Dialogs;
use crate::call::{Call, Stage as CallStage};
use crate::outgoing::Wish;
use crate::roster::Removal;
use base::{Duration, Instant};
use control::conference::{CallConference, InConference, ServerConference};
use control::event::CallWarning;
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::dialogs::Sent;
use ports::media::Room;
use ports::transfer::To;
use ports::{Outbox, blf, transfer};
use sip_message::{SipUri, Uri};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The conference has answered by then. Source: ours; a server answers at once, and everybody waits. Unit: time.
const ANSWERS: Duration = Duration::from_secs(10);

/// One conference of a server, by our call with it.
#[derive(Debug)]
pub(crate) struct Focus {
    /// Which command merged calls last.
    pub(crate) command: CommandId,
    stage: Stage,
    /// Calls whose REFER has no outcome yet.
    pub(crate) waiting: BTreeSet<CallHandle>,
    /// Calls that did not get there.
    back: BTreeSet<CallHandle>,
    /// Somebody is there, or may be.
    joined: bool,
    /// Removals without a response, by ticket.
    pub(crate) removals: BTreeMap<u64, Removal>,
    /// Removals that the server took and has not reported on.
    pub(crate) reports: VecDeque<Removal>,
    /// The person leaves as soon as all others are removed: these are still to be.
    pub(crate) leaving: Option<(CommandId, Vec<Uri>)>,
}

#[derive(Debug)]
enum Stage {
    /// It was called, for these calls.
    Asking(BTreeSet<CallHandle>),
    /// It is there: what it is called among ours, and its address.
    Up(u64, Uri),
}

/// Where calls are merged.
pub(crate) enum Where {
    /// On this phone.
    Here,
    /// In a new conference of this account's server.
    New(String),
    /// In the conference that this call is with.
    There(CallHandle),
    /// This call is on its way into one already.
    OnTheWay(CallHandle),
}

impl Focus {
    /// Its address, once it is known.
    pub(crate) const fn uri(&self) -> Option<&Uri> {
        match &self.stage {
            Stage::Asking(_) => None,
            Stage::Up(_, uri) => Some(uri),
        }
    }

    /// How the call with it shows that.
    pub(crate) const fn shown(&self) -> Option<InConference> {
        match self.stage {
            Stage::Asking(_) => None,
            Stage::Up(id, _) => Some(InConference { id, person: true }),
        }
    }

    fn concerns(&self, call: CallHandle) -> bool {
        let asks = matches!(&self.stage, Stage::Asking(calls) if calls.contains(&call));
        asks || self.waiting.contains(&call)
    }
}

impl Dialogs {
    /// Where these calls are merged: at a server where all are of one account that has a conference, and none is
    /// merged here already.
    pub(crate) fn merged_where(&self, calls: &BTreeSet<CallHandle>) -> Where {
        let concerned = |call: &&CallHandle| self.focuses.values().any(|one| one.concerns(**call));
        if let Some(&call) = calls.iter().find(concerned) {
            return Where::OnTheWay(call);
        }
        let alone = calls.iter().all(|&call| self.room_of(call) == Room::Alone);
        let mut accounts = calls.iter().map(|call| {
            let call = self.calls.get(call);
            call.and_then(|call| call.snapshot.account.as_ref())
        });
        let Some(Some(account)) = accounts.next() else {
            return Where::Here;
        };
        if !self.settings.transfer || !alone || !accounts.all(|other| other == Some(account)) {
            return Where::Here;
        }
        let there = calls.iter().filter(|call| self.focuses.contains_key(call));
        let there: Vec<CallHandle> = there.copied().collect();
        let known = self.accounts.get(account.as_str());
        match there.as_slice() {
            [] if known.is_some_and(|(_, known)| !known.conference.is_empty()) => {
                Where::New(account.as_str().to_owned())
            }
            [one] => Where::There(*one),
            [] | [..] => Where::Here,
        }
    }

    /// The conference that a call of the same account may be sent to.
    pub(crate) fn focus_beside(&self, call: CallHandle) -> Option<CallHandle> {
        let account = |of: CallHandle| self.calls.get(&of).map(|call| &call.snapshot.account);
        let mut up = self.focuses.iter().filter(|(_, one)| one.uri().is_some());
        let beside = up.find(|(focus, _)| **focus != call && account(**focus) == account(call));
        beside.map(|(focus, _)| *focus)
    }

    /// Calls the conference of an account's server for these calls.
    pub(crate) fn call_focus(
        &mut self,
        command: CommandId,
        account: String,
        calls: BTreeSet<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let known = self.accounts.get(&account).map(|(_, known)| known);
        let named = known.map(|known| known.conference.clone());
        let named = named.unwrap_or_default();
        let address = known.and_then(|known| known.address(&named));
        let handle = self.handles.next();
        let focus = Focus {
            command,
            stage: Stage::Asking(calls),
            waiting: BTreeSet::new(),
            back: BTreeSet::new(),
            joined: false,
            removals: BTreeMap::new(),
            reports: VecDeque::new(),
            leaving: None,
        };
        self.focuses.insert(handle, focus);
        let wish = Wish {
            account: Some(account),
            to: address.map_or(named, |uri| uri.to_string()),
            ring_for: Some(ANSWERS),
            headers: Vec::new(),
            action: None,
        };
        self.dial(command, handle, wish, now, out);
    }

    /// A call was answered: if it is with the conference that was asked for, the others are sent there.
    pub(crate) fn focus_answered(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(focus) = self.focuses.get_mut(&handle) else {
            return;
        };
        let (command, Stage::Asking(calls)) = (focus.command, &focus.stage) else {
            return;
        };
        let left: BTreeSet<CallHandle> = calls.clone();
        let left = self.still_up(left);
        let uri = self.focus_of(handle);
        let Some(uri) = uri.filter(|_| left.len() > 1) else {
            self.focuses.remove(&handle);
            self.hang_up(handle, command, now, out);
            if left.len() > 1 {
                let why = "what answered there is no conference (its Contact has no isfocus)";
                self.warn_of_focus(command, (handle, &left), why, now, out);
            }
            return self.merge_left(command, handle, left, now, out);
        };
        self.rooms += 1;
        if let Some(focus) = self.focuses.get_mut(&handle) {
            focus.stage = Stage::Up(self.rooms, uri.clone());
        }
        self.show_focus(handle, &uri, out);
        self.commanded(handle, |causes| causes.merged = Some(command));
        if let Some(call) = self.calls.get(&handle) {
            let told = CallConference {
                with: Vec::new(),
                snapshot: call.snapshot.clone(),
            };
            self.tell(handle, EventBody::CallMerged(Box::new(told)), now, out);
        }
        self.send_there(handle, command, left, now, out);
    }

    /// The conference's address, where the far end of a call says that it is one.
    fn focus_of(&self, handle: CallHandle) -> Option<Uri> {
        let session = self.calls.get(&handle)?.session;
        let dialog = self.sessions.dialog(session).filter(|one| one.focus)?;
        let uri: SipUri = dialog.target.as_str().parse().ok()?;
        Some(Uri::Sip(uri.without_headers()))
    }

    /// The call shows the conference, and blf watches who is there.
    fn show_focus(&mut self, handle: CallHandle, uri: &Uri, out: &mut Outbox) {
        let shown = self.focuses.get(&handle).and_then(Focus::shown);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.snapshot.conference = shown;
        call.snapshot.server_conference = Some(Box::new(ServerConference {
            uri: uri.to_string(),
            participants: None,
        }));
        let account = call.snapshot.account.as_ref();
        out.post(blf::Word::Conference {
            account: account.map_or_else(String::new, ToString::to_string),
            call: handle,
            uri: uri.clone(),
        });
    }

    /// Sends calls into the conference that `handle` is with; that goes on where it was held.
    pub(crate) fn send_there(
        &mut self,
        handle: CallHandle,
        command: CommandId,
        calls: BTreeSet<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(focus) = self.focuses.get_mut(&handle) else {
            return;
        };
        let Some(uri) = focus.uri().cloned() else {
            return;
        };
        focus.command = command;
        focus.waiting.extend(calls.iter().copied());
        // Those who come wait, and the person is in the conference.
        self.make_room(handle, now, out);
        self.commanded(handle, |causes| causes.held = Some(command));
        self.take_up(handle, now, out);
        for call in calls {
            out.post(transfer::Word::Transfer {
                command,
                call,
                to: To::Conference(uri.clone()),
                slot: false,
            });
        }
    }

    /// What became of a call that was sent into a conference.
    pub(crate) fn sent_there(
        &mut self,
        call: CallHandle,
        how: Sent,
        now: Instant,
        out: &mut Outbox,
    ) {
        let of = |(_, focus): &(&CallHandle, &mut Focus)| focus.waiting.contains(&call);
        let Some((&handle, focus)) = self.focuses.iter_mut().find(of) else {
            return;
        };
        focus.waiting.remove(&call);
        match how {
            Sent::There | Sent::Gone => focus.joined = true,
            Sent::Here => {
                focus.back.insert(call);
            }
        }
        if !focus.waiting.is_empty() {
            return;
        }
        let back = core::mem::take(&mut focus.back);
        let (command, nobody) = (focus.command, !focus.joined && focus.leaving.is_none());
        if nobody {
            let left = self.still_up(back);
            let why = "none of the calls could be sent there";
            self.warn_of_focus(command, (handle, &left), why, now, out);
            self.hang_up(handle, command, now, out);
            self.merge_left(command, handle, left, now, out);
        }
    }

    /// A call is over: if it was with a conference that never came about, the others are merged here, unless the
    /// person gave it up.
    pub(crate) fn focus_over(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(focus) = self.focuses.remove(&handle) else {
            return;
        };
        self.goodbyes.set(handle, None);
        let Stage::Asking(calls) = focus.stage else {
            return out.post(blf::Word::LeaveConference { call: handle });
        };
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        if call.causes.ends.is_some() {
            return;
        }
        let why = call.why.clone().unwrap_or_else(|| no_answer(call));
        let left = self.still_up(calls);
        self.warn_of_focus(focus.command, (handle, &left), &why, now, out);
        self.merge_left(focus.command, handle, left, now, out);
    }

    /// Blf was made anew: it watches again who is in the conferences.
    pub(crate) fn watches_lost(&mut self, out: &mut Outbox) {
        let up = self.focuses.iter();
        let up = up.filter_map(|(call, focus)| Some((*call, focus.uri()?.clone())));
        let up: Vec<(CallHandle, Uri)> = up.collect();
        for (call, uri) in up {
            self.show_focus(call, &uri, out);
        }
    }

    /// Transfers was made anew: nobody follows any more how calls get there.
    pub(crate) fn ways_lost(&mut self, now: Instant, out: &mut Outbox) {
        let waiting = self.focuses.values().flat_map(|focus| &focus.waiting);
        let waiting: Vec<CallHandle> = waiting.copied().collect();
        for call in waiting {
            self.sent_there(call, Sent::Here, now, out);
        }
    }

    fn still_up(&self, mut calls: BTreeSet<CallHandle>) -> BTreeSet<CallHandle> {
        calls.retain(|call| self.calls.get(call).is_some_and(Call::is_up));
        calls
    }

    /// Merges here what was to be merged there; one alone goes on.
    fn merge_left(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        left: BTreeSet<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        if left.len() > 1 {
            return self.merge_here(command, &left, now, out);
        }
        let one = left.first().copied();
        let why = "there is no other call to merge with any more";
        self.tell_unmerged(command, one.unwrap_or(handle), why, now, out);
        if let Some(one) = one {
            self.hold(command, one, false, now, out);
        }
    }

    /// Tells that there is no conference, in the first of the calls that were to be there.
    fn warn_of_focus(
        &self,
        command: CommandId,
        (handle, left): (CallHandle, &BTreeSet<CallHandle>),
        why: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let call = self.calls.get(&handle);
        let uri = call.map_or("", |call| call.snapshot.to.uri.as_str());
        let then = match left.len() {
            0 | 1 => "",
            _ => "; the calls are merged on this phone",
        };
        let error = ErrorObject::new(Code::NO_CONFERENCE, format!("{uri}: {why}{then}"));
        let of = left.first().copied().unwrap_or(handle);
        self.warn(command, of, error, now, out);
    }

    /// Tells of something that did not come about.
    pub(crate) fn warn(
        &self,
        command: CommandId,
        call: CallHandle,
        error: ErrorObject,
        now: Instant,
        out: &mut Outbox,
    ) {
        let warning = Box::new(CallWarning {
            code: error.code,
            text: error.detail,
            fix: error.fix,
        });
        let body = EventBody::CallWarning(warning);
        self.tell_of(Some(command), (call, body), now, out);
    }
}

/// Why a call ended that says no more of it.
fn no_answer(call: &Call) -> String {
    let status = match &call.stage {
        CallStage::Ended(reason) => reason.sip_status,
        CallStage::Registering(_)
        | CallStage::Routing(_)
        | CallStage::Preparing(_)
        | CallStage::Live => None,
    };
    status.map_or_else(
        || "it did not answer".to_owned(),
        |status| format!("it said {status}"),
    )
}
