//! What a plugin author writes against, and how a host uses what was written: both sides of each kind.
//!
//! What it is not: the layout itself (`sdk/plugin-abi`), the loader (`core/plugin-host`). It depends on
//! nothing but the layout, so that an author builds offline.
//!
//! | to write | implement | export with |
//! | --- | --- | --- |
//! | a codec | [`Codec`] | [`export_codec!`] |
//! | an audio device | [`Audio`] | [`export_audio!`] |
//!
//! The macro gives `ENTRY`, a constant for hosts that link the plugin in, and under the crate's feature
//! `library` the exported C symbol and the manifest section. It passes under `forbid(unsafe_code)`.
//!
//! | file | holds |
//! | --- | --- |
//! | [`codec`] | trait, table and host handle of codecs |
//! | [`audio`] | the same of audio devices |
//! | [`entry`] | what a plugin exports |
//! | [`export`] | the macros that export it |
//! | [`host`] | what a plugin may ask its host |
//! | [`refusal`] | why something could not be opened |
//! | `face` | what every kind has: a start, an end, a table |
//! | `asking` | calls of a host that give an instance or a text |
//! | `guard` | no panic crosses |
//! | `text` | strings, in and out |

mod asking;
pub mod audio;
pub mod codec;
pub mod entry;
pub mod export;
mod face;
pub mod fault;
mod guard;
pub mod host;
pub mod refusal;
mod text;

pub use audio::{Audio, AudioHandle, AudioInstance, Captured};
pub use codec::{
    Codec, CodecFormat, CodecHandle, CodecInstance, CodecRequest, FmtpRule, Format, FormatRule,
    PacketTimes, RuleKind,
};
pub use entry::{Entry, EntryHandle, Identity};
pub use fault::Fault;
pub use host::{Host, Level};
pub use plugin_abi::{AudioCounters, AudioLatency, Status};
pub use refusal::{Refusal, status_text};
#[doc(hidden)]
pub use text::RawHostText;
