//! The parts of a phone, each made anew after a panic as in a host.

use super::EPOCH;
use super::fragile::{Fragile, Probe};
use super::settings::Settings;
use base::{Duration, Rng};
use control::Timestamp;
use engine::supervise::Supervised;
use plugin_host::Catalogue;
use ports::{Address, Handles};
use sip::endpoint;
use sip::owner::Offers;
use sip_message::{Capabilities, Limits, Method};
use std::collections::BTreeMap;

/// What a phone takes.
const METHODS: [Method; 10] = [
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
];

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

/// Parts and the probes in them.
pub(super) struct Parts {
    pub(super) all: Vec<Supervised>,
    pub(super) probes: BTreeMap<Address, Probe>,
}

/// Every part that a phone has, in the order of their addresses.
pub(super) fn make(
    settings: &Settings,
    catalogue: &Catalogue,
    handles: &Handles,
    rng: &mut Rng,
) -> Parts {
    let mut addresses = vec![
        Address::Link,
        Address::Registrar,
        Address::Dialogs,
        Address::Media,
        Address::Recorder,
        Address::Transfer,
        Address::Blf,
    ];
    // As in a phone, where nobody wants them.
    let (messages, presence) = (settings.allow_message, settings.has_presence());
    addresses.extend(messages.then_some(Address::Messages));
    addresses.extend(presence.then_some(Address::Presence));
    let probes = addresses.into_iter().map(|a| (a, Probe::default()));
    let probes: BTreeMap<_, Probe> = probes.collect();
    let probe = |address| -> Probe { Probe::clone(&probes[&address]) };
    let mut all = vec![
        link(settings, rng.split(), probe(Address::Link)),
        registrar(rng.split(), probe(Address::Registrar)),
        dialogs(
            settings,
            catalogue,
            handles,
            rng.split(),
            probe(Address::Dialogs),
        ),
        media(settings, catalogue, probe(Address::Media)),
        recorder(settings, probe(Address::Recorder)),
        transfer(settings, handles, probe(Address::Transfer)),
        blf(rng.split(), probe(Address::Blf)),
    ];
    if messages {
        all.push(text_messages(rng.split(), probe(Address::Messages)));
    }
    if presence {
        all.push(own_presence(rng.split(), probe(Address::Presence)));
    }
    Parts { all, probes }
}

fn link(settings: &Settings, mut rng: Rng, probe: Probe) -> Supervised {
    let mut endpoint = endpoint::Settings::new(endpoint::Limits::DESKTOP);
    endpoint.capabilities = Capabilities {
        methods: METHODS.to_vec(),
        extensions: ["100rel", "replaces", "timer"].map(str::to_owned).to_vec(),
        content_types: CONTENT_TYPES.map(str::to_owned).to_vec(),
    };
    if settings.has_presence() {
        endpoint.capabilities.methods.push(Method::Subscribe);
    }
    if settings.allow_message {
        let capabilities = &mut endpoint.capabilities;
        capabilities.methods.push(Method::Message);
        capabilities
            .content_types
            .push(sip::message::ACCEPT.to_owned());
    }
    let settings = part_link::Settings {
        endpoint,
        message: Limits::default(),
        offers: Offers {
            bindings: false,
            watched: settings.has_presence(),
        },
        trace: false,
    };
    Supervised::new(Address::Link, move || {
        let link = part_link::Link::new(settings.clone(), rng.split());
        Fragile::new(link, probe.clone())
    })
}

fn registrar(mut rng: Rng, probe: Probe) -> Supervised {
    Supervised::new(Address::Registrar, move || {
        let epoch = Timestamp::from_unix_ms(EPOCH);
        let registrar = part_registrar::Registrar::new(epoch, rng.split());
        Fragile::new(registrar, probe.clone())
    })
}

fn blf(mut rng: Rng, probe: Probe) -> Supervised {
    Supervised::new(Address::Blf, move || {
        let epoch = Timestamp::from_unix_ms(EPOCH);
        Fragile::new(part_blf::Blf::new(epoch, rng.split()), probe.clone())
    })
}

fn own_presence(mut rng: Rng, probe: Probe) -> Supervised {
    Supervised::new(Address::Presence, move || {
        let epoch = Timestamp::from_unix_ms(EPOCH);
        let presence = part_presence::Presences::new(epoch, rng.split());
        Fragile::new(presence, probe.clone())
    })
}

fn text_messages(mut rng: Rng, probe: Probe) -> Supervised {
    Supervised::new(Address::Messages, move || {
        let epoch = Timestamp::from_unix_ms(EPOCH);
        let messages = part_messages::Messages::new(epoch, rng.split());
        Fragile::new(messages, probe.clone())
    })
}

/// What config/defaults.toml says.
const RING_FOR: Duration = Duration::from_secs(120);

fn dialogs(
    settings: &Settings,
    catalogue: &Catalogue,
    handles: &Handles,
    mut rng: Rng,
    probe: Probe,
) -> Supervised {
    let part = part_dialogs::Settings {
        sessions: settings.sessions.clone(),
        epoch: Timestamp::from_unix_ms(EPOCH),
        preference: settings.preference,
        sound: settings.sound.clone(),
        ring_for: Some(RING_FOR),
        one_active: settings.one_active,
        formats: engine::voice::capabilities(catalogue, &settings.codecs),
        history: false,
        transfer: true,
        messages: settings.allow_message,
        presence: settings.has_presence(),
        local_offset_min: |_| 0,
    };
    let (answering, handles) = (settings.answering.clone(), handles.clone());
    Supervised::new(Address::Dialogs, move || {
        let part = part.clone();
        let dialogs = part_dialogs::Dialogs::new(part, answering(), handles.clone(), rng.split());
        Fragile::new(dialogs, probe.clone())
    })
}

fn transfer(settings: &Settings, handles: &Handles, probe: Probe) -> Supervised {
    let (part, handles) = (settings.transfers, handles.clone());
    Supervised::new(Address::Transfer, move || {
        let transfers = part_transfer::Transfers::new(part, handles.clone());
        Fragile::new(transfers, probe.clone())
    })
}

fn recorder(settings: &Settings, probe: Probe) -> Supervised {
    let part = part_recorder::Settings {
        plugin: settings.recorder.clone(),
        folder: settings.recordings.clone(),
        channels: 2,
        options: String::new(),
        epoch: Timestamp::from_unix_ms(EPOCH),
    };
    Supervised::new(Address::Recorder, move || {
        Fragile::new(part_recorder::Recorder::new(part.clone()), probe.clone())
    })
}

fn media(settings: &Settings, catalogue: &Catalogue, probe: Probe) -> Supervised {
    let formats = engine::voice::capabilities(catalogue, &settings.codecs);
    let part = part_media::Settings {
        codecs: formats.into_iter().map(Into::into).collect(),
        accounts: Default::default(),
        telephone_event: settings.telephone_event,
        narrow_events: true,
        ptime_ms: None,
        max_ptime_ms: None,
        held: settings.held,
        tones: settings.tones.clone(),
        legs: 32,
    };
    Supervised::new(Address::Media, move || {
        Fragile::new(part_media::Media::new(part.clone()), probe.clone())
    })
}
