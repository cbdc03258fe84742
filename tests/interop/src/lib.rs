//! The engine against programs nobody here wrote: SIPp, Kamailio, baresip, linphonec.
//!
//! What it is: a rig that starts these programs on loopback, gives them files as microphone and
//! loudspeaker, and judges what was recorded. What it is not: a SIP stack; no message is built or
//! read here except by the peers, but for what [`publisher`] says. A path that loses and delays packets is the crate `offhook-relay`.
//!
//! | file | holds |
//! | --- | --- |
//! | [`rig`] | [`Rig`], one test's folder, ports and seed; what is missing on this machine |
//! | [`ports`] | ports that no test beside uses |
//! | [`process`] | [`Running`], a program that is stopped when it goes out of scope |
//! | [`client`] | [`Client`], one connection to an engine's control socket |
//! | [`engine`] | [`Engine`], the program under test, and its driver for the binaries |
//! | [`directories`] | slapd, Radicale and an HTTP server, servers of people |
//! | [`kamailio`] | [`Kamailio`], registrar and proxy |
//! | [`publisher`] | [`Publisher`], what a PBX tells Kamailio of its extensions |
//! | [`sipp`], [`script`] | [`Sipp`], one scripted peer; the language of `scenarios/*.scn` |
//! | [`baresip`] | [`Baresip`], a phone that plays and records files |
//! | [`linphone`] | [`Linphone`], another one |
//! | [`phone`] | [`Phone`], either of the two |
//! | [`pair`] | [`Pair`], two phones of ours |
//! | [`sound`], [`wav`] | chirp, speech, and what of them arrived |
//! | [`programme`] | [`Programme`], a chirp and a sentence in one call, and the strict verdict on them |
//! | [`web`] | [`WebPhone`](web::WebPhone), asked by curl and by a WebSocket library of somebody else |
//! | [`witness`] | [`Witness`], whether the machine kept everybody waiting meanwhile |

pub mod baresip;
pub mod client;
pub mod directories;
pub mod engine;
pub mod kamailio;
pub mod linphone;
pub mod pair;
pub mod phone;
pub mod ports;
pub mod process;
pub mod programme;
pub mod publisher;
pub mod rig;
pub mod script;
pub mod sipp;
pub mod sound;
pub mod voice;
pub mod wav;
pub mod web;
pub mod witness;

pub use baresip::Baresip;
pub use client::Client;
pub use engine::Engine;
pub use kamailio::Kamailio;
pub use linphone::Linphone;
pub use pair::Pair;
pub use phone::Phone;
pub use process::Running;
pub use programme::Programme;
pub use publisher::Publisher;
pub use rig::Rig;
pub use sipp::Sipp;
pub use witness::Witness;
