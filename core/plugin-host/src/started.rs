//! A plugin that was started, and how its first use and its cost are watched.

use crate::away::process::Process;
use crate::away::words::{Answer, Ask, Begun, abilities};
use crate::budget::{Budget, Cost, Seat, ShutOut};
use crate::fence::{Clock, Fence};
use crate::services::{Context, Figure, HostClock};
use crate::state::{OffBy, PluginMemory};
use crate::{About, Error};
use base::{Duration, Instant};
use plugin::EntryHandle;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// How long a library that was first used is at risk.
const PROBATION: Duration = Duration::from_secs(5);

/// A started plugin. Stops when the catalogue and all instances have let go of it.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) about: About,
    pub(crate) code: Code,
    /// Address space of this process that its library takes. Unit: bytes.
    pub(crate) mapped_bytes: u64,
    budget: Budget,
    probation: Option<Probation>,
}

/// Where its code runs.
#[derive(Debug)]
pub(crate) enum Code {
    Here(EntryHandle, &'static Context),
    Away(Arc<Process>, Box<Begun>),
}

impl Plugin {
    /// One of another process, or of this one and above suspicion.
    pub(crate) fn new(about: About, code: Code) -> Self {
        Self {
            about,
            code,
            mapped_bytes: 0,
            budget: Budget::default(),
            probation: None,
        }
    }

    /// Its library takes so much address space of this process. Unit: bytes.
    pub(crate) fn mapping(self, mapped_bytes: u64) -> Self {
        Self {
            mapped_bytes,
            ..self
        }
    }

    /// Its first use is watched over.
    pub(crate) fn on_probation(self, memory: Arc<PluginMemory>, clock: HostClock) -> Self {
        let since = AtomicU64::new(UNUSED);
        Self {
            probation: Some(Probation {
                memory,
                clock,
                since,
            }),
            ..self
        }
    }

    /// What a DTMF method of another process said of itself.
    pub(crate) fn dtmf(&self) -> Option<(String, plugin::Abilities)> {
        match &self.code {
            Code::Here(..) => None,
            Code::Away(_, begun) => {
                let (name, flags) = begun.dtmf.clone()?;
                Some((name, abilities(flags)))
            }
        }
    }

    /// What a recorder of another process said of its files.
    pub(crate) fn recorder(&self) -> Option<String> {
        match &self.code {
            Code::Here(..) => None,
            Code::Away(_, begun) => begun.recorder.clone(),
        }
    }

    /// Said before anything is opened of it: whether its first use goes well is not known yet.
    pub(crate) fn before_use(&self) -> Result<(), Error> {
        if self.is_off() {
            return Err(Error::SwitchedOff {
                plugin: self.about.id.clone(),
                by: OffBy::Command,
            });
        }
        if let Some(probation) = &self.probation {
            probation.begin(&self.about.id);
        }
        Ok(())
    }

    /// Whether a person has switched it off while the engine runs.
    pub(crate) fn is_off(&self) -> bool {
        self.budget.is_off()
    }

    /// Whether its process failed too often and is not started again.
    pub(crate) fn is_shut_out(&self) -> bool {
        match &self.code {
            Code::Here(..) => false,
            Code::Away(process, _) => process.is_shut_out(),
        }
    }

    /// A fence for a new instance.
    pub(crate) fn fence(&self, clock: Option<Clock>) -> Fence {
        Fence::metered(clock, self.budget.meter())
    }

    fn figures(&self) -> BTreeMap<String, Figure> {
        match &self.code {
            Code::Here(_, services) => services.figures(),
            Code::Away(process, _) => match process.ask(&Ask::Figures) {
                Ok(Answer::Figures(figures)) => figures,
                // It shows them again once it runs again.
                Ok(_) | Err(_) => BTreeMap::new(),
            },
        }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        match self {
            Self::Here(entry, services) => {
                services.stop();
                entry.deinit();
            }
            Self::Away(..) => {}
        }
    }
}

/// Watches over the first use of a library.
#[derive(Debug)]
struct Probation {
    memory: Arc<PluginMemory>,
    clock: HostClock,
    /// When it was first used. Unit: ns.
    since: AtomicU64,
}

/// Not used yet; and: over.
const UNUSED: u64 = u64::MAX;
const OVER: u64 = u64::MAX - 1;

impl Probation {
    fn begin(&self, id: &str) {
        let now = self.clock.now().as_nanos();
        let first = self
            .since
            .compare_exchange(UNUSED, now, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            self.memory.at_risk(id);
        }
    }

    fn tend(&self, id: &str, now: Instant) {
        let since = self.since.load(Ordering::Relaxed);
        if since < OVER && now.as_nanos().saturating_sub(since) >= PROBATION.as_nanos() as u64 {
            self.since.store(OVER, Ordering::Relaxed);
            self.memory.proven(id);
        }
    }
}

/// A plugin as it is watched while others use it. It holds nothing: once the plugin has stopped there is nothing
/// to see.
#[derive(Debug, Clone)]
pub struct Watch {
    about: About,
    plugin: Weak<Plugin>,
}

impl Watch {
    pub(crate) fn over(plugin: &Arc<Plugin>) -> Self {
        Self {
            about: plugin.about.clone(),
            plugin: Arc::downgrade(plugin),
        }
    }

    /// Whether both are of one started plugin, and not of two builds.
    pub fn is_of_same(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.plugin, &other.plugin)
    }

    /// Who it is.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The number of the process that it runs in now, where that is one of its own.
    pub fn process(&self) -> Option<u32> {
        match &self.plugin.upgrade()?.code {
            Code::Here(..) => None,
            Code::Away(process, _) => process.pid(),
        }
    }

    /// What it cost so far. No media thread waits for it.
    pub fn cost(&self) -> Cost {
        let plugin = self.plugin.upgrade();
        plugin
            .map(|plugin| plugin.budget.cost())
            .unwrap_or_default()
    }

    /// The same of what is open, by where it stands.
    pub fn costs_by_seat(&self) -> Vec<(Seat, Cost)> {
        let plugin = self.plugin.upgrade();
        plugin
            .map(|plugin| plugin.budget.costs_by_seat())
            .unwrap_or_default()
    }

    /// Instances that were shut out since this was asked last.
    pub fn newly_shut(&self) -> Vec<ShutOut> {
        let plugin = self.plugin.upgrade();
        plugin
            .map(|plugin| plugin.budget.newly_shut())
            .unwrap_or_default()
    }

    /// Where it stands now, each place once.
    pub fn seats(&self) -> Vec<Seat> {
        let plugin = self.plugin.upgrade();
        plugin
            .map(|plugin| plugin.budget.seats())
            .unwrap_or_default()
    }

    /// Switches everything of it that is open off at once, or on again. What is off is not entered, and nothing
    /// new is opened. Thread: \[control\].
    pub fn switch(&self, off: bool) {
        if let Some(plugin) = self.plugin.upgrade() {
            plugin.budget.switch(off);
        }
    }

    /// Whether it is switched off so.
    pub fn is_off(&self) -> bool {
        (self.plugin.upgrade()).is_some_and(|plugin| plugin.is_off())
    }

    /// Whether it has stopped: it is not the current build, and nothing of it is open.
    pub fn is_over(&self) -> bool {
        self.plugin.strong_count() == 0
    }

    /// Whether it has a process of its own, which is asked for its figures.
    pub fn is_away(&self) -> bool {
        (self.plugin.upgrade()).is_some_and(|plugin| matches!(plugin.code, Code::Away(..)))
    }

    /// The numbers that it shows, by name. One of another process is asked, and may take 750 ms. Thread: \[control\]
    /// of one in this process, \[worker\] of others.
    pub fn figures(&self) -> BTreeMap<String, Figure> {
        let plugin = self.plugin.upgrade();
        plugin.map(|plugin| plugin.figures()).unwrap_or_default()
    }

    /// Ends the probation of a library whose first use went well for 5 s. Thread: \[control\].
    pub fn tend(&self, now: Instant) {
        if let Some(plugin) = self.plugin.upgrade()
            && let Some(probation) = &plugin.probation
        {
            probation.tend(&self.about.id, now);
        }
    }
}
