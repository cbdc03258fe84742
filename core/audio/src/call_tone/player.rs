//! A tone being played.

use super::Node;
use crate::block::{Block, Rate};
use crate::to_sample;
use core::f32::consts::TAU;
use std::sync::Arc;

/// How long each edge of a sine is softened. Unit: ms.
const EDGE_MS: usize = 3;

/// A tone being played, 10 ms at a time.
#[derive(Debug, Clone)]
pub struct Player {
    rate: Rate,
    voice: Voice,
    over: bool,
}

impl Player {
    pub(super) fn new(node: &Node, rate: Rate) -> Self {
        Self {
            rate,
            voice: Voice::new(node, rate),
            over: false,
        }
    }

    /// Whether it was played to its end.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Samples a second.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Makes `out` the next 10 ms; silence once it is over.
    pub fn next(&mut self, out: &mut Block) {
        out.clear(self.rate);
        for sample in out.samples_mut() {
            match self.voice.next() {
                Some(value) => *sample = to_sample(value),
                None => {
                    self.over = true;
                    return;
                }
            }
        }
        self.over = self.voice.is_over();
    }
}

/// What sounds, ready to be played.
#[derive(Debug, Clone)]
enum Voice {
    Sine {
        waves: Box<[Wave]>,
        amplitude: f32,
        /// Unit: samples.
        edge: f32,
        at: usize,
        samples: usize,
    },
    Silence {
        at: usize,
        samples: usize,
    },
    File {
        pcm: Arc<[i16]>,
        at: usize,
    },
    Compound(Box<[Voice]>),
    /// One after the other; `again`: and from the first.
    Row {
        parts: Box<[Voice]>,
        part: usize,
        again: bool,
    },
}

#[derive(Debug, Clone)]
struct Wave {
    /// Of a turn, each sample.
    step: f32,
    /// Of a turn. Range: 0 to 1.
    phase: f32,
}

impl Voice {
    fn new(node: &Node, rate: Rate) -> Self {
        let samples = |ms: u32| ms as usize * rate.per_ms();
        let all = |nodes: &[Node]| nodes.iter().map(|node| Self::new(node, rate)).collect();
        let wave = |hertz: &f32| Wave {
            step: hertz / rate.hertz() as f32,
            phase: 0.0,
        };
        match node {
            Node::Sine {
                ms,
                amplitude,
                hertz,
            } => Self::Sine {
                waves: hertz.iter().map(wave).collect(),
                amplitude: *amplitude,
                edge: (EDGE_MS * rate.per_ms()) as f32,
                at: 0,
                samples: samples(*ms),
            },
            Node::Silence { ms } => Self::Silence {
                at: 0,
                samples: samples(*ms),
            },
            Node::File { sound, .. } => Self::File {
                pcm: sound.as_ref().map_or_else(Arc::default, |s| s.at(rate)),
                at: 0,
            },
            Node::Compound(parts) => Self::Compound(all(parts)),
            Node::Periodic(parts) | Node::Sequence(parts) => Self::Row {
                parts: all(parts),
                part: 0,
                again: matches!(node, Node::Periodic(_)),
            },
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Sine { at, samples, .. } | Self::Silence { at, samples } => at >= samples,
            Self::File { pcm, at } => *at >= pcm.len(),
            Self::Compound(parts) => parts.iter().all(Self::is_over),
            Self::Row { again: true, .. } => false,
            Self::Row { parts, .. } => parts.last().is_none_or(Self::is_over),
        }
    }

    fn rewind(&mut self) {
        match self {
            Self::Sine { waves, at, .. } => {
                *at = 0;
                waves.iter_mut().for_each(|wave| wave.phase = 0.0);
            }
            Self::Silence { at, .. } | Self::File { at, .. } => *at = 0,
            Self::Compound(parts) => parts.iter_mut().for_each(Self::rewind),
            Self::Row { parts, part, .. } => {
                *part = 0;
                parts.iter_mut().for_each(Self::rewind);
            }
        }
    }

    /// The next sample; `None` once it is over.
    fn next(&mut self) -> Option<f32> {
        if self.is_over() {
            return None;
        }
        match self {
            Self::Sine {
                waves,
                amplitude,
                edge,
                at,
                samples,
            } => {
                let border = (*at + 1).min(*samples - *at) as f32;
                let soft = *amplitude * (border / *edge).min(1.0);
                let mut sum = 0.0;
                for wave in waves.iter_mut() {
                    sum += soft * (TAU * wave.phase).sin();
                    wave.phase = (wave.phase + wave.step).fract();
                }
                *at += 1;
                Some(sum)
            }
            Self::Silence { at, .. } => {
                *at += 1;
                Some(0.0)
            }
            Self::File { pcm, at } => {
                let sample = pcm.get(*at).copied().map(f32::from);
                *at += 1;
                sample
            }
            Self::Compound(parts) => Some(parts.iter_mut().filter_map(Self::next).sum()),
            Self::Row { parts, part, .. } => {
                if parts.get(*part).is_none_or(Self::is_over) {
                    *part = (*part + 1) % parts.len().max(1);
                    if let Some(next) = parts.get_mut(*part) {
                        next.rewind();
                    }
                }
                parts.get_mut(*part).and_then(Self::next)
            }
        }
    }
}
