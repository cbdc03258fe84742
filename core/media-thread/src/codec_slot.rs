//! A codec instance, and what is heard when it fails.

use crate::replace::{Watch, WentWrong};
use audio::{Playout, Rate};
use plugin_host::{CodecInstance, Status, Trouble};

/// Samples of the longest packet: 120 ms at 48 kHz.
pub(crate) const MAX_FRAME: usize = 5_760;

/// Calls of a codec on trial that may be too slow. Source: rulings, Limits.
const MISSES: u64 = 3;
/// Failures in a row one way that are no longer one bad packet.
const FAILING: u32 = 25;
/// What one way was too late for in a row, while it is no longer one turn at a processor. Source: rulings, Limits.
const LATE: u32 = 3;

/// Decoding and encoding, among counts of both.
pub(crate) const IN: usize = 0;
pub(crate) const OUT: usize = 1;

/// A codec behind its fence. Failures become silence or concealment, and a count.
#[derive(Debug)]
pub(crate) struct CodecSlot {
    codec: CodecInstance,
    rate: Rate,
    conceals: bool,
    is_away: bool,
    recovers: bool,
    pub(crate) failures: u64,
    /// Packets that came and gave no sound.
    pub(crate) unheard: u64,
    /// Failures since it did anything right: decoding, encoding. An encoder that works does not excuse a decoder that
    /// is never heard, nor the other way round.
    in_row: [u32; 2],
    /// What came too late since anything was in time, in the same way.
    late: [u32; 2],
    /// While it stands in another's place on trial.
    pub(crate) watch: Option<Watch>,
}

impl CodecSlot {
    pub(crate) fn new(codec: CodecInstance, rate: Rate) -> Self {
        Self {
            conceals: codec.format().conceals,
            is_away: codec.is_away(),
            recovers: codec.format().recovers,
            codec,
            rate,
            failures: 0,
            unheard: 0,
            in_row: [0; 2],
            late: [0; 2],
            watch: None,
        }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Whether the other speaks the same on the wire, at the same rate.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.codec.format(), other.codec.format());
        self.rate == other.rate
            && ours.clock_rate_hz == theirs.clock_rate_hz
            && ours.name.eq_ignore_ascii_case(&theirs.name)
    }

    /// Why it must not stay, if so.
    pub(crate) fn shut(&mut self) -> Option<WentWrong> {
        // Not only in a row: a slow encoder stands beside a quick decoder.
        let is_slow = self.codec.tally().misses >= MISSES;
        let shut = self.codec.fence().shut().map(WentWrong::from);
        let died = self.codec.is_bereft().then_some(WentWrong::Panicked);
        shut.or(died).or(is_slow.then_some(WentWrong::TooSlow))
    }

    /// Whether its process is still opening it.
    pub(crate) fn is_opening(&self) -> bool {
        self.codec.is_opening()
    }

    /// It did something wrong one way.
    pub(crate) fn failed(&mut self, way: usize) {
        if self.is_opening() {
            return;
        }
        self.failures += 1;
        self.in_row[way] = self.in_row[way].saturating_add(1);
    }

    /// Why its fence lets nothing through, if so.
    pub(crate) fn shut_fence(&mut self) -> Option<Trouble> {
        self.codec.fence().shut()
    }

    /// Whether it does nothing right, or nothing in time, one way at the moment.
    pub(crate) fn is_failing(&self) -> bool {
        let is_wrong = self.in_row.iter().any(|count| *count >= FAILING);
        is_wrong || self.late.iter().any(|count| *count >= LATE)
    }

    /// Something came, or did not: too late, if so.
    fn note<T>(&mut self, way: usize, result: Result<&T, WentWrong>) {
        match result {
            Ok(_) => self.late[way] = 0,
            // One that is being opened is not late.
            Err(WentWrong::TooSlow) if self.is_opening() => {}
            Err(WentWrong::TooSlow) => self.late[way] = self.late[way].saturating_add(1),
            Err(
                WentWrong::Panicked
                | WentWrong::Garbage
                | WentWrong::Failed
                | WentWrong::SwitchedOff,
            ) => {}
        }
    }

    /// Decodes into `pcm`; `None` if the codec fails or says nonsense.
    pub(crate) fn decode<'p>(&mut self, payload: &[u8], pcm: &'p mut [i16]) -> Option<&'p [i16]> {
        let decoded = self.decoded(payload, pcm);
        self.note(IN, decoded.as_ref().map_err(|wrong| *wrong));
        let count = match decoded {
            Ok(count) => count,
            Err(wrong) => self.rescue(IN, wrong, |other| {
                let count = other.decoded(payload, pcm).ok();
                count.filter(|count| *count > 0)
            })?,
        };
        pcm.get(..count)
    }

    fn decoded(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, WentWrong> {
        let count = self.codec.decode(payload, pcm)?;
        if count > pcm.len() {
            return Err(WentWrong::Garbage);
        }
        if count == 0 && self.watch.is_some() {
            return Err(WentWrong::Failed);
        }
        self.in_row[IN] = 0;
        Ok(count)
    }

    /// Whether what it does is handed over first and collected afterwards. Not while it is on trial: what it
    /// cannot do must still be there for the other to do.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away && self.watch.is_none()
    }

    /// Hands a packet to a codec of another process. `false` when it must be decoded here and now.
    pub(crate) fn submit_decode(&mut self, payload: &[u8]) -> bool {
        self.codec.submit_decode(payload)
    }

    /// What became of the packet that was handed over.
    pub(crate) fn collect_decoded<'p>(&mut self, pcm: &'p mut [i16]) -> Option<&'p [i16]> {
        let samples = self.codec.collect_decoded(pcm);
        self.note(IN, samples.as_ref().map_err(|trouble| (*trouble).into()));
        match samples.ok().and_then(|count| pcm.get(..count)) {
            Some(decoded) => {
                self.in_row[IN] = 0;
                Some(decoded)
            }
            None => {
                self.failed(IN);
                None
            }
        }
    }

    /// Hands a frame to a codec of another process. `false` when it must be encoded here and now.
    pub(crate) fn submit_encode(&mut self, pcm: &[i16], room: usize) -> bool {
        self.watch.is_none() && self.codec.submit_encode(pcm, room)
    }

    /// What became of the frame that was handed over: to this one, or to the one whose place it took.
    pub(crate) fn collect_encoded(&mut self, payload: &mut [u8]) -> Encoded {
        if let Some(owing) = self.owing() {
            let encoded = owing.collect_encoded(payload);
            if encoded != Encoded::Late {
                self.forgive();
            }
            return encoded;
        }
        match self.codec.collect_encoded(payload) {
            Ok(None) => Encoded::Late,
            Ok(Some(size)) if size <= payload.len() => {
                self.in_row[OUT] = 0;
                self.late[OUT] = 0;
                match size {
                    0 => Encoded::Nothing,
                    size => Encoded::Packet(size),
                }
            }
            Ok(Some(_)) | Err(_) => {
                self.failed(OUT);
                Encoded::Nothing
            }
        }
    }

    /// Appends `samples` invented samples to `line`.
    pub(crate) fn conceal(&mut self, samples: usize, line: &mut Playout, pcm: &mut [i16]) {
        if let Some(pcm) = pcm.get_mut(..samples).filter(|_| self.conceals) {
            match self.codec.conceal(pcm) {
                Ok(count) if (1..=samples).contains(&count) => {
                    line.push(&pcm[..count]);
                    return;
                }
                Ok(_) | Err(_) => self.failed(IN),
            }
        }
        line.conceal(samples);
    }

    /// Whether a lost packet can be rebuilt from the one behind it.
    pub(crate) fn recovers(&self) -> bool {
        self.recovers
    }

    /// Appends `samples` samples to `line`, rebuilt from the packet behind them, or else invented;
    /// whether they were rebuilt.
    pub(crate) fn recover(
        &mut self,
        next: &[u8],
        samples: usize,
        line: &mut Playout,
        pcm: &mut [i16],
    ) -> bool {
        let room = pcm.get_mut(..samples).filter(|_| self.recovers);
        let result = room.map(|pcm| self.codec.recover(next, pcm));
        self.rebuilt(result, samples, line, pcm)
    }

    /// Hands the packet behind a lost one to a codec of another process.
    pub(crate) fn submit_recover(&mut self, next: &[u8], samples: usize) {
        if self.recovers {
            self.codec.submit_recover(next, samples);
        }
    }

    /// As [`recover`](Self::recover), of what was handed over.
    pub(crate) fn collect_recovered(
        &mut self,
        samples: usize,
        line: &mut Playout,
        pcm: &mut [i16],
    ) -> bool {
        let room = pcm.get_mut(..samples).filter(|_| self.recovers);
        let result = room.map(|pcm| self.codec.collect_decoded(pcm));
        self.rebuilt(result, samples, line, pcm)
    }

    fn rebuilt(
        &mut self,
        result: Option<Result<usize, Trouble>>,
        samples: usize,
        line: &mut Playout,
        pcm: &mut [i16],
    ) -> bool {
        match result {
            Some(Ok(count)) if count == samples => {
                line.push(&pcm[..count]);
                return true;
            }
            // This stream carries nothing to rebuild from: not asked again.
            Some(Err(Trouble::Failed(Status::UNSUPPORTED))) => self.recovers = false,
            Some(Ok(_) | Err(_)) => self.failed(IN),
            None => {}
        }
        self.conceal(samples, line, pcm);
        false
    }

    /// Encodes a packet; its size, or `None` to send nothing.
    pub(crate) fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Option<usize> {
        let encoded = self.encoded(pcm, payload);
        self.note(OUT, encoded.as_ref().map_err(|wrong| *wrong));
        let size = match encoded {
            Ok(size) => size,
            Err(wrong) => self.rescue(OUT, wrong, |other| other.encoded(pcm, payload).ok())?,
        };
        (size > 0).then_some(size)
    }

    fn encoded(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, WentWrong> {
        let size = self.codec.encode(pcm, payload)?;
        if size > payload.len() {
            return Err(WentWrong::Garbage);
        }
        self.in_row[OUT] = 0;
        Ok(size)
    }

    /// A frame that was handed over came a whole packet time late: nobody waits for it any more.
    pub(crate) fn give_up(&mut self) {
        self.failed(OUT);
        self.note::<()>(OUT, Err(WentWrong::TooSlow));
        self.forgive();
    }

    /// The far end begins another stream. Ours goes on.
    pub(crate) fn reset(&mut self) {
        if self.codec.reset().is_err() {
            self.failed(IN);
        }
        self.reset_aside();
    }
}

/// What a codec of another process made of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoded {
    /// A payload of so many bytes.
    Packet(usize),
    /// Nothing is to be sent.
    Nothing,
    /// Not yet.
    Late,
}
