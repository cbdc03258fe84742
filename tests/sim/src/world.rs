//! Phones and peers in one world, run by one queue.

use crate::flow::Ends;
use crate::link::LinkSettings;
use crate::names::Names;
use crate::net::NodeId;
use crate::phone::{Phone, Settings};
use crate::space::{Event, Space};
use base::{Duration, Instant};
use control::EventBody;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

/// Wakes a node that slept.
const AFTER_SLEEP: u64 = u64::MAX;

/// Somebody who lives at a node.
pub trait Resident {
    /// Something happened at its node.
    fn happened(&mut self, what: Event);
}

impl Resident for crate::phone::Running {
    fn happened(&mut self, what: Event) {
        Self::happened(self, what);
    }
}

/// A seeded world of phones and scripted peers.
pub struct World {
    space: Rc<RefCell<Space>>,
    names: Rc<RefCell<Names>>,
    residents: BTreeMap<NodeId, Rc<RefCell<dyn Resident>>>,
    phones: Vec<Phone>,
    /// Nodes that are suspended, until when, and what their connections have for them then.
    asleep: RefCell<BTreeMap<NodeId, (Instant, Vec<Event>)>>,
}

impl World {
    /// An empty world; everything random in it follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            space: Rc::new(RefCell::new(Space::new(seed))),
            names: Rc::default(),
            residents: BTreeMap::new(),
            phones: Vec::new(),
            asleep: RefCell::default(),
        }
    }

    /// Puts a phone at the next free address, 10.0.0.1 and up.
    pub fn phone(&mut self, settings: &Settings) -> Phone {
        let place = self.place(&settings.name);
        let running = crate::phone::Running::start(settings, place, &self.space, &self.names);
        let phone = Phone(Rc::new(RefCell::new(running)));
        self.settle(place.0, Rc::clone(&phone.0) as Rc<RefCell<dyn Resident>>);
        self.phones.push(phone.clone());
        phone
    }

    /// The address of the place `after` places after the next one.
    pub fn next_ip(&self, after: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, self.residents.len() as u8 + 1 + after])
    }

    /// A node at the next free address, with a lane in the ladder.
    pub fn place(&mut self, name: &str) -> (NodeId, IpAddr) {
        let ip = self.next_ip(0);
        let mut space = self.space.borrow_mut();
        let node = space.add_node(&[ip]);
        space.name(node, name);
        (node, ip)
    }

    /// Somebody moves in.
    pub fn settle(&mut self, node: NodeId, resident: Rc<RefCell<dyn Resident>>) {
        self.residents.insert(node, resident);
    }

    /// What everybody shares; for peers.
    pub fn shared_space(&self) -> Rc<RefCell<Space>> {
        Rc::clone(&self.space)
    }

    /// The nodes, links and the time.
    pub fn space(&self) -> Ref<'_, Space> {
        self.space.borrow()
    }

    /// To change links, cut and heal them.
    pub fn space_mut(&self) -> RefMut<'_, Space> {
        self.space.borrow_mut()
    }

    /// What every link does.
    pub fn set_links(&self, settings: &LinkSettings) {
        self.space.borrow_mut().set_links(settings);
    }

    /// The name server's table.
    pub fn names(&self) -> RefMut<'_, Names> {
        self.names.borrow_mut()
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.space.borrow().now()
    }

    /// The hash of everything that happened: signalling, media and events.
    pub fn hash(&self) -> u64 {
        self.space.borrow().trace().hash()
    }

    /// Goes on for so long.
    pub fn run_for(&self, time: Duration) {
        let until = self.now() + time;
        self.run_until(until, || false);
    }

    /// Goes on until `done`; `false`: it was not by `limit` from now.
    pub fn run_while_not(&self, limit: Duration, done: impl FnMut() -> bool) -> bool {
        let until = self.now() + limit;
        self.run_until(until, done)
    }

    fn run_until(&self, until: Instant, mut done: impl FnMut() -> bool) -> bool {
        if done() {
            return true;
        }
        loop {
            let next = self.space.borrow_mut().step_until(until);
            let Some(event) = next else {
                return false;
            };
            let node = match &event {
                Event::Datagram { node, .. }
                | Event::Stream { node, .. }
                | Event::Wake { node, .. } => *node,
            };
            for event in self.awake(node, event) {
                if let Some(resident) = self.residents.get(&node) {
                    resident.borrow_mut().happened(event);
                }
            }
            if done() {
                return true;
            }
        }
    }

    /// Suspends a node, as a laptop whose lid is shut: datagrams to it are lost, and after `time` its
    /// clock has jumped and all that was due is late.
    pub fn sleep(&self, node: NodeId, time: Duration) {
        let until = self.now() + time;
        let mut asleep = self.asleep.borrow_mut();
        asleep.entry(node).or_default().0 = until;
        self.space_mut().wake_at(node, AFTER_SLEEP, Some(until));
    }

    /// What a node hears of an event: nothing while it sleeps, and all that was kept when it wakes.
    fn awake(&self, node: NodeId, event: Event) -> Vec<Event> {
        let mut asleep = self.asleep.borrow_mut();
        let Some((until, kept)) = asleep.get_mut(&node) else {
            return vec![event];
        };
        if self.now() >= *until {
            let mut all = core::mem::take(kept);
            asleep.remove(&node);
            all.push(event);
            return all;
        }
        match &event {
            Event::Datagram { .. } => {}
            Event::Stream { .. } => kept.push(event),
            Event::Wake { token, .. } => {
                let (token, until) = (*token, *until);
                self.space_mut().wake_at(node, token, Some(until));
            }
        }
        Vec::new()
    }

    /// Where phones are.
    pub fn phone_nodes(&self) -> Vec<NodeId> {
        self.phones.iter().map(Phone::node).collect()
    }

    /// Every phone ends its calls and subscriptions and removes its bindings.
    pub fn end_all(&self) {
        for phone in &self.phones {
            let command = control::CommandId(1 << 40);
            phone.post(ports::dialogs::Word::HangUpAll { command });
            phone.post(ports::registrar::Word::Stop);
            phone.post(ports::blf::Word::Stop);
        }
    }

    /// Of every phone: its name, calls that began, and calls that ended.
    pub fn calls_counted(&self) -> Vec<(String, usize, usize)> {
        let of = |phone: &Phone| {
            let name = phone.0.borrow().name.clone();
            (name, phone.count("call.created"), phone.count("call.ended"))
        };
        self.phones.iter().map(of).collect()
    }

    /// How the calls of every phone ended, and how many go on.
    pub fn ends(&self) -> Vec<Ends> {
        self.phones.iter().map(ends).collect()
    }

    /// Transactions, lookups and requests of phones that are not over.
    pub fn transactions(&self) -> usize {
        let all = self.phones.iter().flat_map(Phone::unfinished);
        let link = all.filter(|(part, _)| part == "Link");
        link.map(|(_, count)| count).sum()
    }

    /// What no phone has finished, by phone and part; empty when all tables are.
    pub fn unfinished(&self) -> Vec<String> {
        let of = |phone: &Phone| {
            let name = phone.0.borrow().name.clone();
            let parts = phone.unfinished().into_iter();
            let lines = parts.map(move |(part, count)| format!("{name} {part}: {count}"));
            lines.collect::<Vec<_>>()
        };
        self.phones.iter().flat_map(of).collect()
    }
}

fn ends(phone: &Phone) -> Ends {
    let ended = phone.events().into_iter().filter_map(|event| {
        let EventBody::CallEnded(told) = event.body else {
            return None;
        };
        let answered = match told.snapshot.answered {
            Some(_) => "answered",
            None => "not answered",
        };
        Some(format!("{:?} by {:?}, {answered}", told.cause, told.by))
    });
    Ends {
        phone: phone.0.borrow().name.clone(),
        calls: ended.collect(),
        stays: phone.calls().len(),
    }
}
