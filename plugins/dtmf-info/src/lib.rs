//! Keys in INFO requests, as a plugin. Settings call it `info`.
//!
//! What it is not: it sends nothing and keeps no dialog; it writes and reads bodies. Two kinds are in
//! use, neither ever standardised: `application/dtmf-relay` (`Signal=5`, `Duration=160`) and
//! `application/dtmf` (the key alone). It hears both and sends the one that the options name.
//!
//! Source: RFC 6086 §2 (legacy usage); account key K-066.

use plugin::{Abilities, Dtmf, DtmfHeard, DtmfRequest, DtmfStep, Refusal, Status};
use serde::Deserialize;

/// With both lines.
const RELAY: &str = "application/dtmf-relay";
/// The key alone.
const PLAIN: &str = "application/dtmf";
/// What a gateway makes of a body without duration. Unit: ms.
const USUAL_MS: u32 = 100;
/// Longest that is sent or believed. Unit: ms.
const LONGEST_MS: u32 = 60_000;
/// Shortest that is sent. Unit: ms. Source: ITU-T Q.24.
const SHORTEST_MS: u32 = 40;

/// The method's options, a JSON object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which body is sent.
    pub body: Body,
}

/// Which body is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Body {
    /// `application/dtmf-relay`.
    #[default]
    #[serde(rename = "dtmf-relay")]
    Relay,
    /// `application/dtmf`.
    #[serde(rename = "dtmf")]
    Plain,
}

impl Options {
    /// Reads the options; empty text is the defaults.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("options: {e}")))
    }
}

/// The method. It has no instance: nothing is heard in audio.
#[derive(Debug)]
pub struct Info;

impl Dtmf for Info {
    const NAME: &'static str = "info";
    const ABILITIES: Abilities = Abilities {
        sends_events: false,
        sends_info: true,
        sends_tones: false,
        hears_tones: false,
        hears_info: true,
    };

    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        let options = Options::read(request.options)?;
        if !request.peer_takes_info {
            let why = "the peer's Allow header leaves INFO out";
            return Err(Refusal::new(Status::UNSUPPORTED, why));
        }
        if !is_key(request.key) {
            return Err(Refusal::new(Status::BAD_ARGUMENT, "not on a keypad"));
        }
        let (content_type, body) = match options.body {
            Body::Relay => {
                let ms = request.duration_ms.clamp(SHORTEST_MS, LONGEST_MS);
                let body = format!("Signal={}\r\nDuration={ms}\r\n", request.key);
                (RELAY, body)
            }
            Body::Plain => (PLAIN, request.key.to_string()),
        };
        Ok(vec![DtmfStep::Info {
            at_ms: 0,
            content_type: content_type.to_owned(),
            body,
        }])
    }

    fn hear_info(content_type: &str, body: &str) -> Option<DtmfHeard> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is_relay = kind.eq_ignore_ascii_case(RELAY);
        if !is_relay && !kind.eq_ignore_ascii_case(PLAIN) {
            return None;
        }
        // Some put the lines of dtmf-relay under application/dtmf, and the other way round.
        let signal = field(body, "signal").unwrap_or_else(|| body.trim());
        let duration_ms = field(body, "duration")
            .and_then(|ms| ms.parse().ok())
            .map_or(USUAL_MS, |ms: u32| ms.min(LONGEST_MS));
        Some(DtmfHeard {
            key: key_of(signal)?,
            released: true,
            duration_ms,
        })
    }
}

const fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D' | '!')
}

/// The value of a line `name=value`, whatever blanks stand around it.
fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The key of a signal: itself, or its number as RFC 4733 §3.2 counts.
fn key_of(signal: &str) -> Option<char> {
    let mut letters = signal.chars();
    match (letters.next(), letters.next()) {
        (Some(key), None) => Some(key.to_ascii_uppercase()).filter(|&key| is_key(key)),
        _ => match signal {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            "16" => Some('!'),
            _ => None,
        },
    }
}

plugin::export_dtmf!(
    Info,
    id = "dtmf-info",
    name = "Keys in INFO requests",
    permissions = [],
    config = r#"{"body":{"type":"string","default":"dtmf-relay","values":["dtmf-relay","dtmf"],"help":"which body is sent; both are heard"}}"#
);

#[cfg(test)]
mod tests;
