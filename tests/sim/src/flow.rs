//! A flow: what residents of a world do, shown once as a ladder and tried over many bad networks.

use crate::ladder;
use crate::link::{Jitter, LinkSettings, Loss};
use crate::log::Entry;
use crate::net::NodeId;
use crate::space::Space;
use crate::world::World;
use base::{Duration, Instant, Rng};
use sip_message::{Limits, Message, Method};
use std::collections::{BTreeMap, BTreeSet};

/// Bad networks that every flow is tried over.
pub const SEEDS: u64 = 200;
/// Of these, so many are run again to see that the trace is the same.
const TWICE: u64 = 8;
/// What everything takes to run out: 64·T1 twice, and the wait after it.
const DRAIN: Duration = Duration::from_secs(110);

/// What ringing takes to be given up, and all that follows to run out.
const RING_OUT: Duration = Duration::from_secs(300);

/// A flow's name, its source, and what happens. It ends where its ladder ends.
pub struct Flow {
    /// Name of the golden file.
    pub name: &'static str,
    /// What it shows and where it is from, as the head of the ladder.
    pub about: &'static str,
    /// Brings residents into the world and lets them act.
    pub act: fn(&mut World),
}

impl Flow {
    /// Once over a clean link with the golden ladder, then over every bad network.
    ///
    /// # Panics
    ///
    /// Where the ladder is another one or an invariant is broken; a seed is named.
    pub fn check(&self) {
        self.check_with(Bounds::default());
    }

    /// The same, with bounds of its own.
    ///
    /// # Panics
    ///
    /// As [`Flow::check`].
    pub fn check_with(&self, bounds: Bounds) {
        let mut world = self.world(0, &clean());
        (self.act)(&mut world);
        ladder::check(self.name, self.about, &world.space());
        let wanted = finish(&world, self.name, 0);
        assert!(wanted.iter().all(|end| end.stays == 0), "{wanted:?}");
        let (mut same, mut stay) = (0, 0);
        for seed in 1..=bounds.seeds {
            let (hash, ends) = self.over(seed);
            same += u64::from(ends == wanted);
            stay += u64::from(ends.iter().any(|end| end.stays > 0));
            if seed <= TWICE {
                let again = self.over(seed).0;
                assert_eq!(hash, again, "{} seed {seed} has two traces", self.name);
            }
        }
        assert!(
            same >= bounds.same && stay <= bounds.stay,
            "{}: of {} bad networks {same} end as a good one, at least {} should; on {stay} a call \
             stays, on at most {} may one; as a good one: {wanted:?}",
            self.name,
            bounds.seeds,
            bounds.same,
            bounds.stay
        );
    }

    fn world(&self, seed: u64, links: &LinkSettings) -> World {
        let world = World::new(seed);
        world.set_links(links);
        world.space_mut().keep_log();
        world
    }

    fn over(&self, seed: u64) -> (u64, Vec<Ends>) {
        let mut world = self.world(seed, &bad(seed));
        (self.act)(&mut world);
        let ends = finish(&world, self.name, seed);
        (world.hash(), ends)
    }
}

/// What is asked of a flow over bad networks.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// So many at least end as the good network does.
    pub same: u64,
    /// On so many at most a call stays: a script or a proxy here sends nothing twice, and a BYE of
    /// theirs that is lost is never heard of.
    pub stay: u64,
    /// So many bad networks.
    pub seeds: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            same: SEEDS - SEEDS / 50,
            stay: 0,
            seeds: SEEDS,
        }
    }
}

/// How the calls of one phone ended by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The phone's name.
    pub phone: String,
    /// Cause, who ended it, and whether it had been answered; in order of ending.
    pub calls: Vec<String>,
    /// Calls that go on.
    pub stays: usize,
}

/// 20 ms each way and nothing bad.
pub fn clean() -> LinkSettings {
    LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    }
}

/// Up to 20 % loss, some of it in bursts, delays up to 300 ms, overtaking and repeats.
pub fn bad(seed: u64) -> LinkSettings {
    let mut rng = Rng::from_number(seed ^ 0xbad);
    let share = rng.below(200) as f64 / 1_000.0;
    LinkSettings {
        loss: match rng.below(3) {
            0 => Loss::bursts(share, 3.0),
            _ => Loss::Random(share),
        },
        delay: Duration::from_millis(5 + rng.below(150)),
        jitter: Jitter::Uniform(Duration::from_millis(rng.below(150))),
        overtaking: rng.below(2) == 0,
        reorder: rng.below(100) as f64 / 1_000.0,
        reorder_by: Duration::from_millis(200),
        duplicate: rng.below(50) as f64 / 1_000.0,
        ..LinkSettings::CLEAN
    }
}

/// What is under way runs out by itself; then everybody hangs up and unregisters, and nothing is left.
/// How calls ended before anybody hung up.
fn finish(world: &World, name: &str, seed: u64) -> Vec<Ends> {
    world.set_links(&clean());
    world.run_for(RING_OUT);
    let ends = world.ends();
    // Bindings and sessions are refreshed, but not all the time.
    let quiet = world.run_while_not(DRAIN, || world.transactions() == 0);
    assert!(
        quiet,
        "{name} seed {seed}: transactions stay{}",
        picture(world)
    );
    world.end_all();
    world.run_for(DRAIN);
    let left = world.unfinished();
    assert!(
        left.is_empty(),
        "{name} seed {seed} leaves {left:?}{}",
        picture(world)
    );
    for (phone, created, ended) in world.calls_counted() {
        assert!(
            created == ended,
            "{name} seed {seed}: {phone} began {created} calls and ended {ended}{}",
            picture(world)
        );
    }
    let broken = broken(&world.space(), &world.phone_nodes());
    assert!(
        broken.is_empty(),
        "{name} seed {seed}: {broken:?}{}",
        picture(world)
    );
    ends
}

fn picture(world: &World) -> String {
    format!("\n{}", ladder::render(&world.space()))
}

/// How long whoever sent an INVITE waits for a first response: 64·T1 (RFC 3261 §17.1.1.2, timer B). What comes later
/// belongs to no transaction, and nobody acknowledges it (RFC 6026 §7.2).
const HEARS: Duration = Duration::from_secs(32);

/// A message with its way, when it left, and when it arrived.
struct Seen {
    at: Instant,
    from: NodeId,
    to: NodeId,
    arrived: Option<Instant>,
    message: Message,
}

fn messages(space: &Space) -> Vec<Seen> {
    let entries = space.log().entries.as_deref().unwrap_or_default();
    let seen = |entry: &Entry| {
        let Entry::Sent {
            at,
            from,
            to,
            bytes,
            arrives,
        } = entry
        else {
            return None;
        };
        Some(Seen {
            at: *at,
            from: *from,
            to: *to,
            arrived: *arrives,
            message: sip_message::parse_datagram(bytes.clone(), &Limits::default()).ok()?,
        })
    };
    entries.iter().filter_map(seen).collect()
}

/// What the messages of phones break: CSeq that does not rise, a 2xx without ACK.
pub fn broken(space: &Space, phones: &[NodeId]) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut last, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut acks = Acks::default();
    for one in messages(space) {
        let headers = one.message.headers();
        let (Ok(cseq), Ok(call)) = (headers.cseq(), headers.call_id()) else {
            continue;
        };
        acks.take(&one, (call.to_string(), cseq.number), &cseq.method, phones);
        let Message::Request(request) = &one.message else {
            continue;
        };
        if matches!(*request.method(), Method::Ack | Method::Cancel) {
            continue;
        }
        let branch = headers.top_via().ok();
        // What is only sent again stands where it stood.
        if !seen.insert(branch.and_then(|via| via.branch().map(str::to_owned))) {
            continue;
        }
        let text = |name| {
            headers
                .text(name)
                .map_or_else(String::new, |t| t.to_string())
        };
        let dialog = (one.from, call.to_string(), text("From"), text("To"));
        let number = last.entry(dialog).or_insert(cseq.number);
        if cseq.number < *number && phones.contains(&one.from) {
            let method = request.method().as_str();
            broken.push(format!("{method} {} does not rise", cseq.number));
        }
        *number = cseq.number;
    }
    for (node, (call, number)) in acks.owed.difference(&acks.paid) {
        broken.push(format!("no ACK of {} for 2xx {number} of {call}", node.0));
    }
    broken
}

/// An INVITE: who sent it, its Call-ID and CSeq.
type Invite = (NodeId, (String, u32));

/// Which 2xx want an ACK, and which have one.
#[derive(Default)]
struct Acks {
    /// INVITEs to which nobody has answered yet, and when they were sent first.
    unanswered: BTreeMap<Invite, Instant>,
    owed: BTreeSet<Invite>,
    paid: BTreeSet<Invite>,
}

impl Acks {
    fn take(&mut self, one: &Seen, id: (String, u32), method: &Method, phones: &[NodeId]) {
        match &one.message {
            Message::Request(request) if *request.method() == Method::Ack => {
                self.paid.insert((one.from, id));
            }
            Message::Request(request) if *request.method() == Method::Invite => {
                self.unanswered.entry((one.from, id)).or_insert(one.at);
            }
            Message::Response(response) if *method == Method::Invite => {
                let invite = (one.to, id);
                let Some(arrived) = one.arrived else { return };
                let gave_up = |sent: &Instant| arrived.since(*sent) >= HEARS;
                let is_late = self.unanswered.get(&invite).is_some_and(gave_up);
                if is_late {
                    return;
                }
                // From its first response on it waits as long as the user does.
                self.unanswered.remove(&invite);
                if response.status().is_success() && phones.contains(&one.to) {
                    self.owed.insert(invite);
                }
            }
            Message::Request(_) | Message::Response(_) => {}
        }
    }
}
