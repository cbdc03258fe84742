//! The method as a host sees it: plans, options, listeners at every rate. K-066.

use audio::{Block, Rate, Tone, tone::Pattern};
use offhook_dtmf_inband::Inband;
use plugin::{Dtmf, DtmfListen, DtmfRequest, DtmfStep, Refusal, Status};

fn plan(key: char, options: &str) -> Result<Vec<DtmfStep>, Refusal> {
    Inband::plan(&DtmfRequest {
        key,
        duration_ms: 100,
        peer_takes_info: false,
        codec_clock_hz: 8_000,
        event_clock_hz: None,
        options,
    })
}

#[test]
fn a_plan_is_one_pair_of_tones() {
    let steps = plan('6', "").unwrap();
    let [
        DtmfStep::Tone {
            at_ms,
            duration_ms,
            tones,
        },
    ] = steps[..]
    else {
        panic!("{steps:?}");
    };
    assert_eq!((at_ms, duration_ms), (0, 100));
    assert_eq!(
        (tones.low_centihertz, tones.high_centihertz),
        (77_000, 147_700)
    );
    // −9 and −7 dBm0, where a sine of full scale is 3.14 dBm0.
    assert_eq!(
        (tones.low_centibels, tones.high_centibels),
        (-1_214, -1_014)
    );
    assert_eq!(plan('!', "").unwrap_err().status, Status::UNSUPPORTED);
    assert_eq!(plan('x', "").unwrap_err().status, Status::BAD_ARGUMENT);
    for bad in [
        r#"{"level_dbm0":0}"#,
        r#"{"twist_db":9}"#,
        r#"{"loud":1}"#,
        "{",
    ] {
        let refusal = plan('1', bad).unwrap_err();
        assert!(refusal.reason.starts_with("options: "), "{bad}: {refusal}");
    }
}

#[test]
fn a_listener_hears_every_key_at_every_rate() {
    for rate in [Rate::Hz8000, Rate::Hz16000, Rate::Hz48000] {
        let request = DtmfListen {
            sample_rate_hz: rate.hertz(),
            options: "",
        };
        // Through the boundary, as a host reaches it.
        let table = plugin::EntryHandle::built_in(&offhook_dtmf_inband::ENTRY)
            .unwrap()
            .dtmf()
            .unwrap()
            .unwrap();
        let mut listener = table.open(&request).unwrap();
        let mut keys = String::new();
        let mut block = Block::silence(rate);
        for key in "0123456789*#ABCD".chars() {
            let mut tone = Tone::new(rate, Pattern::digit(key, 50, 50).unwrap());
            for _ in 0..10 {
                tone.next(&mut block);
                let listened = listener.listen(block.samples(), |heard| {
                    if !heard.released {
                        keys.push(heard.key);
                    }
                });
                listened.unwrap();
            }
        }
        assert_eq!(keys, "0123456789*#ABCD", "{rate:?}");
        assert!(listener.listen(&[0; 7], |_| ()).is_err());
    }
    let odd = DtmfListen {
        sample_rate_hz: 11_025,
        options: "",
    };
    assert_eq!(
        Inband::open(&odd).map(|_| ()).unwrap_err().status,
        Status::UNSUPPORTED
    );
}
