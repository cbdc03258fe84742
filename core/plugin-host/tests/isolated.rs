//! Plugins in a process of their own: they do what they do here, and whatever they do, we go on.
#![allow(clippy::unwrap_used)]

mod common;

use base::{Hertz, Instant};
use host::gate::sha256_of;
use host::{
    AudioRequest, Catalogue, DtmfListen, DtmfRequest, Figure, FilterRequest, Gate, Mishap, Place,
    PluginMemory, Prober, SearchPath, Then, Trust,
};
use mock_faulty::{Fault, order, order_in_text};
use offhook_plugin_host as host;
use plugin::draft::nat::{NatInput, NatOutput};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant as Moment};

fn empty() -> Catalogue {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    Catalogue::new("test", "1").isolated_by(program)
}

fn with(kind: &str) -> Catalogue {
    let mut catalogue = empty();
    catalogue.add_isolated(&common::faulty(kind)).unwrap();
    catalogue
}

/// Until `is_done`, at most two seconds.
fn until(mut is_done: impl FnMut() -> bool) {
    let end = Moment::now() + Duration::from_secs(2);
    while !is_done() {
        assert!(Moment::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_real_codec_apart_makes_the_same_bytes_as_here() {
    let mut apart = empty();
    apart
        .add_isolated(&common::library("offhook-codec-g711"))
        .unwrap();
    let mut here = Catalogue::new("test", "1");
    here.add_built_in(&codec_g711::ENTRY).unwrap();
    assert!(
        here.formats().eq(apart.formats()),
        "the same formats, as data"
    );
    let open = |catalogue: &Catalogue| {
        let handle = catalogue.codec("PCMA", Hertz(8000)).unwrap();
        handle.open("", "").unwrap()
    };
    let (mut here, mut apart) = (open(&here), open(&apart));
    for n in 1..200 {
        let pcm: Vec<i16> = (0..80 * (n % 6 + 1)).map(|s| (s * n * 37) as i16).collect();
        let (mut one, mut two) = ([0; 1600], [0; 1600]);
        let size = here.encode(&pcm, &mut one).unwrap();
        // A busy machine may make a reply late; then it is asked again.
        until(|| apart.encode(&pcm, &mut two) == Ok(size));
        assert_eq!(one, two);
        let (mut back, mut again) = (vec![0; pcm.len()], vec![0; pcm.len()]);
        let samples = here.decode(&one[..size], &mut back).unwrap();
        until(|| apart.decode(&two[..size], &mut again) == Ok(samples));
        assert_eq!(back, again);
    }
}

/// Clock, settings, timers and metrics are there for a plugin wherever it runs.
#[test]
fn an_isolated_plugin_asks_its_host_as_one_of_this_process_does() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"CONFIG="{\"gain\":{\"type\":\"integer\",\"default\":3}}""#;
    let file = common::compile_c(folder.path(), "asks", &["ASKS".into(), config.into()]);
    let told = serde_json::json!({"codec-copy": {"gain": 5}});
    let told = serde_json::from_value(told).unwrap();
    let mut catalogue = empty().with_options(told);
    catalogue.add_isolated(&file).unwrap();
    let watch = catalogue.watches().remove(0);
    assert_eq!(watch.figures()["gain"], Figure::Gauge(5));
    until(|| watch.figures().get("fired_total") == Some(&Figure::Counter(7)));
    let wrong = serde_json::from_value(serde_json::json!({"codec-copy": {"gain": 5.5}})).unwrap();
    let error = empty().with_options(wrong).add_isolated(&file).unwrap_err();
    assert_eq!(error.code(), "plugin.options");
}

/// Hash list and switch hold for a file wherever it is to run; at risk is only who runs here, and only that is
/// tried first.
#[test]
fn an_isolated_file_passes_the_same_gate() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let state = folder.path().join("state");
    let memory = Arc::new(PluginMemory::open(&state));
    let nowhere = || Prober::new("/nowhere/probe".into(), []);
    let gate = |hash: &str| Gate {
        sha256: [("codec-copy".to_owned(), hash.to_owned())].into(),
        prober: Some(nowhere()),
        memory: Some(Arc::clone(&memory)),
        ..Gate::default()
    };
    let path = SearchPath::new([folder.path().to_owned()]);
    let added = |gate: Gate, trust: Trust| {
        let mut catalogue = empty().guarded_by(gate);
        catalogue.add_path_trusted(&path, |_, _| Ok(trust));
        let refused = catalogue.refused().first().map(|r| r.error.code());
        (catalogue, refused)
    };
    let hash = sha256_of(&file).unwrap();
    for trust in [Trust::InProcess, Trust::Isolated] {
        let (_, refused) = added(gate(&"0".repeat(64)), trust);
        assert_eq!(refused, Some("plugin.tampered"), "{trust:?}");
    }
    let (_, refused) = added(gate(&hash), Trust::InProcess);
    assert_eq!(
        refused,
        Some("plugin.no-probe"),
        "only what runs here is tried"
    );
    let (_, refused) = added(gate(&hash), Trust::BuiltIn);
    assert_eq!(refused, Some("plugin.kept-out"));
    let (catalogue, refused) = added(gate(&hash), Trust::Isolated);
    assert_eq!(refused, None);
    let about = catalogue.plugins().next().unwrap();
    assert_eq!(
        (about.sha256.as_deref(), about.abi.as_str()),
        (Some(hash.as_str()), "1.0")
    );
    let codec = catalogue.codec("COPY", Hertz(8000)).unwrap();
    let open = codec.open("", "").unwrap();
    assert!(
        !state.join("plugins-at-risk").exists(),
        "it cannot end this process"
    );
    drop((open, catalogue));
    assert_eq!(memory.switch_off("codec-copy"), Ok(true));
    for trust in [Trust::InProcess, Trust::Isolated] {
        let (_, refused) = added(gate(&hash), trust);
        assert_eq!(refused, Some("plugin.switched-off"), "{trust:?}");
    }
}

#[test]
fn media_kinds_work_a_block_later() {
    let filter = with("filter");
    let request = FilterRequest {
        place: Place::Microphone,
        sample_rate_hz: 8000,
        options: "",
    };
    let mut filter = filter
        .filter("mock-faulty-filter")
        .unwrap()
        .open(&request)
        .unwrap();
    let mut out = [7; 80];
    filter.process(&[400; 80], None, 0, &mut out).unwrap();
    assert_eq!(out, [0; 80], "before the first block");
    until(|| filter.process(&[400; 80], None, 0, &mut out).is_ok() && out == [200; 80]);
    assert_eq!(filter.latency(), 80);

    let audio = with("audio");
    let handle = audio.audio("mock-faulty-audio").unwrap();
    assert!(handle.enumerate().unwrap().contains("Ramp"));
    let mut device = handle.open(&AudioRequest::new(Hertz(8000))).unwrap();
    let mut pcm = [1; 80];
    assert_eq!(device.capture(&mut pcm, Instant::ZERO).unwrap().samples, 0);
    assert_eq!(pcm, [0; 80]);
    until(|| {
        device
            .capture(&mut pcm, Instant::ZERO)
            .is_ok_and(|captured| captured.samples == 80)
    });
    assert!(
        pcm.iter()
            .all(|&sample| sample >= 1_000 || sample % 100 == 0)
            && pcm != [0; 80]
    );
    device.playback(&pcm, Instant::ZERO).unwrap();
    until(|| {
        device
            .counters()
            .is_ok_and(|counters| counters.played == 80)
    });

    let keys = with("dtmf");
    let method = keys.dtmf("faulty").unwrap();
    assert!(method.abilities().hears_tones);
    let listen = DtmfListen {
        sample_rate_hz: 8000,
        options: "",
    };
    let mut listener = method.open(&listen).unwrap();
    let mut heard = 0;
    let mut listen = |level: i16| {
        let _ = listener.listen(&[level; 80], |key| heard += i32::from(key.key == '5'));
        std::thread::sleep(Duration::from_millis(5));
        heard
    };
    for _ in 0..4 {
        listen(500);
    }
    until(|| listen(0) == 4);
}

#[test]
fn kinds_of_control_work() {
    let keys = with("dtmf");
    let request = DtmfRequest {
        key: '7',
        duration_ms: 100,
        peer_takes_info: true,
        codec_clock_hz: 8000,
        event_clock_hz: None,
        options: "",
    };
    let method = keys.dtmf("faulty").unwrap();
    assert_eq!(method.plan(&request).unwrap().unwrap().len(), 1);
    assert_eq!(method.hear_info("application/dtmf", "9").unwrap().key, '9');

    let nat = with("nat");
    let mut nat = nat.nat("mock-faulty-nat").unwrap().open("{}", 7).unwrap();
    let from = "192.0.2.1:5004".parse().unwrap();
    let packet = NatInput::Packet {
        flow: 3,
        from,
        data: b"ping",
    };
    nat.handle(packet, 0).unwrap();
    let back = NatOutput::Transmit {
        flow: 3,
        to: from,
        data: b"ping".to_vec(),
    };
    assert_eq!(nat.poll(), Ok(Some(back)));
    assert_eq!(nat.poll(), Ok(None));

    let face = with("ui");
    let (tell, told) = mpsc::channel();
    let commands =
        Box::new(move |json: &str| tell.send(json.to_owned()).map_err(|_| host::Status::LOST));
    let mut face = face
        .ui("mock-faulty-ui")
        .unwrap()
        .open("{}", commands)
        .unwrap();
    face.event("1").unwrap();
    let command = told.recv_timeout(Duration::from_secs(2)).unwrap();
    assert_eq!(command, r#"{"heard":1}"#);

    let recorder = with("recorder");
    let recorder = recorder.recorder("mock-faulty-recorder").unwrap();
    assert_eq!(recorder.files().unwrap().extension, "none");
    let mut recording = recorder
        .open(&host::RecorderRequest {
            sample_rate_hz: 8000,
            channels: 1,
            started_unix_ms: 0,
            path: "/nowhere",
            metadata: "{}",
            options: "",
        })
        .unwrap();
    recording.write(&[1; 8000], 0).unwrap();
    assert_eq!(recording.close().audio_ms, 1000);
}

#[test]
fn a_process_reaches_nothing_it_was_not_given() {
    let catalogue = with("codec");
    let handle = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
    let Err(host::Error::Open { refusal, .. }) = handle.open("", "look") else {
        panic!("it says what it sees");
    };
    let about = catalogue.plugins().next().unwrap();
    let reached = refusal.reason;
    if about.unguarded.is_empty() {
        assert_eq!(reached, "", "what it can");
    }
    // Without Landlock the filter of system calls still forbids these, and what is missing is said.
    for never in ["write", "bind", "run", "descriptors"] {
        assert!(
            !reached.contains(never),
            "it can {reached}: {:?}",
            about.unguarded
        );
    }
}

#[test]
fn a_codec_that_crashes_comes_back_anew_and_the_third_time_stays_away() {
    let catalogue = with("codec");
    let handle = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
    let mut codec = handle.open("", "").unwrap();
    let mut pcm = [0; 160];
    assert!(!handle.is_shut_out());
    for fault in 1..=3 {
        until(|| codec.decode(&[1; 160], &mut pcm) == Ok(160));
        let began = Moment::now();
        assert!(codec.decode(&order(Fault::Abort), &mut pcm).is_err());
        assert!(
            began.elapsed() < Duration::from_millis(50),
            "it never holds up a tick"
        );
        let mut incidents = Vec::new();
        until(|| {
            incidents.extend(catalogue.incidents());
            !incidents.is_empty()
        });
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        assert_eq!(incidents[0].plugin, "mock-faulty-codec");
        assert!(
            matches!(incidents[0].mishap, Mishap::Crashed(Some(6))),
            "{incidents:?}"
        );
        // The second one costs a call no more than the first.
        let then = match fault {
            3 => Then::ShutOut,
            _ => Then::StartedAgain(Duration::ZERO),
        };
        assert_eq!(incidents[0].then, then);
    }
    assert!(handle.open("", "").is_err());
    assert!(handle.is_shut_out());
    assert!(codec.decode(&[1; 160], &mut pcm).is_err());
}

/// The file is the same one; its old process stays away, and it gets a new one.
#[test]
fn a_plugin_that_stays_away_is_started_anew_by_a_reload() {
    let mut catalogue = with("codec");
    let open = |catalogue: &Catalogue| {
        let handle = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
        handle.open("", "")
    };
    for _ in 0..2 {
        for _ in 0..3 {
            let mut codec = open(&catalogue).unwrap();
            let mut pcm = [0; 160];
            until(|| codec.decode(&[1; 160], &mut pcm) == Ok(160));
            assert!(codec.decode(&order(Fault::Abort), &mut pcm).is_err());
            until(|| !catalogue.incidents().is_empty());
        }
        assert!(open(&catalogue).is_err(), "shut out");
        let file = common::faulty("codec");
        let apart = |_: &std::path::Path, _: &host::Manifest| Ok(Trust::Isolated);
        catalogue.reload("mock-faulty-codec", &file, apart).unwrap();
        assert!(open(&catalogue).is_ok());
    }
}

#[test]
fn a_face_that_fails_is_lost_and_another_can_be_opened() {
    let catalogue = with("ui");
    let handle = catalogue.ui("mock-faulty-ui").unwrap();
    let open = || handle.open("{}", Box::new(|_| Ok(()))).unwrap();
    for fault in [Fault::Loop, Fault::Segfault] {
        let mut face = open();
        let began = Moment::now();
        assert!(face.event(&order_in_text(fault)).is_err());
        assert!(began.elapsed() < Duration::from_millis(400));
        assert_eq!(face.event("1"), Err(host::Status::LOST));
        until(|| !catalogue.incidents().is_empty());
        open().event("1").unwrap();
    }
}

/// Each call into another process is timed: none is longer than it was seen to be here, and half are not
/// longer than half of what was seen, but for the rounding.
#[test]
fn calls_into_another_process_are_timed() {
    let file = common::faulty("codec");
    let end = Moment::now() + Duration::from_secs(30);
    loop {
        let mut catalogue = empty();
        catalogue.add_isolated(&file).unwrap();
        let codec = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
        let mut codec = codec.open("", "").unwrap();
        let mut seen = Vec::new();
        let mut late = 0;
        for _ in 0..200 {
            let began = Moment::now();
            late += u64::from(codec.decode(&[1; 160], &mut [0; 160]).is_err());
            seen.push(began.elapsed().as_nanos() as u64);
        }
        seen.sort_unstable();
        let cost = catalogue.watches()[0].cost();
        let misses = cost.tally.misses;
        assert!(cost.tally.calls == 200 && misses <= late, "{cost:?}");
        // While the machine does not let its process run, the ring is full: what finds no room was not asked, is no miss,
        // and takes no time that could be compared.
        if misses < late {
            assert!(Moment::now() < end, "{misses} misses of {late} late");
            continue;
        }
        assert!(cost.p50_ns > 0 && cost.p50_ns <= seen[100] + seen[100] / 4);
        assert!(cost.p50_ns <= cost.p99_ns && cost.p99_ns <= cost.tally.longest_ns);
        assert!(cost.tally.longest_ns <= seen[199], "{cost:?}");
        return;
    }
}

/// What answers, but late three times in a row, is told as one of this process would be.
#[test]
fn an_isolated_codec_that_is_always_late_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "slow", &["SLOW".into()]);
    let mut catalogue = empty();
    catalogue.add_isolated(&file).unwrap();
    let watch = catalogue.watches().remove(0);
    let codec = catalogue.codec("COPY", Hertz(8000)).unwrap();
    let mut codec = codec.open("", "").unwrap();
    let mut late = 0;
    let mut told = Vec::new();
    until(|| {
        late += u64::from(codec.encode(&[1; 160], &mut [0; 320]).is_err());
        told.extend(watch.newly_shut());
        !told.is_empty()
    });
    assert!(late >= 3);
    assert_eq!(told[0].trouble, host::Trouble::Bypassed);
    assert_eq!(told[0].tally.misses, late);
    let cost = watch.cost();
    assert_eq!((cost.tally.misses, cost.shut), (late, 1));
    assert!(cost.tally.longest_ns >= 2_000_000, "{cost:?}");
    assert_eq!(watch.newly_shut(), []);
    assert_eq!(catalogue.incidents(), [], "it goes on");
}

/// An encoder that is fetched a tick late each time stands beside it, and excuses nothing.
#[test]
fn an_isolated_decoder_that_is_always_late_is_told_beside_its_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "slow", &["SLOW_DECODE=6000000".into()]);
    let mut catalogue = empty();
    catalogue.add_isolated(&file).unwrap();
    let watch = catalogue.watches().remove(0);
    let codec = catalogue.codec("COPY", Hertz(8000)).unwrap();
    let mut codec = codec.open("", "").unwrap();
    let tick = Duration::from_millis(10);
    let mut told = Vec::new();
    for _ in 0..20 {
        host::away::begin_tick();
        let decoding = codec.submit_decode(&[1; 320]);
        let encoding = codec.submit_encode(&[1; 160], 320);
        let in_time = decoding && codec.collect_decoded(&mut [0; 160]).is_ok();
        assert!(!in_time, "6 ms are more than a tick may wait");
        let mut encoded = encoding && matches!(codec.collect_encoded(&mut [0; 320]), Ok(Some(_)));
        std::thread::sleep(tick);
        host::away::begin_tick();
        encoded |= matches!(codec.collect_encoded(&mut [0; 320]), Ok(Some(_)));
        std::thread::sleep(tick);
        told.extend(watch.newly_shut());
        if encoded && !told.is_empty() {
            break;
        }
    }
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].trouble, host::Trouble::Bypassed);
    assert!(told[0].tally.misses_in_row >= 3, "{told:?}");
}

/// As the media thread calls it: a frame in one tick, a packet in the other.
#[test]
fn a_late_frame_comes_a_tick_later_and_makes_no_other_late() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "once", &["SLOW_FRAME=4".into()]);
    let mut catalogue = empty();
    catalogue.add_isolated(&file).unwrap();
    let codec = catalogue.codec("COPY", Hertz(8000)).unwrap();
    let mut codec = codec.open("", "").unwrap();
    let (mut in_time, mut late) = (0, 0);
    for n in 0..25_i16 {
        let mut payload = [0; 320];
        let mut fetched = |codec: &mut host::CodecInstance| {
            let size = codec.collect_encoded(&mut payload).unwrap();
            size.is_some_and(|size| size == 320 && payload[0] == n as u8)
        };
        host::away::begin_tick();
        assert!(codec.submit_encode(&[n; 160], 320));
        let mut came = fetched(&mut codec);
        in_time += u32::from(came);
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(10));
            host::away::begin_tick();
            let _ = codec.submit_decode(&[1; 320]) && codec.collect_decoded(&mut [0; 160]).is_ok();
            if !came {
                came = fetched(&mut codec);
                late += u32::from(came);
            }
        }
    }
    assert_eq!(in_time + late, 25, "none is lost");
    // A busy machine makes some more late.
    assert!(late <= 8, "{late}");
}

/// Whoever finds out later that the process has gone does not accuse the one after it.
#[test]
fn a_recorder_whose_process_is_killed_is_one_fault() {
    let catalogue = with("recorder");
    let recorder = catalogue.recorder("mock-faulty-recorder").unwrap();
    let request = host::RecorderRequest {
        sample_rate_hz: 8000,
        channels: 1,
        started_unix_ms: 0,
        path: "/nowhere",
        metadata: "{}",
        options: "",
    };
    let mut recording = recorder.open(&request).unwrap();
    let pid = |catalogue: &Catalogue| catalogue.process_of("mock-faulty-recorder");
    let first = pid(&catalogue).unwrap();
    let process = rustix::process::Pid::from_raw(first as i32).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    until(|| pid(&catalogue).is_some_and(|now| now != first));
    assert_eq!(catalogue.incidents().len(), 1);
    let second = pid(&catalogue);
    assert_eq!(recording.write(&[1; 80], 0), Err(host::Status::LOST));
    drop(recording);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(
        (catalogue.incidents(), pid(&catalogue)),
        (Vec::new(), second)
    );
    recorder.open(&request).unwrap().write(&[1; 80], 0).unwrap();
}
