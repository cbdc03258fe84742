//! What is told of plugins: which there are and why, what they cost, who was shut out; and their timers.

mod switch;

use crate::clock::Clock;
use crate::commands::{Later, Outcome};
use crate::hub::Hub;
use crate::voice::shown;
use crate::worker;
use base::{Duration, Instant};
use control::command::Reply;
use control::event::PluginChange;
use control::snapshot::{PluginCost, PluginSnapshot, PluginState, PluginTries, SeatCost};
use control::{CallHandle, Code, ErrorObject, EventBody, quoted};
use plugin_host::{
    Catalogue, Cost, Figure, HostClock, Incident, Incidents, Mishap, PluginMemory, Seat, ShutOut,
    Then, Timers, Trouble, Watch,
};
use ports::events::Word;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;

/// How often plugins that were shut out are looked for. Unit: time.
const LOOK: Duration = Duration::from_secs(1);

/// The plugins of one engine, as control sees them.
#[derive(Debug, Default)]
pub struct Plugins {
    snapshots: Vec<PluginSnapshot>,
    /// Of those in use, in the order of their snapshots.
    watches: Vec<Watch>,
    /// Builds that others replaced and that calls still have open, each as it was.
    older: Vec<(Watch, PluginSnapshot)>,
    searched: Vec<String>,
    memory: Option<Arc<PluginMemory>>,
    incidents: Arc<Incidents>,
    /// How often the process of each failed, by id.
    faults: BTreeMap<String, u64>,
    timers: Timers,
    clock: HostClock,
    /// What happened and is not told yet, with the call.
    untold: Vec<(Option<CallHandle>, EventBody)>,
    /// Rung when there is something to tell, or a timer to wait for.
    wake: Arc<Notify>,
}

impl Plugins {
    /// Those of `catalogue`, in use and refused.
    pub fn of(catalogue: &Catalogue) -> Self {
        let folders = catalogue.searched().folders().iter();
        Self {
            snapshots: shown::plugins(catalogue),
            watches: catalogue.watches(),
            older: Vec::new(),
            searched: folders.map(|f| f.display().to_string()).collect(),
            memory: catalogue.memory(),
            incidents: catalogue.incident_list(),
            faults: BTreeMap::new(),
            timers: catalogue.timers(),
            clock: catalogue.host_clock(),
            untold: Vec::new(),
            wake: Arc::default(),
        }
    }

    /// Some were replaced. What is known of the others stays.
    pub(crate) fn became(&mut self, mut snapshots: Vec<PluginSnapshot>, watches: Vec<Watch>) {
        for (watch, snapshot) in watches.iter().zip(&mut snapshots) {
            let mut before = self.watches.iter().zip(&self.snapshots);
            if let Some((_, before)) = before.find(|(before, _)| before.is_of_same(watch)) {
                snapshot.state = before.state;
                snapshot.error.clone_from(&before.error);
            }
        }
        let before = core::mem::replace(&mut self.watches, watches);
        let shown = core::mem::replace(&mut self.snapshots, snapshots);
        let is_current = |watch: &Watch| self.watches.iter().any(|now| now.is_of_same(watch));
        self.older.extend(before.into_iter().zip(shown));
        self.older.retain(|(watch, _)| !is_current(watch));
    }

    /// All of them, those in use first.
    pub fn snapshots(&self) -> &[PluginSnapshot] {
        &self.snapshots
    }

    /// Why a plugin is in use, or is not.
    pub fn tries(&self, id: &str) -> Outcome {
        let candidates: Vec<_> = self.known(id).cloned().collect();
        if candidates.is_empty() && self.off(id).is_none() {
            return Err(self.unknown(id));
        }
        Ok(Reply::PluginTries {
            tries: PluginTries {
                id: id.to_owned(),
                searched: self.searched.clone(),
                candidates,
            },
        })
    }

    /// What each of those in use costs. Those of processes of their own are asked on a thread of its own.
    pub fn costs(&self) -> Later {
        let faults = |id: &str| self.faults.get(id).copied().unwrap_or(0);
        let costs = self.watches.iter().map(|watch| {
            let figures = match watch.is_away() {
                true => BTreeMap::new(),
                false => watch.figures(),
            };
            cost(watch, faults(&watch.about().id), figures)
        });
        let mut costs: Vec<PluginCost> = costs.collect();
        let all = self.watches.iter().enumerate();
        let away = all.filter(|(_, watch)| watch.is_away());
        let away: Vec<(usize, Watch)> = away.map(|(at, watch)| (at, watch.clone())).collect();
        Box::pin(async move {
            if !away.is_empty() {
                let asked = worker::run("plugin-figures", || {
                    let figures = away.into_iter();
                    let figures = figures.map(|(at, watch)| (at, watch.figures()));
                    figures.collect::<Vec<_>>()
                });
                for (at, figures) in asked.await? {
                    costs[at].metrics = in_numbers(figures);
                }
            }
            Ok(Reply::PluginCosts { costs })
        })
    }

    /// What stands at `slot` failed, and no process or fence tells of it.
    pub(crate) fn failed(&mut self, id: &str, slot: &str, state: PluginState, why: ErrorObject) {
        let Some(snapshot) = self.snapshots.iter_mut().find(|plugin| plugin.id == id) else {
            return;
        };
        (snapshot.state, snapshot.error) = (state, Some(why));
        let seat = Seat {
            slot: Some(slot.to_owned()),
            ..Seat::default()
        };
        let event = EventBody::PluginFaulted(change_at(snapshot, &seat));
        self.untold.push((None, event));
        self.wake.notify_one();
    }

    fn off(&self, id: &str) -> Option<plugin_host::OffBy> {
        self.memory.as_ref()?.off(id)
    }

    fn known<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a PluginSnapshot> {
        self.snapshots.iter().filter(move |plugin| plugin.id == id)
    }

    fn unknown(&self, id: &str) -> ErrorObject {
        let why = match self.searched.is_empty() {
            true => format!("{} is not built in, and no folder was searched", quoted(id)),
            false => format!("{}; searched {}", quoted(id), self.searched.join(", ")),
        };
        ErrorObject::new(Code::UNKNOWN_PLUGIN, why)
    }

    /// What became of the files that were looked at, as events.
    fn of_files(&self) -> Vec<EventBody> {
        let files = self.snapshots.iter().filter(|plugin| plugin.path.is_some());
        let told = files.map(|plugin| match plugin.state {
            PluginState::Loaded => EventBody::PluginLoaded(change(plugin)),
            PluginState::Refused
            | PluginState::Crashed
            | PluginState::Bypassed
            | PluginState::Disabled
            | PluginState::Quarantined
            | PluginState::Unknown => EventBody::PluginRefused(change(plugin)),
        });
        told.collect()
    }

    /// Who failed or was shut out since the last look, with the call; ends probations.
    fn look(&mut self) -> Vec<(Option<CallHandle>, EventBody)> {
        let now = self.clock.now();
        let mut told = Vec::new();
        let current = self.watches.iter().zip(&mut self.snapshots);
        let older = self.older.iter_mut();
        let older = older.map(|(watch, snapshot)| (&*watch, snapshot));
        for (watch, snapshot) in current.chain(older) {
            watch.tend(now);
            for shut in watch.newly_shut() {
                let call = shut.seat.leg.map(CallHandle::from_number);
                told.push((call, tell_shut(snapshot, &shut)));
            }
        }
        self.older.retain(|(watch, _)| !watch.is_over());
        for incident in self.incidents.take() {
            *self.faults.entry(incident.plugin.clone()).or_default() += 1;
            let of = |watch: &Watch| watch.about().id == incident.plugin;
            let Some(at) = self.watches.iter().position(of) else {
                continue;
            };
            let (Some(watch), Some(snapshot)) = (self.watches.get(at), self.snapshots.get_mut(at))
            else {
                continue;
            };
            let mut seats = watch.seats();
            if seats.is_empty() {
                seats.push(Seat::default());
            }
            for seat in seats {
                let call = seat.leg.map(CallHandle::from_number);
                told.push((call, tell_incident(snapshot, &seat, &incident)));
            }
        }
        told
    }
}

/// A process that failed, or was found failing for the third time.
fn tell_incident(snapshot: &mut PluginSnapshot, seat: &Seat, incident: &Incident) -> EventBody {
    let what = match incident.mishap {
        Mishap::Crashed(Some(signal)) => format!("its process was ended by signal {signal}"),
        Mishap::Crashed(None) => "its process ended".to_owned(),
        Mishap::Hung => "its process did not answer".to_owned(),
        Mishap::Garbage => "its process answered what cannot be".to_owned(),
        Mishap::Panicked => "it panicked".to_owned(),
        Mishap::NoStart => "its process could not be started again".to_owned(),
        Mishap::TooMany => "its process had more than 1024 threads".to_owned(),
    };
    match incident.then {
        Then::StartedAgain(wait) => {
            let why = format!("{what}; started again after {} ms", wait.as_millis());
            snapshot.error = Some(ErrorObject::new(Code::PLUGIN_CRASHED, why));
            EventBody::PluginFaulted(change_at(snapshot, seat))
        }
        Then::ShutOut => {
            let why = format!("{what}; three faults in a minute, so it stays away");
            let id = &snapshot.id;
            let fix =
                format!("offhook plugin reload {id} starts it anew; and tell the plugin's maker");
            snapshot.error = Some(ErrorObject::new(Code::PLUGIN_CRASHED, why).fix(fix));
            snapshot.state = PluginState::Quarantined;
            EventBody::PluginQuarantined(change_at(snapshot, seat))
        }
    }
}

fn tell_shut(snapshot: &mut PluginSnapshot, shut: &ShutOut) -> EventBody {
    let tally = shut.tally;
    let (error, state) = match shut.trouble {
        Trouble::Bypassed => {
            let why = format!(
                "{} of {} calls were late, the longest took {} µs",
                tally.misses,
                tally.calls,
                tally.longest_ns / 1_000
            );
            let error = ErrorObject::new(Code::PLUGIN_LATE, why);
            (error, PluginState::Bypassed)
        }
        Trouble::Refused => {
            let why = shut.why.as_deref().unwrap_or("for no reason that it says");
            let why = format!("it opened nothing for a call: {why}");
            let error = ErrorObject::new(Code::PLUGIN_CRASHED, why);
            // Others of it go on.
            (error, snapshot.state)
        }
        Trouble::Poisoned | Trouble::Failed(_) | Trouble::SwitchedOff => {
            let why = format!("it panicked in its call {}", tally.calls);
            let error = ErrorObject::new(Code::PLUGIN_CRASHED, why);
            (error, PluginState::Crashed)
        }
    };
    (snapshot.error, snapshot.state) = (Some(error), state);
    let change = change_at(snapshot, &shut.seat);
    match shut.trouble {
        Trouble::Bypassed => EventBody::PluginDeadlineMissed(change),
        Trouble::Refused => EventBody::PluginFaulted(change),
        Trouble::Poisoned | Trouble::Failed(_) | Trouble::SwitchedOff => {
            EventBody::PluginCrashed(change)
        }
    }
}

/// Of one place: the one that was said, or else what the plugin is for.
fn change_at(snapshot: &PluginSnapshot, seat: &Seat) -> Box<PluginChange> {
    let slot = seat.slot.clone().unwrap_or_else(|| snapshot.kind.clone());
    Box::new(PluginChange {
        slot: Some(slot),
        ..*change(snapshot)
    })
}

pub(crate) fn change(snapshot: &PluginSnapshot) -> Box<PluginChange> {
    Box::new(PluginChange {
        id: snapshot.id.clone(),
        version: snapshot.version.clone(),
        abi: snapshot.abi.clone(),
        slot: None,
        reason_code: snapshot.error.as_ref().map(|error| error.code),
        fix: snapshot.error.as_ref().map(|error| error.fix.clone()),
        snapshot: snapshot.clone(),
    })
}

fn in_numbers(figures: BTreeMap<String, Figure>) -> BTreeMap<String, i64> {
    let numbers = figures.into_iter().map(|(name, figure)| {
        let value = match figure {
            Figure::Counter(count) => i64::try_from(count).unwrap_or(i64::MAX),
            Figure::Gauge(value) => value,
        };
        (name, value)
    });
    numbers.collect()
}

fn cost(watch: &Watch, faults: u64, figures: BTreeMap<String, Figure>) -> PluginCost {
    let (about, cost) = (watch.about(), watch.cost());
    PluginCost {
        id: about.id.clone(),
        kind: about.kind.name().to_owned(),
        open: cost.open as u64,
        calls: cost.tally.calls,
        failures: cost.tally.failures,
        misses: cost.tally.misses,
        shut: cost.shut,
        faults,
        p50_ns: cost.p50_ns,
        p99_ns: cost.p99_ns,
        longest_ns: cost.tally.longest_ns,
        metrics: in_numbers(figures),
        seats: watch.costs_by_seat().into_iter().map(seat_cost).collect(),
    }
}

fn seat_cost((seat, cost): (Seat, Cost)) -> SeatCost {
    SeatCost {
        call: seat.leg.map(CallHandle::from_number),
        slot: seat.slot,
        calls: cost.tally.calls,
        failures: cost.tally.failures,
        misses: cost.tally.misses,
        p50_ns: cost.p50_ns,
        p99_ns: cost.p99_ns,
        longest_ns: cost.tally.longest_ns,
    }
}

/// Tells what became of files, then fires timers and tells who was shut out, until the engine ends.
pub(crate) async fn tend(plugins: Rc<RefCell<Plugins>>, hub: Rc<RefCell<Hub>>, clock: Clock) {
    let of_files = plugins.borrow().of_files();
    let of_files = of_files.into_iter().map(|body| (None, body)).collect();
    show(&plugins, &hub, of_files, clock.now());
    let (timers, host_clock, started) = {
        let plugins = plugins.borrow();
        let wake = Arc::clone(&plugins.wake);
        (plugins.timers.clone(), plugins.clock.clone(), wake)
    };
    let wake = Arc::clone(&started);
    timers.when_started(move || wake.notify_one());
    let mut looked = clock.now();
    loop {
        let next_look = LOOK.saturating_sub(clock.now().since(looked));
        let next_timer = timers.deadline().map(|at| at.since(host_clock.now()));
        let wait = next_timer.map_or(next_look, |timer| timer.min(next_look));
        let _ = tokio::time::timeout(wait, started.notified()).await;
        timers.fire(host_clock.now());
        let untold = core::mem::take(&mut plugins.borrow_mut().untold);
        if !untold.is_empty() {
            show(&plugins, &hub, untold, clock.now());
        }
        if clock.now().since(looked) >= LOOK {
            looked = clock.now();
            let told = plugins.borrow_mut().look();
            show(&plugins, &hub, told, looked);
        }
    }
}

/// Shows how all stand, and tells what happened.
pub(crate) fn show(
    plugins: &RefCell<Plugins>,
    hub: &RefCell<Hub>,
    events: Vec<(Option<CallHandle>, EventBody)>,
    at: Instant,
) {
    let mut hub = hub.borrow_mut();
    hub.show(plugins.borrow().snapshots().to_vec());
    for (call, body) in events {
        let (account, command) = (None, None);
        let word = Word::Tell {
            at,
            account,
            call,
            command,
            body,
        };
        hub.take(word, at);
    }
}
