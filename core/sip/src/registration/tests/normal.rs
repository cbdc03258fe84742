//! Registering, refreshing and removing, with everything a registrar may say.

use super::world::{Mode, World};
use crate::auth::Credentials;
use crate::auth::digest::Algorithm;
use crate::registration::{Account, Cause, Input, KeepAlive, Status};
use base::Redacted;
use core::time::Duration;
use expect_test::expect;
use sip_message::HeaderName;

fn password(text: &str) -> Option<Credentials> {
    Some(Credentials {
        user: "101".into(),
        password: Redacted::new(text.into()),
        realm: None,
    })
}

fn quiet(account: &mut Account) {
    account.supervised = false;
}

#[test]
fn m001_every_state_is_seen() {
    let mut world = World::one(|a| {
        quiet(a);
        a.credentials = password("secret");
    })
    .with_password(&[Algorithm::SHA_256, Algorithm::MD5]);
    world.feed(0, Input::Register);
    world.move_house();
    world.wait(1000);
    world.move_house();
    world.feed(0, Input::Remove);
    world.move_house();
    world.wait(2000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 REGISTER 2 with proof <sip:101@10.0.0.1:5060>;expires=600
             40 ! Registered(600 s)
           1000 REGISTER 3 with proof <sip:101@10.0.0.1:5060>;expires=0
           1000 ! Unregistering
           1020 ! Unregistered
        = Unregistered
    "#]]);
}

#[test]
fn m001_md5_and_sha_256_challenges() {
    for algorithm in [
        Algorithm::MD5,
        Algorithm::SHA_256,
        Algorithm::SHA_512_256,
        Algorithm::MD5.with_session(),
    ] {
        let mut world =
            World::one(|a| a.credentials = password("secret")).with_password(&[algorithm]);
        world.feed(0, Input::Register);
        world.wait(1000);
        let status = world.phones[0].binding.status();
        assert!(matches!(status, Status::Registered { .. }), "{algorithm}");
        // The nonce is used again: a refresh needs no second round.
        let before = world.registers.len();
        world.wait(299_900);
        assert_eq!(world.registers.len(), before + 1, "{algorithm}");
    }
}

#[test]
fn m001_a_wrong_password_is_named_and_not_tried_again() {
    let mut world =
        World::one(|a| a.credentials = password("guess")).with_password(&[Algorithm::SHA_256]);
    world.feed(0, Input::Register);
    world.wait(600_000);
    assert_eq!(
        world.phones[0].binding.status(),
        &Status::Failed(Cause::WrongPassword)
    );
    assert_eq!(world.registers.len(), 2);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 REGISTER 2 with proof <sip:101@10.0.0.1:5060>;expires=600
             40 ! Failed(WrongPassword)
        = Failed(WrongPassword)
    "#]]);
    let mut world = World::one(|_| {}).with_password(&[Algorithm::MD5]);
    world.feed(0, Input::Register);
    world.wait(600_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Failed(Proof(NoCredentials))
        = Failed(Proof(NoCredentials))
    "#]]);
}

#[test]
fn m003_m004_refreshes_come_at_half_of_the_lifetime_without_drift() {
    for (lifetime, half) in [(30_u32, 15_000_u64), (60, 30_000), (600, 300_000)] {
        let mut world = World::one(|_| {});
        world.grants = lifetime;
        world.feed(0, Input::Register);
        world.wait(20 * half + 500);
        let sent: Vec<u64> = world
            .registers
            .iter()
            .map(|(at, _)| at.as_millis())
            .collect();
        assert_eq!(sent.len(), 21, "{lifetime}: {sent:?}");
        assert_eq!(world.phones[0].renewals, 20, "M-019: {lifetime}");
        let first = sent[1] - sent[0];
        assert!(first <= half && first + 1000 >= half, "{lifetime}: {first}");
        for pair in sent[1..].windows(2) {
            assert_eq!(pair[1] - pair[0], half, "{lifetime}");
        }
        let call_id = |n: usize| world.registers[n].1.headers().call_id().unwrap();
        let cseq = |n: usize| world.registers[n].1.headers().cseq().unwrap().number;
        for n in 1..sent.len() {
            assert_eq!(call_id(n), call_id(0));
            assert_eq!(cseq(n), cseq(n - 1) + 1);
        }
    }
}

#[test]
fn m003_retry_after_is_honoured() {
    let mut world = World::one(quiet);
    world.feed(0, Input::Register);
    world.wait(100);
    world.mode = Mode::Says(503, vec![("Retry-After", "5 (busy)".into())]);
    world.wait(300_100);
    let refused = world.registers.last().unwrap().0;
    world.mode = Mode::Up;
    world.wait(320_000);
    let again = world.registers.last().unwrap().0;
    let waited = again.since(refused);
    assert!(
        waited >= Duration::from_secs(5) && waited <= Duration::from_millis(6100),
        "{waited:?}"
    );
    // The binding was there all the time.
    assert_eq!(
        world
            .told
            .iter()
            .filter(|t| matches!(t.2, Status::Failed(_)))
            .count(),
        0
    );
}

#[test]
fn m003_a_refresh_that_keeps_failing_is_told_when_the_binding_ends() {
    let mut world = World::one(quiet);
    world.grants = 30;
    world.feed(0, Input::Register);
    world.wait(100);
    world.mode = Mode::Says(500, vec![]);
    world.wait(60_000);
    world.move_house();
    world.mode = Mode::Up;
    world.wait(120_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Registered(30 s)
          14804 REGISTER 2 <sip:101@10.0.0.1:5060>;expires=600
          17344 REGISTER 3 <sip:101@10.0.0.1:5060>;expires=600
          20373 REGISTER 4 <sip:101@10.0.0.1:5060>;expires=600
          28986 REGISTER 5 <sip:101@10.0.0.1:5060>;expires=600
          30020 ! Failed(Refused { status: 500, reason: "Server Internal Error" })
          43841 REGISTER 6 <sip:101@10.0.0.1:5060>;expires=600
          73025 REGISTER 7 <sip:101@10.0.0.1:5060>;expires=600
          73045 ! Registered(30 s)
          87749 REGISTER 8 <sip:101@10.0.0.1:5060>;expires=600
         102749 REGISTER 9 <sip:101@10.0.0.1:5060>;expires=600
         117749 REGISTER 10 <sip:101@10.0.0.1:5060>;expires=600
        = Registered(30 s)
    "#]]);
}

#[test]
fn refusals_are_told_and_tried_again() {
    let mut world = World::one(|_| {});
    world.mode = Mode::Says(403, vec![]);
    world.feed(0, Input::Register);
    world.wait(20_000);
    world.mode = Mode::Up;
    world.wait(40_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Failed(Refused { status: 403, reason: "Forbidden" })
           2539 REGISTER 2 <sip:101@10.0.0.1:5060>;expires=600
           5568 REGISTER 3 <sip:101@10.0.0.1:5060>;expires=600
          14181 REGISTER 4 <sip:101@10.0.0.1:5060>;expires=600
          29036 REGISTER 5 <sip:101@10.0.0.1:5060>;expires=600
          29056 ! Registered(600 s)
        = Registered(600 s)
    "#]]);
}

#[test]
fn m003_a_longer_expiry_is_asked_for_when_the_registrar_wants_it() {
    let mut world = World::one(|a| {
        quiet(a);
        a.expires_s = 60;
    });
    world.mode = Mode::Says(423, vec![("Min-Expires", "1800".into())]);
    world.feed(0, Input::Register);
    world.wait(15);
    world.mode = Mode::Up;
    world.grants = 1800;
    world.wait(1000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=60
              0 ! Registering
             20 REGISTER 2 <sip:101@10.0.0.1:5060>;expires=1800
             40 ! Registered(1800 s)
        = Registered(1800 s)
    "#]]);
    // Senseless demands are refusals.
    for value in ["1", "999999999", "x"] {
        let mut world = World::one(quiet);
        world.mode = Mode::Says(423, vec![("Min-Expires", value.into())]);
        world.feed(0, Input::Register);
        world.wait(300);
        assert!(matches!(
            world.phones[0].binding.status(),
            Status::Failed(Cause::Refused { status: 423, .. })
        ));
    }
}

#[test]
fn m014_the_contact_follows_the_address_that_the_server_saw() {
    let mut world = World::one(quiet);
    world.router = Some(([198, 51, 100, 7], 40_000).into());
    world.feed(0, Input::Register);
    world.wait(1000);
    world.router = Some(([198, 51, 100, 7], 41_000).into());
    world.wait(301_000);
    world.feed(0, Input::Remove);
    world.wait(302_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Registered(600 s)
             20 REGISTER 2 <sip:101@198.51.100.7:40000>;expires=600 <sip:101@10.0.0.1:5060>;expires=0
             40 ! Registered(600 s)
         299357 REGISTER 3 <sip:101@198.51.100.7:40000>;expires=600
         299377 REGISTER 4 <sip:101@198.51.100.7:41000>;expires=600 <sip:101@198.51.100.7:40000>;expires=0
         299397 ! Registered(600 s)
         301000 REGISTER 5 <sip:101@198.51.100.7:41000>;expires=0
         301000 ! Unregistering
         301020 ! Unregistered
        = Unregistered
    "#]]);
    // Unless somebody chose it.
    let mut world = World::one(|a| {
        quiet(a);
        a.contact = "sip:101@home.example".parse().unwrap();
    });
    world.router = Some(([198, 51, 100, 7], 40_000).into());
    world.feed(0, Input::Register);
    world.wait(1000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@home.example>;expires=600
              0 ! Registering
             20 ! Registered(600 s)
        = Registered(600 s)
    "#]]);
}

#[test]
fn m014_a_router_that_changes_its_mind_every_time_is_not_followed_for_ever() {
    let mut world = World::one(quiet);
    world.feed(0, Input::Register);
    for port in 1..200 {
        world.router = Some(([198, 51, 100, 7], 40_000 + port).into());
        world.wait(u64::from(port) * 15);
    }
    world.wait(10_000);
    assert!(world.registers.len() <= 6, "{}", world.registers.len());
}

#[test]
fn m013_requests_go_through_the_outbound_proxy() {
    let mut world = World::one(|a| {
        quiet(a);
        a.route = vec!["<sip:proxy.test;lr>".parse().unwrap()];
    });
    assert_eq!(
        world.phones[0]
            .binding
            .memory()
            .account
            .next_hop()
            .to_string(),
        "sip:proxy.test;lr"
    );
    world.feed(0, Input::Register);
    world.wait(100);
    let route = world.registers[0].1.headers().text(HeaderName::Route);
    assert_eq!(route.unwrap(), "<sip:proxy.test;lr>");
}

#[test]
fn keep_alives_run_while_registered() {
    let every = Duration::from_secs(20);
    for kind in [KeepAlive::Crlf { every }, KeepAlive::Stun { every }] {
        let mut world = World::one(|a| {
            quiet(a);
            a.keep_alive = kind;
        });
        world.feed(0, Input::Register);
        world.wait(100_500);
        assert_eq!(world.keep_alives, 5);
        world.feed(0, Input::Remove);
        world.wait(200_000);
        assert_eq!(world.keep_alives, 5);
        assert_eq!(world.phones[0].binding.status(), &Status::Unregistered);
    }
}

#[test]
fn an_address_change_moves_the_binding_at_once() {
    let mut world = World::one(|a| {
        quiet(a);
        a.learns_address = false;
    });
    world.feed(0, Input::Register);
    world.wait(1000);
    world.feed(0, Input::Moved("sip:101@10.0.0.1:5062".parse().unwrap()));
    world.wait(2000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Registered(600 s)
           1000 REGISTER 2 <sip:101@10.0.0.1:5062>;expires=600 <sip:101@10.0.0.1:5060>;expires=0
           1020 ! Registered(600 s)
        = Registered(600 s)
    "#]]);
}

#[test]
fn a_removal_nobody_answers_ends_all_the_same() {
    let mut world = World::one(|_| {});
    world.feed(0, Input::Register);
    world.wait(1000);
    world.mode = Mode::Silent;
    world.feed(0, Input::Remove);
    world.wait(60_000);
    world.check(expect![[r#"

              0 REGISTER 1 <sip:101@10.0.0.1:5060>;expires=600
              0 ! Registering
             20 ! Registered(600 s)
           1000 REGISTER 2 <sip:101@10.0.0.1:5060>;expires=0
           1000 ! Unregistering
          33000 ! Unregistered
        = Unregistered
    "#]]);
    assert!(world.phones[0].endpoint.is_empty());
}

#[test]
fn a_registrar_that_keeps_nothing_has_refused() {
    let mut world = World::one(quiet);
    world.grants = 0;
    world.feed(0, Input::Register);
    world.wait(100);
    assert!(matches!(
        world.phones[0].binding.status(),
        Status::Failed(Cause::Refused { status: 200, .. })
    ));
}

/// M-016: RFC 3261 §21.3, with the password asked for where the redirection leads.
#[test]
fn m016_a_redirection_is_followed_and_proved_to() {
    for (status, uri, refreshes_go_there) in [
        (301, "sip:r2.test", true),
        (302, "sip:r2.test", false),
        (305, "sip:pbx.test", false),
    ] {
        let mut world = World::one(|a| {
            quiet(a);
            a.credentials = password("secret");
        })
        .with_password(&[Algorithm::SHA_256]);
        world.mode = Mode::Moved(status, "sip:r2.test");
        world.feed(0, Input::Register);
        world.move_house();
        world.wait(1000);
        let Status::Registered { elsewhere, .. } = world.phones[0].binding.status() else {
            panic!("{status}: {:?}", world.phones[0].binding.status());
        };
        let elsewhere = elsewhere.as_ref().map(ToString::to_string);
        assert_eq!(elsewhere.as_deref(), Some("sip:r2.test"), "{status}");
        let uris = |world: &World| -> Vec<String> {
            let all = world.registers.iter();
            all.map(|(_, r)| r.uri_text().to_owned()).collect()
        };
        assert_eq!(uris(&world), ["sip:pbx.test", uri, uri], "{status}");
        world.wait(299_900);
        let first = if refreshes_go_there {
            uri
        } else {
            "sip:pbx.test"
        };
        assert_eq!(uris(&world)[3], first, "{status}");
        assert!(matches!(
            world.phones[0].binding.status(),
            Status::Registered { .. }
        ));
        let told = world.told.len();
        assert_eq!(told, 2, "{status}: a refresh changes nothing that is told");
    }
}

/// M-016: circles, dead ends and long ways end with the reason.
#[test]
fn m016_a_redirection_that_leads_nowhere_is_named() {
    for (contacts, to) in [
        ("<sip:pbx.test>", "sip:pbx.test"),
        ("<sip:a.test>", "sip:a.test"),
        ("<tel:+15550100>", "tel:+15550100"),
        ("", ""),
    ] {
        let mut world = World::one(quiet);
        let contact = (!contacts.is_empty()).then(|| ("Contact", contacts.to_owned()));
        world.mode = Mode::Says(302, contact.into_iter().collect());
        world.feed(0, Input::Register);
        world.wait(1000);
        let cause = Cause::Redirected {
            status: 302,
            to: to.to_owned(),
        };
        assert_eq!(world.phones[0].binding.status(), &Status::Failed(cause));
        assert!(world.registers.len() <= 2);
        // It is tried again like any other refusal, from the beginning.
        world.mode = Mode::Up;
        world.wait(60_000);
        assert!(matches!(
            world.phones[0].binding.status(),
            Status::Registered {
                elsewhere: None,
                ..
            }
        ));
    }
    let mut world = World::one(quiet);
    let many = (0..9).map(|n| format!("<sip:r{n}.test>"));
    let many: Vec<_> = many.map(|contact| ("Contact", contact)).collect();
    world.mode = Mode::Says(300, many);
    world.feed(0, Input::Register);
    world.wait(1000);
    assert_eq!(world.registers.len(), 6);
    let mut world = World::one(|account| {
        quiet(account);
        account.registrar = "sips:pbx.test".parse().unwrap();
    });
    // Nothing is sent to it in the clear, so nobody can send us elsewhere.
    world.feed(0, Input::Register);
    world.wait(1000);
    assert_eq!(
        world.phones[0].binding.status(),
        &Status::Failed(Cause::Unreachable)
    );
    assert!(world.registers.is_empty());
}
