//! A panic in a plugin is survived; what panicked is not entered again; the rest goes on.
#![allow(clippy::unwrap_used)]

use base::{Hertz, Instant};
use offhook_plugin_host::{AudioRequest, Catalogue, Trouble};
use plugin::{
    Audio, AudioCounters, Captured, Codec, CodecRequest, Format, Host, Level, Refusal, Status,
};
use std::sync::atomic::{AtomicUsize, Ordering};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Doubles every octet; panics where the first sample says so.
struct Shaky;

impl Drop for Shaky {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

impl Codec for Shaky {
    const FORMATS: &'static [Format] = &[Format {
        name: "SHAKY",
        ..Format::NARROWBAND
    }];

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        let host = host.ok_or(Status::BAD_ARGUMENT)?;
        assert_eq!(host.name_and_version(), ("test", "1"));
        host.log(Level::Info, "hello from a test");
        Ok(())
    }

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        assert!(request.fmtp != "panic", "asked to");
        Ok(Self)
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        assert!(pcm[0] != 666, "the number of the beast");
        payload[..pcm.len()].fill(pcm[0] as u8);
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        // An index beyond the buffer is the author's mistake, not the host's end.
        pcm[payload.len() - 1] = i16::from(payload[0]);
        Ok(payload.len())
    }
}

mod shaky {
    use super::Shaky;
    plugin::export_codec!(Shaky, id = "codec-shaky", name = "Shaky");
}

/// A device that panics on its second block.
struct Fragile(u32);

impl Audio for Fragile {
    fn enumerate() -> Result<String, Refusal> {
        panic!("no list today")
    }

    fn open(_request: &str) -> Result<Self, Refusal> {
        Ok(Self(0))
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        pcm.fill(99);
        self.0 += 1;
        assert!(self.0 < 2, "worn out");
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }

    fn playback(&mut self, _pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        AudioCounters::default()
    }
}

mod fragile {
    use super::Fragile;
    plugin::export_audio!(Fragile, id = "audio-fragile", name = "Fragile");
}

/// Never starts.
struct Unwilling;

impl Codec for Unwilling {
    const FORMATS: &'static [Format] = Shaky::FORMATS;

    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        panic!("not on a {}", "Saturday")
    }

    fn open(_request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        unreachable!("it is never started")
    }

    fn encode(&mut self, _pcm: &[i16], _payload: &mut [u8]) -> Result<usize, Status> {
        unreachable!("it is never started")
    }

    fn decode(&mut self, _payload: &[u8], _pcm: &mut [i16]) -> Result<usize, Status> {
        unreachable!("it is never started")
    }
}

mod unwilling {
    use super::Unwilling;
    plugin::export_codec!(Unwilling);
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&shaky::ENTRY).unwrap();
    catalogue.add_built_in(&fragile::ENTRY).unwrap();
    catalogue
}

#[test]
fn an_instance_that_panicked_is_poisoned_and_others_go_on() {
    let catalogue = catalogue();
    let codec = catalogue.codec("SHAKY", Hertz(8000)).unwrap();
    let (mut one, mut other) = (codec.open("", "").unwrap(), codec.open("", "").unwrap());
    let mut payload = [0; 80];
    assert_eq!(one.encode(&[666; 80], &mut payload), Err(Trouble::Poisoned));
    assert_eq!(one.encode(&[1; 80], &mut payload), Err(Trouble::Poisoned));
    assert_eq!(one.tally().calls, 1, "it is not entered again");
    assert_eq!(other.encode(&[1; 80], &mut payload), Ok(80));
    assert_eq!(other.decode(&payload, &mut [0; 40]), Err(Trouble::Poisoned));
    assert_eq!(
        codec.open("", "").unwrap().encode(&[1; 80], &mut payload),
        Ok(80)
    );
    let before = DROPPED.load(Ordering::Relaxed);
    drop((one, other));
    assert!(
        DROPPED.load(Ordering::Relaxed) >= before + 2,
        "poisoned ones are freed too"
    );
}

#[test]
fn a_panic_while_opening_is_told_in_its_own_words() {
    let catalogue = catalogue();
    let codec = catalogue.codec("SHAKY", Hertz(8000)).unwrap();
    let error = codec.open("panic", "").unwrap_err();
    assert_eq!(error.to_string(), "codec-shaky: panicked: asked to");
}

#[test]
fn a_panic_at_the_start_refuses_the_plugin() {
    let error = catalogue().add_built_in(&unwilling::ENTRY).unwrap_err();
    assert_eq!(error.code(), "plugin.init-failed");
    assert_eq!(
        error.to_string(),
        "offhook-plugin-host: its start failed: panicked: not on a Saturday"
    );
}

#[test]
fn a_device_that_panics_becomes_silence() {
    let catalogue = catalogue();
    let audio = catalogue.audio("audio-fragile").unwrap();
    let error = audio.enumerate().unwrap_err();
    assert_eq!(error.to_string(), "audio-fragile: panicked: no list today");
    let mut device = audio.open(&AudioRequest::new(Hertz(8000))).unwrap();
    let mut pcm = [1; 80];
    assert!(device.capture(&mut pcm, Instant::ZERO).is_ok());
    assert_eq!(pcm, [99; 80]);
    assert_eq!(
        device.capture(&mut pcm, Instant::ZERO),
        Err(Trouble::Poisoned)
    );
    assert_eq!(pcm, [0; 80]);
    assert_eq!(device.playback(&pcm, Instant::ZERO), Err(Trouble::Poisoned));
}
