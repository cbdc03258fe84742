//! Events of a call, each with its whole snapshot.

use crate::Dialogs;
use base::Instant;
use control::event::{
    AnsweredBy, CallAnswered, CallHold, CallMedia, CallMute, CallQuality, CallRinging, CallWarning,
    Side,
};
use control::snapshot::{CallDirection, MediaState, Quality as Shown};
use control::{CallHandle, Code, ErrorObject, EventBody};
use ports::Outbox;
use ports::media::Quality;

/// What became known about the flow of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Nothing yet.
    None,
    /// Packets come in.
    In,
}

impl Dialogs {
    pub(crate) fn tell_ringing(
        &self,
        handle: CallHandle,
        early_media: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let snapshot = call.snapshot.clone();
        let ringing = snapshot.state == control::snapshot::CallState::Ringing;
        let told = Box::new(CallRinging {
            early_media,
            snapshot,
        });
        let body = match ringing {
            true => EventBody::CallRinging(told),
            false => EventBody::CallProgress(told),
        };
        self.tell(handle, body, now, out);
    }

    pub(crate) fn tell_answered(&self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let by = match (call.snapshot.direction, call.causes.accepted) {
            (CallDirection::Incoming, None) => AnsweredBy::Auto,
            (CallDirection::Incoming | CallDirection::Outgoing, _) => AnsweredBy::User,
        };
        let told = CallAnswered {
            by,
            setup_ms: u64::try_from(now.since(call.began).as_millis()).unwrap_or(u64::MAX),
            codec: call
                .agreed
                .as_ref()
                .map(|agreed| agreed.format.name.clone()),
            security: "none".to_owned(),
            snapshot: call.snapshot.clone(),
        };
        self.tell(handle, EventBody::CallAnswered(Box::new(told)), now, out);
    }

    pub(crate) fn media_state(
        &mut self,
        handle: CallHandle,
        flow: Flow,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let sends = call
            .agreed
            .as_ref()
            .is_some_and(|agreed| agreed.direction.sends());
        let Some(media) = call.snapshot.media.as_mut() else {
            return;
        };
        let state = match (flow, media.state, sends) {
            (Flow::In, _, true) => MediaState::Flowing,
            (Flow::In, _, false) => MediaState::OneWayIn,
            (Flow::None, known, _) => known,
        };
        media.state = state;
        let told = CallMedia {
            state,
            codec: media.codec.clone(),
            clock: media.clock,
            ptime: media.ptime,
            security: media.security.clone(),
            local: media.local.clone(),
            remote: media.remote.clone(),
            snapshot: call.snapshot.clone(),
        };
        self.tell(handle, EventBody::CallMedia(Box::new(told)), now, out);
    }

    /// Nothing comes although something should: said with the address that does not answer.
    pub(crate) fn media_silent(
        &mut self,
        handle: CallHandle,
        for_ms: u64,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let wants = call
            .agreed
            .as_ref()
            .is_some_and(|agreed| agreed.direction.receives());
        // Who holds us may play music, and need not.
        let expects = wants && !call.snapshot.held_by_remote;
        if !expects {
            return;
        }
        let remote = call.snapshot.media.as_mut().map(|media| {
            media.state = MediaState::OneWayOut;
            media
                .remote
                .clone()
                .unwrap_or_else(|| "no address at all".to_owned())
        });
        let remote = remote.unwrap_or_default();
        let text = format!("the other side named {remote} for sound; nothing came for {for_ms} ms");
        let error = ErrorObject::new(Code::MEDIA_UNREACHABLE, text);
        let warning = CallWarning {
            code: error.code,
            text: error.detail,
            fix: error.fix,
        };
        self.tell(handle, EventBody::CallWarning(Box::new(warning)), now, out);
        self.media_state(handle, Flow::None, now, out);
    }

    /// The person's device is gone; the call goes on.
    pub(crate) fn device_lost(
        &self,
        handle: CallHandle,
        plugin: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let warning = Box::new(CallWarning {
            code: Code::SOUND_DEVICE,
            text: format!("the sound device of {plugin} is gone; the call goes on without"),
            fix: "plug it in again: sound comes back by itself".to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }

    pub(crate) fn own_device_failed(
        &self,
        handle: CallHandle,
        plugin: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let warning = Box::new(CallWarning {
            code: Code::SOUND_DEVICE,
            text: format!(
                "{plugin} works no more in this call: what it writes or plays from here on is lost"
            ),
            fix: "if it writes a file, make room on its disk; then call again".to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }

    pub(crate) fn muted(&mut self, handle: CallHandle, on: bool, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.snapshot.muted = on;
        let snapshot = call.snapshot.clone();
        let told = CallMute {
            muted: on,
            source: "api".to_owned(),
            snapshot,
        };
        self.tell(handle, EventBody::CallMute(Box::new(told)), now, out);
    }

    /// Says so when the peer's hold began or ended.
    pub(crate) fn hold_changed(
        &self,
        handle: CallHandle,
        before: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let held = call.snapshot.held_by_remote;
        if held == before {
            return;
        }
        let told = Box::new(CallHold {
            by: Side::Remote,
            snapshot: call.snapshot.clone(),
        });
        let body = match held {
            true => EventBody::CallHold(told),
            false => EventBody::CallResumed(told),
        };
        self.tell(handle, body, now, out);
    }

    pub(crate) fn note_quality(&mut self, handle: CallHandle, quality: &Quality) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.estimate(quality.mos);
        call.snapshot.quality = Some(shown(quality));
    }

    pub(crate) fn quality(
        &mut self,
        handle: CallHandle,
        quality: &Quality,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.note_quality(handle, quality);
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let told = CallQuality {
            quality: shown(quality),
            snapshot: call.snapshot.clone(),
        };
        self.tell(handle, EventBody::CallQuality(Box::new(told)), now, out);
    }
}

fn shown(quality: &Quality) -> Shown {
    let known = |value: f32| (value > 0.0).then_some(value);
    Shown {
        mos: known(quality.mos),
        r: None,
        loss_pct: quality.loss_pct,
        burst: 0,
        jitter_ms: quality.jitter_ms,
        rtt_ms: known(quality.rtt_ms),
        jb_ms: quality.buffer_ms,
        concealed_pct: quality.concealed_pct,
        packets_in: quality.packets_in,
        packets_out: quality.packets_out,
        level_in_db: Some(quality.level_in_dbov),
        level_out_db: Some(quality.level_out_dbov),
        late_ticks: quality.late_ticks,
        longest_stall_ms: quality.longest_stall_ms,
    }
}
