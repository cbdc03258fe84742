//! The checks, by what they are about.

pub(crate) mod audio;
pub(crate) mod codec;
pub(crate) mod codec_state;
pub(crate) mod directory;
pub(crate) mod drafts;
pub(crate) mod dtmf;
pub(crate) mod filter;
pub(crate) mod general;
pub(crate) mod library;
pub(crate) mod recorder;
pub(crate) mod sound;
pub(crate) mod thread;
pub(crate) mod ui;
