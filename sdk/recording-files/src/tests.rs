use super::*;
use plugin::{Mark, RecorderRequest};

fn request<'a>(path: &'a str, metadata: &'a str) -> RecorderRequest<'a> {
    RecorderRequest {
        sample_rate_hz: 16_000,
        channels: 2,
        started_unix_ms: 1_767_225_600_000,
        path,
        metadata,
        options: "",
    }
}

#[test]
fn a_name_that_is_taken_is_passed_over_with_its_side_car() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    std::fs::write(folder.path().join("call.opus"), "mine").unwrap();
    std::fs::write(folder.path().join("call-2.json"), "mine too").unwrap();
    let (_, path) = reserve(&base, "opus", true).unwrap();
    assert_eq!(path, folder.path().join("call-3.opus"));
    assert!(!folder.path().join("call-2.opus").exists());
    let (_, path) = reserve(&base, "opus", false).unwrap();
    assert_eq!(path, folder.path().join("call-2.opus"));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it_and_links_are_not_followed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let elsewhere = folder.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("call.wav")).unwrap();
    let (file, path) = reserve(&base, "wav", true).unwrap();
    assert_eq!(path, folder.path().join("call-2.wav"));
    assert!(!elsewhere.exists());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_side_car_tells_all_and_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let asked = request(&base, r#"{"call":"c7k2"}"#);
    let side = Side::new(&asked).unwrap();
    let (_, path) = reserve(&base, "wav", true).unwrap();
    let mut side = side.of(&path);
    side.mark(Mark::Pause, 20, "card number");
    side.write().unwrap();
    let read = || -> serde_json::Value {
        let text = std::fs::read(folder.path().join("call.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let before = read();
    assert_eq!(
        (&before["file"], &before["closed"]),
        (&"call.wav".into(), &false.into())
    );
    assert_eq!(before["marks"][0]["note"], "card number");
    side.close(40, Some("the disk is full".into()));
    side.write().unwrap();
    let after = read();
    assert_eq!(
        (&after["closed"], &after["audio_ms"]),
        (&true.into(), &40.into())
    );
    assert_eq!(after["error"], "the disk is full");
    assert_eq!(after["call"]["call"], "c7k2");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "the recording and its side-car");
    assert!(Side::new(&request(&base, "no JSON")).is_err());
}
