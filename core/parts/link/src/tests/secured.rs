//! Accounts with TLS: nothing of theirs goes in the clear, and nobody is believed who proved nothing.

use super::*;
use ports::network::{Peer, Why};
use sip::PeerId;

const SERVER: &str = "192.0.2.1:5061";

fn secured(name: &str) -> ports::Account {
    ports::Account {
        transport: Transport::Tls,
        ..account_at(name, "pbx.example", false)
    }
}

/// A link that knows the account `a`, with TLS.
fn rig() -> Rig {
    let mut rig = Rig::new(Rng::from_number(1));
    let posts = rig.tell(Word::Account(Box::new(secured("a"))));
    assert!(
        questions(&posts).is_empty(),
        "no address is looked up to be believed"
    );
    rig
}

/// Where bytes go on connections, and to whom.
fn streams(posts: &[Post]) -> Vec<(Target, Option<Peer>)> {
    let stream = |post: &Post| match post {
        Post::Network(Do::SendStream { target, peer, .. } | Do::Reach { target, peer, .. }) => {
            Some((*target, peer.as_deref().cloned()))
        }
        Post::Network(Do::SendDatagram { .. }) => panic!("in the clear: {post:?}"),
        _ => None,
    };
    posts.iter().filter_map(stream).collect()
}

/// What becomes of a request to `to` for the account `a`.
fn sends(rig: &mut Rig, to: &str) -> Vec<Post> {
    let request = RequestBuilder::new(Method::Bye, to)
        .header(HeaderName::From, "<sip:a@pbx.example>;tag=1")
        .header(HeaderName::To, "<sip:b@pbx.example>;tag=2")
        .header(HeaderName::CallId, "1")
        .header(HeaderName::CSeq, "1 BYE")
        .build();
    rig.tell(Word::Send {
        id: OF_DIALOGS,
        request,
        next_hop: to.parse::<Uri>().unwrap(),
        once: false,
        account: Some("a".to_owned()),
    })
}

/// M-010: whatever a peer's URI says, requests of the account go by TLS or not at all.
#[test]
fn m_010_nothing_of_an_account_with_tls_goes_in_the_clear() {
    for (to, port) in [
        ("sip:b@192.0.2.9", 5061),
        ("sip:b@192.0.2.9:5070", 5070),
        ("sip:b@192.0.2.9;transport=tcp", 5061),
        ("sip:b@192.0.2.9;transport=tls", 5061),
        ("sips:b@192.0.2.9", 5061),
    ] {
        let mut rig = rig();
        let sent = streams(&sends(&mut rig, to));
        let [(target, Some(peer))] = &sent[..] else {
            panic!("{to}: {sent:?}")
        };
        assert_eq!(
            (target.transport, target.addr.port()),
            (Transport::Tls, port),
            "{to}"
        );
        assert_eq!(peer.account, "a");
        assert_eq!(peer.names, ["192.0.2.9", "pbx.example"], "{to}");
    }
    let mut rig = rig();
    let posts = sends(&mut rig, "sip:b@192.0.2.9;transport=udp");
    assert!(streams(&posts).is_empty());
    let failed = |post: &Post| {
        matches!(
            post,
            Post::Dialogs(ports::dialogs::Word::Heard(Heard::Failed { .. }))
        )
    };
    assert!(posts.iter().any(failed), "it is told: {posts:?}");
}

/// CVE-2020-15260: each account has connections of its own, and each name is asked for.
#[test]
fn m_010_peers_are_told_apart_by_account_and_name() {
    let mut rig = rig();
    rig.tell(Word::Account(Box::new(secured("b"))));
    let mut peers = Vec::new();
    for (account, to) in [("a", "192.0.2.9"), ("b", "192.0.2.9"), ("a", "192.0.2.10")] {
        let posts = rig.tell(Word::Route {
            from: Address::Dialogs,
            ticket: 1,
            uri: format!("sip:{to}").parse().unwrap(),
            account: account.to_owned(),
        });
        let sent = streams(&posts);
        assert_ne!(sent[0].0.peer, PeerId::ANYBODY);
        peers.push(sent[0].0.peer);
    }
    assert_ne!(peers[0], peers[1]);
    assert_ne!(peers[0], peers[2]);
    let again = Rig::new(Rng::from_number(2)).tell(Word::Account(Box::new(secured("a"))));
    assert!(streams(&again).is_empty());
}

/// The next server is tried when there is no connection with the first; what was wrong with the last one is told.
#[test]
fn m_010_servers_are_tried_in_turn_until_one_is_who_it_should_be() {
    let mut rig = rig();
    let mut posts = rig.tell(Word::Route {
        from: Address::Registrar,
        ticket: 7,
        uri: "sip:pbx.example:5061".parse().unwrap(),
        account: "a".to_owned(),
    });
    let mut reach = None;
    for (ticket, kind) in questions(&posts) {
        let records = match kind {
            Kind::A => vec![
                Record::A([192, 0, 2, 1].into()),
                Record::A([192, 0, 2, 2].into()),
            ],
            Kind::Naptr | Kind::Srv | Kind::Aaaa => Vec::new(),
        };
        let reply = Reply::Records(records);
        posts = rig.report(Report::Answer { ticket, reply });
        reach = reach.or(asked(&posts));
    }
    let (ticket, first) = reach.unwrap();
    assert_eq!(first.addr, address(SERVER));
    let why = || Why {
        text: "its certificate is of other.test".to_owned(),
        code: Some(control::Code::CERTIFICATE_OF_OTHERS),
    };
    let local = Err(why());
    let posts = rig.report(Report::Reached { ticket, local });
    let (ticket, second) = asked(&posts).unwrap();
    assert_eq!(second.addr, address("192.0.2.2:5061"));
    let local = Err(why());
    let posts = rig.report(Report::Reached { ticket, local });
    let refused = NoPath::Refused {
        server: "pbx.example".to_owned(),
        why: why(),
    };
    assert_eq!(routed(&posts), Some(Err(refused)));
}

/// The end of the connection is where peers reach us.
#[test]
fn m_010_the_path_is_the_connection_that_stands() {
    let mut rig = rig();
    let posts = rig.tell(Word::Route {
        from: Address::Registrar,
        ticket: 7,
        uri: "sip:192.0.2.1:5061".parse().unwrap(),
        account: "a".to_owned(),
    });
    let (ticket, target) = asked(&posts).unwrap();
    let local = address("192.0.2.7:40123");
    let posts = rig.report(Report::Reached {
        ticket,
        local: Ok(local),
    });
    let path = ports::link::Path { target, local };
    assert_eq!(routed(&posts), Some(Ok(path)));
}

fn asked(posts: &[Post]) -> Option<(u64, Target)> {
    posts.iter().find_map(|post| match post {
        Post::Network(Do::Reach { ticket, target, .. }) => Some((*ticket, *target)),
        _ => None,
    })
}

fn routed(posts: &[Post]) -> Option<Result<ports::link::Path, NoPath>> {
    posts.iter().find_map(|post| match post {
        Post::Registrar(ports::registrar::Word::Heard(Heard::Routed { path, .. })) => {
            Some(path.clone())
        }
        _ => None,
    })
}

impl Rig {
    /// A call comes on a connection that leads to `peer`, who proved `name`; whether it rings, and is believed.
    fn rings_on(&mut self, flow: u64, peer: PeerId, name: Option<&str>) -> Option<bool> {
        let transport = match name {
            Some(_) => Transport::Tls,
            None => Transport::Tcp,
        };
        self.report(Report::Opened {
            flow: FlowId(flow),
            transport,
            local: address("192.0.2.7:40123"),
            remote: address(SERVER),
            inbound: peer == PeerId::ANYBODY,
            peer,
            proved: name.map(str::to_owned),
        });
        let invite = format!(
            "INVITE sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/{} {SERVER};branch=z9hG4bK{flow}\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: {flow}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:b@x>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            transport.via_name()
        );
        let posts = self.report(Report::Stream {
            flow: FlowId(flow),
            bytes: Bytes::from(invite),
        });
        posts.iter().find_map(|post| match post {
            Post::Dialogs(ports::dialogs::Word::Heard(Heard::Request { trusted, .. })) => {
                Some(*trusted)
            }
            _ => None,
        })
    }
}

/// K-019: an account with TLS believes its own connections to who proved themselves, and no address in the clear.
#[test]
fn m_010_k_019_only_who_proved_themselves_is_believed() {
    let mut rig = rig();
    rig.tell(Word::Account(Box::new(secured("b"))));
    let mut peer_of = |account: &str| {
        let posts = rig.tell(Word::Route {
            from: Address::Registrar,
            ticket: 1,
            uri: "sip:pbx.example:5061".parse().unwrap(),
            account: account.to_owned(),
        });
        let open = questions(&posts);
        let (ticket, _) = open[0];
        let reply = Reply::Records(vec![Record::A([192, 0, 2, 1].into())]);
        let mut posts = rig.report(Report::Answer { ticket, reply });
        for (ticket, _) in open.into_iter().skip(1) {
            let reply = Reply::Records(Vec::new());
            posts.extend(rig.report(Report::Answer { ticket, reply }));
        }
        asked(&posts).unwrap().1.peer
    };
    let (own, others) = (peer_of("a"), peer_of("b"));
    rig.tell(Word::AccountGone {
        account: "b".to_owned(),
    });
    assert_eq!(rig.rings_on(10, own, Some("pbx.example")), Some(true));
    assert_eq!(rig.rings_on(13, own, Some("192.0.2.9")), None, "another");
    assert_eq!(
        rig.rings_on(11, others, Some("pbx.example")),
        None,
        "another account's"
    );
    assert_eq!(
        rig.rings_on(12, PeerId::ANYBODY, None),
        None,
        "in the clear"
    );
    let (rings, _) = rig.rings("192.0.2.1:5060", "");
    assert!(!rings, "with its server's address");
}

/// M-010: what an account sends when it was removed goes as what it sent before.
#[test]
fn m_010_an_account_that_is_gone_takes_leave_by_tls() {
    let mut rig = rig();
    rig.tell(Word::AccountGone {
        account: "a".to_owned(),
    });
    let sent = streams(&sends(&mut rig, "sip:b@192.0.2.9"));
    assert_eq!(sent[0].0.transport, Transport::Tls);
    assert_eq!(sent[0].1.as_ref().unwrap().account, "a");
}
