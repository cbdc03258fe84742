use super::*;
use std::path::Path;
use std::process::Command;

const RATE: u32 = 16_000;

fn request<'a>(path: &'a str, channels: u32) -> RecorderRequest<'a> {
    RecorderRequest {
        sample_rate_hz: RATE,
        channels,
        started_unix_ms: 1_767_225_600_000,
        path,
        metadata: r#"{"call":"c7k2"}"#,
        options: "",
    }
}

/// `seconds` of a sound that rises from 300 Hz by `rise` Hz a second.
fn chirp(seconds: u32, rise: f64) -> Vec<i16> {
    let at = |n: u32| {
        let t = f64::from(n) / f64::from(RATE);
        let phase = core::f64::consts::TAU * (300.0 * t + rise * t * t / 2.0);
        (8_000.0 * phase.sin()) as i16
    };
    (0..seconds * RATE).map(at).collect()
}

fn interleaved(left: &[i16], right: &[i16]) -> Vec<i16> {
    left.iter().zip(right).flat_map(|(&l, &r)| [l, r]).collect()
}

/// What `opusdec` (Debian: opus-tools) makes of a file; `None`, said aloud, where it is not installed.
fn decoded(path: &Path) -> Option<Vec<i16>> {
    let wav = path.with_extension("wav");
    let mut program = Command::new("opusdec");
    program.args(["--quiet", "--rate", "16000", "--no-dither"]);
    let done = match program.arg(path).arg(&wav).output() {
        Ok(done) => done,
        Err(why) => {
            eprintln!("SKIPPED: opusdec: {why}; install opus-tools");
            return None;
        }
    };
    assert!(done.status.success(), "{done:?}");
    let reader = hound::WavReader::open(wav).unwrap();
    Some(reader.into_samples::<i16>().map(Result::unwrap).collect())
}

/// How alike two sounds are, sample by sample. Range: -1 to 1.
fn likeness(a: &[i16], b: &[i16]) -> f64 {
    let product = |a: &[i16], b: &[i16]| -> f64 {
        let both = a.iter().zip(b);
        both.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn another_decoder_finds_each_side_whole_and_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut recording = OggOpus::open(&request(&base, 2)).unwrap();
    let (ours, theirs) = (chirp(3, 700.0), chirp(3, 300.0));
    let both = interleaved(&ours, &theirs);
    // Ends within a packet.
    let both = &both[..both.len() - 2 * 77];
    for (number, pcm) in both.chunks(2 * 160).enumerate() {
        recording.write(pcm, 10 * number as u64).unwrap();
    }
    recording.mark(Mark::Note, 3_000, "the end").unwrap();
    recording.sync().unwrap();
    let result: serde_json::Value = serde_json::from_str(&recording.close().unwrap()).unwrap();
    assert_eq!(result["audio_ms"], 2_995);
    assert_eq!(result.get("error"), None);
    let path = folder.path().join("call.opus");
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert_eq!(result["files"][0]["bytes"], bytes);
    assert!(
        bytes * 10 < 2 * both.len() as u64,
        "{bytes} bytes are no tenth of WAV"
    );
    let side = std::fs::read_to_string(folder.path().join("call.json")).unwrap();
    assert!(side.contains("the end") && side.contains("\"closed\": true"));
    let Some(heard) = decoded(&path) else {
        return;
    };
    assert_eq!(heard.len(), both.len(), "nothing added, nothing lost");
    let side = |at: usize| -> Vec<i16> { heard.iter().skip(at).step_by(2).copied().collect() };
    for (at, said) in [(0, &ours), (1, &theirs)] {
        let alike = likeness(&side(at), said);
        assert!(alike > 0.9, "channel {at}: {alike}");
    }
}

#[test]
fn one_channel_at_each_rate_is_as_long_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for rate in [8_000, 16_000, 48_000] {
        let base = folder.path().join(rate.to_string()).display().to_string();
        let mut asked = request(&base, 1);
        asked.sample_rate_hz = rate;
        let mut recording = OggOpus::open(&asked).unwrap();
        for number in 0..55 {
            let pcm = vec![100; rate as usize / 100];
            recording.write(&pcm, 10 * number).unwrap();
        }
        let path = recording.path.clone();
        recording.close().unwrap();
        if let Some(heard) = decoded(&path) {
            assert_eq!(heard.len(), 55 * 160, "{rate} Hz");
        }
    }
}

#[test]
fn a_crash_leaves_a_file_that_plays_up_to_its_last_page() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut recording = OggOpus::open(&request(&base, 1)).unwrap();
    let path = folder.path().join("call.opus");
    let sound = chirp(2, 700.0);
    for (number, pcm) in sound.chunks(160).enumerate() {
        recording.write(pcm, 10 * number as u64).unwrap();
        if number % 37 != 36 {
            continue;
        }
        // As a crash at this moment would leave it.
        let left = folder.path().join("left.opus");
        std::fs::copy(&path, &left).unwrap();
        let Some(heard) = decoded(&left) else {
            return;
        };
        let lost_ms = (160 * (number + 1)).saturating_sub(heard.len()) / 16;
        assert!(lost_ms <= 220, "{lost_ms} ms lost after {number}");
        let alike = likeness(&heard, &sound[..heard.len()]);
        assert!(alike > 0.97, "after {number}: {alike}");
    }
}

#[test]
fn what_cannot_be_opened_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("nowhere/call").display().to_string();
    let why = OggOpus::open(&request(&base, 1)).unwrap_err();
    assert!(
        why.reason.contains("nowhere/call.opus: cannot be created"),
        "{why}"
    );
    let base = folder.path().join("call").display().to_string();
    for (options, metadata, rate, part) in [
        (r#"{"colour":1}"#, "", RATE, "unknown field `colour`"),
        (
            r#"{"bit_rate":5999}"#,
            "",
            RATE,
            "5999 is not in 6000 to 256000",
        ),
        ("", "no JSON", RATE, "metadata"),
        ("", "", 44_100, "44100 Hz"),
    ] {
        let mut asked = request(&base, 1);
        (asked.options, asked.metadata, asked.sample_rate_hz) = (options, metadata, rate);
        let why = OggOpus::open(&asked).unwrap_err();
        assert!(why.reason.contains(part), "{why}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A recording whose file takes no more: a full disk, as `/dev/full` plays it for every write.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_and_what_was_kept_plays() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut recording = OggOpus::open(&request(&base, 1)).unwrap();
    let sound = chirp(1, 700.0);
    let mut blocks = sound.chunks(160);
    for pcm in blocks.by_ref().take(60) {
        recording.write(pcm, 0).unwrap();
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let file = core::mem::replace(&mut recording.file, full.unwrap());
    let ended = blocks
        .by_ref()
        .find_map(|pcm| recording.write(pcm, 0).err());
    assert_eq!(ended, Some(Status::FAILED));
    recording.file = file;
    assert_eq!(
        recording.write(&sound[..160], 0),
        Err(Status::FAILED),
        "it stays ended"
    );
    let result: serde_json::Value = serde_json::from_str(&recording.close().unwrap()).unwrap();
    let error = result["error"].as_str().unwrap();
    assert!(
        error.contains("no more can be written: No space left"),
        "{error}"
    );
    if let Some(heard) = decoded(&folder.path().join("call.opus")) {
        assert!(heard.len() >= 40 * 160, "{}", heard.len());
    }
}

#[test]
fn a_host_finds_it_and_records_through_the_boundary() {
    let mut catalogue = plugin_host::Catalogue::new("test", "1");
    catalogue.add_built_in(&ENTRY).unwrap();
    let recorder = catalogue.recorder("recorder-ogg-opus").unwrap();
    let about = recorder.files().unwrap();
    assert_eq!((about.extension.as_str(), about.channels), ("opus", 2));
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("call").display().to_string();
    let mut recording = recorder.open(&request(&base, 1)).unwrap();
    recording.write(&chirp(1, 700.0), 0).unwrap();
    recording.mark(Mark::Gap, 1_000, "20 ms").unwrap();
    recording.sync().unwrap();
    let result = recording.close();
    assert_eq!((result.audio_ms, result.error), (1_000, None));
    if let Some(heard) = decoded(Path::new(&result.files[0].path)) {
        assert_eq!(heard.len(), RATE as usize);
    }
}
