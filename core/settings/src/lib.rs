//! Configuration files to checked, typed settings.
//!
//! What it is: defaults, a profile, a site file, the environment and options, laid over each other;
//! every value checked and remembered with who set it; all complaints at once, each with file, line,
//! column, key and what is allowed. What it is not: it does not know which plugins or accounts work,
//! only whether what is written can be meant.
//!
//! | file | holds |
//! | --- | --- |
//! | [`settings`] | [`Settings`] and its parts, as the engine uses them |
//! | [`account`] | [`Account`] |
//! | [`secret`] | [`SecretSource`]: where a password comes from, and reading it |
//! | [`load`] | [`load()`]: the layers, strongest last; [`Loaded`] with [`Origin`]s |
//! | [`complaint`] | [`Complaint`], [`Complaints`] |
//! | `keys` | the list of all keys and the kind of each |
//! | `value` | what each kind allows |
//! | `lines` | lists of rules, schedules and callers |
//! | `tones` | tones of calls |
//! | `layer` | one TOML text to checked values |
//! | `os` | who may read a file |

pub mod account;
pub mod complaint;
mod keys;
mod layer;
mod lines;
pub mod load;
mod os;
pub mod secret;
pub mod settings;
mod tones;
mod value;

pub use account::{Account, BlfEvent, Directory, KeepAlive, Reach, Tls, Xcap};
pub use complaint::{Complaint, Complaints, Origin, Severity};
pub use load::{Loaded, Request, load};
pub use secret::{SecretSource, Unreadable};
pub use settings::{
    Accept, Calls, CallsFull, CodecOptions, CodecOrder, Device, Dscp, Dtmf, DtmfListen, Filters,
    History, HoldSends, Incoming, Limits, Listen, Log, Media, MediaPriority, OptionValue,
    PluginOption, PluginValue, Plugins, Recording, Settings, Sip, Transferred, Transport, Trust,
};
pub use tones::{RINGTONE, ringtone};
