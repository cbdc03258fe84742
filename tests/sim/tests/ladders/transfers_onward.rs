//! RFC 5589: transfers that take more than one try, or more than three parties.

use crate::transfers::{BOUNDS, completes, ended, goodbye, hands_on, joins, three};
use crate::{picks_up, secs, told};
use control::transfer::TransferMode;
use offhook_sim::{Bounds, Flow, Leg, Peer, Script, Settings, World};
use sip_message::{HeaderName, Message, Method, Request};

/// REFER outside of any dialog, as RFC 5589 §6.1 has it, and in the dialog where that is refused.
fn sends_away(script: &mut Script, invite: &Request, to: &str) {
    let leg = Leg::called(script, invite);
    let headers = invite.headers();
    let call = headers.call_id().map(|id| id.to_string());
    let contacts = headers.contacts().ok();
    let contact = contacts.as_ref().and_then(|all| all.first());
    let alice = contact.map_or_else(String::new, |contact| contact.uri().to_string());
    let target = format!(
        "{};local-tag=bob-tag;remote-tag=x",
        call.unwrap_or_default()
    );
    let outside = script
        .outside(Method::Refer, &alice)
        .header("Refer-To", format!("<{to}>"))
        .header("Target-Dialog", target)
        .header("Require", "tdialog");
    let to = to.to_owned();
    script.send(outside, leg.to, move |script, response| {
        if !response.status().is_final() || script.flag {
            return;
        }
        script.flag = true;
        let inside = leg
            .clone()
            .request(Method::Refer)
            .header("Contact", script.contact())
            .header("Refer-To", format!("<{to}>"));
        script.send(inside, leg.to, |_, _| {});
    });
}

#[test]
fn m_083_refer_outside_of_the_dialog() {
    let flow = Flow {
        name: "rfc5589-6.1-refer-outside",
        about: "Bob's phone sends REFER outside of the call, which this phone takes from nobody: then inside.
                Source: RFC 5589 §6.1, RFC 4538. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = Peer::new(world, "bob");
            let carol = world.phone(&Settings::new("carol"));
            bob.on("INVITE", |script, invite| {
                script.accept(invite);
                let invite = invite.clone();
                script.later(secs(2), move |script| {
                    sends_away(script, &invite, "sip:carol@10.0.0.3");
                });
            });
            bob.on("NOTIFY", |script, notify| {
                script.reply(notify, 200, |r| r);
                if notify.body().starts_with(b"SIP/2.0 200") {
                    let mut leg = Leg::called(script, notify);
                    // The number after that of REFER.
                    leg.request(Method::Refer);
                    let bye = leg.request(Method::Bye);
                    script.send(bye, leg.to, |_, _| {});
                }
            });
            alice.dial(&bob.uri());
            picks_up(world, &carol);
            told(world, &alice, "call.ended", 1);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 700,
        ..BOUNDS
    });
}

#[test]
fn m_077_exposing_the_target() {
    let flow = Flow {
        name: "rfc5589-7.1-exposing-target",
        about: "Bob holds Alice, tells Carol who comes, takes leave of her, and sends Alice there.
                Source: RFC 5589 §7.1. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            let asked = bob.dial(&carol.uri());
            picks_up(world, &carol);
            world.run_for(secs(2));
            bob.hang_up(asked);
            told(world, &bob, "call.ended", 1);
            hands_on(&bob, &carol.uri(), TransferMode::Now);
            told(world, &carol, "call.incoming", 2);
            picks_up(world, &carol);
            ended(world, &bob);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_077_protecting_the_target() {
    let flow = Flow {
        name: "rfc5589-7.2-protecting-target",
        about: "Bob asks Carol, and sends her to Alice, who never learns where Carol is.
                Source: RFC 5589 §7.2. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            bob.dial(&carol.uri());
            picks_up(world, &carol);
            world.run_for(secs(2));
            joins(&bob, "carol", "alice");
            ended(world, &bob);
            goodbye(world, &alice);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}

/// Ends the first call that came to a peer: it was replaced.
fn leaves_first(script: &mut Script) {
    let first = script.heard.iter().find_map(|(_, message)| match message {
        Message::Request(request) if *request.method() == Method::Invite => Some(request.clone()),
        Message::Request(_) | Message::Response(_) => None,
    });
    if let Some(first) = first {
        let mut leg = Leg::called(script, &first);
        let bye = leg.request(Method::Bye);
        script.send(bye, leg.to, |_, _| {});
    }
}

/// Alice, Bob, and a third who treats a call that is to replace another one as `treats` says.
fn asks_third(
    world: &mut World,
    (name, uri): (&str, &str),
    treats: impl Fn(&mut Script, &Request) + 'static,
) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let third = Peer::new(world, name);
    third.on("INVITE", move |script, invite| {
        match invite.headers().first(HeaderName::Replaces).is_some() {
            true => treats(script, invite),
            false => script.accept(invite),
        }
    });
    alice.dial(&bob.uri());
    picks_up(world, &bob);
    world.run_for(secs(1));
    hands_on(&bob, uri, TransferMode::Ask);
    told(world, &bob, "call.answered", 2);
    world.run_for(secs(1));
    completes(&bob);
    ended(world, &bob);
    goodbye(world, &alice);
    goodbye(world, &bob);
}

#[test]
fn m_077_a_contact_that_leads_nowhere() {
    let flow = Flow {
        name: "rfc5589-7.5-contact-leads-nowhere",
        about: "Carol's desk is not found by its Contact: Bob sends Alice to Carol's address, to whom that Replaces means
                something.
                Source: RFC 5589 §7.5. Link: 20 ms each way.",
        act: |world| {
            asks_third(world, ("desk", "sip:carol@10.0.0.3"), |script, invite| {
                if invite.uri_text().starts_with("sip:desk@") {
                    return script.reply(invite, 404, |r| r);
                }
                script.accept(invite);
                leaves_first(script);
            });
        },
    };
    flow.check_with(Bounds {
        same: 500,
        ..BOUNDS
    });
}

#[test]
fn m_078_fallback_to_basic_transfer() {
    let flow = Flow {
        name: "rfc5589-7.7-fallback-to-basic",
        about: "Carol's phone does not know Replaces: Bob takes leave of her, and sends Alice there without.
                Source: RFC 5589 §7.7. Link: 20 ms each way.",
        act: |world| {
            asks_third(world, ("carol", "sip:carol@10.0.0.3"), |script, invite| {
                script.reply(invite, 420, |r| r.header("Unsupported", "replaces"));
            });
        },
    };
    flow.check_with(Bounds {
        same: 700,
        ..BOUNDS
    });
}

#[test]
fn m_077_m_083_four_parties() {
    let flow = Flow {
        name: "rfc5589-10-multiple-parties",
        about: "Alice asks Bob for Dave, Bob asks Carol, Carol asks Dave. She sends Bob to Dave, and he Alice.
                Source: RFC 5589 §10. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            let dave = world.phone(&Settings::new("dave"));
            bob.dial(&carol.uri());
            picks_up(world, &carol);
            world.run_for(secs(1));
            carol.dial(&dave.uri());
            picks_up(world, &dave);
            world.run_for(secs(1));
            joins(&carol, "bob", "dave");
            ended(world, &carol);
            world.run_for(secs(1));
            joins(&bob, "alice", "dave");
            told(world, &bob, "call.transfer.done", 2);
            goodbye(world, &alice);
        },
    };
    flow.check_with(Bounds {
        same: 600,
        ..BOUNDS
    });
}
