//! What we make of the peer's offer.

use super::section::{self, Line, Terms};
use super::{Agreed, Match, Negotiated, Outcome, Previous, TelephoneEvent};
use super::{events_at, is_plain_rtp, is_same_family, is_unicast, match_format, packet_time_ms};
use crate::SessionDescription;
use crate::{Error, Format, LocalMedia, LocalSession, MediaSection, Preference, Refusal};
use sdp_types::Media;

/// The answer to `offer`, and what was agreed, one entry per m= section.
///
/// One codec is answered, so that the peer cannot switch in mid-call; what we do not have gets port
/// 0. Fails with 488 when media was asked for and none can be had; an offer whose sections are all
/// switched off is fine.
/// Source: RFC 3264 §6, §8.
pub fn answer(
    offer: &SessionDescription,
    local: &LocalSession,
    previous: Option<&Previous>,
) -> Result<(SessionDescription, Vec<Negotiated>), Error> {
    let mut used = vec![false; local.media.len()];
    let mut medias = Vec::new();
    let mut negotiated = Vec::new();
    for (index, theirs) in offer.sections().enumerate() {
        let outcome = match decide(index, &theirs, local, &mut used) {
            Ok((media, agreed)) => {
                medias.push(media);
                Outcome::Accepted(Box::new(agreed))
            }
            Err(refusal) => {
                medias.push(section::refused(&theirs));
                Outcome::Refused(refusal)
            }
        };
        negotiated.push(Negotiated {
            kind: theirs.kind(),
            mid: theirs.mid().map(str::to_owned),
            outcome,
        });
    }
    refuse_nothing_in_common(&negotiated)?;
    Ok((section::session(local, medias, previous), negotiated))
}

/// Fails when somebody asked for media and nothing is left of it.
pub(super) fn refuse_nothing_in_common(negotiated: &[Negotiated]) -> Result<(), Error> {
    let mut refusals = Vec::new();
    for section in negotiated {
        match section.outcome {
            Outcome::Accepted(_) => return Ok(()),
            Outcome::Refused(refusal) => refusals.push(refusal),
        }
    }
    if refusals.iter().all(|&refusal| refusal == Refusal::Disabled) {
        return Ok(());
    }
    Err(Error::NothingInCommon(refusals))
}

fn decide(
    index: usize,
    theirs: &MediaSection<'_>,
    local: &LocalSession,
    used: &mut [bool],
) -> Result<(Media, Agreed), Refusal> {
    if theirs.port() == 0 {
        return Err(Refusal::Disabled);
    }
    let (at, media) = pick(index, theirs, local, used).ok_or(Refusal::Kind)?;
    if !is_plain_rtp(theirs.protocol()) {
        return Err(Refusal::Protocol);
    }
    if !is_unicast(theirs) || !is_same_family(theirs, media) {
        return Err(Refusal::Address);
    }
    let formats = theirs.formats();
    let chosen = choose(&formats, media, local.preference).ok_or(Refusal::Formats)?;
    if let Some(used) = used.get_mut(at) {
        *used = true;
    }
    Ok(accept(at, theirs, local, media, &formats, &chosen))
}

fn accept(
    at: usize,
    theirs: &MediaSection<'_>,
    local: &LocalSession,
    media: &LocalMedia,
    formats: &[Format],
    chosen: &Match<'_>,
) -> (Media, Agreed) {
    let number = chosen.theirs.payload_type;
    let clock_rate = media.event_clock(chosen.ours.clock_rate);
    let events = events_at(formats, clock_rate).filter(|_| media.telephone_event);
    let terms = Terms {
        protocol: theirs.protocol(),
        mid: theirs.mid(),
        direction: media.direction.and(theirs.direction().reversed()),
        rtcp_mux: media.rtcp_mux && theirs.rtcp_mux(),
    };
    let line = Line {
        number,
        codec: chosen.ours,
        fmtp: &chosen.fmtp.receive,
    };
    let said_events: Vec<_> = events
        .map(|number| (number, clock_rate))
        .into_iter()
        .collect();
    let section = section::used(local, media, &terms, &[line], &said_events);
    let agreed = Agreed {
        local: at,
        remote_rtp: theirs.rtp(),
        remote_rtcp: remote_rtcp(theirs, terms.rtcp_mux),
        rtcp_mux: terms.rtcp_mux,
        format: chosen.negotiated(number, chosen.fmtp.receive.clone()),
        others: Vec::new(),
        telephone_event: events.map(|number| TelephoneEvent {
            send: number,
            receive: number,
            clock_rate,
        }),
        ptime_ms: packet_time_ms(theirs, media, chosen),
        direction: terms.direction,
        remote_direction: theirs.direction(),
    };
    (section, agreed)
}

/// Where RTCP goes: sharing counts only when both sides said so (RFC 5761 §5.1.1).
pub(super) fn remote_rtcp(
    theirs: &MediaSection<'_>,
    shared: bool,
) -> Option<core::net::SocketAddr> {
    match (theirs.rtcp_mux(), shared) {
        (true, false) => {
            let rtp = theirs.rtp()?;
            let said = theirs.attribute("rtcp").and_then(|value| {
                let port = value.split_whitespace().next()?;
                port.parse::<u16>().ok().filter(|&port| port != 0)
            });
            let port = said.or_else(|| rtp.port().checked_add(1))?;
            Some(core::net::SocketAddr::new(rtp.ip(), port))
        }
        (true, true) | (false, true | false) => theirs.rtcp(),
    }
}

/// Our media for the section: the one bound to it, else the first free one of its kind.
fn pick<'a>(
    index: usize,
    theirs: &MediaSection<'_>,
    local: &'a LocalSession,
    used: &[bool],
) -> Option<(usize, &'a LocalMedia)> {
    let kind = theirs.kind();
    let free = || {
        let all = local.media.iter().enumerate().zip(used);
        all.filter(|((_, media), used)| !**used && media.kind == kind && media.port != 0)
            .map(|(entry, _)| entry)
    };
    free()
        .find(|(_, media)| media.section == Some(index))
        .or_else(|| free().find(|(_, media)| media.section.is_none()))
}

fn choose<'a>(
    formats: &[Format],
    media: &'a LocalMedia,
    preference: Preference,
) -> Option<Match<'a>> {
    let ours = &media.formats;
    match preference {
        Preference::Offerer => formats
            .iter()
            .find_map(|theirs| ours.iter().find_map(|codec| match_format(codec, theirs))),
        Preference::Ours => ours.iter().find_map(|codec| {
            formats
                .iter()
                .find_map(|theirs| match_format(codec, theirs))
        }),
    }
}
