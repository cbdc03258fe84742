//! RFC 5359: services. Hold is in `holds`, transfers are in `transfers`; tests/ladders/README.md lists all.

use crate::{ms, picks_up, secs, told};
use control::lamp::{AddLamp, LampRef};
use control::transfer::TransferMode;
use control::{Command, EventBody, LampState};
use offhook_sim::{Bounds, Flow, Leg, Peer, Phone, Script, Settings, World};
use policy::Rules;
use policy::rule::Direction;
use sip_message::{Method, Request, Response};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

/// Carol, who moves in third.
const CAROL: &str = "sip:carol@10.0.0.3";

/// All 1,000 bad networks end somewhere, and nothing is left.
const BOUNDS: Bounds = Bounds {
    same: 950,
    stay: 0,
    seeds: 1_000,
};

/// Alice, Bob and Carol, where Bob's phone does with calls what is set.
fn three(world: &mut World, set: impl FnOnce(&mut Settings)) -> (Phone, Phone, Phone) {
    let alice = world.phone(&Settings::new("alice"));
    let mut bob = Settings::new("bob");
    set(&mut bob);
    let bob = world.phone(&bob);
    let carol = world.phone(&Settings::new("carol"));
    (alice, bob, carol)
}

/// They speak for a second, and whoever called hangs up.
fn goodbye(world: &World, phone: &Phone) {
    world.run_for(secs(1));
    for call in phone.calls() {
        phone.hang_up(call.call);
    }
    world.run_for(secs(1));
}

#[test]
fn m_133_forwarding_unconditional() {
    let flow = Flow {
        name: "rfc5359-2.7-forwarding-unconditional",
        about: "Bob's phone sends every call to Carol.
                Source: RFC 5359 §2.7, with 302 by the phone itself. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol) = three(world, |bob| {
                bob.policy.receiving.forwarding.always = Some(CAROL.to_owned());
            });
            alice.dial(&bob.uri());
            picks_up(world, &carol);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_133_forwarding_when_busy() {
    let flow = Flow {
        name: "rfc5359-2.8-forwarding-busy",
        about: "Bob talks with Dave; his phone sends Alice to Carol meanwhile.
                Source: RFC 5359 §2.8, with 302 by the phone itself. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol) = three(world, |bob| {
                bob.policy.receiving.forwarding.busy = Some(CAROL.to_owned());
            });
            let dave = world.phone(&Settings::new("dave"));
            dave.dial(&bob.uri());
            picks_up(world, &bob);
            alice.dial(&bob.uri());
            picks_up(world, &carol);
            goodbye(world, &alice);
            goodbye(world, &dave);
        },
    };
    flow.check_with(Bounds {
        same: 900,
        ..BOUNDS
    });
}

#[test]
fn m_133_forwarding_when_nobody_answers() {
    let flow = Flow {
        name: "rfc5359-2.9-forwarding-no-answer",
        about: "Bob does not answer for five seconds: his phone sends Alice to Carol.
                Source: RFC 5359 §2.9, with 302 by the phone itself. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol) = three(world, |bob| {
                let to = (secs(5), CAROL.to_owned());
                bob.policy.receiving.forwarding.no_answer = Some(to);
            });
            alice.dial(&bob.uri());
            picks_up(world, &carol);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn find_me() {
    let flow = Flow {
        name: "rfc5359-2.12-find-me",
        about: "Bob's server names three phones: his desk is busy, the mobile rings out, at home he answers.
                Source: RFC 5359 §2.12, by a server that redirects; RFC 3261 §8.1.3.4. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let server = Peer::new(world, "server");
            let desk = Peer::new(world, "desk");
            let mobile = Peer::new(world, "mobile");
            let home = world.phone(&Settings::new("home"));
            let all = [(desk.uri(), "1.0"), (mobile.uri(), "0.8"), (home.uri(), "0.5")];
            server.on("INVITE", move |script, invite| {
                script.reply(invite, 302, |response| {
                    let add = |r: sip_message::ResponseBuilder, (uri, q): &(String, &str)| {
                        r.header("Contact", format!("<{uri}>;q={q}"))
                    };
                    all.iter().fold(response.remove("Contact"), add)
                });
            });
            desk.on("INVITE", |script, invite| script.reply(invite, 486, |r| r));
            mobile.on("INVITE", |script, invite| {
                script.ring(invite);
                let invite = invite.clone();
                script.later(secs(3), move |script| script.reply(&invite, 480, |r| r));
            });
            alice.dial("sip:bob@10.0.0.2");
            picks_up(world, &home);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn incoming_call_screening() {
    let flow = Flow {
        name: "rfc5359-2.13-incoming-screening",
        about: "Bob's rules let nobody called mallory through; Carol's call rings.
                Source: RFC 5359 §2.13, by the phone itself. Link: 20 ms each way.",
        act: |world| {
            let mallory = world.phone(&Settings::new("mallory"));
            let mut bob = Settings::new("bob");
            let rules = Rules::read(["equals mallory => rejectCall"], Direction::Incoming);
            bob.policy.receiving.rules = rules.unwrap_or_default();
            let bob = world.phone(&bob);
            let carol = world.phone(&Settings::new("carol"));
            mallory.dial(&bob.uri());
            told(world, &mallory, "call.ended", 1);
            carol.dial(&bob.uri());
            picks_up(world, &bob);
            goodbye(world, &carol);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn outgoing_call_screening() {
    let flow = Flow {
        name: "rfc5359-2.14-outgoing-screening",
        about: "Alice's server lets her call nobody outside: she is told 403, and calls Bob inside.
                Source: RFC 5359 §2.14. Link: 20 ms each way.",
        act: |world| {
            let server = Peer::new(world, "server");
            server.on("INVITE", |script, invite| {
                let outside = invite.uri_text().starts_with("sip:0");
                match outside {
                    true => script.reply(invite, 403, |r| r),
                    false => script.accept(invite),
                }
            });
            let mut alice = Settings::new("alice");
            alice.outbound_proxy = format!("{};lr", server.uri()).parse().ok();
            let alice = world.phone(&alice);
            alice.dial("0900123456");
            told(world, &alice, "call.ended", 1);
            alice.dial("102");
            told(world, &alice, "call.answered", 1);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

/// What a park server knows: who is in its slot, and who fetches them.
#[derive(Default)]
struct Slot {
    parked: Option<Leg>,
    fetched: Option<Leg>,
}

/// Ends the call of `leg`.
fn ends(script: &mut Script, mut leg: Leg) {
    let bye = leg.request(Method::Bye);
    script.send(bye, leg.to, |_, _| {});
}

/// Joins whoever is in the slot with whoever calls it: each gets the other's description.
fn fetches(script: &mut Script, slot: &Rc<RefCell<Slot>>, invite: &Request) {
    let Some(mut parked) = slot.borrow().parked.clone() else {
        return script.reply(invite, 404, |r| r);
    };
    let offer = String::from_utf8_lossy(invite.body()).into_owned();
    let again = parked
        .request(Method::Invite)
        .header("Contact", script.contact())
        .body("application/sdp", offer);
    let (to, invite, kept) = (parked.to, invite.clone(), Rc::clone(slot));
    script.send(again, to, move |script, response: &Response| {
        let answer = String::from_utf8_lossy(response.body()).into_owned();
        if !response.status().is_success() || kept.borrow().fetched.is_some() {
            return;
        }
        kept.borrow_mut().fetched = Some(Leg::called(script, &invite));
        script.reply(&invite, 200, |r| r.body("application/sdp", answer));
    });
    slot.borrow_mut().parked = Some(parked);
}

/// A server with one slot.
fn park_server(world: &mut World) -> Peer {
    let server = Peer::new(world, "park");
    let slot = Rc::new(RefCell::new(Slot::default()));
    let kept = Rc::clone(&slot);
    server.on("INVITE", move |script, invite| {
        let is_taken = kept.borrow().parked.is_some();
        if is_taken {
            return fetches(script, &kept, invite);
        }
        kept.borrow_mut().parked = Some(Leg::called(script, invite));
        script.accept(invite);
    });
    server.on("BYE", move |script, bye| {
        script.reply(bye, 200, |r| r);
        let all = core::mem::take(&mut *slot.borrow_mut());
        let call = bye.headers().call_id().map(|id| id.to_string());
        for leg in [all.parked, all.fetched].into_iter().flatten() {
            if call.as_ref().is_ok_and(|call| !leg.is_of(call)) {
                ends(script, leg);
            }
        }
    });
    server
}

#[test]
fn m_085_m_087_call_park() {
    let flow = Flow {
        name: "rfc5359-2.15-call-park",
        about: "Bob parks Alice at a slot by REFER; Carol fetches her by calling the slot.
                Source: RFC 5359 §2.15, with the slot called instead of Replaces. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = world.phone(&Settings::new("bob"));
            let park = park_server(world);
            let carol = world.phone(&Settings::new("carol"));
            alice.dial(&bob.uri());
            picks_up(world, &bob);
            world.run_for(secs(1));
            crate::transfers::hands_on(&bob, &park.uri(), TransferMode::Now);
            crate::transfers::ended(world, &bob);
            world.run_for(secs(2));
            carol.dial(&park.uri());
            told(world, &carol, "call.answered", 1);
            goodbye(world, &carol);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 700,
        ..BOUNDS
    });
}

#[test]
fn m_083_call_pickup() {
    let flow = Flow {
        name: "rfc5359-2.16-call-pickup",
        about: "Alice calls Bob, whose phone rings; Bill takes the call by Replaces, and Bob's phone is silent.
                Source: RFC 5359 §2.16, RFC 3891 §5. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = Peer::new(world, "bob");
            let bill = Peer::new(world, "bill");
            bob.on("INVITE", |script, invite| script.ring(invite));
            alice.dial(&bob.uri());
            told(world, &alice, "call.ringing", 1);
            world.run_for(secs(1));
            let to = SocketAddr::new(alice.ip(), 5060);
            if let Some(invite) = bob.last("INVITE") {
                let mut script = bill.script();
                let replaces = replaces(&invite, "bob-tag;early-only");
                let sdp = script.sdp(1);
                let request = script.invitation(&alice.uri());
                let request = request
                    .header("Replaces", replaces)
                    .header("Require", "replaces")
                    .body("application/sdp", sdp);
                script.note("pick up");
                script.send(request, to, |_, _| {});
            }
            told(world, &alice, "call.answered", 1);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 800,
        ..BOUNDS
    });
}

/// Tells a watcher of the call that rings here.
fn shows_ringing(script: &mut Script, subscribe: &Request, invite: Option<&Request>) {
    script.reply(subscribe, 200, |r| {
        r.header("Expires", "300")
            .header("Contact", "<sip:bob@10.0.0.2>")
    });
    if subscribe.headers().to().is_ok_and(|to| to.tag().is_some()) {
        return;
    }
    let ringing = invite.map_or_else(String::new, |invite| {
        let leg = Leg::called(script, invite);
        let headers = invite.headers();
        let call = headers.call_id().map(|id| id.to_string()).unwrap_or_default();
        let from = headers.from().ok();
        let theirs = from.and_then(|from| from.tag().map(str::to_owned)).unwrap_or_default();
        format!(
            "<dialog id='1' call-id='{call}' local-tag='bob-tag' remote-tag='{theirs}' direction='recipient'>\
             <state>early</state><remote><target uri='sip:alice@{}'/></remote></dialog>",
            leg.to
        )
    });
    let mut leg = Leg::called(script, subscribe);
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "dialog")
        .header("Subscription-State", "active;expires=300")
        .body(
            "application/dialog-info+xml",
            format!("<dialog-info version='0' state='full' entity='x'>{ringing}</dialog-info>"),
        );
    script.send(notify, leg.to, |_, _| {});
}

/// Bill watches Bob, sees that a call rings there, and takes it.
fn takes(world: &World, bill: &Phone) {
    let _ = bill.command(Command::AddLamp(AddLamp {
        target: "bob".to_owned(),
        account: None,
        label: Some("Bob".to_owned()),
        slot: false,
    }));
    world.run_while_not(secs(40), || shows(bill, LampState::Ringing));
    world.run_for(secs(1));
    bill.note("pick up");
    let _ = bill.command(Command::PickUpLamp(LampRef {
        target: "Bob".to_owned(),
        account: None,
    }));
}

#[test]
fn m_091_a_call_that_rings_elsewhere_is_picked_up() {
    let flow = Flow {
        name: "rfc5359-2.16-directed-pickup",
        about: "Alice calls Bob, whose phone rings; Bill's lamp says so, and which call it is, and he takes it.
                Source: RFC 5359 §2.16, RFC 4235, RFC 3891 §3. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = Peer::new(world, "bob");
            let mut bill = Settings::new("bill");
            bill.domain = bob.script().address.ip().to_string();
            let bill = world.phone(&bill);
            let rings = Rc::new(RefCell::new(None));
            let kept = Rc::clone(&rings);
            bob.on("INVITE", move |script, invite| {
                *kept.borrow_mut() = Some(invite.clone());
                script.ring(invite);
            });
            bob.on("SUBSCRIBE", move |script, subscribe| {
                shows_ringing(script, subscribe, rings.borrow().as_ref());
            });
            alice.dial(&bob.uri());
            told(world, &alice, "call.ringing", 1);
            takes(world, &bill);
            told(world, &alice, "call.answered", 1);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 150,
        seeds: 200,
        ..BOUNDS
    });
}

/// Names the dialog that `invite` makes with whoever has this tag, for the phone that sent it.
fn replaces(invite: &Request, tag: &str) -> String {
    let headers = invite.headers();
    let call = headers.call_id().map(|id| id.to_string());
    let from = headers.from().ok();
    let own = from.and_then(|from| from.tag().map(str::to_owned));
    let (call, own) = (call.unwrap_or_default(), own.unwrap_or_default());
    format!("{call};to-tag={own};from-tag={tag}")
}

/// A report on the calls of 201: one, or none.
fn reports(script: &mut Script, mut leg: Leg, version: u32) -> Leg {
    let call = match version {
        0 => "<dialog id='1'><state>confirmed</state></dialog>",
        _ => "",
    };
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "dialog")
        .header("Subscription-State", "active;expires=300")
        .body(
            "application/dialog-info+xml",
            format!(
                "<dialog-info version='{version}' state='full' entity='x'>{call}</dialog-info>"
            ),
        );
    script.send(notify, leg.to, |_, _| {});
    leg
}

fn is_idle(phone: &Phone) -> bool {
    shows(phone, LampState::Idle)
}

/// Whether the lamp that changed last shows this.
fn shows(phone: &Phone, wanted: LampState) -> bool {
    let state = |event: &control::Event| {
        let EventBody::BlfChanged(lamp) = &event.body else {
            return None;
        };
        Some(lamp.snapshot.state)
    };
    let events = phone.events();
    let last = events.iter().rev().find_map(state);
    last == Some(wanted)
}

#[test]
fn m_089_m_093_automatic_redial() {
    let flow = Flow {
        name: "rfc5359-2.17-automatic-redial",
        about: "201 is busy; Alice watches it, sees when it is free, and calls again.
                Source: RFC 5359 §2.17; the person, or a program that listens, dials. Link: 20 ms each way.",
        act: |world| {
            let pbx = Peer::new(world, "pbx");
            let mut alice = Settings::new("alice");
            alice.domain = pbx.script().address.ip().to_string();
            let alice = world.phone(&alice);
            pbx.on("INVITE", |script, invite| match script.flag {
                true => script.accept(invite),
                false => script.reply(invite, 486, |r| r),
            });
            pbx.on("SUBSCRIBE", |script, subscribe| {
                script.reply(subscribe, 200, |r| {
                    r.header("Expires", "300").header("Contact", "<sip:201@10.0.0.1>")
                });
                let headers = subscribe.headers();
                if headers.to().is_ok_and(|to| to.tag().is_some()) {
                    return;
                }
                let leg = Leg::called(script, subscribe);
                let leg = reports(script, leg, 0);
                script.later(secs(4), move |script| {
                    script.flag = true;
                    reports(script, leg, 1);
                });
            });
            alice.dial("201");
            told(world, &alice, "call.ended", 1);
            alice.note("watch 201");
            let watch = Command::AddLamp(AddLamp {
                target: "201".to_owned(),
                account: None,
                label: None,
                slot: false,
            });
            let _ = alice.command(watch);
            world.run_while_not(secs(60), || is_idle(&alice));
            alice.dial("201");
            told(world, &alice, "call.answered", 1);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 800,
        ..BOUNDS
    });
}

#[test]
fn click_to_dial() {
    let flow = Flow {
        name: "rfc5359-2.18-click-to-dial",
        about: "Alice clicks a link.
                Source: RFC 5359 §2.18, with the link handed to the phone itself. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = world.phone(&Settings::new("bob"));
            alice.dial("callto:bob@10.0.0.2");
            picks_up(world, &bob);
            goodbye(world, &alice);
            world.run_for(ms(50));
        },
    };
    flow.check_with(BOUNDS);
}
