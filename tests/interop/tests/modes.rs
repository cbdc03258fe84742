//! Modes of incoming calls: when `offhookd` registers, as SIPp and Kamailio see it.

use control::snapshot::AccountState;
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Kamailio, Rig, Sipp, kamailio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than an engine takes to register.
const A_WHILE: Duration = Duration::from_millis(1_500);

/// An engine whose account main is registered at `address` as `settings` say.
fn engine(rig: &Rig, address: std::net::SocketAddr, settings: &str) -> anyhow::Result<Daemon> {
    let wish = Wish {
        registrar: Some((address, "101", "secret-101")),
        settings,
        ..Wish::default()
    };
    Daemon::start(rig, "engine", &wish)
}

/// Methods of requests in the order in which SIPp got them, each resent one once; `-` before a REGISTER that removes.
fn requests(messages: &str) -> Vec<String> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for message in messages.split("UDP message received").skip(1) {
        let head = message.split("\r\n\r\n").next().unwrap_or_default();
        let value = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let cseq = value("CSeq:");
        let method = cseq.split(' ').nth(1).unwrap_or_default();
        let is_request = head.contains(&format!("\n{method} sip:"));
        let removes = method == "REGISTER" && value("Expires:") == "0";
        let known = (value("Call-ID:"), cseq.clone());
        let name = format!("{}{method}", if removes { "-" } else { "" });
        if is_request && !seen.iter().any(|(_, id)| *id == format!("{known:?}")) {
            seen.push((name, format!("{known:?}")));
        }
    }
    seen.into_iter().map(|(name, _)| name).collect()
}

/// M-199, K-146, K-147: off sends no REGISTER until a call goes out; then REGISTER, INVITE, refreshes, BYE, and the
/// binding is removed.
#[test]
fn m_199_k_147_off_registers_for_a_call_alone() {
    let Some(rig) = Rig::new("modes-off", &["sipp"]) else {
        return;
    };
    let values = [("granted_s", "3".to_owned())];
    let script = Script {
        values: &values,
        calls: 2,
        ..Script::new("registrar-of-calls")
    };
    let mut peer = Sipp::start(&rig, "peer", &script).unwrap();
    let settings = format!(
        "[accounts.main]\nicm = \"off\"\noutbound_proxy = \"{}\"\n",
        peer.address
    );
    let engine = engine(&rig, peer.address, &settings).unwrap();
    let mut client = engine.client().unwrap();
    std::thread::sleep(A_WHILE);
    assert_eq!(requests(&peer.messages()), [""; 0]);
    let call = client.dial("102").unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    client.hang_up(call).unwrap();
    client
        .wait_account(AccountState::Unregistered, PATIENCE)
        .unwrap();
    peer.succeed(PATIENCE).unwrap();
    let mut got = requests(&peer.messages());
    // It asks now and then whether the server is there.
    got.retain(|method| method != "OPTIONS");
    got.dedup();
    assert_eq!(
        got,
        ["REGISTER", "INVITE", "ACK", "REGISTER", "BYE", "-REGISTER"]
    );
}

/// K-147: with 0 the call goes out without any REGISTER; K-142: an older key says the same as off.
#[test]
fn m_199_k_142_k_147_a_call_may_go_out_unregistered() {
    let Some(rig) = Rig::new("modes-unregistered", &["sipp"]) else {
        return;
    };
    let values = [("ring_ms", "10".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    let mut peer = Sipp::start(&rig, "peer", &script).unwrap();
    let settings = format!(
        "[accounts.main]\nicm_auto = false\nincoming_disabled = true\n\
         requires_registration_for_outgoing_calls = false\noutbound_proxy = \"{}\"\n",
        peer.address
    );
    let engine = engine(&rig, peer.address, &settings).unwrap();
    let mut client = engine.client().unwrap();
    let call = client.dial("102").unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    client.hang_up(call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
    peer.succeed(PATIENCE).unwrap();
    assert_eq!(requests(&peer.messages()), ["INVITE", "ACK", "BYE"]);
}

/// K-146: auto does as is set for all accounts; keepAwake registers whatever that is; push says that nothing wakes it,
/// and registers.
#[test]
fn m_199_k_146_auto_keep_awake_and_push_at_kamailio() {
    let Some(rig) = Rig::new("modes-kept", &["kamailio"]) else {
        return;
    };
    let proxy = Kamailio::start(&rig, "proxy", &kamailio::Wish::default()).unwrap();
    for (settings, registers) in [
        ("[incoming]\nmode = \"off\"\n", false),
        (
            "[incoming]\nmode = \"off\"\n[accounts.main]\nicm = \"keepAwake\"\n",
            true,
        ),
        ("[accounts.main]\nicm = \"push\"\n", true),
    ] {
        let mut engine = engine(&rig, proxy.address, settings).unwrap();
        if registers {
            proxy.wait_bindings("101", 1, PATIENCE).unwrap();
        } else {
            std::thread::sleep(A_WHILE);
            assert_eq!(proxy.bindings("101").unwrap(), vec![]);
        }
        let warned = engine_says_push(&engine);
        assert_eq!(warned, settings.contains("push"), "{settings}");
        engine.stop();
        proxy.wait_bindings("101", 0, PATIENCE).unwrap();
    }
}

fn engine_says_push(engine: &Daemon) -> bool {
    use offhook_interop::engine::Engine;
    engine
        .log()
        .contains("nothing here is woken by a push service")
}

/// K-147: a server that takes calls only from who is registered: the call succeeds with 1 and fails with 0.
#[test]
fn m_199_k_147_a_server_that_wants_callers_registered() {
    let Some(rig) = Rig::new("modes-403", &["kamailio"]) else {
        return;
    };
    let wish = kamailio::Wish {
        only_registered: true,
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(&rig, "proxy", &wish).unwrap();
    let callee = Wish {
        registrar: Some((proxy.address, "102", "secret-102")),
        ..Wish::default()
    };
    let _callee = Daemon::start(&rig, "callee", &callee).unwrap();
    proxy.wait_bindings("102", 1, PATIENCE).unwrap();
    for needs in [true, false] {
        let settings = format!(
            "[accounts.main]\nicm = \"off\"\nrequires_registration_for_outgoing_calls = {needs}\n"
        );
        let engine = engine(&rig, proxy.address, &settings).unwrap();
        let mut client = engine.client().unwrap();
        assert_eq!(proxy.bindings("101").unwrap(), vec![]);
        let call = client.dial("102").unwrap();
        if needs {
            client.wait_answered(call, PATIENCE).unwrap();
            proxy.wait_bindings("101", 1, PATIENCE).unwrap();
            client.hang_up(call).unwrap();
        }
        let ended = client.wait_ended(call, PATIENCE).unwrap();
        let refused = ended.sip_status == Some(403);
        assert_eq!(refused, !needs, "{ended:?}");
        proxy.wait_bindings("101", 0, PATIENCE).unwrap();
    }
}
