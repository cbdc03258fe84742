//! What was sent and told, as a picture; and golden files of such pictures.
//!
//! `*` is what the test did, `!` what a person was told, `X` what the link lost. The left column is
//! milliseconds of virtual time: of arrival for what comes to the first lane, of sending otherwise.

use crate::log::Entry;
use crate::net::NodeId;
use crate::space::Space;
use base::Instant;
use bytes::Bytes;
use control::event::Side;
use control::transfer::TransferState;
use control::{Code, Event, EventBody};
use sip::transfer::fragment;
use sip_message::{Contacts, HeaderName, Headers, Limits, Message, Method, Replaces, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From one lane to the next. Unit: characters.
const LANE: usize = 46;
/// Set to 1, golden files are written instead of compared.
pub const BLESS: &str = "OFFHOOK_BLESS";

/// What a ladder shows of an event; `None`: nothing.
#[allow(clippy::wildcard_enum_match_arm)] // A ladder shows few of the many events.
pub fn told(event: &Event) -> Option<String> {
    // Simulated phones number their calls from 1024.
    let call = event.call.map_or(0, |call| call.number() - 1023);
    let codec = |snapshot: &control::snapshot::CallSnapshot| {
        let media = snapshot.media.as_ref();
        let name = media.and_then(|m| Some((m.codec.clone()?, m.clock?)));
        name.map_or_else(String::new, |(name, clock)| format!(", {name}/{clock}"))
    };
    let by = |side| match side {
        Side::Local => "",
        Side::Remote => " by the other side",
    };
    Some(match &event.body {
        EventBody::CallIncoming(_) => format!("call {call} comes in"),
        EventBody::CallRinging(_) => format!("call {call} rings"),
        EventBody::CallProgress(_) => format!("call {call} goes on"),
        EventBody::CallSilenced(_) => format!("call {call} silenced"),
        EventBody::CallAnswered(told) => format!("call {call} confirmed{}", codec(&told.snapshot)),
        EventBody::CallHold(told) => format!("call {call} held{}", by(told.by)),
        EventBody::CallResumed(told) => format!("call {call} resumed{}", by(told.by)),
        EventBody::CallMerged(told) => format!("call {call} merged with {}", told.with.len()),
        EventBody::CallSplit(_) => format!("call {call} split off"),
        EventBody::CallWarning(told) if told.code == Code::HOLD_REFUSED => {
            format!("call {call} refuses to be held or resumed")
        }
        EventBody::MessageReceived(_) => "a text comes in".to_owned(),
        EventBody::TransferRequested(_) => format!("call {call} is to be handed on"),
        EventBody::TransferProgress(told) => format!("call {call} {}", going(told.state)),
        EventBody::TransferDone(_) => format!("call {call} is handed on"),
        EventBody::TransferFailed(told) => {
            let status = told.sip_status;
            let status = status.map_or_else(String::new, |s| format!(" ({s})"));
            format!("call {call} {}{status}", going(told.state))
        }
        EventBody::CallEnded(told) => {
            let word = |value: serde_json::Result<serde_json::Value>| {
                let text = value.ok().and_then(|v| v.as_str().map(str::to_owned));
                text.unwrap_or_default()
            };
            let by = word(serde_json::to_value(told.by));
            let cause = word(serde_json::to_value(told.cause));
            let status = told
                .sip_status
                .map_or_else(String::new, |s| format!(" ({s})"));
            format!("call {call} ended by {by}: {cause}{status}")
        }
        EventBody::AccountRegistered(told) => {
            let expires = told.expires_s.unwrap_or_default();
            format!("registered for {expires} s")
        }
        EventBody::AccountFailed(told) => {
            let status = told
                .sip_status
                .map_or_else(String::new, |s| format!(" ({s})"));
            format!("not registered{status}")
        }
        EventBody::AccountUnregistered(_) => "unregistered".to_owned(),
        EventBody::EngineDegraded(_) => "degraded".to_owned(),
        _ => return None,
    })
}

/// How far a transfer is.
const fn going(state: TransferState) -> &'static str {
    match state {
        TransferState::Holding => "is to be handed on",
        TransferState::Asking => "waits: the target is called",
        TransferState::Consulting => "waits: the target, or we, are asked",
        TransferState::Requested => "was asked to go",
        TransferState::Trying => "goes",
        TransferState::Ringing => "goes: the target rings",
        TransferState::Returning => "comes back",
        TransferState::Completed => "is handed on",
        TransferState::Recovered => "is back",
        TransferState::Lost => "is lost",
        TransferState::Unknown => "goes somewhere",
    }
}

/// The ladder of everything since the log was kept.
pub fn render(space: &Space) -> String {
    let log = space.log();
    let lanes: Vec<_> = log.lanes.iter().map(|(node, _)| *node).collect();
    let mut picture = Picture {
        lanes,
        sent: BTreeSet::new(),
        offers: BTreeMap::new(),
        firsts: BTreeMap::new(),
    };
    let mut text = String::from("    ms   ");
    for (_, name) in &log.lanes {
        text += &format!("{name:<LANE$}");
    }
    let mut text = text.trim_end().to_owned() + "\n";
    let entries = log.entries.as_deref().unwrap_or_default();
    let mut lines: Vec<(Instant, String)> = entries
        .iter()
        .map(|entry| picture.line(entry, &log.lanes))
        .collect();
    lines.sort_by_key(|(at, _)| *at);
    for (at, line) in lines {
        text += &format!("{:>6} {}\n", at.as_millis(), line.trim_end());
    }
    text
}

struct Picture {
    lanes: Vec<NodeId>,
    /// What was sent already, with its way.
    sent: BTreeSet<(NodeId, NodeId, Bytes)>,
    /// Whose description came first in a transaction, by Call-ID and CSeq.
    offers: BTreeMap<(String, u32), String>,
    /// The first CSeq of each sender, by Call-ID and From tag: shown as 1.
    firsts: BTreeMap<(String, String), u32>,
}

impl Picture {
    fn line(&mut self, entry: &Entry, names: &[(NodeId, String)]) -> (Instant, String) {
        let who = |node: &NodeId| match self.lanes.first() == Some(node) {
            true => String::new(),
            false => names
                .iter()
                .find(|(n, _)| n == node)
                .map_or_else(String::new, |(_, name)| format!("{name}: ")),
        };
        match entry {
            Entry::Done { at, node, text } => (*at, format!("* {}{text}", who(node))),
            Entry::Told { at, node, text } => (*at, format!("! {}{text}", who(node))),
            Entry::Sent {
                at,
                from,
                to,
                bytes,
                arrives,
            } => {
                let comes_to_first = self.lanes.first() == Some(to);
                let shown = arrives.filter(|_| comes_to_first).unwrap_or(*at);
                let label = self.label((*from, *to), bytes);
                let lanes = (self.lane(*from), self.lane(*to));
                (shown, self.arrow(lanes, &label, arrives.is_none()))
            }
        }
    }

    fn lane(&self, node: NodeId) -> usize {
        let at = self.lanes.iter().position(|lane| *lane == node);
        at.unwrap_or_default()
    }

    fn arrow(&self, (from, to): (usize, usize), label: &str, lost: bool) -> String {
        let mut line: Vec<char> = vec![' '; LANE * self.lanes.len() + 1];
        for lane in 0..self.lanes.len() {
            line[lane * LANE] = '|';
        }
        let (left, right) = (from.min(to) * LANE + 1, from.max(to) * LANE);
        let goes_right = from < to;
        for place in &mut line[left..right] {
            *place = '-';
        }
        let (head, label) = match goes_right {
            true => (right - 1, format!("-- {label} ")),
            false => (left, format!("<- {label} ")),
        };
        for (place, c) in line[left..right].iter_mut().zip(label.chars()) {
            *place = c;
        }
        match (goes_right, lost) {
            (true, false) => line[head] = '>',
            (true, true) => line[head - 2..=head].copy_from_slice(&['X', ' ', ' ']),
            (false, false) => {}
            (false, true) => line[head] = 'X',
        }
        format!("  {}", line.into_iter().collect::<String>())
    }

    fn label(&mut self, (from, to): (NodeId, NodeId), bytes: &Bytes) -> String {
        let Ok(message) = sip_message::parse_datagram(bytes.clone(), &Limits::default()) else {
            return "something else".to_owned();
        };
        let headers = message.headers();
        let cseq = headers.cseq().ok();
        let number = cseq
            .as_ref()
            .map_or(0, |cseq| self.number(cseq.number, headers));
        let mut label = match &message {
            Message::Request(request) => {
                format!("{} {number}", request.method().as_str())
            }
            Message::Response(response) => {
                let code = response.status().code();
                let reason = String::from_utf8_lossy(response.reason()).into_owned();
                match response.status().is_final() {
                    true => format!("{code} {reason} {number}"),
                    false => format!("{code} {reason}"),
                }
            }
        };
        let notes = notes(&message, headers);
        if !notes.is_empty() {
            label += &format!(" [{}]", notes.join(", "));
        }
        if let Some(sdp) = self.description(number, headers, message.body()) {
            label += &format!(" [{sdp}]");
        }
        if !self.sent.insert((from, to, bytes.clone())) {
            label += " (resend)";
        }
        label
    }

    /// CSeq counted from the sender's first: where it begins is chance.
    fn number(&mut self, number: u32, headers: &Headers) -> u32 {
        let call = headers.call_id().map(|id| id.to_string());
        let from = headers.from().ok();
        let tag = from.and_then(|from| from.tag().map(str::to_owned));
        let key = (call.unwrap_or_default(), tag.unwrap_or_default());
        let first = *self.firsts.entry(key).or_insert(number);
        number.saturating_sub(first) + 1
    }

    /// `offer` or `answer`, its codecs, and whether it holds.
    fn description(&mut self, number: u32, headers: &Headers, body: &[u8]) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        let call = format!("{} {}", headers.call_id().ok()?, headers.text("From")?);
        let text = String::from_utf8_lossy(body).into_owned();
        let origin = text.lines().find(|line| line.starts_with("o="))?.to_owned();
        let first = self.offers.entry((call, number)).or_insert(origin.clone());
        let kind = if *first == origin { "offer" } else { "answer" };
        let mut codecs: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("a=rtpmap:"))
            .filter_map(|map| map.split([' ', '/']).nth(1))
            .filter(|name| *name != "telephone-event")
            .collect();
        for direction in ["sendonly", "recvonly", "inactive"] {
            if text.contains(&format!("a={direction}")) {
                codecs.push(direction);
            }
        }
        Some(format!("{kind} {}", codecs.join(" ")))
    }
}

/// What makes a message differ from the usual one of its kind.
fn notes(message: &Message, headers: &Headers) -> Vec<String> {
    let mut notes = Vec::new();
    if headers.first(HeaderName::Authorization).is_some()
        || headers.first(HeaderName::ProxyAuthorization).is_some()
    {
        notes.push("credentials".to_owned());
    }
    if let Message::Request(request) = message
        && *request.method() == Method::Register
    {
        let text = |name| headers.text(name).map(|t| t.to_string());
        match (text(HeaderName::Contact), text(HeaderName::Expires)) {
            (None, _) => notes.push("no contact".to_owned()),
            (Some(_), expires) => {
                let of_contact = headers.contacts().ok();
                let first = of_contact.as_ref().and_then(|c| c.first()?.expires());
                let expires = first.map(|e| e.to_string()).or(expires);
                notes.push(format!("expires {}", expires.unwrap_or_default()));
            }
        }
    }
    if headers.first(HeaderName::RSeq).is_some() {
        notes.push("reliable".to_owned());
    }
    match message {
        Message::Request(request) if *request.method() == Method::Invite => {
            if headers.first(HeaderName::Replaces).is_some() {
                notes.push("replaces".to_owned());
            }
            if let Ok(Some(by)) = headers.referred_by() {
                notes.push(format!("referred by {}", user(by.uri())));
            }
        }
        Message::Request(request) if *request.method() == Method::Refer => {
            if let Ok(Some(to)) = headers.refer_to() {
                notes.push(format!("to {}", user(to.uri())));
                let uri = to.uri().sip();
                if uri.is_some_and(|uri| matches!(Replaces::in_uri(uri), Some(Ok(_)))) {
                    notes.push("replacing".to_owned());
                }
            }
        }
        Message::Request(request) if *request.method() == Method::Notify => {
            let says = fragment::read(message.body());
            notes.extend(says.map(|status| format!("says {}", status.code())));
        }
        Message::Response(response) if matches!(response.status().code(), 300..=399) => {
            let all = match headers.contacts() {
                Ok(Contacts::List(all)) => all.iter().map(|to| user(to.uri())).collect(),
                Ok(Contacts::All) | Err(_) => Vec::new(),
            };
            notes.push(format!("to {}", all.join(", ")));
        }
        Message::Request(_) | Message::Response(_) => {}
    }
    notes
}

/// Whom an address names.
fn user(uri: &Uri) -> String {
    uri.user().unwrap_or_default().to_owned()
}

/// Compares a ladder with its golden file in tests/ladders, or writes the file.
///
/// # Panics
///
/// When they differ, with both pictures and how to accept the new one.
pub fn check(name: &str, about: &str, space: &Space) {
    let mut text: String = about
        .trim()
        .lines()
        .map(|line| format!("# {}\n", line.trim()))
        .collect();
    text += "\n";
    text += &render(space);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ladders");
    let file = folder.join(format!("{name}.ladder"));
    if std::env::var(BLESS).is_ok_and(|value| value == "1") {
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &text));
        written.expect("the folder of ladders can be written");
        return;
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        golden == text,
        "ladder {name} is another one now.\n--- {}\n{golden}\n--- now\n{text}\n\
         If this is what the protocol asks for: `cargo xtask ladder bless`, or \
         `{BLESS}=1 cargo nextest run -p offhook-sim ladders`, and read the diff.",
        file.display(),
    );
}
