//! Session descriptions of a call: what we write, what we make of the peer's.

use crate::Settings;
use crate::answering::Refusal;
use crate::call::Call;
use bytes::Bytes;
use core::net::IpAddr;
use sdp::{Agreed, Direction, LocalMedia, LocalSession, Negotiated, Previous, SessionDescription};
use sip_message::{HeaderName, Request, Status, session_description};

/// Why a description of the peer's cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// SIP status that says so.
    pub(crate) status: u16,
    /// In words.
    pub(crate) why: String,
    /// Code and text for a Warning header (RFC 3261 §20.43).
    pub(crate) warning: (u16, &'static str),
}

/// The Call-ID of a request, for people.
pub(crate) fn call_id(request: &sip_message::Request) -> Option<String> {
    let first = request.headers().first(HeaderName::CallId)?;
    Some(String::from_utf8_lossy(first).into_owned())
}

impl From<sdp::Error> for Unusable {
    fn from(error: sdp::Error) -> Self {
        Self {
            status: error.sip_status(),
            warning: error.warning(),
            why: error.to_string(),
        }
    }
}

const NO_MEDIA: Unusable = Unusable {
    status: 500,
    why: String::new(),
    warning: (399, "No media"),
};

/// The port of a trial: any that can be described.
const TRIAL_PORT: u16 = 9;

/// Why the offer of an INVITE that came to `local` can lead to no call, if it cannot. An INVITE without
/// an offer is fine: we offer when it is picked up.
pub(crate) fn refusal(request: &Request, local: IpAddr, settings: &Settings) -> Option<Refusal> {
    let offer = session_description(request.headers(), request.body())?;
    if settings.formats.is_empty() {
        return None;
    }
    let unusable = try_out(&offer, local, settings).err()?;
    tracing::info!(why = unusable.why, "offer refused");
    let (code, text) = unusable.warning;
    Some(Refusal {
        status: Status::new(unusable.status).unwrap_or(Status::NOT_ACCEPTABLE_HERE),
        headers: vec![(HeaderName::Warning, format!("{code} offhook \"{text}\""))],
    })
}

fn try_out(offer: &[u8], local: IpAddr, settings: &Settings) -> Result<Agreed, Unusable> {
    let offer = SessionDescription::parse(offer)?;
    let media = LocalMedia::audio(local, TRIAL_PORT, settings.formats.clone());
    let local = LocalSession {
        session_id: 1,
        first_version: 1,
        addr: local,
        media: vec![media],
        preference: settings.preference,
    };
    let (_, negotiated) = sdp::answer(&offer, &local, None)?;
    audio(negotiated)
}

/// What the next description says at most of the flow.
fn aim(call: &mut Call, direction: Direction) {
    for media in call.local.iter_mut().flat_map(|local| &mut local.media) {
        media.direction = direction;
    }
}

/// Our offer: the first one, or a new one in the session.
pub(crate) fn offer(call: &mut Call) -> Option<Bytes> {
    let held = call.snapshot.held_by_remote;
    aim(call, call.hold.offers(held));
    let local = call.local.as_ref()?;
    let description = sdp::offer(local, call.previous.as_ref());
    let bytes = Bytes::from(description.to_bytes());
    call.offered = Some(description);
    Some(bytes)
}

/// Our answer to the peer's offer, and what was agreed.
pub(crate) fn answer(call: &mut Call, offer: &[u8]) -> Result<(Bytes, Agreed), Unusable> {
    aim(call, call.hold.answers());
    let local = call.local.as_ref().ok_or(NO_MEDIA)?;
    let offer = SessionDescription::parse(offer)?;
    let (answer, negotiated) = sdp::answer(&offer, local, call.previous.as_ref())?;
    let agreed = audio(negotiated)?;
    let bytes = Bytes::from(answer.to_bytes());
    call.previous = Some(Previous {
        local: answer,
        remote: Some(offer),
    });
    Ok((bytes, agreed))
}

/// What the peer's answer to our offer means.
pub(crate) fn accept(call: &mut Call, answer: &[u8]) -> Result<Agreed, Unusable> {
    let answer = SessionDescription::parse(answer)?;
    let local = call.local.as_ref().ok_or(NO_MEDIA)?;
    let previous = call.previous.as_ref().map(|p| &p.local);
    let offered = call.offered.as_ref().or(previous).ok_or(NO_MEDIA)?;
    let agreed = audio(sdp::accept_answer(offered, &answer, local)?)?;
    let local = offered.clone();
    call.previous = Some(Previous {
        local,
        remote: Some(answer),
    });
    Ok(agreed)
}

/// The audio stream, which no call is without here.
fn audio(negotiated: Vec<Negotiated>) -> Result<Agreed, Unusable> {
    let agreed = negotiated.iter().find_map(Negotiated::agreed).cloned();
    let why = "no stream of the session can be used".to_owned();
    agreed.ok_or(Unusable {
        status: 488,
        why,
        warning: (304, "Media type not available"),
    })
}
