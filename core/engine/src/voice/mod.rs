//! The media threads of a host: opens ports, codecs and devices on control, and hands them over.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Voice`] | what a host names: plugins, ports, threads |
//! | [`legs`] | legs that are open, from ports to the last count; also for simulation |
//! | `host` | the real sockets and threads that they stand on |
//! | `kit` | what a leg needs, made from plain words |
//! | `impair` | sockets that lose and delay packets, where a leg asks for it |
//! | `rooms` | who hears whom: the person's calls, conferences, bridges |
//! | `shown` | plugins as control shows them |
//! | `tones` | tones for the person |
//! | `taps` | orders about recordings: from plain words to a ring and a job |
//! | [`reload`] | a newer build of a plugin, for new calls and in running ones |
//! | [`writer`] | feeds recorder plugins from rings; also for simulation |
//! | [`filters`] | what the person's sound passes |
//! | `formats` | codec formats as `sdp` wants them |
//! | [`error`] | what can be missing |

pub mod error;
pub mod filters;
mod formats;
mod host;
mod impair;
mod keys;
mod kit;
pub mod legs;
pub mod reload;
mod rooms;
pub(crate) mod shown;
mod taps;
mod tones;
pub mod writer;

pub use error::Error;
pub use filters::Filters;
pub use formats::{capabilities, with_options};
pub use keys::{Keys, Listen};
pub use kit::Pace;
pub use media_thread::priority::{Granted, Priority, permitted};

use crate::clock::Clock;
use crate::commands::Later;
use crate::plugins::Plugins;
use crate::tasks::Tasks;
use crate::wiring::Wiring;
use crate::worker;
use base::{Duration, Rng};
use control::command::Reply;
use control::plugin::{PluginReload, PluginReloaded};
use control::{Code, ErrorObject};
use host::Host;
use impair::{Line, RoughNet};
use legs::Legs;
use media_thread::filters::Side;
use media_thread::kit::BusKit;
use media_thread::order::{BusId, BusPlan, Given, Order};
use media_thread::run::{MediaThread, Settings as ThreadSettings};
use media_thread::{Capacity, kit::Kit};
use net::{Dscp, MediaSockets, RtpPorts};
use plugin_host::{AudioRequest, Catalogue};
use ports::voice::Do;
use reload::Reloads;
pub(crate) use shown::Shown;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tokio::sync::{Notify, Semaphore};
use writer::WriterThread;

/// How often control fetches what the media threads report while legs are open. Unit: time.
const FETCH: Duration = Duration::from_millis(20);
/// How often it is asked whether a plugin's process has opened what it is to open. Unit: time.
const PENDING: Duration = Duration::from_millis(5);
/// Replacements that may be waited for. At the limit one is refused.
const RELOADS: usize = 16;
/// The bus of the person: microphone, loudspeaker, and all calls that use them.
const PERSON: BusId = BusId(0);
/// The bus of the device on which the phone rings, where that is another one.
const RINGER: BusId = BusId(1);

/// What voice is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Media threads. Range: 1 and up.
    pub threads: usize,
    /// How urgent they are to be.
    pub priority: Priority,
    /// Legs that fit each of them.
    pub legs_per_thread: usize,
    /// Ports for RTP and RTCP, first and last.
    pub ports: (u16, u16),
    /// Marking of voice (M-027).
    pub dscp: Dscp,
    /// How often a tick reads what has arrived.
    pub sweeps: u32,
    /// How keys are sent and heard.
    pub keys: Keys,
    /// Plugin and request of the person's device; `None`: calls of the person are silent.
    pub device: Option<(String, AudioRequest)>,
    /// Plugin and request of the device on which the phone rings; `None`: the person's.
    pub ringer: Option<(String, AudioRequest)>,
    /// What the person's sound passes.
    pub filters: Filters,
    /// Silence of a peer that is told. Unit: ms; 0: never.
    pub silent_after_ms: u32,
    /// How often counts are told. Unit: ms.
    pub counts_every_ms: u32,
    /// The delay that a jitter buffer never exceeds on purpose. Unit: ms. Range: 20 to 1000.
    pub longest_delay_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 1,
            priority: Priority::Auto,
            legs_per_thread: 64,
            ports: (16_384, 32_767),
            dscp: Dscp::EF,
            sweeps: 5,
            keys: Keys::default(),
            device: None,
            ringer: None,
            filters: Filters::default(),
            silent_after_ms: 3_000,
            counts_every_ms: 1_000,
            longest_delay_ms: 400,
        }
    }
}

/// Orders in a thread's ring at most; more wait on control. A ring is used all round, so a long one
/// stays resident for nothing.
const ORDERS: usize = 1_024;

type Thread = MediaThread<Line<std::net::UdpSocket>>;

/// Plugins, ports and media threads, ready to run.
pub struct Voice {
    settings: Settings,
    catalogue: Catalogue,
    ports: RtpPorts,
    threads: Vec<Thread>,
    writer: WriterThread,
    /// What the person's bus mixes at.
    person: audio::Rate,
    /// What the bus of the ringing device mixes at, if there is one.
    ringer: Option<audio::Rate>,
    rng: Rng,
    reloads: Option<Reloads>,
}

impl Voice {
    /// Starts the media threads and opens the person's device.
    pub fn start(settings: Settings, catalogue: Catalogue, mut rng: Rng) -> Result<Self, Error> {
        let (first, last) = settings.ports;
        let ports = RtpPorts::new(first, last, &mut rng)?;
        let clock = Clock::start();
        let mut threads = Vec::new();
        for number in 0..settings.threads.max(1) {
            let capacity = Capacity::for_legs(settings.legs_per_thread);
            let flows = u32::try_from(capacity.flows).unwrap_or(u32::MAX);
            let thread = ThreadSettings {
                capacity,
                orders: (settings.legs_per_thread * 2).min(ORDERS),
                sweeps: settings.sweeps,
                priority: settings.priority,
                clock: Clock::read,
                ntp_at_zero: clock.ntp_at_zero(),
            };
            let name = format!("media {number}");
            let net = RoughNet::new(MediaSockets::new(flows)?, capacity.flows, Clock::read);
            threads.push(Thread::start(&name, thread, net)?);
        }
        let person = audio::Rate::Hz16000;
        let mut voice = Self {
            settings,
            catalogue,
            ports,
            threads,
            writer: WriterThread::start(Clock::read).map_err(Error::Writer)?,
            person,
            ringer: None,
            rng,
            reloads: None,
        };
        voice.open_device()?;
        Ok(voice)
    }

    /// Lets plugins be replaced while calls run.
    #[must_use]
    pub fn reloads(mut self, rules: Reloads) -> Self {
        self.reloads = Some(rules);
        self
    }

    fn open_device(&mut self) -> Result<(), Error> {
        let Settings {
            device,
            ringer,
            filters,
            ..
        } = &self.settings;
        let (rate, given) = person_bus(device.as_ref(), filters, &self.catalogue)?;
        self.person = rate;
        let ringer = ringer
            .as_ref()
            .map(|ringer| ringer_bus(ringer, &self.catalogue));
        let (rate, ringing) = ringer.transpose()?.unzip();
        self.ringer = rate;
        if let Some(first) = self.threads.first_mut() {
            for given in [Some(given), ringing].into_iter().flatten() {
                first.order(given).map_err(|full| Error::Media(full.1))?;
            }
        }
        Ok(())
    }

    /// Says, whenever it is asked, how urgent the media threads are.
    pub(crate) fn granted(&self) -> impl Fn() -> String + 'static {
        let threads: Vec<_> = self.threads.iter().map(Thread::looker).collect();
        move || {
            let mut all: Vec<_> = threads.iter().map(|one| one.granted()).collect();
            all.dedup();
            let words: Vec<_> = all.into_iter().map(Granted::word).collect();
            words.join(", ")
        }
    }

    /// Every plugin that was found, and every one that was refused.
    pub(crate) fn plugins(&self) -> Plugins {
        Plugins::of(&self.catalogue)
    }

    /// Runs until the engine ends.
    pub(crate) fn run(self, wiring: Rc<Wiring>, tasks: &Tasks, tell: Tell) -> Orders {
        let wake = Rc::new(Notify::new());
        let Self {
            settings,
            catalogue,
            ports,
            threads,
            writer,
            person,
            ringer,
            rng,
            reloads,
        } = self;
        let pace = Pace {
            silent_after_ms: settings.silent_after_ms,
            counts_every_ms: settings.counts_every_ms,
            longest_delay_ms: settings.longest_delay_ms,
        };
        let host = Host::new(ports, settings.dscp, threads, wiring, writer);
        let legs = Legs::new(host, catalogue, pace, person, rng)
            .with_keys(settings.keys)
            .with_device(settings.device)
            .with_ringer(ringer.zip(settings.ringer))
            .with_filters(settings.filters)
            .with_reloads(reloads);
        let legs = Rc::new(RefCell::new(legs));
        tasks.spawn(fetch(Rc::clone(&legs), Rc::clone(&wake), tell));
        Orders { legs, wake }
    }
}

/// The person's device, and the order that makes the bus around it and its filters, which mixes at its rate.
pub fn person_bus<S>(
    device: Option<&(String, AudioRequest)>,
    filters: &Filters,
    catalogue: &Catalogue,
) -> Result<(audio::Rate, Given<S>), Error> {
    let device = match device {
        Some((plugin, request)) => Some(catalogue.audio(plugin)?.open(request)?),
        None => None,
    };
    let hertz = device.as_ref().map_or(16_000, |device| device.rate().0);
    let rate = audio::Rate::from_hertz(hertz).ok_or(Error::Rate(hertz))?;
    let plan = BusPlan { bus: PERSON, rate };
    let of = |side| filters.open(side, rate, catalogue);
    let bus = BusKit::new(&plan, device)?.with_filters(of(Side::Microphone)?, of(Side::Speaker)?);
    let kit = Kit::Bus(Box::new(bus));
    let order = Order::AddBus { bus: PERSON };
    Ok((rate, Given { order, kit }))
}

/// The device on which the phone rings, and the order that makes the bus around it.
pub fn ringer_bus<S>(
    (plugin, request): &(String, AudioRequest),
    catalogue: &Catalogue,
) -> Result<(audio::Rate, Given<S>), Error> {
    let device = catalogue.audio(plugin)?.open(request)?;
    let hertz = device.rate().0;
    let rate = audio::Rate::from_hertz(hertz).ok_or(Error::Rate(hertz))?;
    let bus = BusKit::new(&BusPlan { bus: RINGER, rate }, Some(device))?;
    let kit = Kit::Bus(Box::new(bus));
    let order = Order::AddBus { bus: RINGER };
    Ok((rate, Given { order, kit }))
}

/// Where orders for the media threads go.
pub(crate) struct Orders {
    legs: Rc<RefCell<Legs<Host>>>,
    wake: Rc<Notify>,
}

impl Orders {
    /// Carries out `plugin.reload`, one after the other: a thread of its own looks at the file and starts it, and
    /// control goes on meanwhile.
    pub(crate) fn reloader(&self) -> impl Fn(&PluginReload) -> Later + 'static {
        let (legs, wake) = (Rc::clone(&self.legs), Rc::clone(&self.wake));
        let turns = Rc::new(Semaphore::new(1));
        let waiting = Rc::new(Semaphore::new(RELOADS));
        move |asked: &PluginReload| -> Later {
            let (legs, wake) = (Rc::clone(&legs), Rc::clone(&wake));
            let (turns, waiting) = (Rc::clone(&turns), Rc::clone(&waiting));
            let asked = asked.clone();
            Box::pin(async move {
                let busy = |_| {
                    let why = format!("{RELOADS} replacements of plugins are waited for already");
                    ErrorObject::new(Code::ENGINE_BUSY, why)
                };
                let _place = waiting.try_acquire().map_err(busy)?;
                // Never closed.
                let _turn = turns.acquire().await;
                let (generation, calls) = reload(&legs, &asked).await?;
                wake.notify_one();
                let reloaded = PluginReloaded {
                    plugin: asked.plugin.to_string(),
                    generation,
                    calls: calls as u64,
                };
                Ok(Reply::PluginReloaded { reloaded })
            })
        }
    }

    pub(crate) fn carry_out(&self, order: Do) {
        self.legs.borrow_mut().carry_out(order);
        self.wake.notify_one();
    }
}

async fn reload(
    legs: &RefCell<Legs<Host>>,
    PluginReload { plugin, file, live }: &PluginReload,
) -> Result<(u32, usize), ErrorObject> {
    let file = file.as_deref().map(Path::new);
    let wanted = (legs.borrow_mut()).begin_reload(plugin.as_str(), file, *live);
    let wanted = wanted.map_err(shown::refusal)?;
    let found = worker::run("plugin-look", move || wanted.look()).await?;
    let opening = legs.borrow_mut().take_over(found);
    let opening = opening.map_err(shown::refusal)?;
    while opening.is_pending() {
        tokio::time::sleep(PENDING).await;
    }
    let done = legs.borrow_mut().finish_reload(opening);
    done.map_err(shown::refusal)
}

/// Takes what is to be told of plugins.
pub(crate) type Tell = Box<dyn Fn(Shown)>;

/// Fetches reports while legs are open, and sleeps while there are none.
async fn fetch(legs: Rc<RefCell<Legs<Host>>>, wake: Rc<Notify>, tell: Tell) {
    loop {
        let idle = {
            let mut legs = legs.borrow_mut();
            legs.fetch();
            let news = legs.news();
            if !news.is_empty() {
                tell(shown::told(news, &legs.catalogue));
            }
            legs.is_idle()
        };
        match idle {
            true => wake.notified().await,
            false => tokio::time::sleep(FETCH).await,
        }
    }
}
