//! The whole of a call, an account, a plugin, the engine: a UI draws from these alone.

use crate::RecordingSnapshot;
use crate::conference::{InConference, ServerConference};
use crate::lamp::{LampSnapshot, MailboxSnapshot};
use crate::plugin::PluginBuilds;
use crate::receiving::Forwarding;
use crate::transfer::{Returned, TransferSnapshot};
use crate::{
    AccountCause, AccountHandle, CallHandle, EndReason, ErrorObject, KnownName, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which way a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// We dialled.
    Outgoing,
    /// They did.
    Incoming,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Dialled; nothing heard of the far end yet.
    Dialing,
    /// It rings: there when we dialled, here when they did.
    Ringing,
    /// Not answered yet, but sound may already come (183).
    Progress,
    /// Somebody accepted.
    Answered,
    /// Hung up; waiting for the far end to agree.
    Ending,
    /// Over.
    Ended,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// One end of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// Its address, such as `sip:600@pbx.example`.
    pub uri: String,
    /// The name it gives itself, which nobody vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// Whether sound flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// Both ways.
    Flowing,
    /// Only to us.
    OneWayIn,
    /// Only from us.
    OneWayOut,
    /// Neither way.
    None,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// How sound travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSnapshot {
    /// Whether it flows.
    pub state: MediaState,
    /// Encoding name, such as `PCMU`.
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
}

/// Figures of the sound, over the last report.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Estimated listening quality (ITU-T G.107). Range: 1.0 to 4.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<f32>,
    /// Rating factor R (ITU-T G.107). Range: 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r: Option<f32>,
    /// Packets lost of those expected. Unit: %.
    pub loss_pct: f32,
    /// Longest run of lost packets.
    pub burst: u32,
    /// Interarrival jitter (RFC 3550 §6.4.1). Unit: ms.
    pub jitter_ms: f32,
    /// Round trip, from RTCP. Unit: ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f32>,
    /// Depth of the jitter buffer. Unit: ms.
    pub jb_ms: f32,
    /// Packets whose sound was made up, of those expected: lost, late, or not to be decoded. Unit: %.
    pub concealed_pct: f32,
    /// Packets received since the call began.
    pub packets_in: u64,
    /// Packets sent since the call began.
    pub packets_out: u64,
    /// Level of what we hear. Unit: dBov.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_in_db: Option<f32>,
    /// Level of what we say. Unit: dBov.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_out_db: Option<f32>,
    /// Times that our own machine came more than 5 ms too late to carry the sound.
    #[serde(default, skip_serializing_if = "is_none_late")]
    pub late_ticks: u64,
    /// How late at most. Unit: ms.
    #[serde(default, skip_serializing_if = "is_no_time")]
    pub longest_stall_ms: f32,
}

fn is_none_late(count: &u64) -> bool {
    *count == 0
}

fn is_no_time(ms: &f32) -> bool {
    *ms <= 0.0
}

/// The whole of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallSnapshot {
    /// Its name.
    pub call: CallHandle,
    /// The account it belongs to; none when the engine answers without accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Who dialled.
    pub direction: CallDirection,
    /// Where it stands.
    pub state: CallState,
    /// Who called.
    pub from: Party,
    /// Who was called.
    pub to: Party,
    /// When it began.
    pub created: Timestamp,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// It rings, but is not to be heard ringing here.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub silenced: bool,
    /// Our microphone is silenced.
    #[serde(default)]
    pub muted: bool,
    /// The far end holds us.
    #[serde(default)]
    pub held_by_remote: bool,
    /// We hold the far end.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub held_by_local: bool,
    /// The conversation with others that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<InConference>,
    /// The conference of a server that this call is with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_conference: Option<Box<ServerConference>>,
    /// How sound travels, once agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaSnapshot>,
    /// Figures of the sound, once there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Its recording, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Box<RecordingSnapshot>>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndReason>,
    /// The Call-ID header: what to look for in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// Who the other end is by our own lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownName>,
    /// It was handed on or parked from here, and comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Box<Returned>>,
}

impl CallSnapshot {
    /// A call as it begins: dialling, or ringing here.
    pub fn begun(
        call: CallHandle,
        account: Option<AccountHandle>,
        direction: CallDirection,
        (from, to): (Party, Party),
        created: Timestamp,
    ) -> Self {
        let state = match direction {
            CallDirection::Outgoing => CallState::Dialing,
            CallDirection::Incoming => CallState::Ringing,
        };
        Self {
            call,
            account,
            direction,
            state,
            from,
            to,
            created,
            answered: None,
            ended: None,
            silenced: false,
            muted: false,
            held_by_remote: false,
            held_by_local: false,
            conference: None,
            server_conference: None,
            media: None,
            quality: None,
            end: None,
            recording: None,
            sip_call_id: None,
            known: None,
            returned: None,
        }
    }
}

/// Where an account stands with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Not registered, on purpose.
    Unregistered,
    /// Asking.
    Registering,
    /// Calls arrive.
    Registered,
    /// It did not work; it is tried again unless the server said why not.
    Failed,
    /// Taking leave.
    Unregistering,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSnapshot {
    /// Its id.
    pub account: AccountHandle,
    /// Its address of record, such as `sip:101@pbx.example`.
    pub aor: String,
    /// Where it stands.
    pub state: AccountState,
    /// Used for outgoing calls that name no account.
    #[serde(default)]
    pub is_default: bool,
    /// Transport in use: `udp` or `tcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Address of the server in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Name of the registrar in use, as it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The server that stands by is in use.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub on_standby: bool,
    /// Address and port that are registered: where the server sends what is for the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Lifetime that the server granted. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_s: Option<u32>,
    /// When the registration ends unless it is renewed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How long the server took to answer last. Unit: ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
    /// Since when it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is tried again. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_s: Option<u32>,
    /// Its calls are refused: somebody switched do not disturb on.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub do_not_disturb: bool,
    /// Where its calls are sent.
    #[serde(default, skip_serializing_if = "Forwarding::is_off")]
    pub forwarding: Forwarding,
    /// Why it is not registered, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<AccountCause>,
    /// Why it is not registered, in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Where a plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginState {
    /// In use.
    Loaded,
    /// Not loaded, with a reason.
    Refused,
    /// Fenced off after a fault.
    Crashed,
    /// Late too often in a call, and passed over there.
    Bypassed,
    /// Switched off by a command, or after two starts that ended uncleanly because of it.
    Disabled,
    /// Failed too often within a short time.
    Quarantined,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginSnapshot {
    /// Its id, such as `codec-g711`.
    pub id: String,
    /// Its kind, such as `codec`.
    pub kind: String,
    /// Its own version.
    pub version: String,
    /// Version of the plugin interface it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// Where it stands.
    pub state: PluginState,
    /// `built-in`, `in-process` or `isolated`.
    pub trust: String,
    /// Its file, unless built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// SHA-256 of its file, in hexadecimal, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// For an isolated one: which limits this system does not put it under, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unguarded: Vec<String>,
    /// Its builds, if it was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builds: Option<PluginBuilds>,
    /// Why it is not in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// What a plugin costs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PluginCost {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Instances that are open.
    pub open: u64,
    /// Calls that entered it.
    pub calls: u64,
    /// Calls that it answered with a failure.
    pub failures: u64,
    /// Calls that took longer than they may, each counted. 0 where calls are not timed.
    pub misses: u64,
    /// Instances that were bypassed or panicked.
    pub shut: u64,
    /// How often its process failed, where it has one of its own.
    #[serde(default)]
    pub faults: u64,
    /// Half of the calls were no longer. Unit: ns, rounded up by a quarter at most.
    pub p50_ns: u64,
    /// Of a hundred calls 99 were no longer. Unit: as `p50_ns`.
    pub p99_ns: u64,
    /// The longest call. Unit: ns.
    pub longest_ns: u64,
    /// Numbers of its own, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, i64>,
    /// The same of what is open, by call and place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<SeatCost>,
}

/// What a plugin costs where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeatCost {
    /// The call that it serves, where it serves one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
    /// Where sound passes it, in words such as `microphone 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Calls that entered it.
    pub calls: u64,
    /// Calls that it answered with a failure.
    pub failures: u64,
    /// Calls that took longer than they may, each counted.
    pub misses: u64,
    /// Half of the calls were no longer. Unit: ns, rounded up by a quarter at most.
    pub p50_ns: u64,
    /// Of a hundred calls 99 were no longer. Unit: as `p50_ns`.
    pub p99_ns: u64,
    /// The longest call. Unit: ns.
    pub longest_ns: u64,
}

/// Where a plugin was looked for, and what each candidate came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PluginTries {
    /// The id that was asked for.
    pub id: String,
    /// Folders that were searched, in order.
    pub searched: Vec<String>,
    /// Every plugin and file that it may be.
    pub candidates: Vec<PluginSnapshot>,
}

/// Where the engine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineState {
    /// All parts run.
    Running,
    /// A part failed too often and stays down.
    Degraded,
    /// Taking leave.
    Stopping,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// The whole of the engine. With it, a UI that knows nothing knows everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineSnapshot {
    /// The engine's version.
    pub version: String,
    /// The profile it runs.
    pub profile: String,
    /// Where it stands.
    pub state: EngineState,
    /// When it started.
    pub started: Timestamp,
    /// What it listens on, such as `udp:127.0.0.1:5060`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listening: Vec<String>,
    /// All accounts, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSnapshot>,
    /// All calls that are not over, by age.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallSnapshot>,
    /// All transfers that are not over, by call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<TransferSnapshot>,
    /// All lamps, by account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lamps: Vec<LampSnapshot>,
    /// What waits in mailboxes, by account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailboxes: Vec<MailboxSnapshot>,
    /// All plugins, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginSnapshot>,
    /// What the system granted the threads that carry sound: `realtime`, `high`, `normal`, or
    /// `withdrawn` where they took too much. None in an engine without sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_priority: Option<String>,
    /// What is wrong, while it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<ErrorObject>,
}
