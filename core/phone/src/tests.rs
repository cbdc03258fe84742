//! Settings reach whoever acts by them.
#![allow(clippy::unwrap_used)]

use super::*;
use base::{Duration, Hertz};
use plugin_host::AudioRequest;
use ports::KeepAliveRule;
use settings::{Accept, Request};

/// Settings of the profile headless with these keys over it.
fn settings(keys: &[(&str, &str)]) -> Settings {
    let mut request = Request::of_profile("headless");
    request.environment.clear();
    request.options = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned(), "test".to_owned()))
        .collect();
    settings::load(&request).unwrap().settings
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    catalogue
}

/// A value of its own for each key.
const EVERYTHING: [(&str, &str); 29] = [
    ("limits.calls", "7"),
    ("limits.calls_full", "later"),
    ("limits.dialogs", "77"),
    ("limits.transactions", "777"),
    ("limits.early_dialogs_per_source", "3"),
    ("limits.sip_datagram_bytes", "2001"),
    ("limits.sip_head_bytes", "2002"),
    ("limits.sip_body_bytes", "2003"),
    ("limits.sip_headers", "20"),
    ("limits.connections", "11"),
    ("limits.connections_per_source", "5"),
    ("sip.ring_for_s", "33"),
    ("sip.user_agent", "tester"),
    ("media.codecs", "PCMA"),
    ("media.codec_order", "ours"),
    ("media.ptime_ms", "30"),
    ("media.port_min", "50000"),
    ("media.port_max", "50009"),
    ("media.jitter_max_ms", "150"),
    ("media.threads", "2"),
    ("dscp.voice", "10"),
    ("filters.microphone", "filter-gain"),
    ("filters.speaker", "filter-x:{}"),
    ("calls.one_active", "false"),
    ("calls.hold_sends", "silence"),
    ("calls.transferred", "ask"),
    ("calls.handed_over_ringing", "replace"),
    ("incoming.accept", "echo"),
    ("incoming.accept_after_ms", "1500"),
];

/// Every key arrives somewhere; a key that is added does not compile until it says who reads it.
#[test]
#[allow(clippy::too_many_lines)] // One line for each setting.
fn every_setting_has_a_reader() {
    let settings = settings(&EVERYTHING);
    let Settings {
        profile: _,   // `identity`
        log: _,       // the host
        recording: _, // `recordings::settings`
        tones: _,     // `tones::of`, and tests/interop
        history: _,   // `history::settings`
        filters,
        control_socket: _, // `build`
        faces: _,          // tests/faces.rs
        limits,
        sip,
        calls,
        incoming,
        accounts: _,        // the tests below
        default_account: _, // the tests below
        media,
        dtmf: _, // `dtmf_settings_reach_voice_and_media`
        dscp: marks,
        plugins: _, // `libraries`
    } = settings.clone();
    let id = |of: &[(String, String)]| of.first().map(|filter| filter.0.clone());
    let passes = voice_settings(&settings).unwrap().filters;
    assert_eq!(
        id(&passes.microphone),
        filters.microphone.first().map(|f| f.plugin.clone())
    );
    assert_eq!(passes.speaker, [("filter-x".to_owned(), "{}".to_owned())]);
    reach_link(&settings, limits);
    assert_eq!(link_settings(&settings).endpoint.name, sip.user_agent);
    let dialogs = {
        let epoch = Timestamp::from_unix_ms(0);
        dialogs_settings(&settings, Vec::new(), Sound::Person, epoch)
    };
    assert_eq!(dialogs.sessions.limits.calls, limits.calls);
    assert_eq!(dialogs.sessions.limits.full, sip::dialogs::Full::Later);
    assert_eq!(dialogs.sessions.limits.sessions, limits.dialogs);
    assert_eq!(dialogs.sessions.limits.early_per_source, Some(3));
    assert_eq!(dialogs.ring_for, Some(Duration::from_secs(33)));
    assert_eq!(dialogs.one_active, calls.one_active);
    assert_eq!(calls.hold_sends, settings::HoldSends::Silence);
    reach_transfers(&settings);
    assert_eq!(dialogs.preference, sdp::Preference::Ours);
    reach_media(&settings, &media);
    assert_eq!(voice_settings(&settings).unwrap().dscp, dscp(marks.voice));
    assert_eq!(dscp(marks.voice).value(), 10);
    let mut rule = Rule::new(incoming, answering::Recorded::default());
    let invite = sip_message::RequestBuilder::new(Method::Invite, "sip:a@b").build();
    let plan = rule.plan(&invite);
    assert_eq!(plan.sound, Sound::Echo);
    let accept = part_dialogs::answering::Step::Accept;
    let after = plan.steps.iter().find(|(_, step)| *step == accept);
    assert_eq!(
        after.map(|(after, _)| *after),
        Some(Duration::from_millis(1_500))
    );
    assert_eq!(settings.incoming.accept, Accept::Echo);
    assert_eq!(
        identity(&settings, Timestamp::from_unix_ms(0)).profile,
        "headless"
    );
}

fn reach_transfers(settings: &Settings) {
    let transfers = transfer_settings(settings);
    assert_eq!(transfers.policy, sip::transfer::transferee::Policy::Ask);
    assert!(transfers.early_replaces);
}

fn reach_link(settings: &Settings, limits: settings::Limits) {
    let settings::Limits {
        calls: _,      // `every_setting_has_a_reader`, `reach_media`
        calls_full: _, // `every_setting_has_a_reader`
        dialogs: _,    // `every_setting_has_a_reader`
        transactions,
        early_dialogs_per_source,
        sip_datagram_bytes,
        sip_head_bytes,
        sip_body_bytes,
        sip_headers,
        connections,
        connections_per_source,
        mailbox: _, // `build`
    } = limits;
    let link = link_settings(settings);
    let early = link.endpoint.limits.early_per_source;
    assert_eq!(early, early_dialogs_per_source.map(|cap| cap as u32));
    assert_eq!(link.endpoint.limits.transactions, transactions);
    let message = link.message;
    assert_eq!(
        (message.datagram, message.head),
        (sip_datagram_bytes, sip_head_bytes)
    );
    assert_eq!(
        (message.body, message.headers),
        (sip_body_bytes, sip_headers)
    );
    let tcp = tcp_settings(settings);
    assert_eq!(
        (tcp.max, tcp.max_per_source),
        (connections, connections_per_source)
    );
}

fn reach_media(settings: &Settings, media: &settings::Media) {
    let settings::Media {
        codecs,
        codec_options: _, // the tests of `codecs`
        codec_order: _,   // `every_setting_has_a_reader`
        ptime_ms,
        port_min,
        port_max,
        jitter_max_ms,
        threads,
        microphone,
        speaker: _,      // `both_ends_of_the_device_are_asked_for`
        ringer: _,       // `the_ringing_device_hears_nothing`
        keypad_tones: _, // `tones::of`, and the test of keys in tests/sim
        priority: _,     // media-thread's `thread` tests, and `status`
    } = media;
    let negotiated = media_settings(settings, &catalogue()).unwrap();
    let ours = negotiated.codecs.iter();
    let names: Vec<&str> = ours.map(|codec| codec.capability.name.as_str()).collect();
    assert_eq!(names, [codecs[0].as_str()]);
    assert_eq!(negotiated.ptime_ms, Some(*ptime_ms));
    assert_eq!(negotiated.legs, settings.limits.calls);
    let voice = voice_settings(settings).unwrap();
    assert_eq!(voice.ports, (*port_min, *port_max));
    assert_eq!(voice.longest_delay_ms, u32::from(*jitter_max_ms));
    assert_eq!(Some(voice.threads), *threads);
    assert_eq!(voice.legs_per_thread, settings.limits.calls);
    let plugin = voice.device.map(|(plugin, _)| plugin);
    assert_eq!(plugin.as_ref(), Some(&microphone.plugin));
}

/// K-066 to K-069.
#[test]
fn dtmf_settings_reach_voice_and_media() {
    let settings = settings(&[
        ("dtmf.order", "audio"),
        ("dtmf.all", "true"),
        ("dtmf.negotiate_only_8khz", "false"),
        ("dtmf.duration_in_8khz", "true"),
        ("dtmf.info_body", "dtmf"),
        ("dtmf.listen", "always"),
    ]);
    assert!(
        !media_settings(&settings, &catalogue())
            .unwrap()
            .narrow_events
    );
    let keys = voice_settings(&settings).unwrap().keys;
    assert_eq!((keys.order, keys.all), (vec!["audio".to_owned()], true));
    assert_eq!(keys.listen, voice::Listen::Always);
    let events = r#"{"duration_in_8khz":true,"negotiate_only_8khz":false}"#;
    assert_eq!(keys.options["rfc2833"], events);
    assert_eq!(keys.options["info"], r#"{"body":"dtmf"}"#);
}

#[test]
fn both_ends_of_the_device_are_asked_for() {
    let settings = settings(&[
        ("media.microphone", "audio-file:in.wav"),
        ("media.speaker", "audio-file:out.wav"),
    ]);
    let (plugin, request) = devices::person(&settings.media).unwrap().unwrap();
    assert_eq!(plugin, "audio-file");
    let expected = AudioRequest::new(Hertz(16_000))
        .with("read", "in.wav")
        .with("write", "out.wav");
    assert_eq!(request, expected);
    let settings = self::settings(&[
        ("media.microphone", "audio-file:loop:in.wav"),
        ("media.speaker", "audio-file"),
    ]);
    let (_, request) = devices::person(&settings.media).unwrap().unwrap();
    let expected = AudioRequest::new(Hertz(16_000))
        .with("read", "in.wav")
        .with("at_end", "loop");
    assert_eq!(request, expected);
}

/// M-055, M-139: another device rings where the settings say so; a ringtone that ends by itself begins again.
#[test]
fn the_ringing_device_hears_nothing() {
    let settings = settings(&[
        ("media.ringer", "audio-file:ring.wav"),
        ("account.ringtone", "sine(100,500,440)"),
        ("accounts.a.user", "101"),
        ("accounts.a.domain", "offhook.test"),
        ("accounts.a.ringtones", "600 => gb"),
    ]);
    let (plugin, request) = voice_settings(&settings).unwrap().ringer.unwrap();
    assert_eq!(plugin, "audio-file");
    assert_eq!(request.direction, plugin_host::Direction::Playback);
    assert_eq!(request.options["write"], "ring.wav");
    assert!(!request.options.contains_key("read"));
    assert_eq!(named(&settings).last().unwrap(), "audio-file");
    let tones = media_settings(&settings, &catalogue()).unwrap().tones;
    let ends = |tone: Option<&audio::CallTone>| tone.unwrap().ms();
    assert_eq!(ends(tones.all.ringtone.as_ref()), None);
    let own = tones.ringtones.get("gb").unwrap().to_string();
    assert!(own.contains("450Hz"), "{own}");
}

const TWO: [(&str, &str); 4] = [
    ("accounts.a.user", "1"),
    ("accounts.a.domain", "pbx.example"),
    ("accounts.b.user", "2"),
    ("accounts.b.domain", "pbx.example"),
];

/// The names of the accounts that a phone is given as its default one.
fn defaults(settings: &Settings) -> Vec<String> {
    let all = accounts::accounts(settings).unwrap().into_iter();
    all.filter(|account| account.is_default)
        .map(|account| account.name)
        .collect()
}

#[test]
fn the_default_account_is_that_of_the_settings() {
    let mut keys = TWO.to_vec();
    assert_eq!(defaults(&settings(&keys)), ["a"], "the first by id");
    keys.push(("engine.default_account", "b"));
    assert_eq!(defaults(&settings(&keys)), ["b"]);
}

#[test]
fn every_key_of_an_account_reaches_the_account() {
    let settings = settings(&[
        ("accounts.a.user", "1"),
        ("accounts.a.domain", "pbx.example"),
        ("accounts.a.auth_user", "login"),
        ("accounts.a.display", "Alice"),
        ("accounts.a.password", "secret"),
        ("accounts.a.registrar", "reg.example:5070"),
        ("accounts.a.outbound_proxy", "proxy.example"),
        ("accounts.a.transport", "tcp"),
        ("accounts.a.udp_from_unknown", "true"),
        ("accounts.a.expires_s", "90"),
        ("accounts.a.keepalive", "stun"),
        ("accounts.a.keepalive_s", "9"),
        ("accounts.b.user", "2"),
        ("accounts.b.domain", "pbx.example"),
        ("accounts.b.register", "false"),
        ("accounts.b.keepalive", "options"),
    ]);
    let accounts = accounts::accounts(&settings).unwrap();
    let [a, b] = accounts.as_slice() else {
        panic!("{accounts:?}");
    };
    assert_eq!(a.aor.to_string(), "sip:1@pbx.example");
    assert_eq!(
        (a.auth_user.as_str(), a.display_name.as_str()),
        ("login", "Alice")
    );
    assert_eq!(a.password.reveal(), "secret");
    let text = |uri: &Option<sip_message::Uri>| uri.as_ref().map(ToString::to_string);
    assert_eq!(
        text(&a.registrar).as_deref(),
        Some("sip:reg.example:5070;transport=tcp")
    );
    assert_eq!(
        text(&a.outbound_proxy).as_deref(),
        Some("sip:proxy.example;transport=tcp")
    );
    assert_eq!(a.transport, sip::Transport::Tcp);
    assert_eq!(a.expires, Duration::from_secs(90));
    assert_eq!(a.keep_alive, KeepAliveRule::Stun(Duration::from_secs(9)));
    assert!(a.takes_unknown && !b.takes_unknown);
    assert!(b.expires.is_zero(), "it does not register");
    assert_eq!(
        b.keep_alive,
        KeepAliveRule::Options(Duration::from_secs(25))
    );
}

/// K-011: `tls` writes sips: into every address, `tls+sip:` keeps sip:; servers are reached by TLS either way.
#[test]
fn k_011_addresses_say_how_a_server_is_reached() {
    for (transport, aor, registrar) in [
        ("udp", "sip:1@pbx.example", "sip:reg.example"),
        ("tcp", "sip:1@pbx.example", "sip:reg.example;transport=tcp"),
        ("tls", "sips:1@pbx.example", "sips:reg.example"),
        (
            "tls+sip",
            "sip:1@pbx.example",
            "sip:reg.example;transport=tls",
        ),
    ] {
        let settings = settings(&[
            ("accounts.a.user", "1"),
            ("accounts.a.domain", "pbx.example"),
            ("accounts.a.registrar", "reg.example"),
            ("accounts.a.transport", transport),
        ]);
        let accounts = accounts::accounts(&settings).unwrap();
        let account = &accounts[0];
        assert_eq!(account.aor.to_string(), aor);
        let server = account.registrar.as_ref().map(ToString::to_string);
        assert_eq!(server.as_deref(), Some(registrar));
        let local = "10.0.0.7:40123".parse().unwrap();
        let contact = account.contact(local, account.transport).to_string();
        let expected = match transport {
            "udp" => "sip:1@10.0.0.7:40123",
            "tcp" => "sip:1@10.0.0.7:40123;transport=tcp",
            "tls" => "sips:1@10.0.0.7:40123",
            _ => "sip:1@10.0.0.7:40123;transport=tls",
        };
        assert_eq!(contact, expected);
        let scheme = aor.split(':').next().unwrap();
        let carol = account.address("103").unwrap().to_string();
        assert_eq!(carol, format!("{scheme}:103@pbx.example"));
    }
}
