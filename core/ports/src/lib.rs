//! Every word that parts say to each other, and the shape of a part.
//!
//! What it is not: it holds no state and no rule. Parts import this crate and never one another.
//!
//! | word | from | to | when the receiver cannot take it |
//! | --- | --- | --- | --- |
//! | [`link::Word::Send`], `Respond`, `Route` | any part with a SIP machine | link | sender gets it back; its machine sees a transport failure |
//! | [`link::Heard`] | link | the owning part | link answers 503 to a request; drops a response, which the peer repeats |
//! | [`registrar::Word`] | control | registrar | the command fails as busy |
//! | [`dialogs::Word::Dial`], `Accept`, … | control | dialogs | the command fails as busy |
//! | [`dialogs::Word::InDialog`], `Respond` | a part that owns a usage inside calls | dialogs | its request counts as failed; the peer repeats its own |
//! | [`transfer::Word`] | dialogs | transfer | dialogs refuses the request: 403, NOTIFY 481 |
//! | [`media::Word::Prepare`], `Apply`, `Release` | dialogs | media | the call ends: no media |
//! | [`dialogs::Word::Media`], `Noticed` | media | dialogs | dropped and counted; dialogs asks again |
//! | [`blf::Word`] | control, registrar | blf | the command fails as busy; how a server stands is told again |
//! | [`messages::Word`] | control, dialogs, store | messages | the command fails as busy; a MESSAGE in a call is refused |
//! | [`network::Do`] / [`network::Report`] | link / sockets | sockets / link | sockets drop and count, as a network does |
//! | [`voice::Do`] / [`voice::Report`] | media / media threads | media threads / media | the leg is told broken |
//! | [`presence::Word`] | control, registrar, dialogs | presence | the command fails as busy; how calls and servers stand is told again |
//! | [`recorder::Word`] | control, voice | recorder | the command fails as busy; a report is dropped, the next tells more |
//! | [`history::Word`] | dialogs, control, store | history | dialogs rings without waiting; control's command fails as busy |
//! | [`store::Do`] / [`store::Told`] | history / store | store / history | never full: records of one call replace each other |
//! | [`events::Word`] | all | whoever listens | oldest is dropped; the listener is told `stream.lagged` |
//!
//! [`said`] is what a person said of an account, and what is kept of it. [`part`] is the shape of a part, [`post`] a word
//! with its receiver, [`account`] what several parts know of an account, `caller` how it asks outside of dialogs, and whom
//! it takes a request to be from.

pub mod account;
pub mod blf;
pub mod book;
mod caller;
pub mod dialogs;
pub mod events;
pub mod handles;
pub mod history;
pub mod link;
pub mod media;
pub mod messages;
pub mod network;
pub mod part;
pub mod post;
pub mod presence;
pub mod recorder;
pub mod registrar;
pub mod said;
pub mod store;
pub mod transfer;
pub mod voice;

pub use account::{Account, KeepAliveRule, Towards, by_transport};
pub use caller::identity_of;
pub use handles::Handles;
pub use part::{Outbox, Part};
pub use post::{Address, Post};
pub use said::{Said, forwarding_by_words, forwarding_in_words};
