//! Keys in the audio: ours as tones in place of the microphone, the peer's as a listener hears them.

use crate::engine::MediaEngine;
use crate::kit::Kit;
use crate::leg::Leg;
use crate::order::{Chord, LegId, Order};
use crate::report::Report;
use audio::{Block, Rate};
use base::Instant;
use core::f32::consts::TAU;
use plugin_host::DtmfListener;

/// Keys that may wait. More are refused, as with telephone-events.
const QUEUE: usize = 32;
/// Silence between two keys. Unit: ms.
const PAUSE_MS: u32 = 60;
/// Each edge is so soft that it does not click. Unit: ms.
const EDGE_MS: u32 = 3;
/// Longest sound of one key. Unit: ms.
const LONGEST_MS: u32 = 60_000;

/// The tone that sounds.
#[derive(Debug, Clone, Copy)]
struct Sounding {
    chord: Chord,
    rate: Rate,
    /// Of each frequency. Unit: radians.
    phase: [f32; 2],
    amplitude: [f32; 2],
    /// Samples so far, and in all; then comes the pause.
    at: u32,
    on: u32,
    all: u32,
}

impl Sounding {
    fn new(chord: Chord, rate: Rate) -> Self {
        let per_ms = rate.per_ms() as u32;
        let on = chord.ms.min(LONGEST_MS) * per_ms;
        let amplitude = |centibels: i32| 32_767.0 * 10f32.powf(centibels.min(0) as f32 / 2_000.0);
        Self {
            chord,
            rate,
            phase: [0.0; 2],
            amplitude: chord.centibels.map(amplitude),
            at: 0,
            on,
            all: on + PAUSE_MS * per_ms,
        }
    }

    fn next(&mut self) -> i16 {
        let left = self.on.saturating_sub(self.at);
        let edge = (EDGE_MS * self.rate.per_ms() as u32) as f32;
        let envelope = ((self.at + 1).min(left) as f32 / edge).min(1.0);
        self.at += 1;
        let mut value = 0.0;
        for n in 0..2 {
            value += self.phase[n].sin() * self.amplitude[n];
            let hertz = self.chord.centihertz[n] as f32 / 100.0;
            self.phase[n] = (self.phase[n] + TAU * hertz / self.rate.hertz() as f32) % TAU;
        }
        // `as` saturates.
        (value * envelope).round() as i16
    }
}

/// Our keys as tones. Bound: 32 keys wait.
#[derive(Debug)]
pub(crate) struct Chords {
    waiting: [Option<Chord>; QUEUE],
    sounding: Option<Sounding>,
}

impl Chords {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: [None; QUEUE],
            sounding: None,
        }
    }

    /// False when the queue is full.
    pub(crate) fn press(&mut self, chord: Chord) -> bool {
        let free = self.waiting.iter_mut().find(|place| place.is_none());
        free.is_some_and(|place| {
            *place = Some(chord);
            true
        })
    }

    /// Forgets the keys that wait; the one that sounds ends softly.
    pub(crate) fn stop(&mut self) {
        self.waiting = [None; QUEUE];
        if let Some(sounding) = &mut self.sounding {
            let edge = EDGE_MS * sounding.rate.per_ms() as u32;
            let on = sounding.on.min(sounding.at + edge);
            sounding.all -= sounding.on - on;
            sounding.on = on;
        }
    }

    /// Puts 10 ms of a key in the place of what is said, where one sounds; the key that has just
    /// sounded.
    pub(crate) fn sound(&mut self, said: &mut Block) -> Option<Chord> {
        if self.sounding.is_none_or(|tone| tone.rate != said.rate()) {
            // Another codec in the middle of a key: it begins anew.
            let again = self.sounding.take().map(|tone| tone.chord);
            let chord = again.or_else(|| self.take())?;
            self.sounding = Some(Sounding::new(chord, said.rate()));
        }
        let sounding = self.sounding.as_mut()?;
        let before = sounding.at;
        for sample in said.samples_mut() {
            *sample = sounding.next();
        }
        let (at, on, chord) = (sounding.at, sounding.on, sounding.chord);
        if at >= sounding.all {
            self.sounding = None;
        }
        (before < on && on <= at).then_some(chord)
    }

    fn take(&mut self) -> Option<Chord> {
        let first = self.waiting[0].take()?;
        self.waiting.rotate_left(1);
        Some(first)
    }
}

/// A listener for a leg, made on control. Thread: \[media\] from then on.
#[derive(Debug)]
pub struct Ears {
    listener: DtmfListener,
    rate: Rate,
}

impl Ears {
    /// `listener` was opened for `rate`. Thread: \[control\].
    pub const fn new(listener: DtmfListener, rate: Rate) -> Self {
        Self { listener, rate }
    }

    /// Looks at what the peer says; `told` gets each key that came up, and for how long it was held.
    /// Unit: ms.
    pub(crate) fn listen(&mut self, heard: &Block, mut told: impl FnMut(char, u32)) {
        // Another codec, another rate: the new listener is on its way.
        if heard.rate() != self.rate {
            return;
        }
        // What fails hears nothing; the fence counts it.
        let _ = self.listener.listen(heard.samples(), |key| {
            if key.released {
                told(key.key, key.duration_ms);
            }
        });
    }
}

impl<S> MediaEngine<S> {
    /// Orders about keys; ears that are over are left in `kit`.
    pub(crate) fn keys(&mut self, order: &Order, kit: &mut Kit<S>, now: Instant) {
        match *order {
            Order::Dial { leg, press } => {
                self.press(leg, press.event, now, |leg| leg.dial(press));
            }
            Order::Sound { leg, chord } => {
                self.press(leg, chord.event, now, |leg| leg.chords.press(chord));
            }
            Order::StopDialing { leg } => self.with(leg, Leg::stop_dialing),
            Order::Listen { leg } => self.with(leg, |leg| match kit {
                Kit::Ears(new) => match &mut leg.ears {
                    Some(old) => core::mem::swap(old, new),
                    None => {
                        if let Kit::Ears(new) = core::mem::replace(kit, Kit::Nothing) {
                            leg.ears = Some(new);
                        }
                    }
                },
                Kit::Nothing => *kit = leg.ears.take().map_or(Kit::Nothing, Kit::Ears),
                Kit::Leg(_)
                | Kit::Voice(_)
                | Kit::Codec(_)
                | Kit::Audio(_)
                | Kit::Bus(_)
                | Kit::Tap(_)
                | Kit::Filter(_)
                | Kit::Tone(_) => {}
            }),
            Order::AddLeg { .. }
            | Order::RemoveLeg { .. }
            | Order::SetRemote { .. }
            | Order::SetDirection { .. }
            | Order::SetVoice { .. }
            | Order::ReplaceCodec { .. }
            | Order::SetAudio { .. }
            | Order::Mute { .. }
            | Order::SetGain { .. }
            | Order::SetTap { .. }
            | Order::PauseTap { .. }
            | Order::AddBus { .. }
            | Order::RemoveBus { .. }
            | Order::SetBusGain { .. }
            | Order::SetBusDevice { .. }
            | Order::SetBusFilter { .. }
            | Order::SetBusTone { .. }
            | Order::MuteBus { .. } => {}
        }
    }

    fn press(&mut self, leg: LegId, event: u8, at: Instant, press: impl FnOnce(&mut Leg) -> bool) {
        let mut refused = false;
        self.with(leg, |leg| refused = !press(leg));
        if refused {
            self.reports.urgent(Report::KeyRefused { leg, at, event });
        }
    }
}
