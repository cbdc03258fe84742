//! How a call sounds, from what the network does to it.
//!
//! Source: ITU-T G.107 with its defaults, delay impairment as simplified by Cole and Rosenbluth;
//! ITU-T G.113 appendix I for what loss does to a codec.

use serde::{Deserialize, Serialize};

/// What a codec can take (ITU-T G.113).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Robustness {
    /// Impairment without loss (Ie). 0 for G.711.
    pub impairment: f32,
    /// How well it hides loss (Bpl); larger is better.
    pub loss_tolerance: f32,
}

impl Robustness {
    /// G.711 with concealment.
    pub const G711: Self = Self {
        impairment: 0.0,
        loss_tolerance: 25.1,
    };
}

/// One direction of a call, over some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Lost on the way, too late, or not to be decoded. Unit: percent.
    pub loss_percent: f32,
    /// Inter-arrival jitter. Unit: ms.
    pub jitter_ms: f32,
    /// There and back through the network, if the peer reported. Unit: ms.
    pub round_trip_ms: Option<f32>,
    /// From arrival to the ear: buffer and packet. Unit: ms.
    pub playout_ms: f32,
}

impl Quality {
    /// Transmission rating. Range: 0 to 93.2; 80 is "satisfied", 70 "some dissatisfied".
    pub fn rating(&self, codec: Robustness) -> f32 {
        let one_way = self.round_trip_ms.unwrap_or(0.0).max(0.0) / 2.0 + self.playout_ms.max(0.0);
        let delay = 0.024 * one_way + 0.11 * (one_way - 177.3).max(0.0);
        let loss = self.loss_percent.clamp(0.0, 100.0);
        let equipment = codec.impairment
            + (95.0 - codec.impairment) * loss / (loss + codec.loss_tolerance.max(0.1));
        (93.2 - delay - equipment).clamp(0.0, 93.2)
    }

    /// Mean opinion score estimated from [`rating`](Self::rating). Range: 1.0 to 4.41.
    pub fn mos(&self, codec: Robustness) -> f32 {
        let r = self.rating(codec);
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(loss_percent: f32, round_trip_ms: f32) -> Quality {
        Quality {
            loss_percent,
            jitter_ms: 0.0,
            round_trip_ms: Some(round_trip_ms),
            playout_ms: 0.0,
        }
    }

    #[test]
    fn known_points_of_the_model() {
        assert!((quality(0.0, 0.0).rating(Robustness::G711) - 93.2).abs() < 0.01);
        assert!((quality(0.0, 0.0).mos(Robustness::G711) - 4.41).abs() < 0.01);
        // 5 % of loss: Ie-eff = 95 · 5 / 30.1 = 15.8.
        assert!((quality(5.0, 0.0).rating(Robustness::G711) - 77.4).abs() < 0.1);
        // 300 ms one way: Id = 7.2 + 13.5.
        assert!((quality(0.0, 600.0).rating(Robustness::G711) - 72.5).abs() < 0.1);
        assert!((quality(100.0, 9_000.0).mos(Robustness::G711) - 1.0).abs() < 0.01);
    }
}
