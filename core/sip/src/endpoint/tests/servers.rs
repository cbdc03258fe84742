//! Requests in, responses out.

use super::*;
use expect_test::expect;

#[test]
fn repeats_of_a_request_are_absorbed_and_answered() {
    let mut world = World::new();
    let options = theirs(Method::Options, "z9hG4bKa", "");
    world.hear(options.clone());
    world.wait(500);
    world.hear(options.clone());
    world.respond(0, Status::OK);
    world.move_house();
    world.wait(1500);
    world.hear(options);
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 request OPTIONS
           500 transmit 200 OPTIONS to udp:192.0.2.9:5060 on flow 1
          1500 transmit 200 OPTIONS to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
}

#[test]
fn a_repeat_gets_the_very_same_bytes_and_what_only_looks_like_one_gets_none() {
    let mut world = World::new();
    let answers = |world: &World| -> Vec<Bytes> {
        world.sent.iter().map(|sent| sent.bytes().clone()).collect()
    };
    // The answer to a BYE copies all it says; that to OPTIONS says more than the request.
    for (place, (method, tag)) in [(Method::Bye, "ours"), (Method::Options, "")]
        .into_iter()
        .enumerate()
    {
        let branch = format!("z9hG4bK{place}");
        let request = theirs(method, &branch, tag);
        world.hear(request.clone());
        let seen = world.ups[place].clone();
        let mut response = ResponseBuilder::to(&seen, Status::OK);
        if tag.is_empty() {
            response = response.to_tag("ours").header(HeaderName::Allow, "INVITE");
        }
        let (id, response) = (world.requests[place], response.build());
        world.feed(Input::Respond {
            id,
            response: response.clone(),
        });
        world.move_house();
        world.hear(request.clone());
        assert_eq!(answers(&world), [response.bytes(), response.bytes()]);
        world.sent.clear();
    }
    let other = theirs(Method::Bye, "z9hG4bK0", "ours")
        .edit()
        .replace(HeaderName::CallId, "of another call")
        .build();
    world.hear(other);
    assert_eq!(answers(&world), [] as [Bytes; 0]);
}

#[test]
fn m014_responses_go_where_the_request_came_from() {
    let mut world = World::new();
    world.hear(theirs(Method::Options, "z9hG4bKa", ""));
    let via = world.ups[0].headers().top_via().unwrap();
    assert_eq!(via.received(), Some(peer().ip()));
    assert_eq!(via.rport(), Some(5060));
    world.respond(0, Status::OK);
    // Without rport the port is the Via's; on a stream it only counts when the connection is gone.
    let plain = "SIP/2.0/UDP 10.0.0.7:5090;branch=z9hG4bKb";
    world.hear(theirs_via(Method::Info, plain, "x"));
    world.respond(1, Status::OK);
    let stream = "SIP/2.0/TCP 10.0.0.7:5090;rport;branch=z9hG4bKc";
    world.hear_on(theirs_via(Method::Update, stream, "x"), Transport::Tcp);
    world.respond(2, Status::OK);
    world.check(expect![[r#"

             0 request OPTIONS
             0 transmit 200 OPTIONS to udp:192.0.2.9:5060 on flow 1
             0 request INFO
             0 transmit 200 INFO to udp:192.0.2.9:5090 on flow 1
             0 request UPDATE
             0 transmit 200 UPDATE to tcp:192.0.2.9:5090 on flow 2
        = 2 left
    "#]]);
}

#[test]
fn an_invite_rings_is_accepted_and_its_2xx_is_the_users_to_repeat() {
    let mut world = World::new();
    let invite = theirs(Method::Invite, "z9hG4bKa", "");
    world.hear(invite.clone());
    world.wait(250);
    world.hear(invite.clone());
    world.respond(0, Status::RINGING);
    world.respond(0, Status::OK);
    world.wait(500);
    world.hear(invite);
    world.respond(0, Status::OK);
    world.move_house();
    // The ACK for a 2xx is a transaction of its own, and a repeat of it is the user's to absorb.
    world.hear(theirs(Method::Ack, "z9hG4bKb", "ours"));
    world.hear(theirs(Method::Ack, "z9hG4bKb", "ours"));
    // Some send it in the INVITE's transaction.
    world.hear(theirs(Method::Ack, "z9hG4bKa", "ours"));
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 request INVITE
           200 transmit 100 INVITE to udp:192.0.2.9:5060 on flow 1
           250 transmit 100 INVITE to udp:192.0.2.9:5060 on flow 1
           250 transmit 180 INVITE to udp:192.0.2.9:5060 on flow 1
           250 transmit 200 INVITE to udp:192.0.2.9:5060 on flow 1
           500 transmit 200 INVITE to udp:192.0.2.9:5060 on flow 1
           500 ack
           500 ack
           500 ack
        = 0 left
    "#]]);
}

#[test]
fn a_refusal_is_repeated_until_the_ack_and_its_ack_goes_no_further() {
    let mut world = World::new();
    world.hear(theirs(Method::Invite, "z9hG4bKa", ""));
    world.respond(0, Status::BUSY_HERE);
    world.wait(1600);
    world.hear(theirs(Method::Ack, "z9hG4bKa", "ours"));
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 request INVITE
             0 transmit 486 INVITE to udp:192.0.2.9:5060 on flow 1
           500 transmit 486 INVITE to udp:192.0.2.9:5060 on flow 1
          1500 transmit 486 INVITE to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
}

#[test]
fn a_refusal_without_ack_is_told() {
    let mut world = World::new();
    world.hear_on(theirs(Method::Invite, "z9hG4bKa", ""), Transport::Tcp);
    world.respond(0, Status::BUSY_HERE);
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 request INVITE
             0 transmit 486 INVITE to tcp:192.0.2.9:5090 on flow 2
         32000 server ended: NoAck
        = 0 left
    "#]]);
}

#[test]
fn cancel_is_answered_here_and_told_once() {
    let mut world = World::new();
    world.hear(theirs(Method::Invite, "z9hG4bKa", ""));
    world.respond(0, Status::RINGING);
    let cancel = theirs(Method::Cancel, "z9hG4bKa", "");
    world.hear(cancel.clone());
    let Some(Message::Response(ok)) = world.sent.last().cloned() else {
        panic!("CANCEL was not answered");
    };
    assert_eq!(ok.headers().to().unwrap().tag(), Some("ours"));
    world.move_house();
    world.hear(cancel.clone());
    world.respond(0, Status::REQUEST_TERMINATED);
    world.hear(cancel);
    world.hear(theirs(Method::Ack, "z9hG4bKa", "ours"));
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.check(expect![[r#"

             0 request INVITE
             0 transmit 180 INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit 200 CANCEL to udp:192.0.2.9:5060 on flow 1
             0 cancelled
             0 transmit 200 CANCEL to udp:192.0.2.9:5060 on flow 1
             0 transmit 487 INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit 200 CANCEL to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
}

#[test]
fn cancel_after_the_final_response_changes_nothing() {
    let mut world = World::new();
    world.hear(theirs(Method::Invite, "z9hG4bKa", ""));
    world.respond(0, Status::OK);
    world.hear(theirs(Method::Cancel, "z9hG4bKa", ""));
    world.check(expect![[r#"

             0 request INVITE
             0 transmit 200 INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit 200 CANCEL to udp:192.0.2.9:5060 on flow 1
        = 1 left
    "#]]);
}

#[test]
fn a_stray_cancel_gets_481_and_a_stray_ack_nothing() {
    let mut world = World::new();
    world.hear(theirs(Method::Cancel, "z9hG4bKa", ""));
    world.hear(theirs(Method::Ack, "z9hG4bKb", ""));
    world.check(expect![[r#"

             0 transmit 481 CANCEL to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
    assert!(world.endpoint.is_empty());
}

#[test]
fn bad_requests_are_refused_without_a_trace() {
    let mut world = World::new();
    let register = theirs(Method::Register, "z9hG4bKa", "");
    world.hear(register.clone());
    world.hear(register);
    let tags: Vec<_> = world
        .sent
        .iter()
        .map(|m| m.headers().to().unwrap().tag().map(str::to_owned))
        .collect();
    assert!(tags[0].is_some());
    assert_eq!(tags[0], tags[1]);
    let require = theirs(Method::Invite, "z9hG4bKb", "")
        .edit()
        .header(HeaderName::Require, "magic");
    world.hear(require.build());
    let Some(Message::Response(refused)) = world.sent.last().cloned() else {
        panic!("not refused");
    };
    let tag = refused.headers().to().unwrap().tag().unwrap().to_owned();
    // Its ACK is for nobody.
    world.hear(theirs(Method::Ack, "z9hG4bKb", &tag));
    let old = theirs(Method::Options, "z9hG4bKc", "");
    let text = String::from_utf8(old.bytes().to_vec())
        .unwrap()
        .replace(" SIP/2.0\r", " SIP/7.0\r");
    world.hear(parse_datagram(text.into(), &Read::DEFAULT).unwrap());
    world.hear(theirs(Method::Other("DANCE".into()), "z9hG4bKd", ""));
    let blank = RequestBuilder::new(Method::Options, "sip:a@b.example").build();
    world.endpoint.handle(
        Input::Received {
            message: blank.into(),
            origin: origin(Transport::Udp),
        },
        world.now,
    );
    let Some(Output::Transmit { target, bytes, .. }) = world.endpoint.poll_output() else {
        panic!("not answered");
    };
    assert_eq!(target, Target::new(Transport::Udp, peer()));
    assert!(bytes.starts_with(b"SIP/2.0 400 "));
    world.check(expect![[r#"

             0 transmit 405 REGISTER to udp:192.0.2.9:5060 on flow 1
             0 transmit 405 REGISTER to udp:192.0.2.9:5060 on flow 1
             0 transmit 420 INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit 505 OPTIONS to udp:192.0.2.9:5060 on flow 1
             0 transmit 501 DANCE to udp:192.0.2.9:5060 on flow 1
        = 0 left
    "#]]);
    assert!(world.endpoint.is_empty());
}

#[test]
fn a_request_that_came_by_two_ways_is_served_once() {
    let mut world = World::new();
    world.hear(theirs(Method::Invite, "z9hG4bKa", ""));
    world.hear(theirs(Method::Invite, "z9hG4bKb", ""));
    // Within a dialog it is no copy but a request of its own.
    world.hear(theirs(Method::Info, "z9hG4bKc", "ours"));
    world.hear(theirs(Method::Info, "z9hG4bKd", "ours"));
    world.check(expect![[r#"

             0 request INVITE
             0 transmit 482 INVITE to udp:192.0.2.9:5060 on flow 1
             0 request INFO
             0 request INFO
        = 3 left
    "#]]);
}

/// RFC 4475 §3.2.1 and §3.4.1: a branch that names nothing must not merge two requests.
#[test]
fn requests_of_old_peers_are_told_apart_by_everything_else() {
    let mut world = World::new();
    let request = |cseq: u32| {
        theirs_via(Method::Options, "SIP/2.0/UDP 10.0.0.7", "")
            .edit()
            .replace(HeaderName::CSeq, format_args!("{cseq} OPTIONS"))
            .build()
    };
    world.hear(request(1));
    world.hear(request(2));
    world.hear(request(1));
    world.respond(0, Status::OK);
    world.hear(request(1));
    world.hear(request(2));
    world.check(expect![[r#"

             0 request OPTIONS
             0 request OPTIONS
             0 transmit 200 OPTIONS to udp:192.0.2.9:5060 on flow 1
             0 transmit 200 OPTIONS to udp:192.0.2.9:5060 on flow 1
        = 2 left
    "#]]);
}

#[test]
fn past_the_bounds_there_is_503_with_retry_after() {
    let limits = Limits {
        transactions: 3,
        early_per_source: Some(2),
    };
    let mut world = World::with(Settings::new(limits));
    let invite = |n: u32| {
        theirs(Method::Invite, &format!("z9hG4bK{n}"), "")
            .edit()
            .replace(HeaderName::CallId, n)
            .build()
    };
    world.hear(invite(1));
    world.hear(invite(2));
    world.hear(invite(3));
    let Some(Message::Response(refused)) = world.sent.last().cloned() else {
        panic!("not refused");
    };
    assert_eq!(refused.headers().retry_after().unwrap(), Some(5));
    world.respond(0, Status::OK);
    world.hear(invite(4));
    world.hear(theirs(Method::Options, "z9hG4bKo", ""));
    world.check(expect![[r#"

             0 request INVITE
             0 request INVITE
             0 transmit 503 INVITE to udp:192.0.2.9:5060 on flow 1
             0 transmit 200 INVITE to udp:192.0.2.9:5060 on flow 1
             0 request INVITE
             0 transmit 503 OPTIONS to udp:192.0.2.9:5060 on flow 1
        = 3 left
    "#]]);
    assert_eq!(world.endpoint.len(), 3);
}

#[test]
fn a_user_that_never_answers_costs_nothing_for_ever() {
    let mut world = World::new();
    world.hear(theirs(Method::Info, "z9hG4bKa", "ours"));
    world.wait(40_000);
    assert!(world.endpoint.is_empty());
    world.respond(0, Status::OK);
    world.check(expect![[r#"

             0 request INFO
          3500 transmit 100 INFO to udp:192.0.2.9:5060 on flow 1
         32000 server ended: Late
        = 0 left
    "#]]);
}
