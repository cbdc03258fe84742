use super::*;

fn plan(
    key: char,
    ms: u32,
    clocks: (u32, Option<u32>),
    options: &str,
) -> Result<Vec<DtmfStep>, Refusal> {
    TelephoneEvent::plan(&DtmfRequest {
        key,
        duration_ms: ms,
        peer_takes_info: true,
        codec_clock_hz: clocks.0,
        event_clock_hz: clocks.1,
        options,
    })
}

fn event(step: &DtmfStep) -> (u8, u32, u8, u32) {
    match *step {
        DtmfStep::Event {
            at_ms: 0,
            duration_ms,
            event,
            volume,
            duration_clock_hz,
        } => (event, duration_ms, volume, duration_clock_hz),
        DtmfStep::Event { .. } | DtmfStep::Info { .. } | DtmfStep::Tone { .. } => {
            panic!("{step:?}")
        }
    }
}

/// M-058: event codes of 0-9 * # A-D and flash.
#[test]
fn every_key_has_its_event() {
    for (code, key) in "0123456789*#ABCD!".chars().enumerate() {
        let steps = plan(key, 160, (8_000, Some(8_000)), "").unwrap();
        let ms = if key == '!' { 100 } else { 160 };
        assert_eq!(steps.len(), 1);
        assert_eq!(event(&steps[0]), (code as u8, ms, 10, 8_000), "{key}");
    }
    let no_key = plan('x', 160, (8_000, Some(8_000)), "").unwrap_err();
    assert_eq!(no_key.status, Status::BAD_ARGUMENT);
}

/// K-066: usable only where telephone-event was negotiated.
#[test]
fn without_telephone_event_the_next_method_is_asked() {
    let none = plan('1', 100, (8_000, None), "").unwrap_err();
    assert_eq!(none.status, Status::UNSUPPORTED);
}

/// K-068: with 1 only an event clock of 8 kHz counts, with 0 the one that was negotiated.
/// K-069: 100 ms beside Opus are 4,800 units with 0 and 800 with 1; without K-068 it changes nothing.
#[test]
fn both_clock_modes() {
    let cases = [
        ("", Some(8_000), Some(48_000)),
        (r#"{"duration_in_8khz":true}"#, Some(8_000), Some(8_000)),
        ("", Some(48_000), None),
        (
            r#"{"negotiate_only_8khz":false}"#,
            Some(48_000),
            Some(48_000),
        ),
        (
            r#"{"negotiate_only_8khz":false,"duration_in_8khz":true}"#,
            Some(48_000),
            Some(48_000),
        ),
    ];
    for (options, event_clock, unit) in cases {
        let steps = plan('5', 100, (48_000, event_clock), options);
        let got = steps.ok().map(|steps| event(&steps[0]).3);
        assert_eq!(got, unit, "{options} {event_clock:?}");
    }
}

#[test]
fn durations_and_volume_stay_in_their_range() {
    let clocks = (8_000, Some(8_000));
    assert_eq!(event(&plan('1', 0, clocks, "").unwrap()[0]).1, 40);
    let forever = plan('1', u32::MAX, clocks, r#"{"volume":63}"#).unwrap();
    assert_eq!(event(&forever[0]), (1, 60_000, 63, 8_000));
    for bad in [r#"{"volume":64}"#, r#"{"loudness":3}"#, "{", "[]x"] {
        let refusal = plan('1', 100, clocks, bad).unwrap_err();
        assert_eq!(refusal.status, Status::BAD_ARGUMENT, "{bad}");
        assert!(refusal.reason.starts_with("options: "), "{refusal}");
    }
}
