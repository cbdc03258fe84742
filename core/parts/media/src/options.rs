//! What a call's codec is told beside its format.

use crate::Codec;
use sdp::NegotiatedFormat;

/// What the codec of `format` is told.
pub(crate) fn of(codecs: &[Codec], format: &NegotiatedFormat) -> String {
    let is_it = |codec: &&Codec| {
        let ours = &codec.capability;
        ours.name == format.name
            && ours.clock_rate == format.clock_rate
            && ours.channels == format.channels
    };
    let found = codecs.iter().find(is_it);
    found.map_or_else(String::new, |codec| codec.options.clone())
}
