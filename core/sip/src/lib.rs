//! SIP machines: transactions, dialogs, sessions, registrations; no IO, no clock.
//!
//! What it is not: it opens no socket, asks no name server and reads no clock. Every behaviour is a
//! [`base::Machine`]: inputs and time go in, outputs and one deadline come out. Bytes are read and
//! written by `sip_message`, session descriptions by `sdp`.
//!
//! | file | holds | fed by | feeds |
//! | --- | --- | --- | --- |
//! | [`flow`] | where bytes come from and go to | the driver | everyone |
//! | [`ids`] | names of transactions and sessions | | everyone |
//! | [`transaction`] | the four transactions of RFC 3261 §17, keys and timers | `endpoint` | `endpoint` |
//! | [`endpoint`] | table of transactions; one message in, one delivery out | the driver | the part that [`owner`] names |
//! | [`owner`] | which part owns an inbound request | the driver | |
//! | [`auth`] | digest, both sides | `registration`, `dialogs` | |
//! | [`registration`] | one binding: register, refresh, supervise, remove | `registrations` | |
//! | [`registrations`] | table of accounts | the driver | `endpoint`, through the driver |
//! | [`resolve`] | RFC 3263: what to ask a name server, and in which order to try its answers | the driver | |
//! | [`dialog`] | peer-to-peer relation: tags, route set, remote target | `session` | |
//! | [`session`] | one INVITE usage of a dialog, from offer to goodbye | `dialogs` | |
//! | [`dialogs`] | table of sessions; forking | the driver | `endpoint`, through the driver |
//! | [`transfer`] | calls that are handed on: ours, and those in which we are (RFC 3515, RFC 5589) | the driver | `dialogs`, through the driver |
//! | [`outside`] | requests outside of dialogs that prove who sends them | `message` | |
//! | [`message`] | text messages, both ways (RFC 3428) | the driver | |
//! | [`presence`] | what a person says of themselves, as a document | the driver | |
//! | [`publication`] | one event state of ours: publish, refresh, change, remove (RFC 3903) | the driver | |
//! | [`subscription`] | one subscription: ask, refresh, poll, hear, end (RFC 6665) | `subscriptions` | |
//! | [`notifier`] | one subscription of somebody else's: taken, told, refreshed, ended (RFC 6665) | the driver | `endpoint`, through the driver |
//! | [`subscriptions`] | table of subscriptions, paced | the driver | `endpoint`, through the driver |
//! | [`lamp`] | what NOTIFYs say: dialog-info, PIDF, message-summary, reginfo; one lamp | the driver | |
//! | [`error`] | what the caller of this crate can get wrong | | |

pub mod auth;
pub mod dialog;
pub mod dialogs;
pub mod endpoint;
pub mod error;
pub mod flow;
pub mod ids;
pub mod lamp;
pub mod message;
pub mod notifier;
pub mod outside;
pub mod owner;
pub mod presence;
pub mod publication;
pub mod registration;
pub mod registrations;
pub mod resolve;
pub mod session;
pub mod subscription;
pub mod subscriptions;
pub mod transaction;
pub mod transfer;

pub use error::Error;
pub use flow::{FlowId, Origin, PeerId, Target, Transport};
pub use ids::{ClientId, ServerId, SessionId};
