//! From settings to a running PBX.

use crate::bindings::{Bindings, Lifetimes};
use crate::door::Door;
use crate::error::Error;
use crate::extensions::Extensions;
use crate::gate::Gate;
use crate::mailboxes::Mailboxes;
use crate::notifiers::Notifiers;
use crate::operator;
use crate::registrar::{Directory, PbxRegistrar, Shared};
use crate::sounds::Sounds;
use crate::users::Users;
use base::{Duration, Redacted, Rng};
use control::Timestamp;
use core::net::{IpAddr, SocketAddr};
use engine::voice::{Settings as VoiceSettings, Voice, capabilities};
use engine::{Builder, Clock, Core, Identity, Listen};
use net::dns::{Resolver, Table};
use part_dialogs::Dialogs;
use part_link::Link;
use part_media::Media;
use part_messages::Messages;
use part_transfer::Transfers;
use plugin_host::Catalogue;
use ports::blf::Watches;
use ports::media::Sound;
use ports::{Account, Address, Handles, KeepAliveRule};
use sdp::{Capability, Preference};
use sip::Transport;
use sip::auth::Asker;
use sip::auth::digest::Algorithm;
use sip_message::Method;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Plugins that extensions play with.
const PLAYERS: [&str; 2] = ["audio-file", "audio-tone"];
/// Calls at once. Past it a caller is told that there is no media.
const CALLS: usize = 32;
/// How often a port is drawn before giving up.
const DRAWS: usize = 16;

/// What a PBX is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen, by UDP and TCP; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Who may register and call.
    pub users: Users,
    /// The realm of its challenges.
    pub realm: String,
    /// Digest algorithms it asks for, one challenge each in this order.
    ///
    /// RFC 8760 §2.3 wants the best first. The usual order is MD5 first all the same: phones that look
    /// at the first challenge only, and know MD5 only, are what a demo meets; others take the best.
    pub algorithms: Vec<Algorithm>,
    /// How long bindings may last.
    pub lifetimes: Lifetimes,
    /// Ports for RTP and RTCP, first and last.
    pub media_ports: (u16, u16),
    /// Folder for the sounds it makes.
    pub folder: PathBuf,
    /// Whence tags, branches and nonces. Must be fresh for each run but in tests.
    pub seed: [u8; 32],
}

impl Settings {
    /// A PBX on a free port of this computer alone, for `users`, with its sounds in `folder`.
    pub fn new(users: Users, folder: PathBuf, seed: [u8; 32]) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            users,
            realm: "demo".to_owned(),
            algorithms: vec![Algorithm::MD5, Algorithm::SHA_256],
            lifetimes: Lifetimes::default(),
            media_ports: (41_000, 41_999),
            folder,
            seed,
        }
    }
}

/// A running PBX. It runs until it is stopped; dropping it stops nothing.
pub struct Pbx {
    core: Rc<Core>,
    directory: Shared,
    address: SocketAddr,
    operator: tokio::task::JoinHandle<()>,
}

impl Pbx {
    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The engine below it, for events, calls and ladders.
    pub fn core(&self) -> &Rc<Core> {
        &self.core
    }

    /// Contacts of `user`, as they stand now.
    pub fn contacts(&self, user: &str) -> Vec<String> {
        let directory = self.directory.borrow();
        let bindings = directory.bindings.of(user, Clock::read());
        bindings.map(|b| b.contact.to_string()).collect()
    }

    /// Ends its calls and stops.
    pub async fn stop(&self) {
        self.operator.abort();
        self.core.stop("the demo PBX stops").await;
        self.directory.borrow_mut().mail.clear();
    }
}

/// Starts a PBX. Must be called within an actix system, where other engines may run beside it.
///
/// The host names the plugins: a codec at least, `audio-file` and `audio-tone`.
pub async fn start(settings: Settings, catalogue: Catalogue) -> Result<Pbx, Error> {
    for player in PLAYERS {
        if catalogue.audio(player).is_err() {
            return Err(Error::PluginMissing(player.to_owned()));
        }
    }
    let formats = capabilities(&catalogue, &[]);
    if formats.is_empty() {
        return Err(Error::PluginMissing("of a codec".to_owned()));
    }
    let sounds = Sounds::write(&settings.folder)?;
    let address = choose(settings.listen)?;
    let mut rng = Rng::from_seed(settings.seed);
    let voice = VoiceSettings {
        legs_per_thread: CALLS,
        ports: settings.media_ports,
        ..VoiceSettings::default()
    };
    let voice = Voice::start(voice, catalogue, rng.split())?;
    let bindings = Bindings::new(settings.lifetimes);
    let users = settings.users.clone();
    let mail = Mailboxes::new(settings.folder.clone());
    let directory = Rc::new(RefCell::new(Directory {
        users,
        bindings,
        mail,
    }));
    let parts = Parts {
        settings,
        directory: Rc::clone(&directory),
        formats,
        sounds,
        rng,
    };
    let core = parts.builder(address).voice(voice).start().await?;
    let operator = operator::work(Rc::clone(&core), address);
    Ok(Pbx {
        core,
        directory,
        address,
        operator: tokio::task::spawn_local(operator),
    })
}

/// What the parts are made from, also after a panic.
struct Parts {
    settings: Settings,
    directory: Shared,
    formats: Vec<Capability>,
    sounds: Sounds,
    rng: Rng,
}

impl Parts {
    fn builder(mut self, address: SocketAddr) -> Builder {
        let clock = Clock::start();
        let epoch = Timestamp::from_unix_ms(clock.epoch_ms());
        let identity = Identity {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profile: "demo-pbx".to_owned(),
            epoch,
            remember: true,
        };
        let handles = Handles::from(1_024);
        // It resolves no names: whoever calls is answered where the call came from.
        let mut builder =
            Builder::new(identity, Resolver::Table(Table::default()), handles.clone());
        for transport in [Transport::Udp, Transport::Tcp] {
            builder = builder.listen(Listen { transport, address });
        }
        let (mut link_rng, mut dialogs_rng) = (self.rng.split(), self.rng.split());
        let (mut door_rng, mut desk_rng) = (self.rng.split(), self.rng.split());
        let (mut letters_rng, mut watch_rng) = (self.rng.split(), self.rng.split());
        let link = link_settings();
        let dialogs = dialogs_settings(epoch, self.formats.clone());
        let transferred = handles.clone();
        let media = media_settings(self.formats);
        let settings = Rc::new(self.settings);
        let (desk, door) = (Rc::clone(&self.directory), Rc::clone(&self.directory));
        let (seen, watched) = (self.directory, Rc::clone(&settings));
        let asked = Rc::clone(&settings);
        builder
            .account(own(address))
            .part(Address::Transfer, move || {
                // Whoever answers here goes where a phone sends them.
                Transfers::new(part_transfer::Settings::default(), transferred.clone())
            })
            .part(Address::Messages, move || {
                Messages::new(epoch, letters_rng.split())
            })
            .part(Address::Presence, move || {
                let gate = gate(&watched, Asker::Proxy, &mut watch_rng);
                let mut door = Door::new(Rc::clone(&seen), gate);
                door.knows_itself_at(address);
                Notifiers::new(Rc::clone(&seen), door, watch_rng.split())
            })
            .part(Address::Link, move || {
                Link::new(link.clone(), link_rng.split())
            })
            .part(Address::Media, move || Media::new(media.clone()))
            .part(Address::Registrar, move || {
                let gate = gate(&asked, Asker::Server, &mut desk_rng);
                PbxRegistrar::new(Rc::clone(&desk), gate, desk_rng.split())
            })
            .part(Address::Dialogs, move || {
                let gate = gate(&settings, Asker::Proxy, &mut door_rng);
                let sounds = self.sounds.clone();
                let mut entry = Door::new(Rc::clone(&door), gate);
                entry.knows_itself_at(address);
                let answering = Extensions::new(Rc::clone(&door), entry, sounds, Clock::read);
                let rng = dialogs_rng.split();
                Dialogs::new(dialogs.clone(), Box::new(answering), handles.clone(), rng)
            })
    }
}

/// From whom extensions call each other, when they are handed on: through the PBX itself.
fn own(address: SocketAddr) -> Account {
    let uri = |text: String| text.parse().expect("an address makes a URI");
    Account {
        name: "pbx".to_owned(),
        aor: uri(format!("sip:{}", address)),
        display_name: "Demo PBX".to_owned(),
        auth_user: String::new(),
        password: Redacted::default(),
        registrar: None,
        outbound_proxy: Some(uri(format!("sip:{address};lr"))),
        standby: None,
        transport: Transport::Udp,
        expires: Duration::ZERO,
        keep_alive: KeepAliveRule::None,
        takes_unknown: true,
        // Within its calls: what it is sent is refused.
        allow_message: true,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        is_default: true,
        watches: Watches::default(),
        policy: Arc::default(),
    }
}

fn gate(settings: &Settings, asker: Asker, rng: &mut Rng) -> Gate {
    Gate::new(&settings.realm, asker, &settings.algorithms, rng)
}

fn link_settings() -> part_link::Settings {
    let mut endpoint = sip::endpoint::Settings::new(sip::endpoint::Limits::DESKTOP);
    endpoint.capabilities.methods = vec![
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Prack,
        Method::Update,
        Method::Info,
        Method::Register,
        Method::Refer,
        Method::Notify,
        Method::Subscribe,
    ];
    let extensions = ["100rel", "timer", "replaces"];
    endpoint.capabilities.extensions = extensions.map(str::to_owned).to_vec();
    part_link::Settings {
        endpoint,
        message: sip_message::Limits::DEFAULT,
        offers: sip::owner::Offers {
            bindings: true,
            watched: true,
        },
        trace: true,
    }
}

fn media_settings(formats: Vec<Capability>) -> part_media::Settings {
    part_media::Settings {
        codecs: formats.into_iter().map(Into::into).collect(),
        accounts: Default::default(),
        telephone_event: true,
        narrow_events: true,
        ptime_ms: None,
        max_ptime_ms: None,
        held: part_media::Held::default(),
        tones: part_media::Tones::default(),
        legs: CALLS,
    }
}

fn dialogs_settings(epoch: Timestamp, formats: Vec<Capability>) -> part_dialogs::Settings {
    part_dialogs::Settings {
        sessions: sip::dialogs::Config::default(),
        epoch,
        preference: Preference::Offerer,
        // Its calls are brought together with others; nobody is at its own desk.
        sound: Sound::Person,
        ring_for: None,
        one_active: false,
        formats,
        history: false,
        transfer: true,
        messages: true,
        presence: true,
        local_offset_min: engine::Clock::local_offset_min,
    }
}

/// An address whose port is free for UDP and TCP, where the system is to choose.
fn choose(listen: SocketAddr) -> Result<SocketAddr, Error> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    let free = |ip: IpAddr| {
        let tcp = std::net::TcpListener::bind((ip, 0)).ok()?;
        let address = tcp.local_addr().ok()?;
        std::net::UdpSocket::bind(address)
            .is_ok()
            .then_some(address)
    };
    let found = (0..DRAWS).find_map(|_| free(listen.ip()));
    found.ok_or(Error::NoPort(listen.ip()))
}
