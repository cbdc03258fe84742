//! RFC 5359 §2.1 to §2.3: hold.

use crate::{ms, picks_up, rings, secs, told};
use control::CallHandle;
use offhook_sim::{Bounds, Flow, Leg, Peer, Phone, Script, Settings, World};
use sip_message::Method;

/// Services of RFC 5359 over 1,000 bad networks.
const BOUNDS: Bounds = Bounds {
    same: 950,
    stay: 0,
    seeds: 1_000,
};

/// Alice and Bob talk; Bob's call, if it came about.
fn talking(world: &mut World) -> (Phone, Phone, Option<CallHandle>) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    alice.dial(&bob.uri());
    picks_up(world, &bob);
    world.run_for(secs(1));
    let call = bob.calls().first().map(|call| call.call);
    (alice, bob, call)
}

#[test]
fn m_068_call_hold() {
    let flow = Flow {
        name: "rfc5359-2.1-hold",
        about: "Bob puts Alice on hold, goes on, and hangs up.
                Source: RFC 5359 §2.1, RFC 3264 §8.4. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, call) = talking(world);
            if let Some(call) = call {
                bob.hold(call);
                told(world, &bob, "call.hold", 1);
                world.run_for(secs(2));
                bob.resume(call);
                told(world, &bob, "call.resumed", 1);
                world.run_for(secs(1));
                bob.hang_up(call);
            }
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_056_consultation_hold() {
    let flow = Flow {
        name: "rfc5359-2.2-consultation-hold",
        about: "Bob calls Carol, which puts Alice on hold; after Carol he goes on with Alice.
                Source: RFC 5359 §2.2. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, call) = talking(world);
            let carol = world.phone(&Settings::new("carol"));
            let other = bob.dial(&carol.uri());
            picks_up(world, &carol);
            world.run_for(secs(2));
            bob.hang_up(other);
            told(world, &carol, "call.ended", 1);
            if let Some(call) = call {
                bob.resume(call);
                told(world, &bob, "call.resumed", 1);
                world.run_for(secs(1));
                bob.hang_up(call);
            }
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check_with(BOUNDS);
}

/// The PBX offers music, or voice again.
fn plays(script: &mut Script, mut leg: Leg, version: u32, way: &str) -> Leg {
    let music = script.sdp(version).replace("40000", "42000") + way + "\r\n";
    let again = leg
        .request(Method::Invite)
        .header("Contact", script.contact())
        .body("application/sdp", music);
    script.send(again, leg.to, |_, _| {});
    leg
}

#[test]
fn m_069_music_on_hold() {
    let flow = Flow {
        name: "rfc5359-2.3-music-on-hold",
        about: "The PBX holds Alice and plays music from another address, then goes on.
                Source: RFC 5359 §2.3, as a PBX in the middle does it. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let pbx = Peer::new(world, "pbx");
            pbx.on("INVITE", |script, invite| {
                script.accept(invite);
                let leg = Leg::called(script, invite);
                script.later(secs(2), |script| {
                    let leg = plays(script, leg, 2, "a=sendonly");
                    script.later(secs(2), |script| {
                        plays(script, leg, 3, "a=sendrecv");
                    });
                });
            });
            let call = alice.dial(&pbx.uri());
            told(world, &alice, "call.answered", 1);
            world.run_for(secs(6));
            alice.hang_up(call);
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_068_both_hold_at_once() {
    let flow = Flow {
        name: "rfc3261-14.1-holds-cross",
        about:
            "Both hold at the same time: both get 491, each tries again after its own wait, and in
                the end nothing flows either way. Then one after the other goes on.
                Source: RFC 3261 §14.1, RFC 6337 §5.3. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, call) = talking(world);
            let other = alice.calls().first().map(|call| call.call);
            if let (Some(call), Some(other)) = (call, other) {
                bob.hold(call);
                alice.hold(other);
                told(world, &bob, "call.hold", 2);
                told(world, &alice, "call.hold", 2);
                world.run_for(secs(2));
                bob.resume(call);
                told(world, &alice, "call.resumed", 1);
                world.run_for(secs(1));
                alice.resume(other);
                told(world, &bob, "call.resumed", 2);
                world.run_for(secs(1));
                bob.hang_up(call);
            }
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check();
}

#[test]
fn m_056_call_waiting() {
    let flow = Flow {
        name: "m-056-second-call",
        about:
            "Carol calls Bob, who talks with Alice: he answers, which holds Alice; swaps twice; and
                Carol hangs up.
                Source: M-056. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, _) = talking(world);
            let carol = world.phone(&Settings::new("carol"));
            let hers = carol.dial(&bob.uri());
            if let Some(second) = rings(world, &bob) {
                world.run_for(secs(1));
                bob.accept(second);
                told(world, &carol, "call.answered", 1);
                told(world, &bob, "call.hold", 1);
                world.run_for(secs(1));
                bob.swap();
                told(world, &bob, "call.resumed", 1);
                told(world, &bob, "call.hold", 2);
                world.run_for(secs(1));
                bob.swap();
                told(world, &bob, "call.resumed", 2);
                told(world, &bob, "call.hold", 3);
                world.run_for(secs(1));
            }
            carol.hang_up(hers);
            told(world, &carol, "call.ended", 1);
            world.run_for(secs(1));
            if let Some(call) = bob.calls().first() {
                bob.hang_up(call.call);
            }
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check();
}
