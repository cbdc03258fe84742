//! The sound itself. Everything is made when it is opened, or computed without allocation.

use crate::request::{Request, Sound};
use audio::tone::Pattern;
use audio::{Block, Rate, Tone};
use base::Rng;
use plugin::{Refusal, Status};

/// Most digits of one request.
const MOST_DIGITS: usize = 64;
/// How long a digit sounds, and is silent after it, when nobody says otherwise. Unit: ms.
const DIGIT_MS: (u32, u32) = (100, 100);
/// As good as for ever: 45 days. Unit: ms.
const ENDLESS_MS: u32 = u32::MAX / 1024;

/// Silence first, then sounds, then an end or the sounds again.
#[derive(Debug)]
pub(crate) struct Source {
    /// Left to wait. Unit: samples.
    wait: usize,
    sound: Body,
    repeat: bool,
}

#[derive(Debug)]
enum Body {
    Silence,
    /// Patterns one after the other, made block by block.
    Patterns {
        rate: Rate,
        all: Vec<Pattern>,
        next: usize,
        tone: Tone,
        block: Box<Block>,
        used: usize,
    },
    /// Samples made beforehand.
    Samples {
        pcm: Vec<i16>,
        at: usize,
    },
}

impl Source {
    pub(crate) fn new(request: &Request) -> Result<Self, Refusal> {
        let rate = Rate::from_hertz(request.rate_hz).ok_or_else(|| {
            bad(format!(
                "rate_hz {}: use 8000, 16000 or 48000",
                request.rate_hz
            ))
        })?;
        if request
            .device
            .as_deref()
            .is_some_and(|device| device != "tone")
        {
            return Err(Refusal::new(
                Status::NOT_FOUND,
                "device: there is only \"tone\"",
            ));
        }
        if request.wait_ms > 600_000 {
            return Err(bad(format!("wait_ms {}: at most 600000", request.wait_ms)));
        }
        let sound = match (&request.digits, &request.tone, request.chirp_seed) {
            (None, None, None) => Body::Silence,
            (Some(digits), None, None) => Body::patterns(rate, keypad(digits, request)?),
            (None, Some(tone), None) => Body::patterns(rate, vec![pattern(tone, request)?]),
            (None, None, Some(seed)) => {
                if !(100..=60_000).contains(&request.chirp_ms) {
                    return Err(bad(format!("chirp_ms {}: 100 to 60000", request.chirp_ms)));
                }
                let mut rng = Rng::from_number(seed);
                Body::Samples {
                    pcm: audio::chirp::chirp(&mut rng, rate, request.chirp_ms as usize),
                    at: 0,
                }
            }
            _ => {
                return Err(bad(
                    "give one of digits, tone and chirp_seed, not several".into()
                ));
            }
        };
        Ok(Self {
            wait: request.wait_ms as usize * rate.per_ms(),
            sound,
            repeat: request.repeat,
        })
    }

    /// Fills `pcm`; less than all of it means the end. What is not filled is left alone.
    pub(crate) fn fill(&mut self, pcm: &mut [i16]) -> usize {
        let silent = self.wait.min(pcm.len());
        let (quiet, rest) = pcm.split_at_mut(silent);
        quiet.fill(0);
        self.wait -= silent;
        let mut filled = 0;
        while filled < rest.len() {
            let some = self.sound.fill(&mut rest[filled..]);
            filled += some;
            if some == 0 && !(self.repeat && self.sound.rewind()) {
                break;
            }
        }
        silent + filled
    }
}

impl Body {
    fn patterns(rate: Rate, all: Vec<Pattern>) -> Self {
        Self::Patterns {
            rate,
            next: 1,
            tone: Tone::new(rate, all[0]),
            all,
            block: Box::new(Block::silence(rate)),
            used: rate.block_samples(),
        }
    }

    /// 0 at the end.
    fn fill(&mut self, out: &mut [i16]) -> usize {
        match self {
            Self::Silence => {
                out.fill(0);
                out.len()
            }
            Self::Samples { pcm, at } => {
                let count = out.len().min(pcm.len() - *at);
                out[..count].copy_from_slice(&pcm[*at..*at + count]);
                *at += count;
                count
            }
            Self::Patterns {
                rate,
                all,
                next,
                tone,
                block,
                used,
            } => {
                if *used == block.samples().len() {
                    while tone.is_over() {
                        let Some(pattern) = all.get(*next) else {
                            return 0;
                        };
                        *tone = Tone::new(*rate, *pattern);
                        *next += 1;
                    }
                    tone.next(block);
                    *used = 0;
                }
                let ready = &block.samples()[*used..];
                let count = out.len().min(ready.len());
                out[..count].copy_from_slice(&ready[..count]);
                *used += count;
                count
            }
        }
    }

    /// Back to the start; `false` where there is nothing to repeat.
    fn rewind(&mut self) -> bool {
        match self {
            Self::Silence => false,
            Self::Samples { at, .. } => {
                *at = 0;
                true
            }
            Self::Patterns {
                rate,
                all,
                next,
                tone,
                ..
            } => {
                *tone = Tone::new(*rate, all[0]);
                *next = 1;
                true
            }
        }
    }
}

fn keypad(digits: &str, request: &Request) -> Result<Vec<Pattern>, Refusal> {
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return Err(bad(format!("digits: 1 to {MOST_DIGITS} of them")));
    }
    let on_ms = within("on_ms", request.on_ms, DIGIT_MS.0)?;
    let off_ms = within("off_ms", request.off_ms, DIGIT_MS.1)?;
    digits
        .chars()
        .map(|digit| {
            Pattern::digit(digit, on_ms, off_ms)
                .ok_or_else(|| bad(format!("digits: {digit:?} is on no keypad")))
        })
        .collect()
}

fn pattern(sound: &Sound, request: &Request) -> Result<Pattern, Refusal> {
    match sound {
        Sound::Named(name) => match name.as_str() {
            "ringback-eu" => Ok(Pattern::RINGBACK_EU),
            "ringback-us" => Ok(Pattern::RINGBACK_US),
            "ringback-uk" => Ok(Pattern::RINGBACK_UK),
            "busy-eu" => Ok(Pattern::BUSY_EU),
            "busy-us" => Ok(Pattern::BUSY_US),
            other => Err(bad(format!(
                "tone {other:?}: use ringback-eu, ringback-us, ringback-uk, busy-eu or busy-us"
            ))),
        },
        Sound::Plain { hertz, level_dbov } => {
            let fits = |f: &f32| (50.0..=3800.0).contains(f);
            let hertz = match hertz.as_slice() {
                [one] if fits(one) => [*one, 0.0],
                [one, other] if fits(one) && fits(other) => [*one, *other],
                _ => {
                    return Err(bad(
                        "tone.hertz: one or two frequencies of 50 to 3800".into()
                    ));
                }
            };
            if !(-60.0..=-3.0).contains(level_dbov) {
                return Err(bad(format!("tone.level_dbov {level_dbov}: -60 to -3")));
            }
            let on_ms = within("on_ms", request.on_ms, ENDLESS_MS)?;
            let off_ms = within("off_ms", request.off_ms, 0)?;
            Ok(Pattern {
                hertz,
                level_dbov: *level_dbov,
                cadence_ms: [(on_ms, off_ms), (0, 0)],
                repeat: false,
            })
        }
    }
}

/// A length that is there, or the usual one.
fn within(name: &str, asked: Option<u32>, usual: u32) -> Result<u32, Refusal> {
    match asked {
        Some(ms @ 0) if name == "on_ms" => Err(bad(format!("{name} {ms}: at least 1"))),
        Some(ms) if ms > 600_000 => Err(bad(format!("{name} {ms}: at most 600000"))),
        Some(ms) => Ok(ms),
        None => Ok(usual),
    }
}

fn bad(reason: String) -> Refusal {
    Refusal::new(Status::BAD_ARGUMENT, reason)
}
