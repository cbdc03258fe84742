//! What a plugin exports: one constant.

mod handle;

pub use handle::EntryHandle;

use crate::audio::AudioFace;
use crate::codec::CodecFace;
use crate::directory::{Directory, DirectoryFace};
use crate::draft::nat::{Nat, NatFace};
use crate::draft::security::{Security, SecurityFace};
use crate::draft::tone::{Tone, ToneFace};
use crate::dtmf::DtmfFace;
use crate::face::{self, Face};
use crate::filter::FilterFace;
use crate::recorder::RecorderFace;
use crate::text::lend;
use crate::ui::{Ui, UiFace};
use crate::{Audio, Codec, Dtmf, Filter, Recorder};
use plugin_abi as abi;

/// Who a plugin is.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Unique name, such as `codec-g711`.
    pub id: &'static str,
    /// What a person reads.
    pub name: &'static str,
    /// The plugin's own version.
    pub version: &'static str,
    /// Who made it.
    pub vendor: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    /// All of this as JSON.
    pub manifest: &'static str,
}

/// A plugin as its host takes it. Only the constructors here make one, so it keeps the boundary's rules.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct Entry(abi::Entry);

// SAFETY: everything an entry points to is constant and lives as long as the process.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

impl Entry {
    /// The entry of a codec.
    pub const fn codec<T: Codec>(identity: Identity) -> Self {
        Self(entry::<CodecFace<T>>(identity))
    }

    /// The entry of an audio device.
    pub const fn audio<T: Audio>(identity: Identity) -> Self {
        Self(entry::<AudioFace<T>>(identity))
    }

    /// The entry of a DTMF method.
    pub const fn dtmf<T: Dtmf>(identity: Identity) -> Self {
        Self(entry::<DtmfFace<T>>(identity))
    }

    /// The entry of a recorder.
    pub const fn recorder<T: Recorder>(identity: Identity) -> Self {
        Self(entry::<RecorderFace<T>>(identity))
    }

    /// The entry of a filter.
    pub const fn filter<T: Filter>(identity: Identity) -> Self {
        Self(entry::<FilterFace<T>>(identity))
    }

    /// The entry of a NAT strategy.
    pub const fn nat<T: Nat>(identity: Identity) -> Self {
        Self(entry::<NatFace<T>>(identity))
    }

    /// The entry of a way to agree on keys.
    pub const fn security<T: Security>(identity: Identity) -> Self {
        Self(entry::<SecurityFace<T>>(identity))
    }

    /// The entry of a face.
    pub const fn ui<T: Ui>(identity: Identity) -> Self {
        Self(entry::<UiFace<T>>(identity))
    }

    /// The entry of a directory.
    pub const fn directory<T: Directory>(identity: Identity) -> Self {
        Self(entry::<DirectoryFace<T>>(identity))
    }

    /// The entry of a set of tones.
    pub const fn tone<T: Tone>(identity: Identity) -> Self {
        Self(entry::<ToneFace<T>>(identity))
    }
}

const fn entry<F: Face>(identity: Identity) -> abi::Entry {
    assert!(
        is_plain(identity.id) && is_plain(identity.name) && is_plain(identity.vendor),
        "a plugin's id, name and vendor go into JSON: no quotes, backslashes or control characters"
    );
    abi::Entry {
        size: size_of::<abi::Entry>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        reserved: 0,
        id: lend(identity.id),
        name: lend(identity.name),
        version: lend(identity.version),
        vendor: lend(identity.vendor),
        licence: lend(identity.licence),
        manifest: lend(identity.manifest),
        init: Some(face::init::<F>),
        deinit: Some(face::deinit::<F>),
        table: Some(face::table::<F>),
    }
}

/// Whether `text` may stand between quotes in JSON as it is.
const fn is_plain(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        if *first == b'"' || *first == b'\\' || *first < b' ' {
            return false;
        }
        rest = others;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_manifest_is_not_plain() {
        assert!(is_plain("G.711, both laws"));
        assert!(!is_plain("a\"b") && !is_plain("a\\b") && !is_plain("a\nb"));
    }
}
