//! An audio device: a microphone that hums, and a loudspeaker that nobody hears.

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};

/// Samples of one hum at 8 kHz: 100 Hz there, more at higher rates.
const HUM: u64 = 80;

/// An open device.
#[derive(Debug, Default)]
pub struct Mine {
    counters: AudioCounters,
}

/// The number behind `"name":` in a JSON object. A plugin may use a JSON crate instead.
fn number(json: &str, name: &str) -> Option<u32> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

impl Audio for Mine {
    fn enumerate() -> Result<String, Refusal> {
        let only = r#"[{"id":"hum","name":"A hum","capture":true,"playback":true,"default":true}]"#;
        Ok(only.to_owned())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        match number(request, "rate_hz") {
            Some(8_000 | 16_000 | 48_000) => Ok(Self::default()),
            Some(_) | None => Err(Refusal::new(
                Status::BAD_ARGUMENT,
                "rate_hz: 8000, 16000 or 48000",
            )),
        }
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        for (sample, at) in pcm.iter_mut().zip(self.counters.captured..) {
            *sample = (at % HUM) as i16 * 100 - 4_000;
        }
        self.counters.captured += pcm.len() as u64;
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.counters.played += pcm.len() as u64;
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        self.counters
    }
}

plugin::export_audio!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hums_and_counts() {
        assert!(Mine::open(r#"{"rate_hz":7}"#).is_err());
        let mut device = Mine::open(r#"{"rate_hz": 16000}"#).unwrap();
        let mut pcm = [0; 160];
        device.capture(&mut pcm, 0).unwrap();
        assert_eq!((pcm[0], pcm[79], pcm[80]), (-4_000, 3_900, -4_000));
        assert_eq!(device.counters().captured, 160);
    }
}
