//! UDP and TCP, IPv4 and IPv6: what carries the messages between `offhookd` and Kamailio or SIPp.

use control::snapshot::AccountState;
use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::sipp::{Transport, Wish as Script};
use offhook_interop::{Client, Kamailio, Rig, Sipp, kamailio};
use std::net::Ipv6Addr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// A phone called `user` at the proxy, registered. No name server knows the domain: its registrar is where
/// calls go.
fn phone(rig: &Rig, proxy: &Kamailio, user: &str, transport: &str) -> anyhow::Result<Daemon> {
    let password = format!("secret-{user}");
    let wish = Wish {
        transport,
        registrar: Some((proxy.address, user, &password)),
        ip: proxy.address.ip(),
        answer: Answer::Echo,
        ..Wish::default()
    };
    let phone = Daemon::start(rig, user, &wish)?;
    let bindings = proxy.wait_bindings(user, 1, PATIENCE)?;
    let contact = phone.address().to_string();
    anyhow::ensure!(bindings[0].contact.contains(&contact), "{bindings:?}");
    Ok(phone)
}

/// Calls `user` through the proxy, talks for a moment, hangs up.
fn call(client: &mut Client, user: &str) -> anyhow::Result<()> {
    let call = client.dial(&format!("sip:{user}@{}", kamailio::REALM))?;
    client.wait_answered(call, PATIENCE)?;
    std::thread::sleep(Duration::from_millis(200));
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE).map(drop)
}

/// Registers, calls, and takes the binding out at the end.
fn over_ipv6(name: &str, algorithm: &'static str, transport: &str) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["kamailio"]) else {
        return Ok(());
    };
    let wish = kamailio::Wish {
        algorithm,
        ip: Ipv6Addr::LOCALHOST.into(),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(&rig, "proxy", &wish)?;
    let mut alice = phone(&rig, &proxy, "101", transport)?;
    let _bob = phone(&rig, &proxy, "102", transport)?;
    let mut client = alice.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    call(&mut client, "102")?;
    alice.stop();
    proxy.wait_bindings("101", 0, PATIENCE).map(drop)
}

#[test]
fn m_001_m_009_registers_and_calls_over_ipv6_by_udp_and_tcp() {
    over_ipv6("ipv6-udp", "MD5", "udp").unwrap();
    over_ipv6("ipv6-tcp", "SHA-256", "tcp").unwrap();
}

/// Registered over TCP; the proxy goes, at its leisure or at once, and comes back knowing nobody. The loss is
/// noticed, another connection opened and the binding renewed over it; then calls are made again.
fn connection_lost(name: &str, at_once: bool) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["kamailio"]) else {
        return Ok(());
    };
    let mut proxy = Kamailio::start(&rig, "proxy", &kamailio::Wish::default())?;
    let alice = phone(&rig, &proxy, "101", "tcp")?;
    let _bob = phone(&rig, &proxy, "102", "tcp")?;
    let mut client = alice.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    call(&mut client, "102")?;
    if at_once {
        proxy.kill();
    }
    proxy.restart()?;
    proxy.wait_bindings("101", 1, PATIENCE)?;
    proxy.wait_bindings("102", 1, PATIENCE)?;
    call(&mut alice.client()?, "102")
}

#[test]
fn m_009_a_connection_that_the_server_closes_is_opened_again() {
    connection_lost("tcp-closed", false).unwrap();
}

#[test]
fn m_009_a_connection_whose_server_dies_is_opened_again() {
    connection_lost("tcp-killed", true).unwrap();
}

/// Over UDP by its settings, but the INVITE is too large for that: the peer listens on TCP alone.
#[test]
fn m_009_forty_headers_push_an_invite_to_tcp() {
    let Some(rig) = Rig::new("forty-headers", &["sipp"]) else {
        return;
    };
    let ring = [("ring_ms", "100".to_owned())];
    let script = Script {
        values: &ring,
        transport: Transport::Tcp,
        ..Script::new("callee")
    };
    let mut callee = Sipp::start(&rig, "callee", &script).unwrap();
    let engine = Daemon::start(&rig, "engine", &Wish::default()).unwrap();
    let mut client = engine.client().unwrap();
    let header = |n: u32| (format!("X-Custom-{n:02}"), format!("value {n} of forty"));
    let headers = (1..=40).map(header).collect();
    let call = client
        .dial_with(&format!("sip:102@{}", callee.address), headers)
        .unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    client.hang_up(call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
    callee.succeed(PATIENCE).unwrap();
    let messages = callee.messages();
    let invite = messages.split("ACK sip:").next().unwrap_or_default();
    for n in 1..=40 {
        let (name, value) = header(n);
        assert!(invite.contains(&format!("{name}: {value}")), "{name}");
    }
}
