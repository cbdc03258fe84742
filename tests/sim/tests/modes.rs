//! Accounts that are registered for the calls they make, as long as these last.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::Duration;
use control::{Code, EventBody};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use policy::{Dialling, Policy, Registers};
use std::cell::RefCell;
use std::rc::Rc;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Requests in the order in which Eve got them; `-` before a REGISTER that removes.
type Order = Rc<RefCell<Vec<String>>>;

/// Alice, who is registered at Eve for calls alone, and Eve, who answers REGISTER with `status`, or not at all.
fn alice_and_eve(seed: u64, status: Option<u16>) -> (World, Phone, Peer, Order) {
    let mut world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    let eve = Peer::new(&mut world, "eve");
    let order = Order::default();
    let got = Rc::clone(&order);
    eve.on("REGISTER", move |script, request| {
        let headers = request.headers();
        let removes = headers.expires().unwrap() == Some(0);
        let name = if removes { "-REGISTER" } else { "REGISTER" };
        got.borrow_mut().push(name.to_owned());
        let contact = headers.first("Contact").map(<[u8]>::to_vec).unwrap();
        let contact = String::from_utf8(contact).unwrap();
        if let Some(status) = status {
            script.reply(request, status, |r| r.header("Contact", contact));
        }
    });
    let got = Rc::clone(&order);
    eve.on("INVITE", move |script, request| {
        got.borrow_mut().push("INVITE".to_owned());
        script.accept(request);
    });
    let got = Rc::clone(&order);
    eve.on("BYE", move |script, request| {
        got.borrow_mut().push("BYE".to_owned());
        script.reply(request, 200, |r| r);
    });
    let mut settings = Settings::new("alice").registered("", Duration::from_secs(600));
    settings.outbound_proxy = Some(eve.uri().parse().unwrap());
    settings.one_active = false;
    settings.policy = Policy {
        registers: Registers::ForCalls,
        dialling: Dialling {
            emergency: vec!["112".to_owned()],
            ..Dialling::default()
        },
        ..Policy::default()
    };
    let alice = world.phone(&settings);
    (world, alice, eve, order)
}

fn ended_with(alice: &Phone) -> Option<Code> {
    let events = alice.events().into_iter().rev();
    let mut ended = events.filter_map(|event| match event.body {
        EventBody::CallEnded(ended) => Some(ended),
        _ => None,
    });
    ended.next()?.error.map(|error| error.code)
}

/// M-199, K-147: nothing until a call; one binding for two calls; it goes with the last of them, and comes again.
#[test]
fn m_199_k_147_a_binding_lasts_as_long_as_calls() {
    let (world, alice, _eve, order) = alice_and_eve(1, Some(200));
    world.run_for(ms(5_000));
    assert_eq!(*order.borrow(), [""; 0]);
    let first = alice.dial("201");
    let second = alice.dial("202");
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 2));
    assert_eq!(*order.borrow(), ["REGISTER", "INVITE", "INVITE"]);
    alice.hang_up(first);
    world.run_for(ms(1_000));
    assert_eq!(order.borrow().last().unwrap(), "BYE");
    alice.hang_up(second);
    world.run_for(ms(1_000));
    let told = order.take();
    assert_eq!(told[3..], ["BYE", "BYE", "-REGISTER"]);
    let third = alice.dial("203");
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 3));
    alice.hang_up(third);
    world.run_for(ms(1_000));
    let told = order.take();
    assert_eq!(told, ["REGISTER", "INVITE", "BYE", "-REGISTER"]);
}

/// A call right after another finds the binding on its way out: it is made anew before the INVITE goes.
#[test]
fn a_call_that_comes_while_the_binding_goes_registers_anew() {
    let (world, alice, _eve, order) = alice_and_eve(2, Some(200));
    let first = alice.dial("201");
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 1));
    alice.hang_up(first);
    assert!(world.run_while_not(ms(3_000), || alice.count("call.ended") == 1));
    order.take();
    alice.dial("202");
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 2));
    let told = order.take();
    let register = told.iter().rposition(|name| name == "REGISTER").unwrap();
    let invite = told.iter().position(|name| name == "INVITE").unwrap();
    assert!(register < invite, "{told:?}");
}

/// Where the server does not register us, nobody is called, and the reason is the server's; nothing is tried after that.
#[test]
fn m_199_k_147_a_refused_registration_ends_the_call_with_its_reason() {
    let (world, alice, eve, order) = alice_and_eve(3, Some(403));
    alice.dial("201");
    assert!(world.run_while_not(ms(3_000), || alice.count("call.ended") == 1));
    assert_eq!(ended_with(&alice), Some(Code::REGISTRATION_REFUSED));
    world.run_for(ms(120_000));
    assert_eq!(*order.borrow(), ["REGISTER"]);
    assert_eq!(eve.count("INVITE"), 0);
}

/// Who hangs up before that is known calls nobody.
#[test]
fn a_call_that_is_hung_up_while_it_registers_sends_no_invite() {
    let (world, alice, eve, _order) = alice_and_eve(4, None);
    let call = alice.dial("201");
    world.run_for(ms(1_000));
    alice.hang_up(call);
    assert!(world.run_while_not(ms(1_000), || alice.count("call.ended") == 1));
    world.run_for(ms(120_000));
    assert_eq!(eve.count("INVITE"), 0);
}

/// An emergency call waits for nothing.
#[test]
fn an_emergency_call_does_not_wait_to_be_registered() {
    let (world, alice, _eve, order) = alice_and_eve(5, None);
    alice.dial("112");
    assert!(world.run_while_not(ms(1_000), || alice.count("call.answered") == 1));
    assert_eq!(*order.borrow(), ["INVITE"]);
}
