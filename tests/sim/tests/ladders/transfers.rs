//! RFC 5589 §6 and §7: transfers among three whole phones.
//!
//! Alice called Bob; Bob hands her on to Carol.

use crate::{picks_up, rings, secs, told};
use control::command::{CallRef, Command};
use control::transfer::{TransferCall, TransferMode};
use control::{CallHandle, CallSnapshot};
use offhook_sim::{Bounds, Flow, Phone, Settings, World};

/// Transferee, transferor, target, and Bob's call with Alice.
pub(crate) fn three(world: &mut World) -> (Phone, Phone, Phone, Option<CallHandle>) {
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let carol = world.phone(&Settings::new("carol"));
    alice.dial(&bob.uri());
    picks_up(world, &bob);
    world.run_for(secs(1));
    let call = bob.calls().first().map(|call| call.call);
    (alice, bob, carol, call)
}

/// Bob hands the far end of his newest call on.
pub(crate) fn hands_on(bob: &Phone, to: &str, mode: TransferMode) {
    let named = to.trim_start_matches("sip:").split('@').next();
    let name = named.unwrap_or_default();
    bob.note(&match mode {
        TransferMode::Now => format!("transfer to {name}"),
        TransferMode::Ask => format!("ask {name} first"),
    });
    let transfer = TransferCall {
        to: Some(to.to_owned()),
        mode,
        ..TransferCall::default()
    };
    // On a bad network the call may be over.
    let _ = bob.command(Command::Transfer(transfer));
}

/// The call of `phone` with somebody.
fn with(phone: &Phone, name: &str) -> Option<CallHandle> {
    let user = format!("sip:{name}@");
    let calls = phone.calls();
    let of =
        |call: &&CallSnapshot| call.to.uri.starts_with(&user) || call.from.uri.starts_with(&user);
    calls.iter().find(of).map(|call| call.call)
}

/// Bob sends `who` to `whom`, to both of whom he speaks.
pub(crate) fn joins(bob: &Phone, who: &str, whom: &str) {
    bob.note(&format!("hand {who} over to {whom}"));
    let (Some(call), Some(other)) = (with(bob, who), with(bob, whom)) else {
        return;
    };
    let _ = bob.command(Command::Transfer(TransferCall {
        call: Some(call),
        with: Some(other),
        ..TransferCall::default()
    }));
}

pub(crate) fn completes(bob: &Phone) {
    bob.note("hand over");
    let _ = bob.command(Command::TransferComplete(CallRef::default()));
}

/// Waits until Bob knows how it ended.
pub(crate) fn ended(world: &World, bob: &Phone) {
    world.run_while_not(secs(240), || {
        bob.count("call.transfer.done") + bob.count("call.transfer.failed") > 0
    });
}

/// Whoever still speaks hangs up.
pub(crate) fn goodbye(world: &World, phone: &Phone) {
    world.run_for(secs(2));
    for call in phone.calls() {
        phone.hang_up(call.call);
    }
    world.run_for(secs(1));
}

/// A transfer takes a dozen requests in three calls: on a bad network more of them end another way.
pub(crate) const BOUNDS: Bounds = Bounds {
    same: 800,
    stay: 0,
    seeds: 1_000,
};

#[test]
fn m_073_basic_transfer() {
    let flow = Flow {
        name: "rfc5589-6.2-dialog-reuse",
        about: "Bob hands Alice on to Carol, who picks up and sees who sent Alice.
                Source: RFC 5589 §6.2, §8; RFC 5359 §2.4. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Now);
            picks_up(world, &carol);
            ended(world, &bob);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_076_target_busy() {
    let flow = Flow {
        name: "rfc5589-6.3.1-target-busy",
        about: "Bob hands Alice on to Carol, who is busy: Alice is back with Bob.
                Source: RFC 5589 §6.3.1. Link: 20 ms each way.",
        act: |world| {
            let (_, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Now);
            if let Some(call) = rings(world, &carol) {
                carol.decline(call, Some(486));
            }
            ended(world, &bob);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_076_target_does_not_answer() {
    let flow = Flow {
        name: "rfc5589-6.3.2-no-answer",
        about:
            "Bob hands Alice on to Carol, who is not there: Alice gives up, and is back with Bob.
                Source: RFC 5589 §6.3.2. Link: 20 ms each way.",
        act: |world| {
            let (_, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Now);
            ended(world, &bob);
            goodbye(world, &bob);
        },
    };
    // Two minutes of ringing each.
    flow.check_with(Bounds {
        same: 75,
        seeds: 100,
        ..BOUNDS
    });
}

#[test]
fn m_077_attended_transfer() {
    let flow = Flow {
        name: "rfc5589-7.3-attended-transfer",
        about: "Bob asks Carol, and joins Alice with her: Alice's call takes the place of his.
                Source: RFC 5589 §7.3, RFC 3891 §3; RFC 5359 §2.5. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Ask);
            picks_up(world, &carol);
            world.run_for(secs(2));
            completes(&bob);
            ended(world, &bob);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_081_semi_attended_transfer() {
    let flow = Flow {
        name: "rfc5589-7.6-semi-attended-transfer",
        about: "Bob calls Carol and hands over while her phone rings: his call is given up, Alice's rings.
                Source: RFC 5589 §7.6. Link: 20 ms each way.",
        act: |world| {
            let (alice, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Ask);
            rings(world, &carol);
            world.run_for(secs(1));
            completes(&bob);
            told(world, &carol, "call.incoming", 2);
            picks_up(world, &carol);
            ended(world, &bob);
            goodbye(world, &alice);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_079_target_declines_consultation() {
    let flow = Flow {
        name: "rfc5589-7-target-declines",
        about: "Bob calls Carol, who declines: Alice is back with Bob.
                Source: RFC 5589 §7, M-079. Link: 20 ms each way.",
        act: |world| {
            let (_, bob, carol, _) = three(world);
            hands_on(&bob, &carol.uri(), TransferMode::Ask);
            if let Some(call) = rings(world, &carol) {
                carol.decline(call, Some(603));
            }
            ended(world, &bob);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}

#[test]
fn m_075_transferee_refuses() {
    let flow = Flow {
        name: "rfc5589-7.4-no-refer",
        about:
            "Alice goes nowhere that others send her: she is back with Bob. Then he sends Carol to her.
                Source: RFC 5589 §7.4. Link: 20 ms each way.",
        act: |world| {
            let mut settings = Settings::new("alice");
            settings.transfers.policy = sip::transfer::transferee::Policy::Refuse;
            let alice = world.phone(&settings);
            let bob = world.phone(&Settings::new("bob"));
            let carol = world.phone(&Settings::new("carol"));
            alice.dial(&bob.uri());
            picks_up(world, &bob);
            world.run_for(secs(1));
            hands_on(&bob, &carol.uri(), TransferMode::Ask);
            picks_up(world, &carol);
            world.run_for(secs(1));
            completes(&bob);
            ended(world, &bob);
            world.run_for(secs(1));
            joins(&bob, "carol", "alice");
            told(world, &bob, "call.transfer.done", 1);
            goodbye(world, &alice);
            goodbye(world, &bob);
        },
    };
    flow.check_with(BOUNDS);
}
