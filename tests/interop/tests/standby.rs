//! Two Kamailios, one that stands by for the other, and a plain phone that dials the extension.

use control::AccountSnapshot;
use control::snapshot::AccountState;
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sound::Sound;
use offhook_interop::{Baresip, Kamailio, Rig, baresip, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the account is registered at the server that stands by, or at the other one.
fn wait_at(engine: &Daemon, on_standby: bool) -> anyhow::Result<AccountSnapshot> {
    let until = Instant::now() + PATIENCE;
    loop {
        let account = engine
            .client()?
            .wait_account(AccountState::Registered, PATIENCE)?;
        if account.on_standby == on_standby {
            return Ok(account);
        }
        anyhow::ensure!(Instant::now() < until, "it stays elsewhere: {account:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What stands behind `name` in `account show`.
fn shown(said: &str, name: &str) -> String {
    let row = said.lines().find_map(|line| line.strip_prefix(name));
    row.unwrap_or_else(|| panic!("no {name:?} in\n{said}"))
        .trim()
        .to_owned()
}

/// M-018, M-019, M-020
#[test]
fn the_standby_server_sends_back_and_what_is_shown_is_what_kamailio_has() {
    let Some(rig) = Rig::new("standby", &["kamailio"]) else {
        return;
    };
    let mut primary = Kamailio::start(&rig, "primary", &kamailio::Wish::default()).unwrap();
    let mut standby = Kamailio::start(&rig, "standby", &kamailio::Wish::default()).unwrap();
    primary.kill();
    let settings = format!(
        "[account]\nstandby = \"{}\"\nstandby_after_s = 2\n",
        standby.address
    );
    let wish = Wish {
        transport: "tcp",
        registrar: Some((primary.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    wait_at(&engine, true).unwrap();
    let bound = standby.wait_bindings("101", 1, PATIENCE).unwrap();
    let (said, exit) = engine.told(&["account", "show", "main"]).unwrap();
    println!("{said}");
    assert_eq!(exit, 0);
    let contact = format!(
        "{}:{}",
        shown(&said, "registered address"),
        shown(&said, "registered port")
    );
    assert!(bound[0].contact.contains(&contact), "{bound:?} {contact}");
    let rest = shown(&said, "time that remains");
    let rest: i64 = rest.trim_end_matches(" s").parse().unwrap();
    assert!((bound[0].expires_s - rest).abs() <= 2, "{bound:?} {rest}");
    assert_eq!(shown(&said, "registration name"), "101@offhook.test");
    assert_eq!(shown(&said, "server"), "127.0.0.1, which stands by");

    // It closes the connection: the other one is tried first, and is there again.
    primary.restart().unwrap();
    standby.restart().unwrap();
    wait_at(&engine, false).unwrap();
    primary.wait_bindings("101", 1, PATIENCE).unwrap();
    assert_eq!(standby.bindings("101").unwrap(), vec![]);

    let (_, exit) = engine.told(&["unregister", "main"]).unwrap();
    assert_eq!(exit, 0);
    primary.wait_bindings("101", 0, PATIENCE).unwrap();
    let (said, _) = engine.told(&["account", "show", "main"]).unwrap();
    for name in [
        "registered address",
        "registered port",
        "time that remains",
        "server",
    ] {
        assert_eq!(shown(&said, name), "no data", "{name}");
    }
}

/// M-024
#[test]
fn a_plain_phone_dials_the_extension_through_kamailio() {
    let Some(rig) = Rig::new("extension", &["kamailio", "baresip"]) else {
        return;
    };
    let proxy = Kamailio::start(&rig, "proxy", &kamailio::Wish::default()).unwrap();
    let wish = Wish {
        registrar: Some((proxy.address, "101", "secret-101")),
        ..Wish::default()
    };
    let _engine = Daemon::start(&rig, "engine", &wish).unwrap();
    proxy.wait_bindings("101", 1, PATIENCE).unwrap();
    let chirp = Sound::chirp(&rig, "chirp", 500).unwrap();
    let wish = baresip::Wish {
        user: "102",
        registrar: Some((proxy.address, "secret-102")),
        codecs: "PCMU",
        plays: &chirp.file,
        transport: "udp",
        answers: false,
    };
    let mut phone = Baresip::start(&rig, "baresip", &wish).unwrap();
    phone.dial("101").unwrap();
    phone.wait_call(1).unwrap();
    // Of a call without a duration it does not say that it is over.
    std::thread::sleep(Duration::from_millis(1_500));
    phone.hang_up().unwrap();
    phone.wait_end(1).unwrap();
}
