mod accounts;
mod calls;

use super::*;
use crate::Reach;
use crate::{Accept, CallsFull, CodecOrder, KeepAlive, Listen, Log, Severity, Transport, Trust};
use base::Duration;
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn request(profile: &str) -> Request {
    Request {
        profile: profile.to_owned(),
        ..Request::default()
    }
}

fn with(request: &Request, site: &str) -> (Option<Settings>, Values, Complaints) {
    let mut complaints = Complaints::default();
    let (settings, values) = read(request, Some(("site.toml", site)), &mut complaints);
    complaints.sort();
    (settings, values, complaints)
}

/// Settings of the desktop profile with this site file, which must be right.
fn settings(site: &str) -> Settings {
    let (settings, _, complaints) = with(&request("desktop"), site);
    assert_eq!(complaints.to_string(), "");
    settings.unwrap()
}

fn complains(site: &str, want: Expect) {
    let (_, _, complaints) = with(&request("desktop"), site);
    assert!(complaints.has_errors());
    want.assert_eq(&complaints.to_string());
}

#[test]
fn every_key_has_a_default_and_every_profile_is_right() {
    for (profile, _) in PROFILES {
        let loaded = load(&request(profile)).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(loaded.warnings, []);
        assert_eq!(loaded.settings.profile, profile);
        for key in KEYS {
            assert!(
                loaded.origin(key.name).is_some(),
                "{} has no default",
                key.name
            );
        }
    }
}

/// The figures of the desktop and monitor profiles are promised.
#[test]
fn profiles_have_their_limits() {
    let desktop = load(&request("desktop")).unwrap().settings;
    let limits = desktop.limits;
    assert_eq!((limits.calls, limits.transactions), (32, 2000));
    assert_eq!(limits.early_dialogs_per_source, Some(8));
    assert_eq!(limits.calls_full, CallsFull::Busy);
    assert_eq!(
        (limits.sip_datagram_bytes, limits.sip_body_bytes),
        (65_536, 1_048_576)
    );
    assert_eq!((limits.sip_headers, limits.mailbox), (128, 1024));
    assert_eq!((desktop.dscp.voice, desktop.dscp.signalling), (46, 26));

    let monitor = load(&request("monitor")).unwrap().settings;
    let limits = monitor.limits;
    assert_eq!(
        (limits.calls, limits.dialogs, limits.transactions),
        (4000, 50_000, 500_000)
    );
    assert_eq!(limits.early_dialogs_per_source, None);
    assert_eq!(limits.calls_full, CallsFull::Later);
    assert_eq!(monitor.media.threads, None);
}

#[test]
fn the_smallest_example_is_an_account() {
    let example = include_str!("../../../../config/examples/account.toml");
    let settings = settings(example);
    assert_eq!(settings.default_account.as_deref(), Some("office"));
    let account = &settings.accounts[0];
    assert_eq!(
        (account.user.as_str(), account.auth_user.as_str()),
        ("101", "101")
    );
    assert_eq!(account.domain, "pbx.example");
    assert_eq!(
        account.password,
        SecretSource::File("/etc/offhook/office.password".into())
    );
    assert_eq!(account.expires, Duration::from_secs(600));
}

const EVERY_KIND: &str = r#"
        engine.log = "debug"
        engine.default_account = "b"
        control.socket = "/run/offhook.sock"
        sip.listen = ["udp:[::1]:5070", "tcp:127.0.0.1:0"]
        [account]
        expires_s = 0x3C
        transport = "tcp"
        [accounts.a]
        user = "101"
        domain = "[2001:db8::1]:5060"
        transport = "udp"
        keepalive = "stun"
        [accounts.b]
        user = "102"
        auth_user = "b-login"
        display = "Bob"
        domain = "pbx.example:5060"
        registrar = "reg.example"
        outbound_proxy = "192.0.2.1:5080"
        password_env = "BOB"
        register = false
        [media]
        codec_order = "ours"
        microphone = "audio-file:/tmp/a:b.wav"
        [filters]
        microphone = ['filter-gain:{"gain_db": 6}', "filter-x"]
        [recording]
        folder = "/var/calls"
        channels = 1
        [plugins]
        path = ["/opt/offhook"]
        allow = ["codec-g711"]
        sha256_required = true
        drafts = true
        [plugins.trust]
        codec-x = "in-process"
        [plugins.sha256]
        codec-x = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        [plugins.options.codec-x]
        bitrate = -24_000
        gain-db = 1.5
        [plugins.options.org.example.thing]
        fec = true
        mode = "voice"
        "#;

#[test]
fn every_kind_of_value_arrives_typed() {
    let settings = settings(EVERY_KIND);
    assert_eq!(settings.log, Log::Debug);
    let listen = |transport, addr: &str| Listen {
        transport,
        addr: addr.parse().unwrap(),
    };
    let want = [
        listen(Transport::Udp, "[::1]:5070"),
        listen(Transport::Tcp, "127.0.0.1:0"),
    ];
    assert_eq!(settings.sip.listen, want);
    let [a, b] = settings.accounts.as_slice() else {
        panic!("not two accounts");
    };
    assert_eq!((a.transport, b.transport), (Reach::Udp, Reach::Tcp));
    assert_eq!(
        (a.keepalive, b.keepalive),
        (KeepAlive::Stun, KeepAlive::Crlf)
    );
    assert_eq!(
        a.expires,
        Duration::from_secs(60),
        "what holds for every account"
    );
    assert_eq!(b.auth_user, "b-login");
    assert_eq!(b.registrar.as_deref(), Some("reg.example"));
    assert_eq!(b.outbound_proxy.as_deref(), Some("192.0.2.1:5080"));
    assert!(a.register && !b.register);
    assert_eq!(b.password, SecretSource::Environment("BOB".into()));
}

/// K-035 to K-050 reach the plugin of the codec by this way, set for all accounts or for one.
#[test]
fn options_of_codecs_are_those_of_the_account_over_those_for_all() {
    let site = r#"
        [codec.Opus]
        class = ""
        bitrate = -1
        fec = true
        [accounts."a.b"]
        user = "101"
        domain = "pbx.example"
        [accounts."a.b".codec.opus]
        fec = 0
        bandwidth = "nb"
        [accounts.plain]
        user = "102"
        domain = "pbx.example"
        "#;
    let settings = settings(site);
    let shown = |options: &crate::CodecOptions| format!("{options:?}");
    let all = r#"{"opus": {"bitrate": Integer(-1), "class": Text(""), "fec": Switch(true)}}"#;
    assert_eq!(shown(&settings.media.codec_options), all);
    let [one, plain] = settings.accounts.as_slice() else {
        panic!("not two accounts");
    };
    assert_eq!(shown(&plain.codec_options), all);
    assert_eq!(one.id, "a.b");
    assert_eq!(
        shown(&one.codec_options),
        r#"{"opus": {"bandwidth": Text("nb"), "bitrate": Integer(-1), "class": Text(""), "fec": Integer(0)}}"#
    );
}

#[test]
fn an_option_may_come_from_the_environment_and_is_no_table() {
    let mut request = request("desktop");
    let variable = ("OFFHOOK_CODEC_OPUS_CLASS".to_owned(), "fb".to_owned());
    request.environment.insert(variable.0, variable.1);
    let (settings, _, complaints) = with(&request, "");
    assert_eq!(complaints.to_string(), "");
    let options = settings.unwrap().media.codec_options;
    assert_eq!(format!("{options:?}"), r#"{"opus": {"class": Text("fb")}}"#);
    complains(
        "codec.opus = 1\ncodec.opus2.deep.er = 1",
        expect![[r#"
            site.toml:1:14: codec.opus: is a table; write it as [codec.opus] with keys below
            site.toml:2:13: codec.opus2.deep: a table is not allowed; allowed: text, a number, true or false"#]],
    );
}

#[test]
fn media_and_plugins_arrive_typed() {
    let settings = settings(EVERY_KIND);
    assert_eq!(settings.default_account.as_deref(), Some("b"));
    assert_eq!(settings.media.codec_order, CodecOrder::Ours);
    assert_eq!(settings.media.microphone.plugin, "audio-file");
    assert_eq!(settings.media.microphone.argument, "/tmp/a:b.wav");
    let microphone = settings.filters.microphone.iter();
    let filters: Vec<_> = microphone
        .map(|f| (f.plugin.as_str(), f.argument.as_str()))
        .collect();
    assert_eq!(
        filters,
        [("filter-gain", r#"{"gain_db": 6}"#), ("filter-x", "")]
    );
    assert_eq!(settings.filters.speaker, []);
    let recording = &settings.recording;
    assert_eq!(recording.folder.as_deref(), Some("/var/calls".as_ref()));
    assert_eq!(
        (recording.plugin.as_str(), recording.channels),
        ("recorder-wav", 1)
    );
    let plugins = &settings.plugins;
    assert!(plugins.allows("codec-g711") && !plugins.allows("codec-x"));
    assert_eq!(plugins.trust_of("codec-x"), Trust::InProcess);
    assert_eq!(
        plugins.trust_of("codec-g711"),
        Trust::Isolated,
        "no profile trusts an id"
    );
    assert_eq!(plugins.trust_of("other"), Trust::Isolated);
    assert!(
        plugins.drafts && plugins.sha256_required && plugins.sha256["codec-x"].starts_with("BA78")
    );
    let options: Vec<String> = plugins
        .options
        .iter()
        .flat_map(|(id, options)| {
            options
                .iter()
                .map(move |(name, o)| format!("{id} {name} {}", o.value))
        })
        .collect();
    assert_eq!(
        options,
        [
            "codec-x bitrate -24000",
            "codec-x gain-db 1.5",
            "org.example.thing fec true",
            "org.example.thing mode \"voice\"",
        ]
    );
}

#[test]
fn a_codec_may_be_named_with_its_clock_rate() {
    let named = settings("media.codecs = [\"L16/16000\", \"L16/8000\", \"L16\"]");
    assert_eq!(named.media.codecs, ["L16/16000", "L16/8000", "L16"]);
    for wrong in ["L16/", "L16/0", "L16/8000/1", "/8000", "L16/fast"] {
        complains_about(&format!("media.codecs = [\"{wrong}\"]"), "media.codecs");
    }
}

#[test]
fn a_hash_that_is_none_and_an_option_that_is_no_value_are_told() {
    complains(
        r#"[plugins.sha256]
codec-x = "BA78"
[plugins.options.codec-x]
rates = [1, 2]
since = 2026-11-21
"#,
        expect![[r#"
            site.toml:2:11: plugins.sha256.codec-x: "BA78" is not allowed; allowed: 64 hexadecimal digits, as sha256sum prints them
            site.toml:4:9: plugins.options.codec-x.rates: a list of other than text is not allowed; allowed: a number, a text, true or false
            site.toml:5:9: plugins.options.codec-x.since: a date is not allowed; allowed: a number, a text, true or false"#]],
    );
}

#[test]
fn all_complaints_come_at_once_with_line_column_key_and_what_is_allowed() {
    complains(
        r#"[media]
ptime_ms = 7
ptim_ms = 20
codecs = ["PCMU", "pcmu"]
threads = "many"
microphone = ""
jitter_max_ms = 1.5

[sip]
listen = []
ring_for_s = -1

[accounts.a]
user = "1"
register = "yes"
domain = "no spaces"
transport = "pigeon"
expires_s = 99999999999999999999
[accounts.a.b]
x = 1

[accounts."c d"]
user = "1"

[account]
busy_tone = "beep(3)"
call_waiting_tone = 3

[limits]
calls = 0

[dscp]
voice = 64
"#,
        expect![[r#"
            site.toml:2:12: media.ptime_ms: 7 is not allowed; allowed: 10 to 200 in steps of 10
            site.toml:3:1: media.ptim_ms: there is no such key; did you mean media.ptime_ms?
            site.toml:4:10: media.codecs: ["PCMU", "pcmu"] is not allowed; allowed: a list of names without repeats, such as ["PCMU", "L16/16000"]
            site.toml:5:11: media.threads: "many" is not allowed; allowed: 0 to 256
            site.toml:6:14: media.microphone: "" is not allowed; allowed: a plugin's id, such as audio-system or audio-file:FILE
            site.toml:7:17: media.jitter_max_ms: a fraction is not allowed; allowed: 20 to 1000
            site.toml:10:10: sip.listen: [] is not allowed; allowed: a list such as ["udp:0.0.0.0:5060", "tcp:[::]:5060"]
            site.toml:11:14: sip.ring_for_s: -1 is not allowed; allowed: 1 to 3600
            site.toml:15:12: accounts.a.register: "yes" is not allowed; allowed: true or false
            site.toml:16:10: accounts.a.domain: "no spaces" is not allowed; allowed: host or host:port, such as pbx.example:5060
            site.toml:17:13: accounts.a.transport: "pigeon" is not allowed; allowed: udp, tcp, tls, tls+sip, tls+sip:
            site.toml:18:13: accounts.a.expires_s: so large a number is not allowed; allowed: 20 to 86400
            site.toml:19:13: accounts.a.b: there is no such key; there are: allow_message, area_code, auth_user, auto_answer, auto_answer_asked, auto_answer_callers, auto_answer_muted, auto_answer_s, bgr_enabled, blf, blf_event, blf_list, blf_poll_s, busy_tone, call_waiting, call_waiting_tone, carddav_clear_password, carddav_password, carddav_principal_url, carddav_refresh_s, carddav_title, carddav_user, conference, country_code, cth_dial_string, cth_enabled, custom_action_url, directories, directory_refresh_s, display, do_not_disturb, do_not_disturb_except, do_not_disturb_gmt_offset_min, do_not_disturb_schedule, domain, end_call_tone, expires_s, failed_tone, force_registration, forwarding_busy_number, forwarding_codes, forwarding_enabled, forwarding_no_answer_number, forwarding_no_answer_s, forwarding_number, headers, icm, icm_auto, incoming_disabled, incoming_rewriting, international_prefix, keepalive, keepalive_s, ldap_base, ldap_options, ldap_password, ldap_title, ldap_url, ldap_user, mail_domain, mail_user_as_local, message_tone, national_prefix, outbound_proxy, own_number_length, park_slots, password, password_env, password_file, publish_presence, push_method, register, registrar, remote_contact, requires_registration_for_outgoing_calls, rewriting, ringing_tone, ringtone, ringtones, server_book_title, server_book_url, server_clear_password, server_password, server_user, standby, standby_after_s, subscribe_for_voicemail, subscription_expires_s, system_directory_title, system_directory_url, tls_ca, tls_certificate, tls_key, tls_pins, transport, trunk_access, trying_tone, udp_from_unknown, user, voicemail_number, watcher_groups, watchers, xcap, xcap_forwarding, xcap_groups, xcap_refresh_s, xcap_rights
            site.toml:22:11: accounts.c d: "c d" cannot be an account's id; allowed: 1 to 64 of letters, digits, - _ . @
            site.toml:26:13: account.busy_tone: 'beep(3)' is not a tone at character 1: no function is called so; allowed: sine(duration, amplitude, freq…), silence(duration), wav("file"), periodic(…), compound(…); a country for its own: ca, de, fr, gb, it, jp, us; or nothing
            site.toml:27:21: account.call_waiting_tone: 3 is not a tone; allowed: sine(duration, amplitude, freq…), silence(duration), wav("file"), periodic(…), compound(…); a country for its own: ca, de, fr, gb, it, jp, us; or nothing
            site.toml:30:9: limits.calls: 0 is not allowed; allowed: 1 to 100000
            site.toml:33:9: dscp.voice: 64 is not allowed; allowed: 0 to 63"#]],
    );
}

#[test]
fn m_112_the_server_of_profiles_is_an_address_of_http() {
    complains(
        "[accounts.a]\nuser = \"1\"\ndomain = \"d\"\nxcap = \"pbx.test/xcap\"\nxcap_refresh_s = 0\n",
        expect![[r#"
            site.toml:4:8: accounts.a.xcap: "pbx.test…" is not allowed; allowed: http://SERVER/PATH or https://SERVER/PATH, the root of an XCAP server, without user, password and ?
            site.toml:5:18: accounts.a.xcap_refresh_s: 0 is not allowed; allowed: 1 to 86400"#]],
    );
    for bad in [
        "ftp://a/b",
        "http://",
        "http://me:secret@a/b",
        "http://me:se/cret@a/b",
        "me:secret@a/b",
        "http://a/b?token=secret",
        "http://a?secret",
        "http://a#secret",
    ] {
        let text = format!("[accounts.a]\nuser = \"1\"\ndomain = \"d\"\nxcap = \"{bad}\"\n");
        let (_, _, complaints) = with(&request("headless"), &text);
        let refused = complaints.to_string();
        assert!(
            refused.contains("the root of an XCAP server"),
            "{bad}: {refused}"
        );
        assert!(!refused.contains("cret"), "{refused}");
    }
    let text = "[accounts.a]\nuser = \"1\"\ndomain = \"d\"\nxcap = \"http://pbx.test/xcap/\"\n";
    let xcap = settings(text).accounts[0].xcap.clone().unwrap();
    assert_eq!(xcap.root, "http://pbx.test/xcap");
    assert_eq!(
        (xcap.refresh, xcap.forwarding, xcap.rights, xcap.groups),
        (Duration::from_secs(300), false, false, false)
    );
}

#[test]
fn broken_toml_is_told_by_line_and_the_rest_is_checked_too() {
    complains(
        "[media]\nptime_ms = \nthreads = 999\n",
        expect![[r#"
            site.toml:2:12: string values must be quoted, expected literal string; expected: TOML
            site.toml:3:11: media.threads: 999 is not allowed; allowed: 0 to 256"#]],
    );
    complains(
        "[media\nthreads = 1\n",
        expect!["site.toml:1:7: unclosed table, expected `]`; expected: TOML"],
    );
    complains(
        "[media]\nthreads = 1\nthreads = 2\n",
        expect!["site.toml:3:1: duplicate key; expected: TOML"],
    );
    complains(
        "[[accounts]]\nuser = \"alice\"\n",
        expect![[r#"
            site.toml:1:1: accounts: is a table; each account is a table with its id: [accounts.alice]"#]],
    );
    complains(
        "media = 3\n\u{e4} = 1\n",
        expect![[r#"
            site.toml:1:9: media: is a table; write it as [media] with keys below
            site.toml:2:1: invalid unquoted key, expected letters, numbers, `-`, `_`; expected: TOML"#]],
    );
}

#[test]
fn values_that_contradict_each_other_are_told() {
    complains(
        "[media]\nport_min = 50000\nport_max = 40000\n",
        expect![
            "site.toml:2:12: media.port_min: media.port_min 50000 is not below media.port_max 40000; allowed: less than 40000"
        ],
    );
    complains(
        "[media]\nport_max = 30000\ncodecs = []\n",
        expect![[r#"
        site.toml:2:12: media.port_max: media.port_min 40000 is not below media.port_max 30000; allowed: more than 40000
        site.toml:3:10: media.codecs: the list is empty; allowed: at least one codec"#]],
    );
    complains(
        "[engine]\ndefault_account = \"x\"\n",
        expect![[
            r#"site.toml:2:19: engine.default_account: there is no account "x"; no account is set up"#
        ]],
    );
    complains(
        "engine.default_account = \"x\"\n[accounts.a]\nuser = \"1\"\ndomain = \"d\"\n",
        expect![[r#"site.toml:1:26: engine.default_account: there is no account "x"; allowed: a"#]],
    );
    complains(
        "[accounts.a]\ntransport = \"tcp\"\n",
        expect![[r#"
        site.toml:2:13: accounts.a.user: is missing; the account needs its user
        site.toml:2:13: accounts.a.domain: is missing; the account needs its domain"#]],
    );
    complains(
        "[accounts.a]\n",
        expect!["site.toml:1:11: accounts.a: is empty; the account needs its user"],
    );
    complains(
        "[accounts.a]\nuser = \"1\"\ndomain = \"d\"\npassword = \"s3cret\"\npassword_env = \"X\"\n",
        expect![
            "site.toml:5:16: accounts.a.password_env: is set together with accounts.a.password; allowed: one of password, password_file, password_env"
        ],
    );
}

#[test]
fn what_an_incoming_call_meets_is_read() {
    for (text, want) in [
        ("ring", Accept::Ring),
        ("talk", Accept::Talk),
        ("silent", Accept::Silent),
        ("echo", Accept::Echo),
        ("play=/a b.wav", Accept::Play("/a b.wav".into())),
        ("record=/tmp", Accept::Record("/tmp".into())),
    ] {
        let site = format!("[incoming]\naccept = {text:?}\naccept_after_ms = 250\n");
        let incoming = settings(&site).incoming;
        assert_eq!(incoming.accept, want);
        assert_eq!(incoming.accept_after, Duration::from_millis(250));
    }
    for text in ["", "play", "play=", "sing", "sing=x", "echo=1"] {
        complains_about(
            &format!("[incoming]\naccept = {text:?}\n"),
            "incoming.accept",
        );
    }
}

fn complains_about(site: &str, key: &str) {
    let (_, _, complaints) = with(&request("desktop"), site);
    let keys: Vec<&str> = complaints.0.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, [key], "{site}");
}

#[test]
fn layers_override_and_every_value_knows_who_set_it() {
    let mut request = request("monitor");
    request.environment = [
        ("OFFHOOK_MEDIA_PTIME_MS", "40"),
        (
            "OFFHOOK_SIP_LISTEN",
            "udp:127.0.0.1:5061, tcp:127.0.0.1:5061",
        ),
        ("OFFHOOK_ACCOUNTS_MY_OFFICE_PASSWORD_ENV", "PW"),
        ("OFFHOOK_ACCOUNTS_NEW_USER", "7"),
        ("OFFHOOK_ACCOUNTS_NEW_DOMAIN", "d"),
        ("OFFHOOK_ACCOUNT_REGISTER", "no"),
        ("OFFHOOK_SOCKET", "/run/x"),
        ("PATH", "/bin"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    request.options = vec![("media.codecs".into(), "PCMA".into(), "--codec".into())];
    let site = "[media]\nptime_ms = 30\nthreads = 2\n[accounts.my-office]\nuser = \"1\"\n\
                domain = \"d\"\npassword = \"s3cret\"\n";
    let (settings, values, complaints) = with(&request, site);
    assert_eq!(complaints.to_string(), "");
    let settings = settings.unwrap();
    assert_eq!(settings.media.ptime_ms, 40);
    assert_eq!(settings.media.codecs, ["PCMA"]);
    assert_eq!(settings.sip.listen.len(), 2);
    let [office, new] = settings.accounts.as_slice() else {
        panic!("not two accounts");
    };
    assert_eq!((office.id.as_str(), new.id.as_str()), ("my-office", "new"));
    assert_eq!(
        office.password,
        SecretSource::Environment("PW".into()),
        "the stronger layer"
    );
    assert!(!office.register && !new.register);

    let loaded = Loaded {
        settings,
        warnings: Vec::new(),
        values,
    };
    for (key, origin) in [
        ("media.ptime_ms", "environment OFFHOOK_MEDIA_PTIME_MS"),
        ("media.threads", "site.toml:3:11"),
        ("media.codecs", "option --codec"),
        ("limits.calls", "profile monitor:7:9"),
        ("limits.sip_headers", "default"),
    ] {
        assert_eq!(loaded.origin(key).unwrap().to_string(), origin);
    }
}

#[test]
fn a_comma_within_the_options_of_a_filter_parts_nothing() {
    let mut request = request("desktop");
    let chain = r#"filter-gain:{"gain_db": 6, "limit_dbfs": -3},filter-x:{"of": {"a": "}\"{", "b": 1}}, filter-y,"#;
    request.options = vec![("filters.speaker".into(), chain.into(), "--x".into())];
    let (settings, _, complaints) = with(&request, "");
    assert_eq!(complaints.0, []);
    let read: Vec<_> = settings.unwrap().filters.speaker;
    let read: Vec<_> = read.iter().map(|f| (&*f.plugin, &*f.argument)).collect();
    assert_eq!(
        read,
        [
            ("filter-gain", r#"{"gain_db": 6, "limit_dbfs": -3}"#),
            ("filter-x", r#"{"of": {"a": "}\"{", "b": 1}}"#),
            ("filter-y", ""),
        ]
    );
}

#[test]
fn variables_and_options_are_checked_too() {
    let mut request = request("desktop");
    request.environment = [
        ("OFFHOOK_MEDIA_PTIME_MS", "often"),
        ("OFFHOOK_MEDIA_PTIME", "20"),
        ("OFFHOOK_WEATHER", "rain"),
        ("OFFHOOK_ACCOUNT_REGISTER", "perhaps"),
        ("OFFHOOK_ACCOUNT_PASSWORD", "two\nlines s3cret"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    request.options = vec![
        ("media.codec".into(), "PCMA".into(), "--codec".into()),
        ("sip.listen".into(), "1.2.3.4".into(), "--listen".into()),
    ];
    let (_, _, complaints) = with(&request, "");
    expect![[r#"
        environment OFFHOOK_ACCOUNT_PASSWORD: account.password: the value is not allowed; allowed: the password as one line of text
        environment OFFHOOK_ACCOUNT_REGISTER: account.register: "perhaps" is not allowed; allowed: true or false
        environment OFFHOOK_MEDIA_PTIME_MS: media.ptime_ms: "often" is not allowed; allowed: 10 to 200 in steps of 10
        option --codec: media.codec: there is no such key; did you mean media.codecs?
        option --listen: sip.listen: ["1.2.3.4"] is not allowed; allowed: a list such as ["udp:0.0.0.0:5060", "tcp:[::]:5060"]
        environment OFFHOOK_MEDIA_PTIME: warning: names no setting; did you mean OFFHOOK_MEDIA_PTIME_MS?
        environment OFFHOOK_WEATHER: warning: names no setting"#]].assert_eq(&complaints.to_string());
    let warnings = complaints
        .0
        .iter()
        .filter(|c| c.severity == Severity::Warning);
    assert_eq!(
        warnings.count(),
        2,
        "a variable that names nothing stops nobody"
    );
}

#[test]
fn unknown_profiles_and_missing_files_are_told() {
    let mut request = request("kisok");
    request.file = Some("/nowhere/site.toml".into());
    let told = load(&request).unwrap_err().to_string();
    expect![[r#"
        option --profile: there is no profile "kisok"; allowed: demo, desktop, headless, intercom, monitor
        option --settings: /nowhere/site.toml cannot be read: No such file or directory (os error 2)"#]]
    .assert_eq(&told);
}

#[test]
fn secrets_never_print() {
    let mut request = request("desktop");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    let site = "[accounts.a]\nuser = \"1\"\ndomain = \"d\"\npassword = \"s3cret\"\n";
    std::fs::write(&path, site).unwrap();
    request.file = Some(path);
    let loaded = load(&request).unwrap();
    let shown: Vec<_> = loaded.values().collect();
    let printed = format!("{loaded:?} {shown:?}");
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(
        shown
            .iter()
            .any(|(key, value, _)| *key == "accounts.a.password" && value == "***")
    );
    let secret = loaded.settings.accounts[0].password.read(|_| None).unwrap();
    assert_eq!(secret.unwrap().reveal(), "s3cret");

    for site in [
        "[accounts.a]\npassword = [\"s3cret\"]\n",
        "[accounts.a]\npassword = \"s3cret\\n\"\n",
        "[accounts.a]\npassword = \"s3cret\n",
        "[accounts.a]\npassword = s3cret\n",
        "[accounts.a]\npasword = \"s3cret\"\n",
    ] {
        let (_, _, complaints) = with(&self::request("desktop"), site);
        assert!(complaints.has_errors(), "{site}");
        assert!(!complaints.to_string().contains("s3cret"), "{complaints}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn passwords_that_others_can_read_or_nobody_can_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let secret = write("open.password", "s3cret\n", 0o644);
    let mine = write("mine.password", "s3cret\n", 0o600);
    let empty = write("empty.password", "\n", 0o600);
    let account = |id: &str, password: &str| {
        format!("[accounts.{id}]\nuser = \"1\"\ndomain = \"d\"\n{password}\n")
    };
    let file = |path: &Path| format!("password_file = {:?}", path.display().to_string());

    let mut request = request("desktop");
    request.environment.insert("SET".into(), "s3cret".into());
    let right = account("a", &file(&secret))
        + &account("b", &file(&mine))
        + &account("c", "password = \"s3cret\"")
        + &account("d", "password_env = \"SET\"");
    request.file = Some(write("site.toml", &right, 0o640));
    let loaded = load(&request).unwrap();
    let told: Vec<&str> = loaded
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(told, ["accounts.a.password_file", "accounts.c.password"]);
    assert!(loaded.warnings[0].to_string().contains("chmod 600"));

    let wrong = account("a", "password_file = \"/nowhere/x\"")
        + &account("b", &file(&empty))
        + &account("c", "password_env = \"UNSET\"");
    request.file = Some(write("wrong.toml", &wrong, 0o600));
    let complaints = load(&request).unwrap_err();
    let told = complaints
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR");
    expect![[r#"
        DIR/wrong.toml:4:17: accounts.a.password_file: the password file /nowhere/x cannot be read: No such file or directory (os error 2)
        DIR/wrong.toml:8:17: accounts.b.password_file: the password file DIR/empty.password is empty
        DIR/wrong.toml:12:16: accounts.c.password_env: the environment variable UNSET is not set"#]].assert_eq(&told);

    let both = account("a", &file(&secret)) + &account("b", "password_env = \"UNSET\"");
    request.file = Some(write("both.toml", &both, 0o600));
    let complaints = load(&request).unwrap_err().0;
    let keys: Vec<&str> = complaints.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(
        keys,
        ["accounts.b.password_env", "accounts.a.password_file"],
        "what keeps it from starting stands first"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_complained_about(text in "[a-z.=\\[\\]\"{}, 0-9#\n\\PC]{0,120}") {
        let _ = with(&request("desktop"), &text);
    }

    #[test]
    fn any_damage_to_the_defaults_is_read_or_complained_about(at in 0_usize..4000, c in any::<char>()) {
        let mut text: Vec<char> = DEFAULTS.chars().collect();
        if let Some(place) = text.get_mut(at) {
            *place = c;
        }
        let _ = with(&request("desktop"), &text.into_iter().collect::<String>());
    }
}

#[test]
fn how_a_server_is_reached_over_tls_k_011() {
    let text = r#"
[account]
tls_ca = ["/etc/site.pem", " "]
[accounts.a]
user = "1"
domain = "pbx.example"
transport = "tls"
tls_pins = ["sha256/AAAA="]
tls_certificate = "/etc/phone.pem"
tls_key = "/etc/phone.key"
[accounts.b]
user = "2"
domain = "pbx.example"
transport = "tls+sip:"
[accounts.c]
user = "3"
domain = "pbx.example"
transport = "tls+sip"
"#;
    let (settings, _, complaints) = with(&request("desktop"), text);
    assert_eq!(complaints.to_string(), "");
    let settings = settings.unwrap();
    let reach: Vec<Reach> = settings.accounts.iter().map(|a| a.transport).collect();
    assert_eq!(reach, [Reach::Tls, Reach::TlsSip, Reach::TlsSip]);
    let site = vec![std::path::PathBuf::from("/etc/site.pem")];
    assert_eq!(settings.accounts[0].tls.authorities, site);
    assert_eq!(settings.accounts[0].tls.pins, ["sha256/AAAA="]);
    let own = Some(("/etc/phone.pem".into(), "/etc/phone.key".into()));
    assert_eq!(settings.accounts[0].tls.own, own);
    let of_site = crate::Tls {
        authorities: site,
        ..crate::Tls::default()
    };
    assert_eq!(settings.accounts[1].tls, of_site, "what holds for all");
    complains(
        "[accounts.a]\nuser = \"1\"\ndomain = \"b.c\"\ntls_key = \"/etc/phone.key\"",
        expect![[r#"
            site.toml:4:11: accounts.a.tls_key: is nothing without tls_certificate; set tls_certificate too, or neither"#]],
    );
}
