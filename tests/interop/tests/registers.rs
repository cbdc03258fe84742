//! `offhookd` registers at Kamailio, and at registrars that SIPp plays.

use control::Code;
use control::snapshot::AccountState;
use offhook_interop::engine::{Daemon, Engine, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Kamailio, Rig, Sipp, kamailio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// Registers with `algorithm` over `transport`, and removes the binding when it ends. M-001, M-003, M-004.
fn at_kamailio(name: &str, algorithm: &'static str, transport: &str) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["kamailio"]) else {
        return Ok(());
    };
    let wish = kamailio::Wish {
        algorithm,
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(&rig, "proxy", &wish)?;
    let registrar = Some((proxy.address, "101", "secret-101"));
    let mut engine = Daemon::start(
        &rig,
        "engine",
        &Wish {
            transport,
            registrar,
            ..Wish::default()
        },
    )?;
    let bindings = proxy.wait_bindings("101", 1, PATIENCE)?;
    anyhow::ensure!(bindings[0].expires_s > 20, "{bindings:?}");
    let contact = engine.address().to_string();
    anyhow::ensure!(bindings[0].contact.contains(&contact), "{bindings:?}");
    let account = engine
        .client()?
        .wait_account(AccountState::Registered, PATIENCE)?;
    anyhow::ensure!(account.expires_s > Some(20), "{account:?}");
    engine.stop();
    proxy.wait_bindings("101", 0, PATIENCE)?;
    Ok(())
}

#[test]
fn registers_with_md5_and_sha_256_over_udp_and_tcp() {
    at_kamailio("register-md5-udp", "MD5", "udp").unwrap();
    at_kamailio("register-md5-tcp", "MD5", "tcp").unwrap();
    at_kamailio("register-sha-256-udp", "SHA-256", "udp").unwrap();
    at_kamailio("register-sha-256-tcp", "SHA-256", "tcp").unwrap();
}

#[test]
fn a_wrong_password_is_told_as_oh_2001() {
    let Some(rig) = Rig::new("register-wrong", &["kamailio"]) else {
        return;
    };
    let proxy = Kamailio::start(&rig, "proxy", &kamailio::Wish::default()).unwrap();
    let registrar = Some((proxy.address, "101", "pumpkin"));
    let wish = Wish {
        registrar,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let mut client = engine.client().unwrap();
    let account = client.wait_account(AccountState::Failed, PATIENCE).unwrap();
    let error = account.error.expect("a failed account says why");
    println!("{error}");
    assert_eq!(error.code, Code::WRONG_PASSWORD);
    assert!(!error.fix.is_empty() && error.detail.contains("101"));
    let (said, exit) = engine.told(&["register", "main"]).unwrap();
    println!("{said}");
    assert_eq!(exit, 4);
    let lines = [
        "! OH-2001 the server does not accept this user and password\n",
        "\n  fix   check the user and the password",
    ];
    for line in lines {
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
    assert!(!said.contains("pumpkin"), "it shows the password");
    assert!(
        !engine.log().contains("pumpkin"),
        "the log shows the password"
    );
    assert_eq!(proxy.bindings("101").unwrap(), vec![]);
}

#[test]
fn registers_again_when_the_registrar_forgot() {
    let Some(rig) = Rig::new("register-stale", &["kamailio"]) else {
        return;
    };
    // Nonces last one second and bindings four, so that refreshing meets a stale nonce.
    let wish = kamailio::Wish {
        nonce_s: 1,
        most_expires_s: 4,
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(&rig, "proxy", &wish).unwrap();
    let registrar = Some((proxy.address, "101", "secret-101"));
    let _engine = Daemon::start(
        &rig,
        "engine",
        &Wish {
            registrar,
            ..Wish::default()
        },
    )
    .unwrap();
    proxy.wait_bindings("101", 1, PATIENCE).unwrap();
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(proxy.bindings("101").unwrap().len(), 1);
    proxy.forget("101").unwrap();
    proxy.wait_bindings("101", 1, PATIENCE).unwrap();
}

/// A registrar that SIPp plays; the engine registers, is stopped after `run`, and the script goes well.
fn at_script(name: &str, script: &Script<'_>, run: Duration) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let mut registrar = Sipp::start(&rig, "registrar", script)?;
    let account = Some((registrar.address, "101", "secret-101"));
    let mut engine = Daemon::start(
        &rig,
        "engine",
        &Wish {
            registrar: account,
            ..Wish::default()
        },
    )?;
    std::thread::sleep(run);
    engine.stop();
    registrar.succeed(PATIENCE)?;
    Ok(())
}

#[test]
fn takes_the_lifetime_that_is_granted() {
    let values = [("granted_s", "4".into()), ("idle_ms", "3500".into())];
    let script = Script {
        values: &values,
        ..Script::new("registrar")
    };
    at_script("register-granted", &script, Duration::from_secs(6)).unwrap();
}

#[test]
fn obeys_interval_too_brief_and_retry_after() {
    let least = [("least_s", "7200".into())];
    let brief = Script {
        values: &least,
        ..Script::new("registrar-too-brief")
    };
    at_script("register-too-brief", &brief, Duration::from_secs(1)).unwrap();
    let busy = [("retry_s", "2".into()), ("patience_ms", "6000".into())];
    let busy = Script {
        values: &busy,
        ..Script::new("registrar-busy")
    };
    at_script("register-busy", &busy, Duration::from_secs(4)).unwrap();
}

#[test]
fn m_008_probes_its_server_by_options() {
    let probed = Script {
        calls: 3,
        ..Script::new("registrar-probed")
    };
    let Some(rig) = Rig::new("register-probes", &["sipp"]) else {
        return;
    };
    let mut registrar = Sipp::start(&rig, "registrar", &probed).unwrap();
    let account = Some((registrar.address, "101", "secret-101"));
    let wish = Wish {
        registrar: account,
        settings: "[accounts.main]\nkeepalive = \"options\"\nkeepalive_s = 5\n",
        ..Wish::default()
    };
    let _engine = Daemon::start(&rig, "engine", &wish).unwrap();
    registrar.succeed(PATIENCE).unwrap();
    let probes = registrar.messages().matches("\nOPTIONS sip:").count();
    assert!(probes >= 2, "{probes}");
}
