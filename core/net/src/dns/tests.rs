use super::*;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SRV};
use tokio::net::UdpSocket;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn zone(asked: &str, kind: RecordType) -> Option<Vec<RData>> {
    let srv = |priority, weight, host| RData::SRV(SRV::new(priority, weight, 5060, name(host)));
    let service = |order, service: &str, to| {
        let services = service.as_bytes().into();
        let (flags, none) = (b"s".as_slice().into(), Box::default());
        RData::NAPTR(NAPTR::new(order, 10, flags, services, none, name(to)))
    };
    match (asked, kind) {
        ("pbx.test.", RecordType::A) => Some(vec![
            RData::A(A::new(192, 0, 2, 1)),
            RData::A(A::new(192, 0, 2, 2)),
        ]),
        ("pbx.test.", RecordType::AAAA) => {
            Some(vec![RData::AAAA(AAAA("2001:db8::1".parse().unwrap()))])
        }
        ("_sip._udp.pbx.test.", RecordType::SRV) => {
            Some(vec![srv(10, 60, "a.pbx.test."), srv(20, 0, "b.pbx.test.")])
        }
        ("pbx.test.", RecordType::NAPTR) => Some(vec![
            service(50, "SIP+D2T", "_sip._tcp.pbx.test."),
            service(90, "SIP+D2U", "_sip._udp.pbx.test."),
        ]),
        ("alias.test.", RecordType::A) => Some(vec![
            RData::CNAME(CNAME(name("pbx.test."))),
            RData::A(A::new(192, 0, 2, 1)),
        ]),
        ("pbx.test.", _) => Some(Vec::new()),
        _ => None,
    }
}

/// Answers from [`zone`]; says nothing about `silent.test`, fails for `broken.test`.
async fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        loop {
            let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..len]).unwrap();
            let query = asked.queries[0].clone();
            let text = query.name().to_ascii().to_ascii_lowercase();
            if text == "silent.test." {
                continue;
            }
            let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
            reply.metadata.recursion_available = true;
            reply.metadata.recursion_desired = true;
            reply.add_query(query.clone());
            match zone(&text, query.query_type()) {
                _ if text == "broken.test." => {
                    reply.metadata.response_code = ResponseCode::ServFail;
                }
                None => reply.metadata.response_code = ResponseCode::NXDomain,
                Some(all) => {
                    for (index, data) in all.into_iter().enumerate() {
                        let owner = match (text.as_str(), index) {
                            ("alias.test.", 1) => name("pbx.test."),
                            _ => query.name().clone(),
                        };
                        reply.add_answer(Record::from_rdata(owner, 300 + index as u32, data));
                    }
                }
            }
            socket
                .send_to(&reply.to_vec().unwrap(), from)
                .await
                .unwrap();
        }
    });
    address
}

async fn resolver() -> Resolver {
    let settings = ResolverSettings {
        name_servers: vec![server().await],
        timeout: Duration::from_millis(200),
        attempts: 1,
        hosts_file: true,
    };
    Resolver::new(&settings).unwrap()
}

#[tokio::test]
async fn addresses_come_from_the_named_server_with_their_lifetime() {
    let resolver = resolver().await;
    let answer = resolver.ask(&Question::A("pbx.test".into())).await.unwrap();
    let Records::A(mut all) = answer.records else {
        panic!("addresses")
    };
    all.sort_unstable();
    assert_eq!(
        all,
        [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]
    );
    assert_eq!(answer.lifetime, Duration::from_secs(300));
    let answer = resolver
        .ask(&Question::Aaaa("PBX.test.".into()))
        .await
        .unwrap();
    assert_eq!(
        answer.records,
        Records::Aaaa(vec!["2001:db8::1".parse().unwrap()])
    );
}

#[tokio::test]
async fn services_and_hosts_are_told_whole() {
    let resolver = resolver().await;
    let asked = Question::Srv("_sip._udp.pbx.test".into());
    let Records::Srv(mut all) = resolver.ask(&asked).await.unwrap().records else {
        panic!("hosts")
    };
    all.sort_by_key(|record| record.priority);
    let host = |priority, weight, target: &str| Srv {
        priority,
        weight,
        port: 5060,
        target: target.into(),
    };
    assert_eq!(all, [host(10, 60, "a.pbx.test"), host(20, 0, "b.pbx.test")]);
    let asked = Question::Naptr("pbx.test".into());
    let Records::Naptr(mut all) = resolver.ask(&asked).await.unwrap().records else {
        panic!("services")
    };
    all.sort_by_key(|record| record.order);
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one.flags.as_str(),
                one.services.as_str(),
                one.replacement.as_str(),
            )
        })
        .collect();
    let expected = [
        ("s", "SIP+D2T", "_sip._tcp.pbx.test"),
        ("s", "SIP+D2U", "_sip._udp.pbx.test"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_alias_leads_to_its_addresses() {
    let answer = resolver()
        .await
        .ask(&Question::A("alias.test".into()))
        .await
        .unwrap();
    assert_eq!(
        answer.records,
        Records::A(vec![Ipv4Addr::new(192, 0, 2, 1)])
    );
}

#[tokio::test]
async fn no_records_is_an_answer_and_silence_is_not() {
    let resolver = resolver().await;
    for question in [
        Question::Srv("_sip._tcp.pbx.test".into()),
        Question::A("nobody.test".into()),
    ] {
        let answer = resolver.ask(&question).await.unwrap();
        assert_eq!(answer.records, question.no_records());
    }
    let silent = resolver
        .ask(&Question::A("silent.test".into()))
        .await
        .unwrap_err();
    assert_eq!(
        silent.to_string(),
        "no name server answered for silent.test"
    );
    let broken = resolver
        .ask(&Question::A("broken.test".into()))
        .await
        .unwrap_err();
    assert!(matches!(broken, Failure::Server { .. }), "{broken:?}");
    let text = format!("{}.test", "x".repeat(64));
    let wrong = resolver.ask(&Question::A(text)).await.unwrap_err();
    assert!(matches!(wrong, Failure::NotAName { .. }), "{wrong:?}");
}

#[tokio::test]
async fn the_hosts_file_is_asked_first() {
    let answer = resolver()
        .await
        .ask(&Question::A("localhost".into()))
        .await
        .unwrap();
    assert_eq!(answer.records, Records::A(vec![Ipv4Addr::LOCALHOST]));
}

#[tokio::test]
async fn the_system_settings_make_a_resolver() {
    let resolver = Resolver::new(&ResolverSettings::default()).unwrap();
    resolver.forget();
    let answer = resolver
        .ask(&Question::A("localhost".into()))
        .await
        .unwrap();
    assert_eq!(answer.records, Records::A(vec![Ipv4Addr::LOCALHOST]));
}

#[tokio::test]
async fn a_table_answers_like_a_server() {
    let srv = Srv {
        priority: 1,
        weight: 2,
        port: 5060,
        target: "a.test".into(),
    };
    let lost = Question::A("lost.test".into());
    let failure = Failure::NoAnswer {
        name: "lost.test".into(),
    };
    let table = Table::new()
        .srv("_sip._udp.Test.", srv.clone())
        .address("a.test", "192.0.2.7".parse().unwrap())
        .address("a.test", "2001:db8::7".parse().unwrap())
        .failure(&lost, failure.clone());
    let resolver = Resolver::Table(table);
    let asked = Question::Srv("_SIP._udp.test".into());
    assert_eq!(
        resolver.ask(&asked).await.unwrap().records,
        Records::Srv(vec![srv])
    );
    let asked = Question::A("a.test.".into());
    let found = Records::A(vec!["192.0.2.7".parse().unwrap()]);
    assert_eq!(resolver.ask(&asked).await.unwrap().records, found);
    let none = resolver.ask(&Question::A("b.test".into())).await.unwrap();
    assert_eq!(
        (none.records, none.lifetime),
        (Records::A(Vec::new()), Duration::ZERO)
    );
    assert_eq!(resolver.ask(&lost).await.unwrap_err(), failure);
}

#[tokio::test]
async fn sip_gets_its_records_in_its_own_words() {
    use sip::resolve::{Kind, Record, Reply};
    let resolver = resolver().await;
    let Reply::Records(mut all) = resolver.reply(Kind::Naptr, "pbx.test").await else {
        panic!("services")
    };
    all.sort_by_key(|record| matches!(record, Record::Naptr { order: 90, .. }));
    let first = Record::Naptr {
        order: 50,
        preference: 10,
        flags: "s".into(),
        service: "SIP+D2T".into(),
        replacement: "_sip._tcp.pbx.test".into(),
    };
    assert_eq!((all.len(), &all[0]), (2, &first));
    let Reply::Records(all) = resolver.reply(Kind::Srv, "_sip._udp.pbx.test").await else {
        panic!("hosts")
    };
    let host = Record::Srv {
        priority: 20,
        weight: 0,
        port: 5060,
        target: "b.pbx.test".into(),
    };
    assert!(all.contains(&host), "{all:?}");
    let reply = resolver.reply(Kind::Aaaa, "pbx.test").await;
    let ip = Record::Aaaa("2001:db8::1".parse().unwrap());
    assert_eq!(reply, Reply::Records(vec![ip]));
    assert_eq!(
        resolver.reply(Kind::A, "nobody.test").await,
        Reply::Records(vec![])
    );
    assert_eq!(resolver.reply(Kind::A, "silent.test").await, Reply::Failed);
}
