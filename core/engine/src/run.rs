//! From a host's list to a running engine, and back down again.

use crate::clock::Clock;
use crate::coded::{self, Awaited, Verdicts};
use crate::commands::{Commands, Outcome, Reload};
use crate::error::Error;
use crate::faces::{Face, Faces};
use crate::hub::{Hub, Identity};
use crate::kept;
use crate::listener::Listener;
use crate::memory;
use crate::network::{Listen, Network};
use crate::plugins::{self, Plugins};
use crate::runner::{MAILBOX, Runner};
use crate::socket::ControlSocket;
use crate::supervise::Supervised;
use crate::tasks::Tasks;
use crate::voice::reload::Reloads;
use crate::voice::{Shown, Voice};
use crate::wiring::Wiring;
use actix::Actor;
use base::Duration;
use control::command::Command;
use control::event::Filter;
use control::snapshot::{AccountState, EngineState};
use control::{CommandId, IdempotencyKey};
use net::dns::Resolver;
use net::{Dscp, tcp::TcpSettings};
use ports::store::Sayings;
use ports::{Account, Address, Handles, Part, Post, events};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::sync::Notify;

/// How long an engine that stops waits for its calls and bindings to end. Unit: time.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the last words may take from part to part to the sockets. Unit: time.
const LAST_WORDS: Duration = Duration::from_millis(10);
/// Parts that no engine can do without.
const NEEDED: [Address; 2] = [Address::Link, Address::Dialogs];

/// What a host names: parts, sockets, voice, accounts.
pub struct Builder {
    identity: Identity,
    listen: Vec<Listen>,
    dscp: Dscp,
    tcp: TcpSettings,
    resolver: Resolver,
    control: Option<PathBuf>,
    mailbox: usize,
    parts: Vec<Supervised>,
    voice: Option<Voice>,
    accounts: Vec<Account>,
    handles: Handles,
    plugins: Plugins,
    store: Option<store::Settings>,
    sources: kept::Sources,
    faces: Vec<Face>,
}

impl Builder {
    /// An engine without parts. `handles` is shared with the parts that start calls.
    pub fn new(identity: Identity, resolver: Resolver, handles: Handles) -> Self {
        Self {
            identity,
            listen: Vec::new(),
            dscp: Dscp::AF31,
            tcp: TcpSettings::default(),
            resolver,
            control: None,
            mailbox: MAILBOX,
            parts: Vec::new(),
            voice: None,
            accounts: Vec::new(),
            handles,
            plugins: Plugins::default(),
            store: None,
            sources: kept::Sources::default(),
            faces: Vec::new(),
        }
    }

    /// Listens there too.
    #[must_use]
    pub fn listen(mut self, listen: Listen) -> Self {
        self.listen.push(listen);
        self
    }

    /// Asks this one for names, instead of the one it was made with.
    #[must_use]
    pub fn resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = resolver;
        self
    }

    /// Marks signalling with this (M-027).
    #[must_use]
    pub fn dscp(mut self, dscp: Dscp) -> Self {
        self.dscp = dscp;
        self
    }

    /// Limits of connections.
    #[must_use]
    pub fn tcp(mut self, tcp: TcpSettings) -> Self {
        self.tcp = tcp;
        self
    }

    /// Serves the control socket at `path`.
    #[must_use]
    pub fn control(mut self, path: PathBuf) -> Self {
        self.control = Some(path);
        self
    }

    /// Bound of every part's mailbox; the default is what rulings say.
    #[must_use]
    pub fn mailbox(mut self, words: usize) -> Self {
        self.mailbox = words;
        self
    }

    /// Runs what `factory` makes as the part `address`, and makes it anew after a panic.
    #[must_use]
    pub fn part<P: Part>(mut self, address: Address, factory: impl FnMut() -> P + 'static) -> Self {
        self.parts.push(Supervised::new(address, factory));
        self
    }

    /// Media threads and what they play with.
    #[must_use]
    pub fn voice(mut self, voice: Voice) -> Self {
        self.plugins = voice.plugins();
        self.voice = Some(voice);
        self
    }

    /// Lets plugins be replaced while calls run. Of an engine with voice; say that first.
    #[must_use]
    pub fn reloads(mut self, rules: Reloads) -> Self {
        self.voice = self.voice.map(|voice| voice.reloads(rules));
        self
    }

    /// Keeps history and contacts there.
    #[must_use]
    pub fn store(mut self, settings: store::Settings) -> Self {
        self.store = Some(settings);
        self
    }

    /// Asks this directory too, where history and contacts are kept.
    #[must_use]
    pub fn directory(mut self, source: directory::Source) -> Self {
        self.sources.directories.push(source);
        self
    }

    /// Keeps what this account's person has on each of their phones at this server too, where favourites are kept.
    #[must_use]
    pub fn place(mut self, source: xcap::Source) -> Self {
        self.sources.places.push(source);
        self
    }

    /// Opens this face once the engine runs.
    #[must_use]
    pub fn face(mut self, face: Face) -> Self {
        self.faces.push(face);
        self
    }

    /// Acts for this account from the start.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    fn check(&self) -> Result<(), Error> {
        let missing: Vec<String> = NEEDED
            .iter()
            .filter(|needed| !self.parts.iter().any(|part| part.address() == **needed))
            .map(|needed| format!("{needed:?}").to_lowercase())
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Error::MissingParts(missing.join(", "))),
        }
    }

    /// Starts everything. Must be called within an actix system.
    pub async fn start(self) -> Result<Rc<Core>, Error> {
        self.check()?;
        let control = bound(self.control.as_deref()).await?;
        let (wiring, tasks) = (Rc::new(Wiring::default()), Rc::new(Tasks::default()));
        let clock = Clock::start();
        let network = Network::open(
            &self.listen,
            self.dscp,
            self.tcp,
            self.resolver,
            (Rc::clone(&wiring), Rc::clone(&tasks)),
        )?;
        let listening = network.listening();
        let hub = Rc::new(RefCell::new(Hub::new(self.identity)));
        hub.borrow_mut()
            .introduce(shown(&listening), self.plugins.snapshots().to_vec());
        let plugins = Rc::new(RefCell::new(self.plugins));
        let shown = (&hub, &plugins, clock);
        let reload = self
            .voice
            .map(|voice| connect_voice(&wiring, voice, &tasks, shown));
        let mut store = kept::connect(self.store, self.sources, &wiring, &tasks)?;
        let ahead = kept::when_registered(store.as_ref());
        let (awaited, verdicts) = connect_outside(&wiring, &network, (&hub, ahead), clock);
        run_parts(self.parts, self.mailbox, &wiring, clock);
        // Nothing is heard before it is known who does not want to be disturbed.
        let (said, more) = kept::said_before(store.as_mut()).await;
        network.announce();
        network.run();
        tasks.spawn(memory::give_back_after_peaks(Rc::clone(&network)));
        hub.borrow_mut()
            .engine(EngineState::Running, None, clock.now());
        tasks.spawn(plugins::tend(Rc::clone(&plugins), Rc::clone(&hub), clock));
        let mut commands = commands(&wiring, (self.handles, awaited), said, self.accounts);
        (commands.plugins, commands.reload) = (plugins, reload);
        if let Some(kept) = &store {
            commands.book = Rc::clone(&kept.book);
            commands.wishes = Rc::clone(&kept.wishes);
        }
        let commands = RefCell::new(commands);
        let core = Rc::new(Core {
            hub,
            commands,
            store: RefCell::new(store),
            clock,
            listening,
            network: RefCell::new(Some(network)),
            wiring: Rc::clone(&wiring),
            tasks,
            faces: RefCell::default(),
            told_to_stop: Notify::new(),
        });
        tell_restarts(&core, &wiring);
        kept::hear_later(&core, more);
        coded::tell(&core, verdicts);
        if let Some(control) = control {
            core.tasks.spawn(control.serve(Rc::clone(&core)));
        }
        *core.faces.borrow_mut() = Faces::open(self.faces, &core);
        Ok(core)
    }
}

/// Every part at its mailbox.
fn run_parts(parts: Vec<Supervised>, mailbox: usize, wiring: &Rc<Wiring>, clock: Clock) {
    for part in parts {
        let address = part.address();
        let runner = Runner::new(part, mailbox, Rc::clone(wiring), clock);
        wiring.connect(address, runner.start());
    }
}

/// Where the engine listens, as its snapshot says it.
fn shown(listening: &[Listen]) -> Vec<String> {
    let shown = |l: &Listen| format!("{} {}", l.transport, l.address);
    listening.iter().map(shown).collect()
}

/// A part that was made anew is told.
fn tell_restarts(core: &Rc<Core>, wiring: &Wiring) {
    let again = Rc::downgrade(core);
    wiring.when_restarted(Box::new(move |who| {
        if let Some(core) = again.upgrade() {
            core.restarted(who);
        }
    }));
}

/// The control socket, where one is wanted.
async fn bound(path: Option<&Path>) -> Result<Option<ControlSocket>, Error> {
    match path {
        Some(path) => ControlSocket::bind(path).await.map(Some),
        None => Ok(None),
    }
}

fn commands(
    wiring: &Rc<Wiring>,
    (handles, awaited): (Handles, Awaited),
    said: Option<Vec<Sayings>>,
    accounts: Vec<Account>,
) -> Commands {
    let line = Rc::clone(wiring);
    let mut commands = Commands::new(Box::new(move |post| line.carry(post)), handles);
    commands.await_codes(awaited);
    if let Some(said) = said {
        commands.said_before(said);
    }
    for account in accounts {
        // Mailboxes are empty: nothing is refused now.
        let _ = commands.add_account(account);
    }
    commands
}

/// What becomes of a call by which a server is switched is heard on the way to the hub.
fn connect_outside(
    wiring: &Rc<Wiring>,
    network: &Rc<Network>,
    (hub, ahead): (&Rc<RefCell<Hub>>, impl Fn(&events::Word) + 'static),
    clock: Clock,
) -> (Awaited, Verdicts) {
    let (coded, verdicts) = coded::watch();
    let awaited = Rc::clone(&coded.awaited);
    let sockets = Rc::clone(network);
    let to_network = Box::new(move |post: Post| {
        sockets.carry_out(post.try_into()?);
        Ok(())
    });
    wiring.connect_outside(Address::Network, to_network);
    let hub = Rc::clone(hub);
    let to_hub = Box::new(move |post: Post| {
        let word = post.try_into()?;
        ahead(&word);
        coded.hear(&word);
        hub.borrow_mut().take(word, clock.now());
        Ok(())
    });
    wiring.connect_outside(Address::Events, to_hub);
    (awaited, verdicts)
}

fn connect_voice(
    wiring: &Rc<Wiring>,
    voice: Voice,
    tasks: &Tasks,
    (hub, plugins, clock): (&Rc<RefCell<Hub>>, &Rc<RefCell<Plugins>>, Clock),
) -> Reload {
    let granted = Box::new(voice.granted());
    hub.borrow_mut().show_media_priority(granted);
    let (hub, plugins) = (Rc::clone(hub), Rc::clone(plugins));
    let tell = Box::new(move |shown: Shown| {
        plugins.borrow_mut().became(shown.plugins, shown.watches);
        plugins::show(&plugins, &hub, shown.events, clock.now());
    });
    let orders = voice.run(Rc::clone(wiring), tasks, tell);
    let reload = Box::new(orders.reloader());
    let to_voice = Box::new(move |post: Post| {
        orders.carry_out(post.try_into()?);
        Ok(())
    });
    wiring.connect_outside(Address::Voice, to_voice);
    reload
}

/// A running engine, as its host and its control socket hold it.
pub struct Core {
    pub(crate) hub: Rc<RefCell<Hub>>,
    pub(crate) commands: RefCell<Commands>,
    /// Until the engine has stopped.
    pub(crate) store: RefCell<Option<kept::Kept>>,
    pub(crate) clock: Clock,
    listening: Vec<Listen>,
    /// Until the engine has stopped.
    network: RefCell<Option<Rc<Network>>>,
    pub(crate) wiring: Rc<Wiring>,
    pub(crate) tasks: Rc<Tasks>,
    faces: RefCell<Faces>,
    told_to_stop: Notify,
}

impl Core {
    /// Where each socket really listens.
    pub fn listening(&self) -> &[Listen] {
        &self.listening
    }

    /// Carries out a command; its outcome comes as events that carry the same id.
    pub fn command(&self, command: Command, key: Option<IdempotencyKey>) -> (CommandId, Outcome) {
        let hub = self.hub.borrow();
        let outcome = self
            .commands
            .borrow_mut()
            .take(command, key, &hub, self.clock.now());
        if self.is_stopping() {
            self.told_to_stop.notify_waiters();
        }
        outcome
    }

    /// Events from now on.
    pub fn events(&self, filter: Filter) -> Rc<Listener> {
        let listener = Listener::new(filter);
        self.hub.borrow_mut().listen(&listener, None);
        listener
    }

    /// Whether `shutdown` was asked for.
    pub fn is_stopping(&self) -> bool {
        self.commands.borrow().stopping
    }

    /// Returns once `shutdown` was asked for.
    pub async fn stopped(&self) {
        while !self.is_stopping() {
            self.told_to_stop.notified().await;
        }
    }

    /// Ends calls, removes bindings, and waits for both for a bounded time; then ends every part, task and
    /// media thread, and closes every socket. `reason` is told unless `shutdown` gave one.
    ///
    /// Bound: 3 s, of which 2 are for calls and bindings.
    pub async fn stop(&self, reason: &str) {
        let now = self.clock.now();
        let told = self.commands.borrow().reason.clone();
        let reason = told.unwrap_or_else(|| reason.to_owned());
        self.hub
            .borrow_mut()
            .engine(EngineState::Stopping, Some(reason), now);
        let shutdown = Command::Shutdown(control::command::Shutdown { reason: None });
        let _ = self.command(shutdown, None);
        let until = now + GOODBYE;
        while self.clock.now() < until && self.is_busy() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // What was queued last is still on its way to the sockets.
        tokio::time::sleep(LAST_WORDS).await;
        self.wiring.end().await;
        self.tasks.end().await;
        let faces = self.faces.take();
        faces.end().await;
        self.network.take();
        // What waits is written first, if the disk lets it.
        self.store.take();
        // It holds the media threads.
        self.commands.borrow_mut().reload = None;
    }

    fn is_busy(&self) -> bool {
        let hub = self.hub.borrow();
        let bound = |state| match state {
            AccountState::Registered | AccountState::Registering | AccountState::Unregistering => {
                true
            }
            AccountState::Unregistered | AccountState::Failed | AccountState::Unknown => false,
        };
        !hub.calls().is_empty() || hub.accounts().values().any(|account| bound(account.state))
    }

    /// A part was made anew: it is told again what only others know.
    fn restarted(&self, who: Address) {
        match who {
            Address::Link => {
                self.network.borrow().iter().for_each(|all| all.announce());
                self.commands.borrow().repeat_sources();
            }
            Address::Registrar
            | Address::Dialogs
            | Address::History
            | Address::Blf
            | Address::Messages
            | Address::Presence => {
                self.commands.borrow().repeat_accounts();
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
}
