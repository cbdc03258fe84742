//! The plugin boundary as a C layout, nothing else: no dependencies, no functions, no behaviour.
//!
//! What it is not: the face an author writes against (that is `sdk/plugin`), nor the loader
//! (`core/plugin-host`).
//!
//! | file | holds |
//! | --- | --- |
//! | [`version`] | the layout's version and how two compare |
//! | [`entry`] | the one exported symbol |
//! | [`host`] | what a plugin may ask the host, by id |
//! | [`status`] | result codes |
//! | [`text`] | strings, in and out |
//! | [`codec`] | the table `offhook.codec/1` |
//! | [`audio`] | the table `offhook.audio/1` |
//! | [`dtmf`] | the table `offhook.dtmf/1` |
//! | [`recorder`] | the table `offhook.recorder/1` |
//! | [`filter`] | the table `offhook.filter/1` |
//! | [`directory`] | the table `offhook.directory/1` |
//! | [`ui`] | the table `offhook.ui/1` |
//! | [`draft`] | tables not promised yet: nat, security, tone |
//!
//! # Rules of the boundary
//!
//! - A table is asked for by an id that carries its revision. A released revision never changes its
//!   meaning; it may grow at its end, so every table starts with `size` and a reader uses a field only
//!   where `offset + length <= size`. Anything else is a new id.
//! - No Rust enum, allocation or panic crosses. Results are [`Status`], a plain integer. The caller
//!   owns all buffers; lengths are counts whose unit the field's doc names.
//! - Function pointers are `Option`, so that a null from C is a value a reader can refuse.
//! - Strings are pointer and length, UTF-8, without a terminating zero.
//! - Every function states the thread it is called on:
//!
//! | class | may | may not |
//! | --- | --- | --- |
//! | `[control]` | allocate | block for long |
//! | `[media]` | use memory made at `open` | allocate, lock, log, block, make a system call |
//! | `[device]` | copy to and from rings | anything else |
//! | `[worker]` | block | touch a call |
//! | `[any]` | what `[control]` may, from any thread but `[media]` and `[device]` | |
//!
//! An instance is used by one thread at a time; the host may move it between threads.

pub mod audio;
pub mod codec;
pub mod directory;
pub mod draft;
pub mod dtmf;
pub mod entry;
pub mod filter;
pub mod host;
pub mod recorder;
pub mod status;
pub mod text;
pub mod ui;
pub mod version;

pub use audio::{AUDIO_ID, AudioCounters, AudioLatency, AudioTable};
pub use codec::{CODEC_ID, CodecInfo, CodecRequest, CodecTable, FmtpRule};
pub use directory::{DIRECTORY_ID, DirectoryTable};
pub use draft::address::Address;
pub use draft::nat::{NAT_ID, NatInput, NatOutput, NatTable};
pub use draft::security::{SECURITY_ID, SecurityInput, SecurityOutput, SecurityTable};
pub use draft::tone::{TONE_ID, ToneTable};
pub use dtmf::{DTMF_ID, DtmfHeard, DtmfInfo, DtmfListen, DtmfRequest, DtmfStep, DtmfTable};
pub use entry::{ENTRY_SYMBOL, Entry, MANIFEST_SECTION};
pub use filter::{FILTER_ID, FilterRequest, FilterTable};
pub use host::{
    CLOCK_ID, CONFIG_ID, ClockTable, ConfigTable, Host, LOG_ID, LogTable, METRIC_ID, MetricTable,
    TIMER_ID, TimerTable,
};
pub use recorder::{RECORDER_ID, RecorderRequest, RecorderTable};
pub use status::Status;
pub use text::{Text, TextOut};
pub use ui::{UI_ID, UiEngine, UiTable};
pub use version::{ABI_MAJOR, ABI_MINOR};
