//! A panic is survived in every kind of plugin: what panicked is not entered again, another instance goes on.
#![allow(clippy::unwrap_used)]

use base::{Hertz, Instant};
use mock::Counts;
use offhook_plugin_host::{
    AudioRequest, Catalogue, DtmfListen, DtmfRequest, FilterRequest, Place, RecorderRequest,
};
use plugin::draft::nat::NatInput;
use plugin::draft::security::SecurityInput;

const PANICS: &str = r#"{"panic_at":2}"#;
const WELL: &str = "{}";

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    for entry in [
        &mock::codec::ENTRY,
        &mock::audio::ENTRY,
        &mock::filter::ENTRY,
        &mock::dtmf::ENTRY,
        &mock::recorder::ENTRY,
        &mock::drafts::nat::ENTRY,
        &mock::drafts::security::ENTRY,
        &mock::ui::ENTRY,
        &mock::directory::ENTRY,
        &mock::drafts::tone::ENTRY,
    ] {
        catalogue.add_built_in(entry).unwrap();
    }
    catalogue
}

/// The second call of one instance panics. `call` says whether it went well.
fn survives<I>(counts: &Counts, open: impl Fn(&str) -> I, call: impl Fn(&mut I) -> bool) {
    let (mut shaky, mut other) = (open(PANICS), open(WELL));
    assert!(call(&mut shaky) && call(&mut other));
    assert!(!call(&mut shaky), "it panics");
    let calls = counts.read().calls;
    assert!(!call(&mut shaky), "it is out");
    assert_eq!(counts.read().calls, calls, "and not entered again");
    assert!(call(&mut other), "the other goes on");
    drop(shaky);
    assert!(call(&mut other) && call(&mut open(WELL)));
}

/// The same orders where an instance is opened by a request with more in it.
fn within(key: &str, orders: &str) -> String {
    format!(r#"{{"{key}":{orders}}}"#)
}

#[test]
fn codec() {
    let catalogue = catalogue();
    let handle = catalogue.codec("PCMU", Hertz(8000)).unwrap();
    survives(
        &mock::codec::COUNTS,
        |orders| handle.open("", orders).unwrap(),
        |codec| codec.encode(&[1; 160], &mut [0; 160]) == Ok(160),
    );
}

#[test]
fn audio() {
    let catalogue = catalogue();
    survives(
        &mock::audio::COUNTS,
        |orders| {
            let orders: serde_json::Value = serde_json::from_str(orders).unwrap();
            let request = AudioRequest::new(Hertz(8000)).with("orders", orders);
            catalogue
                .audio("mock-audio")
                .unwrap()
                .open(&request)
                .unwrap()
        },
        |device| device.capture(&mut [0; 80], Instant::ZERO).is_ok(),
    );
}

#[test]
fn filter() {
    let catalogue = catalogue();
    survives(
        &mock::filter::COUNTS,
        |options| {
            let request = FilterRequest {
                place: Place::Microphone,
                sample_rate_hz: 8000,
                options,
            };
            catalogue
                .filter("mock-filter")
                .unwrap()
                .open(&request)
                .unwrap()
        },
        |filter| {
            let mut out = [0; 80];
            let done = filter.process(&[7; 80], None, 0, &mut out).is_ok();
            assert_eq!(out, [7; 80], "the sound goes on");
            done
        },
    );
}

#[test]
fn dtmf() {
    let catalogue = catalogue();
    let method = catalogue.dtmf("mock").unwrap();
    survives(
        &mock::dtmf::COUNTS,
        |options| {
            let request = DtmfListen {
                sample_rate_hz: 8000,
                options,
            };
            method.open(&request).unwrap()
        },
        |listener| listener.listen(&[1; 80], |_| {}).is_ok(),
    );
    let request = |options| DtmfRequest {
        key: '5',
        duration_ms: 100,
        peer_takes_info: false,
        codec_clock_hz: 8000,
        event_clock_hz: Some(8000),
        options,
    };
    let error = method.plan(&request(r#"{"panic_at":1}"#)).unwrap_err();
    assert!(error.to_string().contains("panicked: on order"), "{error}");
    assert!(method.plan(&request(WELL)).is_ok());
}

#[test]
fn recorder() {
    let catalogue = catalogue();
    survives(
        &mock::recorder::COUNTS,
        |options| {
            let request = RecorderRequest {
                sample_rate_hz: 8000,
                channels: 1,
                started_unix_ms: 0,
                path: "/nowhere",
                metadata: "{}",
                options,
            };
            let recorder = catalogue.recorder("mock-recorder").unwrap();
            recorder.open(&request).unwrap()
        },
        |recording| recording.write(&[1; 80], 0).is_ok(),
    );
}

#[test]
fn nat() {
    let catalogue = catalogue();
    survives(
        &mock::drafts::nat::COUNTS,
        |orders| {
            let request = within("options", orders);
            catalogue
                .nat("mock-nat")
                .unwrap()
                .open(&request, 1)
                .unwrap()
        },
        |nat| nat.handle(NatInput::Time, 0).is_ok() && nat.poll().is_ok(),
    );
}

#[test]
fn security() {
    let catalogue = catalogue();
    survives(
        &mock::drafts::security::COUNTS,
        |orders| {
            let request = within("options", orders);
            let security = catalogue.security("mock-security").unwrap();
            security.open(&request, &[1; 32]).unwrap()
        },
        |machine| machine.handle(SecurityInput::Time, 0).is_ok() && machine.poll().is_ok(),
    );
}

#[test]
fn ui() {
    let catalogue = catalogue();
    survives(
        &mock::ui::COUNTS,
        |orders| {
            let ui = catalogue.ui("mock-ui").unwrap();
            ui.open(orders, Box::new(|_| Ok(()))).unwrap()
        },
        |face| face.event("{}").is_ok(),
    );
}

#[test]
fn directory() {
    let catalogue = catalogue();
    survives(
        &mock::directory::COUNTS,
        |orders| {
            catalogue
                .directory("mock-directory")
                .unwrap()
                .open(orders)
                .unwrap()
        },
        |directory| directory.search("{}").is_ok(),
    );
}

#[test]
fn tone() {
    let catalogue = catalogue();
    survives(
        &mock::drafts::tone::COUNTS,
        |orders| {
            let tones = catalogue.tone("mock-tone").unwrap();
            tones.open("mock", 8000, orders).unwrap()
        },
        |tone| tone.read(&mut [0; 80]).is_ok(),
    );
}
