//! What a plugin asks its host: clock, settings, timers, metrics; from a plugin in Rust.
#![allow(clippy::unwrap_used)]

use base::{Duration, Instant};
use offhook_plugin_host::config::Options;
use offhook_plugin_host::{Catalogue, Error, Figure, HostClock, Status};
use plugin::{Filter, FilterRequest, Host, Refusal};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

static HOST: OnceLock<Host> = OnceLock::new();
static FIRED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

struct Asks;

impl Filter for Asks {
    fn init(host: Option<Host>) -> Result<(), Refusal> {
        HOST.get_or_init(|| host.unwrap());
        Ok(())
    }

    fn open(_: &FilterRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn process(
        &mut self,
        near: &[i16],
        _: Option<&[i16]>,
        _: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        out.copy_from_slice(near);
        Ok(())
    }
}

plugin::export_filter!(
    Asks,
    id = "filter-asks",
    name = "Asks",
    config = r#"{"gain_db":{"type":"number","default":-3,"min":-40,"max":40},"mode":{"type":"enum","values":["a","b"]}}"#
);

fn fired(id: u64) {
    FIRED.lock().unwrap().push(id);
    if id == 3 {
        HOST.get().unwrap().start_timer(4, 0, fired).unwrap();
        panic!("caught");
    }
}

fn options(value: serde_json::Value) -> BTreeMap<String, Options> {
    let options = value.as_object().unwrap().clone();
    [("filter-asks".to_owned(), options)].into()
}

#[test]
fn clock_settings_timers_and_metrics_reach_a_plugin() {
    let now_ns = Arc::new(AtomicU64::new(7_000_000));
    let clock = HostClock::Told {
        now_ns: Arc::clone(&now_ns),
        epoch_ms: 1_000,
    };
    let mut catalogue = Catalogue::new("test", "1")
        .with_clock(clock)
        .with_options(options(json!({"mode": "b"})));
    catalogue.add_built_in(&ENTRY).unwrap();
    let host = HOST.get().unwrap();
    assert_eq!(
        (host.now_ns(), host.unix_ms()),
        (Some(7_000_000), Some(1_007))
    );
    let config: serde_json::Value = serde_json::from_str(&host.config().unwrap()).unwrap();
    assert_eq!(config, json!({"gain_db": -3, "mode": "b"}));

    let timers = catalogue.timers();
    let (woken, count) = (Arc::new(AtomicU64::new(0)), 64);
    let wake = Arc::clone(&woken);
    timers.when_started(move || {
        wake.fetch_add(1, Ordering::Relaxed);
    });
    host.start_timer(1, 2_000_000, fired).unwrap();
    host.start_timer(2, 1_000_000, fired).unwrap();
    host.start_timer(3, 1_500_000, fired).unwrap();
    host.start_timer(1, 3_000_000, fired).unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 4);
    let at = |us: u64| Instant::ZERO + Duration::from_micros(us);
    assert_eq!(timers.deadline(), Some(at(8_000)));
    timers.fire(at(7_999));
    assert_eq!(*FIRED.lock().unwrap(), [0; 0]);
    timers.fire(at(9_000));
    assert_eq!(*FIRED.lock().unwrap(), [2, 3], "what 3 started waits");
    assert_eq!(host.cancel_timer(1), Ok(()));
    assert_eq!(host.cancel_timer(1), Err(Status::NOT_FOUND));
    timers.fire(at(99_000));
    assert_eq!(*FIRED.lock().unwrap(), [2, 3, 4]);
    for id in 0..count {
        host.start_timer(id, 0, fired).unwrap();
    }
    assert_eq!(host.start_timer(count, 0, fired), Err(Status::UNAVAILABLE));
    assert_eq!(host.start_timer(0, 1, fired), Ok(()), "replaces");

    metrics(host, &catalogue);
    drop(catalogue);
    assert_eq!(
        timers.deadline(),
        None,
        "a plugin that stopped is not called"
    );
    options_that_the_manifest_does_not_allow();
}

fn metrics(host: &Host, catalogue: &Catalogue) {
    host.add("frames_total", 2).unwrap();
    host.add("frames_total", 3).unwrap();
    host.set("level_db", -4).unwrap();
    assert_eq!(host.set("frames_total", 1), Err(Status::BAD_ARGUMENT));
    assert_eq!(host.add("Frames", 1), Err(Status::BAD_ARGUMENT));
    for n in 2..64 {
        host.set(&format!("n{n}"), n).unwrap();
    }
    assert_eq!(host.set("one_more", 1), Err(Status::UNAVAILABLE));
    let figures = catalogue.watches()[0].figures();
    assert_eq!(figures["frames_total"], Figure::Counter(5));
    assert_eq!(figures["level_db"], Figure::Gauge(-4));
}

/// The same plugin, told what its manifest does not allow.
fn options_that_the_manifest_does_not_allow() {
    let mut catalogue =
        Catalogue::new("test", "1").with_options(options(json!({"gain_db": 41, "mod": "b"})));
    let error = catalogue.add_built_in(&ENTRY).unwrap_err();
    assert!(matches!(&error, Error::Options { mistakes, .. } if mistakes.len() == 2));
    assert_eq!(
        error.to_string(),
        "filter-asks: option gain_db: 41 is not allowed; allowed: a number, -40 to 40, \
         option mod: there is no such option; allowed: gain_db, mode"
    );
}
