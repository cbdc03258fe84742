//! Settings to a phone: the parts of one, set up and ready to start.
//!
//! What it is not: it names no plugin; a host says which are linked in. A host without one of these parts
//! lists its own with `engine::Builder` instead.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = settings::load(&settings::Request::of_profile("headless"))?;
//! let host = offhook_phone::Host {
//!     name: "my phone",
//!     version: "1.0",
//!     state: Some("my-phone"),
//!     built_in: &[],
//!     files: offhook_phone::Files::In(&[]),
//!     prober: None,
//! };
//! let catalogue = offhook_phone::catalogue(&host, &loaded.settings);
//! let builder = offhook_phone::build(&loaded.settings, catalogue)?;
//! # let _ = builder; Ok(())
//! # }
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | [`build`] | the phone |
//! | `accounts` | accounts from the settings, passwords read |
//! | `answering` | what `incoming.accept` means |
//! | `codecs` | codecs with what accounts set of them |
//! | `directories` | where people are looked up |
//! | `devices` | the person's device and the one that rings, as their plugins want to be asked |
//! | `faces` | faces that are opened with the engine |
//! | `history` | where history and contacts are kept |
//! | `recordings` | where recordings go |
//! | `tones` | tones of calls |
//! | `xcap` | servers that keep profiles |
//! | `sounds` | sound files of tones |
//! | [`plugins`] | the plugins of a host, found and guarded as the settings say |
//! | [`libraries`] | which library files become plugins, and what the settings tell plugins |
//! | [`error`] | what can be wrong, with code, cause and fix |

mod accounts;
mod answering;
mod codecs;
mod devices;
mod directories;
pub mod error;
mod faces;
mod history;
pub mod libraries;
pub mod plugins;
mod recordings;
mod sounds;
mod tones;
mod xcap;

pub use answering::{Recorded, Rule};
pub use error::Error;
pub use history::{Keeping, keep_history, keeping};
pub use libraries::{
    Unwanted, add_libraries, codec_names, gate, library_trust, list_libraries, make_do, named,
    only_bundled, options, reloads, state_folder,
};
pub use plugins::{Files, Host, catalogue, guarded};
pub use recordings::recordings_folder;

use base::Rng;
use control::Timestamp;
use engine::voice::{self, Voice};
use engine::{Builder, Clock, Identity, Listen};
use net::dns::{Resolver, ResolverSettings};
use net::{Dscp, tcp::TcpSettings};
use part_blf::Blf;
use part_dialogs::{Dialogs, answering::Answering};
use part_link::Link;
use part_media::Media;
use part_messages::Messages;
use part_presence::Presences;
use part_recorder::Recorder;
use part_registrar::Registrar;
use part_transfer::Transfers;
use plugin_host::Catalogue;
use ports::media::Sound;
use ports::{Address, Handles};
use settings::{
    CallsFull, CodecOrder, DtmfListen, HoldSends, MediaPriority, Settings, Transferred, Transport,
};
use sip::transfer::transferee::Policy;
use sip_message::{Capabilities, Method};
use sounds::Folders;

/// First call handle, drawn anew for each run so that logs of two runs are not mixed up.
/// Range: three digits.
const FIRST_HANDLES: u64 = 32 * 32 * 32;
/// Legs that one media thread is made for where calls come by the thousand.
const LEGS_PER_THREAD: usize = 4_000;

/// A phone from `settings` with the plugins of `catalogue`, and `incoming.accept` as its rule. It keeps no history, and
/// a host that builds no other holds none of its code.
pub fn build(settings: &Settings, catalogue: Catalogue) -> Result<Builder, Error> {
    by_rule(settings, catalogue, None)
}

/// The same, and a record of every call is kept where the settings say so.
pub fn build_keeping(settings: &Settings, catalogue: Catalogue) -> Result<Builder, Error> {
    by_rule(settings, catalogue, Some(keeping))
}

fn by_rule(
    settings: &Settings,
    catalogue: Catalogue,
    keeping: Option<Keeping>,
) -> Result<Builder, Error> {
    let rule = settings.incoming.clone();
    Rule::check(&rule, &catalogue)?;
    let recorded = Recorded::default();
    let answering =
        move || -> Box<dyn Answering> { Box::new(Rule::new(rule.clone(), recorded.clone())) };
    build_with(settings, catalogue, Sound::Person, answering, keeping)
}

/// The same with a rule of the host's own about calls that come in, with `sound` as what dialled calls say and hear,
/// and with history by [`keeping`] or without.
pub fn build_with(
    settings: &Settings,
    catalogue: Catalogue,
    sound: Sound,
    answering: impl Fn() -> Box<dyn Answering> + 'static,
    keeping: Option<Keeping>,
) -> Result<Builder, Error> {
    let settings = &libraries::without(settings, &catalogue);
    let complaints = libraries::complaints(&settings.plugins, &catalogue);
    if complaints.has_errors() {
        return Err(Error::Options(complaints));
    }
    for complaint in &complaints.0 {
        tracing::warn!("{complaint}");
    }
    let mut rng = Rng::from_seed(seed()?);
    let epoch = Timestamp::from_unix_ms(Clock::start().epoch_ms());
    let handles = Handles::from(rng.below(FIRST_HANDLES / 2));
    let media = media_settings(settings, &catalogue)?;
    let accounts = accounts::accounts(settings)?;
    let directories = directories::sources(settings, &accounts, &catalogue);
    let places = xcap::sources(settings, &accounts);
    let faces = faces::faces(&settings.faces, &catalogue)?;
    let voice = Voice::start(voice_settings(settings)?, catalogue, rng.split())?;
    let link = link_settings(settings);
    let formats = media.codecs.iter().map(|codec| codec.capability.clone());
    let mut dialogs = dialogs_settings(settings, formats.collect(), sound, epoch);
    let kept = history::settings(settings, keeping);
    dialogs.history = kept.is_some();
    let resolver = Resolver::new(&ResolverSettings::default())?;
    let mut builder = Builder::new(identity(settings, epoch), resolver, handles.clone())
        .dscp(dscp(settings.dscp.signalling))
        .tcp(tcp_settings(settings))
        .mailbox(settings.limits.mailbox)
        .voice(voice);
    builder = listening(builder, settings);
    builder = accounts.into_iter().fold(builder, Builder::account);
    builder = directories.into_iter().fold(builder, Builder::directory);
    builder = places.into_iter().fold(builder, Builder::place);
    builder = faces.into_iter().fold(builder, Builder::face);
    let mut seeds = rng.split();
    builder = builder.part(Address::Link, move || {
        Link::new(link.clone(), seeds.split())
    });
    builder = with_transfers(builder, settings, handles.clone());
    let mut seeds = rng.split();
    builder = builder.part(Address::Dialogs, move || {
        Dialogs::new(dialogs.clone(), answering(), handles.clone(), seeds.split())
    });
    let mut seeds = rng.split();
    builder = builder.part(Address::Registrar, move || {
        Registrar::new(epoch, seeds.split())
    });
    let mut seeds = rng.split();
    builder = builder.part(Address::Blf, move || Blf::new(epoch, seeds.split()));
    builder = with_people(builder, settings, epoch, &mut rng);
    if let Some((keeping, kept)) = kept {
        builder = keeping(builder, kept, epoch);
    }
    let recorder = recordings::settings(&settings.recording, epoch);
    builder = builder.part(Address::Recorder, move || Recorder::new(recorder.clone()));
    Ok(builder.part(Address::Media, move || Media::new(media.clone())))
}

/// Where calls and clients come in.
fn listening(mut builder: Builder, settings: &Settings) -> Builder {
    for listen in &settings.sip.listen {
        builder = builder.listen(Listen {
            transport: transport(listen.transport),
            address: listen.addr,
        });
    }
    match &settings.control_socket {
        Some(socket) => builder.control(socket.clone()),
        None => builder,
    }
}

fn transport(of: Transport) -> sip::Transport {
    match of {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
    }
}

/// Own presence and text messages, where somebody is told of them.
fn with_people(
    mut builder: Builder,
    settings: &Settings,
    epoch: Timestamp,
    rng: &mut Rng,
) -> Builder {
    if has_presence(settings) {
        let mut seeds = rng.split();
        builder = builder.part(Address::Presence, move || {
            Presences::new(epoch, seeds.split())
        });
    }
    if has_messages(settings) {
        let mut seeds = rng.split();
        builder = builder.part(Address::Messages, move || {
            Messages::new(epoch, seeds.split())
        });
    }
    builder
}

/// A monitor hands no call on.
fn with_transfers(builder: Builder, settings: &Settings, handles: Handles) -> Builder {
    if is_monitor(settings) {
        return builder;
    }
    let transfers = transfer_settings(settings);
    builder.part(Address::Transfer, move || {
        Transfers::new(transfers, handles.clone())
    })
}

fn identity(settings: &Settings, epoch: Timestamp) -> Identity {
    Identity {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: settings.profile.clone(),
        epoch,
        remember: !is_monitor(settings),
    }
}

/// Calls come by the thousand: nothing is kept of each.
fn is_monitor(settings: &Settings) -> bool {
    settings.limits.calls > 256
}

/// Some account sends and takes text messages: only then anything says so (K-015).
fn has_messages(settings: &Settings) -> bool {
    let mut accounts = settings.accounts.iter();
    accounts.any(|account| account.allow_message)
}

/// Somebody is told how its person is: watchers, or the server of an account.
fn has_presence(settings: &Settings) -> bool {
    let mut accounts = settings.accounts.iter();
    !is_monitor(settings) || accounts.any(|account| account.publish_presence)
}

fn tcp_settings(settings: &Settings) -> TcpSettings {
    TcpSettings {
        max: settings.limits.connections,
        max_per_source: settings.limits.connections_per_source,
        ..TcpSettings::default()
    }
}

/// Kinds of body that are understood.
const CONTENT_TYPES: [&str; 10] = [
    "application/sdp",
    "application/dtmf-relay",
    "application/dtmf",
    "application/dialog-info+xml",
    "application/pidf+xml",
    "application/rlmi+xml",
    "application/reginfo+xml",
    "application/conference-info+xml",
    "application/simple-message-summary",
    "message/sipfrag",
];

fn link_settings(settings: &Settings) -> part_link::Settings {
    let limits = &settings.limits;
    let mut endpoint = sip::endpoint::Settings::new(sip::endpoint::Limits {
        transactions: limits.transactions,
        early_per_source: limits
            .early_dialogs_per_source
            .and_then(|cap| cap.try_into().ok()),
    });
    endpoint.name.clone_from(&settings.sip.user_agent);
    endpoint.capabilities = Capabilities {
        methods: vec![
            Method::Invite,
            Method::Ack,
            Method::Bye,
            Method::Cancel,
            Method::Options,
            Method::Prack,
            Method::Update,
            Method::Info,
            Method::Refer,
            Method::Notify,
        ],
        extensions: ["100rel", "replaces", "timer"].map(str::to_owned).to_vec(),
        content_types: CONTENT_TYPES.map(str::to_owned).to_vec(),
    };
    if !is_monitor(settings) {
        endpoint.capabilities.methods.push(Method::Subscribe);
    }
    if has_messages(settings) {
        let capabilities = &mut endpoint.capabilities;
        capabilities.methods.push(Method::Message);
        let kinds = sip::message::ACCEPT.to_owned();
        capabilities.content_types.push(kinds);
    }
    part_link::Settings {
        endpoint,
        message: sip_message::Limits {
            datagram: limits.sip_datagram_bytes,
            head: limits.sip_head_bytes,
            body: limits.sip_body_bytes,
            headers: limits.sip_headers,
            ..sip_message::Limits::DEFAULT
        },
        offers: sip::owner::Offers {
            bindings: false,
            watched: !is_monitor(settings),
        },
        trace: !is_monitor(settings),
    }
}

fn transfer_settings(settings: &Settings) -> part_transfer::Settings {
    let policy = match settings.calls.transferred {
        Transferred::Ask => Policy::Ask,
        Transferred::Allow => Policy::Allow,
        Transferred::Refuse => Policy::Refuse,
    };
    part_transfer::Settings {
        policy,
        early_replaces: settings.calls.early_replaces,
    }
}

fn dialogs_settings(
    settings: &Settings,
    formats: Vec<sdp::Capability>,
    sound: Sound,
    epoch: Timestamp,
) -> part_dialogs::Settings {
    let limits = &settings.limits;
    let mut sessions = sip::dialogs::Config::default();
    sessions.limits.calls = limits.calls;
    sessions.limits.full = match limits.calls_full {
        CallsFull::Busy => sip::dialogs::Full::Busy,
        CallsFull::Later => sip::dialogs::Full::Later,
    };
    sessions.limits.sessions = limits.dialogs;
    sessions.limits.early_per_source = limits
        .early_dialogs_per_source
        .and_then(|cap| cap.try_into().ok());
    part_dialogs::Settings {
        sessions,
        epoch,
        preference: match settings.media.codec_order {
            CodecOrder::Theirs => sdp::Preference::Offerer,
            CodecOrder::Ours => sdp::Preference::Ours,
        },
        sound,
        ring_for: Some(settings.sip.ring_for),
        one_active: settings.calls.one_active,
        formats,
        history: false,
        transfer: !is_monitor(settings),
        messages: has_messages(settings),
        presence: has_presence(settings),
        local_offset_min: engine::Clock::local_offset_min,
    }
}

fn media_settings(
    settings: &Settings,
    catalogue: &Catalogue,
) -> Result<part_media::Settings, Error> {
    let formats = voice::capabilities(catalogue, &settings.media.codecs);
    if formats.is_empty() {
        return Err(Error::NoCodec(settings.media.codecs.join(", ")));
    }
    Ok(part_media::Settings {
        codecs: codecs::of_all(settings, &formats, catalogue)?,
        accounts: codecs::of_accounts(settings, &formats, catalogue)?,
        telephone_event: true,
        narrow_events: settings.dtmf.negotiate_only_8khz,
        ptime_ms: Some(settings.media.ptime_ms),
        max_ptime_ms: None,
        held: match settings.calls.hold_sends {
            HoldSends::Nothing => part_media::Held::Nothing,
            HoldSends::Silence => part_media::Held::Silence,
        },
        tones: tones::of(settings, &Folders::of_machine())?,
        legs: settings.limits.calls,
    })
}

fn voice_settings(settings: &Settings) -> Result<voice::Settings, Error> {
    let media = &settings.media;
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = media.threads.unwrap_or_else(all);
    let monitor = is_monitor(settings);
    Ok(voice::Settings {
        threads,
        legs_per_thread: settings.limits.calls.min(LEGS_PER_THREAD),
        priority: match media.priority {
            MediaPriority::Auto => voice::Priority::Auto,
            MediaPriority::Realtime => voice::Priority::Realtime,
            MediaPriority::High => voice::Priority::High,
            MediaPriority::Normal => voice::Priority::Normal,
        },
        ports: (media.port_min, media.port_max),
        dscp: dscp(settings.dscp.voice),
        keys: keys(&settings.dtmf),
        device: devices::person(media)?,
        ringer: devices::ringer(media),
        filters: filters(&settings.filters),
        counts_every_ms: if monitor { 10_000 } else { 1_000 },
        longest_delay_ms: u32::from(media.jitter_max_ms),
        ..voice::Settings::default()
    })
}

fn filters(filters: &settings::Filters) -> voice::Filters {
    let named = |of: &[settings::Device]| {
        let named = of.iter().map(|f| (f.plugin.clone(), f.argument.clone()));
        named.collect()
    };
    voice::Filters {
        microphone: named(&filters.microphone),
        speaker: named(&filters.speaker),
    }
}

fn keys(dtmf: &settings::Dtmf) -> voice::Keys {
    let events = serde_json::json!({
        "negotiate_only_8khz": dtmf.negotiate_only_8khz,
        "duration_in_8khz": dtmf.duration_in_8khz,
    });
    let info = serde_json::json!({ "body": dtmf.info_body });
    let options = [("rfc2833", events), ("info", info)];
    voice::Keys {
        order: dtmf.order.clone(),
        all: dtmf.all,
        options: options
            .map(|(name, json)| (name.to_owned(), json.to_string()))
            .into(),
        listen: match dtmf.listen {
            DtmfListen::Auto => voice::Listen::WithoutEvents,
            DtmfListen::Always => voice::Listen::Always,
            DtmfListen::Never => voice::Listen::Never,
        },
    }
}

fn dscp(value: u8) -> Dscp {
    Dscp::new(value).unwrap_or(Dscp::DEFAULT)
}

/// Unpredictable bytes: tags, branches and SSRCs that strangers cannot guess.
fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| Error::NoRandomness(why.to_string()))?;
    Ok(seed)
}

#[cfg(test)]
mod tests;
