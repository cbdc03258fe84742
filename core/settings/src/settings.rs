//! The settings as the engine uses them: typed, complete, checked.

use crate::Account;
use crate::complaint::Origin;
use audio::call_tone::CallTones;
use base::Duration;
use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the profile they build on.
    pub profile: String,
    /// How much is logged.
    pub log: Log,
    /// Path of the control socket; `None`: in the user's runtime folder.
    pub control_socket: Option<PathBuf>,
    /// Faces that are opened with the engine; the argument of each is a JSON object as the plugin documents it, or
    /// empty.
    pub faces: Vec<Device>,
    /// Bounds.
    pub limits: Limits,
    /// SIP.
    pub sip: Sip,
    /// Several calls at once.
    pub calls: Calls,
    /// Calls that come in.
    pub incoming: Incoming,
    /// Accounts by id.
    pub accounts: Vec<Account>,
    /// Id of the account for outgoing calls that name none.
    pub default_account: Option<String>,
    /// Sound.
    pub media: Media,
    /// What the person's sound passes.
    pub filters: Filters,
    /// Tones that tell how calls stand that are no account's.
    pub tones: CallTones,
    /// Keys of the keypad.
    pub dtmf: Dtmf,
    /// Recordings of calls.
    pub recording: Recording,
    /// History, contacts and favourites.
    pub history: History,
    /// Marks of our packets.
    pub dscp: Dscp,
    /// Plugins.
    pub plugins: Plugins,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// We are wrong.
    Error,
    /// This machine lacks something.
    Warn,
    /// What a person would want to know.
    Info,
    /// One line a SIP message.
    Debug,
    /// The rest.
    Trace,
}

/// What a call is told when there are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsFull {
    /// 486 Busy Here: a person's phone.
    Busy,
    /// 503 Service Unavailable with Retry-After: a service that others can take over from.
    Later,
}

/// Bounds of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once.
    pub calls: usize,
    /// What a call is told beyond that.
    pub calls_full: CallsFull,
    /// Dialogs at once.
    pub dialogs: usize,
    /// SIP transactions at once.
    pub transactions: usize,
    /// Calls being set up from one address. `None`: no cap.
    pub early_dialogs_per_source: Option<usize>,
    /// A whole SIP message on UDP. Unit: bytes.
    pub sip_datagram_bytes: usize,
    /// Start line and headers on a stream. Unit: bytes.
    pub sip_head_bytes: usize,
    /// Body on a stream. Unit: bytes.
    pub sip_body_bytes: usize,
    /// Headers in one message.
    pub sip_headers: usize,
    /// Connections at once.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_source: usize,
    /// Words that wait for one part.
    pub mailbox: usize,
}

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
}

/// An address to listen on, written `udp:0.0.0.0:5060` or `tcp:[::]:5060`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Over what.
    pub transport: Transport,
    /// Where; port 0 lets the system choose.
    pub addr: SocketAddr,
}

impl Listen {
    /// Reads the written form.
    pub fn read(text: &str) -> Option<Self> {
        let (transport, addr) = text.split_once(':')?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return None,
        };
        Some(Self {
            transport,
            addr: addr.parse().ok()?,
        })
    }
}

/// SIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sip {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Give up dialling after this.
    pub ring_for: Duration,
    /// Name that messages carry, or empty.
    pub user_agent: String,
}

/// What a call that is held here is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldSends {
    /// No packet of sound.
    Nothing,
    /// Silence: the way stays open in networks that close one on which nothing goes.
    Silence,
}

/// Whether we go where the far end of a call sends us (REFER).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transferred {
    /// A person is asked.
    Ask,
    /// Yes.
    Allow,
    /// No.
    Refuse,
}

/// Several calls at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// A call that is answered, dialled or resumed puts the one that is active on hold.
    pub one_active: bool,
    /// What a call that is held here is sent.
    pub hold_sends: HoldSends,
    /// Whether we go where the far end of a call sends us.
    pub transferred: Transferred,
    /// A call that is handed over while its target rings takes the place of the ringing one; else that is given up
    /// first.
    pub early_replaces: bool,
}

/// What becomes of a call that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What it meets.
    pub accept: Accept,
    /// How long it rings before it is accepted.
    pub accept_after: Duration,
}

/// What a call that comes in meets, written `ring`, `talk`, `silent`, `echo`, `play=FILE`, `record=FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// It rings until a person accepts it.
    Ring,
    /// It is accepted and talks with whoever is at the microphone.
    Talk,
    /// It is accepted and hears nothing.
    Silent,
    /// It is accepted and hears itself.
    Echo,
    /// It is accepted and hears a sound file.
    Play(PathBuf),
    /// It is accepted and recorded into a folder.
    Record(PathBuf),
}

impl Accept {
    /// Reads the written form.
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once('=') {
            Some((_, "")) => None,
            Some(("play", file)) => Some(Self::Play(PathBuf::from(file))),
            Some(("record", folder)) => Some(Self::Record(PathBuf::from(folder))),
            Some(_) => None,
            None => match text {
                "ring" => Some(Self::Ring),
                "talk" => Some(Self::Talk),
                "silent" => Some(Self::Silent),
                "echo" => Some(Self::Echo),
                _ => None,
            },
        }
    }
}

/// Whose order of codecs decides when we answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodecOrder {
    /// The caller's.
    Theirs,
    /// Ours.
    Ours,
}

/// A device plugin with its argument, written `audio-file:hello.wav`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The plugin's id.
    pub plugin: String,
    /// What the plugin is told, or empty.
    pub argument: String,
}

impl Device {
    /// Reads the written form.
    pub fn read(text: &str) -> Option<Self> {
        let (plugin, argument) = text.split_once(':').unwrap_or((text, ""));
        crate::value::is_id(plugin).then(|| Self {
            plugin: plugin.to_owned(),
            argument: argument.to_owned(),
        })
    }
}

/// What is set of codecs: options by the codec's name in lower case, values by the option's name. The
/// codec's plugin knows what they mean.
pub type CodecOptions = BTreeMap<String, BTreeMap<String, OptionValue>>;

/// One value of a codec's option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// One line of text.
    Text(String),
}

/// Sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Codecs in order of preference.
    pub codecs: Vec<String>,
    /// What is set of each, for accounts that do not say otherwise.
    pub codec_options: CodecOptions,
    /// Whose order decides when we answer.
    pub codec_order: CodecOrder,
    /// Audio in one packet. Unit: ms. Range: 10 to 200 in steps of 10.
    pub ptime_ms: u16,
    /// Lowest RTP port.
    pub port_min: u16,
    /// Highest RTP or RTCP port.
    pub port_max: u16,
    /// The delay that the jitter buffer never exceeds on purpose. Unit: ms. Range: 20 to 1000.
    pub jitter_max_ms: u16,
    /// Threads that carry sound. `None`: one per processor core.
    pub threads: Option<usize>,
    /// How urgent these threads are to be.
    pub priority: MediaPriority,
    /// Where our sound comes from.
    pub microphone: Device,
    /// Where theirs goes.
    pub speaker: Device,
    /// Where the phone rings; `None`: where their sound goes.
    pub ringer: Option<Device>,
    /// Keys that are pressed in a call sound here too (M-046).
    pub keypad_tones: bool,
}

/// Filter plugins that the person's sound passes, in this order. The argument of each is a JSON object as the
/// plugin documents it, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// Behind the microphone.
    pub microphone: Vec<Device>,
    /// Before the loudspeaker.
    pub speaker: Vec<Device>,
}

/// Recordings of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Id of the plugin that writes them.
    pub plugin: String,
    /// Folder they go to. `None`: `offhook/recordings` in the user's data folder.
    pub folder: Option<PathBuf>,
    /// 2: this side left, the far end right; 1: both mixed.
    pub channels: u8,
    /// JSON object as the plugin documents it, or empty.
    pub options: String,
}

/// History, contacts and favourites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Folder they are kept in. `None`: `offhook/PROFILE` in the user's state folder.
    pub folder: Option<PathBuf>,
    /// Records of calls that are kept. 0: nothing is.
    pub keep: u32,
}

/// How urgent the threads that carry sound are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaPriority {
    /// The most urgent that is permitted.
    Auto,
    /// Before every usual thread.
    Realtime,
    /// More of the processor than usual threads.
    High,
    /// As every other thread.
    Normal,
}

/// Keys of the keypad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dtmf {
    /// Methods for sending, in the order in which they are tried: `rfc2833`, `info`, `audio`, or the word
    /// of another plugin (K-066). At least one.
    pub order: Vec<String>,
    /// Every usable one is used, not the first alone (K-067).
    pub all: bool,
    /// Only telephone-event/8000, whatever the clock of codecs (K-068).
    pub negotiate_only_8khz: bool,
    /// With the former: durations count 1/8000 s (K-069).
    pub duration_in_8khz: bool,
    /// Body of INFO requests: `dtmf-relay` or `dtmf`.
    pub info_body: String,
    /// When keys are listened for in the audio.
    pub listen: DtmfListen,
}

/// When keys are listened for in the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtmfListen {
    /// In calls where telephone-event was not agreed.
    Auto,
    /// In every call.
    Always,
    /// Never.
    Never,
}

/// Marks of our packets (RFC 2474). Range: 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dscp {
    /// RTP with sound.
    pub voice: u8,
    /// SIP.
    pub signalling: u8,
}

/// How a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only if linked in.
    BuiltIn,
    /// In the engine's process.
    InProcess,
    /// In a process of its own.
    Isolated,
}

/// Plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugins {
    /// Folders to search.
    pub path: Vec<PathBuf>,
    /// Ids of the library files that may be loaded. Empty: all.
    pub allow: Vec<String>,
    /// Ids of library files that are left out, with what the settings name of them.
    pub without: Vec<String>,
    /// Whether library files of kinds are loaded whose boundary is a draft.
    pub drafts: bool,
    /// How a plugin runs that is not named.
    pub default_trust: Trust,
    /// How those run that are.
    pub trust: BTreeMap<String, Trust>,
    /// SHA-256 of library files by the plugin's id, in hexadecimal.
    pub sha256: BTreeMap<String, String>,
    /// Whether a library file without one may not be loaded.
    pub sha256_required: bool,
    /// Options by the plugin's id, then by name. Only the plugin's manifest says what each may be.
    pub options: BTreeMap<String, BTreeMap<String, PluginOption>>,
}

/// What was written for an option of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginOption {
    /// The value.
    pub value: PluginValue,
    /// Who set it, and where.
    pub origin: Origin,
}

/// A value that only a plugin can judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginValue {
    /// Yes or no.
    Switch(bool),
    /// A whole number.
    Whole(i64),
    /// Another number, finite, as written.
    Fraction(String),
    /// One line of text.
    Text(String),
}

impl core::fmt::Display for PluginValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Switch(on) => write!(f, "{on}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Fraction(number) => f.write_str(number),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Plugins {
    /// Whether a library file with this id may be loaded, unless it is [left out](Self::leaves_out).
    pub fn allows(&self, id: &str) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|allowed| allowed == id)
    }

    /// Whether a library file with this id is left out.
    pub fn leaves_out(&self, id: &str) -> bool {
        self.without.iter().any(|left| left == id)
    }

    /// How a plugin runs.
    pub fn trust_of(&self, id: &str) -> Trust {
        self.trust.get(id).copied().unwrap_or(self.default_trust)
    }
}
