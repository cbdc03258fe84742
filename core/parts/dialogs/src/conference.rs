//! Calls that are merged on this phone: with the person, or with each other alone. At a server: `focus`.
//!
//! Media mixes; here is who is with whom. One conference has the person. A call that ends leaves it, and who is left
//! alone with the person is an ordinary call again. Calls that go on without the person end with the last but one
//! of them.

use crate::Dialogs;
use crate::call::Call;
use crate::focus::{Focus, Where};
use base::Instant;
use control::conference::{CallConference, InConference};
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::media::Room;
use ports::{Outbox, media, transfer};
use std::collections::BTreeSet;

impl Dialogs {
    /// Merges calls with the person: those named, and whoever is in the conference already.
    pub(crate) fn merge(
        &mut self,
        command: CommandId,
        named: Vec<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let mut calls = self.meant_by(named);
        let unfit = |handle: &&CallHandle| !self.calls.get(handle).is_some_and(can_be_merged);
        if let Some(&unfit) = calls.iter().find(unfit) {
            let why = "only a call that is up and has the person's sound can be merged";
            return self.tell_unmerged(command, unfit, why, now, out);
        }
        calls.extend(self.members(Room::Conference));
        if calls.len() < 2 {
            let alone = calls
                .first()
                .copied()
                .or(self.calls.keys().next_back().copied());
            let why = "there is no other call to merge with";
            return alone.map_or((), |call| self.tell_unmerged(command, call, why, now, out));
        }
        match self.merged_where(&calls) {
            Where::Here => self.merge_here(command, &calls, now, out),
            Where::New(account) => self.call_focus(command, account, calls, now, out),
            Where::There(focus) => {
                calls.remove(&focus);
                self.send_there(focus, command, calls, now, out);
                self.tell_there(focus, command, now, out);
            }
            Where::OnTheWay(call) => {
                let why = "the call is on its way into a conference already";
                self.tell_unmerged(command, call, why, now, out);
            }
        }
    }

    /// Merges calls on this phone.
    pub(crate) fn merge_here(
        &mut self,
        command: CommandId,
        calls: &BTreeSet<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let id = self.number_of(Room::Conference);
        self.sit(calls, (Room::Conference, id), command, out);
        self.go_on(calls, command, now, out);
        for other in calls
            .first()
            .map_or_else(Vec::new, |&one| self.active_beside(one))
        {
            self.commanded(other, |causes| causes.held = None);
            self.put_aside(other, now, out);
        }
        self.tell_room(calls, now, out);
    }

    /// Takes one call out of its conversation, or all out of the conference.
    pub(crate) fn split(
        &mut self,
        command: CommandId,
        named: Option<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let room = named.map_or(Room::Conference, |call| self.room_of(call));
        let members = self.members(room);
        let Some(&newest) = members.last() else {
            return;
        };
        // Who is split off from us waits; where all are, the newest goes on. Who is taken back from others is
        // with us, and they wait.
        let (calls, active) = match (room, named) {
            (Room::Conference, Some(call)) => (BTreeSet::from([call]), None),
            (Room::Bridge(_), Some(call)) => (members, Some(call)),
            (Room::Alone | Room::Conference | Room::Bridge(_), _) => (members, Some(newest)),
        };
        self.sit(&calls, (Room::Alone, 0), command, out);
        if let Some(active) = active {
            self.make_room(active, now, out);
        }
        for &call in &calls {
            self.tell_split(call, now, out);
            if self.settings.one_active && active != Some(call) {
                self.commanded(call, |causes| causes.held = Some(command));
                self.put_aside(call, now, out);
            }
        }
        self.settle_room(room, now, out);
    }

    /// The person leaves every conference there is; the others go on with each other, or all calls end.
    pub(crate) fn end_conference(
        &mut self,
        command: CommandId,
        keep: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.leave_focuses(command, keep, now, out);
        let members = self.members(Room::Conference);
        if keep && members.len() > 1 {
            self.rooms += 1;
            let room = (Room::Bridge(self.rooms), self.rooms);
            self.sit(&members, room, command, out);
            self.go_on(&members, command, now, out);
            return self.tell_room(&members, now, out);
        }
        for call in members {
            self.hang_up(call, command, now, out);
        }
    }

    /// Joins two calls with each other, for a transfer that went no other way; says whether that could be.
    pub(crate) fn join(
        &mut self,
        command: CommandId,
        (call, with): (CallHandle, CallHandle),
        now: Instant,
        out: &mut Outbox,
    ) {
        let calls = BTreeSet::from([call, with]);
        let fit = |handle: &CallHandle| self.calls.get(handle).is_some_and(can_be_merged);
        let is_so = calls.len() == 2 && calls.iter().all(fit);
        out.post(transfer::Word::Joined { call, is_so });
        if !is_so {
            return;
        }
        let left = calls.iter().map(|&call| self.room_of(call));
        let left: Vec<Room> = left.collect();
        self.rooms += 1;
        let room = (Room::Bridge(self.rooms), self.rooms);
        self.sit(&calls, room, command, out);
        self.go_on(&calls, command, now, out);
        self.tell_room(&calls, now, out);
        for room in left {
            self.settle_room(room, now, out);
        }
    }

    /// Whom a call is with; one that takes the place of another is with whom that is.
    pub(crate) fn room_of(&self, handle: CallHandle) -> Room {
        let Some(call) = self.calls.get(&handle) else {
            return Room::Alone;
        };
        let before = call.replaces.or(call.instead);
        match before.and_then(|before| self.calls.get(&before)) {
            Some(before) if call.room == Room::Alone => before.room,
            Some(_) | None => call.room,
        }
    }

    /// A call takes the place of another: in its conversation too.
    pub(crate) fn inherit_room(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let room = self.room_of(handle);
        let own = self.calls.get(&handle).map(|call| call.room);
        if own.is_none_or(|own| own == room) {
            return;
        }
        let id = self.number_of(room);
        self.seat(handle, (room, id), out);
        let members = self.members(room);
        self.tell_room(&members, now, out);
    }

    /// Whoever is merged with a call and was held because another one had the microphone goes on with it.
    pub(crate) fn resume_room(
        &mut self,
        handle: CallHandle,
        command: Option<CommandId>,
        now: Instant,
        out: &mut Outbox,
    ) {
        if self.room_of(handle) != Room::Conference {
            return;
        }
        for other in self.members(Room::Conference) {
            let is_aside = |call: &Call| call.hold.is_aside();
            if other != handle && self.calls.get(&other).is_some_and(is_aside) {
                self.commanded(other, |causes| causes.held = command);
                self.take_up(other, now, out);
            }
        }
    }

    /// A call is over.
    pub(crate) fn leave_room(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let room = core::mem::take(&mut call.room);
        call.snapshot.conference = None;
        self.settle_room(room, now, out);
    }

    /// Somebody left: one alone is no conference, and nobody else is told of others any more.
    fn settle_room(&mut self, room: Room, now: Instant, out: &mut Outbox) {
        let members = self.members(room);
        let Some(&last) = members.first() else {
            return;
        };
        match room {
            Room::Alone => {}
            Room::Conference | Room::Bridge(_) if members.len() > 1 => {
                self.tell_room(&members, now, out);
            }
            Room::Conference => {
                self.seat(last, (Room::Alone, 0), out);
                self.tell_split(last, now, out);
            }
            // There is nobody left to speak with.
            Room::Bridge(_) => self.leave(last, now),
        }
    }

    /// The calls that are meant where these are named.
    fn meant_by(&self, named: Vec<CallHandle>) -> BTreeSet<CallHandle> {
        let fit = self.calls.values().filter(|call| can_be_merged(call));
        if named.is_empty() {
            return fit.map(|call| call.handle).collect();
        }
        let mut meant: BTreeSet<_> = named.into_iter().collect();
        // Who speaks with somebody without us is not torn from them.
        let bridged: Vec<Room> = meant.iter().map(|&call| self.room_of(call)).collect();
        for room in bridged {
            if let Room::Bridge(_) = room {
                meant.extend(self.members(room));
            }
        }
        if let (1, Some(&one)) = (meant.len(), meant.first())
            && self.members(Room::Conference).is_empty()
        {
            match self.focus_beside(one) {
                Some(focus) => meant.extend([focus]),
                None => meant.extend(self.active_beside(one)),
            }
        }
        meant
    }

    /// Calls in a conversation; of those that are alone none.
    fn members(&self, room: Room) -> BTreeSet<CallHandle> {
        let in_it = |call: &&Call| room != Room::Alone && call.room == room;
        let members = self.calls.values().filter(in_it);
        members.map(|call| call.handle).collect()
    }

    /// What a conversation is called: as those in it show it, or a new number.
    fn number_of(&mut self, room: Room) -> u64 {
        let mut in_it = self.calls.values().filter(|call| call.room == room);
        let known = in_it.find_map(|call| call.snapshot.conference);
        known.map_or_else(
            || {
                self.rooms += 1;
                self.rooms
            },
            |known| known.id,
        )
    }

    fn sit(
        &mut self,
        calls: &BTreeSet<CallHandle>,
        place: (Room, u64),
        command: CommandId,
        out: &mut Outbox,
    ) {
        for &call in calls {
            self.commanded(call, |causes| causes.merged = Some(command));
            self.seat(call, place, out);
        }
    }

    fn seat(&mut self, handle: CallHandle, (room, id): (Room, u64), out: &mut Outbox) {
        let there = self.focuses.get(&handle).and_then(Focus::shown);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let here = (room != Room::Alone).then_some(InConference {
            id,
            person: room == Room::Conference,
        });
        call.snapshot.conference = here.or(there);
        if core::mem::replace(&mut call.room, room) != room {
            let call = handle;
            out.post(media::Word::Join { call, room });
        }
    }

    /// Whoever is held here is so no longer.
    fn go_on(
        &mut self,
        calls: &BTreeSet<CallHandle>,
        command: CommandId,
        now: Instant,
        out: &mut Outbox,
    ) {
        for &call in calls {
            self.commanded(call, |causes| causes.held = Some(command));
            self.take_up(call, now, out);
        }
    }

    /// Tells each who is with it now.
    fn tell_room(&self, calls: &BTreeSet<CallHandle>, now: Instant, out: &mut Outbox) {
        for handle in calls {
            if let Some(call) = self.calls.get(handle) {
                let with = calls.iter().copied().filter(|other| other != handle);
                let told = CallConference {
                    with: with.collect(),
                    snapshot: call.snapshot.clone(),
                };
                self.tell(*handle, EventBody::CallMerged(Box::new(told)), now, out);
            }
        }
    }

    fn tell_split(&self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        if let Some(call) = self.calls.get(&handle) {
            let told = CallConference {
                with: Vec::new(),
                snapshot: call.snapshot.clone(),
            };
            self.tell(handle, EventBody::CallSplit(Box::new(told)), now, out);
        }
    }

    /// Tells that more calls are on their way into the conference of a server.
    fn tell_there(
        &mut self,
        handle: CallHandle,
        command: CommandId,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.commanded(handle, |causes| causes.merged = Some(command));
        self.tell_room(&BTreeSet::from([handle]), now, out);
    }

    pub(crate) fn tell_unmerged(
        &self,
        command: CommandId,
        handle: CallHandle,
        why: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let error = ErrorObject::new(Code::WRONG_STATE, why);
        self.warn(command, handle, error, now, out);
    }
}

/// Up, and with the person's sound: media mixes no other.
fn can_be_merged(call: &Call) -> bool {
    call.is_up() && call.is_personal()
}
