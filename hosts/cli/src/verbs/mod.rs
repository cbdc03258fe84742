//! One module a verb.

mod account;
mod account_show;
mod accounts;
mod answer;
mod blf;
mod call;
mod calls;
mod conference;
mod decline;
mod demo;
mod doctor;
mod dtmf;
mod events;
mod explain;
mod favourite;
mod hangup;
mod hold;
mod kept;
mod ladder;
mod message;
mod mute;
mod open;
mod plugin;
mod plugin_bisect;
mod plugin_check;
mod plugin_new;
mod plugin_reload;
mod plugin_run;
mod presence;
mod quiet;
mod receiving;
mod record;
mod redirect;
mod register;
mod rules;
mod shutdown;
mod silence;
mod status;
mod token;
mod transfer;
mod watchers;

pub(crate) use open::Open;
pub(crate) use plugin_bisect::{PluginBisect, PluginBisectOne};
pub(crate) use plugin_new::PluginNew;
pub(crate) use plugin_run::PluginRun;
pub(crate) use rules::Rules;

use crate::args::{Account, Global, Plugin, Verb};
use crate::error::Error;
use crate::out::Out;
use control::command::NoFields;
use control::snapshot::CallSnapshot;
use control::{AccountSnapshot, Code, Command, CommandId, Event, EventBody, ExitCode, Reply};
use serde_json::json;

/// What every verb is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// Options of every verb.
    pub(crate) global: Global,
    /// Where to tell.
    pub(crate) out: Out,
}

/// Does what was typed; says how the program ends.
#[allow(clippy::too_many_lines)] // One line for each verb.
pub(crate) fn run(context: &mut Context, verb: Verb) -> Result<ExitCode, Error> {
    match verb {
        Verb::Demo(args) => demo::run(context, &args),
        Verb::Call(args) => call::run(context, &args),
        Verb::Open(args) => open::run(context, args),
        Verb::Rules(args) => rules::run(context, args),
        Verb::Answer(args) => answer::run(context, &args),
        Verb::Decline(args) => decline::run(context, &args),
        Verb::Dnd(args) => receiving::dnd(context, args),
        Verb::Forward(args) => receiving::forward(context, args),
        Verb::Quiet(args) => quiet::run(context, &args),
        Verb::Silence(args) => silence::run(context, &args),
        Verb::Redirect(args) => redirect::run(context, args),
        Verb::Transfer(args) => transfer::run(context, args),
        Verb::Park(args) => transfer::park(context, args),
        Verb::Hangup(args) => hangup::run(context, &args),
        Verb::Dtmf(args) => dtmf::run(context, &args),
        Verb::Mute(args) => mute::run(context, &args),
        Verb::Hold(args) => hold::hold(context, &args),
        Verb::Resume(args) => hold::resume(context, &args),
        Verb::Swap(args) => hold::swap(context, &args),
        Verb::Merge(args) => conference::merge(context, args),
        Verb::Split(args) => conference::split(context, &args),
        Verb::Conference { what } => conference::run(context, what),
        Verb::Record(args) => record::run(context, args),
        Verb::Calls => calls::run(context),
        Verb::Blf(args) => blf::run(context, args),
        Verb::Pickup(args) => blf::pickup(context, args),
        Verb::Voicemail(args) => blf::voicemail(context, args),
        Verb::History { what } => kept::history(context, what),
        Verb::Contact(what) => kept::contact(context, what),
        Verb::Favourite(what) => favourite::favourite(context, what),
        Verb::Presence(args) => presence::run(context, args),
        Verb::Watchers(args) => watchers::run(context, args),
        Verb::Message(what) => message::run(context, what),
        Verb::Accounts => accounts::run(context),
        Verb::Account(Account::Add(args)) => account::add(context, &args),
        Verb::Account(Account::Remove(args)) => account::remove(context, args),
        Verb::Account(Account::Show(args)) => account_show::run(context, &args),
        Verb::Register(args) => register::register(context, args),
        Verb::Unregister(args) => register::unregister(context, args),
        Verb::Events(args) => events::run(context, &args),
        Verb::Ladder(args) => ladder::run(context, &args),
        Verb::Doctor(args) => doctor::run(context, &args),
        Verb::Status => status::run(context),
        Verb::Explain(args) => explain::run(context, &args),
        Verb::Token(what) => token::run(context, what),
        Verb::Shutdown(args) => shutdown::run(context, &args),
        Verb::Plugin(Plugin::Check(args)) => plugin_check::run(context, &args),
        Verb::Plugin(Plugin::New(args)) => plugin_new::run(context, &args),
        Verb::Plugin(Plugin::Run(args)) => plugin_run::run(context, &args),
        Verb::Plugin(Plugin::Bisect(args)) => plugin_bisect::run(context, &args),
        Verb::Plugin(Plugin::BisectOne(args)) => plugin_bisect::one(context, args),
        Verb::Plugin(Plugin::CheckOne(args)) => plugin_check::one(&args),
        Verb::Plugin(Plugin::Inspect(args)) => plugin::inspect(context, &args.file),
        Verb::Plugin(Plugin::List) => plugin::list(context),
        Verb::Plugin(Plugin::Top) => plugin::ask(context, Command::PluginTop(NoFields {})),
        Verb::Plugin(Plugin::Why(one)) => plugin::ask(context, Command::PluginWhy(plugin::of(one))),
        Verb::Plugin(Plugin::Enable(one)) => {
            plugin::ask(context, Command::PluginEnable(plugin::of(one)))
        }
        Verb::Plugin(Plugin::Disable(args)) => {
            plugin::ask(context, Command::PluginDisable(plugin::off(args)))
        }
        Verb::Plugin(Plugin::Reload(args)) => plugin_reload::run(context, args),
    }
}

/// The whole call after an event about one.
#[allow(clippy::too_many_lines)] // One line for each event.
fn call_of(event: &Event) -> Option<&CallSnapshot> {
    match &event.body {
        EventBody::CallCreated(data) => Some(&data.snapshot),
        EventBody::CallIncoming(data) => Some(&data.snapshot),
        EventBody::CallSent(data) => Some(&data.snapshot),
        EventBody::CallRinging(data) | EventBody::CallProgress(data) => Some(&data.snapshot),
        EventBody::CallAnswered(data) => Some(&data.snapshot),
        EventBody::CallMedia(data) => Some(&data.snapshot),
        EventBody::CallHold(data) | EventBody::CallResumed(data) => Some(&data.snapshot),
        EventBody::CallMerged(data)
        | EventBody::CallSplit(data)
        | EventBody::CallParticipants(data) => Some(&data.snapshot),
        EventBody::CallSilenced(data) => Some(&data.snapshot),
        EventBody::CallMute(data) => Some(&data.snapshot),
        EventBody::CallNamed(data) => Some(&data.snapshot),
        EventBody::CallQuality(data) => Some(&data.snapshot),
        EventBody::CallEnded(data) => Some(&data.snapshot),
        EventBody::CallDtmf(_)
        | EventBody::ToneStarted(_)
        | EventBody::ToneStopped(_)
        | EventBody::QuietChanged(_)
        | EventBody::CallWarning(_)
        | EventBody::CallOpenUrl(_)
        | EventBody::TransferRequested(_)
        | EventBody::TransferProgress(_)
        | EventBody::TransferDone(_)
        | EventBody::TransferFailed(_)
        | EventBody::EngineStarted(_)
        | EventBody::EngineStopping(_)
        | EventBody::EngineDegraded(_)
        | EventBody::AccountAdded(_)
        | EventBody::AccountRemoved(_)
        | EventBody::AccountRegistering(_)
        | EventBody::AccountRegistered(_)
        | EventBody::AccountRenewed(_)
        | EventBody::AccountChanged(_)
        | EventBody::AccountFailed(_)
        | EventBody::AccountUnregistered(_)
        | EventBody::RecordingStarted(_)
        | EventBody::RecordingPaused(_)
        | EventBody::RecordingResumed(_)
        | EventBody::RecordingGap(_)
        | EventBody::RecordingStopped(_)
        | EventBody::RecordingFailed(_)
        | EventBody::BlfChanged(_)
        | EventBody::MwiChanged(_)
        | EventBody::MessageReceived(_)
        | EventBody::MessageChanged(_)
        | EventBody::MessageRead(_)
        | EventBody::MessageDeleted(_)
        | EventBody::PresenceChanged(_)
        | EventBody::WatcherChanged(_)
        | EventBody::PluginReplaced(_)
        | EventBody::PluginRolledBack(_)
        | EventBody::PluginDisabled(_)
        | EventBody::PluginEnabled(_)
        | EventBody::PluginLoaded(_)
        | EventBody::PluginRefused(_)
        | EventBody::PluginCrashed(_)
        | EventBody::PluginDeadlineMissed(_)
        | EventBody::PluginFaulted(_)
        | EventBody::PluginQuarantined(_)
        | EventBody::SourceRefused(_)
        | EventBody::HistoryChanged(_)
        | EventBody::ContactsChanged(_)
        | EventBody::FavouritesChanged(_)
        | EventBody::StoreFailed(_)
        | EventBody::StoreMended(_)
        | EventBody::DirectoryFailed(_)
        | EventBody::DirectoryMended(_)
        | EventBody::XcapFailed(_)
        | EventBody::XcapMended(_)
        | EventBody::StreamLagged(_)
        | EventBody::Unknown { .. } => None,
    }
}

/// Whether an event is about what a command asked for: of its number, or of the call it named.
fn is_about(event: &Event, command: Option<CommandId>, call: Option<control::CallHandle>) -> bool {
    let same_command = command.is_some() && event.command == command;
    same_command || (call.is_some() && event.call == call)
}

/// Has the desktop open an address.
fn open_page(url: &str) -> Result<(), Error> {
    crate::os::open(url).map_err(|why| Error::new(Code::LINK_UNOPENED, format!("{url}: {why}")))
}

/// The call that a reply names, where it does.
fn call_in(reply: &Reply) -> Option<&CallSnapshot> {
    let Reply::Call { call } = reply else {
        return None;
    };
    Some(call)
}

/// A reply of another kind than the command has.
fn odd_reply(reply: &Reply) -> Error {
    let kind = json!(reply)["kind"].to_string();
    Error::new(
        Code::BAD_CONTROL_LINE,
        format!("the engine's reply is of an unexpected kind: {kind}"),
    )
}

/// A call as the object that verbs end with.
fn call_object(call: &CallSnapshot) -> Reply {
    Reply::Call {
        call: Box::new(call.clone()),
    }
}

/// An account as the object that verbs end with.
fn account_object(account: &AccountSnapshot) -> Reply {
    Reply::Account {
        account: Box::new(account.clone()),
    }
}
