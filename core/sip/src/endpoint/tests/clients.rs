//! Requests out, responses in.

use super::*;
use expect_test::expect;

#[test]
fn an_invite_is_resent_answered_and_left_to_its_user() {
    let mut world = World::new();
    world.send(1, ours(Method::Invite), Transport::Udp);
    world.wait(600);
    world.answer(Status::RINGING);
    world.move_house();
    world.wait(5000);
    world.answer(Status::OK);
    world.wait(5500);
    world.answer(Status::OK);
    world.feed(Input::SendAck {
        request: ours(Method::Ack),
        target: Target::new(Transport::Udp, peer()),
        flow: None,
    });
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 transmit INVITE to udp:192.0.2.9:5060 on flow 1
           500 transmit INVITE to udp:192.0.2.9:5060 on flow 1
           600 response 180 for client 0.1
          5000 response 200 for client 0.1
          5500 response 200 for client 0.1
          5500 transmit ACK to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
}

#[test]
fn a_refused_invite_is_acknowledged_in_its_own_transaction() {
    let mut world = World::new();
    world.send(1, ours(Method::Invite), Transport::Udp);
    let invite = world.last_request();
    world.answer(Status::BUSY_HERE);
    let ack = world.last_request();
    let text = |request: &Request, name| request.headers().text(name);
    for same in [
        HeaderName::Via,
        HeaderName::From,
        HeaderName::CallId,
        HeaderName::Route,
    ] {
        assert_eq!(text(&ack, same), text(&invite, same));
    }
    assert_eq!(ack.uri_text(), invite.uri_text());
    assert_eq!(ack.headers().to().unwrap().tag(), Some("theirs"));
    assert_eq!(text(&ack, HeaderName::CSeq).unwrap(), "1 ACK");
    world.move_house();
    world.wait(1000);
    world.hear(
        ResponseBuilder::to(&invite, Status::BUSY_HERE)
            .to_tag("theirs")
            .build(),
    );
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 transmit INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit ACK to udp:192.0.2.9:5060 on flow 1
             0 response 486 for client 0.1
          1000 transmit ACK to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
}

#[test]
fn cancel_waits_for_a_provisional_and_has_its_own_transaction() {
    let mut world = World::new();
    world.send(1, ours(Method::Invite), Transport::Udp);
    world.feed(Input::Cancel {
        id: ClientId(1),
        reason: None,
    });
    world.wait(100);
    let invite = world.last_request();
    world.answer(Status::TRYING);
    let cancel = world.last_request();
    let branch = |request: &Request| {
        request
            .headers()
            .top_via()
            .unwrap()
            .branch()
            .map(str::to_owned)
    };
    assert_eq!(branch(&cancel), branch(&invite));
    assert_eq!(cancel.headers().to().unwrap().tag(), None);
    world.wait(700);
    world.move_house();
    world.hear(
        ResponseBuilder::to(&cancel, Status::OK)
            .to_tag("theirs")
            .build(),
    );
    world.hear(
        ResponseBuilder::to(&invite, Status::REQUEST_TERMINATED)
            .to_tag("theirs")
            .build(),
    );
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 transmit INVITE to udp:192.0.2.9:5060 on flow 1
           100 response 100 for client 0.1
           100 transmit CANCEL to udp:192.0.2.9:5060 on flow 1
           600 transmit CANCEL to udp:192.0.2.9:5060 on flow 1
           700 transmit ACK to udp:192.0.2.9:5060 on flow 1
           700 response 487 for client 0.1
        = 0 left
    "#]]);
}

#[test]
fn stray_and_forged_responses_are_dropped() {
    let mut world = World::new();
    world.send(1, ours(Method::Options), Transport::Udp);
    let sent = world.last_request();
    world.take();
    let via = sent.headers().top_via().unwrap();
    let branch = via.branch().unwrap();
    let mut forged = branch.to_owned();
    let letter = if forged.as_bytes()[8] == b'a' {
        "b"
    } else {
        "a"
    };
    forged.replace_range(8..9, letter);
    let original = ResponseBuilder::to(&sent, Status::OK).to_tag("x");
    let other = |from: &str, to: &str| {
        let text = String::from_utf8(
            ResponseBuilder::to(&sent, Status::OK)
                .to_tag("x")
                .build()
                .bytes()
                .to_vec(),
        );
        let text = text.unwrap().replace(from, to);
        parse_datagram(text.into(), &Read::DEFAULT).unwrap()
    };
    world.hear(other(branch, &forged));
    world.hear(other(branch, "z9hG4bK"));
    world.hear(other(branch, "z9hG4bKabcdefghijklmnop9"));
    world.hear(other("1 OPTIONS", "1 INVITE"));
    world.hear(other("1 OPTIONS", "1 CANCEL"));
    let two = format!("Via: SIP/2.0/UDP 1.2.3.4;branch={branch}\r\nFrom");
    world.hear(other("From", &two));
    assert_eq!(world.take(), "\n");
    world.hear(original.build());
    world.check(expect![[r#"

             0 response 200 for client 0.1
        = 1 left
    "#]]);
}

#[test]
fn m009_a_large_request_goes_by_tcp_and_comes_back_when_tcp_is_refused() {
    let large = |id: u64, world: &mut World| {
        let subject = "x".repeat(1300);
        let request = ours(Method::Invite)
            .edit()
            .header(HeaderName::Subject, subject);
        world.send(id, request.build(), Transport::Udp);
    };
    let mut world = World::new();
    large(1, &mut world);
    assert_eq!(
        world
            .last_request()
            .headers()
            .top_via()
            .unwrap()
            .transport()
            .as_str(),
        "TCP"
    );
    world.wait(300);
    world.move_house();
    world.feed(Input::Broken(Broken::Target(Target::new(
        Transport::Tcp,
        peer(),
    ))));
    let again = world.last_request();
    assert_eq!(
        again.headers().top_via().unwrap().transport().as_str(),
        "UDP"
    );
    assert_eq!(again.headers().via_count(), 1);
    world.wait(900);
    world.feed(Input::Broken(Broken::Target(Target::new(
        Transport::Udp,
        peer(),
    ))));
    world.check(expect![[r#"

             0 transmit INVITE to tcp:192.0.2.9:5060 on any flow
           300 transmit INVITE to udp:192.0.2.9:5060 on flow 1
           800 transmit INVITE to udp:192.0.2.9:5060 on flow 1
           900 client 0.1 failed: Transport
        = 0 left
    "#]]);

    // Already by TCP, or never to leave UDP: nothing to come back to.
    let mut settings = Settings::new(Limits::DESKTOP);
    settings.largest_datagram = None;
    let mut world = World::with(settings);
    large(1, &mut world);
    world.feed(Input::Broken(Broken::Target(Target::new(
        Transport::Udp,
        peer(),
    ))));
    world.check(expect![[r#"

             0 transmit INVITE to udp:192.0.2.9:5060 on flow 1
             0 client 0.1 failed: Transport
        = 0 left
    "#]]);
}

#[test]
fn m009_a_cancel_is_not_forgotten_on_the_way_back_to_udp() {
    let mut world = World::new();
    let request = ours(Method::Invite)
        .edit()
        .header(HeaderName::Subject, "x".repeat(1300));
    world.send(1, request.build(), Transport::Udp);
    world.feed(Input::Cancel {
        id: ClientId(1),
        reason: None,
    });
    world.feed(Input::Broken(Broken::Target(Target::new(
        Transport::Tcp,
        peer(),
    ))));
    world.answer(Status::TRYING);
    world.check(expect![[r#"

             0 transmit INVITE to tcp:192.0.2.9:5060 on any flow
             0 transmit INVITE to udp:192.0.2.9:5060 on flow 1
             0 response 100 for client 0.1
             0 transmit CANCEL to udp:192.0.2.9:5060 on flow 1
        = 2 left
    "#]]);
}

#[test]
fn a_lost_connection_fails_what_nobody_answered_yet() {
    let mut world = World::new();
    for (id, method) in [(1, Method::Invite), (2, Method::Options), (3, Method::Info)] {
        world.feed(Input::Send {
            id: ClientId(id),
            request: ours(method),
            target: Target::new(Transport::Tcp, peer()),
            flow: Some(FlowId(9)),
        });
    }
    let answered = ResponseBuilder::to(&world.last_request(), Status::TRYING).build();
    world.hear_on(answered, Transport::Tcp);
    world.feed(Input::Broken(Broken::Flow(FlowId(9))));
    world.check(expect![[r#"

             0 transmit INVITE to tcp:192.0.2.9:5060 on flow 9
             0 transmit OPTIONS to tcp:192.0.2.9:5060 on flow 9
             0 transmit INFO to tcp:192.0.2.9:5060 on flow 9
             0 response 100 for client 0.3
             0 client 0.1 failed: Transport
             0 client 0.2 failed: Transport
        = 1 left
    "#]]);
}

#[test]
fn without_an_address_to_name_nothing_is_sent() {
    let mut world = World::new();
    world.feed(Input::Send {
        id: ClientId(1),
        request: ours(Method::Options),
        target: Target::new(Transport::Udp, "[2001:db8::1]:5060".parse().unwrap()),
        flow: None,
    });
    world.check(expect![[r#"

             0 client 0.1 failed: Transport
        = 0 left
    "#]]);
    assert!(world.endpoint.is_empty());
}

#[test]
fn an_abandoned_request_is_silent() {
    let mut world = World::new();
    world.send(1, ours(Method::Options), Transport::Udp);
    world.take();
    world.feed(Input::Abandon { id: ClientId(1) });
    world.answer(Status::OK);
    world.wait(40_000);
    assert_eq!(world.take(), "\n");
    assert!(world.endpoint.is_empty());
    // Its id is free again.
    world.send(1, ours(Method::Options), Transport::Udp);
    assert_ne!(world.take(), "\n");
}

#[test]
fn at_the_bound_requests_fail_and_below_it_they_do_not() {
    let limits = Limits {
        transactions: 2,
        early_per_source: None,
    };
    let mut world = World::with(Settings::new(limits));
    for id in 1..=3 {
        world.send(id, ours(Method::Options), Transport::Udp);
    }
    world.check(expect![[r#"

             0 transmit OPTIONS to udp:192.0.2.9:5060 on flow 1
             0 transmit OPTIONS to udp:192.0.2.9:5060 on flow 1
             0 client 0.3 failed: Transport
        = 2 left
    "#]]);
}
