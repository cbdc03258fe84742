//! Commands, events and snapshots: the engine's public words.
//!
//! What it is: plain data with a stable JSON form, spoken by every UI, the command line and every
//! client library. What it is not: it opens no socket, has no clock and depends on nothing of the
//! engine. The promise: fields and words are only added; a receiver skips what it does not know.
//!
//! | file | holds |
//! | --- | --- |
//! | [`handle`] | [`CallHandle`], [`AccountHandle`], [`CommandId`], [`IdempotencyKey`] |
//! | [`command`] | [`Command`]: what may be asked; [`Reply`]: what comes back at once |
//! | [`event`] | [`Event`]: what is told, with sequence number, time and whole snapshots |
//! | [`snapshot`] | the whole of a call, an account, a plugin, the engine |
//! | [`reason`] | why a call ended, why an account is not registered |
//! | [`error`] | [`ErrorObject`]: code, cause and fix |
//! | [`index`] | the table of all codes; [`index::explain`] |
//! | [`exit`] | [`ExitCode`] of the command line, and which word leads to which |
//! | [`ladder`] | [`Ladder`]: who sent what when, of one call |
//! | [`receiving`] | do not disturb and forwarding, switched while the engine runs |
//! | [`rules`] | what would become of a number |
//! | [`secret`] | [`Secret`]: crosses the socket, never a log |
//! | [`socket`] | [`socket_path`]: where an engine of a profile listens |
//! | [`lamp`] | lamps and mailboxes |
//! | [`message`] | text messages |
//! | [`plugin`] | plugins that are replaced |
//! | [`presence`] | how the person here is |
//! | [`watcher`] | who sees that, and who may |
//! | [`recording`] | recordings of calls |
//! | [`history`] | the history of calls |
//! | [`contacts`] | contacts, profiles, favourites |
//! | [`transfer`] | calls that are handed on |
//! | [`conference`] | calls that are merged |
//! | [`time`] | [`Timestamp`] |
//! | `os` | which user this is |
//! | [`wire`] | hello, welcome, one JSON object a line |

pub mod command;
pub mod conference;
pub mod contacts;
pub mod error;
pub mod event;
pub mod exit;
pub mod handle;
pub mod history;
pub mod index;
pub mod ladder;
pub mod lamp;
pub mod message;
mod os;
pub mod plugin;
pub mod presence;
pub mod reason;
pub mod receiving;
pub mod recording;
pub mod rules;
pub mod secret;
pub mod snapshot;
pub mod socket;
pub mod time;
pub mod transfer;
pub mod watcher;
pub mod wire;

pub use command::{Command, Reply};
pub use contacts::{Contact, Favourite, Profile};
pub use error::{Code, ErrorObject, quoted};
pub use event::{Event, EventBody};
pub use exit::ExitCode;
pub use handle::{AccountHandle, CallHandle, CommandId, IdempotencyKey, PluginId};
pub use history::{HistoryRecord, KnownName};
pub use ladder::Ladder;
pub use lamp::{LampSnapshot, LampState, MailboxSnapshot};
pub use message::{MessageState, TextMessage};
pub use presence::{PresenceSnapshot, PresenceState};
pub use reason::{AccountCause, EndCause, EndReason, EndedBy};
pub use recording::{RecordingSnapshot, RecordingState};
pub use secret::Secret;
pub use snapshot::{AccountSnapshot, CallSnapshot, EngineSnapshot};
pub use socket::{socket_folder, socket_path};
pub use time::Timestamp;
pub use transfer::TransferSnapshot;
pub use watcher::{RightOrigin, RightSnapshot, Sees, WatcherSnapshot};
