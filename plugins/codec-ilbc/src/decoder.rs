//! Frames to sound. Source: RFC 3951 §4; appendix A, iLBC_decode.c, syntFilter.c.

use crate::codebook;
use crate::conceal::Concealer;
use crate::enhancer::Enhancer;
use crate::filter::{HighPass, ORDER, UNITY, all_pole};
use crate::frame::Frame;
use crate::lpc::{self, Filters};
use crate::lsf::Lsf;
use crate::mode::{LONGEST, Mode, SUBFRAME, SUBFRAMES};
use crate::residual::{state_from, walk};
use crate::state;
use crate::tables::MEAN;

/// What the decoder remembers from frame to frame.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    mode: Mode,
    spectrum: Lsf,
    /// Filters of the frame before: the enhancer holds the end of its residual back.
    filters: Filters,
    concealer: Concealer,
    enhancer: Enhancer,
    /// The last samples before the output filter.
    past: [f32; ORDER],
    high_pass: HighPass,
}

impl Decoder {
    pub(crate) const fn new(mode: Mode) -> Self {
        Self {
            mode,
            spectrum: MEAN,
            filters: [UNITY; SUBFRAMES],
            concealer: Concealer::NEW,
            enhancer: Enhancer::NEW,
            past: [0.0; ORDER],
            high_pass: HighPass::OUTPUT,
        }
    }

    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// Decodes one frame. `octets` and `pcm` are as long as the mode says. A frame that says it is empty
    /// is concealed.
    pub(crate) fn decode(&mut self, octets: &[u8], pcm: &mut [i16]) {
        let Some(mut frame) = Frame::unpack(self.mode, octets) else {
            return self.conceal(pcm);
        };
        let mode = self.mode;
        let filters = lpc::decode(mode, &frame.spectra, &mut self.spectrum);
        let mut residual = [0.0; LONGEST];
        let from = state_from(mode, &frame);
        state::decode(&frame, &filters, &mut residual[from..from + mode.state()]);
        walk(mode, &mut frame, &mut residual, |stretch, memory, frame| {
            let stages = match stretch.number.checked_sub(1) {
                None => &frame.rest,
                Some(block) => &frame.blocks[block],
            };
            codebook::decode(memory, stages, stretch.len)
        });
        let last = &filters[mode.subframes() - 1];
        self.concealer.heard(&residual, last);
        self.synthesise(&residual, &filters, pcm, false);
    }

    /// Invents one frame.
    pub(crate) fn conceal(&mut self, pcm: &mut [i16]) {
        let (residual, filter) = self.concealer.invent(self.mode, self.enhancer.lag());
        self.synthesise(&residual, &[filter; SUBFRAMES], pcm, true);
    }

    fn synthesise(
        &mut self,
        residual: &[f32; LONGEST],
        filters: &Filters,
        pcm: &mut [i16],
        is_invented: bool,
    ) {
        let mode = self.mode;
        let mut signal = [0.0; ORDER + LONGEST];
        signal[..ORDER].copy_from_slice(&self.past);
        let out = &mut signal[ORDER..ORDER + mode.samples()];
        self.enhancer
            .run(mode, &residual[..mode.samples()], is_invented, out);
        let late = mode.held_back() / SUBFRAME;
        for n in 0..mode.subframes() {
            let filter = match n.checked_sub(late) {
                Some(n) => &filters[n],
                None => &self.filters[mode.subframes() - late + n],
            };
            let from = ORDER + n * SUBFRAME;
            all_pole(&mut signal, from, from + SUBFRAME, filter);
        }
        let end = ORDER + mode.samples();
        for (pcm, &sample) in pcm.iter_mut().zip(&signal[ORDER..end]) {
            // Cut, not rounded, and kept within 16 bits.
            *pcm = self.high_pass.run(sample) as i16;
        }
        self.past.copy_from_slice(&signal[end - ORDER..end]);
        self.filters = *filters;
    }
}
