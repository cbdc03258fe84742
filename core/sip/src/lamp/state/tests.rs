use super::*;
use bytes::Bytes;
use core::fmt::Write;
use expect_test::{Expect, expect};

const NONE: Option<std::time::Duration> = None;

fn info(version: u32, state: &str, dialogs: &str) -> News {
    let body = format!("<dialog-info version='{version}' state='{state}'>{dialogs}</dialog-info>");
    document(0, "application/dialog-info+xml", &body)
}

fn document(fork: u32, content_type: &str, body: &str) -> News {
    News::Document {
        fork,
        content_type: content_type.to_owned(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        gap: false,
    }
}

fn dialog(id: &str, state: &str, direction: &str) -> String {
    format!("<dialog id='{id}' direction='{direction}'><state>{state}</state></dialog>")
}

fn lost(cause: Cause) -> News {
    let next_try = NONE;
    News::Lost { cause, next_try }
}

/// One line for each piece of news: what is shown then.
fn check(lamp: &mut Lamp, news: &[News], expected: &Expect) {
    let mut trace = String::from("\n");
    for (at, news) in news.iter().enumerate() {
        let led = lamp.take(news, Instant::from_millis(at as u64 * 1000));
        let shown = lamp.shown();
        let peer = shown.peer.as_ref().map_or("", |peer| peer.uri.as_str());
        let marks = [(led.changed, '*'), (led.ask, '?')];
        let marks: String = marks.iter().filter(|m| m.0).map(|m| m.1).collect();
        let since = shown.since.as_millis() / 1000;
        let direction = shown.direction.map_or(String::new(), |d| format!("{d:?}"));
        let light = &shown.light;
        let _ = writeln!(trace, "{light:?} since {since} {direction} {peer} {marks}");
    }
    expected.assert_eq(&trace.replace("  ", " ").replace(" \n", "\n"));
}

#[test]
fn m090_m091_each_state_of_a_dialog_is_one_light() {
    let mut lamp = Lamp::new(false, Package::Dialog, Instant::ZERO);
    let held = "<dialog id='b'><state>confirmed</state><local><target uri='x'>\
        <param pname='+sip.rendering' pval='no'/></target></local>\
        <remote><identity>sip:c@x</identity></remote></dialog>";
    let news = [
        info(0, "full", ""),
        info(1, "full", &dialog("a", "trying", "recipient")),
        info(2, "full", &dialog("a", "proceeding", "recipient")),
        info(3, "full", &dialog("a", "early", "initiator")),
        info(4, "full", &dialog("a", "early", "recipient")),
        info(5, "full", &dialog("a", "confirmed", "recipient")),
        info(6, "partial", held),
        info(7, "partial", &dialog("a", "terminated", "recipient")),
        info(8, "full", &dialog("a", "terminated", "recipient")),
        info(10, "partial", ""),
        info(11, "full", ""),
    ];
    let expected = expect![[r#"

        Idle since 0  *
        Ringing since 1 Incoming *
        Ringing since 1 Incoming
        Busy since 3 Outgoing *
        Ringing since 4 Incoming *
        Busy since 5 Incoming *
        Busy since 5 Incoming
        Held since 7 sip:c@x *
        Idle since 8  *
        Unknown(Missing) since 9  *?
        Idle since 10  *
    "#]];
    check(&mut lamp, &news, &expected);
}

#[test]
fn m090_refusals_and_losses_are_unregistered_or_unknown() {
    let refused = |status| {
        lost(Cause::Refused {
            status,
            reason: String::new(),
        })
    };
    let idle = || info(0, "full", "");
    let mut lamp = Lamp::new(false, Package::Dialog, Instant::ZERO);
    let news = [
        idle(),
        refused(404),
        idle(),
        refused(480),
        lost(Cause::Ended(Ended::NoResource)),
        idle(),
        lost(Cause::NoAnswer),
        info(1, "partial", ""),
        idle(),
        lost(Cause::ServerLost),
        info(1, "partial", ""),
        News::Pending,
        document(0, "", ""),
        document(0, "text/plain", "x"),
        document(0, "application/dialog-info+xml", "<x/>"),
    ];
    let expected = expect![[r#"

        Idle since 0  *
        Unregistered since 1  *
        Idle since 2  *
        Unregistered since 3  *
        Unregistered since 3 
        Idle since 5  *
        Unknown(Lost(NoAnswer)) since 6  *
        Unknown(Missing) since 7  *?
        Idle since 8  *
        Unknown(Lost(ServerLost)) since 9  *
        Idle since 10  *
        Unknown(Pending) since 11  *
        Idle since 12  *
        Unknown(WrongType("text/plain")) since 13  *
        Unknown(Unreadable(Malformed("root element"))) since 14  *
    "#]];
    check(&mut lamp, &news, &expected);
}

#[test]
fn m084_a_slot_with_somebody_in_it_is_parked() {
    let mut lamp = Lamp::new(true, Package::Dialog, Instant::ZERO);
    let news = [
        info(0, "full", ""),
        info(1, "full", &dialog("a", "confirmed", "recipient")),
        info(2, "full", ""),
    ];
    let expected = expect![[r#"

        Idle since 0  *
        Parked since 1 Incoming *
        Idle since 2  *
    "#]];
    check(&mut lamp, &news, &expected);
}

#[test]
fn forks_are_shown_as_one_and_presence_as_a_fallback() {
    let up = dialog("a", "confirmed", "recipient");
    let body = format!("<dialog-info version='0' state='full'>{up}</dialog-info>");
    let mut lamp = Lamp::new(false, Package::Dialog, Instant::ZERO);
    let news = [
        info(0, "full", ""),
        document(1, "application/dialog-info+xml", &body),
        News::ForkGone { fork: 1 },
        News::Polled(true),
        info(0, "full", ""),
    ];
    let expected = expect![[r#"

        Idle since 0  *
        Busy since 1 Incoming *
        Idle since 2  *
        Unknown(NotYet) since 3  *
        Idle since 4  *
    "#]];
    check(&mut lamp, &news, &expected);
    let tuple = |basic: &str| {
        let status = format!("<status><basic>{basic}</basic></status>");
        let body = format!("<presence><tuple id='1'>{status}</tuple></presence>");
        document(0, "application/pidf+xml", &body)
    };
    let mut lamp = Lamp::new(false, Package::Presence, Instant::ZERO);
    let expected = expect![[r#"

        Idle since 0  *
        Unregistered since 1  *
    "#]];
    check(&mut lamp, &[tuple("open"), tuple("closed")], &expected);
    let reg = |state: &str| {
        let of = format!("<registration aor='sip:a@x' id='1' state='{state}'/>");
        let body = format!("<reginfo version='0' state='full'>{of}</reginfo>");
        document(0, "application/reginfo+xml", &body)
    };
    let mut lamp = Lamp::new(false, Package::Registration, Instant::ZERO);
    let expected = expect![[r#"

        Idle since 0  *
        Unregistered since 1  *
    "#]];
    check(&mut lamp, &[reg("active"), reg("terminated")], &expected);
}

/// Several devices of one person: what is shown is of one of them, whole (M-098).
#[test]
fn m098_of_several_devices_light_and_note_are_of_the_same() {
    let at = |fork: u32, basic: &str, activity: &str| {
        let body = format!(
            "<presence><tuple id='1'><status><basic>{basic}</basic></status></tuple>\
             <person><activities><{activity}/></activities><note>{activity} now</note></person></presence>"
        );
        document(fork, "application/pidf+xml", &body)
    };
    for news in [
        [at(0, "open", "busy"), at(1, "open", "away")],
        [at(0, "open", "away"), at(1, "open", "busy")],
    ] {
        let mut lamp = Lamp::new(false, Package::Presence, Instant::ZERO);
        news.iter().for_each(|news| {
            lamp.take(news, Instant::ZERO);
        });
        let shown = lamp.shown();
        assert_eq!(
            (&shown.light, shown.doing),
            (&Light::Busy, Some(Doing::Busy))
        );
        assert_eq!(shown.note.as_deref(), Some("busy now"));
        lamp.take(&News::ForkGone { fork: 1 }, Instant::ZERO);
        lamp.take(&News::ForkGone { fork: 0 }, Instant::ZERO);
        assert_eq!(lamp.shown().light, Light::Unknown(Unknown::NotYet));
        assert_eq!(lamp.shown().note, None, "nothing old is shown");
    }
}
