//! What one seed does.

use base::{Duration, Rng};
use core::fmt;
use sim::{Jitter, LinkSettings, Loss};
use std::collections::BTreeSet;

/// What a world may have. About half of them are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// A proxy with a registrar; phones register and call by number.
    Pbx,
    /// The proxy asks callers for their password.
    Challenges,
    /// A scripted peer that is called, calls, changes sessions and hangs up.
    Peer,
    /// The peer's re-INVITEs hold, and its INVITEs may be without an offer.
    Hold,
    /// A third phone.
    Third,
    /// The second phone picks up by itself.
    Answers,
    /// Calls over TCP.
    Tcp,
    /// Bytes of streams arrive in pieces cut anywhere; connections break.
    Breaks,
    /// Callers give up, callees decline.
    Changes,
    /// Keys and mute.
    Keys,
    /// Numbers that nobody has, names that do not exist.
    Nobody,
    /// Datagrams are lost.
    Loss,
    /// In bursts.
    Bursts,
    /// Datagrams take up to 300 ms.
    Delay,
    /// They overtake each other.
    Reorder,
    /// They arrive twice.
    Duplicate,
    /// Nodes are cut off from each other, for a time or one way.
    Cuts,
    /// Parts panic.
    Panics,
    /// The name server is silent at times.
    Names,
    /// The registrar is dead at times and forgets its bindings.
    Restarts,
    /// Phones are suspended: their clock jumps.
    Sleep,
    /// Sessions are refreshed every 90 s, and calls last long enough to see it.
    Timers,
}

/// All of them.
pub const FEATURES: [Feature; 22] = [
    Feature::Pbx,
    Feature::Challenges,
    Feature::Peer,
    Feature::Hold,
    Feature::Third,
    Feature::Answers,
    Feature::Tcp,
    Feature::Breaks,
    Feature::Changes,
    Feature::Keys,
    Feature::Nobody,
    Feature::Loss,
    Feature::Bursts,
    Feature::Delay,
    Feature::Reorder,
    Feature::Duplicate,
    Feature::Cuts,
    Feature::Panics,
    Feature::Names,
    Feature::Restarts,
    Feature::Sleep,
    Feature::Timers,
];

/// Whom a phone calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// Another phone, at its address.
    Phone(usize),
    /// The same over TCP.
    PhoneByTcp(usize),
    /// The same by its number at the proxy.
    Number(usize),
    /// The peer.
    Peer,
    /// An address where nobody is.
    Nobody,
    /// A number that the proxy does not know.
    UnknownNumber,
    /// A name that does not exist.
    UnknownName,
}

/// What happens.
#[allow(missing_docs)] // `phone` is its index everywhere; the rest is said with each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A phone calls.
    Dial { phone: usize, to: Callee },
    /// A phone that rings is picked up.
    Accept { phone: usize },
    /// A phone that rings refuses.
    Decline { phone: usize, status: Option<u16> },
    /// A phone ends one of its calls, whatever state it is in.
    HangUp { phone: usize, which: usize },
    /// Keys are pressed.
    Keys { phone: usize, count: usize },
    /// The microphone is silenced or opened.
    Mute { phone: usize, on: bool },
    /// The account registers, or takes leave.
    Register { phone: usize, on: bool },
    /// The peer calls a phone.
    PeerDials { phone: usize, offer: bool },
    /// The peer gives up its last call.
    PeerCancels,
    /// The peer changes the session.
    PeerModifies { hold: bool },
    /// The peer hangs up.
    PeerHangsUp,
    /// A part panics at its next word.
    Panic { phone: usize, part: usize },
    /// The next datagrams from one phone to whoever it talks to are lost.
    LoseNext { phone: usize, count: u32 },
    /// A phone and the rest are cut off from each other.
    Cut { phone: usize, one_way: bool },
    /// All cuts are healed.
    Heal,
    /// Connections of a phone break.
    Break { phone: usize },
    /// The name server says nothing, or speaks again.
    Names { speak: bool },
    /// The registrar dies, or comes back with or without its bindings.
    Registrar { alive: bool, forgets: bool },
    /// A phone is suspended.
    Sleep { phone: usize, millis: u64 },
    /// Nothing, for long enough that sessions are refreshed.
    Wait,
}

/// A step, and how long the world goes on before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// What happens.
    pub step: Step,
    /// What passes then. Unit: ms.
    pub then_ms: u64,
}

/// One seed's world and what happens in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Says everything that is random in the world.
    pub seed: u64,
    /// What the world has.
    pub features: BTreeSet<Feature>,
    /// What happens, in order.
    pub steps: Vec<Timed>,
}

/// Panics of a plan: a sixth in 30 s would leave a part down, which is no fault.
const MOST_PANICS: usize = 4;

impl Plan {
    /// What `seed` says.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::from_number(seed ^ 0x5_3a92);
        let drawn = FEATURES.iter().filter(|_| rng.below(2) == 0);
        let mut plan = Self {
            seed,
            features: drawn.copied().collect(),
            steps: Vec::new(),
        };
        let steps = 4 + rng.below(14);
        for _ in 0..steps {
            let step = plan.step(&mut rng);
            let then_ms = match rng.below(10) {
                0..=2 => rng.below(60),
                3..=6 => rng.below(800),
                7 | 8 => rng.below(2_500),
                _ => 4_000,
            };
            plan.steps.push(Timed { step, then_ms });
        }
        plan
    }

    /// Whether the world has it.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Phones of the world.
    pub fn phones(&self) -> usize {
        2 + usize::from(self.has(Feature::Third))
    }

    /// What every link does.
    pub fn links(&self) -> LinkSettings {
        let mut rng = Rng::from_number(self.seed ^ 0x11_4b5);
        let share = rng.below(250) as f64 / 1_000.0;
        let (delay, jitter) = (rng.below(150), rng.below(150));
        let (reorder, duplicate) = (rng.below(150), rng.below(100));
        let ms = Duration::from_millis;
        let late = self.has(Feature::Delay);
        LinkSettings {
            loss: match (self.has(Feature::Bursts), self.has(Feature::Loss)) {
                (true, _) => Loss::bursts(share, 3.0),
                (false, true) => Loss::Random(share),
                (false, false) => Loss::Never,
            },
            delay: ms(if late { 5 + delay } else { 20 }),
            jitter: match late {
                true => Jitter::Uniform(ms(jitter)),
                false => Jitter::None,
            },
            overtaking: self.has(Feature::Reorder),
            reorder: match self.has(Feature::Reorder) {
                true => reorder as f64 / 1_000.0,
                false => 0.0,
            },
            reorder_by: ms(200),
            duplicate: match self.has(Feature::Duplicate) {
                true => duplicate as f64 / 1_000.0,
                false => 0.0,
            },
            ..LinkSettings::CLEAN
        }
    }

    fn step(&self, rng: &mut Rng) -> Step {
        for _ in 0..50 {
            if let Some(step) = self.maybe(rng) {
                return step;
            }
        }
        Step::Dial {
            phone: 0,
            to: Callee::Phone(1),
        }
    }

    /// One of the steps, unless the world does not have what it needs.
    fn maybe(&self, rng: &mut Rng) -> Option<Step> {
        let phone = rng.below(self.phones() as u64) as usize;
        let which = rng.below(3) as usize;
        match rng.below(28) {
            0..=4 => {
                let to = self.callee(phone, rng)?;
                Some(Step::Dial { phone, to })
            }
            5..=8 => Some(Step::Accept { phone }),
            9 | 10 => Some(Step::HangUp { phone, which }),
            11..=19 => self.of_people(phone, rng),
            _ => self.of_the_world(phone, rng),
        }
    }

    /// What people and the peer do besides.
    fn of_people(&self, phone: usize, rng: &mut Rng) -> Option<Step> {
        let coin = rng.below(2) == 0;
        let (feature, step) = match rng.below(9) {
            0 => {
                let status = [None, Some(486), Some(603), Some(480)][rng.below(4) as usize];
                (Feature::Changes, Step::Decline { phone, status })
            }
            1 => (Feature::Changes, Step::HangUp { phone, which: 0 }),
            2 => {
                let count = 1 + rng.below(6) as usize;
                (Feature::Keys, Step::Keys { phone, count })
            }
            3 => (Feature::Keys, Step::Mute { phone, on: coin }),
            4 => (Feature::Pbx, Step::Register { phone, on: coin }),
            5 => {
                let offer = coin || !self.has(Feature::Hold);
                (Feature::Peer, Step::PeerDials { phone, offer })
            }
            6 => (Feature::Peer, Step::PeerCancels),
            7 => (Feature::Hold, Step::PeerModifies { hold: coin }),
            _ => (Feature::Peer, Step::PeerHangsUp),
        };
        self.has(feature).then_some(step)
    }

    /// What breaks.
    fn of_the_world(&self, phone: usize, rng: &mut Rng) -> Option<Step> {
        let coin = rng.below(2) == 0;
        let (feature, step) = match rng.below(9) {
            0 => {
                let is_panic = |timed: &&Timed| matches!(timed.step, Step::Panic { .. });
                if self.steps.iter().filter(is_panic).count() >= MOST_PANICS {
                    return None;
                }
                let part = rng.below(4) as usize;
                (Feature::Panics, Step::Panic { phone, part })
            }
            1 => {
                let count = 1 + rng.below(3) as u32;
                (Feature::Loss, Step::LoseNext { phone, count })
            }
            2 => {
                let one_way = coin;
                (Feature::Cuts, Step::Cut { phone, one_way })
            }
            3 => (Feature::Cuts, Step::Heal),
            4 => (Feature::Breaks, Step::Break { phone }),
            5 => (Feature::Names, Step::Names { speak: coin }),
            6 => {
                let (alive, forgets) = (coin, rng.below(2) == 0);
                (Feature::Restarts, Step::Registrar { alive, forgets })
            }
            7 => (Feature::Timers, Step::Wait),
            _ => {
                let millis = 100 + rng.below(40_000);
                (Feature::Sleep, Step::Sleep { phone, millis })
            }
        };
        self.has(feature).then_some(step)
    }

    fn callee(&self, phone: usize, rng: &mut Rng) -> Option<Callee> {
        let others = self.phones() as u64 - 1;
        let other = (phone + 1 + rng.below(others) as usize) % self.phones();
        let (feature, to) = match rng.below(7) {
            0 | 1 => return Some(Callee::Phone(other)),
            2 => (Feature::Tcp, Callee::PhoneByTcp(other)),
            3 => (Feature::Pbx, Callee::Number(other)),
            4 => (Feature::Peer, Callee::Peer),
            5 => (Feature::Nobody, Callee::Nobody),
            _ if rng.below(2) == 0 => (Feature::Nobody, Callee::UnknownName),
            _ if self.has(Feature::Nobody) => (Feature::Pbx, Callee::UnknownNumber),
            _ => return None,
        };
        self.has(feature).then_some(to)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "features {:?}", self.features)?;
        writeln!(f, "links    {:?}", self.links())?;
        for (number, Timed { step, then_ms }) in self.steps.iter().enumerate() {
            writeln!(f, "{number:>4}  {step:?}, then {then_ms} ms")?;
        }
        Ok(())
    }
}
