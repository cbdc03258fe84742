//! Finds, loads, lists and fences plugins: from a path to a codec one can call, in five steps.
//!
//! 1. [`find`]: which files there are.
//! 2. [`manifest`]: what a file says of itself, read from its bytes; none of its code has run.
//! 3. [`load`]: the library, its entry, its start. It is never unloaded.
//! 4. [`catalogue`]: what is there by kind and id, built in or loaded.
//! 5. [`fence`]: each call counted, timed if asked for, and kept away from what panicked or is too slow.
//!
//! What it is not: it decides nothing about a call. It opens no device and no codec by itself.
//!
//! | file | holds |
//! | --- | --- |
//! | [`find`] | the search path |
//! | [`trust`] | which process a plugin's code runs in |
//! | `isolated` | those that run apart, in the catalogue |
//! | [`away`] | plugins in a process of their own |
//! | [`elf`] | just enough of ELF to see a section and a symbol |
//! | [`manifest`] | the manifest and what is checked before loading |
//! | [`config`] | a plugin's options: what its manifest allows, what the settings say |
//! | [`gate`] | what a file passes before any of its code runs: switch, hash, look |
//! | [`probe`] | the look, in a process of its own |
//! | [`state`] | what is remembered from start to start |
//! | [`load`] | libloading |
//! | [`catalogue`], `shelves` | plugins by kind and id |
//! | [`started`] | a started plugin: its first use and its cost watched |
//! | `admit` | the one way by which a file becomes a plugin |
//! | [`kind`] | what a plugin is for |
//! | [`ready`] | a started plugin of one kind, and what was opened of it |
//! | [`codec`], [`audio`], [`dtmf`], [`filter`] | opened instances behind their fence |
//! | [`recorder`] | recordings |
//! | [`draft`] | kinds that are asked in words: nat, security, ui, directory, tone |
//! | [`fence`] | poisoned and over-budget plugins |
//! | [`budget`] | what each costs, read while it works |
//! | `reach` | where an isolated plugin may write, as this host fills it in |
//! | [`services`] | what a plugin may ask the host |
//! | `library` | the bytes of a file, and the copy that runs |
//! | [`generations`] | a newer build in a running plugin's place |
//! | [`error`] | what was wrong with which library, and what to do |

mod admit;
pub mod audio;
pub mod away;
pub mod budget;
pub mod catalogue;
pub mod codec;
pub mod config;
pub mod draft;
pub mod dtmf;
pub mod elf;
pub mod error;
pub mod fence;
pub mod filter;
pub mod find;
pub mod gate;
pub mod generations;
mod isolated;
pub mod kind;
mod library;
pub mod load;
pub mod manifest;
pub mod probe;
mod reach;
pub mod ready;
pub mod recorder;
pub mod services;
mod shelves;
pub mod started;
pub mod state;
pub mod trust;

pub use audio::{AudioHandle, AudioInstance, AudioRequest, Direction};
pub use away::{Incident, Incidents, Mishap, Then};
pub use budget::{Cost, Seat, ShutOut, Tally};
pub use catalogue::{About, Catalogue, Origin, Refused};
pub use codec::{CodecHandle, CodecInstance};
pub use draft::{
    Directory, DirectoryPlugin, Face, Nat, NatPlugin, Security, SecurityPlugin, Tone, TonePlugin,
    UiPlugin,
};
pub use dtmf::{DtmfListener, DtmfMethod};
pub use error::Error;
pub use fence::{Clock, Fence, Trouble, wall_clock};
pub use filter::{FilterInstance, FilterPlugin};
pub use find::SearchPath;
pub use gate::Gate;
pub use generations::{Build, Looked, Newer, Reloaded};
pub use kind::Kind;
pub use manifest::Manifest;
pub use plugin::{
    Abilities, AudioCounters, AudioLatency, Captured, CodecFormat, DtmfHeard, DtmfListen,
    DtmfRequest, DtmfStep, Entry, FilterRequest, FormatRule, Mark, PacketTimes, Place,
    RecorderRequest, RuleKind, Status, Tones,
};
pub use probe::Prober;
pub use ready::Ready;
pub use recorder::{RecordedFile, RecorderAbout, RecorderPlugin, Recording, RecordingResult};
pub use services::{Figure, HostClock, Timers};
pub use started::Watch;
pub use state::{KEPT, NotKept, OffBy, PluginMemory};
pub use trust::{Trust, TrustRule};
