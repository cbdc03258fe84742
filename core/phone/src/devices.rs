//! The person's device, as its plugin wants to be asked.

use crate::Error;
use base::Hertz;
use plugin_host::{AudioRequest, Direction};
use settings::{Device, Media};

/// Rate at which the person's calls are mixed. Unit: samples a second; G.711 loses nothing, and
/// wideband codecs keep their band.
const RATE: Hertz = Hertz(16_000);

/// Plugin and request; `None` where nothing is to be opened.
pub(crate) fn person(media: &Media) -> Result<Option<(String, AudioRequest)>, Error> {
    let Media {
        microphone,
        speaker,
        ..
    } = media;
    if microphone.plugin != speaker.plugin {
        let (microphone, speaker) = (microphone.plugin.clone(), speaker.plugin.clone());
        return Err(Error::TwoDevices {
            microphone,
            speaker,
        });
    }
    let mut request = AudioRequest::new(RATE);
    request = match microphone.plugin.as_str() {
        "audio-file" => with(file(request, microphone), "write", speaker),
        "audio-system" => with(
            with(request, "microphone", microphone),
            "loudspeaker",
            speaker,
        ),
        // Everybody else takes JSON, or nothing.
        _ => options(request, microphone),
    };
    Ok(Some((microphone.plugin.clone(), request)))
}

/// The device on which the phone rings, where it is another one: it plays and hears nothing.
pub(crate) fn ringer(media: &Media) -> Option<(String, AudioRequest)> {
    let ringer = media.ringer.as_ref()?;
    let mut request = AudioRequest::new(RATE);
    request.direction = Direction::Playback;
    request = match ringer.plugin.as_str() {
        "audio-file" => with(request, "write", ringer),
        "audio-system" => with(request, "loudspeaker", ringer),
        _ => options(request, ringer),
    };
    Some((ringer.plugin.clone(), request))
}

/// The file that the microphone hears: once, or with `loop:` before its name again and again.
fn file(request: AudioRequest, device: &Device) -> AudioRequest {
    match device.argument.strip_prefix("loop:") {
        Some(file) => request.with("read", file).with("at_end", "loop"),
        None => with(request, "read", device),
    }
}

fn with(request: AudioRequest, key: &str, device: &Device) -> AudioRequest {
    match device.argument.is_empty() {
        true => request,
        false => request.with(key, device.argument.clone()),
    }
}

fn options(mut request: AudioRequest, device: &Device) -> AudioRequest {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&device.argument) {
        request.options = fields;
    }
    request
}
