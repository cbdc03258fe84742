//! RFC 3665 §3: sessions.

use crate::{ms, picks_up, rings, secs, told};
use offhook_sim::{Bounds, Flow, Leg, Peer, Phone, Proxy, Settings, World};
use sip_message::Method;

/// Alice's and Bob's phones, which know each other's address.
fn two_phones(world: &mut World) -> (Phone, Phone) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    (alice, bob)
}

#[test]
fn session_establishment() {
    let flow = Flow {
        name: "rfc3665-3.1-session",
        about: "Alice calls Bob, and Bob hangs up.
                Source: RFC 3665 §3.1. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            alice.dial(&bob.uri());
            picks_up(world, &bob);
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

/// Alice behind the proxy of Atlanta, Bob behind that of Biloxi.
fn two_proxies(world: &mut World) -> (Phone, Proxy, Proxy, Phone) {
    let atlanta = world.next_ip(1);
    let mut settings = Settings::new("alice");
    settings.domain = "atlanta.test".to_owned();
    settings.password = "secret".to_owned();
    settings.outbound_proxy = format!("sip:{atlanta}").parse().ok();
    let alice = world.phone(&settings);
    let atlanta = Proxy::new(world, "atlanta", "atlanta.test");
    let biloxi = Proxy::new(world, "biloxi", "biloxi.test");
    let bob = world.phone(&Settings::new("bob"));
    biloxi.knows("bob", &bob.uri());
    let next = biloxi.state().address;
    atlanta.state().others.insert(String::new(), next);
    (alice, atlanta, biloxi, bob)
}

fn talks_through_proxies(world: &World, alice: &Phone, bob: &Phone) {
    alice.dial("sip:bob@biloxi.test");
    picks_up(world, bob);
    world.run_for(secs(1));
    if let Some(call) = bob.calls().first() {
        bob.hang_up(call.call);
    }
    told(world, alice, "call.ended", 1);
    world.run_for(ms(100));
}

#[test]
fn session_through_two_proxies() {
    let flow = Flow {
        name: "rfc3665-3.2-two-proxies",
        about: "Alice calls Bob through two proxies that stay on the route.
                Source: RFC 3665 §3.2. Link: 20 ms each way.",
        act: |world| {
            let (alice, _, _, bob) = two_proxies(world);
            talks_through_proxies(world, &alice, &bob);
        },
    };
    // The proxies of this world send nothing twice.
    flow.check_with(Bounds {
        same: 165,
        stay: 3,
        ..Bounds::default()
    });
}

#[test]
fn session_with_two_authentications() {
    let flow = Flow {
        name: "rfc3665-3.3-two-authentications",
        about: "Both proxies want Alice's password, each for its own realm.
                Source: RFC 3665 §3.3. Link: 20 ms each way.",
        act: |world| {
            let (alice, atlanta, biloxi, bob) = two_proxies(world);
            for proxy in [&atlanta, &biloxi] {
                let mut state = proxy.state();
                state.challenges = true;
                let passwords = [("alice".to_owned(), "secret".to_owned())];
                state.registrar.passwords = passwords.into();
            }
            talks_through_proxies(world, &alice, &bob);
        },
    };
    // The proxies of this world send nothing twice.
    flow.check_with(Bounds {
        same: 130,
        stay: 3,
        ..Bounds::default()
    });
}

#[test]
fn session_after_a_proxy_failed() {
    let flow = Flow {
        name: "rfc3665-3.4-proxy-failure",
        about: "The first proxy of Alice's domain is dead: the call goes on over the second.
                Source: RFC 3665 §3.4, RFC 3263 §4.3. Link: 20 ms each way.",
        act: |world| {
            let mut settings = Settings::new("alice");
            settings.domain = "atlanta.test".to_owned();
            settings.outbound_proxy = "sip:atlanta.test".parse().ok();
            let alice = world.phone(&settings);
            let first = Proxy::new(world, "first", "p1.atlanta.test");
            first.state().is_dead = true;
            let second = Proxy::new(world, "second", "p2.atlanta.test");
            let own = ["atlanta.test", "biloxi.test"].map(str::to_owned);
            second.state().aliases = own.to_vec();
            {
                let mut names = world.names();
                let service = "_sip._udp.atlanta.test";
                names.server(service, 1, "p1.atlanta.test", 5060);
                names.server(service, 2, "p2.atlanta.test", 5060);
            }
            let bob = world.phone(&Settings::new("bob"));
            second.knows("bob", &bob.uri());
            talks_through_proxies(world, &alice, &bob);
        },
    };
    // The proxies of this world send nothing twice.
    flow.check_with(Bounds {
        same: 180,
        stay: 0,
        ..Bounds::default()
    });
}

/// What `phone` was told of the other side's address for voice.
fn voice_goes_to(phone: &Phone) -> Option<String> {
    phone.events().into_iter().find_map(|event| {
        let control::EventBody::CallMedia(told) = event.body else {
            return None;
        };
        told.remote
    })
}

#[test]
fn session_through_a_gateway() {
    let flow = Flow {
        name: "rfc3665-3.5-gateway",
        about:
            "A gateway between two networks puts itself into the descriptions and passes voice on.
                Source: RFC 3665 §3.5. Link: 20 ms each way.",
        act: |world| {
            let address = world.next_ip(1);
            let mut settings = Settings::new("alice");
            settings.outbound_proxy = format!("sip:{address}").parse().ok();
            let alice = world.phone(&settings);
            let gateway = Proxy::new(world, "gateway", "biloxi.test");
            gateway.state().relays_voice = true;
            let bob = world.phone(&Settings::new("bob"));
            gateway.knows("bob", &bob.uri());
            talks_through_proxies(world, &alice, &bob);
            for phone in [&alice, &bob] {
                let remote = voice_goes_to(phone);
                // On a bad network the call may never have come about.
                let is_gateway = |r: String| r.starts_with(&format!("{address}:"));
                assert!(remote.is_none_or(is_gateway));
                let talked = phone.count("call.answered") == 1;
                assert!(!talked || phone.media_datagrams().1 > 20);
            }
        },
    };
    // The proxies of this world send nothing twice.
    flow.check_with(Bounds {
        same: 180,
        stay: 0,
        ..Bounds::default()
    });
}

#[test]
fn session_after_a_redirection() {
    let flow = Flow {
        name: "rfc3665-3.6-redirected",
        about: "A redirect server says where Bob is: the phone calls there by itself.
                Source: RFC 3665 §3.6, first half. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let server = Peer::new(world, "redirect");
            let bob = world.phone(&Settings::new("bob"));
            let moved = format!("<{}>", bob.uri());
            server.on("INVITE", move |script, invite| {
                let moved = moved.clone();
                script.reply(invite, 302, |r| r.replace("Contact", moved));
            });
            alice.dial(&server.uri());
            picks_up(world, &bob);
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

#[test]
fn session_with_the_answer_in_the_ack() {
    let flow = Flow {
        name: "rfc3665-3.6-answer-in-ack",
        about: "Alice's INVITE has no description: Bob's phone offers in its 200, the ACK answers.
                Source: RFC 3665 §3.6, second half. Link: 20 ms each way.",
        act: |world| {
            let alice = Peer::new(world, "alice");
            let bob = world.phone(&Settings::new("bob"));
            alice.script().acknowledges = false;
            alice
                .script()
                .invite(&bob.uri(), false, |script, response| {
                    if response.status().is_success() {
                        let invite = script.own_invite().expect("it was sent");
                        let answer = script.sdp(1);
                        script.acknowledge(&invite, response, &answer);
                    }
                });
            picks_up(world, &bob);
            world.run_for(secs(1));
            if let Some(call) = bob.calls().first() {
                bob.hang_up(call.call);
            }
            told(world, &bob, "call.ended", 1);
        },
    };
    flow.check();
}

#[test]
fn session_whose_address_changes() {
    let flow = Flow {
        name: "rfc3665-3.7-address-change",
        about: "Alice's address changes during the call: her re-INVITE moves the voice.
                Source: RFC 3665 §3.7. Link: 20 ms each way.",
        act: |world| {
            let alice = Peer::new(world, "alice");
            let bob = world.phone(&Settings::new("bob"));
            alice.script().invite(&bob.uri(), true, |script, response| {
                if !response.status().is_success() {
                    return;
                }
                let invite = script.own_invite().expect("it was sent");
                let mut leg = Leg::calling(&invite, response);
                script.later(ms(500), move |script| {
                    let moved = script.sdp(2).replace("40000", "41000");
                    let again = leg
                        .request(Method::Invite)
                        .header("Contact", script.contact())
                        .body("application/sdp", moved);
                    script.send(again, leg.to, |_, _| {});
                });
            });
            picks_up(world, &bob);
            world.run_for(secs(2));
            if let Some(call) = bob.calls().first() {
                bob.hang_up(call.call);
            }
            told(world, &bob, "call.ended", 1);
        },
    };
    flow.check();
}

#[test]
fn no_answer() {
    let flow = Flow {
        name: "rfc3665-3.8-no-answer",
        about: "Bob does not pick up, and Alice gives up.
                Source: RFC 3665 §3.8. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            let call = alice.dial(&bob.uri());
            rings(world, &bob);
            world.run_for(secs(2));
            alice.hang_up(call);
            told(world, &bob, "call.ended", 1);
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check();
}

#[test]
fn busy() {
    let flow = Flow {
        name: "rfc3665-3.9-busy",
        about: "Bob refuses the call.
                Source: RFC 3665 §3.9. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob) = two_phones(world);
            alice.dial(&bob.uri());
            if let Some(call) = rings(world, &bob) {
                world.run_for(secs(1));
                bob.decline(call, None);
            }
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check();
}

#[test]
fn no_response() {
    let flow = Flow {
        name: "rfc3665-3.10-no-response",
        about: "Nobody is there: the call fails after 32 s.
                Source: RFC 3665 §3.10, RFC 3261 §17.1.1.2 (timer B). Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let nobody = Proxy::new(world, "nobody", "nobody.test");
            nobody.state().is_dead = true;
            alice.dial("sip:bob@nobody.test");
            told(world, &alice, "call.ended", 1);
        },
    };
    flow.check();
}

#[test]
fn temporarily_unavailable() {
    let flow = Flow {
        name: "rfc3665-3.11-unavailable",
        about: "Bob's phone says that he cannot be reached.
                Source: RFC 3665 §3.11. Link: 20 ms each way.",
        act: |world| {
            let alice = world.phone(&Settings::new("alice"));
            let bob = Peer::new(world, "bob");
            bob.on("INVITE", |script, invite| {
                script.ring(invite);
                let invite = invite.clone();
                script.later(secs(1), move |script| {
                    script.reply(&invite, 480, |r| r);
                });
            });
            alice.dial(&bob.uri());
            told(world, &alice, "call.ended", 1);
            world.run_for(ms(50));
        },
    };
    flow.check();
}
