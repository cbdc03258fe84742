//! The dialogs part: owns the sessions and says what a call is.
//!
//! What it is not: it opens no port (media does), resolves no name (link does), and holds no rule of
//! SIP: those are in `sip::dialogs`. It translates: commands to orders, news to events.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Dialogs`] | the part: words in, words out |
//! | [`call`] | one call: what people see, and the session behind it |
//! | `accounts` | whose calls they are |
//! | [`answering`] | what happens by itself to a call that comes in |
//! | `dialling` | what rules make of what was dialled, and what follows the answer |
//! | `outgoing`, `incoming` | how calls begin |
//! | `news` | what a session tells |
//! | `hold` | holding and resuming; which call is active |
//! | `conference` | calls that are merged, with the person or without |
//! | `focus` | the conference of a server: called, and calls sent there |
//! | `roster` | who is in it; how somebody is removed, and how the person leaves |
//! | `inside` | other parts' requests in a call's dialog |
//! | `ended` | how calls end |
//! | `describe` | session descriptions |
//! | `keys` | digits, ours and the peer's |
//! | `noted` | what the history is told, and tells |
//! | `returned` | calls that were handed on, and come back |
//! | `stands` | what tones tell of a call |
//! | `tell` | events |
//! | `transfer` | what transfer is told, and REFER |
//! | `undelivered` | words of ours that nobody took |
//! | `unregistered` | calls that wait for their account to be registered |

mod accounts;
pub mod answering;
pub mod call;
mod causes;
mod conference;
mod decided;
mod describe;
mod dialling;
mod ended;
mod fallback;
mod focus;
mod hold;
mod incoming;
mod inside;
mod keys;
mod news;
mod noted;
mod outgoing;
mod returned;
mod roster;
mod stands;
mod steps;
mod tell;
mod transfer;
mod undelivered;
mod unregistered;

use answering::Answering;
use base::{Duration, Instant, Machine, Rng, Timers};
use call::{Call, Stage};
use causes::Causes;
use control::{CallHandle, CommandId, Timestamp};
use outgoing::Wish;
use ports::book::Book;
use ports::dialogs::Word;
use ports::link::Heard;
use ports::media::{Notice, Sound};
use ports::{Account, Address, Handles, Outbox, Part, Post, link, media};
use sdp::Preference;
use sip::SessionId;
use sip::dialogs::{Config, Dialogs as Sessions, Input, Output};
use sip::session::{AccountId, Order};
use sip_message::Status;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the part is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bounds and rules of sessions.
    pub sessions: Config,
    /// Time of day at [`Instant::ZERO`].
    pub epoch: Timestamp,
    /// Whose order of codecs decides when we answer.
    pub preference: Preference,
    /// Where a dialled call's sound comes from and goes to.
    pub sound: Sound,
    /// How long a dialled call may ring where nobody says otherwise. Unit: time.
    pub ring_for: Option<Duration>,
    /// A call that is picked up, dialled or resumed puts the one that has the microphone on hold.
    pub one_active: bool,
    /// What our codecs can do, as media was told: an INVITE that offers none of it is refused before it
    /// rings. Empty: offers are looked at when the call is picked up.
    pub formats: Vec<sdp::Capability>,
    /// How far local time is from UTC at a time of day (ms since 1970). Unit: minutes, east positive.
    pub local_offset_min: fn(u64) -> i32,
    /// There is a history: it is told of every call, and a call that comes in rings once it has a record.
    pub history: bool,
    /// There is a part for transfers: it is told how calls stand.
    pub transfer: bool,
    /// There is a part for text messages: it is asked about those in calls.
    pub messages: bool,
    /// There is a part for presence: it is told which calls are up.
    pub presence: bool,
}

/// The dialogs part.
pub struct Dialogs {
    settings: Settings,
    sessions: Sessions,
    answering: Box<dyn Answering>,
    calls: BTreeMap<CallHandle, Call>,
    by_session: BTreeMap<SessionId, CallHandle>,
    accounts: BTreeMap<String, (AccountId, Account)>,
    /// Everybody who is kept, for rules.
    book: Arc<Book>,
    next_account: u32,
    handles: Handles,
    steps: Timers<CallHandle>,
    away: returned::Away,
    rng: Rng,
    /// Conversations of several calls so far.
    rooms: u64,
    /// Conferences of servers, by our call with each.
    focuses: BTreeMap<CallHandle, focus::Focus>,
    /// Removals from them so far.
    removals: u64,
    /// When the person leaves one, whatever its server says.
    goodbyes: Timers<CallHandle>,
    /// Why the request that this word is about has no response, in the network's words.
    unsent: Option<String>,
    /// The request that this word is about came from a server of the account that it is for.
    trusted: bool,
}

impl Dialogs {
    /// A part without calls. `handles` is shared with whoever else starts calls.
    pub fn new(
        mut settings: Settings,
        answering: Box<dyn Answering>,
        handles: Handles,
        mut rng: Rng,
    ) -> Self {
        settings.sessions.part = Address::Dialogs as u8;
        settings.sessions.handed_over = match settings.messages {
            true => inside::WITH_MESSAGES.map(str::to_owned).to_vec(),
            false => inside::METHODS.map(str::to_owned).to_vec(),
        };
        Self {
            sessions: Sessions::new(settings.sessions.clone(), rng.split()),
            settings,
            answering,
            calls: BTreeMap::new(),
            by_session: BTreeMap::new(),
            accounts: BTreeMap::new(),
            book: Arc::default(),
            next_account: 0,
            handles,
            steps: Timers::new(),
            away: returned::Away::default(),
            rng,
            rooms: 0,
            focuses: BTreeMap::new(),
            removals: 0,
            goodbyes: Timers::new(),
            unsent: None,
            trusted: false,
        }
    }

    /// Calls and sessions that are not over.
    pub fn unfinished(&self) -> usize {
        self.calls.len() + self.by_session.len() + self.sessions.len()
    }

    fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.settings.epoch.unix_ms() + at.as_millis())
    }

    fn order(&mut self, session: SessionId, order: Order, now: Instant) {
        self.sessions.handle(Input::Order(session, order), now);
    }

    fn decline(&mut self, call: CallHandle, command: CommandId, status: Option<u16>, now: Instant) {
        let ends = |causes: &mut Causes| causes.ends = Some(command);
        if let Some(session) = self.commanded(call, ends) {
            let status = status.and_then(Status::new);
            let status = status.unwrap_or(Status::BUSY_HERE);
            self.order(session, Order::Decline(status), now);
        }
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut Outbox) {
        match heard {
            Heard::Request {
                id,
                request,
                origin,
                trusted,
            } => {
                self.trusted = trusted;
                if self.refuses(id, &request, origin.local.ip(), out) {
                    return;
                }
                self.sessions.handle(
                    Input::Request {
                        id,
                        request,
                        origin,
                    },
                    now,
                );
            }
            Heard::Ack { request, .. } => self.sessions.handle(Input::Ack(request), now),
            Heard::Cancelled { id, reason } => {
                self.sessions.handle(Input::Cancelled { id, reason }, now);
            }
            Heard::Response { id, response, .. } => {
                self.sessions.handle(Input::Response { id, response }, now);
            }
            Heard::Failed { id, why, detail } => {
                tracing::debug!(?id, %detail, "no response");
                self.unsent = Some(detail.text).filter(|detail| !detail.is_empty());
                self.sessions.handle(Input::Failed { id, why }, now);
            }
            Heard::ServerEnded { id } => self.sessions.handle(Input::ServerEnded(id), now),
            Heard::Routed { ticket, path } => {
                self.routed(CallHandle::from_number(ticket), path, now, out);
            }
        }
    }

    fn media_ready(
        &mut self,
        handle: CallHandle,
        ready: Result<Box<media::Ready>, String>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let session_id = self.rng.number() >> 2;
        let Some(call) = self.calls.get_mut(&handle) else {
            out.post(media::Word::Release { call: handle });
            return;
        };
        match ready {
            Ok(ready) => {
                call.prepared(ready.local, session_id, self.settings.preference);
                match &call.stage {
                    Stage::Preparing(_) => self.invite(handle, now, out),
                    Stage::Live => self.media_came(handle, now, out),
                    Stage::Registering(_) | Stage::Routing(_) | Stage::Ended(_) => {}
                }
            }
            Err(why) => {
                tracing::warn!(call = %handle, %why, "no media for a call");
                self.no_media(handle, Status::SERVICE_UNAVAILABLE, &why, now, out);
            }
        }
    }

    fn noticed(&mut self, handle: CallHandle, what: Notice, now: Instant, out: &mut Outbox) {
        match what {
            Notice::Flowing => self.media_state(handle, tell::Flow::In, now, out),
            Notice::Silent { for_ms } => self.media_silent(handle, for_ms, now, out),
            Notice::Digit {
                digit,
                duration_ms,
                method,
            } => self.digit_heard(handle, (digit, duration_ms, method), now, out),
            Notice::DigitSent {
                digit,
                duration_ms,
                method,
            } => self.digit_sent(handle, (digit, duration_ms, method), now, out),
            Notice::DigitRefused(what) => self.digit_refused(handle, what, now, out),
            Notice::Inform(inform) => self.inform(handle, inform, now, out),
            Notice::CodecGone { plugin } => self.codec_gone(handle, &plugin, now, out),
            Notice::OwnDeviceFailed { plugin } => {
                self.own_device_failed(handle, &plugin, now, out);
            }
            Notice::DeviceLost { plugin } => self.device_lost(handle, &plugin, now, out),
            Notice::Quality(quality) => self.quality(handle, &quality, now, out),
            Notice::Stopped(quality) => self.released(handle, quality.as_deref(), now, out),
            Notice::Broken { why } => {
                self.no_media(handle, Status::SERVER_INTERNAL_ERROR, &why, now, out);
            }
        }
    }

    fn settle(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(output) = self.sessions.poll_output() {
            match output {
                Output::Send {
                    id,
                    session,
                    request,
                    route_to,
                } => {
                    self.name_call(session, &request);
                    out.post(link::Word::Send {
                        id,
                        request,
                        next_hop: route_to,
                        once: false,
                        account: self.account_of_session(session),
                    });
                }
                Output::SendAck {
                    session,
                    request,
                    route_to,
                } => {
                    out.post(link::Word::SendAck {
                        request,
                        next_hop: route_to,
                        account: self.account_of_session(session),
                    });
                }
                Output::Abandon { id, .. } => out.post(link::Word::Abandon { id }),
                Output::Cancel { id, reason, .. } => {
                    out.post(link::Word::Cancel { id, reason });
                }
                Output::Respond { id, response } => {
                    out.post(link::Word::Respond { id, response });
                }
                Output::News { session, news } => self.news(session, news, now, out),
            }
        }
        self.unsent = None;
        self.trusted = false;
    }
}

impl Part for Dialogs {
    type Word = Word;

    #[allow(clippy::too_many_lines)] // One arm for each word.
    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Heard(heard) => self.heard(heard, now, out),
            Word::Account(account) => self.add_account(*account, now),
            Word::Contacts(book) => self.book = book,
            Word::Policy { account, policy } => self.account_rules(&account, policy),
            Word::Registrar { account, registrar } => self.account_moved(&account, registrar),
            Word::AccountGone { account } => self.account_gone(&account, now),
            Word::Registered { call, outcome } => self.registered(call, outcome, now, out),
            Word::Dial {
                command,
                call,
                account,
                to,
                ring_for,
                headers,
                action,
            } => {
                let wish = Wish {
                    account,
                    to,
                    ring_for,
                    headers,
                    action,
                };
                self.dial(command, call, wish, now, out);
            }
            Word::Accept { command, call } => {
                let accepts = |causes: &mut Causes| causes.accepted = Some(command);
                if self.commanded(call, accepts).is_some() {
                    self.accept(call, now, out);
                }
            }
            Word::Decline {
                command,
                call,
                status,
            } => self.decline(call, command, status, now),
            Word::Silence { command, call } => self.silence(command, call, now, out),
            Word::Redirect { command, call, to } => self.redirect(command, call, &to, now, out),
            Word::HangUp { command, call } => self.hang_up(call, command, now, out),
            Word::HangUpAll { command } => self.hang_up_all(command, now, out),
            Word::Digits {
                command,
                call,
                digits,
                duration_ms,
            } => {
                self.press(command, call, (digits, duration_ms), now, out);
            }
            Word::Mute { command, call, on } => {
                let muted = |causes: &mut Causes| causes.muted = Some(command);
                if self.commanded(call, muted).is_some() {
                    out.post(media::Word::Mute { call, on });
                    self.muted(call, on, now, out);
                }
            }
            Word::Hold { command, call } => self.hold(command, call, true, now, out),
            Word::Resume { command, call } => self.hold(command, call, false, now, out),
            Word::Swap { command, call } => self.swap(command, call, now, out),
            Word::Merge { command, calls } => self.merge(command, calls, now, out),
            Word::Split { command, call } => self.split(command, call, now, out),
            Word::EndConference { command, keep } => self.end_conference(command, keep, now, out),
            Word::RemoveParticipant {
                command,
                call,
                participant,
            } => self.remove_participant(command, call, participant, now, out),
            Word::Participants { call, participants } => {
                self.participants(call, participants, now, out);
            }
            Word::Sent { call, how } => self.sent_there(call, how, now, out),
            Word::Outcome { ticket, status } => self.removal(ticket, status, now, out),
            Word::Join {
                command,
                call,
                with,
            } => self.join(command, (call, with), now, out),
            Word::InDialog {
                from,
                ticket,
                call,
                request,
            } => self.ask_inside(call, (from, ticket), request, now, out),
            Word::Refer { ticket, call, to } => self.refer(call, ticket, to, now, out),
            Word::Follow {
                call,
                instead,
                to,
                headers,
            } => self.follow(call, instead, (to, headers), now, out),
            Word::HandedOn(gone) => self.handed_on(*gone, now, out),
            Word::Leave { call } => self.leave(call, now),
            Word::Respond { call, id, status } => self.respond_inside(call, id, status, now),
            Word::Media { call, ready } => self.media_ready(call, ready, now, out),
            Word::Noticed { call, what } => self.noticed(call, what, now, out),
            Word::Recording { call, recording } => self.recording(call, recording, out),
            Word::Noted { call } => self.noted(call, now, out),
            Word::Named { call, known } => self.named(call, known, now, out),
            Word::Restarted(who) => self.restarted(who, now, out),
        }
        self.settle(now, out);
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.sessions.handle_time(now);
        while let Some(handle) = self.steps.expire(now) {
            self.follow_plan(handle, now, out);
        }
        while let Some(handle) = self.goodbyes.expire(now) {
            self.leave_anyway(handle, now, out);
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let steps = [self.steps.next(), self.goodbyes.next()];
        [self.sessions.deadline()]
            .into_iter()
            .chain(steps)
            .flatten()
            .min()
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        self.not_taken(post, now, out);
        self.settle(now, out);
    }
}
