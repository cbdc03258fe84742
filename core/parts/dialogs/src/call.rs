//! One call, as a person sees it, and the session and descriptions behind it.

use crate::answering::{Plan, Step};
use crate::causes::Causes;
use base::{Duration, Instant};
use bytes::Bytes;
use control::snapshot::{CallSnapshot, MediaSnapshot, MediaState};
use control::{CallHandle, Code, EndReason};
use core::net::SocketAddr;
use ports::media::{self, Sound};
use sdp::{Agreed, LocalMedia, LocalSession, Preference, Previous, SessionDescription};
use sip::SessionId;
use sip::session::ForkId;
use std::collections::VecDeque;

/// How far a call has come, apart from what its snapshot shows.
#[derive(Debug)]
pub enum Stage {
    /// Registrar was asked to register the account first (K-147).
    Registering(Box<Outgoing>),
    /// Link was asked how the callee is reached.
    Routing(Box<Outgoing>),
    /// Media was asked for ports.
    Preparing(Box<Outgoing>),
    /// A session exists.
    Live,
    /// The session is over; media has not said its last word yet.
    Ended(EndReason),
}

/// What the INVITE will need.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Whom to call.
    pub target: sip_message::Uri,
    /// From which account.
    pub account: String,
    /// How requests travel, once link said it.
    pub path: Option<ports::link::Path>,
    /// How long it may ring.
    pub ring_for: Option<Duration>,
    /// More header fields of the INVITE.
    pub headers: Vec<(String, String)>,
}

/// What is to happen with an offer of the peer's once media is ready.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The peer's offer; `None`: it wants ours.
    pub offer: Option<Bytes>,
    /// For a re-offer: in which dialog.
    pub fork: Option<ForkId>,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub handle: CallHandle,
    /// The session behind it.
    pub session: SessionId,
    /// What people see.
    pub snapshot: CallSnapshot,
    /// How far it has come.
    pub stage: Stage,
    /// Commands that events belong to.
    pub causes: Causes,
    /// When it began.
    pub began: Instant,
    /// When it was accepted.
    pub accepted: Option<Instant>,
    /// When its session ended.
    pub ended: Option<Instant>,
    /// Media was asked for ports, so it has a last word to say.
    pub sound_asked: bool,
    /// Why it failed, in words.
    pub why: Option<String>,
    /// Why the engine ends it, where that is not for its session to know.
    pub code: Option<Code>,
    /// It waits for its record in the history, until then at most.
    pub unnoted: Option<Instant>,
    /// What is done by itself, and when.
    pub steps: VecDeque<(Instant, Step)>,
    /// Where its sound comes from and goes to.
    pub sound: Sound,
    /// The address to name instead of ours.
    pub pretend: Option<core::net::IpAddr>,
    /// Our side of the session description, once media is ready.
    pub local: Option<LocalSession>,
    /// The descriptions in force.
    pub previous: Option<Previous>,
    /// An offer of ours that waits for its answer.
    pub offered: Option<SessionDescription>,
    /// An offer of the peer's that waits for media or for a person.
    pub pending: Option<Pending>,
    /// Somebody picked up before media was ready.
    pub wants_accept: bool,
    /// The audio stream as agreed.
    pub agreed: Option<Agreed>,
    /// Mean of the quality estimates: sum and count.
    pub mos: (f64, u32),
    /// Another call took its place.
    pub replaced: bool,
    /// With whom it is.
    pub room: media::Room,
    /// The call whose place it takes.
    pub replaces: Option<CallHandle>,
    /// The call whose far end sent us here.
    pub instead: Option<CallHandle>,
    /// Requests of other parts in its dialog.
    pub(crate) inside: crate::inside::Asked,
    /// How it stands with our hold.
    pub(crate) hold: crate::hold::Hold,
    /// Digits on their way.
    pub(crate) keys: crate::keys::Keys,
    /// What follows the answer.
    pub(crate) after: crate::dialling::After,
}

impl Call {
    /// A call that begins.
    pub fn new(
        handle: CallHandle,
        session: SessionId,
        snapshot: CallSnapshot,
        now: Instant,
    ) -> Self {
        Self {
            handle,
            session,
            snapshot,
            stage: Stage::Live,
            causes: Causes::default(),
            began: now,
            accepted: None,
            ended: None,
            sound_asked: false,
            why: None,
            code: None,
            unnoted: None,
            steps: VecDeque::new(),
            sound: Sound::Person,
            pretend: None,
            local: None,
            previous: None,
            offered: None,
            pending: None,
            wants_accept: false,
            agreed: None,
            mos: (0.0, 0),
            replaced: false,
            room: media::Room::Alone,
            replaces: None,
            instead: None,
            inside: crate::inside::Asked::default(),
            hold: crate::hold::Hold::default(),
            keys: crate::keys::Keys::default(),
            after: crate::dialling::After::default(),
        }
    }

    /// Takes up a plan made at `now`.
    pub fn follow(&mut self, plan: Plan, now: Instant) {
        self.steps = plan
            .steps
            .into_iter()
            .map(|(wait, step)| (now + wait, step))
            .collect();
        self.sound = plan.sound;
        self.pretend = plan.pretend;
    }

    /// The next step that is due.
    pub fn due(&mut self, now: Instant) -> Option<Step> {
        let &(at, _) = self.steps.front()?;
        if at > now {
            return None;
        }
        self.steps.pop_front().map(|(_, step)| step)
    }

    /// Media is ready: our side of every description from now on.
    pub fn prepared(&mut self, mut media: LocalMedia, session_id: u64, preference: Preference) {
        if let Some(pretend) = self.pretend {
            media.addr = pretend;
        }
        self.local = Some(LocalSession {
            session_id: session_id & (i64::MAX as u64),
            first_version: 1,
            addr: media.addr,
            media: vec![media],
            preference,
        });
    }

    /// Shows what was agreed.
    pub fn show_media(&mut self, agreed: &Agreed) {
        let before = self
            .snapshot
            .media
            .as_ref()
            .map_or(MediaState::None, |m| m.state);
        let local = self.local.as_ref().and_then(|l| l.media.first());
        self.snapshot.media = Some(MediaSnapshot {
            state: before,
            codec: Some(agreed.format.name.clone()),
            clock: Some(agreed.format.clock_rate.0),
            ptime: Some(agreed.ptime_ms),
            security: "none".to_owned(),
            local: local.map(|m| SocketAddr::new(m.addr, m.port).to_string()),
            remote: agreed.remote_rtp.map(|addr| addr.to_string()),
        });
        self.snapshot.held_by_remote = !agreed.remote_direction.receives();
    }

    /// Time since it was accepted.
    pub fn duration(&self, now: Instant) -> Duration {
        self.accepted.map_or(Duration::ZERO, |at| now.since(at))
    }

    /// Counts one estimate of the quality.
    pub fn estimate(&mut self, mos: f32) {
        if mos >= 1.0 {
            self.mos.0 += f64::from(mos);
            self.mos.1 += 1;
        }
    }

    /// Mean of all estimates.
    pub fn mos_mean(&self) -> Option<f32> {
        (self.mos.1 > 0).then(|| (self.mos.0 / f64::from(self.mos.1)) as f32)
    }
}
