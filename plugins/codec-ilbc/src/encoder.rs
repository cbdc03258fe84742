//! Sound to frames. Source: RFC 3951 §3; appendix A, iLBC_encode.c, FrameClassify.c, anaFilter.c.

use crate::codebook;
use crate::filter::{HighPass, ORDER, all_zero, dot};
use crate::frame::Frame;
use crate::lpc::{Analysis, Filters};
use crate::mode::{LONGEST, Mode, STATE_SPAN, SUBFRAME, SUBFRAMES};
use crate::residual::{Stretch, state_from, walk};
use crate::search::search;
use crate::state;

/// What the encoder remembers from frame to frame.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    mode: Mode,
    high_pass: HighPass,
    analysis: Analysis,
    /// The last samples of the frame before.
    past: [f32; ORDER],
}

impl Encoder {
    pub(crate) const fn new(mode: Mode) -> Self {
        Self {
            mode,
            high_pass: HighPass::INPUT,
            analysis: Analysis::NEW,
            past: [0.0; ORDER],
        }
    }

    /// Codes one frame. `pcm` and `octets` are as long as the mode says.
    pub(crate) fn encode(&mut self, pcm: &[i16], octets: &mut [u8]) {
        let mode = self.mode;
        let mut signal = [0.0; ORDER + LONGEST];
        signal[..ORDER].copy_from_slice(&self.past);
        for (sample, &input) in signal[ORDER..].iter_mut().zip(pcm) {
            *sample = self.high_pass.run(f32::from(input));
        }
        let end = ORDER + mode.samples();
        let found = self.analysis.run(mode, &signal[ORDER..end]);
        let residual = residual(mode, &signal, &found.synthesis);
        self.past.copy_from_slice(&signal[end - ORDER..end]);

        let mut frame = Frame {
            spectra: found.indexes,
            ..Frame::EMPTY
        };
        place_state(mode, &residual, &mut frame);
        let from = state_from(mode, &frame);
        let to = from + mode.state();
        let exact = &residual[from..to];
        state::code(exact, &found.synthesis, &found.weighting, &mut frame);
        let mut coded = [0.0; LONGEST];
        state::decode(&frame, &found.synthesis, &mut coded[from..to]);
        walk(mode, &mut frame, &mut coded, |stretch, memory, frame| {
            let target = target(&residual, stretch);
            let weighting = &found.weighting[stretch.subframe];
            let stages = search(memory, &target[..stretch.len], weighting, stretch.number);
            match stretch.number.checked_sub(1) {
                None => frame.rest = stages,
                Some(block) => frame.blocks[block] = stages,
            }
            codebook::decode(memory, &stages, stretch.len)
        });
        frame.pack(mode, octets);
    }
}

/// The prediction error of each sample. `signal` begins with [`ORDER`] samples of the past.
fn residual(mode: Mode, signal: &[f32; ORDER + LONGEST], filters: &Filters) -> [f32; LONGEST] {
    let mut residual = [0.0; LONGEST];
    for (n, sample) in residual[..mode.samples()].iter_mut().enumerate() {
        *sample = all_zero(&signal[n..=n + ORDER], &filters[n / SUBFRAME]);
    }
    residual
}

fn target(residual: &[f32; LONGEST], stretch: &Stretch) -> [f32; SUBFRAME] {
    let mut target = [0.0; SUBFRAME];
    for (n, sample) in target[..stretch.len].iter_mut().enumerate() {
        *sample = residual[stretch.at(n)];
    }
    target
}

/// Puts the start state where most of the energy is.
fn place_state(mode: Mode, residual: &[f32; LONGEST], frame: &mut Frame) {
    let start = loudest(mode, residual);
    let span = (start - 1) * SUBFRAME;
    let energy = |from: usize| {
        let samples = &residual[from..from + mode.state()];
        dot(samples, samples)
    };
    let is_first = energy(span) > energy(span + STATE_SPAN - mode.state());
    frame.start = start as u8;
    frame.state_first = u8::from(is_first);
}

/// The first of the two sub-frames with the most energy, counted from 1. Source: §3.4.
fn loudest(mode: Mode, residual: &[f32; LONGEST]) -> usize {
    /// By place in a frame of 30 ms; one of 20 ms leaves out the ends.
    const PLACES: [f32; 5] = [0.8, 0.9, 1.0, 0.9, 0.8];
    /// The edges of the span count less.
    const EDGE: [f32; 5] = [1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0, 4.0 / 6.0, 5.0 / 6.0];
    let (mut front, mut back) = ([0.0; SUBFRAMES], [0.0; SUBFRAMES]);
    for n in 0..mode.subframes() {
        let samples = &residual[n * SUBFRAME..(n + 1) * SUBFRAME];
        front[n] = samples.iter().enumerate().fold(0.0, |sum, (l, &s)| {
            sum + EDGE.get(l).map_or(s * s, |edge| edge * s * s)
        });
        back[n] = samples.iter().enumerate().fold(0.0, |sum, (l, &s)| {
            let edge = EDGE.get(SUBFRAME - 1 - l);
            sum + edge.map_or(s * s, |edge| edge * s * s)
        });
    }
    let offset = match mode {
        Mode::Ms20 => 1,
        Mode::Ms30 => 0,
    };
    let energy = |start: usize| (front[start - 1] + back[start]) * PLACES[start - 1 + offset];
    (2..mode.subframes()).fold(1, |best, start| {
        if energy(start) > energy(best) {
            start
        } else {
            best
        }
    })
}
