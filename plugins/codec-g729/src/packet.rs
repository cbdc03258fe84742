//! Frames in one packet: speech, and behind it at most one that describes noise.
//!
//! Source: RFC 3551 §4.5.6.

use crate::library::{Decoder, Encoder, FRAME, Frame, NOISE, SPEECH};
use plugin::Status;

/// Encodes one packet; 0 where there is nothing to send.
///
/// Noise can only stand at a packet's end. Where silence ends inside a packet, what was silent of it is
/// left out, and speech begins by so much earlier.
pub(crate) fn encode(
    encoder: &mut Encoder,
    pcm: &[i16],
    payload: &mut [u8],
) -> Result<usize, Status> {
    let (frames, rest) = pcm.as_chunks::<FRAME>();
    if frames.is_empty() || !rest.is_empty() {
        return Err(Status::BAD_ARGUMENT);
    }
    let mut at = 0;
    let mut noise = None;
    for frame in frames {
        let mut bits = [0; SPEECH];
        let coded = encoder.encode(frame, &mut bits);
        match coded.len() {
            SPEECH => {
                noise = None;
                let place = payload.get_mut(at..at + SPEECH);
                place
                    .ok_or(Status::BUFFER_TOO_SMALL)?
                    .copy_from_slice(coded);
                at += SPEECH;
            }
            NOISE => noise = coded.first_chunk::<NOISE>().copied(),
            _ => {}
        }
    }
    if let Some(noise) = noise {
        let place = payload.get_mut(at..at + NOISE);
        place
            .ok_or(Status::BUFFER_TOO_SMALL)?
            .copy_from_slice(&noise);
        at += NOISE;
    }
    Ok(at)
}

/// Decodes one packet.
pub(crate) fn decode(
    decoder: &mut Decoder,
    payload: &[u8],
    pcm: &mut [i16],
) -> Result<usize, Status> {
    let (speech, rest) = payload.as_chunks::<SPEECH>();
    let noise = match rest.len() {
        0 if !speech.is_empty() => None,
        NOISE => rest.first_chunk::<NOISE>(),
        _ => return Err(Status::BAD_PAYLOAD),
    };
    let count = speech.len() + usize::from(noise.is_some());
    let (places, _) = pcm.as_chunks_mut::<FRAME>();
    let places = places.get_mut(..count).ok_or(Status::BUFFER_TOO_SMALL)?;
    let frames = speech.iter().map(Frame::Speech);
    let frames = frames.chain(noise.map(Frame::Noise));
    for (frame, place) in frames.zip(places) {
        decoder.decode(frame, place);
    }
    Ok(count * FRAME)
}

/// Makes up `pcm.len()` samples: speech that fades, or the noise that was described.
pub(crate) fn conceal(decoder: &mut Decoder, pcm: &mut [i16]) -> usize {
    for place in pcm.chunks_mut(FRAME) {
        let mut made_up = [0; FRAME];
        decoder.decode(Frame::Missing, &mut made_up);
        place.copy_from_slice(made_up.get(..place.len()).unwrap_or_default());
    }
    pcm.len()
}
