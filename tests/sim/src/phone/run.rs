//! The executor of one phone's parts: what actix is in a host, one queue is here.

use super::deck::Deck;
use super::fragile::Probe;
use super::mail::Mail;
use super::parts;
use super::sockets::Sockets;
use super::tape::{self, Tape};
use super::{EPOCH, Settings};
use super::{brittle, lame};
use crate::names::Names;
use crate::net::NodeId;
use crate::space::{Event as Happening, Space};
use base::{Duration, Hertz, Instant, Rng};
use control::command::Command;
use control::event::Filter;
use control::snapshot::EngineState;
use control::{CommandId, Event, Timestamp};
use engine::commands::{Commands, Outcome};
use engine::hub::{Hub, Identity};
use engine::listener::{Listener, Next};
use engine::supervise::{Health, Supervised};
use engine::voice::legs::{Ground, Legs};
use engine::voice::{Pace, person_bus, ringer_bus};
use plugin_host::{AudioRequest, Catalogue};
use ports::{Address, Handles, Outbox, Post};
use sip::Transport;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Wakes the parts.
const PARTS: u64 = 0;
/// Wakes the media engine.
const TICK: u64 = 1;
/// Length of a media tick.
const TICK_LENGTH: Duration = Duration::from_millis(10);
/// Words that one event may cause before something goes round in circles.
const RESTLESS: usize = 100_000;

/// One phone that runs.
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) node: NodeId,
    pub(crate) ip: IpAddr,
    pub(crate) handles: Handles,
    pub(crate) hub: Hub,
    pub(crate) legs: Legs<Deck>,
    pub(crate) events: Vec<Event>,
    pub(crate) probes: BTreeMap<Address, Probe>,
    pub(crate) tape: Tape,
    /// What is heard where it rings.
    pub(crate) ring: Tape,
    /// What parts said as they panicked.
    pub(crate) panics: Vec<String>,
    parts: Vec<Supervised>,
    mail: Mail,
    sockets: Sockets,
    commands: Commands,
    listener: Rc<Listener>,
    outbox: Outbox,
    space: Rc<RefCell<Space>>,
    rng: Rng,
    last_command: u64,
    /// When in each 10 ms this phone's media thread ticks.
    phase: Duration,
}

impl Running {
    pub(crate) fn start(
        settings: &Settings,
        (node, ip): (NodeId, IpAddr),
        space: &Rc<RefCell<Space>>,
        names: &Rc<RefCell<Names>>,
    ) -> Self {
        let mut rng = space.borrow_mut().rng();
        let catalogue = catalogue(settings);
        let handles = Handles::from(1 << 10);
        let parts::Parts { all, probes } = parts::make(settings, &catalogue, &handles, &mut rng);
        let mail = Mail::new(all.iter().map(Supervised::address));
        let mut sockets = Sockets::new(node, Rc::clone(space), Rc::clone(names), mail.clone());
        for transport in [Transport::Udp, Transport::Tcp] {
            sockets.listen(transport, SocketAddr::new(ip, 5060));
        }
        let tape = Tape::new();
        let deck = Deck::new(32, node, Rc::clone(space), mail.clone());
        let ring = Tape::new();
        let legs = legs(settings, catalogue, deck, (tape, ring), rng.split());
        let identity = Identity {
            version: "sim".to_owned(),
            profile: "sim".to_owned(),
            epoch: Timestamp::from_unix_ms(EPOCH),
            remember: false,
        };
        let mut hub = Hub::new(identity);
        let listener = Listener::new(Filter::default());
        hub.listen(&listener, None);
        let to_parts = mail.clone();
        let carry = Box::new(move |post| to_parts.put(post));
        let mut phone = Self {
            name: settings.name.clone(),
            node,
            ip,
            commands: Commands::new(carry, handles.clone()),
            handles,
            hub,
            legs,
            events: Vec::new(),
            probes,
            tape,
            ring,
            panics: Vec::new(),
            parts: all,
            mail,
            sockets,
            listener,
            outbox: Outbox::new(),
            space: Rc::clone(space),
            phase: rng.duration_below(TICK_LENGTH),
            rng,
            last_command: 1 << 32,
        };
        phone.begin(settings);
        phone
    }

    /// In a host's order: parts, sockets, accounts.
    fn begin(&mut self, settings: &Settings) {
        let now = self.now();
        for part in 0..self.parts.len() {
            let health = self.parts[part].start(now, &mut self.outbox);
            self.settle(part, health);
        }
        self.sockets.announce();
        self.hub.engine(EngineState::Running, None, now);
        // A phone without a registrar part knows the account all the same.
        let _ = self.commands.add_account(settings.account());
        self.run();
    }

    fn now(&self) -> Instant {
        self.space.borrow().now()
    }

    /// Puts a line into the trace and the ladder.
    pub(crate) fn note(&mut self, text: &str) {
        self.space.borrow_mut().note_at(self.node, text, true);
    }

    /// Hands a word over and lets everything come to rest.
    pub(crate) fn word(&mut self, word: impl FnOnce(CommandId) -> Post) {
        self.last_command += 1;
        let post = word(CommandId(self.last_command));
        let to = post.to();
        assert!(self.mail.put(post).is_ok(), "{to:?} has no room");
        self.run();
    }

    pub(crate) fn command(&mut self, command: Command) -> Outcome {
        let now = self.now();
        let (_, outcome) = self.commands.take(command, None, &self.hub, now);
        self.run();
        outcome
    }

    /// Something happened at this phone's node.
    pub(crate) fn happened(&mut self, what: Happening) {
        let now = self.now();
        match what {
            Happening::Datagram {
                source,
                local,
                bytes,
                ..
            } => {
                if !self.sockets.datagram(source, local, &bytes) {
                    self.legs.ground().datagram(local, source, bytes, now);
                    return;
                }
            }
            Happening::Stream { stream, what, .. } => self.sockets.stream(stream, what),
            Happening::Wake { token: TICK, .. } => {
                self.legs.ground().tick(now);
                self.legs.fetch();
            }
            Happening::Wake { .. } => {}
        }
        self.run();
    }

    /// Lets the parts work until nothing waits and nothing is due.
    fn run(&mut self) {
        for _ in 0..RESTLESS {
            if !self.step() {
                self.hear_events();
                self.set_wakes();
                return;
            }
        }
        panic!("the parts of {} never come to rest", self.name);
    }

    /// One word or one deadline; which comes first is free, so the seed says it.
    fn step(&mut self) -> bool {
        let now = self.now();
        let is_due = |part: &Supervised| part.deadline().is_some_and(|at| at <= now);
        let due = self.parts.iter().position(is_due);
        if let Some(part) = due
            && self.rng.below(2) == 0
        {
            self.time(part, now);
            return true;
        }
        if let Some((address, post)) = self.mail.take(&mut self.rng) {
            let at = |part: &Supervised| part.address() == address;
            if let Some(part) = self.parts.iter().position(at) {
                let health = self.parts[part].handle(post, now, &mut self.outbox);
                self.settle(part, health);
            }
            return true;
        }
        if let Some(part) = due {
            self.time(part, now);
        }
        due.is_some()
    }

    fn time(&mut self, part: usize, now: Instant) {
        let health = self.parts[part].handle_time(now, &mut self.outbox);
        self.settle(part, health);
    }

    /// Sends what a part wants done, as the actor in a host does.
    fn settle(&mut self, part: usize, health: Health) {
        let now = self.now();
        self.tell(part, health);
        while let Some(post) = self.outbox.take() {
            if let Err(lost) = self.carry(post) {
                let health = self.parts[part].undelivered(lost, now, &mut self.outbox);
                self.tell(part, health);
            }
        }
    }

    fn carry(&mut self, post: Post) -> Result<(), Post> {
        let now = self.now();
        match post {
            Post::Network(order) => self.sockets.carry_out(order),
            Post::Voice(order) => self.legs.carry_out(order),
            Post::Event(word) => self.hub.take(word, now),
            Post::Link(_)
            | Post::Registrar(_)
            | Post::Dialogs(_)
            | Post::Media(_)
            | Post::Blf(_)
            | Post::Messages(_)
            | Post::Presence(_)
            | Post::Recorder(_)
            | Post::History(_)
            | Post::Store(_)
            | Post::Transfer(_) => {
                return self.mail.put(post);
            }
        }
        Ok(())
    }

    fn tell(&mut self, part: usize, health: Health) {
        let (why, down) = match health {
            Health::Fine => return,
            Health::Restarted { why } => (why, false),
            Health::Down { why } => (why, true),
        };
        let who = self.parts[part].address();
        self.panics.push(format!("{who:?}: {why}"));
        for other in self.parts.iter().map(Supervised::address) {
            if other != who
                && let Some(post) = Post::restarted(other, who)
            {
                self.outbox.post(post);
            }
        }
        self.outbox.post(Post::panicked(who, why, down));
        if !down {
            self.restarted(who);
        }
    }

    /// A part was made anew: it is told again what only others know.
    fn restarted(&mut self, who: Address) {
        match who {
            Address::Link => {
                self.sockets.announce();
                self.commands.repeat_sources();
            }
            Address::Registrar
            | Address::Dialogs
            | Address::History
            | Address::Blf
            | Address::Messages
            | Address::Presence => {
                self.commands.repeat_accounts();
            }
            Address::Media
            | Address::Store
            | Address::Recorder
            | Address::Transfer
            | Address::Network
            | Address::Voice
            | Address::Events => {}
        }
    }

    fn hear_events(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let next = core::pin::pin!(self.listener.next()).poll(&mut context);
            match next {
                Poll::Ready(Next::Event(sent)) => self.told(sent.event.clone()),
                Poll::Ready(Next::Lagged(from, to)) => panic!("events {from} to {to} were lost"),
                Poll::Pending => return,
            }
        }
    }

    fn told(&mut self, event: Event) {
        let line = crate::ladder::told(&event);
        let mut space = self.space.borrow_mut();
        let text = serde_json::to_string(&event).unwrap_or_default();
        space.note(&text);
        if let Some(line) = line {
            space.note_at(self.node, &line, false);
        }
        drop(space);
        self.events.push(event);
    }

    fn set_wakes(&mut self) {
        let at = self.parts.iter().filter_map(Supervised::deadline).min();
        let idle = self.legs.is_idle();
        let mut space = self.space.borrow_mut();
        space.wake_at(self.node, PARTS, at);
        let now = space.now();
        space.wake_at(self.node, TICK, (!idle).then(|| self.next_tick(now)));
    }

    /// The media thread's next moment, strictly later than `now`.
    fn next_tick(&self, now: Instant) -> Instant {
        let length = TICK_LENGTH.as_nanos() as u64;
        let phase = self.phase.as_nanos() as u64;
        let since = now.as_nanos() + length - phase;
        Instant::from_nanos((since / length) * length + phase)
    }

    pub(crate) fn unfinished(&mut self) -> Vec<(String, usize)> {
        let parts = self.probes.iter();
        let mut all: Vec<_> = parts
            .map(|(part, probe)| (format!("{part:?}"), probe.unfinished.get()))
            .collect();
        all.push(("legs".to_owned(), self.legs.len()));
        all.push(("sockets".to_owned(), self.legs.ground().sockets()));
        all.push(("calls shown".to_owned(), self.hub.calls().len()));
        all.retain(|(_, count)| *count > 0);
        all
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tape.forget();
        self.ring.forget();
    }
}

/// The plugins that every simulated phone has linked in. No clock: nothing is ever too slow.
fn catalogue(settings: &Settings) -> Catalogue {
    let mut catalogue = Catalogue::new("sim", "0");
    for file in &settings.libraries {
        let added = catalogue.add_file(file);
        added.expect("a library of a test fits this host");
    }
    let entries = [
        &codec_g711::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
        &filter_gain::ENTRY,
        &audio_tone::ENTRY,
        &audio_null::ENTRY,
        &audio_script::ENTRY,
        &tape::ENTRY,
        &brittle::ENTRY,
        &lame::ENTRY,
        &recorder_wav::ENTRY,
    ];
    for entry in entries {
        let added = catalogue.add_built_in(entry);
        added.expect("what is linked in fits this host");
    }
    catalogue
}

fn legs(
    settings: &Settings,
    catalogue: Catalogue,
    mut deck: Deck,
    (tape, ring): (Tape, Tape),
    rng: Rng,
) -> Legs<Deck> {
    let on = |tape: Tape| {
        let request = AudioRequest::new(Hertz(16_000)).with("tape", tape.0);
        ("tape".to_owned(), request)
    };
    let device = settings.device.clone().unwrap_or_else(|| on(tape));
    let bus = person_bus(Some(&device), &settings.filters, &catalogue);
    let (person, given) = bus.expect("a device that its plugin can open");
    deck.give(0, given).expect("the first order finds room");
    let ringer = settings.rings_apart.then(|| {
        let ringer = on(ring);
        let (rate, given) = ringer_bus(&ringer, &catalogue).expect("a tape can be opened");
        deck.give(0, given).expect("the second order finds room");
        (rate, ringer)
    });
    let pace = Pace {
        silent_after_ms: 3_000,
        counts_every_ms: 1_000,
        longest_delay_ms: 400,
    };
    Legs::new(deck, catalogue, pace, person, rng)
        .with_keys(settings.keys.clone())
        .with_device(Some(device))
        .with_ringer(ringer)
        .with_filters(settings.filters.clone())
        .with_reloads(settings.reloads.clone())
}
