//! A codec instance, and what is heard when it fails.

use audio::{Playout, Rate};
use plugin_host::{CodecInstance, Status, Trouble};

/// Samples of the longest packet: 120 ms at 48 kHz.
pub(crate) const MAX_FRAME: usize = 5_760;

/// A codec behind its fence. Failures become silence or concealment, and a count.
#[derive(Debug)]
pub(crate) struct CodecSlot {
    codec: CodecInstance,
    rate: Rate,
    conceals: bool,
    recovers: bool,
    pub(crate) failures: u64,
}

impl CodecSlot {
    pub(crate) fn new(codec: CodecInstance, rate: Rate) -> Self {
        Self {
            conceals: codec.format().conceals,
            recovers: codec.format().recovers,
            codec,
            rate,
            failures: 0,
        }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Decodes into `pcm`; `None` if the codec fails or says nonsense.
    pub(crate) fn decode<'p>(&mut self, payload: &[u8], pcm: &'p mut [i16]) -> Option<&'p [i16]> {
        let samples = self.codec.decode(payload, pcm);
        match samples.ok().and_then(|count| pcm.get(..count)) {
            Some(decoded) => Some(decoded),
            None => {
                self.failures += 1;
                None
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
                Ok(_) | Err(_) => self.failures += 1,
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
        if let Some(pcm) = pcm.get_mut(..samples).filter(|_| self.recovers) {
            match self.codec.recover(next, pcm) {
                Ok(count) if count == samples => {
                    line.push(pcm);
                    return true;
                }
                // This stream carries nothing to rebuild from: not asked again.
                Err(Trouble::Failed(Status::UNSUPPORTED)) => self.recovers = false,
                Ok(_) | Err(_) => self.failures += 1,
            }
        }
        self.conceal(samples, line, pcm);
        false
    }

    /// Encodes a packet; its size, or `None` to send nothing.
    pub(crate) fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Option<usize> {
        match self.codec.encode(pcm, payload) {
            Ok(0) => None,
            Ok(size) if size <= payload.len() => Some(size),
            Ok(_) | Err(_) => {
                self.failures += 1;
                None
            }
        }
    }

    /// Forgets the past of the stream.
    pub(crate) fn reset(&mut self) {
        if self.codec.reset().is_err() {
            self.failures += 1;
        }
    }
}
