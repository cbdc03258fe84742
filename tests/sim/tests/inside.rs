//! Requests in a call's dialog that are no business of its session.
#![allow(clippy::unwrap_used)]

use base::Duration;
use offhook_sim::{Leg, LinkSettings, Peer, Phone, Settings, World};
use ports::{Address, dialogs};
use sip::session::Inside;
use sip_message::{Message, Method};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A phone that talks with a peer.
fn talking(world: &mut World) -> (Phone, control::CallHandle, Peer) {
    world.set_links(&LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    });
    let alice = world.phone(&Settings::new("alice"));
    let bob = Peer::new(world, "bob");
    bob.on("INVITE", |script, invite| script.accept(invite));
    let call = alice.dial(&bob.uri());
    world.run_for(secs(1));
    assert_eq!(alice.count("call.answered"), 1);
    (alice, call, bob)
}

/// A phone without a part that transfers calls allows neither REFER nor MESSAGE (RFC 3261 §8.2.1), and knows no
/// subscription in the dialog of a call (RFC 6665 §4.1.3). The call goes on.
#[test]
fn m_083_what_nobody_here_takes_is_refused_and_the_call_goes_on() {
    let mut world = World::new(1);
    let (alice, _, bob) = talking(&mut world);
    let invite = bob.last("INVITE").unwrap();
    let mut leg = Leg::called(&bob.script(), &invite);
    for method in [Method::Refer, Method::Notify, Method::Message] {
        let mut script = bob.script();
        let request = leg
            .request(method)
            .header("Contact", script.contact())
            .header("Event", "refer")
            .header("Refer-To", "<sip:carol@10.9.9.9>");
        script.send(request, leg.to, |_, _| {});
        drop(script);
        world.run_for(secs(1));
    }
    let script = bob.script();
    let codes = script
        .heard
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Response(response) => Some(response.status().code()),
            Message::Request(_) => None,
        });
    assert_eq!(codes.collect::<Vec<_>>(), [405, 481, 405]);
    assert_eq!(alice.calls().len(), 1);
}

/// RFC 5057 §4.1: whatever becomes of a REFER, the call goes on; its CSeq is one of the dialog's.
#[test]
fn another_part_sends_in_the_dialog() {
    let mut world = World::new(2);
    let (alice, call, bob) = talking(&mut world);
    bob.on("REFER", |script, refer| script.reply(refer, 481, |r| r));
    let invite = bob.last("INVITE").unwrap();
    alice.post(dialogs::Word::InDialog {
        from: Address::Transfer,
        ticket: 7,
        call,
        request: Inside {
            method: "REFER".to_owned(),
            headers: vec![("Refer-To".to_owned(), "<sip:carol@10.9.9.9>".to_owned())],
            content: None,
        },
    });
    world.run_for(secs(1));
    let refer = bob.last("REFER").unwrap();
    let headers = refer.headers();
    assert_eq!(headers.text("Refer-To").unwrap(), "<sip:carol@10.9.9.9>");
    assert_eq!(headers.text("Contact"), invite.headers().text("Contact"));
    let (first, now) = (invite.headers().cseq().unwrap(), headers.cseq().unwrap());
    assert_eq!(now.number, first.number + 1);
    assert_eq!(alice.calls().len(), 1);
    alice.hang_up(call);
    world.run_for(secs(40));
    assert_eq!(alice.count("call.ended"), 1);
}
