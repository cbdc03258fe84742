use super::*;

fn plan(key: char, ms: u32, takes_info: bool, options: &str) -> Result<(String, String), Refusal> {
    let steps = Info::plan(&DtmfRequest {
        key,
        duration_ms: ms,
        peer_takes_info: takes_info,
        codec_clock_hz: 8_000,
        event_clock_hz: None,
        options,
    })?;
    let [
        DtmfStep::Info {
            at_ms: 0,
            content_type,
            body,
        },
    ] = &steps[..]
    else {
        panic!("{steps:?}");
    };
    Ok((content_type.clone(), body.clone()))
}

/// M-059, K-066: what is sent is what is heard, for each key and both bodies.
#[test]
fn what_is_sent_is_heard() {
    for key in "0123456789*#ABCD!".chars() {
        let (kind, body) = plan(key, 160, true, "").unwrap();
        assert_eq!(
            (kind.as_str(), body.as_str()),
            (RELAY, format!("Signal={key}\r\nDuration=160\r\n").as_str())
        );
        let heard = DtmfHeard {
            key,
            released: true,
            duration_ms: 160,
        };
        assert_eq!(Info::hear_info(&kind, &body), Some(heard));
        let (kind, body) = plan(key, 160, true, r#"{"body":"dtmf"}"#).unwrap();
        assert_eq!((kind.as_str(), body), (PLAIN, key.to_string()));
        let heard = Info::hear_info(&kind, &key.to_string()).unwrap();
        assert_eq!((heard.key, heard.duration_ms), (key, 100));
    }
}

/// K-066: usable when the peer does not exclude INFO.
#[test]
fn a_peer_without_info_is_left_to_the_next_method() {
    let refusal = plan('1', 100, false, "").unwrap_err();
    assert_eq!(refusal.status, Status::UNSUPPORTED);
    assert!(refusal.reason.contains("Allow"));
}

#[test]
fn bodies_of_others_are_read() {
    let cases = [
        (RELAY, "Signal= 5\r\nDuration= 160\r\n", Some(('5', 160))),
        (RELAY, "signal=*\nduration=250\n", Some(('*', 250))),
        (
            "Application/DTMF-Relay; charset=utf-8",
            "Duration=90\r\nSignal=#",
            Some(('#', 90)),
        ),
        (
            RELAY,
            "Signal=11\r\nDuration=99999999999999\r\n",
            Some(('#', 100)),
        ),
        (
            RELAY,
            "Signal=d\r\nDuration=4000000000\r\n",
            Some(('D', 60_000)),
        ),
        (PLAIN, "10", Some(('*', 100))),
        (PLAIN, " 7\r\n", Some(('7', 100))),
        (PLAIN, "Signal=16\r\n", Some(('!', 100))),
        (RELAY, "Signal=\r\nDuration=100\r\n", None),
        (RELAY, "Signal=17\r\n", None),
        (RELAY, "Signal=x\r\n", None),
        (RELAY, "", None),
        (PLAIN, "12 34", None),
        (PLAIN, "\u{665}", None),
        ("text/plain", "Signal=5\r\n", None),
        ("", "5", None),
    ];
    for (kind, body, expected) in cases {
        let heard = Info::hear_info(kind, body).map(|h| (h.key, h.duration_ms));
        assert_eq!(heard, expected, "{kind} {body:?}");
    }
}

#[test]
fn options_and_durations_are_checked() {
    assert!(
        plan('1', 0, true, "")
            .unwrap()
            .1
            .ends_with("Duration=40\r\n")
    );
    assert!(
        plan('1', u32::MAX, true, "")
            .unwrap()
            .1
            .ends_with("=60000\r\n")
    );
    for (key, options) in [('1', r#"{"body":"xml"}"#), ('1', "{"), ('x', "")] {
        let refusal = plan(key, 100, true, options).unwrap_err();
        assert_eq!(refusal.status, Status::BAD_ARGUMENT, "{options}");
    }
}
