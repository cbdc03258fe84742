//! Plays a plan in a world.

use crate::check::{self, Complaint};
use crate::peer::Friend;
use crate::plan::{Callee, Feature, Plan, Step};
use crate::quiet;
use base::Duration;
use ports::Address;
use ports::media::Sound;
use sim::flow::clean;
use sim::{NodeId, Phone, Proxy, Settings, World, ladder};

/// What everything takes to run out after the network is well again: a transaction that began last,
/// the BYE after it, and a restart's watch over orphans.
const DRAIN: Duration = Duration::from_secs(250);

/// What may still be under way when the last step is done.
const ARRIVES: Duration = Duration::from_secs(2);

/// What is kept of a run besides its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// The ladder.
    Ladder,
    /// A line for everything that happened.
    Lines,
}

/// What came of a plan.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Hash of everything that happened.
    pub hash: u64,
    /// Calls that phones began, either way.
    pub calls: usize,
    /// Virtual time that passed.
    pub time: Duration,
    /// What may never be, and was.
    pub complaints: Vec<Complaint>,
    /// As asked: the ladder, or the lines of the trace.
    pub kept: String,
}

/// A world with who lives in it.
pub(crate) struct Stage<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) world: World,
    pub(crate) phones: Vec<Phone>,
    pub(crate) dialled: Vec<usize>,
    /// Panics that the plan asked for.
    pub(crate) poisons: usize,
    proxy: Option<Proxy>,
    friend: Option<Friend>,
}

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const DOMAIN: &str = "pbx.test";
const PARTS: [Address; 4] = [
    Address::Link,
    Address::Registrar,
    Address::Dialogs,
    Address::Media,
];

/// Plays a plan to its end and looks whether all is well.
pub fn play(plan: &Plan, keep: Keep) -> Outcome {
    let played = quiet::catch(|| {
        let mut stage = Stage::new(plan, keep);
        stage.act();
        stage.end();
        stage.outcome(keep)
    });
    played.unwrap_or_else(|text| Outcome {
        complaints: vec![Complaint::new("panic", text)],
        ..Outcome::default()
    })
}

/// What each phone of a plan was told.
pub fn events(plan: &Plan) -> Vec<Vec<control::Event>> {
    let mut stage = Stage::new(plan, Keep::Nothing);
    stage.act();
    stage.end();
    stage.phones.iter().map(Phone::events).collect()
}

impl<'a> Stage<'a> {
    fn new(plan: &'a Plan, keep: Keep) -> Self {
        let mut world = World::new(plan.seed);
        world.set_links(&plan.links());
        world.space_mut().keep_log();
        if keep == Keep::Lines {
            world.space_mut().trace_mut().keep_lines();
        }
        if plan.has(Feature::Breaks) {
            world.space_mut().cut_streams();
        }
        let proxy = plan.has(Feature::Pbx).then(|| {
            let proxy = Proxy::new(&mut world, "pbx", DOMAIN);
            let users = NAMES.map(|user| (user.to_owned(), format!("{user}'s word")));
            proxy.state().registrar.passwords = users.into();
            proxy.state().challenges = plan.has(Feature::Challenges);
            proxy
        });
        let names = NAMES.iter().take(plan.phones()).enumerate();
        let phones = names.map(|(at, name)| world.phone(&settings(plan, at, name)));
        let phones: Vec<_> = phones.collect();
        let answers = !plan.seed.is_multiple_of(4);
        let friend = plan
            .has(Feature::Peer)
            .then(|| Friend::new(&mut world, answers));
        let dialled = vec![0; phones.len()];
        Self {
            plan,
            world,
            phones,
            dialled,
            poisons: 0,
            proxy,
            friend,
        }
    }

    fn act(&mut self) {
        self.world.run_for(Duration::from_millis(300));
        for timed in &self.plan.steps {
            self.step(timed.step);
            self.world.run_for(Duration::from_millis(timed.then_ms));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Dial { phone, to } => self.dial(phone, to),
            Step::Accept { phone } => self.ringing(phone, Phone::accept),
            Step::Decline { phone, status } => self.ringing(phone, |p, c| p.decline(c, status)),
            Step::HangUp { phone, which } => self.call(phone, which, Phone::hang_up),
            Step::Keys { phone, count } => {
                self.call(phone, 0, |p, c| p.press(c, &"12*#0A"[..count]))
            }
            Step::Mute { phone, on } => self.call(phone, 0, |p, c| p.mute(c, on)),
            Step::Register { phone, on } => self.register(phone, on),
            Step::PeerDials { .. }
            | Step::PeerCancels
            | Step::PeerModifies { .. }
            | Step::PeerHangsUp => self.peer_step(step),
            Step::Panic { phone, part } => {
                if let (Some(phone), Some(part)) = (self.phones.get(phone), PARTS.get(part)) {
                    self.poisons += 1;
                    phone.poison(*part);
                }
            }
            Step::LoseNext { phone, count } => self.ways(phone, |world, from, to| {
                world.space_mut().lose_next(from, to, count);
            }),
            Step::Cut { phone, one_way } => self.ways(phone, |world, from, to| match one_way {
                true => world.space_mut().cut_one_way(from, to),
                false => world.space_mut().cut(from, to),
            }),
            Step::Heal => self.heal(),
            Step::Break { phone } => {
                if let Some(phone) = self.phones.get(phone) {
                    self.world.space_mut().break_streams(phone.node());
                }
            }
            Step::Names { speak } => match speak {
                true => self.world.names().speak(DOMAIN),
                false => self.world.names().silence(DOMAIN),
            },
            Step::Registrar { alive, forgets } => self.registrar(alive, forgets),
            Step::Sleep { phone, millis } => {
                if let Some(phone) = self.phones.get(phone) {
                    let time = Duration::from_millis(millis);
                    self.world.sleep(phone.node(), time);
                }
            }
            Step::Wait => self.world.run_for(Duration::from_secs(100)),
        }
    }

    fn dial(&mut self, phone: usize, to: Callee) {
        let of = |at: usize| self.phones.get(at).map(Phone::uri);
        let typed = match to {
            Callee::Phone(other) => of(other),
            Callee::PhoneByTcp(other) => of(other).map(|uri| uri + ";transport=tcp"),
            Callee::Number(other) => NAMES.get(other).map(|name| (*name).to_owned()),
            Callee::Peer => self.friend.as_ref().map(Friend::uri),
            Callee::Nobody => Some("sip:nobody@10.0.0.200".to_owned()),
            Callee::UnknownNumber => Some("999".to_owned()),
            Callee::UnknownName => Some("sip:nobody@nowhere.test".to_owned()),
        };
        if let (Some(caller), Some(typed)) = (self.phones.get(phone), typed) {
            caller.dial(&typed);
            self.dialled[phone] += 1;
        }
    }

    fn ringing(&self, phone: usize, act: impl FnOnce(&Phone, control::CallHandle)) {
        if let Some(phone) = self.phones.get(phone)
            && let Some(call) = phone.ringing()
        {
            act(phone, call);
        }
    }

    fn call(&self, phone: usize, which: usize, act: impl FnOnce(&Phone, control::CallHandle)) {
        let Some(phone) = self.phones.get(phone) else {
            return;
        };
        let calls = phone.calls();
        if let Some(call) = calls.get(which % calls.len().max(1)) {
            act(phone, call.call);
        }
    }

    fn register(&self, phone: usize, on: bool) {
        let (Some(one), Some(name)) = (self.phones.get(phone), NAMES.get(phone)) else {
            return;
        };
        let account = (*name).to_owned();
        one.post(match on {
            true => ports::registrar::Word::Register { account },
            false => ports::registrar::Word::Unregister { account },
        });
    }

    fn peer_step(&self, step: Step) {
        let Some(friend) = &self.friend else { return };
        #[allow(clippy::wildcard_enum_match_arm)] // The caller sorts the peer's steps out.
        match step {
            Step::PeerDials { phone, offer } => {
                if let Some(phone) = self.phones.get(phone) {
                    friend.dial(phone, offer);
                }
            }
            Step::PeerCancels => friend.cancel(),
            Step::PeerModifies { hold } => friend.modify(hold),
            Step::PeerHangsUp => friend.hang_up(),
            _ => {}
        }
    }

    /// Does something to every way that begins at a phone.
    fn ways(&self, phone: usize, act: impl Fn(&World, NodeId, NodeId)) {
        let Some(from) = self.phones.get(phone).map(Phone::node) else {
            return;
        };
        for to in self.nodes() {
            if to != from {
                act(&self.world, from, to);
            }
        }
    }

    fn nodes(&self) -> Vec<NodeId> {
        let space = self.world.space();
        space.log().lanes.iter().map(|(node, _)| *node).collect()
    }

    fn heal(&self) {
        let nodes = self.nodes();
        for (at, a) in nodes.iter().enumerate() {
            for b in nodes.iter().skip(at + 1) {
                self.world.space_mut().heal(*a, *b);
            }
        }
    }

    fn registrar(&self, alive: bool, forgets: bool) {
        if let Some(proxy) = &self.proxy {
            let mut state = proxy.state();
            state.is_dead = !alive;
            if alive && forgets {
                state.registrar.bindings.clear();
            }
        }
    }

    /// Everything is well again, everybody hangs up and takes leave, and all has to run out.
    fn end(&mut self) {
        self.heal();
        self.world.names().speak(DOMAIN);
        self.registrar(true, false);
        self.world.set_links(&clean());
        for phone in &self.phones {
            self.world.sleep(phone.node(), Duration::ZERO);
        }
        self.world.run_for(ARRIVES);
        if let Some(friend) = &self.friend {
            friend.cancel();
        }
        self.world.end_all();
        self.world.run_for(Duration::from_secs(70));
        // What began to ring after that.
        self.world.end_all();
        self.world.run_for(DRAIN);
    }

    fn outcome(&self, keep: Keep) -> Outcome {
        let space = self.world.space();
        let kept = match keep {
            Keep::Nothing => String::new(),
            Keep::Ladder => ladder::render(&space),
            Keep::Lines => space.trace().lines().join("\n"),
        };
        let (hash, time) = (space.trace().hash(), space.now().since(base::Instant::ZERO));
        drop(space);
        let counted = self.world.calls_counted();
        Outcome {
            hash,
            calls: counted.iter().map(|(_, created, _)| created).sum(),
            time,
            complaints: check::all(self),
            kept,
        }
    }
}

fn settings(plan: &Plan, at: usize, name: &str) -> Settings {
    let mut settings = Settings::new(name);
    if plan.has(Feature::Pbx) {
        settings = settings.registered(&format!("{name}'s word"), Duration::from_secs(60));
    }
    if plan.has(Feature::Answers) && at == 1 {
        settings = settings.answers_after(Duration::from_millis(350), Sound::Echo);
    }
    if plan.has(Feature::Timers) {
        settings.sessions.timer = Some(sip::session::refresh::Wish {
            interval: Duration::from_secs(90),
            min_se: Duration::from_secs(90),
        });
    }
    settings
}
