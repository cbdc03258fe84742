//! What we propose.

use super::numbers::Numbers;
use super::section::{self, Line, Terms};
use super::{Previous, TELEPHONE_EVENT};
use crate::{LocalMedia, LocalSession, SessionDescription};
use base::{Hertz, PayloadType};
use sdp_types::Media;

/// An offer of all our media.
///
/// Within a session (`previous`) every m= section keeps its place, those not used any more with port
/// 0; numbers keep their meaning; an unchanged offer keeps its version.
/// Source: RFC 3264 §5, §8.
pub fn offer(local: &LocalSession, previous: Option<&Previous>) -> SessionDescription {
    let mut waiting: Vec<usize> = (0..local.media.len()).collect();
    let mut medias = Vec::new();
    for (index, before) in previous.iter().flat_map(|p| p.local.sections()).enumerate() {
        let chosen = waiting.iter().position(|&at| {
            local
                .media
                .get(at)
                .is_some_and(|media| match media.section {
                    Some(section) => section == index,
                    None => media.kind == before.kind() && before.port() != 0,
                })
        });
        let media = chosen.and_then(|at| local.media.get(waiting.remove(at)));
        medias.push(match media {
            Some(media) => offered(local, media, previous, index),
            None => section::refused(&before),
        });
    }
    for at in waiting {
        if let Some(media) = local.media.get(at) {
            medias.push(offered(local, media, previous, medias.len()));
        }
    }
    section::session(local, medias, previous)
}

fn offered(
    local: &LocalSession,
    media: &LocalMedia,
    previous: Option<&Previous>,
    index: usize,
) -> Media {
    let before = previous.and_then(|p| p.local.media(index));
    let theirs = previous.and_then(|p| p.remote.as_ref()?.media(index));
    let mut numbers = Numbers::after(before.into_iter().chain(theirs));
    let mut lines = Vec::new();
    for codec in &media.formats {
        let wish = codec.static_payload_type;
        let number = numbers.number(&codec.name, codec.clock_rate, codec.channels, wish);
        if let Some(number) = number {
            lines.push(Line {
                number,
                codec,
                fmtp: &codec.fmtp,
            });
        }
    }
    let mut events: Vec<(PayloadType, Hertz)> = Vec::new();
    for line in lines.iter().filter(|_| media.telephone_event) {
        let clock_rate = media.event_clock(line.codec.clock_rate);
        if !events.iter().any(|&(_, known)| known == clock_rate)
            && let Some(number) = numbers.events(TELEPHONE_EVENT, clock_rate)
        {
            events.push((number, clock_rate));
        }
    }
    let terms = Terms {
        protocol: before.map_or("RTP/AVP", |before| before.protocol()),
        mid: before.and_then(|before| before.mid()),
        direction: media.direction,
        rtcp_mux: media.rtcp_mux,
    };
    section::used(local, media, &terms, &lines, &events)
}
