//! RFC 3665 §2: registration.

use crate::{secs, told};
use offhook_sim::{Flow, Peer, Phone, Proxy, Settings, World};
use ports::registrar::Word;

/// A registrar that knows Bob's password, and Bob's phone with `password`.
fn bob(world: &mut World, password: &str) -> (Phone, Proxy) {
    let server = Proxy::new(world, "registrar", "biloxi.test");
    let passwords = [("bob".to_owned(), "zanzibar".to_owned())];
    server.state().registrar.passwords = passwords.into();
    let mut settings = Settings::new("bob").registered(password, secs(3_600));
    settings.domain = "biloxi.test".to_owned();
    (world.phone(&settings), server)
}

/// M-001
#[test]
fn successful_new_registration() {
    let flow = Flow {
        name: "rfc3665-2.1-registration",
        about: "Bob's phone registers; the registrar wants his password.
                Source: RFC 3665 §2.1. Link: 20 ms each way.",
        act: |world| {
            let (bob, _) = bob(world, "zanzibar");
            told(world, &bob, "account.registered", 1);
        },
    };
    flow.check();
}

#[test]
fn update_of_contact_list() {
    let flow = Flow {
        name: "rfc3665-2.2-another-contact",
        about:
            "Bob is registered elsewhere already; his phone adds itself and finds its own lifetime
                among both in the answer.
                Source: RFC 3665 §2.2. Link: 20 ms each way.",
        act: |world| {
            let (bob, server) = bob(world, "zanzibar");
            server.knows("bob", "sip:bob@10.9.9.9");
            server.state().registrar.grants = 600;
            told(world, &bob, "account.registered", 1);
        },
    };
    flow.check();
}

#[test]
fn current_contact_list() {
    let flow = Flow {
        name: "rfc3665-2.3-contact-list",
        about:
            "The list of contacts comes with every answer, so with that to the refresh at half of
                the 20 s granted, which reuses the nonce. The phone never asks without a Contact.
                Source: RFC 3665 §2.3. Link: 20 ms each way.",
        act: |world| {
            let (bob, server) = bob(world, "zanzibar");
            server.knows("bob", "sip:bob@10.9.9.9");
            server.state().registrar.grants = 20;
            told(world, &bob, "account.registered", 1);
            world.run_for(secs(11));
        },
    };
    flow.check();
}

/// M-021
#[test]
fn cancellation_of_registration() {
    let flow = Flow {
        name: "rfc3665-2.4-unregister",
        about: "Bob's phone removes its binding.
                Source: RFC 3665 §2.4. Link: 20 ms each way.",
        act: |world| {
            let (bob, _) = bob(world, "zanzibar");
            told(world, &bob, "account.registered", 1);
            world.run_for(secs(1));
            bob.note("unregister");
            let account = "bob".to_owned();
            bob.post(Word::Unregister { account });
            told(world, &bob, "account.unregistered", 1);
        },
    };
    flow.check();
}

#[test]
fn unsuccessful_registration() {
    let flow = Flow {
        name: "rfc3665-2.5-wrong-password",
        about: "The password is wrong: one try, then the person is told.
                Source: RFC 3665 §2.5. Link: 20 ms each way.",
        act: |world| {
            let (bob, _) = bob(world, "wrong");
            told(world, &bob, "account.failed", 1);
            world.run_for(secs(1));
        },
    };
    flow.check();
}

/// M-016
#[test]
fn registration_at_another_server() {
    let flow = Flow {
        name: "rfc3261-21.3.3-registration-redirected",
        about:
            "The server that is set says that Bob belongs to another one: his phone registers there,
                and proves itself there.
                Source: RFC 3261 §21.3.3, §8.1.3.4. Link: 20 ms each way.",
        act: |world| {
            let first = Peer::new(world, "first");
            let next = format!("<sip:{}>", world.next_ip(1));
            first.on("REGISTER", move |script, request| {
                let next = next.clone();
                script.reply(request, 302, |r| r.header("Contact", next));
            });
            let mut settings = Settings::new("bob").registered("zanzibar", secs(3_600));
            settings.domain = first.script().address.ip().to_string();
            let bob = world.phone(&settings);
            let server = Proxy::new(world, "second", "biloxi.test");
            let passwords = [("bob".to_owned(), "zanzibar".to_owned())];
            server.state().registrar.passwords = passwords.into();
            told(world, &bob, "account.registered", 1);
        },
    };
    flow.check();
}
