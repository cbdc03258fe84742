//! Recorders.

use super::sound::noise;
use crate::os;
use crate::subject::{Held, Stop, Subject, must};
use plugin::{Mark, RecorderHandle, RecorderInstance, RecorderRequest, Refusal};
use plugin_host::{RecorderAbout, RecordingResult};
use std::path::Path;

pub(crate) struct Booth {
    table: RecorderHandle,
    about: RecorderAbout,
    folder: tempfile::TempDir,
}

pub(crate) fn booth(subject: &Subject) -> Result<Booth, Stop> {
    let table = subject.started()?.recorder()?;
    let table = table.ok_or("it has no recorder table".to_owned())?;
    let about = table.about()?;
    let about =
        serde_json::from_str(&about).map_err(|e| format!("describe() gives {about:?}: {e}"))?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    Ok(Booth {
        table,
        about,
        folder,
    })
}

impl Booth {
    fn rate(&self) -> u32 {
        self.about.sample_rates_hz.first().copied().unwrap_or(8000)
    }

    pub(crate) fn open_at(&self, path: &Path) -> Result<RecorderInstance, Refusal> {
        self.table.open(&RecorderRequest {
            sample_rate_hz: self.rate(),
            channels: 1,
            started_unix_ms: 1_700_000_000_000,
            path: &path.display().to_string(),
            metadata: r#"{"call":"c1","remote":"sip:bob@example.org"}"#,
            options: "",
        })
    }

    pub(crate) fn open(&self, name: &str) -> Result<RecorderInstance, Stop> {
        let opened = self.open_at(&self.folder.path().join(name));
        opened.map_err(|refusal| Stop::Fail(format!("open() says {refusal}")))
    }

    /// `ms` of noise in blocks of 20 ms.
    fn write(&self, tape: &mut RecorderInstance, ms: u64) -> Held {
        let block = noise(self.rate() as usize / 50, 7, 9000);
        for at in (0..ms).step_by(20) {
            let written = tape.write(&block, at);
            written.map_err(|status| format!("write() says {}", plugin::status_text(status)))?;
        }
        Ok(())
    }

    /// All bytes in the folder.
    fn bytes(&self) -> u64 {
        let files = std::fs::read_dir(self.folder.path())
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum()
    }
}

fn close(tape: RecorderInstance) -> Result<RecordingResult, Stop> {
    let (status, said) = tape.close();
    let result: RecordingResult =
        serde_json::from_str(&said).map_err(|error| format!("close() gives {said:?}: {error}"))?;
    must!(
        status.0 >= 0,
        "close() says {}: {said}",
        plugin::status_text(status)
    );
    Ok(result)
}

pub(crate) fn described(subject: &Subject) -> Held {
    let about = booth(subject)?.about;
    let plain = about.extension.bytes().all(|b| b.is_ascii_alphanumeric());
    must!(
        plain && !about.extension.is_empty(),
        "extension {:?}",
        about.extension
    );
    must!(
        about.media_type.contains('/'),
        "media_type {:?}",
        about.media_type
    );
    let known = about
        .sample_rates_hz
        .iter()
        .all(|rate| matches!(rate, 8000 | 16000 | 48000));
    must!(
        known && !about.sample_rates_hz.is_empty(),
        "sample_rates_hz {:?}",
        about.sample_rates_hz
    );
    must!(
        (1..=2).contains(&about.channels),
        "channels {}",
        about.channels
    );
    Ok(())
}

pub(crate) fn records(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut tape = booth.open("call")?;
    booth.write(&mut tape, 3000)?;
    let result = close(tape)?;
    must!(
        result.audio_ms.abs_diff(3000) <= 20,
        "3000 ms were written, close() says {} ms",
        result.audio_ms
    );
    must!(!result.files.is_empty(), "close() names no file");
    for file in &result.files {
        let there = std::fs::metadata(&file.path).map(|data| data.len());
        must!(
            there
                .as_ref()
                .is_ok_and(|&bytes| bytes == file.bytes && bytes > 0),
            "close() says {} has {} B, there are {there:?}",
            file.path,
            file.bytes
        );
    }
    Ok(())
}

pub(crate) fn early_close(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let result = close(booth.open("early")?)?;
    must!(
        result.audio_ms == 0,
        "nothing was written, close() says {} ms",
        result.audio_ms
    );
    Ok(())
}

pub(crate) fn missing_folder(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let path = booth.folder.path().join("no such folder").join("call");
    match booth.open_at(&path) {
        Ok(_) => Err("open() takes a folder that is not there".to_owned().into()),
        Err(refusal) => {
            must!(
                !refusal.reason.is_empty(),
                "open() refuses without a reason"
            );
            Ok(())
        }
    }
}

pub(crate) fn full_disk(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut tape = booth.open("full")?;
    os::limit_files(2048);
    let block = noise(booth.rate() as usize / 50, 7, 32000);
    // Loud noise for long enough that no coding makes it fit.
    let mut refused = false;
    for n in 0..3000 {
        refused |= tape.write(&block, n * 20).is_err();
        refused |= n % 50 == 0 && tape.sync().is_err();
        if refused {
            break;
        }
    }
    let (status, said) = tape.close();
    must!(
        refused || status.0 < 0,
        "the disk was full after 2 KiB, write(), sync() and close() say nothing of it: {said}"
    );
    Ok(())
}

pub(crate) fn no_overwrite(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut files = Vec::new();
    for ms in [2000, 1000] {
        let mut tape = booth.open("same")?;
        booth.write(&mut tape, ms)?;
        let first = close(tape)?.files.into_iter().next();
        files.push(first.ok_or("close() names no file".to_owned())?);
    }
    must!(
        files[0].path != files[1].path,
        "a second recording overwrites {}",
        files[0].path
    );
    let bytes = std::fs::metadata(&files[0].path).map_or(0, |data| data.len());
    must!(
        bytes == files[0].bytes,
        "a second recording changed the first one"
    );
    Ok(())
}

pub(crate) fn marks(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut tape = booth.open("marks")?;
    for mark in [Mark::Pause, Mark::Resume, Mark::Gap, Mark::Note] {
        booth.write(&mut tape, 100)?;
        for note in ["", "consent \"withdrawn\"\n", &"long ".repeat(400)] {
            let marked = tape.mark(mark, 100, note);
            marked.map_err(|s| format!("mark({mark:?}) says {}", plugin::status_text(s)))?;
        }
    }
    close(tape).map(|_| ())
}

pub(crate) fn syncs(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut tape = booth.open("sync")?;
    booth.write(&mut tape, 200)?;
    tape.sync()
        .map_err(|s| format!("sync() says {}", plugin::status_text(s)))?;
    let before = booth.bytes();
    booth.write(&mut tape, 4000)?;
    tape.sync()
        .map_err(|s| format!("sync() says {}", plugin::status_text(s)))?;
    let after = booth.bytes();
    must!(
        after > before,
        "4 s were written, after sync() the file has {after} B as before"
    );
    Ok(())
}

pub(crate) fn odd_blocks(subject: &Subject) -> Held {
    let booth = booth(subject)?;
    let mut tape = booth.open("odd")?;
    let second = booth.rate() as usize;
    let mut left = second;
    for size in [0, 1, 3, 79, 0, 160, 161, 999]
        .into_iter()
        .chain(std::iter::repeat(1000))
    {
        let size = size.min(left);
        let written = tape.write(
            &noise(size, 7, 9000),
            ((second - left) * 1000 / second) as u64,
        );
        written
            .map_err(|s| format!("write() of {size} samples says {}", plugin::status_text(s)))?;
        left -= size;
        if left == 0 {
            break;
        }
    }
    let ms = close(tape)?.audio_ms;
    must!(
        ms.abs_diff(1000) <= 20,
        "1000 ms in odd blocks were written, close() says {ms} ms"
    );
    Ok(())
}
