//! Keys of the keypad, as the person who presses them hears them.

use super::{CallTone, Node};
use crate::tone::Pattern;

/// Of each of the two sines, in samples: −18 dBov together, softer than what peers are sent.
const AMPLITUDE: f32 = 2_900.0;

impl CallTone {
    /// Keys one after the other, each `on_ms` long and followed by `off_ms` of silence; what is no key is left out.
    /// Source: ITU-T Q.23.
    pub fn keys(digits: &str, on_ms: u32, off_ms: u32) -> Self {
        let patterns = digits
            .chars()
            .filter_map(|digit| Pattern::digit(digit, on_ms, off_ms));
        let sounds = patterns.flat_map(|pattern| {
            let sine = Node::Sine {
                ms: on_ms.max(1),
                amplitude: AMPLITUDE,
                hertz: pattern.hertz.to_vec(),
            };
            [sine, Node::Silence { ms: off_ms.max(1) }]
        });
        Self {
            text: format!("keys {digits}"),
            node: Node::Sequence(sounds.collect()),
        }
    }
}
