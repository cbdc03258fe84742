//! The C examples, compiled from the header alone, do what they say.
#![allow(clippy::unwrap_used)]

mod common;

use base::Hertz;
use host::{Catalogue, DtmfRequest, DtmfStep, FilterRequest, Mark, Place, RecorderRequest};
use offhook_plugin_host as host;
use tempfile::TempDir;

fn with(name: &str) -> (Catalogue, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = common::example_c(folder.path(), name);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&file).unwrap();
    (catalogue, folder)
}

#[test]
fn the_codec_carries_sound_and_makes_up_for_a_lost_packet() {
    let (catalogue, _folder) = with("codec");
    let mut codec = catalogue
        .codec("X-L8", Hertz(8000))
        .unwrap()
        .open("", "")
        .unwrap();
    let pcm: Vec<i16> = (0..160).map(|n| (n * 400 - 32_000) as i16).collect();
    let (mut payload, mut back) = ([0; 160], [0; 160]);
    assert_eq!(codec.encode(&pcm, &mut payload), Ok(160));
    assert_eq!(codec.decode(&payload, &mut back), Ok(160));
    let off = pcm.iter().zip(back).map(|(a, b)| a.abs_diff(b)).max();
    assert!(off <= Some(128), "{off:?}");
    let last = back[159];
    assert_eq!(codec.conceal(&mut back), Ok(160));
    assert!(back[0] < last && back[159] < back[0] / 8, "fades out");
}

#[test]
fn the_filter_follows_its_option_and_refuses_a_wrong_one() {
    let (catalogue, _folder) = with("filter");
    let filter = catalogue.filter("filter-level-c").unwrap();
    let mut request = FilterRequest {
        place: Place::Microphone,
        sample_rate_hz: 8000,
        options: r#"{"percent": 50}"#,
    };
    let mut out = [0; 80];
    let mut half = filter.open(&request).unwrap();
    half.process(&[1000; 80], None, 0, &mut out).unwrap();
    assert_eq!(out, [500; 80]);
    request.options = r#"{"percent":401}"#;
    let refused = filter.open(&request).unwrap_err().to_string();
    assert!(refused.contains("percent: at most 400"), "{refused}");
}

#[test]
fn the_dtmf_method_plans_an_info_and_hears_one() {
    let (catalogue, _folder) = with("dtmf");
    let door = catalogue.dtmf("door").unwrap();
    let mut request = DtmfRequest {
        key: '#',
        duration_ms: 100,
        peer_takes_info: true,
        codec_clock_hz: 8000,
        event_clock_hz: None,
        options: "",
    };
    let plan = door.plan(&request).unwrap().unwrap();
    assert_eq!(
        plan,
        [DtmfStep::Info {
            at_ms: 0,
            content_type: "application/dtmf".into(),
            body: "#".into(),
        }]
    );
    request.key = '!';
    assert_eq!(door.plan(&request).unwrap(), None, "no key of a door");
    request.peer_takes_info = false;
    assert_eq!(
        door.plan(&request).unwrap(),
        None,
        "the next method is asked"
    );
    assert_eq!(door.hear_info("application/dtmf", "7").unwrap().key, '7');
    assert_eq!(door.hear_info("application/dtmf-relay", "7"), None);
}

#[test]
fn the_recorder_writes_a_file_and_overwrites_none() {
    let (catalogue, folder) = with("recorder");
    let recorder = catalogue.recorder("recorder-raw-c").unwrap();
    assert_eq!(recorder.files().unwrap().extension, "pcm");
    let path = folder.path().join("call");
    let request = RecorderRequest {
        sample_rate_hz: 8000,
        channels: 2,
        started_unix_ms: 0,
        path: path.to_str().unwrap(),
        metadata: "{}",
        options: "",
    };
    for name in ["call.pcm", "call-2.pcm"] {
        let mut recording = recorder.open(&request).unwrap();
        recording.write(&[7; 160], 0).unwrap();
        recording.mark(Mark::Pause, 10, "consent").unwrap();
        recording.sync().unwrap();
        let result = recording.close();
        assert_eq!((result.audio_ms, result.error), (10, None));
        let file = folder.path().join(name);
        assert_eq!(result.files[0].path, file.to_str().unwrap());
        assert_eq!(std::fs::read(file).unwrap().len(), 320);
    }
    let nowhere = RecorderRequest {
        path: "/nowhere/call",
        ..request
    };
    let refused = recorder.open(&nowhere).unwrap_err().to_string();
    assert!(refused.contains("is the folder there"), "{refused}");
}

/// The recorder that `offhook plugin new` makes, apart as every file is that nobody chose to trust.
#[test]
fn an_isolated_recorder_writes_where_this_host_has_its_recordings_and_says_where_else_it_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::example_c(folder.path(), "recorder");
    let recordings = folder.path().join("not yet/recordings");
    let program = std::path::PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    let mut catalogue = Catalogue::new("test", "1")
        .isolated_by(program)
        .recordings_in(Some(recordings.clone()));
    catalogue.add_isolated(&file).unwrap();
    let recorder = catalogue.recorder("recorder-raw-c").unwrap();
    let path = recordings.join("call").display().to_string();
    let request = RecorderRequest {
        sample_rate_hz: 8000,
        channels: 2,
        started_unix_ms: 0,
        path: &path,
        metadata: "{}",
        options: "",
    };
    let mut recording = recorder.open(&request).unwrap();
    recording.write(&[7; 160], 0).unwrap();
    assert_eq!(recording.close().error, None);
    assert_eq!(std::fs::read(format!("{path}.pcm")).unwrap().len(), 320);
    let elsewhere = folder.path().join("call").display().to_string();
    let refused = recorder
        .open(&RecorderRequest {
            path: &elsewhere,
            ..request
        })
        .unwrap_err();
    assert_eq!(refused.code(), "plugin.out-of-reach");
    let (why, folder) = (refused.to_string(), recordings.display());
    assert!(
        why.contains(&format!("its process may write below {folder} only")),
        "{why}"
    );
}
