//! The part alone: words in, words out, virtual time.
#![allow(clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of word.

use super::*;
use core::net::SocketAddr;
use ports::network::Report;
use sip::resolve::{Kind, Record, Reply};
use sip::{ClientId, FlowId};
use sip_message::{Method, RequestBuilder, Uri};

/// A request of dialogs, by the number of the part in its top byte.
const OF_DIALOGS: ClientId = ClientId(3 << 56 | 1);

struct Rig {
    link: Link,
    now: Instant,
}

impl Rig {
    /// A link with one datagram socket; `rng` as a factory gives each of them another one.
    fn new(rng: Rng) -> Self {
        let limits = sip::endpoint::Limits {
            transactions: 100,
            early_per_source: None,
        };
        let settings = Settings {
            endpoint: EndpointSettings::new(limits),
            message: Limits::DEFAULT,
            offers: Offers::default(),
            trace: false,
        };
        let mut rig = Self {
            link: Link::new(settings, rng),
            now: Instant::ZERO,
        };
        rig.report(Report::Listening {
            flow: FlowId(1),
            transport: Transport::Udp,
            local: address("192.0.2.7:5060"),
        });
        rig
    }

    fn tell(&mut self, word: Word) -> Vec<Post> {
        let mut out = Outbox::new();
        self.link.handle(word, self.now, &mut out);
        std::iter::from_fn(|| out.take()).collect()
    }

    fn report(&mut self, report: Report) -> Vec<Post> {
        self.tell(Word::Network(report))
    }

    /// Sends OPTIONS there; gives what is asked of name servers.
    fn send(&mut self, to: &str) -> Vec<(u64, Kind)> {
        let request = RequestBuilder::new(Method::Options, to)
            .header(HeaderName::From, "<sip:a@pbx.example>;tag=1")
            .header(HeaderName::To, "<sip:b@pbx.example>")
            .header(HeaderName::CallId, "1")
            .header(HeaderName::CSeq, "1 OPTIONS")
            .build();
        let posts = self.tell(Word::Send {
            id: OF_DIALOGS,
            request,
            next_hop: to.parse::<Uri>().unwrap(),
            once: false,
            account: None,
        });
        questions(&posts)
    }

    /// Answers questions until none is left: everything leads to `to`. Gives where datagrams went.
    fn answer(&mut self, mut open: Vec<(u64, Kind)>, to: [u8; 4]) -> Vec<SocketAddr> {
        let mut sent = Vec::new();
        while let Some((ticket, kind)) = open.pop() {
            let records = match kind {
                Kind::A => vec![Record::A(to.into())],
                Kind::Naptr | Kind::Srv | Kind::Aaaa => Vec::new(),
            };
            let reply = Reply::Records(records);
            let posts = self.report(Report::Answer { ticket, reply });
            open.extend(questions(&posts));
            sent.extend(posts.iter().filter_map(|post| match post {
                Post::Network(Do::SendDatagram { to, .. }) => Some(*to),
                _ => None,
            }));
        }
        sent
    }
}

fn questions(posts: &[Post]) -> Vec<(u64, Kind)> {
    let ask = |post: &Post| match post {
        Post::Network(Do::Ask { ticket, kind, .. }) => Some((*ticket, *kind)),
        _ => None,
    };
    posts.iter().filter_map(ask).collect()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_name_that_is_found_is_sent_to() {
    let mut rig = Rig::new(Rng::from_number(1));
    let open = rig.send("sip:b@pbx.example");
    let sent = rig.answer(open, [192, 0, 2, 1]);
    assert_eq!(sent, [address("192.0.2.1:5060")]);
}

/// The part that wanted it died meanwhile: its successor knows nothing of the request.
#[test]
fn what_a_dead_part_wanted_to_send_is_not_sent_once_its_name_is_found() {
    let mut rig = Rig::new(Rng::from_number(1));
    let open = rig.send("sip:b@pbx.example");
    assert!(!open.is_empty());
    rig.tell(Word::Restarted(Address::Registrar));
    assert_eq!(rig.link.unfinished(), 1, "it is not registrar's");
    rig.tell(Word::Restarted(Address::Dialogs));
    assert_eq!(rig.link.unfinished(), 0);
    assert_eq!(rig.answer(open, [192, 0, 2, 1]), []);
}

/// Asked by registrar, which died: the one made anew asks itself, under the same ticket maybe.
#[test]
fn a_dead_part_s_question_is_not_answered_to_its_successor() {
    let mut rig = Rig::new(Rng::from_number(1));
    let posts = rig.tell(Word::Route {
        from: Address::Registrar,
        ticket: 7,
        uri: "sip:192.0.2.1".parse().unwrap(),
        account: "a".to_owned(),
    });
    let local = posts.iter().find_map(|post| match post {
        Post::Network(Do::FindLocal { ticket, .. }) => Some(*ticket),
        _ => None,
    });
    let ticket = local.expect("an address needs no name server");
    rig.tell(Word::Restarted(Address::Registrar));
    let local = Some([192, 0, 2, 7].into());
    let posts = rig.report(Report::Local { ticket, local });
    assert!(posts.is_empty(), "{posts:?}");
}

/// Link itself died: an answer to its question must not be taken for one to its successor's.
#[test]
fn an_answer_for_a_dead_link_finds_nobody_in_its_successor() {
    let mut seeds = Rng::from_number(1);
    let mut dead = Rig::new(seeds.split());
    let open = dead.send("sip:b@pbx.example");
    let mut successor = Rig::new(seeds.split());
    let own = successor.send("sip:b@other.example");
    assert_eq!(own.len(), open.len());
    assert_eq!(successor.answer(open, [192, 0, 2, 66]), []);
    let sent = successor.answer(own, [192, 0, 2, 1]);
    assert_eq!(sent, [address("192.0.2.1:5060")]);
}

/// Bytes of a connection whose beginning went with a dead link cannot be cut into messages.
#[test]
fn a_connection_that_is_not_known_is_closed() {
    let mut rig = Rig::new(Rng::from_number(1));
    let flow = FlowId(9);
    let bytes = Bytes::from_static(b"v: half a message\r\n\r\n");
    let posts = rig.report(Report::Stream { flow, bytes });
    let closed = |post: &Post| matches!(post, Post::Network(Do::Close { flow: FlowId(9) }));
    assert!(posts.iter().any(closed), "{posts:?}");
}

/// Told twice of one connection, link goes on where it was: half a message is not lost.
#[test]
fn a_connection_told_of_again_keeps_what_was_read() {
    let mut rig = Rig::new(Rng::from_number(1));
    let flow = FlowId(9);
    let opened = || Report::Opened {
        flow,
        transport: Transport::Tcp,
        local: address("192.0.2.7:5060"),
        remote: address("192.0.2.1:40000"),
        inbound: true,
        peer: sip::PeerId::ANYBODY,
        proved: None,
    };
    let options = b"OPTIONS sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\n\
        From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\
        Content-Length: 0\r\n\r\n";
    let (first, second) = options.split_at(50);
    rig.report(opened());
    for half in [first, second] {
        let bytes = Bytes::copy_from_slice(half);
        let posts = rig.report(Report::Stream { flow, bytes });
        let heard = |post: &Post| {
            matches!(
                post,
                Post::Dialogs(ports::dialogs::Word::Heard(Heard::Request { .. }))
            )
        };
        assert_eq!(posts.iter().any(heard), half == second, "{posts:?}");
        rig.report(opened());
    }
}

fn account(takes_unknown: bool) -> Word {
    Word::Account(Box::new(account_at("a", "pbx.example", takes_unknown)))
}

/// The account `name` of sip:a@`home`.
fn account_at(name: &str, home: &str, takes_unknown: bool) -> ports::Account {
    ports::Account {
        name: name.to_owned(),
        aor: format!("sip:a@{home}").parse().unwrap(),
        display_name: String::new(),
        auth_user: "a".to_owned(),
        password: base::Redacted::new(String::new()),
        registrar: None,
        standby: None,
        outbound_proxy: None,
        transport: Transport::Udp,
        expires: base::Duration::ZERO,
        keep_alive: ports::KeepAliveRule::None,
        takes_unknown,
        allow_message: false,
        tls: std::sync::Arc::default(),
        publish_presence: false,
        conference: String::new(),
        presence: ports::presence::Own::default(),
        policy: std::sync::Arc::default(),
        is_default: false,
        watches: ports::blf::Watches::default(),
    }
}

impl Rig {
    /// An INVITE comes from there; whether it is handed on, and how many refusals are told.
    fn rings(&mut self, source: &str, to_tag: &str) -> (bool, usize) {
        let call = self.link.unfinished();
        let invite = format!(
            "INVITE sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bK{call}\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>{to_tag}\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:b@x>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let posts = self.report(Report::Datagram {
            flow: FlowId(1),
            source: address(source),
            local: address("192.0.2.7:5060"),
            bytes: Bytes::from(invite),
        });
        let heard = |post: &Post| {
            matches!(
                post,
                Post::Dialogs(ports::dialogs::Word::Heard(Heard::Request { .. }))
            )
        };
        let told = |post: &&Post| matches!(post, Post::Event(events::Word::Tell { body, .. }) if body.name() == "source.refused");
        let answered = |post: &Post| matches!(post, Post::Network(Do::SendDatagram { .. }));
        let rings = posts.iter().any(heard);
        assert!(
            rings || !posts.iter().any(answered),
            "silence for strangers"
        );
        (rings, posts.iter().filter(told).count())
    }
}

/// K-019: the account's servers may call, strangers may not; what belongs to a dialog is not asked.
#[test]
fn strangers_do_not_make_the_phone_ring() {
    let mut rig = Rig::new(Rng::from_number(1));
    assert_eq!(
        rig.rings("198.51.100.7:5060", ""),
        (true, 0),
        "no account, no rule"
    );
    let posts = rig.tell(account(false));
    let open = questions(&posts);
    assert_eq!(rig.rings("192.0.2.1:5060", ""), (false, 1), "not known yet");
    rig.answer(open, [192, 0, 2, 1]);
    assert_eq!(rig.rings("192.0.2.1:5060", ""), (true, 0));
    assert_eq!(
        rig.rings("192.0.2.1:40000", ""),
        (true, 0),
        "any port of it"
    );
    assert_eq!(rig.rings("198.51.100.7:5060", ""), (false, 1));
    assert_eq!(
        rig.rings("198.51.100.7:5061", ""),
        (false, 0),
        "told once a minute"
    );
    assert_eq!(rig.rings("198.51.100.7:5060", ";tag=2"), (true, 0));
    rig.now += base::Duration::from_secs(61);
    assert_eq!(rig.rings("198.51.100.7:5060", ""), (false, 1), "it goes on");
    rig.tell(account(true));
    assert_eq!(rig.rings("198.51.100.7:5060", ""), (true, 0));
    rig.tell(account(false));
    rig.tell(Word::AccountGone {
        account: "a".to_owned(),
    });
    assert_eq!(rig.rings("198.51.100.7:5060", ""), (true, 0));
}

impl Rig {
    /// Header fields that begin with `X-` of a request to an address, as it is sent.
    fn added(&mut self, method: Method, from: &str, account: Option<&str>) -> Vec<String> {
        let cseq = format!("1 {}", method.as_str());
        let request = RequestBuilder::new(method.clone(), "sip:b@192.0.2.9")
            .header(HeaderName::From, format!("<{from}>;tag=1"))
            .header(HeaderName::To, "<sip:b@192.0.2.9>")
            .header(HeaderName::CallId, "1")
            .header(HeaderName::CSeq, cseq)
            .build();
        let next_hop = "sip:b@192.0.2.9".parse::<Uri>().unwrap();
        let account = account.map(str::to_owned);
        let posts = self.tell(match method {
            Method::Ack => Word::SendAck {
                request,
                next_hop,
                account,
            },
            _ => Word::Send {
                id: OF_DIALOGS,
                request,
                next_hop,
                once: false,
                account,
            },
        });
        let sent = posts.iter().find_map(|post| match post {
            Post::Network(Do::SendDatagram { bytes, .. }) => Some(bytes.clone()),
            _ => None,
        });
        let sent = String::from_utf8(sent.unwrap().to_vec()).unwrap();
        let lines = sent.lines().filter(|line| line.starts_with("X-"));
        let lines = lines.map(str::to_owned).collect();
        self.tell(Word::Abandon { id: OF_DIALOGS });
        lines
    }
}

/// M-196: a request carries what its account adds to its method: that of the call, or that which stands in From.
#[test]
fn m_196_requests_carry_what_their_account_adds() {
    let mut rig = Rig::new(Rng::from_number(2));
    let Word::Account(mut own) = account(false) else {
        unreachable!()
    };
    let lines = ["INVITE X-A: 1", "* X-B: 2"];
    own.policy = std::sync::Arc::new(policy::Policy {
        headers: lines
            .map(|line| policy::header::Extra::read(line).unwrap())
            .into(),
        ..policy::Policy::default()
    });
    rig.tell(Word::Account(own));
    let (ours, other) = ("sip:a@pbx.example", "sip:a@192.0.2.7");
    assert_eq!(rig.added(Method::Invite, ours, None), ["X-A: 1", "X-B: 2"]);
    assert_eq!(rig.added(Method::Register, ours, None), ["X-B: 2"]);
    assert_eq!(rig.added(Method::Invite, other, None), [""; 0]);
    assert_eq!(rig.added(Method::Bye, other, Some("a")), ["X-B: 2"]);
    assert_eq!(rig.added(Method::Ack, other, Some("a")), ["X-B: 2"]);
    assert_eq!(rig.added(Method::Bye, ours, Some("b")), [""; 0]);
}

/// Who may not call may not watch either: strangers hear nothing over UDP, and over TCP, where they may call, neither.
#[test]
fn who_may_not_call_may_not_watch() {
    let mut rig = Rig::new(Rng::from_number(1));
    let posts = rig.tell(account(false));
    rig.answer(questions(&posts), [192, 0, 2, 1]);
    for (source, heard) in [("198.51.100.7:5060", false), ("192.0.2.1:5060", true)] {
        let subscribe = format!(
            "SUBSCRIBE sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bKw\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: w\r\nCSeq: 1 SUBSCRIBE\r\n\
             Contact: <sip:b@x>\r\nEvent: presence\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let posts = rig.report(Report::Datagram {
            flow: FlowId(1),
            source: address(source),
            local: address("192.0.2.7:5060"),
            bytes: Bytes::from(subscribe),
        });
        let comes_of_it = |post: &Post| {
            matches!(
                post,
                Post::Presence(_) | Post::Network(Do::SendDatagram { .. })
            )
        };
        assert_eq!(posts.iter().any(comes_of_it), heard, "{source}: {posts:?}");
    }
    for (number, source, heard) in [(7, "198.51.100.7:5060", false), (8, "192.0.2.1:5060", true)] {
        let flow = FlowId(number);
        rig.report(Report::Opened {
            flow,
            transport: Transport::Tcp,
            local: address("192.0.2.7:5060"),
            remote: address(source),
            inbound: true,
            peer: sip::PeerId::ANYBODY,
            proved: None,
        });
        let subscribe = format!(
            "SUBSCRIBE sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/TCP {source};branch=z9hG4bKt{number}\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: t{number}\r\nCSeq: 1 SUBSCRIBE\r\n\
             Contact: <sip:b@x>\r\nEvent: presence\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let bytes = Bytes::from(subscribe);
        let posts = rig.report(Report::Stream { flow, bytes });
        let comes_of_it = |post: &Post| {
            matches!(
                post,
                Post::Presence(_) | Post::Network(Do::SendStream { .. })
            )
        };
        assert_eq!(posts.iter().any(comes_of_it), heard, "{source}: {posts:?}");
    }
}

/// A server that asks over TCP before its address is known is told to come again: streams repeat nothing. Once it is known
/// who is not, strangers hear nothing.
#[test]
fn who_asks_to_watch_before_the_servers_are_known_is_told_to_come_again() {
    let mut rig = Rig::new(Rng::from_number(1));
    let asked = rig.tell(account(false));
    let ask = |rig: &mut Rig, number: u64, source: &str| {
        let flow = FlowId(number);
        rig.report(Report::Opened {
            flow,
            transport: Transport::Tcp,
            local: address("192.0.2.7:5060"),
            remote: address(source),
            inbound: true,
            peer: sip::PeerId::ANYBODY,
            proved: None,
        });
        let subscribe = format!(
            "SUBSCRIBE sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/TCP {source};branch=z9hG4bKt{number}\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: t{number}\r\nCSeq: 1 SUBSCRIBE\r\n\
             Contact: <sip:b@x>\r\nEvent: presence\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let bytes = Bytes::from(subscribe);
        let posts = rig.report(Report::Stream { flow, bytes });
        posts.iter().find_map(|post| match post {
            Post::Network(Do::SendStream { bytes, .. }) => {
                Some(String::from_utf8(bytes.to_vec()).unwrap())
            }
            _ => None,
        })
    };
    let said = ask(&mut rig, 7, "192.0.2.1:5060").expect("it is answered");
    assert!(said.starts_with("SIP/2.0 503 "), "{said}");
    assert!(said.contains("\r\nRetry-After: 5\r\n"), "{said}");
    rig.answer(questions(&asked), [192, 0, 2, 1]);
    // It is let in now; this engine has nothing to watch.
    let said = ask(&mut rig, 8, "192.0.2.1:5060").expect("it is let in");
    assert!(said.starts_with("SIP/2.0 489 "), "{said}");
    assert_eq!(ask(&mut rig, 9, "198.51.100.7:5060"), None);
}

/// RFC 3325 §4: what a server says of a caller is believed for its own account alone, also where another server knows us
/// by the same name.
#[test]
fn the_server_of_one_account_speaks_for_no_other() {
    let mut rig = Rig::new(Rng::from_number(1));
    for (name, home, server) in [("a", "one.example", 1), ("b", "two.example", 2)] {
        let posts = rig.tell(Word::Account(Box::new(account_at(name, home, false))));
        rig.answer(questions(&posts), [192, 0, 2, server]);
    }
    for (number, to, source, believed) in [
        (1, "one.example", "192.0.2.1:5060", true),
        (2, "one.example", "192.0.2.2:5060", false),
        (3, "two.example", "192.0.2.2:5060", true),
        (4, "two.example", "192.0.2.1:5060", false),
    ] {
        let options = format!(
            "OPTIONS sip:a@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bK{number}\r\n\
             From: <sip:b@x>;tag=1\r\nTo: <sip:a@{to}>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n\
             Contact: <sip:b@x>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let posts = rig.report(Report::Datagram {
            flow: FlowId(1),
            source: address(source),
            local: address("192.0.2.7:5060"),
            bytes: Bytes::from(options),
        });
        let heard = posts.iter().find_map(|post| match post {
            Post::Dialogs(ports::dialogs::Word::Heard(Heard::Request { trusted, .. })) => {
                Some(*trusted)
            }
            _ => None,
        });
        assert_eq!(heard, Some(believed), "{to} {source}: {posts:?}");
    }
}

mod secured;
