//! Text messages over bad networks: each comes once or not at all, and who wrote it knows which.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::message::SendMessage;
use control::{Code, Command, EventBody, MessageState, Reply, TextMessage};
use offhook_sim::link::{Jitter, LinkSettings, Loss};
use offhook_sim::{Peer, Phone, Settings, World};
use ports::Address;
use std::collections::BTreeMap;

/// Worlds of the test over seeds.
const WORLDS: u64 = 1_000;
/// Until nothing is left: timers F and J (RFC 3261 §17.1.2.2, §17.2.2), with what it takes on the way.
const PATIENCE: Duration = Duration::from_secs(80);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn send(phone: &Phone, to: &str, text: &str) -> TextMessage {
    let command = Command::MessageSend(SendMessage {
        to: Some(to.to_owned()),
        text: text.to_owned(),
        account: None,
        call: None,
    });
    let Reply::Message { message } = phone.command(command).unwrap() else {
        panic!("the reply is the message");
    };
    *message
}

/// What became of each message of ours, by its text; `None` while it is on its way.
fn ends(phone: &Phone) -> BTreeMap<String, Option<TextMessage>> {
    let mut all = BTreeMap::new();
    for event in phone.events() {
        if let EventBody::MessageChanged(message) = event.body {
            let text = message.text.clone();
            let end = (message.state != MessageState::Sending).then_some(*message);
            if let Some(Some(first)) = all.insert(text, end) {
                panic!("it ended before: {first:?}");
            }
        }
    }
    all
}

fn received(phone: &Phone) -> Vec<TextMessage> {
    let all = phone.events().into_iter();
    all.filter_map(|event| {
        let EventBody::MessageReceived(message) = event.body else {
            return None;
        };
        Some(*message)
    })
    .collect()
}

/// One that sends and takes messages.
fn writing(name: &str) -> Settings {
    Settings {
        allow_message: true,
        ..Settings::new(name)
    }
}

fn two(seed: u64) -> (World, Phone, Phone) {
    let mut world = World::new(seed);
    let alice = world.phone(&writing("alice"));
    let bob = world.phone(&writing("bob"));
    (world, alice, bob)
}

/// One world: texts go both ways while packets are lost, repeated and overtake each other; in some worlds the part
/// that has the transactions panics.
fn one(seed: u64) {
    let (world, alice, bob) = two(seed);
    world.set_links(&LinkSettings {
        loss: Loss::Random((seed % 8) as f64 * 0.12),
        delay: ms(5 + seed % 40),
        jitter: Jitter::Uniform(ms(seed % 7 * 30)),
        overtaking: true,
        reorder: 0.2,
        reorder_by: ms(700),
        duplicate: 0.3,
        ..LinkSettings::CLEAN
    });
    for step in 0..6_u64 {
        let (from, to) = if (seed + step).is_multiple_of(2) {
            (&alice, &bob)
        } else {
            (&bob, &alice)
        };
        let text = format!("Grüße {step}");
        let sent = send(from, &to.uri(), &text);
        assert_eq!(sent.state, MessageState::Sending);
        world.run_for(ms(seed * 7 % 900));
        if step == 3 && seed.is_multiple_of(5) {
            alice.poison(Address::Link);
        }
    }
    world.run_for(PATIENCE);
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        let ends = ends(from);
        let came = received(to);
        for (text, end) in &ends {
            let end = end.as_ref();
            let end = end.unwrap_or_else(|| panic!("seed {seed}: {text} has no end"));
            let times = came.iter().filter(|message| message.text == *text).count();
            assert!(times <= 1, "seed {seed}: {text} came {times} times");
            match end.state {
                MessageState::Delivered => {
                    assert!(times >= 1, "seed {seed}: {text} did not come");
                }
                MessageState::Failed => {
                    let why = end.why.as_ref().unwrap();
                    assert_eq!(why.code, Code::MESSAGE_LOST, "seed {seed}");
                }
                MessageState::Sending
                | MessageState::Accepted
                | MessageState::Received
                | MessageState::Unknown => panic!("seed {seed}: {end:?}"),
            }
        }
        assert!(came.iter().all(|message| ends.contains_key(&message.text)));
    }
    assert_eq!(world.unfinished(), Vec::<String>::new(), "seed {seed}");
}

#[test]
fn m128_a_message_comes_once_or_is_told_as_lost_over_a_thousand_seeds() {
    (0..WORLDS).for_each(one);
}

/// Nobody is there: failed after 32 s, and the network's return changes nothing.
#[test]
fn m128_a_message_into_a_dead_network_fails_in_bounded_time() {
    let (world, alice, bob) = two(3);
    world.space_mut().cut(alice.node(), bob.node());
    send(&alice, &bob.uri(), "a");
    world.run_for(Duration::from_secs(31));
    assert_eq!(ends(&alice)["a"], None);
    world.run_for(Duration::from_secs(3));
    let end = ends(&alice)["a"].clone().unwrap();
    assert_eq!(end.why.unwrap().code, Code::MESSAGE_LOST);
}

/// The server answers 202: it keeps the message for later, which is not the same as delivered.
#[test]
fn m128_202_is_told_apart_and_a_challenge_is_answered() {
    for (status, state) in [
        (200, MessageState::Delivered),
        (202, MessageState::Accepted),
        (480, MessageState::Failed),
    ] {
        let mut world = World::new(4);
        let alice = world.phone(&writing("alice"));
        let carol = Peer::new(&mut world, "carol");
        carol.on("MESSAGE", move |script, request| {
            script.reply(request, status, |r| r);
        });
        send(&alice, &carol.uri(), "hello");
        world.run_for(ms(500));
        let sent = carol.last("MESSAGE").unwrap();
        assert_eq!(sent.body().as_ref(), b"hello");
        assert_eq!(ends(&alice)["hello"].as_ref().unwrap().state, state);
    }
}

/// M-128, in a call: in its dialog, with its call.
#[test]
fn m128_in_a_call_a_text_travels_in_its_dialog() {
    let (world, alice, bob) = two(5);
    let call = alice.dial(&bob.uri());
    world.run_for(ms(300));
    bob.accept(bob.ringing().unwrap());
    world.run_for(ms(300));
    let send = |text: &str| {
        alice.command(Command::MessageSend(SendMessage {
            to: None,
            text: text.to_owned(),
            account: None,
            call: Some(call),
        }))
    };
    send("in between").unwrap();
    world.run_for(Duration::from_secs(2));
    let end = ends(&alice)["in between"].clone().unwrap();
    assert_eq!((end.state, end.call), (MessageState::Delivered, Some(call)));
    let came = received(&bob);
    assert_eq!(came.len(), 1);
    assert!(came[0].call.is_some(), "it names its call");
    alice.hang_up(call);
    world.run_for(Duration::from_secs(40));
    let gone = send("too late").unwrap_err();
    assert_eq!(gone.code, Code::UNKNOWN_CALL);
}

/// K-015: who takes no messages is not written to, and writes none.
#[test]
fn m128_k015_an_account_without_messages_refuses_both_ways() {
    let mut world = World::new(6);
    let alice = world.phone(&writing("alice"));
    let bob = world.phone(&Settings::new("bob"));
    send(&alice, &bob.uri(), "a");
    world.run_for(ms(500));
    let end = ends(&alice)["a"].clone().unwrap();
    assert_eq!(end.why.unwrap().sip_status, Some(405));
    let refused = bob.command(Command::MessageSend(SendMessage {
        to: Some(alice.uri()),
        text: String::from("b"),
        account: None,
        call: None,
    }));
    assert_eq!(refused.unwrap_err().code, Code::MESSAGES_OFF);
    let mut settings = writing("carol").registered("secret", Duration::from_secs(60));
    settings.domain = String::from("10.9.9.9");
    let carol = world.phone(&settings);
    world.run_for(ms(500));
    let refused = carol.command(Command::MessageSend(SendMessage {
        to: Some(alice.uri()),
        text: String::from("c"),
        account: None,
        call: None,
    }));
    assert_eq!(refused.unwrap_err().code, Code::NOT_REGISTERED);
}
