//! `offhookd` and Kamailio over TLS: with whom it speaks, and with whom it does not.

use anyhow::Context as _;
use control::reason::AccountCause;
use control::snapshot::AccountState;
use control::{Code, ErrorObject};
use offhook_authority::{Ca, Purpose, Shown, Signed};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::kamailio::{self, REALM, Tls};
use offhook_interop::{Kamailio, Rig};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A Kamailio that shows `own`, and wants certificates of `clients` where there is an authority for them.
fn server(rig: &Rig, own: (PathBuf, PathBuf), clients: Option<&Ca>) -> anyhow::Result<Kamailio> {
    let wish = kamailio::Wish {
        tls: Some(Tls {
            own,
            clients: clients.map(|ca| ca.file.clone()),
        }),
        ..kamailio::Wish::default()
    };
    Kamailio::start(rig, "proxy", &wish)
}

/// What an account that believes `authority` alone says of TLS.
fn believes(authority: &Path) -> String {
    format!("[accounts.main]\ntls_ca = [{authority:?}]\n")
}

fn phone(
    rig: &Rig,
    (name, user): (&str, &str),
    proxy: &Kamailio,
    (secured, settings): (&str, &str),
) -> anyhow::Result<Daemon> {
    let password = format!("secret-{user}");
    let wish = Wish {
        registrar: Some((proxy.secured, user, &password)),
        secured: Some(secured),
        answer: Answer::Echo,
        settings,
        ..Wish::default()
    };
    Daemon::start(rig, name, &wish)
}

/// Two phones behind Kamailio call each other, each over the connection that it opened itself; what Kamailio saw.
fn calls_over(secured: &str) -> anyhow::Result<Option<(String, String)>> {
    let name = format!("secured-{}", secured.replace('+', "-"));
    let Some(rig) = Rig::new(&name, &["kamailio"]) else {
        return Ok(None);
    };
    let ca = Ca::new(&name);
    let proxy = server(&rig, ca.shows(&Shown::of(REALM)).files(&ca, "proxy"), None)?;
    let settings = believes(&ca.file);
    let one = phone(&rig, ("one", "101"), &proxy, (secured, &settings))?;
    let two = phone(&rig, ("two", "102"), &proxy, (secured, &settings))?;
    let registered = AccountState::Registered;
    for phone in [&one, &two] {
        phone.client()?.wait_account(registered, PATIENCE)?;
    }
    let contact = proxy.bindings("101")?[0].contact.clone();
    for (from, to) in [(&one, "102"), (&two, "101")] {
        let mut client = from.client()?;
        let call = client.dial(to)?;
        client.wait_answered(call, PATIENCE)?;
        std::thread::sleep(Duration::from_millis(300));
        client.hang_up(call)?;
        let ended = client.wait_ended(call, PATIENCE)?;
        anyhow::ensure!(ended.error.is_none(), "{ended:?}");
    }
    let connections = proxy.ask("tls.list", serde_json::json!([]))?;
    let connections = connections.as_array().map_or(1, Vec::len);
    anyhow::ensure!(connections == 2, "each phone has one: {connections}");
    Ok(Some((contact, proxy.log())))
}

/// All that Kamailio saw of one method.
fn seen<'l>(log: &'l str, method: &str) -> Vec<&'l str> {
    let begin = format!("seen {method} over ");
    log.lines().filter(|line| line.contains(&begin)).collect()
}

/// M-010, K-011: `tls` writes sips: everywhere, and each request of a call goes by TLS.
#[test]
fn m_010_k_011_registers_and_calls_over_tls_with_sips() {
    let Some((contact, log)) = calls_over("tls").unwrap() else {
        return;
    };
    assert!(contact.starts_with("sips:101@"), "{contact}");
    assert!(!contact.contains("transport"), "{contact}");
    for method in ["REGISTER", "INVITE", "ACK", "BYE"] {
        let all = seen(&log, method);
        assert!(all.len() >= 2, "{method}: {log}");
        for line in all {
            assert!(line.contains("over tls uri <sips:"), "{line}");
            assert!(line.contains("via <SIP/2.0/TLS "), "{line}");
            assert!(
                line.contains("from <sips:10") && line.contains("to <sips:10"),
                "{line}"
            );
        }
    }
}

/// M-010, K-011: `tls+sip:` is as secret, and keeps sip:.
#[test]
fn m_010_k_011_registers_and_calls_over_tls_with_sip() {
    let Some((contact, log)) = calls_over("tls+sip").unwrap() else {
        return;
    };
    assert!(contact.starts_with("sip:101@"), "{contact}");
    assert!(contact.ends_with(";transport=tls"), "{contact}");
    for method in ["REGISTER", "INVITE", "ACK", "BYE"] {
        let all = seen(&log, method);
        assert!(all.len() >= 2, "{method}: {log}");
        for line in all {
            assert!(line.contains("over tls uri <sip:"), "{line}");
            assert!(line.contains("via <SIP/2.0/TLS "), "{line}");
            assert!(line.contains("from <sip:10"), "{line}");
        }
    }
}

/// M-064: a link with sips: is called by sips:, over TLS, also by an account that keeps sip:.
#[test]
fn m_064_a_sips_link_is_called_over_tls() {
    let Some(rig) = Rig::new("secured-link", &["kamailio"]) else {
        return;
    };
    let ca = Ca::new("link");
    let own = ca.shows(&Shown::of(REALM)).files(&ca, "proxy");
    let proxy = server(&rig, own, None).unwrap();
    let settings = believes(&ca.file);
    let one = phone(&rig, ("one", "101"), &proxy, ("tls+sip", &settings)).unwrap();
    let two = phone(&rig, ("two", "102"), &proxy, ("tls", &settings)).unwrap();
    for phone in [&one, &two] {
        let mut client = phone.client().unwrap();
        client
            .wait_account(AccountState::Registered, PATIENCE)
            .unwrap();
    }
    let mut client = one.client().unwrap();
    let call = client.dial(&format!("sips:102@{REALM}")).unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    client.hang_up(call).unwrap();
    let ended = client.wait_ended(call, PATIENCE).unwrap();
    assert!(ended.error.is_none(), "{ended:?}");
    let log = proxy.log();
    for line in seen(&log, "INVITE") {
        assert!(line.contains("over tls uri <sips:102@"), "{line}");
        assert!(line.contains("contact <<sips:101@"), "{line}");
    }
    assert!(!seen(&log, "BYE").is_empty(), "{log}");
}

/// The account of a phone that meets a Kamailio that shows `signed`: refused, and Kamailio heard nothing.
fn refused(rig: &Rig, name: &str, ca: &Ca, signed: &Signed) -> anyhow::Result<ErrorObject> {
    let wish = kamailio::Wish {
        tls: Some(Tls {
            own: signed.files(ca, name),
            clients: None,
        }),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, &format!("proxy-{name}"), &wish)?;
    let settings = believes(&ca.file);
    let engine = phone(rig, (name, "101"), &proxy, ("tls+sip", &settings))?;
    let account = engine
        .client()?
        .wait_account(AccountState::Failed, PATIENCE)?;
    anyhow::ensure!(account.cause == Some(AccountCause::Tls), "{account:?}");
    let said = seen(&proxy.log(), "REGISTER").len();
    anyhow::ensure!(said == 0, "something was said");
    account.error.context("a failed account says why")
}

/// M-010: each certificate that proves nothing is refused for its own reason, and nothing is said in the clear
/// instead.
#[test]
fn m_010_a_server_that_proves_nothing_is_refused_with_its_reason() {
    let Some(rig) = Rig::new("secured-refused", &["kamailio"]) else {
        return;
    };
    let (ca, stranger) = (Ca::new("refused"), Ca::new("stranger"));
    let expired = Shown {
        days: (-30, -2),
        ..Shown::of(REALM)
    };
    let (old, unknown) = (Code::CERTIFICATE_OUT_OF_TIME, Code::CERTIFICATE_UNKNOWN);
    let other = ca.shows(&Shown::of("other.test"));
    let foreign = stranger.shows(&Shown::of(REALM));
    for (name, signed, code, said) in [
        ("expired", ca.shows(&expired), old, "expired 2 days ago"),
        (
            "other",
            other,
            Code::CERTIFICATE_OF_OTHERS,
            "is of other.test",
        ),
        (
            "alone",
            Ca::alone(&Shown::of(REALM)),
            unknown,
            "vouches for itself",
        ),
        ("foreign", foreign, unknown, "no authority"),
    ] {
        let error = refused(&rig, name, &ca, &signed).unwrap();
        println!("{error}");
        assert_eq!(error.code, code, "{name}");
        assert!(error.detail.contains(said), "{name}: {error}");
    }
}

/// M-010, M-023: a server that asks gets our certificate; without one the person is told that one is wanted.
#[test]
fn m_010_a_server_that_asks_gets_our_certificate() {
    let Some(rig) = Rig::new("secured-ours", &["kamailio"]) else {
        return;
    };
    let ca = Ca::new("ours");
    let own = ca.shows(&Shown::of(REALM)).files(&ca, "proxy");
    let proxy = server(&rig, own, Some(&ca)).unwrap();
    let ours = Shown {
        purposes: vec![Purpose::ClientAuth],
        common_name: "phone 101",
        ..Shown::of("phone.test")
    };
    let (certificate, key) = ca.shows(&ours).files(&ca, "phone");
    let without = believes(&ca.file);
    let with = format!("{without}tls_certificate = {certificate:?}\ntls_key = {key:?}\n");
    let engine = phone(&rig, ("with", "101"), &proxy, ("tls", &with)).unwrap();
    let registered = AccountState::Registered;
    engine
        .client()
        .unwrap()
        .wait_account(registered, PATIENCE)
        .unwrap();
    let log = proxy.log();
    let all = seen(&log, "REGISTER");
    assert!(all.iter().all(|line| line.contains("phone 101")), "{log}");
    let engine = phone(&rig, ("without", "102"), &proxy, ("tls", &without)).unwrap();
    let mut client = engine.client().unwrap();
    let account = client.wait_account(AccountState::Failed, PATIENCE).unwrap();
    let error = account.error.expect("a failed account says why");
    println!("{error}");
    assert_eq!(error.code, Code::OWN_CERTIFICATE_REFUSED);
    assert_eq!(proxy.bindings("102").unwrap(), vec![]);
}

/// M-010, M-016: a server that comes back has its phone again, over a new connection; its Contact names that one.
#[test]
fn m_010_a_server_that_comes_back_is_registered_with_over_a_new_connection() {
    let Some(rig) = Rig::new("secured-back", &["kamailio"]) else {
        return;
    };
    let ca = Ca::new("back");
    let own = ca.shows(&Shown::of(REALM)).files(&ca, "proxy");
    let mut proxy = server(&rig, own, None).unwrap();
    let settings = believes(&ca.file);
    let _engine = phone(&rig, ("one", "101"), &proxy, ("tls", &settings)).unwrap();
    let before = proxy.wait_bindings("101", 1, PATIENCE).unwrap();
    proxy.restart().unwrap();
    let after = proxy.wait_bindings("101", 1, PATIENCE).unwrap();
    assert_ne!(
        before[0].contact, after[0].contact,
        "each names its connection"
    );
}
