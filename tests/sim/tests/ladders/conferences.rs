//! RFC 5359 §2.6, §2.10, §2.11 and RFC 5589 §9: three who come together, and one of them who may leave the others.

use crate::transfers::{ended, goodbye, joins, three};
use crate::{picks_up, rings, secs, told};
use control::message::SendMessage;
use control::{Command, EventBody};
use offhook_sim::{Bounds, Flow, Peer, Phone, Script, Settings, World};
use std::net::SocketAddr;

/// Three calls and more than a dozen requests: on a bad network more of them end another way.
const BOUNDS: Bounds = Bounds {
    same: 800,
    stay: 0,
    seeds: 1_000,
};

/// The address in a text: what a person sees as a link.
fn link(phone: &Phone) -> Option<String> {
    let text = phone.events().into_iter().find_map(|event| {
        let EventBody::MessageReceived(message) = event.body else {
            return None;
        };
        Some(message.text)
    })?;
    let (_, rest) = text.split_once('<')?;
    rest.split_once('>').map(|(uri, _)| uri.to_owned())
}

#[test]
fn m_128_transfer_by_instant_message() {
    let flow = Flow {
        name: "rfc5359-2.6-transfer-by-instant-message",
        about: "Bob writes to Alice whom she wants; she follows the link in his text, and takes leave of him.
                Source: RFC 5359 §2.6; the person follows the link. Link: 20 ms each way.",
        act: |world| {
            let writes = |name: &str| Settings {
                allow_message: true,
                ..Settings::new(name)
            };
            let alice = world.phone(&writes("alice"));
            let bob = world.phone(&writes("bob"));
            let carol = world.phone(&Settings::new("carol"));
            alice.dial(&bob.uri());
            picks_up(world, &bob);
            world.run_for(secs(1));
            bob.note("write to alice");
            // On a bad network the call may be over.
            let _ = bob.command(Command::MessageSend(SendMessage {
                to: Some(alice.uri()),
                text: format!("Please ask Carol: <{}>", carol.uri()),
                account: None,
                call: None,
            }));
            told(world, &alice, "message.received", 1);
            let first = alice.calls().first().map(|call| call.call);
            if let Some(uri) = link(&alice) {
                alice.dial(&uri);
                picks_up(world, &carol);
            }
            if let Some(first) = first {
                alice.hang_up(first);
            }
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

/// Bob speaks with Alice and calls Carol, who picks up.
fn adds_carol(world: &World, bob: &Phone, carol: &Phone) {
    bob.dial(&carol.uri());
    picks_up(world, carol);
    told(world, bob, "call.answered", 2);
    world.run_for(secs(1));
}

#[test]
fn m_070_third_party_is_added() {
    let flow = Flow {
        name: "rfc5359-2.10-third-party-is-added",
        about: "Bob speaks with Alice, calls Carol and merges the two; Alice leaves first.
                Source: RFC 5359 §2.10; mixed by Bob's phone, whose Contact has no isfocus. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            adds_carol(world, &bob, &carol);
            bob.merge();
            goodbye(world, &alice);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}

/// Calls, and names a call to join: as what has to be understood first, and then as what may be passed over.
fn asks_to_join(script: &mut Script, uri: String, to: SocketAddr, requires: bool) {
    let sdp = script.sdp(1);
    let invite = script.invitation(&uri);
    let invite = invite.header("Join", "call@alice;to-tag=bob;from-tag=alice");
    let invite = match requires {
        true => invite.header("Require", "join"),
        false => invite,
    };
    script.note("join");
    let invite = invite.body("application/sdp", sdp);
    script.send(invite, to, move |script, response| {
        if response.status().code() == 420 && !script.flag {
            script.flag = true;
            asks_to_join(script, uri.clone(), to, false);
        }
    });
}

#[test]
fn m_070_third_party_joins() {
    let flow = Flow {
        name: "rfc5359-2.11-third-party-joins",
        about: "Carl's phone asks to join the call of Alice and Bob, which Bob's does not know; it calls as
                everybody does, and Bob merges.
                Source: RFC 5359 §2.11, RFC 3911 §4, with the person for Join. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, _, _) = three(world);
            let carl = Peer::new(world, "carl");
            let to = SocketAddr::new(bob.ip(), 5060);
            asks_to_join(&mut carl.script(), bob.uri(), to, true);
            if let Some(call) = rings(world, &bob) {
                world.run_for(secs(1));
                bob.accept(call);
                told(world, &bob, "call.answered", 2);
                bob.merge();
            }
            goodbye(world, &alice);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_077_transfer_as_ad_hoc_conference() {
    let flow = Flow {
        name: "rfc5589-9-ad-hoc-conference",
        about:
            "Bob merges Alice and Carol, all three speak, and he leaves by sending Alice to Carol.
                Source: RFC 5589 §9; mixed by Bob's phone. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            adds_carol(world, &bob, &carol);
            bob.merge();
            world.run_for(secs(2));
            joins(&bob, "alice", "carol");
            ended(world, &bob);
            goodbye(world, &alice);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}
