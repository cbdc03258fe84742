//! Lookups: a zone and a destination in, the questions and the outcome out.

use super::*;
use crate::flow::Target;
use base::{Instant, Machine, Rng};
use core::fmt::Write;
use core::time::Duration;
use expect_test::{Expect, expect};

/// A zone, one record a line: `name KIND fields`. `name KIND !` is a server failure.
struct Zone(&'static str);

impl Zone {
    fn ask(&self, kind: Kind, name: &str) -> Option<Reply> {
        let mut records = Vec::new();
        for line in self.0.lines() {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [owner, of, rest @ ..] = &fields[..] else {
                continue;
            };
            if *owner != name || *of != format!("{kind:?}").to_uppercase() {
                continue;
            }
            match rest {
                ["!"] => return Some(Reply::Failed),
                ["?"] => return None,
                _ => records.push(record(kind, rest)),
            }
        }
        Some(Reply::Records(records))
    }
}

fn record(kind: Kind, f: &[&str]) -> Record {
    match kind {
        Kind::Naptr => Record::Naptr {
            order: f[0].parse().unwrap(),
            preference: f[1].parse().unwrap(),
            flags: f[2].into(),
            service: f[3].into(),
            replacement: f[4].into(),
        },
        Kind::Srv => Record::Srv {
            priority: f[0].parse().unwrap(),
            weight: f[1].parse().unwrap(),
            port: f[2].parse().unwrap(),
            target: f[3].into(),
        },
        Kind::A => Record::A(f[0].parse().unwrap()),
        Kind::Aaaa => Record::Aaaa(f[0].parse().unwrap()),
    }
}

fn to(host: &str) -> Destination {
    let host = match host.parse() {
        Ok(address) => Host::Address(address),
        Err(_) => Host::Name(host.into()),
    };
    Destination {
        host,
        port: None,
        transport: None,
        secure: false,
    }
}

fn tls_too() -> Means {
    Means {
        transports: vec![Transport::Tls, Transport::Tcp, Transport::Udp],
        ..Means::default()
    }
}

fn look(zone: &'static str, destination: Destination, means: Means) -> String {
    let zone = Zone(zone);
    let mut now = Instant::ZERO;
    let mut lookup = Lookup::new(destination.clone(), means.clone(), Rng::from_number(1), now);
    let mut trace = String::from("\n");
    loop {
        let mut waiting = false;
        while let Some(output) = lookup.poll_output() {
            match output {
                Output::Ask { query, kind, name } => {
                    writeln!(trace, "{kind:?} {name}").unwrap();
                    if let Some(reply) = zone.ask(kind, &name) {
                        lookup.handle(Input::Answer { query, reply }, now);
                    } else {
                        waiting = true;
                    }
                }
                Output::Targets(targets) => {
                    for target in targets {
                        writeln!(trace, "= {target}").unwrap();
                    }
                }
                Output::Nothing(why) => writeln!(trace, "= {why:?}").unwrap(),
            }
        }
        let json = serde_json::to_string(lookup.state()).unwrap();
        let back: State = serde_json::from_str(&json).unwrap();
        assert_eq!(&back, lookup.state());
        match lookup.deadline() {
            Some(at) if waiting => {
                now = at;
                lookup.handle_time(now);
            }
            Some(_) => panic!("a question was forgotten"),
            None if lookup.state() == &State::Done => return trace,
            None => panic!("no deadline and not done"),
        }
    }
}

fn check(zone: &'static str, destination: Destination, expected: Expect) {
    expected.assert_eq(&look(zone, destination, Means::default()));
}

#[test]
fn m011_an_address_needs_no_question() {
    check(
        "",
        to("192.0.2.1"),
        expect![[r#"

        = udp:192.0.2.1:5060
    "#]],
    );
    check(
        "",
        to("2001:db8::1"),
        expect![[r#"

        = udp:[2001:db8::1]:5060
    "#]],
    );
    let tcp = Destination {
        transport: Some(Transport::Tcp),
        port: Some(5080),
        ..to("192.0.2.1")
    };
    check(
        "",
        tcp,
        expect![[r#"

        = tcp:192.0.2.1:5080
    "#]],
    );
}

#[test]
fn a_port_rules_out_services_and_asks_for_addresses() {
    let zone = "pbx.test A 192.0.2.1
                pbx.test A 192.0.2.2
                pbx.test AAAA 2001:db8::1";
    let port = Destination {
        port: Some(5080),
        ..to("pbx.test")
    };
    check(
        zone,
        port,
        expect![[r#"

        A pbx.test
        Aaaa pbx.test
        = udp:192.0.2.1:5080
        = udp:192.0.2.2:5080
        = udp:[2001:db8::1]:5080
    "#]],
    );
}

const RFC3263: &str = "example.com NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com
    example.com NAPTR 90 50 s SIP+D2T _sip._tcp.example.com
    example.com NAPTR 100 50 s SIP+D2U _sip._udp.example.com
    example.com NAPTR 10 50 u E2U+sip !^.*$!sip:x@y!
    _sip._tcp.example.com SRV 0 1 5060 server1.example.com
    _sip._tcp.example.com SRV 1 1 5062 server2.example.com
    _sips._tcp.example.com SRV 0 1 5061 server1.example.com
    _sip._udp.example.com SRV 0 1 5060 server2.example.com
    server1.example.com A 192.0.2.1
    server2.example.com A 192.0.2.2
    server2.example.com AAAA 2001:db8::2";

#[test]
fn services_are_tried_in_the_order_of_the_domain() {
    check(
        RFC3263,
        to("example.com"),
        expect![[r#"

        Naptr example.com
        Srv _sip._tcp.example.com
        Srv _sip._udp.example.com
        A server1.example.com
        Aaaa server1.example.com
        A server2.example.com
        Aaaa server2.example.com
        A server2.example.com
        Aaaa server2.example.com
        = tcp:192.0.2.1:5060
        = tcp:192.0.2.2:5062
        = tcp:[2001:db8::2]:5062
        = udp:192.0.2.2:5060
        = udp:[2001:db8::2]:5060
    "#]],
    );
    let outcome = look(RFC3263, to("example.com"), tls_too());
    expect![[r#"

        Naptr example.com
        Srv _sips._tcp.example.com
        Srv _sip._tcp.example.com
        Srv _sip._udp.example.com
        A server1.example.com
        Aaaa server1.example.com
        A server1.example.com
        Aaaa server1.example.com
        A server2.example.com
        Aaaa server2.example.com
        A server2.example.com
        Aaaa server2.example.com
        = tls:192.0.2.1:5061
        = tcp:192.0.2.1:5060
        = tcp:192.0.2.2:5062
        = tcp:[2001:db8::2]:5062
        = udp:192.0.2.2:5060
        = udp:[2001:db8::2]:5060
    "#]]
    .assert_eq(&outcome);
}

#[test]
fn sips_goes_nowhere_but_tls() {
    let sips = Destination {
        secure: true,
        ..to("example.com")
    };
    expect![[r#"

        Naptr example.com
        Srv _sips._tcp.example.com
        A server1.example.com
        Aaaa server1.example.com
        = tls:192.0.2.1:5061
    "#]]
    .assert_eq(&look(RFC3263, sips.clone(), tls_too()));
    check(
        RFC3263,
        sips.clone(),
        expect![[r#"

        = NoMeans
    "#]],
    );
    let udp = Destination {
        transport: Some(Transport::Udp),
        ..sips
    };
    expect![[r#"

        = NoMeans
    "#]]
    .assert_eq(&look(RFC3263, udp, tls_too()));
}

#[test]
fn a_written_transport_skips_naptr() {
    let tcp = Destination {
        transport: Some(Transport::Tcp),
        ..to("example.com")
    };
    check(
        RFC3263,
        tcp,
        expect![[r#"

        Srv _sip._tcp.example.com
        A server1.example.com
        Aaaa server1.example.com
        A server2.example.com
        Aaaa server2.example.com
        = tcp:192.0.2.1:5060
        = tcp:192.0.2.2:5062
        = tcp:[2001:db8::2]:5062
    "#]],
    );
    let ws = Destination {
        transport: Some(Transport::Ws),
        ..to("example.com")
    };
    check(
        RFC3263,
        ws,
        expect![[r#"

        = NoMeans
    "#]],
    );
}

#[test]
fn without_records_the_name_itself_is_the_server() {
    check(
        "pbx.test A 192.0.2.1",
        to("pbx.test"),
        expect![[r#"

        Naptr pbx.test
        Srv _sip._udp.pbx.test
        Srv _sip._tcp.pbx.test
        A pbx.test
        Aaaa pbx.test
        = udp:192.0.2.1:5060
    "#]],
    );
}

#[test]
fn m005_unknown_and_unanswered_names_are_told_apart() {
    check(
        "",
        to("nowhere.test"),
        expect![[r#"

        Naptr nowhere.test
        Srv _sip._udp.nowhere.test
        Srv _sip._tcp.nowhere.test
        A nowhere.test
        Aaaa nowhere.test
        = UnknownHost
    "#]],
    );
    let failing = "pbx.test A !
                   pbx.test AAAA !";
    check(
        failing,
        to("pbx.test"),
        expect![[r#"

        Naptr pbx.test
        Srv _sip._udp.pbx.test
        Srv _sip._tcp.pbx.test
        A pbx.test
        Aaaa pbx.test
        = NameServer
    "#]],
    );
    let silent = "pbx.test NAPTR ?
                  _sip._udp.pbx.test SRV ?
                  _sip._tcp.pbx.test SRV ?
                  pbx.test A ?
                  pbx.test AAAA ?";
    check(
        silent,
        to("pbx.test"),
        expect![[r#"

        Naptr pbx.test
        Srv _sip._udp.pbx.test
        Srv _sip._tcp.pbx.test
        A pbx.test
        Aaaa pbx.test
        = NameServer
    "#]],
    );
    let half = "pbx.test A 192.0.2.1
                pbx.test AAAA ?";
    check(
        half,
        to("pbx.test"),
        expect![[r#"

        Naptr pbx.test
        Srv _sip._udp.pbx.test
        Srv _sip._tcp.pbx.test
        A pbx.test
        Aaaa pbx.test
        = udp:192.0.2.1:5060
    "#]],
    );
}

#[test]
fn a_domain_may_say_that_it_offers_no_service() {
    let zone = "_sip._udp.pbx.test SRV 0 0 0 .";
    check(
        zone,
        to("pbx.test"),
        expect![[r#"

        Naptr pbx.test
        Srv _sip._udp.pbx.test
        Srv _sip._tcp.pbx.test
        A pbx.test
        Aaaa pbx.test
        = UnknownHost
    "#]],
    );
}

#[test]
fn weights_decide_how_often_a_server_comes_first() {
    let srv = |priority, weight, target: &str| Record::Srv {
        priority,
        weight,
        port: 5060,
        target: target.into(),
    };
    let mut rng = Rng::from_number(5);
    let mut first = [0; 3];
    for _ in 0..4000 {
        let records = vec![
            srv(1, 9, "late"),
            srv(0, 30, "a"),
            srv(0, 10, "b"),
            srv(0, 0, "c"),
        ];
        let order = order::servers(records, &mut rng);
        assert_eq!(order.len(), 4);
        assert_eq!(order[3].name, "late");
        let place = ["a", "b", "c"].iter().position(|n| *n == order[0].name);
        first[place.unwrap()] += 1;
    }
    let [a, b, c] = first;
    assert!((2700..3100).contains(&a), "{first:?}");
    assert!((850..1150).contains(&b), "{first:?}");
    assert!((20..250).contains(&c), "{first:?}");
}

#[test]
fn attempts_take_failed_targets_last_and_forgive_them() {
    let target = |n: u8| Target::new(Transport::Udp, ([192, 0, 2, n], 5060).into());
    let all = vec![target(1), target(2), target(3)];
    let mut outages = Outages::default();
    let now = Instant::from_millis(1000);
    outages.failed(target(1), None, now);
    outages.failed(target(2), Some(Duration::from_secs(60)), now);
    outages.answered(target(3));

    let mut attempts = Attempts::new(all.clone(), &outages, now);
    assert_eq!(attempts.take(), Some(target(3)));
    assert_eq!(attempts.patience(), Some(PATIENCE));
    let json = serde_json::to_string(&attempts).unwrap();
    assert_eq!(serde_json::from_str::<Attempts>(&json).unwrap(), attempts);
    assert_eq!(attempts.take(), Some(target(1)));
    assert_eq!(attempts.take(), Some(target(2)));
    assert_eq!(attempts.patience(), None);
    assert_eq!(attempts.take(), None);

    let later = now + Duration::from_secs(31);
    let mut attempts = Attempts::new(all, &outages, later);
    assert_eq!(attempts.take(), Some(target(1)));
    assert_eq!(attempts.take(), Some(target(3)));
    assert!(Attempts::moves_on(503) && !Attempts::moves_on(500));
}

#[test]
fn outages_never_grow_past_their_bound() {
    let mut outages = Outages::default();
    for port in 1..2000 {
        let target = Target::new(Transport::Udp, ([192, 0, 2, 1], port).into());
        outages.failed(target, None, Instant::from_millis(u64::from(port)));
        assert!(outages.is_out(target, Instant::from_millis(u64::from(port))));
    }
    let first = Target::new(Transport::Udp, ([192, 0, 2, 1], 1).into());
    assert!(!outages.is_out(first, Instant::from_millis(2000)));
}

#[test]
fn a_uri_says_where_it_wants_to_go() {
    let of = |text: &str| Destination::of(&text.parse().unwrap());
    assert_eq!(of("sip:bob@pbx.test"), Some(to("pbx.test")));
    assert_eq!(of("sip:[2001:db8::1]"), Some(to("2001:db8::1")));
    let all = Destination {
        port: Some(5070),
        transport: Some(Transport::Tcp),
        secure: true,
        ..to("192.0.2.1")
    };
    assert_eq!(of("sips:b@192.0.2.1:5070;transport=TCP"), Some(all));
    assert_eq!(of("sip:b@a.test;maddr=192.0.2.1"), Some(to("192.0.2.1")));
    assert_eq!(of("tel:+1201"), None);
    assert_eq!(of("sip:b@a.test;transport=sctp"), None);
}
