//! SIPp watches a lamp and the mailbox.

use crate::phone::Phone;
use crate::running::Running;
use crate::{PATIENCE, scenario, sipp};
use offhook_interop::Rig;
use offhook_interop::sipp::{Sipp, Wish};
use sip::auth::digest::Algorithm;
use std::time::Duration;

/// Carol goes round in half a minute.
const ROUND: Duration = Duration::from_secs(50);

/// M-089, M-090: SIPp sees Carol idle, ringing, busy and gone, and is refused by name what is not told.
#[test]
fn m_090_sipp_sees_carol_go_round() {
    let Some(rig) = Rig::new("pbx-sipp-carol", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    for (number, event, code, header) in [
        (
            "103",
            "presence",
            "489",
            "Allow-Events: dialog, message-summary",
        ),
        ("555", "dialog", "404", "To:"),
        ("600", "message-summary", "404", "To:"),
        ("101", "dialog", "480", "Retry-After: 30"),
    ] {
        let values = [
            ("event", event.to_owned()),
            ("code", code.to_owned()),
            ("header", header.to_owned()),
        ];
        sipp(&rig, &pbx, ("watcher-refused", "secret"), number, &values);
    }
    let path = scenario("watcher-of-carol");
    let wish = Wish {
        credentials: Some(("101", "secret")),
        ..Wish::new(&path)
    };
    let mut carol = Sipp::start(&rig, "carol", &wish.calls("103", pbx.address)).unwrap();
    carol.succeed(ROUND).unwrap();
}

/// M-061: a message that a bare socket leaves at *98 is shown to SIPp, and played at *97, which SIPp sees too.
#[test]
fn audio_timing_m_061_sipp_sees_a_message_come_and_go() {
    let Some(rig) = Rig::new("pbx-mwi", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    let path = scenario("watcher-of-mailbox");
    let wish = Wish {
        credentials: Some(("101", "secret")),
        ..Wish::new(&path)
    };
    let mut watcher = Sipp::start(&rig, "watcher", &wish.calls("101", pbx.address)).unwrap();
    let mut phone = Phone::new(pbx.address, "secret");
    let said = audio::chirp::chirp(&mut rig.rng(), audio::Rate::Hz8000, 2_000);
    // It is written from the answer on, with the greeting's second of patience first.
    let mut leaves = vec![0; 8_000];
    leaves.extend(&said);
    phone.call("*98", &leaves);
    // Whoever hangs up and dials within the same moment is told that the mailbox is busy.
    let a_moment = Duration::from_millis(500);
    std::thread::sleep(a_moment);
    let heard = phone.call("*97", &vec![0; 5 * 8_000]).heard;
    watcher.succeed(PATIENCE).unwrap();
    // In pieces: each shows by itself that what was left came back whole.
    let found = said.chunks(4_000).filter(|piece| {
        let found = audio::correlate::find(piece, &heard);
        found.is_some_and(|found| found.score > 0.9)
    });
    let found = found.count();
    assert_eq!(found, 4, "of 4 pieces that were left and heard again");
    std::thread::sleep(a_moment);
    let again = phone.call("*98", &said[..1_600]).heard;
    let loud = again.iter().filter(|s| s.unsigned_abs() > 500).count();
    assert!(loud > 800, "a greeting, {loud} loud samples");
}
