//! The PBX's lamps and its voicemail, as a phone shows them.

use crate::stage::{dial, hang_up, nobody_is_left, registered_with, samples, until};
use control::command::Command;
use control::transfer::TransferCall;
use offhook_interop::Rig;
use std::time::Duration;

/// M-089, M-090: Carol's lamp goes round: idle, ringing, busy, unregistered, and idle again.
#[test]
fn m_090_carols_lamp_goes_round() {
    let rig = Rig::new("pbx-carol", &[]).unwrap();
    actix::System::new().block_on(async {
        let account = "blf = [\"Carol <103>\"]\n";
        let (pbx, phone, events) = registered_with(&rig, account).await;
        let changed = "\"blf.changed\"";
        for (was, is) in [("idle", "ringing"), ("ringing", "busy")] {
            let (was, is) = (format!("\"was\":\"{was}\""), format!("\"state\":\"{is}\""));
            let line = until(&events, &[changed, &was, &is]).await;
            assert!(line.contains("Bob") && line.contains("sip:102@"), "{line}");
        }
        until(&events, &[changed, "\"state\":\"unregistered\""]).await;
        until(&events, &[changed, "\"state\":\"idle\""]).await;
        until(&events, &[changed, "\"state\":\"ringing\""]).await;
        phone.stop("the test is over").await;
        pbx.stop().await;
    });
}

/// M-085, M-087, M-090: a slot's lamp is lit while a call waits in it, and says who.
#[test]
fn m_085_a_slots_lamp_is_lit_until_the_call_is_fetched() {
    let rig = Rig::new("pbx-slot-lamp", &[]).unwrap();
    actix::System::new().block_on(async {
        let account = "park_slots = [\"701\", \"702\"]\n";
        let (pbx, phone, events) = registered_with(&rig, account).await;
        let slot = ["\"blf.changed\"", "sip:701@"];
        until(&events, &[slot[0], slot[1], "\"state\":\"idle\""]).await;
        dial(&phone, "605");
        until(&events, &["\"call.answered\""]).await;
        let park = TransferCall {
            to: Some("701".to_owned()),
            park: true,
            ..TransferCall::default()
        };
        phone.command(Command::Transfer(park), None).1.unwrap();
        let parked = until(&events, &[slot[0], slot[1], "\"state\":\"parked\""]).await;
        assert!(parked.contains("Demo PBX"), "{parked}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        dial(&phone, "701");
        until(&events, &[slot[0], slot[1], "\"state\":\"idle\""]).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;
        nobody_is_left(&pbx).await;
        phone.stop("the test is over").await;
        pbx.stop().await;
    });
}

/// M-061: what is said at *98 lights the mailbox's lamp, is heard at *97, and the lamp goes out. Nothing of it stays.
#[test]
fn audio_timing_m_061_a_message_is_left_shown_and_heard() {
    let rig = Rig::new("pbx-voicemail", &[]).unwrap();
    let heard = actix::System::new().block_on(async {
        let account = "subscribe_for_voicemail = true\nvoicemail_number = \"*97\"\n";
        let (pbx, phone, events) = registered_with(&rig, account).await;
        let waits = |waiting: &str, new: u32, old: u32| {
            let counts = format!("\"new\":{new},\"old\":{old}");
            [
                "\"mwi.changed\"".to_owned(),
                format!("\"waiting\":{waiting}"),
                counts,
            ]
        };
        let told = async |wanted: [String; 3]| {
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            until(&events, &wanted).await;
        };
        told(waits("false", 0, 0)).await;
        dial(&phone, "*98");
        until(&events, &["\"call.answered\""]).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        // Which of both is told first, the end of the call or the lamp, is left to chance.
        hang_up(&phone);
        told(waits("true", 1, 0)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        dial(&phone, "*97");
        told(waits("false", 0, 1)).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;
        nobody_is_left(&pbx).await;
        phone.stop("the test is over").await;
        let messages = || {
            let files = std::fs::read_dir(rig.file("sounds")).unwrap();
            let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.starts_with("message-")).count()
        };
        assert_eq!(messages(), 1);
        pbx.stop().await;
        assert_eq!(messages(), 0, "a PBX that stops keeps no voices");
        samples(&rig, "heard.wav")
    });
    let said = samples(&rig, "sounds/bob.wav");
    let found = audio::correlate::find(&said[16_000..3 * 16_000], &heard).unwrap();
    assert!(found.score > 0.9, "what was left came back: {found:?}");
}
