//! SIP messages of calls, kept for a while, as ladders.

use base::Instant;
use bytes::Bytes;
use control::CallHandle;
use control::ladder::{Ladder, Step, StepKind};
use sip::Target;
use sip_message::{Limits, Message, parse_datagram};
use std::collections::{BTreeMap, VecDeque};

/// Messages kept, of all calls together. Unit: bytes. Source: reliability.md 4.5, trace ring.
const KEPT: usize = 4 << 20;
/// Calls whose Call-ID is known.
const CALLS: usize = 1_024;

struct Seen {
    at: Instant,
    sent: bool,
    peer: Target,
    bytes: Bytes,
}

/// The last messages, and which Call-ID belongs to which call.
#[derive(Default)]
pub struct Ladders {
    seen: VecDeque<Seen>,
    size: usize,
    calls: BTreeMap<CallHandle, Known>,
}

/// What is known of a call.
struct Known {
    call_id: String,
    /// Who we are in it.
    local: String,
}

impl Ladders {
    /// A message went over the wire.
    pub fn message(&mut self, at: Instant, sent: bool, peer: Target, bytes: Bytes) {
        self.size += bytes.len();
        self.seen.push_back(Seen {
            at,
            sent,
            peer,
            bytes,
        });
        while self.size > KEPT
            && let Some(oldest) = self.seen.pop_front()
        {
            self.size -= oldest.bytes.len();
        }
    }

    /// The call's messages carry this Call-ID, and `local` is who we are in it.
    pub fn name(&mut self, call: CallHandle, call_id: Option<&str>, local: &str) {
        let Some(call_id) = call_id else { return };
        if self.calls.len() >= CALLS && !self.calls.contains_key(&call) {
            self.calls.pop_first();
        }
        let known = Known {
            call_id: call_id.to_owned(),
            local: local.trim_start_matches("sip:").to_owned(),
        };
        self.calls.insert(call, known);
    }

    /// The ladder of a call, if any of its messages is still known.
    pub fn of(&self, call: CallHandle) -> Option<Ladder> {
        let Known { call_id, local } = self.calls.get(&call)?;
        let mut steps: Vec<Step> = Vec::new();
        let (mut first, mut remote) = (None, String::new());
        let mut known: Vec<&Bytes> = Vec::new();
        for seen in &self.seen {
            let Ok(message) = parse_datagram(seen.bytes.clone(), &Limits::DEFAULT) else {
                continue;
            };
            if message
                .headers()
                .call_id()
                .ok()
                .is_none_or(|id| id.as_str() != call_id)
            {
                continue;
            }
            let start = *first.get_or_insert(seen.at);
            remote = seen.peer.addr.to_string();
            let repeat = known.contains(&&seen.bytes);
            known.push(&seen.bytes);
            steps.push(Step {
                at_ms: u64::try_from(seen.at.since(start).as_millis()).unwrap_or(u64::MAX),
                kind: if seen.sent {
                    StepKind::SipOut
                } else {
                    StepKind::SipIn
                },
                text: said(&message),
                repeat,
            });
        }
        Some(Ladder {
            call,
            local: local.clone(),
            remote,
            steps,
        })
    }
}

/// `INVITE`, `180 Ringing`, with what the body brings.
fn said(message: &Message) -> String {
    let text = match message {
        Message::Request(request) => request.method().as_str().to_owned(),
        Message::Response(response) => {
            let reason = String::from_utf8_lossy(response.reason()).into_owned();
            format!("{} {reason}", response.status().code())
        }
    };
    match formats(message.body()) {
        Some(formats) => format!("{text} sdp: {formats}"),
        None => text,
    }
}

/// Names of the formats that a session description lists for audio.
fn formats(body: &[u8]) -> Option<String> {
    let description = sdp::SessionDescription::parse(body).ok()?;
    let audio = description
        .sections()
        .find(|m| m.kind() == sdp::MediaKind::Audio)?;
    let names = audio.formats().into_iter().map(|f| f.name.to_lowercase());
    let names: Vec<String> = names.filter(|name| name != "telephone-event").collect();
    Some(names.join(" "))
}
