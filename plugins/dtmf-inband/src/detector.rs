//! From blocks to keys that go down and come up.
//!
//! A key counts after 35 ms of it, so 40 ms are always enough and a syllable seldom is. It is over after
//! eight windows without it: so many overlap a silence of 40 ms, but neither a lost packet of 20 ms nor a
//! short break. Source: ITU-T Q.24 table A-1.

use crate::window::{HOP, Shape, WINDOW};

/// Windows in a row that make a key: 20 ms and three times 5 ms.
const HITS: u32 = 4;
/// Windows in a row without the key that end it.
const MISSES: u32 = 8;
/// What one window more means. Unit: ms.
const HOP_MS: u32 = 5;
/// What the first one means. Unit: ms.
const WINDOW_MS: u32 = 20;
/// Samples of a block at 8 kHz.
const BLOCK: usize = 80;

/// Where the listener stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing that would be a key.
    Quiet,
    /// It may become a key.
    Perhaps { key: char, hits: u32 },
    /// It is down.
    Down {
        key: char,
        /// Windows from the first with the key to the last.
        windows: u32,
        /// Windows since the last.
        misses: u32,
        /// Another key that sounds meanwhile, and for how many windows.
        other: Option<(char, u32)>,
    },
}

/// Hears keys in audio of 8 kHz. Allocates when made, never afterwards.
#[derive(Debug)]
pub struct Detector {
    shape: Box<Shape>,
    /// The last 20 ms.
    window: Box<[f32; WINDOW]>,
    state: State,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// Nothing heard.
    pub fn new() -> Self {
        Self {
            shape: Box::new(Shape::new()),
            window: Box::new([0.0; WINDOW]),
            state: State::Quiet,
        }
    }

    /// Forgets the past, and allocates nothing.
    pub fn reset(&mut self) {
        self.window.fill(0.0);
        self.state = State::Quiet;
    }

    /// Takes 10 ms. `told` gets each key when it goes down, with `None`, and when it comes up, with how
    /// long it was held. Unit: ms.
    pub fn hear(&mut self, block: &[i16], mut told: impl FnMut(char, Option<u32>)) {
        debug_assert_eq!(block.len(), BLOCK);
        for hop in block.chunks_exact(HOP) {
            self.window.copy_within(HOP.., 0);
            for (to, &sample) in self.window[WINDOW - HOP..].iter_mut().zip(hop) {
                *to = f32::from(sample);
            }
            let seen = self.shape.key(&self.window);
            self.state = step(self.state, seen, &mut told);
        }
    }
}

fn step(state: State, seen: Option<char>, told: &mut impl FnMut(char, Option<u32>)) -> State {
    match (state, seen) {
        (State::Quiet | State::Perhaps { .. }, None) => State::Quiet,
        (State::Quiet, Some(key)) => State::Perhaps { key, hits: 1 },
        (State::Perhaps { key, hits }, Some(seen)) if seen == key => {
            if hits + 1 < HITS {
                return State::Perhaps {
                    key,
                    hits: hits + 1,
                };
            }
            told(key, None);
            down(key)
        }
        (State::Perhaps { .. }, Some(key)) => State::Perhaps { key, hits: 1 },
        (
            State::Down {
                key,
                windows,
                misses,
                other,
            },
            seen,
        ) => {
            if seen == Some(key) {
                return State::Down {
                    key,
                    windows: windows + misses + 1,
                    misses: 0,
                    other: None,
                };
            }
            let other = seen.map(|seen| match other {
                Some((same, hits)) if same == seen => (same, hits + 1),
                Some(_) | None => (seen, 1),
            });
            let held = WINDOW_MS + (windows - 1) * HOP_MS;
            match other {
                Some((next, HITS)) => {
                    told(key, Some(held));
                    told(next, None);
                    down(next)
                }
                _ if misses + 1 >= MISSES => {
                    told(key, Some(held));
                    other.map_or(State::Quiet, |(key, hits)| State::Perhaps { key, hits })
                }
                other => State::Down {
                    key,
                    windows,
                    misses: misses + 1,
                    other,
                },
            }
        }
    }
}

/// A key that has just gone down.
const fn down(key: char) -> State {
    State::Down {
        key,
        windows: HITS,
        misses: 0,
        other: None,
    }
}
