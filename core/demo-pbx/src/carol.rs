//! Carol, extension 103, whose lamp changes by itself: idle, ringing, busy, not there, and from the start.
//!
//! It follows the PBX's clock alone, so that everybody sees the same, and a simulation sees it again.

use base::{Duration, Instant};
use sip::lamp::dialog_info::{Call, Direction, Party, Stage};

/// Her number.
pub(crate) const NUMBER: &str = "103";
/// Who calls her.
const CALLER: (&str, &str) = ("102", "Bob");
/// What she does, one after the other, and for how long: half a minute in all.
const ROUND: [(Carol, Duration); 4] = [
    (Carol::Idle, Duration::from_secs(10)),
    (Carol::Ringing, Duration::from_secs(5)),
    (Carol::Busy, Duration::from_secs(10)),
    (Carol::Away, Duration::from_secs(5)),
];

/// What Carol does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carol {
    /// Nothing.
    Idle,
    /// Bob calls her.
    Ringing,
    /// She talks with Bob.
    Busy,
    /// Her telephone is not registered.
    Away,
}

impl Carol {
    /// What she does at `now`, and until when.
    pub(crate) fn at(now: Instant) -> (Self, Instant) {
        let round: Duration = ROUND.iter().map(|(_, long)| *long).sum();
        let rounds = now.as_nanos() / round.as_nanos() as u64;
        let mut ends = Instant::from_nanos(rounds * round.as_nanos() as u64);
        let ended = |(_, long): &(Self, Duration)| {
            ends += *long;
            ends > now
        };
        // Of a round that is not over, something is not.
        let (carol, _) = ROUND.into_iter().find(ended).unwrap_or(ROUND[0]);
        (carol, ends)
    }

    /// Her call, as watchers see it; `domain`: the PBX's address as the watcher knows it.
    pub(crate) fn call(self, domain: &str) -> Option<Call> {
        let stage = match self {
            Self::Ringing => Stage::Early,
            Self::Busy => Stage::Confirmed,
            Self::Idle | Self::Away => return None,
        };
        Some(Call {
            id: "carol".to_owned(),
            stage,
            direction: Some(Direction::Incoming),
            held: false,
            peer: Party {
                uri: format!("sip:{}@{domain}", CALLER.0),
                display: Some(CALLER.1.to_owned()),
            },
            // Nobody can take what is no call.
            replaces: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn she_goes_round_for_ever() {
        let mut now = Instant::ZERO;
        let mut seen = Vec::new();
        while seen.len() < 9 {
            let (carol, until) = Carol::at(now);
            seen.push((now.as_millis() / 1_000, carol));
            let before = Instant::from_nanos(until.as_nanos() - 1);
            assert_eq!(Carol::at(before), (carol, until));
            now = until;
        }
        let round = [
            (0, Carol::Idle),
            (10, Carol::Ringing),
            (15, Carol::Busy),
            (25, Carol::Away),
        ];
        assert_eq!(seen[..4], round);
        assert_eq!(seen[4..8], round.map(|(at, carol)| (at + 30, carol)));
        assert_eq!(seen[8], (60, Carol::Idle));
    }
}
