//! One call's audio, both ways.

use crate::announced::Announced;
use crate::gone::Gone;
use crate::inbound::{Arrival, Came, Inbound, Presence, next_block, submit_block};
use crate::keys::{Chords, Ears};
use crate::kit::{AudioKit, VoiceKit};
use crate::order::{Chord, Direction, LegAudio, LegId, LegPlan, Remote, VoicePlan};
use crate::outbound::{Flows, Outbound, Route};
use crate::own::OwnDevice;
use crate::report::{Counts, Report, Stalls, Way};
use crate::reports::Reports;
use crate::sockets::MediaNet;
use crate::tap::TapSlot;
use audio::{Block, Gain, Level, Limiter};
use base::{Duration, Instant, Rng};
use rtp::Quality;
use rtp::quality::Robustness;
use rtp::telephone_event::Press;

/// How often the quality is told.
const QUALITY_EVERY: Duration = Duration::from_secs(5);

/// A leg. Everything it needs is in it; a tick only moves samples.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) audio: LegAudio,
    inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) voice: VoiceKit,
    own: OwnDevice,
    pub(crate) direction: Direction,
    heard_gain: Gain,
    pub(crate) said_gain: Gain,
    /// Softens what others on its bus say at once.
    pub(crate) limiter: Limiter,
    announced: Announced,
    /// What the peer says, at the codec's rate.
    pub(crate) heard: Block,
    /// The same at the rate of device or bus.
    pub(crate) wide: Block,
    /// Where both ways are recorded.
    pub(crate) tap: TapSlot,
    watch: Watch,
    pub(crate) chords: Chords,
    pub(crate) ears: Option<Box<Ears>>,
    chord_sounded: Option<Chord>,
    /// Blocks of ours that the device recorded while the machine stood still.
    pub(crate) owed: u32,
    pub(crate) stalls: Stalls,
}

/// What is told now and then.
#[derive(Debug)]
struct Watch {
    counts_every: Duration,
    counts_at: Instant,
    quality_at: Instant,
    no_media_after_ms: u32,
    loudest_heard: Option<Level>,
    loudest_said: Option<Level>,
    told_trouble: bool,
    gone: Gone,
    /// (expected, received, late or unheard) when the quality was told last.
    before: (u64, u64, u64),
}

impl Leg {
    pub(crate) fn new(
        plan: &LegPlan,
        mut voice: VoiceKit,
        mut audio: AudioKit,
        rng: &mut Rng,
    ) -> Self {
        if let Some(resample) = audio.resample.take() {
            voice.resample = resample;
        }
        let rate = voice.rate();
        let said_gain = match plan.muted {
            true => Gain::muted(),
            false => Gain::new(),
        };
        Self {
            id: plan.leg,
            audio: plan.audio,
            inbound: Inbound::new(plan.leg, &plan.voice, plan.remote.as_ref()),
            outbound: Outbound::new(&plan.voice, &plan.cname, rng),
            wide: Block::silence(voice.resample.out.to()),
            voice,
            own: OwnDevice::new(audio.device),
            direction: plan.direction,
            heard_gain: Gain::new(),
            said_gain,
            limiter: Limiter::new(),
            announced: Announced::new(plan.tone_ms, rate),
            heard: Block::silence(rate),
            tap: TapSlot::EMPTY,
            watch: Watch {
                counts_every: Duration::from_millis(u64::from(plan.counts_every_ms)),
                counts_at: Instant::FAR_FUTURE,
                quality_at: Instant::FAR_FUTURE,
                no_media_after_ms: plan.no_media_after_ms,
                loudest_heard: None,
                loudest_said: None,
                told_trouble: false,
                gone: Gone::default(),
                before: (0, 0, 0),
            },
            chords: Chords::new(),
            ears: None,
            chord_sounded: None,
            owed: 0,
            stalls: Stalls::default(),
        }
    }

    pub(crate) fn into_kits(self) -> (VoiceKit, AudioKit) {
        let audio = AudioKit {
            device: self.own.into_inner(),
            resample: None,
        };
        (self.voice, audio)
    }

    /// The leg begins at `now`.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.outbound.begin(now);
        self.inbound.presence = Presence::Never { since: now };
        self.watch.quality_at = now + QUALITY_EVERY;
        if !self.watch.counts_every.is_zero() {
            self.watch.counts_at = now + self.watch.counts_every;
        }
    }

    pub(crate) fn set_remote(&mut self, remote: &Remote) {
        self.inbound.set_remote(remote);
    }

    pub(crate) fn set_direction(&mut self, direction: Direction, now: Instant) {
        if direction.receive && !self.direction.receive {
            // Silence while nothing was wanted is no trouble.
            self.inbound.presence = Presence::Never { since: now };
            self.voice.jitter.restart();
        }
        self.direction = direction;
    }

    /// Swaps the codec; the old one is left in `voice`.
    pub(crate) fn set_voice(&mut self, plan: &VoicePlan, voice: &mut VoiceKit) {
        self.inbound.set_voice(plan, self.voice.clock_rate_hz);
        self.outbound.set_voice(plan);
        core::mem::swap(&mut self.voice, voice);
        self.voice.codec.unheard = voice.codec.unheard;
        self.watch.told_trouble = false;
        self.watch.gone = Gone::default();
        self.watch.before.2 = voice.codec.unheard;
        self.heard.clear(self.voice.rate());
        self.announced.at_rate(self.voice.rate());
        self.wide.clear(self.voice.resample.out.to());
    }

    /// Swaps source and sink; the old ones are left in `kit`.
    pub(crate) fn set_audio(&mut self, audio: LegAudio, kit: &mut AudioKit) {
        self.audio = audio;
        self.owed = 0;
        self.own.swap(&mut kit.device);
        if let Some(resample) = &mut kit.resample {
            core::mem::swap(&mut self.voice.resample, resample);
            self.wide.clear(self.voice.resample.out.to());
        }
    }

    pub(crate) fn mute(&mut self, muted: bool) {
        self.said_gain.mute(muted);
    }

    pub(crate) fn set_gain(&mut self, heard_db: f32, said_db: f32) {
        self.heard_gain.set_decibels(heard_db);
        self.said_gain.set_decibels(said_db);
    }

    /// False when the key finds no room or no telephone-event.
    pub(crate) fn dial(&mut self, press: Press) -> bool {
        self.outbound.dial(press)
    }

    pub(crate) fn stop_dialing(&mut self) {
        self.outbound.stop_dialing();
        self.chords.stop();
    }

    /// Says which key of ours has sounded.
    pub(crate) fn tell_keys(&mut self, at: Instant, reports: &mut Reports) {
        if let Some(key) = self.outbound.key_sent.take() {
            reports.urgent(Report::KeySent {
                leg: self.id,
                at,
                event: key.event,
                duration_ms: key.duration_ms,
                way: Way::Events,
            });
        }
        if let Some(chord) = self.chord_sounded.take() {
            reports.urgent(Report::KeySent {
                leg: self.id,
                at,
                event: chord.event,
                duration_ms: chord.ms,
                way: Way::Tones,
            });
        }
    }

    /// Takes a datagram of one of its flows.
    pub(crate) fn datagram(&mut self, datagram: &[u8], came: Came, reports: &mut Reports) {
        let arrival = Arrival {
            source: came.source,
            at: came.at,
            ntp: came.ntp,
            our_ssrc: self.outbound.sender.ssrc,
            clock_rate_hz: self.voice.clock_rate_hz,
            wanted: self.direction.receive,
        };
        self.inbound
            .datagram(datagram, arrival, &mut self.voice, reports);
    }

    /// Before anything else of a tick: hands what will be heard to a codec of another process.
    pub(crate) fn submit(&mut self, now: Instant) {
        if self.direction.receive {
            submit_block(&mut self.voice, now);
        }
    }

    /// After all have spoken: sends what a codec of another process has made of it.
    pub(crate) fn collect(&mut self, net: &mut impl MediaNet) {
        self.outbound.collect(&mut self.voice, net);
    }

    /// First half of a tick: what the peer says, to device or for the bus.
    pub(crate) fn hear(&mut self, at: Instant, pcm: &mut [i16], reports: &mut Reports) {
        if self.direction.receive {
            next_block(&mut self.voice, at, pcm, &mut self.heard);
            self.listen(at, reports);
            self.heard_gain.apply(&mut self.heard);
        } else {
            self.heard.clear(self.voice.rate());
        }
        if self.audio.bus().is_some() || self.audio == LegAudio::Device {
            self.announced.sound(&mut self.heard);
        }
        if !self.watch.counts_every.is_zero() {
            louder(&mut self.watch.loudest_heard, &self.heard);
        }
        match self.audio {
            LegAudio::Silence | LegAudio::Echo => {}
            LegAudio::Bus(_) | LegAudio::Apart(_) => {
                self.voice.resample.out.process(&self.heard, &mut self.wide);
            }
            LegAudio::Device => {
                self.voice.resample.out.process(&self.heard, &mut self.wide);
                self.own.play(&self.wide, at);
            }
        }
    }

    /// Keys in what the peer says.
    fn listen(&mut self, at: Instant, reports: &mut Reports) {
        let leg = self.id;
        if let Some(ears) = &mut self.ears {
            ears.listen(&self.heard, |key, duration_ms| {
                reports.urgent(Report::ToneKey {
                    leg,
                    at,
                    key,
                    duration_ms,
                });
            });
        }
    }

    /// Second half of a tick: what we say, onto the wire. `mixed` is what the bus has for this leg.
    pub(crate) fn speak(
        &mut self,
        mixed: Option<&Block>,
        flows: Flows,
        now: Instant,
        said: &mut Block,
        net: &mut impl MediaNet,
    ) {
        let rate = self.voice.rate();
        match (self.audio, mixed) {
            (LegAudio::Echo, _) => said.copy_from(&self.heard),
            // A bus of another rate than the kit was made for stays unheard.
            (LegAudio::Bus(_) | LegAudio::Apart(_), Some(mixed))
                if mixed.rate() == self.voice.resample.back.from() =>
            {
                self.voice.resample.back.process(mixed, said);
            }
            (LegAudio::Device, _) => {
                self.wide.clear(self.voice.resample.back.from());
                match self.own.record(&mut self.wide, now) {
                    true => self.voice.resample.back.process(&self.wide, said),
                    false => said.clear(rate),
                }
            }
            (LegAudio::Silence | LegAudio::Bus(_) | LegAudio::Apart(_), _) => said.clear(rate),
        }
        if self.announced.is_on() {
            said.clear(rate);
        }
        if self.audio.bus().is_none() {
            self.said_gain.apply(said);
        }
        if let Some(chord) = self.chords.sound(said) {
            self.chord_sounded = Some(chord);
        }
        if !self.watch.counts_every.is_zero() {
            louder(&mut self.watch.loudest_said, said);
        }
        if !self.direction.send {
            // Nobody hears it, so nobody records it.
            said.clear(rate);
        }
        let to = self.inbound.destination().filter(|_| self.direction.send);
        let route = to.map(|to| Route {
            flow: flows.rtp,
            to,
        });
        self.outbound.block(said, &mut self.voice, route, net);
        self.tap.keep(said, &self.heard);
    }

    /// Last of a tick: reports, to the peer and to control.
    pub(crate) fn tell(
        &mut self,
        flows: Flows,
        ntp: u64,
        now: Instant,
        net: &mut impl MediaNet,
        reports: &mut Reports,
    ) {
        self.outbound
            .report(&mut self.inbound, flows, ntp, now, net);
        let no_media_after_ms = if self.direction.receive {
            self.watch.no_media_after_ms
        } else {
            0
        };
        self.inbound.watch(no_media_after_ms, now, reports);
        if self.voice.codec.failures > 0 && !self.watch.told_trouble {
            self.watch.told_trouble = true;
            reports.urgent(Report::CodecTrouble {
                leg: self.id,
                at: now,
            });
        }
        if self.watch.gone.tells(&mut self.voice.codec, now) {
            let (leg, at) = (self.id, now);
            reports.urgent(Report::CodecGone { leg, at });
        }
        if self.own.tells_failure() {
            let (leg, at) = (self.id, now);
            reports.urgent(Report::OwnDeviceFailed { leg, at });
        }
        if now >= self.watch.quality_at {
            self.watch.quality_at = now + QUALITY_EVERY;
            let report = self.quality(now);
            reports.ordinary(report);
        }
        if now >= self.watch.counts_at {
            self.watch.counts_at += self.watch.counts_every;
            let counts = self.counts();
            reports.ordinary(Report::Counts {
                leg: self.id,
                at: now,
                counts,
            });
        }
    }

    /// The leg is over: last counts, and goodbye to the peer.
    pub(crate) fn end(
        &mut self,
        flows: Flows,
        ntp: u64,
        now: Instant,
        net: &mut impl MediaNet,
        reports: &mut Reports,
    ) {
        self.outbound
            .send_report(&mut self.inbound, flows, ntp, now, true, net);
        let counts = self.counts();
        reports.urgent(Report::Counts {
            leg: self.id,
            at: now,
            counts,
        });
    }

    fn counts(&mut self) -> Counts {
        let ticks = u64::from(self.inbound.receiver.jitter());
        Counts {
            received: self.inbound.receiver.received(),
            sent: u64::from(self.outbound.sender.packets),
            lost: self.inbound.receiver.lost(),
            dropped: self.inbound.dropped,
            codec_failures: self.voice.codec.failures,
            unheard: self.voice.codec.unheard,
            jitter_buffer: *self.voice.jitter.tally(),
            jitter_us: (ticks * 1_000_000 / u64::from(self.voice.clock_rate_hz)) as u32,
            delay_us: self.voice.jitter.delay_us(),
            stalls: self.stalls,
            heard: self.watch.loudest_heard.take(),
            said: self.watch.loudest_said.take(),
        }
    }

    fn quality(&mut self, now: Instant) -> Report {
        let receiver = &self.inbound.receiver;
        // To the ear a packet that the codec gives nothing for is as lost as one that never came.
        let made_up = self.voice.jitter.tally().late + self.voice.codec.unheard;
        let (expected, received) = (receiver.expected(), receiver.received());
        let before = core::mem::replace(&mut self.watch.before, (expected, received, made_up));
        let expected_now = expected.saturating_sub(before.0);
        let received_now = received.saturating_sub(before.1);
        let lost = expected_now.saturating_sub(received_now) + made_up.saturating_sub(before.2);
        let loss_percent = lost as f32 * 100.0 / expected_now.max(1) as f32;
        let heard = Quality {
            loss_percent: loss_percent.min(100.0),
            jitter_ms: receiver.jitter() as f32 * 1_000.0 / self.voice.clock_rate_hz as f32,
            round_trip_ms: self.inbound.peer.round_trip_ms,
            playout_ms: self.voice.jitter.delay_us() as f32 / 1_000.0,
        };
        Report::Quality {
            leg: self.id,
            at: now,
            heard,
            mos: heard.mos(Robustness::G711),
            peer_loss_percent: self.inbound.peer.loss_percent,
            peer_jitter_ms: self.inbound.peer.jitter_ms,
        }
    }
}

fn louder(loudest: &mut Option<Level>, block: &Block) {
    let level = Level::of(block);
    *loudest = Some(loudest.map_or(level, |l| l.max(level)));
}
