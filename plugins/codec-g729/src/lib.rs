//! G.729 as a plugin, over a libbcg729 that the person installed: nothing of it is linked or shipped.
//!
//! What it is not: a codec of its own. Without the library it refuses to start, and says what to install.
//!
//! | file | holds |
//! | --- | --- |
//! | [`library`] | libbcg729 found while running: the only file with foreign calls |
//! | `packet` | frames of speech and noise in one packet |

pub mod library;
mod packet;

use library::{Bcg729, Decoder, Encoder};
use plugin::{Codec, CodecRequest, FmtpRule, Format, Host, Refusal, RuleKind, Status};
use serde_json::{Map, Value};

/// A stream, both ways.
#[derive(Debug)]
pub struct G729 {
    encoder: Encoder,
    decoder: Decoder,
}

fn library() -> Result<std::sync::Arc<Bcg729>, Refusal> {
    Bcg729::system().map_err(|why| Refusal::new(Status::UNAVAILABLE, why))
}

fn memory() -> Refusal {
    Refusal::new(Status::FAILED, "libbcg729 has no memory for a stream")
}

/// Whether the options want annex B: silence described instead of sent.
fn wants_annex_b(options: &str) -> Result<bool, Refusal> {
    let wrong = |what: String| Refusal::new(Status::BAD_ARGUMENT, what);
    let fields: Map<String, Value> = match options.trim() {
        "" => Map::new(),
        text => serde_json::from_str(text).map_err(|why| wrong(format!("options: {why}")))?,
    };
    if let Some(key) = fields.keys().find(|key| *key != "annexb") {
        return Err(wrong(format!(
            "{key}: there is no such option, allowed: annexb"
        )));
    }
    match fields.get("annexb") {
        None => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(Value::String(text)) if text == "yes" => Ok(true),
        Some(Value::String(text)) if text == "no" => Ok(false),
        Some(other) => Err(wrong(format!(
            "annexb: value '{other}' is not valid, allowed: yes, no"
        ))),
    }
}

/// Whether the agreed fmtp allows annex B, which it does where it is silent. Source: RFC 4856 §2.1.9.
fn allows_annex_b(fmtp: &str) -> bool {
    let mut pairs = fmtp.split(';').filter_map(|part| part.split_once('='));
    let said = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("annexb"));
    said.is_none_or(|(_, value)| !value.trim().eq_ignore_ascii_case("no"))
}

impl Codec for G729 {
    const FORMATS: &'static [Format] = &[Format {
        name: "G729",
        payload_type: Some(18),
        max_payload: 202,
        conceals: true,
        goes_silent: true,
        fmtp: "annexb=no",
        // Only where both sides have it. Source: RFC 7261 §3.1.
        rules: &[FmtpRule::new("annexb", "yes", RuleKind::Both)],
        ..Format::NARROWBAND
    }];

    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        library().map(drop)
    }

    fn fmtp(_format: usize, options: &str) -> Result<String, Refusal> {
        let word = if wants_annex_b(options)? { "yes" } else { "no" };
        Ok(format!("annexb={word}"))
    }

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        let silence = wants_annex_b(request.options)? && allows_annex_b(request.fmtp);
        let library = library()?;
        Ok(Self {
            encoder: Encoder::new(&library, silence).ok_or_else(memory)?,
            decoder: Decoder::new(&library).ok_or_else(memory)?,
        })
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        packet::encode(&mut self.encoder, pcm, payload)
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        packet::decode(&mut self.decoder, payload, pcm)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        Ok(packet::conceal(&mut self.decoder, pcm))
    }
}

plugin::export_codec!(
    G729,
    id = "codec-g729",
    name = "G.729 (libbcg729)",
    config = r#"{"annexb":{"type":"string","default":"no","values":["no","yes"],"help":"Describe silence instead of sending it."}}"#,
    trust = "isolated",
);
