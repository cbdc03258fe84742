//! What may be typed.

mod account;
mod kept;
mod merged;
mod message;
mod moved;
mod presence;
mod token;
mod watchers;

pub(crate) use account::{AddAccount, Dnd, Forward, ShowAccount, When};
pub(crate) use kept::{
    Contact, ContactFields, Export, Favourite, History, OneFavourite, ProfileVerb,
};
pub(crate) use merged::{Conference, Merge};
pub(crate) use message::{ListMessages, Message, MessagesOf, SendMessage};
pub(crate) use moved::{Park, Redirect, Transfer};
pub(crate) use presence::{Presence, PresenceVerb, SetPresence};
pub(crate) use token::{NewToken, OfFile, Token};
pub(crate) use watchers::{OneRight, Watchers, WatchersVerb};

mod switch;

use crate::verbs::{Open, PluginBisect, PluginBisectOne, PluginNew, PluginRun, Rules};
use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use control::command::{DialAction, Digits};
use control::{AccountHandle, CallHandle, Code, PluginId};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
pub(crate) use switch::PluginDisable;

/// The command line of the offhook phone.
#[derive(Debug, Parser)]
#[command(
    name = "offhook",
    version,
    about = "Make and take calls with a running offhook engine",
    after_help = "Exit: 0 success, 1 failed, 2 usage, 3 rejected, 4 unauthorised, 5 timeout or no answer, \
                  6 busy,\n7 no sound came, 8 no engine, 9 plugin, 10 not permitted, 130 interrupted",
    subcommand_required = true,
    arg_required_else_help = false,
    disable_help_subcommand = false
)]
pub(crate) struct Args {
    /// What holds for every verb.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Clone, Default, Group)]
pub(crate) struct Global {
    /// Print one JSON object
    #[arg(long, global = true, conflicts_with = "json_stream")]
    pub(crate) json: bool,
    /// Print one JSON object a line, as things happen
    #[arg(long, global = true)]
    pub(crate) json_stream: bool,
    /// Control socket of the engine
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "OFFHOOK_SOCKET",
        hide_env_values = true
    )]
    pub(crate) socket: Option<PathBuf>,
    /// Profile of the engine; without it the one that runs
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "OFFHOOK_PROFILE",
        hide_env_values = true
    )]
    pub(crate) profile: Option<String>,
    /// Wait no longer than this; for a call: let it ring no longer
    #[arg(long, global = true, value_name = "TIME", value_parser = length, allow_hyphen_values = true)]
    pub(crate) timeout: Option<Duration>,
    /// No colour; NO_COLOR does the same
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Only ASCII characters
    #[arg(long, global = true)]
    pub(crate) ascii: bool,
}

impl Global {
    /// How to tell that the rest was not understood.
    pub(crate) fn guess(typed: &[OsString]) -> Self {
        let has = |name: &str| typed.iter().any(|word| word == name);
        Self {
            json: has("--json"),
            json_stream: has("--json-stream"),
            no_color: has("--no-color"),
            ascii: has("--ascii"),
            ..Self::default()
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show the phone at work: a phone and a small PBX on this computer alone
    Demo(Demo),
    /// Call a number or an address, and stay until the call is over
    Call(Call),
    /// Call what a clicked link says: tel:, sip:, sips:, callto:
    Open(Open),
    /// Accept a ringing call
    Answer(OneCall),
    /// Refuse a ringing call
    Decline(Decline),
    /// Let a ringing call ring on unheard
    Silence(OneCall),
    /// Let calls ring and messages come unheard, or no longer
    Quiet(Quiet),
    /// Send a ringing call elsewhere
    Redirect(Redirect),
    /// Hand a call on to somebody else, at once or after a word with them
    Transfer(Transfer),
    /// Leave a call at a slot of the server, where anybody can fetch it by calling the slot
    Park(Park),
    /// End a call
    Hangup(Hangup),
    /// Send digits
    Dtmf(Dtmf),
    /// Refuse all calls that come in, or take them again
    Dnd(Dnd),
    /// Send calls that come in elsewhere, or no longer
    Forward(Forward),
    /// Silence the microphone, or open it
    Mute(Mute),
    /// Hold the far end: no sound goes either way
    Hold(OneCall),
    /// Go on with a call that is held here
    Resume(OneCall),
    /// Hold the active call and go on with the one held last, or with ID
    Swap(OneCall),
    /// Merge calls into one conversation
    Merge(Merge),
    /// Take a call out of its conversation and hold it; without ID all, and the newest goes on
    Split(OneCall),
    /// Who is in the conference; leave it
    Conference {
        /// What to do; without it the calls are listed
        #[command(subcommand)]
        what: Option<Conference>,
    },
    /// Record a call: start, stop, pause, resume, note
    Record(Record),
    /// List the calls
    Calls,
    /// The history of calls: list, search, delete, export, redial
    History {
        /// What to do; without it the newest are listed
        #[command(subcommand)]
        what: Option<History>,
    },
    /// Contacts: list, search, add, change, remove, import, export
    #[command(subcommand)]
    Contact(Contact),
    /// Favourites and their profiles
    #[command(subcommand)]
    Favourite(Favourite),
    /// How you are, told to others: see, set
    Presence(Presence),
    /// Who sees that, or your calls, by asking this phone itself: list, allow, refuse, forget
    Watchers(Watchers),
    /// Text messages: send, list, mark as read, delete
    #[command(subcommand)]
    Message(Message),
    /// List the accounts
    Accounts,
    /// Set up an account for this run, or take one away
    #[command(subcommand, arg_required_else_help = false)]
    Account(Account),
    /// See who is free: the lamps; watch more, watch less, call one, watch them change
    Blf(Blf),
    /// Take the call that rings at another extension, and stay until it is over
    Pickup(OneLamp),
    /// See what waits in the mailbox, or call it
    Voicemail(Voicemail),
    /// Register an account now
    Register(OneAccount),
    /// Take leave of an account's server
    Unregister(OneAccount),
    /// Print events as they happen
    Events(Events),
    /// Say what the rules make of a number
    #[command(subcommand)]
    Rules(Rules),
    /// Show who sent what when in a call
    Ladder(Ladder),
    /// Check this computer
    Doctor(Doctor),
    /// Show how the engine stands
    Status,
    /// Say what a code means and what to do
    Explain(Explain),
    /// Let programs in over HTTP and WebSocket, or no longer: new, list, remove
    #[command(subcommand, arg_required_else_help = false)]
    Token(Token),
    /// Stop the engine
    Shutdown(Shutdown),
    /// See which plugins there are, why, and what they cost; switch them; begin, check and try them
    #[command(subcommand, arg_required_else_help = false)]
    Plugin(Plugin),
}

/// `blf`.
#[derive(Debug, Group)]
pub(crate) struct Blf {
    /// What to do; without it: list
    #[command(subcommand)]
    pub(crate) what: Option<BlfVerb>,
}

/// What to do with lamps.
#[derive(Debug, Subcommand)]
pub(crate) enum BlfVerb {
    /// Show the lamps
    List,
    /// Watch an extension for this run
    Add(AddLamp),
    /// Watch an extension no longer
    Remove(OneLamp),
    /// Call an extension that is free, and stay until the call is over
    Dial(OneLamp),
    /// Show the lamps, then each change, until Ctrl+C or --timeout
    Watch,
}

/// `blf add`.
#[derive(Debug, Group)]
pub(crate) struct AddLamp {
    /// An extension, user@domain or an address
    pub(crate) target: String,
    /// Name to show
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// It is a park slot
    #[arg(long)]
    pub(crate) slot: bool,
    /// Watch from this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// Names a lamp.
#[derive(Debug, Group)]
pub(crate) struct OneLamp {
    /// Its extension, address or name
    pub(crate) target: String,
    /// The account that watches it
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// `voicemail`.
#[derive(Debug, Group)]
pub(crate) struct Voicemail {
    /// Call it, and stay until the call is over
    #[arg(long)]
    pub(crate) dial: bool,
    /// Of this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// What `demo` takes.
#[derive(Debug, Clone, Copy, Group)]
pub(crate) struct Demo {
    /// Make one call, look for what was said in what came back, and stop: exit 0 or 7
    #[arg(long)]
    pub(crate) check: bool,
}

/// `call`.
#[derive(Debug, Group)]
pub(crate) struct Call {
    /// A number, or an address such as sip:600@pbx.example
    pub(crate) to: String,
    /// Hang up so long after the answer
    #[arg(long = "for", value_name = "TIME", value_parser = length, allow_hyphen_values = true)]
    pub(crate) talk: Option<Duration>,
    /// Call from this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
    /// What to do with the number, such as voiceCall or callThrough
    #[arg(long, value_name = "NAME")]
    pub(crate) action: Option<DialAction>,
}

/// A verb about one call.
#[derive(Debug, Group)]
pub(crate) struct OneCall {
    /// The call; needed only where there are several
    #[arg(value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
}

/// `decline`.
#[derive(Debug, Group)]
pub(crate) struct Decline {
    /// The call; needed only where several ring
    #[arg(value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
    /// SIP status to refuse with, such as 486 for busy
    #[arg(long, value_parser = clap::value_parser!(u16).range(400..=699))]
    pub(crate) status: Option<u16>,
}

/// `hangup`.
#[derive(Debug, Group)]
pub(crate) struct Hangup {
    /// The call; needed only where there are several
    #[arg(value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
    /// All calls
    #[arg(long, conflicts_with = "call")]
    pub(crate) all: bool,
}

/// `dtmf`.
#[derive(Debug, Group)]
pub(crate) struct Dtmf {
    /// 1 to 64 of 0-9 * # A-D
    pub(crate) digits: Digits,
    /// The call; needed only where there are several
    #[arg(long, value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
    /// Length of each digit in ms
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(40..=8000))]
    pub(crate) duration: Option<u32>,
}

/// Switched how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// `quiet`.
#[derive(Debug, Group)]
pub(crate) struct Quiet {
    /// Whether nothing is heard
    pub(crate) switch: Switch,
}

/// `mute`.
#[derive(Debug, Group)]
pub(crate) struct Mute {
    /// Whether to silence
    pub(crate) switch: Switch,
    /// Only in this call
    #[arg(long, value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
}

/// What becomes of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordWhat {
    /// Begin.
    Start,
    /// End.
    Stop,
    /// Leave out what is said.
    Pause,
    /// Keep it again.
    Resume,
    /// Note something at this place.
    Note,
}

/// `record`.
#[derive(Debug, Group)]
pub(crate) struct Record {
    /// What to do
    pub(crate) what: RecordWhat,
    /// The call; needed only where there are several
    #[arg(value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
    /// Why it is paused, or what to note
    #[arg(long, value_name = "TEXT", required_if_eq("what", "note"))]
    pub(crate) text: Option<String>,
    /// Name of the file below the folder of the settings, without extension
    #[arg(long, value_name = "NAME")]
    pub(crate) path: Option<String>,
    /// Plugin that writes it
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) plugin: Option<String>,
    /// 2: this side left, the far end right; 1: both mixed
    #[arg(long, value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) channels: Option<u8>,
}

/// `account`.
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Set up an account for this run; settings files stay as they are
    Add(Box<AddAccount>),
    /// Take an account away; its calls go on
    Remove(OneAccount),
    /// Registered address and port, the time that remains, and the server
    Show(ShowAccount),
}

/// How to reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// TLS, with sips: addresses.
    Tls,
    /// TLS, with sip: addresses.
    #[value(name = "tls+sip", alias = "tls+sip:")]
    TlsSip,
}

/// A verb about one account.
#[derive(Debug, Group)]
pub(crate) struct OneAccount {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: AccountHandle,
}

/// `events`.
#[derive(Debug, Group)]
pub(crate) struct Events {
    /// Only these: names, or beginnings such as 'call.*', parted by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) filter: Vec<String>,
    /// Begin after this sequence number
    #[arg(long, value_name = "SEQ")]
    pub(crate) resume: Option<u64>,
    /// End after so many
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = length, allow_hyphen_values = true)]
    pub(crate) listen: Option<Duration>,
}

/// How to draw a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// Two columns with arrows between.
    #[default]
    Text,
    /// A Mermaid sequence diagram.
    Mermaid,
    /// The ladder's data.
    Json,
    /// A picture.
    Svg,
}

/// `ladder`.
#[derive(Debug, Group)]
pub(crate) struct Ladder {
    /// The call; also one that is over
    #[arg(value_name = "ID")]
    pub(crate) call: CallHandle,
    /// How to draw it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// `doctor`.
#[derive(Debug, Group)]
pub(crate) struct Doctor {
    /// Settings file to check
    #[arg(
        long,
        value_name = "FILE",
        env = "OFFHOOK_SETTINGS",
        hide_env_values = true
    )]
    pub(crate) settings: Option<PathBuf>,
}

/// `explain`.
#[derive(Debug, Group)]
pub(crate) struct Explain {
    /// A code such as OH-3107; without it: all
    pub(crate) code: Option<Code>,
}

/// `shutdown`.
#[derive(Debug, Group)]
pub(crate) struct Shutdown {
    /// Why; others are told
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// List the plugins, also those that are not in use
    List,
    /// Say why a plugin is in use, or is not: every place, every candidate
    Why(OnePlugin),
    /// Show what each plugin costs
    Top,
    /// Show what a library file says of itself, without running any of it
    Inspect(PluginFile),
    /// Switch a plugin on from the next start on, and forget what was held against it
    Enable(OnePlugin),
    /// Leave a plugin out from the next start on
    Disable(PluginDisable),
    /// Begin a plugin: a project that builds without a network
    New(PluginNew),
    /// Build a plugin project, check it, and make a call through it
    Run(PluginRun),
    /// Check a plugin's library file: each check in a process of its own
    Check(PluginCheck),
    /// Put a newer build of a plugin in its place while the engine runs; its next start takes what lies in the folders
    Reload(PluginReload),
    /// Find the plugin that makes something fail, by leaving out halves of them; no setting is changed
    Bisect(PluginBisect),
    /// One trial of bisect, in this process
    #[command(hide = true)]
    BisectOne(PluginBisectOne),
    /// One check, in this process
    #[command(hide = true)]
    CheckOne(PluginCheckOne),
}

/// A verb about one plugin.
#[derive(Debug, Group)]
pub(crate) struct OnePlugin {
    /// The plugin's id, such as codec-g711
    #[arg(value_name = "ID")]
    pub(crate) plugin: PluginId,
}

/// `plugin inspect`.
#[derive(Debug, Group)]
pub(crate) struct PluginFile {
    /// The library
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// `plugin reload`.
#[derive(Debug, Group)]
pub(crate) struct PluginReload {
    /// The plugin's id, such as codec-g711
    #[arg(value_name = "ID")]
    pub(crate) plugin: PluginId,
    /// The library; without, the file that it came from
    pub(crate) file: Option<PathBuf>,
    /// Also in calls that run, where it is on trial for a second
    #[arg(long)]
    pub(crate) live: bool,
}

/// `plugin check`. It runs the file: check only what you would run.
#[derive(Debug, Group)]
pub(crate) struct PluginCheck {
    /// The library
    pub(crate) file: PathBuf,
    /// Also write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Seed of the random checks
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only these checks, such as T-01, parted by commas
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// `plugin check-one`.
#[derive(Debug, Group)]
pub(crate) struct PluginCheckOne {
    /// The library
    pub(crate) file: PathBuf,
    /// Which check
    pub(crate) code: String,
    /// Seed of the random checks
    pub(crate) seed: u64,
}

/// Longest length of time that may be typed: a day.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Reads `5s`, `500ms`, `2m`, `1h`; a number alone is seconds.
fn length(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(at.unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("a length of time is written 5s, 500ms, 2m or 1h".to_owned()),
    };
    let Ok(number) = number.parse::<f64>() else {
        return Err("a length of time is written 5s, 500ms, 2m or 1h".to_owned());
    };
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(length) if length > Duration::ZERO && length <= LONGEST => Ok(length),
        Ok(_) | Err(_) => Err("a length of time is more than 0 and at most 24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_table_of_words_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn lengths_of_time_read_as_people_write_them() {
        for (text, ms) in [
            ("5s", 5000),
            ("5", 5000),
            ("0.5s", 500),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(length(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "s",
            "5x",
            "0",
            "-1",
            "25h",
            "inf",
            "nan",
            "1e99",
            "5 s\u{e9}",
        ] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
