//! Media kinds of another process, called as those of this one.
//!
//! A codec's result is collected in the same tick; what a filter, device, listener or tone makes comes one
//! block later, so that nobody waits for it.

use super::link::{Caller, Ticket};
use super::ring::Slot;
use super::sizes::ROOM;
use crate::budget::Way;
use plugin::{AudioCounters, AudioLatency, Captured, DtmfHeard, Refusal, Status};

pub(super) const DECODE: u32 = 1;
pub(super) const CONCEAL: u32 = 2;
pub(super) const RECOVER: u32 = 3;
pub(super) const ENCODE: u32 = 4;
pub(super) const CONTROL: u32 = 5;
pub(super) const RESET: u32 = 6;
pub(super) const CAPTURE: u32 = 7;
pub(super) const PLAYBACK: u32 = 8;
pub(super) const LATENCY: u32 = 9;
pub(super) const COUNTERS: u32 = 10;
pub(super) const PROCESS: u32 = 11;
pub(super) const LISTEN: u32 = 12;
pub(super) const READ: u32 = 13;
pub(super) const CLOSE: u32 = 14;

/// Which way the sound of a request goes.
pub(super) fn way(what: u32) -> Way {
    match what {
        ENCODE | CAPTURE => Way::Out,
        _ => Way::In,
    }
}

/// Samples that fit into a slot.
const SAMPLES: usize = ROOM / 2;
/// The longest block: 10 ms at 48 kHz.
const BLOCK: usize = 480;
/// Keys found in one block at most.
pub(super) const KEYS: usize = 8;

pub(super) fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

pub(super) fn whole(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The samples of a reply; a count that has no room is garbage.
fn samples(slot: Slot<'_>, count: u32, pcm: &mut [i16]) -> Result<usize, Status> {
    let count = count as usize;
    let room = pcm.get_mut(..count).ok_or(Status::GARBAGE)?;
    slot.samples(0, room);
    Ok(count)
}

/// A codec.
#[derive(Debug)]
pub(crate) struct AwayCodec {
    caller: Caller,
    decoding: Option<Ticket>,
    encoding: Option<Ticket>,
}

impl AwayCodec {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            decoding: None,
            encoding: None,
        }
    }

    pub(crate) fn is_bereft(&self) -> bool {
        self.caller.is_bereft()
    }

    pub(crate) fn is_opening(&self) -> bool {
        self.caller.is_opening()
    }

    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.caller.refusal()
    }

    /// Hands a packet over; [`decoded`](Self::decoded) fetches its sound.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> Result<(), Status> {
        self.hand_over(DECODE, payload, SAMPLES)
    }

    fn hand_over(&mut self, what: u32, payload: &[u8], room: usize) -> Result<(), Status> {
        self.decoding = None;
        if payload.len() > ROOM {
            return Err(Status::BAD_PAYLOAD);
        }
        let args = [payload.len() as u32, room.min(SAMPLES) as u32, 0, 0];
        let ticket = self
            .caller
            .ask(what, args, |slot| slot.put_bytes(payload))?;
        self.decoding = Some(ticket);
        Ok(())
    }

    pub(crate) fn decoded(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        let ticket = self.decoding.take().ok_or(Status::UNAVAILABLE)?;
        self.caller
            .collect(ticket, |_, args, slot| samples(slot, args[0], pcm))
    }

    pub(crate) fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        self.hand_over(CONCEAL, &[], pcm.len())?;
        self.decoded(pcm)
    }

    pub(crate) fn submit_recover(&mut self, next: &[u8], samples: usize) -> Result<(), Status> {
        self.hand_over(RECOVER, next, samples)
    }

    pub(crate) fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.hand_over(RECOVER, next, pcm.len())?;
        self.decoded(pcm)
    }

    /// Hands a frame over; [`encoded`](Self::encoded) fetches its packet.
    pub(crate) fn encode(&mut self, pcm: &[i16], room: usize) -> Result<(), Status> {
        self.encoding = None;
        if pcm.len() > SAMPLES {
            return Err(Status::BAD_ARGUMENT);
        }
        let args = [pcm.len() as u32, room.min(ROOM) as u32, 0, 0];
        let ticket = self
            .caller
            .ask(ENCODE, args, |slot| slot.put_samples(0, pcm))?;
        self.encoding = Some(ticket);
        Ok(())
    }

    /// What is late may be asked for again.
    pub(crate) fn encoded(&mut self, payload: &mut [u8]) -> Result<usize, Status> {
        let ticket = self.encoding.take().ok_or(Status::LOST)?;
        let result = self.caller.collect(ticket, |_, args, slot| {
            let count = args[0] as usize;
            slot.bytes(payload.get_mut(..count).ok_or(Status::GARBAGE)?);
            Ok(count)
        });
        if result == Err(Status::UNAVAILABLE) {
            self.encoding = Some(ticket);
        }
        result
    }

    pub(crate) fn control(&mut self, key: u32, value: i64) -> Result<(), Status> {
        let [low, high] = halves(value as u64);
        let ticket = self.caller.ask(CONTROL, [key, low, high, 0], |_| {})?;
        self.caller.collect(ticket, |_, _, _| Ok(()))
    }

    pub(crate) fn reset(&mut self) -> Result<(), Status> {
        let ticket = self.caller.ask(RESET, [0; 4], |_| {})?;
        self.caller.collect(ticket, |_, _, _| Ok(()))
    }
}

/// A source of blocks: what was asked for in one tick is fetched in the next.
fn ahead(
    caller: &mut Caller,
    waiting: &mut Option<Ticket>,
    what: u32,
    now_ns: u64,
    pcm: &mut [i16],
) -> Result<Captured, Status> {
    let wanted = pcm.len();
    let came = match waiting.take() {
        Some(ticket) => caller.take(ticket, |status, args, slot| {
            Ok(Captured {
                samples: samples(slot, args[0], pcm)?,
                ended: status == Status::ENDED,
            })
        }),
        None => Ok(Captured {
            samples: 0,
            ended: false,
        }),
    };
    let [low, high] = halves(now_ns);
    let count = wanted.min(SAMPLES) as u32;
    let asked = caller.ask(what, [count, low, high, 0], |_| {});
    *waiting = asked.ok();
    let captured = came.and_then(|captured| asked.map(|_| captured));
    let had = captured.map_or(0, |captured| captured.samples);
    pcm[had..].fill(0);
    captured
}

/// An audio device.
#[derive(Debug)]
pub(crate) struct AwayAudio {
    caller: Caller,
    waiting: Option<Ticket>,
}

impl AwayAudio {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            waiting: None,
        }
    }

    pub(crate) fn capture(&mut self, pcm: &mut [i16], now_ns: u64) -> Result<Captured, Status> {
        ahead(&mut self.caller, &mut self.waiting, CAPTURE, now_ns, pcm)
    }

    pub(crate) fn playback(&mut self, pcm: &[i16], now_ns: u64) -> Result<(), Status> {
        let [low, high] = halves(now_ns);
        let args = [pcm.len().min(SAMPLES) as u32, low, high, 0];
        let asked = self
            .caller
            .ask(PLAYBACK, args, |slot| slot.put_samples(0, pcm));
        asked.map(|_| ())
    }

    pub(crate) fn latency(&mut self) -> Result<AudioLatency, Status> {
        const BLOCK_NS: u64 = 10_000_000;
        let ticket = self.caller.ask(LATENCY, [0; 4], |_| {})?;
        self.caller.collect(ticket, |_, [a, b, c, d], _| {
            Ok(AudioLatency {
                size: size_of::<AudioLatency>() as u32,
                reserved: 0,
                capture_ns: whole(a, b).saturating_add(BLOCK_NS),
                playback_ns: whole(c, d),
            })
        })
    }

    pub(crate) fn counters(&mut self) -> Result<AudioCounters, Status> {
        let ticket = self.caller.ask(COUNTERS, [0; 4], |_| {})?;
        self.caller.collect(ticket, |_, _, slot| {
            let mut bytes = [0; 48];
            slot.bytes(&mut bytes);
            let mut numbers = bytes.chunks_exact(8).map(|eight| {
                let mut number = [0; 8];
                number.copy_from_slice(eight);
                u64::from_le_bytes(number)
            });
            let mut next = || numbers.next().unwrap_or(0);
            Ok(AudioCounters {
                size: size_of::<AudioCounters>() as u32,
                reserved: 0,
                captured: next(),
                played: next(),
                underrun: next(),
                overrun: next(),
                xruns: next(),
                ended: next(),
            })
        })
    }
}

/// A tone.
#[derive(Debug)]
pub(crate) struct AwayTone {
    caller: Caller,
    waiting: Option<Ticket>,
}

impl AwayTone {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            waiting: None,
        }
    }

    pub(crate) fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status> {
        ahead(&mut self.caller, &mut self.waiting, READ, 0, pcm)
    }
}

/// A filter.
#[derive(Debug)]
pub(crate) struct AwayFilter {
    caller: Caller,
    waiting: Option<Ticket>,
    /// What went in a block ago, and goes out where its result does not come.
    before: [i16; BLOCK],
    latency: u32,
    block: u32,
}

impl AwayFilter {
    pub(crate) fn new(caller: Caller, sample_rate_hz: u32) -> Self {
        Self {
            caller,
            waiting: None,
            before: [0; BLOCK],
            latency: 0,
            block: sample_rate_hz / 100,
        }
    }

    /// `out` is the block before, filtered or, after trouble, as it was: the delay stays the same.
    pub(crate) fn process(
        &mut self,
        near: &[i16],
        far: Option<&[i16]>,
        delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        let count = near.len();
        if count > BLOCK || out.len() != count || far.is_some_and(|far| far.len() != count) {
            return Err(Status::BAD_ARGUMENT);
        }
        let latency = &mut self.latency;
        let done = match self.waiting.take() {
            Some(ticket) => self.caller.take(ticket, |_, args, slot| {
                if args[0] as usize != count {
                    return Err(Status::GARBAGE);
                }
                *latency = args[1];
                slot.samples(0, out);
                Ok(true)
            }),
            None => Ok(false),
        };
        if done != Ok(true) {
            out.copy_from_slice(&self.before[..count]);
        }
        self.before[..count].copy_from_slice(near);
        let args = [count as u32, u32::from(far.is_some()), delay_samples, 0];
        let asked = self.caller.ask(PROCESS, args, |slot| {
            slot.put_samples(0, near);
            if let Some(far) = far {
                slot.put_samples(BLOCK, far);
            }
        });
        self.waiting = asked.ok();
        done.and(asked.map(|_| ()))
    }

    pub(crate) fn is_opening(&self) -> bool {
        self.caller.is_opening()
    }

    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.caller.refusal()
    }

    /// Without it: sound passes at once, and what it owes is not wanted any more.
    pub(crate) fn pass(&mut self, near: &[i16], out: &mut [i16]) {
        self.waiting = None;
        if let (Some(before), true) = (self.before.get_mut(..near.len()), near.len() == out.len()) {
            before.copy_from_slice(near);
            out.copy_from_slice(near);
        }
    }

    pub(crate) fn latency(&self) -> u32 {
        self.latency.saturating_add(self.block)
    }
}

/// A DTMF listener.
#[derive(Debug)]
pub(crate) struct AwayListener {
    caller: Caller,
    /// The oldest block whose keys have not come.
    oldest: Option<Ticket>,
}

impl AwayListener {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            oldest: None,
        }
    }

    /// Keys are heard a block later than they would be here; none is lost because one reply is late.
    pub(crate) fn listen(
        &mut self,
        pcm: &[i16],
        mut heard: impl FnMut(DtmfHeard),
    ) -> Result<(), Status> {
        let mut result = Ok(());
        while let Some(ticket) = self.oldest {
            let keys = self.caller.take(ticket, |_, args, slot| {
                let mut bytes = [0; KEYS * 12];
                let room = bytes.get_mut(..args[0] as usize * 12);
                slot.bytes(room.ok_or(Status::GARBAGE)?);
                for key in bytes.chunks_exact(12).take(args[0] as usize) {
                    heard(read_key(key).ok_or(Status::GARBAGE)?);
                }
                Ok(())
            });
            if keys == Err(Status::UNAVAILABLE) {
                break;
            }
            result = result.and(keys);
            self.oldest = if keys.is_ok() { ticket.next() } else { None };
            if ticket.is_last(&self.caller) {
                self.oldest = None;
            }
        }
        let count = pcm.len().min(SAMPLES) as u32;
        let asked = self
            .caller
            .ask(LISTEN, [count, 0, 0, 0], |slot| slot.put_samples(0, pcm));
        self.oldest = self.oldest.or(asked.ok());
        result.and(asked.map(|_| ()))
    }
}

fn read_key(bytes: &[u8]) -> Option<DtmfHeard> {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        four.try_into().ok().map(u32::from_le_bytes)
    };
    let key = char::from_u32(number(0)?)?;
    super::words::heard(key, number(4)? != 0, number(8)?)
}
