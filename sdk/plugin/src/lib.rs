//! What a plugin author writes against, and how a host uses what was written: both sides of each kind.
//!
//! What it is not: the layout itself (`sdk/plugin-abi`), the loader (`core/plugin-host`). It depends on
//! nothing but the layout, so that an author builds offline.
//!
//! | to write | implement | export with |
//! | --- | --- | --- |
//! | a codec | [`Codec`] | [`export_codec!`] |
//! | an audio device | [`Audio`] | [`export_audio!`] |
//! | a DTMF method | [`Dtmf`] | [`export_dtmf!`] |
//! | a recorder | [`Recorder`] | [`export_recorder!`] |
//! | a filter | [`Filter`] | [`export_filter!`] |
//! | a directory | [`Directory`] | [`export_directory!`] |
//! | a face | [`Ui`] | [`export_ui!`] |
//! | a draft: nat, security, tone | [`draft`] | `export_nat!` and so on |
//!
//! The macro gives `ENTRY`, a constant for hosts that link the plugin in, and under the crate's feature
//! `library` the exported C symbol and the manifest section. It passes under `forbid(unsafe_code)`.
//!
//! | file | holds |
//! | --- | --- |
//! | [`codec`] | trait, table and host handle of codecs |
//! | [`audio`] | the same of audio devices |
//! | [`dtmf`], [`recorder`], [`filter`], [`directory`], [`ui`] | the same of these |
//! | [`draft`] | the same of kinds not promised yet |
//! | [`entry`] | what a plugin exports |
//! | [`export`] | the macros that export it |
//! | [`host`] | what a plugin may ask its host |
//! | [`refusal`] | why something could not be opened |
//! | `face` | what every kind has: a start, an end, a table |
//! | `asking` | calls of a host that give an instance or a text |
//! | `guard` | no panic crosses |
//! | `text`, `struct_out`, `address` | strings, structs and addresses, in and out |

mod address;
mod asking;
pub mod audio;
pub mod codec;
pub mod directory;
pub mod draft;
pub mod dtmf;
pub mod entry;
pub mod export;
mod face;
pub mod fault;
pub mod filter;
mod guard;
pub mod host;
pub mod recorder;
pub mod refusal;
mod struct_out;
mod text;
pub mod ui;

pub use audio::{Audio, AudioHandle, AudioInstance, Captured};
pub use codec::{
    Codec, CodecFormat, CodecHandle, CodecInstance, CodecRequest, FmtpRule, Format, FormatRule,
    PacketTimes, RuleKind,
};
pub use directory::{Directory, DirectoryHandle, DirectoryInstance};
pub use dtmf::{
    Abilities, Dtmf, DtmfAbout, DtmfHandle, DtmfHeard, DtmfInstance, DtmfListen, DtmfRequest,
    DtmfStep, Found, Tones,
};
pub use entry::{Entry, EntryHandle, Identity};
pub use fault::Fault;
pub use filter::{Filter, FilterHandle, FilterInstance, FilterRequest, Place};
pub use host::{Host, Level};
pub use plugin_abi::{AudioCounters, AudioLatency, Status};
pub use recorder::{
    Mark, Recorder, RecorderAbout, RecorderHandle, RecorderInstance, RecorderRequest,
};
pub use refusal::{Refusal, status_text};
#[doc(hidden)]
pub use text::RawHostText;
pub use ui::{Commands, Ui, UiEngine, UiHandle, UiInstance};
