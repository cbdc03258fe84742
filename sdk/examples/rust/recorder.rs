//! A recorder: bare samples in a file, 16 bit, low byte first.

use plugin::{Host, Level, Mark, Recorder, RecorderAbout, RecorderRequest, Refusal, Status};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The host's services, once it has told us.
static HOST: OnceLock<Host> = OnceLock::new();

/// One recording.
#[derive(Debug)]
pub struct Mine {
    file: File,
    path: PathBuf,
    channels: u64,
    sample_rate_hz: u64,
    bytes: u64,
}

impl Recorder for Mine {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "pcm",
        media_type: "audio/basic",
        sample_rates_hz: &[16_000, 8_000, 48_000],
        channels: 2,
    };

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        if let Some(host) = host {
            // A second start has the same host.
            let _ = HOST.set(host);
        }
        Ok(())
    }

    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        let mut path = PathBuf::from(format!("{}.pcm", request.path));
        let mut number = 1;
        // Nothing is overwritten: a number goes behind the name where such a file is there already.
        let file = loop {
            match File::create_new(&path) {
                Ok(file) => break file,
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists && number < 1_000 => {
                    number += 1;
                    path = PathBuf::from(format!("{}-{number}.pcm", request.path));
                }
                Err(why) => {
                    let why = format!("{}: {why}", path.display());
                    return Err(Refusal::new(Status::UNAVAILABLE, why));
                }
            }
        };
        Ok(Self {
            file,
            path,
            channels: request.channels.into(),
            sample_rate_hz: request.sample_rate_hz.into(),
            bytes: 0,
        })
    }

    fn write(&mut self, pcm: &[i16], _at_ms: u64) -> Result<(), Status> {
        let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|_| Status::FAILED)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        if let Some(host) = HOST.get() {
            host.log(Level::Info, &format!("{mark:?} at {at_ms} ms: {note}"));
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Status> {
        self.file.sync_data().map_err(|_| Status::FAILED)
    }

    fn close(self) -> Result<String, Refusal> {
        let audio_ms = self.bytes * 1_000 / (2 * self.channels * self.sample_rate_hz);
        // The host never gives a path with quotes or control characters.
        let (path, bytes) = (self.path.display(), self.bytes);
        Ok(format!(
            r#"{{"files":[{{"path":"{path}","bytes":{bytes}}}],"audio_ms":{audio_ms}}}"#
        ))
    }
}

// In a process of its own it may write below the folder of the recordings only, wherever the person has that.
plugin::export_recorder!(
    Mine,
    id = env!("CARGO_PKG_NAME"),
    name = env!("CARGO_PKG_NAME"),
    permissions = ["folder:recordings"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_audio_is_a_second_long() {
        let path = std::env::temp_dir().join(format!("recorder-{}", std::process::id()));
        let request = RecorderRequest {
            sample_rate_hz: 8_000,
            channels: 1,
            started_unix_ms: 0,
            path: path.to_str().unwrap(),
            metadata: "{}",
            options: "",
        };
        let mut recording = Mine::open(&request).unwrap();
        recording.write(&[1; 8_000], 0).unwrap();
        let result = recording.close().unwrap();
        std::fs::remove_file(path.with_extension("pcm")).unwrap();
        assert!(
            result.contains(r#""bytes":16000"#) && result.contains(r#""audio_ms":1000"#),
            "{result}"
        );
    }
}
