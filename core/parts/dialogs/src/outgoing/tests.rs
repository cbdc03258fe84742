#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of word.

use super::*;
use crate::Settings;
use crate::answering::{Answering, Plan, Refusal};
use base::{Redacted, Rng};
use control::Timestamp;
use ports::dialogs::Word;
use ports::{Handles, KeepAliveRule, Part, Post, events, registrar};
use sip::Transport;
use sip_message::Request;

struct Nobody;

impl Answering for Nobody {
    fn refuse(&mut self, _request: &Request) -> Option<Refusal> {
        None
    }

    fn plan(&mut self, _request: &Request) -> Plan {
        Plan::ring()
    }
}

fn dialogs() -> Dialogs {
    let settings = Settings {
        sessions: sip::dialogs::Config::default(),
        epoch: Timestamp::from_unix_ms(0),
        preference: sdp::Preference::default(),
        sound: media::Sound::Person,
        ring_for: None,
        one_active: true,
        formats: Vec::new(),
        history: false,
        transfer: false,
        messages: false,
        presence: false,
        local_offset_min: |_| 0,
    };
    let rng = Rng::from_number(1);
    Dialogs::new(settings, Box::new(Nobody), Handles::from(0), rng)
}

fn account(name: &str, is_default: bool) -> Word {
    Word::Account(Box::new(Account {
        name: name.into(),
        aor: format!("sip:{name}@pbx.example").parse().unwrap(),
        display_name: String::new(),
        auth_user: name.into(),
        password: Redacted::new(String::new()),
        registrar: None,
        standby: None,
        outbound_proxy: None,
        transport: Transport::Udp,
        expires: Duration::ZERO,
        keep_alive: KeepAliveRule::None,
        takes_unknown: false,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        is_default,
        watches: ports::blf::Watches::default(),
        policy: std::sync::Arc::default(),
    }))
}

fn dial(to: &str) -> Word {
    Word::Dial {
        command: CommandId(1),
        call: Handles::from(7).next(),
        account: None,
        to: to.into(),
        ring_for: None,
        headers: Vec::new(),
        action: None,
    }
}

/// The account that a call is made from when none is named.
fn caller(part: &mut Dialogs) -> String {
    let mut out = Outbox::new();
    part.handle(dial("200"), Instant::ZERO, &mut out);
    let Some(Post::Event(events::Word::Tell { account, .. })) = out.take() else {
        panic!("nothing was told");
    };
    account.unwrap().to_string()
}

#[test]
fn a_call_that_names_no_account_is_made_from_the_default_one() {
    for (words, from) in [
        (vec![account("b", false), account("a", false)], "a"),
        (vec![account("a", false), account("b", true)], "b"),
        (vec![account("b", true), account("a", false)], "b"),
        (vec![account("b", true), account("a", true)], "a"),
        (vec![account("a", true), account("b", true)], "b"),
    ] {
        let mut part = dialogs();
        for word in words {
            part.handle(word, Instant::ZERO, &mut Outbox::new());
        }
        assert_eq!(caller(&mut part), from);
    }
}

/// Where a call to `to` goes first, of an account that travels by TCP.
fn first_hop(registrar: Option<&str>, proxy: Option<&str>, to: &str) -> String {
    let Word::Account(mut own) = account("a", true) else {
        panic!("it is an account");
    };
    own.transport = Transport::Tcp;
    own.registrar = registrar.map(|uri| uri.parse().unwrap());
    own.outbound_proxy = proxy.map(|uri| uri.parse().unwrap());
    let mut part = dialogs();
    part.handle(Word::Account(own), Instant::ZERO, &mut Outbox::new());
    let mut out = Outbox::new();
    part.handle(dial(to), Instant::ZERO, &mut out);
    let mut posts = core::iter::from_fn(|| out.take());
    let hop = posts.find_map(|post| {
        let Post::Link(link::Word::Route { uri, .. }) = post else {
            return None;
        };
        Some(uri.to_string())
    });
    hop.unwrap()
}

/// A number goes where the account's registrar is, as the account travels; an address of others does not.
#[test]
fn calls_in_the_own_domain_go_as_the_account_does() {
    let own = "sip:200@pbx.example;transport=tcp";
    assert_eq!(first_hop(None, None, "200"), own);
    assert_eq!(first_hop(None, None, "sip:200@pbx.example"), own);
    assert_eq!(first_hop(Some("sip:pbx.example"), None, "200"), own);
    let by_udp = "sip:200@pbx.example;transport=udp";
    assert_eq!(first_hop(None, None, by_udp), by_udp);
    let registrar = Some("sip:10.0.0.5:5070");
    assert_eq!(
        first_hop(registrar, None, "200"),
        "sip:10.0.0.5:5070;transport=tcp"
    );
    let other = "200@elsewhere.example";
    assert_eq!(first_hop(None, None, other), "sip:200@elsewhere.example");
    assert_eq!(
        first_hop(registrar, None, other),
        "sip:200@elsewhere.example"
    );
    assert_eq!(
        first_hop(registrar, Some("sip:10.0.0.9"), "200"),
        "sip:10.0.0.9"
    );
}

/// K-147: a call whose account nobody registers is over after 32 s; one whose account is, goes on.
#[test]
fn k_147_a_call_waits_32_s_for_its_account_at_most() {
    for is_answered in [false, true] {
        let Word::Account(mut own) = account("a", true) else {
            panic!("it is an account");
        };
        own.expires = Duration::from_secs(600);
        std::sync::Arc::make_mut(&mut own.policy).registers = policy::Registers::ForCalls;
        let mut part = dialogs();
        part.handle(Word::Account(own), Instant::ZERO, &mut Outbox::new());
        let mut out = Outbox::new();
        part.handle(dial("200"), Instant::ZERO, &mut out);
        let mut posts = core::iter::from_fn(|| out.take());
        let call = posts.find_map(|post| match post {
            Post::Registrar(registrar::Word::CallNeeds { call, .. }) => Some(call),
            _ => None,
        });
        let call = call.expect("it asks for its account");
        if is_answered {
            let outcome = Ok(());
            let registered = Word::Registered { call, outcome };
            part.handle(registered, Instant::from_millis(5_000), &mut Outbox::new());
        }
        let mut said = Vec::new();
        for at in [31_999, 32_000] {
            let mut out = Outbox::new();
            part.handle_time(Instant::from_millis(at), &mut out);
            said.extend(
                core::iter::from_fn(|| out.take()).filter_map(|post| match post {
                    Post::Event(events::Word::Tell {
                        body: EventBody::CallEnded(ended),
                        ..
                    }) => Some((at, ended.error.unwrap().code)),
                    _ => None,
                }),
            );
        }
        let expected = (!is_answered).then_some((32_000, Code::NOT_REGISTERED));
        assert_eq!(said, Vec::from_iter(expected));
    }
}
