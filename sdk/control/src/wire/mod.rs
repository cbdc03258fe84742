//! The control socket: one JSON object a line, both ways.
//!
//! ```text
//! > {"op":"hello","version":1,"filter":["call.*"]}
//! < {"op":"welcome","version":1,"engine":"0.1.0","features":["calls", …],"seq":41}
//! > {"op":"call","id":"r1","key":"k-77","command":"dial","body":{"to":"600"}}
//! < {"op":"reply","id":"r1","command":17,"ok":{"kind":"call","call":{…}}}
//! < {"seq":42,"ts":"…","type":"call.created","call":"c7k2","command":17,"data":{…}}
//! ```
//!
//! Unknown fields are skipped, unknown ops and events too; an unknown command is refused by name.

#[cfg(test)]
mod tests;

use crate::command::Body;
use crate::event::Filter;
use crate::{Code, Command, CommandId, ErrorObject, Event, IdempotencyKey, Reply};
use crate::{EngineSnapshot, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of these words. A greater number may leave words out; it never reuses one.
pub const VERSION: u32 = 1;
/// Longest line of a client. Unit: bytes. A longer one ends the connection.
pub const MAX_LINE: usize = 1024 * 1024;
/// Longest line of the engine. Unit: bytes. A whole snapshot is one line, and a call takes half a
/// kilobyte of it: room for all calls of the largest profile, several times over.
pub const MAX_TOLD: usize = 16 * 1024 * 1024;
/// What this version of the words offers.
pub const FEATURES: &[&str] = &[
    "accounts",
    "calls",
    "dtmf",
    "events",
    "ladder",
    "mute",
    "plugins",
    "recording",
    "resume",
    "snapshots",
];

/// What a client says.
#[derive(Debug, Clone, PartialEq)]
pub enum ToEngine {
    /// The first line.
    Hello(Hello),
    /// A command.
    Call(Call),
    /// Something newer: to be skipped.
    Unknown(String),
}

/// The client's first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Newest version that the client speaks.
    pub version: u32,
    /// What lets it in, where that is not the socket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Send events from after this sequence number on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<u64>,
    /// Send these events. `None`: none until asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

/// A command with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Chosen by the client; the reply has the same.
    pub id: String,
    /// The same key again is not carried out again.
    pub key: Option<IdempotencyKey>,
    /// What to do.
    pub command: Command,
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq)]
pub enum ToClient {
    /// Its first line.
    Welcome(Welcome),
    /// What came of a command at once.
    Reply(ReplyTo),
    /// What happened.
    Event(Box<Event>),
    /// Something newer: to be skipped.
    Unknown(String),
}

/// The engine's first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Version spoken on this connection: the lower of both.
    pub version: u32,
    /// The engine's own version.
    pub engine: String,
    /// What it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Sequence number of the last event before this.
    pub seq: u64,
    /// The whole engine, unless the client resumes without a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<EngineSnapshot>>,
}

/// What came of a command at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The client's id for it. `None`: the line could not be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The engine's number for it, which its events carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// It worked so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Reply>,
    /// It did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Why a line cannot be used. The connection goes on, but for a line that is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_LINE`] or [`MAX_TOLD`].
    #[error("the line is longer than {longest} bytes")]
    TooLong {
        /// What it may be. Unit: bytes.
        longest: usize,
    },
    /// Not one JSON object.
    #[error("the line is not one JSON object: {0}")]
    NotAnObject(String),
    /// A field is missing or has a wrong value.
    #[error("{what}: {why}")]
    BadField {
        /// The op or command.
        what: String,
        /// What is wrong with it.
        why: String,
        /// Id of the call, so that it can be replied to.
        id: Option<String>,
    },
    /// No command has this name.
    #[error("there is no command '{name}'")]
    UnknownCommand {
        /// The name.
        name: String,
        /// Id of the call.
        id: Option<String>,
    },
}

impl Error {
    /// The reply that tells the client.
    pub fn reply(&self) -> ReplyTo {
        let (code, id) = match self {
            Self::TooLong { .. } | Self::NotAnObject(_) => (Code::BAD_CONTROL_LINE, None),
            Self::BadField { id, .. } => (Code::BAD_CONTROL_LINE, id.clone()),
            Self::UnknownCommand { id, .. } => (Code::UNKNOWN_COMMAND, id.clone()),
        };
        ReplyTo {
            id,
            command: None,
            ok: None,
            error: Some(ErrorObject::new(code, self.to_string())),
        }
    }
}

impl ReplyTo {
    /// The outcome as one value. A reply that is neither counts as bad.
    pub fn outcome(self) -> Result<Reply, ErrorObject> {
        match (self.ok, self.error) {
            (_, Some(error)) => Err(error),
            (Some(reply), None) => Ok(reply),
            (None, None) => Err(ErrorObject::new(
                Code::BAD_CONTROL_LINE,
                "the reply says neither ok nor error",
            )),
        }
    }
}

/// The version to speak with a client that speaks up to `theirs`. `None`: nothing in common.
pub const fn common_version(theirs: u32) -> Option<u32> {
    if theirs == 0 {
        None
    } else if theirs < VERSION {
        Some(theirs)
    } else {
        Some(VERSION)
    }
}

#[derive(Deserialize)]
struct RawCall {
    id: String,
    key: Option<IdempotencyKey>,
    command: String,
    #[serde(default)]
    body: Value,
}

#[derive(Serialize)]
struct WrittenCall<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: &'a Option<IdempotencyKey>,
    command: &'a str,
    body: Body<'a>,
}

impl ToEngine {
    /// Reads one line, with or without its end.
    pub fn read(line: &[u8]) -> Result<Self, Error> {
        let object = object(line, MAX_LINE)?;
        let op = text(&object, "op").unwrap_or_default();
        match op.as_str() {
            "hello" => field("hello", object).map(Self::Hello),
            "call" => {
                let id = text(&object, "id");
                let raw: RawCall = field("call", object)?;
                let command = Command::from_value(&raw.command, raw.body).ok_or_else(|| {
                    Error::UnknownCommand {
                        name: raw.command.clone(),
                        id: id.clone(),
                    }
                })?;
                let command = command.map_err(|why| Error::BadField {
                    what: raw.command,
                    why: why.to_string(),
                    id,
                })?;
                Ok(Self::Call(Call {
                    id: raw.id,
                    key: raw.key,
                    command,
                }))
            }
            _ => Ok(Self::Unknown(op)),
        }
    }

    /// Writes one line with its end. Nothing is written for what is unknown.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Self::Hello(hello) => line(Some("hello"), hello),
            Self::Call(call) => {
                let written = WrittenCall {
                    id: &call.id,
                    key: &call.key,
                    command: call.command.name(),
                    body: Body(&call.command),
                };
                line(Some("call"), &written)
            }
            Self::Unknown(_) => Vec::new(),
        }
    }
}

impl ToClient {
    /// Reads one line, with or without its end.
    pub fn read(line: &[u8]) -> Result<Self, Error> {
        let object = object(line, MAX_TOLD)?;
        let Some(op) = text(&object, "op") else {
            return field("event", object).map(Self::Event);
        };
        match op.as_str() {
            "welcome" => field("welcome", object).map(Self::Welcome),
            "reply" => field("reply", object).map(Self::Reply),
            _ => Ok(Self::Unknown(op)),
        }
    }

    /// Writes one line with its end. Nothing is written for what is unknown.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Self::Welcome(welcome) => line(Some("welcome"), welcome),
            Self::Reply(reply) => line(Some("reply"), reply),
            Self::Event(event) => line(None, event),
            Self::Unknown(_) => Vec::new(),
        }
    }
}

fn object(line: &[u8], longest: usize) -> Result<Value, Error> {
    if line.len() > longest {
        return Err(Error::TooLong { longest });
    }
    let value: Value =
        serde_json::from_slice(line).map_err(|why| Error::NotAnObject(why.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Error::NotAnObject("another kind of value".to_owned()))
    }
}

fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

fn field<T: for<'de> Deserialize<'de>>(what: &str, object: Value) -> Result<T, Error> {
    let id = text(&object, "id");
    serde_json::from_value(object).map_err(|why| Error::BadField {
        what: what.to_owned(),
        why: why.to_string(),
        id,
    })
}

fn line(op: Option<&str>, word: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        #[serde(skip_serializing_if = "Option::is_none")]
        op: Option<&'a str>,
        #[serde(flatten)]
        word: &'a T,
    }
    let written = serde_json::to_vec(&Tagged { op, word });
    let mut bytes = written.expect("our words have string keys and nothing that can fail");
    bytes.push(b'\n');
    bytes
}
