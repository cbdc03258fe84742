//! What happened in one call so far, and the lines that tell it.

use crate::error::Error;
use crate::out::{Colour, Out, note};
use crate::words;
use control::event::{CallEnded, CallWarning, Side};
use control::index;
use control::snapshot::{CallSnapshot, CallState, MediaState, Quality};
use control::{ErrorObject, Event, EventBody, Timestamp};

/// An answered call that was shorter than this says nothing about sound. Unit: ms.
const TOO_SHORT_MS: u64 = 200;

/// One call as it was told.
pub(super) struct Story {
    /// The whole call as it was told last.
    pub(super) call: CallSnapshot,
    /// What was not as it should be.
    pub(super) warnings: Vec<CallWarning>,
    quality: Option<Quality>,
    flows: Option<MediaState>,
    ended: Option<Box<CallEnded>>,
    /// The page that is to be opened instead of the call.
    pub(super) opens: Option<String>,
}

/// Whether sound of the far end came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sound {
    /// It did.
    Came {
        /// Ours went out.
        out: bool,
    },
    /// It did not.
    Missing {
        /// Counts and addresses.
        why: String,
    },
    /// Not answered, too short, held, or no figures came.
    Unknown,
}

/// `  0.21  answered …`. Unit: ms since the call was made.
pub(super) fn timed(ms: u64, text: &str) -> String {
    format!("{:>3}.{:02}  {text}", ms / 1000, ms % 1000 / 10)
}

impl Story {
    /// A call that was just made.
    pub(super) fn new(call: CallSnapshot) -> Self {
        Self {
            call,
            warnings: Vec::new(),
            quality: None,
            flows: None,
            ended: None,
            opens: None,
        }
    }

    /// Nothing more will happen.
    pub(super) const fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Takes an event in and tells what people want to know of it.
    pub(super) fn hear(&mut self, event: &Event, out: &mut Out) -> Result<(), Error> {
        if let EventBody::StreamLagged(lagged) = &event.body {
            note(&format!("{} events were missed", lagged.missed));
            let calls = &lagged.snapshot.calls;
            let Some(now) = calls.iter().find(|call| call.call == self.call.call) else {
                return Err(super::missed(self.call.call, lagged.missed));
            };
            if self.call.answered.is_none() && now.answered.is_some() {
                self.answered(now, now.answered.unwrap_or(event.ts), out);
            }
            self.take(now);
            return Ok(());
        }
        if event.call != Some(self.call.call) {
            return Ok(());
        }
        self.tell(event, out);
        if let Some(call) = super::super::call_of(event) {
            self.take(&call.clone());
        }
        if let EventBody::CallEnded(ended) = &event.body {
            self.ended = Some(ended.clone());
        }
        Ok(())
    }

    fn take(&mut self, call: &CallSnapshot) {
        self.call = call.clone();
        self.quality = call.quality.or(self.quality);
        if let Some(media) = &call.media {
            self.flows = Some(media.state);
        }
    }

    fn at(&self, moment: Timestamp, text: &str, out: &mut Out) {
        out.line(&timed(moment.ms_since(self.call.created), text));
    }

    #[allow(clippy::too_many_lines)] // One arm for each event.
    fn tell(&mut self, event: &Event, out: &mut Out) {
        match &event.body {
            EventBody::CallRinging(_) if self.call.state != CallState::Ringing => {
                self.at(event.ts, "ringing", out);
            }
            EventBody::CallSent(sent) => {
                let text = format!("INVITE   → {} {}", sent.address, sent.transport);
                self.at(event.ts, &text, out);
            }
            EventBody::CallProgress(told) => {
                let text = match told.early_media {
                    true => "sound before the answer",
                    false => "on its way",
                };
                self.at(event.ts, text, out);
            }
            EventBody::CallAnswered(data) => self.answered(&data.snapshot, event.ts, out),
            EventBody::CallMedia(data) => self.media(data.state, event.ts, out),
            EventBody::CallHold(data) => {
                self.at(event.ts, &format!("held     {}", side(data.by)), out);
            }
            EventBody::CallResumed(data) => {
                self.at(event.ts, &format!("resumed  {}", side(data.by)), out);
            }
            EventBody::CallMerged(data) => {
                let text = format!("merged   {}", super::super::conference::with(data));
                self.at(event.ts, &text, out);
            }
            EventBody::CallSplit(_) => self.at(event.ts, "split    alone again", out),
            EventBody::CallParticipants(data) => {
                let text = format!("who      {}", super::super::conference::who(&data.snapshot));
                self.at(event.ts, &text, out);
            }
            EventBody::CallMute(data) => {
                self.at(
                    event.ts,
                    if data.muted {
                        "muted"
                    } else {
                        "not muted any more"
                    },
                    out,
                );
            }
            EventBody::CallDtmf(data) => {
                self.at(event.ts, &format!("digit    {}", side(data.direction)), out);
            }
            EventBody::CallNamed(data) => {
                self.at(event.ts, &format!("they are {}", data.known.name), out);
            }
            EventBody::CallQuality(data) => self.quality = Some(data.quality),
            EventBody::CallWarning(warning) => self.warn(warning, out),
            EventBody::CallOpenUrl(data) => {
                self.at(event.ts, &format!("opens    {}", data.url), out);
                self.opens = Some(data.url.clone());
            }
            EventBody::CallEnded(data) => {
                let end = data
                    .snapshot
                    .end
                    .as_ref()
                    .map(words::end)
                    .unwrap_or_default();
                self.at(event.ts, &format!("ended {end}"), out);
            }
            EventBody::RecordingStarted(change)
            | EventBody::RecordingPaused(change)
            | EventBody::RecordingResumed(change)
            | EventBody::RecordingGap(change)
            | EventBody::RecordingStopped(change)
            | EventBody::RecordingFailed(change) => {
                let text = crate::verbs::record::words(change);
                self.at(event.ts, &format!("recording {text}"), out);
            }
            EventBody::TransferRequested(transfer)
            | EventBody::TransferProgress(transfer)
            | EventBody::TransferDone(transfer)
            | EventBody::TransferFailed(transfer) => {
                let text = crate::verbs::transfer::words(transfer);
                self.at(event.ts, &text, out);
            }
            EventBody::CallRinging(_)
            | EventBody::ToneStarted(_)
            | EventBody::ToneStopped(_)
            | EventBody::QuietChanged(_)
            | EventBody::CallSilenced(_)
            | EventBody::CallCreated(_)
            | EventBody::CallIncoming(_)
            | EventBody::EngineStarted(_)
            | EventBody::EngineStopping(_)
            | EventBody::EngineDegraded(_)
            | EventBody::AccountAdded(_)
            | EventBody::AccountRemoved(_)
            | EventBody::AccountRegistering(_)
            | EventBody::AccountRegistered(_)
            | EventBody::AccountRenewed(_)
            | EventBody::AccountChanged(_)
            | EventBody::AccountFailed(_)
            | EventBody::AccountUnregistered(_)
            | EventBody::BlfChanged(_)
            | EventBody::MwiChanged(_)
            | EventBody::MessageReceived(_)
            | EventBody::MessageChanged(_)
            | EventBody::MessageRead(_)
            | EventBody::MessageDeleted(_)
            | EventBody::PresenceChanged(_)
            | EventBody::WatcherChanged(_)
            | EventBody::PluginReplaced(_)
            | EventBody::PluginRolledBack(_)
            | EventBody::PluginDisabled(_)
            | EventBody::PluginEnabled(_)
            | EventBody::PluginLoaded(_)
            | EventBody::PluginRefused(_)
            | EventBody::PluginCrashed(_)
            | EventBody::PluginDeadlineMissed(_)
            | EventBody::PluginFaulted(_)
            | EventBody::PluginQuarantined(_)
            | EventBody::SourceRefused(_)
            | EventBody::HistoryChanged(_)
            | EventBody::ContactsChanged(_)
            | EventBody::FavouritesChanged(_)
            | EventBody::StoreFailed(_)
            | EventBody::StoreMended(_)
            | EventBody::DirectoryFailed(_)
            | EventBody::DirectoryMended(_)
            | EventBody::XcapFailed(_)
            | EventBody::XcapMended(_)
            | EventBody::StreamLagged(_)
            | EventBody::Unknown { .. } => {}
        }
    }

    fn answered(&self, call: &CallSnapshot, at: Timestamp, out: &mut Out) {
        let sound = call.media.as_ref().map(words::media).unwrap_or_default();
        self.at(at, format!("answered   {sound}").trim_end(), out);
    }

    /// That sound flows is no news, unless it did not before.
    fn media(&self, state: MediaState, at: Timestamp, out: &mut Out) {
        let text = match state {
            MediaState::Flowing if matches!(self.flows, None | Some(MediaState::Flowing)) => return,
            MediaState::Flowing => "sound    both ways",
            MediaState::OneWayIn => "sound    only from them",
            MediaState::OneWayOut => "sound    only from you",
            MediaState::None => "sound    neither way",
            MediaState::Unknown => return,
        };
        if self.flows != Some(state) {
            self.at(at, text, out);
        }
    }

    /// The same warning again is told once.
    fn warn(&mut self, warning: &CallWarning, out: &mut Out) {
        if self.warnings.iter().any(|told| told.code == warning.code) {
            return;
        }
        let entry = index::find(warning.code);
        let title = entry.map_or("something is not as it should be", |entry| entry.title);
        let fix = match (warning.fix.as_str(), entry) {
            ("", Some(entry)) => entry.fix,
            (fix, _) => fix,
        };
        let why = warning
            .text
            .trim_start_matches(title)
            .trim_start_matches([':', ';', ' ']);
        out.signed(
            "",
            &format!("! {}", warning.code),
            Colour::Doubtful,
            &format!(" {title}"),
        );
        if !why.is_empty() {
            out.line(&format!("  why   {why}"));
        }
        if !fix.is_empty() {
            out.line(&format!("  fix   {fix}"));
        }
        let call = self.call.call;
        out.line(&format!(
            "  more  offhook ladder {call}      offhook explain {}",
            warning.code
        ));
        self.warnings.push(warning.clone());
    }

    /// Whether their sound came, by packets counted, or by what the engine said last.
    pub(super) fn sound(&self) -> Sound {
        let Some(answered) = self.call.answered else {
            return Sound::Unknown;
        };
        let length = self.call.ended.map(|ended| ended.ms_since(answered));
        let is_short = length.is_some_and(|ms| ms < TOO_SHORT_MS);
        let (received, sent) = match (&self.quality, self.flows) {
            (Some(quality), _) => (quality.packets_in > 0, quality.packets_out > 0),
            (None, Some(MediaState::Flowing)) => (true, true),
            (None, Some(MediaState::OneWayIn)) => (true, false),
            (None, Some(MediaState::OneWayOut)) => (false, true),
            (None, Some(MediaState::None)) => (false, false),
            (None, Some(MediaState::Unknown) | None) => return Sound::Unknown,
        };
        match received {
            true => Sound::Came { out: sent },
            false if is_short || self.call.held_by_remote || self.call.held_by_local => {
                Sound::Unknown
            }
            false => Sound::Missing {
                why: self.missing(),
            },
        }
    }

    fn missing(&self) -> String {
        let remote = self
            .call
            .media
            .as_ref()
            .and_then(|media| media.remote.as_deref());
        let to = remote.map(|remote| format!("; their address for sound is {remote}"));
        let sent = match &self.quality {
            Some(quality) => format!("{} packets sent, 0 received", quality.packets_out),
            None => "no packet was received".to_owned(),
        };
        format!("{sent}{}", to.unwrap_or_default())
    }

    /// The lines below the story: how it sounded.
    pub(super) fn sound_lines(&self, sound: &Sound) -> Vec<String> {
        if self.call.answered.is_none() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let sent = match (&self.quality, self.flows) {
            (Some(quality), _) => quality.packets_out > 0,
            (None, flows) => matches!(flows, Some(MediaState::Flowing | MediaState::OneWayOut)),
        };
        let out = if sent { "out ok  " } else { "out none" };
        match sound {
            Sound::Came { .. } => lines.push(format!("sound    {out}   in ok")),
            Sound::Missing { .. } => lines.push(format!("sound    {out}   in none")),
            Sound::Unknown => {
                lines.push("sound    not known: the call was too short or held".to_owned())
            }
        }
        if let (Some(quality), Sound::Came { .. }) = (&self.quality, sound) {
            let mos = self.ended.as_ref().and_then(|ended| ended.mos_avg);
            lines.push(format!("quality  {}", words::quality(quality, mos)));
        }
        lines
    }

    /// The error behind the end, where it has one.
    pub(super) fn error(&self) -> Option<ErrorObject> {
        if let Some(error) = self.ended.as_ref().and_then(|ended| ended.error.clone()) {
            return Some(error);
        }
        let end = self.call.end.as_ref()?;
        let far = words::party(words::far_end(&self.call));
        let error = ErrorObject::new(end.code?, format!("{far} did not take the call"));
        let error = error.call(self.call.call);
        Some(match end.sip_status {
            Some(status) => error.sip_status(status),
            None => error,
        })
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Local => "by you",
        Side::Remote => "by them",
    }
}
