//! Events of lamps and mailboxes, each with its whole snapshot.

use crate::entry::{Entry, EntryId, Feed, Kind, Mailbox, Watched};
use crate::{Blf, why};
use base::Instant;
use control::conference::{Participant, ParticipantState};
use control::lamp::{LampChange, LampSource, Pickup, VoiceMessages};
use control::snapshot::{CallDirection, Party};
use control::{
    AccountHandle, Code, ErrorObject, EventBody, LampSnapshot, LampState, MailboxSnapshot,
    Timestamp,
};
use ports::{Outbox, dialogs, events};
use sip::lamp::conference_info::{Status, User};
use sip::lamp::dialog_info::Direction;
use sip::lamp::{Light, Shown, Source};

impl Blf {
    /// Tells what an entry shows, if that is news.
    pub(crate) fn show(&mut self, id: EntryId, now: Instant, out: &mut Outbox) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let Ok(account) = entry.account.parse::<AccountHandle>() else {
            return;
        };
        let body = match &entry.kind {
            Kind::Lamp(watched) => {
                let snapshot = self.lamp(entry, watched, account.clone());
                if watched.told.as_ref() == Some(&snapshot) {
                    return;
                }
                let was = watched.told.as_ref().map(|told| told.state);
                EventBody::BlfChanged(Box::new(LampChange {
                    was,
                    removed: false,
                    snapshot,
                }))
            }
            Kind::Mailbox(mailbox) => {
                let snapshot = self.mailbox(entry, mailbox, account.clone());
                if mailbox.told.as_ref() == Some(&snapshot) {
                    return;
                }
                EventBody::MwiChanged(Box::new(snapshot))
            }
            Kind::Conference(_) => return self.show_conference(id, out),
            Kind::List(_) => return,
        };
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.told(&body);
        }
        tell(account, body, now, out);
    }

    /// Tells dialogs who is in a conference, if that is news: the call shows it.
    fn show_conference(&mut self, id: EntryId, out: &mut Outbox) {
        let entry = self.entries.get_mut(&id);
        let Some(Kind::Conference(joined)) = entry.map(|entry| &mut entry.kind) else {
            return;
        };
        let users = joined.users();
        if users == joined.told {
            return;
        }
        joined.told.clone_from(&users);
        out.post(dialogs::Word::Participants {
            call: joined.call,
            participants: users.map(|all| all.iter().map(participant).collect()),
        });
    }

    /// Tells that an entry is no longer watched.
    pub(crate) fn tell_removed(&self, entry: &Entry, now: Instant, out: &mut Outbox) {
        let Ok(account) = entry.account.parse::<AccountHandle>() else {
            return;
        };
        match &entry.kind {
            Kind::Lamp(watched) => {
                if let Some(told) = watched.told.clone() {
                    let change = LampChange {
                        was: Some(told.state),
                        removed: true,
                        snapshot: told,
                    };
                    tell(account, EventBody::BlfChanged(Box::new(change)), now, out);
                }
            }
            Kind::Mailbox(_) => {
                let snapshot = MailboxSnapshot {
                    account: account.clone(),
                    waiting: None,
                    voice: None,
                    since: self.time(now),
                    why: None,
                };
                tell(account, EventBody::MwiChanged(Box::new(snapshot)), now, out);
            }
            // Its call is over, and with it whoever was shown; of a list its members are told.
            Kind::Conference(_) | Kind::List(_) => {}
        }
    }

    fn lamp(&self, entry: &Entry, watched: &Watched, account: AccountHandle) -> LampSnapshot {
        let shown = watched.lamp.shown();
        let target = watched.target.as_ref();
        let label = match (watched.wish.label.as_str(), target) {
            ("", Some(target)) => target.user().unwrap_or_default().to_owned(),
            (label, _) => label.to_owned(),
        };
        let target = target.map(ToString::to_string).unwrap_or_default();
        let peer = shown.peer.as_ref().map(|peer| Party {
            uri: peer.uri.clone(),
            display: peer.display.clone(),
        });
        LampSnapshot {
            account,
            label,
            slot: watched.wish.slot,
            state: state(&shown.light),
            since: self.time(shown.since),
            why: self.why(entry, &target, &shown.light),
            direction: shown.direction.map(|direction| match direction {
                Direction::Outgoing => CallDirection::Outgoing,
                Direction::Incoming => CallDirection::Incoming,
            }),
            peer,
            pickup: pickup(shown, watched.wish.slot),
            source: match shown.source {
                Source::Dialog => LampSource::Dialog,
                Source::Presence => LampSource::Presence,
                Source::Registration => LampSource::Reg,
            },
            polled: entry.polled,
            presence: shown.doing.map(ports::presence::state),
            note: shown.note.clone(),
            listed: entry.feed == Feed::Listed,
            target,
        }
    }

    fn why(&self, entry: &Entry, target: &str, light: &Light) -> Option<ErrorObject> {
        if entry.no_room {
            let why = format!("no room to watch {}", control::quoted(target));
            return Some(ErrorObject::new(Code::TOO_MANY_LAMPS, why));
        }
        let known = self.accounts.get(&entry.account);
        match light {
            Light::Unknown(unknown) => Some(why::unknown(target, unknown, known)),
            Light::Unregistered => {
                let why = format!(
                    "the server says that {} is not registered",
                    control::quoted(target)
                );
                Some(ErrorObject::new(Code::LAMP_ABSENT, why))
            }
            Light::Idle | Light::Ringing | Light::Busy | Light::Held | Light::Parked => None,
        }
    }

    fn mailbox(&self, entry: &Entry, mailbox: &Mailbox, account: AccountHandle) -> MailboxSnapshot {
        let known = self.accounts.get(&entry.account);
        let aor = known.map(|known| known.account.aor.to_string());
        let aor = aor.unwrap_or_default();
        let summary = mailbox.known.as_ref().ok();
        let voice = summary.and_then(|summary| summary.voice);
        MailboxSnapshot {
            account,
            waiting: summary.map(|summary| summary.waiting),
            voice: voice.map(|counts| VoiceMessages {
                new: counts.new,
                old: counts.old,
                new_urgent: counts.new_urgent,
                old_urgent: counts.old_urgent,
            }),
            since: self.time(mailbox.since),
            why: mailbox
                .known
                .as_ref()
                .err()
                .map(|unknown| why::unknown(&aor, unknown, known)),
        }
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.epoch.unix_ms() + at.as_millis())
    }
}

impl Entry {
    fn told(&mut self, body: &EventBody) {
        match (&mut self.kind, body) {
            (Kind::Lamp(watched), EventBody::BlfChanged(change)) => {
                watched.told = Some(change.snapshot.clone());
            }
            (Kind::Mailbox(mailbox), EventBody::MwiChanged(snapshot)) => {
                mailbox.told = Some((**snapshot).clone());
            }
            (Kind::Lamp(_) | Kind::Mailbox(_) | Kind::Conference(_) | Kind::List(_), _) => {}
        }
    }
}

/// One of those in a conference; whether it is the person here, dialogs says.
fn participant(user: &User) -> Participant {
    Participant {
        uri: user.uri.clone(),
        display: user.display.clone(),
        state: match user.status() {
            Status::Connected => ParticipantState::Connected,
            Status::Held => ParticipantState::Held,
            // Whoever left is in no list.
            Status::Joining | Status::Left => ParticipantState::Joining,
        },
        you: false,
    }
}

/// What takes the call that rings there; from a slot a call is fetched by calling the slot.
fn pickup(shown: &Shown, slot: bool) -> Option<Pickup> {
    let replaces = shown.replaces.as_ref();
    let replaces = replaces.filter(|_| shown.light == Light::Ringing && !slot)?;
    let to: sip_message::Uri = replaces.target.parse().ok()?;
    let to = to.sip()?.without_headers().without_param("method");
    Some(Pickup {
        to: to.to_string(),
        replaces: replaces.early()?,
    })
}

fn state(light: &Light) -> LampState {
    match light {
        Light::Idle => LampState::Idle,
        Light::Ringing => LampState::Ringing,
        Light::Busy => LampState::Busy,
        Light::Held => LampState::Held,
        Light::Parked => LampState::Parked,
        Light::Unregistered => LampState::Unregistered,
        Light::Unknown(_) => LampState::Unknown,
    }
}

fn tell(account: AccountHandle, body: EventBody, now: Instant, out: &mut Outbox) {
    out.post(events::Word::Tell {
        at: now,
        account: Some(account),
        call: None,
        command: None,
        body,
    });
}
