//! A newer build of a plugin takes its place, for new calls at once and on command in those that run.
//!
//! What takes time of that is done by a thread of its own, or by the plugin's process, while control goes on. In a
//! call the new one is on trial for a second. If it fails in one of them, all go back to the build before,
//! and so do new calls. What media threads report of plugins ends here too.

use super::PERSON;
use super::legs::{Ground, Legs, State};
use media_thread::filters::Side;
use media_thread::kit::Kit;
use media_thread::order::{Given, LegId, Order};
use media_thread::replace::{CodecKit, Replaced, WATCH_MS, WentWrong};
use media_thread::report::Report;
use plugin_host::{
    Build, CodecInstance, Error, FilterInstance, Kind, Looked, Manifest, Newer, Reloaded, Trust,
};
use ports::voice::LegId as Named;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Says in which process a library file may run, or why it is kept out.
pub type Trusted = Arc<dyn Fn(&Path, &Manifest) -> Result<Trust, String> + Send + Sync>;

/// What a host allows of replacing plugins.
#[derive(Clone)]
pub struct Reloads {
    /// How far each file is trusted.
    pub trusted: Trusted,
}

/// What became of a plugin in running calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It stands in its place in these calls.
    Kept {
        /// How many.
        calls: usize,
    },
    /// It failed in this call; all calls and new ones have the build before again.
    RolledBack {
        /// Where.
        leg: Named,
        /// How.
        wrong: WentWrong,
    },
}

/// What is to be told of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its id.
    pub plugin: String,
    /// What became of it.
    pub became: Became,
}

/// A newer build was asked for, and did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// This host replaces no plugins.
    #[error("this engine replaces no plugins: it was started without files")]
    NotHere,
    /// It is linked in, and no file was named.
    #[error("{plugin} is linked in: name the file that is to take its place")]
    NoFile {
        /// Its id.
        plugin: String,
    },
    /// Only codecs and filters are replaced in running calls.
    #[error(
        "{plugin} is no codec and no filter: it cannot be replaced in a running call, only for new ones"
    )]
    NotLive {
        /// Its id.
        plugin: String,
    },
    /// The file, or what it opens.
    #[error(transparent)]
    Plugin(#[from] Error),
    /// A call's codec cannot stand in the media thread.
    #[error(transparent)]
    Media(#[from] media_thread::Error),
    /// It does not open what stands in the person's sound.
    #[error(transparent)]
    Voice(#[from] super::Error),
}

/// A newer build that is to be looked at: off control, which goes on meanwhile.
pub struct Wanted {
    id: String,
    live: bool,
    newer: Newer,
    trusted: Trusted,
}

/// What was found out of a newer build.
#[derive(Debug)]
pub struct Found {
    id: String,
    live: bool,
    looked: Result<Looked, Error>,
}

impl Wanted {
    /// Second step: reads, looks at and starts the file. Bound: 7 s. Thread: \[worker\].
    pub fn look(self) -> Found {
        let trusted = |path: &Path, manifest: &Manifest| (self.trusted)(path, manifest);
        Found {
            id: self.id,
            live: self.live,
            looked: self.newer.look(trusted),
        }
    }
}

type Codecs = Vec<(Named, CodecInstance)>;
type Filters = Vec<((Side, usize), FilterInstance)>;

/// A newer build that stands in its place, and what it opens for calls.
#[derive(Debug)]
pub struct Opening {
    id: String,
    reloaded: Reloaded,
    codecs: Codecs,
    filters: Filters,
}

impl Opening {
    /// Whether its process is still opening some of it. Bound: 5.75 s.
    pub fn is_pending(&self) -> bool {
        self.codecs.iter().any(|(_, codec)| codec.is_opening())
            || self.filters.iter().any(|(_, filter)| filter.is_opening())
    }
}

/// A build on trial in running calls.
struct OnTrial {
    plugin: String,
    reloaded: Reloaded,
    /// Calls whose second is not over.
    waiting: BTreeSet<Named>,
    /// Calls that keep it.
    kept: BTreeSet<Named>,
}

/// Replacements of one host.
#[derive(Default)]
pub(super) struct Trials {
    rules: Option<Reloads>,
    on_trial: Vec<OnTrial>,
    news: VecDeque<News>,
}

/// What is told at most before somebody asks. The oldest goes.
const NEWS: usize = 64;

impl Trials {
    fn tell(&mut self, plugin: &str, became: Became) {
        if self.news.len() == NEWS {
            self.news.pop_front();
        }
        let plugin = plugin.to_owned();
        self.news.push_back(News { plugin, became });
    }
}

impl<G: Ground> Legs<G> {
    /// Lets plugins be replaced.
    #[must_use]
    pub fn with_reloads(mut self, rules: Option<Reloads>) -> Self {
        self.trials.rules = rules;
        self
    }

    /// Puts the library at `path`, or the one that the plugin came from, in the place of the plugin `id`, for new
    /// calls; with `live` also in those that run. The new generation's number, and calls that have it on trial. It
    /// waits for all that takes time: where calls are to go on meanwhile, the steps of this are taken one by one.
    pub fn reload(
        &mut self,
        id: &str,
        path: Option<&Path>,
        live: bool,
    ) -> Result<(u32, usize), Refused> {
        let wanted = self.begin_reload(id, path, live)?;
        let opening = self.take_over(wanted.look())?;
        self.finish_reload(opening)
    }

    /// First step: what is to be found out.
    pub fn begin_reload(
        &mut self,
        id: &str,
        path: Option<&Path>,
        live: bool,
    ) -> Result<Wanted, Refused> {
        let rules = self.trials.rules.clone().ok_or(Refused::NotHere)?;
        let path = self.file_of(id, path)?;
        if live {
            self.calls_of(id)?;
        }
        Ok(Wanted {
            live,
            newer: self.catalogue.newer(id, &path)?,
            id: id.to_owned(),
            trusted: rules.trusted,
        })
    }

    /// Third step, for what was found out: the new one stands in its place, and begins to open what calls are to
    /// have of it.
    pub fn take_over(&mut self, found: Found) -> Result<Opening, Refused> {
        let Found { id, live, looked } = found;
        let reloaded = self.catalogue.take_over(looked?)?;
        // What an older one did is no longer asked.
        self.trials.on_trial.retain(|trial| trial.plugin != id);
        let made = self.open_all(&id, live);
        match made {
            Ok((codecs, filters)) => Ok(Opening {
                id,
                reloaded,
                codecs,
                filters,
            }),
            Err(why) => {
                self.catalogue.roll_back(reloaded);
                Err(why)
            }
        }
    }

    /// Last step, once nothing [`is_pending`](Opening::is_pending): calls get what was opened. The new generation's
    /// number, and calls that have it on trial.
    pub fn finish_reload(&mut self, opening: Opening) -> Result<(u32, usize), Refused> {
        let Opening {
            id,
            reloaded,
            codecs,
            filters,
        } = opening;
        let refused = codecs.iter().find_map(|(_, codec)| codec.refusal());
        let refused = refused.or_else(|| filters.iter().find_map(|(_, filter)| filter.refusal()));
        if let Some(why) = refused {
            self.catalogue.roll_back(reloaded);
            return Err(why.into());
        }
        let generation = reloaded.generation;
        let made: Result<Vec<_>, _> = codecs
            .into_iter()
            .map(|(leg, codec)| Ok((leg, Box::new(CodecKit::new(codec)?))))
            .collect();
        let made = match made {
            Ok(made) => made,
            Err(why) => {
                self.catalogue.roll_back(reloaded);
                return Err(Refused::Media(why));
            }
        };
        for (place, filter) in filters {
            self.put_filter(&id, place, filter);
        }
        let waiting: BTreeSet<_> = made
            .into_iter()
            .filter_map(|(leg, kit)| self.put(leg, Some(kit)).then_some(leg))
            .collect();
        let on_trial = waiting.len();
        if on_trial == 0 {
            self.trials.tell(&id, Became::Kept { calls: 0 });
        } else {
            self.trials.on_trial.push(OnTrial {
                plugin: id,
                reloaded,
                waiting,
                kept: BTreeSet::new(),
            });
        }
        Ok((generation, on_trial))
    }

    /// Every build of a plugin that was started, the first one first.
    pub fn builds(&self, id: &str) -> Vec<Build> {
        self.catalogue.builds(id)
    }

    /// What became of plugins since this was asked last.
    pub fn news(&mut self) -> Vec<News> {
        self.trials.news.drain(..).collect()
    }

    fn file_of(&self, id: &str, path: Option<&Path>) -> Result<PathBuf, Refused> {
        let source = || self.catalogue.source(id);
        match path
            .map(Path::to_owned)
            .map_or_else(source, |path| Ok(Some(path)))?
        {
            Some(path) => Ok(path),
            None => Err(Refused::NoFile { plugin: id.into() }),
        }
    }

    /// Calls that speak by this plugin, which must be a codec; or a filter, which stands in no call of its own.
    fn calls_of(&self, id: &str) -> Result<BTreeSet<Named>, Refused> {
        let mut plugins = self.catalogue.plugins();
        let is_live = |kind| matches!(kind, Kind::Codec | Kind::Filter);
        if plugins.any(|about| about.id == id && !is_live(about.kind)) {
            return Err(Refused::NotLive { plugin: id.into() });
        }
        let speaks = |state: &State<G::Socket>| match state {
            State::Runs(running) => {
                let format = &running.config.format;
                let codec = self.catalogue.codec(&format.name, format.clock_rate);
                codec.is_ok_and(|codec| codec.plugin() == id)
            }
            State::Open(_) => false,
        };
        let all = self.legs.iter().filter(|(_, state)| speaks(state));
        Ok(all.map(|(leg, _)| *leg).collect())
    }

    /// Another instance of a call's codec, of the build that is current now.
    fn codec_for(&self, leg: Named) -> Result<Option<CodecInstance>, Refused> {
        let Some(State::Runs(running)) = self.legs.get(&leg) else {
            return Ok(None);
        };
        let config = &running.config;
        let handle = self
            .catalogue
            .codec(&config.format.name, config.format.clock_rate)?;
        let mut codec = handle.open_soon(&config.format.fmtp, &config.options)?;
        codec.fence().serves(leg.0);
        Ok(Some(codec))
    }

    /// Filters are opened with the person's bus and not for each call, so the running ones are replaced at once.
    fn open_all(&self, id: &str, live: bool) -> Result<(Codecs, Filters), Refused> {
        let calls = match live {
            true => self.calls_of(id)?,
            false => BTreeSet::new(),
        };
        let mut codecs = Vec::new();
        for leg in calls {
            codecs.extend(self.codec_for(leg)?.map(|codec| (leg, codec)));
        }
        let filters = self.filters.places(id).into_iter().map(|place| {
            let opened = self.filters.open_soon(place, self.person, &self.catalogue);
            Ok((place, opened?))
        });
        Ok((codecs, filters.collect::<Result<_, Refused>>()?))
    }

    fn put_filter(&mut self, id: &str, (side, filter): (Side, usize), new: FilterInstance) {
        let order = Order::SetBusFilter {
            bus: PERSON,
            side,
            filter,
        };
        let kit = Kit::Filter(Box::new(new));
        if let Err(why) = self.ground.give(0, Given { order, kit }) {
            tracing::error!(
                plugin = id,
                why,
                "the person's sound stays with the build before"
            );
        }
    }

    /// Whether the call's thread was told.
    fn put(&mut self, leg: Named, kit: Option<Box<CodecKit>>) -> bool {
        let Some(kit) = kit else {
            return false;
        };
        let order = Order::ReplaceCodec {
            leg: LegId(leg.0),
            watch_ms: WATCH_MS,
        };
        let kit = Kit::Codec(kit);
        self.give(leg, Given { order, kit }).is_ok()
    }

    pub(super) fn plugin_report(&mut self, report: &Report) {
        if let Report::CodecTrouble { leg, .. } = report {
            tracing::error!(leg = leg.0, "codec fails; what it misses is concealed");
        } else if let Report::CodecReplaced { leg, became, .. } = report {
            self.replaced(Named(leg.0), *became);
        } else if let Report::FilterTrouble {
            side,
            filter,
            wrong,
            ..
        } = report
        {
            let plugin = self.filters.id(*side, *filter);
            tracing::error!(
                plugin,
                ?side,
                ?wrong,
                "filter fails; sound goes on without it"
            );
        }
    }

    fn replaced(&mut self, leg: Named, became: Replaced) {
        tracing::info!(leg = leg.0, ?became, "codec replaced in a running call");
        let mut trials = self.trials.on_trial.iter();
        let Some(at) = trials.position(|trial| trial.waiting.contains(&leg)) else {
            return;
        };
        let trial = &mut self.trials.on_trial[at];
        trial.waiting.remove(&leg);
        match became {
            Replaced::Kept => {
                trial.kept.insert(leg);
                self.settle(at);
            }
            // It goes on with what it has.
            Replaced::Misfit => self.settle(at),
            Replaced::RolledBack(wrong) => {
                let trial = self.trials.on_trial.swap_remove(at);
                self.trials
                    .tell(&trial.plugin, Became::RolledBack { leg, wrong });
                self.back(trial);
            }
        }
    }

    /// A call is over: nobody waits for its second.
    pub(super) fn forget_trials(&mut self, leg: Named) {
        for at in (0..self.trials.on_trial.len()).rev() {
            let trial = &mut self.trials.on_trial[at];
            trial.kept.remove(&leg);
            if trial.waiting.remove(&leg) {
                self.settle(at);
            }
        }
    }

    /// Ends a trial once every call's second is over. The build before may stop then.
    fn settle(&mut self, at: usize) {
        if self.trials.on_trial[at].waiting.is_empty() {
            let trial = self.trials.on_trial.swap_remove(at);
            let calls = trial.kept.len();
            self.trials.tell(&trial.plugin, Became::Kept { calls });
        }
    }

    /// The build before stands in its place again, in the other calls too.
    fn back(&mut self, trial: OnTrial) {
        let OnTrial {
            plugin,
            reloaded,
            waiting,
            kept,
        } = trial;
        if !self.catalogue.roll_back(reloaded) {
            return;
        }
        for leg in waiting.into_iter().chain(kept) {
            match self.codec_for(leg) {
                // One of another process is silent until it is open.
                Ok(Some(codec)) => match CodecKit::new(codec) {
                    Ok(kit) => {
                        self.put(leg, Some(Box::new(kit)));
                    }
                    Err(why) => tracing::error!(leg = leg.0, plugin, %why, "a call stays with it"),
                },
                Ok(None) => {}
                Err(why) => tracing::error!(leg = leg.0, plugin, %why, "a call stays with it"),
            }
        }
    }
}
