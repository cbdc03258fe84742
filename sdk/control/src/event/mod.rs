//! What is told: one envelope for all events, one name and one kind of data for each.

mod data;
#[cfg(test)]
pub(crate) mod tests;

pub use data::{
    AccountChange, AnsweredBy, CallAnswered, CallCreated, CallDtmf, CallEnded, CallHold,
    CallIncoming, CallMedia, CallMute, CallNamed, CallOpenUrl, CallQuality, CallRinging, CallSent,
    CallSilenced, CallWarning, DtmfMethod, EngineChange, PluginChange, QuietChange, Side,
    SourceRefused, StreamLagged, ToneChange,
};

use crate::conference::CallConference;
use crate::contacts::{
    ContactsChanged, DirectoryChange, FavouritesChanged, StoreChange, XcapChange,
};
use crate::history::HistoryChanged;
use crate::lamp::{LampChange, MailboxSnapshot};
use crate::message::{MessagesMarked, TextMessage};
use crate::presence::PresenceSnapshot;
use crate::recording::RecordingChange;
use crate::transfer::TransferSnapshot;
use crate::watcher::WatcherSnapshot;
use crate::{AccountHandle, CallHandle, CommandId, Timestamp};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// One event. JSON: `{"seq":…,"ts":…,"type":…,"account":…,"call":…,"command":…,"data":{…}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Engine-wide, from 1, without gaps, given before anything is dropped or merged.
    pub seq: u64,
    /// When it happened.
    pub ts: Timestamp,
    /// The account it is about.
    pub account: Option<AccountHandle>,
    /// The call it is about.
    pub call: Option<CallHandle>,
    /// The command that caused it.
    pub command: Option<CommandId>,
    /// What happened.
    pub body: EventBody,
}

#[derive(Deserialize)]
struct Envelope {
    seq: u64,
    ts: Timestamp,
    #[serde(rename = "type")]
    name: String,
    account: Option<AccountHandle>,
    call: Option<CallHandle>,
    command: Option<CommandId>,
    #[serde(default)]
    data: Value,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:literal $variant:ident $data:ty;)*) => {
        /// What happened, with all that belongs to it.
        #[derive(Debug, Clone, PartialEq)]
        pub enum EventBody {
            $($(#[$doc])* $variant(Box<$data>),)*
            /// An event of a newer engine: to be skipped.
            Unknown {
                /// Its name.
                name: String,
                /// What it carries.
                data: Value,
            },
        }

        /// Names of all events, in the order of the table in the crate's README.
        pub const NAMES: &[&str] = &[$($name),*];

        impl EventBody {
            /// Its name, such as `call.answered`.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Unknown { name, .. } => name,
                }
            }

            fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Self::$variant(data) => map.serialize_entry("data", data),)*
                    Self::Unknown { data, .. } => map.serialize_entry("data", data),
                }
            }

            fn from_value(name: String, data: Value) -> serde_json::Result<Self> {
                Ok(match name.as_str() {
                    $($name => Self::$variant(serde_json::from_value(data)?),)*
                    _ => Self::Unknown { name, data },
                })
            }
        }
    };
}

events! {
    /// The engine runs.
    "engine.started" EngineStarted EngineChange;
    /// The engine takes leave.
    "engine.stopping" EngineStopping EngineChange;
    /// A part failed too often and stays down, or came back.
    "engine.degraded" EngineDegraded EngineChange;
    /// An account was set up.
    "account.added" AccountAdded AccountChange;
    /// An account was taken away.
    "account.removed" AccountRemoved AccountChange;
    /// An account asks its server.
    "account.registering" AccountRegistering AccountChange;
    /// Calls reach the account.
    "account.registered" AccountRegistered AccountChange;
    /// Do not disturb or forwarding was switched.
    "account.changed" AccountChanged AccountChange;
    /// The registration goes on for as long as was granted.
    "account.renewed" AccountRenewed AccountChange;
    /// They do not.
    "account.failed" AccountFailed AccountChange;
    /// They do not, on purpose.
    "account.unregistered" AccountUnregistered AccountChange;
    /// A call was made, either way.
    "call.created" CallCreated CallCreated;
    /// Our INVITE went out.
    "call.sent" CallSent CallSent;
    /// Somebody calls.
    "call.incoming" CallIncoming CallIncoming;
    /// It rings on, but not here: somebody wants to hear no more of it.
    "call.silenced" CallSilenced CallSilenced;
    /// It rings.
    "call.ringing" CallRinging CallRinging;
    /// Something is heard before the answer.
    "call.progress" CallProgress CallRinging;
    /// Somebody accepted.
    "call.answered" CallAnswered CallAnswered;
    /// Sound began, stopped, or travels differently.
    "call.media" CallMedia CallMedia;
    /// The call is held.
    "call.hold" CallHold CallHold;
    /// The call goes on.
    "call.resumed" CallResumed CallHold;
    /// The call is in a conversation with others, or that changed.
    "call.merged" CallMerged CallConference;
    /// The call is in no conversation with others any more.
    "call.split" CallSplit CallConference;
    /// Who is in the conference of a server that the call is with.
    "call.participants" CallParticipants CallConference;
    /// Our microphone was silenced, or opened.
    "call.mute" CallMute CallMute;
    /// A tone tells the person how a call stands, or that somebody calls or wrote, from now on.
    "tone.started" ToneStarted ToneChange;
    /// It sounds no more.
    "tone.stopped" ToneStopped ToneChange;
    /// Calls ring unheard and messages come without a sound from now on, or no longer.
    "quiet.changed" QuietChanged QuietChange;
    /// A digit was sent or heard.
    "call.dtmf" CallDtmf CallDtmf;
    /// Our own lists know who the other end is.
    "call.named" CallNamed CallNamed;
    /// Figures of the sound, every 5 s.
    "call.quality" CallQuality CallQuality;
    /// A call is to be handed on: by us, or the far end wants us to go.
    "call.transfer.requested" TransferRequested TransferSnapshot;
    /// How far that is.
    "call.transfer.progress" TransferProgress TransferSnapshot;
    /// The two speak with each other.
    "call.transfer.done" TransferDone TransferSnapshot;
    /// They do not: the call is back, or lost, with the reason.
    "call.transfer.failed" TransferFailed TransferSnapshot;
    /// Something is not as it should be.
    "call.warning" CallWarning CallWarning;
    /// Nobody is called: whoever shows the phone opens this page.
    "call.open_url" CallOpenUrl CallOpenUrl;
    /// A call is over.
    "call.ended" CallEnded CallEnded;
    /// The file is open.
    "recording.started" RecordingStarted RecordingChange;
    /// What is said is left out from here on.
    "recording.paused" RecordingPaused RecordingChange;
    /// It is kept again.
    "recording.resumed" RecordingResumed RecordingChange;
    /// Sound is missing against our will.
    "recording.gap" RecordingGap RecordingChange;
    /// The file is whole.
    "recording.stopped" RecordingStopped RecordingChange;
    /// It could not begin, or ended before it should.
    "recording.failed" RecordingFailed RecordingChange;
    /// A lamp shows something else, or is new, or is watched no longer.
    "blf.changed" BlfChanged LampChange;
    /// Something else waits in a mailbox, or that is no longer known.
    "mwi.changed" MwiChanged MailboxSnapshot;
    /// Somebody wrote.
    "message.received" MessageReceived TextMessage;
    /// A message of ours goes out, got there, or did not.
    "message.changed" MessageChanged TextMessage;
    /// What they wrote was read here.
    "message.read" MessageRead MessagesMarked;
    /// Messages were taken away.
    "message.deleted" MessageDeleted MessagesMarked;
    /// Own presence is another one, or the server has it now, or no longer.
    "presence.changed" PresenceChanged PresenceSnapshot;
    /// Somebody watches the person here, by another right than before, or no longer.
    "watcher.changed" WatcherChanged WatcherSnapshot;
    /// A plugin is in use.
    "plugin.loaded" PluginLoaded PluginChange;
    /// A plugin is not used.
    "plugin.refused" PluginRefused PluginChange;
    /// A plugin was fenced off.
    "plugin.crashed" PluginCrashed PluginChange;
    /// A plugin was late and was passed over.
    "plugin.deadline_missed" PluginDeadlineMissed PluginChange;
    /// A plugin's process failed, and is started again; told for each call that it served.
    "plugin.faulted" PluginFaulted PluginChange;
    /// A plugin's process failed too often within a short time, and is left out; told as `plugin.faulted`.
    "plugin.quarantined" PluginQuarantined PluginChange;
    /// A newer build of a plugin took its place, and did well in the calls that tried it.
    "plugin.replaced" PluginReplaced PluginChange;
    /// A newer build failed in a call; the one before has its place again.
    "plugin.rolled_back" PluginRolledBack PluginChange;
    /// A person switched a plugin off while the engine runs; told for each call that it stood in.
    "plugin.disabled" PluginDisabled PluginChange;
    /// A plugin that was switched off so is in use again.
    "plugin.enabled" PluginEnabled PluginChange;
    /// Somebody who may not call did; told once a minute of each source.
    "source.refused" SourceRefused SourceRefused;
    /// A record is new, different or gone.
    "history.changed" HistoryChanged HistoryChanged;
    /// A contact is new, different or gone.
    "contacts.changed" ContactsChanged ContactsChanged;
    /// Profiles or favourites changed.
    "favourites.changed" FavouritesChanged FavouritesChanged;
    /// History and contacts cannot be kept on disk, or not all of it.
    "store.failed" StoreFailed StoreChange;
    /// They can again, and nothing waits any more.
    "store.mended" StoreMended StoreChange;
    /// A directory cannot be asked; it is tried again, after a while that doubles up to a minute.
    "directory.failed" DirectoryFailed DirectoryChange;
    /// It answers again.
    "directory.mended" DirectoryMended DirectoryChange;
    /// The server of an account does not keep its person's profiles; it is tried again, after a while that doubles up to
    /// a minute.
    "xcap.failed" XcapFailed XcapChange;
    /// It does again.
    "xcap.mended" XcapMended XcapChange;
    /// The receiver fell behind.
    "stream.lagged" StreamLagged StreamLagged;
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seq", &self.seq)?;
        map.serialize_entry("ts", &self.ts)?;
        map.serialize_entry("type", self.body.name())?;
        if let Some(account) = &self.account {
            map.serialize_entry("account", account)?;
        }
        if let Some(call) = &self.call {
            map.serialize_entry("call", call)?;
        }
        if let Some(command) = &self.command {
            map.serialize_entry("command", command)?;
        }
        self.body.write(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let envelope = Envelope::deserialize(deserializer)?;
        let body = EventBody::from_value(envelope.name, envelope.data);
        Ok(Self {
            seq: envelope.seq,
            ts: envelope.ts,
            account: envelope.account,
            call: envelope.call,
            command: envelope.command,
            body: body.map_err(serde::de::Error::custom)?,
        })
    }
}

/// Which events somebody wants: names, or beginnings such as `call.*`. Empty: all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filter(pub Vec<String>);

impl Filter {
    /// Whether an event of this name is wanted. `stream.lagged` always is.
    pub fn wants(&self, name: &str) -> bool {
        name == "stream.lagged"
            || self.0.is_empty()
            || self.0.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => wanted == name,
            })
    }
}
