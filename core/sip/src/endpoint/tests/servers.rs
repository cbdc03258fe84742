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
    let wait = refused.headers().retry_after().unwrap().unwrap();
    assert!((5..16).contains(&wait), "{wait}");
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

/// A flood of calls or of questions leaves room for calls that are up, and of questions for calls.
#[test]
fn a_flood_hurts_no_call_that_is_up() {
    let limits = Limits {
        transactions: 160,
        early_per_source: None,
    };
    let flood = |world: &mut World, method: Method, count: usize| {
        let before = world.ups.len();
        for n in 0..count {
            let branch = format!("z9hG4bK{method}{n}");
            let request = theirs(method.clone(), &branch, "");
            let call_id = format!("{method}{n}");
            world.hear(request.edit().replace(HeaderName::CallId, call_id).build());
        }
        world.ups.len() - before
    };
    let mut world = World::with(Settings::new(limits));
    assert_eq!(flood(&mut world, Method::Options, 1000), 60);
    assert_eq!(flood(&mut world, Method::Invite, 1000), 30);
    assert_eq!(world.endpoint.len(), 90);
    // What belongs to a call is taken: here 30 requests, which is the rest of the peers' share.
    for n in 0..30 {
        let up = world.ups.len();
        world.hear(theirs(Method::Bye, &format!("z9hG4bKb{n}"), "ours"));
        assert_eq!(world.ups.len(), up + 1, "{n}");
    }
    // And the quarter that is ours still is.
    world.send(1, ours(Method::Bye), Transport::Udp);
    assert_eq!(world.last_request().method(), &Method::Bye);
    // Calls end when their user answers them; all else ends by itself.
    for place in 60..90 {
        world.respond(place, Status::BUSY_HERE);
    }
    world.wait(200_000);
    assert!(world.endpoint.is_empty());
    assert_eq!(flood(&mut world, Method::Options, 10), 10);
}

/// A repeat of what was refused without state is refused alike, and not all are told the same wait.
#[test]
fn what_is_sent_away_is_told_when_to_come_back_each_another_time() {
    let limits = Limits {
        transactions: 0,
        early_per_source: None,
    };
    let mut world = World::with(Settings::new(limits));
    let mut waits = std::collections::BTreeSet::new();
    for n in 0..200 {
        let request = theirs(Method::Invite, &format!("z9hG4bK{n}"), "");
        let request = request.edit().replace(HeaderName::CallId, n).build();
        world.hear(request.clone());
        world.hear(request);
        let [.., Message::Response(first), Message::Response(second)] = &world.sent[..] else {
            panic!("not refused");
        };
        assert_eq!(first, second);
        waits.extend(first.headers().retry_after().unwrap());
    }
    assert_eq!(waits, (5..16).collect());
    assert!(world.endpoint.is_empty());
}

/// RFC 3261 §26.2.2: what is for `sips:` comes and goes by TLS, or not at all.
#[test]
fn sips_is_never_in_the_clear() {
    let mut world = World::new();
    let request = theirs(Method::Invite, "z9hG4bKs", "");
    world.hear(request.edit().uri("sips:alice@192.0.2.1").build());
    world.feed(Input::Send {
        id: ClientId(1),
        request: ours(Method::Invite)
            .edit()
            .uri("sips:bob@b.example")
            .build(),
        target: Target::new(Transport::Tcp, peer()),
        flow: None,
    });
    world.feed(Input::SendAck {
        request: ours(Method::Ack).edit().uri("sips:bob@b.example").build(),
        target: Target::new(Transport::Udp, peer()),
        flow: None,
    });
    world.check(expect![[r#"

             0 transmit 416 INVITE to udp:192.0.2.9:5060 on flow 1
             0 client 0.1 failed: Transport
        = 0 left
    "#]]);
}

/// RFC 3261 §20.35, §20.41: everything that is sent says who we are, unless the settings say nothing.
#[test]
fn everything_that_is_sent_has_our_name() {
    let mut settings = Settings::new(Limits::DESKTOP);
    settings.name = "offhook 1".to_owned();
    let mut world = World::with(settings);
    world.hear(theirs(Method::Invite, "z9hG4bKa", ""));
    world.wait(300);
    world.respond(0, Status::RINGING);
    world.hear(theirs(Method::Bye, "z9hG4bKb", "ours"));
    world.respond(1, Status::OK);
    world.hear(theirs(Method::Publish, "z9hG4bKc", ""));
    world.send(1, ours(Method::Invite), Transport::Udp);
    world.answer(Status::RINGING);
    world.feed(Input::Cancel {
        id: ClientId(1),
        reason: Some("SIP;cause=480".to_owned()),
    });
    assert_eq!(
        world
            .last_request()
            .headers()
            .text(HeaderName::Reason)
            .unwrap(),
        "SIP;cause=480"
    );
    for message in &world.sent {
        let name = match message {
            Message::Request(_) => HeaderName::UserAgent,
            Message::Response(_) => HeaderName::Server,
        };
        let text = message.headers().text(name);
        assert_eq!(text.unwrap(), "offhook 1", "{message:?}");
        assert_eq!(message.headers().count(name), 1);
    }
    assert_eq!(world.sent.len(), 6, "{:?}", world.sent);
    let other = ours(Method::Message)
        .edit()
        .header(HeaderName::UserAgent, "another")
        .build();
    world.send(2, other, Transport::Udp);
    let sent = world.last_request();
    assert_eq!(
        sent.headers().text(HeaderName::UserAgent).unwrap(),
        "another"
    );
}
