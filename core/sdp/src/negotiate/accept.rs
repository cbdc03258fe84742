//! What the peer made of our offer.

use super::answer::{refuse_nothing_in_common, remote_rtcp};
use super::{Agreed, Match, Negotiated, NegotiatedFormat, Outcome, TelephoneEvent};
use super::{events_at, is_plain_rtp, is_unicast, match_format, packet_time_ms};
use crate::SessionDescription;
use crate::{Error, Format, LocalMedia, LocalSession, MediaSection, Refusal};

/// What was agreed, one entry per m= section of `offer`.
///
/// `local` is what `offer` was made from. Formats the peer made up are passed over; a section that
/// the answer lacks counts as refused. Fails when nothing of what was offered is left: the caller
/// then acknowledges and hangs up.
/// Source: RFC 3264 §7, §8.
pub fn accept_answer(
    offer: &SessionDescription,
    answer: &SessionDescription,
    local: &LocalSession,
) -> Result<Vec<Negotiated>, Error> {
    let mut free: Vec<usize> = (0..local.media.len()).collect();
    let mut negotiated = Vec::new();
    for (index, ours) in offer.sections().enumerate() {
        let outcome = match judge(index, &ours, answer, local, &mut free) {
            Ok(agreed) => Outcome::Accepted(Box::new(agreed)),
            Err(refusal) => Outcome::Refused(refusal),
        };
        negotiated.push(Negotiated {
            kind: ours.kind(),
            mid: ours.mid().map(str::to_owned),
            outcome,
        });
    }
    refuse_nothing_in_common(&negotiated)?;
    Ok(negotiated)
}

fn judge(
    index: usize,
    ours: &MediaSection<'_>,
    answer: &SessionDescription,
    local: &LocalSession,
    free: &mut Vec<usize>,
) -> Result<Agreed, Refusal> {
    if ours.port() == 0 {
        return Err(Refusal::Disabled);
    }
    // The offer was made from `local`, so its port says which media it was.
    let at = free
        .iter()
        .position(|&at| {
            let media = local.media.get(at);
            media.is_some_and(|m| m.kind == ours.kind() && m.port == ours.port())
        })
        .map(|at| free.remove(at))
        .ok_or(Refusal::Kind)?;
    let media = local.media.get(at).ok_or(Refusal::Kind)?;
    let theirs = answer.media(index).ok_or(Refusal::Missing)?;
    if theirs.port() == 0 {
        return Err(Refusal::Declined);
    }
    if theirs.kind() != ours.kind() {
        return Err(Refusal::Kind);
    }
    if !is_plain_rtp(theirs.protocol()) {
        return Err(Refusal::Protocol);
    }
    if !is_unicast(&theirs) {
        return Err(Refusal::Address);
    }
    agree(at, ours, &theirs, media).ok_or(Refusal::Formats)
}

fn agree(
    at: usize,
    ours: &MediaSection<'_>,
    theirs: &MediaSection<'_>,
    media: &LocalMedia,
) -> Option<Agreed> {
    let offered = ours.formats();
    let answered = answered(theirs, &offered);
    let mut matches = answered.iter().filter_map(|format| {
        let found = media.formats.iter().find_map(|c| match_format(c, format))?;
        let said = number_of(&offered, &found)?;
        Some((found, said))
    });
    let (first, said) = matches.next()?;
    let format = first.negotiated(said.payload_type, said.fmtp.clone());
    let others: Vec<NegotiatedFormat> = matches
        .map(|(found, said)| found.negotiated(said.payload_type, said.fmtp.clone()))
        .collect();
    let clock_rate = media.event_clock(first.ours.clock_rate);
    let events = events_at(&answered, clock_rate).zip(events_at(&offered, clock_rate));
    let rtcp_mux = ours.rtcp_mux() && theirs.rtcp_mux();
    Some(Agreed {
        local: at,
        remote_rtp: theirs.rtp(),
        remote_rtcp: remote_rtcp(theirs, rtcp_mux),
        rtcp_mux,
        format,
        others,
        telephone_event: events.map(|(send, receive)| TelephoneEvent {
            send,
            receive,
            clock_rate,
        }),
        ptime_ms: packet_time_ms(theirs, media, &first),
        direction: ours.direction().and(theirs.direction().reversed()),
        remote_direction: theirs.direction(),
    })
}

/// Formats of the answer. A dynamic number that it does not explain means what we offered under it.
fn answered(theirs: &MediaSection<'_>, offered: &[Format]) -> Vec<Format> {
    let known = theirs.formats();
    theirs
        .payload_types()
        .filter_map(|number| {
            let of = |formats: &[Format]| {
                let found = formats.iter().find(|f| f.payload_type == number);
                found.cloned()
            };
            of(&known).or_else(|| of(offered))
        })
        .collect()
}

/// What we offered the matched format as.
fn number_of<'a>(offered: &'a [Format], found: &Match<'_>) -> Option<&'a Format> {
    let ours = found.ours;
    offered
        .iter()
        .find(|format| format.is(&ours.name, ours.clock_rate, ours.channels))
}
