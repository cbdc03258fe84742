//! What is dialled, with whole phones.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::event::Side;
use control::{Code, EventBody};
use offhook_sim::{LinkSettings, Phone, Proxy, Settings, World};

/// Alice's phone, and Bob's behind the PBX of her domain as `+1555`.
fn behind_a_pbx(world: &mut World) -> (Phone, Phone) {
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    let pbx = Proxy::new(world, "pbx", "pbx.test");
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    pbx.knows("+1555", &bob.uri());
    (alice, bob)
}

/// When `phone` was told each event of this name. Unit: ms.
fn times(phone: &Phone, name: &str) -> Vec<u64> {
    let events = phone.events().into_iter();
    let named = events.filter(|event| event.body.name() == name);
    named.map(|event| event.ts.unix_ms()).collect()
}

#[test]
fn m_062_digits_follow_the_answer_after_pauses() {
    let mut world = World::new(1);
    let (alice, bob) = behind_a_pbx(&mut world);
    alice.dial("+1555,,1234#,9");
    assert!(world.run_while_not(Duration::from_secs(3), || bob.ringing().is_some()));
    world.run_for(Duration::from_secs(5));
    assert_eq!(alice.count("call.dtmf"), 0, "nobody has answered");
    bob.accept(bob.ringing().unwrap());
    world.run_for(Duration::from_secs(12));
    let heard = bob.events().into_iter().filter_map(|event| {
        let EventBody::CallDtmf(told) = event.body else {
            return None;
        };
        (told.direction == Side::Remote).then_some(told.digit)
    });
    assert_eq!(heard.collect::<String>(), "1234#9");
    let answered = times(&alice, "call.answered")[0];
    let heard = times(&bob, "call.dtmf");
    let (first, last) = (heard[0] - answered, heard[5] - answered);
    assert!((3_900..4_500).contains(&first), "{first} ms");
    assert!((5_900..7_500).contains(&last), "{last} ms");
    // What follows the number may be a PIN.
    let said = format!("{:?}", alice.calls());
    assert!(said.contains("+1555@") && !said.contains("1234"), "{said}");
}

#[test]
fn m_062_what_is_no_key_is_refused_before_anybody_is_called() {
    let mut world = World::new(2);
    let (alice, bob) = behind_a_pbx(&mut world);
    alice.dial("+1555,12x4");
    world.run_for(Duration::from_secs(3));
    let ended = alice.events().into_iter().find_map(|event| {
        let EventBody::CallEnded(told) = event.body else {
            return None;
        };
        told.error.clone()
    });
    let error = ended.unwrap();
    assert_eq!(error.code, Code::BAD_ADDRESS);
    assert!(error.detail.contains("'x' at place 9"), "{}", error.detail);
    assert!(bob.ringing().is_none());
}
