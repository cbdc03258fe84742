//! Engines beside each other in one system: a PBX, a second one, and a phone that calls.

// A test says by a panic what is wrong.
#![allow(clippy::unwrap_used)]

mod lamps;
mod stage;

use control::command::Command;
use control::event::Filter;
use control::transfer::{TransferCall, TransferMode};
use offhook_interop::Rig;
use stage::{dial, hang_up, nobody_is_left, pbx, registered, samples, until};
use std::net::UdpSocket;
use std::time::Duration;

/// How long the phone talks to 600. Unit: time.
const TALK: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn audio_timing_a_phone_in_the_same_system_registers_talks_and_is_refused() {
    let rig = Rig::new("pbx-beside", &[]).unwrap();
    actix::System::new().block_on(async {
        let (pbx, phone, events) = registered(&rig).await;
        assert_eq!(pbx.contacts("101").len(), 1);

        dial(&phone, "600");
        until(&events, &["\"call.answered\""]).await;
        until(&events, &["\"call.media\"", "flowing"]).await;
        tokio::time::sleep(TALK).await;
        phone
            .command(Command::HangUpAll(Default::default()), None)
            .1
            .unwrap();
        until(&events, &["\"call.ended\""]).await;

        for (number, status) in [("104", "486"), ("105", "404"), ("106", "503")] {
            dial(&phone, number);
            until(&events, &["\"call.ended\"", status]).await;
        }
        dial(&phone, "604");
        until(&events, &["\"call.warning\"", "OH-3107", "192.0.2.10"]).await;
        phone
            .command(Command::HangUpAll(Default::default()), None)
            .1
            .unwrap();
        until(&events, &["\"call.ended\""]).await;

        dial(&phone, "609");
        until(&events, &["\"call.ended\"", "Normal call clearing"]).await;
        phone.stop("the test is over").await;
        assert!(
            pbx.contacts("101").is_empty(),
            "a phone that stops removes its binding"
        );
        pbx.stop().await;
    });
    let (said, heard) = (samples(&rig, "sounds/bob.wav"), samples(&rig, "heard.wav"));
    let found = audio::correlate::find(&said[..2 * 16_000], &heard).unwrap();
    assert!(found.score > 0.9, "what was said came back: {found:?}");
}

/// M-073, M-077: Bob is handed on to another extension, at once and after a word, and to one who is not there.
#[test]
fn a_phone_hands_bob_on() {
    let rig = Rig::new("pbx-transfers", &[]).unwrap();
    actix::System::new().block_on(async {
        let (pbx, phone, events) = registered(&rig).await;
        let hand_on = |to: &str, mode| {
            let to = Some(to.to_owned());
            let transfer = TransferCall {
                to,
                mode,
                ..TransferCall::default()
            };
            phone.command(Command::Transfer(transfer), None).1.unwrap();
        };
        dial(&phone, "102");
        until(&events, &["\"call.answered\""]).await;
        hand_on("104", TransferMode::Now);
        until(&events, &["\"call.transfer.failed\"", "recovered", "486"]).await;
        hand_on("600", TransferMode::Now);
        until(&events, &["\"call.transfer.done\""]).await;
        until(&events, &["\"call.ended\""]).await;

        dial(&phone, "102");
        until(&events, &["\"call.answered\""]).await;
        hand_on("601", TransferMode::Ask);
        until(&events, &["\"call.transfer.progress\"", "consulting"]).await;
        let complete = Command::TransferComplete(Default::default());
        phone.command(complete, None).1.unwrap();
        until(&events, &["\"call.transfer.done\""]).await;
        until(&events, &["\"call.ended\""]).await;
        phone.stop("the test is over").await;
        pbx.stop().await;
    });
}

/// M-085, M-087: Bob is parked and fetched again, and is heard.
#[test]
fn bob_waits_in_a_slot_until_he_is_fetched() {
    let rig = Rig::new("pbx-parks", &[]).unwrap();
    actix::System::new().block_on(async {
        let (pbx, phone, events) = registered(&rig).await;
        dial(&phone, "605");
        until(&events, &["\"call.answered\""]).await;
        let park = TransferCall {
            to: Some("701".to_owned()),
            park: true,
            ..TransferCall::default()
        };
        phone.command(Command::Transfer(park), None).1.unwrap();
        until(&events, &["\"call.transfer.done\""]).await;
        until(&events, &["\"call.ended\""]).await;
        dial(&phone, "701");
        until(&events, &["\"call.answered\""]).await;
        until(&events, &["\"call.media\"", "flowing"]).await;
        let quality = until(&events, &["\"call.quality\""]).await;
        assert!(!quality.contains("\"level_in_db\":-127"), "{quality}");
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;
        nobody_is_left(&pbx).await;
        phone.stop("the test is over").await;
        pbx.stop().await;
    });
}

/// Who never answers, who moved, who holds, who tells the keys back, and the conference, which ends with its caller.
#[test]
fn numbers_do_as_their_lines_say() {
    let rig = Rig::new("pbx-desk", &[]).unwrap();
    actix::System::new().block_on(async {
        let (pbx, phone, events) = registered(&rig).await;
        dial(&phone, "103");
        until(&events, &["\"call.ringing\""]).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;

        dial(&phone, "107");
        until(&events, &["\"call.answered\"", "sip:102@"]).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;

        dial(&phone, "610");
        until(&events, &["\"call.hold\"", "remote"]).await;
        until(&events, &["\"call.resumed\"", "remote"]).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;

        dial(&phone, "603");
        until(&events, &["\"call.answered\""]).await;
        let keys = control::command::SendDtmf {
            call: None,
            digits: "5#".parse().unwrap(),
            duration_ms: None,
        };
        phone.command(Command::SendDtmf(keys), None).1.unwrap();
        until(
            &events,
            &["\"message.received\"", "you pressed 5, by RTP event"],
        )
        .await;
        until(
            &events,
            &["\"message.received\"", "you pressed #, by RTP event"],
        )
        .await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;

        let theirs = pbx.core().events(Filter::default());
        dial(&phone, "900");
        for _ in 0..3 {
            until(&theirs, &["\"call.answered\"", "outgoing"]).await;
        }
        until(&events, &["\"call.media\"", "flowing"]).await;
        hang_up(&phone);
        until(&events, &["\"call.ended\""]).await;
        nobody_is_left(&pbx).await;
        phone.stop("the test is over").await;
        pbx.stop().await;
    });
}

#[test]
fn two_in_one_system_answer_each_for_itself() {
    let rig = Rig::new("pbx-two", &[]).unwrap();
    actix::System::new().block_on(async {
        let (one, two) = (pbx(&rig).await, pbx(&rig).await);
        assert_ne!(one.address(), two.address());
        for pbx in [&one, &two] {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
            let (here, there) = (socket.local_addr().unwrap(), pbx.address());
            let options = format!(
                "OPTIONS sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1\r\n\
                 From: <sip:a@{here}>;tag=1\r\nTo: <sip:{there}>\r\nCall-ID: 1\r\n\
                 CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            );
            socket.send_to(options.as_bytes(), there).await.unwrap();
            let mut answer = [0; 2_000];
            let came = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await;
            let size = came.unwrap().unwrap();
            assert!(answer[..size].starts_with(b"SIP/2.0 200"));
        }
        one.stop().await;
        two.stop().await;
    });
}
