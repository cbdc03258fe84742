//! RFC 5407 §3: races. Words of that page: a callee is in the moratorium between its 2xx and the ACK,
//! and mortal from BYE to the end.

use crate::{ms, rings, secs, told};
use offhook_sim::{Bounds, Flow, Leg, Peer, Phone, Settings, World};
use sip_message::{Method, Request, RequestBuilder, Response};

fn two_phones(world: &mut World) -> (Phone, Phone) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    (alice, bob)
}

/// A scripted Alice and Bob's phone.
fn peer_and_phone(world: &mut World) -> (Peer, Phone) {
    let alice = Peer::new(world, "alice");
    let bob = world.phone(&Settings::new("bob"));
    (alice, bob)
}

/// Alice's phone, and a scripted Bob who picks up at once and allows `methods`; the phone is to
/// refresh the session at half of 90 s.
fn phone_and_peer(world: &mut World, methods: &'static str) -> (Phone, Peer) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(world, "bob");
    bob.on("INVITE", move |script, invite| {
        accept(script, invite, methods)
    });
    (alice, bob)
}

fn accept(script: &mut offhook_sim::Script, invite: &Request, methods: &str) {
    let sdp = script.sdp(1);
    script.reply(invite, 200, |r| {
        r.header("Allow", methods)
            .header("Supported", "timer")
            .header("Require", "timer")
            .header("Session-Expires", "90;refresher=uac")
            .body("application/sdp", sdp)
    });
}

const NO_UPDATE: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS";
const WITH_UPDATE: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE";

/// Picks up as soon as it rings.
fn picks_up_at_once(world: &World, phone: &Phone) {
    if let Some(call) = rings(world, phone) {
        world.run_for(ms(500));
        phone.accept(call);
    }
}

fn hang_up(phone: &Phone) {
    if let Some(call) = phone.calls().first() {
        phone.hang_up(call.call);
    }
}

fn end(world: &World, phone: &Phone) {
    hang_up(phone);
    told(world, phone, "call.ended", 1);
    world.run_for(ms(100));
}

/// A re-INVITE of a peer's, with its description anew.
fn reinvite(script: &offhook_sim::Script, leg: &mut Leg, version: u32) -> RequestBuilder {
    leg.request(Method::Invite)
        .header("Contact", script.contact())
        .body("application/sdp", script.sdp(version))
}

fn success(response: &Response) -> bool {
    response.status().is_success()
}

#[test]
fn invite_again_in_the_moratorium() {
    let flow = Flow {
        name: "rfc5407-3.1.1-invite-again",
        about: "Alice's INVITE comes again after Bob's phone picked up: it is no second call, and the 200
                goes out again by its own timer only.
                Source: RFC 5407 §3.1.1, RFC 6026 §7.1. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = peer_and_phone(world);
            let invite = alice.script().invite(&bob.uri(), true, |_, _| {});
            let to = std::net::SocketAddr::new(bob.ip(), 5060);
            alice.script().later(ms(535), move |script| {
                script.transmit(to, invite.bytes().clone());
            });
            picks_up_at_once(world, &bob);
            told(world, &bob, "call.answered", 1);
            world.run_for(secs(1));
            end(world, &bob);
        },
    };
    flow.check();
}

#[test]
fn cancel_in_the_moratorium() {
    let flow = Flow {
        name: "rfc5407-3.1.2-cancel-crosses-200",
        about: "Alice gives up just as Bob picks up: her CANCEL is too late, so a BYE follows.
                Source: RFC 5407 §3.1.2. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            let call = alice.dial(&bob.uri());
            picks_up_at_once(world, &bob);
            world.run_for(ms(10));
            alice.hang_up(call);
            told(world, &alice, "call.ended", 1);
            told(world, &bob, "call.ended", 1);
            world.run_for(ms(100));
        },
    };
    // What crosses what depends on the delays.
    flow.check_with(Bounds {
        same: 130,
        stay: 0,
        ..Bounds::default()
    });
}

#[test]
fn early_bye_in_the_moratorium() {
    let flow = Flow {
        name: "rfc5407-3.1.3-early-bye-crosses-200",
        about: "Alice ends the early dialog with BYE just as Bob picks up.
                Source: RFC 5407 §3.1.3. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = peer_and_phone(world);
            alice.script().invite(&bob.uri(), true, |script, response| {
                if response.status().code() != 180 {
                    return;
                }
                let invite = script.own_invite().expect("it was sent");
                let mut leg = Leg::calling(&invite, response);
                script.later(ms(470), move |script| {
                    let bye = leg.request(Method::Bye);
                    script.send(bye, leg.to, |_, _| {});
                });
            });
            picks_up_at_once(world, &bob);
            told(world, &bob, "call.ended", 1);
            world.run_for(ms(600));
        },
    };
    // What crosses what depends on the delays, and the script's BYE may be lost.
    flow.check_with(Bounds {
        same: 130,
        stay: 16,
        ..Bounds::default()
    });
}

/// Alice re-INVITEs before her ACK, which leaves 100 ms after Bob's 200 came.
fn early_reinvite(world: &mut World, with_offer: bool) {
    let (alice, bob) = peer_and_phone(world);
    alice.script().acknowledges = false;
    alice
        .script()
        .invite(&bob.uri(), with_offer, move |script, response| {
            if !success(response) {
                return;
            }
            let invite = script.own_invite().expect("it was sent");
            let mut leg = Leg::calling(&invite, response);
            let again = reinvite(script, &mut leg, 2);
            script.send(again, leg.to, |script, response| {
                if success(response) {
                    let again = script.own_invite().expect("it was sent");
                    script.acknowledge(&again, response, "");
                }
            });
            let response = response.clone();
            script.later(ms(100), move |script| {
                let answer = if with_offer {
                    String::new()
                } else {
                    script.sdp(1)
                };
                script.acknowledge(&invite, &response, &answer);
            });
        });
    picks_up_at_once(world, &bob);
    told(world, &bob, "call.answered", 1);
    world.run_for(secs(1));
    end(world, &bob);
}

#[test]
fn reinvite_in_the_moratorium() {
    let flow = Flow {
        name: "rfc5407-3.1.4-reinvite-before-ack",
        about: "Alice's re-INVITE overtakes the ACK of her INVITE.
                Source: RFC 5407 §3.1.4. Link: 20 ms each way.",
        act: |world| early_reinvite(world, true),
    };
    flow.check();
}

#[test]
fn reinvite_before_the_answer() {
    let flow = Flow {
        name: "rfc5407-3.1.5-reinvite-before-answer",
        about: "The same where the ACK has the answer: two offers must not be open at once.
                Source: RFC 5407 §3.1.5. Link: 20 ms each way.",
        act: |world| early_reinvite(world, false),
    };
    flow.check();
}

#[test]
fn bye_in_the_moratorium() {
    let flow = Flow {
        name: "rfc5407-3.1.6-bye-before-ack",
        about: "Alice's ACK is lost, then she hangs up.
                Source: RFC 5407 §3.1.6. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            let call = alice.dial(&bob.uri());
            picks_up_at_once(world, &bob);
            world.space_mut().lose_next(alice.node(), bob.node(), 1);
            world.run_for(ms(100));
            alice.hang_up(call);
            told(world, &alice, "call.ended", 1);
            told(world, &bob, "call.ended", 1);
            world.run_for(ms(600));
        },
    };
    // What crosses what depends on the delays.
    flow.check_with(Bounds {
        same: 60,
        stay: 0,
        ..Bounds::default()
    });
}

#[test]
fn both_hang_up() {
    let flow = Flow {
        name: "rfc5407-3.2.1-bye-crosses-bye",
        about: "Both hang up at the same time.
                Source: RFC 5407 §3.2.1. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            alice.dial(&bob.uri());
            picks_up_at_once(world, &bob);
            told(world, &bob, "call.answered", 1);
            world.run_for(secs(1));
            hang_up(&alice);
            world.run_for(ms(5));
            hang_up(&bob);
            told(world, &alice, "call.ended", 1);
            told(world, &bob, "call.ended", 1);
            world.run_for(ms(100));
        },
    };
    flow.check();
}

/// Bob, scripted, sends `request` in the dialog of Alice's call when told; Alice hangs up 5 ms before.
fn hangs_up_before(
    world: &mut World,
    request: fn(&offhook_sim::Script, &mut Leg) -> RequestBuilder,
) {
    let (alice, bob) = phone_and_peer(world, NO_UPDATE);
    alice.dial(&bob.uri());
    told(world, &alice, "call.answered", 1);
    world.run_for(secs(1));
    if let Some(invite) = bob.last("INVITE") {
        let mut script = bob.script();
        let mut leg = Leg::called(&script, &invite);
        script.later(ms(5), move |script| {
            let request = request(script, &mut leg);
            script.send(request, leg.to, |_, _| {});
        });
    }
    hang_up(&alice);
    told(world, &alice, "call.ended", 1);
    world.run_for(ms(600));
}

#[test]
fn reinvite_in_the_mortal_state() {
    let flow = Flow {
        name: "rfc5407-3.2.2-reinvite-crosses-bye",
        about: "Bob's re-INVITE crosses Alice's BYE.
                Source: RFC 5407 §3.2.2. Link: 20 ms each way.",
        act: |world| hangs_up_before(world, |script, leg| reinvite(script, leg, 2)),
    };
    flow.check();
}

#[test]
fn refer_in_the_mortal_state() {
    let flow = Flow {
        name: "rfc5407-3.3.3-refer-crosses-bye",
        about: "Bob's REFER crosses Alice's BYE.
                Source: RFC 5407 §3.3.3. Link: 20 ms each way.",
        act: |world| {
            hangs_up_before(world, |script, leg| {
                let contact = script.contact();
                leg.request(Method::Refer)
                    .header("Contact", contact)
                    .header("Refer-To", "<sip:carol@10.9.9.9>")
            });
        },
    };
    flow.check();
}

#[test]
fn success_of_a_reinvite_in_the_mortal_state() {
    let flow = Flow {
        name: "rfc5407-3.2.3-200-crosses-bye",
        about: "Alice's phone refreshes the session, and she hangs up before its 200 comes: it is
                acknowledged all the same.
                Source: RFC 5407 §3.2.3. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = phone_and_peer(world, NO_UPDATE);
            alice.dial(&bob.uri());
            told(world, &alice, "call.answered", 1);
            world.run_while_not(secs(60), || bob.count("INVITE") == 2);
            hang_up(&alice);
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(600));
        },
    };
    flow.check();
}

#[test]
fn ack_in_the_mortal_state() {
    let flow = Flow {
        name: "rfc5407-3.2.4-ack-after-hang-up",
        about: "Bob picks up and hangs up before the ACK came: the BYE waits for it.
                Source: RFC 5407 §3.2.4, RFC 3261 §15. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            alice.dial(&bob.uri());
            picks_up_at_once(world, &bob);
            world.run_for(ms(10));
            hang_up(&bob);
            told(world, &alice, "call.ended", 1);
            told(world, &bob, "call.ended", 1);
            world.run_for(ms(100));
        },
    };
    flow.check();
}

/// Alice's phone refreshes with what Bob allows; his re-INVITE crosses it.
fn crossing(world: &mut World, methods: &'static str) {
    let (alice, bob) = phone_and_peer(world, methods);
    bob.on("INVITE", move |script, invite| {
        let is_first = invite.headers().to().is_ok_and(|to| to.tag().is_none());
        let is_open = script.flag;
        match is_open {
            true => script.reply(invite, 491, |r| r),
            false => accept(script, invite, methods),
        }
        if is_first {
            let mut leg = Leg::called(script, invite);
            script.later(ms(45_035), move |script| cross(script, &mut leg));
        }
    });
    bob.on("UPDATE", |script, update| match script.flag {
        true => script.reply(update, 491, |r| r),
        false => script.reply(update, 200, |r| {
            r.header("Session-Expires", "90;refresher=uac")
        }),
    });
    alice.dial(&bob.uri());
    told(world, &alice, "call.answered", 1);
    world.run_for(secs(50));
    end(world, &alice);
}

fn cross(script: &mut offhook_sim::Script, leg: &mut Leg) {
    let again = reinvite(script, leg, 2);
    script.flag = true;
    script.send(again, leg.to, |script, response| {
        script.flag &= !response.status().is_final();
    });
}

#[test]
fn reinvites_cross() {
    let flow = Flow {
        name: "rfc5407-3.3.1-reinvites-cross",
        about: "Two re-INVITEs cross: both get 491, and each side tries again after its own wait.
                Source: RFC 5407 §3.3.1, RFC 3261 §14.1. Link: 20 ms each way.",
        act: |world| crossing(world, NO_UPDATE),
    };
    flow.check();
}

#[test]
fn update_and_reinvite_cross() {
    let flow = Flow {
        name: "rfc5407-3.3.2-update-crosses-reinvite",
        about: "Alice's phone refreshes by UPDATE, which crosses Bob's re-INVITE.
                Source: RFC 5407 §3.3.2, RFC 3311 §5.2. Link: 20 ms each way.",
        act: |world| crossing(world, WITH_UPDATE),
    };
    flow.check();
}
