//! What may be asked, and what comes back at once. What comes of it is told by events.

mod data;
mod dial;
#[cfg(test)]
mod tests;

pub use data::{
    AccountRef, AccountTls, AddAccount, CallRef, Decline, Digits, LadderOf, Mute, NoFields,
    NotDigits, PluginRef, Quiet, Redirect, Reply, SendDtmf, Shutdown, Subscribe, Transport,
};
pub use dial::{Dial, DialAction, NoDialAction};

use crate::conference::{EndConference, Merge, RemoveParticipant};
use crate::contacts::{
    Contact, ContactImport, ContactQuery, ContactRef, FavouriteMove, FavouriteOf, FavouriteRename,
    ProfileRef, ProfileRename,
};
use crate::history::{HistoryDelete, HistoryQuery, HistoryRef};
use crate::lamp::{AddLamp, LampRef, MailboxRef};
use crate::message::{MessageQuery, MessagesOf, SendMessage};
use crate::plugin::{PluginOff, PluginReload};
use crate::presence::{Idle, SetPresence};
use crate::receiving::{DoNotDisturb, Forward};
use crate::recording::{NoteRecording, PauseRecording, StartRecording};
use crate::rules::RulesTest;
use crate::transfer::TransferCall;
use crate::watcher::{RightRef, SetRight};
use serde::{Serialize, Serializer};
use serde_json::Value;

macro_rules! commands {
    ($($(#[$doc:meta])* $name:literal $variant:ident $data:ty;)*) => {
        /// One command. JSON: its name beside its body (see [`wire`](crate::wire)).
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command {
            $($(#[$doc])* $variant($data),)*
        }

        /// Names of all commands.
        pub const NAMES: &[&str] = &[$($name),*];

        impl Command {
            /// Its name, such as `dial`.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// From name and body. `None`: no command has this name.
            pub fn from_value(name: &str, body: Value) -> Option<serde_json::Result<Self>> {
                let body = if body.is_null() { Value::Object(serde_json::Map::new()) } else { body };
                Some(match name {
                    $($name => serde_json::from_value(body).map(Self::$variant),)*
                    _ => return None,
                })
            }
        }

        /// A command's body alone, without its name.
        pub(crate) struct Body<'a>(pub(crate) &'a Command);

        impl Serialize for Body<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 {
                    $(Command::$variant(body) => body.serialize(serializer),)*
                }
            }
        }
    };
}

commands! {
    /// Call somebody. Reply: the call. Outcome: `call.created` to `call.ended`.
    "dial" Dial Dial;
    /// Accept a ringing call. Outcome: `call.answered`.
    "accept" Accept CallRef;
    /// Refuse a ringing call. Outcome: `call.ended`.
    "decline" Decline Decline;
    /// Let a ringing call ring on without a sound here. Outcome: `call.silenced`.
    "silence" Silence CallRef;
    /// Send a ringing call elsewhere (302). Outcome: `call.ended`.
    "redirect" Redirect Redirect;
    /// End a call in any state. Outcome: `call.ended`.
    "hang_up" HangUp CallRef;
    /// End all calls. Outcome: `call.ended` for each.
    "hang_up_all" HangUpAll NoFields;
    /// Send digits. Outcome: `call.dtmf` for each, told as they go into line.
    "send_dtmf" SendDtmf SendDtmf;
    /// Silence our microphone, or open it. Outcome: `call.mute`.
    "mute" Mute Mute;
    /// Hold the far end: no sound goes either way. Outcome: `call.hold`, or `call.warning` where it refuses.
    "hold" Hold CallRef;
    /// Go on with a call that is held here. Outcome: `call.resumed`, or `call.warning` where it refuses.
    "resume" Resume CallRef;
    /// Hold the call that is active and go on with a held one: the one named, or else the one that was held
    /// last. Outcome: `call.hold` and `call.resumed`.
    "swap" Swap CallRef;
    /// Merge calls: everybody hears everybody. Outcome: `call.merged` for each, or `call.warning` where that is
    /// not possible. Where the account has a conference of its server, `call.merged` is of our call with that, and
    /// `call.transfer.*` tell how each of the others gets there.
    "merge" Merge Merge;
    /// Take a call out of its conversation; it is put on hold. None named: all, and the newest stays active.
    /// Outcome: `call.split` for each.
    "split" Split CallRef;
    /// Leave the conference. Outcome: `call.ended` for each call of it, or `call.merged` where they are kept here.
    "conference.end" EndConference EndConference;
    /// Remove somebody from the conference of a server. Outcome: `call.participants` once the server says so, or
    /// `call.warning` where it refuses.
    "conference.remove" RemoveParticipant RemoveParticipant;
    /// Hand a call on. Reply: the call with the target, where one is made. Outcome: `call.transfer.done` or
    /// `call.transfer.failed`, or `call.warning` where it cannot begin.
    "transfer" Transfer TransferCall;
    /// Hand a call over to the target that was asked; while that rings, without its word. Outcome: as of `transfer`.
    "transfer.complete" TransferComplete CallRef;
    /// Take a call back from hold and leave the target that was asked. Outcome: `call.transfer.failed`, recovered.
    "transfer.cancel" TransferCancel CallRef;
    /// Go where the far end of a call sends us. Outcome: `call.transfer.done` or `call.transfer.failed`.
    "transfer.allow" TransferAllow CallRef;
    /// Stay where we are. Outcome: `call.transfer.failed`, recovered.
    "transfer.refuse" TransferRefuse CallRef;
    /// Record a call. Outcome: `recording.started` or `recording.failed`.
    "recording.start" StartRecording StartRecording;
    /// End a recording; it also ends with its call. Outcome: `recording.stopped` or `recording.failed`.
    "recording.stop" StopRecording CallRef;
    /// Leave out what is said. Outcome: `recording.paused`.
    "recording.pause" PauseRecording PauseRecording;
    /// Keep what is said again. Outcome: `recording.resumed`.
    "recording.resume" ResumeRecording CallRef;
    /// Note something at this place of a recording.
    "recording.note" NoteRecording NoteRecording;
    /// Register an account now. Outcome: `account.registered` or `account.failed`.
    "register" Register AccountRef;
    /// Take leave of the server. Outcome: `account.unregistered`.
    "unregister" Unregister AccountRef;
    /// Set up an account for this run. Reply: the account. Outcome: `account.added`, ….
    "add_account" AddAccount Box<AddAccount>;
    /// Take an account away; its calls go on. Outcome: `account.removed`.
    "remove_account" RemoveAccount AccountRef;
    /// Refuse all calls of an account, or take them again. Outcome: `account.changed`.
    "do_not_disturb" DoNotDisturb DoNotDisturb;
    /// Send calls of an account elsewhere, or no longer. Outcome: `account.changed`.
    "forward" Forward Forward;
    /// Let calls ring unheard and messages come without a sound, or no longer; nobody who calls is told. Until the
    /// engine ends. Outcome: `quiet.changed`.
    "quiet" Quiet Quiet;
    /// Reply: all calls that are not over.
    "list_calls" ListCalls NoFields;
    /// Reply: all accounts.
    "list_accounts" ListAccounts NoFields;
    /// Reply: the whole engine.
    "status" Status NoFields;
    /// Reply: the ladder of a call, also of one that is over.
    "ladder" Ladder LadderOf;
    /// Reply: all lamps.
    "blf.list" ListLamps NoFields;
    /// Watch an extension for this run. Outcome: `blf.changed`.
    "blf.add" AddLamp AddLamp;
    /// Watch an extension no longer. Outcome: `blf.changed`, the last of it.
    "blf.remove" RemoveLamp LampRef;
    /// Call an extension whose lamp is not busy. Reply: the call. Outcome: `call.created` to `call.ended`.
    "blf.dial" DialLamp LampRef;
    /// Take the call that rings at an extension. Reply: the call. Outcome: `call.created` to `call.ended`.
    "blf.pickup" PickUpLamp LampRef;
    /// Call the account's voicemail. Reply: the call. Outcome: `call.created` to `call.ended`.
    "voicemail.dial" DialVoicemail MailboxRef;
    /// Reply: what would become of a number, and why. Nobody is called.
    "rules.test" RulesTest RulesTest;
    /// Reply: all plugins.
    "plugin.list" PluginList NoFields;
    /// Reply: where a plugin was looked for, and why each candidate is in use or not.
    "plugin.why" PluginWhy PluginRef;
    /// Reply: what each plugin costs.
    "plugin.top" PluginTop NoFields;
    /// Switch a plugin's file on from the next start on, and forget what was held against it; one that was switched
    /// off now, at once. Outcome then: `plugin.enabled`.
    "plugin.enable" PluginEnable PluginRef;
    /// Leave a plugin's file out from the next start on, or now. Outcome then: `plugin.disabled`.
    "plugin.disable" PluginDisable PluginOff;
    /// Put a newer build of a plugin in its place. Reply: its generation. Outcome: `plugin.replaced`, or
    /// `plugin.rolled_back` if a call tried it and it failed there.
    "plugin.reload" PluginReload PluginReload;
    /// Reply: records of the history, newest first.
    "history.list" HistoryList HistoryQuery;
    /// Take records away. Reply: how many. Outcome: `history.changed`.
    "history.delete" HistoryDelete HistoryDelete;
    /// Call again whom a record is about, from the same account. Reply: the call.
    "history.redial" HistoryRedial HistoryRef;
    /// Reply: contacts.
    "contact.list" ContactList ContactQuery;
    /// Keep somebody. Reply: the contact with its id. Outcome: `contacts.changed`.
    "contact.add" ContactAdd Box<Contact>;
    /// Put this in the place of the contact with its id. Reply: the contact. Outcome: `contacts.changed`.
    "contact.change" ContactChange Box<Contact>;
    /// Take a contact away. Outcome: `contacts.changed`.
    "contact.remove" ContactRemove ContactRef;
    /// Keep what a vCard file has. Reply: what came of it. Outcome: `contacts.changed`.
    "contact.import" ContactImport ContactImport;
    /// Reply: contacts as a vCard file.
    "contact.export" ContactExport ContactQuery;
    /// Reply: all profiles with their favourites.
    "profile.list" ProfileList NoFields;
    /// Make a profile. Reply: all of them. Outcome: `favourites.changed`.
    "profile.add" ProfileAdd ProfileRef;
    /// Use a profile. Reply: all of them. Outcome: `favourites.changed`.
    "profile.use" ProfileUse ProfileRef;
    /// Take a profile away with its favourites. Reply: all others. Outcome: `favourites.changed`.
    "profile.remove" ProfileRemove ProfileRef;
    /// Give a profile another name. Reply: all of them. Outcome: `favourites.changed`.
    "profile.rename" ProfileRename ProfileRename;
    /// Add a favourite; an address is watched first, for up to 10 s, and refused where it cannot be (M-115). Reply: all
    /// profiles. Outcome: `favourites.changed`.
    "favourite.add" FavouriteAdd FavouriteOf;
    /// Take a favourite away. Reply: all profiles. Outcome: `favourites.changed`.
    "favourite.remove" FavouriteRemove FavouriteOf;
    /// Say who a favourite is from now on, in its place; an address is watched first, as by `favourite.add`. Reply: all
    /// profiles. Outcome: `favourites.changed`.
    "favourite.rename" FavouriteRename FavouriteRename;
    /// Put a favourite elsewhere in its profile, or into another one. Reply: all profiles. Outcome: `favourites.changed`.
    "favourite.move" FavouriteMove FavouriteMove;
    /// The mail address of a favourite. Reply: it, and the link that begins a mail.
    "favourite.mail" FavouriteMail FavouriteOf;
    /// Send a text. Reply: the message. Outcome: `message.changed`: delivered, accepted or failed.
    "message.send" MessageSend SendMessage;
    /// Reply: text messages, newest first, and the conversations that they are of.
    "message.list" MessageList MessageQuery;
    /// Mark what they wrote as read. Reply: how many. Outcome: `message.read`.
    "message.read" MessageRead MessagesOf;
    /// Take messages away. Reply: how many. Outcome: `message.deleted`.
    "message.delete" MessageDelete MessagesOf;
    /// Say how you are. Outcome: `presence.changed`.
    "presence.set" PresenceSet SetPresence;
    /// Reply: own presence of every account that publishes it.
    "presence.list" PresenceList NoFields;
    /// Say whether anybody uses the computer that the phone is on. Outcome: `presence.changed`, where that shows.
    "presence.idle" PresenceIdle Idle;
    /// Reply: who watches the person here by asking this phone itself, and who may.
    "watcher.list" WatcherList NoFields;
    /// Let somebody see how the person is, or their calls, or refuse it. Reply: as of `watcher.list`. Outcome:
    /// `watcher.changed` for each whom it concerns.
    "watcher.allow" WatcherAllow SetRight;
    /// Forget what the person said of somebody; the settings count again. Reply and outcome: as of `watcher.allow`.
    "watcher.forget" WatcherForget RightRef;
    /// Send events on this connection from now on, or from a sequence number on.
    "events" Events Subscribe;
    /// Stop the engine. Outcome: `engine.stopping`.
    "shutdown" Shutdown Shutdown;
}
