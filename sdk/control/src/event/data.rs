//! What each event carries. Names and fields as scripts know them; fields are only added.

use crate::snapshot::{AccountSnapshot, CallDirection, CallSnapshot, EngineSnapshot};
use crate::snapshot::{MediaState, PluginSnapshot, Quality};
use crate::{AccountCause, CallHandle, Code, EndCause, EndedBy, ErrorObject, KnownName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The engine started, stops, or lost a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineChange {
    /// The engine's version.
    pub version: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// The whole engine after it.
    pub snapshot: EngineSnapshot,
}

/// An account's standing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// Lifetime that the server granted. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_s: Option<u32>,
    /// Transport in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Address of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How long the server took to answer. Unit: ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
    /// The server's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// The server's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<AccountCause>,
    /// When it is tried again. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_s: Option<u32>,
    /// Why it failed, in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// The whole account after it.
    pub snapshot: AccountSnapshot,
}

impl AccountChange {
    /// The change that the snapshot shows.
    pub fn of(snapshot: AccountSnapshot) -> Self {
        let error = snapshot.error.clone();
        Self {
            expires_s: snapshot.expires_s,
            transport: snapshot.transport.clone(),
            server: snapshot.server.clone(),
            rtt_ms: snapshot.rtt_ms,
            sip_status: error.as_ref().and_then(|error| error.sip_status),
            reason: None,
            cause: snapshot.cause,
            next_try_s: snapshot.next_try_s,
            error,
            snapshot,
        }
    }
}

/// A call was made, either way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallCreated {
    /// Who dialled.
    pub direction: CallDirection,
    /// Address of the caller.
    pub from: String,
    /// Address of the called.
    pub to: String,
    /// Name the far end gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Headers that the settings let through, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Somebody calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallIncoming {
    /// Address of the caller.
    pub from: String,
    /// Name the caller gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Address that was called.
    pub to: String,
    /// Who sent the call on (RFC 5806, RFC 7044).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverted_by: Option<String>,
    /// The ring that the caller's server asks for (RFC 3261 §20.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_info: Option<String>,
    /// Answer by itself after this. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_after_s: Option<u32>,
    /// The call whose place it takes: it is answered by itself, and that one ends (RFC 3891).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<CallHandle>,
    /// Whether somebody vouches for the caller's address.
    #[serde(default)]
    pub verified: bool,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// A call that rings makes no sound here any more; its caller goes on hearing that it rings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallSilenced {
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Our INVITE went out. A call that ends without this one asked nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallSent {
    /// First choice among the addresses of the next hop, with its port.
    pub address: String,
    /// How it travels there: `udp`, `tcp`.
    pub transport: String,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// It rings, or something is heard before the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRinging {
    /// Sound of the far end may already come.
    #[serde(default)]
    pub early_media: bool,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Who accepted a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// Someone at a UI; for outgoing calls, the far end.
    User,
    /// A rule.
    Auto,
    /// A program.
    Api,
    /// A headset's key.
    Headset,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// A call was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallAnswered {
    /// Who accepted.
    pub by: AnsweredBy,
    /// From dialling to the answer. Unit: ms.
    pub setup_ms: u64,
    /// Encoding name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// How sound is encrypted: `none`, or the method.
    pub security: String,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Sound began, stopped, or travels differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallMedia {
    /// Whether it flows.
    pub state: MediaState,
    /// Encoding name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// RTP clock. Unit: Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<u32>,
    /// Packet time we send. Unit: ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ptime: Option<u16>,
    /// How it is encrypted: `none`, or the method.
    pub security: String,
    /// Our RTP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// Theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Which side did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// This phone.
    Local,
    /// The far end.
    Remote,
}

/// The call is held, or goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallHold {
    /// By whom.
    pub by: Side,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Our microphone was silenced, or opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallMute {
    /// Whether it is silenced now.
    pub muted: bool,
    /// What did it: `command`, `headset`, ….
    pub source: String,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// A tone for the person began or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToneChange {
    /// What it tells: `trying`, `ringing`, `waiting`, `end`, `busy`, `failed`, `keys`; `ringtone` and `message`.
    pub tone: String,
    /// Where it sounds: `speaker`, or `ring`, where the phone rings.
    pub place: String,
}

/// What others do is heard here no more, or again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietChange {
    /// Nothing rings.
    pub on: bool,
}

/// How a digit travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DtmfMethod {
    /// As RTP event (RFC 4733).
    Rtp,
    /// In a SIP INFO.
    Info,
    /// As tones in the sound.
    Inband,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// A digit was sent or heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDtmf {
    /// One of 0-9 * # A-D.
    pub digit: char,
    /// How long it lasted. Unit: ms.
    pub duration_ms: u32,
    /// How it travelled.
    pub method: DtmfMethod,
    /// Who sent it: `local` means we did.
    pub direction: Side,
}

/// Our own lists know who the other end is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallNamed {
    /// Who, and by which list.
    #[serde(flatten)]
    pub known: KnownName,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Figures of the sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallQuality {
    /// The figures.
    #[serde(flatten)]
    pub quality: Quality,
    /// The whole call after it.
    pub snapshot: CallSnapshot,
}

/// Something about a call is not as it should be; the call goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallWarning {
    /// Which error of the index.
    pub code: Code,
    /// What and why.
    pub text: String,
    /// What to do.
    pub fix: String,
}

/// A page is to be opened in the browser for the number that was dialled; the call ends, redirected (K-220).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOpenUrl {
    /// Its address: http or https, without a login.
    pub url: String,
}

/// A call is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEnded {
    /// Who ended it.
    pub by: EndedBy,
    /// Why, in one word.
    pub cause: EndCause,
    /// The final SIP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// The peer's Reason header, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_header: Option<String>,
    /// Its cause by the numbers of the telephone network (Q.850), where it says one. Range: 1 to 127.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850_cause: Option<u16>,
    /// Its text for people, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    /// From the answer to the end; 0 when it was not answered. Unit: ms.
    pub duration_ms: u64,
    /// Mean quality. Range: 1.0 to 4.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_avg: Option<f32>,
    /// Encoding name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Why it failed, in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// The whole call after it: the last that is told of it.
    pub snapshot: CallSnapshot,
}

/// A plugin was loaded, refused, fenced off, or was late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginChange {
    /// Its id.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Version of the plugin interface it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// Where it stood, of an event about one place: `codec`, `audio`, `recorder`, `listener` for keys in the audio,
    /// `microphone 1` or `speaker 2` for a filter, counted as sound passes them; of other kinds the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Which error of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Code>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The whole plugin after it.
    pub snapshot: PluginSnapshot,
}

/// The receiver fell behind: events `from` to `to` were dropped, and this is how things stand now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamLagged {
    /// Sequence number of the first that was dropped.
    pub from: u64,
    /// Sequence number of the last that was dropped.
    pub to: u64,
    /// How many were dropped.
    pub missed: u64,
    /// The whole engine after them.
    pub snapshot: EngineSnapshot,
}

/// A call that was dropped because of where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRefused {
    /// Address and port it came from.
    pub source: String,
    /// The setting that decided so: `udp_from_unknown`.
    pub because: String,
    /// Requests dropped so far, from all sources. Unit: requests.
    pub refused: u64,
}
