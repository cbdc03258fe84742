use super::*;
use std::path::Path;

fn request<'a>(path: &'a str, channels: u32) -> RecorderRequest<'a> {
    RecorderRequest {
        sample_rate_hz: 16_000,
        channels,
        started_unix_ms: 1_767_225_600_000,
        path,
        metadata: r#"{"call":"c7k2","remote":"sip:600@demo"}"#,
        options: "",
    }
}

/// 10 ms of a ramp, so that every sample is another.
fn block(number: i16, channels: i16) -> Vec<i16> {
    (0..160 * channels).map(|at| number * 320 + at).collect()
}

fn samples(path: &Path) -> Vec<i16> {
    let reader = hound::WavReader::open(path).unwrap();
    reader.into_samples::<i16>().map(Result::unwrap).collect()
}

#[test]
fn what_is_written_is_read_by_another_reader_with_its_marks() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut wav = Wav::open(&request(&base, 2)).unwrap();
    let mut want = Vec::new();
    for number in 0..50 {
        let pcm = block(number, 2);
        wav.write(&pcm, 10 * number as u64).unwrap();
        want.extend(pcm);
    }
    wav.mark(Mark::Pause, 500, "card number").unwrap();
    wav.mark(Mark::Resume, 500, "").unwrap();
    let result: serde_json::Value = serde_json::from_str(&wav.close().unwrap()).unwrap();
    assert_eq!(result["audio_ms"], 500);
    assert_eq!(result.get("error"), None);

    let path = folder.path().join("call.wav");
    assert_eq!(result["files"][0]["path"], path.display().to_string());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(result["files"][0]["bytes"], bytes.len());
    assert_eq!(samples(&path), want);
    let spec = hound::WavReader::open(&path).unwrap().spec();
    assert_eq!((spec.channels, spec.sample_rate), (2, 16_000));
    let riff = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    assert_eq!(riff as usize + 8, bytes.len());
    let cue = &bytes[80 + want.len() * 2..];
    assert_eq!((&cue[..4], cue[8]), (&b"cue "[..], 2));
    assert_eq!(u32::from_le_bytes(cue[16..20].try_into().unwrap()), 8_000);

    let side = std::fs::read(folder.path().join("call.json")).unwrap();
    let side: serde_json::Value = serde_json::from_slice(&side).unwrap();
    assert_eq!(side["call"]["remote"], "sip:600@demo");
    assert_eq!(side["marks"][0]["note"], "card number");
    assert_eq!(side["marks"][1]["kind"], "resume");
    assert_eq!(
        (&side["closed"], &side["audio_ms"]),
        (&true.into(), &500.into())
    );
}

#[test]
fn a_crash_leaves_a_playable_file_with_at_most_the_last_200_ms_lost() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut wav = Wav::open(&request(&base, 1)).unwrap();
    let path = folder.path().join("call.wav");
    for number in 0..100 {
        wav.write(&block(number, 1), 10 * number as u64).unwrap();
        // As a crash at this moment would leave it.
        let left = folder.path().join("left.wav");
        std::fs::copy(&path, &left).unwrap();
        let found = samples(&left).len() / 160;
        let lost = number as usize + 1 - found;
        assert!(lost < 20, "{lost} blocks lost after {number}");
    }
    wav.write(&block(100, 1), 1_000).unwrap();
    wav.sync().unwrap();
    assert_eq!(
        samples(&path).len(),
        101 * 160,
        "nothing is lost after a sync"
    );
    let side = std::fs::read(folder.path().join("call.json")).unwrap();
    let side: serde_json::Value = serde_json::from_slice(&side).unwrap();
    assert_eq!(side["closed"], false);
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    std::fs::write(folder.path().join("call.wav"), "mine").unwrap();
    std::fs::write(folder.path().join("call-2.json"), "mine too").unwrap();
    let wav = Wav::open(&request(&base, 1)).unwrap();
    assert_eq!(wav.path, folder.path().join("call-3.wav"));
    wav.close().unwrap();
    assert_eq!(
        std::fs::read(folder.path().join("call.wav")).unwrap(),
        b"mine"
    );
    assert_eq!(
        std::fs::read(folder.path().join("call-2.json")).unwrap(),
        b"mine too"
    );
    assert!(!folder.path().join("call-2.wav").exists());
}

#[test]
fn what_cannot_be_opened_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("nowhere/call").display().to_string();
    let why = Wav::open(&request(&base, 1)).unwrap_err();
    assert_eq!(why.status, Status::UNAVAILABLE);
    assert!(
        why.reason.contains("nowhere/call.wav: cannot be created"),
        "{why}"
    );
    let base = folder.path().join("call").display().to_string();
    for (options, metadata, rate, part) in [
        (r#"{"colour":1}"#, "", 16_000, "options"),
        ("", "no JSON", 16_000, "metadata"),
        ("", "", 44_100, "44100 Hz"),
    ] {
        let mut asked = request(&base, 1);
        (asked.options, asked.metadata, asked.sample_rate_hz) = (options, metadata, rate);
        let why = Wav::open(&asked).unwrap_err();
        assert!(why.reason.contains(part), "{why}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A recording whose file takes no more: a full disk, as `/dev/full` plays it for every write.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_and_what_was_kept_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut wav = Wav::open(&request(&base, 1)).unwrap();
    for number in 0..33 {
        wav.write(&block(number, 1), 10 * number as u64).unwrap();
    }
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let file = core::mem::replace(&mut wav.file, full);
    let kept = wav.kept;
    assert_eq!(wav.write(&block(33, 1), 330), Err(Status::FAILED));
    assert_eq!(wav.kept, kept);
    wav.file = file;
    assert_eq!(
        wav.write(&block(34, 1), 340),
        Err(Status::FAILED),
        "it stays ended"
    );
    let result: serde_json::Value = serde_json::from_str(&wav.close().unwrap()).unwrap();
    assert_eq!(result["audio_ms"], 330);
    let error = result["error"].as_str().unwrap();
    assert!(
        error.contains("no more can be written: No space left"),
        "{error}"
    );
    let want: Vec<i16> = (0..33).flat_map(|number| block(number, 1)).collect();
    assert_eq!(samples(&folder.path().join("call.wav")), want);
}

#[test]
fn a_host_finds_it_and_records_through_the_boundary() {
    let mut catalogue = plugin_host::Catalogue::new("test", "1");
    catalogue.add_built_in(&ENTRY).unwrap();
    let recorder = catalogue.recorder("recorder-wav").unwrap();
    let about = recorder.files().unwrap();
    assert_eq!((about.extension.as_str(), about.channels), ("wav", 2));
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut recording = recorder.open(&request(&base, 2)).unwrap();
    recording.write(&block(0, 2), 0).unwrap();
    recording.mark(Mark::Gap, 10, "20 ms").unwrap();
    recording.sync().unwrap();
    let result = recording.close();
    assert_eq!((result.audio_ms, result.error), (10, None));
    assert_eq!(samples(Path::new(&result.files[0].path)), block(0, 2));
}
