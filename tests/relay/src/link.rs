//! What happens to packet number n of one direction.
//!
//! Every packet has random numbers of its own, drawn from the seed and its number alone. So the
//! same seed loses the same packets whatever their size or timing, and a change of settings in
//! the middle leaves the fate of later packets what it would have been.

#[cfg(test)]
mod tests;

use base::{Duration, Instant, Rng};

/// Which packets are lost. Shares range from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// None.
    Never,
    /// Each with this probability, on its own.
    Random(f64),
    /// In bursts: a chain of a good and a bad state. Source: Gilbert 1960, Elliott 1963.
    Bursts {
        /// Probability that a good packet is followed by the bad state.
        enter: f64,
        /// Probability that a bad packet is followed by the good state; 1/this is the mean burst.
        leave: f64,
        /// Share lost while good.
        good: f64,
        /// Share lost while bad.
        bad: f64,
    },
    /// Every one: the cable is out.
    Always,
}

impl Loss {
    /// Bursts that lose `share` of all packets, `length` in a row on average.
    pub fn bursts(share: f64, length: f64) -> Self {
        let leave = 1.0 / length.max(1.0);
        Self::Bursts {
            enter: leave * share / (1.0 - share).max(f64::EPSILON),
            leave,
            good: 0.0,
            bad: 1.0,
        }
    }
}

/// How much longer than the delay a packet takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Anything up to this, evenly.
    Uniform(Duration),
    /// Gamma distributed: mostly little, at times much. Shape 1 is exponential.
    Gamma {
        /// Mean of the extra time.
        mean: Duration,
        /// Shape. Range: above 0; smaller has the longer tail.
        shape: f64,
    },
}

/// Everything that a link does to packets.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkSettings {
    /// Which are lost.
    pub loss: Loss,
    /// What every packet takes.
    pub delay: Duration,
    /// What some take on top.
    pub jitter: Jitter,
    /// Whether jitter may let a packet overtake another. Queues do not; off.
    pub overtaking: bool,
    /// Share of packets that are held back by `reorder_by`, so that later ones pass them.
    pub reorder: f64,
    /// How long those are held back.
    pub reorder_by: Duration,
    /// Share of packets that arrive twice.
    pub duplicate: f64,
    /// Bits a second that pass. Unit: bit/s of payload.
    pub rate: Option<u64>,
    /// With a rate: packets that would wait longer than this are lost.
    pub queue: Duration,
}

impl LinkSettings {
    /// Nothing is lost and nothing takes time.
    pub const CLEAN: Self = Self {
        loss: Loss::Never,
        delay: Duration::ZERO,
        jitter: Jitter::None,
        overtaking: false,
        reorder: 0.0,
        reorder_by: Duration::from_millis(30),
        duplicate: 0.0,
        rate: None,
        queue: Duration::from_millis(200),
    };
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self::CLEAN
    }
}

/// What happens to one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// Its number in this direction, from 0.
    pub index: u64,
    /// When it arrives; `None`: never.
    pub at: Option<Instant>,
    /// When it arrives once more.
    pub again_at: Option<Instant>,
}

/// One direction between two peers.
#[derive(Debug, Clone)]
pub struct Link {
    settings: LinkSettings,
    seed: u64,
    index: u64,
    is_bad: bool,
    /// When the newest packet that keeps its place arrives.
    newest: Instant,
    /// When the line has sent all it was given.
    line_free: Instant,
}

impl Link {
    /// A link whose packets' fates follow from `seed`.
    pub fn new(seed: u64, settings: LinkSettings) -> Self {
        Self {
            settings,
            seed,
            index: 0,
            is_bad: false,
            newest: Instant::ZERO,
            line_free: Instant::ZERO,
        }
    }

    /// What it does to packets now.
    pub fn settings(&self) -> &LinkSettings {
        &self.settings
    }

    /// Changes what it does to packets from now on.
    pub fn set(&mut self, settings: LinkSettings) {
        self.settings = settings;
    }

    /// Decides about the next packet, `bytes` long, sent at `now`.
    pub fn pass(&mut self, bytes: usize, now: Instant) -> Passage {
        let index = self.index;
        self.index += 1;
        let mut draw = Draw::new(self.seed, index);
        let lost = self.loses(&mut draw);
        let extra = jitter(self.settings.jitter, &mut draw.rng);
        let none = Passage {
            index,
            at: None,
            again_at: None,
        };
        let Some(sent) = self.transmit(bytes, now).filter(|_| !lost) else {
            return none;
        };
        let mut at = sent + self.settings.delay + extra;
        if draw.reorder < self.settings.reorder {
            at += self.settings.reorder_by;
        } else if !self.settings.overtaking {
            at = at.max(self.newest);
            self.newest = at;
        }
        let again_at = (draw.duplicate < self.settings.duplicate).then_some(at);
        Passage {
            index,
            at: Some(at),
            again_at,
        }
    }

    fn loses(&mut self, draw: &mut Draw) -> bool {
        match self.settings.loss {
            Loss::Never => false,
            Loss::Random(share) => draw.loss < share,
            Loss::Bursts {
                enter,
                leave,
                good,
                bad,
            } => {
                let lost = draw.loss < if self.is_bad { bad } else { good };
                let change = if self.is_bad { leave } else { enter };
                self.is_bad ^= draw.state < change;
                lost
            }
            Loss::Always => true,
        }
    }

    /// When the line has sent the packet; `None` when its queue is full.
    fn transmit(&mut self, bytes: usize, now: Instant) -> Option<Instant> {
        let Some(rate) = self.settings.rate else {
            return Some(now);
        };
        let start = self.line_free.max(now);
        if start.since(now) > self.settings.queue {
            return None;
        }
        let nanos = bytes as u64 * 8 * 1_000_000_000 / rate.max(1);
        self.line_free = start + Duration::from_nanos(nanos);
        Some(self.line_free)
    }
}

/// The random numbers of one packet, each from 0 to 1, always all drawn.
struct Draw {
    loss: f64,
    state: f64,
    reorder: f64,
    duplicate: f64,
    /// For jitter, which needs a number of its own accord.
    rng: Rng,
}

impl Draw {
    fn new(seed: u64, index: u64) -> Self {
        // An odd multiplier spreads neighbouring numbers over the seeds; ChaCha does the rest.
        let mut rng = Rng::from_number(seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self {
            loss: unit(&mut rng),
            state: unit(&mut rng),
            reorder: unit(&mut rng),
            duplicate: unit(&mut rng),
            rng,
        }
    }
}

/// From 0 up to, not including, 1.
fn unit(rng: &mut Rng) -> f64 {
    (rng.number() >> 11) as f64 / (1_u64 << 53) as f64
}

fn jitter(kind: Jitter, rng: &mut Rng) -> Duration {
    match kind {
        Jitter::None => Duration::ZERO,
        Jitter::Uniform(most) => most.mul_f64(unit(rng)),
        Jitter::Gamma { mean, shape } => mean.mul_f64(gamma(shape, rng) / shape),
    }
}

/// Gamma distributed with scale 1. Source: Marsaglia and Tsang, "A simple method for generating
/// gamma variables", ACM TOMS 26 (2000).
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - unit(rng)).powf(1.0 / shape);
        return gamma(shape + 1.0, rng) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - unit(rng)).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// Normally distributed, by Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (core::f64::consts::TAU * unit(rng)).cos()
}
