//! Fuzz targets: whatever reads what others send, given what others might send.
//!
//! Inputs are valid ones, changed where it hurts: bits, numbers, words of the format, pieces of other
//! inputs. What a target says of an input (how far it got, which error) decides whether the input is
//! kept to be changed further. What it is not: guided by coverage; no tool is needed to build it, and
//! the same seed tries the same inputs on every machine.
//!
//! | file | holds |
//! | --- | --- |
//! | [`hunt`] | the loop, crash files |
//! | [`mutate`] | how an input is changed |
//! | [`target`] | the list of targets |
//! | [`sip`] | messages, streams, headers, URIs |
//! | [`media`] | SDP, RTP, RTCP, keys, the jitter buffer |
//! | [`documents`] | what NOTIFYs carry: dialog-info, PIDF, reginfo, message-summary |
//! | [`host`] | settings, control lines, plugin files |

pub mod documents;
pub mod host;
pub mod hunt;
pub mod media;
pub mod mutate;
pub mod sip;
pub mod target;

pub use hunt::{Budget, Found, hunt};
pub use target::{TARGETS, Target};

/// FNV-1a: what a target says of an input, as a number.
#[derive(Debug, Clone, Copy)]
pub struct Said(u64);

impl Default for Said {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Said {
    /// Adds something that tells inputs apart; not the input itself.
    pub fn add(&mut self, text: impl AsRef<[u8]>) {
        for byte in text.as_ref() {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Adds whether something was read, and else the kind of error.
    pub fn result<T, E: core::fmt::Debug>(&mut self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.add("ok"),
            // Where an error stands in the input is no news.
            Err(error) => {
                let text = format!("{error:?}");
                let plain: String = text
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(80)
                    .collect();
                self.add(plain);
            }
        }
    }

    /// Adds a count, in steps that grow: 0, 1, 2 to 3, 4 to 7 and so on.
    pub fn count(&mut self, count: usize) {
        self.add([usize::BITS.wrapping_sub(count.leading_zeros()) as u8]);
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}
